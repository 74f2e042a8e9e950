"""S2ST for ComfyUI: seed-to-seed image translation as nodes."""

WEB_DIRECTORY = "./web"


async def comfy_entrypoint():
    """ComfyUI's entry point; imported here and not above, so that tests can import this file."""
    from .nodes import S2STExtension

    return S2STExtension()
