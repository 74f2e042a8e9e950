import pytest
import torch

from demo_world import REFERENCE_SEEDS, TUNING_SEEDS, render, scene
from s2st.explore.measures import Judge, edge_agreement


def pictures(numbers, domain):
    drawn = [torch.from_numpy(render(scene(number), domain, 64)) for number in numbers]
    return torch.stack(drawn).permute(0, 3, 1, 2).float()


@pytest.fixture(scope="module")
def day():
    return pictures(TUNING_SEEDS[:2], "day")


@pytest.fixture(scope="module")
def judge(day):
    return Judge(day, pictures(REFERENCE_SEEDS[:8], "night"))


def test_the_source_keeps_all_structure_and_reaches_nothing_of_the_look(judge, day):
    measured = judge(day)
    assert measured.structure == pytest.approx(1, abs=1e-5)
    assert measured.look == pytest.approx(0, abs=1e-6)


def test_the_truth_reaches_the_look_and_other_scenes_lose_the_structure(judge):
    truth = judge(pictures(TUNING_SEEDS[:2], "night"))
    others = judge(pictures(TUNING_SEEDS[2:4], "night"))
    assert truth.look > 0.9 and others.look > 0.8
    assert truth.structure > others.structure + 0.1


def test_halfway_to_the_look_lies_between(judge, day):
    halfway = judge((day + pictures(TUNING_SEEDS[:2], "night")) / 2)
    assert 0.2 < halfway.look < 0.8


def test_a_source_that_has_the_look_is_no_division_by_nothing():
    night = pictures(TUNING_SEEDS[:2], "night")
    measured = Judge(night, night)(night)
    assert measured.look == pytest.approx(1, abs=0.01)


def test_edges_agree_whatever_the_contrast(day):
    assert edge_agreement(0.3 * day + 0.1, day) == pytest.approx(1, abs=1e-5)
    assert edge_agreement(day.flip(-1), day) < 0.8


def test_pictures_of_another_size_are_refused(judge, day):
    with pytest.raises(ValueError, match="The result .* source"):
        judge(day[..., :32])
