import torch
from torch.testing import assert_close

from s2st.many_to_one.design import Design
from s2st.many_to_one.networks import Plan
from s2st.many_to_one.switches import Preset
from translators.digits import DOMAINS, GREY, Digits
from translators.lessons import drawn_lesson, mixed

DESIGN = Design(size=32, width=8, most_width=16, latent=3)


def data():
    generator = torch.Generator().manual_seed(1)
    return Digits(torch.rand(20, 1, 32, 32, generator=generator), torch.arange(20) % 10)


def plan(preset=Preset.HMS):
    return Plan(domains=DOMAINS, design=DESIGN, switches=preset.switches)


def test_a_batch_mixes_domains_each_in_its_own_channels():
    made = mixed(
        data(), plan(), torch.tensor([1, 0, 1]), torch.tensor([4, 5, 6]), torch.Generator()
    )
    assert made.shape == (3, 3, 32, 32)
    assert_close(made[1, :1], data().grey[5] * 2 - 1)
    assert not made[1, 1:].any()
    assert made[0, 1:].any() and made[2, 1:].any()


def test_a_lesson_pairs_its_pictures_with_the_answer():
    lesson = drawn_lesson(data(), plan(), 16, torch.Generator().manual_seed(2))
    one_answer = lesson.targets == GREY
    assert 0 < one_answer.sum() < 16
    from_grey = one_answer & (lesson.sources == GREY)
    assert from_grey.any()
    assert torch.equal(lesson.answers[from_grey], lesson.pictures[from_grey])
    assert [tuple(one.shape) for one in lesson.noise] == [(16, 3)] * 2


def test_unpaired_lessons_know_no_answers_and_draw_what_paired_ones_do():
    with_pairs, without = (
        drawn_lesson(data(), plan(preset), 8, torch.Generator().manual_seed(2))
        for preset in (Preset.HMS, Preset.HMU)
    )
    assert without.answers is None
    assert torch.equal(with_pairs.pictures, without.pictures)
    assert torch.equal(with_pairs.references[1], without.references[1])


def test_a_step_s_lesson_is_always_the_same():
    one, other = (
        drawn_lesson(data(), plan(), 4, torch.Generator().manual_seed(7)) for _ in range(2)
    )
    assert torch.equal(one.pictures, other.pictures) and torch.equal(one.targets, other.targets)
