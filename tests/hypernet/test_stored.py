"""Storing hypernetworks: every bit comes back, every snapshot can be chosen, damage is found."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from hyperforget.config.performance import Performance
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.stored import TrainedHypernetwork, load_hypernetwork, publish_hypernetwork
from hyperforget.hypernet.tokens import TOKENS
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token

Build = Callable[..., Hypernetwork]

# As text, "10" comes before "9".
STEPS = [1, 9, 10]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


TOLD = Performance("error", 2)
LABELS = range(4)
# What a conditioning that reads something of each class is told.
EACH = Performance(also=("discriminability",))


def publish(root: Path, token: Path, models: list[Hypernetwork], process: str = "ddpm") -> None:
    snapshots = {step: model.state_dict() for step, model in zip(STEPS, models, strict=True)}
    named = {"task": "toy", "model": "dihyfo-1"}
    hypernet = TrainedHypernetwork(models[-1], PROCESSES[process], snapshots)
    publish_hypernetwork(Store(root), token, hypernet, LABELS, named, {"test_mse": 0.5})


def output(model: Hypernetwork) -> torch.Tensor:
    count = model.performance.count(4)
    start = (random(3, 59), random(3, count).abs()) if model.conditioning.uses_start else (None, None)
    with torch.no_grad():
        time, performance = torch.tensor([0.1, 0.5, 1.0]), random(3, count, seed=2).abs()
        result: torch.Tensor = model(random(3, 59, seed=1), time, performance, *start)
    return result


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
@pytest.mark.parametrize("shape", [*({"tokens": tokens} for tokens in TOKENS), {"space": "subspace"}], ids=str)
@pytest.mark.parametrize("process", PROCESSES)
def test_everything_comes_back(
    tmp_path: Path, build: Build, conditioning: str, shape: dict[str, str], process: str
) -> None:
    told = EACH if CONDITIONINGS[conditioning].per_class else TOLD
    models = [build(conditioning, **shape, seed=seed, performance=told) for seed in range(3)]
    for model in models:
        model.space.fit(random(40, 59))
    publish(tmp_path, tmp_path / "token.json", models, process)
    stored = load_hypernetwork(Store(tmp_path), tmp_path / "token.json", LABELS)
    assert stored.process == PROCESSES[process]
    assert stored.performance == stored.model.performance == told
    assert stored.model.architecture == models[0].architecture
    assert stored.model.layout == models[0].layout
    assert not stored.model.training
    assert sorted(stored.snapshots) == STEPS
    for step, model in zip(STEPS, models, strict=True):
        expected = model.state_dict()
        assert set(stored.snapshots[step]) == set(expected)
        loaded = stored.at(step).model.state_dict()
        for name, value in expected.items():
            assert torch.equal(stored.snapshots[step][name], value)
            assert torch.equal(loaded[name], value)


def test_it_is_loaded_with_its_final_weights_and_any_snapshot_can_be_chosen(tmp_path: Path, build: Build) -> None:
    models = [build(seed=seed) for seed in range(3)]
    publish(tmp_path, tmp_path / "token.json", models)
    stored = load_hypernetwork(Store(tmp_path), tmp_path / "token.json", LABELS)
    assert torch.equal(output(stored.model), output(models[-1]))
    for step, model in zip(STEPS, models, strict=True):
        assert torch.equal(output(stored.at(step).model), output(model))


def test_the_token_names_the_model_and_its_size_and_is_the_same_each_time(tmp_path: Path, build: Build) -> None:
    models = [build(seed=seed) for seed in range(3)]
    for name in ("one", "two"):
        publish(tmp_path / name, tmp_path / f"{name}.json", models)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    summary = read_token(tmp_path / "one.json", kind="hypernet").summary
    parameters = sum(parameter.numel() for parameter in models[0].parameters())
    assert summary == {"task": "toy", "model": "dihyfo-1", "test_mse": 0.5, "parameters": parameters}


def test_an_object_says_what_shapes_the_model(tmp_path: Path, build: Build) -> None:
    """All of it is part of the object's id, so that it has to stay as it is."""
    publish(
        tmp_path,
        tmp_path / "token.json",
        [build("gpt", "layers", seed=seed, performance=TOLD) for seed in range(3)],
        "flow",
    )
    attributes = Store(tmp_path).read(read_token(tmp_path / "token.json").object_id).attributes
    assert attributes == {
        "architecture": {
            "components": 7,
            "conditioning": "gpt",
            "frequencies": 4,
            "heads": 2,
            "largest_exponent": 3.0,
            "layers": 2,
            "prompt": "joint",
            "space": "weights",
            "tokens": "layers",
            "width": 16,
        },
        "model": "dihyfo-1",
        "performance": {"classes": 2, "metric": "error"},
        "process": "flow",
        "sizes": [6, 5, 4],
        "snapshots": STEPS,
        "task": "toy",
    }


def test_a_model_that_is_told_values_as_they_are_is_read_back_as_one(tmp_path: Path, build: Build) -> None:
    models = [build(seed=seed, compressed=False) for seed in range(3)]
    publish(tmp_path, tmp_path / "token.json", models)
    found = load_hypernetwork(Store(tmp_path), tmp_path / "token.json", LABELS)
    assert not found.model.architecture.compressed
    assert torch.equal(output(found.model), output(models[-1]))
    assert not torch.equal(output(found.model), output(build(seed=2)))


def test_a_model_of_another_activation_is_read_back_as_one(tmp_path: Path, build: Build) -> None:
    models = [build(seed=seed, activation="gelu") for seed in range(3)]
    publish(tmp_path, tmp_path / "token.json", models)
    found = load_hypernetwork(Store(tmp_path), tmp_path / "token.json", LABELS)
    assert torch.equal(output(found.model), output(models[-1]))
    assert not torch.equal(output(found.model), output(build(seed=2)))


@pytest.mark.parametrize(
    "told", [Performance(), Performance("error", 2), Performance("accuracy", "mean")], ids=lambda told: told.metric
)
def test_what_was_stored_before_several_metrics_were_told_is_read_as_before(
    tmp_path: Path, build: Build, told: Performance
) -> None:
    conditioning = "gpt" if told.is_scalar else "dihyfo-1"
    models = [build(conditioning, seed=seed, performance=told) for seed in range(3)]
    publish(tmp_path, tmp_path / "new.json", models)
    attributes = Store(tmp_path).read_attributes(read_token(tmp_path / "new.json").object_id)
    assert attributes["performance"] == {"metric": told.metric, "classes": told.classes}
    found = load_hypernetwork(Store(tmp_path), tmp_path / "new.json", LABELS)
    assert found.performance == told
    assert torch.equal(output(found.model), output(models[-1]))


def test_damage_is_found(tmp_path: Path, build: Build) -> None:
    token = tmp_path / "token.json"
    publish(tmp_path, token, [build(seed=seed) for seed in range(3)])
    object_id = read_token(token).object_id
    weights = Store(tmp_path).object_folder(object_id) / "data.safetensors"
    weights.chmod(0o644)
    content = bytearray(weights.read_bytes())
    content[-100] ^= 1
    weights.write_bytes(content)
    with pytest.raises(CorruptObjectError, match=object_id):
        load_hypernetwork(Store(tmp_path), token, LABELS)
    token.write_text(token.read_text().replace(object_id, "0" * 64))
    with pytest.raises(MissingObjectError, match="0" * 64):
        load_hypernetwork(Store(tmp_path), token, LABELS)
