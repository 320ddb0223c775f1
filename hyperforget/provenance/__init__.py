"""Where results come from and how versions differ: read from the recipes that every stage records."""
