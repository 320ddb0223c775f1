"""A generator as a folder in the layout of Hugging Face: ``config.json``, ``model.safetensors`` and ``README.md``."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from hyperforget.errors import UserError, os_error_text
from hyperforget.generator.card import model_card
from hyperforget.generator.description import Description, read_description
from hyperforget.generator.generator import Generator
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.store.canonical import readable_json
from hyperforget.store.files import replace_file
from hyperforget.unlearning.levels import LevelTable

CONFIG, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"

_HYPERNETWORK, _LEVELS, _UNTRAINED = "hypernetwork.", "prompt_table.", "untrained"
_TABLE = ("weights", "deviations", "range", "excess")


def write_generator(folder: Path, generator: Generator) -> None:
    """Write a generator's three files, which are the same bytes for the same generator."""
    # Not above: reading needs it no more than the other half of the library.
    from safetensors.torch import save

    state = generator.hypernet.model.state_dict()
    tensors = {_HYPERNETWORK + name: value.cpu().contiguous() for name, value in state.items()}
    tensors |= {_LEVELS + name: getattr(generator.levels, name).contiguous() for name in _TABLE}
    content = save(tensors | {_UNTRAINED: generator.untrained}, {"format": "pt"})
    digest = hashlib.sha256(content).hexdigest()
    description = generator.description.model_copy(update={"weights_sha256": digest})
    replace_file(folder / WEIGHTS, content)
    replace_file(folder / CARD, model_card(description).encode())
    replace_file(folder / CONFIG, readable_json(description.model_dump(mode="json")))


def read_generator(folder: Path) -> Generator:
    """The generator in a folder; raises `UserError` where it is damaged, or where a newer version wrote it."""
    from safetensors.torch import load

    description = read_description(_bytes(folder / CONFIG).decode(errors="replace"), str(folder / CONFIG))
    content = _bytes(folder / WEIGHTS)
    damaged = f"{folder / WEIGHTS} is damaged"
    if hashlib.sha256(content).hexdigest() != description.weights_sha256:
        raise UserError(f"{damaged}: its digest is not the one that {CONFIG} tells; copy the folder anew")
    try:
        return _generator(description, load(content))
    except (KeyError, RuntimeError):
        raise UserError(f"{damaged}: it does not hold the tensors that {CONFIG} describes") from None


def _generator(description: Description, tensors: dict[str, Tensor]) -> Generator:
    performance = description.told.placed(description.labels)
    # Its weights are replaced: neither they nor the random numbers of who asks should depend on each other.
    with torch.random.fork_rng(devices=[]):
        model = Hypernetwork(
            description.layout(CONFIG),
            description.conditioning,
            description.architecture,
            performance,
            description.layouts_learned_from(CONFIG),
        )
    of_model = {name.removeprefix(_HYPERNETWORK): each for name, each in tensors.items() if _HYPERNETWORK in name}
    model.load_state_dict(of_model)
    table = LevelTable(performance, *(tensors[_LEVELS + name] for name in _TABLE))
    hypernet = TrainedHypernetwork(model.eval(), PROCESSES[description.process], {})
    return Generator(description, hypernet, table, tensors[_UNTRAINED])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is missing; allowed is a folder with {CONFIG} and {WEIGHTS}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({os_error_text(error)})") from None
