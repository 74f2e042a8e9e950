"""Progress, preview, cancel, determinism and memory, as a user meets them."""

import psutil
import pytest
import torch
from graphs import (
    Graph,
    difference,
    invert,
    null_text,
    optimize,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)


def wired(seed=1, batch=1):
    graph = Graph()
    model = tiny_model(graph, seed=seed)
    prompts = [tiny_prompt(graph, number) for number in (3, 5, 4)]
    return graph, model, prompts, tiny_latent(graph, batch=batch), tiny_latent(graph, 9, batch=2)


def heavy(graph, model, prompts, latent, domain, name):
    """One node of each kind with enough work to watch."""
    source, positive, negative = prompts
    if name == "S2ST_Translate":
        changes = {"null_text": "null-text", "steps": 10, "gradient": "exact"}
        done = translate(graph, model, source, positive, negative, latent, domain, **changes)
        return done, done[0]
    inverted = invert(graph, model, source, latent, refine=2, check=True)
    if name == "S2ST_DDIMInvert":
        return inverted, inverted[1]
    trajectory, seed = inverted[0], inverted[1]
    if name == "S2ST_NullTextInvert":
        done = null_text(graph, model, trajectory, source, negative, inner_steps=5)
        return done, done[1]
    if name == "S2ST_SeedTranslate":
        done = seed_translate(
            graph, model, trajectory, positive, negative, domain, iterations=5, lookahead=4
        )
        return done, done[0]
    if name == "S2ST_DifferencePath":
        done = difference(graph, model, latent, *prompts, target_domain=domain)
        return done, done[0]
    done = optimize(
        graph, model, trajectory, seed, positive, negative, domain, gradient="exact", iterations=3
    )
    return done, done[0]


NAMES = (
    "S2ST_DDIMInvert",
    "S2ST_NullTextInvert",
    "S2ST_SeedTranslate",
    "S2ST_TrajectoryOptimize",
    "S2ST_DifferencePath",
    "S2ST_Translate",
)


def progress_of(run, node):
    return [(one["value"], one["max"]) for one in run.named("progress") if one["node"] == node]


@pytest.mark.parametrize("name", NAMES)
def test_one_bar_over_the_whole_work_with_previews(comfy, name):
    graph, *parts = wired(seed=11)
    node, latent = heavy(graph, *parts, name)
    graph.add("SaveLatent", samples=latent, filename_prefix="progress")
    run = comfy.client.run(graph.nodes)
    values = progress_of(run, node.name)
    assert len({most for _, most in values}) == 1
    assert values[0][1] > 10  # the whole work, not the steps alone
    assert values[-1][0] == values[-1][1]
    assert [value for value, _ in values] == sorted(value for value, _ in values)
    assert len({value for value, _ in values}) >= 10
    assert len(run.previews) >= 5


@pytest.mark.parametrize("name", NAMES)
def test_cancel_takes_effect_within_one_evaluation_and_the_next_queue_works(comfy, name):
    graph, model, *parts = wired(seed=12)
    slow = graph.add("TestSlowModel", model=model, seconds=0.3)[0]
    node, latent = heavy(graph, model, *parts, name)
    graph.nodes[node.name]["inputs"]["model"] = slow
    graph.add("SaveLatent", samples=latent, filename_prefix="cancelled")
    seen = comfy.cancelled(graph, node, at=3)
    # The evaluation that was under way, and the step it ends, may still be told of.
    assert 3 <= len(seen) <= 5
    assert seen[-1][0] < seen[-1][1]
    again, *parts = wired(seed=12)
    _, latent = heavy(again, *parts, name)
    assert torch.isfinite(comfy.latents(again, latent)[0]).all()


@pytest.mark.parametrize("name", ["S2ST_TrajectoryOptimize", "S2ST_DifferencePath"])
def test_cancel_does_not_wait_for_the_end_of_a_long_inner_loop(comfy, name):
    """Updates ask the model nothing, and Cancel was looked for in evaluations alone."""
    graph, *parts = wired(seed=16)
    node, latent = heavy(graph, *parts, name)
    graph.nodes[node.name]["inputs"] |= {"iterations": 500, "cfg": 1.0}
    if name == "S2ST_TrajectoryOptimize":
        graph.nodes[node.name]["inputs"]["gradient"] = "frozen"
    graph.add("SaveLatent", samples=latent, filename_prefix="long")
    seen = comfy.cancelled(graph, node)
    # The first evaluation was told of; the step, which ends after 500 updates, was not.
    assert len(seen) == 1


def test_the_same_graph_gives_the_same_bits_and_leaves_global_randomness_alone(comfy):
    results, states = [], []
    for _ in range(2):
        comfy.client.free()
        graph, *parts = wired(seed=13)
        before = graph.add("TestRandomState", after=parts[2])
        changed = (*parts[:2], before[1], parts[3])
        _, latent = heavy(graph, *changed, "S2ST_Translate")
        after = graph.add("TestRandomState", after=latent)
        shown = [graph.add("PreviewAny", source=one[0]).name for one in (before, after)]
        prefix = f"same{len(results)}"
        graph.add("SaveLatent", samples=after[1], filename_prefix=prefix)
        run = comfy.client.run(graph.nodes)
        states.append([run.outputs[name]["text"][0] for name in shown])
        results.append(comfy.saved(prefix))
    assert torch.equal(results[0], results[1])
    assert all(first == last for first, last in states)


def test_memory_does_not_grow_over_twenty_runs(comfy):
    process = psutil.Process(comfy.server.process.pid)
    changes = {"steps": 3, "null_text": "fast null-text", "gradient": "exact"}
    changes |= {"seed_iterations": 1, "lookahead": 1}
    sizes = []
    for number in range(20):
        graph, model, prompts, _, domain = wired(seed=14)
        latent = tiny_latent(graph, seed=100 + number)
        graph.add(
            "PreviewAny",
            source=translate(
                graph, model, *prompts, latent, domain, **changes, trajectory_iterations=1
            )[0],
        )
        comfy.client.run(graph.nodes)
        sizes.append(process.memory_info().rss)
    assert sizes[-1] - sizes[4] < 40e6


def relative(batch, singles):
    """The largest difference as a share of the batch's own spread."""
    return float((batch - torch.cat(singles)).abs().max() / batch.std())


def test_a_batch_of_four_equals_four_singles(comfy):
    graph, model, prompts, latent, domain = wired(seed=15, batch=4)
    source, positive, negative = prompts
    found = {"seed": [], "null text": [], "translated": []}
    singles = [
        graph.add("LatentFromBatch", samples=latent, batch_index=number, length=1)[0]
        for number in range(4)
    ]
    for one in (latent, *singles):
        trajectory = invert(graph, model, source, one, steps=5)[0]
        fitted = null_text(graph, model, trajectory, source, negative)
        moved = seed_translate(graph, model, trajectory, positive, negative, domain)
        done = optimize(
            graph, model, trajectory, moved[0], positive, negative, domain, null_text=fitted[0]
        )
        for name, reference in zip(found, (moved[0], fitted[1], done[0]), strict=True):
            found[name].append(reference)
    flat = [reference for references in found.values() for reference in references]
    latents = comfy.latents(graph, *flat)
    by_name = {name: latents[5 * i : 5 * i + 5] for i, name in enumerate(found)}
    apart = {name: relative(one[0], one[1:]) for name, one in by_name.items()}
    assert max(apart.values()) < 1e-3, apart


def test_a_batch_too_large_for_memory_goes_through_in_parts(comfy):
    graph = Graph()
    source, positive, negative = (tiny_prompt(graph, seed) for seed in (3, 5, 4))
    latent, domain, done = tiny_latent(graph, batch=3), tiny_latent(graph, 9), []
    for kind in ("eps", "hungry"):
        model = tiny_model(graph, kind)
        trajectory = invert(graph, model, source, latent, steps=5)[0]
        fitted = null_text(graph, model, trajectory, source, negative)
        moved = seed_translate(graph, model, trajectory, positive, negative, domain)
        done += [fitted[1], moved[0]]
    whole, seeds, in_parts, seeds_in_parts = comfy.latents(graph, *done)
    assert relative(in_parts, [whole]) < 1e-3
    assert relative(seeds_in_parts, [seeds]) < 1e-3


def test_a_film_goes_through_in_parts_and_the_bar_tells_of_each(comfy):
    """One call of all frames would leave nothing to see, and nothing to cancel, for minutes."""
    graph, model, prompts, latent, _ = wired(seed=17, batch=64)
    last = graph.add("LatentFromBatch", samples=latent, batch_index=63, length=1)[0]
    node, alone = (invert(graph, model, prompts[0], one, steps=5) for one in (latent, last))
    told = graph.add("PreviewAny", source=node[2])
    for number, one in enumerate((node[1], alone[1])):
        graph.add("SaveLatent", samples=one, filename_prefix=f"film{number}")
    run = comfy.client.run(graph.nodes)
    film, picture = (comfy.saved(f"film{number}") for number in range(2))
    assert relative(film[-1:], [picture]) < 1e-3
    assert len(progress_of(run, node.name)) >= 2 * 5
    assert "not fewer because of many pictures" in run.outputs[told.name]["text"][0]
