"""The space of a model: which keys it takes, and the corpora that it suits."""

from typing import Any

import pytest
import yaml

from hyperforget.config import load_config, warnings
from hyperforget.errors import UserError

TASK = yaml.safe_load("{classes: [0, 1, 2, 3], hidden: [2], pivots: [0, 1], forget: [2]}")


def with_model(architecture: dict[str, Any], **model: object) -> dict[str, Any]:
    return {"tasks": {"toy": TASK}, "models": {"dihyfo-2": {"architecture": architecture, **model}}}


@pytest.mark.parametrize(
    ("space", "other", "key", "value", "default"),
    [
        ("subspace", "weights", "tokens", "layers", "units"),
        ("subspace", "weights", "prompt", "separate", "joint"),
        ("subspace", "weights", "heads", 8, 4),
        ("weights", "subspace", "components", 64, 256),
    ],
)
def test_keys_of_the_other_space_are_refused(space: str, other: str, key: str, value: object, default: object) -> None:
    with pytest.raises(UserError) as refusal:
        load_config(with_model({"space": space, key: value}))
    assert str(refusal.value) == (
        f"models.dihyfo-2.architecture.{key} is {value!r}, which only the space {other!r} takes; allowed "
        f"with the space {space!r} is to leave it at {default!r}"
    )
    load_config(with_model({"space": other, key: value}))
    load_config(with_model({"space": space, key: default}))


def test_permutations_would_leave_the_subspace() -> None:
    permute = {"permute": True}
    with pytest.raises(UserError) as refusal:
        load_config(with_model({"space": "subspace"}, training=permute))
    assert str(refusal.value).startswith("models.dihyfo-2.training.permute is true, which moves networks out")
    load_config(with_model({}, training=permute))


def test_an_unknown_space_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="allowed are weights, subspace; did you mean 'subspace'"):
        load_config(with_model({"space": "subspaces"}))


def test_the_perceptron_has_no_heads_to_divide_its_width_and_reads_networks_of_any_depth() -> None:
    values = with_model({"space": "subspace", "width": 77})
    values["tasks"] = {"deep": TASK | {"hidden": [4, 3]}}
    config = load_config(values)
    assert config.models["dihyfo-2"].architecture.width == 77
    assert load_config(config.model_dump(mode="json")) == config


def test_random_starts_of_its_corpus_are_warned_of() -> None:
    values = with_model({"space": "subspace"})
    sentence = "models.dihyfo-2: the space 'subspace' suits runs that share a start, but "
    (found,) = warnings(load_config(values))
    assert found.startswith(f"{sentence}tasks.toy.collection.starts is 'random'")
    values["tasks"] = {
        "shared": TASK | {"collection": {"starts": "shared"}},
        "further": TASK | {"corpora": {"one": {"starts": "shared", "models": ["dihyfo-2"]}}},
        "mixed": TASK
        | {
            "collection": {"starts": "shared"},
            "corpora": {"own": {"starts": "random", "models": ["dihyfo-2"]}},
        },
    }
    (found,) = warnings(load_config(values))
    assert found.startswith(f"{sentence}tasks.mixed.corpora.own.starts is 'random'")
    assert warnings(load_config(values | {"models": {"dihyfo-2": {}}})) == []
