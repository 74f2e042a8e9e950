"""ComfyUI started with the flags that people use: the default's result stays what it is."""

import numpy as np
import pytest
from conftest import PACKS, VARIABLES, Comfy
from wires import DEMO, Wires

from tools.comfyui import find, running

CPU = ["--cpu"]
# Flags -> how far pixels may be from those without any, in the mean.
FLAGS = {
    "--lowvram": 0.0,
    "--novram": 0.0,
    "--cache-none": 0.0,
    "--fp32-unet": 0.0,
    "--fp16-unet": 0.03,
    "--bf16-unet": 0.06,
    "--fp8_e4m3fn-unet": 0.15,
}


def restyled(base, flags):
    with running(find(), base, [*CPU, *flags], PACKS, VARIABLES) as server:
        comfy = Comfy(server)
        wires = Wires(DEMO, {}, 64)
        node = wires.node("S2ST_Restyle")
        saved = wires.graph.add("SaveImage", images=node[0], filename_prefix="flag")
        run = comfy.client.run(wires.graph.nodes)
        pictures = comfy.client.images(run, saved.name)
        comfy.client.close()
    return np.stack(pictures)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return restyled(tmp_path_factory.mktemp("plain"), [])


@pytest.mark.thorough
@pytest.mark.parametrize("flag", list(FLAGS))
def test_it_gives_the_same_picture(plain, tmp_path, told, flag):
    apart = float(np.abs(restyled(tmp_path, [flag]) - plain).mean())
    assert apart <= FLAGS[flag]
    told("started with", f"`{flag}`")
    told("mean distance of the default's pixels from those without it", f"{apart:.4f}")
