"""All that computes gives the same on a GPU, here a pretended one, and mixes no devices."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hyperforget.collection.admission import AdmissionCounts
from hyperforget.collection.collecting import collect_runs
from hyperforget.collection.schedule import Runs
from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.networks.training import Curriculum, Hooks, train_population
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.methods import METHODS
from tests.conftest import InPieces
from tests.pretended_gpu import OnGpu

pytestmark = pytest.mark.pipeline

LAYOUT = PerceptronLayout((6, 5, 4))
CPU = torch.device("cpu")
SPLIT = Split(torch.randn(60, 6, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 4, 4)
RECIPES = [
    RecipeConfig(batch_size=16, momentum=0.9),
    RecipeConfig(batch_size=16, optimizer="adam", initialisation="kaiming", learning_rate=0.01),
]

RECIPE = RecipeConfig(batch_size=16, steps=8)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_pretended_gpu_refuses_what_a_real_one_does(gpu: torch.device) -> None:
    there, here = torch.ones(3).to(gpu), torch.ones(3)
    assert isinstance(there, OnGpu)
    assert float((there + 1).sum()) == 6
    assert torch.equal((2 * there[torch.tensor([0, 2])]).cpu(), torch.tensor([2.0, 2.0]))
    mixes: tuple[Callable[[], Tensor], ...] = (
        lambda: there + here,
        lambda: here[there.long()],
        lambda: torch.cat([there, here]),
    )
    for mix in mixes:
        with pytest.raises(RuntimeError, match="got tensors on"):
            mix()
    with pytest.raises(RuntimeError, match="numpy"):
        there.numpy()
    with pytest.raises(TypeError, match="double precision"):
        there.double()


def test_data_moves_to_a_device(gpu: torch.device) -> None:
    data = TaskData(SPLIT, SPLIT, SPLIT, 0.5, 2.0, (0, 1, 2, 3)).to(gpu)
    for split in (data.train, data.validation, data.test):
        assert split.images.device == split.labels.device == gpu
    assert (data.classes, data.mean, data.std) == (4, 0.5, 2.0)


@pytest.mark.parametrize("recipe", RECIPES, ids=["sgd", "adam"])
def test_populations_train_where_the_images_lie(gpu: torch.device, recipe: RecipeConfig) -> None:
    starts = initialise(LAYOUT, 3, seeded(1))
    curriculum = Curriculum(torch.ones(3, 4), torch.full((3, 4), 0.3), torch.tensor([0, 2, 9]), torch.ones(3))
    six_steps = recipe.model_copy(update={"steps": 6})

    def train(device: torch.device, seen: dict[int, Networks]) -> Tensor:
        hooks = Hooks(seen.__setitem__, frozenset([3]))
        return train_population(starts, SPLIT.to(device), six_steps, curriculum, seeded(2), hooks).params

    seen: dict[torch.device, dict[int, Networks]] = {CPU: {}, gpu: {}}
    assert torch.equal(train(gpu, seen[gpu]), train(CPU, seen[CPU]))
    assert isinstance(seen[gpu][3].params, OnGpu)
    assert torch.equal(seen[gpu][3].params.cpu(), seen[CPU][3].params)


def test_networks_are_measured_where_the_split_lies(gpu: torch.device) -> None:
    networks = initialise(LAYOUT, 3, seeded(1))
    expected = measure(networks, SPLIT)
    for where in (CPU, gpu):
        found = measure(networks.to(where), SPLIT.to(gpu))
        assert torch.equal(found.losses, expected.losses)
        assert torch.equal(found.correct, expected.correct)


Collected = tuple[dict[str, bytes], AdmissionCounts]


def collect(device: torch.device, resuming: Resuming = NOT_RESUMING) -> Collected:
    config = CollectionConfig(
        steps=12,
        reviews=6,
        reviews_per_run=4,
        checkpoints=3,
        pivot_accuracy=0.1,
        admission="bins",
        bin_cap=0.3,
    )
    split = SPLIT.to(device)
    runs = Runs(LAYOUT, 8, config, RECIPES, [0], [(3,)])
    arrays, counts = collect_runs(runs, split, split, seeded(3), resuming)
    return {name: array.tobytes() for name, array in arrays.items()}, counts


def test_collection_gives_the_same_on_a_gpu(gpu: torch.device) -> None:
    assert collect(gpu) == collect(CPU)


def test_a_state_that_was_saved_on_a_gpu_is_gone_on_from_there(in_pieces: InPieces, gpu: torch.device) -> None:
    assert in_pieces(lambda resuming: collect(gpu, resuming), [5, 9]) == collect(CPU)


@pytest.mark.parametrize("name", METHODS)
def test_every_unlearning_method_works_on_a_gpu(gpu: torch.device, name: str) -> None:
    forget = torch.tensor([False, False, True, True])
    originals = Networks(3 * initialise(LAYOUT, 3, seeded(4)).params, LAYOUT)

    def unlearn(device: torch.device) -> Tensor:
        split = SPLIT.to(device)
        assignment = Assignment(originals.to(device), forget.to(device), split, split, RECIPE, seeded(5))
        return METHODS[name](assignment).params

    assert isinstance(unlearn(gpu), OnGpu)
    assert torch.equal(unlearn(gpu).cpu(), unlearn(CPU))
