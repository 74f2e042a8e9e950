"""Settings of whole methods: what was tried to do better than the paper, and its parts."""

from __future__ import annotations

from dataclasses import replace

from s2st import NullTextMethod, Spacing

from .choices import NULL_TEXT, PATH, SEED, WASSERSTEIN, Choice, Eta, Paper, Path, along

Labels = tuple[str, ...]


def left_out() -> dict[Labels, Paper]:
    """All stages of the paper, and the same with one left out."""
    whole = Paper(trajectory=WASSERSTEIN, null_text=NULL_TEXT, seed=SEED)
    return {
        ("nothing",): whole,
        ("null text",): replace(whole, null_text=None),
        ("seed translation",): replace(whole, seed=None),
        ("trajectory optimisation",): replace(whole, trajectory=along(iterations=0)),
    }


def ideas() -> dict[Labels, Choice]:
    """Better than the paper: the difference path, its parts, and what else was tried."""
    bare = replace(PATH, iterations=0)
    found: dict[str, Choice] = {
        "DDIM inversion, plain sampling": Paper(trajectory=along(iterations=0)),
        "trajectory optimisation, Wasserstein": Paper(trajectory=WASSERSTEIN),
        "difference path, plain": Path(config=None),
        "difference path, two draws": Path(config=None, draws=2),
        "mirrored noise": Path(config=replace(bare, guided=1.0)),
        "mirrored noise, early guidance": Path(config=bare),
        "all, with the domain's mean look": changed(neighbours=64, tolerance=0.0),
        "all, with the nearest looks": changed(tolerance=0.0),
        "all, with the nearest looks and tolerance (the default)": Path(),
        "the default with more tolerance": changed(tolerance=1.0),
        "the default with longer updates": changed(learning_rate=0.01),
        "the default with a firmer structure term": changed(structure_weight=1.0),
        "the default without the structure term": changed(structure_weight=0.0),
        "the default, detail restored": Path(detail=True),
        "difference path, plain, detail restored": Path(config=None, detail=True),
    }
    return {(name,): choice for name, choice in found.items()}


def changed(**changes: float) -> Path:
    """Our path with a change of its config."""
    return Path(config=replace(PATH, **changes))


def whole() -> dict[Labels, Choice]:
    """The first is the library's default; each of the others differs from it in what it says."""
    late = along(start=0.4, structure_weight=3.0)
    default = Paper(trajectory=late, seed=SEED, guided_seed=False, spacing=Spacing.LEADING)
    early, light = replace(late, start=0.0), replace(late, structure_weight=1.0)
    fast = replace(NULL_TEXT, method=NullTextMethod.FAST)
    changes: dict[str, dict] = {
        "the default": {},
        "weight 1": {"trajectory": light},
        "from the first step": {"trajectory": early},
        "from the first step, weight 1": {"trajectory": WASSERSTEIN},
        "guided seed translation": {"guided_seed": True},
        "fast null text": {"null_text": fast},
        "the paper's null text": {"null_text": NULL_TEXT},
        "no seed translation": {"seed": None},
        "no seed translation, from the first step, weight 1": {
            "seed": None,
            "trajectory": WASSERSTEIN,
        },
        "no trajectory optimisation": {"trajectory": replace(late, iterations=0)},
        "no correlation factors": {"eta": Eta.UNIFORM},
        "trailing steps": {"spacing": Spacing.TRAILING},
        "two and a half times the steps": {"steps": 50},
        "guidance 7.5": {"guidance": 7.5},
        "guidance 7.5, fast null text": {"guidance": 7.5, "null_text": fast},
    }
    return {(name,): replace(default, **changed) for name, changed in changes.items()}
