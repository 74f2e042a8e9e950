from dataclasses import replace

import pytest
import torch

from s2st import (
    Distance,
    InversionConfig,
    SeedConfig,
    TrajectoryConfig,
    invert,
    optimize_trajectory,
    translate_seed,
)


@pytest.mark.parametrize("kind", [SeedConfig, TrajectoryConfig])
def test_both_stages_compare_distributions_as_they_are_asked(
    curved_model, task, look, source, sigma_table, kind
):
    config = InversionConfig(steps=4)
    trajectory = invert(curved_model, task.latent, source, sigma_table, config)
    task = replace(task, look=look)

    def result(distance):
        config = kind(iterations=2, distance=distance)
        if kind is SeedConfig:
            return translate_seed(curved_model, trajectory, task, config)
        return optimize_trajectory(curved_model, trajectory, trajectory.seed, task, config)

    one, other = (result(distance) for distance in Distance)
    assert not torch.allclose(one, other, atol=1e-3)
