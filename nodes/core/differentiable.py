"""Normal tensors for autograd where the core has others, leaving the model as it was.

The core works in torch.inference_mode, and autograd refuses tensors made there. Which tensors
those are (weights, prompts, masks, ControlNet hints) depends on what ran before, so each is
replaced at the moment autograd meets it, by a function mode: torch's public way to do so.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from types import MethodWrapperType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# Where torch hands a tensor's memory to another one; elsewhere weights are copied.
SHARING, SHARED = ("cpu", "cuda"), (torch.float32, torch.float16, torch.bfloat16)
SLICE = Tensor.__getitem__
OUT_OF_PLACE: dict[Callable, Callable] = {
    Tensor.add_: torch.add,
    Tensor.sub_: torch.sub,
    Tensor.mul_: torch.mul,
    Tensor.div_: torch.div,
}
# What reads one tensor and nothing else has nothing to be replaced.
OF_ONE_TENSOR = {
    Tensor.chunk,
    Tensor.contiguous,
    Tensor.flatten,
    Tensor.movedim,
    Tensor.permute,
    Tensor.reshape,
    Tensor.softmax,
    Tensor.to,
    Tensor.transpose,
    Tensor.type,
    Tensor.unflatten,
    Tensor.unsqueeze,
    Tensor.view,
}


class NormalTensors(TorchFunctionMode):
    """Gives autograd normal tensors where the core has inference tensors, before it refuses them.

    `a += b` becomes `a = a + b` where autograd may still need the old a, as when the core adds a
    ControlNet's output; views are left alone, for there the core means the tensor behind them.
    A slice is taken as a copy, for patches such as FreeU then write into what they sliced.
    So is every tensor that autograd may keep and that is neither a weight of the model nor has a
    gradient: newer cores cast an offloaded weight into memory that they use again for the next.
    Should a model rely on the opposite, the check of its gradients fails: their slope is measured
    without this mode.

    One is made for a session: it remembers the normal tensor that stands for each weight.
    """

    def __init__(self) -> None:
        super().__init__()
        self._weights = Weights()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if type(func) is MethodWrapperType or func in OF_ONE_TENSOR:  # first: a look at a property
            return func(*args, **kwargs)
        written = _written(func, args, kwargs)
        if written is None:
            return self._called(func, args, kwargs)
        if func in OUT_OF_PLACE and _is_intermediate(written) and not written._is_view():
            return self._called(OUT_OF_PLACE[func], args, kwargs)
        return self._called_in_place(func, written, args, kwargs)

    def _called(self, func: Callable, args: tuple, kwargs: dict) -> object:
        if _joins_graph(args, kwargs):
            result = func(*_mapped(args, self._normal), **_mapped(kwargs, self._normal))
            return result.clone() if func is SLICE and args[0].requires_grad else result
        return func(*args, **kwargs)

    def _called_in_place(
        self, func: Callable, written: Tensor, args: tuple, kwargs: dict
    ) -> object:
        if _any_requires_grad(args, kwargs):
            rest = _mapped(args[1:], self._normal)
            return func(*args[:1], *rest, **kwargs)
        if written.is_inference():
            with torch.inference_mode():
                return func(*args, **kwargs)
        return func(*args, **kwargs)

    def _normal(self, value: Tensor) -> Tensor:
        """What autograd may keep in place of this tensor."""
        if type(value) is nn.Parameter and _can_share(value):
            return self._weights.normal(value)
        if value.is_inference():
            return value.detach().clone()
        return value.clone() if type(value) is Tensor and not value.requires_grad else value


class Weights:
    """For each weight, of which there are many and large ones, a view that collects no gradient.

    Hooks do change weights between evaluations; what they change is computed again before a
    backward pass reads it (`Room.recomputed`). A view is made anew when its weight has moved, and
    given up with it.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Tensor, weakref.ref]] = {}

    def normal(self, weight: nn.Parameter) -> Tensor:
        known = self._known.get(id(weight))
        if known is not None and known[0].data_ptr() == weight.data_ptr():
            return known[0]
        view = weight.detach()
        return self._remembered(weight, torch.from_dlpack(view) if view.is_inference() else view)

    def _remembered(self, weight: nn.Parameter, normal: Tensor) -> Tensor:
        key, known = id(weight), self._known
        known[key] = normal, weakref.ref(weight, lambda _: known.pop(key, None))
        return normal


def _can_share(value: Tensor) -> bool:
    return value.device.type in SHARING and value.dtype in SHARED


def _is_intermediate(value: Tensor) -> bool:
    return torch.is_grad_enabled() and value.requires_grad


def _written(func: Callable, args: tuple, kwargs: dict) -> Tensor | None:
    """The tensor that a call writes into, if it does."""
    if kwargs and isinstance(kwargs.get("out"), Tensor):
        return kwargs["out"]
    if _is_in_place(func) or (kwargs and kwargs.get("inplace")):
        return args[0] if args and isinstance(args[0], Tensor) else None
    return None


@functools.cache
def _is_in_place(func: Callable) -> bool:
    name = getattr(func, "__name__", "")
    return (name.endswith("_") and not name.endswith("__")) or name.startswith(("__i", "__set"))


def _joins_graph(args: tuple, kwargs: dict) -> bool:
    return torch.is_grad_enabled() and _any_requires_grad(args, kwargs)


def _any_requires_grad(args: tuple, kwargs: dict) -> bool:
    """Whether one of these tensors, or of those listed among them, has a gradient."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            if value.requires_grad:
                return True
        elif isinstance(value, (tuple, list)) and any(
            isinstance(one, Tensor) and one.requires_grad for one in value
        ):
            return True
    return False


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same arguments, each tensor among them changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)([_mapped(one, change) for one in value])
    if isinstance(value, dict):
        return {key: _mapped(one, change) for key, one in value.items()}
    return value
