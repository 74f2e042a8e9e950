"""Several prompts, at two states too, are one model call, and patches see each on its side."""

import json

import pytest
from graphs import (
    STEPS,
    Graph,
    core_sampler,
    difference,
    invert,
    null_text,
    sample_seed,
    tiny_latent,
    tiny_model,
    tiny_prompt,
)
from test_conditioning import ATTACHMENTS

ONE_CALL = ("lora", "other schedule", "model patch")
SEVERAL = {"area": "areas", "masked prompt": "prompts that differ in length"}
ON_ONE_PROMPT = {"hooked lora": "hooks", "controlnet": "ControlNets"}


def joint(graph, model, source, positive, negative, order="spn", batch=1, **changes):
    states = {"latent": tiny_latent(graph, 5, batch=batch)}
    states["other"] = tiny_latent(graph, 6, batch=batch)
    prompts = {"source": source, "positive": positive, "negative": negative}
    values = {"order": order, "fitted": False, "gradients": False, **changes}
    seen = graph.add("TestSides", model=model)[0]
    return graph.add("TestJoint", model=seen, **states, **prompts, **values)[0]


def told(comfy, graph, reference):
    return json.loads(comfy.texts(graph, reference))


def prompts_of(graph, tokens=(7, 7, 7), batch=1):
    return [
        tiny_prompt(graph, seed, tokens=count, batch=batch)
        for seed, count in zip((3, 5, 4), tokens, strict=True)
    ]


@pytest.mark.parametrize("kind", ["eps", "v", "flow", "xl", "flux"])
@pytest.mark.parametrize("gradients", [False, True])
def test_two_states_and_three_prompts_are_one_call(comfy, kind, gradients):
    graph = Graph()
    model, channels = tiny_model(graph, kind), 16 if kind == "flux" else 4
    asked = joint(graph, model, *prompts_of(graph), batch=2, gradients=gradients)
    for node in graph.nodes.values():
        if node["class_type"] == "TestLatent":
            node["inputs"]["channels"] = channels
    found = told(comfy, graph, asked)
    assert found["apart"] < 1e-4
    assert (found["evaluations"], found["model_calls"]) == (3, 1)
    assert sorted(found["sides"][0]) == [0, 0, 1]
    assert found["reasons"] == []


@pytest.mark.parametrize("order", ["p", "n", "pn", "np", "ps", "sn", "psn", "nsp"])
def test_every_prompt_is_seen_on_its_own_side(comfy, order):
    graph = Graph()
    found = told(comfy, graph, joint(graph, tiny_model(graph), *prompts_of(graph), order))
    (sides,) = found["sides"]
    assert sorted(sides) == sorted(int(letter == "n") for letter in order)
    assert sides == sorted(sides, reverse=True)  # as the core shows them


def test_two_prompts_of_one_side_at_one_state_are_not_averaged(comfy):
    graph = Graph()
    found = told(comfy, graph, joint(graph, tiny_model(graph), *prompts_of(graph), "pp"))
    assert found["apart"] < 1e-4
    assert found["sides"] == [[0, 0]]


@pytest.mark.parametrize("name", [*ONE_CALL, *SEVERAL, *ON_ONE_PROMPT])
@pytest.mark.parametrize("on", ["both", "target"])
def test_what_is_attached_to_a_prompt_stays_with_it(comfy, lora, name, on):
    graph = Graph()
    model, (source, positive, negative) = tiny_model(graph), prompts_of(graph)
    plain_model = model
    model, positive, negative = ATTACHMENTS[name](graph, model, positive, negative, lora)
    if on == "both":
        source = ATTACHMENTS[name](graph, plain_model, source, negative, lora)[1]
    for gradients in (False, True):
        found = told(
            comfy, graph, joint(graph, model, source, positive, negative, gradients=gradients)
        )
        assert found["apart"] < 1e-4
        if name in ONE_CALL:
            assert (found["model_calls"], found["reasons"]) == (1, [])
        if name in SEVERAL:
            assert found["model_calls"] > 1
            assert SEVERAL[name] in found["reasons"]
        if name in ON_ONE_PROMPT:
            alike = name == "hooked lora" and on == "both"
            assert found["reasons"] == ([] if alike else [ON_ONE_PROMPT[name]])


@pytest.mark.parametrize(("tokens", "calls"), [((7, 14, 7), 1), ((7, 9, 7), 2)])
def test_prompts_that_differ_in_length(comfy, tokens, calls):
    graph = Graph()
    found = told(comfy, graph, joint(graph, tiny_model(graph), *prompts_of(graph, tokens)))
    assert found["apart"] < 1e-4
    assert found["model_calls"] == calls
    assert ("prompts that differ in length" in found["reasons"]) == (calls > 1)


@pytest.mark.parametrize("kind", ["eps", "hungry"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_fitted_null_text_and_little_memory(comfy, kind, batch):
    graph = Graph()
    prompts = prompts_of(graph, batch=batch)
    asked = joint(graph, tiny_model(graph, kind), *prompts, batch=batch, fitted=True)
    found = told(comfy, graph, asked)
    assert found["apart"] < 1e-4
    assert found["model_calls"] == (1 if kind == "eps" else 3 * batch)
    assert found["reasons"] == ([] if kind == "eps" else ["memory"])


@pytest.mark.parametrize("kind", ["eps", "hungry"])
@pytest.mark.parametrize("batch", [1, 2])
def test_an_image_prompt_is_the_positive_sides_alone_as_in_a_ksampler(comfy, kind, batch):
    graph = Graph()
    bare = tiny_model(graph, kind)
    model = graph.add("TestImagePrompt", model=bare, seed=1)[0]
    source, positive, negative = prompts_of(graph)
    latent = tiny_latent(graph, batch=batch)
    seed = invert(graph, bare, source, latent)[1]
    ours = sample_seed(graph, model, positive, negative, seed=seed)
    core = core_sampler(graph, model, positive, negative, seed)
    without = sample_seed(graph, bare, positive, negative, seed=seed)
    one, other, unpatched = comfy.latents(graph, ours[0], core[0], without[0])
    scale = float(other.std())
    assert float((one - other).abs().max()) < 1e-4 * scale
    assert float((one - unpatched).abs().max()) > 1e-2 * scale


def test_the_source_prompt_of_a_path_is_on_the_positive_side(comfy):
    graph = Graph()
    model = graph.add("TestImagePrompt", model=tiny_model(graph), seed=1)[0]
    source, _, negative = prompts_of(graph)
    latent = tiny_latent(graph)
    still = difference(graph, model, latent, source, source, negative, cfg=1.0, iterations=0)
    unmoved, start = comfy.latents(graph, still[0], latent)
    assert float((unmoved - start).abs().max()) < 1e-3 * float(start.std())


def test_null_text_under_an_image_prompt_starts_as_a_ksampler_does(comfy):
    graph = Graph()
    bare = tiny_model(graph)
    model = graph.add("TestImagePrompt", model=bare, seed=1)[0]
    source, _, negative = prompts_of(graph)
    inverted = invert(graph, bare, source, tiny_latent(graph, batch=2))
    hardly = {"inner_steps": 1, "learning_rate": 1e-5}
    fitted = null_text(graph, model, inverted[0], source, negative, **hardly)
    core = core_sampler(graph, model, source, negative, inverted[1])
    one, other = comfy.latents(graph, fitted[1], core[0])
    assert float((one - other).abs().max()) < 1e-3 * float(other.std())


def test_the_report_tells_how_many_calls_it_took_and_why(comfy, lora):
    graph = Graph()
    model, latent = tiny_model(graph), tiny_latent(graph)
    source, positive, negative = prompts_of(graph)
    _, placed, against = ATTACHMENTS["area"](graph, model, positive, negative, lora)
    plainly = difference(graph, model, latent, source, positive, negative, guided=0.5)
    apart = difference(graph, model, latent, source, placed, against, guided=0.5)
    reports = [comfy.texts(graph, one[2]) for one in (plainly, apart)]
    assert f"{2 * STEPS + STEPS // 2} evaluations in all, in {STEPS} model calls" in reports[0]
    assert "not fewer" not in reports[0]
    assert "not fewer because of areas" in reports[1]
