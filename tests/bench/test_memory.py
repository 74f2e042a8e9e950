import pytest
import torch
from diffusers import UNet2DConditionModel

from bench import memory
from bench.memory import SHAPES, Shape, block_types, denoiser_of, random_bench, random_unet
from bench.speed import trajectory_optimisation
from s2st import Gradient

# What the models' own repositories say of their UNets' size.
PARAMETERS = {"SD 1.5": 859_520_964, "SD 2.1": 865_910_724, "SDXL": 2_567_463_684}
CPU = torch.device("cpu")
SMALL = Shape(
    name="small",
    config={
        **block_types("", "CrossAttn"),
        "block_out_channels": (32, 64),
        "cross_attention_dim": 32,
        "attention_head_dim": 4,
        "layers_per_block": 1,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 6 * 8 + 1280,
    },
    prediction="v_prediction",
)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_has_the_size_of_its_model(shape):
    with torch.device("meta"):
        unet = UNet2DConditionModel(**shape.config)
    assert sum(one.numel() for one in unet.parameters()) == PARAMETERS[shape.name]


def test_random_weights_are_made_in_half_precision_and_are_always_the_same():
    first, again = (random_unet(SMALL, CPU, torch.float16) for _ in range(2))
    assert {one.dtype for one in first.parameters()} == {torch.float16}
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(first.conv_in.weight, again.conv_in.weight)


@pytest.mark.parametrize("gradient", Gradient)
def test_random_weights_in_half_precision_run_every_stage(gradient):
    denoiser = denoiser_of(SMALL, random_unet(SMALL, CPU, torch.float16))
    bench = random_bench(SMALL, denoiser, pixels=64, steps=2)
    made = trajectory_optimisation(gradient, iterations=1)(bench)
    assert made.shape == (1, 4, 8, 8)
    assert torch.isfinite(made).all()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_without_a_cuda_device_it_says_where_to_go(capsys):
    assert memory.main(["--quick"]) == 2
    assert "there is no CUDA device" in capsys.readouterr().err


def test_a_stage_that_ran_out_of_memory_is_named():
    plain = memory.Used("SDXL", 1024, memory.PLAIN, 2.0, 1000.0, 6000.0)
    full = memory.Used("SDXL", 1024, "exact")
    exact = memory.Used("SDXL", 1024, "other", 5.0, 3000.0, 8000.0)
    lines = memory.table([plain, full, exact]).splitlines()
    assert memory.OUT_OF_MEMORY in lines[3]
    assert lines[4] == "| SDXL | 1024 | other | 5.00 | 2.5 | 8000 | 3000 | 3.0 |"
