from bench import weights
from demo_world.model import WEIGHTS


def test_the_same_weights_stand_beside_themselves(tmp_path, capsys):
    page = tmp_path / weights.PAGE
    page.write_text("<!-- weights: begin -->\n<!-- weights: end -->\n", encoding="utf-8")
    asked = ["--before", str(WEIGHTS), "--scenes", "2", "--quick", "--out", str(tmp_path)]
    assert weights.main(asked) == 0
    before, now = capsys.readouterr().out.splitlines()[-2:]
    assert before.removeprefix("| before") == now.removeprefix("| now")
    assert now in page.read_text(encoding="utf-8")
    assert float(now.split("|")[-2].split()[0]) > 10  # dB
