"""The blueprints of ComfyUI's node library, described; `python -m tools.blueprints` writes them."""

import sys

from tools.environment import ROOT
from tools.subgraphs import Blueprint
from tools.templates import OWN_WORDS, REFINE, Info, command, decoded, encoded, prompt, sharpened
from tools.workflows import Output

FOLDER = ROOT / "subgraphs"
ALIASES = ("s2st", "day to night", "relight", "weather", "season", "image to image")
# What the whole's widgets for words are called, and an example, as some editors show no name.
WORDS = {
    "source": ("what it is now", OWN_WORDS[0]),
    "positive": ("what it shall be", OWN_WORDS[1]),
    "negative": ("avoid", ""),
}


def asked(flow: Blueprint) -> tuple[dict[str, Output], dict[str, Output]]:
    """(pictures and the parts of a checkpoint, their prompts and latents), as both need them."""
    given = {one: flow.given(one, "S2ST_EncodeImage", "image") for one in ("image", "look")}
    given["model"] = flow.given("model", "S2ST_DifferencePath", "model")
    given["clip"] = flow.given("clip", "CLIPTextEncode", "clip")
    given["vae"] = flow.given("vae", "S2ST_EncodeImage", "vae")
    flow.group("1 - Words and latents")
    words = {}
    for role, (called, example) in WORDS.items():
        text = flow.given(called, "CLIPTextEncode", "text", default=example)
        words[role] = prompt(flow, given["clip"], text, called)
    latent = encoded(flow, given["image"], given["vae"], "encode the pictures")
    look = encoded(flow, given["look"], given["vae"], "encode the look")
    return given, {**words, "latent": latent, "target_domain": look}


def settings(flow: Blueprint, kind: str, *names: str) -> dict[str, Output]:
    """Those settings of a kind of node that the whole shows."""
    return {name: flow.given(name, kind, name) for name in names}


def difference_path(info: Info) -> Blueprint:
    """The whole default, from picture to picture."""
    flow = Blueprint(
        "Image Translation (S2ST Default)",
        info,
        "Gives pictures another time of day, season, weather or style along the difference of two "
        "sentences, with their own edges and the look of other pictures.",
        ALIASES,
    )
    given, wanted = asked(flow)
    kind = "S2ST_DifferencePath"
    shown = settings(flow, kind, "cfg", "structure_weight", "appearance_weight", "noise_seed")
    flow.group("2 - Translate", 380)
    result, _, report = flow.add(kind, {"model": given["model"], **wanted, **shown})
    flow.group("3 - Pictures again")
    drawn = decoded(flow, result, given["vae"], "decode")
    flow.gives("translated", sharpened(flow, drawn, given["image"], given["vae"]))
    flow.gives("report", report)
    return flow


def seed_to_seed(info: Info) -> Blueprint:
    """The paper's stages, from picture to picture."""
    flow = Blueprint(
        "Image Translation (S2ST Paper)",
        info,
        "The stages of the S2ST paper: the pictures are inverted to their seeds, the seeds "
        "are translated, and the trajectory from them is optimised. Compare the inversion check "
        "with the pictures first: what is lost there, no later stage brings back.",
        ALIASES,
    )
    given, wanted = asked(flow)
    steps = settings(flow, "S2ST_DDIMInvert", "steps")
    kind = "S2ST_TrajectoryOptimize"
    shown = settings(flow, kind, "cfg", "structure_weight", "appearance_weight")
    flow.group("2 - Invert and check")
    source = {"model": given["model"], "positive": wanted["source"]}
    exact = {"latent": wanted["latent"], **steps, "refine": REFINE}
    trajectory = flow.add("S2ST_DDIMInvert", {**source, **exact})[0]
    path = {"trajectory": trajectory, "negative": wanted["negative"]}
    fitted = {**source, **path, "cfg": shown["cfg"]}
    null_text, returned, _ = flow.add("S2ST_NullTextInvert", fitted)
    flow.group("3 - Translate the seed")
    target = {name: wanted[name] for name in ("positive", "target_domain")}
    target |= {"model": given["model"], **path}
    seed = flow.add("S2ST_SeedTranslate", target)[0]
    flow.group("4 - Optimise the trajectory")
    corrected = {**target, **shown, "seed": seed, "null_text": null_text}
    result, _, report = flow.add(kind, corrected)
    flow.group("5 - Pictures again")
    flow.gives("translated", decoded(flow, result, given["vae"], "decode"))
    flow.gives("inversion check", decoded(flow, returned, given["vae"], "decode the check"))
    flow.gives("report", report)
    return flow


BLUEPRINTS = (difference_path, seed_to_seed)

if __name__ == "__main__":
    sys.exit(command("tools.blueprints", FOLDER, BLUEPRINTS, sys.argv[1:]))
