"""Unlearning methods of the literature, one a file: each turns all networks of a population at once."""
