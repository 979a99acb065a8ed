"""Loop of a training around its steps: events, reports, sample grids, limits, edits and checkpoints."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from math import isfinite
from time import perf_counter, process_time

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import Checkpoint, Meta
from core.config.settings import Settings, live_settings
from core.data.dataset import Dataset
from core.data.names import printable
from core.devices.memory import enough_memory_for_batch, left_out_if_full, used_memory
from core.distributed.ranks import ALONE, Ranks
from core.errors import DivergenceError, UserError
from core.events import Edited, Event, Finished, Images, Notice, Points, Report, Samples, Stepped, Tuned
from core.imaging.grid import preview
from core.imaging.points import picture
from core.language import _, number
from core.monitoring.norms import l2_norm
from core.monitoring.running_means import RunningMeans
from core.training.steps import Steps

REPORT_SECONDS = 0.5
SAMPLE_SECONDS = 0.5
SAMPLE_SHARE = 0.02
"""Largest share of the training time that drawing and storing the sample grid may take."""
LONG_STEP = 1.0
"""Length in seconds above which a step may have been suspended, by Ctrl-Z or the lid of a laptop."""
LARGEST_LOSS = 1e6
"""Mean loss or score above which a training counts as diverged."""
NO_SAMPLES = _("Not enough memory for the sample grid, which is left out. Training continues.")
NO_PROBE = _("Not enough memory for the signals of generated images, which are left out. Training continues.")


class TrainingLoop(Steps):
    """Trains a generator G, with its average `G_ema`, against a discriminator D; `events()` is the training.

    Between two events the caller may take a `checkpoint()` or the `published()` weights, `edit()` the settings, or stop
    iterating.
    """

    row = 1
    """Images of the sample grid that belong together."""

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
        super().__init__(settings, dataset, tuned, signals, ranks)
        self.stats: Mapping[str, float] = {}
        self._reported = 0, 0.0
        self._rendered = np.zeros((1, *settings.size[::-1], 3), np.uint8)
        self._told: set[str] = set()
        if checkpoint:
            with enough_memory_for_batch(settings):
                self._restore(checkpoint)

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

    def step_generator(self) -> Samples | Points:
        """Updates the generator once, which counts as a step, and returns a snapshot."""
        self.update_generator()
        return self.snapshot()

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
