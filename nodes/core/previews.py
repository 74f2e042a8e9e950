"""How latents look as colours, for the live preview: a straight line through known pictures."""

from __future__ import annotations

import comfy.latent_formats
import torch
import torch.nn.functional as F
from torch import Tensor

Colours = tuple[list[list[float]], list[float]]  # what each channel adds, and where they begin


def fitted_colours(latents: Tensor, pictures: Tensor) -> Colours:
    """How each channel of latents adds to red, green and blue: least squares over pictures
    [B, 3, H, W] in 0..1.
    """
    small = F.interpolate(pictures, size=latents.shape[-2:], mode="area")
    known = F.pad(latents.movedim(1, -1).reshape(-1, latents.shape[1]), (0, 1), value=1.0)
    wanted = small.movedim(1, -1).reshape(-1, 3) * 2 - 1
    found = torch.linalg.lstsq(known, wanted).solution
    return found[:-1].tolist(), found[-1].tolist()


def latent_format(scale: float, colours: Colours):
    """Latents of an autoencoder of ours: their scale, and how they look as colours."""
    form = comfy.latent_formats.LatentFormat()
    form.scale_factor, form.latent_channels = scale, len(colours[0])
    form.latent_rgb_factors, form.latent_rgb_factors_bias = colours
    return form
