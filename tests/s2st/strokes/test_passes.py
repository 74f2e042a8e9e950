import torch

from s2st import Counted, sample
from s2st.model.parameterization import from_variance_preserving
from s2st.strokes.gradop_plus import starting_seed
from s2st.strokes.passes import Passes


def test_runs_are_plain_sampling_and_numbered_through(curved_model, stroke_task, schedule):
    told = []
    passes = Passes(Counted(curved_model), stroke_task.target, schedule, 13, told.append)
    seed = starting_seed(stroke_task.latent, 0)
    whole = passes.sampled(from_variance_preserving(seed, schedule.sigmas[0]))
    assert torch.equal(whole, sample(curved_model, seed, stroke_task.target, schedule))
    passes.sampled(whole, first=7, losses=torch.ones(1))
    assert [one.index for one in told] == list(range(1, 14))
    assert [one.index for one in told if one.loss is not None] == [11]
    assert {one.total for one in told} == {13}
    assert told[-1].evaluations == 2 * 13
