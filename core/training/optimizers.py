"""Optimizers and their learning rate schedule over images seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from core.config.settings import Settings


def build(settings: Settings, weights: Iterable[nn.Parameter], rate: float, device: torch.device) -> Optimizer:
    """The optimizer that the settings name, for weights on that device."""
    betas = (settings.beta1, settings.beta2)
    fused = device.type in {"cpu", "cuda"}
    if settings.optimizer == "adam":
        return Adam(weights, rate, betas, fused=fused)
    if settings.optimizer == "adamw":
        return AdamW(weights, rate, betas, weight_decay=settings.weight_decay, fused=fused)
    if settings.optimizer == "rmsprop":
        return RMSprop(weights, rate, alpha=0.99, momentum=settings.momentum)
    return SGD(weights, rate, momentum=settings.momentum, fused=fused)


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """The learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def schedule(settings: Settings, images: int) -> float:
    """The learning rates' factor after so many images: up during the warm-up, then down to 0 by the decay's end."""
    up = images / (1000 * settings.warm_up_kimg) if settings.warm_up_kimg else 1.0
    down = 1.0 - images / (1000 * settings.decay_kimg) if settings.decay_kimg else 1.0
    return max(min(up, down, 1.0), 0.0)


def state(optimizer: Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers of each weight, by `<number of the weight>.<name>`."""
    states = optimizer.state_dict()["state"].items()
    return {f"{index}.{name}": value for index, values in states for name, value in values.items() if value is not None}


def restore(optimizer: Optimizer, saved: Mapping[str, Tensor]) -> None:
    """Gives an optimizer the `state` of another that has the same weights and remembers the same of them."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    for name, value in saved.items():
        index, key = name.split(".", 1)
        weight = weights[int(index)]
        if key == "step":
            # The fused kernels read this counter on the weights' device, all others on the CPU.
            own = torch.empty_like(value, device=weight.device if optimizer.defaults.get("fused") else "cpu")
        else:
            # Fused Adam walks through memory: the state must have the weight's own layout, which no file keeps.
            own = torch.empty_like(weight, requires_grad=False)
        optimizer.state[weight][key] = own.copy_(value)
