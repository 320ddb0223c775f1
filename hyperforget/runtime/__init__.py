"""How a stage runs: the digest of its code, its device, processes and random numbers, and what it goes on from."""
