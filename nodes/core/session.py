"""The one place that runs ComfyUI's samplers: a MODEL with its CONDITIONINGs, as s2st's Denoiser.

A `Session` works inside the core's own guider, so hooks, ControlNets, areas, masks, model patches
and memory management are the core's. Only the sampler, the innermost part, is ours.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import comfy.model_patcher
import comfy.patcher_extension
import comfy.samplers
import torch
from torch import Tensor

from ...s2st import Conditioning
from .backward import Backward, differentiable_options
from .denoiser import ComfyDenoiser
from .facts import Prediction, model_facts
from .prompts import PreparedPrompt
from .room import Room, graph_needs, room_for
from .units import core_sigmas

Result = TypeVar("Result")


class _Guider(comfy.samplers.CFGGuider):
    """The core's guider with any number of prompts, each prepared as a run's own positive."""

    def set_prompts(self, prompts: Mapping[str, list]) -> None:
        self.raw = dict(prompts)
        self.inner_set_conds(self.raw)

    def inner_sample(self, noise, latent_image, device, *rest, **options):
        # The core prepares the prompts in here; keep them as they were before that.
        self.unprepared = {name: list(entries) for name, entries in self.conds.items()}
        return super().inner_sample(noise, latent_image, device, *rest, **options)

    def prepare(self, noise: Tensor, device: torch.device) -> None:
        """Prepare each pair of prompts on its own, so that one's areas do not reach another."""
        self.prompts: dict[str, PreparedPrompt] = {}
        for group in _groups(self.unprepared):
            conds = {role: list(self.unprepared[name]) for role, name in group.items()}
            done = comfy.samplers.process_conds(self.inner_model, noise, conds, device, noise)
            for role, name in group.items():
                self.prompts[name] = PreparedPrompt(name, self.raw[name], done[role])


def _groups(names: Mapping[str, object]) -> list[dict[str, str]]:
    pair = {name: name for name in ("positive", "negative") if name in names}
    alone = [{"positive": name} for name in names if name not in pair]
    return ([pair] if pair else []) + alone


class _Work(comfy.samplers.Sampler):
    """A core sampler whose run is whatever the session was asked to do."""

    def __init__(self, work: Callable[[ComfyDenoiser, _Guider], Result], run: Session) -> None:
        self.work = work
        self.run = run
        self.results: list = []

    def sample(self, model_wrap, sigmas, extra_args, callback, noise, *rest, **options):
        options, model = extra_args["model_options"], model_wrap.inner_model
        model_wrap.prepare(noise, noise.device)
        room = room_for(model, noise.shape, noise.device)
        backward = self.run.backward(room, model_wrap.prompts.values())
        if backward is not None:
            options = differentiable_options(options)
        denoiser = ComfyDenoiser(model, model_wrap.prompts, options, self.run.flow, backward, room)
        through = backward.through(model.diffusion_model) if backward else contextlib.nullcontext()
        with torch.inference_mode(False), torch.no_grad(), through:
            self.results.append(self.work(denoiser, model_wrap))
        return noise


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run of a model with named prompts on latents of one shape."""

    patcher: comfy.model_patcher.ModelPatcher
    prompts: Mapping[str, list]  # name -> CONDITIONING; "positive" and "negative" belong together
    shape: tuple[int, ...]
    sigmas: tuple[float, ...]
    gradients: int = 0  # how many evaluations of a prompt are gone back through at once

    @property
    def flow(self) -> bool:
        return model_facts(self.patcher).prediction is Prediction.FLOW

    def backward(self, room: Room, prompts: Iterable[PreparedPrompt]) -> Backward | None:
        """How evaluations are made ready to be gone back through, where that is asked for."""
        if not self.gradients:
            return None
        changes_weights = any(any(prompt.hooks) for prompt in prompts)
        return Backward(room.recomputed(self.shape[0], self.gradients, changes_weights))

    def run(self, work: Callable[[ComfyDenoiser, Mapping[str, Conditioning]], Result]) -> Result:
        """Let the core load and prepare the model, call `work`, and clean up after it."""
        patcher = self.patcher.clone() if self.gradients else self.patcher
        if self.gradients:
            patcher.add_wrapper(
                comfy.patcher_extension.WrappersMP.PREPARE_SAMPLING, _with_room_for_graph
            )

        def inside(denoiser: ComfyDenoiser, guider: _Guider) -> Result:
            device = patcher.load_device
            named = {
                name: _on_device(prompt.conditioning, prompt, device)
                for name, prompt in guider.prompts.items()
            }
            return work(denoiser, named)

        guider = _Guider(patcher)
        guider.set_prompts(self.prompts)
        sampler = _Work(inside, self)
        with torch.inference_mode():
            noise = torch.zeros(self.shape)
            guider.sample(noise, noise, sampler, core_sigmas(self.patcher, self.sigmas), seed=0)
        (result,) = sampler.results
        return result


def _on_device(
    conditioning: Conditioning, prompt: PreparedPrompt, device: torch.device
) -> Conditioning:
    prompt.conditioning = conditioning.with_embedding(conditioning.embedding.to(device))
    return prompt.conditioning


def _with_room_for_graph(executor, model, noise_shape, conds, **options):
    # For one evaluation, block by block; with more room less is computed again. The core doubles
    # this, for both prompts at once. Never less than twice what it asks for itself.
    larger = [math.ceil(noise_shape[0] * max(2, graph_needs().blocks / 2)), *noise_shape[1:]]
    return executor(model, larger, conds, **options)
