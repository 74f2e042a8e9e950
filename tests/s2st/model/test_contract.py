import torch

from s2st import Counted, Query, ask
from s2st.model.contract import Joint, ignore


def test_counted_counts_evaluations_and_backward_passes(model, latent, source):
    counted = Counted(model)
    counted.denoise(latent, 1.0, source)
    assert (counted.evaluations, counted.gradients) == (1, 0)

    leaf = latent.clone().requires_grad_()
    output = counted.denoise(leaf, 1.0, source)
    assert (counted.evaluations, counted.gradients) == (2, 0)
    output.sum().backward()
    assert (counted.evaluations, counted.gradients) == (2, 1)


def test_counted_returns_the_precision_of_its_input(latent, source):
    class Half:
        def denoise(self, x, sigma, conditioning):
            return x.half()

    assert Counted(Half()).denoise(latent, 1.0, source).dtype is torch.float32


def test_with_embedding_keeps_the_rest(source):
    kept = type(source)(source.embedding, extra="pooled").with_embedding(source.embedding + 1)
    assert kept.extra == "pooled"
    assert torch.equal(kept.embedding, source.embedding + 1)


def test_ignoring_a_record_returns_nothing():
    assert ignore(object()) is None


class Together(Joint):
    """A model that notes how many queries each of its calls answered."""

    def __init__(self, model):
        self.model, self.calls = model, []

    def denoise_all(self, queries, sigma):
        self.calls.append([one.negative for one in queries])
        return [self.model.denoise(one.x, sigma, one.conditioning) for one in queries]


def test_a_joint_model_answers_all_queries_in_one_call(model, latent, source, target):
    queries = [Query(latent, target), Query(latent, source, negative=True), Query(-latent, source)]
    together = Together(model)
    counted = Counted(together)
    answers = ask(counted, queries, 2.0)
    assert together.calls == [[False, True, False]]
    assert counted.evaluations == 3
    one_by_one = ask(model, queries, 2.0)
    assert all(map(torch.equal, answers, one_by_one))


def test_one_query_is_a_list_of_one(model, latent, source):
    together = Together(model)
    assert torch.equal(together.denoise(latent, 2.0, source), model.denoise(latent, 2.0, source))
    assert together.calls == [[False]]
