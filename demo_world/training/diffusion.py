"""Stage two: the UNet and its text encoder learn to take noise away, told in plain words."""

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from tqdm import tqdm

from ..domains import DOMAINS
from ..model import Prediction, scheduler_of
from ..prompts import varied_prompt
from ..tokens import token_ids
from .data import as_signed
from .loop import fast_arithmetic, learn, step_generator

SILENT_SHARE = 0.1


class Told(nn.Module):
    """UNet and text encoder as one module, so that they learn together."""

    def __init__(self, unet, text_encoder):
        super().__init__()
        self.unet = unet
        self.text_encoder = text_encoder

    def forward(self, latents, timesteps, tokens):
        words = self.text_encoder(tokens).last_hidden_state
        return self.unet(latents, timesteps, words).sample


@torch.no_grad()
def encode_all(vae, images, device):
    """Mean and deviation of every picture's latent, in half precision: [n, 8, h, w]."""
    moments = []
    for batch in tqdm(images.flatten(0, 1).split(16), desc="encoding"):
        with fast_arithmetic(device):
            latent = vae.encode(as_signed(batch).to(device)).latent_dist
        moments.append(torch.cat([latent.mean, latent.std], 1).half().cpu())
    return torch.cat(moments).contiguous()


def encoded(path, vae, images, device, resume):
    """The latents of all pictures, from the cache when a run is resumed."""
    if resume and path.exists():
        return load_file(path)["moments"]
    moments = encode_all(vae, images, device)
    save_file({"moments": moments}, path)
    return moments


def draw_latents(moments, chosen, generator):
    """Samples of the chosen pictures' latents."""
    mean, deviation = moments[chosen].float().chunk(2, dim=1)
    return mean + deviation * torch.randn(mean.shape, generator=generator)


def draw_prompts(scenes, chosen, generator):
    """A prompt for every chosen picture, some left silent for guidance."""
    seed = int(torch.randint(2**31, (), generator=generator))
    words = np.random.Generator(np.random.PCG64(seed))
    return [
        ""
        if words.random() < SILENT_SHARE
        else varied_prompt(words, DOMAINS[index % len(DOMAINS)], scenes[index // len(DOMAINS)])
        for index in chosen.tolist()
    ]


def draw_timesteps(batch, count, generator):
    """Times spread evenly over the schedule, one in each of `batch` strips."""
    places = (torch.arange(batch) + torch.rand(batch, generator=generator)) / batch
    return (places * count).long().clamp(max=count - 1)


def lesson(prediction, kept):
    """What the UNet is taught about a noised latent, by prediction.

    (clean, noise, indices of training times) -> (what it reads, what it is told, its answer).
    """

    def taught(clean, noise, times):
        if prediction is Prediction.FLOW:
            told = times + 1
            time = (told / len(kept))[:, None, None, None]
            return torch.lerp(clean, noise, time), told, noise - clean
        share = kept[times][:, None, None, None]
        noised, velocity = velocity_pair(clean, noise, share)
        return noised, times, noise if prediction is Prediction.EPS else velocity

    return taught


def velocity_pair(clean, noise, kept):
    """The noised latent and the velocity it should tell (Salimans and Ho, 2202.00512)."""
    signal, spoiled = kept.sqrt(), (1.0 - kept).sqrt()
    return signal * clean + spoiled * noise, signal * noise - spoiled * clean


def train_diffusion(model, moments, scenes, config, folder, device, resume):
    """Train UNet and text encoder on cached latents."""
    stage, told = config.diffusion, Told(model.unet, model.text_encoder).train()
    kept = scheduler_of(Prediction.V).alphas_cumprod
    taught = lesson(config.prediction, kept)
    answer_of = torch.compile(told) if config.compiled else told

    def batch_loss(step):
        generator = step_generator(config.seed + 1, step)
        chosen = torch.randint(len(moments), (stage.batch,), generator=generator)
        clean = draw_latents(moments, chosen, generator)
        times = draw_timesteps(stage.batch, len(kept), generator)
        noise = torch.randn(clean.shape, generator=generator)
        noised, told_time, answer = taught(clean, noise, times)
        tokens = token_ids(model.tokenizer, draw_prompts(scenes, chosen, generator))
        with fast_arithmetic(device):
            output = answer_of(noised.to(device), told_time.to(device), tokens.to(device))
        return (output.float() - answer.to(device)).square().mean()

    learn("diffusion", told, batch_loss, stage, folder, resume)
    told.eval()
