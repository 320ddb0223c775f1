"""What a run computes on. None of it is part of a result's recipe: it is like the number of threads."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from hyperforget.config.base import Count, Section
from hyperforget.errors import UserError, nearest_choice

DEVICES = ("auto", "cpu", "cuda", "mps")


def _known_device(name: str) -> str:
    kind, separator, number = name.partition(":")
    if name in DEVICES or (kind == "cuda" and separator and number.isdecimal()):
        return name
    nearest = nearest_choice(name, (*DEVICES, "cuda:0", "cuda:1"))
    raise PydanticCustomError(
        "device", "allowed are {allowed}", {"allowed": f"auto, cpu, cuda, cuda:0 and further numbers, mps{nearest}"}
    )


class HardwareConfig(Section):
    """What stages compute on, and how often they save unfinished work; it changes no recipe."""

    device: Annotated[str, AfterValidator(_known_device)] = Field(
        "auto",
        description="`cpu`, `cuda` (the first free GPU), `cuda:1` (that GPU), `mps`, or `auto`: the first of "
        "CUDA, MPS and CPU that is there; what only measures and compares computes on the CPU",
    )
    deterministic: bool = Field(
        False,
        description="whether only deterministic algorithms run, so that a GPU gives the same bits again; on "
        "a CPU results are the same bits anyway, with the same threads, processes and precision",
    )
    save_every: float = Field(
        300.0, ge=0, description="seconds between states that unfinished training, collection and sampling resume from"
    )
    processes: Count = Field(
        1, description="processes that train one hypernetwork together, each on a device of its own"
    )
    micro_batches: Count = Field(
        1, description="pieces in which a training batch is worked through, to save memory (gradient accumulation)"
    )
    activation_checkpointing: bool = Field(
        False, description="whether activations are computed again instead of kept, to save memory in training"
    )
    shard_optimizer: bool = Field(
        False, description="whether each of several `processes` keeps a part of the optimiser's state only"
    )


def check_hardware(hardware: HardwareConfig, batch_sizes: Mapping[str, int]) -> None:
    """Raise `UserError` where keys contradict each other, or the models' batches are too small to be divided."""
    if hardware.processes > 1 and ":" in hardware.device:
        raise UserError(
            f"hardware.device is {hardware.device!r}, one GPU, but hardware.processes is {hardware.processes}; allowed "
            "for several processes is 'cuda', which gives each a GPU of its own"
        )
    if hardware.processes > 1 and hardware.device == "mps":
        raise UserError(
            f"hardware.device is 'mps', but hardware.processes is {hardware.processes}; allowed for several "
            "processes are auto, cpu and cuda"
        )
    if hardware.shard_optimizer and hardware.processes == 1:
        raise UserError(
            "hardware.shard_optimizer is true, but hardware.processes is 1, so there is nothing to share; "
            "allowed is false, or 2 processes and more"
        )
    for model, batch_size in batch_sizes.items():
        if batch_size < hardware.processes * hardware.micro_batches:
            raise UserError(
                f"hardware.micro_batches is {hardware.micro_batches} in each of {hardware.processes} "
                f"processes, more pieces than models.{model}.training.batch_size has pairs, {batch_size}; "
                f"allowed are 1 to {max(1, batch_size // hardware.processes)}"
            )
