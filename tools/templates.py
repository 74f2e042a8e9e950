"""The workflows of ComfyUI's template list, described; `python -m tools.templates` writes them."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools import template_notes as notes
from tools.comfy_client import ComfyClient
from tools.comfyui import CACHE, device_arguments, find, running
from tools.environment import ROOT, SetupError
from tools.workflows import Output, Workflow

Info = Mapping[str, dict]  # what a server says of its nodes
Describe = Callable[[Info], Workflow]
FOLDER = ROOT / "workflows"
REFINE = 3  # of the inversions that a template shows and keeps
SCENES, REFERENCES = 4, 16
OTHER_SCENES = 100  # the first day picture of the source domain: no pairs with the night ones
SHORT_NAME = "v1-5-pruned-emaonly-fp16.safetensors"
ITS_HOME = "https://huggingface.co/Comfy-Org/stable-diffusion-v1-5-archive/resolve/main"
CHECKPOINT = {
    "name": SHORT_NAME,
    "url": f"{ITS_HOME}/{SHORT_NAME}?download=true",
    "directory": "checkpoints",
}
ITS_SIZE = 0.25  # megapixels that it was trained for
PHOTO = "example.png"
OWN_WORDS = ("a photo of a street by day", "a photo of a street at night")
SIMPLE = tuple(("S2ST_Restyle", one) for one in ("now", "wanted", "strength"))  # in App mode
PACK = "of this pack: "  # before the names of trained networks that come with it


def checkpoint(flow: Workflow) -> tuple[Output, ...]:
    """Model, CLIP and VAE of a file that the editor offers to fetch where it is missing."""
    return flow.add("CheckpointLoaderSimple", {"ckpt_name": SHORT_NAME}, models=[CHECKPOINT])


def restyled(
    flow: Workflow, loaded: Sequence[Output], image: Output, words: Sequence[str], **more: Any
) -> tuple[Output, Output]:
    """(the changed pictures, the report) of the one node that does it all."""
    parts = dict(zip(("model", "clip", "vae"), loaded, strict=True))
    said = dict(zip(("now", "wanted"), words, strict=True))
    return flow.add("S2ST_Restyle", {"image": image, **parts, **said, **more})[:2]


def prompt(flow: Workflow, clip: Output, text: str | Output, title: str) -> Output:
    """A text encoder with its words."""
    return flow.add("CLIPTextEncode", {"text": text, "clip": clip}, title)[0]


def encoded(flow: Workflow, image: Output, vae: Output, title: str) -> Output:
    """Pictures into latents."""
    return flow.add("S2ST_EncodeImage", {"image": image, "vae": vae}, title)[0]


def decoded(flow: Workflow, latent: Output, vae: Output, title: str) -> Output:
    """Latents into pictures."""
    return flow.add("S2ST_DecodeImage", {"latent": latent, "vae": vae}, title)[0]


def sharpened(flow: Workflow, image: Output, source: Output, vae: Output) -> Output:
    """Translated pictures with the fine detail of their source."""
    return flow.add("S2ST_RestoreDetail", {"image": image, "source": source, "vae": vae})[0]


def shown(flow: Workflow, image: Output, title: str) -> None:
    """Pictures on the canvas."""
    flow.add("PreviewImage", {"images": image}, title)


def told(flow: Workflow, text: Output, title: str) -> None:
    """A report on the canvas."""
    flow.add("PreviewAny", {"source": text}, title)


def scenes(flow: Workflow, wanted: Mapping[str, object], title: str) -> tuple[Output, Output]:
    """(rendered scenes, the same scenes in the truth domain)."""
    return flow.add("S2ST_DemoScenes", wanted, title)[:2]


def references(flow: Workflow, domain: str, first: int = 0) -> Output:
    """Pictures that show a domain: other scenes than the ones translated."""
    wanted = {"domain": domain, "split": "reference", "first": first, "count": REFERENCES}
    return scenes(flow, wanted, f"{REFERENCES} other scenes: {domain}")[0]


def demo_day_to_night(info: Mapping[str, dict]) -> Workflow:
    """The difference path with the embedded model: quick, so that a first run shows the best."""
    flow = Workflow("demo_day_to_night", info)
    flow.group("1 - Model and pictures")
    flow.note(notes.DEMO)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    day, truth = scenes(flow, {"first": 0, "count": SCENES}, "the scenes to translate")
    night = references(flow, "night")
    flow.group("2 - Words and latents")
    flow.note(notes.DEMO_WORDS)
    source = prompt(flow, clip, "a street on a sunny day", "source prompt")
    target = prompt(flow, clip, "a street at night", "target prompt")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    start = encoded(flow, day, vae, "encode the scenes")
    look = encoded(flow, night, vae, "encode the target look")
    flow.group("3 - Translate", 380)
    flow.note(notes.DEMO_TRANSLATE)
    wanted = {"model": model, "latent": start, "target_domain": look}
    wanted |= {"source": source, "positive": target, "negative": negative}
    result, curve, report = flow.add("S2ST_DifferencePath", wanted)
    flow.column()
    shown(flow, curve, "the loss of every step")
    told(flow, report, "report")
    flow.group("4 - Look", 560)
    flow.note(notes.DEMO_LOOK)
    pictures = sharpened(flow, decoded(flow, result, vae, "decode"), day, vae)
    compare(flow, {"source": day, "result": pictures, "target_domain": night, "truth": truth})
    save(flow, pictures, "s2st/day_to_night")
    return flow


def compare(flow: Workflow, pictures: Mapping[str, Output]) -> None:
    """A contact sheet and its numbers on the canvas."""
    sheet, metrics = flow.add("S2ST_Compare", pictures)
    shown(flow, sheet, "side by side")
    told(flow, metrics, "numbers")


def save(flow: Workflow, image: Output, prefix: str) -> None:
    """Pictures in ComfyUI's output folder."""
    flow.add("SaveImage", {"images": image, "filename_prefix": prefix}, "save")


def find_my_settings(info: Mapping[str, dict]) -> Workflow:
    """The difference path under a grid of settings, and the chosen ones on other pictures."""
    flow = Workflow("find_my_settings", info)
    flow.group("1 - Model and pictures")
    flow.note(notes.FIND)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    day, _ = scenes(flow, {"first": 0, "count": 2}, "two pictures to try settings on")
    night = references(flow, "night")
    flow.group("2 - Words and latents")
    flow.note(notes.FIND_WORDS)
    source = prompt(flow, clip, "a street on a sunny day", "source prompt")
    target = prompt(flow, clip, "a street at night", "target prompt")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    start = encoded(flow, day, vae, "encode the pictures")
    look = encoded(flow, night, vae, "encode the target look")
    flow.group("3 - Explore", 560)
    flow.note(notes.FIND_SHEET)
    wanted = {"model": model, "target_domain": look}
    wanted |= {"source": source, "positive": target, "negative": negative}
    sheet, _, preset, report = flow.add("S2ST_Explore", {**wanted, "latent": start, "vae": vae})
    flow.column()
    shown(flow, sheet, "the sheet")
    told(flow, report, "report")
    flow.group("4 - Use", 380)
    flow.note(notes.FIND_USE)
    flow.add("S2ST_SavePreset", {"preset": preset})
    others, _ = scenes(flow, {"first": 4, "count": SCENES}, "other pictures")
    latent = encoded(flow, others, vae, "encode them")
    flow.column()
    result, _, done = flow.add(
        "S2ST_DifferencePath", {**wanted, "latent": latent, "preset": preset}
    )
    told(flow, done, "what the preset changed")
    pictures = sharpened(flow, decoded(flow, result, vae, "decode"), others, vae)
    save(flow, pictures, "s2st/found_settings")
    return flow


def step_by_step_with_charts(info: Mapping[str, dict]) -> Workflow:
    """The five stages wired by hand."""
    flow = Workflow("step_by_step_with_charts", info)
    flow.group("1 - Model, words and pictures")
    flow.note(notes.STEPS)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    source = prompt(flow, clip, "a street on a sunny day", "source prompt")
    target = prompt(flow, clip, "a street at night", "target prompt")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    flow.column()
    day, truth = scenes(flow, {"first": 0, "count": SCENES}, "the scenes to translate")
    night = references(flow, "night")
    other_days = references(flow, "day", OTHER_SCENES)
    flow.group("2 - Channel weights")
    flow.note(notes.STEPS_WEIGHTS)
    start = encoded(flow, day, vae, "encode the scenes")
    look = encoded(flow, night, vae, "encode the target domain")
    own_look = encoded(flow, other_days, vae, "encode the source domain")
    domains = {"source_domain": own_look, "target_domain": look}
    correlation, bars = flow.add("S2ST_CorrelationFactor", domains)
    shown(flow, bars, "weights of the channels")
    flow.group("3 - Invert and check")
    flow.note(notes.STEPS_INVERT)
    wanted = {"model": model, "positive": source, "latent": start}
    trajectory, _, found = flow.add("S2ST_DDIMInvert", {**wanted, "refine": REFINE})
    told(flow, found, "how exact the inversion is")
    flow.column()
    fitting = {"model": model, "trajectory": trajectory, "positive": source, "negative": negative}
    fitting |= {"method": "negative prompt"}
    null_text, returned, held = flow.add("S2ST_NullTextInvert", fitting)
    told(flow, held, "how exact guided sampling is")
    shown(flow, decoded(flow, returned, vae, "decode the check"), "inversion check")
    flow.group("4 - Translate the seed")
    flow.note(notes.STEPS_SEED)
    prompts = {"model": model, "trajectory": trajectory}
    prompts |= {"positive": target, "negative": negative}
    wanted = {**prompts, "target_domain": look, "correlation": correlation}
    seed, _, curve, done, _ = flow.add("S2ST_SeedTranslate", wanted)
    shown(flow, curve, "seed translation: loss")
    told(flow, done, "report")
    flow.column()
    plain = flow.add("S2ST_SampleSeed", {**prompts, "seed": seed})
    shown(flow, decoded(flow, plain[0], vae, "decode"), "from the translated seed alone")
    flow.group("5 - Optimise the trajectory")
    flow.note(notes.STEPS_TRAJECTORY)
    result, curve, done = flow.add("S2ST_TrajectoryOptimize", {**wanted, "seed": seed})
    shown(flow, curve, "trajectory optimisation: loss")
    told(flow, done, "report")
    flow.group("6 - Look", 560)
    flow.note(notes.STEPS_LOOK)
    pictures = decoded(flow, result, vae, "decode")
    compare(flow, {"source": day, "result": pictures, "target_domain": night, "truth": truth})
    save(flow, pictures, "s2st/step_by_step")
    return flow


def start_here(info: Mapping[str, dict]) -> Workflow:
    """The one simple node with the embedded model."""
    flow = Workflow("start_here", info)
    flow.group("1 - Model and pictures")
    flow.note(notes.START)
    loaded = flow.add("S2ST_LoadDemoModel", {})
    picture = scenes(flow, {"first": 1, "count": 1}, "the picture to change")[0]
    wanted = {"domain": "night", "split": "reference", "count": 4}
    look = scenes(flow, wanted, "pictures of the look")[0]
    flow.group("2 - Restyle", 420)
    flow.note(notes.START_RESTYLE)
    words = ("a street on a sunny day", "a street at night")
    made, report = restyled(flow, loaded, picture, words, look=look)
    flow.group("3 - Look", 420)
    flow.note(notes.START_LOOK)
    shown(flow, picture, "before")
    save(flow, made, "s2st/start_here")
    told(flow, report, "report")
    first = [("the picture to change", "first"), ("pictures of the look", "domain")]
    flow.app([*first, *SIMPLE], ["save"])
    return flow


def your_checkpoint(info: Mapping[str, dict]) -> Workflow:
    """Stable Diffusion 1.x, 2.x or XL and two photos of one's own."""
    flow = Workflow("your_checkpoint", info)
    flow.group("1 - Checkpoint and photos")
    flow.note(notes.OWN)
    loaded = checkpoint(flow)
    photo = flow.add("LoadImage", {"image": PHOTO}, "the photo to change")[0]
    look = flow.add("LoadImage", {"image": PHOTO}, "a photo of the look")[0]
    flow.group("2 - Restyle", 420)
    flow.note(notes.OWN_RESTYLE)
    made, report = restyled(flow, loaded, photo, OWN_WORDS, look=look, megapixels=ITS_SIZE)
    flow.group("3 - Look", 420)
    flow.note(notes.OWN_LOOK)
    save(flow, made, "s2st/your_checkpoint")
    told(flow, report, "report")
    photos = [("the photo to change", "image"), ("a photo of the look", "image")]
    flow.app([("CheckpointLoaderSimple", "ckpt_name"), *photos, *SIMPLE], ["save"])
    return flow


def only_the_sky(info: Mapping[str, dict]) -> Workflow:
    """A mask, here found by colour, and nothing outside it is touched."""
    flow = Workflow("only_the_sky", info)
    flow.group("1 - Model and pictures")
    flow.note(notes.SKY)
    loaded = flow.add("S2ST_LoadDemoModel", {})
    picture = scenes(flow, {"first": 5, "count": 1}, "the picture to change")[0]
    wanted = {"domain": "sunset", "split": "reference", "count": 4}
    look = scenes(flow, wanted, "pictures of the look")[0]
    flow.group("2 - The sky")
    flow.note(notes.SKY_MASK)
    blue = flow.add("ImageToMask", {"image": picture, "channel": "blue"})[0]
    bright = flow.add("ThresholdMask", {"mask": blue, "value": 0.75})[0]
    fewer = {"mask": bright, "expand": -2, "tapered_corners": False}
    blocks = flow.add("GrowMask", fewer, "without thin lines")[0]
    more = {"mask": blocks, "expand": 3, "tapered_corners": False}
    mask = flow.add("GrowMask", more, "up to every edge")[0]
    white = flow.add("MaskToImage", {"mask": mask})[0]
    shown(flow, white, "the mask")
    flow.group("3 - Restyle", 420)
    flow.note(notes.SKY_RESTYLE)
    words = ("a street on a sunny day", "a street at sunset")
    made, report = restyled(flow, loaded, picture, words, look=look, mask=mask)
    flow.group("4 - Look", 420)
    shown(flow, picture, "before")
    save(flow, made, "s2st/only_the_sky")
    told(flow, report, "report")
    return flow


def film(info: Mapping[str, dict]) -> Workflow:
    """Frames under one look and one noise, and the film's own sound."""
    flow = Workflow("film", info)
    flow.group("1 - Checkpoint, film and look")
    flow.note(notes.FILM)
    loaded = checkpoint(flow)
    taken = flow.add("LoadVideo", {"file": "film.mp4"}, "the film")[0]
    flow.column()
    look = flow.add("LoadImage", {"image": PHOTO}, "a photo of the look")[0]
    frames, sound, rate = flow.add("GetVideoComponents", {"video": taken})[:3]
    flow.group("2 - Restyle", 420)
    flow.note(notes.FILM_RESTYLE)
    made, report = restyled(flow, loaded, frames, OWN_WORDS, look=look, megapixels=ITS_SIZE)
    flow.group("3 - Film again", 420)
    flow.note(notes.FILM_SAVE)
    joined = flow.add("CreateVideo", {"images": made, "audio": sound, "fps": rate})[0]
    flow.add("SaveVideo", {"video": joined, "filename_prefix": "s2st/film"}, "save")
    told(flow, report, "report")
    return flow


def folder(info: Mapping[str, dict]) -> Workflow:
    """Pictures of any size, one after the other, under one look."""
    flow = Workflow("folder", info)
    flow.group("1 - Checkpoint, folder and look")
    flow.note(notes.MANY)
    loaded = checkpoint(flow)
    pictures = flow.add("LoadImageDataSetFromFolder", {"folder": "photos"}, "the folder")[0]
    look = flow.add("LoadImage", {"image": PHOTO}, "a photo of the look")[0]
    flow.group("2 - Restyle", 420)
    flow.note(notes.MANY_RESTYLE)
    made, report = restyled(flow, loaded, pictures, OWN_WORDS, look=look, megapixels=ITS_SIZE)
    flow.group("3 - Results", 420)
    flow.note(notes.MANY_SAVE)
    save(flow, made, "s2st/folder")
    told(flow, report, "report")
    return flow


def scaled(flow: Workflow, image: Output, title: str) -> Output:
    """Pictures at a size that the model was trained for."""
    wanted = {"image": image, "upscale_method": "area", "megapixels": 0.25}
    return flow.add("ImageScaleToTotalPixels", wanted, title)[0]


def invert_once_many_prompts(info: Mapping[str, dict]) -> Workflow:
    """Save a trajectory, load it, translate it with several prompts."""
    flow = Workflow("invert_once_many_prompts", info)
    flow.group("A - Invert and save")
    flow.note(notes.ONCE)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    day, _ = scenes(flow, {"first": 0, "count": SCENES}, "the scenes to invert")
    source = prompt(flow, clip, "a street on a sunny day", "source prompt")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    start = encoded(flow, day, vae, "encode the scenes")
    flow.column()
    wanted = {"model": model, "positive": source, "latent": start}
    trajectory, _, report = flow.add("S2ST_DDIMInvert", {**wanted, "refine": REFINE})
    flow.add("S2ST_SaveTrajectory", {"trajectory": trajectory})
    told(flow, report, "how exact the inversion is")
    flow.group("A - Check")
    flow.note(notes.ONCE_CHECK)
    check = {"model": model, "trajectory": trajectory, "positive": source, "negative": negative}
    back = flow.add("S2ST_SampleSeed", {**check, "cfg": 1.0})[0]
    shown(flow, decoded(flow, back, vae, "decode"), "inversion check")
    flow.group("B - Load", asleep=True)
    flow.note(notes.ONCE_LOAD)
    saved = flow.add("S2ST_LoadTrajectory", {"file": "s2st/trajectory_00001.s2st.safetensors"})[0]
    parts = {"model": model, "trajectory": saved, "negative": negative}
    for domain, words in (("night", "at night"), ("snow", "in the snow"), ("fog", "in fog")):
        flow.group(f"B - {domain}", asleep=True)
        target = prompt(flow, clip, f"a street {words}", "target prompt")
        look = encoded(flow, references(flow, domain), vae, "encode the look")
        wanted = {**parts, "positive": target, "target_domain": look}
        seed = flow.add("S2ST_SeedTranslate", wanted)[0]
        flow.column()
        result = flow.add("S2ST_TrajectoryOptimize", {**wanted, "seed": seed})[0]
        shown(flow, decoded(flow, result, vae, "decode"), domain)
    return flow


def paint_a_street(info: Mapping[str, dict]) -> Workflow:
    """Strokes made of the demo scenes, painted over with the embedded model."""
    flow = Workflow("paint_a_street", info)
    flow.group("1 - Model and strokes")
    flow.note(notes.PAINT)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    day, _ = scenes(flow, {"first": 0, "count": SCENES}, "the scenes to draw strokes of")
    strokes = flow.add("S2ST_MakeStrokes", {"image": day})[0]
    shown(flow, strokes, "the strokes")
    flow.group("2 - Words")
    flow.note(notes.PAINT_WORDS)
    target = prompt(flow, clip, "a street on a sunny day", "what it shall show")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    wanted = {"model": model, "vae": vae, "positive": target, "negative": negative}
    wanted |= {"strokes": strokes}
    painted(flow, wanted, "s2st/paint_a_street")
    return flow


def paint_with_your_checkpoint(info: Mapping[str, dict]) -> Workflow:
    """Strokes of one's own with Stable Diffusion 1.x, 2.x or XL."""
    flow = Workflow("paint_with_your_checkpoint", info)
    flow.group("1 - Checkpoint and strokes")
    flow.note(notes.PAINT_OWN)
    model, clip, vae = checkpoint(flow)
    drawn = flow.add("LoadImage", {"image": PHOTO}, "your strokes")[0]
    strokes = scaled(flow, drawn, "size of the picture")
    flow.group("2 - Words")
    flow.note(notes.PAINT_WORDS)
    target = prompt(flow, clip, "a photo of a street, houses, trees", "what it shall show")
    negative = prompt(flow, clip, "painting, drawing, flat colours, blurry", "negative prompt")
    wanted = {"model": model, "vae": vae, "positive": target, "negative": negative, "cfg": 7.5}
    wanted |= {"strokes": strokes, "steps": 50}
    painted(flow, wanted, "s2st/paint_with_your_checkpoint")
    return flow


def painted(flow: Workflow, wanted: Mapping[str, Any], name: str) -> None:
    """Paint, look at it beside the strokes, and save it."""
    flow.group("3 - Paint", 380)
    flow.note(notes.PAINT_PAINT)
    picture, _, curve, report = flow.add("S2ST_PaintStrokes", wanted)
    flow.column()
    shown(flow, curve, "distance to the strokes")
    told(flow, report, "report")
    flow.group("4 - Look", 560)
    compare(flow, {"source": wanted["strokes"], "result": picture})
    save(flow, picture, name)


def words_for_colours(info: Mapping[str, dict]) -> Workflow:
    """Phrases that belong to colours of the strokes, with the embedded model."""
    flow = Workflow("words_for_colours", info)
    flow.group("1 - Model and strokes")
    flow.note(notes.WORDS)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    day, _ = scenes(flow, {"first": 1, "count": 1}, "the scene to draw strokes of")
    strokes = flow.add("S2ST_MakeStrokes", {"image": day})[0]
    shown(flow, strokes, "the strokes")
    flow.group("2 - A phrase for each colour")
    flow.note(notes.WORDS_REGIONS)
    regions = None
    for phrase, colour in (("tall buildings", "#98a08a"), ("trees", "#5a8139")):
        given = {"phrase": phrase, "colour": colour, "tolerance": 0.1, "strokes": strokes}
        below = {} if regions is None else {"regions": regions}
        regions = flow.add("S2ST_RegionPrompt", {**given, **below}, phrase)[0]
    flow.group("3 - The whole prompt")
    flow.note(notes.WORDS_PROMPT)
    text = "a street on a sunny day, with trees and tall buildings"
    wanted = {"model": model, "clip": clip, "regions": regions, "text": text}
    kept, positive, told_of = flow.add("S2ST_ApplyRegions", wanted)
    told(flow, told_of, "what is held where")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    flow.group("4 - Paint", 380)
    given = {"model": kept, "vae": vae, "positive": positive, "negative": negative}
    picture, _, _, report = flow.add("S2ST_PaintStrokes", {**given, "strokes": strokes})
    told(flow, report, "report")
    flow.group("5 - Look", 560)
    compare(flow, {"source": strokes, "result": picture})
    save(flow, picture, "s2st/words_for_colours")
    return flow


def like_that_photo(info: Mapping[str, dict]) -> Workflow:
    """One picture of the wanted look, with the embedded model."""
    flow = Workflow("like_that_photo", info)
    flow.group("1 - Model and pictures")
    flow.note(notes.LIKE)
    model, clip, vae = flow.add("S2ST_LoadDemoModel", {})
    day, truth = scenes(flow, {"first": 0, "count": SCENES}, "the scenes to translate")
    wanted = {"domain": "night", "split": "reference", "first": 2, "count": 1}
    photo = scenes(flow, wanted, "that photo")[0]
    flow.group("2 - Words")
    flow.note(notes.LIKE_WORDS)
    words = ("a street on a sunny day", "a street at night")
    led(flow, (model, clip, vae), day, photo, words, {"truth": truth})
    return flow


def like_that_photo_your_checkpoint(info: Mapping[str, dict]) -> Workflow:
    """The same with two photos of one's own and Stable Diffusion 1.x, 2.x or XL."""
    flow = Workflow("like_that_photo_your_checkpoint", info)
    flow.group("1 - Checkpoint and photos")
    flow.note(notes.LIKE_OWN)
    model = checkpoint(flow)
    flow.column()
    own = flow.add("LoadImage", {"image": PHOTO}, "the photo to translate")[0]
    own = scaled(flow, own, "size of the photo")
    flow.column()
    photo = flow.add("LoadImage", {"image": PHOTO}, "that photo")[0]
    photo = scaled(flow, photo, "its size")
    flow.group("2 - Words")
    flow.note(notes.LIKE_WORDS)
    words = ("a photo of a street by day", "a photo of a street at night")
    led(flow, model, own, photo, words, {})
    return flow


def led(
    flow: Workflow,
    loaded: Sequence[Output],
    picture: Output,
    photo: Output,
    words: tuple[str, str],
    more: Mapping[str, Output],
) -> None:
    """What matches what, and the translation that is drawn to it."""
    model, clip, vae = loaded
    source = prompt(flow, clip, words[0], "source prompt")
    target = prompt(flow, clip, words[1], "target prompt")
    negative = prompt(flow, clip, "", "negative prompt (empty)")
    flow.group("3 - What is like what")
    flow.note(notes.LIKE_MATCH)
    pictures = {"image": picture, "exemplar": photo}
    wanted = {"model": model, "vae": vae, "prompt": target, **pictures}
    _, _, sheet, matched = flow.add("S2ST_MatchExemplar", wanted)
    flow.column()
    shown(flow, sheet, "what is like what")
    told(flow, matched, "how much is matched")
    flow.group("4 - Translate", 380)
    flow.note(notes.LIKE_TRANSLATE)
    start = encoded(flow, picture, vae, "encode the pictures")
    look = encoded(flow, photo, vae, "encode that photo")
    wanted = {"model": model, "source": source, "positive": target, "negative": negative}
    wanted |= {"latent": start, "target_domain": look}
    result, _, report = flow.add("S2ST_DifferencePath", wanted)
    flow.column()
    told(flow, report, "report")
    flow.group("5 - Look", 560)
    made = sharpened(flow, decoded(flow, result, vae, "decode"), picture, vae)
    compare(flow, {"source": picture, "result": made, "target_domain": photo, **more})
    save(flow, made, f"s2st/{flow.name}")


def labels_to_scenes(info: Mapping[str, dict]) -> Workflow:
    """Label maps made into scenes in the look of one picture, by the pack's own network."""
    flow = Workflow("labels_to_scenes", info)
    flow.group("1 - Label maps and a look")
    flow.note(notes.LABELS)
    vae = flow.add("S2ST_LoadDemoModel", {})[2]
    drawn = {"first": 0, "count": SCENES}
    *_, labels = flow.add("S2ST_DemoScenes", drawn, "label maps")
    wanted = {"domain": "sunset", "split": "reference", "first": 2, "count": 1}
    photo = scenes(flow, wanted, "that photo")[0]
    flow.column()
    shown(flow, labels, "what each place shall be")
    shown(flow, photo, "how it shall look")
    flow.group("2 - Make the scenes", 380)
    flow.note(notes.LABELS_MAKE)
    wanted = {"file": f"{PACK}streets", "vae": vae, "labels": labels, "exemplar": photo}
    made, warped, legend, report = flow.add("S2ST_LabelsToScene", wanted)
    flow.column()
    shown(flow, legend, "legend")
    told(flow, report, "report")
    flow.group("3 - Look", 560)
    flow.note(notes.LABELS_LOOK)
    shown(flow, warped, "what was brought from that photo")
    save(flow, made, "s2st/labels_to_scenes")
    return flow


def photo_to_labels_to_photos(info: Mapping[str, dict]) -> Workflow:
    """A photo's one label map, and many photos of it, with the pack's own translator."""
    flow = Workflow("photo_to_labels_to_photos", info)
    flow.group("1 - Translator and photos")
    flow.note(notes.TRANSLATOR)
    translator, domains = flow.add("S2ST_LoadTranslator", {"file": f"{PACK}scenes"})
    told(flow, domains, "its domains")
    photos, _ = scenes(flow, {"first": 0, "count": SCENES}, "photos")
    flow.group("2 - One answer", 380)
    flow.note(notes.TRANSLATOR_ONE)
    wanted = {"translator": translator, "source": "photo", "target": "labels", "style": "none"}
    labels, legend, _ = flow.add("S2ST_TranslateDomain", {**wanted, "image": photos})
    flow.column()
    shown(flow, labels, "label maps")
    shown(flow, legend, "legend")
    flow.group("3 - Many answers", 560)
    flow.note(notes.TRANSLATOR_MANY)
    wanted = {"translator": translator, "source": "labels", "target": "photo", "answers": 4}
    made, _, report = flow.add("S2ST_TranslateDomain", {**wanted, "image": labels})
    flow.column()
    shown(flow, made, "four photos of each label map")
    told(flow, report, "report")
    save(flow, made, "s2st/photos_of_labels")
    return flow


TEMPLATES = (
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


def texts(object_info: Info, describes: Sequence[Describe] = TEMPLATES) -> dict[str, str]:
    """File name and content of every workflow that is described."""
    flows = [describe(object_info) for describe in describes]
    return {f"{flow.name}.json": json.dumps(flow.as_json(), indent=1) + "\n" for flow in flows}


def write(address: str, folder: Path, describes: Sequence[Describe]) -> list[str]:
    """Write workflows for the nodes that a server has; their file names."""
    client = ComfyClient(address)
    described = texts(client.object_info(), describes)
    client.close()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in described.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(described)


def command(program: str, folder: Path, describes: Sequence[Describe], arguments: list[str]) -> int:
    """Write a folder's workflows anew."""
    parser = argparse.ArgumentParser(prog=program, description=f"Writes {folder.name}/*.json anew.")
    parser.add_argument("--server", help="host:port of a ComfyUI that runs; else one is started")
    options = parser.parse_args(arguments)
    try:
        if options.server:
            names = write(options.server, folder, describes)
        else:
            with running(find(), CACHE / "comfyui-base", device_arguments()) as server:
                names = write(server.address, folder, describes)
    except SetupError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"{folder.name}/{name}" for name in names))
    return 0


if __name__ == "__main__":
    sys.exit(command("tools.templates", FOLDER, TEMPLATES, sys.argv[1:]))
