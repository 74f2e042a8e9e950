"""Training: its schedule, its optimizer, its resuming, and one real minute of it."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from demo_world import scene
from demo_world.model import Prediction, load, scheduler_of
from demo_world.train import main
from demo_world.training.autoencoder import edge_loss
from demo_world.training.config import StageConfig, TrainingConfig, scaled, with_budget
from demo_world.training.data import random_crops
from demo_world.training.diffusion import draw_prompts, draw_timesteps, lesson, velocity_pair
from demo_world.training.loop import learn, learning_rate
from demo_world.training.optimizer import orthogonal
from s2st.adapters.diffusers import Parameterization

STAGE = StageConfig(
    steps=40, batch=8, learning_rate=0.05, warm_up=4, average_decay=0.5, log_every=5, save_every=10
)


def test_the_rate_warms_up_stays_and_falls_to_zero():
    stage = StageConfig(
        steps=100, batch=1, learning_rate=1.0, warm_up=10, average_decay=0.0, cool_down=0.5
    )
    rates = [learning_rate(stage, step) for step in range(101)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10:55] == pytest.approx([1.0] * 45)
    assert all(after < before for before, after in zip(rates[55:], rates[56:], strict=False))
    assert rates[100] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"steps": 3}, "steps is 3"),
        ({"batch": 0}, "batch is 0"),
        ({"average_decay": 1.0}, "average_decay is 1.0"),
        ({"cool_down": 0.0}, "cool_down is 0.0"),
    ],
)
def test_a_wrong_stage_is_refused(wrong, words):
    good = {"steps": 10, "batch": 1, "learning_rate": 1.0, "warm_up": 5, "average_decay": 0.5}
    with pytest.raises(ValueError, match=words):
        StageConfig(**(good | wrong))


def test_a_budget_scales_both_stages():
    longer = with_budget(TrainingConfig(), 2.0)
    assert longer.autoencoder.steps == 2 * TrainingConfig().autoencoder.steps
    assert longer.diffusion.steps == 2 * TrainingConfig().diffusion.steps
    assert scaled(STAGE, 0.1).steps == 4 > scaled(STAGE, 0.1).warm_up


def test_an_orthogonal_update_keeps_the_singular_vectors():
    matrix = torch.randn(24, 60, generator=torch.Generator().manual_seed(1))
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert values.min() > 0.6 and values.max() < 1.3
    overlap = ((left @ right) * orthogonal(matrix)).sum() / 24
    assert overlap > 0.8
    assert torch.allclose(orthogonal(matrix.T), orthogonal(matrix).T, atol=0.02)


def linear_task(folder, stage, resume):
    """Learn a fixed linear map; returns the learnt module."""
    torch.manual_seed(0)
    module, truth = nn.Linear(20, 20), torch.linspace(-1, 1, 400).view(20, 20)

    def batch_loss(step):
        x = torch.randn(32, 20, generator=torch.Generator().manual_seed(step))
        return (module(x) - x @ truth).square().mean()

    learn("linear", module, batch_loss, stage, folder, resume)
    return module


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir(), broken.mkdir()
    plateau = StageConfig(
        steps=40,
        batch=8,
        learning_rate=0.05,
        warm_up=4,
        average_decay=0.5,
        cool_down=0.25,
        log_every=5,
        save_every=10,
    )
    half = StageConfig(
        steps=20,
        batch=8,
        learning_rate=0.05,
        warm_up=4,
        average_decay=0.5,
        cool_down=1e-9,
        log_every=5,
        save_every=10,
    )
    expected = linear_task(whole, plateau, resume=False)
    linear_task(broken, half, resume=False)
    actual = linear_task(broken, plateau, resume=True)
    assert torch.allclose(actual.weight, expected.weight, atol=1e-5)
    steps = [json.loads(line)["step"] for line in (broken / "linear.jsonl").open()]
    assert steps == list(range(5, 41, 5))


def test_learning_stops_at_a_loss_that_is_not_a_number(tmp_path):
    module = nn.Linear(20, 20)
    with pytest.raises(FloatingPointError, match="loss is nan"):
        learn(
            "bad",
            module,
            lambda _: module(torch.full((1, 20), np.nan)).sum(),
            STAGE,
            tmp_path,
            resume=False,
        )


def test_the_edge_loss_sees_blur_but_not_a_shift_of_brightness():
    sharp = torch.zeros(1, 1, 8, 8)
    sharp[..., 4:] = 1.0
    blurred = sharp.clone()
    blurred[..., 3:5] = 0.5
    assert edge_loss(sharp + 0.3, sharp).item() == pytest.approx(0.0, abs=1e-6)
    assert edge_loss(blurred, sharp).item() == pytest.approx(2 / 7)


def test_a_noised_latent_and_its_velocity_give_the_clean_one_back():
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(4, 4, 8, 8, generator=generator) for _ in range(2))
    kept = torch.tensor([0.99, 0.6, 0.2, 0.01])[:, None, None, None]
    noised, velocity = velocity_pair(clean, noise, kept)
    assert torch.allclose(kept.sqrt() * noised - (1 - kept).sqrt() * velocity, clean, atol=1e-5)


@pytest.mark.parametrize("prediction", list(Prediction))
def test_what_is_taught_is_what_the_adapter_reads(prediction):
    """The right answer to the lesson, read by the adapter, is the clean latent."""
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(4, 4, 8, 8, generator=generator) for _ in range(2))
    times = torch.tensor([3, 250, 700, 990])
    taught = lesson(prediction, scheduler_of(Prediction.V).alphas_cumprod)
    noised, told, answer = taught(clean, noise, times)
    adapter = Parameterization.of(scheduler_of(prediction))
    for index, time in enumerate(times.tolist()):
        sigma = float(adapter.sigma_table[time])
        state = clean[index] + sigma * noise[index]
        assert torch.allclose(adapter.read(state, sigma), noised[index], atol=1e-4)
        assert float(adapter.timesteps[time]) == pytest.approx(float(told[index]))
        assert torch.allclose(
            adapter.denoised(state, answer[index], sigma), clean[index], atol=1e-3
        )


def test_times_cover_the_schedule_evenly():
    times = draw_timesteps(10, 1000, torch.Generator().manual_seed(0))
    assert [int(time) // 100 for time in times] == list(range(10))


def test_crops_are_pieces_of_the_pictures():
    images = torch.arange(2 * 6 * 3 * 16 * 16).view(2, 6, 3, 16, 16) % 251
    crops = random_crops(images.to(torch.uint8), 5, 8, torch.Generator().manual_seed(0))
    assert crops.shape == (5, 3, 8, 8)
    assert crops.min() >= -1.0 and crops.max() <= 1.0


def test_a_tenth_of_the_prompts_is_silent():
    chosen = torch.arange(6).repeat(100)
    prompts = draw_prompts([scene(0)], chosen, torch.Generator().manual_seed(0))
    assert 0.05 < prompts.count("") / len(prompts) < 0.16
    assert all("snow" in text or "winter" in text for text in prompts[5::6] if text)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder of a real run of about a minute."""
    folder = tmp_path_factory.mktemp("smoke")
    main(["--smoke", "--out", str(folder / "model"), "--work", str(folder / "work")])
    return folder


@pytest.mark.parametrize("stage, share", [("autoencoder", 0.4), ("diffusion", 0.85)])
def test_a_minute_of_training_lowers_the_loss(smoke, stage, share):
    lines = (smoke / "work" / f"{stage}.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert losses[-1] < share * losses[0]


def test_a_twin_learns_on_from_a_trained_model(smoke, tmp_path):
    """Its autoencoder stays, and what it predicts is told by the scheduler saved with it."""
    start, twin = smoke / "model", tmp_path / "twin"
    line = ["--smoke", "--further", str(start), "--prediction", "flow", "--out", str(twin)]
    main([*line, "--work", str(tmp_path / "work")])
    losses = [json.loads(one)["loss"] for one in (tmp_path / "work/diffusion.jsonl").open()]
    assert losses[-1] < 0.85 * losses[0]
    before, after = load(start), load(twin)
    assert type(after.scheduler).__name__ == "FlowMatchEulerDiscreteScheduler"
    for kept, now in zip(before.vae.parameters(), after.vae.parameters(), strict=True):
        assert torch.equal(kept, now)


def test_what_training_wrote_can_be_loaded(smoke):
    model = load(smoke / "model")
    words = model.text_encoder(torch.tensor([[783, 784]])).last_hidden_state
    assert torch.isfinite(words).all()
    mean = model.vae.encode(torch.zeros(1, 3, 64, 64)).latent_dist.mean
    assert mean.shape == (1, 4, 16, 16)
