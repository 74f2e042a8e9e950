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

from demo_world import EVALUATION_SEEDS, LEGEND, REFERENCE_SEEDS, labels, prompt, render, scene
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
SIDE = 128
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
PHOTO = REFERENCE_SEEDS[2]  # of the templates that follow one


def drawn(studio: Studio, strip: Strip) -> Image.Image:
    """What there is, and what comes of it under every value."""
    graph, titles = studio.graph(strip.template)
    if strip.node == "S2ST_ExemplarTranslate":
        interleave(graph, studio.info)
    named = titles | {node["class_type"]: number for number, node in graph.items()}
    for name, inputs in ASKED[strip.template].items():
        graph[named[name]]["inputs"] |= inputs
    given = graph[named[strip.node]]["inputs"]
    seen = titles["save"]
    if strip.node == "S2ST_MatchExemplar":  # whose warped picture the template leaves out
        seen = "warped"
        graph = {one: graph[one] for one in needed(graph, named[strip.node])}
        graph[seen] = {"class_type": "PreviewImage", "inputs": {"images": [named[strip.node], 0]}}
    columns = {name: [picture] for name, picture in before(strip.template).items()}
    default = given[strip.setting]
    for value in strip.values:
        given[strip.setting] = value
        name = f"{value} (default)" if value == default else f"{value}"
        columns[name] = [studio.first(studio.run(graph), seen)]
    return labelled(columns)


def before(template: str) -> dict[str, np.ndarray]:
    """What a strip of a template begins with."""
    own = scene(EVALUATION_SEEDS[SCENE])
    match template:
        case "like_that_photo":
            return {"before": render(own, "day"), "that photo": scene_picture(PHOTO, "night")}
        case "labels_to_scenes":
            colours = np.array(list(LEGEND.values())) / 255
            shown = colours[labels(own, SIDE)]
            return {"label map": shown, "that photo": scene_picture(PHOTO, "sunset")}
    return {"before": render(own, "day")}


def interleave(graph: dict[str, dict], info: Mapping[str, dict]) -> None:
    """Exemplar Translate at its defaults in the place of the template's Difference Path."""
    (node,) = (one for one in graph.values() if one["class_type"] == "S2ST_DifferencePath")
    wired = {**node["inputs"], "exemplar": node["inputs"]["target_domain"]}
    kind = Kind.of(info, "S2ST_ExemplarTranslate")
    widgets = {one.name: one.default for one in kind.inputs if one.is_widget}
    links = {one.name: wired[one.name] for one in kind.inputs if one.name in wired}
    node |= {"class_type": kind.name, "inputs": {**links, **widgets}}


def needed(graph: Mapping[str, dict], node: str) -> set[str]:
    """A node and all that it needs."""
    sources = {one[0] for one in graph[node]["inputs"].values() if isinstance(one, list)}
    return {node}.union(*(needed(graph, one) for one in sources))


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
