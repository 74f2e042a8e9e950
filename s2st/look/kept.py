"""A look, kept: a target domain computed once, in a file that nodes, commands and workers share.

Latents in it are as the autoencoder makes them, before any model scales them, so that one file
serves ComfyUI and diffusers alike. Which autoencoder that was, a probe tells: its latents of a
picture that is always the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..kit.settings import Settings, choice, number
from ..kit.storage import damage_told, read_file, write_file
from ..kit.version import VERSION
from ..model.autoencoder import padded
from ..model.checks import check_finite
from .correlation import CorrelationFactor
from .distributions import Distance
from .look import Look, look_of

KIND = "look"
SUFFIX = ".look.safetensors"
MOST_REFERENCES = 1000
SHOWN = 64  # references at most with a thumbnail, or with features
THUMBNAIL = 128  # pixels along either side
CELLS, PLACES = 32, 64  # along a side: of kept features, and of the latents they belong to
PROBE = 64  # pixels along the side of the picture that tells autoencoders apart
SAME = 0.1  # of the probe's spread: half precision stays far below, another autoencoder far above


class Encoder(Protocol):
    """Pictures [1, 3, H, W] in 0..1 into latents that no model has scaled yet."""

    @property
    def stride(self) -> int: ...

    def encode_raw(self, pictures: Tensor) -> Tensor: ...


class Pictures(Protocol):
    """References [1, 3, H, W] in 0..1 of any size, of which one is in memory at a time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Tensor]: ...


@dataclass(frozen=True, kw_only=True)
class LookConfig(Settings):
    megapixels: float = number(
        1.0, 0.01, 64.0, "Larger references are shrunk to so many before they are encoded."
    )
    features: bool = choice(
        True, "Whether the model's features are kept too, by which places find their like."
    )


@dataclass(frozen=True)
class Places:
    """What places of a picture find their like by, of some references, at one size."""

    features: Tensor  # [N, F, h, w]
    latents: Tensor  # [N, C, H, W]

    def __post_init__(self) -> None:
        for name, values in (("features", self.features), ("latents", self.latents)):
            if values.ndim != 4 or len(values) != len(self.latents):
                raise ValueError(
                    f"The look's {name} have shape {tuple(values.shape)}, but must be "
                    f"[references, channels, height, width], as many as latents."
                )
            check_finite(f"The look's {name}", values)


@dataclass(frozen=True, kw_only=True)
class KeptLook:
    """A target domain, with what else belongs to it; all but the first two may be left out."""

    quantiles: Tensor  # [M, C, K], each reference's own distribution
    probe: Tensor  # [1, C, h, w], the autoencoder's latents of the probe
    correlation: CorrelationFactor | None = None
    places: Places | None = None
    thumbnails: Tensor | None = None  # [N, 3, THUMBNAIL, THUMBNAIL] in 0..1
    prompt: str = ""  # what pictures of the domain show
    settings: Mapping[str, Any] = field(default_factory=dict)  # that were found to suit it
    made: Mapping[str, Any] = field(default_factory=dict)  # when and of what

    def __post_init__(self) -> None:
        if self.quantiles.ndim != 3 or self.quantiles.numel() == 0:
            raise ValueError(
                f"The look's quantiles have shape {tuple(self.quantiles.shape)}, but must be "
                f"[references, channels, values], at least 1 of each."
            )
        check_finite("The look's quantiles", self.quantiles)
        channels = self.quantiles.shape[1]
        fits = [self.probe.ndim == 4 and self.probe.shape[1] == channels]
        if self.correlation is not None:
            fits.append(len(self.correlation.eta) == channels)
        if self.places is not None:
            fits.append(self.places.latents.shape[1] == channels)
        if self.thumbnails is not None:
            fits.append(self.thumbnails.ndim == 4 and self.thumbnails.shape[1] == 3)
        if not all(fits):
            raise ValueError(f"The look's parts are not all of its {channels} channels.")

    def __len__(self) -> int:
        return len(self.quantiles)

    @property
    def channels(self) -> int:
        return self.quantiles.shape[1]

    def look(self, scaled: Callable[[Tensor], Tensor] = lambda raw: raw) -> Look:
        """For a model: `scaled` makes its latents of what the autoencoder gives."""
        return look_of(scaled(self.quantiles[:, :, None]))

    @torch.no_grad()
    def check_made_by(self, encoder: Encoder) -> None:
        """Refuse the look of another autoencoder, by what this one makes of the probe."""
        own = encoder.encode_raw(probe()).detach().to(self.probe)
        if own.shape[1] != self.channels:
            raise ValueError(
                f"The look has {self.channels} channels, but this VAE makes {own.shape[1]}: make "
                f"the look again with this VAE."
            )
        same = own.shape == self.probe.shape
        apart = (own - self.probe).square().mean().sqrt() / self.probe.std() if same else math.inf
        if not float(apart) <= SAME:
            raise ValueError(
                f"The look was made by another VAE, whose latents of one picture are "
                f"{float(apart):.2g} of their spread away from this one's, but at most {SAME:g} is "
                f"taken for rounding: make the look again with this VAE."
            )

    def save(self, path: Path | str) -> None:
        tensors = {"quantiles": self.quantiles, "probe": self.probe}
        facts: dict[str, object] = {
            "prompt": self.prompt,
            "settings": dict(self.settings),
            "made": {"s2st": VERSION, **self.made},
        }
        if self.correlation is not None:
            found = self.correlation
            facts["correlation"] = {
                "distance": found.distance.value,
                "sharpness": found.sharpness,
            }
            tensors |= {"eta": found.eta, "between": found.between, "within": found.within}
        if self.places is not None:
            tensors |= {"features": self.places.features.half(), "latents": self.places.latents}
        if self.thumbnails is not None:
            tensors["thumbnails"] = (self.thumbnails * 255).round().to(torch.uint8)
        write_file(Path(path), KIND, tensors, facts)

    @classmethod
    def load(cls, path: Path | str) -> KeptLook:
        path = Path(path)
        tensors, facts = read_file(path, KIND, ("quantiles", "probe"))
        with damage_told(path, KIND):
            return cls._of(tensors, facts)

    @classmethod
    def _of(cls, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> KeptLook:
        correlation = places = thumbnails = None
        if "correlation" in facts:
            kept = facts["correlation"]
            values = tensors["eta"], tensors["between"], tensors["within"]
            how = Distance(kept["distance"]), float(kept["sharpness"])
            correlation = CorrelationFactor(*values, *how)
        if "features" in tensors:
            places = Places(tensors["features"].float(), tensors["latents"])
        if "thumbnails" in tensors:
            thumbnails = tensors["thumbnails"].float() / 255
        return cls(
            quantiles=tensors["quantiles"],
            probe=tensors["probe"],
            correlation=correlation,
            places=places,
            thumbnails=thumbnails,
            prompt=str(facts["prompt"]),
            settings=dict(facts["settings"]),
            made=dict(facts["made"]),
        )


@torch.no_grad()
def kept_look(
    pictures: Pictures,
    encoder: Encoder,
    config: LookConfig | None = None,
    *,
    features: Callable[[Tensor], Tensor] | None = None,
    prompt: str = "",
    made: Mapping[str, Any] | None = None,
    on_picture: Callable[[int], None] = lambda done: None,
) -> KeptLook:
    """From 1 to 1000 references, encoded one at a time; nothing of a picture's size is kept.

    `features` reads the model's of raw latents [1, C, H, W]; without a model none are kept.
    """
    config, count = config or LookConfig(), len(pictures)
    if not 1 <= count <= MOST_REFERENCES:
        raise ValueError(
            f"The look is to be made of {count} pictures, but 1 to {MOST_REFERENCES:,} can be "
            f"taken: choose some that show the domain well."
        )
    shown = {count * number // min(count, SHOWN) for number in range(min(count, SHOWN))}
    quantiles: list[Tensor] = []
    thumbnails: list[Tensor] = []
    read: list[Tensor] = []
    latents: list[Tensor] = []
    sizes: dict[str, int] = {}
    for place, picture in enumerate(pictures):
        size = f"{picture.shape[-1]}x{picture.shape[-2]}"
        sizes[size] = sizes.get(size, 0) + 1
        latent = _encoded(at_most(picture, config.megapixels), encoder)
        quantiles.append(look_of(latent).quantiles)
        if place in shown:
            thumbnails.append(_square(picture))
        if config.features and features is not None and place in shown:
            read.append(F.adaptive_avg_pool2d(features(latent).cpu().float(), CELLS))
            latents.append(F.interpolate(latent, size=(PLACES, PLACES), mode="nearest"))
        on_picture(place + 1)
    return KeptLook(
        quantiles=torch.cat(quantiles),
        probe=encoder.encode_raw(probe()).detach().cpu().float(),
        places=Places(torch.cat(read), torch.cat(latents)) if read else None,
        thumbnails=torch.cat(thumbnails),
        prompt=prompt,
        made={"count": count, "sizes": sizes, "megapixels": config.megapixels, **(made or {})},
    )


def at_most(picture: Tensor, megapixels: float) -> Tensor:
    """A picture [1, 3, H, W], shrunk where it is larger."""
    height, width = picture.shape[-2:]
    shrink = math.sqrt(megapixels * 1e6 / (height * width))
    if shrink >= 1:
        return picture
    size = (max(1, int(height * shrink)), max(1, int(width * shrink)))
    return F.interpolate(picture, size=size, mode="bilinear", antialias=True)


def probe() -> Tensor:
    """The picture [1, 3, 64, 64] by which autoencoders are told apart: waves of colour."""
    steps = torch.arange(PROBE, dtype=torch.float64) / PROBE
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    waves = [
        torch.sin(2 * math.pi * (one * down + other * across + one * other * down * across))
        for one, other in ((1, 2), (3, 1), (2, 4))
    ]
    return (0.5 + 0.5 * torch.stack(waves))[None].float()


def _encoded(picture: Tensor, encoder: Encoder) -> Tensor:
    latent = encoder.encode_raw(padded(picture, encoder.stride))
    return latent.detach().to("cpu", torch.float32)


def _square(picture: Tensor) -> Tensor:
    """A thumbnail: the middle, as large as the shorter side."""
    height, width = picture.shape[-2:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = picture[..., top : top + side, left : left + side].cpu().float()
    size = (THUMBNAIL, THUMBNAIL)
    return F.interpolate(middle, size=size, mode="bilinear", antialias=True).clamp(0, 1)
