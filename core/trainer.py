"""Trainer: the training loop of a GAN."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from math import isfinite
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from core.checkpoint import Checkpoint, Meta
from core.config.constraints import refuse_data
from core.config.settings import Settings, live_settings
from core.data.batches import Batches
from core.data.dataset import Dataset
from core.data.holdout import held_rows, training_set
from core.data.names import printable
from core.devices import use
from core.devices.memory import (
    BatchLimit,
    batch_too_large,
    enough_memory_for_batch,
    left_out_if_full,
    used_memory,
)
from core.devices.stream import stream_of_its_own
from core.errors import DivergenceError, UserError
from core.events import Edited, Event, Finished, Images, Notice, Points, Report, Samples, Stepped, Tuned
from core.generator_inputs import Conditions, GeneratorInputs, fixed
from core.imaging.grid import preview
from core.imaging.points import picture
from core.imaging.tensors import to_images
from core.language import _, number
from core.losses import Targets, loss, penalties
from core.losses.weight_clipping import clip_weights
from core.models.conditioning import Judgment, build_pair, draw, mutual_information, to_tensors
from core.monitoring.norms import l2_norm
from core.monitoring.playground import Playground, one_thread
from core.monitoring.probe import Probe
from core.monitoring.running_means import RunningMeans
from core.monitoring.signals import Signals
from core.training import optimizers
from core.training.allocator import keep_freed_memory
from core.training.augmentation import Augment, discriminator_input, discriminator_sheet, noise_level
from core.training.captured import Captured, recorder
from core.training.compute_format import ComputeFormat, to_device
from core.training.ema import MovingAverage, decay
from core.training.loss_scale import LossScale
from core.training.pacer import Pacer
from core.training.parts import mean, more_parts, split
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


class Plan(NamedTuple):
    """Parts of a step that vary under the same settings.

    `due`: for each update of D, whether it includes the penalties. `noisy`: whether there is instance noise. `watched`:
    whether signals are measured.
    """

    due: tuple[bool, ...]
    noisy: bool
    watched: bool


class Trainer:
    """Trains a generator against a discriminator; `events()` is the whole algorithm.

    Between two events the caller may take a `checkpoint()` or the `published()` weights, `edit()` the settings, or stop
    iterating. The trainer owns torch's default random generators: dropout and augmentation draw from them.
    """

    def __init__(
        self,
        settings: Settings,
        dataset: Dataset,
        tuned: Tuned,
        checkpoint: Checkpoint | None = None,
        signals: bool = True,
    ) -> None:
        """Builds the networks. `signals`: whether reports hold more than the losses; it does not change the weights.

        Raises `UserError` for a missing device, a batch larger than the dataset, settings that do not suit the dataset,
        a checkpoint that does not fit, or too little memory.
        """
        refuse_data(settings, len(dataset.classes), dataset.points)
        self.settings, self.dataset, self.tuned = settings, dataset, tuned
        self.device = use(settings.device)
        self.choice = ComputeFormat(tuned.precision, tuned.memory_format)
        self.channels = dataset.images.shape[1]
        self.conditions = Conditions.of(settings, len(dataset.classes))
        self.step, self.images, self.seconds = 0, 0, 0.0
        self._reported = 0, 0.0
        self._parts = 1
        self.stats: Mapping[str, float] = {}
        keep_freed_memory()
        with enough_memory_for_batch(settings):
            self.held = held_rows(settings, dataset)
            augmentation = training_set(dataset, self.held)
            self._noise = torch.Generator(self.device).manual_seed(settings.seed)
            record = recorder(self.device, [self._noise])
            self._captured = Captured(record)
            self.batches = Batches(
                augmentation, settings.batch, settings.mirror, settings.seed, self.device, in_place=record is not None
            )
            self._build(signals)
            if checkpoint:
                self._restore(checkpoint)

    def events(self) -> Generator[Event, None, None]:
        """Yields first `Samples`, then `Stepped` after every step with `Report` and `Samples` between, and `Finished`
        when the limit of the settings is reached. For 2-D point data, yields `Points` instead of `Samples`.

        Raises `UserError` if memory runs out, and `DivergenceError` if a loss is NaN, infinite or above `LARGEST_LOSS`.
        """
        threads = one_thread() if self._playground else contextlib.nullcontext()
        with contextlib.closing(self.batches), threads, stream_of_its_own(self.device):
            yield from self._events()

    def _events(self) -> Generator[Event, None, None]:
        yield from self._seen()
        self._reported = self.step, self.seconds
        next_report, next_samples = perf_counter() + REPORT_SECONDS, perf_counter()
        while not (reason := self._limit()):
            started, busy = perf_counter(), process_time()
            yield from self._advance()
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

    def edit(self, settings: Settings) -> Edited:
        """Changes the settings from the next step on. Raises `UserError` for one that is not live."""
        new = settings.model_dump()
        changes = {name: value for name, value in new.items() if value != getattr(self.settings, name)}
        if fixed_names := sorted(changes.keys() - live_settings() - {"preset"}):
            raise UserError(
                _("The setting {name!r} cannot change while a training runs.").format(name=fixed_names[0]),
                _("Start a new training with it."),
            )
        self.settings = settings
        self.batches.mirror = settings.mirror
        self._captured.forget()
        return Edited(self.step, changes)

    def step_discriminator(self) -> Samples | Points:
        """Updates the discriminator once, on a batch of its own, and returns a snapshot.

        For use between two events, as `step_generator`. Neither counts in the losses of the next report.
        """
        plan = self._prepare(1)
        self._train_discriminator_alone(0, plan)
        self.images += self.settings.batch
        return self.snapshot()

    def step_generator(self) -> Samples | Points:
        """Updates the generator once, which counts as a step, and returns a snapshot."""
        plan = self._prepare(1)
        real, drawn = self._batch(0)
        self._train_generator(real, None, drawn, plan)
        self._count_step()
        return self.snapshot()

    def _advance(self) -> Generator[Event, None, None]:
        """Runs one step with its work on the host. Raises `UserError` if it does not fit into memory."""
        plan, was_full = self._prepare(self.settings.d_steps), False
        while True:
            with left_out_if_full(self.device):
                self._captured.run(plan, partial(self._train_step, plan))
                break
            self._captured.forget()  # recorded steps hold memory of their own
            if was_full:
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
        parts = more_parts(self._parts, batch) if self.settings.split_batches else None
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

    def _train_step(self, plan: Plan) -> None:
        last = self.settings.d_steps - 1
        for index in range(last):
            self._train_discriminator_alone(index, plan._replace(watched=False))
        real, drawn = self._batch(last)
        # One pass of G serves both updates, unless the batch is split.
        fake = self._generated(drawn) if self._parts == 1 else None
        values = self._train_discriminator(real, fake, drawn, plan.due[last], plan)
        values |= self._train_generator(real, fake, drawn, plan)
        self._means.add(values)

    def _train_discriminator_alone(self, number: int, plan: Plan) -> None:
        real, drawn = self._batch(number)
        self._train_discriminator(real, None, drawn, plan.due[number], plan)

    def _generated(self, drawn: GeneratorInputs[Tensor]) -> Tensor:
        with self._autocast():
            images: Tensor = self.G(drawn)
            return images

    def _count_step(self) -> None:
        self.step += 1
        batch = self.settings.batch * self.settings.d_steps
        half_life, ramp = 1000 * self.settings.ema_kimg, self.settings.ema_ramp / 100
        self._average.move(decay(batch, half_life, ramp, self.images))

    def _train_discriminator(
        self, real: Tensor, fake: Tensor | None, drawn: GeneratorInputs[Tensor], due: bool, plan: Plan
    ) -> dict[str, Tensor]:
        """Updates D. `due`: whether penalties are included. `fake`: generated here if None."""
        self.D.requires_grad_(True)
        self.opt_D.zero_grad()
        found, logits = [], []
        for reals, fakes, inputs in split(real, fake, drawn, self._parts):
            if fakes is None:
                with torch.no_grad():
                    fakes = self._generated(inputs)
            objective, values, of_real, of_fake = self._discriminator_objective(reals, fakes, inputs, due, plan)
            self._add_gradients(objective, self._scale_D)
            found.append(values)
            logits.append((of_real.detach(), of_fake.detach()))
        self._scale_D.unscale(self.opt_D.weights)
        with self.signals.D.step(plan.watched):
            self.opt_D.step()
        if self.settings.weight_clip:
            clip_weights(self.D, self.settings.weight_clip)
        real_logits, fake_logits = map(torch.cat, zip(*logits, strict=True))
        self.augment.adapt(real_logits, self.settings)
        self.signals.add_logits(real_logits, fake_logits, plan.watched)
        values = mean(found)
        if due:
            self._penalty.copy_(values["Loss/D/penalty"].detach())
        if self.settings.penalties:
            values["Loss/D/penalty"] = self._penalty
        if self.settings.augment == "ada":
            values["Augment/p"] = self.augment.p
        return values

    def _discriminator_objective(
        self, real: Tensor, fake: Tensor, drawn: GeneratorInputs[Tensor], due: bool, plan: Plan
    ) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
        """Returns the objective of D, numbers for the report, and D's logits of real and of generated images."""
        settings = self.settings
        autocast, fake = self._autocast(), fake.detach()
        if due and self.choice.precision == "fp16":  # fp16 would round second derivatives to 0
            autocast, fake = contextlib.nullcontext(), fake.float()
        with autocast:
            real, fake = (self._discriminator_input(images, plan).detach() for images in (real, fake))
            real.requires_grad_(due and "real" in penalties.inputs(settings))
            fake.requires_grad_(due and "fake" in penalties.inputs(settings))
            (real_logits, real_labels, _codes), (fake_logits, _labels, guesses) = self._judge(real, fake, drawn.classes)
            if due:
                batch = penalties.DiscriminatorBatch(
                    lambda x: self.D(x, drawn.classes).logits, real, fake, real_logits, fake_logits
                )
                penalty = penalties.weighted(settings, batch)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        d_loss = self.loss.discriminator(
            real_logits, fake_logits, Targets(1.0 - settings.smooth_real, settings.smooth_fake)
        )
        values = {"Loss/D/loss": d_loss, "Loss/scores/real": real_logits.mean(), "Loss/scores/fake": fake_logits.mean()}
        if self.loss.PROBABILITY:
            values |= {"Score/real": real_logits.sigmoid().mean(), "Score/fake": fake_logits.sigmoid().mean()}
        objective = d_loss
        if due:
            objective = d_loss + settings.penalty_interval * penalty
            values["Loss/D/penalty"] = penalty
        if self.conditions.codes:
            information = mutual_information(guesses.float(), drawn.codes, self.conditions)
            objective = objective - settings.info_weight * information
        if self.conditions.classifies:
            values["Loss/D/labels"] = cross_entropy(real_labels.float(), drawn.classes)
            objective = objective + settings.class_weight_d * values["Loss/D/labels"]
        return objective, values, real_logits, fake_logits

    def _train_generator(
        self, real: Tensor, fake: Tensor | None, drawn: GeneratorInputs[Tensor], plan: Plan
    ) -> dict[str, Tensor]:
        # Gradients of D's weights are not needed here.
        self.D.requires_grad_(False)
        self.opt_G.zero_grad()
        found = []
        for reals, fakes, inputs in split(real, fake, drawn, self._parts):
            images = self._generated(inputs) if fakes is None else fakes
            objective, values = self._generator_objective(reals, images, inputs, plan)
            self._add_gradients(objective, self._scale_G)
            found.append(values)
        self._scale_G.unscale(self.opt_G.weights)
        with self.signals.G.step(plan.watched):
            self.opt_G.step()
        return mean(found)

    def _generator_objective(
        self, real: Tensor, fake: Tensor, drawn: GeneratorInputs[Tensor], plan: Plan
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the objective of G, and numbers for the report."""
        with self._autocast():
            logits, labels, guesses = self.D(self._discriminator_input(fake, plan), drawn.classes)
            if self.loss.PAIRED:
                with torch.no_grad():
                    real_logits = self.D(self._discriminator_input(real, plan), drawn.classes).logits
            else:
                real_logits = torch.zeros_like(logits)
        g_loss = objective = self.loss.generator(real_logits.float(), logits.float())
        values = {"Loss/G/loss": g_loss}
        if self.conditions.codes:
            values["Loss/information"] = mutual_information(guesses.float(), drawn.codes, self.conditions)
            objective = g_loss - self.settings.info_weight * values["Loss/information"]
        if self.conditions.classifies:
            values["Loss/G/labels"] = cross_entropy(labels.float(), drawn.classes)
            objective = objective + self.settings.class_weight_g * values["Loss/G/labels"]
        return objective, values

    def _judge(self, real: Tensor, fake: Tensor, classes: Tensor) -> tuple[Judgment, Judgment]:
        """Returns D's output for real and for generated images of the same classes, in one pass if possible."""
        if not self._one_pass or real.requires_grad or fake.requires_grad:  # one pass would compute both gradients
            return self.D(real, classes), self.D(fake, classes)
        both: Judgment = self.D(torch.cat([real, fake]), torch.cat([classes, classes]))
        halves = [part.chunk(2) for part in both]
        return Judgment(*(half[0] for half in halves)), Judgment(*(half[1] for half in halves))

    def _add_gradients(self, objective: Tensor, scale: LossScale) -> None:
        """Adds the gradients of one part's objective to those of the batch."""
        scale.scaled(objective if self._parts == 1 else objective / self._parts).backward()

    def _discriminator_input(self, images: Tensor, plan: Plan) -> Tensor:
        """Returns images with augmentation and instance noise, as D sees them."""
        return discriminator_input(images, self.augment, self.settings, self._noise_level if plan.noisy else None)

    def _batch(self, number: int) -> tuple[Tensor, GeneratorInputs[Tensor]]:
        """Returns staged real images, and generator inputs for as many images of the same classes."""
        real, labels = self.batches.staged(number)
        drawn = draw(labels, self.settings.latent_dim, self.conditions, self._noise)
        return real.to(memory_format=self.choice.layout), drawn

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

    @property
    def columns(self) -> tuple[str, ...]:
        """Titles of the columns of `render`'s grid; empty if it may have any number of columns."""
        return () if self._playground else self.conditions.column_names(self.dataset.classes)

    @torch.no_grad()
    def snapshot(self) -> Samples | Points:
        """Returns the sample grid, or the points, of the present state. Raises `UserError` if memory is full."""
        if self._playground:
            return self._playground.snapshot(self.G, self.D, self.loss, self.step)
        images = self._grid_limit.run(self._grid, _("There is not enough memory for an image of the sample grid."))
        return Samples(self.step, images, self.columns)

    def _grid(self, at_once: int) -> Images:
        parts = zip(*(part.split(at_once) for part in self._fixed), strict=True)
        return np.concatenate([to_images(self.G_ema(GeneratorInputs(*part))) for part in parts])

    def sheet(self, count: int, seed: int) -> Images:
        """Returns real images as the discriminator sees them now, uint8 NHWC."""
        return discriminator_sheet(self.dataset.sheet(count, seed), self.settings, seed, self.augment, self.images)

    def published(self) -> dict[str, Tensor]:
        """Returns a copy of the averaged generator's weights on the CPU, for another thread."""
        return {name: value.detach().cpu().clone() for name, value in self.G_ema.state_dict().items()}

    def checkpoint(self) -> Checkpoint:
        """Returns the complete state, enough to continue bit for bit on the same device.

        The tensors are the training's own: write or copy them before the next event. Raises `DivergenceError` if losses
        or weights are NaN or infinite, so that a broken state is never saved.
        """
        tensors = self.state() | {"preview": torch.from_numpy(preview(self.render()))}
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

    def _build(self, signals: bool) -> None:
        settings = self.settings
        torch.manual_seed(settings.seed)
        G, D = build_pair(settings, self.channels, self.conditions)
        # Spectral normalization iterates once a pass: with one pass it would follow the weights at half the pace.
        self._one_pass = D.network.per_image and not settings.spectral_norm
        self.G, self.D = to_device(G, self.device, self.choice.layout), to_device(D, self.device, self.choice.layout)
        self.G_ema = deepcopy(self.G).eval().requires_grad_(False)
        self._average = MovingAverage(self.G_ema, self.G)
        self.loss = loss(settings.loss)
        self.opt_G = optimizers.build(settings, self.G.parameters(), settings.lr_g)
        self.opt_D = optimizers.build(settings, self.D.parameters(), settings.lr_d)
        is_half = self.choice.precision == "fp16"
        self._scale_G, self._scale_D = LossScale(self.device, is_half), LossScale(self.device, is_half)
        self.augment = Augment(self.device)
        self._state = TrainerState(
            {"G": self.G, "D": self.D, "G_ema": self.G_ema},
            {"opt_G": self.opt_G, "opt_D": self.opt_D},
            {"scale_G": self._scale_G, "scale_D": self._scale_D},
            self.augment,
            self._noise,
        )
        self._fixed = to_tensors(fixed(settings.samples, settings.latent_dim, self.conditions), self.device)
        self._grid_limit = BatchLimit(len(self._fixed.z), self.device)
        self._rendered = np.zeros((1, *settings.size[::-1], 3), np.uint8)
        self._told: set[str] = set()
        self._playground = Playground(settings, self.dataset, self.device) if self.dataset.points else None
        self._means = RunningMeans()
        networks = self.G, self.D, self.G_ema
        probe = Probe(networks, self.dataset, self.held, settings, self.conditions, self.choice, self.device)
        self.signals = Signals(probe, self.loss.SIGNED, signals)
        self._penalty, self._noise_level = torch.zeros(2, device=self.device)
        self._pacer = Pacer(self.device)

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
        if not isfinite(float(l2_norm([*self.G.parameters(), *self.D.parameters(), *self.G_ema.parameters()]))):
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
