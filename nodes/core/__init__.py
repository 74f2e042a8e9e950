"""Everything that touches ComfyUI's internals, and what all nodes share."""
