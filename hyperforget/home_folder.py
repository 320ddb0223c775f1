"""Paths that begin with the home folder, ``~``: where they are given in files, no shell replaces it."""

import os

from hyperforget.errors import UserError, shown


def expand_home(path: str) -> str:
    """A path whose first ``~`` or ``~user`` is replaced by the home folder that it stands for.

    Raises `UserError` where nobody knows that folder, and for control characters.
    """
    if not path.isprintable():
        raise UserError(f"{shown(path)} has control characters; allowed is a path without")
    found = os.path.expanduser(path)
    if found.startswith("~"):
        raise UserError(
            f"{shown(path)} begins with a home folder that is not known; allowed is another path, such as "
            f"{shown('./' + path)} for a folder of that name"
        )
    return found
