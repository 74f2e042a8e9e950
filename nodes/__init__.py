"""S2ST's nodes: a thin skin over the library, and the only part that knows ComfyUI."""

from .core.api import ComfyExtension
from .demo.scenes import NODES as DEMO
from .exemplar.match import NODES as MATCH_EXEMPLAR
from .exemplar.scene import NODES as LABELS_TO_SCENE
from .exemplar.translate import NODES as EXEMPLAR
from .looks.looks import NODES as LOOKS
from .many_to_one.load import NODES as LOAD_TRANSLATOR
from .many_to_one.translate import NODES as TRANSLATE_DOMAIN
from .path.difference import NODES as DIFFERENCE
from .path.explore import NODES as EXPLORE
from .path.presets import NODES as PRESETS
from .path.restyle import NODES as RESTYLE
from .pictures.compare import NODES as COMPARE
from .pictures.detail import NODES as DETAIL
from .pictures.images import NODES as IMAGES
from .regions.regions import NODES as REGIONS
from .seeds.correlation import NODES as CORRELATION
from .seeds.inversion import NODES as INVERSION
from .seeds.null_text import NODES as NULL_TEXT
from .seeds.sampling import NODES as SAMPLING
from .seeds.seed import NODES as SEED
from .seeds.storage import NODES as STORAGE
from .seeds.trajectory import NODES as TRAJECTORY
from .seeds.translate import NODES as TRANSLATE
from .strokes.make import NODES as MAKE_STROKES
from .strokes.paint import NODES as PAINT_STROKES
from .strokes.regions import NODES as WORD_REGIONS

NODES = [
    *RESTYLE,
    *INVERSION,
    *NULL_TEXT,
    *CORRELATION,
    *SEED,
    *SAMPLING,
    *TRAJECTORY,
    *DIFFERENCE,
    *EXPLORE,
    *PRESETS,
    *TRANSLATE,
    *LOOKS,
    *REGIONS,
    *EXEMPLAR,
    *MATCH_EXEMPLAR,
    *LABELS_TO_SCENE,
    *PAINT_STROKES,
    *MAKE_STROKES,
    *WORD_REGIONS,
    *LOAD_TRANSLATOR,
    *TRANSLATE_DOMAIN,
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
