"""Translate one picture with diffusers, without ComfyUI.

python scripts/translate_image.py scripts/example/day.png out/night.png \
    --source "a street by day" --target "a street at night" --look scripts/example/night

Without --model it is the demo model, which knows drawn streets only; with it, any folder of a
Stable Diffusion 1.x, 2.x or XL pipeline in diffusers' format.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from diffusers.image_processor import VaeImageProcessor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # runs where it is not installed

import s2st
from demo_world.model import as_pipeline, load
from s2st.adapters.diffusers import PipelineParts
from s2st.cli.pictures import opened, working_size
from s2st.explore.preset import Preset
from s2st.model.guidance import DEFAULT_GUIDANCE as STAGES_GUIDANCE
from s2st.path.settings import PathSettings


def by_difference(parts, task, picture, settings):
    """The difference path, and the detail that the autoencoder blurs."""
    schedule = settings.schedule(parts.sigma_table)
    result = parts.decode_latent(s2st.difference_path(parts.denoiser, task, schedule, settings))
    # A window as wide as half a latent's pixel.
    detail = s2st.DetailConfig(radius=max(1, parts.pipeline.vae_scale_factor // 4))
    return s2st.restore_detail(result, picture, parts.decode_latent(task.latent), detail)


def by_s2st(parts, task, _, settings):
    """The stages of the paper."""
    stages = s2st.Stages(inversion=s2st.InversionConfig(steps=settings.steps))
    result = s2st.translate(parts.denoiser, parts.sigma_table, task, stages)
    return parts.decode_latent(result.latent)


# With the steps and the guidance that each is best under.
METHODS = {
    "difference": (by_difference, PathSettings()),
    "s2st": (by_s2st, PathSettings(steps=s2st.Stages().inversion.steps, guidance=STAGES_GUIDANCE)),
}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add, shown = parser.add_argument, "%(default)s"
    add("image", type=Path, help="the picture to translate")
    add("output", type=Path, help="where the result goes")
    add("--source", required=True, help="what the picture shows")
    add("--target", required=True, help="what it shall show")
    add("--look", type=Path, required=True, help="folder of pictures that look as it shall look")
    add("--model", help="folder of a diffusers pipeline, else the demo model")
    add("--method", choices=METHODS, default="difference", help=f"{shown}, or the paper's s2st")
    add("--guidance", type=float, help="how firmly the target is followed, else the method's own")
    add("--steps", type=int, help="of the path or the inversion, else the method's own")
    add("--preset", type=Path, help="settings of the path that `s2st calibrate` has found")
    add("--megapixels", type=float, default=0.25, help=f"larger pictures are shrunk: {shown}")
    return parser.parse_args()


def pipeline_of(folder):
    """The folder's pipeline or the demo model's, where it runs fastest."""
    if folder is None:
        pipeline = as_pipeline(load())
    else:
        pipeline = DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    return pipeline.to("cuda" if torch.cuda.is_available() else "cpu")


def settings_of(given, settings):
    """The preset's or the method's own; what the command line names counts more."""
    if given.preset is not None:
        settings = Preset.load(given.preset).settings
    named = {name: getattr(given, name) for name in ("steps", "guidance")}
    return replace(settings, **{name: one for name, one in named.items() if one is not None})


def main(given):
    parts = PipelineParts.of(pipeline_of(given.model))
    stride = parts.pipeline.vae_scale_factor
    processor = VaeImageProcessor(vae_scale_factor=stride)
    width, height = working_size(opened(given.image).size, given.megapixels, stride)

    def read(path):
        picture = processor.preprocess(opened(path), height, width)
        return (picture / 2 + 0.5).to(parts.device)

    method, own = METHODS[given.method]
    settings = settings_of(given, own)
    texts = (given.source, given.target, "")
    source, target, empty = (parts.encode_prompt(text, height, width) for text in texts)
    picture = read(given.image)
    looks = torch.cat([parts.encode_image(read(path)) for path in sorted(given.look.iterdir())])
    task = s2st.Task(
        latent=parts.encode_image(picture),
        source=source,
        target=s2st.Prompt(target, negative=empty, scale=settings.guidance),
        look=s2st.look_of(looks),
        exemplars=s2st.exemplars_of(parts.denoiser, looks, target),
    )
    result = method(parts, task, picture, settings)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    processor.numpy_to_pil(processor.pt_to_numpy(result))[0].save(given.output)


if __name__ == "__main__":
    main(options())
