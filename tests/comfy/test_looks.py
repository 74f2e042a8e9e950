"""Looks in a real server: made, kept, taken up again, and taken wherever a domain is asked for."""

import pytest
import torch
from graphs import (
    Graph,
    correlation,
    difference,
    invert,
    make_look,
    optimize,
    picture,
    regions,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)
from test_pictures import encode, shown

from s2st.look.kept import KeptLook
from tools.comfy_client import GraphFailed

SUFFIX = ".look.safetensors"


def wired(seed=61):
    graph = Graph()
    model, vae = tiny_model(graph, seed=seed), graph.add("TestVAE", seed=3)[0]
    prompts = [tiny_prompt(graph, number) for number in (3, 5, 4)]
    latent = encode(graph, picture(graph, 8), vae)
    return graph, model, vae, prompts, latent, picture(graph, 9, batch=4)


def path(graph, model, prompts, latent, domain, **changes):
    return difference(graph, model, latent, *prompts, target_domain=domain, steps=3, **changes)[0]


def kept(comfy, graph, look, name):
    """Save a look and say where it is."""
    saved = graph.add("S2ST_SaveLook", look=look, filename_prefix=f"looks/{name}")
    return comfy.texts(graph, saved[0])


def refused(comfy, graph):
    with pytest.raises(GraphFailed) as failed:
        comfy.client.run(graph.nodes)
    assert failed.value.exception_type == "ValueError"
    message = failed.value.exception_message.strip()
    assert "\n" not in message and message.endswith(".")
    return message


def test_a_look_is_what_the_encoded_pictures_are(comfy):
    graph, model, vae, prompts, latent, night = wired()
    domain, look = encode(graph, night, vae), make_look(graph, night, vae)
    listed = make_look(graph, graph.add("RebatchImages", images=night, batch_size=1)[0], vae)
    results = comfy.latents(
        graph,
        *(path(graph, model, prompts, latent, one) for one in (domain, look[0], listed[0])),
    )
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(results[2], results[1], rtol=0, atol=0)


def test_pictures_of_any_size_make_one_look(comfy):
    graph, model, vae, prompts, latent, _ = wired()
    look = make_look(graph, graph.add("TestPictures", seed=1)[0], vae)
    (small,) = shown(comfy, graph, look[1])
    assert [one.shape for one in small] == [(128, 128, 3)] * 3
    assert "a look of 3 pictures, 4 channels" in comfy.texts(graph, look[2])
    (result,) = comfy.latents(graph, path(graph, model, prompts, latent, look[0]))
    assert torch.isfinite(result).all()


def test_what_is_kept_is_taken_up_by_graphs_and_by_the_library(comfy):
    graph, model, vae, prompts, latent, night = wired(62)
    weights = correlation(graph, tiny_latent(graph, 8, batch=3), encode(graph, night, vae))[0]
    look = make_look(graph, night, vae, correlation=weights, prompt="at night")
    file = kept(comfy, graph, look[0], "night")
    (before,) = comfy.latents(graph, path(graph, model, prompts, latent, look[0]))
    path_of_file = comfy.server.base / "output" / file
    own = KeptLook.load(path_of_file)
    assert own.prompt == "at night" and len(own) == 4 and own.correlation is not None
    comfy.client.free()
    graph, model, vae, prompts, latent, night = wired(62)
    loaded = graph.add("S2ST_LoadLook", file=file, vae=vae)
    assert comfy.texts(graph, loaded[2]) == "at night"
    results = comfy.latents(
        graph,
        path(graph, model, prompts, latent, loaded[0]),
        path(graph, model, prompts, latent, loaded[0], preset=loaded[1]),
        path(graph, model, prompts, latent, encode(graph, night, vae)),
    )
    torch.testing.assert_close(results[0], before, rtol=0, atol=0)
    assert torch.equal(results[0], results[1])  # no settings were kept
    assert not torch.allclose(results[0], results[2], atol=1e-4)  # channel weights were


def test_a_picture_too_large_for_memory_is_encoded_in_tiles_as_the_core_does(comfy):
    graph = Graph()
    vae = graph.add("TestSmallVAE", seed=3)[0]
    large = picture(graph, height=520, width=520)
    report = comfy.texts(graph, make_look(graph, large, vae)[2])
    assert "a look of 1 pictures" in report


def test_another_vaes_look_is_refused(comfy):
    graph, _, vae, *_, night = wired(63)
    file = kept(comfy, graph, make_look(graph, night, vae)[0], "other")
    graph = Graph()
    other = graph.add("TestVAE", seed=4)[0]
    graph.add("PreviewAny", source=graph.add("S2ST_LoadLook", file=file, vae=other)[4])
    assert "The look was made by another VAE" in refused(comfy, graph)


def test_settings_that_a_look_has_not_cannot_be_saved(comfy):
    graph, _, vae, *_, night = wired(63)
    file = kept(comfy, graph, make_look(graph, night, vae)[0], "plain")
    graph = Graph()
    loaded = graph.add("S2ST_LoadLook", file=file, vae=graph.add("TestVAE", seed=3)[0])
    graph.add("S2ST_SavePreset", preset=loaded[1], filename_prefix="s2st/none")
    assert "The preset is empty" in refused(comfy, graph)


def test_a_damaged_look_is_refused(comfy):
    graph, _, vae, *_, night = wired(63)
    file = comfy.server.base / "output" / kept(comfy, graph, make_look(graph, night, vae)[0], "bad")
    file.write_bytes(file.read_bytes()[:-99])
    graph = Graph()
    vae = graph.add("TestVAE", seed=3)[0]
    name = f"looks/{file.name}"
    graph.add("PreviewAny", source=graph.add("S2ST_LoadLook", file=name, vae=vae)[4])
    assert f"{file.name} cannot be read as a look file" in refused(comfy, graph)


def test_a_look_of_other_channels_is_refused(comfy):
    graph, _, vae, prompts, _, night = wired(64)
    model = tiny_model(graph, "flux")
    latent = tiny_latent(graph, channels=16)
    done = path(graph, model, prompts, latent, make_look(graph, night, vae)[0])
    graph.add("PreviewAny", source=done)
    assert "is a look of 4 channels, but the model" in refused(comfy, graph)


def test_every_method_takes_a_look(comfy):
    graph, model, vae, prompts, latent, night = wired(65)
    look = make_look(graph, night, vae)[0]
    source, positive, negative = prompts
    trajectory = invert(graph, model, source, latent, steps=3)
    seed = seed_translate(graph, model, trajectory[0], positive, negative, look)
    few = {"steps": 3, "source_domain": look}
    done = [
        optimize(graph, model, trajectory[0], seed[0], positive, negative, look)[0],
        translate(graph, model, *prompts, latent, look, **few)[0],
    ]
    assert all(torch.isfinite(one).all() for one in comfy.latents(graph, *done))
    domain = encode(graph, night, vae)
    charts = [
        correlation(graph, *pair)[1] for pair in ((look, look), (domain, domain), (domain, look))
    ]
    one, other, mixed = shown(comfy, graph, *charts)
    assert (one[0] == other[0]).all() and (one[0] == mixed[0]).all()


def test_regions_are_found_against_a_look_that_keeps_features(comfy):
    graph, model, vae, prompts, latent, night = wired(66)
    look = make_look(graph, night, vae, model=model, positive=prompts[0])
    found = regions(graph, model, prompts[0], latent, look[0])
    assert "with features for regions" in comfy.texts(graph, look[2])
    whole, regional = comfy.latents(
        graph,
        path(graph, model, prompts, latent, look[0]),
        path(graph, model, prompts, latent, look[0], regions=found[0]),
    )
    assert torch.isfinite(regional).all() and not torch.allclose(whole, regional, atol=1e-4)


def test_a_look_without_features_finds_no_regions(comfy):
    graph, model, vae, prompts, latent, night = wired(66)
    found = regions(graph, model, prompts[0], latent, make_look(graph, night, vae)[0])
    graph.add("PreviewAny", source=found[3])
    assert "The look was kept without features for regions" in refused(comfy, graph)


def test_half_of_what_features_need_is_refused(comfy):
    graph, model, vae, *_, night = wired(66)
    graph.add("PreviewAny", source=make_look(graph, night, vae, model=model)[2])
    assert "model and positive belong together" in refused(comfy, graph)
