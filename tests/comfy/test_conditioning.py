"""Whatever the core lets a user attach to a model or a prompt works as in a KSampler."""

import pytest
import torch
from graphs import (
    Graph,
    core_sampler,
    difference,
    invert,
    null_text,
    optimize,
    picture,
    sample_seed,
    tiny_latent,
    tiny_model,
    tiny_prompt,
)


def plain(graph, model, positive, negative, lora):
    return model, positive, negative


def with_lora(graph, model, positive, negative, lora):
    changed = graph.add("LoraLoaderModelOnly", model=model, lora_name=lora, strength_model=1.0)
    return changed[0], positive, negative


def with_hooked_lora(graph, model, positive, negative, lora):
    hook = graph.add("CreateHookLora", lora_name=lora, strength_model=1.0, strength_clip=0.0)[0]
    pair = graph.add(
        "PairConditioningSetProperties",
        positive_NEW=positive,
        negative_NEW=negative,
        strength=1.0,
        set_cond_area="default",
        hooks=hook,
    )
    return model, pair[0], pair[1]


def with_controlnet(graph, model, positive, negative, lora):
    network = graph.add("TestControlNet", seed=2)[0]
    controlled = graph.add(
        "ControlNetApplyAdvanced",
        positive=positive,
        negative=negative,
        control_net=network,
        image=picture(graph, height=128, width=128),
        strength=0.8,
        start_percent=0.0,
        end_percent=0.9,
    )
    return model, controlled[0], controlled[1]


def with_masked_prompt(graph, model, positive, negative, lora):
    mask = graph.add("SolidMask", value=1.0, width=64, height=128)[0]
    canvas = graph.add("SolidMask", value=0.0, width=128, height=128)[0]
    left = graph.add("MaskComposite", destination=canvas, source=mask, x=0, y=0, operation="add")[0]
    masked = graph.add(
        "ConditioningSetMask",
        conditioning=tiny_prompt(graph, 21, tokens=9),
        mask=left,
        strength=1.0,
        set_cond_area="default",
    )[0]
    both = graph.add("ConditioningCombine", conditioning_1=positive, conditioning_2=masked)
    return model, both[0], negative


def with_area(graph, model, positive, negative, lora):
    placed = graph.add(
        "ConditioningSetArea",
        conditioning=tiny_prompt(graph, 22),
        width=64,
        height=64,
        x=32,
        y=32,
        strength=2.0,
    )[0]
    both = graph.add("ConditioningCombine", conditioning_1=positive, conditioning_2=placed)
    return model, both[0], negative


def with_other_schedule(graph, model, positive, negative, lora):
    changed = graph.add("ModelSamplingDiscrete", model=model, sampling="v_prediction", zsnr=False)
    return changed[0], positive, negative


def with_model_patch(graph, model, positive, negative, lora):
    patched = graph.add("FreeU_V2", model=model, b1=1.3, b2=1.4, s1=0.9, s2=0.2)
    return patched[0], positive, negative


ATTACHMENTS = {
    "lora": with_lora,
    "hooked lora": with_hooked_lora,
    "controlnet": with_controlnet,
    "masked prompt": with_masked_prompt,
    "area": with_area,
    "other schedule": with_other_schedule,
    "model patch": with_model_patch,
}


def sampled(graph, attach, lora, ours):
    model = tiny_model(graph)
    positive, negative = tiny_prompt(graph, 5), tiny_prompt(graph, 4)
    source, latent = tiny_prompt(graph, 3), tiny_latent(graph)
    model, positive, negative = attach(graph, model, positive, negative, lora)
    seed = invert(graph, model, source, latent)[1]
    if ours:
        return sample_seed(graph, model, positive, negative, seed=seed)[0]
    return core_sampler(graph, model, positive, negative, seed)[0]


@pytest.mark.parametrize("name", list(ATTACHMENTS))
def test_it_changes_the_result_as_in_a_ksampler(comfy, lora, name):
    graph = Graph()
    ours = sampled(graph, ATTACHMENTS[name], lora, ours=True)
    core = sampled(graph, ATTACHMENTS[name], lora, ours=False)
    without = sampled(graph, plain, lora, ours=True)
    one, other, unattached = comfy.latents(graph, ours, core, without)
    scale = float(other.std())
    assert float((one - other).abs().max()) < 1e-4 * scale
    assert float((one - unattached).abs().max()) > 1e-2 * scale


@pytest.mark.parametrize("name", list(ATTACHMENTS))
def test_on_both_prompts_of_a_difference_path_it_cancels_where_they_agree(comfy, lora, name):
    graph = Graph()
    attach, latent = ATTACHMENTS[name], tiny_latent(graph)
    plain_model, negative = tiny_model(graph), tiny_prompt(graph, 4)
    words = tiny_prompt(graph, 3), tiny_prompt(graph, 5)
    model, source, _ = attach(graph, plain_model, words[0], negative, lora)
    _, positive, against = attach(graph, plain_model, words[1], negative, lora)
    bare = {"cfg": 1.0, "iterations": 0}
    edit = difference(graph, model, latent, source, positive, against)
    still = difference(graph, model, latent, source, source, against, **bare)
    without = difference(graph, plain_model, latent, *words, negative)
    one, unmoved, unattached, start = comfy.latents(graph, edit[0], still[0], without[0], latent)
    assert torch.isfinite(one).all()
    assert float((one - unattached).abs().max()) > 1e-2 * float(start.std())
    assert float((unmoved - start).abs().max()) < 1e-3 * float(start.std())


@pytest.mark.parametrize("name", list(ATTACHMENTS))
def test_gradients_go_through_it(comfy, lora, name):
    graph = Graph()
    model = tiny_model(graph)
    positive, negative = tiny_prompt(graph, 5), tiny_prompt(graph, 4)
    source, domain = tiny_prompt(graph, 3), tiny_latent(graph, 9, batch=2)
    model, positive, negative = ATTACHMENTS[name](graph, model, positive, negative, lora)
    trajectory, seed = (
        invert(graph, model, source, tiny_latent(graph), steps=5)[i] for i in (0, 1)
    )
    fitted = null_text(graph, model, trajectory, positive, negative)
    done = optimize(
        graph,
        model,
        trajectory,
        seed,
        positive,
        negative,
        domain,
        gradient="exact",
        null_text=fitted[0],
    )
    report = comfy.texts(graph, done[2])
    assert "20 backward passes" in report


def test_gradients_are_right_where_only_one_prompt_changes_the_weights(comfy, lora):
    """The core puts a hooked LoRA in and out between the two evaluations of a guided estimate."""
    graph = Graph()
    model, latent = tiny_model(graph), tiny_latent(graph)
    positive, negative = tiny_prompt(graph, 5), tiny_prompt(graph, 4)
    _, hooked, _ = with_hooked_lora(graph, model, positive, negative, lora)
    inputs = {"model": model, "latent": latent, "negative": negative}
    told = [graph.add("TestGuidedSlope", positive=one, **inputs)[0] for one in (positive, hooked)]
    for one in told:
        assert float(comfy.texts(graph, one)) == pytest.approx(1, abs=1e-3)


def test_a_guidance_patch_is_named_in_the_report(comfy):
    graph = Graph()
    model = tiny_model(graph)
    patched = graph.add("RescaleCFG", model=model, multiplier=0.7)[0]
    source = tiny_prompt(graph, 3)
    reports = [invert(graph, one, source, tiny_latent(graph))[2] for one in (patched, model)]
    assert "sampler_cfg_function" in comfy.texts(graph, reports[0])
    assert "patch" not in comfy.texts(graph, reports[1])
