"""The shapes of well-known UNets, filled with random weights: what time and memory depend on.

The numbers are those of the models' public configs; no weights are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from s2st import Conditioning, InversionConfig, Prompt, Spacing, Task, look_of
from s2st.adapters.diffusers import DiffusersDenoiser, Parameterization

from .stages import Bench, bench_of

TOKENS, POOLED_WIDTH, LATENT_CHANNELS, STRIDE = 77, 1280, 4, 8
GUIDANCE = 7.5
WEIGHTS_SEED, LATENTS_SEED = 0, 1
REFERENCES = 2
CROSS, PLAIN = "CrossAttn", ""


def block_types(*kinds: str) -> dict[str, tuple[str, ...]]:
    """Down blocks of these kinds, and the same upwards."""
    return {
        "down_block_types": tuple(f"{kind}DownBlock2D" for kind in kinds),
        "up_block_types": tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
    }


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A UNet's architecture."""

    name: str
    config: dict[str, Any]
    prediction: str = "epsilon"

    @property
    def pooled(self) -> bool:
        """Whether it also reads the prompt as one vector, and the picture's size."""
        return self.config.get("addition_embed_type") == "text_time"


STABLE = {
    **block_types(CROSS, CROSS, CROSS, PLAIN),
    "block_out_channels": (320, 640, 1280, 1280),
}
SDXL = {
    **block_types(PLAIN, CROSS, CROSS),
    "block_out_channels": (320, 640, 1280),
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "transformer_layers_per_block": (1, 2, 10),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
SD_15 = {**STABLE, "cross_attention_dim": 768, "attention_head_dim": 8}
SD_21 = {
    **STABLE,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
SHAPES = (
    Shape(name="SD 1.5", config=SD_15),
    Shape(name="SD 2.1", config=SD_21, prediction="v_prediction"),
    Shape(name="SDXL", config=SDXL),
)


def random_unet(shape: Shape, device: torch.device, dtype: torch.dtype) -> UNet2DConditionModel:
    """The UNet with random weights, made where and as it will run."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.random.fork_rng(), device:
            torch.manual_seed(WEIGHTS_SEED)
            return UNet2DConditionModel(**shape.config).requires_grad_(False).eval()
    finally:
        torch.set_default_dtype(before)


def denoiser_of(shape: Shape, unet: UNet2DConditionModel) -> DiffusersDenoiser:
    """The UNet on Stable Diffusion's noise levels."""
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=shape.prediction,
    )
    return DiffusersDenoiser(unet, Parameterization.of(scheduler))


def random_bench(shape: Shape, denoiser: DiffusersDenoiser, pixels: int, steps: int) -> Bench:
    """A square picture and prompts of noise for a model of this shape, ready for every stage."""
    device, draw = denoiser.unet.device, torch.Generator().manual_seed(LATENTS_SEED)
    side = pixels // STRIDE
    size = (1 + REFERENCES, LATENT_CHANNELS, side, side)
    latents = torch.randn(size, generator=draw).to(device)
    source, positive, empty = (_random_prompt(shape, pixels, draw, device) for _ in range(3))
    task = Task(
        latent=latents[:1],
        source=source,
        target=Prompt(positive, empty, GUIDANCE),
        look=look_of(latents[1:]),
    )
    config = InversionConfig(steps=steps, spacing=Spacing.TRAILING)
    return bench_of(denoiser, denoiser.sigma_table, config, task)


def _random_prompt(
    shape: Shape, pixels: int, draw: torch.Generator, device: torch.device
) -> Conditioning:
    width = shape.config["cross_attention_dim"]
    embedding = torch.randn(1, TOKENS, width, generator=draw).to(device)
    if not shape.pooled:
        return Conditioning(embedding)
    sizes = torch.tensor([[pixels, pixels, 0, 0, pixels, pixels]], device=device)
    pooled = torch.randn(1, POOLED_WIDTH, generator=draw).to(device)
    return Conditioning(embedding, {"text_embeds": pooled, "time_ids": sizes})
