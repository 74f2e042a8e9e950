"""What a differentiated evaluation needs of memory, and what is then computed again for want of it.

Everything is counted in plain evaluations of one picture, as the core estimates them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import comfy.ldm.modules.attention as attention
import comfy.model_base
import comfy.model_management
import torch

from .blocks import is_unet

SPARE_MEMORY = 1.5  # as the core leaves when it batches prompts
MOST_PICTURES = 32  # in a call: more gain nothing, and the bar and Cancel would wait for a film


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Memory of a graph with nothing computed again, or block by block."""

    whole: float
    blocks: float  # what is kept between blocks, and the largest of them
    kept: float  # what is kept between blocks alone


# Blocks: the peak that `bench nodes` saw. The others: tensors that autograd keeps, counted on the
# layouts of Stable Diffusion 1.5 (whole 9, kept 2.5) and XL (21, 3.1); transformers, with more
# layers for the same latent, are given twice the room. The core's estimate is larger where it
# expects attention to keep its scores, and so these are smaller.
LEAN = Needs(whole=22, blocks=5, kept=3.5)
WITH_SCORES = Needs(whole=6, blocks=2, kept=1)
TRANSFORMERS_NEED = 2


@dataclass(frozen=True, kw_only=True)
class Recomputed:
    """What the backward pass computes a second time instead of finding it in memory."""

    evaluations: bool
    blocks: bool


@dataclass(frozen=True, kw_only=True)
class Room:
    """The free memory of a device, in plain evaluations of one picture."""

    pictures: float
    needs: Needs
    bounded: bool  # whether a whole graph holds no more than that

    def recomputed(self, batch: int, kept: int, changes_weights: bool) -> Recomputed:
        """For a batch with the graphs of `kept` prompts at once.

        One prompt's weights must be back when its evaluation is gone through again: where hooks
        change them, an evaluation is always computed again.
        """
        whole = SPARE_MEMORY * kept * self.needs.whole
        return Recomputed(
            evaluations=changes_weights or batch * self._by_blocks(kept) > self.pictures,
            blocks=not self.bounded or batch * whole > self.pictures,
        )

    def at_once(self, batch: int, kept: int) -> int:
        """How many pictures go through together, the graphs of `kept` prompts at once."""
        needed = self._by_blocks(kept) if kept else SPARE_MEMORY
        return max(1, min(batch, MOST_PICTURES, int(self.pictures / needed)))

    def _by_blocks(self, kept: int) -> float:
        return SPARE_MEMORY * (self.needs.blocks + (kept - 1) * self.needs.kept)


def room_for(model: comfy.model_base.BaseModel, shape: tuple[int, ...], device) -> Room:
    """The room beside a loaded model for latents of this shape."""
    patcher, needs = model.current_patcher, graph_needs()
    if not is_unet(model.diffusion_model):
        needs = replace(needs, whole=TRANSFORMERS_NEED * needs.whole)
    # A newer core's patcher also counts the weights that it would give up.
    memory = getattr(patcher, "get_free_memory", comfy.model_management.get_free_memory)
    return Room(
        pictures=memory(device) / max(1, model.memory_required([1, *shape[1:]])),
        needs=needs,
        bounded=not (_copies_weights(patcher) or _keeps_scores(device)),
    )


def graph_needs() -> Needs:
    return LEAN if _expects_no_scores() else WITH_SCORES


def _expects_no_scores() -> bool:
    """As the core asks itself when it estimates."""
    management = comfy.model_management
    return management.xformers_enabled() or management.pytorch_attention_flash_attention()


def _keeps_scores(device: torch.device) -> bool:
    """PyTorch's attention on a CPU keeps none; the oldest cores do not let us choose it."""
    flash_on_cpu = device.type == "cpu" and hasattr(attention, "wrap_attn")
    return not (_expects_no_scores() or flash_on_cpu)


def _copies_weights(patcher) -> bool:
    """Whether layers read copies of weights, which a graph keeps: cast, wrapped or offloaded."""
    cast = patcher.model.manual_cast_dtype is not None
    offloaded = patcher.loaded_size() < patcher.model_size()
    streams = getattr(patcher, "is_dynamic", None)  # as newer cores do on a CUDA device
    wrapped = bool(patcher.weight_wrapper_patches)
    return cast or offloaded or wrapped or bool(streams and streams())
