"""The ``hyperforget`` command."""
