"""The oldest core that is supported runs the same graphs to the same results."""

import json

import pytest
import torch
from conftest import PACKS, Comfy
from graphs import (
    Graph,
    core_sampler,
    difference,
    invert,
    null_text,
    optimize,
    paint,
    sample_seed,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)
from test_object_info import GOLDEN, described, ours
from test_restyle import Wiring as Restyling
from test_running import progress_of, relative
from test_token_regions import Wiring

from tools.comfyui import OLD_RELEASE, obtain, running


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    base = tmp_path_factory.mktemp("old-comfyui")
    extra = ["--cpu", "--preview-method", "latent2rgb"]
    with running(obtain(OLD_RELEASE), base, extra, PACKS) as server:
        comfy = Comfy(server)
        yield comfy
        comfy.client.close()


def stepwise(kind="eps", dtype="float32"):
    graph = Graph()
    model = tiny_model(graph, kind, dtype)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    latent, domain = tiny_latent(graph), tiny_latent(graph, 9, batch=2)
    inverted = invert(graph, model, source, latent, steps=5, refine=1)
    trajectory = inverted[0]
    fitted = null_text(graph, model, trajectory, source, negative)
    moved = seed_translate(graph, model, trajectory, positive, negative, domain)
    done = optimize(
        graph,
        model,
        trajectory,
        moved[0],
        positive,
        negative,
        domain,
        gradient="exact",
        iterations=1,
        null_text=fitted[0],
    )
    prompts = (source, positive, negative)
    path = difference(graph, model, latent, *prompts, target_domain=domain)
    return graph, (inverted[1], fitted[1], moved[0], done[0], path[0])


def test_the_nodes_are_the_same(old):
    assert described(ours(old)) == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["eps", "v", "flow"])
def test_sampling_a_seed_equals_the_old_core(old, kind):
    graph = Graph()
    model = tiny_model(graph, kind)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    seed = invert(graph, model, source, tiny_latent(graph))[1]
    ours_ = sample_seed(graph, model, positive, negative, seed=seed)
    core = core_sampler(graph, model, positive, negative, seed)
    one, other = old.latents(graph, ours_[0], core[0])
    assert float((one - other).abs().max()) < 1e-4 * float(other.std())


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_stage_gives_what_the_new_core_gives(comfy, old, dtype):
    results = [server.latents(*flattened(stepwise(dtype=dtype))) for server in (comfy, old)]
    limits = (0.01, 0.01, 0.01, 0.05, 0.01) if dtype == "float32" else (0.02, 0.05, 0.05, 0.1, 0.05)
    for one, other, limit in zip(*results, limits, strict=True):
        apart = float((one - other).square().mean().sqrt())
        assert apart < limit * float(one.std())


def flattened(wired):
    graph, references = wired
    return (graph, *references)


def test_words_keep_to_their_regions_as_in_the_new_core(comfy, old):
    """It reads no attention override, so each block's attention is replaced."""
    results = []
    for server in (comfy, old):
        w = Wiring()
        applied = w.applied()
        strokes = w.graph.add("EmptyImage", width=64, height=64, batch_size=1, color=0x336699)[0]
        painted = paint(w.graph, applied[0], w.vae, applied[1], w.words(""), strokes, steps=4)
        plain = w.sampled(w.model, applied[1])
        results.append(
            server.latents(w.graph, w.sampled(applied[0], applied[1]), painted[1], plain)
        )
    (held, painted, plain), others = results
    assert relative(held, [others[0]]) < 0.01
    assert relative(painted, [others[1]]) < 0.05
    assert relative(held, [plain]) > 0.05


def test_the_one_simple_node_works(old):
    w = Restyling()
    made, day = w.seen(old, w.restyled()[0], w.day)
    assert made.shape == day.shape and 0.1 < abs(made - day).mean() < 0.6


def test_a_ksampler_gives_the_same_bits_before_and_after(old):
    graph = Graph()
    model, latent = tiny_model(graph, seed=2), tiny_latent(graph)
    positive, negative = tiny_prompt(graph, 5), tiny_prompt(graph, 4)
    before = core_sampler(graph, model, positive, negative, latent)
    waited = graph.add("TestAfter", model=model, after=before[0])[0]
    changes = {"steps": 4, "gradient": "exact", "null_text": "null-text"}
    done = translate(
        graph, waited, positive, positive, negative, latent, tiny_latent(graph, 9), **changes
    )
    later = graph.add("TestAfter", model=model, after=done[0])[0]
    after = core_sampler(graph, later, positive, negative, latent)
    first, second = old.latents(graph, before[0], after[0])
    assert torch.equal(first, second)


def test_the_bar_and_the_previews_work(old):
    graph = Graph()
    model, latent, domain = tiny_model(graph), tiny_latent(graph), tiny_latent(graph, 9)
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    done = translate(graph, model, source, positive, negative, latent, domain)
    graph.add("SaveLatent", samples=done[0], filename_prefix="old")
    run = old.client.run(graph.nodes)
    values = progress_of(run, done.name)
    assert values[-1][0] == values[-1][1] > 10
    assert len(run.previews) >= 5
