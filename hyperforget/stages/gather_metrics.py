"""Stage: join the metrics of all forget sets into one long table."""

import argparse
from pathlib import Path

from hyperforget.command import UserError, run_command


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save; fails where a part has other columns than the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=Path, nargs="+", required=True)
    parser.add_argument("--metrics", type=Path, required=True)
    options = parser.parse_args(arguments)
    header, lines = "", []
    for part in options.parts:
        first, *rest = part.read_text(encoding="utf-8").splitlines()
        header = header or first
        if first != header:
            raise UserError(
                f"{part} has the columns {first!r}, but {options.parts[0]} has {header!r}; make both anew"
            )
        lines += rest
    options.metrics.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_command(main)
