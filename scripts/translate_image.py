"""Translate one picture with any Stable Diffusion 1.x, 2.x or XL folder in diffusers' format.

python scripts/translate_image.py MODEL day.png night.png --source "a street by day" \
    --target "a street at night" --references some/night/photos/*.png
"""

import argparse

import torch
from diffusers import DiffusionPipeline
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

from s2st import InversionConfig, Prompt, Stages, translate
from s2st.adapters.diffusers import PipelineParts

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("model", help="folder of a diffusers pipeline")
parser.add_argument("image"), parser.add_argument("output")
parser.add_argument("--source", required=True, help="what the picture shows")
parser.add_argument("--target", required=True, help="what it shall show")
parser.add_argument("--references", nargs="+", required=True, help="pictures of the target domain")
parser.add_argument("--guidance", type=float, default=3.0)
parser.add_argument("--steps", type=int, default=Stages().inversion.steps)
options = parser.parse_args()

parts = PipelineParts.of(DiffusionPipeline.from_pretrained(options.model, use_safetensors=True))
parts.pipeline.to("cuda" if torch.cuda.is_available() else "cpu")
processor = VaeImageProcessor(vae_scale_factor=parts.pipeline.vae_scale_factor)
size = Image.open(options.image).size


def latent_of(path: str) -> torch.Tensor:
    picture = processor.preprocess(Image.open(path).convert("RGB"), size[1], size[0])
    return parts.encode_image(picture / 2 + 0.5)


prompts = [parts.encode_prompt(text, *size[::-1]) for text in (options.source, options.target, "")]
result = translate(
    parts.denoiser,
    parts.sigma_table,
    latent_of(options.image),
    prompts[0],
    Prompt(prompts[1], negative=prompts[2], scale=options.guidance),
    torch.cat([latent_of(path) for path in options.references]),
    Stages(inversion=InversionConfig(steps=options.steps)),
)
processor.numpy_to_pil(processor.pt_to_numpy(parts.decode_latent(result.latent)))[0].save(
    options.output
)
