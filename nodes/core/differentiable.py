"""Gradients through a model that lives in ComfyUI, leaving the model as it was.

The core works in torch.inference_mode, and autograd refuses tensors made there. Which tensors
those are (weights, prompts, masks, ControlNet hints) depends on what ran before, so each is
replaced at the moment autograd meets it, by a function mode: torch's public way to do so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import comfy.ldm.modules.attention as attention
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

REFUSED_BY_AUTOGRAD = "Inference tensors cannot be saved for backward"
REFUSED_IN_PLACE = "Inplace update to inference tensor outside InferenceMode"
UNET_BLOCKS = ("ResBlock", "VideoResBlock", "BasicTransformerBlock")
# Where torch hands a tensor's memory to another one; elsewhere weights are copied.
SHARING, SHARED = ("cpu", "cuda"), (torch.float32, torch.float16, torch.bfloat16)
SLICE = Tensor.__getitem__
OUT_OF_PLACE = {
    Tensor.add_: torch.add,
    Tensor.sub_: torch.sub,
    Tensor.mul_: torch.mul,
    Tensor.div_: torch.div,
}


class NormalTensors(TorchFunctionMode):
    """Calls again, with normal tensors, whatever autograd refuses for an inference tensor.

    `a += b` becomes `a = a + b` where autograd may still need the old a, as when the core adds a
    ControlNet's output; views are left alone, for there the core means the tensor behind them.
    A slice is taken as a copy, for patches such as FreeU then write into what they sliced.
    So is every tensor that autograd may keep and that is neither a weight of the model nor has a
    gradient: newer cores cast an offloaded weight into memory that they use again for the next.
    Should a model rely on the opposite, the check of its gradients fails: their slope is measured
    without this mode.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in OUT_OF_PLACE and _is_intermediate(args[0]) and not args[0]._is_view():
            func = OUT_OF_PLACE[func]
        if torch.is_grad_enabled() and _keeps_what_is_lent(func, args, kwargs):
            args, kwargs = _mapped(args, _own_copy), _mapped(kwargs, _own_copy)
        try:
            result = func(*args, **kwargs)
            return result.clone() if func is SLICE and _is_intermediate(args[0]) else result
        except RuntimeError as error:
            retry = _retry(func, args, str(error))
            if retry is None:
                raise
        return retry(func, args, kwargs)


def _is_intermediate(value: Tensor) -> bool:
    return torch.is_grad_enabled() and value.requires_grad


def _retry(func: Callable, args: tuple, message: str) -> Callable | None:
    if REFUSED_BY_AUTOGRAD in message and not _changes_inference_tensor(func, args):
        return _with_normal_tensors
    if REFUSED_IN_PLACE in message and not _any_requires_grad(_tensors_among(args, {})):
        return _in_inference_mode
    return None


def _with_normal_tensors(func: Callable, args: tuple, kwargs: dict) -> object:
    return func(*_mapped(args, _normal_tensor), **_mapped(kwargs, _normal_tensor))


def _in_inference_mode(func: Callable, args: tuple, kwargs: dict) -> object:
    with torch.inference_mode():
        return func(*args, **kwargs)


def _changes_inference_tensor(func: Callable, args: tuple) -> bool:
    changed = args[0] if args and _is_in_place(func) else None
    return isinstance(changed, Tensor) and changed.is_inference()


def _is_in_place(func: Callable) -> bool:
    name = getattr(func, "__name__", "")
    return (name.endswith("_") and not name.endswith("__")) or name.startswith(("__i", "__set"))


def _keeps_what_is_lent(func: Callable, args: tuple, kwargs: dict) -> bool:
    """Whether autograd may keep an argument whose memory is not its own; asked at every call."""
    tensors = _tensors_among(args, kwargs)
    joins_graph = _any_requires_grad(tensors)
    return joins_graph and any(map(_may_be_lent, tensors)) and not _is_in_place(func)


def _any_requires_grad(tensors: list[Tensor]) -> bool:
    return any(one.requires_grad for one in tensors)


def _may_be_lent(value: Tensor) -> bool:
    """Weights stay in their place until the model is unloaded, and slopes are ours."""
    return type(value) is Tensor and not value.requires_grad


def _tensors_among(args: tuple, kwargs: dict) -> list[Tensor]:
    found = []
    for value in (*args, *kwargs.values()):
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += [one for one in value if isinstance(one, Tensor)]
    return found


def _mapped(value: object, change: Callable[[Tensor], Tensor]) -> object:
    """The same arguments, each tensor among them changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_mapped(one, change) for one in value)
    if isinstance(value, dict):
        return {key: _mapped(one, change) for key, one in value.items()}
    return value


def _own_copy(value: Tensor) -> Tensor:
    return value.clone() if _may_be_lent(value) else value


def _normal_tensor(value: Tensor) -> Tensor:
    """A copy, or for a weight, of which there are many and large ones, another view of its memory.

    Hooks do change weights between evaluations; what they change is computed again before a
    backward pass reads it (`Session.run`).
    """
    if not value.is_inference():
        return value
    if type(value) is nn.Parameter and value.device.type in SHARING and value.dtype in SHARED:
        return torch.from_dlpack(value.detach())
    return value.clone()


def differentiable_options(options: dict) -> dict:
    """Model options whose attention is PyTorch's: the one that can be differentiated everywhere.

    Cores before 0.3.57 do not read the override and keep the attention they were started with.
    Newer ones can share the prompts among several GPUs, in threads that record no gradients: here
    one GPU computes all.
    """

    def override(_, *args, **kwargs):
        return attention.attention_pytorch(*args, **kwargs)

    transformer = {
        **options.get("transformer_options", {}),
        "optimized_attention_override": override,
    }
    alone = {name: one for name, one in options.items() if name != "multigpu_clones"}
    return {**alone, "transformer_options": transformer}


@contextlib.contextmanager
def checkpointed_blocks(network: nn.Module) -> Iterator[None]:
    """Inside, each block is computed again in the backward pass instead of kept in memory."""
    blocks = blocks_of(network)
    before = [vars(block).get("forward") for block in blocks]
    for block in blocks:
        block.forward = _recomputed(block.forward)
    try:
        yield
    finally:
        for block, forward in zip(blocks, before, strict=True):
            if forward is None:
                del block.forward
            else:
                block.forward = forward


def blocks_of(network: nn.Module) -> list[nn.Module]:
    """A UNet's residual and transformer blocks, or the blocks a diffusion transformer lists."""
    named = [one for one in network.modules() if type(one).__name__ in UNET_BLOCKS]
    if named:
        return named
    lists = [one for one in network.children() if isinstance(one, nn.ModuleList)]
    return [block for blocks in lists for block in blocks]


def _recomputed(forward: Callable) -> Callable:
    def run(*args, **kwargs):
        # A block may write into what it is given, as Flux does, and must find it again.
        return forward(*_copied(args, (dict, Tensor)), **_copied(kwargs, (dict, Tensor)))

    def call(*args, **kwargs):
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        # The core goes on writing into its options: remember them as they are now.
        args, kwargs = _copied(args, dict), _copied(kwargs, dict)
        return checkpoint(
            run,
            *args,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=_contexts,
            **kwargs,
        )

    return call


def _contexts() -> tuple[contextlib.AbstractContextManager, contextlib.AbstractContextManager]:
    return contextlib.nullcontext(), NormalTensors()


def _copied(given: tuple | dict, kinds: type | tuple[type, ...]) -> tuple | dict:
    """The same arguments, those of these kinds as copies."""

    def copied(one: object) -> object:
        if not isinstance(one, kinds):
            return one
        return one.clone() if isinstance(one, Tensor) else dict(one)

    if isinstance(given, tuple):
        return tuple(map(copied, given))
    return {name: copied(one) for name, one in given.items()}
