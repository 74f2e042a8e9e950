from dataclasses import replace

import pytest
import torch

from s2st import Prompt, Regions, Task, look_of, regional_look


def regions(height, width, channels=4, pictures=1):
    """A look by region of one kind alone."""
    labels = torch.zeros(pictures, height, width, dtype=torch.long)
    return regional_look(Regions(labels, labels[None, :1]), torch.rand(1, channels, height, width))


def test_a_task_needs_a_picture_and_a_target_alone(latent, target):
    assert Task(latent=latent, target=Prompt(target)).look is None


def test_what_a_method_lacks_is_named(latent, target):
    bare = Task(latent=latent, target=Prompt(target))
    with pytest.raises(ValueError, match="has no source prompt, but this method needs one"):
        _ = bare.described
    with pytest.raises(ValueError, match="has no look, but this method asks for one"):
        _ = bare.wanted
    assert not bare.asks_for_a_look


def test_a_look_as_a_whole_or_by_region_is_a_look(task, look, regional):
    assert replace(task, look=look).asks_for_a_look
    assert replace(task, regional=regional).asks_for_a_look


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"latent": torch.zeros(4, 8, 8)}, "3 dimensions .* has 4"),
        ({"look": look_of(torch.rand(1, 16, 8, 8))}, "16 channels, but .* has 4"),
        ({"eta": torch.ones(3)}, r"shape \(3,\), but .* 4 channels"),
        ({"regional": regions(4, 7)}, r"\(1, 4, 7\), but the latent needs \[1 or 2, 8, 8\]"),
        ({"regional": regions(8, 8, channels=16)}, "16 channels, but .* has 4"),
        ({"regional": regions(8, 8, pictures=3)}, r"\(3, 8, 8\), but the latent"),
        ({"mask": torch.ones(1, 1, 64, 64)}, r"needs \[1 or 2, 1, 8, 8\]"),
    ],
)
def test_a_task_is_checked_when_it_is_made(task, spoiled, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(task, **spoiled)
