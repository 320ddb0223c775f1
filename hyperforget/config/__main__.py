"""Print what the configuration's declarations say: ``python -m hyperforget.config [reference | schema]``.

The reference of all keys in Markdown stands in ``config/README.md``, the JSON schema for
editors in ``workflow/schemas/config.schema.json``.
"""

import sys

from hyperforget.config.reference import reference, schema
from hyperforget.errors import UserError, nearest_choice, run_command

_PRINTED = {"reference": reference, "schema": schema}


def main() -> None:
    """Print what the first argument asks for, without one the reference."""
    what = (sys.argv[1:] or ["reference"])[0]
    if what not in _PRINTED:
        raise UserError(
            f"{what!r} cannot be printed; allowed are {', '.join(_PRINTED)}{nearest_choice(what, _PRINTED)}"
        )
    print(_PRINTED[what]())


if __name__ == "__main__":
    run_command(main)
