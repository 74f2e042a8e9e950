"""Train the demo model from rendered scenes: `python -m demo_world.train`.

The default budget takes about an hour on two free CPU cores, and six times as many steps where
CUDA is found. Checkpoints are kept in the work folder, so `--resume` goes on where a run was
stopped. Losses are logged there too, one JSON object a line.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from .model import WEIGHTS, Prediction, build, load, save, scheduler_of
from .scene import scene
from .splits import TRAIN_SEEDS
from .training.autoencoder import train_autoencoder
from .training.config import FURTHER, SMOKE, TrainingConfig, with_budget
from .training.data import rendered
from .training.diffusion import encoded, train_diffusion

MINUTES_ON_TWO_CORES = 60.0
MORE_ON_CUDA = 6.0
WORK_FOLDER = Path(".cache/demo_world")


def train(config, out, work, device, resume=False, start=None):
    """Render, train both stages, save the model to `out`; `work` holds caches and logs.

    From the weights at `start`, UNet and text encoder learn further; the autoencoder stays.
    """
    work.mkdir(parents=True, exist_ok=True)
    seeds = TRAIN_SEEDS[config.first_scene : config.first_scene + config.scenes]
    images = rendered(work / "images.npy", seeds, config.size, config.workers)
    torch.manual_seed(config.seed)
    model = build(work) if start is None else load(start)
    model = replace(model, scheduler=scheduler_of(config.prediction))
    model.vae.to(device)
    if start is None:
        train_autoencoder(model.vae, images, config, work, device, resume)
    moments = encoded(work / "latents.safetensors", model.vae, images, device, resume)
    model.unet.to(device)
    model.text_encoder.to(device)
    scenes = [scene(seed) for seed in seeds]
    train_diffusion(model, moments, scenes, config, work, device, resume)
    save(model, out)
    return model


def chosen_config(options, device):
    """The run that the command line asks for."""
    prediction = Prediction(options.prediction)
    if options.smoke:
        return replace(SMOKE, prediction=prediction, compiled=options.compile)
    usual = TrainingConfig() if options.further is None else FURTHER
    default = MINUTES_ON_TWO_CORES * (MORE_ON_CUDA if device.type == "cuda" else 1.0)
    minutes = default if options.minutes is None else options.minutes
    config = with_budget(usual, minutes / MINUTES_ON_TWO_CORES)
    return replace(config, prediction=prediction, compiled=options.compile)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="demo_world.train", description=__doc__)
    parser.add_argument(
        "--smoke", action="store_true", help="a run of one minute that shows both losses fall"
    )
    parser.add_argument(
        "--minutes", type=float, help="length of the run, in minutes of two CPU cores"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the model is written")
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK_FOLDER,
        help="where pictures, checkpoints and logs are kept",
    )
    parser.add_argument(
        "--further",
        type=Path,
        nargs="?",
        const=WEIGHTS,
        help="learn on from a trained model (the shipped one) with scenes it has not seen",
    )
    parser.add_argument(
        "--prediction",
        choices=[one.value for one in Prediction],
        default=Prediction.V.value,
        help="what the UNet learns to tell; the shipped model tells v",
    )
    parser.add_argument(
        "--compile", action="store_true", help="a quarter faster on a CPU; needs a C++ compiler"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    return parser.parse_args(arguments)


def main(arguments=None):
    """The command line."""
    options = parse(arguments)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = chosen_config(options, device)
    train(config, options.out, options.work, device, options.resume, options.further)


if __name__ == "__main__":
    main()
