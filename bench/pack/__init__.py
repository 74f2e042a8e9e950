"""A custom-node pack for the bench only: Stable Diffusion 1.5's shape, and noise for any model."""

import time

import comfy.model_management
import comfy.model_patcher
import comfy.sd
import comfy.supported_models
import torch

LAYOUT = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 320,
    "num_res_blocks": [2, 2, 2, 2],
    "channel_mult": [1, 2, 4, 4],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_middle": 1,
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "context_dim": 768,
    "use_spatial_transformer": True,
    "use_linear_in_transformer": False,
    "legacy": False,
    "adm_in_channels": None,
}
VAE = {
    "double_z": True,
    "z_channels": 4,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 128,
    "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_resolutions": [],
    "dropout": 0.0,
}
TOKENS = 77


class BenchModel:
    """A model as a loader would give it."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "make", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"channels": ("INT", {"default": LAYOUT["model_channels"]})}}

    def make(self, channels):
        config = comfy.supported_models.SD15({**LAYOUT, "model_channels": channels})
        config.set_inference_dtype(torch.float32, None)
        model = config.get_model({})
        fill(model.diffusion_model)
        device = comfy.model_management.get_torch_device()
        offload = comfy.model_management.unet_offload_device()
        return (comfy.model_patcher.ModelPatcher(model, device, offload),)


class BenchVAE:
    """The VAE of Stable Diffusion's shape."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "make", ("VAE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def make(self):
        params = {"params": {"ddconfig": VAE, "embed_dim": 4}}
        vae = comfy.sd.VAE(sd={"none": torch.zeros(1)}, config=params)
        fill(vae.first_stage_model)
        return (vae,)


def fill(network):
    """Random weights under which a signal keeps its size; no biases, plain norms."""
    generator = torch.Generator().manual_seed(0)
    for name, value in network.named_parameters():
        if value.ndim > 1:
            value.normal_(std=value[0].numel() ** -0.5, generator=generator)
        else:
            value.fill_(1.0 if name.endswith("weight") else 0.0)


class BenchSize:
    """How many parameters a model's network has."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def tell(self, model):
        return (str(sum(one.numel() for one in model.model.diffusion_model.parameters())),)


class BenchWatch:
    """A model whose network's own seconds are added up."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "watch", ("MODEL",)
    began, spent = 0.0, 0.0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def watch(self, model):
        network = model.model.diffusion_model
        network.register_forward_pre_hook(lambda *_: setattr(BenchWatch, "began", time.time()))
        network.register_forward_hook(self.add)
        return (model,)

    @staticmethod
    def add(*_):
        BenchWatch.spent += time.time() - BenchWatch.began


class BenchSpent:
    """The seconds that a watched network has taken since this was asked before."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    @classmethod
    def IS_CHANGED(cls, model):
        return float("nan")  # never the answer of before

    def tell(self, model):
        spent, BenchWatch.spent = BenchWatch.spent, 0.0
        return (str(spent),)


class BenchPrompt:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "make", ("CONDITIONING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "seed": ("INT", {"default": 0})}}

    def make(self, model, seed):
        width = model.model.model_config.unet_config["context_dim"]
        generator = torch.Generator().manual_seed(seed)
        return ([[torch.randn(1, TOKENS, width, generator=generator), {}]],)


class BenchLatent:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST bench", "make", ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 1})
        sizes = {"seed": number, "batch": number, "pixels": number}
        return {"required": {"model": ("MODEL",), "vae": ("VAE",), **sizes}}

    def make(self, model, vae, seed, batch, pixels):
        generator = torch.Generator().manual_seed(seed)
        side = pixels // vae.spacial_compression_encode()
        noise = torch.randn(batch, 4, side, side, generator=generator)
        return ({"samples": model.model.process_latent_out(noise)},)


NODE_CLASS_MAPPINGS = {
    "BenchModel": BenchModel,
    "BenchVAE": BenchVAE,
    "BenchSize": BenchSize,
    "BenchWatch": BenchWatch,
    "BenchSpent": BenchSpent,
    "BenchPrompt": BenchPrompt,
    "BenchLatent": BenchLatent,
}
