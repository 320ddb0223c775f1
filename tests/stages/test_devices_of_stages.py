"""Stages on a GPU, here a pretended one, give what they give on the CPU."""

from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from hyperforget.runtime import stage as stages
from tests.stages.tiny_pipeline import jobs, run, settings, text_files

pytestmark = pytest.mark.pipeline


@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")
@pytest.mark.parametrize(
    "name",
    [
        "collect_checkpoints/1",
        "train_original",
        "train_hypernet/dihyfo-1",
        "retrain/2",
        "sample/dihyfo-1/2",
        "sample/dihyfo-2/2",
        "edit/dihyfo-1/2",
        "sweep/dihyfo-2",
        "sweep/dihyfo-1-edit",
        "bias/2",
        "probe_hypernet/dihyfo-1",
        "compare_optimizers/dihyfo-1",
    ],
)
def test_a_stage_gives_the_same_on_a_gpu(
    copied: Path, gpu: torch.device, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # It knows real devices only; training in single precision turns it off anyway.
    monkeypatch.setattr(torch, "autocast", lambda *_, enabled: nullcontext())
    # A seed that the store does not know, so that it is computed.
    stage, arguments = jobs(copied, settings(seeds=[5]))[name]
    run((stage, arguments))
    expected = text_files(copied)
    used = []

    def set_up(*options: object) -> torch.device:
        used.append(gpu)
        return gpu

    monkeypatch.setattr(stages, "set_up", set_up)
    run((stage, [*arguments, "--no-reuse"]))
    assert used == [gpu]
    assert text_files(copied) == expected
