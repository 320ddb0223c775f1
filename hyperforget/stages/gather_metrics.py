"""Join the metrics of all forget sets into one long table."""

from hyperforget.config.base import Section
from hyperforget.errors import UserError
from hyperforget.runtime.stage import Job


def run(job: Job[Section]) -> None:
    """Load, check, save."""
    tables = {part: part.read_text(encoding="utf-8").splitlines() for part in job.inputs["parts"]}
    first, (header, *_) = next(iter(tables.items()))
    for part, lines in tables.items():
        if lines[0] != header:
            raise UserError(f"{part} has the columns {lines[0]!r}, but {first} has {header!r}; make both anew")
    rows = [row for lines in tables.values() for row in lines[1:]]
    job.output("metrics").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
