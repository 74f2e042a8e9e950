import torch

from s2st import Counted
from s2st.model.contract import ignore


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
