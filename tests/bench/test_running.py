"""Running methods: what is made once is kept, what fails is told, and nothing stale is taken."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from bench.lab import PAIRS, Family, Meter, Method
from bench.methods import BOUNDS, all_methods, chosen
from bench.rivals.inversion import PLAIN as DDIM
from bench.running import batches, make_missing
from bench.store import Job, Made, Store, code_of, eight_bits, files_hash
from demo_world import TUNING_SEEDS

IDENTITY = BOUNDS[0]
SEEDS = tuple(TUNING_SEEDS[:2])


def darkened(case, setting, meter, by):
    meter.evaluations += 1
    return case.source * setting["keep"] - by


def refusing(case, setting, meter):
    raise RuntimeError("this method refuses")


def method(run, name="Darkened"):
    return Method(name=name, family=Family.RIVAL, run=run, settings=({"keep": 0.5},))


def job(method, pair=PAIRS[0], seeds=SEEDS, setting=None):
    return Job(pair, method, method.settings[0] if setting is None else setting, seeds)


@pytest.fixture
def store(tmp_path):
    return Store(steps=2, references=2, folder=tmp_path)


def stamps(store):
    return {path: path.stat().st_mtime_ns for path in store.folder.rglob("*.safetensors")}


def test_batches_do_not_depend_on_how_many_scenes_follow():
    few, many = batches(range(100, 112)), batches(range(100, 164))
    assert few[0] == many[0] == tuple(range(100, 108))
    assert few[1] == (108, 109, 110, 111)
    assert len(many) == 8


def test_pictures_are_kept_as_a_file_would_hold_them(store):
    pictures = torch.tensor([-0.2, 0.0, 0.5, 1.0, 1.3]).view(1, 1, 1, 5).expand(2, 3, 4, 5)
    wanted, spent = job(IDENTITY), Meter(3.0, 1.0, 0.5)
    store.save(wanted, Made(eight_bits(pictures), spent))
    again = store.load(wanted)
    assert again.spent == spent
    assert again.pictures[0, 0, 0].tolist() == [0, 0, 128, 255, 255]
    assert again.floats.max() == 1.0


def test_methods_are_metered_and_a_second_run_makes_nothing_again(store):
    jobs = [job(DDIM), job(IDENTITY), job(method(partial(darkened, by=0.0)))]
    assert make_missing(jobs, store) == []
    before = stamps(store)
    assert len(before) == 3
    # Two steps up, two steps down; at guidance 1 the empty prompt is not asked for.
    assert store.load(jobs[0]).spent.evaluations == 4
    assert store.load(jobs[2]).spent.evaluations == 1
    assert make_missing(jobs, store) == []
    assert stamps(store) == before


def test_a_setting_may_name_its_own_number_of_steps(store):
    jobs = [job(DDIM, setting={"guidance": 1.0, **steps}) for steps in ({}, {"steps": 3})]
    assert make_missing(jobs, store) == []
    assert [store.load(one).spent.evaluations for one in jobs] == [4, 6]


def test_another_setting_pair_laboratory_or_model_is_another_result(store, tmp_path):
    one = job(method(partial(darkened, by=0.0)))
    others = [
        job(one.method, pair=PAIRS[1]),
        job(one.method, setting={"keep": 0.6}),
        job(one.method, seeds=SEEDS[:1]),
        job(method(partial(darkened, by=0.0), name="Dimmed")),
    ]
    paths = {store.path(each) for each in (one, *others)}
    paths.add(Store(steps=3, references=2, folder=store.folder).path(one))
    paths.add(Store(steps=2, references=3, folder=store.folder).path(one))
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "scheduler_config.json").write_text("{}")
    paths.add(replace(store, model=tmp_path / "twin").path(one))
    assert len(paths) == 8


def test_results_of_other_code_are_made_again_unless_they_are_adopted(store, monkeypatch):
    wanted = job(method(partial(darkened, by=0.0)))
    make_missing([wanted], store)
    assert store.has(wanted)
    monkeypatch.setattr("bench.store.code_of", lambda run: "newer")
    assert not store.has(wanted)
    assert replace(store, any_code=True).has(wanted)


def test_the_code_of_a_method_is_the_library_and_its_own_file():
    assert code_of(DDIM.run) != code_of(IDENTITY.run)
    assert code_of(partial(darkened, by=0.0)) == code_of(refusing)


def test_a_file_that_changes_has_another_hash(tmp_path):
    file = tmp_path / "one.py"
    file.write_text("a = 1")
    before = files_hash(tmp_path)
    file.write_text("a = 2")
    assert files_hash(tmp_path) != before


def test_a_method_that_fails_is_told_and_the_others_go_on(store):
    jobs = [job(method(refusing, name="Refusing")), job(IDENTITY)]
    (failure,) = make_missing(jobs, store)
    assert failure.job.method.name == "Refusing"
    assert "this method refuses" in failure.reason
    assert store.has(jobs[1]) and not store.has(jobs[0])


def test_two_processes_make_what_one_makes(store, tmp_path):
    jobs = [job(DDIM, seeds=SEEDS[:1]), job(DDIM, seeds=SEEDS[1:])]
    elsewhere = Store(steps=2, references=2, folder=tmp_path / "elsewhere")
    assert make_missing(jobs, store, workers=2) == []
    assert make_missing(jobs, elsewhere) == []
    for one in jobs:
        apart = store.load(one).pictures.int() - elsewhere.load(one).pictures.int()
        assert apart.abs().max() <= 1  # threads add numbers up in another order


def test_every_method_has_a_name_of_its_own_and_can_be_asked_for():
    methods = all_methods()
    assert len({one.name for one in methods}) == len(methods)
    assert [one.name for one in chosen(methods, ["DDIM inversion", "Identity"])] == [
        "Identity",
        "DDIM inversion",
    ]
    with pytest.raises(ValueError, match="There is no method 'Nonsense': choose from"):
        chosen(methods, ["Nonsense"])
