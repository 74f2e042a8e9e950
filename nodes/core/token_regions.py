"""Token regions inside a model of the core's: which prompts they hold for, and where scores change.

The core offers one override of all attention, on MODEL alone. Ours calls the one it finds there. A
call may hold several prompts at several states; ours is known by its own embedding, and all others
are left as they are. A prompt with an area sees what lies there of its regions. Cores before 0.3.57
read no override: there each block's attentions are replaced instead, but where another node has
replaced them already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import comfy.ldm.modules.attention as attention
import comfy.patcher_extension
import torch
from torch import Tensor

from ...s2st.model.parameterization import flow_sigma
from ...s2st.strokes.token_regions import HeldPrompt
from .blocks import is_unet
from .canvas import ROW
from .facts import Prediction, model_facts

KEY = "s2st_token_regions"  # in a call's options: what is held in it
AREAS = "s2st_areas"  # in a call's options: where prompts stand, by the core's own names for them
OVERRIDE = "optimized_attention_override"
PLACES, WORDS = "attn1", "attn2"  # what a block's two attentions are to, as the core names them
HIGHEST_TIME = 0.9999  # of a flow model; pure noise has no finite sigma


@dataclass(frozen=True)
class RegionalAttention:
    """The override: adds our bias and hands on to what was there before, or to the core's own."""

    before: Callable | None = None

    def __call__(self, function: Callable, *args: Any, **kwargs: Any) -> Tensor:
        if self.before is not None:
            before, core = self.before, function

            def function(*args: Any, **kwargs: Any) -> Tensor:
                return before(core, *args, **kwargs)

        options = kwargs.get("transformer_options") or {}
        bias = bias_in(options, args[0], args[1], args[3])
        if bias is None:
            return function(*args, **kwargs)
        kwargs["transformer_options"] = {**options, KEY: ()}  # for another of ours further in
        (*qkv, heads), rest = args[:4], args[4:]
        mask = rest[0] if rest else kwargs.pop("mask", None)
        bias = bias if mask is None else bias + _as_bias(mask, bias)
        return function(*qkv, heads, bias, *rest[1:], **kwargs)


def bias_in(options: dict, query: Tensor, key: Tensor, heads: int) -> Tensor | None:
    """What all prompts that are held in a call add to the scores of one attention."""
    found = [held.bias(query, key, heads) for held in options.get(KEY, ())]
    known = [one for one in found if one is not None]
    return torch.stack(known).sum(dim=0) if known else None


def _as_bias(mask: Tensor, like: Tensor) -> Tensor:
    if mask.dtype == torch.bool:
        return torch.zeros_like(like).masked_fill(~mask, -torch.finfo(like.dtype).max)
    return mask.to(like)


def with_regions(patcher, prompts: Sequence[HeldPrompt]):
    """The model as a clone in which these prompts' words keep to their regions."""
    changed, flow = patcher.clone(), model_facts(patcher).prediction is Prediction.FLOW

    def ask(executor, model, conds, x, timestep, model_options):
        return executor(model, conds, x, timestep, _with_areas(model_options, conds, x))

    def apply(
        executor,
        x,
        t,
        c_concat=None,
        c_crossattn=None,
        control=None,
        transformer_options=None,
        **rest,
    ):
        options = _with_held(transformer_options or {}, prompts, x, t, c_crossattn, flow)
        return executor(x, t, c_concat, c_crossattn, control, options, **rest)

    kinds = comfy.patcher_extension.WrappersMP
    changed.add_wrapper_with_key(kinds.CALC_COND_BATCH, KEY, ask)
    changed.add_wrapper_with_key(kinds.APPLY_MODEL, KEY, apply)
    if reads_overrides():
        options = changed.model_options.setdefault("transformer_options", {})
        options[OVERRIDE] = RegionalAttention(options.get(OVERRIDE))
        return changed
    for kind, replace_in in (
        (PLACES, changed.set_model_attn1_replace),
        (WORDS, changed.set_model_attn2_replace),
    ):
        taken = {place[:2] for place in replaced_blocks(patcher, kind)}
        for name, number in blocks_with_words(patcher):
            if (name, number) not in taken:
                replace_in(_replacement, name, number)
    return changed


def _with_areas(options: dict, conds: Sequence[list[dict] | None], x: Tensor) -> dict:
    """The options of a question, with the area of every prompt that has one."""
    entries = [entry for side in conds for entry in side or () if ROW not in entry]
    areas = {one["uuid"]: (one["area"], x.shape[-2:]) for one in entries if one.get("area")}
    if not areas:
        return options
    return {
        **options,
        "transformer_options": {**options.get("transformer_options", {}), AREAS: areas},
    }


def _with_held(
    options: dict, prompts: Sequence[HeldPrompt], x: Tensor, t: Tensor, context: Any, flow: bool
) -> dict:
    """The options of a call, with what these prompts hold in it."""
    if not isinstance(context, Tensor) or context.ndim != 3:
        return options
    level = float(t.flatten()[0])
    sigma = flow_sigma(min(level, HIGHEST_TIME)) if flow else level
    size, held = (x.shape[-2], x.shape[-1]), list(options.get(KEY, ()))
    for first, chunk, area in _chunks(options, context):
        for prompt in prompts:
            there = prompt if area is None else prompt.within(*area)
            found = there.in_call(chunk, sigma, size)
            if found is not None:
                rows = [first + row for row in found.rows]
                held.append(replace(found, rows=rows, batch=len(context)))
    return {**options, KEY: tuple(held)}


def _chunks(options: dict, context: Tensor) -> Iterator[tuple[int, Tensor, tuple | None]]:
    """(first row, embeddings, area) of what shares an area; the core gives each prompt its own."""
    areas, names = options.get(AREAS), options.get("uuids")
    if not areas or not names:
        yield 0, context, None
        return
    each = len(context) // len(names)
    for number, name in enumerate(names):
        first = number * each
        yield first, context[first : first + each], areas.get(name)


def _replacement(q: Tensor, k: Tensor, v: Tensor, options: dict) -> Tensor:
    heads, precision = options["n_heads"], options["attn_precision"]
    bias = bias_in(options, q, k, heads)
    return attention.optimized_attention_masked(q, k, v, heads, bias, attn_precision=precision)


def reads_overrides() -> bool:
    return hasattr(attention, "wrap_attn")


def replaced_blocks(patcher, kind: str = WORDS) -> list[tuple]:
    """Blocks whose attention to words another node computes itself, as IPAdapter's does."""
    options = patcher.model_options.get("transformer_options", {})
    patches = options.get("patches_replace", {}).get(kind, {})
    return [place for place, patch in patches.items() if patch is not _replacement]


def blocks_with_words(patcher) -> list[tuple[str, int]]:
    """Every block of a UNet that attends to words, as the core names it."""
    network = patcher.model.diffusion_model
    parts = {"input": network.input_blocks, "output": network.output_blocks}
    named = [(name, number, one) for name, part in parts.items() for number, one in enumerate(part)]
    named.append(("middle", 0, network.middle_block))
    return [(name, number) for name, number, one in named if is_attending(one)]


def is_attending(block: torch.nn.Module) -> bool:
    return any(type(one).__name__ == "SpatialTransformer" for one in block.modules())


def check_attends_to_words(patcher) -> None:
    """Refuse models whose words and places share one attention."""
    facts, network = model_facts(patcher), patcher.model.diffusion_model
    if not (is_unet(network) and is_attending(network)):
        raise ValueError(
            f"The model is a {facts.family}, in which words and places share one attention, but "
            f"regions need attention to words alone: use a Stable Diffusion 1.x, 2.x or XL model."
        )


def tokens_of_text(clip, text: str) -> list[int]:
    """The tokens of a text in their places, -1 for beginnings, ends, padding and embeddings."""
    special = set(_tokens(clip, ""))
    return [-1 if one in special else one for one in _tokens(clip, text)]


def _tokens(clip, text: str) -> list[int]:
    # XL's two encoders cut a text alike and number its words alike.
    chunks = clip.tokenize(text)
    name = "l" if "l" in chunks else next(iter(chunks))
    flat = [entry[0] for chunk in chunks[name] for entry in chunk]
    return [one if isinstance(one, int) else -1 for one in flat]
