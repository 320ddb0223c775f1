"""Which fields of their specs stages read."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hyperforget.config.base import Section
from tests.stages.tiny_pipeline import Job, run

# A section's name and that of its field.
Field = tuple[str, str]
Fields = dict[str, set[Field]]


class Reading:
    """Runs stages, and remembers which fields each has read."""

    def __init__(self) -> None:
        self.stage = ""
        self.fields: defaultdict[str, set[Field]] = defaultdict(set)

    def run(self, job: Job) -> None:
        self.stage = job[0]
        run(job)


def name_of(section: type[Section]) -> str:
    return f"{section.__module__}.{section.__name__}"


@contextmanager
def recorded() -> Iterator[Reading]:
    """Within it, every field that is read counts as read by the stage that `Reading.run` ran last."""
    reading = Reading()

    def getattribute(section: Section, name: str) -> Any:
        for kind in type(section).__mro__:
            if name in getattr(kind, "__pydantic_fields__", {}):
                reading.fields[reading.stage].add((name_of(kind), name))
        return object.__getattribute__(section, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "__getattribute__", getattribute)
        yield reading


def save(fields: Fields, path: Path) -> None:
    path.write_text(json.dumps({stage: sorted(read) for stage, read in fields.items()}))


def load(path: Path) -> Fields:
    return {stage: {(section, name) for section, name in read} for stage, read in json.loads(path.read_text()).items()}
