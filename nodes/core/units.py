"""The core's units and ours: noise levels, latents, and the noise a sampler starts from."""

from __future__ import annotations

import math

import comfy.model_management
import comfy.model_patcher
import torch
from torch import Tensor

from ...s2st.model.parameterization import finite_times, flow_time, to_flow
from .facts import Prediction, model_facts


def sigma_table(patcher: comfy.model_patcher.ModelPatcher) -> Tensor:
    """Every training timestep's sigma, ascending, in float64 and k-diffusion units."""
    table = patcher.get_model_object("model_sampling").sigmas.detach().to("cpu", torch.float64)
    if model_facts(patcher).prediction is Prediction.FLOW:
        times = finite_times(table)
        table = times / (1 - times)
    return table.to(torch.float64).clone()


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
