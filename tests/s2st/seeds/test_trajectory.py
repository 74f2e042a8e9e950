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


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trajectory.load(tmp_path / "nowhere.safetensors")
