"""Stage one: an autoencoder whose edges are sharp and whose latents are standard."""

import torch
import torch.nn.functional as F

from .data import as_signed, random_crops
from .loop import fast_arithmetic, learn, step_generator

EARLY_DIVERGENCE, LATE_DIVERGENCE = 1e-4, 2e-3
RISE_FROM, RISE_TO = 0.46, 0.60
EDGE_WEIGHT = 1.0
SQUARE_WEIGHT = 2.0
CROP_SHARE = 0.75


def differences(images):
    """Differences of neighbours, across and down."""
    return images.diff(dim=-1), images.diff(dim=-2)


def edge_loss(output, target):
    """Mean absolute error of both differences: blurred edges cost more than wrong shades."""
    pairs = zip(differences(output), differences(target), strict=True)
    return sum(F.l1_loss(a, b) for a, b in pairs)


def divergence_weight(share):
    """Little while pictures become sharp, then more, so that small latent errors stay small."""
    risen = min(1.0, max(0.0, (share - RISE_FROM) / (RISE_TO - RISE_FROM)))
    return EARLY_DIVERGENCE + risen * (LATE_DIVERGENCE - EARLY_DIVERGENCE)


def reconstruction_loss(vae, images, generator, weight):
    """Absolute, squared and edge error of a noisy round trip, and the latents' divergence."""
    posterior = vae.encode(images).latent_dist
    mean, deviation = posterior.mean.float(), posterior.std.float()
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    output = vae.decode(mean + deviation * noise).sample.float()
    divergence = 0.5 * (mean**2 + deviation**2 - 1.0 - 2.0 * deviation.log()).mean()
    return (
        F.l1_loss(output, images)
        + SQUARE_WEIGHT * F.mse_loss(output, images)
        + EDGE_WEIGHT * edge_loss(output, images)
        + weight * divergence
    )


def draw_batch(images, stage, step, generator):
    """Crops first, because four crops cost one picture; whole pictures at the end."""
    size = images.shape[-1]
    if step < CROP_SHARE * stage.steps:
        return random_crops(images, stage.batch, size // 2, generator)
    return random_crops(images, max(1, stage.batch // 4), size, generator)


def train_autoencoder(vae, images, config, folder, device, resume):
    """Train the autoencoder on rendered pictures, then standardise its latents."""
    stage = config.autoencoder

    def batch_loss(step):
        generator = step_generator(config.seed, step)
        batch = draw_batch(images, stage, step, generator).to(device)
        with fast_arithmetic(device):
            weight = divergence_weight(step / stage.steps)
            return reconstruction_loss(vae, batch, generator, weight)

    learn("autoencoder", vae.train(), batch_loss, stage, folder, resume)
    standardise_latents(vae.eval(), images, device)


@torch.no_grad()
def latent_statistics(vae, images, device):
    """Mean and deviation of every latent channel over some pictures."""
    flat = images.flatten(0, 1)
    some = flat[:: max(1, len(flat) // 384)].split(16)
    latents = torch.cat([vae.encode(as_signed(x).to(device)).latent_dist.mean for x in some])
    return latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))


@torch.no_grad()
def standardise_latents(vae, images, device):
    """Fold shift and scale of every latent channel into the two 1x1 convolutions."""
    mean, deviation = latent_statistics(vae, images, device)
    into, out = vae.quant_conv, vae.post_quant_conv
    channels = len(mean)
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight *= deviation[None, :, None, None]
    into.weight[:channels] /= deviation[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) / deviation
    into.bias[channels:] -= 2.0 * deviation.log()
