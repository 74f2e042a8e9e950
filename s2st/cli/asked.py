"""What a command was asked to translate, and towards what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..look.exemplars import exemplars_of
from ..look.look import look_of
from ..look.task import Task
from ..model.guidance import Prompt

if TYPE_CHECKING:
    from ..adapters.diffusers import PipelineParts

AT_ONCE = 4  # pictures that go through the autoencoder together


@dataclass(frozen=True)
class Asked:
    """Pictures [B, 3, H, W] in 0..1 and texts."""

    source: Tensor
    references: Tensor
    prompt: str  # what the source shows
    target: str  # what it shall show
    negative: str = ""

    def task(self, parts: PipelineParts, scale: float = 1.0) -> Task:
        """The same for a model."""
        height, width = self.source.shape[-2:]
        texts = self.prompt, self.target, self.negative
        source, target, negative = (parts.encode_prompt(one, height, width) for one in texts)
        references = encoded(parts, self.references)
        return Task(
            latent=encoded(parts, self.source),
            source=source,
            target=Prompt(target, negative=negative, scale=scale),
            look=look_of(references),
            exemplars=exemplars_of(parts.denoiser, references, target),
        )


def encoded(parts: PipelineParts, pictures: Tensor) -> Tensor:
    """Latents of pictures, a few at a time."""
    some = (one.to(parts.device) for one in pictures.split(AT_ONCE))
    return torch.cat([parts.encode_image(one) for one in some])


def decoded(parts: PipelineParts, latents: Tensor) -> Tensor:
    """Pictures of latents on the CPU, a few at a time."""
    some = (one.to(parts.device) for one in latents.split(AT_ONCE))
    return torch.cat([parts.decode_latent(one).cpu() for one in some])
