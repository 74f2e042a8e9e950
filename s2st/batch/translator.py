"""A model and a look, loaded once, that translate one picture of any size after another."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import Module

from ..adapters.diffusers import PipelineParts
from ..explore.run import mark_of
from ..look.detail import DetailConfig, radius_for, restored_at_own_size
from ..look.exemplars import Exemplars
from ..look.found import FindConfig, found_regions
from ..look.kept import KeptLook, at_most
from ..look.regions import RegionalLook, regional_look
from ..look.task import Task
from ..model.autoencoder import padded
from ..model.contract import Conditioning
from ..model.features import read_features
from ..model.guidance import Prompt
from ..path.difference_path import difference_path
from .job import Job

KNOWN_SIZES = 8  # for which prompts are kept


class Translator:
    """What a job does to a picture."""

    def __init__(self, job: Job, parts: PipelineParts, kept: KeptLook) -> None:
        self.job, self._parts = job, parts
        check_regions(job.sizes.regions, kept)
        encoder = parts.autoencoder
        kept.check_made_by(encoder)
        self._encoder = encoder
        self._look = kept.look(encoder.scaled)
        self._eta = None if kept.correlation is None else kept.correlation.eta
        self._places = kept.places
        self._exemplars = None
        if kept.places is not None and job.settings.matching:
            latents = encoder.scaled(kept.places.latents)
            self._exemplars = Exemplars.of(latents, kept.places.features)
        self._schedule = job.settings.schedule(parts.sigma_table)
        self._prompts = lru_cache(KNOWN_SIZES)(self._encoded)

    @torch.no_grad()
    def __call__(self, picture: Tensor, drawn: int) -> Tensor:
        """A picture [1, 3, H, W] in 0..1 in its own size; `drawn` is its own number."""
        sized = at_most(picture, self.job.sizes.megapixels)
        height, width = _size(sized)
        whole = self._whole(sized)
        latent = self._parts.encode_image(whole.to(self._parts.device))
        task = self._task(latent, _size(whole))
        settings = replace(self.job.settings, noise_seed=self.job.noise_seed(drawn))
        edited = difference_path(self._parts.denoiser, task, self._schedule, settings)
        result, returned = (
            self._parts.decode_latent(one).cpu()[..., :height, :width] for one in (edited, latent)
        )
        radius = radius_for(self._encoder.stride)
        config = DetailConfig(radius=radius, drawn=self.job.sizes.drawn)
        return restored_at_own_size(result, picture, returned, config)

    def _whole(self, picture: Tensor) -> Tensor:
        """In whole latents, and enough of them for the network."""
        return padded(picture, self._encoder.stride)

    def _task(self, latent: Tensor, size: tuple[int, int]) -> Task:
        source, target, negative = self._prompts(size)
        return Task(
            latent=latent,
            source=source,
            target=Prompt(target, negative=negative, scale=self.job.settings.guidance),
            look=self._look.to(latent),
            eta=None if self._eta is None else self._eta.to(latent),
            regional=self._regional(latent, negative),
            exemplars=None if self._exemplars is None else self._exemplars.to(latent),
        )

    def _encoded(self, size: tuple[int, int]) -> tuple[Conditioning, ...]:
        texts = self.job.prompt, self.job.target, self.job.negative
        return tuple(self._parts.encode_prompt(one, *size) for one in texts)

    def _regional(self, latent: Tensor, prompt: Conditioning) -> RegionalLook | None:
        if not self.job.sizes.regions or self._places is None:
            return None
        own = read_features(self._parts.denoiser, latent, prompt).cpu().float()
        latents = self._encoder.scaled(self._places.latents)
        sizes = _size(latent), _size(latents)
        config = FindConfig(count=self.job.sizes.regions)
        return regional_look(found_regions(own, self._places.features, *sizes, config), latents)


def check_regions(count: int, kept: KeptLook) -> None:
    """So many regions can be found with this look."""
    if count == 1:
        raise ValueError("regions is 1, but must be 0 or at least 2: one region is the picture.")
    if count and kept.places is None:
        raise ValueError(
            f"regions is {count}, but the look was kept without the features that they are found "
            f"by: make it again with them, or leave regions at 0."
        )


def model_mark(parts: PipelineParts) -> str:
    """What tells a pipeline's weights and noise levels from others."""
    networks = [one for one in parts.pipeline.components.values() if isinstance(one, Module)]
    return mark_of(*networks, parts.sigma_table, parts.denoiser.prediction_type)


def _size(values: Tensor) -> tuple[int, int]:
    return values.shape[-2], values.shape[-1]
