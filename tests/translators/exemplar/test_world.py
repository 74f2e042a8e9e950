import torch

from demo_world import TRAIN_SEEDS
from translators.exemplar.world import autoencoder, world


def test_scenes_are_rendered_and_encoded_once(tmp_path):
    seeds = TRAIN_SEEDS[:2]
    made = world(seeds, 32, 1, tmp_path)
    assert made.latents.shape == (2, 6, 4, 8, 8) and made.classes.shape == (2, 32, 32)
    assert (made.count, made.looks) == (2, 6)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = world(seeds, 32, 1, tmp_path)
    assert torch.equal(made.latents, again.latents)
    assert files == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    night = autoencoder().decode_latent(made.latents[:, 1].float())
    day = autoencoder().decode_latent(made.latents[:, 0].float())
    assert night.mean() < day.mean()
