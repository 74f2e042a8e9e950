"""Regions in a real server: painted, from label maps, carried over, found; who asks by them."""

import numpy as np
import pytest
import torch
from graphs import (
    Graph,
    difference,
    invert,
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
from test_running import progress_of, relative

from tools.comfy_client import GraphFailed

SIZE = 128  # of a picture whose latent is 16 wide
REFERENCES = 5
RED, GREEN, BLUE = 0xFF0000, 0x00FF00, 0x0000FF


def wired(kind="eps", seed=1, batch=1, channels=4):
    graph = Graph()
    model = tiny_model(graph, kind, seed=seed)
    prompts = [tiny_prompt(graph, number) for number in (3, 5, 4)]
    latent = tiny_latent(graph, batch=batch, channels=channels)
    return graph, model, prompts, latent, tiny_latent(graph, 9, REFERENCES, channels)


def path(graph, model, prompts, latent, domain, **changes):
    return difference(graph, model, latent, *prompts, target_domain=domain, steps=4, **changes)


def columns(graph, first, last, size=SIZE):
    """A mask, white from one column of the latent to before another."""
    canvas = graph.add("SolidMask", value=0.0, width=size, height=size)[0]
    width = (last - first) * size // 16
    part = graph.add("SolidMask", value=1.0, width=width, height=size)[0]
    given = {"destination": canvas, "source": part, "y": 0, "operation": "add"}
    return graph.add("MaskComposite", x=first * size // 16, **given)[0]


def stacked(graph, *masks):
    """Masks as one batch, as segmentation nodes give them."""
    images = [graph.add("MaskToImage", mask=one)[0] for one in masks]
    together = images[0]
    for one in images[1:]:
        together = graph.add("ImageBatch", image1=together, image2=one)[0]
    return graph.add("ImageToMask", image=together, channel="red")[0]


def plain(graph, colour, width=SIZE, height=SIZE):
    return graph.add("EmptyImage", width=width, height=height, batch_size=1, color=colour)[0]


def flag(graph, left, right, size=SIZE):
    """A label map of two halves."""
    given = {"destination": plain(graph, left), "source": plain(graph, right, size // 2, size)}
    place = {"x": size // 2, "y": 0, "resize_source": False}
    return graph.add("ImageCompositeMasked", **given, **place)[0]


def colours(pictures):
    """The different colours of a preview."""
    return {tuple(one) for one in np.round(np.reshape(pictures, (-1, 3)), 2).tolist()}


@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow"])
def test_regions_are_found_by_every_unet(comfy, kind):
    graph, model, prompts, latent, domain = wired(kind, seed=41)
    made = regions(graph, model, prompts[2], latent, domain)
    whole = path(graph, model, prompts, latent, domain)
    asked = path(graph, model, prompts, latent, domain, regions=made[0])
    one, other = comfy.latents(graph, whole[0], asked[0])
    assert torch.isfinite(other).all()
    assert not torch.allclose(one, other, atol=1e-4)
    source, target = shown(comfy, graph, made[1], made[2])
    assert len(source) == 1
    assert len(target) == REFERENCES
    assert source[0].shape == (SIZE, SIZE, 3)
    assert 1 < len(colours(target)) <= 3
    assert colours(source) <= colours(target) | colours(source)


def test_the_features_of_references_are_kept(comfy):
    graph, model, prompts, latent, domain = wired(seed=42)
    first = comfy.texts(graph, regions(graph, model, prompts[2], latent, domain)[3])
    assert "3 evaluations in all, in 3 model calls" in first  # 1 source, 5 references by fours
    other = regions(graph, model, prompts[2], tiny_latent(graph, 77), domain)
    second = comfy.texts(graph, other[3])
    assert "1 evaluations in all, in 1 model calls" in second
    moved = regions(graph, model, prompts[1], tiny_latent(graph, 78), domain)
    assert "3 evaluations in all" in comfy.texts(graph, moved[3])


def test_a_batch_of_two_equals_two_singles(comfy):
    graph, model, prompts, latent, domain = wired(seed=43, batch=2)
    singles = [
        graph.add("LatentFromBatch", samples=latent, batch_index=number, length=1)[0]
        for number in range(2)
    ]
    done = []
    for one in (latent, *singles):
        made = regions(graph, model, prompts[2], one, domain)
        done.append(path(graph, model, prompts, one, domain, regions=made[0])[0])
    both, *apart = comfy.latents(graph, *done)
    assert relative(both, apart) < 1e-3


def test_the_bar_counts_every_evaluation(comfy):
    graph, model, prompts, latent, domain = wired(seed=44)
    node = regions(graph, model, prompts[2], latent, domain)
    graph.add("PreviewAny", source=node[3])
    values = progress_of(comfy.client.run(graph.nodes), node.name)
    assert {most for _, most in values} == {3}
    assert values[-1] == (3, 3)


def test_masks_of_both_sides_need_no_evaluation(comfy):
    graph, model, prompts, latent, domain = wired(seed=45)
    masks = [columns(graph, 0, 4), columns(graph, 2, 8)]
    source = stacked(graph, *masks)
    target = stacked(graph, *masks * REFERENCES)
    made = regions(
        graph, model, prompts[2], latent, domain, source_masks=source, target_masks=target
    )
    report = comfy.texts(graph, made[3])
    assert "as they were given" in report
    assert "evaluations" not in report
    assert "region 0: 50% of the source, 5 of 5 references have it" in report
    assert "region 1: 12% of the source" in report  # the second lies on top of the first
    assert "region 2: 38% of the source" in report
    (seen,) = shown(comfy, graph, made[1])
    row = seen[0][0]
    assert (row[4] == row[12]).all()
    assert not (row[12] == row[20]).all()
    done = path(graph, model, prompts, latent, domain, regions=made[0])
    assert torch.isfinite(comfy.latents(graph, done[0])[0]).all()


@pytest.mark.parametrize(("side", "seed"), [("source_masks", 46), ("target_masks", 56)])
def test_masks_of_one_side_are_carried_over(comfy, side, seed):
    graph, model, prompts, latent, domain = wired(seed=seed, batch=2)
    pictures = 2 if side == "source_masks" else REFERENCES
    given = {side: stacked(graph, *[columns(graph, 0, 6)] * pictures)}
    made = regions(graph, model, prompts[2], latent, domain, **given)
    report = comfy.texts(graph, made[3])
    assert "carried over by the model's features" in report
    assert "3 evaluations in all" in report
    source, target = shown(comfy, graph, made[1], made[2])
    assert (len(source), len(target)) == (2, REFERENCES)
    painted = source if side == "source_masks" else target
    assert len(colours(painted)) == 2
    assert colours(source) <= colours(target) | colours(painted)


def test_label_maps_are_regions_by_colour(comfy):
    graph, model, prompts, latent, domain = wired(seed=47)
    made = regions(
        graph,
        model,
        prompts[2],
        latent,
        domain,
        source_map=flag(graph, RED, GREEN),
        target_map=flag(graph, GREEN, BLUE),
    )
    report = comfy.texts(graph, made[3])
    assert "50% of the source, in no reference, so that nothing is asked of it" in report
    assert "50% of the source, 5 of 5 references have it" in report
    source, target = shown(comfy, graph, made[1], made[2])
    assert (source[0][0, -1] == target[0][0, 0]).all()
    done = path(graph, model, prompts, latent, domain, regions=made[0])
    assert torch.isfinite(comfy.latents(graph, done[0])[0]).all()


def test_transformers_take_masks_though_nothing_is_found_in_them(comfy):
    graph, model, prompts, latent, domain = wired("flux", seed=48, channels=16)
    masks = {
        "source_masks": columns(graph, 0, 8),
        "target_masks": stacked(graph, *[columns(graph, 0, 8)] * REFERENCES),
    }
    made = regions(graph, model, prompts[2], latent, domain, **masks)
    done = path(graph, model, prompts, latent, domain, regions=made[0])
    assert torch.isfinite(comfy.latents(graph, done[0])[0]).all()


@pytest.mark.parametrize("distance", ["histogram", "wasserstein"])
def test_the_papers_stages_ask_by_region_too(comfy, distance):
    graph, model, prompts, latent, domain = wired(seed=49)
    source, positive, negative = prompts
    made = regions(graph, model, negative, latent, domain)[0]
    trajectory = invert(graph, model, source, latent, steps=4)
    parts = (positive, negative, domain)
    pairs = []
    for asked in ({}, {"regions": made}):
        options = {"distance": distance, **asked}
        seed = seed_translate(graph, model, trajectory[0], *parts, **options)
        walked = optimize(graph, model, trajectory[0], trajectory[1], *parts, **options)
        whole = translate(graph, model, *prompts, latent, domain, steps=4, **options)
        pairs.append((seed[0], walked[0], whole[0]))
    done = comfy.latents(graph, *pairs[0], *pairs[1])
    for without, by_region in zip(done[:3], done[3:], strict=True):
        assert torch.isfinite(by_region).all()
        assert not torch.allclose(without, by_region, atol=1e-4)


def test_pictures_of_any_size_and_references_of_another(comfy):
    graph = Graph()
    model, vae = tiny_model(graph, seed=50), graph.add("TestVAE", seed=3)[0]
    prompts = [tiny_prompt(graph, number) for number in (3, 5, 4)]
    latent = encode(graph, picture(graph, batch=2, height=61, width=45), vae)
    domain = encode(graph, picture(graph, 8, batch=3, height=70, width=129), vae)
    map_ = flag(graph, RED, GREEN)
    made = regions(graph, model, prompts[2], latent, domain, source_map=map_)
    source, target = shown(comfy, graph, made[1], made[2])
    assert [one.shape for one in source] == [(61, 45, 3)] * 2
    assert [one.shape for one in target] == [(70, 129, 3)] * 3
    done = path(graph, model, prompts, latent, domain, regions=made[0])
    assert torch.isfinite(comfy.latents(graph, done[0])[0]).all()


def test_the_users_mask_still_says_what_may_change(comfy):
    graph, model, prompts, latent, domain = wired(seed=51)
    made = regions(graph, model, prompts[2], latent, domain)
    mask = columns(graph, 0, 8)
    done = path(graph, model, prompts, latent, domain, regions=made[0], mask=mask)
    result, source = comfy.latents(graph, done[0], latent)
    torch.testing.assert_close(result[..., 9:], source[..., 9:], rtol=1e-5, atol=1e-5)
    assert float((result - source)[..., :7].abs().mean()) > 0.05


def many(graph, count):
    return stacked(graph, *[columns(graph, 0, 4)] * count)


REFUSED = {
    "masks that cover nothing": (
        lambda g: {"source_masks": g.add("SolidMask", value=0.0, width=SIZE, height=SIZE)[0]},
        "the source: The masks cover nothing",
    ),
    "a hundred masks": (
        lambda g: {"source_masks": many(g, 100)},
        "There are 100 masks, but at most 63",
    ),
    "masks that do not go round": (
        lambda g: {"target_masks": many(g, 7)},
        "has 5 pictures and 7 masks, but each picture needs as many",
    ),
    "another count of masks": (
        lambda g: {"source_masks": many(g, 2), "target_masks": many(g, 5)},
        "source has 2 masks, but one of the target domain 1",
    ),
    "masks and maps": (
        lambda g: {"source_masks": many(g, 2), "source_map": plain(g, RED)},
        "The source has masks and label maps",
    ),
    "masks beside maps": (
        lambda g: {"source_masks": many(g, 2), "target_map": plain(g, RED)},
        "One side has masks and the other label maps",
    ),
    "a photograph for a map": (
        lambda g: {"source_map": picture(g, 7, 1, SIZE, SIZE)},
        "but flat ones are needed",
    ),
    "no colour in common": (
        lambda g: {"source_map": plain(g, RED), "target_map": plain(g, BLUE)},
        "No region of the source is in any reference",
    ),
    "too few label maps": (
        lambda g: {"target_map": g.add("RepeatImageBatch", image=plain(g, RED), amount=2)[0]},
        "has 5 pictures and 2 label maps",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_regions_is_refused(comfy, name):
    graph, model, prompts, latent, domain = wired(seed=52)
    given, sentence = REFUSED[name]
    made = regions(graph, model, prompts[2], latent, domain, **given(graph))
    graph.add("PreviewAny", source=made[3])
    with pytest.raises(GraphFailed, match=sentence):
        comfy.client.run(graph.nodes)


def test_a_transformers_features_are_not_read(comfy):
    graph, model, prompts, latent, domain = wired("flux", seed=53, channels=16)
    graph.add("PreviewAny", source=regions(graph, model, prompts[2], latent, domain)[3])
    with pytest.raises(GraphFailed, match="Flux, whose features S2ST cannot read"):
        comfy.client.run(graph.nodes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target_domain": None}, "Regions are connected without a target domain"),
        ({"target_domain": 2}, "make the regions of the same references"),
        ({"latent": 3}, "make them of the same source"),
    ],
)
def test_regions_of_other_pictures_are_refused(comfy, changes, sentence):
    graph, model, prompts, latent, domain = wired(seed=54, batch=2)
    made = regions(graph, model, prompts[2], latent, domain)
    given = {"target_domain": domain, "latent": latent}
    for name, batch in changes.items():
        given[name] = tiny_latent(graph, 61, batch=batch) if batch else None
    given = {name: one for name, one in given.items() if one is not None}
    latent = given.pop("latent")
    done = difference(graph, model, latent, *prompts, steps=4, regions=made[0], **given)
    graph.add("PreviewAny", source=done[2])
    with pytest.raises(GraphFailed, match=sentence):
        comfy.client.run(graph.nodes)


def test_a_prompt_of_parts_is_refused(comfy):
    graph, model, prompts, latent, domain = wired(seed=55)
    both = graph.add("ConditioningCombine", conditioning_1=prompts[0], conditioning_2=prompts[1])
    graph.add("PreviewAny", source=regions(graph, model, both[0], latent, domain)[3])
    with pytest.raises(GraphFailed, match="several parts or an area"):
        comfy.client.run(graph.nodes)
