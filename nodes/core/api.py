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


def found_by(*aliases: str) -> dict[str, list[str]]:
    """What people type who look for a node; older cores find it by its own name alone."""
    return known(io.Schema, search_aliases=list(aliases))


__all__ = ["CATEGORY", "ComfyExtension", "found_by", "io", "known", "output"]
