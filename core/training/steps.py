"""Steps of a training: batches, updates of both networks, and what to do when memory is full.

What one step does is the business of a trainer: `core.trainer` for images from noise, `core.translation_trainer` for
images from images.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from core.config.constraints import refuse_data
from core.config.settings import Settings
from core.data.batches import Batches
from core.data.dataset import Dataset
from core.data.holdout import held_rows, train_sides, training_set
from core.data.sides.batches import SidedBatches
from core.devices import use
from core.devices.compute_format import ComputeFormat
from core.devices.memory import batch_too_large, enough_memory_for_batch, left_out_if_full
from core.devices.stream import stream_of_its_own
from core.distributed.collectives import shared
from core.distributed.gradients import exchange
from core.distributed.ranks import ALONE, Ranks
from core.events import Event, Notice, Tuned
from core.language import _, number
from core.losses.weight_clipping import clip_weights
from core.monitoring.running_means import RunningMeans
from core.monitoring.signals import Signals
from core.training import optimizers
from core.training.allocator import keep_freed_memory
from core.training.augmentation import Augment, noise_level
from core.training.captured import Captured, recorder
from core.training.ema import MovingAverage, decay
from core.training.loss_scale import LossScale
from core.training.optimizers import Optimizer
from core.training.pacer import Pacer
from core.training.parts import mean, more_parts
from core.training.state import TrainerState

SPLIT = _(
    "Not enough memory for a batch of {batch} images at once: it is split in {parts} parts of {size}. Training is "
    "slower but otherwise the same, except that batch normalization sees one part at a time."
)
UNRECORDED = _("This device cannot record steps as CUDA graphs, so training is slower.")

Values = dict[str, Tensor]
"""Numbers for the report, by key."""
Logits = tuple[Tensor, Tensor]
"""Logits (N,) of real and of generated images."""


class Plan(NamedTuple):
    """Parts of a step that vary under the same settings.

    `due`: for each update of D, whether it includes the penalties. `noisy`: whether there is instance noise. `watched`:
    whether signals are measured.
    """

    due: tuple[bool, ...]
    noisy: bool
    watched: bool


class Steps(ABC):
    """Steps in which a generator G, with its average `G_ema`, trains against a discriminator D.

    The trainer owns torch's default random generators: dropout and augmentation draw from them.
    """

    G: nn.Module
    D: nn.Module
    G_ema: nn.Module
    opt_G: Optimizer
    opt_D: Optimizer
    signals: Signals
    augment: Augment
    batches: Batches | SidedBatches
    _average: MovingAverage
    _state: TrainerState
    _scale_G: LossScale
    _scale_D: LossScale

    def __init__(
        self, settings: Settings, dataset: Dataset, tuned: Tuned, signals: bool = True, ranks: Ranks = ALONE
    ) -> None:
        """Builds the networks, as described at `TrainingLoop`."""
        refuse_data(settings, len(dataset.classes), dataset.points)
        self.settings, self.dataset, self.tuned, self.ranks = settings, dataset, tuned, ranks
        self.device = use(ranks.device_name(settings.device))
        self.choice = ComputeFormat(tuned.precision, tuned.memory_format)
        self.channels = dataset.images.shape[1]
        self.step, self.images, self.seconds = 0, 0, 0.0
        self._parts = 1
        keep_freed_memory()
        with enough_memory_for_batch(settings):
            self.held = held_rows(settings, dataset)
            self._noise = torch.Generator(self.device).manual_seed(settings.seed)
            record = None if ranks.several else recorder(self.device, [self._noise])
            self._captured = Captured(record)
            self.batches = self._open_batches(in_place=record is not None)
            self._means = RunningMeans()
            self._pacer = Pacer(self.device)
            self._penalty, self._noise_level = torch.zeros(2, device=self.device)
            torch.manual_seed(settings.seed)
            self._build(signals)

    def _open_batches(self, in_place: bool) -> Batches | SidedBatches:
        """Returns the batches of the images that are not held out. `in_place`: as for `Batches`."""
        settings, dataset = self.settings, self.dataset
        how = settings.batch, settings.mirror, settings.seed, self.device, in_place, self.ranks.rows(settings.batch)
        if settings.two_sided:
            return SidedBatches(dataset, train_sides(settings, dataset, self.held), *how)
        return Batches(training_set(dataset, self.held), *how)

    @abstractmethod
    def _build(self, signals: bool) -> None:
        """Builds networks, optimizers and state, from torch's seeded default generator."""

    @abstractmethod
    def _train_step(self, plan: Plan) -> None:
        """Runs one step on staged batches: arithmetic on the device alone."""

    @abstractmethod
    def _train_discriminator_alone(self, number: int, plan: Plan) -> None:
        """Updates the discriminator on a staged batch. `number`: of the batch in its step."""

    @abstractmethod
    def _train_generator_alone(self, plan: Plan) -> None:
        """Updates the generator on the first staged batch."""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Context of the steps of a training, with its threads and its stream on the device."""
        with contextlib.closing(self.batches), self._threads(), stream_of_its_own(self.device):
            yield

    def _threads(self) -> contextlib.AbstractContextManager[object]:
        """Returns the context of the training's threads."""
        return contextlib.nullcontext()

    def advance(self) -> Generator[Event, None, None]:
        """Runs one step with its work on the host. Raises `UserError` if it does not fit into memory."""
        plan, was_full = self._prepare(self.settings.d_steps), False
        self.ranks.lead()
        while True:
            with left_out_if_full(self.device), shared(self.ranks):
                self._captured.run(plan, partial(self._train_step, plan))
                break
            self._captured.forget()  # recorded steps hold memory of their own
            if was_full or self.ranks.several:
                yield self._split()
            was_full = True
        self.images += self.settings.batch * self.settings.d_steps
        self._count_step()
        self._pacer.step()
        if plan.watched:
            self.signals.watched()
        if self._captured.failure:
            yield Notice(f"{UNRECORDED} ({self._captured.failure[:200]})")
            self._captured = Captured(None)

    def update_discriminator(self) -> None:
        """Updates the discriminator once, on a batch of its own."""
        plan = self._prepare(1)
        self.ranks.lead({"do": "update_discriminator"})
        with shared(self.ranks):
            self._train_discriminator_alone(0, plan)
        self.images += self.settings.batch

    def update_generator(self) -> None:
        """Updates the generator once, which counts as a step."""
        plan = self._prepare(1)
        self.ranks.lead({"do": "update_generator"})
        with shared(self.ranks):
            self._train_generator_alone(plan)
        self._count_step()

    def _split(self) -> Notice:
        """Splits batches into more parts, which take less memory. Raises `UserError` if they cannot be split."""
        batch = self.settings.batch
        can_split = self.settings.split_batches and not self.ranks.several  # others wait within their step
        parts = more_parts(self._parts, batch) if can_split else None
        if parts is None:
            raise batch_too_large(self.settings)
        self._parts = parts
        return Notice(SPLIT.format(batch=number(batch), parts=number(parts), size=number(batch // parts)))

    def _prepare(self, batches: int) -> Plan:
        """Stages batches, rates and noise of the next step on the device; returns the rest as a plan."""
        settings, seen = self.settings, self.images + self.settings.batch * batches
        self.batches.stage(batches)
        factor = optimizers.schedule(settings, seen)
        self.opt_D.set_rate(settings.lr_d * factor)
        self.opt_G.set_rate(settings.lr_g * factor)
        noise = noise_level(settings, self.images)
        if noise:
            self._noise_level.fill_(noise)
        first, has_penalties = self.images // settings.batch, bool(settings.penalties)
        turns = range(first, first + batches)
        due = tuple(has_penalties and turn % settings.penalty_interval == 0 for turn in turns)
        return Plan(due, noise > 0, self.signals.due())

    def _count_step(self) -> None:
        self.step += 1
        batch = self.settings.batch * self.settings.d_steps
        half_life, ramp = 1000 * self.settings.ema_kimg, self.settings.ema_ramp / 100
        self._average.move(decay(batch, half_life, ramp, self.images))

    def _add_gradients(self, objective: Tensor, scale: LossScale) -> None:
        """Adds the gradients of one part's objective to those of the batch."""
        scale.scaled(objective if self._parts == 1 else objective / self._parts).backward()

    def _update_discriminators(
        self, networks: Iterable[nn.Module], found: Sequence[Values], logits: Sequence[Logits], due: bool, plan: Plan
    ) -> Values:
        """Updates D, and the networks that learn beside it, with the gradients of all parts of a batch.

        `found`: numbers for the report, and `logits`: those of D (N,) of real and of generated images, for each part.
        `due`: whether penalties are included. Returns the numbers of the whole batch.
        """
        rows = [torch.cat(parts) for parts in zip(*logits, strict=True)]
        values, (real, fake) = exchange(self.ranks, self.opt_D.weights, mean(found), rows)
        self._scale_D.unscale(self.opt_D.weights)
        with self.signals.D.step(plan.watched):
            self.opt_D.step()
        if self.settings.weight_clip:
            for network in networks:
                clip_weights(network, self.settings.weight_clip)
        self.augment.adapt(real, self.settings)
        self.signals.add_logits(real, fake, plan.watched)
        if due:
            self._penalty.copy_(values["Loss/D/penalty"].detach())
        if self.settings.penalties:
            values["Loss/D/penalty"] = self._penalty
        if self.settings.augment == "ada":
            values["Augment/p"] = self.augment.p
        return values

    def _update_generators(self, found: Sequence[Values], plan: Plan) -> Values:
        """Updates G, and the networks that learn beside it, in the same way."""
        values, _rows = exchange(self.ranks, self.opt_G.weights, mean(found))
        self._scale_G.unscale(self.opt_G.weights)
        with self.signals.G.step(plan.watched):
            self.opt_G.step()
        return values

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        return self.choice.autocast(self.device)
