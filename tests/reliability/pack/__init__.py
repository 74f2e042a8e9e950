"""A custom-node pack for the reliability tests only: what hurts a graph, and what watches it."""

import hashlib
import os
import sys
from pathlib import Path

import comfy.sd
import comfy.supported_models
import folder_paths
import torch

OURS = f"{os.sep}custom_nodes{os.sep}s2st{os.sep}"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = ("pickle.find_class", "subprocess.Popen", "os.system", "socket.connect")
FORBIDDEN += ("socket.getaddrinfo", "ctypes.dlopen")
RUNNING_TEXT = ("exec", "compile")
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
SEEN: list[str] = []
CHANGED: list[str] = []


class Anything(str):
    """A socket that takes whatever it is given."""

    def __ne__(self, other):
        return False


def loaded(ending):
    """A module that the core has loaded under a name of its own."""
    return next(one for known, one in sys.modules.items() if known.endswith(ending))


def ours(name):
    """One of the pack under test."""
    return loaded(f".{name}")


class TestFinite:
    """Ends a graph: whether all numbers of a value's tensors are finite, and a digest of them."""

    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "S2ST tests", "tell", (), True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (Anything("*"),)}}

    def tell(self, value):
        parts = ours("nodes.core.marks").parts_of(value)
        tensors = [one for one in parts if isinstance(one, torch.Tensor)]
        finite = all(bool(torch.isfinite(one).all()) for one in tensors)
        bits = b"".join(one.cpu().contiguous().numpy().tobytes() for one in tensors)
        return {"ui": {"finite": [finite], "digest": [hashlib.sha256(bits).hexdigest()]}}


class TestRunsOut:
    """Hands a value on; from then on there is no memory left at one of torch's calls.

    The core's own exception is raised inside a node of ours, at its call of this number.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "arm", (Anything("*"),)
    COUNTED = 0

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (Anything("*"),), "call": ("INT", {"default": 1})}}

    def arm(self, value, call):
        TestRunsOut.COUNTED = 0

        def watch(frame, event, called):
            if event != "c_call" or not allocates(called) or not is_ours(frame):
                return
            TestRunsOut.COUNTED += 1
            if call == TestRunsOut.COUNTED:
                sys.setprofile(None)
                raise torch.OutOfMemoryError("Allocation on device")

        sys.setprofile(watch)
        return (value,)


class TestCalls:
    """Ends what TestRunsOut began, and tells how many calls were counted."""

    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "S2ST tests", "end", (), True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"value": (Anything("*"),)}}

    def end(self, value):
        sys.setprofile(None)
        return {"ui": {"calls": [TestRunsOut.COUNTED]}}


def allocates(called):
    """Whether a C function is one of torch's, all of which may ask for memory."""
    owner = getattr(called, "__self__", None)
    return isinstance(owner, torch.Tensor) or "torch" in str(getattr(called, "__module__", ""))


def is_ours(frame):
    """Whether this frame was called by our pack, however far up."""
    while frame is not None:
        if OURS in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


UNET = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 320,
    "use_spatial_transformer": True,
    "legacy": False,
    "use_temporal_attention": False,
    "use_temporal_resblock": False,
}
FOUR_LEVELS = {
    **UNET,
    "num_res_blocks": [2, 2, 2, 2],
    "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "transformer_depth_middle": 1,
    "adm_in_channels": None,
}
SD15 = {**FOUR_LEVELS, "context_dim": 768, "use_linear_in_transformer": False}
SD21 = {**FOUR_LEVELS, "context_dim": 1024, "use_linear_in_transformer": True}
SDXL = {
    **UNET,
    "num_res_blocks": [2, 2, 2],
    "transformer_depth": [0, 0, 2, 2, 10, 10],
    "transformer_depth_output": [0, 0, 0, 2, 2, 2, 10, 10, 10],
    "transformer_depth_middle": 10,
    "context_dim": 2048,
    "use_linear_in_transformer": True,
    "adm_in_channels": 2816,
    "num_classes": "sequential",
}
# By this weight's spread the core tells whether a Stable Diffusion 2 predicts v.
TELLS_V = "output_blocks.11.1.transformer_blocks.0.norm1.bias"


class TestLayout:
    """A checkpoint's three parts with random weights, in the layout that the core looks for.

    `widths` are those of the UNet's levels, in 320 channels; nothing else is made smaller.
    """

    CATEGORY, FUNCTION, RETURN_TYPES = "S2ST tests", "make", ("MODEL", "CLIP", "VAE")
    LAYOUTS = {
        "SD 1.5": (comfy.supported_models.SD15, SD15, 0.0),
        "SD 2.1, noise": (comfy.supported_models.SD20, SD21, 0.0),
        "SD 2.1, v": (comfy.supported_models.SD20, SD21, 0.2),
        "SDXL": (comfy.supported_models.SDXL, SDXL, 0.0),
    }

    @classmethod
    def INPUT_TYPES(cls):
        dtypes = (["float16", "float32", "bfloat16", "float8_e4m3fn"],)
        layouts = (list(cls.LAYOUTS),)
        return {"required": {"layout": layouts, "widths": ("STRING",), "dtype": dtypes}}

    def make(self, layout, widths, dtype):
        family, unet, spread = self.LAYOUTS[layout]
        config = family({**unet, "channel_mult": [int(one) for one in widths.split()]})
        config.set_inference_dtype(getattr(torch, dtype), torch.float32)
        model, tests = config.get_model({}), loaded("s2st_tests")
        network = model.diffusion_model
        tests.random_weights(network, 1)
        weights = network.state_dict()
        if TELLS_V in weights:
            drawn = torch.randn(weights[TELLS_V].shape, generator=torch.Generator().manual_seed(2))
            weights[TELLS_V].copy_(spread * drawn)
        clip = comfy.sd.CLIP(config.clip_target())
        tests.random_weights(clip.cond_stage_model, 3)
        (vae,) = loaded("s2st_bench").BenchVAE().make()
        tests.random_weights(vae.first_stage_model, 4)
        return (ours("nodes.core.devices").patcher_for(model), clip, vae)


class TestWatched:
    """Tells what our pack has done to files, processes, connections and pickles so far."""

    CATEGORY, FUNCTION, RETURN_TYPES, OUTPUT_NODE = "S2ST tests", "tell", (), True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {}}

    def tell(self):
        return {"ui": {"forbidden": SEEN, "changed": CHANGED}}


def watch(event, arguments):
    """An audit hook: Python tells of each of these before it does it."""
    if event in FORBIDDEN and is_ours(sys._getframe()):
        SEEN.append(f"{event} {arguments[0]!r}")
    elif event in RUNNING_TEXT and OURS in sys._getframe(1).f_code.co_filename:
        SEEN.append(event)
    elif is_change(event, arguments) and is_ours(sys._getframe()):
        (CHANGED if may_be_changed(arguments[0]) else SEEN).append(f"{event} {arguments[0]}")


def is_change(event, arguments):
    """Whether a file is written, renamed or removed."""
    return event in CHANGES or (event == "open" and bool(arguments[2] & WRITING))


def may_be_changed(path):
    if isinstance(path, int):  # a file that is open already
        return True
    folders = (folder_paths.get_output_directory(), folder_paths.get_temp_directory())
    place = Path(os.path.abspath(os.fsdecode(path)))
    return any(place.is_relative_to(os.path.abspath(one)) for one in folders)


sys.addaudithook(watch)

NODE_CLASS_MAPPINGS = {
    "TestFinite": TestFinite,
    "TestRunsOut": TestRunsOut,
    "TestCalls": TestCalls,
    "TestLayout": TestLayout,
    "TestWatched": TestWatched,
}
