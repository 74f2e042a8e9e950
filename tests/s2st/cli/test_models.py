import pytest

from s2st.cli import demo, models


def test_without_a_folder_it_is_the_demo_model():
    parts = models.loaded(None)
    assert parts.pipeline.vae_scale_factor == 4
    assert parts.denoiser.prediction_type == "v_prediction"


def test_a_folder_in_diffusers_form_is_loaded(tmp_path):
    demo.pipeline().save_pretrained(tmp_path / "model")
    parts = models.loaded(tmp_path / "model")
    assert parts.denoiser.prediction_type == "v_prediction"


def test_another_folder_is_refused_without_a_download(tmp_path):
    with pytest.raises(ValueError, match="has no model_index.json, but a folder in diffusers'"):
        models.loaded(tmp_path)
