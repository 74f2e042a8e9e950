"""Reports tell what was otherwise when a trajectory was made, and which prompt is not read."""

import pytest
from graphs import (
    Graph,
    invert,
    null_text,
    optimize,
    sample_seed,
    seed_translate,
    tiny_latent,
    tiny_model,
    tiny_prompt,
    translate,
)

from s2st import Trajectory

OTHER = "the trajectory was made with"
UNREAD = "negative prompt is not read"


class Wiring:
    """A trajectory, made with its own model and prompt, and the parts of a later graph."""

    def __init__(self, made_with=None):
        self.graph = Graph()
        self.model = tiny_model(self.graph, seed=21)
        self.source, self.positive, self.negative = (
            tiny_prompt(self.graph, seed) for seed in (3, 5, 4)
        )
        self.domain = tiny_latent(self.graph, 9)
        made_with = made_with(self.graph, self.model) if made_with else self.model
        latent = tiny_latent(self.graph)
        self.trajectory, self.seed = (
            invert(self.graph, made_with, self.source, latent, steps=2)[index] for index in (0, 1)
        )

    def report(self, comfy, model=None, source=None, trajectory=None, method="negative prompt"):
        """What Null-Text Invert reports, which is given the source prompt again."""
        fitted = null_text(
            self.graph,
            model or self.model,
            trajectory or self.trajectory,
            source or self.source,
            self.negative,
            method=method,
        )
        return comfy.texts(self.graph, fitted[2])


def test_the_same_model_and_prompt_give_no_note(comfy):
    assert OTHER not in Wiring().report(comfy)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e4m3fn"])
def test_another_dtype_is_the_same_checkpoint(comfy, dtype):
    w = Wiring()
    assert OTHER not in w.report(comfy, model=tiny_model(w.graph, dtype=dtype, seed=21))


def test_weights_of_another_checkpoint_are_told(comfy):
    w = Wiring()
    report = w.report(comfy, model=tiny_model(w.graph, seed=22))
    assert f"{OTHER} weights of another checkpoint" in report
    assert report.count(OTHER) == 1


def test_another_source_prompt_is_told(comfy):
    w = Wiring()
    report = w.report(comfy, source=tiny_prompt(w.graph, 8))
    assert f"{OTHER} another source prompt" in report and report.count(OTHER) == 1
    longer = w.report(comfy, source=tiny_prompt(w.graph, 3, tokens=9))
    assert f"{OTHER} another source prompt" in longer


def with_lora(name, strength):
    def changed(graph, model):
        return graph.add(
            "LoraLoaderModelOnly", model=model, lora_name=name, strength_model=strength
        )[0]

    return changed


@pytest.mark.parametrize("strength", [None, 0.5], ids=["none", "half as strong"])
def test_another_lora_is_told(comfy, lora, strength):
    w = Wiring(made_with=with_lora(lora, 1.0))
    model = w.model if strength is None else with_lora(lora, strength)(w.graph, w.model)
    report = w.report(comfy, model=model)
    assert f"{OTHER} other patches" in report
    assert report.count(OTHER) == 1  # the weights under it are the same, patched in place or not


def test_the_same_lora_in_a_later_session_gives_no_note(comfy, lora):
    w = Wiring(made_with=with_lora(lora, 1.0))
    saved = w.graph.add("S2ST_SaveTrajectory", trajectory=w.trajectory, filename_prefix="notes/a")
    name = comfy.texts(w.graph, saved[0])
    comfy.client.free()
    later = Wiring()
    trajectory = later.graph.add("S2ST_LoadTrajectory", file=name)[0]
    model = with_lora(lora, 1.0)(later.graph, later.model)
    assert OTHER not in later.report(comfy, model=model, trajectory=trajectory)
    assert f"{OTHER} other patches" in later.report(comfy, trajectory=trajectory)


FACTS = {
    "none, as in older files": lambda facts: {"model": facts["model"]},
    "damaged ones": lambda facts: {**facts, "weights": {"values": 3}, "source_prompt": [1]},
}


@pytest.mark.parametrize("name", list(FACTS))
def test_a_file_without_a_fingerprint_is_loaded(comfy, name):
    w = Wiring()
    saved = w.graph.add("S2ST_SaveTrajectory", trajectory=w.trajectory, filename_prefix="notes/b")
    path = comfy.server.base / "output" / comfy.texts(w.graph, saved[0])
    whole = Trajectory.load(path)
    older = path.with_name(f"{len(name)}.s2st.safetensors")
    Trajectory(whole.states, whole.schedule, FACTS[name](whole.facts)).save(older)
    trajectory = w.graph.add("S2ST_LoadTrajectory", file=f"notes/{older.name}")[0]
    assert OTHER not in w.report(comfy, trajectory=trajectory)


def test_every_node_that_goes_on_with_a_trajectory_tells(comfy):
    w = Wiring()
    other = tiny_model(w.graph, seed=22)
    moved = seed_translate(
        w.graph, other, w.trajectory, w.positive, w.negative, w.domain, iterations=1
    )
    done = optimize(
        w.graph, other, w.trajectory, w.seed, w.positive, w.negative, w.domain, iterations=1
    )
    sampled = sample_seed(w.graph, other, w.positive, w.negative, trajectory=w.trajectory)
    for report in (moved[3], done[2], sampled[1]):
        assert f"{OTHER} weights of another checkpoint" in comfy.texts(w.graph, report)


METHODS = {"null-text": False, "negative prompt": True, "fast null-text": True}


@pytest.mark.parametrize("method", list(METHODS))
def test_the_report_says_where_the_negative_prompt_is_not_read(comfy, method):
    w = Wiring()
    assert (UNREAD in w.report(comfy, method=method)) is METHODS[method]
    whole = translate(
        w.graph,
        w.model,
        w.source,
        w.positive,
        w.negative,
        tiny_latent(w.graph),
        w.domain,
        steps=2,
        null_text=method,
    )
    assert (UNREAD in comfy.texts(w.graph, whole[2])) is METHODS[method]


def test_connected_null_text_is_said_to_replace_the_negative_prompt(comfy):
    w = Wiring()
    fitted = null_text(
        w.graph, w.model, w.trajectory, w.source, w.negative, method="negative prompt"
    )[0]
    prompts = (w.positive, w.negative)
    done = optimize(
        w.graph, w.model, w.trajectory, w.seed, *prompts, w.domain, null_text=fitted, iterations=1
    )
    sampled = sample_seed(w.graph, w.model, *prompts, trajectory=w.trajectory, null_text=fitted)
    for report in (done[2], sampled[1]):
        assert "takes the place of the negative prompt" in comfy.texts(w.graph, report)
