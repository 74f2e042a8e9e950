"""Wrong combinations are refused before work begins: both parties and the fix are named."""

import pytest
from graphs import (
    Graph,
    correlation,
    difference,
    invert,
    make_look,
    null_text,
    odd_picture,
    optimize,
    picture,
    sample_seed,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)

from tools.comfy_client import GraphFailed, GraphRefused


class Wiring:
    """The usual parts, each of which a case may replace by a wrong one."""

    def __init__(self):
        self.graph = Graph()
        self.model = tiny_model(self.graph)
        self.source, self.positive, self.negative = (
            tiny_prompt(self.graph, seed) for seed in (3, 5, 4)
        )
        self.latent = tiny_latent(self.graph)
        self.domain = tiny_latent(self.graph, 9, batch=2)

    def inverted(self, **changes):
        values = {"model": self.model, "positive": self.source, "latent": self.latent, **changes}
        return invert(self.graph, values.pop("model"), values.pop("positive"), **values)

    def seed_translated(self, **changes):
        values = {"model": self.model, "positive": self.positive, "negative": self.negative}
        values |= {"domain": self.domain, **changes}
        trajectory = values.pop("trajectory", None) or self.inverted()[0]
        parts = [values.pop(name) for name in ("positive", "negative", "domain")]
        return seed_translate(self.graph, values.pop("model"), trajectory, *parts, **values)

    def optimized(self, **changes):
        values = {"model": self.model, "positive": self.positive, "negative": self.negative}
        values |= {"domain": self.domain, **changes}
        inverted = self.inverted()
        trajectory = values.pop("trajectory", inverted[0])
        seed = values.pop("seed", inverted[1])
        parts = [values.pop(name) for name in ("positive", "negative", "domain")]
        return optimize(self.graph, values.pop("model"), trajectory, seed, *parts, **values)

    def edited(self, **changes):
        values = {"model": self.model, "source": self.source, "positive": self.positive}
        values |= {"negative": self.negative, "target_domain": self.domain, **changes}
        prompts = [values.pop(name) for name in ("source", "positive", "negative")]
        latent = values.pop("latent", self.latent)
        return difference(self.graph, values.pop("model"), latent, *prompts, **values)

    def sampled(self, **changes):
        values = {"model": self.model, "positive": self.positive, "negative": self.negative}
        values |= changes
        parts = [values.pop(name) for name in ("model", "positive", "negative")]
        return sample_seed(self.graph, *parts, **values)

    def translated(self, **changes):
        values = {"model": self.model, "source": self.source, "positive": self.positive}
        values |= {"negative": self.negative, "latent": self.latent, "domain": self.domain}
        values |= changes
        names = ("model", "source", "positive", "negative", "latent", "domain")
        return translate(self.graph, *(values.pop(name) for name in names), **values)


def other_model(w, kind):
    return tiny_model(w.graph, kind)


def bad_prompt(w, **changes):
    return tiny_prompt(w.graph, 6, **changes)


def bad_latent(w, **changes):
    return tiny_latent(w.graph, 6, **changes)


def masked_elsewhere(w):
    return w.graph.add("SolidMask", value=1.0, width=64, height=64)[0]


def placed(w, mask):
    words = {"phrase": "a car", "colour": "", "tolerance": 0.1}
    return w.graph.add("S2ST_RegionPrompt", mask=mask, **words)


def null_text_of(w, **changes):
    trajectory = changes.pop("trajectory", None) or w.inverted()[0]
    return null_text(w.graph, w.model, trajectory, w.source, w.negative, **changes)[0]


def reused(w, **changes):
    inverted = w.inverted()
    return w.optimized(trajectory=inverted[0], seed=inverted[1], **changes)


CASES = {
    # name: (wiring -> node, what the sentence must name)
    "inpainting model": (
        lambda w: w.inverted(model=other_model(w, "inpaint")),
        ["TinyModel", "9 channels", "ordinary checkpoint"],
    ),
    "edit model": (
        lambda w: w.inverted(model=other_model(w, "edit")),
        ["TinyModel", "neither noise, v nor a flow"],
    ),
    "edit model by a flow": (
        lambda w: w.inverted(model=other_model(w, "edit by a flow")),
        ["TinyModel", "neither noise, v nor a flow"],
    ),
    "model of louder noise": (
        lambda w: w.inverted(model=other_model(w, "loud")),
        ["scales its noise by 8", "needs noise of size 1", "another flow checkpoint"],
    ),
    "video model": (
        lambda w: w.inverted(
            model=other_model(w, "video"), latent=bad_latent(w, channels=16, value="video")
        ),
        ["TinyVideo", "not pictures", "image model"],
    ),
    "latent of another VAE": (
        lambda w: w.inverted(latent=bad_latent(w, channels=16)),
        ["16 channels", "works on 4", "own VAE"],
    ),
    "latent of a video": (
        lambda w: w.inverted(latent=bad_latent(w, value="video")),
        ["source latent", "5 dimensions", "image"],
    ),
    "NaN latent": (
        lambda w: w.inverted(latent=bad_latent(w, value="nan")),
        ["source latent", "NaN", "encode"],
    ),
    "empty source": (
        lambda w: w.inverted(latent=bad_latent(w, value="empty")),
        ["source latent is empty", "at least 1"],
    ),
    "noise mask on the source": (
        lambda w: w.inverted(latent=bad_latent(w, value="masked")),
        ["noise mask", "Trajectory Optimize or Difference Path"],
    ),
    "prompt of another text encoder": (
        lambda w: w.inverted(positive=bad_prompt(w, width=32)),
        ["32 wide", "reads 24", "CLIP of the same checkpoint"],
    ),
    "NaN prompt": (
        lambda w: w.inverted(positive=bad_prompt(w, value="nan")),
        ["source prompt", "NaN"],
    ),
    "empty prompt list": (
        lambda w: w.inverted(positive=bad_prompt(w, value="empty")),
        ["source prompt is empty", "connect one"],
    ),
    "three prompts for one picture": (
        lambda w: w.inverted(positive=bad_prompt(w, batch=3)),
        ["batch of 3", "1 pictures"],
    ),
    "no pooled text": (
        lambda w: w.inverted(model=other_model(w, "xl"), positive=bad_prompt(w, pooled=False)),
        ["no pooled text", "(TinyModel) needs it", "CLIP"],
    ),
    "trajectory of another family": (
        lambda w: w.seed_translated(model=other_model(w, "other")),
        ["trajectory", "TinyModel", "TinyOther", "same checkpoint"],
    ),
    "trajectory of another prediction": (
        lambda w: w.seed_translated(model=other_model(w, "v")),
        ["trajectory", "eps-prediction", "v-prediction", "same checkpoint"],
    ),
    "trajectory of other channels": (
        lambda w: w.optimized(model=other_model(w, "wide"), domain=bad_latent(w, channels=16)),
        ["TinyModel", "TinyWide", "16 channels"],
    ),
    "target prompt width": (
        lambda w: w.seed_translated(positive=bad_prompt(w, width=32)),
        ["target prompt", "32 wide", "reads 24"],
    ),
    "negative prompt width": (
        lambda w: w.optimized(negative=bad_prompt(w, width=32)),
        ["negative prompt", "32 wide", "reads 24"],
    ),
    "empty target domain": (
        lambda w: w.seed_translated(domain=bad_latent(w, value="empty")),
        ["target domain is empty", "at least 1"],
    ),
    "NaN target domain": (
        lambda w: w.optimized(domain=bad_latent(w, value="nan")),
        ["target domain", "NaN"],
    ),
    "target domain of another VAE": (
        lambda w: w.optimized(domain=bad_latent(w, channels=16)),
        ["target domain", "16 channels", "works on 4"],
    ),
    "ordinary latent as a seed": (
        lambda w: w.optimized(seed=w.latent),
        ["seed", "ordinary latent", "DDIM Invert"],
    ),
    "seed of another size": (
        lambda w: w.optimized(seed=w.inverted(latent=bad_latent(w, height=24))[1]),
        ["seed", "(1, 4, 24, 16)", "(1, 4, 16, 16)"],
    ),
    "seed of another batch": (
        lambda w: w.optimized(seed=w.inverted(latent=bad_latent(w, batch=2))[1]),
        ["seed", "(2, 4, 16, 16)", "(1, 4, 16, 16)"],
    ),
    "seed of another family": (
        lambda w: w.sampled(model=other_model(w, "other"), seed=w.inverted()[1]),
        ["seed", "TinyModel", "TinyOther"],
    ),
    "nothing to sample from": (
        lambda w: w.sampled(),
        ["Neither a seed nor a trajectory", "connect"],
    ),
    "seed of other steps": (
        lambda w: w.sampled(seed=w.inverted()[1], steps=4),
        ["seed was made at sigma 8.39", "run begins at 4", "connect the trajectory"],
    ),
    "seed of another spacing": (
        lambda w: w.sampled(seed=w.inverted()[1], spacing="trailing"),
        ["seed was made at sigma 8.39", "run begins at 14.6", "steps and spacing"],
    ),
    "seed of other steps than its trajectory": (
        lambda w: w.sampled(seed=w.inverted()[1], trajectory=w.inverted(steps=4)[0]),
        ["seed was made at sigma 8.39", "run begins at 4"],
    ),
    "seed of other steps to be optimised": (
        lambda w: w.optimized(seed=w.inverted(steps=4)[1]),
        ["seed was made at sigma 4", "run begins at 8.39", "connect the trajectory"],
    ),
    "null text for another guidance": (
        lambda w: w.optimized(null_text=null_text_of(w, cfg=2.0), cfg=3.0),
        ["3", "2", "one scale for both"],
    ),
    "null text of other steps": (
        lambda w: w.optimized(null_text=null_text_of(w, trajectory=w.inverted(steps=4)[0])),
        ["null text", "4 steps", "10 from"],
    ),
    "start after end": (
        lambda w: w.optimized(start=0.8, end=0.2),
        ["start is 0.8", "end is 0.2", "swap"],
    ),
    "correlation of other channels": (
        lambda w: w.optimized(
            correlation=correlation(
                w.graph, bad_latent(w, channels=16), bad_latent(w, channels=16)
            )[0]
        ),
        ["eta", "4 channels", "same VAE"],
    ),
    "difference path towards a domain of another VAE": (
        lambda w: w.edited(target_domain=bad_latent(w, channels=16)),
        ["target domain", "16 channels", "works on 4"],
    ),
    "difference path with a wrong source prompt": (
        lambda w: w.edited(source=bad_prompt(w, width=32)),
        ["source prompt", "32 wide", "reads 24"],
    ),
    "difference path with a wrong target prompt": (
        lambda w: w.edited(positive=bad_prompt(w, width=32)),
        ["target prompt", "32 wide", "reads 24"],
    ),
    "difference path of a latent of another VAE": (
        lambda w: w.edited(latent=bad_latent(w, channels=16)),
        ["source latent", "16 channels", "works on 4"],
    ),
    "difference path with weights of other channels": (
        lambda w: w.edited(
            correlation=correlation(
                w.graph, bad_latent(w, channels=16), bad_latent(w, channels=16)
            )[0],
        ),
        ["eta", "4 channels", "same VAE"],
    ),
    "correlation between two VAEs": (
        lambda w: correlation(w.graph, bad_latent(w, channels=16), w.domain),
        ["16", "4", "same VAE"],
    ),
    "empty domain for correlation": (
        lambda w: correlation(w.graph, bad_latent(w, value="empty"), w.domain),
        ["source domain is empty", "at least 1"],
    ),
    "whole method on an inpainting model": (
        lambda w: w.translated(model=other_model(w, "inpaint")),
        ["TinyModel", "9 channels", "ordinary checkpoint"],
    ),
    "whole method with a wrong source prompt": (
        lambda w: w.translated(source=bad_prompt(w, width=32)),
        ["source prompt", "32 wide"],
    ),
    "comparing pictures of two sizes": (
        lambda w: w.graph.add(
            "S2ST_Compare", source=picture(w.graph), result=picture(w.graph, height=96)
        ),
        ["result has 1 pictures of 64 x 96", "source has 1 pictures of 64 x 64"],
    ),
    "comparing two pictures with three": (
        lambda w: w.graph.add(
            "S2ST_Compare", source=picture(w.graph, batch=2), result=picture(w.graph, batch=3)
        ),
        ["result has 3 pictures of 64 x 64", "source has 2 pictures of 64 x 64"],
    ),
    "decoding a latent of another VAE": (
        lambda w: w.graph.add(
            "S2ST_DecodeImage",
            latent=bad_latent(w, channels=16),
            vae=w.graph.add("TestVAE", seed=3)[0],
        ),
        ["latent has 16 channels", "VAE decodes 4", "VAE of the checkpoint"],
    ),
    "decoding a NaN latent": (
        lambda w: w.graph.add(
            "S2ST_DecodeImage",
            latent=bad_latent(w, value="nan"),
            vae=w.graph.add("TestVAE", seed=3)[0],
        ),
        ["decoded picture", "NaN", "--fp32-vae"],
    ),
    "decoding an empty latent": (
        lambda w: w.graph.add(
            "S2ST_DecodeImage",
            latent=bad_latent(w, value="empty"),
            vae=w.graph.add("TestVAE", seed=3)[0],
        ),
        ["latent is empty", "at least 1"],
    ),
    "encoding by a VAE that is not there": (
        lambda w: w.graph.add(
            "S2ST_EncodeImage", image=picture(w.graph), vae=w.graph.add("TestNothing")[1]
        ),
        ["vae is empty", "a loader of its own"],
    ),
    "a look of a VAE that is not there": (
        lambda w: make_look(w.graph, picture(w.graph), w.graph.add("TestNothing")[1]),
        ["vae is empty", "a loader of its own"],
    ),
    "words by a text encoder that is not there": (
        lambda w: w.graph.add(
            "S2ST_ApplyRegions",
            model=w.model,
            clip=w.graph.add("TestNothing")[0],
            regions=placed(w, odd_picture(w.graph)[1])[0],
            text="a street",
            strength=1.0,
            outside=1.0,
            end=0.5,
        ),
        ["clip is empty", "a loader of its own"],
    ),
    "no pictures": (
        lambda w: w.graph.add(
            "S2ST_EncodeImage",
            image=odd_picture(w.graph, batch=0)[0],
            vae=w.graph.add("TestVAE", seed=3)[0],
        ),
        ["picture is empty", "(0, 64, 64, 3)", "at least 1 pixel"],
    ),
    "NaN picture": (
        lambda w: w.graph.add(
            "S2ST_MakeStrokes", image=odd_picture(w.graph, "nan")[0], colours=3, blur=0.0
        ),
        ["picture holds 1 values that are NaN", "--fp32-vae"],
    ),
    "NaN mask": (
        lambda w: w.edited(mask=odd_picture(w.graph, "nan")[1]),
        ["mask holds 1 values that are NaN"],
    ),
    "a region without a mask in its batch": (
        lambda w: placed(w, odd_picture(w.graph, batch=0)[1]),
        ["mask is empty", "at least 1 pixel"],
    ),
    "detail of a picture of another size": (
        lambda w: w.graph.add(
            "S2ST_RestoreDetail",
            image=picture(w.graph, height=96),
            source=picture(w.graph),
            vae=w.graph.add("TestVAE", seed=3)[0],
            radius=0,
            softness=3e-4,
            drawn=0.5,
        ),
        ["result has shape (1, 3, 96, 64)", "source (1, 3, 64, 64)", "one size and batch"],
    ),
    "unknown spacing": (
        lambda w: w.inverted(spacing="even"),
        ["spacing is 'even'", "leading, trailing, linspace"],
    ),
    "unknown gradient": (
        lambda w: w.optimized(gradient="none"),
        ["gradient is 'none'", "frozen, exact"],
    ),
    "unknown domain of the demo world": (
        lambda w: w.graph.add(
            "S2ST_DemoScenes",
            domain="dusk",
            truth_domain="night",
            split="evaluation",
            first=0,
            count=1,
        ),
        ["domain is 'dusk'", "only day, night"],
    ),
    "unknown null-text method": (
        lambda w: w.translated(null_text="maybe"),
        ["method is 'maybe'", "null-text, negative prompt"],
    ),
    "our noise for a latent of another size": (
        lambda w: noise_for_another_size(w),
        ["(1, 4, 24, 16)", "(1, 4, 16, 16)", "source latent"],
    ),
}


def noise_for_another_size(w):
    moved = w.seed_translated()
    guider = w.graph.add("BasicGuider", model=w.model, conditioning=w.positive)
    return w.graph.add(
        "SamplerCustomAdvanced",
        noise=moved[1],
        guider=guider[0],
        sampler=w.graph.add("KSamplerSelect", sampler_name="euler")[0],
        sigmas=moved[4],
        latent_image=bad_latent(w, height=24),
    )


@pytest.mark.parametrize("name", list(CASES))
def test_it_is_refused_in_one_sentence(comfy, name):
    wire, fragments = CASES[name]
    wiring = Wiring()
    node = wire(wiring)
    wiring.graph.add("PreviewAny", source=node[0])
    with pytest.raises((GraphFailed, GraphRefused)) as refused:
        comfy.client.run(wiring.graph.nodes)
    if name.startswith("unknown") and isinstance(refused.value, GraphRefused):
        assert "value_not_in_list" in str(refused.value)  # newer cores look it up themselves
        return
    assert refused.value.node_type == wiring.graph.nodes[node.name]["class_type"]
    assert refused.value.exception_type == "ValueError"
    for fragment in fragments:
        assert fragment in refused.value.exception_message
    assert "\n" not in refused.value.exception_message


LIMITS = {
    "steps": lambda w: w.inverted(steps=1),
    "refine": lambda w: w.inverted(refine=99),
    "iterations": lambda w: w.seed_translated(iterations=-1),
    "learning_rate": lambda w: w.seed_translated(learning_rate=9.0),
    "cfg": lambda w: w.optimized(cfg=-1.0),
    "guided": lambda w: w.edited(guided=1.5),
    "neighbours": lambda w: w.edited(neighbours=0),
}


@pytest.mark.parametrize("name", list(LIMITS))
def test_values_beyond_their_limits_are_not_even_queued(comfy, name):
    wiring = Wiring()
    node = LIMITS[name](wiring)
    wiring.graph.add("PreviewAny", source=node[0])
    with pytest.raises(GraphRefused) as refused:
        comfy.client.queue(wiring.graph.nodes)
    (errors,) = [one["errors"] for one in refused.value.details["node_errors"].values()]
    assert [one["extra_info"]["input_name"] for one in errors] == [name]
