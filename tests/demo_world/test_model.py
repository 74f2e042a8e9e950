"""The model's files and their round trip; the trained weights are tested in test_weights.py."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

from demo_world.model import CHECKPOINT, as_pipeline, build, load, save

PREFIXES = ("unet", "vae", "text_encoder")


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A model with random weights and the folder it was saved to."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(3)
    model = build(folder)
    save(model, folder)
    return model, folder


def test_saving_and_loading_keeps_every_weight_to_half_precision(untrained):
    model, folder = untrained
    loaded = load(folder)
    for name, network in model.networks().items():
        other = loaded.networks()[name].state_dict()
        for key, value in network.state_dict().items():
            assert torch.equal(other[key], value.half().float()), key


def test_the_file_holds_three_networks_in_half_precision(untrained):
    with safe_open(untrained[1] / CHECKPOINT, "pt") as tensors:
        names = list(tensors.keys())
        assert all(tensors.get_tensor(name).dtype == torch.float16 for name in names)
    assert {name.split(".")[0] for name in names} == set(PREFIXES)
    assert all("text_model." in name for name in names if name.startswith("text_encoder."))


def test_beside_the_weights_lie_readable_configs_and_a_tokenizer(untrained):
    folder = untrained[1]
    for name in (
        *(f"{prefix}.json" for prefix in PREFIXES),
        "scheduler_config.json",
        "tokenizer/vocab.json",
        "tokenizer/tokenizer_config.json",
    ):
        assert json.loads((folder / name).read_text(encoding="utf-8"))
    assert (folder / "tokenizer" / "merges.txt").exists()
    assert load(folder).scheduler.config.prediction_type == "v_prediction"


def test_it_runs_as_a_stable_diffusion_pipeline(untrained):
    pipeline = as_pipeline(load(untrained[1]))
    pipeline.set_progress_bar_config(disable=True)
    image = pipeline(
        "a street at night",
        num_inference_steps=2,
        guidance_scale=3.0,
        output_type="np",
        generator=torch.Generator().manual_seed(0),
    ).images[0]
    assert image.shape == (128, 128, 3) and np.isfinite(image).all()


def test_a_folder_without_weights_is_refused_with_the_way_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match="train-demo"):
        load(tmp_path)
