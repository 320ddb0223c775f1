"""Main networks: many at once, as flat parameters that a layout names."""
