"""Unlearning methods of the user's own, held to what the built-in ones promise."""

import torch

from hyperforget.networks.batch import Networks
from hyperforget.runtime.own_code import OwnCode
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.methods import UnlearningMethod


def own_method(code: OwnCode) -> UnlearningMethod:
    """The function as a method; raises `UserError` for what it raises, and where it does not keep the contract.

    It returns as many `Networks` as it is given, of the same layout, finite and float32, and leaves what it is given
    as it is.
    """

    def unlearn(assignment: Assignment) -> Networks:
        given = {
            "originals": assignment.originals.params,
            "forget": assignment.forget,
            "train": assignment.train.images,
            "validation": assignment.validation.images,
        }
        # Counts changes in place.
        versions = {name: tensor._version for name, tensor in given.items()}
        before = assignment.originals.params.clone()
        found = code(assignment)
        changed = [name for name, tensor in given.items() if tensor._version != versions[name]]
        if not torch.equal(before, assignment.originals.params):
            changed.insert(0, "originals")
        if changed:
            raise code.fault(f"changed its {changed[0]}; allowed is to leave what is given as it is")
        return _checked(code, found, assignment.originals)

    return unlearn


def _checked(code: OwnCode, found: object, originals: Networks) -> Networks:
    count, size = originals.params.shape
    allowed = f"allowed are Networks with params float32 ({count}, {size}) and the layout of the originals"
    if not isinstance(found, Networks) or not isinstance(found.params, torch.Tensor):
        raise code.fault(f"returned {type(found).__name__}; {allowed}")
    if found.layout != originals.layout:
        raise code.fault(f"returned networks with the layout {found.layout}; {allowed}")
    if found.params.shape != originals.params.shape or found.params.dtype != torch.float32:
        kind = str(found.params.dtype).removeprefix("torch.")
        raise code.fault(f"returned params {kind} {tuple(found.params.shape)}; {allowed}")
    broken = ~found.params.isfinite().all(-1)
    if broken.any():
        network = int(broken.nonzero()[0])
        raise code.fault(f"returned parameters of network {network} that are NaN or infinite; allowed are finite ones")
    return Networks(found.params.detach(), found.layout)
