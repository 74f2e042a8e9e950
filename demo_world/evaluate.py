"""What the demo model can do, measured: `python -m demo_world.evaluate` prints it as JSON."""

import argparse
import json
import time
from pathlib import Path

import torch

from s2st import (
    Gradient,
    InversionConfig,
    Prompt,
    Spacing,
    Stages,
    Task,
    TrajectoryConfig,
    invert,
    look_of,
    make_schedule,
    sample,
    translate,
)
from s2st.adapters.diffusers import PipelineParts

from .classifier import rendered_pictures, train_classifier
from .domains import DOMAINS
from .model import WEIGHTS, as_pipeline, load
from .pictures import contact_sheet, write_picture
from .prompts import prompt
from .splits import EVALUATION_SEEDS, REFERENCE_SEEDS, TRAIN_SEEDS

GUIDANCE = 3.0


def psnr(images, truth):
    """Peak signal-to-noise ratio of every picture, in dB."""
    return -10.0 * (images - truth).square().mean((1, 2, 3)).log10()


@torch.no_grad()
def reconstructed(parts, images, batch=16):
    """Pictures after the autoencoder's round trip, without noise."""
    batches = images.split(batch)
    return torch.cat([parts.decode_latent(parts.encode_image(part)) for part in batches])


def autoencoder_figures(parts, scenes=43):
    """PSNR over held-out scenes: of all pictures, and of each domain."""
    images, classes = rendered_pictures(EVALUATION_SEEDS[:scenes])
    quality = psnr(reconstructed(parts, images), images)
    figures = {name: quality[classes == index].mean().item() for index, name in enumerate(DOMAINS)}
    return {"images": len(images), "all": quality.mean().item(), **figures}


@torch.no_grad()
def sampled(parts, domain, count, steps=10, guidance=GUIDANCE, seed=7):
    """Pictures that the model makes of a domain's plain prompt."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, 4, 32, 32, generator=generator)
    wanted = Prompt(parts.encode_prompt(prompt(domain)), parts.encode_prompt(""), guidance)
    schedule = make_schedule(parts.sigma_table, steps, Spacing.TRAILING)
    return parts.decode_latent(sample(parts.denoiser, noise, wanted, schedule))


def domain_classifier(scenes=60):
    """A classifier that has seen rendered pictures only."""
    return train_classifier(*rendered_pictures(TRAIN_SEEDS[-scenes:]))


def classifier_accuracy(classifier, scenes=40):
    """How often the classifier is right about rendered pictures it has not seen."""
    images, classes = rendered_pictures(REFERENCE_SEEDS[:scenes])
    return (classifier.domains(images) == classes).float().mean().item()


def sample_figures(classifier, samples):
    """The share of samples, by domain and over all, that the classifier names as prompted."""
    hits = {
        name: (classifier.domains(images) == DOMAINS.index(name)).float()
        for name, images in samples.items()
    }
    shares = {name: hit.mean().item() for name, hit in hits.items()}
    return {
        "each": len(next(iter(hits.values()))),
        "all": torch.cat(list(hits.values())).mean().item(),
        **shares,
    }


def held_out(count, first=100):
    """Held-out pictures, one of each scene, domains in turn, with their domains' names."""
    images, _ = rendered_pictures(EVALUATION_SEEDS[first : first + count])
    chosen = [index * len(DOMAINS) + index % len(DOMAINS) for index in range(count)]
    return images[chosen], [DOMAINS[index % len(DOMAINS)] for index in range(count)]


def own_prompts(parts, names):
    """One conditioning for a batch of pictures, each with its own domain's prompt."""
    each = [parts.encode_prompt(prompt(name)) for name in names]
    return each[0].with_embedding(torch.cat([one.embedding for one in each]))


@torch.no_grad()
def inversion_figures(parts, count=32, steps=50, refine=0):
    """PSNR of the autoencoder alone, and after inverting and sampling back at w = 1."""
    images, names = held_out(count)
    words, latents = own_prompts(parts, names), parts.encode_image(images)
    config = InversionConfig(steps=steps, refine=refine, spacing=Spacing.TRAILING)
    trajectory = invert(parts.denoiser, latents, words, parts.sigma_table, config)
    back = sample(parts.denoiser, trajectory.seed, Prompt(words), trajectory.schedule)
    alone = psnr(parts.decode_latent(latents), images).mean().item()
    returned = psnr(parts.decode_latent(back), images).mean().item()
    return {
        "images": count,
        "steps": steps,
        "refine": refine,
        "autoencoder": alone,
        "returned": returned,
        "lost": alone - returned,
        "latent_error": (back - latents).square().mean().item(),
        "seed_deviation": trajectory.seed.std().item(),
    }


def references(parts, domain, count=16):
    """Latents of rendered pictures of a domain, of scenes used for nothing else."""
    images, classes = rendered_pictures(REFERENCE_SEEDS[100 : 100 + count])
    return parts.encode_image(images[classes == DOMAINS.index(domain)])


def translated(parts, scenes=8, steps=30, source="day", target="night"):
    """Held-out scenes translated with the frozen gradient: sources, results, truth, seconds."""
    images, classes = rendered_pictures(EVALUATION_SEEDS[200 : 200 + scenes])
    start = images[classes == DOMAINS.index(source)]
    wanted = Prompt(parts.encode_prompt(prompt(target)), parts.encode_prompt(""), GUIDANCE)
    stages = Stages(
        inversion=InversionConfig(steps=steps),
        null_text=None,
        seed=None,
        trajectory=TrajectoryConfig(gradient=Gradient.FROZEN),
    )
    task = Task(
        latent=parts.encode_image(start),
        source=parts.encode_prompt(prompt(source)),
        target=wanted,
        look=look_of(references(parts, target)),
    )
    began = time.perf_counter()
    result = translate(parts.denoiser, parts.sigma_table, task, stages)
    seconds = time.perf_counter() - began
    truth = images[classes == DOMAINS.index(target)]
    return start, parts.decode_latent(result.latent), truth, seconds


def show(folder, samples, start, result, truth):
    """Write the contact sheets of the documentation."""
    rows = torch.cat([images[:8] for images in samples.values()])
    write_picture(folder / "demo-samples.jpg", contact_sheet(rows, 8))
    sheet = contact_sheet(torch.cat([start, result, truth]), len(start))
    write_picture(folder / "demo-translation.jpg", sheet)
    scenes, _ = rendered_pictures(EVALUATION_SEEDS[:4])
    write_picture(folder / "demo-scenes.jpg", contact_sheet(scenes, len(DOMAINS)))


def measure(parts, pictures=None):
    """Everything, as one dictionary."""
    classifier = domain_classifier()
    samples = {name: sampled(parts, name, 32) for name in DOMAINS}
    start, result, truth, seconds = translated(parts)
    if pictures is not None:
        show(pictures, samples, start, result, truth)
    return {
        "autoencoder_psnr": autoencoder_figures(parts),
        "classifier_on_rendered": classifier_accuracy(classifier),
        "samples_named_right": sample_figures(classifier, samples),
        "inversion": inversion_figures(parts),
        "inversion_refined": inversion_figures(parts, refine=3),
        "translation_seconds": seconds,
        "translation_psnr_to_truth": psnr(result, truth).mean().item(),
    }


def main():
    """The command line."""
    parser = argparse.ArgumentParser(prog="demo_world.evaluate", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="the model's folder")
    parser.add_argument("--pictures", type=Path, help="a folder for contact sheets")
    options = parser.parse_args()
    parts = PipelineParts.of(as_pipeline(load(options.weights)))
    print(json.dumps(measure(parts, options.pictures), indent=2))


if __name__ == "__main__":
    main()
