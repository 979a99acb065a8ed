"""Health signals of a training, which change neither its weights nor its random numbers.

Reports hold them under keys that begin with `Signal/`. Means over the watched steps, which are all steps or as many as
the time budget allows:

* `D/accuracy_real`, `D/accuracy_fake`: share of logits on the correct side of 0, or of the midpoint of both means if 0
  has no meaning for the loss;
* `D/gradient`, `G/gradient`: L2 norm of all gradients of a network;
* `D/update`, `G/update`: |change of the weights| / |weights| of one optimizer step, about 1e-3 in healthy trainings.

In some reports:

* `D/gradient/<layer>`, `G/gradient/<layer>`: L2 norms of the gradients of the last watched step;
* `scores/real/p05` ... `p95`, `scores/fake/...`: quantiles of the last step's logits;
* the results of `core.monitoring.probe.Probe` or `core.monitoring.translation_probe.TranslationProbe`.

Numbers that are not finite are left out. A step writes only to device tensors that keep their addresses, so it can be
recorded as a CUDA graph, watched or unwatched, and replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from time import perf_counter
from typing import Protocol

import torch
from torch import Tensor, nn

from core.devices.memory import left_out_if_full
from core.monitoring.norms import l2_norm, norms
from core.monitoring.running_means import RunningMeans
from core.monitoring.time_budget import TimeBudget

STEP_SHARE = 0.005
"""Largest share of the training time for signals at steps."""
PROBE_SHARE = 0.008
"""Largest share of the training time for probes."""
USUAL, USUAL_PROBE = 5e-3, 0.1
"""Half of the seconds that the first watched step, and the first probe, count for: both are much slower than later
ones."""
LEAST = 1e-3
"""Fewest seconds that a watched step counts for: the host cannot time a replayed one."""


QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


class NetworkProbe(Protocol):
    """Expensive measurements of the networks of a training."""

    G: nn.Module
    D: nn.Module

    def take(self) -> dict[str, float]:
        """Returns all measurements. Waits for the device."""
        ...


class Signals:
    """Signals of a training: the trainer adds steps, and reports `take` the results. `D` and `G` watch optimizers."""

    def __init__(self, probe: NetworkProbe, signed: bool, watched: bool) -> None:
        """Prepares the signals. `signed`: whether a score above 0 means real. `watched`: False for no signals."""
        self._probe, self._signed = probe, signed
        self._step_budget = TimeBudget(STEP_SHARE if watched else 0.0, USUAL)
        self._probe_budget = TimeBudget(PROBE_SHARE if watched else 0.0, USUAL_PROBE)
        self._accuracy = RunningMeans()
        self._logits: tuple[Tensor, Tensor] | None = None
        self._device = next(probe.G.parameters()).device
        self.probe_left_out = False
        """True if there was no memory for the last probe."""
        self._clock = _Clock()
        self.G, self.D = Descent("G", probe.G, self._clock), Descent("D", probe.D, self._clock)

    def due(self) -> bool:
        """Returns whether to watch the next step."""
        return self._step_budget.due()

    def watched(self) -> None:
        """Counts the time of a watched step; call it after each one."""
        self._step_budget.spend(max(self._clock.take(), LEAST))

    def add_logits(self, real: Tensor, fake: Tensor, watched: bool) -> None:
        """Adds the discriminator's logits (N,) of one step."""
        real, fake = real.detach(), fake.detach()
        if self._logits is None or self._logits[0].shape != real.shape:
            self._logits = real.clone(), fake.clone()
        else:
            torch._foreach_copy_(list(self._logits), [real, fake])
        if watched:
            with self._clock.running():
                self._accuracy.add(accuracy(real, fake, self._signed))

    def forget_discriminator(self) -> None:
        """Leaves the signals of D out until it trains again."""
        self._logits = None
        self.D.forget()

    def take(self) -> dict[str, float]:
        """Returns the signals since the last call. Waits for the device."""
        found: dict[str, float] = {}
        for means in (self._accuracy, *self.D.means, *self.G.means):
            found |= means.take()
        if self._probe_budget.due():
            self.probe_left_out = True
            with self._probe_budget.spending(), left_out_if_full(self._device):
                found |= self.D.by_layer() | self.G.by_layer() | self._scores() | self._probe.take()
                self.probe_left_out = False
        return {f"Signal/{name}": value for name, value in found.items() if isfinite(value)}

    def _scores(self) -> dict[str, float]:
        if self._logits is None:
            return {}
        found = dict(zip(("real", "fake"), map(quantiles, self._logits), strict=True))
        return {f"scores/{name}/{part}": value for name, values in found.items() for part, value in values.items()}


class Descent:
    """Gradient norms and weight updates of one network."""

    def __init__(self, name: str, network: nn.Module, clock: _Clock) -> None:
        self._name, self._clock = name, clock
        self._named = dict(network.named_parameters())
        self._gradient, self._update = RunningMeans(), RunningMeans()
        self._norms: Tensor | None = None
        self._norms_of: tuple[str, ...] = ()

    @property
    def means(self) -> tuple[RunningMeans, RunningMeans]:
        return self._gradient, self._update

    @contextmanager
    def step(self, watched: bool) -> Iterator[None]:
        """Measures the optimizer step within the block, after the backward pass."""
        if not watched:
            yield
            return
        weights: list[Tensor] = list(self._named.values())
        with self._clock.running(), torch.no_grad():
            found = {name: weight.grad for name, weight in self._named.items() if weight.grad is not None}
            self._keep(tuple(found), norms(list(found.values())))
            before = [weight.clone() for weight in weights]
            size = l2_norm(before)
        yield
        with self._clock.running(), torch.no_grad():
            torch._foreach_sub_(before, weights)  # in place: another copy of the network takes memory and time
            self._update.add({f"{self._name}/update": l2_norm(before) / size})

    def forget(self) -> None:
        """Forgets the last watched step."""
        self._norms = None

    def by_layer(self) -> dict[str, float]:
        """Returns the gradient norms of the last watched step by layer. Waits for the device."""
        if self._norms is None:
            return {}
        squares: dict[str, float] = {}
        for parameter, norm in zip(self._norms_of, self._norms.tolist(), strict=True):
            name = f"{self._name}/gradient/{layer(parameter)}"
            squares[name] = squares.get(name, 0.0) + norm**2
        return {name: square**0.5 for name, square in squares.items()}

    def _keep(self, names: tuple[str, ...], found: Tensor) -> None:
        if names == self._norms_of and self._norms is not None:
            self._norms.copy_(found)
        else:
            self._norms_of, self._norms = names, found.clone()
        self._gradient.add({f"{self._name}/gradient": torch.linalg.vector_norm(found)})


class _Clock:
    """Sums the time of pieces of work."""

    def __init__(self) -> None:
        self._seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        started = perf_counter()
        yield
        self._seconds += perf_counter() - started

    def take(self) -> float:
        """Returns the seconds since the last call."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds


def layer(parameter: str) -> str:
    """Returns the layer or block of a parameter, such as `head` or `layers.3`; nested layers count with their block."""
    first, *rest = parameter.removeprefix("network.").split(".")
    return f"{first}.{rest[0]}" if rest and rest[0].isdecimal() else first


def accuracy(real: Tensor, fake: Tensor, signed: bool) -> dict[str, Tensor]:
    """Computes the shares of real and of generated images' logits (N,) on the correct side."""
    middle = torch.zeros((), device=real.device) if signed else (real.mean() + fake.mean()) / 2
    return {
        "D/accuracy_real": (real > middle).float().mean(),
        "D/accuracy_fake": (fake < middle).float().mean(),
    }


def quantiles(logits: Tensor) -> dict[str, float]:
    """Computes the quantiles of logits (N,) by name."""
    levels = torch.tensor(list(QUANTILES.values()))
    # On the CPU: quantiles need double precision, which Apple GPUs lack.
    return dict(zip(QUANTILES, logits.float().cpu().quantile(levels).tolist(), strict=True))
