"""The one place that knows ComfyUI's model classes: a MODEL with its CONDITIONINGs, run as s2st's
Denoiser.

A `Session` works inside the core's own guider, so hooks, ControlNets, areas, masks, model patches
and memory management are the core's. Only the sampler, the innermost part, is ours.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import comfy.latent_formats
import comfy.model_management
import comfy.model_patcher
import comfy.model_sampling
import comfy.patcher_extension
import comfy.samplers
import torch
from torch import Tensor

from ...s2st import Conditioning, Denoiser
from ...s2st.model.gradients import Checkpointed
from ...s2st.model.parameterization import flow_sigma, flow_time, to_flow
from .differentiable import NormalTensors, checkpointed_blocks, differentiable_options

Result = TypeVar("Result")

# A differentiated evaluation, block by block, against what the core estimates for a plain one. With
# attention that keeps no scores: measured by `bench nodes`, rounded up; with one that does: a guess
# from before weights were shared.
GRAPH_MEMORY = {"lean": 5, "scores": 2}
SPARE_MEMORY = 1.5  # as the core leaves when it batches prompts


class Prediction(str, Enum):
    """What the network predicts; all are run as D(x, sigma)."""

    EPS = "eps"
    V = "v"
    EDM = "edm"
    FLOW = "flow"


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What must agree between the nodes of one translation."""

    family: str
    prediction: Prediction
    channels: int

    def as_dict(self) -> dict[str, object]:
        return {
            "family": self.family,
            "prediction": self.prediction.value,
            "channels": self.channels,
        }


def model_facts(patcher: comfy.model_patcher.ModelPatcher) -> ModelFacts:
    """The facts of a MODEL, or a ValueError for models that S2ST cannot run."""
    model = patcher.model
    family = type(model.model_config).__name__
    if not isinstance(model.latent_format, comfy.latent_formats.LatentFormat) or (
        getattr(model.latent_format, "latent_dimensions", 2) != 2
    ):
        raise ValueError(
            f"The model is a {family}, whose latents are not pictures, but S2ST translates "
            f"[batch, channels, height, width] latents: use an image model."
        )
    channels = model.latent_format.latent_channels
    _check_reads_latents_alone(model, family, channels)
    return ModelFacts(family=family, prediction=_prediction(patcher, family), channels=channels)


def _check_reads_latents_alone(model, family: str, channels: int) -> None:
    network = model.diffusion_model
    taken, patch = getattr(network, "in_channels", channels), getattr(network, "patch_size", 1)
    if not model.concat_keys and taken in (channels, channels * patch**2):
        return
    raise ValueError(
        f"The model is a {family} that reads {taken} channels where its latent has {channels}: "
        f"inpainting and edit models need a second picture that S2ST does not give; "
        f"load the ordinary checkpoint of the same family."
    )


def _prediction(patcher: comfy.model_patcher.ModelPatcher, family: str) -> Prediction:
    kinds = comfy.model_sampling
    sampling = patcher.get_model_object("model_sampling")
    refused = tuple(
        getattr(kinds, name)
        for name in ("X0", "IMG_TO_IMG", "IMG_TO_IMG_FLOW", "COSMOS_RFLOW")
        if hasattr(kinds, name)
    )
    if isinstance(sampling, refused):
        raise ValueError(
            f"The model is a {family}, which predicts neither noise, v nor a flow, but S2ST needs "
            f"one of these: use a Stable Diffusion 1.x, 2.x, XL or flow checkpoint."
        )
    louder = getattr(sampling, "noise_scale", 1.0)
    if louder != 1:
        raise ValueError(
            f"The model is a {family} that scales its noise by {louder:g}, but S2ST needs noise of "
            f"size 1: use a Stable Diffusion 1.x, 2.x, XL or another flow checkpoint."
        )
    for kind, prediction in (
        (kinds.EDM, Prediction.EDM),
        (kinds.V_PREDICTION, Prediction.V),
        (kinds.EPS, Prediction.EPS),
        (kinds.CONST, Prediction.FLOW),
    ):
        if isinstance(sampling, kind):
            return prediction
    raise ValueError(
        f"The model is a {family} with the sampling class {type(sampling).__name__}, which S2ST "
        f"does not know: use a Stable Diffusion 1.x, 2.x, XL or flow checkpoint."
    )


GUIDANCE_PATCHES = (
    "sampler_cfg_function",
    "sampler_pre_cfg_function",
    "sampler_post_cfg_function",
    "sampler_calc_cond_batch_function",
)


def guidance_patches(patcher: comfy.model_patcher.ModelPatcher) -> list[str]:
    """Patches that change how guidance is combined; s2st combines it itself, without them."""
    return [name for name in GUIDANCE_PATCHES if patcher.model_options.get(name)]


@dataclass(frozen=True, kw_only=True)
class PromptNeeds:
    """What a model reads of a CONDITIONING."""

    family: str
    width: int | None  # of each token; None where the model's configuration does not say
    pooled: bool


def prompt_needs(patcher: comfy.model_patcher.ModelPatcher) -> PromptNeeds:
    """What every prompt for this model must bring."""
    config = patcher.model.model_config
    width = config.unet_config.get("context_dim", config.unet_config.get("context_in_dim"))
    return PromptNeeds(
        family=type(config).__name__,
        width=width if isinstance(width, int) else None,
        pooled=patcher.model.adm_channels > 0,
    )


def sigma_table(patcher: comfy.model_patcher.ModelPatcher) -> Tensor:
    """Every training timestep's sigma, ascending, in float64 and k-diffusion units."""
    table = patcher.get_model_object("model_sampling").sigmas.detach().to("cpu", torch.float64)
    if model_facts(patcher).prediction is Prediction.FLOW:
        table = torch.tensor([flow_sigma(time) for time in _finite_times(table)])
    return table.to(torch.float64).clone()


def _finite_times(table: Tensor) -> list[float]:
    """A flow model's times; pure noise, t = 1, has no finite sigma and moves halfway inwards."""
    times = table.tolist()
    if times[-1] >= 1:
        times[-1] = (times[-2] + 1) / 2
    return times


def core_sigmas(patcher: comfy.model_patcher.ModelPatcher, sigmas: tuple[float, ...]) -> Tensor:
    """A schedule in the units of the core's SIGMAS socket."""
    flow = model_facts(patcher).prediction is Prediction.FLOW
    return torch.tensor([flow_time(one) if flow else one for one in sigmas], dtype=torch.float32)


def to_model_space(patcher: comfy.model_patcher.ModelPatcher, samples: Tensor) -> Tensor:
    """A LATENT's samples as the model's latents: float32, normal tensors, on the CPU."""
    with torch.inference_mode(False):
        given = samples.detach().to("cpu", torch.float32).clone()
        return patcher.model.process_latent_in(given).clone()


def from_model_space(patcher: comfy.model_patcher.ModelPatcher, latents: Tensor) -> Tensor:
    """The model's latents as a LATENT's samples."""
    device = comfy.model_management.intermediate_device()
    return patcher.model.process_latent_out(latents.detach().to(device, torch.float32).clone())


def initial_noise(
    patcher: comfy.model_patcher.ModelPatcher, state: Tensor, sigma: float, clean: Tensor
) -> Tensor:
    """The noise with which the core's samplers start at x = `state`, given its LATENT `clean`.

    The core adds noise in three ways: at its highest sigma, below it, and for flow models; the
    scaling is affine in the noise, so two probes invert it.
    """
    sampling = patcher.get_model_object("model_sampling")
    flow = model_facts(patcher).prediction is Prediction.FLOW
    top = torch.tensor(flow_time(sigma) if flow else sigma, dtype=torch.float32)
    highest = float(sampling.sigma_max)
    at_top = math.isclose(highest, float(top), rel_tol=1e-5) or float(top) > highest
    wanted = to_flow(state, sigma) if flow else state
    zero = torch.zeros_like(state)
    base = sampling.noise_scaling(top, zero.clone(), clean, at_top)
    unit = sampling.noise_scaling(top, torch.ones_like(state), torch.zeros_like(clean), at_top)
    return (wanted - base) / unit


def patcher_for(model: torch.nn.Module) -> comfy.model_patcher.ModelPatcher:
    """A freshly built diffusion model as a MODEL, on the devices the user has chosen."""
    management = comfy.model_management
    return comfy.model_patcher.ModelPatcher(
        model,
        load_device=management.get_torch_device(),
        offload_device=management.unet_offload_device(),
    )


def unet_dtypes(supported: list[torch.dtype]) -> tuple[torch.dtype, torch.dtype | None]:
    """(the dtype to keep weights in, the one to compute in where it differs)."""
    management = comfy.model_management
    kept = management.unet_dtype(supported_dtypes=supported)
    return kept, management.unet_manual_cast(kept, management.get_torch_device(), supported)


def load_device(patcher: comfy.model_patcher.ModelPatcher) -> torch.device:
    """Where this model computes."""
    return patcher.load_device


def stop_if_interrupted() -> None:
    """Raise the core's own exception when the user has pressed Cancel."""
    comfy.model_management.throw_exception_if_processing_interrupted()


@dataclass(frozen=True)
class _PromptHandle:
    """Which of a session's prompts a Conditioning stands for."""

    name: str


class ComfyDenoiser:
    """s2st's Denoiser on a model that the core has loaded and prepared."""

    def __init__(self, guider: _Guider, options: dict, flow: bool, differentiates: bool) -> None:
        self._model = guider.inner_model
        self._conds = guider.prompts
        self._options = options
        self._flow = flow
        self._differentiates = differentiates
        self._fitting: int | None = None

    def denoise(self, x: Tensor, sigma: float, conditioning: Conditioning) -> Tensor:
        state, level = (to_flow(x, sigma), flow_time(sigma)) if self._flow else (x, sigma)
        size = self._pictures_at_once(state, conditioning)
        parts = [
            self._evaluated(state[first : first + size], level, part)
            for first, part in _conditioning_parts(conditioning, len(state), size)
        ]
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def _evaluated(self, state: Tensor, level: float, conditioning: Conditioning) -> Tensor:
        stop_if_interrupted()
        conds = self._conds[conditioning.extra.name].with_embedding(conditioning.embedding)
        timestep = torch.full((len(state),), level, dtype=torch.float32, device=state.device)
        with self._mode():
            (denoised,) = comfy.samplers.calc_cond_batch(
                self._model, [conds], state, timestep, self._options
            )
        return denoised.clone() if denoised.is_inference() else denoised

    def _mode(self) -> contextlib.AbstractContextManager:
        if self._differentiates and torch.is_grad_enabled():
            return NormalTensors()
        return torch.inference_mode()  # as the core runs its own samplers

    def _pictures_at_once(self, state: Tensor, conditioning: Conditioning) -> int:
        if not self._conds[conditioning.extra.name].is_shared:
            return len(state)
        if self._fitting is None:
            self._fitting = self._that_fit(state)
        return self._fitting

    def _that_fit(self, state: Tensor) -> int:
        """How many pictures free memory allows, decided once so that runs repeat exactly."""
        factor = SPARE_MEMORY * (graph_memory() if self._differentiates else 1)
        needed = self._model.memory_required([1, *state.shape[1:]]) * factor
        # A newer core's patcher also counts the weights that it would give up.
        memory = getattr(self._model.current_patcher, "get_free_memory", None)
        free = (memory or comfy.model_management.get_free_memory)(state.device)
        return max(1, min(len(state), int(free / needed)))


def _conditioning_parts(conditioning: Conditioning, batch: int, size: int):
    """(first picture, conditioning) of each part of a batch."""
    embedding = conditioning.embedding
    for first in range(0, batch, size):
        if size < batch and len(embedding) == batch:
            yield first, conditioning.with_embedding(embedding[first : first + size])
        else:
            yield first, conditioning


class _Prompt:
    """One CONDITIONING after the core has prepared it, and the tokens it consists of."""

    def __init__(self, name: str, raw: list, processed: list[dict]) -> None:
        self.name = name
        self._entries = processed
        self._tokens = list({id(entry[0]): entry[0] for entry in raw}.values())
        with torch.inference_mode(False):
            self.conditioning = Conditioning(joined_embedding(self._tokens), _PromptHandle(name))

    @property
    def is_shared(self) -> bool:
        """Whether every picture of a batch is given the same, so that a batch may be split."""
        return all(_is_shared(entry) for entry in self._entries)

    @property
    def changes_weights(self) -> bool:
        """Whether hooks change the model's own weights for this prompt."""
        return any(entry.get("hooks") is not None for entry in self._entries)

    def with_embedding(self, embedding: Tensor) -> list[dict]:
        """The prepared entries, reading `embedding` in place of their own tokens."""
        if _is_same(embedding, self.conditioning.embedding):
            return self._entries
        lengths = [tokens.shape[1] for tokens in self._tokens]
        parts = dict(
            zip(map(id, self._tokens), torch.split(embedding, lengths, dim=1), strict=True)
        )
        return [self._replaced(entry, parts) for entry in self._entries]

    def _replaced(self, entry: dict, parts: Mapping[int, Tensor]) -> dict:
        attention = entry["model_conds"].get("c_crossattn")
        if attention is None or id(attention.cond) not in parts:
            raise ValueError(
                f"The {self.name} prompt is rewritten by the model before it is read, so null-text "
                f"embeddings cannot take its place: use the method 'negative prompt'."
            )
        changed = attention._copy_with(parts[id(attention.cond)])
        return {**entry, "model_conds": {**entry["model_conds"], "c_crossattn": changed}}


def _is_shared(entry: dict) -> bool:
    """No tensor of the entry, but its tokens, has a row for each picture."""
    others = {name: one for name, one in entry["model_conds"].items() if name != "c_crossattn"}
    alone = all(getattr(one.cond, "shape", [1])[0] == 1 for one in others.values())
    mask = entry.get("mask")
    return alone and (mask is None or len(mask) == 1) and "control" not in entry


def _is_same(embedding: Tensor, original: Tensor) -> bool:
    same_memory = embedding.data_ptr() == original.data_ptr() and embedding.shape == original.shape
    return same_memory and not embedding.requires_grad


def joined_embedding(tokens: list[Tensor]) -> Tensor:
    """All entries' tokens side by side, [1 or B, tokens, width], float32."""
    batch = max(one.shape[0] for one in tokens)
    return torch.cat([one.to(torch.float32).expand(batch, -1, -1).clone() for one in tokens], dim=1)


class _Guider(comfy.samplers.CFGGuider):
    """The core's guider with any number of prompts, each prepared as a run's own positive."""

    def set_prompts(self, prompts: Mapping[str, list]) -> None:
        self.raw = dict(prompts)
        self.inner_set_conds(self.raw)

    def inner_sample(self, noise, latent_image, device, *rest, **options):
        # The core prepares the prompts in here; keep them as they were before that.
        self.unprepared = {name: list(entries) for name, entries in self.conds.items()}
        return super().inner_sample(noise, latent_image, device, *rest, **options)

    def prepare(self, noise: Tensor, device: torch.device) -> None:
        """Prepare each pair of prompts on its own, so that one's areas do not reach another."""
        self.prompts: dict[str, _Prompt] = {}
        for group in _groups(self.unprepared):
            conds = {role: list(self.unprepared[name]) for role, name in group.items()}
            done = comfy.samplers.process_conds(self.inner_model, noise, conds, device, noise)
            for role, name in group.items():
                self.prompts[name] = _Prompt(name, self.raw[name], done[role])


def _groups(names: Mapping[str, object]) -> list[dict[str, str]]:
    pair = {name: name for name in ("positive", "negative") if name in names}
    alone = [{"positive": name} for name in names if name not in pair]
    return ([pair] if pair else []) + alone


class _Work(comfy.samplers.Sampler):
    """A core sampler whose run is whatever the session was asked to do."""

    def __init__(self, work: Callable[[ComfyDenoiser, _Guider], Result], run: Session) -> None:
        self.work = work
        self.run = run
        self.result: Result | None = None

    def sample(self, model_wrap, sigmas, extra_args, callback, noise, *rest, **options):
        options = extra_args["model_options"]
        if self.run.gradients:
            options = differentiable_options(options)
        model_wrap.prepare(noise, noise.device)
        with torch.inference_mode(False), torch.no_grad():
            denoiser = ComfyDenoiser(model_wrap, options, self.run.flow, self.run.gradients)
            with self._differentiable(model_wrap):
                self.result = self.work(denoiser, model_wrap)
        return noise

    @contextlib.contextmanager
    def _differentiable(self, guider: _Guider) -> Iterator[None]:
        if not self.run.gradients:
            yield
            return
        with without_fused_kernels(), checkpointed_blocks(guider.inner_model.diffusion_model):
            yield


@contextlib.contextmanager
def without_fused_kernels() -> Iterator[None]:
    """Inside, newer cores compute by operations that have a backward pass, as when they train."""
    management = comfy.model_management
    before = getattr(management, "in_training", None)
    if before is None:
        yield
        return
    management.in_training = True
    try:
        yield
    finally:
        management.in_training = before


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run of a model with named prompts on latents of one shape."""

    patcher: comfy.model_patcher.ModelPatcher
    prompts: Mapping[str, list]  # name -> CONDITIONING; "positive" and "negative" belong together
    shape: tuple[int, ...]
    sigmas: tuple[float, ...]
    gradients: bool = False  # through the model

    @property
    def flow(self) -> bool:
        return model_facts(self.patcher).prediction is Prediction.FLOW

    def run(self, work: Callable[[Denoiser, Mapping[str, Conditioning]], Result]) -> Result:
        """Let the core load and prepare the model, call `work`, and clean up after it."""
        patcher = self.patcher.clone() if self.gradients else self.patcher
        if self.gradients:
            patcher.add_wrapper(
                comfy.patcher_extension.WrappersMP.PREPARE_SAMPLING, _with_room_for_graph
            )

        def inside(denoiser: Denoiser, guider: _Guider) -> Result:
            device = patcher.load_device
            if self.gradients and any(prompt.changes_weights for prompt in guider.prompts.values()):
                # One prompt's weights must be back when its evaluation is gone through again.
                denoiser = Checkpointed(denoiser)
            named = {
                name: _on_device(prompt.conditioning, prompt, device)
                for name, prompt in guider.prompts.items()
            }
            return work(denoiser, named)

        guider = _Guider(patcher)
        guider.set_prompts(self.prompts)
        sampler = _Work(inside, self)
        with torch.inference_mode():
            noise = torch.zeros(self.shape)
            guider.sample(noise, noise, sampler, core_sigmas(self.patcher, self.sigmas), seed=0)
        return sampler.result


def _on_device(conditioning: Conditioning, prompt: _Prompt, device: torch.device) -> Conditioning:
    prompt.conditioning = conditioning.with_embedding(conditioning.embedding.to(device))
    return prompt.conditioning


def graph_memory() -> int:
    """How many plain evaluations, as the core estimates them, a differentiated one needs."""
    management = comfy.model_management
    lean = management.xformers_enabled() or management.pytorch_attention_flash_attention()
    return GRAPH_MEMORY["lean" if lean else "scores"]


def _with_room_for_graph(executor, model, noise_shape, conds, **options):
    # The core doubles this, for both prompts at once; ours go one by one. Never less than twice
    # what it asks for itself: attention that keeps scores was not measured.
    larger = [math.ceil(noise_shape[0] * max(2, graph_memory() / 2)), *noise_shape[1:]]
    return executor(model, larger, conds, **options)
