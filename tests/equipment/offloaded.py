"""Offloading as accelerate does it, on one machine with one device: weights lie on `meta`.

Every module's weights are brought by a hook before it runs and put away after it, as under
`enable_sequential_cpu_offload`, whose hooks are read by diffusers through `_hf_hook`.
"""

import torch


class Bringer:
    """Holds one module's own weights while they are away."""

    def __init__(self, module: torch.nn.Module, execution_device: torch.device) -> None:
        self.execution_device = execution_device
        self._weights = {
            name: one.detach() for name, one in module._parameters.items() if one is not None
        }
        module._hf_hook = self
        module.register_forward_pre_hook(self._bring)
        module.register_forward_hook(self._put_away)
        self._put_away(module)

    def _bring(self, module: torch.nn.Module, *_: object) -> None:
        for name, weight in self._weights.items():
            place(module, name, weight.to(self.execution_device, module._parameters[name].dtype))

    def _put_away(self, module: torch.nn.Module, *_: object) -> None:
        for name in self._weights:
            place(module, name, module._parameters[name].detach().to("meta"))


def place(module: torch.nn.Module, name: str, weight: torch.Tensor) -> None:
    module._parameters[name] = torch.nn.Parameter(weight, requires_grad=False)


def offload(pipeline, execution_device: torch.device) -> None:
    """Put all weights of a diffusers pipeline away."""
    networks = [one for one in pipeline.components.values() if isinstance(one, torch.nn.Module)]
    for module in (module for network in networks for module in network.modules()):
        Bringer(module, execution_device)
