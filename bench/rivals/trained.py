"""A network trained on the very domains: StarGAN v2 as the library has it (1912.01865).

It asks the diffusion model nothing, and costs hours before its first picture instead. Without
trained weights it is left out, and the page says so.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from s2st.many_to_one.switches import Preset
from s2st.many_to_one.translator import Translator
from translators.config import Data
from translators.runs import FOLDER, Run, newest

from ..lab import Case, Family, Meter, Method, Setting, settings
from ..store import digest

NAME = "Trained StarGAN v2"
REFERENCES, ONE_REFERENCE, SEED = "all references", "one reference", "seed"


def methods(root: Path = FOLDER) -> tuple[Method, ...]:
    """The rival with the weights that were finished last; nothing where there are none."""
    file = newest(Data.LOOKS, root)
    if file is None:
        return ()
    weights, training = digest(file.read_bytes()), told(opened(file))
    rows = [(style, weights, training) for style in (REFERENCES, ONE_REFERENCE, SEED)]
    method = Method(
        name=NAME,
        family=Family.TRAINED,
        run=partial(translated, file),
        settings=settings("style weights training", *rows),
        source="1912.01865",
    )
    return (method,)


def left_out(root: Path = FOLDER) -> str | None:
    """Why it is left out, and what brings it in."""
    if newest(Data.LOOKS, root) is not None:
        return None
    line = Run(data=Data.LOOKS, preset=Preset.STARGAN).line
    return f"{NAME} (it has no weights: `{line}` makes them)"


@cache
def opened(file: Path) -> Translator:
    return Translator.load(file)


def told(translator: Translator) -> str:
    """What the training took."""
    made = translator.made
    minutes, steps = made.get("seconds", 0) / 60, made.get("steps", 0)
    return f"{minutes:.0f} minutes, {steps} steps, {made.get('device', 'unknown')}"


@torch.no_grad()
def translated(file: Path, case: Case, setting: Setting, _: Meter) -> Tensor:
    """The case's pictures under styles of the target domain."""
    translator, pair = opened(file), case.pair
    if setting["style"] == SEED:
        style = torch.cat([translator.style_of_seed(pair.target, seed) for seed in case.seeds])
    else:
        count = 1 if setting["style"] == ONE_REFERENCE else len(case.references)
        styles = translator.style_of_pictures(pair.target, case.references[:count])
        style = styles.mean(dim=0, keepdim=True)
    return translator.translate(case.source, pair.source, pair.target, style)
