import json

import pytest
import torch
from safetensors import safe_open

from s2st.exemplar.sampling import SceneConfig
from s2st.exemplar.scene_network import SUFFIX, SceneNetwork


@pytest.fixture
def network(plan, networks):
    return SceneNetwork(plan, networks, {"steps": 3})


def test_label_maps_in_the_legend_s_colours_become_latents(network, labels, latents):
    exemplars = network.exemplars(latents[:2])
    made = network.scenes(labels, exemplars)
    assert made.shape == (3, 4, 8, 8) and made.isfinite().all()
    dirty = (labels + 0.05).clamp(0, 1)
    assert torch.equal(network.scenes(dirty, exemplars), made)
    assert (network.scenes(labels.flip(-1), exemplars) - made).abs().max() > 1e-3


def test_other_sizes_than_the_trained_one_go_through(network, latents):
    made = network.scenes(torch.zeros(1, 3, 48, 16), network.exemplars(latents[:1, :, :5]))
    assert made.shape == (1, 4, 12, 4)


def test_it_comes_back_from_its_file(network, labels, latents, tmp_path):
    path = tmp_path / f"x{SUFFIX}"
    network.save(path)
    loaded = SceneNetwork.load(path)
    assert (loaded.plan, loaded.made) == (network.plan, {"steps": 3})
    config = SceneConfig(noise_seed=3)
    before, after = (
        one.scenes(labels, one.exemplars(latents), config) for one in (network, loaded)
    )
    assert torch.equal(before, after)
    with safe_open(path, "pt") as file:
        facts = json.loads(file.metadata()["s2st.facts"])
    assert list(facts["legend"]) == ["sky", "road", "tree"]


REFUSALS = {
    "an odd size": ((1, 3, 40, 32), (1, 4, 8, 8), "32 x 40 pixels, .* multiples of 16"),
    "alpha": ((1, 4, 32, 32), (1, 4, 8, 8), "paint each class"),
    "another autoencoder": ((1, 3, 32, 32), (1, 16, 8, 8), "16 channels, .* trained on 4"),
}


@pytest.mark.parametrize("name", list(REFUSALS))
def test_wrong_inputs_are_refused(network, name):
    labels, latents, words = REFUSALS[name]
    with pytest.raises(ValueError, match=words):
        network.scenes(torch.zeros(labels), network.exemplars(torch.zeros(latents)))
