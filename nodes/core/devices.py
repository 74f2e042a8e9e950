"""What nodes ask of the core's memory manager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import comfy.model_management
import comfy.model_patcher
import torch


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


@contextmanager
def on_device(network: torch.nn.Module) -> Iterator[None]:
    """A small network on the device the user has chosen, for as long as it is needed there."""
    management = comfy.model_management
    network.to(management.get_torch_device())
    try:
        yield
    finally:
        network.to(management.unet_offload_device())


def load_device(patcher: comfy.model_patcher.ModelPatcher) -> torch.device:
    """Where this model computes."""
    return patcher.load_device
