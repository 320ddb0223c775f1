"""Stages on a GPU, here a pretended one, give what they give on the CPU."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from hyperforget.runtime import device as hardware
from tests.stages.tiny_pipeline import jobs, run, text_files


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
    stage, arguments = jobs(copied)[name]
    place = arguments.index("--spec") + 1
    # A seed that the store does not know, so that it is computed.
    arguments[place] = json.dumps(json.loads(arguments[place]) | {"seed": 5})
    run((stage, arguments))
    expected = text_files(copied)
    used = []

    def set_up(*options: object) -> torch.device:
        used.append(gpu)
        return gpu

    monkeypatch.setattr(hardware, "set_up", set_up)
    run((stage, [*arguments, "--no-reuse"]))
    assert used == [gpu]
    assert text_files(copied) == expected
