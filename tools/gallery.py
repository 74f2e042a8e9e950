"""The gallery's pictures and the strips of the help pages (`python -m tools.gallery [NODE ...]`).

All are made by the embedded model in a real ComfyUI, of scenes that it has never seen: the first
ones, none chosen.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from demo_world import EVALUATION_SEEDS, prompt
from tools.comfyui import CACHE, device_arguments, find, running
from tools.environment import ROOT
from tools.pictures import Studio, scene_picture
from tools.sheet import labelled
from tools.templates import REFERENCES
from tools.workflows import Kind

GALLERY = ROOT / "docs" / "gallery"
STRIPS = ROOT / "web" / "strips"
QUALITY = 82
LOOKS = ("sunset", "night", "fog", "rain", "snow")
ROWS = 3
SCENE, LOOK = 1, "snow"  # of the strips


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One setting of a node in a template, and its values from left to right."""

    template: str
    node: str
    setting: str
    values: Sequence[object]

    @property
    def file(self) -> Path:
        """Where the help page of the node looks for it."""
        return STRIPS / f"{self.node.removeprefix('S2ST_')}-{self.setting}.jpg"


def strips(template: str, node: str, settings: Mapping[str, Sequence[object]]) -> list[Strip]:
    """A strip for each setting of a node."""
    return [
        Strip(template=template, node=node, setting=name, values=values)
        for name, values in settings.items()
    ]


ALL_STRIPS = (
    *strips(
        "start_here",
        "S2ST_Restyle",
        {
            "strength": (0.0, 0.5, 1.0, 1.5, 2.0),
            "keep_structure": (0.0, 0.5, 1.0, 1.5, 2.0),
            "quality": ("draft", "normal", "best"),
        },
    ),
    *strips(
        "demo_day_to_night",
        "S2ST_DifferencePath",
        {
            "cfg": (1.0, 1.5, 2.0, 3.0, 5.0),
            "structure_weight": (0.0, 0.2, 1.0, 5.0),
            "appearance_weight": (0.0, 0.5, 1.0, 3.0),
            "tolerance": (0.0, 0.25, 0.5, 1.0),
            "matching": (0.0, 0.3, 0.6, 1.0),
            "noise_seed": (0, 1, 2, 3),
        },
    ),
    *strips("like_that_photo", "S2ST_MatchExemplar", {"temperature": (0.005, 0.02, 0.05, 0.2)}),
    *strips(
        "like_that_photo",
        "S2ST_ExemplarTranslate",
        {"start": (0.15, 0.3, 0.45, 0.7), "rematches": (0, 1, 2, 4), "grain": (0.0, 1.0, 2.0, 4.0)},
    ),
    *strips(
        "labels_to_scenes",
        "S2ST_LabelsToScene",
        {"rematches": (0, 1, 2, 3), "polish": (0, 5, 20)},
    ),
)
ONE = {"first": SCENE, "count": 1}
# What a template is asked for: inputs of nodes by their titles, or kinds where they have none.
ASKED = {
    "start_here": {
        "the picture to change": ONE,
        "pictures of the look": {"domain": LOOK},
        "S2ST_Restyle": {"wanted": prompt(LOOK)},
    },
    "demo_day_to_night": {
        "the scenes to translate": ONE,
        f"{REFERENCES} other scenes: night": {"domain": LOOK},
        "target prompt": {"text": prompt(LOOK)},
    },
    "like_that_photo": {"the scenes to translate": ONE},
    "labels_to_scenes": {"label maps": ONE},
}
# What a strip begins with: outputs of nodes by their titles.
BEFORE = {
    "start_here": {"before": ("the picture to change", 0)},
    "demo_day_to_night": {"before": ("the scenes to translate", 0)},
    "like_that_photo": {"before": ("the scenes to translate", 0), "that photo": ("that photo", 0)},
    "labels_to_scenes": {"label map": ("label maps", 4), "that photo": ("that photo", 0)},
}


def drawn(studio: Studio, strip: Strip) -> Image.Image:
    """What there is, and what comes of it under every value."""
    graph, titles = studio.graph(strip.template)
    if strip.node == "S2ST_ExemplarTranslate":
        interleave(graph, studio.info)
    named = titles | {node["class_type"]: number for number, node in graph.items()}
    for name, inputs in ASKED[strip.template].items():
        graph[named[name]]["inputs"] |= inputs
    before = {
        name: watched(graph, named[title], output)
        for name, (title, output) in BEFORE[strip.template].items()
    }
    seen = titles["save"]
    if strip.node == "S2ST_MatchExemplar":  # whose warped picture the template leaves out
        seen = watched(graph, named[strip.node], 0)
    given, columns = graph[named[strip.node]]["inputs"], {}
    default = given[strip.setting]
    for value in strip.values:
        given[strip.setting] = value
        run = studio.run(graph)
        columns = columns or {name: [studio.first(run, node)] for name, node in before.items()}
        name = f"{value} (default)" if value == default else f"{value}"
        columns[name] = [studio.first(run, seen)]
    return labelled(columns)


def watched(graph: dict[str, dict], node: str, output: int) -> str:
    """A preview of a node's output: its name in the graph."""
    name = f"{node} {output}"
    graph[name] = {"class_type": "PreviewImage", "inputs": {"images": [node, output]}}
    return name


def interleave(graph: dict[str, dict], info: Mapping[str, dict]) -> None:
    """Exemplar Translate at its defaults in the place of the template's Difference Path."""
    (node,) = (one for one in graph.values() if one["class_type"] == "S2ST_DifferencePath")
    wired = {**node["inputs"], "exemplar": node["inputs"]["target_domain"]}
    kind = Kind.of(info, "S2ST_ExemplarTranslate")
    widgets = {one.name: one.default for one in kind.inputs if one.is_widget}
    links = {one.name: wired[one.name] for one in kind.inputs if one.name in wired}
    node |= {"class_type": kind.name, "inputs": {**links, **widgets}}


def restyled(studio: Studio, source: str, target: str) -> list[np.ndarray]:
    """The first scenes of a domain in the look of another, by the one simple node."""
    graph, titles = studio.graph("start_here")
    scenes = {"domain": source, "truth_domain": target, "first": 0, "count": ROWS}
    graph[titles["the picture to change"]]["inputs"] |= scenes
    graph[titles["pictures of the look"]]["inputs"]["domain"] = target
    (node,) = (one for one in graph.values() if one["class_type"] == "S2ST_Restyle")
    node["inputs"] |= {"now": prompt(source), "wanted": prompt(target)}
    return studio.client.images(studio.run(graph), titles["save"])


def rendered(domain: str) -> list[np.ndarray]:
    """The first scenes as they are drawn."""
    return [scene_picture(number, domain) for number in EVALUATION_SEEDS[:ROWS]]


def looks(studio: Studio) -> Image.Image:
    """A day under every look."""
    made = {look: restyled(studio, "day", look) for look in LOOKS}
    return labelled({"by day, as it is": rendered("day"), **made})


def back(studio: Studio) -> Image.Image:
    """Nights and winters by day, beside the truth."""
    columns = {}
    for source in ("night", "snow"):
        columns[f"{source}, as it is"] = rendered(source)
        columns[f"{source} to day"] = restyled(studio, source, "day")
    return labelled({**columns, "by day, the truth": rendered("day")})


def kept(picture: Image.Image, path: Path) -> None:
    """Save it and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=QUALITY, optimize=True)
    print(path.relative_to(ROOT).as_posix(), flush=True)


def main(only: Sequence[str]) -> int:
    """Draw every picture anew, or the strips of the named nodes alone."""
    with running(find(), CACHE / "demo-base", device_arguments()) as server:
        studio = Studio(server)
        for make in (looks, back) if not only else ():
            kept(make(studio), GALLERY / f"{make.__name__}.jpg")
        for strip in (one for one in ALL_STRIPS if not only or one.node in only):
            kept(drawn(studio, strip), strip.file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
