"""Where results come from and how versions differ: read from the computations that every stage records."""
