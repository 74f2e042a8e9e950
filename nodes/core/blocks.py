"""A network's blocks: each kept for the backward pass, or computed again in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

UNET_BLOCKS = ("ResBlock", "VideoResBlock", "BasicTransformerBlock")


@contextlib.contextmanager
def differentiable_blocks(
    network: nn.Module, mode: AbstractContextManager, recomputed: bool
) -> Iterator[None]:
    """Inside, each block writes into nothing but copies, and is kept or computed again."""
    blocks = blocks_of(network)
    before = [vars(block).get("forward") for block in blocks]
    for block in blocks:
        on_copies = _on_copies(block.forward)
        block.forward = _recomputed(on_copies, mode) if recomputed else on_copies
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
    if is_unet(network):
        return _unet_blocks(network)
    lists = [one for one in network.children() if isinstance(one, nn.ModuleList)]
    return [block for blocks in lists for block in blocks]


def is_unet(network: nn.Module) -> bool:
    return bool(_unet_blocks(network))


def _unet_blocks(network: nn.Module) -> list[nn.Module]:
    return [one for one in network.modules() if type(one).__name__ in UNET_BLOCKS]


def _on_copies(forward: Callable) -> Callable:
    """A block may write into what it is given, as Flux does, and others must find it again."""

    def call(*args, **kwargs):
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        return forward(*map(_copied, args), **_each(_copied, kwargs))

    return call


def _recomputed(forward: Callable, mode: AbstractContextManager) -> Callable:
    def call(*args, **kwargs):
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        return checkpoint(
            forward,
            *map(_remembered, args),
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: (contextlib.nullcontext(), mode),
            **_each(_remembered, kwargs),
        )

    return call


def _each(change: Callable, values: dict[str, Any]) -> dict[str, Any]:
    return {name: change(one) for name, one in values.items()}


def _remembered(one: Any) -> Any:
    """The core goes on writing into its options: as they are now."""
    return dict(one) if isinstance(one, dict) else one


def _copied(one: Any) -> Any:
    return one.clone() if isinstance(one, Tensor) else _remembered(one)
