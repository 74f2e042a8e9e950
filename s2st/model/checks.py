"""What public functions refuse, each in one sentence: the value, the limit and the fix."""

from __future__ import annotations

import torch
from torch import Tensor

from .contract import Conditioning


def check_latent(name: str, latent: Tensor) -> None:
    """A batch of latents is a finite [B, C, H, W] tensor in float32 or float64."""
    check_tensor(name, latent)
    if latent.ndim != 4:
        raise ValueError(
            f"{name} has {latent.ndim} dimensions {tuple(latent.shape)}, but a latent batch has 4, "
            f"[batch, channels, height, width]: add or drop a dimension."
        )
    if latent.numel() == 0:
        raise ValueError(
            f"{name} is empty {tuple(latent.shape)}, but at least 1 latent is needed: "
            f"pass one or more encoded images."
        )
    if latent.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"{name} is {latent.dtype}, but latents are optimised in float32 or float64: "
            f"convert with .float(); the model itself may stay in half precision."
        )
    check_finite(name, latent)


def check_tensor(name: str, value: Tensor) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} is a {type(value).__name__}, but a torch tensor is needed.")


def check_finite(name: str, value: Tensor) -> None:
    if not torch.isfinite(value).all():
        bad = int((~torch.isfinite(value)).sum())
        raise ValueError(
            f"{name} holds {bad} values that are NaN or infinite, but all must be finite: "
            f"encode the image again, in float32 if the VAE overflows in half precision."
        )


def check_channels(name: str, channels: int, other: str, expected: int) -> None:
    if channels != expected:
        raise ValueError(
            f"{name} has {channels} channels, but {other} has {expected}: "
            f"make both with the same VAE."
        )


def check_same_latent_shape(name: str, latent: Tensor, other: str, expected: Tensor) -> None:
    """Two latents that must match in batch, channels and size."""
    if latent.shape != expected.shape:
        raise ValueError(
            f"{name} has shape {tuple(latent.shape)}, but {other} has {tuple(expected.shape)}: "
            f"batch, channels and size must be equal, so make both from the same source images."
        )


def check_conditioning(name: str, conditioning: Conditioning, batch: int) -> None:
    """An embedding is a finite [1 or B, tokens, width] tensor."""
    if not isinstance(conditioning, Conditioning):
        raise ValueError(
            f"{name} is a {type(conditioning).__name__}, but a Conditioning is needed: "
            f"wrap the prompt's embedding in s2st.Conditioning."
        )
    embedding = conditioning.embedding
    check_tensor(f"{name}.embedding", embedding)
    if embedding.ndim != 3:
        raise ValueError(
            f"{name}.embedding has {embedding.ndim} dimensions {tuple(embedding.shape)}, "
            f"but needs 3, [batch, tokens, width]: add the batch dimension."
        )
    if embedding.shape[0] not in (1, batch):
        raise ValueError(
            f"{name}.embedding has batch {embedding.shape[0]}, but the latents have {batch}: "
            f"pass one embedding for all or one for each."
        )
    check_finite(f"{name}.embedding", embedding)
