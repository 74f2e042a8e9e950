"""What both stages share: step by step learning, averaging, logging, saving and resuming."""

import json
import math
from contextlib import nullcontext

import torch
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from .optimizer import multiplies_bfloat16, optimizers_of


def learning_rate(stage, step):
    """Linear warm-up, a plateau, then a half cosine down to zero at the last step."""
    if step < stage.warm_up:
        return stage.learning_rate * (step + 1) / stage.warm_up
    left = (stage.steps - step) / (stage.steps - stage.warm_up)
    cooled = max(0.0, 1.0 - left / stage.cool_down)
    return stage.learning_rate * 0.5 * (1.0 + math.cos(math.pi * cooled))


def step_generator(seed, step):
    """The randomness of one step, so that a resumed run draws what an unbroken one would."""
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def fast_arithmetic(device):
    """bfloat16 inside the network where the machine multiplies it faster than float32."""
    if multiplies_bfloat16(device):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def averaged(average, module, step, decay):
    """Move the averaged weights towards the present ones; slowly only once there is a past."""
    share = 1.0 - min(decay, (1.0 + step) / (10.0 + step))
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value.detach(), share)


def optimizer_tensors(optimizer, prefix):
    """The optimizer's moments under flat names, so that safetensors can hold them."""
    state = optimizer.state_dict()["state"]
    return {
        f"{prefix}.{index}.{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def restore_optimizer(optimizer, tensors, prefix):
    """Put the moments back where `optimizer_tensors` took them from."""
    state = {}
    for name, value in tensors.items():
        if name.startswith(f"{prefix}."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def save_checkpoint(path, module, average, optimizers, step):
    """Write everything that a resumed run needs, whole or not at all."""
    tensors = {f"module.{k}": v for k, v in module.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in average.items()}
    for index, optimizer in enumerate(optimizers):
        tensors |= optimizer_tensors(optimizer, f"optimizer{index}")
    tensors["step"] = torch.tensor(step)
    partial = path.with_suffix(".partial")
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, partial)
    partial.replace(path)


def restore_checkpoint(path, module, average, optimizers):
    """Read a checkpoint back and return the step to go on from."""
    tensors = load_file(path)
    module.load_state_dict({k[7:]: v for k, v in tensors.items() if k.startswith("module.")})
    for name in average:
        average[name].copy_(tensors[f"average.{name}"])
    for index, optimizer in enumerate(optimizers):
        restore_optimizer(optimizer, tensors, f"optimizer{index}")
    return int(tensors["step"])


def write_line(path, **figures):
    """Append one line of figures to a log of JSON lines."""
    with path.open("a") as log:
        log.write(json.dumps(figures) + "\n")


def descend(module, loss, optimizers, rate):
    """One step down the gradient of a loss."""
    if not torch.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss.item()}; lower the learning rate {rate}")
    loss.backward()
    torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def is_due(step, every, steps):
    """True after every so many steps and after the last one."""
    return (step + 1) % every == 0 or step + 1 == steps


def learn(name, module, batch_loss, stage, folder, resume):
    """Train one stage and leave the averaged weights in the module.

    `batch_loss(step)` draws its own batch, so that a step depends on its number only.
    """
    optimizers = optimizers_of(module)
    average = {k: v.detach().clone() for k, v in module.state_dict().items()}
    checkpoint, log = folder / f"{name}.safetensors", folder / f"{name}.jsonl"
    first = 0
    if resume and checkpoint.exists():
        first = restore_checkpoint(checkpoint, module, average, optimizers)
    else:
        log.unlink(missing_ok=True)
    recent = []
    for step in tqdm(range(first, stage.steps), desc=name, initial=first, total=stage.steps):
        rate = learning_rate(stage, step)
        loss = batch_loss(step)
        descend(module, loss, optimizers, rate)
        averaged(average, module, step, stage.average_decay)
        recent.append(loss.item())
        if is_due(step, stage.log_every, stage.steps):
            write_line(log, step=step + 1, loss=sum(recent) / len(recent), rate=rate)
            recent.clear()
        if is_due(step, stage.save_every, stage.steps):
            save_checkpoint(checkpoint, module, average, optimizers, step + 1)
    module.load_state_dict(average)
