"""ComfyUI's node API, in the version this pack is written for or the nearest one there is."""

from inspect import signature

try:
    from comfy_api.v0_0_2 import ComfyExtension, io
except ImportError:  # a core that has dropped this version still has the newest one
    from comfy_api.latest import ComfyExtension, io

CATEGORY = "S2ST"


def output(kind, name: str, tooltip: str):
    """An output of a node under its own name; without one ComfyUI would show its type."""
    return kind.Output(name, display_name=name, tooltip=tooltip)


def known(kind, **wanted):
    """Those of a newer core's keywords that this core's `kind` takes; others it would refuse."""
    takes = signature(kind).parameters
    return {name: value for name, value in wanted.items() if name in takes}


__all__ = ["CATEGORY", "ComfyExtension", "io", "known", "output"]
