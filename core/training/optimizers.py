"""Optimizers and their learning rate schedule over images seen.

They call torch's kernels themselves: the first optimizer of `torch.optim` in a process imports a thousand modules,
which takes seconds. On the CPU their results are those of `torch.optim` with fused kernels, bit for bit.

A step reads nothing back from a GPU, so it can be recorded as a CUDA graph, unless it is the first one: that makes what
the optimizer remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from core.config.settings import Settings

EPSILON = 1e-8
SMOOTHING = 0.99
"""Weight of the old mean square in one step of RMSprop."""

Memory = Mapping[str, list[Tensor]]
"""State tensors of some weights, in their order, by name."""


class Optimizer:
    """Moves weights along the gradients that `backward` left; those without a gradient stay as they are.

    `MEMORY` names what it remembers of a weight, from the weight's first gradient on. `KERNEL` is the fused kernel that
    it calls on devices for which torch has one; on others it takes an operation after the other.
    """

    MEMORY: tuple[str, ...]
    KERNEL: ClassVar[str]

    def __init__(self, weights: Iterable[nn.Parameter], rate: float) -> None:
        self.weights = list(weights)
        device = self.weights[0].device
        # On the CPU kernels take the number itself, on GPUs a float in the device's memory.
        self.rate = torch.tensor(rate, dtype=torch.float64 if device.type == "cpu" else torch.float32, device=device)
        self.is_fused = has_kernel(self.KERNEL, device)
        self._rate = rate
        self._memory: dict[int, dict[str, Tensor]] = {}

    def set_rate(self, rate: float) -> None:
        """Sets the learning rate of the next steps."""
        if rate != self._rate:
            self.rate.fill_(rate)
            self._rate = rate

    def zero_grad(self) -> None:
        """Drops the gradients, so that the next ones are stored and not added."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Takes one step, which does not wait for the device."""
        is_first = not self._memory
        weights: list[Tensor] = []
        gradients: list[Tensor] = []
        states: list[dict[str, Tensor]] = []
        for index, weight in enumerate(self.weights):
            if weight.grad is not None:
                weights.append(weight)
                gradients.append(weight.grad)
                states.append(self._memory.get(index) or self._begin(index))
        if weights:
            memory = {name: [state[name] for state in states] for name in self.MEMORY}
            self._move(weights, gradients, memory, is_first)

    def state(self) -> dict[str, Tensor]:
        """Returns what it remembers of each weight, by `<number of the weight>.<name>`: the tensors themselves."""
        return {f"{index}.{name}": value for index, state in self._memory.items() for name, value in state.items()}

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Remembers copies of the `state` of an optimizer of its kind for the same weights, and nothing else."""
        self._memory.clear()
        for name, value in saved.items():
            index, key = name.split(".", 1)
            state = self._memory.get(int(index)) or self._begin(int(index))
            state[key].copy_(value)

    def _begin(self, index: int) -> dict[str, Tensor]:
        weight = self.weights[index].detach()
        # Fused kernels walk through memory, so all but the counter has the weight's layout, which no file keeps; and
        # they read the counter on the weight's device.
        self._memory[index] = {
            name: torch.zeros((), device=weight.device) if name == "step" else torch.zeros_like(weight)
            for name in self.MEMORY
        }
        return self._memory[index]

    def _move(self, weights: list[Tensor], gradients: list[Tensor], memory: Memory, is_first: bool) -> None:
        """Changes the weights and what is remembered of them, in place; `is_first`: nothing was remembered before."""
        raise NotImplementedError


class Adam(Optimizer):
    """Kingma and Ba 2015, arXiv:1412.6980; with a `decay` of the weights AdamW (Loshchilov and Hutter 2019,
    arXiv:1711.05101)."""

    MEMORY = ("step", "exp_avg", "exp_avg_sq")
    KERNEL = "_fused_adamw_"

    def __init__(
        self, weights: Iterable[nn.Parameter], rate: float, betas: tuple[float, float], decay: float = 0.0
    ) -> None:
        super().__init__(weights, rate)
        self.betas, self.decay = betas, decay

    def _move(self, weights: list[Tensor], gradients: list[Tensor], memory: Memory, is_first: bool) -> None:
        steps, means, squares = memory["step"], memory["exp_avg"], memory["exp_avg_sq"]
        beta1, beta2 = self.betas
        torch._foreach_add_(steps, 1)
        if self.is_fused:
            torch._fused_adamw_(
                weights,
                gradients,
                means,
                squares,
                [],
                steps,
                lr=self.rate,
                beta1=beta1,
                beta2=beta2,
                weight_decay=self.decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )
            return
        torch._foreach_mul_(weights, 1 - self.rate * self.decay)
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        # lr / (1 - beta1^t) * mean / (sqrt(square / (1 - beta2^t)) + eps)
        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, [(1 - beta2**step).sqrt() for step in steps])
        torch._foreach_add_(roots, EPSILON)
        torch._foreach_div_(roots, [self.rate / (1 - beta1**step) for step in steps])
        torch._foreach_addcdiv_(weights, means, roots, -1)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where that is not 0."""

    KERNEL = "_fused_sgd_"

    def __init__(self, weights: Iterable[nn.Parameter], rate: float, momentum: float) -> None:
        super().__init__(weights, rate)
        self.momentum = momentum
        self.MEMORY = ("momentum_buffer",) if momentum else ()

    def _move(self, weights: list[Tensor], gradients: list[Tensor], memory: Memory, is_first: bool) -> None:
        velocities = memory.get("momentum_buffer", [])
        if self.is_fused:
            _descend(weights, gradients, velocities, self.rate, self.momentum, is_first)
            return
        if velocities:
            torch._foreach_mul_(velocities, self.momentum)
            torch._foreach_add_(velocities, gradients)
        torch._foreach_sub_(weights, torch._foreach_mul(velocities or gradients, self.rate))


class RMSprop(Optimizer):
    """Hinton 2012, lecture 6e of Neural Networks for Machine Learning, with momentum where that is not 0."""

    KERNEL = "_fused_sgd_"

    def __init__(self, weights: Iterable[nn.Parameter], rate: float, momentum: float) -> None:
        super().__init__(weights, rate)
        self.momentum = momentum
        self.MEMORY = ("step", "square_avg", *(("momentum_buffer",) if momentum else ()))

    def _move(self, weights: list[Tensor], gradients: list[Tensor], memory: Memory, is_first: bool) -> None:
        squares = memory["square_avg"]
        torch._foreach_add_(memory["step"], 1)
        torch._foreach_mul_(squares, SMOOTHING)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - SMOOTHING)
        roots = torch._foreach_sqrt(squares)
        torch._foreach_add_(roots, EPSILON)
        if not self.momentum:
            torch._foreach_addcdiv_(weights, torch._foreach_mul(gradients, self.rate), roots, -1)
            return
        velocities = memory["momentum_buffer"]
        torch._foreach_mul_(velocities, self.momentum)
        torch._foreach_addcdiv_(velocities, gradients, roots)
        if self.is_fused:
            _descend(weights, velocities, [], self.rate)
        else:
            torch._foreach_sub_(weights, torch._foreach_mul(velocities, self.rate))


def build(settings: Settings, weights: Iterable[nn.Parameter], rate: float) -> Optimizer:
    """Builds the optimizer of the settings for weights that are on their device."""
    betas = (settings.beta1, settings.beta2)
    if settings.optimizer == "adam":
        return Adam(weights, rate, betas)
    if settings.optimizer == "adamw":
        return Adam(weights, rate, betas, settings.weight_decay)
    if settings.optimizer == "rmsprop":
        return RMSprop(weights, rate, settings.momentum)
    return SGD(weights, rate, settings.momentum)


def schedule(settings: Settings, images: int) -> float:
    """Returns the factor of the learning rates after `images` images: rises in the warm-up, decays linearly to 0."""
    up = images / (1000 * settings.warm_up_kimg) if settings.warm_up_kimg else 1.0
    down = 1.0 - images / (1000 * settings.decay_kimg) if settings.decay_kimg else 1.0
    return max(min(up, down, 1.0), 0.0)


def has_kernel(name: str, device: torch.device) -> bool:
    """Returns whether torch has the fused kernel of that name for the device, with the rate as a tensor."""
    key = {"cpu": "CPU", "cuda": "CUDA", "mps": "MPS", "xpu": "XPU"}.get(device.type)
    return key is not None and torch._C._dispatch_has_kernel_for_dispatch_key(f"aten::{name}.tensor_lr", key)


def _descend(
    weights: list[Tensor],
    directions: list[Tensor],
    velocities: list[Tensor],
    rate: Tensor,
    momentum: float = 0.0,
    is_first: bool = False,
) -> None:
    """Takes a step of SGD by its fused kernel; `velocities` is empty without momentum."""
    torch._fused_sgd_(
        weights,
        directions,
        velocities,
        lr=rate,
        momentum=momentum,
        weight_decay=0.0,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        is_first_step=is_first and momentum != 0.0,
    )
