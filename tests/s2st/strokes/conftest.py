"""Strokes of one colour per half, their task, and an autoencoder with a closed form."""

from dataclasses import replace

import pytest
import torch
from ideal import MixingAutoencoder

from s2st import InversionConfig, Prompt, Spacing
from s2st.strokes.strokes import Strokes

STEPS = 10


@pytest.fixture
def autoencoder():
    return MixingAutoencoder()


@pytest.fixture
def schedule(sigma_table):
    return InversionConfig(steps=STEPS, spacing=Spacing.TRAILING).schedule(sigma_table)


@pytest.fixture
def strokes():
    picture = torch.full((2, 3, 16, 16), 0.4)
    picture[..., 8:] = 0.6
    picture[1] = picture[1].flip(-1)
    return Strokes(picture)


@pytest.fixture
def stroke_task(task, autoencoder, strokes, source, target):
    return replace(
        task, latent=autoencoder.encode(strokes.picture), target=Prompt(target, source, 2.0)
    )
