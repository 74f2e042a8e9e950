"""A loaded model with its prompts as s2st's Denoiser: every evaluation is a call of the core's."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import comfy.model_base
import comfy.model_management
import comfy.samplers
import torch
from torch import Tensor

from ...s2st import Conditioning
from ...s2st.model.parameterization import flow_time, to_flow
from .differentiable import NormalTensors
from .progress import stop_if_interrupted
from .prompts import PreparedPrompt

# A differentiated evaluation, block by block, against what the core estimates for a plain one. With
# attention that keeps no scores: measured by `bench nodes`, rounded up; with one that does: a guess
# from before weights were shared.
GRAPH_MEMORY = {"lean": 5, "scores": 2}
SPARE_MEMORY = 1.5  # as the core leaves when it batches prompts


class ComfyDenoiser:
    """s2st's Denoiser on a model that the core has loaded and prepared."""

    def __init__(
        self,
        model: comfy.model_base.BaseModel,
        prompts: Mapping[str, PreparedPrompt],
        options: dict,
        flow: bool,
        differentiates: bool,
    ) -> None:
        self._model = model
        self._conds = prompts
        self._options = options
        self._flow = flow
        self._differentiates = differentiates
        self._fitting: int | None = None

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        state, level = (to_flow(x, sigma), flow_time(sigma)) if self._flow else (x, sigma)
        size = self._pictures_at_once(state, conditioning)
        parts = [
            self._evaluated(state[first : first + size], level, part)
            for first, part in _conditioning_parts(conditioning, len(state), size)
        ]
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _evaluated(self, state: Tensor, level: float, conditioning: Conditioning) -> Tensor:
        stop_if_interrupted()
        conds = self._conds[conditioning.extra.name].with_embedding(conditioning.embedding)
        timestep = torch.full((len(state),), level, dtype=torch.float32, device=state.device)
        with self._mode():
            (denoised,) = comfy.samplers.calc_cond_batch(
                self._model, [conds], state, timestep, self._options
            )
        return denoised.clone() if denoised.is_inference() else denoised

    def _mode(self) -> contextlib.AbstractContextManager:
        if self._differentiates and torch.is_grad_enabled():
            return NormalTensors()
        return torch.inference_mode()  # as the core runs its own samplers

    def _pictures_at_once(self, state: Tensor, conditioning: Conditioning) -> int:
        if not self._conds[conditioning.extra.name].is_shared:
            return len(state)
        if self._fitting is None:
            self._fitting = self._that_fit(state)
        return self._fitting

    def _that_fit(self, state: Tensor) -> int:
        """How many pictures free memory allows, decided once so that runs repeat exactly."""
        factor = SPARE_MEMORY * (graph_memory() if self._differentiates else 1)
        needed = self._model.memory_required([1, *state.shape[1:]]) * factor
        # A newer core's patcher also counts the weights that it would give up.
        memory = getattr(self._model.current_patcher, "get_free_memory", None)
        free = (memory or comfy.model_management.get_free_memory)(state.device)
        return max(1, min(len(state), int(free / needed)))


def _conditioning_parts(conditioning: Conditioning, batch: int, size: int):
    """(first picture, conditioning) of each part of a batch."""
    embedding = conditioning.embedding
    for first in range(0, batch, size):
        if size < batch and len(embedding) == batch:
            yield first, conditioning.with_embedding(embedding[first : first + size])
        else:
            yield first, conditioning


def graph_memory() -> int:
    """How many plain evaluations, as the core estimates them, a differentiated one needs."""
    management = comfy.model_management
    lean = management.xformers_enabled() or management.pytorch_attention_flash_attention()
    return GRAPH_MEMORY["lean" if lean else "scores"]
