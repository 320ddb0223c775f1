"""Edits of trained networks: every original, every prompt, round after round."""

from collections.abc import Callable

import torch

from hyperforget.config import EditingConfig
from hyperforget.data.splits import Split
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Sampling, chain
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.editing import Editing, edit_networks

SPLIT = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(5)), torch.arange(40).remainder(4), 4)
PROMPTS = torch.tensor([[0.1, 0.2, 3.0, 0.1], [0.3, 0.2, 6.0, 0.1]])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(2)


def test_edits_are_those_of_chains_one_for_each_prompt_and_original(
    build: Callable[..., Hypernetwork], layout: Layout
) -> None:
    hypernet = TrainedHypernetwork(build("dihyfo-1"), PROCESSES["ddpm"], {})
    originals = initialise(layout, 3, generator())
    config = EditingConfig(rounds=2, candidates=2, offered="all")
    edits = edit_networks(hypernet, PROMPTS, originals, SPLIT, Editing(config, generator()))
    assert edits.networks.params.shape == (2 * 2 * 6, layout.size)
    assert edits.start.tolist() == [0, 0, 1, 1, 2, 2] * 4
    assert edits.prompt.tolist() == ([0] * 6 + [1] * 6) * 2
    expected_way = chain(
        hypernet,
        PROMPTS.repeat_interleave(6, 0),
        originals[torch.arange(3).repeat_interleave(2).repeat(2)],
        2,
        SPLIT,
        Sampling(config, generator()),
    )
    assert torch.equal(edits.networks.params, torch.cat([each.params for each in expected_way.networks[1:]]))
    expected = measure(edits.networks, SPLIT)
    torch.testing.assert_close(edits.losses, expected.losses)
    assert torch.equal(edits.correct, expected.correct)
    one_round = Editing(EditingConfig(rounds=1, candidates=2), generator())
    once = edit_networks(hypernet, PROMPTS, originals, SPLIT, one_round)
    assert torch.equal(once.networks.params, edits.networks.params[:12])


def test_by_default_the_edits_of_the_last_round_are_offered(build: Callable[..., Hypernetwork], layout: Layout) -> None:
    hypernet = TrainedHypernetwork(build("dihyfo-1"), PROCESSES["ddpm"], {})
    originals = initialise(layout, 3, generator())
    every, last = (
        edit_networks(hypernet, PROMPTS, originals, SPLIT, Editing(EditingConfig(offered=offered), generator()))
        for offered in ("all", "last")
    )
    for name in ("losses", "correct", "discriminability", "prompt", "start"):
        assert torch.equal(getattr(last, name), getattr(every, name)[6:])
    assert torch.equal(last.networks.params, every.networks.params[6:])
