"""Going back through a model of ComfyUI's: how it is computed so that this works and fits."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import comfy.ldm.modules.attention as attention
import comfy.model_management
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .blocks import differentiable_blocks
from .differentiable import NormalTensors
from .room import Recomputed
from .token_regions import OVERRIDE, RegionalAttention


class Backward:
    """How a session's evaluations are made ready to be gone back through."""

    def __init__(self, recomputed: Recomputed) -> None:
        self._recomputed = recomputed
        self._mode = NormalTensors()

    def computed(self, ask: Callable[[], list[Tensor]]) -> list[Tensor]:
        """What `ask` returns, with its graph or with what it takes to compute it again."""

        def normally() -> list[Tensor]:
            with self._mode:
                return ask()

        if not self._recomputed.evaluations:
            return normally()
        # No random numbers are drawn here.
        return checkpoint(normally, use_reentrant=False, preserve_rng_state=False)

    @contextlib.contextmanager
    def through(self, network: nn.Module) -> Iterator[None]:
        """Inside, the network is computed so that it has a backward pass, and room for it."""
        blocks = differentiable_blocks(network, self._mode, self._recomputed.blocks)
        with without_fused_kernels(), blocks:
            yield


@contextlib.contextmanager
def without_fused_kernels() -> Iterator[None]:
    """Inside, newer cores compute by operations that have a backward pass, as when they train."""
    management = comfy.model_management
    before = getattr(management, "in_training", None)
    if before is None:
        yield
        return
    management.in_training = True
    try:
        yield
    finally:
        management.in_training = before


def differentiable_options(options: dict) -> dict:
    """Model options whose attention is PyTorch's: the one that can be differentiated everywhere.

    Cores before 0.3.57 do not read the override and keep the attention they were started with.
    Newer ones can share the prompts among several GPUs, in threads that record no gradients: here
    one GPU computes all. Regions of words stay.
    """
    regional = RegionalAttention()

    def override(_, *args, **kwargs):
        return regional(attention.attention_pytorch, *args, **kwargs)

    transformer = {**options.get("transformer_options", {}), OVERRIDE: override}
    alone = {name: one for name, one in options.items() if name != "multigpu_clones"}
    return {**alone, "transformer_options": transformer}
