"""Trained networks and their plan in one file."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from s2st.kit.trained import read_trained, write_trained

KIND = "test network"


def built(plan, generator):
    network = nn.Linear(plan["width"], plan["width"])
    nn.init.normal_(network.weight, generator=generator)
    return network


def plan_of(facts):
    return {"width": facts["width"]}


@pytest.fixture
def network():
    return built({"width": 64}, torch.Generator().manual_seed(1))


@pytest.fixture
def path(network, tmp_path):
    kept = tmp_path / "x.test.safetensors"
    write_trained(kept, KIND, network, {"width": 64}, {"steps": 3}, half=False)
    return kept


def test_it_comes_back_from_its_file(network, path):
    plan, found, made = read_trained(path, KIND, plan_of, built)
    assert (plan, made) == ({"width": 64}, {"steps": 3})
    assert torch.equal(found.weight, network.weight)


def test_half_precision_is_half_as_large(network, path, tmp_path):
    half = tmp_path / "half.test.safetensors"
    write_trained(half, KIND, network, {"width": 64}, {}, half=True)
    assert half.stat().st_size < 0.6 * path.stat().st_size
    found = read_trained(half, KIND, plan_of, built)[1]
    assert torch.equal(found.weight, network.weight.half().float())


def changed(path, **facts):
    """Write a file again with other metadata."""
    with safe_open(path, "pt") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
    save_file(tensors, path, {**metadata, **facts})


def with_weights(path, weights):
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    save_file(weights, path, metadata)


def with_facts(path, text):
    changed(path, **{"s2st.facts": text})


BIAS = {"bias": torch.ones(64)}
BROKEN = {
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "truncated or damaged"),
    "a newer version": (lambda path: changed(path, **{"s2st.version": "99"}), "format version 99"),
    "another kind": (lambda path: changed(path, **{"s2st.kind": "look"}), "holds a look"),
    "no file of ours": (lambda path: save_file({"a": torch.ones(1)}, path), "not written by S2ST"),
    "no plan": (lambda path: with_facts(path, "{}"), "lacks 'width'"),
    "no training": (lambda path: with_facts(path, '{"width": 64}'), "lacks 'made'"),
    "odd training": (lambda path: with_facts(path, '{"width": 64, "made": 3}'), "no list of facts"),
    "a weight too few": (lambda path: with_weights(path, BIAS), "as weight shows"),
    "other shapes": (
        lambda path: with_weights(path, {**BIAS, "weight": torch.ones(2)}),
        "as weight shows",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_file_that_cannot_be_taken_is_refused_in_one_sentence(path, name):
    spoil, words = BROKEN[name]
    spoil(path)
    with pytest.raises(ValueError) as refused:
        read_trained(path, KIND, plan_of, built)
    message = str(refused.value)
    assert words in message and path.name in message and "\n" not in message


def test_networks_that_a_file_names_are_not_built_before_its_weights_fit(path):
    with_facts(path, json.dumps({"width": 2**24, "made": {}}))  # a petabyte of weights
    with pytest.raises(ValueError, match="as bias shows"):
        read_trained(path, KIND, plan_of, lambda plan, _: nn.Linear(plan["width"], plan["width"]))
