"""What can be wrong with a store, told to its user in one sentence each."""

from hyperforget.errors import UserError


class MissingObjectError(UserError):
    """The store does not hold something that is referred to."""


class CorruptObjectError(UserError):
    """Something in the store is not what was put there: files are missing, truncated or altered."""


class NonDeterminismError(UserError):
    """One computation gave two different results."""
