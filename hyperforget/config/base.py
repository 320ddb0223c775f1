"""What all sections of the configuration are made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from hyperforget.home_folder import expand_home

Fraction = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


def _no_flag(value: object) -> object:
    """Pydantic would take ``true`` for 1; numbers written as text, as command lines give them, are welcome."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "input should be a valid integer")
    return value


Whole = Annotated[int, BeforeValidator(_no_flag)]
Count = Annotated[int, BeforeValidator(_no_flag), Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

# A path, also one below a home folder.
FilePath = Annotated[str, AfterValidator(expand_home)]


class Section(BaseModel):
    """A block of the configuration; an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False, defer_build=True
    )
