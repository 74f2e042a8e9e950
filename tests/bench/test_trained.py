"""The trained rival: a row with weights, a sentence without, and what the pages say of it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from invented import NAMES, everywhere, found, row

from bench.lab import Family, Meter, Pair
from bench.methods import names
from bench.page import page
from bench.rivals import trained
from bench.trained_page import NOT_RUN, trained_part
from s2st.many_to_one.design import Design
from s2st.many_to_one.networks import Networks, Plan
from s2st.many_to_one.switches import Preset
from s2st.many_to_one.translator import Translator
from translators.config import Data
from translators.runs import Run, write_facts
from translators.scenes import LOOKS


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with one finished run of six domains, untrained."""
    design = Design(size=32, width=4, most_width=8, style=4, latent=3, hidden=8)
    plan = Plan(domains=LOOKS, design=design, switches=Preset.HMU.switches)
    networks = Networks(plan, torch.Generator().manual_seed(0))
    run = Run(data=Data.LOOKS, preset=Preset.HMU)
    write_facts(run.folder(tmp_path), {"arm": run.arm, "seed": 0})
    made = {"steps": 7, "seconds": 120.0, "device": "cpu"}
    Translator(plan, networks, made).save(run.file(tmp_path))
    return tmp_path


def test_each_setting_gives_pictures_and_a_reference_is_no_seed(runs):
    (method,) = trained.methods(runs)
    assert method.settings[0]["training"] == "2 minutes, 7 steps, cpu"
    generator = torch.Generator().manual_seed(1)
    case = SimpleNamespace(
        pair=Pair("day", "snow"),
        seeds=(5, 6),
        source=torch.rand(2, 3, 32, 32, generator=generator),
        references=torch.rand(3, 3, 40, 40, generator=generator),
    )
    made = [method.run(case, setting, Meter()) for setting in method.settings]
    assert all(one.shape == case.source.shape for one in made)
    assert len({float(one.mean()) for one in made}) == 3
    assert method.family is Family.TRAINED and not method.family.draws


def test_without_weights_it_is_left_out_and_the_page_says_how_to_make_them(tmp_path, runs):
    assert trained.methods(tmp_path / "nothing") == ()
    told = trained.left_out(tmp_path / "nothing")
    assert "python dev.py train-many-to-one --data domains" in told
    assert trained.left_out(runs) is None
    assert trained.NAME in names()


def rival(pair, **values):
    given = {"psnr": 22.0, "edges": 0.5, "frechet": 1.0, "colour": 2.0, **values}
    setting = {"style": "seed", "weights": "w", "training": "60 minutes, 9 steps, cpu"}
    return row(trained.NAME, Family.TRAINED, pair, setting, evaluations=0, **given)


def test_the_page_counts_where_it_is_ahead_and_names_its_cost(tmp_path):
    findings = found([*everywhere(), *(rival(name) for name in NAMES)])
    text = page(findings, tmp_path)
    assert "(60 minutes, 9 steps, cpu)" in text
    assert "truth 0 times ahead and 6 behind" in text
    assert "source edges 6 times ahead and 0 behind" in text
    assert "Fréchet distance 0 times ahead and 0 behind" in text
    assert "colour 6 times ahead" in text


def test_without_its_rows_nothing_is_claimed(tmp_path):
    assert trained_part(found(everywhere()))[1] == trained_part(None)[1] == NOT_RUN
    assert trained.NAME not in page(found(everywhere()), tmp_path)
