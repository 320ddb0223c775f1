"""A GPU for machines without one: tensors that say they lie there, and compute on the CPU.

As on a real GPU, work on tensors of both kinds raises, and numpy cannot read what lies there; as on some, nothing is in
double precision. Results are those of the CPU to the bit, so tests can compare.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter, tree_map

# Every build of torch has this device; what lies there has no values, but what `OnGpu` holds.
GPU = torch.device("meta")
_aten = torch.ops.aten
_COPIES = {_aten.copy_.default, _aten._to_copy.default}
# What lies on a GPU may be indexed by what lies on the CPU.
_INDEXING = {_aten.index.Tensor, _aten.index_put_.default, _aten._index_put_impl_.default}


class OnGpu(Tensor):
    """A tensor whose values lie on the CPU."""

    values: Tensor  # type: ignore[assignment]  # of a sparse tensor it is a method

    @staticmethod
    def __new__(cls, values: Tensor) -> "OnGpu":
        if values.dtype == torch.float64:
            raise TypeError("not every device computes in double precision")
        made: OnGpu = Tensor._make_wrapper_subclass(
            cls, values.shape, values.stride(), values.storage_offset(), dtype=values.dtype, device=GPU
        )
        made.values = values
        return made

    def tolist(self) -> Any:
        return self.values.tolist()

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch's own says an instance's method
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _compute(func, args, kwargs or {})


class _Pretence(TorchDispatchMode):
    """Also sees what makes tensors from nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})


def _compute(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = [each for each in tree_iter((args, kwargs)) if isinstance(each, Tensor)]
    there = [each for each in given if isinstance(each, OnGpu)]
    device = kwargs.get("device")
    if there and func not in _COPIES:
        here = args[2:] if func in _INDEXING and isinstance(args[0], OnGpu) else given
        for each in tree_iter(here):
            if isinstance(each, Tensor) and not isinstance(each, OnGpu) and each.dim():
                raise RuntimeError(f"{func} got tensors on {GPU} and on {each.device}")
    if device is not None:
        kwargs = kwargs | {"device": torch.device("cpu")}
    wrapper_of = {id(each.values): each for each in there}
    args, kwargs = tree_map(lambda each: each.values if isinstance(each, OnGpu) else each, (args, kwargs))
    result = func(*args, **kwargs)
    stays = bool(there) if device is None else torch.device(device).type == GPU.type
    if func is _aten.copy_.default:
        stays = id(args[0]) in wrapper_of

    def wrapped(each: object) -> object:
        if not isinstance(each, Tensor) or not stays:
            return each
        return wrapper_of[id(each)] if id(each) in wrapper_of else OnGpu(each)

    return tree_map(wrapped, result)


@contextmanager
def pretended_gpu() -> Iterator[torch.device]:
    """The device, and modules that move to it get parameters that lie there."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        # The CPU has a fast attention of its own, which rounds otherwise.
        with sdpa_kernel(SDPBackend.MATH), _Pretence():  # type: ignore[no-untyped-call]
            yield GPU
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
