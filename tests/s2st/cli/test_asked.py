from dataclasses import replace

import pytest
import torch

from s2st.cli import demo, models
from s2st.cli.asked import decoded, encoded


@pytest.fixture(scope="module")
def parts():
    return models.loaded(None)


@pytest.fixture(scope="module")
def asked():
    return demo.asked("day", "night", 1, 2)


def test_pictures_return_from_their_latents(parts, asked):
    pictures = torch.cat([asked.source, asked.references]).repeat(2, 1, 1, 1)
    returned = decoded(parts, encoded(parts, pictures))
    assert returned.shape == pictures.shape
    assert (returned - pictures).abs().mean() < 0.05


def test_the_task_has_all_that_was_asked(parts, asked):
    task = replace(asked, negative="fog").task(parts, 2.0)
    assert torch.equal(task.latent, encoded(parts, asked.source))
    assert len(task.wanted.quantiles) == 2
    assert torch.equal(task.described.embedding, parts.encode_prompt(asked.prompt).embedding)
    assert torch.equal(task.target.positive.embedding, parts.encode_prompt(asked.target).embedding)
    assert torch.equal(task.target.negative.embedding, parts.encode_prompt("fog").embedding)
    assert task.target.scale == 2.0
