"""The templates' thumbnails and the README's picture (`python -m tools.pictures`).

Every thumbnail shows what its own template makes with the embedded model; nothing is drawn by hand.
"""

import json
import sys
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from PIL import Image

from demo_world import EVALUATION_SEEDS, REFERENCE_SEEDS, render, scene
from s2st import strokes_of
from tools.comfy_client import ComfyClient, Run
from tools.comfyui import CACHE, Server, device_arguments, find, running
from tools.demo import FOLDER as DEMO
from tools.environment import ROOT
from tools.templates import FOLDER
from tools.workflows import NEVER, to_api

HALF = 256  # pixels of a quarter of a thumbnail
QUALITY = 88
OWN_SIZE = 128 * 128 / 1024**2  # megapixels of a rendered scene


def scene_picture(number: int, domain: str) -> np.ndarray:
    """One rendered scene, float [H,W,3]."""
    return render(scene(number), domain)


def as_image(picture: np.ndarray) -> Image.Image:
    """A picture of 0..1 for Pillow."""
    return Image.fromarray(np.rint(picture[..., :3].clip(0, 1) * 255).astype(np.uint8))


def quartet(pictures: Sequence[np.ndarray]) -> Image.Image:
    """Four pictures in a square, row by row."""
    whole = Image.new("RGB", (2 * HALF, 2 * HALF))
    for place, picture in enumerate(pictures):
        small = as_image(picture).resize((HALF, HALF), Image.LANCZOS)
        whole.paste(small, (place % 2 * HALF, place // 2 * HALF))
    return whole


class Studio:
    """Runs stored templates in one server and finds what they made by their nodes' titles."""

    def __init__(self, server: Server) -> None:
        self.client = ComfyClient(server.address)
        self.info = self.client.object_info()
        self.inputs = server.base / "input"
        self.outputs = server.base / "output"

    def graph(self, name: str, awake: bool = False) -> tuple[dict, dict[str, str]]:
        """(API form of a template, title -> node)."""
        workflow = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        for node in workflow["nodes"]:
            node["mode"] = 0 if awake and node["mode"] == NEVER else node["mode"]
        titles = {one["title"]: str(one["id"]) for one in workflow["nodes"] if "title" in one}
        return to_api(workflow, self.info), titles

    def run(self, graph: Mapping[str, dict]) -> Run:
        """Run it to its end."""
        return self.client.run(dict(graph))

    def first(self, run: Run, node: str) -> np.ndarray:
        """The first picture of a node."""
        return self.client.images(run, node)[0]


def demo_day_to_night(studio: Studio) -> list[np.ndarray]:
    """Two scenes and their translations."""
    graph, titles = studio.graph("demo_day_to_night")
    graph[titles["the scenes to translate"]]["inputs"]["count"] = 2
    run = studio.run(graph)
    results = studio.client.images(run, titles["save"])
    sources = [scene_picture(number, "day") for number in EVALUATION_SEEDS[:2]]
    return [sources[0], results[0], sources[1], results[1]]


def find_my_settings(studio: Studio) -> list[np.ndarray]:
    """A scene and three cells of a sheet: guidance 2, 1 and 4."""
    graph, titles = studio.graph("find_my_settings")
    graph[titles["two pictures to try settings on"]]["inputs"] |= {"first": 5, "count": 1}
    (name,) = (one for one in graph if graph[one]["class_type"] == "S2ST_Explore")
    given = graph[name]["inputs"]
    given |= {"guidance": "1, 4", "steps": "7", "learning_rate": "0.003"}
    outputs = ("PreviewImage", "PreviewAny", "SaveImage", "S2ST_SavePreset")
    graph = {one: node for one, node in graph.items() if node["class_type"] not in outputs}
    graph["shown"] = {"class_type": "PreviewImage", "inputs": {"images": ["decoded", 0]}}
    decoded = {"latent": [name, 1], "vae": given["vae"]}
    graph["decoded"] = {"class_type": "S2ST_DecodeImage", "inputs": decoded}
    made = []
    for number in (1, 2, 3):
        given["choose"] = number
        made.append(studio.first(studio.run(graph), "shown"))
    return [scene_picture(EVALUATION_SEEDS[5], "day"), *made]


def step_by_step_with_charts(studio: Studio) -> list[np.ndarray]:
    """Source, inversion check, translated seed, result."""
    graph, titles = studio.graph("step_by_step_with_charts")
    graph[titles["the scenes to translate"]]["inputs"] |= {"first": 2, "count": 1}
    run = studio.run(graph)
    shown = ("inversion check", "from the translated seed alone", "save")
    made = [studio.first(run, titles[title]) for title in shown]
    return [scene_picture(EVALUATION_SEEDS[2], "day"), *made]


def start_here(studio: Studio) -> list[np.ndarray]:
    """Two scenes by day and at night."""
    graph, titles = studio.graph("start_here")
    graph[titles["the picture to change"]]["inputs"]["count"] = 2
    made = studio.client.images(studio.run(graph), titles["save"])
    sources = [scene_picture(number, "day") for number in EVALUATION_SEEDS[1:3]]
    return [sources[0], made[0], sources[1], made[1]]


def your_checkpoint(studio: Studio) -> list[np.ndarray]:
    """A photo, its translation, the photo of the look, and another of its kind."""
    photo = scene_picture(EVALUATION_SEEDS[3], "day")
    looks = [scene_picture(REFERENCE_SEEDS[number], "night") for number in (1, 2)]
    graph, titles = own_restyle(studio, "your_checkpoint", looks[0])
    graph[titles["the photo to change"]]["inputs"]["image"] = kept(studio, photo, "photo")
    made = studio.first(studio.run(graph), titles["save"])
    return [photo, made, looks[0], looks[1]]


def only_the_sky(studio: Studio) -> list[np.ndarray]:
    """A scene, its mask, the scene with another sky, and a picture of that sky."""
    graph, titles = studio.graph("only_the_sky")
    run = studio.run(graph)
    shown = [studio.first(run, titles[one]) for one in ("before", "the mask", "save")]
    return [*shown, scene_picture(REFERENCE_SEEDS[0], "sunset")]


def film(studio: Studio) -> list[np.ndarray]:
    """Two frames before and after; scenes stand in for a film."""
    frames = [scene_picture(EVALUATION_SEEDS[number], "day") for number in (6, 7)]
    made = each_restyled(studio, "film", frames)
    return [frames[0], made[0], frames[1], made[1]]


def folder(studio: Studio) -> list[np.ndarray]:
    """Two pictures of a folder and what became of them."""
    photos = [scene_picture(EVALUATION_SEEDS[number], "day") for number in (8, 9)]
    made = each_restyled(studio, "folder", photos)
    return [photos[0], photos[1], made[0], made[1]]


def each_restyled(studio: Studio, name: str, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What a template makes of pictures that come, one by one, in the place of its own."""
    graph, _ = own_restyle(studio, name, scene_picture(REFERENCE_SEEDS[3], "night"))
    working = ("S2ST_Restyle", "S2ST_LoadDemoModel", "LoadImage")
    graph = {one: node for one, node in graph.items() if node["class_type"] in working}
    (node,) = (one for one in graph if graph[one]["class_type"] == "S2ST_Restyle")
    graph[node]["inputs"]["image"] = ["picture", 0]
    graph["seen"] = {"class_type": "PreviewImage", "inputs": {"images": [node, 0]}}
    made = []
    for number, picture in enumerate(pictures):
        file = kept(studio, picture, f"{name}-{number}")
        graph["picture"] = {"class_type": "LoadImage", "inputs": {"image": file}}
        made.append(studio.first(studio.run(graph), "seen"))
    return made


def kept(studio: Studio, picture: np.ndarray, name: str) -> str:
    """A picture in ComfyUI's input folder."""
    as_image(picture).save(studio.inputs / f"{name}.png")
    return f"{name}.png"


def own_restyle(studio: Studio, name: str, look: np.ndarray) -> tuple[dict, dict[str, str]]:
    """A template for a checkpoint with the demo model and its words, and a picture of the look."""
    graph, titles = studio.graph(name)
    graph[titles["a photo of the look"]]["inputs"]["image"] = kept(studio, look, "look")
    for node in graph.values():
        if node["class_type"] == "S2ST_Restyle":
            node["inputs"] |= {"now": "a street on a sunny day", "wanted": "a street at night"}
        if node["class_type"] == "CheckpointLoaderSimple":
            node |= {"class_type": "S2ST_LoadDemoModel", "inputs": {}}
    return graph, titles


def invert_once_many_prompts(studio: Studio) -> list[np.ndarray]:
    """A scene, and three translations of its one inversion."""
    graph, titles = studio.graph("invert_once_many_prompts")
    graph[titles["the scenes to invert"]]["inputs"] |= {"first": 4, "count": 1}
    studio.run(graph)
    saved = sorted((studio.outputs / "s2st").glob("*.s2st.safetensors"))[-1]
    graph, titles = studio.graph("invert_once_many_prompts", awake=True)
    graph[titles["the scenes to invert"]]["inputs"] |= {"first": 4, "count": 1}
    for node in graph.values():
        if node["class_type"] == "S2ST_LoadTrajectory":
            node["inputs"]["file"] = f"s2st/{saved.name}"
    run = studio.run(graph)
    made = [studio.first(run, titles[title]) for title in ("night", "snow", "fog")]
    return [scene_picture(EVALUATION_SEEDS[4], "day"), *made]


def paint_a_street(studio: Studio) -> list[np.ndarray]:
    """Strokes of two scenes, and what was painted over them."""
    graph, titles = studio.graph("paint_a_street")
    graph[titles["the scenes to draw strokes of"]]["inputs"]["count"] = 2
    run = studio.run(graph)
    strokes = studio.client.images(run, titles["the strokes"])
    results = studio.client.images(run, titles["save"])
    return [strokes[0], results[0], strokes[1], results[1]]


def paint_with_your_checkpoint(studio: Studio) -> list[np.ndarray]:
    """One stroke picture and three versions of it; the demo model stands in."""
    graph, titles = studio.graph("paint_with_your_checkpoint")
    picture = torch.from_numpy(scene_picture(EVALUATION_SEEDS[5], "sunset")).float()
    strokes = strokes_of(picture.movedim(-1, 0)[None])[0].movedim(0, -1).numpy()
    as_image(strokes).save(studio.inputs / "strokes.png")
    graph[titles["your strokes"]]["inputs"]["image"] = "strokes.png"
    graph[titles["what it shall show"]]["inputs"]["text"] = "a street at sunset"
    graph[titles["negative prompt"]]["inputs"]["text"] = ""
    painter = next(node for node in graph.values() if node["class_type"] == "S2ST_PaintStrokes")
    painter["inputs"] |= {"cfg": 3.0, "steps": 20}
    for node in graph.values():
        if "megapixels" in node["inputs"]:
            node["inputs"]["megapixels"] = OWN_SIZE
        if node["class_type"] == "CheckpointLoaderSimple":
            node |= {"class_type": "S2ST_LoadDemoModel", "inputs": {}}
    made = []
    for seed in range(3):
        painter["inputs"]["noise_seed"] = seed
        made.append(studio.first(studio.run(graph), titles["save"]))
    return [strokes, *made]


def words_for_colours(studio: Studio) -> list[np.ndarray]:
    """The strokes, and three versions of what was painted over them."""
    graph, titles = studio.graph("words_for_colours")
    painter = next(node for node in graph.values() if node["class_type"] == "S2ST_PaintStrokes")
    strokes, made = [], []
    for seed in range(3):
        painter["inputs"]["noise_seed"] = seed
        run = studio.run(graph)
        made.append(studio.first(run, titles["save"]))
        strokes = strokes or studio.client.images(run, titles["the strokes"])
    return [strokes[0], *made]


def like_that_photo(studio: Studio) -> list[np.ndarray]:
    """That photo, and three scenes in its look."""
    graph, titles = studio.graph("like_that_photo")
    run = studio.run(graph)
    made = studio.client.images(run, titles["save"])
    return [scene_picture(REFERENCE_SEEDS[2], "night"), *made[:3]]


def like_that_photo_your_checkpoint(studio: Studio) -> list[np.ndarray]:
    """A photo, another, and the first in the look of the second; the demo model stands in."""
    graph, titles = studio.graph("like_that_photo_your_checkpoint")
    photos = {"the photo to translate": scene_picture(EVALUATION_SEEDS[3], "day")}
    photos["that photo"] = scene_picture(REFERENCE_SEEDS[5], "snow")
    words = {"source prompt": "a street on a sunny day", "target prompt": "a street in the snow"}
    for title, text in words.items():
        graph[titles[title]]["inputs"]["text"] = text
    for title, picture in photos.items():
        file = f"{title.replace(' ', '-')}.png"
        as_image(picture).save(studio.inputs / file)
        graph[titles[title]]["inputs"]["image"] = file
    for node in graph.values():
        if "megapixels" in node["inputs"]:
            node["inputs"]["megapixels"] = OWN_SIZE
        if node["class_type"] == "CheckpointLoaderSimple":
            node |= {"class_type": "S2ST_LoadDemoModel", "inputs": {}}
    run = studio.run(graph)
    sheet = studio.first(run, titles["what is like what"])
    source, photo = photos.values()
    side = source.shape[0]
    return [source, photo, sheet[:side, :side], studio.first(run, titles["save"])]


def labels_to_scenes(studio: Studio) -> list[np.ndarray]:
    """That photo, a label map, and two scenes in its look."""
    graph, titles = studio.graph("labels_to_scenes")
    run = studio.run(graph)
    shown = ("how it shall look", "what each place shall be")
    made = studio.client.images(run, titles["save"])
    return [*(studio.first(run, titles[one]) for one in shown), *made[:2]]


def photo_to_labels_to_photos(studio: Studio) -> list[np.ndarray]:
    """A photo, its label map, and two photos of that map."""
    graph, titles = studio.graph("photo_to_labels_to_photos")
    run = studio.run(graph)
    labels = studio.first(run, titles["label maps"])
    made = studio.client.images(run, titles["save"])
    return [scene_picture(EVALUATION_SEEDS[0], "day"), labels, *made[:2]]


def thumbnails(only: Sequence[str] = ()) -> list[str]:
    """Run every template, or these alone, and write its thumbnail beside it."""
    makers = (
        start_here,
        your_checkpoint,
        only_the_sky,
        film,
        folder,
        demo_day_to_night,
        find_my_settings,
        step_by_step_with_charts,
        invert_once_many_prompts,
        paint_a_street,
        paint_with_your_checkpoint,
        words_for_colours,
        like_that_photo,
        like_that_photo_your_checkpoint,
        labels_to_scenes,
        photo_to_labels_to_photos,
    )
    with running(find(), CACHE / "demo-base", device_arguments()) as server:
        studio = Studio(server)
        for make in (one for one in makers if not only or one.__name__ in only):
            path = FOLDER / f"{make.__name__}.jpg"
            quartet(make(studio)).save(path, quality=QUALITY, optimize=True)
            print(path.relative_to(ROOT).as_posix(), flush=True)
    return [make.__name__ for make in makers]


def main(arguments: Sequence[str] = ()) -> int:
    """Thumbnails; then the README's picture, if the demo has been run. Or the named ones alone."""
    thumbnails(arguments)
    if arguments:
        return 0
    sheet, picture = DEMO / "contact-sheet.png", ROOT / "docs" / "demo.jpg"
    if not sheet.exists():
        print(f"{picture.name} needs the demo's contact sheet: run python dev.py demo first.")
        return 1
    Image.open(sheet).convert("RGB").save(picture, quality=QUALITY, optimize=True)
    print(picture.relative_to(ROOT).as_posix())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
