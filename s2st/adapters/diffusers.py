"""Stable Diffusion 1.x, 2.x and XL pipelines of diffusers, made to fit the contract.

Their UNets may predict eps, v or a flow's velocity; transformers have no adapter yet.

The only file of `s2st` that imports diffusers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.pipelines.stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from safetensors import safe_open
from torch import Tensor
from torch.func import functional_call

from ..model.contract import Conditioning, Joint, Made, Query
from ..model.features import UPSAMPLINGS
from ..model.parameterization import (
    denoised_from_eps,
    denoised_from_flow,
    denoised_from_v,
    finite_times,
    to_flow,
    to_variance_preserving,
)
from ..model.schedule import sigmas_of_alphas


@dataclass(frozen=True)
class Parameterization:
    """What a network reads and predicts: between x with its clean estimate and the network."""

    prediction_type: str
    sigma_table: Tensor  # of every training timestep, ascending
    timesteps: Tensor  # what the network is told of each
    read: Callable[[Tensor, float], Tensor]  # (x, sigma) -> what the network reads
    denoised: Callable[[Tensor, Tensor, float], Tensor]  # (x, prediction, sigma) -> D

    @classmethod
    def of(cls, scheduler: Any) -> Parameterization:
        """As a pipeline's scheduler tells it."""
        if isinstance(scheduler, FlowMatchEulerDiscreteScheduler):
            times = finite_times(scheduler.sigmas)
            told = times * scheduler.config["num_train_timesteps"]
            return cls("flow", times / (1 - times), told, to_flow, denoised_from_flow)
        if not hasattr(scheduler, "alphas_cumprod"):
            raise ValueError(
                f"The pipeline's scheduler is a {type(scheduler).__name__}, but must have the "
                f"alphas_cumprod of Stable Diffusion 1.x, 2.x or XL, or be a "
                f"FlowMatchEulerDiscreteScheduler."
            )
        kind = scheduler.config["prediction_type"]
        if kind not in _DENOISED:
            raise ValueError(
                f"The prediction type is {kind!r}, but must be 'epsilon' or 'v_prediction': other "
                f"models have no adapter yet."
            )
        table = sigmas_of_alphas(scheduler.alphas_cumprod)
        told = torch.arange(len(table))
        return cls(kind, table, told, to_variance_preserving, _DENOISED[kind])


_DENOISED = {"epsilon": denoised_from_eps, "v_prediction": denoised_from_v}


class DiffusersDenoiser(Joint):
    """A UNet2DConditionModel seen as D(x, sigma, c)."""

    def __init__(self, unet: UNet2DConditionModel, parameterization: Parameterization) -> None:
        read, predicted = unet.config["in_channels"], unet.config["out_channels"]
        if read != predicted:
            raise ValueError(
                f"The UNet reads {read} channels and predicts {predicted}, but both must be "
                f"equal: inpainting and edit models need extra latents, so use the plain model "
                f"they were made from."
            )
        self.unet = unet
        self.prediction_type = parameterization.prediction_type
        self._parameterization = parameterization
        self.sigma_table = parameterization.sigma_table

    def denoise_all(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        """One call of the UNet for all queries whose prompts have the same shape."""
        if len({_shapes_of(one) for one in queries}) == 1:
            return self._together(queries, sigma)
        return [self._together([one], sigma)[0] for one in queries]

    def features(self, x: Tensor, sigma: float, conditioning: Conditioning, made: Made) -> Tensor:
        """Of what leaves the block of the second upsampling (DIFT), or of the last of fewer."""
        found: list[Tensor] = []
        enlarging = [one for one in self.unet.up_blocks if one.upsamplers is not None]
        block = enlarging[:UPSAMPLINGS][-1]
        handle = block.register_forward_hook(lambda _, __, output: found.append(output))
        try:
            self.denoise(x, sigma, conditioning)
        finally:
            handle.remove()
        return made(found[0].to(x.dtype))

    def _together(self, queries: Sequence[Query], sigma: float) -> list[Tensor]:
        x = torch.cat([one.x for one in queries])
        read = self._parameterization.read(x, sigma)
        prediction = self._predicted(read, sigma, queries).to(x.dtype)
        denoised = self._parameterization.denoised(x, prediction, sigma)
        return list(denoised.split([len(one.x) for one in queries]))

    def _predicted(self, z: Tensor, sigma: float, queries: Sequence[Query]) -> Tensor:
        z = z.to(self.unet.dtype)
        nearest = int((self.sigma_table.log() - torch.tensor(sigma).log()).abs().argmin())
        timestep = self._parameterization.timesteps[nearest].to(z.device)

        def joined(parts: list[Tensor]) -> Tensor:
            pairs = zip(parts, queries, strict=True)
            return torch.cat([_expanded(part, len(one.x)) for part, one in pairs]).to(z)

        extras = [_extra(one.conditioning) for one in queries]
        added = {name: joined([one[name] for one in extras]) for name in extras[0]}
        return self.unet(
            z,
            timestep,
            encoder_hidden_states=joined([one.conditioning.embedding for one in queries]),
            added_cond_kwargs=added or None,
        ).sample


def _extra(conditioning: Conditioning) -> Mapping[str, Tensor]:
    """What XL reads beside the text, by diffusers' names for it."""
    return conditioning.extra or {}


def _expanded(one: Tensor, batch: int) -> Tensor:
    return one.expand(batch, *one.shape[1:])


def _shapes_of(query: Query) -> tuple[Hashable, ...]:
    """What must be equal, beside the batch, for queries to share one call."""
    extra = _extra(query.conditioning)
    return (
        query.x.shape[1:],
        query.conditioning.embedding.shape[1:],
        frozenset((name, one.shape[1:]) for name, one in extra.items()),
    )


BiasOf = Callable[[Tensor, Tensor, int, Tensor], Tensor | None]


@contextmanager
def attention_bias(unet: UNet2DConditionModel, bias_of: BiasOf) -> Iterator[None]:
    """Inside, what `bias_of` answers is added to the scores of every attention.

    It is given queries and keys [B, tokens, heads x width], the heads and what is attended to [B,
    tokens, width], words or the places themselves, and answers [B, queries, keys] or None.
    """
    blocks = [one for one in unet.modules() if isinstance(one, Attention)]
    before = [block.processor for block in blocks]
    for block in blocks:
        block.processor = _Biased(block.processor, bias_of)  # type: ignore[assignment]
    try:
        yield
    finally:
        for block, processor in zip(blocks, before, strict=True):
            block.processor = processor


@dataclass(frozen=True)
class _Biased:
    processor: Any
    bias_of: BiasOf

    def __call__(
        self,
        block: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        **rest: Any,
    ) -> Tensor:
        known = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key = block.to_q(hidden_states), block.to_k(known)
        bias = self.bias_of(query, key, block.heads, known)
        given = {**rest, "encoder_hidden_states": encoder_hidden_states}
        if bias is not None:
            given["attention_mask"] = bias
        return self.processor(block, hidden_states, **given)


@dataclass(frozen=True)
class PipelineParts:
    """The parts of a Stable Diffusion pipeline that S2ST works with."""

    pipeline: DiffusionPipeline
    denoiser: DiffusersDenoiser

    @classmethod
    def of(cls, pipeline: DiffusionPipeline, *, recompute: bool = True) -> PipelineParts:
        """Its networks are frozen; backward passes compute the UNet's blocks again.

        Without `recompute` they keep them: faster by a forward pass, for several times the memory.
        """
        read = Parameterization.of(pipeline.scheduler)
        parts = cls(pipeline, DiffusersDenoiser(pipeline.unet, read))
        for network in pipeline.components.values():
            if isinstance(network, torch.nn.Module):
                network.requires_grad_(False)
        if recompute:
            pipeline.unet.enable_gradient_checkpointing()
        else:
            pipeline.unet.disable_gradient_checkpointing()
        return parts

    @property
    def sigma_table(self) -> Tensor:
        return self.denoiser.sigma_table

    @property
    def device(self) -> torch.device:
        """Where the networks run, which for an offloaded pipeline is not where they lie."""
        return self.pipeline._execution_device

    @torch.no_grad()
    def encode_prompt(self, text: str, height: int = 1024, width: int = 1024) -> Conditioning:
        """A prompt as conditioning; XL also wants to know the picture's size."""
        encoded = self.pipeline.encode_prompt(
            text, device=self.device, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        extra: Mapping[str, Tensor] | None = None
        if self.pipeline.unet.config.addition_embed_type == "text_time":
            sizes = torch.tensor([[height, width, 0, 0, height, width]], device=self.device)
            extra = {"text_embeds": encoded[2], "time_ids": sizes}
        return Conditioning(encoded[0].float(), extra)

    @property
    def autoencoder(self) -> DiffusersAutoencoder:
        return DiffusersAutoencoder(self.pipeline)

    @torch.no_grad()
    def encode_image(self, image: Tensor) -> Tensor:
        """Latents of images [B, 3, H, W] in 0..1: the posterior mean, scaled, in float32."""
        return self.autoencoder.encode(image)

    @torch.no_grad()
    def decode_latent(self, latent: Tensor) -> Tensor:
        """Images [B, 3, H, W] in 0..1."""
        return self.autoencoder.decode(latent).clamp(0, 1)


@dataclass(frozen=True)
class DiffusersAutoencoder:
    """A pipeline's AutoencoderKL, seen as s2st's; `decode` can be gone back through."""

    pipeline: DiffusionPipeline

    @property
    def stride(self) -> int:
        return int(self.pipeline.vae_scale_factor)

    @property
    def device(self) -> torch.device:
        return self.pipeline._execution_device

    def encode(self, pictures: Tensor) -> Tensor:
        return self.scaled(self.encode_raw(pictures))

    def encode_raw(self, pictures: Tensor) -> Tensor:
        """Latents that are not scaled for the diffusion model yet."""
        vae = self.pipeline.vae
        check_image_size(pictures, self.stride)
        with precise(vae) as dtype:
            posterior = vae.encode((pictures * 2 - 1).to(self.device, dtype)).latent_dist
        raw = posterior.mode().float()
        check_finite("The encoded latent", raw, dtype)
        return raw

    def scaled(self, raw: Tensor) -> Tensor:
        """What the diffusion model works on."""
        return scaled_latent(self.pipeline.vae, raw)

    def decode(self, latents: Tensor) -> Tensor:
        vae = self.pipeline.vae
        raw = latents / vae.config["scaling_factor"] + (vae.config["shift_factor"] or 0.0)
        if torch.is_grad_enabled() and needs_upcast(vae):
            picture, dtype = decoded_by_copies(vae, raw.to(self.device)), torch.float32
        else:
            with precise(vae) as dtype:
                picture = vae.decode(raw.to(self.device, dtype)).sample.float()
        check_finite("The decoded picture", picture, dtype)
        return picture / 2 + 0.5


def load_pipeline(folder: Path) -> DiffusionPipeline:
    """A pipeline out of a folder in diffusers' form; nothing is downloaded."""
    if not (folder / "model_index.json").is_file():
        raise ValueError(
            f"{folder} has no model_index.json, but a folder in diffusers' form is needed: save "
            f"the model there with diffusers' save_pretrained."
        )
    return DiffusionPipeline.from_pretrained(folder, use_safetensors=True, local_files_only=True)


def load_checkpoint(file: Path, config: Path | None = None) -> DiffusionPipeline:
    """A pipeline out of one checkpoint file; nothing is downloaded.

    How a network of its family is built and how its words are cut stands in `config`, a folder in
    diffusers' form, or in what diffusers has kept of that family from before.
    """
    if file.suffix != ".safetensors":
        raise ValueError(f"{file} is no .safetensors file, but other checkpoints may hold code.")
    with safe_open(file, framework="pt", device="cpu") as opened:
        is_large = any(name.startswith("conditioner.embedders.1.") for name in opened.keys())
    kind = StableDiffusionXLPipeline if is_large else StableDiffusionPipeline
    given = {} if config is None else {"config": str(config)}
    try:
        return kind.from_single_file(str(file), local_files_only=True, **given)
    except OSError as error:
        raise ValueError(
            f"{file.name} does not say how its networks are built, and nothing of its family is "
            f"kept here: name a folder in diffusers' form of the same family as config."
        ) from error


@contextmanager
def precise(vae: AutoencoderKL) -> Iterator[torch.dtype]:
    """The VAE in float32 where its config says so: XL's overflows in float16."""
    own = vae.dtype
    if not needs_upcast(vae):
        yield own
        return
    # torch's own `to`: diffusers' warns at every cast, of modules that an AutoencoderKL has not.
    torch.nn.Module.to(vae, torch.float32)
    try:
        yield torch.float32
    finally:
        torch.nn.Module.to(vae, own)


def needs_upcast(vae: AutoencoderKL) -> bool:
    return vae.dtype.itemsize <= 2 and bool(vae.config["force_upcast"])


def decoded_by_copies(vae: AutoencoderKL, raw: Tensor) -> Tensor:
    """Decoded in float32 by copies of the weights, which a graph can keep: `precise` takes its
    own away again before a backward pass would read them.
    """
    for network in (vae.post_quant_conv, vae.decoder):
        if network is not None:
            copies = {name: one.float() for name, one in network.named_parameters()}
            raw = functional_call(network, copies, (raw.float(),))
    return raw


def check_finite(name: str, values: Tensor, dtype: torch.dtype) -> None:
    if not torch.isfinite(values).all():
        raise ValueError(
            f"{name} has values that are NaN or infinite, with a VAE in {dtype}, but all must be "
            f"finite: load the VAE in float32, or look for such values in what it was given."
        )


def scaled_latent(vae: AutoencoderKL, raw: Tensor) -> Tensor:
    """What the diffusion model works on: (raw - shift) * scale."""
    return (raw.float() - (vae.config["shift_factor"] or 0.0)) * vae.config["scaling_factor"]


def check_image_size(image: Tensor, stride: int) -> None:
    height, width = image.shape[-2:]
    if height % stride or width % stride:
        raise ValueError(
            f"The image is {width} x {height}, but both sides must be multiples of {stride}: "
            f"pad or crop it."
        )
