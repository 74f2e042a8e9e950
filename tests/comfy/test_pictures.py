"""Pictures of any size, masks of any size and batch, charts and the contact sheet."""

import numpy as np
import pytest
import torch
from graphs import (
    Graph,
    invert,
    optimize,
    picture,
    sample_seed,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)

from s2st import DetailConfig, restore_detail

SIZES = [(64, 64), (61, 45), (70, 129), (5, 3)]


def encode(graph, image, vae):
    return graph.add("S2ST_EncodeImage", image=image, vae=vae)[0]


def decode(graph, latent, vae):
    return graph.add("S2ST_DecodeImage", latent=latent, vae=vae)[0]


def shown(comfy, graph, *references):
    """Save these IMAGE outputs and return their pictures."""
    names = [graph.add("SaveImage", images=one, filename_prefix="seen").name for one in references]
    run = comfy.client.run(graph.nodes)
    return [comfy.client.images(run, name) for name in names]


@pytest.mark.parametrize("channels", [3, 4, 1], ids=["rgb", "rgba", "grey"])
@pytest.mark.parametrize("height, width", SIZES)
def test_the_picture_keeps_its_size_through_the_whole_method(comfy, height, width, channels):
    graph = Graph()
    model, vae = tiny_model(graph), graph.add("TestVAE", seed=3)[0]
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    image = picture(graph, batch=2, height=height, width=width, channels=channels)
    latent = encode(graph, image, vae)
    done = translate(
        graph, model, source, positive, negative, latent, tiny_latent(graph, 9), steps=4
    )
    direct = decode(graph, latent, vae)
    stepwise = invert(graph, model, source, latent, steps=4)
    sampled = sample_seed(graph, model, source, negative, trajectory=stepwise[0], cfg=1.0)
    for pictures in shown(
        comfy, graph, direct, decode(graph, done[0], vae), decode(graph, sampled[0], vae)
    ):
        assert [one.shape for one in pictures] == [(height, width, 3)] * 2


def restored(graph, image, source, vae, **changes):
    values = {"radius": 0, "softness": 3e-4, "drawn": 0.5, **changes}
    return graph.add("S2ST_RestoreDetail", image=image, source=source, vae=vae, **values)[0]


@pytest.mark.parametrize("channels", [3, 4], ids=["rgb", "rgba"])
@pytest.mark.parametrize("height, width", SIZES)
def test_detail_is_restored_as_the_library_does_it(comfy, height, width, channels):
    graph = Graph()
    vae = graph.add("TestVAE", seed=3)[0]
    source = picture(graph, height=height, width=width, channels=channels)
    result = picture(graph, seed=5, batch=2, height=height, width=width)
    returned = decode(graph, encode(graph, source, vae), vae)
    ours = restored(graph, result, source, vae, radius=2, drawn=0.3)
    made, *parts = shown(comfy, graph, ours, result, source, returned)
    given, sharp, back = (
        torch.from_numpy(np.stack(one))[..., :3].permute(0, 3, 1, 2).float() for one in parts
    )
    config = DetailConfig(radius=2, drawn=0.3)
    wanted = restore_detail(given, sharp.expand_as(given), back.expand_as(given), config)
    assert [one.shape for one in made] == [(height, width, 3)] * 2
    # The pictures were saved with 8 bits a channel on the way here.
    apart = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2) - wanted
    assert float(apart.abs().mean()) < 0.01


def test_the_radius_follows_the_encoder_unless_it_is_set(comfy):
    graph = Graph()
    vae, source = graph.add("TestVAE", seed=3)[0], picture(graph)
    result = picture(graph, seed=5)
    radii = [restored(graph, result, source, vae, radius=radius) for radius in (0, 1, 2)]
    automatic, one, two = (np.stack(pictures) for pictures in shown(comfy, graph, *radii))
    assert np.array_equal(automatic, one)  # a quarter of the encoder's stride, which is 4
    assert not np.array_equal(one, two)


def test_padding_equals_the_core_where_nothing_is_padded(comfy):
    graph = Graph()
    vae, image = graph.add("TestVAE", seed=3)[0], picture(graph, height=64, width=96)
    core = graph.add("VAEEncode", pixels=image, vae=vae)[0]
    ours, other = comfy.latents(graph, encode(graph, image, vae), core)
    # Another memory layout rounds in another order.
    assert float((ours - other).abs().max()) < 1e-3 * float(other.std())


def test_many_pictures_are_made_part_by_part_as_the_core_makes_them_at_once(comfy):
    graph = Graph()
    vae, image = graph.add("TestVAE", seed=3)[0], picture(graph, batch=19, height=32, width=48)
    core = graph.add("VAEEncode", pixels=image, vae=vae)[0]
    ours, other = comfy.latents(graph, encode(graph, image, vae), core)
    assert ours.shape == other.shape and len(ours) == 19
    assert float((ours - other).abs().max()) < 1e-3 * float(other.std())
    whole = graph.add("VAEDecode", samples=core, vae=vae)[0]
    parts, others = shown(comfy, graph, decode(graph, core, vae), whole)
    assert len(parts) == len(others) == 19
    assert np.abs(np.stack(parts).astype(int) - np.stack(others)).max() <= 1


@pytest.mark.parametrize("batch", [1, 2, 3], ids=["one", "as many", "more"])
@pytest.mark.parametrize("size", [16, 64, 200])
def test_outside_the_mask_is_the_source_inside_is_translated(comfy, size, batch):
    graph = Graph()
    model, latent = tiny_model(graph), tiny_latent(graph, batch=2)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    black = graph.add("SolidMask", value=0.0, width=size, height=size)[0]
    white = graph.add("SolidMask", value=1.0, width=size // 2, height=size)[0]
    left = graph.add("MaskComposite", destination=black, source=white, x=0, y=0, operation="add")
    image = graph.add("MaskToImage", mask=left[0])[0]
    repeated = graph.add("RepeatImageBatch", image=image, amount=batch)[0]
    mask = graph.add("ImageToMask", image=repeated, channel="red")[0]
    inverted = invert(graph, model, source, latent)
    domain = tiny_latent(graph, 9)
    done = optimize(graph, model, inverted[0], inverted[1], positive, negative, domain, mask=mask)
    result, given = comfy.latents(graph, done[0], latent)
    difference = (result - given).abs()
    assert float(difference[..., 10:].max()) < 1e-3
    assert float(difference[..., :6].mean()) > 0.1


def masked_by(graph, latent, scale):
    """The whole method on 57 x 34 pixels, of which 28 x 17 may change by a mask `scale` as big."""
    model = tiny_model(graph)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    black = graph.add("SolidMask", value=0.0, width=34 * scale, height=57 * scale)[0]
    white = graph.add("SolidMask", value=1.0, width=17 * scale, height=28 * scale)[0]
    mask = graph.add("MaskComposite", destination=black, source=white, x=0, y=0, operation="add")[0]
    trajectory, seed = (invert(graph, model, source, latent, steps=4)[index] for index in (0, 1))
    given = (trajectory, seed, positive, negative, tiny_latent(graph, 9))
    return optimize(graph, model, *given, mask=mask, learning_rate=0.003)[0]


def test_a_mask_of_another_size_is_padded_as_the_picture_is(comfy):
    """Else it is stretched over the padding, from 57 rows to 60 and from 34 columns to 36."""
    graph = Graph()
    vae = graph.add("TestVAE", seed=3)[0]
    latent = encode(graph, picture(graph, height=57, width=34), vae)
    own, twice = (masked_by(graph, latent, scale) for scale in (1, 2))
    own, twice, given = comfy.latents(graph, own, twice, latent)
    moved = float((own - given).abs().max())
    assert moved > 0.1
    assert float((own - twice).abs().max()) < 0.05 * moved


def test_the_sheet_has_an_end_but_everything_is_measured(comfy):
    graph = Graph()
    source = picture(graph, 1, batch=100, height=16, width=16)
    result = picture(graph, 2, batch=100, height=16, width=16)
    compared = graph.add("S2ST_Compare", source=source, result=result)
    first = graph.add(
        "S2ST_Compare",
        source=picture(graph, 1, batch=24, height=16, width=16),
        result=picture(graph, 2, batch=24, height=16, width=16),
    )
    (many,), (few,) = shown(comfy, graph, compared[0], first[0])
    assert many.shape == few.shape
    text = comfy.texts(graph, compared[1])
    assert "24 of 100 pictures are shown" in text and "all are measured" in text
    assert "all 24 pictures are shown" in comfy.texts(graph, first[1])


def test_a_long_thin_picture_does_not_make_an_endless_sheet(comfy):
    graph = Graph()
    thin = picture(graph, height=2, width=1000)
    ((sheet,),) = shown(comfy, graph, graph.add("S2ST_Compare", source=thin, result=thin)[0])
    assert sheet.shape[1] < 2200


@pytest.mark.parametrize("batches", [(1, 3), (3, 1)], ids=["one source", "one result"])
def test_one_picture_is_compared_with_several(comfy, batches):
    graph = Graph()
    source, result = (
        picture(graph, seed, batch) for seed, batch in zip((1, 2), batches, strict=True)
    )
    repeated = [
        one if batch == 3 else graph.add("RepeatImageBatch", image=one, amount=3)[0]
        for one, batch in zip((source, result), batches, strict=True)
    ]
    ours = graph.add("S2ST_Compare", source=source, result=result)
    wanted = graph.add("S2ST_Compare", source=repeated[0], result=repeated[1])
    (one,), (other,) = shown(comfy, graph, ours[0], wanted[0])
    assert np.array_equal(one, other)
    assert comfy.texts(graph, ours[1]) == comfy.texts(graph, wanted[1])


def test_one_result_takes_the_detail_of_several_sources(comfy):
    graph = Graph()
    vae, result = graph.add("TestVAE", seed=3)[0], picture(graph, 5)
    source = picture(graph, 6, batch=3)
    repeated = graph.add("RepeatImageBatch", image=result, amount=3)[0]
    ours, wanted = shown(
        comfy, graph, restored(graph, result, source, vae), restored(graph, repeated, source, vae)
    )
    assert len(ours) == 3 and all(map(np.array_equal, ours, wanted))


def test_cancel_stops_the_restoring_of_detail(comfy):
    graph = Graph()
    vae = graph.add("TestVAE", seed=3)[0]
    many, one = (picture(graph, 8, batch, height=256, width=256) for batch in (24, 1))
    node = graph.add(
        "S2ST_RestoreDetail", image=many, source=one, vae=vae, radius=10, softness=3e-4, drawn=0.5
    )
    graph.add("PreviewImage", images=node[0])
    seen = comfy.cancelled(graph, node)
    assert seen[0] == (1, 24) and len(seen) < 24


def test_the_contact_sheet_and_its_numbers(comfy):
    graph = Graph()
    source, truth = picture(graph, 1, batch=2), picture(graph, 2, batch=2)
    domain = picture(graph, 3, batch=3, height=80)
    sheet = graph.add(
        "S2ST_Compare", source=source, result=truth, truth=truth, target_domain=domain
    )
    small = graph.add("S2ST_Compare", source=source, result=source)
    (one,), (two,) = shown(comfy, graph, sheet[0], small[0])
    assert one.shape[0] == two.shape[0] and one.shape[1] > two.shape[1]
    assert float(np.std(one)) > 0.05
    text = comfy.texts(graph, sheet[1])
    assert "PSNR to the truth: 100.00 dB" in text
    assert "edge agreement with the truth: 1.000" in text
    assert "colour distance to the target domain" in text
    assert "PSNR" not in comfy.texts(graph, small[1])


def test_a_trajectory_is_saved_and_used_in_a_later_graph(comfy):
    graph = Graph()
    model, source = tiny_model(graph), tiny_prompt(graph, 3)
    inverted = invert(graph, model, source, tiny_latent(graph), refine=3)
    saved = graph.add("S2ST_SaveTrajectory", trajectory=inverted[0], filename_prefix="kept/street")
    seed = comfy.latents(graph, inverted[1])[0]
    first = comfy.texts(graph, saved[0])
    assert first.startswith("kept/street_") and first.endswith(".s2st.safetensors")
    listed = comfy.client.get_json("/object_info/S2ST_LoadTrajectory")
    assert first in str(listed)
    later = Graph()
    model, source, negative = tiny_model(later), tiny_prompt(later, 3), tiny_prompt(later, 4)
    loaded = later.add("S2ST_LoadTrajectory", file=first)
    sampled = sample_seed(later, model, source, negative, trajectory=loaded[0], cfg=1.0)
    from_seed, given = comfy.latents(later, sampled[0], tiny_latent(later))
    assert float((from_seed - given).abs().max()) < 0.05 * float(given.std())
    assert float((seed - given).abs().max()) > 1.0


@pytest.mark.parametrize("file", ["missing.s2st.safetensors", "../../secret.s2st.safetensors"])
def test_only_trajectories_of_the_own_folders_are_read(comfy, file):
    from tools.comfy_client import GraphRefused

    graph = Graph()
    graph.add("PreviewAny", source=graph.add("S2ST_LoadTrajectory", file=file)[0])
    with pytest.raises(GraphRefused) as refused:
        comfy.client.queue(graph.nodes)
    assert "no trajectory" in str(refused.value)
