"""ComfyUI's node API, in the version this pack is written for or the nearest one there is."""

try:
    from comfy_api.v0_0_2 import ComfyExtension, io
except ImportError:  # a core that has dropped this version still has the newest one
    from comfy_api.latest import ComfyExtension, io

CATEGORY = "S2ST"


def output(kind, name: str, tooltip: str):
    """An output of a node under its own name; without one ComfyUI would show its type."""
    return kind.Output(name, display_name=name, tooltip=tooltip)


__all__ = ["CATEGORY", "ComfyExtension", "io", "output"]
