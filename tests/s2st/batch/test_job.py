"""What decides a result is a job's mark; where things lie is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from s2st.batch.job import FILE, Job, SizeSettings, kept_fact, mark_of_file
from s2st.look.structure import StructureForm
from s2st.path.settings import PathSettings

JOB = Job(prompt="day", target="night", look=Path("night.file"), look_mark="a1", model_mark="b2")
OTHERS = {
    "prompt 'day', here 'dusk'": replace(JOB, prompt="dusk"),
    "target 'night', here 'fog'": replace(JOB, target="fog"),
    "negative '', here 'blur'": replace(JOB, negative="blur"),
    "another look": replace(JOB, look_mark="a2"),
    "another model": replace(JOB, model_mark="b3"),
    "steps 7, here 4": replace(JOB, settings=PathSettings(steps=4)),
    "noise_seed 0, here 1": replace(JOB, settings=PathSettings(noise_seed=1)),
    "structure 'scale-free', here 'l1'": replace(
        JOB, settings=PathSettings(structure=StructureForm.L1)
    ),
    "regions 0, here 4": replace(JOB, sizes=SizeSettings(regions=4)),
    "one_noise False, here True": replace(JOB, one_noise=True),
}


@pytest.mark.parametrize("words", list(OTHERS))
def test_another_job_in_the_same_folder_is_refused_with_what_differs(tmp_path, words):
    other = OTHERS[words]
    assert other.fingerprint != JOB.fingerprint
    JOB.claim(tmp_path / "out")
    before = (tmp_path / "out" / FILE).read_bytes()
    with pytest.raises(ValueError) as refused:
        other.claim(tmp_path / "out")
    message = str(refused.value)
    assert f"results of another job ({words})" in message and "name another --out" in message
    assert (tmp_path / "out" / FILE).read_bytes() == before


def test_the_same_job_goes_on_wherever_its_look_lies(tmp_path):
    JOB.claim(tmp_path)
    moved = replace(JOB, look=Path("elsewhere.file"), model_name="renamed")
    moved.claim(tmp_path)
    assert moved.fingerprint == JOB.fingerprint
    assert kept_fact(tmp_path, "target") == "night"
    assert kept_fact(tmp_path, "nothing") is kept_fact(tmp_path / "new", "target") is None


@pytest.mark.parametrize("contents", [b"", b"{", b'{"s2st": "job", "version": 1}'])
def test_a_damaged_job_is_refused(tmp_path, contents):
    (tmp_path / FILE).write_bytes(contents)
    with pytest.raises(ValueError, match="damaged"):
        JOB.claim(tmp_path)


def test_a_files_mark_is_that_of_its_contents(tmp_path):
    for name, contents in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        (tmp_path / name).write_bytes(contents)
    one, same, other = (mark_of_file(tmp_path / name) for name in "abc")
    assert one == same != other
