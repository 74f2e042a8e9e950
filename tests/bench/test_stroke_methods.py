"""What paints over strokes, on the real model at two steps."""

import json

import pytest
import torch
from torch.testing import assert_close

from bench.lab import Meter, Pair, edited, make_case, open_lab
from bench.stroke_methods import (
    PLUS,
    UPDATES,
    changed_rounds,
    curves,
    drawn,
    gradients,
    low,
    quirks,
    task_of,
)
from demo_world import TUNING_SEEDS
from s2st import GradopConfig, GradopPlusConfig, RoundsConfig, sample
from s2st.strokes.gradop_plus import starting_seed

METHODS = {one.name: one for one in (*curves(), *quirks(), *changed_rounds())}
KINDS = [METHODS[name] for name in ("loopback, 3 rounds of 0.4", "low-pass to 0.3")]
KINDS += [METHODS[name] for name in ("difference path", "difference path, photos")]
KINDS += [
    gradients("GradOP+", GradopPlusConfig(updates=1), photos=True),
    gradients("GradOP", GradopConfig(updates=1)),
    gradients("GradOP, in rounds", RoundsConfig(rounds=2, updates=1), photos=True),
]


@pytest.fixture(scope="module")
def case():
    return make_case(open_lab(steps=2, references=3), Pair("day", "day"), tuple(TUNING_SEEDS[:2]))


def test_every_curve_and_quirk_of_the_guide_is_there():
    assert {f"GradOP+ N={number}" for number in (0, 20, 40, 60)} <= set(METHODS)
    assert sum(name.startswith("SDEdit") for name in METHODS) == 10
    assert {"GradOP+, noisy latent", "GradOP+, kept noise", "GradOP+, no clamp"} <= set(METHODS)
    assert all(number % PLUS.optimised == 0 for number in UPDATES)


def test_no_two_methods_keep_their_pictures_in_one_place():
    kept = {
        (one.name, json.dumps(one.settings)) for one in (*curves(), *quirks(), *changed_rounds())
    }
    assert len(kept) == len([*curves(), *quirks(), *changed_rounds()])


def test_low_frequencies_are_means_over_squares():
    latents = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert_close(low(latents), torch.full((1, 1, 4, 4), 7.5))


def test_without_updates_it_is_plain_sampling(case):
    method, there = METHODS["GradOP+ N=0"], drawn(case)
    made = method.run(case, method.settings[0], Meter())
    seed = starting_seed(there.latents, case.seeds[0], shared=False)
    plain = sample(case.lab.parts.denoiser, seed, case.target(3.0), case.lab.schedule)
    assert torch.equal(made, case.decoded(plain))


@pytest.mark.parametrize("method", KINDS, ids=lambda one: one.name)
def test_every_kind_paints(case, method):
    made = edited(method, case, method.settings[0])
    assert (made.pictures - case.source).abs().mean() > 0.01
    assert made.spent.gradients == (1 if method.name.startswith("GradOP") else 0)


def test_photos_alone_bring_a_look(case):
    assert task_of(case, 3.0, photos=False).look is None
    assert task_of(case, 3.0, photos=True).look is not None
