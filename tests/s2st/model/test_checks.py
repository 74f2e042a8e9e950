"""Bad input is refused with a sentence that names the value, the limit and the fix."""

import pytest
import torch

from s2st import (
    Conditioning,
    InversionConfig,
    NullTextConfig,
    NullTextMethod,
    Prompt,
    Schedule,
    SeedConfig,
    Stages,
    Task,
    Trajectory,
    TrajectoryConfig,
    correlation_factor,
    invert,
    look_of,
    make_schedule,
    null_text_inversion,
    optimize_trajectory,
    sample,
    structure_loss,
    translate,
    translate_seed,
)
from s2st.model.schedule import Spacing

NAN = float("nan")


class Setting:
    """A complete good run, one argument of which each case spoils."""

    def __init__(self, model, sigma_table, source, target, normal):
        self.model, self.table, self.source, self.target = model, sigma_table, source, target
        self.latent = normal(2, 4, 8, 8)
        self.references = normal(3, 4, 8, 8, seed=2)
        self.schedule = Schedule((10.0, 3.0, 1.0, 0.0))
        self.trajectory = Trajectory(normal(4, 2, 4, 8, 8, seed=3), self.schedule)
        self.look = look_of(self.references)
        self.prompt = Prompt(target, source, 3.0)

    def invert(self, latent=None, source=None, table=None, **config):
        table = self.table if table is None else table
        latent = self.latent if latent is None else latent
        source = self.source if source is None else source
        return invert(self.model, latent, source, table, InversionConfig(**config))

    def sample(self, seed=None, prompt=None):
        seed = self.latent if seed is None else seed
        return sample(self.model, seed, prompt or self.prompt, self.schedule)

    def task(self, **changes):
        given = {"latent": self.latent, "source": self.source, "target": self.prompt}
        return Task(**{**given, "look": self.look, **changes})

    def optimise(self, seed=None, null_text=None, **changes):
        seed = self.latent if seed is None else seed
        config, task = TrajectoryConfig(iterations=1), self.task(**changes)
        return optimize_trajectory(
            self.model, self.trajectory, seed, task, config, null_text=null_text
        )

    def translate(self, references):
        task = self.task(look=look_of(references))
        return translate(self.model, self.table, task, Stages(inversion=InversionConfig(steps=3)))

    def null_text(self):
        config = NullTextConfig(method=NullTextMethod.NEGATIVE_PROMPT)
        return null_text_inversion(self.model, self.trajectory, self.prompt, config)


def spoiled(latent, value):
    latent = latent.clone()
    latent[0, 0, 0, 0] = value
    return latent


def wide(width, batch=1):
    return Conditioning(torch.zeros(batch, 3, width))


CASES = {
    # latents
    "rank 3": (lambda s: s.invert(s.latent[0]), "3 dimensions .* has 4"),
    "rank 5": (lambda s: s.invert(s.latent[None]), "5 dimensions .* has 4"),
    "no latent": (lambda s: s.invert(s.latent[:0]), "is empty .* at least 1"),
    "not a tensor": (lambda s: s.invert(s.latent.numpy()), "is a ndarray, but a torch tensor"),
    "half": (lambda s: s.invert(s.latent.half()), r"float16, but .* \.float\(\)"),
    "integers": (lambda s: s.invert(s.latent.long()), "int64, but latents are optimised"),
    "NaN latent": (lambda s: s.invert(spoiled(s.latent, NAN)), "1 values that are NaN"),
    "infinite latent": (lambda s: s.invert(spoiled(s.latent, float("inf"))), "NaN or infinite"),
    "NaN seed": (lambda s: s.sample(spoiled(s.latent, NAN)), "seed holds 1 values"),
    # steps and sigmas
    "one step": (lambda s: s.invert(steps=1), "steps is 1, .* 2 to 1000"),
    "too many steps": (lambda s: s.invert(steps=1001), "steps is 1001, .* 2 to 1000"),
    "more steps than the model has": (
        lambda s: make_schedule(s.table[:100], 101, Spacing.LEADING),
        "whole number from 2 to 100 for a model of 100",
    ),
    "descending table": (lambda s: s.invert(table=s.table.flip(0)), "not positive, finite"),
    "rising sigmas": (lambda s: Schedule((1.0, 3.0, 0.0)), "Sigma 1 is followed by 3"),
    "refine below 0": (lambda s: s.invert(refine=-1), "refine is -1, .* 0 to 20"),
    # prompts
    "not a conditioning": (
        lambda s: s.invert(source=torch.zeros(1, 3, 4)),
        "is a Tensor, but a Conditioning",
    ),
    "flat embedding": (
        lambda s: s.invert(source=Conditioning(torch.zeros(3, 4))),
        "2 dimensions .* needs 3",
    ),
    "mismatched prompt batch": (
        lambda s: s.invert(source=wide(4, batch=3)),
        "batch 3, but the latents have 2",
    ),
    "NaN prompt": (
        lambda s: s.invert(source=Conditioning(torch.full((1, 3, 4), NAN))),
        "embedding holds 12 values",
    ),
    "prompts of two encoders": (
        lambda s: s.sample(prompt=Prompt(wide(4), wide(8), 2.0)),
        "8 wide, but .* 4: encode both",
    ),
    "guidance without negative": (lambda s: Prompt(s.target, None, 2.0), "no negative prompt"),
    "negative guidance": (lambda s: Prompt(s.target, s.source, -1.0), "-1, .* 0 to 100"),
    # trajectory against the rest
    "seed of another batch": (lambda s: s.optimise(s.latent[:1]), "must be equal"),
    "seed of another size": (lambda s: s.optimise(s.latent[..., :4]), "must be equal"),
    "domain of another VAE": (
        lambda s: s.optimise(look=look_of(torch.rand(1, 16, 8, 8))),
        "16 channels, but .* has 4",
    ),
    "task of other pictures than the trajectory": (
        lambda s: translate_seed(s.model, s.trajectory, s.task(latent=s.latent[:1]), SeedConfig()),
        "must be equal",
    ),
    "null text of another scale": (
        lambda s: s.optimise(target=Prompt(s.target, s.source, 5.0), null_text=s.null_text()),
        "scale is 5, but the null text was made for 3",
    ),
    "states for other steps": (
        lambda s: Trajectory(s.trajectory.states[:3], s.schedule),
        "3 steps need",
    ),
    # domains
    "empty domain": (lambda s: s.translate(s.references[:0]), "is empty .* at least 1"),
    "NaN domain": (lambda s: s.translate(spoiled(s.references, NAN)), "NaN or infinite"),
    "eta of two VAEs": (
        lambda s: correlation_factor(s.look, look_of(torch.rand(2, 8, 4, 4))),
        "8 channels, but .* has 4",
    ),
    "eta for other channels": (
        lambda s: s.optimise(eta=torch.ones(3)),
        r"shape \(3,\), but .* 4 channels",
    ),
    "structure of two sizes": (
        lambda s: structure_loss(s.latent, s.latent[..., :4]),
        "must be equal",
    ),
    # masks
    "mask of another size": (
        lambda s: s.optimise(mask=torch.ones(1, 1, 64, 64)),
        r"needs \[1 or 2, 1, 8, 8\]",
    ),
    "mask without channel": (lambda s: s.optimise(mask=torch.ones(2, 8, 8)), "give it one channel"),
    "mask beyond 1": (
        lambda s: s.optimise(mask=torch.full((1, 1, 8, 8), 255.0)),
        "from 255 to 255, .* within 0 to 1",
    ),
    "NaN mask": (lambda s: s.optimise(mask=torch.full((1, 1, 8, 8), NAN)), "mask holds 64"),
}


@pytest.fixture
def setting(model, sigma_table, source, target, normal):
    return Setting(model, sigma_table, source, target, normal)


@pytest.mark.parametrize("case", list(CASES))
def test_bad_input_is_refused(setting, case):
    call, sentence = CASES[case]
    with pytest.raises(ValueError, match=sentence):
        call(setting)


def test_there_are_enough_cases_and_the_good_run_runs(setting):
    assert len(CASES) >= 25
    setting.invert(steps=3)
    setting.sample()
    setting.optimise(eta=torch.ones(4), mask=torch.ones(1, 1, 8, 8), null_text=setting.null_text())
    setting.translate(setting.references)
