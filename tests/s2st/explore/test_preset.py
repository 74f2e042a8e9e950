import json

import pytest

from s2st import Spacing, StructureForm
from s2st.explore.preset import Preset
from s2st.path.settings import PathSettings

SETTINGS = PathSettings(
    steps=5, guidance=1.5, structure=StructureForm.L1, spacing=Spacing.LEADING, noise_seed=7
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.s2st.json"
    preset = Preset(settings=SETTINGS, measures={"look": 0.9}, made={"model": "abc"})
    preset.save(path)
    return path


def changed(path, change):
    """The file with one thing changed."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    change(facts)
    path.write_text(json.dumps(facts), encoding="utf-8")


def test_what_is_saved_is_loaded_but_for_the_noise_seed(path):
    loaded = Preset.load(path)
    assert loaded.settings == PathSettings(**{**vars(SETTINGS), "noise_seed": 0})
    assert loaded.measures == {"look": 0.9}
    assert loaded.made["model"] == "abc" and loaded.made["s2st"]


def test_a_setting_that_a_file_leaves_out_has_its_default(path):
    changed(path, lambda facts: facts["settings"].pop("tolerance"))
    assert Preset.load(path).settings.tolerance == PathSettings().tolerance


def test_a_person_may_write_whole_numbers(path):
    changed(path, lambda facts: facts["settings"].update(guidance=2))
    assert Preset.load(path).settings.guidance == 2


WRONG = {
    "an unknown name": (lambda f: f["settings"].update(strenght=1), "sets strenght, but a preset"),
    "a noise seed": (lambda f: f["settings"].update(noise_seed=1), "sets noise_seed"),
    "too many steps": (lambda f: f["settings"].update(steps=9999), "steps is 9999, but must lie"),
    "half a step": (lambda f: f["settings"].update(steps=5.5), "steps is 5.5, but must be a whole"),
    "a word": (lambda f: f["settings"].update(guidance="2"), "guidance is '2', but must be a"),
    "a list": (lambda f: f["settings"].update(spacing=["x"]), "spacing is .'x'., but must be one"),
    "no choice": (lambda f: f["settings"].update(structure="l3"), "structure is 'l3', but must"),
    "no settings": (lambda f: f.pop("settings"), "has no settings, but a preset file holds"),
    "settings that are a list": (lambda f: f.update(settings=[]), "has no settings, but"),
    "another kind": (lambda f: f.update(s2st="trajectory"), "holds a trajectory, but a preset"),
    "no kind": (lambda f: f.pop("s2st"), "was not written by S2ST, but a preset"),
    "a newer version": (lambda f: f.update(version=2), "format version 2, but this S2ST reads up"),
}


@pytest.mark.parametrize("what", list(WRONG))
def test_a_wrong_file_is_refused_in_one_sentence_with_its_name(path, what):
    change, words = WRONG[what]
    changed(path, change)
    with pytest.raises(ValueError, match=words) as refused:
        Preset.load(path)
    message = str(refused.value)
    assert message.startswith(path.name) and "\n" not in message and message.endswith(".")


@pytest.mark.parametrize("contents", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_refused(path, contents):
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"mine\.s2st\.json cannot be read as a preset file"):
        Preset.load(path)
