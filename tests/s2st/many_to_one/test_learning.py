"""Which losses are asked under which switch."""

from dataclasses import replace

import pytest
import torch

from s2st.many_to_one.domains import Domain, Kind
from s2st.many_to_one.learning import Learner, LearningConfig, Lesson
from s2st.many_to_one.networks import Networks, discriminator_of

PHOTO = Domain(name="photo")
GREY = Domain(name="grey", kind=Kind.GREY, many=False)


@pytest.fixture
def learner_of(plan_of, generator):
    def make(config=None, **switches):
        plan = plan_of(PHOTO, GREY, **switches)
        made = Networks(plan, generator), discriminator_of(plan, generator)
        return Learner(plan, *made, config or LearningConfig())

    return make


def lesson_for(learner, pictures, target):
    generator, count = torch.Generator().manual_seed(3), len(pictures)
    sources, targets = torch.full((count,), 1 - target), torch.full((count,), target)
    seen = learner.plan.into(1 - target, pictures)
    noise = tuple(torch.randn(count, 4, generator=generator) for _ in range(2))
    references = (learner.plan.into(target, pictures.flip(0)), learner.plan.into(target, pictures))
    return Lesson(seen, sources, targets, noise, references, learner.plan.into(target, pictures))


def of_passes(learner, lesson, share=0.0):
    return list(learner.generator_losses(lesson, share))


def test_both_passes_have_all_losses(learner_of, pictures):
    learner = learner_of(supervised=True)
    lesson = lesson_for(learner, pictures, target=1)
    passes = of_passes(learner, lesson)
    names = {"adversarial", "style", "diversity", "cycle", "pairs"}
    assert [set(one) for one in passes] == [names, names]
    assert all(torch.isfinite(value) for one in passes for value in one.values())
    told = list(learner.discriminator_losses(lesson))
    assert [set(one) for one in told] == [{"real", "made", "slope"}] * 2


def test_to_many_answers_a_difference_is_asked_and_a_style_found_again(learner_of, pictures):
    learner = learner_of()
    for losses in of_passes(learner, lesson_for(learner, pictures, target=0)):
        assert losses["diversity"] < 0 < losses["style"]
        assert "pairs" not in losses


def test_to_one_answer_neither_is_asked_under_style_zero(learner_of, pictures):
    learner = learner_of(supervised=True)
    for losses in of_passes(learner, lesson_for(learner, pictures, target=1)):
        assert losses["diversity"] == losses["style"] == 0
        assert losses["pairs"] > 0


def test_diversity_where_many_counts_only_while_a_style_has_a_say(learner_of, pictures):
    asked = {}
    for zero in (True, False):
        for where in (True, False):
            learner = learner_of(style_zero=zero, diversity_where_many=where)
            lesson = lesson_for(learner, pictures, target=1)
            asked[zero, where] = of_passes(learner, lesson)[0]["diversity"].item()
    assert asked[False, False] < 0
    assert asked[False, True] == asked[True, False] == asked[True, True] == 0


def test_supervision_asks_nothing_of_domains_with_many_answers(learner_of, pictures):
    learner = learner_of(supervised=True)
    for losses in of_passes(learner, lesson_for(learner, pictures, target=0)):
        assert losses["pairs"] == 0


def test_mapping_and_encoder_learn_their_style_only_from_noise(learner_of, pictures):
    learner = learner_of()
    lesson = lesson_for(learner, pictures, target=0)
    reached = []
    for losses in learner.generator_losses(lesson, 0.0):
        learner.networks.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        reached.append(
            [one.grad is not None for one in learner.networks.mapping.own[0].parameters()]
        )
    assert all(reached[0]) and not any(reached[1])


def test_the_diversity_loss_falls_to_zero_along_a_line():
    config = LearningConfig(diversity=2.0, diversity_end=0.5)
    assert [config.diversity_at(share) for share in (0.0, 0.25, 0.5, 1.0)] == [2.0, 1.0, 0.0, 0.0]


def test_a_lesson_moves_whole(learner_of, pictures):
    lesson = lesson_for(learner_of(), pictures, target=0)
    moved = replace(lesson, answers=None).to(torch.device("meta"))
    tensors = [moved.pictures, moved.sources, moved.targets, *moved.noise, *moved.references]
    assert all(one.is_meta for one in tensors) and moved.answers is None
