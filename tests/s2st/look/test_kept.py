"""A look on disk: what it holds is what it was made of, and no other VAE's is taken."""

import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from s2st import CorrelationFactor, Distance, look_of
from s2st.look.kept import KeptLook, LookConfig, Places, at_most, kept_look, probe
from s2st.model.autoencoder import padded

CHANNELS = 4


class Averages:
    """An encoder with a closed form: means of 4 x 4 pixels, mixed into four channels."""

    stride = 4

    def __init__(self, seed=0, channels=CHANNELS):
        generator = torch.Generator().manual_seed(seed)
        self._mix = torch.randn(channels, 3, generator=generator)

    def encode_raw(self, pictures):
        means = torch.nn.functional.avg_pool2d(pictures, self.stride)
        return torch.einsum("c k, b k h w -> b c h w", self._mix, means)


SIZES = [(16, 16), (9, 30), (3, 3), (40, 12)]


@pytest.fixture
def pictures(normal):
    return [normal(1, 3, *size, seed=number).sigmoid() for number, size in enumerate(SIZES)]


@pytest.fixture
def kept(pictures):
    return kept_look(pictures, Averages(), prompt="at night", made={"by": "a test"})


def test_it_is_the_look_of_pictures_of_any_size(kept, pictures):
    latents = [Averages().encode_raw(padded(one, 4)) for one in pictures]
    own = torch.cat([look_of(one).quantiles for one in latents])
    assert torch.equal(kept.look().quantiles, own)
    assert kept.made["sizes"] == {"16x16": 1, "30x9": 1, "3x3": 1, "12x40": 1}
    assert len(kept) == 4 and kept.thumbnails.shape == (4, 3, 128, 128)


def test_a_models_own_scaling_is_that_of_its_latents(kept, pictures):
    def scaled(raw):
        return (raw - 0.1) * torch.tensor([0.2, -0.3, 1.0, 2.0]).view(1, -1, 1, 1)

    latents = [scaled(Averages().encode_raw(padded(one, 4))) for one in pictures]
    own = torch.cat([look_of(one).quantiles for one in latents])
    torch.testing.assert_close(kept.look(scaled).quantiles, own)


def test_what_is_saved_is_loaded(pictures, tmp_path):
    def features(latent):
        return latent.repeat(1, 2, 1, 1)

    whole = kept_look(pictures, Averages(), LookConfig(), features=features)
    numbers = torch.ones(CHANNELS), torch.ones(CHANNELS), torch.ones(CHANNELS)
    factor = CorrelationFactor(*numbers, Distance.WASSERSTEIN, 2.0)
    whole = KeptLook(**{**vars(whole), "correlation": factor, "settings": {"steps": 5}})
    whole.save(tmp_path / "night.look.safetensors")
    loaded = KeptLook.load(tmp_path / "night.look.safetensors")
    assert torch.equal(loaded.quantiles, whole.quantiles)
    assert torch.equal(loaded.probe, whole.probe)
    assert torch.equal(loaded.places.latents, whole.places.latents)
    torch.testing.assert_close(loaded.places.features, whole.places.features, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(loaded.thumbnails, whole.thumbnails, atol=1 / 254, rtol=0)
    assert loaded.correlation.distance is Distance.WASSERSTEIN
    assert loaded.correlation.sharpness == 2.0
    assert loaded.settings == {"steps": 5} and loaded.made["count"] == 4
    assert loaded.made["s2st"]


def test_the_least_that_a_look_holds_can_be_kept(kept, tmp_path):
    KeptLook(quantiles=kept.quantiles, probe=kept.probe).save(tmp_path / "a.look.safetensors")
    loaded = KeptLook.load(tmp_path / "a.look.safetensors")
    assert loaded.correlation is loaded.places is loaded.thumbnails is None
    assert loaded.prompt == "" and loaded.settings == {}


def test_the_same_encoder_in_half_precision_is_no_other(kept):
    class Half(Averages):
        def encode_raw(self, pictures):
            return super().encode_raw(pictures).bfloat16().float()

    kept.check_made_by(Half())


def test_another_encoders_look_is_refused(kept):
    with pytest.raises(ValueError, match="was made by another VAE, whose latents of one picture"):
        kept.check_made_by(Averages(seed=1))
    with pytest.raises(ValueError, match="has 4 channels, but this VAE makes 16"):
        kept.check_made_by(Averages(channels=16))


DAMAGES = {
    "empty": lambda contents: b"",
    "truncated": lambda contents: contents[: len(contents) // 2],
    "another file": lambda contents: b"PNG" + contents,
}


@pytest.mark.parametrize("what", list(DAMAGES))
def test_a_damaged_file_is_refused_in_one_sentence(kept, tmp_path, what):
    path = tmp_path / "night.look.safetensors"
    kept.save(path)
    path.write_bytes(DAMAGES[what](path.read_bytes()))
    with pytest.raises(ValueError, match=r"cannot be read as a look file .* save it again\.$"):
        KeptLook.load(path)


CHANGES = {
    "no quantiles": (lambda t, f: t.pop("quantiles"), "lacks quantiles"),
    "no probe": (lambda t, f: t.pop("probe"), "lacks probe"),
    "flat": (lambda t, f: t.update(quantiles=t["quantiles"].flatten()), "must be .references"),
    "NaN": (lambda t, f: t.update(quantiles=t["quantiles"] * torch.nan), "NaN or infinite"),
    "other channels": (lambda t, f: t.update(probe=t["probe"][:, :2]), "not all of its 4 channels"),
    "half a factor": (lambda t, f: f.update(correlation={"distance": "l9"}), "cannot be read"),
    "no facts": (lambda t, f: f.clear(), "lacks 'prompt'"),
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_a_file_with_a_part_that_does_not_fit_is_refused(kept, tmp_path, what):
    path = tmp_path / "night.look.safetensors"
    kept.save(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    tensors, facts = load_file(path), json.loads(metadata["s2st.facts"])
    change, words = CHANGES[what]
    change(tensors, facts)
    contents = {name: one.contiguous() for name, one in tensors.items()}
    save_file(contents, path, {**metadata, "s2st.facts": json.dumps(facts)})
    with pytest.raises(ValueError, match=words):
        KeptLook.load(path)


def test_a_newer_version_is_refused(kept, tmp_path):
    path = tmp_path / "night.look.safetensors"
    kept.save(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, {**metadata, "s2st.version": "2"})
    with pytest.raises(ValueError, match="format version 2, but this S2ST reads up to 1: update"):
        KeptLook.load(path)


def test_a_saved_look_may_be_read_like_any_other_file(kept, tmp_path):
    kept.save(tmp_path / "night.look.safetensors")
    (tmp_path / "ordinary").touch()
    modes = {one.stat().st_mode for one in tmp_path.iterdir()}
    assert os.name == "nt" or len(modes) == 1


def test_too_few_and_too_many_are_refused():
    for count in (0, 1001):
        with pytest.raises(ValueError, match=f"made of {count} pictures, but 1 to 1,000"):
            kept_look([torch.zeros(1, 3, 4, 4)] * count, Averages())


def test_features_are_kept_where_there_is_a_model_unless_unwanted(pictures):
    def features(latent):
        return latent

    assert kept_look(pictures, Averages(), features=features).places is not None
    assert kept_look(pictures, Averages()).places is None
    none = kept_look(pictures, Averages(), LookConfig(features=False), features=features)
    assert none.places is None


class Drawn:
    """References that exist only while they are looked at."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count

    def __iter__(self):
        return (
            torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(number))
            for number in range(self._count)
        )


def test_a_thousand_references_take_their_statistics_and_no_more():
    told = []
    look = kept_look(Drawn(1000), Averages(), on_picture=told.append)
    assert told == list(range(1, 1001))
    assert len(look) == 1000 and len(look.thumbnails) == 64
    values = look.quantiles.numel() + look.thumbnails.numel() + look.probe.numel()
    assert values * 4 < 32e6


def test_places_are_even_over_the_references():
    seen = []

    def features(latent):
        seen.append(float(latent[0, 0, 0, 0]))
        return latent

    look = kept_look(Drawn(130), Averages(), LookConfig(), features=features)
    assert len(seen) == len(look.places.latents) == 64
    assert look.places.features.shape == (64, 4, 32, 32)
    with pytest.raises(ValueError, match="must be .references"):
        Places(look.places.features[:3], look.places.latents)


def test_large_references_are_shrunk(normal):
    assert at_most(torch.rand(1, 3, 100, 400, generator=torch.Generator()), 0.01).shape == (
        1,
        3,
        50,
        200,
    )
    small = normal(1, 3, 10, 10)
    assert at_most(small, 0.01) is small


def test_the_probe_is_always_the_same():
    assert probe().shape == (1, 3, 64, 64) and probe().min() >= 0 and probe().max() <= 1
    assert float(probe().double().mean()) == pytest.approx(0.5, abs=0.05)
