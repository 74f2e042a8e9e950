"""The demo model's weights as ComfyUI's own model, text encoder and autoencoder classes.

The file is in diffusers' form; here its names and shapes are turned into ComfyUI's, read from the
configs beside it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import comfy.model_base
import comfy.sd
import comfy.sd1_clip
import comfy.supported_models_base
import comfy.utils
import torch
from safetensors.torch import load_file
from torch import Tensor

from ..core.devices import patcher_for, unet_dtypes

CHECKPOINT = "demo_world.safetensors"
CLIP_ROWS = 49408  # the core's CLIP has room for this many tokens, whatever the vocabulary
CLIP_LENGTH = 77


@dataclass(frozen=True)
class Ratio:
    """A level's width as an exact multiple of the first one's, which need not be whole."""

    width: int
    first: int

    def __mul__(self, channels: int) -> int:
        return channels * self.width // self.first

    __rmul__ = __mul__


@dataclass(frozen=True)
class DemoFiles:
    """What the folder holds: tensors by network, configs, and where the tokenizer is."""

    tensors: dict[str, Tensor]
    configs: dict[str, dict]
    tokenizer: Path

    def network(self, name: str) -> dict[str, Tensor]:
        start = f"{name}."
        return {
            key[len(start) :]: value.float()
            for key, value in self.tensors.items()
            if key.startswith(start)
        }


def read_files(folder: Path) -> DemoFiles:
    """Everything the three networks need, or one sentence on what is missing."""
    names = ("unet", "vae", "text_encoder")
    wanted = [folder / CHECKPOINT, folder / "tokenizer", *(folder / f"{n}.json" for n in names)]
    missing = [path.name for path in wanted if not path.exists()]
    if missing:
        raise ValueError(
            f"The demo model is incomplete, {missing[0]} is missing from {folder.name}: install "
            f"the pack again, or train the model with 'python dev.py train-demo'."
        )
    configs = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in names
    }
    return DemoFiles(load_file(folder / CHECKPOINT), configs, folder / "tokenizer")


class DemoWorld(comfy.supported_models_base.BASE):
    """The family's name and its noise schedule: Stable Diffusion 2.1's, v-predicting."""

    unet_extra_config: dict = {}
    sampling_settings = {"beta_schedule": "linear", "linear_start": 0.00085, "linear_end": 0.012}
    supported_inference_dtypes = [torch.float16, torch.bfloat16, torch.float32]
    memory_usage_factor = 1.0


def unet_config(config: dict) -> dict:
    """diffusers' UNet config in the core's words."""
    widths, layers = config["block_out_channels"], config["layers_per_block"]
    down = [int(name.startswith("CrossAttn")) for name in config["down_block_types"]]
    up = [int(name.startswith("CrossAttn")) for name in reversed(config["up_block_types"])]
    return {
        "image_size": config["sample_size"],
        "in_channels": config["in_channels"],
        "out_channels": config["out_channels"],
        "model_channels": widths[0],
        "channel_mult": [Ratio(width, widths[0]) for width in widths],
        "num_res_blocks": [layers] * len(widths),
        "transformer_depth": [depth for depth in down for _ in range(layers)],
        "transformer_depth_output": [depth for depth in up for _ in range(layers + 1)],
        "transformer_depth_middle": 1,
        "context_dim": config["cross_attention_dim"],
        "num_heads": config["attention_head_dim"],  # diffusers calls the count of heads so
        "num_head_channels": -1,
        "use_spatial_transformer": True,
        "use_linear_in_transformer": config["use_linear_projection"],
        "legacy": False,
        "adm_in_channels": None,
    }


def demo_unet(files: DemoFiles, form):
    """The UNet as an ordinary MODEL."""
    config = DemoWorld(unet_config(files.configs["unet"]))
    config.latent_format = form
    config.set_inference_dtype(*unet_dtypes(config.supported_inference_dtypes))
    model = comfy.model_base.BaseModel(config, comfy.model_base.ModelType.V_PREDICTION)
    names = comfy.utils.unet_to_diffusers(config.unet_config)
    weights = files.network("unet")
    model.diffusion_model.load_state_dict({names[key]: one for key, one in weights.items()})
    return patcher_for(model)


AUTOENCODER_NAMES = (
    (r"\.down_blocks\.(\d+)\.resnets\.(\d+)\.", r".down.\1.block.\2."),
    (r"\.down_blocks\.(\d+)\.downsamplers\.0\.", r".down.\1.downsample."),
    (r"\.up_blocks\.(\d+)\.resnets\.(\d+)\.", r".up.\1.block.\2."),
    (r"\.up_blocks\.(\d+)\.upsamplers\.0\.", r".up.\1.upsample."),
    (r"\.mid_block\.resnets\.0\.", r".mid.block_1."),
    (r"\.mid_block\.resnets\.1\.", r".mid.block_2."),
    (r"\.mid_block\.attentions\.0\.group_norm\.", r".mid.attn_1.norm."),
    (r"\.mid_block\.attentions\.0\.to_([qkv])\.", r".mid.attn_1.\1."),
    (r"\.mid_block\.attentions\.0\.to_out\.0\.", r".mid.attn_1.proj_out."),
    (r"\.conv_norm_out\.", ".norm_out."),
    (r"\.conv_shortcut\.", ".nin_shortcut."),
)


def autoencoder_name(name: str, levels: int) -> str:
    """The core's name of one of diffusers' autoencoder weights; it counts `up` from the top."""
    for pattern, replacement in AUTOENCODER_NAMES:
        name = re.sub(pattern, replacement, name)
    return re.sub(r"\.up\.(\d+)\.", lambda found: f".up.{levels - 1 - int(found[1])}.", name)


def demo_autoencoder(files: DemoFiles) -> comfy.sd.VAE:
    """The autoencoder as an ordinary VAE."""
    config = files.configs["vae"]
    widths = config["block_out_channels"]
    structure = {
        "double_z": True,
        "z_channels": config["latent_channels"],
        "resolution": config["sample_size"],
        "in_channels": config["in_channels"],
        "out_ch": config["out_channels"],
        "ch": widths[0],
        "ch_mult": [Ratio(width, widths[0]) for width in widths],
        "num_res_blocks": config["layers_per_block"],
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    weights = {
        autoencoder_name(name, len(widths)): _as_convolution(name, one)
        for name, one in files.network("vae").items()
    }
    parameters = {"ddconfig": structure, "embed_dim": config["latent_channels"]}
    vae = comfy.sd.VAE(sd=weights, config={"params": parameters})
    vae.downscale_ratio = vae.upscale_ratio = 2 ** (len(widths) - 1)
    vae.latent_channels = config["latent_channels"]
    return vae


def _as_convolution(name: str, weight: Tensor) -> Tensor:
    linear = ".attentions." in name and name.endswith("weight") and weight.ndim == 2
    return weight[:, :, None, None] if linear else weight


def demo_text_encoder(files: DemoFiles) -> comfy.sd.CLIP:
    """The text encoder with its tokenizer as an ordinary CLIP."""
    config = files.configs["text_encoder"]
    target = comfy.supported_models_base.ClipTarget(
        _tokenizer_class(files.tokenizer, config["hidden_size"]), _text_class(config)
    )
    clip = comfy.sd.CLIP(target, parameters=sum(one.numel() for one in files.tensors.values()))
    weights = files.network("text_encoder")
    table = weights["text_model.embeddings.token_embedding.weight"]
    room = torch.zeros(CLIP_ROWS - len(table), table.shape[1])
    weights["text_model.embeddings.token_embedding.weight"] = torch.cat([table, room])
    weights["text_projection.weight"] = torch.eye(config["hidden_size"])
    clip.cond_stage_model.clip_l.transformer.load_state_dict(weights)
    return clip


def _text_class(config: dict):
    ends = {
        "start": config["bos_token_id"],
        "end": config["eos_token_id"],
        "pad": config["pad_token_id"],
    }

    def encoder(device="cpu", dtype=None, model_options=None):
        return comfy.sd1_clip.SDClipModel(
            device=device,
            dtype=dtype,
            max_length=CLIP_LENGTH,
            textmodel_json_config=dict(config),
            special_tokens=ends,
            return_projected_pooled=False,
            model_options=model_options or {},
        )

    def whole(device="cpu", dtype=None, model_options=None):
        return comfy.sd1_clip.SD1ClipModel(
            device=device, dtype=dtype, model_options=model_options or {}, clip_model=encoder
        )

    return whole


def _tokenizer_class(folder: Path, width: int):
    def words(embedding_directory=None, tokenizer_data=None):
        return comfy.sd1_clip.SDTokenizer(
            str(folder), embedding_directory=embedding_directory, embedding_size=width
        )

    def whole(embedding_directory=None, tokenizer_data=None):
        return comfy.sd1_clip.SD1Tokenizer(embedding_directory, {}, tokenizer=words)

    return whole
