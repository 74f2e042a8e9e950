import pytest
import torch

from bench import exemplar
from bench.exemplar import adain, arms, main, style_error, whitened
from bench.lab import PAIRS, make_case, open_lab
from demo_world import TUNING_SEEDS


@pytest.fixture(scope="module")
def case():
    return make_case(open_lab(references=1), PAIRS[0], TUNING_SEEDS[:1])


def test_style_is_compared_class_by_class(case):
    labels = torch.zeros(1, 128, 128, dtype=torch.long)
    labels[:, 64:] = 1
    turned = case.references.flip(2)
    same = style_error(case.references, case, labels, labels)
    assert float(same) == 0
    assert float(style_error(turned, case, labels.flip(1), labels)) == 0
    assert float(style_error(turned, case, labels, labels)) > 0.01


def test_moved_moments_are_the_exemplars(case):
    encode = case.lab.parts.encode_image
    for arm in (adain(1.0), whitened(1.0)):
        back = encode(arm(case).clamp(0, 1))
        own = case.reference_latents
        near = (back.mean((0, 2, 3)) - own.mean((0, 2, 3))).abs().max()
        assert float(near) < 0.3 * float((case.latents - own).mean((0, 2, 3)).abs().max())


def test_every_family_of_rivals_is_there():
    names = " ".join(arms())
    for wanted in ("AdaIN", "WCT", "Reinhard", "cross-image", "one-shot", "interleaved", "path"):
        assert wanted in names


def test_a_small_run_writes_its_tables(tmp_path):
    wanted = ["one-shot warp, grain 1", "cross-image attention 1", "path drawn 0.5, grain 1"]
    line = ["--quick", "--parts", "translation", "--arms", *wanted, "--out", str(tmp_path)]
    assert main(line) == 0
    table = (tmp_path / "exemplar-translation.md").read_text()
    assert table.startswith("### day to night")
    assert all(f"| {one}" in table for one in wanted)
    assert " ".join(exemplar.ARM_HEADS[:2]) in table.replace("| ", "").replace(" |", "")
