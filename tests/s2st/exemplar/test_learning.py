from dataclasses import replace

import torch
from torch.testing import assert_close

from s2st.exemplar.learning import Learner, LearningConfig, diffusion_loss

CONFIG = LearningConfig()
FIRST = {"cycle", "classes", "places", "domain", "diffusion"}
LATER = {"iterated", "feature", "contextual"}


def test_estimates_are_matched_after_the_warm_up(networks, lesson):
    learner = Learner(networks, CONFIG)
    assert learner.losses(lesson, 0.0).keys() == FIRST
    assert learner.losses(lesson, CONFIG.warm_up).keys() == FIRST | LATER


def test_every_network_learns_once_it_is_warm(networks, lesson):
    learner = Learner(networks, CONFIG)
    sum(learner.losses(lesson, 0.0).values()).backward()
    still = [name for name, one in networks.named_parameters() if one.grad is None]
    assert still and all(name.startswith("estimate") for name in still)
    sum(learner.losses(lesson, 1.0).values()).backward()
    for name, one in networks.named_parameters():
        assert one.grad is not None and one.grad.isfinite().all(), name


def test_a_weight_of_nothing_leaves_a_loss_out(networks, lesson):
    (full, without) = (
        Learner(networks, replace(CONFIG, cycle=cycle)).losses(lesson, 0.0) for cycle in (1.0, 0.0)
    )
    assert full["cycle"] > 0 and without["cycle"] == 0
    assert_close(full["domain"], without["domain"])


def test_the_diffusion_loss_is_in_units_of_what_noise_leaves_open(lesson):
    clean = lesson.truth + 1
    assert_close(diffusion_loss(lesson.truth, lesson), torch.zeros(3))
    expected = torch.tensor([(1 + 0.01) / 0.01, 1.0, (1 + 0.64) / 0.64])
    assert_close(diffusion_loss(clean, lesson), expected)


def test_a_few_steps_on_one_lesson_lower_the_losses(networks, lesson):
    learner, first = Learner(networks, CONFIG), {}
    optimizer = torch.optim.AdamW(networks.parameters(), 1e-2)
    for _ in range(15):
        losses = learner.losses(lesson, 0.0)
        first = first or losses
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    for name in ("classes", "domain", "diffusion"):
        assert losses[name] < 0.8 * first[name], name
