"""Health signals of a training, which change neither its weights nor its random numbers.

A report gets them under keys that begin with `Signal/`:

* `D/accuracy_real`, `D/accuracy_fake`: the part of the logits on the right side of 0, or of the middle between the
  means of both where the loss gives 0 no meaning;
* `D/gradient`, `G/gradient`: L2 norm of all gradients of a network;
* `D/update`, `G/update`: |change of the weights| / |weights| of one optimizer step, about 1e-3 when all is well;
* those of a `core.monitoring.probe.Probe`, by layer and by image, in some of the reports.

Those before are means over steps: over all of them, or over as many as their share of the time allows. Numbers that
are not finite are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite

import torch
from torch import Tensor, nn

from core.monitoring.norms import l2_norm
from core.monitoring.probe import Probe
from core.monitoring.running_means import RunningMeans
from core.monitoring.time_budget import TimeBudget

STEP_SHARE = 0.001
"""Each of the five that are read at steps costs training at most this part of its time."""
PROBE_SHARE = 0.008
"""And a look this one."""
USUAL, USUAL_PROBE = 1e-3, 0.1
"""Seconds that the first of what is read at steps, and the first look, count for, twice: they are much slower than
those that follow."""


class Signals:
    """What the trainer tells of its steps, and `take` for its reports. `D` and `G` watch the networks' descents."""

    def __init__(self, probe: Probe, signed: bool, watched: bool) -> None:
        """`signed`: whether 0 is where the discriminator stops taking an image for real. `watched`: else there are
        no signals, and no time is spent on any."""
        self._probe, self._signed = probe, signed
        step_share, probe_share = (STEP_SHARE, PROBE_SHARE) if watched else (0.0, 0.0)
        self._accuracy_budget, self._probe_budget = TimeBudget(step_share, USUAL), TimeBudget(probe_share, USUAL_PROBE)
        self._accuracy = RunningMeans()
        self._logits: tuple[Tensor, Tensor] | None = None
        self.G = Descent("G", probe.G, TimeBudget(step_share, USUAL), TimeBudget(step_share, USUAL))
        self.D = Descent("D", probe.D, TimeBudget(step_share, USUAL), TimeBudget(step_share, USUAL))

    def add_logits(self, real: Tensor, fake: Tensor) -> None:
        """The discriminator's logits (N,) of one step."""
        self._logits = real.detach(), fake.detach()
        if self._accuracy_budget.due():
            with self._accuracy_budget.spending():
                self._accuracy.add(accuracy(*self._logits, self._signed))

    def take(self) -> dict[str, float]:
        """What was found since the last call. Waits for the device."""
        found: dict[str, float] = {}
        for means in (self._accuracy, *self.D.means, *self.G.means):
            found |= means.take() if means.count else {}
        if self._logits is not None and self._probe_budget.due():
            with self._probe_budget.spending():
                found |= self._probe.take(*self._logits)
        return {f"Signal/{name}": value for name, value in found.items() if isfinite(value)}


class Descent:
    """One network's optimizer steps."""

    def __init__(self, name: str, network: nn.Module, gradients: TimeBudget, updates: TimeBudget) -> None:
        self._name, self._gradients, self._updates = name, gradients, updates
        self._weights = list(network.parameters())
        self._gradient, self._update = RunningMeans(), RunningMeans()

    @property
    def means(self) -> tuple[RunningMeans, RunningMeans]:
        return self._gradient, self._update

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around the optimizer's step, when the gradients are there."""
        if self._gradients.due():
            with self._gradients.spending():
                found = [weight.grad for weight in self._weights if weight.grad is not None]
                self._gradient.add({f"{self._name}/gradient": l2_norm(found)})
        if not self._updates.due():
            yield
            return
        with self._updates.spending():
            before = [weight.detach().clone() for weight in self._weights]
        yield
        with self._updates.spending(), torch.no_grad():
            change = l2_norm([new - old for new, old in zip(self._weights, before, strict=True)])
            self._update.add({f"{self._name}/update": change / l2_norm(before)})


def accuracy(real: Tensor, fake: Tensor, signed: bool) -> dict[str, Tensor]:
    """Which parts of real and generated images' logits (N,) lie on their own side."""
    middle = torch.zeros((), device=real.device) if signed else (real.mean() + fake.mean()) / 2
    return {
        "D/accuracy_real": (real > middle).float().mean(),
        "D/accuracy_fake": (fake < middle).float().mean(),
    }
