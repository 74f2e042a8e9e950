"""What a node was given, as s2st's task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ...s2st import CorrelationFactor, RegionalLook, Regions, Task, regional_look
from ...s2st.look.regions import check_regional
from .domain import Domain, domain_of, region_latents
from .layout import PictureSize, mask_for_latent
from .prompts import check_prompt_fits
from .run import Stage

PROMPTS = {"source": "source prompt", "positive": "target prompt", "negative": "negative prompt"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The inputs that make a task, checked against the model before any work begins."""

    latent: Tensor  # the source, in the model's own space, on the CPU
    picture: PictureSize | None  # its size before it was padded
    prompts: Mapping[str, list]  # by the names of PROMPTS
    scale: float
    domain: Domain | None = None
    correlation: CorrelationFactor | None = None
    mask: Tensor | None = None
    regional: RegionalLook | None = None

    @classmethod
    def of(cls, model, given: Mapping, latent: Tensor, picture: PictureSize | None) -> Asked:
        """From a node's own inputs, called alike in all of them."""
        prompts = {name: given[name] for name in PROMPTS if name in given}
        for name, conditioning in prompts.items():
            check_prompt_fits(model, conditioning, PROMPTS[name], len(latent))
        domain = given.get("target_domain")
        if domain is not None:
            domain = domain_of(model, domain, "The target domain")
        return cls(
            latent=latent,
            picture=picture,
            prompts=prompts,
            scale=given["cfg"],
            domain=domain,
            correlation=given.get("correlation"),
            mask=given.get("mask"),
            regional=_regional(given.get("regions"), latent, domain),
        )

    def task(self, stage: Stage) -> Task:
        """On the device of a stage, in tensors of its own."""
        latent = self.latent.to(stage.device)
        return Task(
            latent=latent,
            source=stage.prompts.get("source"),
            target=stage.target(self.scale),
            look=None if self.domain is None else self.domain.look,
            eta=self._eta(latent),
            mask=self._mask(latent),
            regional=self.regional,
        )

    def _eta(self, latent: Tensor) -> Tensor | None:
        """Those that are connected, else those that were kept with the look."""
        if self.correlation is not None:
            return self.correlation.eta.clone().to(latent)
        kept = None if self.domain is None else self.domain.eta
        return None if kept is None else kept.to(latent)

    def _mask(self, latent: Tensor) -> Tensor | None:
        if self.mask is None:
            return None
        batch, _, height, width = latent.shape
        return mask_for_latent(self.mask, batch, (height, width), self.picture).to(latent)


def _regional(
    regions: Regions | None, latent: Tensor, domain: Domain | None
) -> RegionalLook | None:
    """The target domain's look in each region, checked against the source."""
    if regions is None:
        return None
    if domain is None:
        raise ValueError(
            "Regions are connected without a target domain, but it is what their looks are taken "
            "from: connect the latents that S2ST Regions was given."
        )
    with torch.inference_mode(False):
        look = regional_look(regions, region_latents(domain))
    check_regional(look, latent)
    return look
