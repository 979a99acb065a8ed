"""Training job: from settings and a source of images to a recorded run, for the command line and the window."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import sleep
from typing import Any, Literal

import numpy as np
import torch

from core.checkpoint import Checkpoint, load, save
from core.checkpoint_schema import optimizer_states
from core.config.constraints import refuse_data, refuse_kind
from core.config.settings import Settings
from core.data.batches import refuse_large_batch
from core.data.builtin import toys
from core.data.dataset import Dataset
from core.data.health.pair_checks import pair_warnings
from core.data.holdout import epoch_images
from core.data.names import printable
from core.data.prepare import prepare
from core.data.sides.pairing import sides_for
from core.devices import passed_over, resolve, use
from core.distributed.ranks import ALONE, Ranks
from core.errors import UserError
from core.events import Edited, Event, Finished, Measured, Notice, Progress, Saved, Stepped, Tuned, Waiting
from core.jobs.autotune import trial
from core.jobs.divergence_recovery import DivergenceRecovery
from core.jobs.live_evaluation import LiveEvaluator
from core.jobs.ranks.started import ranks_of
from core.jobs.trainer import trainer_for
from core.language import _, listed, sentences
from core.presets import FitContext, preset
from core.runs.mirrored import origin as mirrored
from core.runs.requests import Inbox, Request
from core.runs.retention import pin
from core.runs.run import Run, is_run, next_folder, refuse_taken, runs_folder
from core.runs.run_lock import RunLock, refuse_busy
from core.runs.run_name import copy_name, run_title, write_name
from core.stats.metric_key import parse
from core.stats.metric_key import title as metric_title
from core.training.clusters import clustered
from core.training.loop import TrainingLoop

SHOWN = 5
"""Maximum number of class names in a message."""
TURN_SECONDS = 0.1
"""Seconds between two yields while the training is paused."""


@dataclass
class TrainingJob:
    """One training, from reading its images to its run folder.

    `chosen`: initial settings; `settings`: those in force. `runs`: folder for a new numbered run, unless `out` is its
    folder. `resume`: checkpoint to continue from, in its own run if it is the newest of that run and `out` does not
    differ, else in a new run that copies earlier reports and samples. `copy`: always create a new run, named as a copy,
    beside the first one unless `out` or `runs` is given, or that one is a mirror. `given`: settings that the user
    chose; the preset fits the others to the images and the device. Without `given`, all settings stay unchanged.
    `on_request`: whether other processes may steer the training (`core.runs.requests`). `ranks`: those that train
    together, and follow this job; if the settings name several devices, the job starts them itself. `trainer` and
    `run` exist from the first `Samples` or `Points` event on.
    """

    chosen: Settings
    source: str
    runs: Path | None = None
    out: Path | None = None
    resume: Path | None = None
    copy: bool = False
    given: Mapping[str, Any] | None = None
    on_request: bool = False
    ranks: Ranks = ALONE
    trainer: TrainingLoop | None = field(default=None, init=False)
    run: Run | None = field(default=None, init=False)
    evaluator: LiveEvaluator | None = field(default=None, init=False)
    is_stopped: bool = field(default=False, init=False)
    """True once another process has asked to stop."""
    _recovery: DivergenceRecovery | None = field(default=None, init=False)
    _images: Dataset = field(init=False)
    """Dataset without clusters."""

    @property
    def settings(self) -> Settings:
        """Settings in force: those of the trainer once it exists."""
        return self.trainer.settings if self.trainer else self.chosen

    def events(self) -> Generator[Event, None, None]:
        """Yields all events from reading the images to `Finished`.

        Raises `RunBusyError` if another process trains in the run to be continued, `MirroredRunError` if it is that of
        another machine, and `UserError`; the run keeps what was saved.
        """
        checkpoint = load(self.resume) if self.resume else None
        with closing(ranks_of(self.chosen.device, self.ranks)) as ranks:
            self.ranks = ranks
            use(ranks.device_name(self.chosen.device))  # an unusable device raises before the images are read
            yield from ranks.gather()
            yield from self._events(checkpoint)

    def _events(self, checkpoint: Checkpoint | None) -> Generator[Event, None, None]:
        if origin := self._continued():
            with RunLock(origin.folder) as lock:
                yield from self._begin(checkpoint)
                yield from self._train(origin, lock)
            return
        if self.out is not None:
            refuse_taken(self.out)
        elif not self.copy and (trained := _run_of(self.resume)):
            refuse_busy(trained.folder)  # the other process may have trained further
        trainer = yield from self._begin(checkpoint)
        run = self._new_run(trainer)
        with RunLock(run.folder) as lock:
            yield from self._train(run, lock)

    def _begin(self, checkpoint: Checkpoint | None) -> Generator[Event, None, TrainingLoop]:
        """Yields the events before the first step; returns the trainer."""
        refuse_kind(self.chosen, toys.opens(self.source))
        self.ranks.lead({"do": "prepare", "source": self.source, "settings": self.chosen.model_dump(mode="json")})
        dataset = yield from prepare(self.source, self.chosen.preparation)
        settings = self.chosen if checkpoint else self._fitted(dataset)
        refuse_large_batch(settings.batch, epoch_images(settings, dataset))
        self.ranks.refuse_batch(settings.batch)
        refuse_data(settings, len(dataset.classes), dataset.points)
        if settings.two_sided and settings.has_pairs:
            for problem in pair_warnings(dataset, settings.preparation):
                yield Notice(sentences(problem.text, problem.suggestion))
        if passed := passed_over(self.chosen.device):
            yield Notice(passed)
        self._images = dataset
        if settings.clusters:
            device = resolve(self.ranks.device_name(settings.device))
            dataset = yield from clustered(dataset, settings.clusters, device)
        tuned = yield from _tune(self.ranks.share(settings), dataset, checkpoint)
        yield tuned
        self._lead(settings, dataset, tuned)
        trainer = self.trainer = trainer_for(settings, dataset, tuned, checkpoint, ranks=self.ranks)
        self.ranks.connect(trainer.device)
        trainer.share()
        if checkpoint and (anew := _begins_anew(checkpoint, trainer)):
            yield Notice(sentences(*anew))
        return trainer

    def _lead(self, settings: Settings, dataset: Dataset, tuned: Tuned) -> None:
        """Tells the other ranks what to build."""
        order = {
            "do": "build",
            "settings": settings.model_dump(mode="json"),
            "tuned": asdict(tuned),
            "fingerprint": dataset.fingerprint,
            "classes": dataset.classes,
        }
        clusters = settings.clusters and dataset.labels is not None
        self.ranks.lead(order, {"labels": torch.from_numpy(np.array(dataset.labels))} if clusters else {})

    def _train(self, run: Run, lock: RunLock) -> Generator[Event, None, None]:
        assert self.trainer is not None
        trainer, self.run = self.trainer, run
        run.log(f"{'continues' if self.resume else 'begins'} at step {trainer.step}: {trainer.tuned}")
        evaluator = self.evaluator = LiveEvaluator(run, trainer, self._images)

        def train() -> Generator[Event, None, None]:
            return run.record(trainer, evaluator.beside(trainer.events()), lambda: evaluator.subject)

        self._recovery = DivergenceRecovery(trainer, run, train)
        inbox = Inbox(run.folder, self.on_request, lock.is_lost)
        with closing(inbox), closing(self._recovery.events()) as events:
            for event in events:
                if lock.is_lost():
                    raise self._taken_over(run)
                yield event
                reason = ""
                if isinstance(event, Measured):
                    reason = self._out_of_patience(run)
                elif self.on_request and isinstance(event, Stepped) and (yield from self._answer(inbox, lock)):
                    self.is_stopped, reason = True, _("Stopped on request.")
                if reason:
                    yield (yield from run.save_at_last(trainer))
                    yield Finished(trainer.step, reason)
                    return

    def _out_of_patience(self, run: Run) -> str:
        """Returns a sentence if the metric measured last has not improved for as long as the settings say, else an
        empty text."""
        assert self.trainer is not None
        patience = self.trainer.settings.patience
        if patience is None:
            return ""
        with suppress(UserError):  # the best checkpoint is damaged: the next measurement decides
            key, seconds = run.without_progress(self.trainer.seconds)
            if seconds >= 60 * patience:
                metric = metric_title(parse(key)[0])
                return _("{metric} has not improved for {minutes} min.").format(metric=metric, minutes=f"{patience:g}")
        return ""

    def _answer(self, inbox: Inbox, lock: RunLock) -> Generator[Event, None, bool]:
        """Carries out requests of other processes; while paused, waits for the next ones. Returns whether to stop."""
        is_paused = False
        while True:
            for asked, request in inbox.requests():
                if request.kind == "stop":
                    inbox.answer(asked)
                    return True
                if request.kind in ("pause", "resume"):
                    is_paused = request.kind == "pause"
                    inbox.set_paused(is_paused)
                try:
                    yield from self._carry_out(request)
                    problem = None
                except UserError as error:
                    problem = error
                inbox.answer(asked, problem)
            if not is_paused or lock.is_lost():
                return False
            yield Waiting()
            sleep(TURN_SECONDS)

    def _carry_out(self, request: Request) -> Generator[Event, None, None]:
        """Yields the events of a request. Raises `UserError`."""
        if request.kind == "save":
            yield self.save_pinned()
        elif request.kind == "edit":
            yield self.edit(self.settings.changed(**request.values))
        elif request.kind == "measure":
            self.measure()

    def _taken_over(self, run: Run) -> UserError:
        """Returns the error for a run that another process took over while this one was suspended; its state is saved
        to a separate file."""
        assert self.trainer is not None
        copy = run.folder / f"step {self.trainer.step} before it was taken over.safetensors"
        remedy = _("Watch it there, or train a copy: continue from its checkpoint in another folder.")
        with suppress(UserError):
            self.save_as(copy)
            saved = _("The state of this process is saved in {file}.").format(file=copy.name)
            remedy = sentences(remedy, saved)
        what = _("Another process took over {run} while this one was suspended.").format(run=run.folder.name)
        return UserError(what, remedy)

    def save(self) -> Saved:
        """Writes a checkpoint into the run; call it between two events. Raises `UserError`."""
        if self.trainer is None or self.run is None:
            raise UserError(_("The training has not begun yet."), _("Save again in a few seconds."))
        return self.run.save(self.trainer)

    def save_at_end(self) -> Saved | Notice:
        """Saves the training when the process has to end; never raises. Call it between two events."""
        saved = self._recovery.save_at_end() if self._recovery else None
        return saved or Notice(_("The training could not be saved. Continue from the newest checkpoint of the run."))

    def save_pinned(self) -> Saved:
        """Writes a checkpoint and pins it, so that it is never pruned. Raises `UserError`."""
        saved = self.save()
        pin(saved.path)
        return saved

    def measure(self) -> None:
        """Requests an evaluation of the present state, soon; call it between two events. Raises `UserError`."""
        if self.evaluator is None or self.trainer is None:
            raise UserError(_("The training has not begun yet."), _("Try again in a few seconds."))
        if self.trainer.dataset.points:
            raise UserError(_("Metrics of images do not apply to 2-D points."), _("Compare the points in the plot."))
        self.evaluator.ask()

    def save_as(self, path: Path) -> Saved:
        """Writes a checkpoint to any path; call it between two events. Raises `UserError`."""
        if self.trainer is None:
            raise UserError(_("The training has not begun yet."), _("Save again in a few seconds."))
        save(self.trainer.checkpoint(), path)
        return Saved(path, self.trainer.step)

    def edit(self, settings: Settings) -> Edited:
        """Changes settings from the next step on, and records the change in the run; call it between two events.

        Raises `UserError`, and changes nothing, for a setting that only a new training can change, and if the change
        cannot be recorded.
        """
        if self.trainer is None or self.run is None:
            raise UserError(_("The training has not begun yet."), _("Change the settings again in a few seconds."))
        before = self.trainer.settings
        edited = self.trainer.edit(settings)
        try:
            self.run.note(edited)
        except UserError:
            self.trainer.edit(before)
            raise
        return edited

    def single_step(self, network: Literal["D", "G"]) -> Event:
        """Updates one network once and returns the new samples; call it between two events. Raises `UserError`."""
        if self.trainer is None:
            raise UserError(_("The training has not begun yet."), _("Try again in a few seconds."))
        return self.trainer.step_discriminator() if network == "D" else self.trainer.step_generator()

    def _fitted(self, dataset: Dataset) -> Settings:
        """Returns the settings, with those not chosen by the user fitted by the preset to images and device."""
        if self.given is None:
            return self.chosen
        sides = sides_for(self.chosen, dataset)
        images = min(len(sides.inputs), len(sides.targets))
        device = resolve(self.ranks.device_name(self.chosen.device))
        facts = FitContext(images, device.type != "cpu", len(dataset.classes))
        return preset(self.chosen.preset).fitted(facts, **self.given)

    def _continued(self) -> Run | None:
        """Returns the run to continue: that of the resumed checkpoint, if it is the newest and no other is wanted."""
        origin = _run_of(self.resume)
        if (
            self.copy
            or origin is None
            or self.resume is None
            or (self.out is not None and self.out.resolve() != origin.folder)
        ):
            return None
        with suppress(UserError):  # no readable checkpoint of the run: the resumed one is a copy
            return origin if origin.newest().samefile(self.resume) else None
        return None

    def _new_run(self, trainer: TrainingLoop) -> Run:
        origin = _run_of(self.resume)
        runs = self.runs or (_folder_of_copies(origin) if origin and self.copy else None)
        if self.out is not None:
            folder = self.out
        elif runs is not None:
            settings = trainer.settings
            kind = f"{settings.task}-{settings.preset}" if settings.translates else settings.preset
            folder = next_folder(runs, trainer.dataset.title, kind)
        else:
            raise UserError(_("No folder was given for the run."), _("Choose a folder."))
        run = Run.begin(folder, trainer, origin)
        if self.copy and origin is not None:
            write_name(run.folder, copy_name(run_title(origin.folder)))
        return run


def _tune(
    settings: Settings, dataset: Dataset, checkpoint: Checkpoint | None
) -> Generator[Progress | Notice, None, Tuned]:
    """Returns the number format and memory layout of a checkpoint from this kind of device, else those of a trial."""
    device = resolve(settings.device)
    if checkpoint is None or checkpoint.meta.device != device.type:
        return (yield from trial(settings, dataset, device))
    meta = checkpoint.meta
    precision = meta.precision if settings.precision == "auto" else settings.precision
    memory_format = meta.memory_format if settings.memory_format == "auto" else settings.memory_format
    return Tuned(device.type, precision, memory_format, {})


def _begins_anew(checkpoint: Checkpoint, trainer: TrainingLoop) -> list[str]:
    """Returns sentences about state that a training does not take over from a checkpoint, because settings, data or
    device differ."""
    meta, settings, dataset = checkpoint.meta, trainer.settings, trainer.dataset
    found = []
    if optimizer_states(settings) != optimizer_states(meta.settings):
        found.append(_("The optimizers start anew: their state in the checkpoint is that of another optimizer."))
    if dataset.fingerprint != meta.dataset_fingerprint:
        found.append(_("The images are not those of the checkpoint: their order and the held-out images start anew."))
    if settings.condition != "none" and dataset.classes != meta.classes:
        before, now = (printable(listed(classes[:SHOWN])) for classes in (meta.classes, dataset.classes))
        renamed = _("The classes have other names, and are matched in order: {before} are now {now}.")
        found.append(renamed.format(before=before, now=now))
    if trainer.device.type != meta.device:
        other = _("The random numbers start anew: those of the checkpoint are from another device, {device}.")
        found.append(other.format(device=meta.device))
    return found


def _folder_of_copies(run: Run) -> Path:
    """Returns the folder for copies of a run: its own, unless that is the folder of a mirror."""
    return runs_folder() if mirrored(run.folder) else run.folder.parent


def _run_of(checkpoint: Path | None) -> Run | None:
    folder = checkpoint.resolve().parent.parent if checkpoint else None
    return Run(folder) if folder and is_run(folder) else None
