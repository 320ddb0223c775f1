"""What all sections of the configuration are made of."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from hyperforget.errors import UserError
from hyperforget.home_folder import expand_home

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


def _no_flag(value: object) -> object:
    """Pydantic would take ``true`` for 1; numbers written as text, as command lines give them, are welcome."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "input should be a valid integer")
    return value


def _not_periodic(name: str) -> str:
    # What runs the jobs takes such names for endless ones, which patterns can make of themselves.
    if found := _PERIODIC.search(name):
        raise UserError(
            f"{name!r} ends with {found[1]!r} again and again; allowed is to repeat letters and digits less than "
            f"{_LEAST_REPEATED} times"
        )
    return name


# More is a slip of the keyboard, and JSON holds no larger seed.
LARGEST_COUNT = 10**9
LARGEST_SIZE = 10**6  # of a layer: squared it is a number of weights
LARGEST_SEED = 2**53 - 1
LONGEST_NAME = 64
_LEAST_REPEATED = 20
_PERIODIC = re.compile(rf"(.+?)\1{{{_LEAST_REPEATED - 1},}}$")

Whole = Annotated[int, BeforeValidator(_no_flag), Field(ge=-LARGEST_COUNT, le=LARGEST_COUNT)]
Count = Annotated[int, BeforeValidator(_no_flag), Field(ge=1, le=LARGEST_COUNT)]
Size = Annotated[int, BeforeValidator(_no_flag), Field(ge=1, le=LARGEST_SIZE)]
Seed = Annotated[int, BeforeValidator(_no_flag), Field(ge=0, le=LARGEST_SEED)]
Positive = Annotated[float, Field(gt=0)]
Name = Annotated[
    str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=LONGEST_NAME), AfterValidator(_not_periodic)
]
# A path, also one below a home folder.
FilePath = Annotated[str, AfterValidator(expand_home)]


class Section(BaseModel):
    """A block of the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)
