"""The corpus: checkpoints of runs that learn and forget, which hypernetworks are trained on (thesis, section
3.3.1).
"""
