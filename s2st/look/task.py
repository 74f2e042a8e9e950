"""What is asked for: a picture, what it is and what it shall be. Every method takes the same."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..model.checks import check_channels, check_conditioning, check_latent
from ..model.contract import Conditioning
from ..model.guidance import Prompt, check_prompt
from .exemplars import Exemplars, check_exemplars
from .look import Look
from .mask import check_mask
from .regions import RegionalLook, check_regional


@dataclass(frozen=True, kw_only=True)
class Task:
    """Translate `latent`; checked as a whole when it is made."""

    latent: Tensor  # z*_0 of the source pictures, [B, C, H, W]
    target: Prompt  # c_trg, the null prompt and the guidance scale w
    source: Conditioning | None = None  # c_src; methods that start from a trajectory do without
    look: Look | None = None  # H^B; methods that can do without keep the structure alone
    eta: Tensor | None = None  # [C], how much each channel's look weighs; None is 1
    mask: Tensor | None = None  # [1 or B, 1, H, W]: 1 may change, 0 stays the source
    regional: RegionalLook | None = None  # asked for in the look's place, region by region
    exemplars: Exemplars | None = None  # whose places the source's are matched with

    def __post_init__(self) -> None:
        check_latent("The source latent", self.latent)
        batch, channels = self.latent.shape[:2]
        if self.source is not None:
            check_conditioning("The source prompt", self.source, batch)
        check_prompt("The target prompt", self.target, batch)
        if self.look is not None:
            check_channels("The look", self.look.channels, "the source latent", channels)
        if self.regional is not None:
            check_regional(self.regional, self.latent)
        if self.exemplars is not None:
            check_exemplars(self.exemplars, self.latent)
        if self.eta is not None:
            check_eta(self.eta, channels)
        if self.mask is not None:
            check_mask(self.mask, self.latent)

    @property
    def described(self) -> Conditioning:
        """The source prompt, or a ValueError where there is none."""
        if self.source is None:
            raise ValueError(
                "The task has no source prompt, but this method needs one: pass `source`, the "
                "conditioning that describes the picture as it is."
            )
        return self.source

    @property
    def asks_for_a_look(self) -> bool:
        return self.look is not None or self.regional is not None

    @property
    def example(self) -> Exemplars:
        """The exemplars, or a ValueError where there are none."""
        if self.exemplars is None:
            raise ValueError(
                "The task has no exemplars, but this method is led by them: pass "
                "exemplars_of(...) of one or more encoded pictures of the target domain."
            )
        return self.exemplars

    @property
    def changeable(self) -> Tensor | float:
        """How many values of each picture may change, [1 or B, 1, 1, 1] under a mask."""
        _, channels, height, width = self.latent.shape
        if self.mask is None:
            return float(channels * height * width)
        return channels * self.mask.to(self.latent).sum(dim=(1, 2, 3), keepdim=True)

    @property
    def wanted(self) -> Look:
        """The look, or a ValueError where there is none."""
        if self.look is None:
            raise ValueError(
                "The task has no look, but this method asks for one: pass look_of(...) of one or "
                "more encoded pictures of the target domain."
            )
        return self.look


def check_eta(eta: Tensor, channels: int) -> None:
    if eta.shape != (channels,):
        raise ValueError(
            f"eta has shape {tuple(eta.shape)}, but the latent has {channels} channels: "
            f"estimate the correlation factors with the same VAE."
        )
