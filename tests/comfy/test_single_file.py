"""A checkpoint file that ComfyUI saves is one that `s2st --model FILE --config FOLDER` reads."""

import pytest
import torch
from graphs import Graph
from safetensors.torch import load_file, save_file
from torch.testing import assert_close

from s2st.cli import demo, models

WORDS = "text_model.embeddings.token_embedding.weight"
SAVED, IN_FILES = "cond_stage_model.clip_l.transformer.", "cond_stage_model.transformer."


@pytest.fixture(scope="module")
def pipeline():
    return demo.pipeline()


@pytest.fixture(scope="module")
def folder(pipeline, tmp_path_factory):
    """In diffusers' form, which says how the networks are built and words are cut."""
    path = tmp_path_factory.mktemp("config") / "demo"
    pipeline.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def file(comfy, pipeline, tmp_path_factory):
    """As the core saves it, but for the text encoder, which has the names that it has in SD 1.5's
    file and as many words as its tokenizer."""
    graph = Graph()
    model, clip, vae = (graph.add("S2ST_LoadDemoModel")[place] for place in range(3))
    graph.add("CheckpointSave", model=model, clip=clip, vae=vae, filename_prefix="single/demo")
    comfy.client.run(graph.nodes)
    (saved,) = (comfy.server.base / "output" / "single").glob("demo_*.safetensors")
    tensors = {name.replace(SAVED, IN_FILES): one for name, one in load_file(saved).items()}
    words = pipeline.text_encoder.config.vocab_size
    tensors[IN_FILES + WORDS] = tensors[IN_FILES + WORDS][:words].contiguous()
    path = tmp_path_factory.mktemp("checkpoint") / "demo.safetensors"
    save_file(tensors, path)
    return path


def test_it_is_the_same_model_from_a_file_as_from_a_folder(file, folder):
    found, known = models.loaded(file, folder), models.loaded(folder)
    assert found.denoiser.prediction_type == known.denoiser.prediction_type
    assert_close(found.sigma_table, known.sigma_table)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    results = []
    for parts in (found, known):
        latent = parts.encode_image(picture)
        denoised = parts.denoiser.denoise(latent, 1.0, parts.encode_prompt("a street at night"))
        results.append((latent, denoised, parts.decode_latent(denoised)))
    for one, other in zip(*results, strict=True):
        assert_close(one, other, atol=2e-3, rtol=0)


def test_without_a_config_it_is_refused_without_a_download(file, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match="name a folder in diffusers' form of the same family"):
        models.loaded(file)


def test_a_file_that_may_hold_code_is_refused(tmp_path):
    (tmp_path / "model.ckpt").write_bytes(b"")
    with pytest.raises(ValueError, match="no .safetensors file, but other checkpoints may hold"):
        models.loaded(tmp_path / "model.ckpt")
