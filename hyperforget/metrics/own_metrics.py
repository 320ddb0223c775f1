"""Metrics of the user's own: what they are given, and what they owe."""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hyperforget.runtime.own_code import OwnCode


@dataclass(frozen=True)
class Answers:
    """What N networks answer on the B test images of a set: ``logits`` (N, B, C) and ``units`` (N, B, H) of their last
    hidden layer, float32; and what is known of these images: ``labels`` int64 (B,), the forgotten classes as a mask
    ``forget`` bool (C,), and the probabilities (S, B, C) that S ``retrained`` networks give them.
    """

    logits: Tensor
    units: Tensor
    labels: Tensor
    forget: Tensor
    retrained: Tensor


def own_values(code: OwnCode, answers: Answers) -> Tensor:
    """What a metric says of each network, float64 (N,).

    Raises `UserError` for what it raises, for anything but a finite number a network, and where it changes its input.
    """
    given = {field.name: getattr(answers, field.name) for field in fields(answers)}
    # Counts changes in place.
    versions = {name: tensor._version for name, tensor in given.items()}
    values = code(answers)
    changed = [name for name, tensor in given.items() if tensor._version != versions[name]]
    if changed:
        raise code.fault(f"changed its {changed[0]}; allowed is to leave what is given as it is")
    count = len(answers.logits)
    allowed = f"allowed is a tensor of {count} real numbers, one a network"
    if not isinstance(values, Tensor):
        raise code.fault(f"returned {type(values).__name__}; {allowed}")
    if values.shape != (count,) or values.is_complex():
        kind = str(values.dtype).removeprefix("torch.")
        raise code.fault(f"returned a tensor {kind} {tuple(values.shape)}; {allowed}")
    values = values.detach().double().cpu()
    if not values.isfinite().all():
        network = int((~values.isfinite()).nonzero()[0])
        raise code.fault(f"returned {values[network].item()} for network {network}; allowed are finite numbers")
    return values


def toy_answers() -> Answers:
    """Five networks on 60 images of four classes, of which one is forgotten."""
    generator = torch.Generator().manual_seed(0)
    logits, units = (torch.randn(5, 60, size, generator=generator) for size in (4, 3))
    retrained = torch.randn(6, 60, 4, generator=generator).softmax(-1)
    return Answers(logits, units.relu(), torch.arange(60) % 4, torch.arange(4) == 2, retrained)


def check_metric(code: OwnCode, answers: Answers) -> None:
    """Raise `UserError`, with one sentence, where a metric does not do what every one owes.

    It gives a finite number a network, which does not depend on the other networks, on random numbers or on the order
    of retrained networks; and leaves what it is given as it is.
    """
    torch.manual_seed(0)
    values = own_values(code, answers)
    torch.manual_seed(1)
    if not torch.allclose(own_values(code, answers), values):
        raise code.fault("returned other numbers when it was called again; allowed are no random ones")
    alone = replace(answers, logits=answers.logits[1:2], units=answers.units[1:2])
    if not torch.allclose(own_values(code, alone), values[1:2]):
        raise code.fault("returned another number for a network alone than beside others; allowed is the same")
    backward = replace(answers, retrained=answers.retrained.flip(0))
    if not torch.allclose(own_values(code, backward), values):
        raise code.fault("returned other numbers for retrained networks in another order; allowed are the same")
