"""Which keys of a model belong to which space, and what the subspace is meant for."""

from hyperforget.command import UserError
from hyperforget.config.models import ArchitectureConfig, ModelConfig
from hyperforget.config.sections import Config
from hyperforget.config.tasks import collection_key

_OF_SPACE = {"weights": ("tokens", "prompt", "heads"), "subspace": ("components",)}


def check_space(where: str, model: ModelConfig) -> None:
    """Raise `UserError` for a key that the model's space does not have."""
    space = model.architecture.space
    (other,) = set(_OF_SPACE) - {space}
    defaults = ArchitectureConfig()
    for key in _OF_SPACE[other]:
        value, default = getattr(model.architecture, key), getattr(defaults, key)
        if value != default:
            raise UserError(
                f"{where}.architecture.{key} is {value!r}, which only the space {other!r} takes; allowed with the "
                f"space {space!r} is to leave it at {default!r}"
            )
    if space == "subspace" and model.training.permute:
        raise UserError(
            f"{where}.training.permute is true, which moves networks out of the space 'subspace', whose components "
            "have one order of hidden units; allowed with it is false"
        )


def space_warnings(config: Config) -> list[str]:
    """A sentence for each corpus of random starts that a model in the subspace is trained on."""
    return [
        f"models.{model}: the space 'subspace' suits runs that share a start, but "
        f"{collection_key(name, corpus)}.starts is 'random', so that hidden units lie in another order in every run"
        for model, settings in config.models.items()
        if settings.architecture.space == "subspace"
        for name, task in config.tasks.items()
        for corpus in [task.corpus_of(model)]
        if task.collections[corpus].starts == "random"
    ]
