"""The demo model: Stable Diffusion's three networks and tokenizer at a small size."""

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from diffusers.models import AutoencoderKL, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers import DDIMScheduler, FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from .prompts import known_words
from .tokens import MAX_LENGTH, build_tokenizer

WEIGHTS = Path(__file__).parent / "weights"
CHECKPOINT = "demo_world.safetensors"
TEXT_WIDTH = 128

AUTOENCODER: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "sample_size": 128,
    "layers_per_block": 1,
    "block_out_channels": (64, 32, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "norm_num_groups": 32,
    "scaling_factor": 1.0,
}
UNET: dict[str, Any] = {
    "sample_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    "block_out_channels": (64, 128, 160),
    "cross_attention_dim": TEXT_WIDTH,
    "attention_head_dim": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "use_linear_projection": True,
    "norm_num_groups": 32,
}
TEXT_ENCODER: dict[str, Any] = {
    "hidden_size": TEXT_WIDTH,
    "intermediate_size": 512,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": MAX_LENGTH,
    "hidden_act": "quick_gelu",
    "projection_dim": TEXT_WIDTH,
}
SCHEDULER: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "timestep_spacing": "leading",
    "steps_offset": 1,
}


class Prediction(str, Enum):
    """What the UNet is trained to tell; the shipped model tells v, its twins the others."""

    V = "v_prediction"
    EPS = "epsilon"
    FLOW = "flow"


def scheduler_of(prediction):
    """The noise levels of a prediction, as diffusers knows them."""
    if prediction is Prediction.FLOW:
        return FlowMatchEulerDiscreteScheduler()
    return DDIMScheduler(**{**SCHEDULER, "prediction_type": prediction.value})


@dataclass(frozen=True)
class DemoModel:
    """The parts that a diffusers pipeline or a ComfyUI loader needs."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    scheduler: DDIMScheduler | FlowMatchEulerDiscreteScheduler

    def networks(self):
        """The three networks under the prefixes that their weights carry in the file."""
        return {"unet": self.unet, "vae": self.vae, "text_encoder": self.text_encoder}


def build_text_encoder(tokenizer):
    """An untrained CLIP text encoder for a tokenizer."""
    ends = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    return CLIPTextModel(CLIPTextConfig(vocab_size=len(tokenizer), **ends, **TEXT_ENCODER))


def build(directory):
    """An untrained model of the final architecture; its tokenizer is written to `directory`."""
    tokenizer = build_tokenizer(Path(directory) / "tokenizer", known_words())
    return DemoModel(
        vae=AutoencoderKL(**AUTOENCODER).train(False),
        unet=UNet2DConditionModel(**UNET).train(False),
        text_encoder=build_text_encoder(tokenizer).train(False),
        tokenizer=tokenizer,
        scheduler=scheduler_of(Prediction.V),
    )


def tensor_name(prefix, name):
    """A tensor's name in the file; CLIP's own names start with `text_model.` everywhere."""
    inner = "" if prefix != "text_encoder" or name.startswith("text_model.") else "text_model."
    return f"{prefix}.{inner}{name}"


def all_tensors(model):
    """Every weight of the model in half precision, under its name in the file."""
    return {
        tensor_name(prefix, name): value.half().contiguous()
        for prefix, network in model.networks().items()
        for name, value in network.state_dict().items()
        if value.is_floating_point()
    }


def config_text(config):
    """A config as JSON, without the bookkeeping of the library it came from."""
    plain = config.to_diff_dict() if hasattr(config, "to_diff_dict") else dict(config)
    kept = {key: value for key, value in plain.items() if not key.startswith("_")}
    return json.dumps(kept, indent=2) + "\n"


def save(model, directory):
    """Write weights (half precision, one file), configs and tokenizer."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    save_file(all_tensors(model), directory / CHECKPOINT)
    for prefix, network in model.networks().items():
        text = config_text(network.config)
        (directory / f"{prefix}.json").write_text(text, encoding="utf-8")
    model.scheduler.save_config(directory)
    build_tokenizer(directory / "tokenizer", known_words())


def read_config(directory, name):
    """One network's config."""
    return json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))


def read_scheduler(directory):
    """The scheduler that was saved beside the weights."""
    known = {one.__name__: one for one in (DDIMScheduler, FlowMatchEulerDiscreteScheduler)}
    config = json.loads((directory / "scheduler_config.json").read_text(encoding="utf-8"))
    return known[config["_class_name"]].from_config(config)


def load_network(network, tensors, prefix):
    """Fill a network with the tensors under a prefix, every one of them."""
    own = {name: tensors[tensor_name(prefix, name)] for name in network.state_dict()}
    network.load_state_dict(own, strict=True)
    return network.train(False)


def load(directory=WEIGHTS):
    """The trained demo model in float32, ready for any diffusers pipeline."""
    directory = Path(directory)
    if not (directory / CHECKPOINT).exists():
        raise FileNotFoundError(
            f"{directory / CHECKPOINT} is missing; run `python dev.py train-demo` to make it"
        )
    tensors = {k: v.float() for k, v in load_file(directory / CHECKPOINT).items()}
    networks = {
        "unet": UNet2DConditionModel(**read_config(directory, "unet")),
        "vae": AutoencoderKL(**read_config(directory, "vae")),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**read_config(directory, "text_encoder"))),
    }
    return DemoModel(
        **{name: load_network(network, tensors, name) for name, network in networks.items()},
        tokenizer=CLIPTokenizer.from_pretrained(directory / "tokenizer"),
        scheduler=read_scheduler(directory),
    )


def as_pipeline(model):
    """The model as diffusers' own Stable Diffusion pipeline."""
    return StableDiffusionPipeline(
        vae=model.vae,
        text_encoder=model.text_encoder,
        tokenizer=model.tokenizer,
        unet=model.unet,
        scheduler=model.scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
