"""A VAE of ComfyUI's as s2st's Autoencoder, gone back through while a model is loaded beside it."""

from __future__ import annotations

import math
from collections.abc import Callable

import comfy.model_management
import comfy.patcher_extension
import torch
from torch import Tensor

from ...s2st.model.autoencoder import OVERLAP, TILE, Tiled, recomputed
from .backward import without_fused_kernels
from .differentiable import NormalTensors
from .facts import check_there, model_facts
from .layout import to_image
from .progress import stop_if_interrupted
from .units import to_model_space

# Memory of a decoder's graph, in decodings as the core estimates them: 2.7 that autograd keeps on
# the layout of Stable Diffusion's, in half and in full precision, and a little for the way back.
GRAPH = 3.0
SPARE = 1.2
MOST_AT_ONCE = 8  # pictures through a VAE: more gain nothing
SMALL_TILE, SMALL_OVERLAP = 32, 8  # where a tile of the usual size does not fit either


class ComfyAutoencoder:
    """s2st's Autoencoder on a VAE and the model whose latents it makes."""

    def __init__(self, vae, patcher) -> None:
        self._vae, self._model, self._mode = vae, patcher.model, NormalTensors()
        self._patcher = patcher
        self._free: float | None = None
        low, middle = (float(vae.process_output(torch.tensor(at))) for at in (0.0, 0.5))
        self._scale, self._offset = (middle - low) / 0.5, low  # within the range it clamps to

    @property
    def stride(self) -> int:
        return int(self._vae.spacial_compression_decode())

    def encode(self, pictures: Tensor) -> Tensor:
        return to_model_space(self._patcher, encoded_whole(self._vae, pictures.cpu()))

    def decode(self, latents: Tensor) -> Tensor:
        """Pictures on the latents' device; in parts, each computed again, where memory is short."""
        if not torch.is_grad_enabled():
            return self._whole(latents)
        if self._free is None:  # at first, so that runs repeat exactly
            self._free = comfy.model_management.get_free_memory(self._vae.device)
        if self._needs(len(latents), latents) <= self._free:
            return self._whole(latents)
        plan = self._planned(latents, self._free)
        return torch.cat([plan.decode(one[None]) for one in latents])

    def _planned(self, latents: Tensor, free: float) -> Tiled:
        """Tiles as large as memory allows."""
        fits = self._needs(1, latents, TILE) <= free
        tile, overlap = (TILE, OVERLAP) if fits else (SMALL_TILE, SMALL_OVERLAP)
        return Tiled(_Recomputed(self), tile, overlap)

    def _needs(self, pictures: int, latents: Tensor, tile: int = 1 << 20) -> float:
        """Bytes for the graph of so many pictures, or of their tiles."""
        height, width = (min(side, tile) for side in latents.shape[-2:])
        return SPARE * graph_bytes(self._vae, (pictures, latents.shape[1], height, width))

    def _whole(self, latents: Tensor) -> Tensor:
        stop_if_interrupted()
        vae = self._vae
        with self._mode, without_fused_kernels():
            raw = self._model.process_latent_out(latents).to(vae.device, vae.vae_dtype)
            picture = vae.first_stage_model.decode(raw)
            picture = picture.to(latents.device, torch.float32)
        return picture * self._scale + self._offset


class _Recomputed:
    """The same, each call computed again in the backward pass."""

    def __init__(self, autoencoder: ComfyAutoencoder) -> None:
        self._autoencoder, self.stride = autoencoder, autoencoder.stride

    def encode(self, pictures: Tensor) -> Tensor:
        return self._autoencoder.encode(pictures)

    def decode(self, latents: Tensor) -> Tensor:
        return recomputed(self._autoencoder._whole, latents)


def encoding_stride(vae) -> int:
    """Pixels of a picture along one side of a latent's, where there is a VAE at all."""
    check_there("vae", vae)
    return int(vae.spacial_compression_encode())


def encoded_whole(vae, pictures: Tensor) -> Tensor:
    """Latents of pictures [B, 3, H, W], as the VAE makes them.

    In the core's own mode: where memory is short it goes on in tiles, which need it.
    """
    with torch.inference_mode():
        return _by_parts(lambda part: vae.encode(to_image(part)), pictures)


def decoded_whole(vae, latents: Tensor) -> Tensor:
    """Pictures [B, H, W, 3] of latents, as the VAE makes them."""
    return _by_parts(vae.decode, latents)


def _by_parts(made: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
    """A film needs no more room than a few pictures of it, and can be stopped between them."""
    parts = []
    for part in batch.split(MOST_AT_ONCE):
        stop_if_interrupted()
        parts.append(made(part))
    return torch.cat(parts)


def graph_bytes(vae, shape: tuple[int, ...]) -> float:
    return GRAPH * vae.memory_used_decode(shape, vae.vae_dtype)


def check_vae_fits(vae, patcher) -> None:
    """Refuse a VAE whose latents are not the model's, or not pictures'."""
    check_there("vae", vae)
    facts = model_facts(patcher)
    if vae.first_stage_model is None or getattr(vae, "latent_dim", 2) != 2:
        raise ValueError(
            f"The VAE does not decode single pictures, but the model ({facts.family}) works on "
            f"their latents: connect the VAE of the model's own checkpoint."
        )
    if vae.latent_channels != facts.channels:
        raise ValueError(
            f"The VAE decodes {vae.latent_channels} channels, but the model ({facts.family}) works "
            f"on {facts.channels}: connect the VAE of the model's own checkpoint."
        )


def loaded_with(patcher, vae, shape: tuple[int, ...]):
    """The model as a clone which the core loads together with this VAE, and room for a graph."""
    together = patcher.clone()
    together.set_additional_models("s2st_vae", [vae.patcher])
    height, width = (min(side, TILE) for side in shape[-2:])
    graph = graph_bytes(vae, (1, shape[1], height, width))

    def with_room(executor, model, noise_shape, conds, **options):
        one = max(1, model.model.memory_required([1, *noise_shape[1:]]))
        # The core asks for twice this, for both prompts.
        pictures = noise_shape[0] + math.ceil(graph / one / 2)
        return executor(model, [pictures, *noise_shape[1:]], conds, **options)

    together.add_wrapper(comfy.patcher_extension.WrappersMP.PREPARE_SAMPLING, with_room)
    return together
