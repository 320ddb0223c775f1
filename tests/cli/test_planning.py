"""What a configuration will take: sizes against what is really made, arithmetic against closed forms."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from hyperforget.cli.main import app
from hyperforget.cli.planning import Plan, as_text, forward_flops, image_shape, plan
from hyperforget.config import ArchitectureConfig, DatasetConfig, load_config
from hyperforget.errors import UserError
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.transformer import Transformer
from hyperforget.networks.perceptron import PerceptronLayout

ROOT = Path(__file__).parents[2]
TASK = {
    "classes": [0, 1, 2],
    "hidden": [5],
    "pivots": [0],
    "forget": ["1"],
    "collection": {"runs": 700, "shards": 7, "checkpoints": 9},
}
SPACES = {
    "weights": {"width": 32, "layers": 2, "heads": 2},
    "subspace": {"width": 32, "layers": 2, "components": 8},
}
SMALL = SPACES["weights"]
LAYOUT = PerceptronLayout((64, 5, 3))


def planned(**models: object) -> Plan:
    return plan(load_config({"tasks": {"digits": TASK}, "models": models}))


def test_a_corpus_takes_four_bytes_a_parameter_of_each_checkpoint_and_start_twice() -> None:
    [corpus] = planned(**{"dihyfo-2": {}}).corpora
    assert (corpus.task, corpus.corpus, corpus.shards, corpus.runs) == ("digits", "corpus", 7, 700)
    assert corpus.parameters == 64 * 5 + 5 + 5 * 3 + 3
    assert corpus.checkpoints == 700 * 10
    assert corpus.disk_bytes == 7000 * corpus.parameters * 4 * 2


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("model", ["gpt", "dihyfo-1", "dihyfo-2"])
def test_parameters_are_those_of_the_model_that_is_trained(model: str, space: str) -> None:
    architecture = SPACES[space] | {"space": space}
    [found] = planned(**{model: {"architecture": architecture, "training": {"snapshots": 3}}}).models
    config = load_config({"tasks": {"digits": TASK}, "models": {model: {"architecture": architecture}}})
    built = Hypernetwork(LAYOUT, model, config.models[model].architecture, config.performance(model))
    assert found.parameters == sum(parameter.numel() for parameter in built.parameters())
    assert found.disk_bytes == 3 * 4 * found.parameters


def test_arithmetic_of_a_transformer_is_that_of_its_matrix_products() -> None:
    width, layers, tokens = 32, 3, 7
    with torch.device("meta"):
        counted = forward_flops(
            Transformer(ArchitectureConfig(width=width, layers=layers, heads=4)), torch.empty(1, tokens, width)
        )
    linear, attention = 2 * 12 * width**2 * tokens, 2 * 2 * tokens**2 * width
    assert counted == layers * (linear + attention)


def test_training_and_sampling_multiply_a_forward_pass() -> None:
    settings = {
        "architecture": SMALL,
        "training": {"steps": 11, "batch_size": 13, "snapshots": 2},
        "sampling": {"steps": 5, "candidates": 3},
    }
    config = load_config(
        {
            "tasks": {"digits": TASK},
            "models": {"dihyfo-1": settings},
            "prompts": {"forget": [0.5], "retain": [0.1, 0.5]},
            "probe": {"prompts": 4, "networks": 6},
        }
    )
    [found] = plan(config).models
    once = found.training_flops // (3 * 11 * 13)
    with torch.device("meta"):
        # Losses, discriminability and separability of three classes.
        values, told = torch.empty(1, LAYOUT.size), torch.empty(1, 9)
        model = Hypernetwork(LAYOUT, "dihyfo-1", config.models["dihyfo-1"].architecture, config.performance("dihyfo-1"))
        assert once == forward_flops(model, values, torch.empty(1), told, values, told)
    # Two prompts; three numbers of three classes probed from seen and unseen starts at two snapshots.
    assert found.request_flops == once * 5 * 3 * 2
    assert found.probe_flops == once * 5 * (2 * 2 * 9 * 4 * 6)


def test_a_model_that_forgets_no_class_takes_no_request() -> None:
    found = planned(gpt={"architecture": SMALL})
    assert found.models[0].request_flops == 0
    assert as_text(found, None).splitlines()[4].endswith(" -")


def test_hours_follow_from_a_speed() -> None:
    found = planned(**{"dihyfo-2": {}})
    hours = found.models[0].training_flops / 2e12 / 3600
    assert f" {hours:.2g} h " in as_text(found, 2.0)


@pytest.mark.parametrize(("name", "shape"), [("MNIST", (28, 28, 1)), ("CIFAR10", (32, 32, 3)), ("USPS", (16, 16, 1))])
def test_sizes_of_images_are_known_without_the_images(name: str, shape: tuple[int, ...]) -> None:
    assert image_shape(DatasetConfig(source="torchvision", name=name, root="nowhere")) == shape


def test_the_size_of_own_images_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "my.npz", images=np.zeros((4, 3, 5)), labels=np.zeros(4, int))
    assert image_shape(DatasetConfig(source="npz", path=str(tmp_path / "my.npz"))) == (3, 5, 1)


def test_an_unknown_size_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"'FashionMNISt', which is no set .* did you mean 'FashionMNIST'\?"):
        image_shape(DatasetConfig(source="torchvision", name="FashionMNISt"))


def test_the_command_prints_tables_or_json(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"tasks": {"digits": TASK}, "models": {"dihyfo-2": {"architecture": SMALL}}}))
    printed = CliRunner().invoke(app, ["plan", str(file)])
    assert printed.exit_code == 0
    assert printed.output.startswith("task    corpus")
    assert printed.output.splitlines()[-1].startswith("disk in all: ")
    told = json.loads(CliRunner().invoke(app, ["plan", str(file), "--json"]).output)
    assert (told["corpora"][0]["shards"], told["models"][0]["model"]) == (7, "dihyfo-2")


def test_a_configuration_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["plan", str(tmp_path / "none.yaml")])
    assert printed.exit_code == 2
    assert (
        "is no file, and none that comes with the package; allowed is a file, or ablations, audit, config,"
        in printed.output
    )


@pytest.mark.pipeline
def test_a_configuration_that_comes_with_the_package_is_planned_by_name(tmp_path: Path) -> None:
    named = CliRunner().invoke(app, ["plan", "gpt", "--json"])
    assert named.exit_code == 0
    assert named.output == CliRunner().invoke(app, ["plan", str(ROOT / "config" / "gpt.yaml"), "--json"]).output


@pytest.mark.parametrize(
    "text", ["", "- a\n", "tasks: [\n", "tasks: {}\ntasks: {}\n", "tasks:\n\t- 1\n", "tasks: {a: 010}"]
)
def test_a_file_that_is_no_configuration_is_one_sentence(text: str, tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(text)
    printed = CliRunner().invoke(app, ["plan", str(file)])
    assert printed.exit_code == 2
    assert printed.output.startswith(f"error: {str(file)!r} ")
    assert printed.output.count("\n") == 1


@pytest.mark.pipeline
def test_the_documentation_shows_what_is_printed_for_the_thesis_own_scale() -> None:
    printed = CliRunner().invoke(app, ["plan", str(ROOT / "config" / "thesis.yaml"), "--teraflops", "100"])
    assert printed.exit_code == 0
    assert printed.output in (ROOT / "docs" / "cluster.md").read_text()
