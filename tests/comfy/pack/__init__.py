"""A custom-node pack for the tests only: small real ComfyUI models with random weights.

They are ordinary `comfy.model_base` models of every family S2ST meets (and some it refuses), so
everything around them (LoRA, ControlNet, hooks, samplers, memory management) is the core's own.
"""

import copy
import hashlib
import json
import sys
import time
import weakref

import comfy.cldm.cldm
import comfy.conds
import comfy.controlnet
import comfy.latent_formats
import comfy.ldm.modules.attention
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.patcher_extension
import comfy.sd
import comfy.supported_models_base
import torch
from comfy.ldm.flux.model import FluxParams

WIDTH = 24  # of a token
POOLED = 16
CALM = 0.2  # a network's answers are small beside its input, so that runs stay well conditioned
UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 32,
    "num_res_blocks": [1, 1],
    "channel_mult": [1, 2],
    "transformer_depth": [1, 1],
    "transformer_depth_middle": 1,
    "transformer_depth_output": [1, 1, 1, 1],
    "context_dim": WIDTH,
    "use_spatial_transformer": True,
    "use_linear_in_transformer": True,
    "legacy": False,
    "adm_in_channels": None,
}


class TinyModel(comfy.supported_models_base.BASE):
    """A UNet like Stable Diffusion's, small enough for a CPU."""

    unet_extra_config = {"num_heads": -1, "num_head_channels": 16}
    latent_format = comfy.latent_formats.SD15
    supported_inference_dtypes = [torch.float32, torch.float16, torch.bfloat16]


class TinyOther(TinyModel):
    """The same again under another family's name."""


class TinyWide(TinyModel):
    """Sixteen latent channels."""

    latent_format = comfy.latent_formats.SD3


class TinyFlux(comfy.supported_models_base.BASE):
    """A diffusion transformer like Flux."""

    unet_config = {"image_model": "flux"}
    unet_extra_config = {}
    latent_format = comfy.latent_formats.Flux


FLUX = {
    "image_model": "flux",
    "in_channels": 16,
    "out_channels": 16,
    "vec_in_dim": POOLED,
    "context_in_dim": WIDTH,
    "hidden_size": 48,
    "mlp_ratio": 2.0,
    "num_heads": 2,
    "depth": 1,
    "depth_single_blocks": 2,
    "axes_dim": [8, 8, 8],
    "theta": 10000,
    "patch_size": 2,
    "qkv_bias": True,
    "guidance_embed": False,
}
if "txt_ids_dims" in FluxParams.__dataclass_fields__:  # newer cores ask for it
    FLUX["txt_ids_dims"] = []


class TinyHungry(TinyModel):
    """Claims to need so much memory that pictures go through one at a time."""

    memory_usage_factor = 1e9


class TinyVideo(TinyModel):
    """Latents that are not pictures."""

    latent_format = comfy.latent_formats.Wan21


# Only newer cores know the second kind.
EDITS = [
    one for one in ("IMG_TO_IMG", "IMG_TO_IMG_FLOW") if hasattr(comfy.model_base.ModelType, one)
]

KINDS = {
    "eps": (TinyModel, {}, "EPS"),
    "v": (TinyModel, {}, "V_PREDICTION"),
    "hungry": (TinyHungry, {}, "EPS"),
    "other": (TinyOther, {}, "EPS"),
    "flow": (TinyModel, {}, "FLOW"),
    "xl": (TinyModel, {"adm_in_channels": POOLED, "num_classes": "sequential"}, "EPS"),
    "wide": (TinyWide, {"in_channels": 16, "out_channels": 16}, "EPS"),
    "video": (TinyVideo, {"in_channels": 16, "out_channels": 16}, "FLOW"),
    "inpaint": (TinyModel, {"in_channels": 9}, "EPS"),
    "flux": (TinyFlux, FLUX, "FLUX"),
    "edit": (TinyModel, {}, EDITS[0]),
    "edit by a flow": (TinyModel, {}, EDITS[-1]),
    "loud": (TinyModel, {}, "FLOW"),
    "asking": (TinyModel, {}, "EPS"),
    "roomy": (TinyModel, {}, "EPS"),
}


class PooledModel(comfy.model_base.BaseModel):
    """A model that reads pooled text, as SDXL does."""

    def encode_adm(self, **kwargs):
        return kwargs["pooled_output"]


class AskingModel(comfy.model_base.BaseModel):
    """Remembers for how many pictures at once the core asked what memory they need."""

    asked = []

    def memory_required(self, input_shape, **options):
        self.asked.append(input_shape[0])
        return super().memory_required(input_shape, **options)


class RoomyModel(comfy.model_base.BaseModel):
    """Says of one picture that it needs a share of the memory that is free."""

    share = 0.0

    def memory_required(self, input_shape, **options):
        free = comfy.model_management.get_free_memory(self.device)
        return self.share * free * input_shape[0]


OWNERS = {"xl": PooledModel, "flux": comfy.model_base.Flux}
OWNERS |= {"asking": AskingModel, "roomy": RoomyModel}


def random_weights(module, seed):
    """Every parameter from one generator; the same numbers on every machine."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, value in module.state_dict().items():
        one = torch.randn(value.shape, generator=generator)
        if value.ndim > 1:
            one = one / value[0].numel() ** 0.5
        else:
            one = 0.1 * one + (1.0 if name.endswith("weight") else 0.0)
        if name.startswith(("out.", "final_layer.linear.")):
            one = CALM * one
        weights[name] = one.to(value.dtype)
    module.load_state_dict(weights)


def build(kind, dtype, seed):
    config_class, changes, model_type = KINDS[kind]
    config = config_class(changes if kind == "flux" else {**UNET, **changes})
    device = comfy.model_management.get_torch_device()
    manual = comfy.model_management.unet_manual_cast(dtype, device)
    config.set_inference_dtype(dtype, manual)
    owner = OWNERS.get(kind, comfy.model_base.BaseModel)
    model = owner(config, model_type=comfy.model_base.ModelType[model_type])
    if kind == "inpaint":
        model.set_inpaint()
    if kind == "loud":
        model.model_sampling.noise_scale = 8.0
    random_weights(model.diffusion_model, seed)
    offload = comfy.model_management.unet_offload_device()
    return comfy.model_patcher.ModelPatcher(model, load_device=device, offload_device=offload)


class TestModel:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "kind": (list(KINDS),),
                "dtype": (["float32", "float16", "bfloat16", "float8_e4m3fn"],),
                "seed": ("INT", {"default": 1}),
            }
        }

    def make(self, kind, dtype, seed):
        return (build(kind, getattr(torch, dtype), seed),)


class SmallCard(comfy.model_patcher.ModelPatcher):
    """The core's own patcher where there is never room for more than half of the weights."""

    def partially_load(self, device_to, extra_memory=0, **options):
        room = max(0, self.model_size() // 2 - self.model.model_loaded_weight_memory)
        return super().partially_load(device_to, min(extra_memory, room), **options)


class TestSmallCard(TestModel):
    """The same model, of which the core keeps half offloaded, as with --lowvram."""

    def make(self, kind, dtype, seed):
        whole = build(kind, getattr(torch, dtype), seed)
        return (SmallCard(whole.model, whole.load_device, whole.offload_device),)


class TestOffloaded:
    """How much of a model has not been loaded, once something has run on it."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "after": ("LATENT",)}}

    def tell(self, model, after):
        return (f"{1 - model.loaded_size() / model.model_size():.2f} offloaded",)


class Lent:
    """Memory that weights are cast into one after the other, as newer cores do on a CUDA device.

    Each is handed out as a tensor of its own, as one made of a pointer is: autograd cannot notice
    that what it kept has been overwritten.
    """

    def __init__(self, size):
        with torch.inference_mode(False):
            self.memory = torch.empty(size)

    def __call__(self, weight):
        with torch.inference_mode(False), torch.no_grad():
            lent = torch.from_dlpack(self.memory)[: weight.numel()].view(weight.shape)
            return lent.copy_(weight)


class TestLentWeights(TestModel):
    """The same model, whose layers find their weights in memory that the next layer overwrites."""

    def make(self, kind, dtype, seed):
        patcher = build(kind, getattr(torch, dtype), seed)
        layers = patcher.model.diffusion_model.named_parameters(prefix="diffusion_model")
        sizes = {name: one.numel() for name, one in layers}
        kinds = {"weight": Lent(max(sizes.values())), "bias": Lent(max(sizes.values()))}
        for name in sizes:
            patcher.add_weight_wrapper(name, kinds[name.rpartition(".")[2]])
        return (patcher,)


class TestPrompt:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("CONDITIONING",)

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 1})
        return {
            "required": {
                "seed": number,
                "tokens": number,
                "width": number,
                "batch": number,
                "pooled": ("BOOLEAN", {"default": False}),
                "value": (["random", "nan", "empty"],),
            }
        }

    def make(self, seed, tokens, width, batch, pooled, value):
        generator = torch.Generator().manual_seed(seed)
        prompt = torch.randn(batch, tokens, width, generator=generator)
        if value == "nan":
            prompt = prompt * float("nan")
        extras = {"pooled_output": torch.randn(batch, POOLED, generator=generator)}
        entries = [[prompt, extras if pooled else {}]]
        return ([] if value == "empty" else entries,)


class TestLatent:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 1})
        return {
            "required": {
                "seed": number,
                "batch": number,
                "channels": number,
                "height": number,
                "width": number,
                "value": (["random", "nan", "inf", "empty", "video", "masked"],),
            }
        }

    def make(self, seed, batch, channels, height, width, value):
        generator = torch.Generator().manual_seed(seed)
        coarse = torch.randn(batch, channels, 4, 4, generator=generator)
        smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
        fine = 0.3 * torch.randn(batch, channels, height, width, generator=generator)
        samples = 4 * (smooth + fine)
        if value in ("nan", "inf"):
            samples[0, 0, 0, 0] = float(value)
        if value == "empty":
            samples = samples[:0]
        if value == "video":
            samples = samples[:, :, None]
        latent = {"samples": samples}
        if value == "masked":
            latent["noise_mask"] = torch.ones(batch, 1, height, width)
        return (latent,)


class TestControlNet:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("CONTROL_NET",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 1})}}

    def make(self, seed):
        config = {name: value for name, value in UNET.items() if name != "out_channels"}
        config = {**config, "num_head_channels": 16, "hint_channels": 3}
        config["transformer_depth_output"] = None
        network = comfy.cldm.cldm.ControlNet(**config, operations=comfy.ops.disable_weight_init)
        random_weights(network, seed)
        device = comfy.model_management.get_torch_device()
        return (comfy.controlnet.ControlNet(network, load_device=device),)


class TestVAE:
    """A small autoencoder of stride 4."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("VAE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 1})}}

    def make(self, seed):
        structure = {
            "double_z": True,
            "z_channels": 4,
            "resolution": 64,
            "in_channels": 3,
            "out_ch": 3,
            "ch": 32,
            "ch_mult": [1, 1, 1],
            "num_res_blocks": 1,
            "attn_resolutions": [],
            "dropout": 0.0,
        }
        config = {"params": {"ddconfig": structure, "embed_dim": 4}}
        vae = comfy.sd.VAE(sd={"none": torch.zeros(1)}, config=config)
        random_weights(vae.first_stage_model, seed)
        vae.downscale_ratio = vae.upscale_ratio = 4
        return (vae,)


class TestSmallVAE(TestVAE):
    """The same, which has memory for so many pixels at once."""

    MOST = 512 * 512  # a tile of the core's

    def make(self, seed):
        (vae,) = super().make(seed)
        network = vae.first_stage_model
        encode = network.encode

        def encode_small(pictures):
            if pictures.shape[-2] * pictures.shape[-1] > self.MOST:
                raise comfy.model_management.OOM_EXCEPTION("Allocation on device")
            return encode(pictures)

        network.encode = encode_small
        return (vae,)


class TestPicture:
    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 1})
        return {
            "required": {
                "seed": number,
                "batch": number,
                "height": number,
                "width": number,
                "channels": number,
            }
        }

    def make(self, seed, batch, height, width, channels):
        generator = torch.Generator().manual_seed(seed)
        coarse = torch.rand(batch, channels, 4, 4, generator=generator)
        smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
        return (smooth.movedim(1, -1),)


class TestNothing:
    """What a loader gives of a checkpoint that has no such part."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("CLIP", "VAE")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def make(self):
        return (None, None)


class TestOddPicture:
    """A batch of pictures and its mask, of any size and with any numbers in them."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("IMAGE", "MASK")
    VALUES = {"plain": 0.5, "nan": float("nan"), "inf": float("inf"), "loud": 1e30, "below": -7.0}

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 1})
        sizes = dict.fromkeys(("batch", "height", "width", "channels"), number)
        return {"required": {"seed": number, **sizes, "value": (list(cls.VALUES),)}}

    def make(self, seed, batch, height, width, channels, value):
        generator = torch.Generator().manual_seed(seed)
        pictures = torch.rand(batch, height, width, channels, generator=generator)
        pictures.view(-1)[:1] = self.VALUES[value]
        return (pictures, pictures[..., 0].clone())


class TestPictures:
    """A list of pictures, each of another size."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("IMAGE",)
    OUTPUT_IS_LIST = (True,)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 1})}}

    def make(self, seed):
        sizes = ((64, 64), (61, 45), (9, 130))
        generator = torch.Generator().manual_seed(seed)
        return ([torch.rand(1, *size, 3, generator=generator) for size in sizes],)


class TestAfter:
    """Hands a model on once something else has run."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "wait", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "after": ("LATENT",)}}

    def wait(self, model, after):
        return (model,)


class TestSlowModel:
    """A model patch, as extensions make them, with which every evaluation takes a while."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "seconds": ("FLOAT", {"default": 0.3})}}

    def patch(self, model, seconds):
        def wait_and_apply(apply_model, given):
            time.sleep(seconds)
            return apply_model(given["input"], given["timestep"], **given["c"])

        slow = model.clone()
        slow.set_model_unet_function_wrapper(wait_and_apply)
        return (slow,)


class TestManyCards(TestModel):
    """The same model, shared among several GPUs as newer cores do: in threads without gradients."""

    def make(self, kind, dtype, seed):
        patcher = build(kind, getattr(torch, dtype), seed)
        patcher.model_options["multigpu_clones"] = "here only a mark"

        def shared(executor, model, conds, x, timestep, model_options):
            rest = {key: one for key, one in model_options.items() if key != "multigpu_clones"}
            with torch.set_grad_enabled(
                torch.is_grad_enabled() and len(rest) == len(model_options)
            ):
                return executor(model, conds, x, timestep, rest)

        patcher.add_wrapper(comfy.patcher_extension.WrappersMP.CALC_COND_BATCH, shared)
        return (patcher,)


class TestAsked:
    """For how many pictures at once memory was asked since this was last told."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"after": ("LATENT",)}}

    def tell(self, after):
        most = max(AskingModel.asked)
        AskingModel.asked.clear()
        return (str(most),)


class TestFusedModel:
    """A model whose fast kernels have no backward pass, unless the core says that it trains.

    Newer cores have such kernels and that flag; for an older one the flag is made up.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def patch(self, model):
        if not hasattr(comfy.model_management, "in_training"):
            comfy.model_management.in_training = False

        def apply(apply_model, given):
            result = apply_model(given["input"], given["timestep"], **given["c"])
            return result if comfy.model_management.in_training else result.detach()

        fused = model.clone()
        fused.set_model_unet_function_wrapper(apply)
        return (fused,)


class TestTrains:
    """Whether the core believes, once something has run, that it trains."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"after": ("LATENT",)}}

    def tell(self, after):
        return (str(comfy.model_management.in_training),)


class TestRandomState:
    """Torch's global random state as a short text."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "look", ("STRING", "LATENT")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"after": ("LATENT",)}}

    def look(self, after):
        state = torch.get_rng_state().numpy().tobytes()
        return (hashlib.sha256(state).hexdigest(), after)


class TestUnloadAll:
    """Unloads every model, as the memory manager does when another one needs the room."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "unload", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "after": ("LATENT",)}}

    def unload(self, model, after):
        comfy.model_management.unload_all_models()
        return (model,)


class Asked(list):
    """What model patches were shown since this was last told."""

    def told(self):
        seen = list(self)
        self.clear()
        return seen


class TestSides:
    """A model patch that notes which side of guidance each part of a call is said to be on."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)
    SEEN = Asked()

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def patch(self, model):
        def note_and_apply(apply_model, given):
            self.SEEN.append(list(given["c"]["transformer_options"]["cond_or_uncond"]))
            return apply_model(given["input"], given["timestep"], **given["c"])

        noted = model.clone()
        noted.set_model_unet_function_wrapper(note_and_apply)
        return (noted,)


class TestImagePrompt:
    """A model patch like IPAdapter's: an image prompt for the positive side, none for the other."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "seed": ("INT", {"default": 1})}}

    def patch(self, model, seed):
        generator = torch.Generator().manual_seed(seed)
        sides = 3 * torch.randn(1, 4, WIDTH, generator=generator), torch.zeros(1, 4, WIDTH)

        def with_image(query, context, value, options):
            order = options["cond_or_uncond"]
            each = len(context) // len(order)
            image = torch.cat([sides[side].expand(each, -1, -1) for side in order]).to(context)
            return query, torch.cat([context, image], dim=1), torch.cat([value, image], dim=1)

        patched = model.clone()
        patched.set_model_attn2_patch(with_image)
        return (patched,)


class TestJoint:
    """Three prompts at two states asked together, in this order, beside each asked alone.

    `source` is asked at the other state; the order names the queries by their first letters.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)
    SIGMA = 2.0

    @classmethod
    def INPUT_TYPES(cls):
        prompts = dict.fromkeys(("source", "positive", "negative"), ("CONDITIONING",))
        latents = dict.fromkeys(("latent", "other"), ("LATENT",))
        rest = {"order": ("STRING",), "fitted": ("BOOLEAN",), "gradients": ("BOOLEAN",)}
        return {"required": {"model": ("MODEL",), **latents, **prompts, **rest}}

    def tell(self, model, latent, other, source, positive, negative, order, fitted, gradients):
        session, units, contract = map(
            ours, ("nodes.core.session", "nodes.core.units", "s2st.model.contract")
        )
        state = units.to_model_space(model, latent["samples"])
        elsewhere = units.to_model_space(model, other["samples"])

        def asked(denoiser, named):
            against = named["negative"]
            if fitted:
                against = against.with_embedding(1.1 * against.embedding)
            known = {
                "s": contract.Query(elsewhere, named["source"]),
                "p": contract.Query(state, named["positive"]),
                "n": contract.Query(state, against, negative=True),
            }
            queries = [known[letter] for letter in order]
            with torch.set_grad_enabled(gradients):
                TestSides.SEEN.clear()
                joint = denoiser.denoise_all(queries, self.SIGMA)
                sides = TestSides.SEEN.told()
                calls = denoiser.calls
                told = {"evaluations": calls.evaluations, "model_calls": calls.model_calls}
                told |= {"reasons": sorted(calls.reasons), "sides": sides}
                alone = [denoiser.denoise_all([one], self.SIGMA)[0] for one in queries]
            apart = max(float((a - b).abs().max()) for a, b in zip(joint, alone, strict=True))
            # What the network answers, without the state that it was asked about.
            size = min(float((a - q.x).std()) for a, q in zip(alone, queries, strict=True))
            return {**told, "apart": apart / size}

        run = session.Session(
            patcher=model,
            prompts={"source": source, "positive": positive, "negative": negative},
            shape=tuple(state.shape),
            sigmas=(self.SIGMA, 0.0),
            gradients=3 if gradients else 0,
        )
        return (json.dumps(run.run(asked)),)


class TestStandIns:
    """What stands for a weight: its memory, wherever that is, for as long as there is a weight."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 1})}}

    def tell(self, seed):
        weights = ours("nodes.core.differentiable").Weights()
        weight = torch.nn.Parameter(torch.full((3,), float(seed)))  # made in inference mode
        with torch.inference_mode(False):
            first = weights.normal(weight)
            told = {"is normal": not first.is_inference()}
            told["shares"] = first.data_ptr() == weight.data_ptr()
            told["is remembered"] = weights.normal(weight) is first
            weight.data = torch.full((3,), seed + 1.0)
            told["follows"] = weights.normal(weight).tolist() == weight.tolist()
            last = weakref.ref(weights.normal(weight))
            told["stays"] = last() is not None
            del weight
            told["goes"] = last() is None
        return (json.dumps(told),)


class TestRecomputed:
    """How often the blocks are computed for one gradient, and a digest of that gradient.

    The model says that one picture needs this share of the free memory.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        prompts = {"prompt": ("CONDITIONING",)}
        return {"required": {"model": ("MODEL",), "share": ("FLOAT",), **prompts}}

    def tell(self, model, share, prompt):
        session, gradients = map(ours, ("nodes.core.session", "s2st.model.gradients"))
        model.model.share, computed = share, []

        def counted(query, context, value, options):
            computed.append(options["block"])
            return query, context, value

        patched = model.clone()
        patched.set_model_attn2_patch(counted)
        state = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(3))

        def gradient(denoiser, named):
            def losses(x):
                return denoiser.denoise(x, 1.0, named["positive"]).square().flatten(1).sum(dim=1)

            _, found = gradients.loss_and_gradient(losses, state)
            return found

        run = session.Session(
            patcher=patched,
            prompts={"positive": prompt},
            shape=tuple(state.shape),
            sigmas=(1.0, 0.0),
            gradients=1,
        )
        digest = hashlib.sha256(run.run(gradient).numpy().tobytes()).hexdigest()
        return (json.dumps([len(computed) / len(set(computed)), digest]),)


class TestGuidedSlope:
    """The slope of the guided estimate by our gradients, over the one measured beside it."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)

    @classmethod
    def INPUT_TYPES(cls):
        prompts = dict.fromkeys(("positive", "negative"), ("CONDITIONING",))
        return {"required": {"model": ("MODEL",), "latent": ("LATENT",), **prompts}}

    def tell(self, model, latent, positive, negative):
        session, units, guidance, verify = map(
            ours,
            (
                "nodes.core.session",
                "nodes.core.units",
                "s2st.model.guidance",
                "s2st.model.verify",
            ),
        )
        state = units.to_model_space(model, latent["samples"])

        class Guided:
            def __init__(self, denoiser, named):
                self.model, self.prompt = denoiser, guidance.Prompt(*named.values(), 3.0)

            def denoise(self, x, sigma, _):
                return guidance.guided_denoised(self.model, x, sigma, self.prompt)

        def slopes(denoiser, named):
            draw = torch.randn(state.shape, generator=torch.Generator().manual_seed(0))
            return verify.directional_slopes(
                Guided(denoiser, named), state, 1.0, named["positive"], draw, distance=0.02
            )

        run = session.Session(
            patcher=model,
            prompts={"positive": positive, "negative": negative},
            shape=tuple(state.shape),
            sigmas=(1.0, 0.0),
            gradients=2,
        )
        claimed, measured, _ = run.run(slopes)
        return (f"{claimed / measured:.4f}",)


class TestSlope:
    """The network's own slope along its gradient, over the one measured there.

    What a model adds to the picture it was given is left out: it would hide a wrong network.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)
    SIGMA, DISTANCE = 1.0, 0.001

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {"model": ("MODEL",), "latent": ("LATENT",), "prompt": ("CONDITIONING",)}
        }

    def tell(self, model, latent, prompt):
        session, facts, units, gradients = map(
            ours,
            ("nodes.core.session", "nodes.core.facts", "nodes.core.units", "s2st.model.gradients"),
        )
        state = units.to_model_space(model, latent["samples"])
        kept = 1.0 if facts.model_facts(model).prediction.value == "eps" else 0.5

        def slopes(denoiser, named):
            draw = torch.randn(state.shape, generator=torch.Generator().manual_seed(0))

            def probe(x):
                network = denoiser.denoise(x, self.SIGMA, named["positive"]) - kept * x
                return (network * draw).flatten(1).sum(dim=1)

            _, gradient = gradients.loss_and_gradient(probe, state)
            step = self.DISTANCE * gradients.level(gradient)
            with torch.no_grad():
                measured = (probe(state + step) - probe(state - step)) / 2
            return float((gradient * step).sum()) / float(measured.sum())

        run = session.Session(
            patcher=model,
            prompts={"positive": prompt},
            shape=tuple(state.shape),
            sigmas=(self.SIGMA, 0.0),
            gradients=1,
        )
        return (f"{run.run(slopes):.4f}",)


class TestNoise:
    """The noise that our painting draws for one picture, as a LATENT."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 1})
        return {"required": {"height": number, "width": number, "seed": number}}

    def make(self, height, width, seed):
        generator = torch.Generator().manual_seed(seed)
        return ({"samples": torch.randn(1, 4, height, width, generator=generator)},)


class TestSeedLatent:
    """Noise at a schedule's first level, in the units in which samplers take latents."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("LATENT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",), "noise": ("LATENT",), "steps": ("INT",)}}

    def make(self, model, noise, steps):
        units, schedules, look = map(
            ours, ("nodes.core.units", "s2st.model.schedule", "s2st.model.parameterization")
        )
        schedule = schedules.make_schedule(
            units.sigma_table(model), steps, schedules.Spacing.LEADING
        )
        state = look.from_variance_preserving(noise["samples"], schedule.sigmas[0])
        return ({"samples": units.from_model_space(model, state)},)


class TestVAEAfter:
    """Hands a VAE on once something else has run."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "wait", ("VAE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"vae": ("VAE",), "after": ("LATENT",)}}

    def wait(self, vae, after):
        return (vae,)


class TestDecoderSlope:
    """A VAE's slope by our gradients over the one measured, and how it was decoded.

    It says that it needs so much memory that a whole graph fits, or a tile, or nothing.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "tell", ("STRING",)
    SHARES = {"plenty": 1e-9, "little": 0.02, "none": 1e3}

    @classmethod
    def INPUT_TYPES(cls):
        given = {"model": ("MODEL",), "vae": ("VAE",), "latent": ("LATENT",)}
        kinds = {"dtype": (["float32", "bfloat16"],), "memory": (list(cls.SHARES),)}
        return {"required": {**given, **kinds}}

    def tell(self, model, vae, latent, dtype, memory):
        autoencoders, units, verify, contract, gradients = map(
            ours,
            (
                "nodes.core.autoencoder",
                "nodes.core.units",
                "s2st.model.verify",
                "s2st.model.autoencoder",
                "s2st.model.gradients",
            ),
        )
        vae, sides = copy.copy(vae), []
        vae.vae_dtype = getattr(torch, dtype)
        network = copy.deepcopy(vae.first_stage_model).to(vae.vae_dtype)
        vae.first_stage_model = network
        network.decoder.register_forward_pre_hook(lambda _, given: sides.append(given[0].shape))
        free, share = comfy.model_management.get_free_memory(vae.device), self.SHARES[memory]
        area = latent["samples"].shape[2] * latent["samples"].shape[3]
        vae.memory_used_decode = lambda shape, _: share * free * shape[2] * shape[3] / area
        if memory == "little":
            vae.memory_used_decode = lambda shape, _: 0.15 * free * shape[0]
        with torch.inference_mode(False):
            state = torch.cat([units.to_model_space(model, latent["samples"])] * 2)
            made = autoencoders.ComfyAutoencoder(vae, model)
            generator = torch.Generator().manual_seed(0)
            size = [side * made.stride for side in state.shape[2:]]
            weights = torch.randn(2, 3, *size, generator=generator)

            def probe(at):
                return (contract.decoded(made, at) * weights).flatten(1).mean(dim=1)

            sides.clear()
            _, gradient = gradients.loss_and_gradient(probe, state)
            forward, largest = len(sides), max(max(one[2:]) for one in sides)
            direction = gradients.level(gradient)
            distance = 0.02 * float(state.std())
            claimed, measured, _ = verify.slopes_along(probe, state, direction, distance)
        again = forward > 1  # what is computed again is so picture by picture
        return (json.dumps({"slope": claimed / measured, "largest": largest, "again": again}),)


class TestMoreKeys:
    """A model patch that puts an image prompt of four tokens behind every text, of any width."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def patch(self, model):
        def with_image(query, context, value, options):
            more = [torch.cat([one, one[:, :4].flip(1)], dim=1) for one in (context, value)]
            return query, *more

        patched = model.clone()
        patched.set_model_attn2_patch(with_image)
        return (patched,)


class TestOverride:
    """A model patch with an attention override of its own, which doubles what attention answers."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def patch(self, model):
        patched = model.clone()
        options = patched.model_options.setdefault("transformer_options", {})
        before = options.get("optimized_attention_override")

        def doubled(function, *args, **kwargs):
            if before is not None:
                return 2 * before(function, *args, **kwargs)
            return 2 * function(*args, **kwargs)

        options["optimized_attention_override"] = doubled
        return (patched,)


class TestReplaced:
    """A model patch that computes the attention to words of the middle block itself, or of all."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "patch", ("MODEL",)

    @classmethod
    def INPUT_TYPES(cls):
        everywhere = ("BOOLEAN", {"default": False})
        return {"required": {"model": ("MODEL",)}, "optional": {"everywhere": everywhere}}

    def patch(self, model, everywhere=False):
        def replaced(query, key, value, options):
            heads = options["n_heads"]
            return comfy.ldm.modules.attention.optimized_attention(query, key, value, heads)

        patched = model.clone()
        others = [(name, number) for name in ("input", "output") for number in range(6)]
        for place in [("middle", 0), *(others if everywhere else ())]:
            patched.set_model_attn2_replace(replaced, *place)
        return (patched,)


class TestNarrowCLIP:
    """The same CLIP, whose vectors end where the small models stop reading."""

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "narrow", ("CLIP",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"clip": ("CLIP",)}}

    def narrow(self, clip):
        def encoded(tokens, **options):
            for words, extras in clip.encode_from_tokens_scheduled(tokens, **options):
                pooled = extras["pooled_output"][..., :POOLED]
                yield [words[..., :WIDTH], {**extras, "pooled_output": pooled}]

        narrow = clip.clone()
        narrow.encode_from_tokens_scheduled = lambda *given, **more: list(encoded(*given, **more))
        return (narrow,)


def ours(name):
    """A module of the pack under test, which the core has loaded under a name of its own."""
    return next(one for known, one in sys.modules.items() if known.endswith(f".{name}"))


NODE_CLASS_MAPPINGS = {
    "TestModel": TestModel,
    "TestSmallCard": TestSmallCard,
    "TestOffloaded": TestOffloaded,
    "TestLentWeights": TestLentWeights,
    "TestPrompt": TestPrompt,
    "TestLatent": TestLatent,
    "TestControlNet": TestControlNet,
    "TestVAE": TestVAE,
    "TestSmallVAE": TestSmallVAE,
    "TestPicture": TestPicture,
    "TestOddPicture": TestOddPicture,
    "TestNothing": TestNothing,
    "TestAfter": TestAfter,
    "TestPictures": TestPictures,
    "TestSlowModel": TestSlowModel,
    "TestManyCards": TestManyCards,
    "TestAsked": TestAsked,
    "TestFusedModel": TestFusedModel,
    "TestTrains": TestTrains,
    "TestRandomState": TestRandomState,
    "TestUnloadAll": TestUnloadAll,
    "TestSides": TestSides,
    "TestImagePrompt": TestImagePrompt,
    "TestJoint": TestJoint,
    "TestStandIns": TestStandIns,
    "TestRecomputed": TestRecomputed,
    "TestGuidedSlope": TestGuidedSlope,
    "TestSlope": TestSlope,
    "TestNoise": TestNoise,
    "TestMoreKeys": TestMoreKeys,
    "TestOverride": TestOverride,
    "TestReplaced": TestReplaced,
    "TestNarrowCLIP": TestNarrowCLIP,
    "TestSeedLatent": TestSeedLatent,
    "TestVAEAfter": TestVAEAfter,
    "TestDecoderSlope": TestDecoderSlope,
}
