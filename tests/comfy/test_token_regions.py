"""Words that keep to their regions, in S2ST's nodes and in the core's samplers."""

import numpy as np
import pytest
import torch
from graphs import Graph, paint, tiny_model
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

    def sampled(self, model, positive, cfg=3.0, negative=""):
        empty = self.graph.add(
            "TestLatent", seed=1, batch=1, channels=4, height=SIDE, width=SIDE, value="random"
        )[0]
        return self.graph.add(
            "KSampler",
            model=model,
            positive=positive,
            negative=self.words(negative),
            latent_image=empty,
            seed=3,
            steps=STEPS,
            cfg=cfg,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        )[0]


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
    assert "attention to words of 1 blocks itself (attn2_replace" in report


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


def test_a_colour_of_the_strokes_is_a_region(comfy):
    w = Wiring()
    left = w.graph.add("EmptyImage", width=64, height=64, batch_size=1, color=0x336699)[0]
    region = w.region("trees", colour="#336699", strokes=left)
    image = w.graph.add("MaskToImage", mask=region[1])[0]
    saved = w.graph.add("SaveImage", images=image, filename_prefix="colour")
    run = comfy.client.run(w.graph.nodes)
    assert np.stack(comfy.client.images(run, saved.name)).min() == 1


def test_painting_keeps_to_regions_too(comfy):
    w = Wiring()
    strokes = w.graph.add("EmptyImage", width=64, height=64, batch_size=1, color=0x336699)[0]
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


REFUSALS = {
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
