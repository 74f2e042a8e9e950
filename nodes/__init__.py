"""S2ST's nodes: a thin skin over the library, and the only part that knows ComfyUI."""

from .api import ComfyExtension
from .inversion import NODES as INVERSION

NODES = [*INVERSION]


class S2STExtension(ComfyExtension):
    """The pack, as ComfyUI asks for it."""

    async def get_node_list(self):
        return NODES
