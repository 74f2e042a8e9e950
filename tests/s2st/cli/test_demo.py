import pytest
import torch

from demo_world import TUNING_SEEDS, render, scene
from s2st.cli import demo


def test_scenes_are_tuning_scenes_with_their_words():
    asked = demo.asked("day", "night", 2, 5)
    assert asked.source.shape == (2, 3, 128, 128) and asked.references.shape == (5, 3, 128, 128)
    first = torch.from_numpy(render(scene(TUNING_SEEDS[0]), "day", 128)).permute(2, 0, 1)
    assert torch.equal(asked.source[0], first.float())
    assert "day" in asked.prompt and "night" in asked.target


def test_equal_and_unknown_domains_are_refused():
    with pytest.raises(ValueError, match="Both demo domains are 'day', but they must differ"):
        demo.asked("day", "day", 1, 1)
    with pytest.raises(ValueError, match="'dusk', but only day, night"):
        demo.asked("day", "dusk", 1, 1)
