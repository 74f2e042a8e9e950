import pytest
import torch
from torch.testing import assert_close

from s2st import CorrelationConfig, CorrelationFactor, Distance, correlation_factor, look_of

distances = pytest.mark.parametrize("distance", list(Distance))


@pytest.fixture
def domains(normal):
    """Unpaired domains of different size that differ in channel 2 only."""
    source, target = normal(6, 4, 8, 8), normal(5, 4, 8, 8, seed=1)
    target[:, 2] += 2.0
    return look_of(source), look_of(target)


@distances
def test_a_channel_that_differs_outranks_those_that_do_not(domains, distance):
    factor = correlation_factor(*domains, CorrelationConfig(distance=distance))
    assert factor.eta.argmax() == 2
    assert factor.eta[2] > 3 * factor.eta[[0, 1, 3]].max()


@distances
def test_equal_domains_give_uniform_eta(normal, distance):
    look = look_of(normal(4, 4, 8, 8))
    factor = correlation_factor(look, look, CorrelationConfig(distance=distance))
    assert torch.equal(factor.eta, torch.ones(4))


@distances
@pytest.mark.parametrize("sharpness", [0.0, 0.5, 1.0, 3.0])
def test_the_mean_is_one(domains, distance, sharpness):
    config = CorrelationConfig(distance=distance, sharpness=sharpness)
    assert_close(correlation_factor(*domains, config).eta.mean(), torch.tensor(1.0))


def test_sharpness_turns_from_uniform_to_decided(domains):
    etas = [
        correlation_factor(*domains, CorrelationConfig(sharpness=one)).eta
        for one in (0.0, 1.0, 2.0)
    ]
    assert_close(etas[0], torch.ones(4))
    assert etas[0][2] < etas[1][2] < etas[2][2]


@distances
def test_an_uneven_channel_counts_less(normal, distance):
    """Channels 0 and 1 move alike, but within a domain the images of channel 1 differ more."""
    source, target = normal(8, 2, 8, 8), normal(8, 2, 8, 8, seed=1)
    wander = 1.5 * normal(16, seed=2)
    source[:, 1] += wander[:8, None, None]
    target[:, 1] += wander[8:, None, None]
    target += 1.5
    config = CorrelationConfig(distance=distance)
    eta = correlation_factor(look_of(source), look_of(target), config).eta
    assert eta[0] > eta[1]


@distances
def test_one_image_each_is_enough(normal, distance):
    looks = look_of(normal(1, 4, 8, 8)), look_of(normal(1, 4, 8, 8, seed=1) + 1)
    factor = correlation_factor(*looks, CorrelationConfig(distance=distance))
    assert bool(torch.isfinite(factor.eta).all())
    assert_close(factor.eta.mean(), torch.tensor(1.0))


def test_the_order_of_domains_hardly_matters(domains):
    forth, back = correlation_factor(*domains), correlation_factor(*reversed(domains))
    assert_close(forth.eta, back.eta, rtol=1e-4, atol=1e-4)


def test_numbers_for_plotting_are_kept_on_disk(domains, tmp_path):
    config = CorrelationConfig(distance=Distance.WASSERSTEIN, sharpness=2.0)
    factor = correlation_factor(*domains, config)
    factor.save(tmp_path / "eta.safetensors")
    again = CorrelationFactor.load(tmp_path / "eta.safetensors")
    for name in ("eta", "between", "within"):
        assert torch.equal(getattr(again, name), getattr(factor, name))
    assert (again.distance, again.sharpness) == (Distance.WASSERSTEIN, 2.0)
    # two domains that differ by a shift of 2 in one channel
    assert float(factor.between[2]) == pytest.approx(2.0, abs=0.15)


def test_a_damaged_file_is_refused(tmp_path):
    from s2st.kit.storage import write_file

    path = tmp_path / "eta.safetensors"
    write_file(path, "correlation factor", {"eta": torch.ones(4)}, {})
    with pytest.raises(ValueError, match="lacks between, within, but a correlation factor file"):
        CorrelationFactor.load(path)


DAMAGED_FACTORS = {
    "a distance that is unknown": ({}, {"distance": "far"}),
    "no distance": ({}, {"distance": None}),
    "a sharpness that is no number": ({}, {"sharpness": "high"}),
    "weights with a second dimension": ({"eta": torch.ones(4, 1)}, {}),
    "fewer numbers than weights": ({"within": torch.ones(3)}, {}),
    "weights that are NaN": ({"eta": torch.full((4,), float("nan"))}, {}),
}


@pytest.mark.parametrize("name", list(DAMAGED_FACTORS))
def test_wrong_contents_are_told_in_a_sentence(tmp_path, name):
    from s2st.kit.storage import write_file

    tensors, facts = DAMAGED_FACTORS[name]
    path = tmp_path / "eta.safetensors"
    whole = {part: torch.ones(4) for part in ("eta", "between", "within")}
    usual = {"distance": "histogram", "sharpness": 1.0}
    write_file(path, "correlation factor", {**whole, **tensors}, {**usual, **facts})
    with pytest.raises(ValueError, match=r"^eta\.safetensors cannot be read .*save it again\.$"):
        CorrelationFactor.load(path)


@distances
def test_extreme_values_have_a_factor_too(normal, distance):
    """The ends of float32 overflow in the squares and ranges of histograms."""
    loud = [look_of(3e38 * normal(2, 4, 8, 8, seed=one).clamp(-1, 1)) for one in (0, 1)]
    factor = correlation_factor(*loud, CorrelationConfig(distance=distance))
    assert bool(torch.isfinite(factor.eta).all())
