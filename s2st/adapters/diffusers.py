"""Stable Diffusion 1.x, 2.x and XL pipelines of diffusers, made to fit the contract.

The only file of `s2st` that imports diffusers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL, DiffusionPipeline, UNet2DConditionModel
from torch import Tensor

from ..model.contract import Conditioning
from ..model.parameterization import denoised_from_eps, denoised_from_v, to_variance_preserving
from ..model.schedule import sigmas_of_alphas


class DiffusersDenoiser:
    """A UNet2DConditionModel that predicts eps or v, seen as D(x, sigma, c)."""

    def __init__(
        self, unet: UNet2DConditionModel, alphas_cumprod: Tensor, prediction_type: str
    ) -> None:
        if prediction_type not in ("epsilon", "v_prediction"):
            raise ValueError(
                f"The prediction type is {prediction_type!r}, but must be 'epsilon' or "
                f"'v_prediction': other models have no adapter yet."
            )
        if unet.config.in_channels != unet.config.out_channels:
            raise ValueError(
                f"The UNet reads {unet.config.in_channels} channels and predicts "
                f"{unet.config.out_channels}, but both must be equal: inpainting and edit models "
                f"need extra latents, so use the plain model they were made from."
            )
        self.unet = unet
        self.prediction_type = prediction_type
        self.sigma_table = sigmas_of_alphas(alphas_cumprod)

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        prediction = self._predicted(to_variance_preserving(x, sigma), sigma, conditioning)
        if self.prediction_type == "epsilon":
            return denoised_from_eps(x, prediction.to(x.dtype), sigma)
        return denoised_from_v(x, prediction.to(x.dtype), sigma)

    def _predicted(self, z: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        dtype, batch = self.unet.dtype, len(z)
        timestep = int((self.sigma_table.log() - torch.tensor(sigma).log()).abs().argmin())
        extra = conditioning.extra or {}
        added = {name: _expanded(one, batch, dtype) for name, one in extra.items()}
        return self.unet(
            z.to(dtype),
            timestep,
            encoder_hidden_states=_expanded(conditioning.embedding, batch, dtype),
            added_cond_kwargs=added or None,
        ).sample


def _expanded(one: Tensor, batch: int, dtype: torch.dtype) -> Tensor:
    return one.to(dtype).expand(batch, *one.shape[1:])


@dataclass(frozen=True)
class PipelineParts:
    """The parts of a Stable Diffusion pipeline that S2ST works with."""

    pipeline: DiffusionPipeline
    denoiser: DiffusersDenoiser

    @classmethod
    def of(cls, pipeline: DiffusionPipeline) -> PipelineParts:
        scheduler = pipeline.scheduler
        kind = scheduler.config.prediction_type
        return cls(pipeline, DiffusersDenoiser(pipeline.unet, scheduler.alphas_cumprod, kind))

    @property
    def sigma_table(self) -> Tensor:
        return self.denoiser.sigma_table

    @torch.no_grad()
    def encode_prompt(self, text: str, height: int = 1024, width: int = 1024) -> Conditioning:
        """A prompt as conditioning; XL also wants to know the picture's size."""
        unet, device = self.pipeline.unet, self.pipeline.unet.device
        encoded = self.pipeline.encode_prompt(
            text, device=device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        extra: Mapping[str, Tensor] | None = None
        if unet.config.addition_embed_type == "text_time":
            sizes = torch.tensor([[height, width, 0, 0, height, width]], device=device)
            extra = {"text_embeds": encoded[2], "time_ids": sizes}
        return Conditioning(encoded[0].float(), extra)

    @torch.no_grad()
    def encode_image(self, image: Tensor) -> Tensor:
        """Latents of images [B, 3, H, W] in 0..1: the posterior mean, scaled, in float32."""
        vae = self.pipeline.vae
        check_image_size(image, self.pipeline.vae_scale_factor)
        posterior = vae.encode((image * 2 - 1).to(vae.device, vae.dtype)).latent_dist
        return scaled_latent(vae, posterior.mode())

    @torch.no_grad()
    def decode_latent(self, latent: Tensor) -> Tensor:
        """Images [B, 3, H, W] in 0..1."""
        vae = self.pipeline.vae
        shift = vae.config.shift_factor or 0.0
        raw = latent / vae.config.scaling_factor + shift
        return (vae.decode(raw.to(vae.dtype)).sample.float() / 2 + 0.5).clamp(0, 1)


def scaled_latent(vae: AutoencoderKL, raw: Tensor) -> Tensor:
    """What the diffusion model works on: (raw - shift) * scale."""
    shift = vae.config.shift_factor or 0.0
    return (raw.float() - shift) * vae.config.scaling_factor


def check_image_size(image: Tensor, stride: int) -> None:
    height, width = image.shape[-2:]
    if height % stride or width % stride:
        raise ValueError(
            f"The image is {width} x {height}, but both sides must be multiples of {stride}: "
            f"pad or crop it."
        )
