"""Words that keep to their regions, in S2ST's nodes and in the core's samplers."""

import numpy as np
import pytest
import torch
from graphs import Graph, paint, tiny_model
from test_conditioning import ATTACHMENTS
from test_joint import joint, told
from test_running import relative

from tools.comfy_client import GraphFailed

STEPS, SIDE = 4, 16  # of the demo model, at half its size
TEXT = "a street by day, with trees and a car"


class Wiring:
    """The demo model, a prompt of two regions, and a sampler of the core's."""

    def __init__(self):
        self.graph = Graph()
        loaded = self.graph.add("S2ST_LoadDemoModel")
        self.model, self.clip, self.vae = (loaded[number] for number in range(3))

    def mask(self, left, width):
        black = self.graph.add("SolidMask", value=0.0, width=64, height=64)[0]
        white = self.graph.add("SolidMask", value=1.0, width=width, height=64)[0]
        given = {"destination": black, "source": white, "x": left, "y": 0, "operation": "add"}
        return self.graph.add("MaskComposite", **given)[0]

    def region(self, phrase, **given):
        values = {"phrase": phrase, "colour": "", "tolerance": 0.08, **given}
        return self.graph.add("S2ST_RegionPrompt", **values)

    def regions(self):
        trees = self.region("trees", mask=self.mask(0, 24))[0]
        return self.region("a car", mask=self.mask(32, 20), regions=trees)[0]

    def applied(self, model=None, regions=None, text=TEXT, **changes):
        values = {"strength": 2.0, "outside": 1.0, "end": 0.1, **changes}
        given = {"model": model or self.model, "clip": self.clip, "text": text}
        return self.graph.add(
            "S2ST_ApplyRegions", regions=regions or self.regions(), **given, **values
        )

    def words(self, text):
        return self.graph.add("CLIPTextEncode", clip=self.clip, text=text)[0]

    def sampled(self, model, positive, cfg=3.0, negative="", size=(SIDE, SIDE), batch=1):
        height, width = size
        given = {"seed": 1, "batch": 1, "channels": 4, "value": "random"}
        one = self.graph.add("TestLatent", height=height, width=width, **given)[0]
        empty = self.graph.add("RepeatLatentBatch", samples=one, amount=batch)[0]
        return self.graph.add(
            "KSampler",
            model=model,
            positive=positive,
            negative=self.words(negative) if isinstance(negative, str) else negative,
            latent_image=empty,
            seed=3,
            steps=STEPS,
            cfg=cfg,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        )[0]


class Tiny(Wiring):
    """The same with a small model of some kind, to which the core can attach what it likes."""

    def __init__(self, kind="eps"):
        super().__init__()
        self.model = tiny_model(self.graph, kind)
        self.clip = self.graph.add("TestNarrowCLIP", clip=self.clip)[0]


def test_strength_nought_is_the_model_as_it_was(comfy):
    w = Wiring()
    applied = w.applied(strength=0.0)
    plain, nought = comfy.latents(
        w.graph, w.sampled(w.model, w.words(TEXT)), w.sampled(applied[0], applied[1])
    )
    assert torch.equal(plain, nought)
    assert "strength 0: the model is as it was" in comfy.texts(w.graph, applied[2])


def test_regions_change_their_own_prompt_and_no_other(comfy):
    w = Wiring()
    model, positive = (w.applied()[number] for number in (0, 1))
    same = w.words(TEXT)
    held, by_core, other, other_held, against, against_held = comfy.latents(
        w.graph,
        w.sampled(model, positive),
        w.sampled(w.model, same),
        w.sampled(w.model, w.words("a road at night")),
        w.sampled(model, w.words("a road at night")),
        w.sampled(w.model, positive, cfg=0.0, negative="fog"),
        w.sampled(model, positive, cfg=0.0, negative="fog"),
    )
    assert relative(held, [by_core]) > 0.05
    assert torch.equal(other, other_held)
    assert relative(against, [against_held]) < 1e-5


def test_a_longer_negative_prompt_keeps_the_regions(comfy):
    """The core then repeats the shorter prompt so that both share a call."""
    w = Wiring()
    model, positive = (w.applied()[number] for number in (0, 1))
    long = ", ".join(["fog and rain"] * 40)
    held, plain = comfy.latents(
        w.graph,
        w.sampled(model, positive, negative=long),
        w.sampled(w.model, positive, negative=long),
    )
    assert relative(held, [plain]) > 0.05


@pytest.mark.parametrize("first", [True, False])
def test_another_override_is_called_as_before(comfy, first):
    w = Wiring()
    doubled = w.graph.add("TestOverride", model=w.model)[0]
    changes = {"strength": 1e-6}  # so that the regions themselves hardly count
    if first:
        both = w.applied(model=doubled, **changes)
        model, positive = both[0], both[1]
    else:
        held = w.applied(**changes)
        model, positive = w.graph.add("TestOverride", model=held[0])[0], held[1]
    alone, together = comfy.latents(
        w.graph, w.sampled(doubled, positive), w.sampled(model, positive)
    )
    plain = comfy.latents(w.graph, w.sampled(w.model, positive))[0]
    assert relative(together, [alone]) < 1e-3
    assert relative(plain, [alone]) > 0.05


def test_image_prompts_behind_the_words_stay(comfy):
    w = Wiring()
    w.model = w.graph.add("TestMoreKeys", model=w.model)[0]
    applied = w.applied()
    held, plain = comfy.latents(
        w.graph, w.sampled(applied[0], applied[1]), w.sampled(w.model, applied[1])
    )
    assert torch.isfinite(held).all()
    assert relative(held, [plain]) > 0.05


def test_blocks_that_another_node_computes_are_told(comfy):
    w = Wiring()
    replaced = w.graph.add("TestReplaced", model=w.model)[0]
    assert "attn2_replace" not in comfy.texts(w.graph, w.applied()[2])
    report = comfy.texts(w.graph, w.applied(model=replaced)[2])
    assert "attention to words of 1 block itself, middle 0 (attn2_replace" in report


def test_where_another_node_computes_all_blocks_it_wins(comfy):
    w = Tiny()
    replaced = w.graph.add("TestReplaced", model=w.model, everywhere=True)[0]
    applied = w.applied(model=replaced, apart=0.0)
    held, plain = comfy.latents(
        w.graph, w.sampled(applied[0], applied[1]), w.sampled(replaced, applied[1])
    )
    assert torch.equal(held, plain)


def test_places_are_kept_apart_beside_the_words(comfy):
    w = Tiny()
    both, words = w.applied(), w.applied(apart=0.0)
    apart, held = comfy.latents(w.graph, w.sampled(both[0], both[1]), w.sampled(words[0], words[1]))
    assert relative(apart, [held]) > 0.02


@pytest.mark.parametrize("name", list(ATTACHMENTS))
def test_what_the_core_attaches_and_regions_both_count(comfy, lora, name):
    w = Tiny()
    strong, faint = w.applied(), w.applied(strength=1e-6)
    positive, negative = strong[1], w.words("")

    def sampled(model):
        attached = ATTACHMENTS[name](w.graph, model, positive, negative, lora)
        return w.sampled(attached[0], attached[1], negative=attached[2])

    results = [sampled(strong[0]), w.sampled(strong[0], positive)]
    results += [sampled(faint[0]), sampled(w.model)]
    both, held, hardly_held, attached = comfy.latents(w.graph, *results)
    assert relative(both, [held]) > 0.02
    assert relative(both, [attached]) > 0.02
    assert relative(hardly_held, [attached]) < 1e-3


@pytest.mark.parametrize("kind", ["eps", "v", "xl", "flow"])
def test_words_are_held_in_every_kind_of_unet(comfy, kind):
    w = Tiny(kind)
    applied = w.applied()
    held, plain = comfy.latents(
        w.graph, w.sampled(applied[0], applied[1]), w.sampled(w.model, applied[1])
    )
    assert torch.isfinite(held).all()
    assert relative(held, [plain]) > 0.01


def test_a_prompt_with_an_area_sees_what_lies_there_of_its_regions(comfy):
    """On the right half trees stand alike; the car on the left may stand anywhere."""
    w = Tiny()
    results = []
    for car, trees in ((0, 40), (8, 40), (0, 32)):
        below = w.region("a car", mask=w.mask(car, 16))[0]
        regions = w.region("trees", mask=w.mask(trees, 20), regions=below)[0]
        applied = w.applied(regions=regions)
        right = {"width": 64, "height": 128, "x": 64, "y": 0, "strength": 1.0}
        placed = w.graph.add("ConditioningSetArea", conditioning=applied[1], **right)[0]
        street = w.words("a street")
        both = w.graph.add("ConditioningCombine", conditioning_1=placed, conditioning_2=street)
        results.append(w.sampled(applied[0], both[0]))
    one, other_car, other_trees = comfy.latents(w.graph, *results)
    assert torch.equal(one, other_car)
    assert relative(other_trees, [one]) > 0.01


def test_regions_of_two_prompts_hold_side_by_side(comfy):
    w = Tiny()
    first = w.applied()
    road = w.region("a road", mask=w.mask(10, 30))[0]
    second = w.applied(model=first[0], regions=road, text="fog")
    alone, still_alone, both, fog = comfy.latents(
        w.graph,
        w.sampled(first[0], first[1]),
        w.sampled(second[0], first[1]),
        w.sampled(second[0], first[1], negative=second[1]),
        w.sampled(first[0], first[1], negative=second[1]),
    )
    assert torch.equal(alone, still_alone)
    assert relative(both, [fog]) > 0.02


@pytest.mark.parametrize("gradients", [False, True])
def test_a_prompt_is_held_alike_alone_and_among_prompts_at_other_states(comfy, gradients):
    w = Tiny()
    prompts = w.words("a street"), w.applied()[1], w.words("")
    asked = joint(w.graph, w.applied()[0], *prompts, gradients=gradients)
    found = told(comfy, w.graph, asked)
    assert found["apart"] < 1e-4
    assert (found["evaluations"], found["model_calls"]) == (3, 1)


@pytest.mark.parametrize("size", [(17, 13), (9, 22)])
def test_regions_hold_at_sizes_that_halve_badly(comfy, size):
    w = Tiny()
    applied = w.applied()
    held, plain = comfy.latents(
        w.graph,
        w.sampled(applied[0], applied[1], size=size),
        w.sampled(w.model, applied[1], size=size),
    )
    assert held.shape[-2:] == size
    assert relative(held, [plain]) > 0.02


def test_regions_hold_in_every_picture_of_a_batch(comfy):
    w = Tiny()
    applied = w.applied()
    alone, two = comfy.latents(
        w.graph,
        w.sampled(applied[0], applied[1]),
        w.sampled(applied[0], applied[1], batch=2),
    )
    assert relative(two[:1], [alone]) < 1e-4


def test_the_report_tells_what_became_of_every_phrase(comfy):
    w = Wiring()
    speck = w.region("a lamp", mask=w.mask(0, 1))[0]
    all_over = w.region("clouds", mask=w.mask(0, 62), regions=speck)[0]
    trees = w.region("trees", mask=w.mask(0, 32), regions=all_over)[0]
    report = comfy.texts(w.graph, w.applied(regions=trees, text="a street")[2])
    assert "prompt: a street, clouds, trees" in report
    assert "'trees' is held to 50% of the picture" in report
    assert "'clouds' is held to 47% of the picture" in report
    assert "'a lamp' covers less than 2 %" in report
    assert "each held phrase also stands behind the prompt in one of its own" in report


def test_a_colour_of_the_strokes_is_a_region(comfy):
    w = Wiring()
    left = w.graph.add("EmptyImage", width=64, height=64, batch_size=1, color=0x336699)[0]
    region = w.region("trees", colour="#336699", strokes=left)
    image = w.graph.add("MaskToImage", mask=region[1])[0]
    saved = w.graph.add("SaveImage", images=image, filename_prefix="colour")
    run = comfy.client.run(w.graph.nodes)
    assert np.stack(comfy.client.images(run, saved.name)).min() == 1


@pytest.mark.parametrize(("width", "height"), [(64, 64), (70, 53)])
def test_painting_keeps_to_regions_too(comfy, width, height):
    w = Wiring()
    given = {"width": width, "height": height, "batch_size": 1, "color": 0x336699}
    strokes = w.graph.add("EmptyImage", **given)[0]
    applied = w.applied()
    done = [
        paint(w.graph, model, w.vae, applied[1], w.words(""), strokes, steps=STEPS)[1]
        for model in (applied[0], w.model)
    ]
    kept, plain = comfy.latents(w.graph, *done)
    assert relative(kept, [plain]) > 0.02


def no_place(w):
    return w.applied(regions=w.region("trees")[0])


def missing_colour(w):
    blue = w.graph.add("EmptyImage", width=64, height=64, batch_size=1, color=0x336699)[0]
    return w.applied(regions=w.region("trees", colour="#ff0000", strokes=blue)[0])


def no_words(w):
    return w.applied(regions=w.region("  ", mask=w.mask(0, 20))[0])


def joint_attention(w):
    return w.applied(model=tiny_model(w.graph, "flux"))


def many_strokes(w):
    given = {"width": 64, "height": 64, "batch_size": 3, "color": 0x336699}
    blue = w.graph.add("EmptyImage", **given)[0]
    return w.applied(regions=w.region("trees", colour="#336699", strokes=blue)[0])


def another_clip(w):
    return w.applied(model=tiny_model(w.graph))


REFUSALS = {
    many_strokes: ["strokes of 'trees' are a batch of 3", "pick one"],
    another_clip: ["prompt is 128 wide", "reads 24", "same checkpoint"],
    no_place: ["'trees' has no place", "connect a mask"],
    missing_colour: ["no colour within 0.08 of #ff0000", "#336699"],
    no_words: ["no words"],
    joint_attention: ["TinyFlux", "share one attention", "Stable Diffusion 1.x"],
}


@pytest.mark.parametrize("wrong", list(REFUSALS))
def test_wrong_inputs_are_refused(comfy, wrong):
    w = Wiring()
    w.graph.add("PreviewAny", source=wrong(w)[2])
    with pytest.raises(GraphFailed) as said:
        comfy.client.run(w.graph.nodes)
    for words in REFUSALS[wrong]:
        assert words in str(said.value)
