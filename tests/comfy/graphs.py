"""API-form graphs for the tests: a tiny builder and the pieces every test wires."""

import itertools

STEPS = 10


class Graph:
    """Collects nodes; `add` returns a reference to the node's outputs."""

    def __init__(self):
        self.nodes = {}
        self._names = itertools.count(1)

    def add(self, class_type, **inputs):
        name = str(next(self._names))
        self.nodes[name] = {"class_type": class_type, "inputs": inputs}
        return Reference(name)


class Reference:
    """`node[0]` is the first output of a node."""

    def __init__(self, name):
        self.name = name

    def __getitem__(self, index):
        return [self.name, index]


def tiny_model(graph, kind="eps", dtype="float32", seed=1):
    return graph.add("TestModel", kind=kind, dtype=dtype, seed=seed)[0]


def tiny_prompt(graph, seed, tokens=7, width=24, batch=1, pooled=True, value="random"):
    return graph.add(
        "TestPrompt",
        seed=seed,
        tokens=tokens,
        width=width,
        batch=batch,
        pooled=pooled,
        value=value,
    )[0]


def tiny_latent(graph, seed=5, batch=1, channels=4, height=16, width=16, value="random"):
    return graph.add(
        "TestLatent",
        seed=seed,
        batch=batch,
        channels=channels,
        height=height,
        width=width,
        value=value,
    )[0]


def picture(graph, seed=7, batch=1, height=64, width=64, channels=3):
    return graph.add(
        "TestPicture", seed=seed, batch=batch, height=height, width=width, channels=channels
    )[0]


def odd_picture(graph, value="plain", batch=1, height=64, width=64, channels=3, seed=7):
    """`node[0]` is the picture, `node[1]` its mask."""
    sizes = {"batch": batch, "height": height, "width": width, "channels": channels}
    return graph.add("TestOddPicture", seed=seed, value=value, **sizes)


def invert(graph, model, positive, latent, **changes):
    values = {"steps": STEPS, "spacing": "leading", "refine": 0, "check": False, **changes}
    return graph.add("S2ST_DDIMInvert", model=model, positive=positive, latent=latent, **values)


def null_text(graph, model, trajectory, positive, negative, **changes):
    values = {
        "cfg": 3.0,
        "method": "null-text",
        "inner_steps": 3,
        "learning_rate": 0.01,
        "tolerance": 1e-5,
        **changes,
    }
    return graph.add(
        "S2ST_NullTextInvert",
        model=model,
        trajectory=trajectory,
        positive=positive,
        negative=negative,
        **values,
    )


def correlation(graph, source, target, **changes):
    values = {"distance": "histogram", "sharpness": 1.0, **changes}
    return graph.add("S2ST_CorrelationFactor", source_domain=source, target_domain=target, **values)


def seed_translate(graph, model, trajectory, positive, negative, domain, **changes):
    values = {
        "iterations": 2,
        "learning_rate": 0.03,
        "structure_weight": 1.0,
        "appearance_weight": 1.0,
        "lookahead": 2,
        "cfg": 1.0,
        "keep_shell": True,
        "structure": "scale-free",
        "distance": "histogram",
        **changes,
    }
    return graph.add(
        "S2ST_SeedTranslate",
        model=model,
        trajectory=trajectory,
        positive=positive,
        negative=negative,
        target_domain=domain,
        **values,
    )


def optimize(graph, model, trajectory, seed, positive, negative, domain, **changes):
    values = {
        "cfg": 3.0,
        "iterations": 2,
        "learning_rate": 0.0075,
        "structure_weight": 1.0,
        "appearance_weight": 1.0,
        "start": 0.0,
        "end": 1.0,
        "gradient": "frozen",
        "reference": "source",
        "structure": "scale-free",
        "distance": "histogram",
        **changes,
    }
    return graph.add(
        "S2ST_TrajectoryOptimize",
        model=model,
        trajectory=trajectory,
        seed=seed,
        positive=positive,
        negative=negative,
        target_domain=domain,
        **values,
    )


def difference(graph, model, latent, source, positive, negative, **changes):
    values = {
        "cfg": 2.5,
        "noise_seed": 0,
        "guided": 0.6,
        "iterations": 2,
        "learning_rate": 0.0025,
        "structure_weight": 0.2,
        "appearance_weight": 1.0,
        "structure": "scale-free",
        "neighbours": 3,
        "tolerance": 1.0,
        "first_draws": 1,
        "matching": 0.0,
        "steps": STEPS,
        "spacing": "leading",
        "latent": latent,
        **changes,
    }
    prompts = {"source": source, "positive": positive, "negative": negative}
    return graph.add("S2ST_DifferencePath", model=model, **prompts, **values)


def make_look(graph, images, vae, **changes):
    values = {"megapixels": 1.0, "prompt": "", **changes}
    return graph.add("S2ST_MakeLook", images=images, vae=vae, **values)


def regions(graph, model, prompt, latent, domain, **changes):
    values = {"count": 3, "search_seed": 0, "latent": latent, "target_domain": domain, **changes}
    return graph.add("S2ST_Regions", model=model, prompt=prompt, **values)


def paint(graph, model, vae, positive, negative, strokes, **changes):
    values = {
        "method": "GradOP+",
        "cfg": 2.5,
        "steps": STEPS,
        "spacing": "trailing",
        "noise_seed": 0,
        "strength": 0.6,
        "faithfulness": 4,
        "optimised": 3,
        "learning_rate": 0.1,
        "variable": "noisy latent",
        "noise": "fresh",
        "clamp": "before f",
        "length": "level",
        "painting": "blur",
        "colours": 6,
        "gamma": 0.01,
        "structure_weight": 0.0,
        "appearance_weight": 0.1,
        "shared_noise": True,
        **changes,
    }
    given = {"model": model, "vae": vae, "positive": positive, "negative": negative}
    return graph.add("S2ST_PaintStrokes", strokes=strokes, **given, **values)


def sample_seed(graph, model, positive, negative, **changes):
    values = {"cfg": 3.0, "steps": STEPS, "spacing": "leading", **changes}
    return graph.add("S2ST_SampleSeed", model=model, positive=positive, negative=negative, **values)


def translate(graph, model, source, positive, negative, latent, domain, **changes):
    values = {
        "cfg": 3.0,
        "steps": STEPS,
        "spacing": "leading",
        "refine": 0,
        "null_text": "negative prompt",
        "seed_iterations": 2,
        "seed_learning_rate": 0.03,
        "seed_structure_weight": 1.0,
        "lookahead": 2,
        "guided_seed": True,
        "trajectory_iterations": 2,
        "trajectory_learning_rate": 0.0075,
        "trajectory_start": 0.0,
        "gradient": "frozen",
        "structure_weight": 1.0,
        "appearance_weight": 1.0,
        "distance": "histogram",
        **changes,
    }
    return graph.add(
        "S2ST_Translate",
        model=model,
        source=source,
        positive=positive,
        negative=negative,
        latent=latent,
        target_domain=domain,
        **values,
    )


def core_sampler(graph, model, positive, negative, seed, sampler="ddim", cfg=3.0, steps=STEPS):
    """The core's own sampling from our seed: no noise added, the schedule of 'leading'."""
    return graph.add(
        "KSamplerAdvanced",
        model=model,
        positive=positive,
        negative=negative,
        latent_image=seed,
        add_noise="disable",
        noise_seed=0,
        steps=steps,
        cfg=cfg,
        sampler_name=sampler,
        scheduler="ddim_uniform",
        start_at_step=0,
        end_at_step=steps,
        return_with_leftover_noise="disable",
    )
