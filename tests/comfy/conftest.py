"""A real ComfyUI server for the tests, and helpers to read what it made."""

import itertools
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tools.comfy_client import ComfyClient, GraphInterrupted
from tools.comfyui import OUR_PACK, find, running

PACKS = {**OUR_PACK, "s2st_tests": Path(__file__).parent / "pack"}
BLOCK = "diffusion_model.middle_block.1.transformer_blocks.0.attn2"
RANK, INNER, WIDTH = 4, 64, 24


class Comfy:
    """The running server with its client: run a graph, get latents and images."""

    def __init__(self, server):
        self.server = server
        self.client = ComfyClient(server.address)
        self._prefixes = itertools.count()

    def latents(self, graph, *references):
        """Run the graph and return the samples of these LATENT outputs."""
        prefixes = [f"latent{next(self._prefixes)}" for _ in references]
        for reference, prefix in zip(references, prefixes, strict=True):
            graph.add("SaveLatent", samples=reference, filename_prefix=prefix)
        self.client.run(graph.nodes)
        return [self.saved(prefix) for prefix in prefixes]

    def saved(self, prefix):
        """The samples that SaveLatent wrote under this prefix."""
        (file,) = (self.server.base / "output").glob(f"{prefix}_*.latent")
        return load_file(file)["latent_tensor"]

    def texts(self, graph, reference):
        """Run the graph and return the text of a STRING output."""
        shown = graph.add("PreviewAny", source=reference)
        run = self.client.run(graph.nodes)
        return run.outputs[shown.name]["text"][0]

    def cancelled(self, graph, node, at=1):
        """Cancel when `node` tells of its progress for the `at`-th time: all that it told of."""
        told = []

        def listen(event, data):
            if event == "progress" and data["node"] == node.name:
                told.append((data["value"], data["max"]))
                if len(told) == at:
                    self.client.interrupt()

        with pytest.raises(GraphInterrupted) as stopped:
            self.client.run(graph.nodes, listen)
        # It was stopped itself, and no node after it.
        assert str(stopped.value) == graph.nodes[node.name]["class_type"]
        return told


@pytest.fixture(scope="session")
def comfy(tmp_path_factory):
    base = tmp_path_factory.mktemp("comfyui")
    extra = ["--cpu", "--preview-method", "latent2rgb"]
    with running(find(), base, extra, PACKS) as server:
        comfy = Comfy(server)
        yield comfy
        comfy.client.close()


@pytest.fixture(scope="session")
def lora(comfy):
    generator = torch.Generator().manual_seed(11)
    weights = {}
    for name, width in (("to_q", INNER), ("to_k", WIDTH), ("to_v", WIDTH)):
        down, up = (
            torch.randn(RANK, width, generator=generator),
            torch.randn(INNER, RANK, generator=generator),
        )
        weights[f"{BLOCK}.{name}.lora_down.weight"] = down
        weights[f"{BLOCK}.{name}.lora_up.weight"] = 0.1 * up
    save_file(weights, comfy.server.base / "models" / "loras" / "test.safetensors")
    return "test.safetensors"
