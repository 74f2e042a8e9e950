"""The one simple node: what it wires, what its wishes come to, what it refuses."""

import numpy as np
import pytest
from graphs import Graph, make_look, picture, tiny_model
from test_explore import preset_file
from test_pictures import decode, encode, restored, shown
from test_running import progress_of

from s2st.path.settings import PathSettings
from tools.comfy_client import GraphFailed

DAY, NIGHT = "a street on a sunny day", "a street at night"
GREY = 1.5 / 255  # two roundings of a saved picture


class Wiring:
    """The demo model, two of its scenes by day, and some others at night."""

    def __init__(self, count=1, slow=None, night=3):
        self.graph = Graph()
        loaded = self.graph.add("S2ST_LoadDemoModel")
        self.model, self.clip, self.vae = (loaded[slot] for slot in range(3))
        if slow is not None:
            self.model = self.graph.add("TestSlowModel", model=self.model, seconds=slow)[0]
        self.day = self.scenes("day", "evaluation", count)
        self.night = self.scenes("night", "reference", night)

    def scenes(self, domain, split, count, first=0):
        wanted = {"domain": domain, "truth_domain": domain, "split": split}
        return self.graph.add("S2ST_DemoScenes", **wanted, first=first, count=count)[0]

    def restyled(self, **changes):
        values = {"model": self.model, "clip": self.clip, "vae": self.vae, "image": self.day}
        values |= {"now": DAY, "wanted": NIGHT, "strength": 1.0, "keep_structure": 1.0}
        values |= {"quality": "draft", "look": self.night, **changes}
        given = {name: value for name, value in values.items() if value is not None}
        return self.graph.add("S2ST_Restyle", **given)

    def by_hand(self, comfy, **changes):
        """The same with the detailed nodes, whose own defaults are taken."""
        words = {"source": DAY, "positive": NIGHT, "negative": ""}
        prompts = {
            name: self.graph.add("CLIPTextEncode", text=text, clip=self.clip)[0]
            for name, text in words.items()
        }
        inputs = comfy.client.object_info()["S2ST_DifferencePath"]["input"]["required"]
        values = {name: one[1]["default"] for name, one in inputs.items() if "default" in one[1]}
        values |= {"model": self.model, "latent": encode(self.graph, self.day, self.vae), **prompts}
        values |= {"target_domain": encode(self.graph, self.night, self.vae), **changes}
        done = self.graph.add("S2ST_DifferencePath", **values)
        made = decode(self.graph, done[0], self.vae)
        return restored(self.graph, made, self.day, self.vae)

    def seen(self, comfy, *references):
        return [np.stack(one).astype(np.float64) for one in shown(comfy, self.graph, *references)]


def apart(one, other):
    return float(np.abs(one - other).mean())


def test_by_default_it_is_the_detailed_nodes_wired_by_hand(comfy):
    w = Wiring()
    made, wanted, day = w.seen(comfy, w.restyled(quality="normal")[0], w.by_hand(comfy), w.day)
    assert np.abs(made - wanted).max() < GREY
    assert apart(made, day) > 0.1


def test_a_preset_is_what_normal_means_then(comfy):
    w = Wiring()
    settings = {"steps": 3, "guidance": 1.5, "learning_rate": 0.006, "structure_weight": 0.4}
    file = preset_file(comfy, "restyle", **settings)
    preset = w.graph.add("S2ST_LoadPreset", file=file)[0]
    node = w.restyled(quality="normal", preset=preset)
    made, wanted = w.seen(comfy, node[0], w.by_hand(comfy, preset=preset))
    assert np.abs(made - wanted).max() < GREY
    report = comfy.texts(w.graph, node[1])
    assert "normal around the preset: steps 3, guidance 1.5, " in report


def test_the_report_tells_what_the_wishes_came_to(comfy):
    w = Wiring()
    report = comfy.texts(w.graph, w.restyled(strength=2.0, keep_structure=0.0)[1])
    default = PathSettings()
    wanted = f"guidance {2 * default.guidance - 1:g}, "
    wanted += f"appearance_weight {2 * default.appearance_weight:g}, "
    wanted += f"matching {2 * default.matching:g}, structure_weight 0, drawn 1"
    assert f"strength 2, keep_structure 0 and draft around the default: steps 4, {wanted}" in report
    assert "each place is drawn to its like" in report and "evaluations in all" in report


def test_less_strength_stays_nearer_and_every_other_wish_leads_elsewhere(comfy):
    w = Wiring(count=2)
    nodes = [w.restyled(strength=one) for one in (0.0, 1.0, 2.0)]
    nodes += [w.restyled(noise_seed=1), w.restyled(avoid="night"), w.restyled(look=None)]
    *made, seeded, avoiding, wordy, day = w.seen(comfy, *(one[0] for one in nodes), w.day)
    gone = [apart(one, day) for one in made]
    assert gone[0] < min(gone[1:]) - 0.02
    for other in (made[2], seeded, avoiding, wordy):
        assert apart(other, made[1]) > 0.003
    assert "no target domain" in comfy.texts(w.graph, nodes[-1][1])


def edges(pictures):
    grey = pictures.mean(axis=-1)
    return np.stack(np.gradient(grey, axis=(1, 2)))


def agreement(one, other):
    one, other = edges(one), edges(other)
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))


def test_more_structure_keeps_more_edges(comfy):
    w = Wiring(count=2)
    nodes = [w.restyled(keep_structure=one)[0] for one in (0.0, 1.0, 2.0)]
    *made, day = w.seen(comfy, *nodes, w.day)
    kept = [agreement(one, day) for one in made]
    assert kept == sorted(kept) and kept[2] > kept[0] + 0.01


def test_outside_the_mask_every_pixel_stays(comfy):
    w = Wiring()
    black = w.graph.add("SolidMask", value=0.0, width=128, height=128)[0]
    white = w.graph.add("SolidMask", value=1.0, width=64, height=128)[0]
    given = {"destination": black, "source": white, "x": 0, "y": 0, "operation": "add"}
    mask = w.graph.add("MaskComposite", **given)[0]
    made, day = w.seen(comfy, w.restyled(mask=mask)[0], w.day)
    assert np.array_equal(made[:, :, 64:], day[:, :, 64:])
    assert apart(made[:, :, :60], day[:, :, :60]) > 0.05


@pytest.mark.parametrize("channels", [3, 4, 1], ids=["rgb", "rgba", "grey"])
@pytest.mark.parametrize("size", [(61, 45), (9, 70), (3, 2)], ids=str)
def test_pictures_of_any_size_come_back_in_their_own(comfy, size, channels):
    w = Wiring()
    image = picture(w.graph, batch=2, height=size[0], width=size[1], channels=channels)
    (made,) = w.seen(comfy, w.restyled(image=image)[0])
    assert made.shape == (2, *size, 3) and np.isfinite(made).all()


def test_a_large_picture_is_worked_on_smaller_and_keeps_its_detail(comfy):
    w = Wiring()
    scale = {"upscale_method": "bicubic", "width": 301, "height": 199, "crop": "disabled"}
    large = w.graph.add("ImageScale", image=w.day, **scale)[0]
    node = w.restyled(image=large, megapixels=0.01)
    made, whole = w.seen(comfy, node[0], large)
    assert made.shape == (1, 199, 301, 3)
    assert agreement(made, whole) > 0.5
    assert "worked on at 125 x 83, given back at 301 x 199" in comfy.texts(w.graph, node[1])


def test_a_look_and_its_pictures_do_the_same_but_for_matches(comfy):
    w = Wiring()
    look = make_look(w.graph, w.night, w.vae)[0]
    node = w.restyled(look=look)
    under = {"quality": "normal", "preset": preset(comfy, w, matching=0.0, steps=4)}
    asked, kept = w.seen(comfy, w.restyled(**under)[0], w.restyled(look=look, **under)[0])
    assert apart(asked, kept) < 2e-3
    assert "note: places of the target domain are not matched" in comfy.texts(w.graph, node[1])


def preset(comfy, w, **settings):
    file = preset_file(comfy, "-".join(map(str, settings.values())), **settings)
    return w.graph.add("S2ST_LoadPreset", file=file)[0]


def test_a_batch_of_two_equals_two_singles(comfy):
    w = Wiring(count=2)
    singles = [w.scenes("day", "evaluation", 1, first) for first in range(2)]
    nodes = [w.restyled(image=one)[0] for one in (w.day, *singles)]
    both, *alone = w.seen(comfy, *nodes)
    assert np.abs(both - np.concatenate(alone)).max() < GREY


def test_one_bar_over_the_whole_work_with_previews(comfy):
    w = Wiring(count=2, night=4)
    node = w.restyled()
    w.graph.add("PreviewImage", images=node[0])
    run = comfy.client.run(w.graph.nodes)
    values = progress_of(run, node.name)
    report = comfy.texts(w.graph, node[1])
    (line,) = (one for one in report.splitlines() if "evaluations in all" in one)
    expected = int(line.split()[1]) + 2  # the detail of two pictures
    assert {most for _, most in values} == {expected}
    assert values[-1][0] == expected
    assert [value for value, _ in values] == sorted(value for value, _ in values)
    assert len(run.previews) >= 4


def test_cancel_takes_effect_and_the_next_queue_works(comfy):
    w = Wiring(slow=0.3)
    node = w.restyled()
    w.graph.add("PreviewImage", images=node[0])
    seen = comfy.cancelled(w.graph, node, at=3)
    assert 3 <= len(seen) <= 5 and seen[-1][0] < seen[-1][1]
    again = Wiring()
    (made,) = again.seen(comfy, again.restyled()[0])
    assert np.isfinite(made).all()


def test_the_same_graph_gives_the_same_picture(comfy):
    results = []
    for _ in range(2):
        comfy.client.free()
        w = Wiring()
        results += w.seen(comfy, w.restyled()[0])
    assert np.array_equal(*results)


def refused(comfy, w, **changes):
    w.graph.add("PreviewImage", images=w.restyled(**changes)[0])
    with pytest.raises(GraphFailed) as failed:
        comfy.client.run(w.graph.nodes)
    assert failed.value.exception_type == "ValueError"
    message = failed.value.exception_message.strip()
    assert "\n" not in message and message.endswith(".")
    return message


def test_what_cannot_be_done_is_refused_in_a_sentence(comfy):
    w = Wiring()
    assert "What it shall be is empty" in refused(comfy, w, wanted=" \n")
    w = Wiring()
    flux = tiny_model(w.graph, "flux")
    assert "The VAE decodes 4 channels, but the model" in refused(comfy, w, model=flux)
    w = Wiring()
    tiny = tiny_model(w.graph, "eps")
    assert "source prompt is" in refused(comfy, w, model=tiny)
