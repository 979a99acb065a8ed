"""Trainer: the training loop of a GAN."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from math import isfinite
from time import perf_counter, process_time

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
from core.devices import enough_memory, use, used_memory
from core.errors import DivergenceError, UserError
from core.events import Edited, Event, Finished, Images, Points, Report, Samples, Stepped, Tuned
from core.generator_inputs import Conditions, GeneratorInputs, fixed
from core.imaging.grid import preview
from core.imaging.points import picture
from core.imaging.tensors import to_images
from core.losses import Targets, loss, penalties
from core.losses.weight_clipping import clip_weights
from core.models.conditioning import build_pair, draw, mutual_information, to_tensors
from core.monitoring.norms import l2_norm
from core.monitoring.playground import Playground, one_thread
from core.monitoring.probe import Probe
from core.monitoring.running_means import RunningMeans
from core.monitoring.signals import Descent, Signals
from core.training import optimizers
from core.training.augmentation import Augment, discriminator_input, discriminator_sheet
from core.training.autotune import ComputeFormat, to_device
from core.training.ema import average, decay
from core.training.state import TrainerState

REPORT_SECONDS = 0.5
SAMPLE_SECONDS = 0.5
SAMPLE_SHARE = 0.02
"""The sample grid is drawn no more often than this, and drawing and storing it costs training at most this part of its
time."""
LONG_STEP = 1.0
"""Seconds from which on a step is asked whether it was suspended, by Ctrl-Z or with the lid of a laptop."""
LARGEST_LOSS = 1e6
"""A mean loss or score beyond this is as good as none."""


class Trainer:
    """Trains a generator against a discriminator; `events()` is the whole algorithm.

    Between two events the caller may take a `checkpoint()` or the `published()` weights, `edit()` the settings, or stop
    pulling. The trainer owns the process's default random generators of torch: dropout and augmentation draw from them.
    """

    def __init__(
        self,
        settings: Settings,
        dataset: Dataset,
        tuned: Tuned,
        checkpoint: Checkpoint | None = None,
        signals: bool = True,
    ) -> None:
        """`signals`: whether reports tell more than the losses; the weights are the same without.

        Raises `UserError` for a device that is not here, a batch larger than the dataset, settings that do not suit the
        dataset, a checkpoint that does not fit, or too little memory.
        """
        refuse_data(settings, len(dataset.classes), dataset.points)
        self.settings, self.dataset, self.tuned = settings, dataset, tuned
        self.device = use(settings.device)
        self.choice = ComputeFormat(tuned.precision, tuned.memory_format)
        self.channels = dataset.images.shape[1]
        self.conditions = Conditions.of(settings, len(dataset.classes))
        self.step, self.images, self.seconds = 0, 0, 0.0
        self.stats: Mapping[str, float] = {}
        with enough_memory(settings):
            self.held = held_rows(settings, dataset)
            augmentation = training_set(dataset, self.held)
            self.batches = Batches(augmentation, settings.batch, settings.mirror, settings.seed, self.device)
            self._build(signals)
            if checkpoint:
                self._restore(checkpoint)

    def events(self) -> Generator[Event, None, None]:
        """Yields `Samples` of the start, then `Stepped` after every generator step with `Report` and `Samples`
        between, and `Finished` when the settings' limit is reached. Of points it yields `Points` in place of `Samples`.

        Raises `UserError` when memory runs out, and `DivergenceError` when a loss is no longer a number, or none of any
        use.
        """
        with contextlib.closing(self.batches), one_thread() if self._playground else contextlib.nullcontext():
            yield from self._events()

    def _events(self) -> Generator[Event, None, None]:
        yield self.snapshot()
        reported, next_report, next_samples = self.seconds, perf_counter() + REPORT_SECONDS, perf_counter()
        while not (reason := self._limit()):
            started, busy = perf_counter(), process_time()
            with enough_memory(self.settings):
                self._train_step()
            self.seconds += active_seconds(perf_counter() - started, process_time() - busy)
            yield Stepped(self.step, self.images)
            if perf_counter() >= next_report:
                yield self._report(self.seconds - reported)
                reported, next_report = self.seconds, perf_counter() + REPORT_SECONDS
            if perf_counter() >= next_samples:
                started = perf_counter()
                samples = self.snapshot()
                rendered = perf_counter()
                yield samples
                # Storing the grid counts too, but a pause that falls into this yield does not.
                cost = min(perf_counter() - started, 5 * (rendered - started))
                next_samples = perf_counter() + max(cost / SAMPLE_SHARE, SAMPLE_SECONDS)
        if self._means.count:
            yield self._report(self.seconds - reported)
        self._refuse_broken()
        yield self.snapshot()
        yield Finished(self.step, reason)

    def edit(self, settings: Settings) -> Edited:
        """Takes other settings from the next step on. Raises `UserError` for one that only a new training can
        change."""
        new = settings.model_dump()
        changes = {name: value for name, value in new.items() if value != getattr(self.settings, name)}
        if fixed_names := sorted(changes.keys() - live_settings() - {"preset"}):
            raise UserError(
                f"The setting {fixed_names[0]!r} cannot change while a training runs.", "Begin a new training with it."
            )
        self.settings = settings
        self.batches.mirror = settings.mirror
        return Edited(self.step, changes)

    def step_discriminator(self) -> Samples | Points:
        """One update of the discriminator alone, on a batch of its own, and what is then to be seen.

        For use between two events, as `step_generator`. Neither counts in the next report's losses.
        """
        self._train_discriminator_alone()
        return self.snapshot()

    def step_generator(self) -> Samples | Points:
        """One update of the generator alone, which is a step."""
        real, drawn = self._next_batch()
        with self._autocast():
            fake = self.G(drawn)
        self._train_generator(real, fake, drawn)
        self._count_step()
        return self.snapshot()

    def _train_step(self) -> None:
        for _ in range(self.settings.d_steps - 1):
            self._train_discriminator_alone()
        real, drawn = self._next_batch()
        with self._autocast():
            fake = self.G(drawn)
        values = self._train_discriminator(real, fake.detach(), drawn)
        values |= self._train_generator(real, fake, drawn)
        self._count_step()
        self._means.add(values)

    def _train_discriminator_alone(self) -> None:
        real, drawn = self._next_batch()
        with torch.no_grad(), self._autocast():
            fake = self.G(drawn)
        self._train_discriminator(real, fake, drawn)

    def _count_step(self) -> None:
        self.step += 1
        batch = self.settings.batch * self.settings.d_steps
        half_life, ramp = 1000 * self.settings.ema_kimg, self.settings.ema_ramp / 100
        average(self.G_ema, self.G, decay(batch, half_life, ramp, self.images))

    def _train_discriminator(self, real: Tensor, fake: Tensor, drawn: GeneratorInputs[Tensor]) -> dict[str, Tensor]:
        settings = self.settings
        due = self.images // settings.batch % settings.penalty_interval == 0
        self.D.requires_grad_(True)
        with self._autocast():
            real, fake = self._discriminator_input(real).detach(), self._discriminator_input(fake).detach()
            real.requires_grad_(due and "real" in penalties.inputs(settings))
            fake.requires_grad_(due and "fake" in penalties.inputs(settings))
            (real_logits, real_labels, _), (fake_logits, _, guesses) = (
                self.D(images, drawn.classes) for images in (real, fake)
            )
            if due:
                batch = penalties.DiscriminatorBatch(
                    lambda x: self.D(x, drawn.classes).logits, real, fake, real_logits, fake_logits
                )
                self._penalty = penalties.weighted(settings, batch)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        d_loss = self.loss.discriminator(
            real_logits, fake_logits, Targets(1.0 - settings.smooth_real, settings.smooth_fake)
        )
        objective = d_loss + settings.penalty_interval * self._penalty if due else d_loss
        if self.conditions.codes:
            information = mutual_information(guesses.float(), drawn.codes, self.conditions)
            objective = objective - settings.info_weight * information
        if self.conditions.classifies:
            label_loss = cross_entropy(real_labels.float(), drawn.classes)
            objective = objective + settings.class_weight_d * label_loss
        self.images += settings.batch
        self._descend(self.opt_D, objective, settings.lr_d, self.signals.D)
        if settings.weight_clip:
            clip_weights(self.D, settings.weight_clip)
        self._penalty = self._penalty.detach()
        self.augment.adapt(real_logits.detach(), settings)
        self.signals.add_logits(real_logits, fake_logits)
        values = {"Loss/D/loss": d_loss, "Loss/scores/real": real_logits.mean(), "Loss/scores/fake": fake_logits.mean()}
        if self.loss.PROBABILITY:
            values |= {"Score/real": real_logits.sigmoid().mean(), "Score/fake": fake_logits.sigmoid().mean()}
        if settings.penalties:
            values["Loss/D/penalty"] = self._penalty
        if self.conditions.classifies:
            values["Loss/D/labels"] = label_loss
        if settings.augment == "ada":
            values["Augment/p"] = self.augment.p
        return values

    def _train_generator(self, real: Tensor, fake: Tensor, drawn: GeneratorInputs[Tensor]) -> dict[str, Tensor]:
        # Gradients of the discriminator's weights would be thrown away: do not compute them.
        self.D.requires_grad_(False)
        with self._autocast():
            logits, labels, guesses = self.D(self._discriminator_input(fake), drawn.classes)
            if self.loss.PAIRED:
                with torch.no_grad():
                    real_logits = self.D(self._discriminator_input(real), drawn.classes).logits
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
        self._descend(self.opt_G, objective, self.settings.lr_g, self.signals.G)
        return values

    def _descend(self, optimizer: torch.optim.Optimizer, objective: Tensor, rate: float, watched: Descent) -> None:
        factor = optimizers.schedule(self.settings, self.images)
        optimizers.set_rate(optimizer, rate * factor)
        optimizer.zero_grad()
        objective.backward()
        with watched.step():
            optimizer.step()

    def _discriminator_input(self, images: Tensor) -> Tensor:
        """What the discriminator is shown of images."""
        return discriminator_input(images, self.augment, self.settings, self.images)

    def _next_batch(self) -> tuple[Tensor, GeneratorInputs[Tensor]]:
        """Real images, and what to draw as many generated ones of the same classes from."""
        real, labels = self.batches.next()
        drawn = draw(labels, self.settings.latent_dim, self.conditions, self._noise)
        return real.to(memory_format=self.choice.layout), drawn

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        return self.choice.autocast(self.device)

    @torch.no_grad()
    def render(self) -> Images:
        """The averaged generator's images of the sample grid's fixed latents (`core.latent.request.fixed`).

        Of points it is one picture of the playground, (1, 256, 256, 3), which shows the generator as it is now.
        """
        shown = self.snapshot()
        return picture(shown)[None] if isinstance(shown, Points) else shown.images

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of a grid of what `render` returns stand for; empty where there may be any number."""
        return () if self._playground else self.conditions.column_names(self.dataset.classes)

    @torch.no_grad()
    def snapshot(self) -> Samples | Points:
        """What is to be seen of the present state."""
        if self._playground:
            return self._playground.snapshot(self.G, self.D, self.loss, self.step)
        return Samples(self.step, to_images(self.G_ema(self._fixed)), self.columns)

    def sheet(self, count: int, seed: int) -> Images:
        """Real images as the discriminator is shown them now, uint8 NHWC."""
        return discriminator_sheet(self.dataset.sheet(count, seed), self.settings, seed, self.augment, self.images)

    def published(self) -> dict[str, Tensor]:
        """A copy of the averaged generator's weights, on the CPU, for another thread to keep."""
        return {name: value.detach().cpu().clone() for name, value in self.G_ema.state_dict().items()}

    def checkpoint(self) -> Checkpoint:
        """The complete state, enough to continue bit for bit on the same device.

        The tensors are the training's own: write or copy them before the next event is pulled. Raises
        `DivergenceError` when losses or weights are no longer numbers, so that a broken state never stands where a good
        one is looked for.
        """
        tensors = self.state() | {"preview": torch.from_numpy(preview(self.render()))}
        return Checkpoint(self.meta(), tensors)

    def state(self) -> dict[str, Tensor]:
        """The tensors of a checkpoint without its picture, to `rewind` to; as in `checkpoint`."""
        self._refuse_divergence(self._means.peek())
        self._refuse_broken()
        return self._state.tensors()

    def rewind(self, checkpoint: Checkpoint) -> None:
        """Goes back to an earlier state of this training, and to its settings, as exactly as another training that
        continues from it. For use when `events` has raised, before it is called again."""
        self.settings = checkpoint.meta.settings
        self.batches.mirror = self.settings.mirror
        self._means, self._penalty = RunningMeans(), torch.zeros_like(self._penalty)
        self._restore(checkpoint)

    def meta(self) -> Meta:
        """The readable part of the present state."""
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
        self.G, self.D = to_device(G, self.device, self.choice.layout), to_device(D, self.device, self.choice.layout)
        self.G_ema = deepcopy(self.G).eval().requires_grad_(False)
        self.loss = loss(settings.loss)
        self.opt_G = optimizers.build(settings, self.G.parameters(), settings.lr_g, self.device)
        self.opt_D = optimizers.build(settings, self.D.parameters(), settings.lr_d, self.device)
        self.augment = Augment(self.device)
        self._noise = torch.Generator(self.device).manual_seed(settings.seed)
        self._state = TrainerState(
            {"G": self.G, "D": self.D, "G_ema": self.G_ema},
            {"opt_G": self.opt_G, "opt_D": self.opt_D},
            self.augment,
            self._noise,
        )
        self._fixed = to_tensors(fixed(settings.samples, settings.latent_dim, self.conditions), self.device)
        self._playground = Playground(settings, self.dataset, self.device) if self.dataset.points else None
        self._means = RunningMeans()
        networks = self.G, self.D, self.G_ema
        probe = Probe(networks, self.dataset, self.held, settings, self.conditions, self.choice, self.device)
        self.signals = Signals(probe, self.loss.SIGNED, signals)
        self._penalty = torch.zeros((), device=self.device)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._state.restore(checkpoint, self.settings, self.channels)
        meta = checkpoint.meta
        self.step, self.images, self.seconds = meta.step, meta.images, meta.seconds
        self.stats = meta.stats
        if meta.dataset_fingerprint == self.dataset.fingerprint:
            self.batches.epoch, self.batches.index = meta.epoch, meta.index

    def _report(self, seconds: float) -> Report:
        steps = self._means.count
        stats = self._means.take()  # the only wait for the device
        signals = self.signals.take()
        self._refuse_divergence(stats)
        stats |= signals
        stats["Timing/images_per_sec"] = steps * self.settings.batch * self.settings.d_steps / max(seconds, 1e-9)
        stats["Memory/host_gb"] = used_memory() / 2**30
        if self.device.type in ("cuda", "xpu"):
            reserved = torch.get_device_module(self.device).memory_reserved(self.device)
            stats["Memory/device_gb"] = reserved / 2**30
        self.stats = stats
        return Report(self.step, self.images, self.seconds, stats)

    def _refuse_divergence(self, stats: Mapping[str, float]) -> None:
        # Compared so that a NaN is refused as well.
        if not all(abs(value) <= LARGEST_LOSS for name, value in stats.items() if name.startswith("Loss/")):
            raise DivergenceError(self.step)

    def _refuse_broken(self) -> None:
        # What the last step did to the weights is in no loss yet.
        if not isfinite(float(l2_norm([*self.G.parameters(), *self.D.parameters(), *self.G_ema.parameters()]))):
            raise DivergenceError(self.step)

    def _limit(self) -> str:
        """Why the training is over; empty while it is not."""
        if self.settings.steps is not None and self.step >= self.settings.steps:
            return f"{self.settings.steps} steps are done."
        if self.settings.minutes is not None and self.seconds >= 60 * self.settings.minutes:
            return f"{self.settings.minutes:g} minutes are over."
        return ""


def active_seconds(elapsed: float, busy: float) -> float:
    """Returns the seconds of a step without those in which the process was suspended; `busy`: its processor time."""
    return min(elapsed, LONG_STEP + busy)
