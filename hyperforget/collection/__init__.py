"""The corpus: checkpoints of runs that learn and forget, on which hypernetworks train (thesis, 3.3.1)."""
