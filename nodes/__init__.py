"""S2ST's nodes: a thin skin over the library, and the only part that knows ComfyUI."""

from .api import ComfyExtension
from .compare import NODES as COMPARE
from .correlation import NODES as CORRELATION
from .demo import NODES as DEMO
from .detail import NODES as DETAIL
from .difference import NODES as DIFFERENCE
from .images import NODES as IMAGES
from .inversion import NODES as INVERSION
from .null_text import NODES as NULL_TEXT
from .seed import NODES as SEED
from .storage import NODES as STORAGE
from .trajectory import NODES as TRAJECTORY
from .translate import NODES as TRANSLATE

NODES = [
    *INVERSION,
    *NULL_TEXT,
    *CORRELATION,
    *SEED,
    *TRAJECTORY,
    *DIFFERENCE,
    *TRANSLATE,
    *STORAGE,
    *COMPARE,
    *IMAGES,
    *DETAIL,
    *DEMO,
]


class S2STExtension(ComfyExtension):
    """The pack, as ComfyUI asks for it."""

    async def get_node_list(self):
        return NODES
