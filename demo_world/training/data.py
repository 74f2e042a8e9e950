"""Rendered training pictures, held in memory as bytes and on disk beside the checkpoints."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from tqdm import tqdm

from ..render import render_all
from ..scene import scene


def render_bytes(seed, size):
    """Every domain of one scene as uint8 [6, 3, size, size]."""
    images = np.rint(render_all(scene(seed), size) * 255.0).astype(np.uint8)
    return images.transpose(0, 3, 1, 2)


def render_many(seeds, size, workers):
    """Render scenes in parallel: uint8 [len(seeds), 6, 3, size, size]."""
    images = np.empty((len(seeds), 6, 3, size, size), np.uint8)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        drawn = pool.map(partial(render_bytes, size=size), seeds, chunksize=8)
        for index, image in enumerate(tqdm(drawn, total=len(seeds), desc="rendering")):
            images[index] = image
    return images


def rendered(path, seeds, size, workers):
    """Rendered scenes from the cache at `path`, drawn and written there when absent."""
    if path.exists():
        images = np.load(path, allow_pickle=False)
        if images.shape == (len(seeds), 6, 3, size, size):
            return torch.from_numpy(images)
    images = render_many(seeds, size, workers)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, images, allow_pickle=False)
    return torch.from_numpy(images)


def as_signed(images):
    """Bytes to the autoencoder's range of -1..1."""
    return images.float() / 127.5 - 1.0


def random_crops(images, batch, crop, generator):
    """Draw crops of random pictures, half of them mirrored."""
    flat = images.flatten(0, 1)
    chosen = torch.randint(len(flat), (batch,), generator=generator)
    limit = flat.shape[-1] - crop
    corners = torch.randint(limit + 1, (batch, 2), generator=generator)
    mirrored = torch.rand(batch, generator=generator) < 0.5
    crops = torch.stack(
        [
            flat[index, :, top : top + crop, left : left + crop]
            for index, (top, left) in zip(chosen.tolist(), corners.tolist(), strict=True)
        ]
    )
    return as_signed(torch.where(mirrored[:, None, None, None], crops.flip(-1), crops))
