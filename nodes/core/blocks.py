"""A network's blocks: each kept for the backward pass, or computed again in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

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
        forward = _on_copies(block.forward)
        block.forward = _recomputed(forward, mode) if recomputed else forward
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
        return forward(*_copied(args, (dict, Tensor)), **_copied(kwargs, (dict, Tensor)))

    return call


def _recomputed(forward: Callable, mode: AbstractContextManager) -> Callable:
    def call(*args, **kwargs):
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        # The core goes on writing into its options: remember them as they are now.
        args, kwargs = _copied(args, dict), _copied(kwargs, dict)
        return checkpoint(
            forward,
            *args,
            use_reentrant=False,
            preserve_rng_state=False,
            context_fn=lambda: (contextlib.nullcontext(), mode),
            **kwargs,
        )

    return call


def _copied(given: tuple | dict, kinds: type | tuple[type, ...]) -> tuple | dict:
    """The same arguments, those of these kinds as copies."""

    def copied(one: object) -> object:
        if not isinstance(one, kinds):
            return one
        return one.clone() if isinstance(one, Tensor) else dict(one)

    if isinstance(given, tuple):
        return tuple(map(copied, given))
    return {name: copied(one) for name, one in given.items()}
