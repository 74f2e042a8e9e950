"""What a UNet's middle holds while it answers: read by the core's own patch, changing nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comfy.model_patcher
import comfy.patcher_extension
from torch import Tensor, nn

from ...s2st.model.features import UPSAMPLINGS

PATCH = "output_block_patch"  # sees a block's input before the skip is joined


def check_features(patcher: comfy.model_patcher.ModelPatcher, conditioning: list) -> None:
    """Refuse what shows no features: before a model is loaded, of whole pictures, once of each."""
    feature_block(patcher.model.diffusion_model)
    if len(conditioning) != 1 or conditioning[0][1].get("area") is not None:
        raise ValueError(
            "The prompt has several parts or an area, but features are read under a plain one: "
            "connect one CLIP Text Encode; any text serves, an empty one too."
        )


def unshown(patcher: comfy.model_patcher.ModelPatcher, conditioning: list) -> str:
    """Why no features can be read, as the sentence that refuses it; empty where they can."""
    try:
        check_features(patcher, conditioning)
    except ValueError as error:
        return str(error)
    return ""


def feature_block(network: nn.Module) -> int:
    """The output block that is given the features: after the second upsampling (DIFT), or after
    the last of fewer.
    """
    blocks = getattr(network, "output_blocks", ())
    enlarging = [place for place, one in enumerate(blocks) if _enlarges(one)]
    if not enlarging:
        raise ValueError(
            f"The model's network is a {type(network).__name__}, whose features S2ST cannot read, "
            f"but they tell what is like what: connect masks or label maps of source and target "
            f"domain, or use a Stable Diffusion 1.x, 2.x or XL checkpoint."
        )
    return enlarging[:UPSAMPLINGS][-1] + 1


def _enlarges(block: nn.Module) -> bool:
    return any(type(one).__name__ == "Upsample" for one in block.modules())


def showing(options: dict, block: int, show: Callable[[Tensor], None]) -> dict:
    """A model's options with a patch, before all others, that shows what a block is given."""

    def shown(hidden: Tensor, skip: Tensor, transformer: dict[str, Any]):
        if transformer.get("block") == ("output", block):
            show(hidden.detach().float())
        return hidden, skip

    own = comfy.patcher_extension.copy_nested_dicts(options)
    transformer = own.setdefault("transformer_options", {})
    patches = transformer.setdefault("patches", {})
    patches[PATCH] = [shown, *patches.get(PATCH, [])]
    return own
