from dataclasses import replace

import pytest
import torch

from s2st import Prompt, Task, look_of


def test_a_task_needs_a_picture_and_a_target_alone(latent, target):
    assert Task(latent=latent, target=Prompt(target)).look is None


def test_what_a_method_lacks_is_named(latent, target):
    bare = Task(latent=latent, target=Prompt(target))
    with pytest.raises(ValueError, match="has no source prompt, but this method needs one"):
        _ = bare.described
    with pytest.raises(ValueError, match="has no look, but this method asks for one"):
        _ = bare.wanted


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"latent": torch.zeros(4, 8, 8)}, "3 dimensions .* has 4"),
        ({"look": look_of(torch.rand(1, 16, 8, 8))}, "16 channels, but .* has 4"),
        ({"eta": torch.ones(3)}, r"shape \(3,\), but .* 4 channels"),
        ({"mask": torch.ones(1, 1, 64, 64)}, r"needs \[1 or 2, 1, 8, 8\]"),
    ],
)
def test_a_task_is_checked_when_it_is_made(task, spoiled, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(task, **spoiled)
