"""Loads the demo weights in diffusers and in ComfyUI's classes and prints where they differ.

`python two_hosts.py COMFYUI REPOSITORY`: the last line is a JSON object, largest difference by
what was compared. A program of its own, because the core reads the command line when imported.
"""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

COMFYUI, REPOSITORY = map(Path, sys.argv[1:3])
sys.argv = [sys.argv[0], "--cpu"]
sys.path[:0] = [str(COMFYUI), str(REPOSITORY)]

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.model_management  # noqa: E402
import torch  # noqa: E402

import demo_world  # noqa: E402

PROMPT = "a street at night, with cars and trees"


def load_pack():
    """The pack under a name of its own, as ComfyUI loads it."""
    spec = importlib.util.spec_from_file_location("pack", REPOSITORY / "__init__.py")
    sys.modules["pack"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["pack"])
    return importlib.import_module("pack.nodes.demo.scenes")


def largest(one, other):
    return float((one - other).abs().max())


def compared_text(reference, clip):
    tokens = reference.tokenizer(
        [PROMPT], padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    ).input_ids
    ours = clip.encode_from_tokens_scheduled(clip.tokenize(PROMPT))[0][0]
    wanted = reference.text_encoder(tokens)[0]
    return wanted, largest(wanted, ours)


def compared_pictures(reference, vae):
    scenes = [demo_world.scene(seed) for seed in demo_world.EVALUATION_SEEDS[:2]]
    rendered = [torch.from_numpy(demo_world.render(one, "day", 128)) for one in scenes]
    pictures = torch.stack(rendered)
    wanted = reference.vae.encode(pictures.movedim(-1, 1) * 2 - 1).latent_dist.mode()
    decoded = (reference.vae.decode(wanted).sample / 2 + 0.5).clamp(0, 1).movedim(1, -1)
    return {
        "encoded": largest(wanted, vae.encode(pictures)),
        "decoded": largest(decoded, vae.decode(wanted)),
    }


def compared_estimates(reference, model, text):
    generator = torch.Generator().manual_seed(0)
    noised = torch.randn(2, 4, 32, 32, generator=generator)
    comfy.model_management.load_models_gpu([model])
    found = {}
    for timestep in (1, 200, 981):
        alpha = reference.scheduler.alphas_cumprod[timestep]
        sigma = ((1 - alpha) / alpha).sqrt()
        prompts = text.expand(2, -1, -1)
        velocity = reference.unet(noised, timestep, encoder_hidden_states=prompts).sample
        wanted = alpha.sqrt() * noised - (1 - alpha).sqrt() * velocity
        ours = model.model.apply_model(
            noised / alpha.sqrt(), sigma.expand(2).float(), c_crossattn=prompts
        )
        found[f"estimate {timestep}"] = largest(wanted, ours)
    return found


def main():
    with torch.inference_mode():
        model, clip, vae = load_pack().LoadDemoModel.execute().args
        reference = demo_world.load()
        text, difference = compared_text(reference, clip)
        found = {"text": difference}
        found |= compared_pictures(reference, vae)
        found |= compared_estimates(reference, model, text)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
