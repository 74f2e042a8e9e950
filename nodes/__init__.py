"""S2ST's nodes: a thin skin over the library, and the only part that knows ComfyUI."""

from .api import ComfyExtension
from .correlation import NODES as CORRELATION
from .inversion import NODES as INVERSION
from .null_text import NODES as NULL_TEXT
from .seed import NODES as SEED
from .trajectory import NODES as TRAJECTORY

NODES = [*INVERSION, *NULL_TEXT, *CORRELATION, *SEED, *TRAJECTORY]


class S2STExtension(ComfyExtension):
    """The pack, as ComfyUI asks for it."""

    async def get_node_list(self):
        return NODES
