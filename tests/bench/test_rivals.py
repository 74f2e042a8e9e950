"""Every rival of the comparison runs on the demo model, and does what its paper says."""

from copy import copy
from dataclasses import replace

import pytest
import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

from bench.lab import Case, Lab, Meter, Method, Pair, edited, make_case, open_lab
from bench.rivals import METHODS, inversion, pipelines
from bench.rivals.difference_path import difference_path, noise_like
from bench.rivals.injection import (
    SOURCE,
    TARGET,
    SelfInjection,
    Switch,
    edited_beside,
    kept_processors,
    origins,
    plugged,
    with_source_rows,
)
from bench.rivals.pipelines import ddim_scheduler, predicting_noise
from bench.rivals.recolouring import matched, quantiles, with_moments
from demo_world import TUNING_SEEDS
from s2st import Conditioning, Prompt, sample

STEPS = 4
DAY_TO_SNOW = Pair("day", "snow")


@pytest.fixture(scope="module")
def lab() -> Lab:
    return open_lab(steps=STEPS, references=4)


@pytest.fixture(scope="module")
def case(lab: Lab) -> Case:
    return make_case(lab, DAY_TO_SNOW, tuple(TUNING_SEEDS[:1]))


@pytest.fixture(scope="module")
def hasty() -> Lab:
    return open_lab(steps=2, references=1)


@pytest.fixture(scope="module")
def couple(hasty: Lab) -> Case:
    return make_case(hasty, DAY_TO_SNOW, tuple(TUNING_SEEDS[:2]))


@pytest.fixture(scope="module")
def second(hasty: Lab) -> Case:
    return make_case(hasty, DAY_TO_SNOW, tuple(TUNING_SEEDS[1:2]))


@pytest.fixture(scope="module")
def before(case: Case) -> torch.Tensor:
    return plain_run(case)


def method_named(name: str) -> Method:
    return next(method for method in METHODS if method.name == name)


def plain_run(case: Case) -> torch.Tensor:
    """Guided sampling without any rival."""
    noise = noise_like(case.latents, case.generators())
    target = Prompt(case.lab.prompt("snow"), case.lab.prompt(""), 2.0)
    return sample(case.lab.parts.denoiser, noise, target, case.lab.schedule)


def hook_counts(lab: Lab) -> list[int]:
    return [len(module._forward_hooks) for module in lab.parts.pipeline.unet.modules()]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
class TestEveryRival:
    def test_runs_and_leaves_the_shared_model_as_it_was(
        self, method: Method, case: Case, before: torch.Tensor
    ) -> None:
        """The picture changes, twice in the same way; the model samples as before."""
        pipeline = case.lab.parts.pipeline
        processors = dict(pipeline.unet.attn_processors)
        scheduler, config = pipeline.scheduler, dict(pipeline.scheduler.config)
        hooks = hook_counts(case.lab)
        first = edited(method, case, method.settings[-1])
        again = edited(method, case, method.settings[-1])
        assert (first.pictures - case.source).abs().mean() > 0.02
        assert torch.equal(first.pictures, again.pictures)
        assert first.spent.evaluations == again.spent.evaluations
        assert torch.equal(plain_run(case), before)
        assert pipeline.scheduler is scheduler
        assert dict(scheduler.config) == config
        assert hook_counts(case.lab) == hooks
        after = pipeline.unet.attn_processors
        assert all(after[name] is processor for name, processor in processors.items())

    def test_has_settings_of_one_shape(self, method: Method) -> None:
        assert len(method.settings) >= 2
        assert len({tuple(setting) for setting in method.settings}) == 1
        assert len({tuple(setting.items()) for setting in method.settings}) == len(method.settings)


@pytest.mark.parametrize(
    "name", ["SDEdit", "Difference path", "CycleDiffusion", "DiffEdit", "LEDITS++"]
)
def test_a_batch_draws_what_single_pictures_draw(name: str, couple: Case, second: Case) -> None:
    method = method_named(name)
    together = edited(method, couple, method.settings[-1]).pictures
    alone = edited(method, second, method.settings[-1]).pictures
    assert (together[1:] - alone).abs().mean() < 1e-3
    assert (together[:1] - alone).abs().mean() > 0.02


def test_names_are_told_apart() -> None:
    assert len({method.name for method in METHODS}) == len(METHODS)


class TestSDEdit:
    def test_hardly_noised_is_the_autoencoder(self) -> None:
        fine = make_case(open_lab(steps=50, references=1), DAY_TO_SNOW, tuple(TUNING_SEEDS[:1]))
        made = pipelines.run_sdedit(fine, {"strength": 0.02, "guidance": 1.0}, Meter())
        assert (made - fine.decoded(fine.latents)).abs().mean() < 0.02

    def test_noise_grows_with_strength(self, case: Case) -> None:
        weak, strong = (
            edited(pipelines.SDEDIT, case, {"strength": strength, "guidance": 2.0})
            for strength in (0.5, 1.0)
        )
        assert (weak.spent.evaluations, strong.spent.evaluations) == (4, 8)
        distance = [(one.pictures - case.source).square().mean() for one in (weak, strong)]
        assert distance[0] < distance[1]


class TestInversion:
    @pytest.fixture(scope="class")
    def unchanged(self) -> Case:
        """'Translate' day to day: the target prompt is the source's."""
        lab = open_lab(steps=12, references=1)
        return make_case(lab, Pair("day", "day"), tuple(TUNING_SEEDS[:1]))

    def test_reconstructs_with_the_source_prompt(self, unchanged: Case) -> None:
        made = inversion.run_plain(unchanged, {"guidance": 1.0}, Meter())
        reached = unchanged.decoded(unchanged.latents)
        assert (made - reached).square().mean() < 2e-3

    def test_negative_prompt_cancels_any_guidance(self, unchanged: Case) -> None:
        plain = inversion.run_plain(unchanged, {"guidance": 1.0}, Meter())
        guided = inversion.run_negative(unchanged, {"guidance": 5.0}, Meter())
        assert torch.allclose(plain, guided, atol=1e-3)

    def test_is_charged_for_its_inversion(self, case: Case) -> None:
        spent = edited(inversion.PLAIN, case, {"guidance": 2.0}).spent
        assert spent.evaluations == 3 * STEPS


class TestDifferencePath:
    def path(self, case: Case, source: Prompt, target: Prompt) -> torch.Tensor:
        model, steps = case.lab.parts.denoiser, case.lab.schedule.pairs()
        return difference_path(model, case.latents, source, target, steps, 1, case.generators())

    def test_of_equal_prompts_stands_still(self, case: Case) -> None:
        day = Prompt(case.lab.prompt("day"))
        assert torch.equal(self.path(case, day, day), case.latents)

    def test_of_other_prompts_moves(self, case: Case) -> None:
        day, snow = Prompt(case.lab.prompt("day")), Prompt(case.lab.prompt("snow"))
        assert (self.path(case, day, snow) - case.latents).abs().mean() > 0.1

    def test_noise_belongs_to_the_picture(self, couple: Case) -> None:
        together = noise_like(couple.latents, couple.generators())
        alone = noise_like(couple.latents[1:], couple.generators()[1:])
        assert torch.equal(together[1:], alone)


class TestDirectInversion:
    def test_without_injection_is_ddim_inversion(self, case: Case) -> None:
        trajectory = case.inverted(Meter())
        beside = edited_beside(case, trajectory, 2.0, lambda index: False)
        expected = inversion.run_plain(case, {"guidance": 2.0}, Meter())
        assert torch.allclose(case.decoded(beside), expected, atol=1e-3)

    def test_idle_source_branch_changes_nothing(self, case: Case) -> None:
        trajectory = case.inverted(Meter())
        alone = edited_beside(case, trajectory, 2.0, lambda index: False)
        beside = edited_beside(case, trajectory, 2.0, lambda index: True)
        assert torch.allclose(alone, beside, atol=1e-3)

    def test_idle_processors_are_plain_attention(self, case: Case) -> None:
        unet, before = case.lab.parts.pipeline.unet, plain_run(case)
        with kept_processors(unet):
            unet.set_attn_processor(SelfInjection(Switch(on=False), (TARGET,)))
            assert torch.allclose(plain_run(case), before, atol=1e-3)

    def test_plugged_in_rows_follow_the_source(self, case: Case) -> None:
        """With all self-attention and the block's features taken over, the edit is dragged along:
        its prediction depends on what the source shows."""
        parts, noise = case.lab.parts, noise_like(case.latents, case.generators())
        snow = Conditioning(case.embedding("snow").repeat(3, 1, 1))
        rows = [torch.cat([source, noise, noise]) for source in (case.latents, -case.latents)]
        apart = [parts.denoiser.denoise(row, 1.0, snow)[TARGET] for row in rows]
        with plugged(parts.pipeline.unet, 1, Switch(on=True), Switch(on=True)):
            dragged = [parts.denoiser.denoise(row, 1.0, snow)[TARGET] for row in rows]
        assert torch.allclose(apart[0], apart[1], atol=1e-4)
        assert (dragged[0] - dragged[1]).abs().mean() > 0.01

    def test_rows_are_replaced_by_the_sources(self) -> None:
        rows = torch.arange(3.0).repeat_interleave(2)[:, None]
        assert with_source_rows(rows, (TARGET,)).flatten().tolist() == [0, 0, 1, 1, 0, 0]
        assert SOURCE == 0

    def test_shared_words_are_found(self) -> None:
        assert origins([9, 1, 2, 3, 0, 0], [9, 1, 7, 0, 0, 0]).tolist() == [0, 1, -1, 4, 5, -1]


class TestPipelines:
    def test_noise_prediction_is_the_v_models_own(self, case: Case) -> None:
        """A DDIM step taken on eps is the step taken on v."""
        lab, unet = case.lab, case.lab.parts.pipeline.unet
        z, prompt = noise_like(case.latents, case.generators()), case.embedding("snow")
        plain, converting = ddim_scheduler(lab), ddim_scheduler(lab, noise=True)
        for scheduler in (plain, converting):
            scheduler.set_timesteps(STEPS)
        timestep = plain.timesteps[1]
        with torch.no_grad():
            from_v = plain.step(unet(z, timestep, prompt).sample, timestep, z).prev_sample
            with predicting_noise(lab):
                eps = unet(z, timestep=timestep, encoder_hidden_states=prompt).sample
        from_eps = converting.step(eps, timestep, z).prev_sample
        assert torch.allclose(from_v, from_eps, atol=1e-3)

    def test_scheduler_visits_the_labs_noise_levels(self, lab: Lab) -> None:
        scheduler = ddim_scheduler(lab)
        scheduler.set_timesteps(lab.steps)
        visited = lab.parts.sigma_table[scheduler.timesteps]
        assert torch.allclose(visited, torch.tensor(lab.schedule.sigmas[:-1]).to(visited))
        assert scheduler.final_alpha_cumprod == 1

    def test_a_flow_model_is_refused_in_a_sentence(self, lab: Lab) -> None:
        pipeline = copy(lab.parts.pipeline)
        pipeline.scheduler = FlowMatchEulerDiscreteScheduler()
        flowing = replace(lab, parts=replace(lab.parts, pipeline=pipeline))
        with pytest.raises(ValueError, match="FlowMatchEuler.* but these pipelines"):
            ddim_scheduler(flowing)

    def test_processors_come_back_after_an_error(self, lab: Lab) -> None:
        unet = lab.parts.pipeline.unet
        before = dict(unet.attn_processors)
        with pytest.raises(ZeroDivisionError), kept_processors(unet):
            unet.set_attn_processor(SelfInjection(Switch(), (TARGET,)))
            raise ZeroDivisionError
        assert unet.attn_processors == before

    def test_diffedit_is_handed_states_of_the_level_it_returns_to(self, case: Case) -> None:
        """Steps 3, 2, 1 of 4: start at x_3, then return to x_1 and x_0."""
        trajectory = case.inverted(Meter())
        states = pipelines.visited_states(trajectory, strength=0.75)
        assert states.shape[:2] == (1, 3)
        assert torch.equal(states[:, -1], case.latents)
        for place, t in enumerate((3, 1, 0)):
            sigma = trajectory.schedule.sigma(t)
            expected = trajectory.state(t) / (1 + sigma**2) ** 0.5
            assert torch.allclose(states[:, place], expected)

    def test_diffedit_leaves_what_the_mask_leaves(self, case: Case) -> None:
        """No place differs a hundred times more than the average: nothing is repainted."""
        made = pipelines.run_diffedit(
            case, {"guidance": 2.0, "strength": 1.0, "ratio": 2000.0}, Meter()
        )
        assert torch.allclose(made, case.decoded(case.latents), atol=1e-4)


class TestHistogramMatching:
    def test_matches_the_histogram(self) -> None:
        generator = torch.Generator().manual_seed(0)
        pictures = torch.rand(2, 3, 16, 16, generator=generator)
        references = torch.rand(5, 3, 8, 8, generator=generator).square()
        fractions = torch.linspace(0.05, 0.95, 19).double()
        for picture in matched(pictures, references):
            for channel in range(3):
                got = quantiles(picture[channel].flatten().double(), fractions)
                wanted = quantiles(references[:, channel].flatten().double(), fractions)
                assert torch.allclose(got, wanted, atol=0.01)

    def test_keeps_the_order_and_flat_areas_flat(self) -> None:
        picture = torch.tensor([0.1, 0.1, 0.5, 0.9]).view(1, 1, 2, 2)
        references = torch.tensor([0.0, 0.2, 0.4, 0.6]).view(1, 1, 2, 2)
        made = matched(picture, references).flatten()
        assert torch.allclose(made, torch.tensor([0.1, 0.1, 0.4, 0.6]))

    def test_of_itself_changes_nothing(self, case: Case) -> None:
        assert torch.allclose(matched(case.latents, case.latents), case.latents, atol=1e-5)

    def test_moments_are_the_references(self) -> None:
        generator = torch.Generator().manual_seed(0)
        pictures = torch.rand(2, 3, 8, 8, generator=generator)
        references = 2 + 3 * torch.rand(4, 3, 8, 8, generator=generator)
        for picture in with_moments(pictures, references):
            wanted = references.transpose(0, 1).flatten(1)
            assert torch.allclose(picture.mean((1, 2)), wanted.mean(1), atol=1e-4)
            assert torch.allclose(picture.std((1, 2)), wanted.std(1), atol=1e-4)


def test_cycle_diffusion_and_ledits_return_the_source_for_its_own_prompt() -> None:
    """What they are built for: without a change of prompt there is no change."""
    same = make_case(open_lab(12, 1), Pair("day", "day"), tuple(TUNING_SEEDS[:1]))
    cycle = method_named("CycleDiffusion")
    made = cycle.run(same, {"strength": 0.7, "guidance": 1.0, "eta": 1.0}, Meter())
    assert (made - same.decoded(same.latents)).square().mean() < 1e-3
    ledits = method_named("LEDITS++")
    still = {"guidance": 0.0, "skip": 0.0, "threshold": 0.0, "masks": 0}
    made = ledits.run(same, still, Meter())
    assert (made - same.decoded(same.latents)).square().mean() < 1e-3


def test_scheduler_of_the_rivals_is_their_own(lab: Lab) -> None:
    assert isinstance(lab.parts.pipeline.scheduler, DDIMScheduler)
    assert ddim_scheduler(lab) is not lab.parts.pipeline.scheduler
