"""Loop of a training around its steps: events, reports, sample grids, limits, edits, checkpoints and full memory.

What one step does is the business of a trainer: `core.trainer` for images from noise, `core.translation_trainer` for
images from images.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.checkpoint import Checkpoint, Meta
from core.config.constraints import refuse_data
from core.config.settings import Settings, live_settings
from core.data.batches import Batches
from core.data.dataset import Dataset
from core.data.holdout import held_rows, train_sides, training_set
from core.data.names import printable
from core.data.sides.batches import SidedBatches
from core.devices import use
from core.devices.compute_format import ComputeFormat
from core.devices.memory import batch_too_large, enough_memory_for_batch, left_out_if_full, used_memory
from core.devices.stream import stream_of_its_own
from core.distributed.collectives import shared
from core.distributed.gradients import exchange
from core.distributed.ranks import ALONE, Ranks
from core.errors import DivergenceError, UserError
from core.events import Edited, Event, Finished, Images, Notice, Points, Report, Samples, Stepped, Tuned
from core.imaging.grid import preview
from core.imaging.points import picture
from core.language import _, number
from core.losses.weight_clipping import clip_weights
from core.monitoring.norms import l2_norm
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

REPORT_SECONDS = 0.5
SAMPLE_SECONDS = 0.5
SAMPLE_SHARE = 0.02
"""Largest share of the training time that drawing and storing the sample grid may take."""
LONG_STEP = 1.0
"""Length in seconds above which a step may have been suspended, by Ctrl-Z or the lid of a laptop."""
SPLIT = _(
    "Not enough memory for a batch of {batch} images at once: it is split in {parts} parts of {size}. Training is "
    "slower but otherwise the same, except that batch normalization sees one part at a time."
)
UNRECORDED = _("This device cannot record steps as CUDA graphs, so training is slower.")
LARGEST_LOSS = 1e6
"""Mean loss or score above which a training counts as diverged."""
NO_SAMPLES = _("Not enough memory for the sample grid, which is left out. Training continues.")
NO_PROBE = _("Not enough memory for the signals of generated images, which are left out. Training continues.")


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


class TrainingLoop(ABC):
    """Trains a generator G, with its average `G_ema`, against a discriminator D; `events()` is the training.

    Between two events the caller may take a `checkpoint()` or the `published()` weights, `edit()` the settings, or stop
    iterating. The trainer owns torch's default random generators: dropout and augmentation draw from them.
    """

    row = 1
    """Images of the sample grid that belong together."""
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
        self,
        settings: Settings,
        dataset: Dataset,
        tuned: Tuned,
        checkpoint: Checkpoint | None = None,
        signals: bool = True,
        ranks: Ranks = ALONE,
    ) -> None:
        """Builds the networks. `signals`: whether reports hold more than the losses; it does not change the weights.
        `ranks`: those that share each batch.

        Raises `UserError` for a missing device, a batch larger than the dataset, settings that do not suit the dataset,
        a checkpoint that does not fit, or too little memory.
        """
        refuse_data(settings, len(dataset.classes), dataset.points)
        self.settings, self.dataset, self.tuned, self.ranks = settings, dataset, tuned, ranks
        self.device = use(ranks.device_name(settings.device))
        self.choice = ComputeFormat(tuned.precision, tuned.memory_format)
        self.channels = dataset.images.shape[1]
        self.step, self.images, self.seconds = 0, 0, 0.0
        self._reported = 0, 0.0
        self._parts = 1
        self.stats: Mapping[str, float] = {}
        self._rendered = np.zeros((1, *settings.size[::-1], 3), np.uint8)
        self._told: set[str] = set()
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
            if checkpoint:
                self._restore(checkpoint)

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

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Titles of the columns of `render`'s grid; empty if it may have any number of columns."""

    @abstractmethod
    def snapshot(self) -> Samples | Points:
        """Returns the sample grid, or the points, of the present state. Raises `UserError` if memory is full."""

    @abstractmethod
    def sheet(self, count: int, seed: int) -> Images:
        """Returns real images as the discriminator sees them now, uint8 NHWC."""

    def events(self) -> Generator[Event, None, None]:
        """Yields first `Samples`, then `Stepped` after every step with `Report` and `Samples` between, and `Finished`
        when the limit of the settings is reached. For 2-D point data, yields `Points` instead of `Samples`.

        Raises `UserError` if memory runs out, and `DivergenceError` if a loss is NaN, infinite or above `LARGEST_LOSS`.
        """
        with self.running():
            yield from self._events()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Context of the steps of a training, with its threads and its stream on the device."""
        with contextlib.closing(self.batches), self._threads(), stream_of_its_own(self.device):
            yield

    def _events(self) -> Generator[Event, None, None]:
        yield from self._seen()
        self._reported = self.step, self.seconds
        next_report, next_samples = perf_counter() + REPORT_SECONDS, perf_counter()
        while not (reason := self._limit()):
            started, busy = perf_counter(), process_time()
            yield from self.advance()
            self.seconds += active_seconds(perf_counter() - started, process_time() - busy)
            yield Stepped(self.step, self.images)
            if perf_counter() >= next_report:
                yield from self._reports()
                next_report = perf_counter() + REPORT_SECONDS
            if perf_counter() >= next_samples:
                started = perf_counter()
                samples = self._seen()
                rendered = perf_counter()
                yield from samples
                # Storing the grid counts too, but a pause during this yield does not.
                cost = min(perf_counter() - started, 5 * (rendered - started))
                next_samples = perf_counter() + max(cost / SAMPLE_SHARE, SAMPLE_SECONDS)
        if self.step > self._reported[0]:
            yield from self._reports()
        self._refuse_broken()
        yield from self._seen()
        yield Finished(self.step, reason)

    def step_discriminator(self) -> Samples | Points:
        """Updates the discriminator once, on a batch of its own, and returns a snapshot.

        For use between two events, as `step_generator`. Neither counts in the losses of the next report.
        """
        self.update_discriminator()
        return self.snapshot()

    def update_discriminator(self) -> None:
        """Updates the discriminator once, on a batch of its own."""
        plan = self._prepare(1)
        self.ranks.lead({"do": "update_discriminator"})
        with shared(self.ranks):
            self._train_discriminator_alone(0, plan)
        self.images += self.settings.batch

    def step_generator(self) -> Samples | Points:
        """Updates the generator once, which counts as a step, and returns a snapshot."""
        self.update_generator()
        return self.snapshot()

    def update_generator(self) -> None:
        """Updates the generator once, which counts as a step."""
        plan = self._prepare(1)
        self.ranks.lead({"do": "update_generator"})
        with shared(self.ranks):
            self._train_generator_alone(plan)
        self._count_step()

    def edit(self, settings: Settings) -> Edited:
        """Changes the settings from the next step on. Raises `UserError` for one that is not live."""
        new = settings.model_dump()
        changes = {name: value for name, value in new.items() if value != getattr(self.settings, name)}
        if fixed_names := sorted(changes.keys() - live_settings() - {"preset"}):
            raise UserError(
                _("The setting {name!r} cannot change while a training runs.").format(name=fixed_names[0]),
                _("Start a new training with it."),
            )
        self.ranks.lead({"do": "edit", "settings": settings.model_dump(mode="json")})
        self.settings = settings
        self.batches.mirror = settings.mirror
        self._captured.forget()
        return Edited(self.step, changes)

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

    @torch.no_grad()
    def render(self) -> Images:
        """Returns images of the averaged generator from the fixed latents of the sample grid, uint8 NHWC.

        For 2-D point data, returns one picture of the playground, (1, 256, 256, 3), with the generator as it is now. If
        memory is full, returns the last images, or black ones, so that no checkpoint fails for its picture.
        """
        with left_out_if_full(self.device):
            shown = self.snapshot()
            self._rendered = picture(shown)[None] if isinstance(shown, Points) else shown.images
        return self._rendered

    def published(self) -> dict[str, Tensor]:
        """Returns a copy of the averaged generator's weights on the CPU, for another thread."""
        return {name: value.detach().cpu().clone() for name, value in self.G_ema.state_dict().items()}

    def checkpoint(self) -> Checkpoint:
        """Returns the complete state, enough to continue bit for bit on the same device.

        The tensors are the training's own: write or copy them before the next event. Raises `DivergenceError` if losses
        or weights are NaN or infinite, so that a broken state is never saved.
        """
        tensors = self.state() | {"preview": torch.from_numpy(preview(self.render(), self.row))}
        return Checkpoint(self.meta(), tensors)

    def state(self) -> dict[str, Tensor]:
        """Returns the tensors of a checkpoint without its preview, for `rewind`. Raises as `checkpoint`."""
        self._refuse_divergence(self._means.peek())
        self._refuse_broken()
        return self._state.tensors()

    def rewind(self, checkpoint: Checkpoint) -> None:
        """Goes back to an earlier state of this training and its settings, as exactly as a resumed training.

        For use after `events` has raised, before it is called again.
        """
        self.settings = checkpoint.meta.settings
        self.batches.mirror = self.settings.mirror
        self._means = RunningMeans()
        self._penalty.zero_()
        self._restore(checkpoint)
        self.share()

    def share(self) -> None:
        """Gives the state of the first rank to the others."""
        if self.ranks.several:
            self.ranks.lead({"do": "rewind", "meta": self.meta().model_dump(mode="json")}, self._state.tensors())

    def meta(self) -> Meta:
        """Returns the metadata of the present state."""
        return Meta(
            settings=self.settings,
            channels=self.channels,
            step=self.step,
            images=self.images,
            seconds=self.seconds,
            epoch=self.batches.epoch,
            index=self.batches.index,
            dataset=printable(self.dataset.source),
            dataset_fingerprint=self.dataset.fingerprint,
            classes=self.dataset.classes,
            device=self.tuned.device,
            precision=self.tuned.precision,
            memory_format=self.tuned.memory_format,
            created=datetime.now(UTC),
            stats={name: value for name, value in self.stats.items() if isfinite(value)},
        )

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._captured.forget()
        self._state.restore(checkpoint, self.settings, self.channels)
        meta = checkpoint.meta
        self.step, self.images, self.seconds = meta.step, meta.images, meta.seconds
        self.stats = meta.stats
        if meta.dataset_fingerprint == self.dataset.fingerprint:
            self.batches.epoch, self.batches.index = meta.epoch, meta.index

    def _seen(self) -> list[Event]:
        """Returns the snapshot as a list; if memory is full, a notice the first time."""
        with left_out_if_full(self.device):
            return [self.snapshot()]
        return self._once(NO_SAMPLES)

    def _reports(self) -> list[Event]:
        return [self._report(), *(self._once(NO_PROBE) if self.signals.probe_left_out else [])]

    def _once(self, text: str) -> list[Event]:
        found: list[Event] = [] if text in self._told else [Notice(text)]
        self._told.add(text)
        return found

    def _report(self) -> Report:
        stats = self._means.take()  # the only wait for the device
        signals = self.signals.take()
        self._refuse_divergence(stats)
        stats |= signals
        steps, seconds = self.step - self._reported[0], self.seconds - self._reported[1]
        self._reported = self.step, self.seconds
        stats["Timing/images_per_sec"] = steps * self.settings.batch * self.settings.d_steps / max(seconds, 1e-9)
        stats["Memory/host_gb"] = used_memory() / 2**30
        if self.device.type in ("cuda", "xpu"):
            reserved = torch.get_device_module(self.device).memory_reserved(self.device)
            stats["Memory/device_gb"] = reserved / 2**30
        self.stats = stats
        return Report(self.step, self.images, self.seconds, stats)

    def _refuse_divergence(self, stats: Mapping[str, float]) -> None:
        # This comparison rejects NaN as well.
        if not all(abs(value) <= LARGEST_LOSS for name, value in stats.items() if name.startswith("Loss/")):
            raise DivergenceError(self.step)

    def _refuse_broken(self) -> None:
        # No loss reflects the last step yet.
        if not isfinite(
            float(l2_norm([weight for network in self._state.networks.values() for weight in network.parameters()]))
        ):
            raise DivergenceError(self.step)

    def _limit(self) -> str:
        """Returns the limit that the training has reached, as a sentence; empty while it goes on."""
        if self.settings.steps is not None and self.step >= self.settings.steps:
            return _("Reached the step limit of {steps}.").format(steps=number(self.settings.steps))
        if self.settings.minutes is not None and self.seconds >= 60 * self.settings.minutes:
            return _("Reached the time limit of {minutes} min.").format(minutes=f"{self.settings.minutes:g}")
        return ""


def active_seconds(elapsed: float, busy: float) -> float:
    """Returns the seconds of a step without those of a suspended process. `busy`: its processor time in seconds."""
    return min(elapsed, LONG_STEP + busy)
