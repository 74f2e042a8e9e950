import random

import pytest
import torch
from safetensors.torch import save_file

from s2st import InversionConfig, Schedule, Trajectory, invert
from s2st.kit.storage import write_file


@pytest.fixture
def trajectory(model, latent, source, sigma_table):
    config = InversionConfig(steps=5, refine=1)
    return invert(model, latent, source, sigma_table, config, facts={"model": "Gaussian"})


def test_a_trajectory_survives_the_disk_bit_for_bit(trajectory, tmp_path):
    trajectory.save(tmp_path / "one.safetensors")
    again = Trajectory.load(tmp_path / "one.safetensors")
    assert torch.equal(again.states, trajectory.states)
    assert again.schedule == trajectory.schedule
    expected = {"steps": 5, "spacing": "leading", "refine": 1, "model": "Gaussian"}
    assert again.facts == trajectory.facts == expected


def test_both_ends_have_names(trajectory, latent):
    assert torch.equal(trajectory.source, latent)
    sigma = trajectory.schedule.sigma(5)
    assert torch.equal(trajectory.seed, trajectory.state(5) / (1 + sigma**2) ** 0.5)


def test_a_trajectory_moves_whole(trajectory):
    moved = trajectory.to("cpu")
    assert moved.schedule == trajectory.schedule
    assert torch.equal(moved.states, trajectory.states)


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        (torch.zeros(3, 1, 4, 8, 8), "one state for every sigma"),
        (torch.zeros(2, 4, 8, 8), "one state for every sigma"),
        (torch.full((2, 1, 4, 8, 8), float("nan")), "NaN or infinite"),
        (torch.zeros(2, 1, 4, 8, 8).half(), "float32 or float64"),
    ],
)
def test_states_that_do_not_fit_are_refused(states, sentence):
    with pytest.raises(ValueError, match=sentence):
        Trajectory(states, Schedule((1.0, 0.0)))


def test_files_that_hold_something_else_are_refused(tmp_path):
    path = tmp_path / "wrong.safetensors"
    write_file(path, "trajectory", {"states": torch.zeros(2, 1, 4, 8, 8)}, {})
    with pytest.raises(ValueError, match="lacks sigmas"):
        Trajectory.load(path)
    save_file({"states": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="not written by S2ST"):
        Trajectory.load(path)


DAMAGED = {
    "sigmas out of order": {"sigmas": torch.tensor([1.0, 2.0])},
    "sigmas that are NaN": {"sigmas": torch.tensor([float("nan"), 0.0])},
    "sigmas in two dimensions": {"sigmas": torch.tensor([[1.0, 0.0]])},
    "one sigma as a number": {"sigmas": torch.tensor(1.0)},
    "more steps than states": {"sigmas": torch.tensor([2.0, 1.0, 0.0])},
    "states without a batch": {"states": torch.zeros(2, 4, 8, 8)},
    "whole numbers as states": {"states": torch.zeros(2, 1, 4, 8, 8, dtype=torch.int64)},
    "states that are NaN": {"states": torch.full((2, 1, 4, 8, 8), float("nan"))},
}


@pytest.mark.parametrize("name", list(DAMAGED))
def test_wrong_contents_are_told_in_a_sentence_that_names_the_file(tmp_path, name):
    path = tmp_path / "wrong.safetensors"
    usual = {"states": torch.zeros(2, 1, 4, 8, 8), "sigmas": torch.tensor([1.0, 0.0])}
    write_file(path, "trajectory", {**usual, **DAMAGED[name]}, {})
    with pytest.raises(ValueError, match=r"^wrong\.safetensors cannot be read .*save it again\.$"):
        Trajectory.load(path)


def test_every_damaged_header_is_told_in_a_sentence_that_names_the_file(tmp_path):
    path = tmp_path / "kept.safetensors"
    Trajectory(torch.zeros(2, 1, 1, 2, 2), Schedule((1.0, 0.0)), {"model": None}).save(path)
    whole, chance = path.read_bytes(), random.Random(0)
    header = 8 + int.from_bytes(whole[:8], "little")
    refused = 0
    for place in range(header):
        damaged = bytearray(whole)
        damaged[place] = chance.choice(b'09[]{}",: \xff')
        path.write_bytes(damaged)
        try:
            Trajectory.load(path)  # a letter of a fact's name may be changed unnoticed
        except ValueError as error:
            refused += 1
            assert str(error).startswith("kept.safetensors ") and "\n" not in str(error)
    assert refused > header / 2


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trajectory.load(tmp_path / "nowhere.safetensors")
