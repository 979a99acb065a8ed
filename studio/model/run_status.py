"""Status of the training in words: state, step, speed, time and possible actions, made in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.data.names import quoted
from core.events import Progress, Report
from core.language import _, in_context, number, plural
from studio.model.train import TrainingState

if TYPE_CHECKING:
    from core.config.settings import Settings

LONGEST_NAME = 24
"""Most characters of a name beside the buttons; its tip has the whole."""


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a training in its last report. `left`: seconds, None without a limit; `memory`: GB, None if
    unknown."""

    step: int
    images: int
    seconds: float
    rate: float
    points: bool
    """Tells whether it counts points instead of images."""
    left: float | None
    memory: float | None

    @classmethod
    def of(cls, report: Report, settings: Settings) -> TrainingProgress:
        """Returns the progress of a report."""
        stats = report.stats
        memory = stats.get("Memory/device_gb", stats.get("Memory/host_gb"))
        rate = stats.get("Timing/images_per_sec", 0.0)
        left = seconds_left(report, settings)
        return cls(report.step, report.images, report.seconds, rate, settings.points, left, memory)

    @property
    def share(self) -> float | None:
        """Returns the share of the training that is done, from 0 to 1; None without a limit."""
        if self.left is None:
            return None
        return self.seconds / (self.seconds + self.left) if self.left > 0 else 1.0

    @property
    def speed(self) -> str:
        return (_("{rate} points/s") if self.points else _("{rate} images/s")).format(rate=number(self.rate))

    @property
    def time(self) -> str:
        """Returns the time left, or the elapsed time without a limit."""
        if self.left is None:
            return _("{duration} elapsed").format(duration=duration(self.seconds))
        return _("{duration} left").format(duration=duration(self.left))

    @property
    def details(self) -> str:
        """Returns all known facts, one per line."""
        if self.points:
            seen = plural("{count} point seen, {speed}", "{count} points seen, {speed}", self.images, speed=self.speed)
        else:
            seen = plural("{count} image seen, {speed}", "{count} images seen, {speed}", self.images, speed=self.speed)
        lines = [step_text(self.step), seen, _("{duration} elapsed").format(duration=duration(self.seconds))]
        if self.left is not None:
            lines.append(_("{duration} left").format(duration=duration(self.left)))
        if self.memory is not None:
            lines.append(_("{size} GB of memory").format(size=number(self.memory, 1)))
        return "\n".join(lines)


@dataclass(frozen=True)
class RunStatus:
    """Texts of footer and run strip at one moment. `share`: progress of the goal or the preparation, from 0 to 1; None
    if unknown."""

    state: str
    step: str = ""
    speed: str = ""
    time: str = ""
    share: float | None = None
    is_busy: bool = False
    """Tells whether a task of unknown duration is in progress."""
    details: str = ""
    can_start: bool = False
    can_pause: bool = False
    can_stop: bool = False
    is_paused: bool = False
    start: str = _("Start")
    start_tip: str = ""
    stop: str = _("Stop")
    stop_tip: str = _("Save a checkpoint, then stop")

    @property
    def line(self) -> str:
        """Returns step and time in one line."""
        return " · ".join(filter(None, (self.step, self.time)))


def resting(dataset: str, resumes: bool, step: int | None = None) -> RunStatus:
    """Returns the status without a training. `dataset`: title of the data that Start trains on; empty if none is open.
    `resumes`: whether it continues a run; `step`: from which step, if known."""
    start = _("Continue") if resumes else _("Start")
    if not dataset:
        return RunStatus(_("No dataset"), start=start, start_tip=_("Open images first"), step=_step_of(step, resumes))
    tip = _("Continue training on {name} (Ctrl+Enter)") if resumes else _("Start training on {name} (Ctrl+Enter)")
    state = _("Stopped") if resumes else _("Ready")
    return RunStatus(
        state, _step_of(step, resumes), can_start=True, start=start, start_tip=tip.format(name=quoted(dataset))
    )


def reading(name: str, resumes: bool) -> RunStatus:
    """Returns the status while a dataset or run is being read, which must be open before a start."""
    short = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    state = _("Reading {name}").format(name=quoted(short))
    tip = _("{name} is being read. Start when it is open, or cancel.").format(name=quoted(name))
    return RunStatus(state, is_busy=True, start=_("Continue") if resumes else _("Start"), start_tip=tip)


def training(state: TrainingState, preparation: Progress | None, progress: TrainingProgress | None) -> RunStatus:
    """Returns the status of a training. `preparation`: progress before its first step; `progress`: of its last
    report."""
    if state is TrainingState.STARTING:
        share = preparation.done / preparation.total if preparation and preparation.total else None
        text = preparation.text if preparation else _("Warming up")
        done = "" if share is None else f" {share:.0%}"
        return RunStatus(_("Starting"), time=text + done, share=share, is_busy=share is None, can_stop=True)
    if state is TrainingState.STOPPING:
        return RunStatus(_("Saving"), step=step_text(progress.step) if progress else "", is_busy=True)
    paused = state is TrainingState.PAUSED
    shown = RunStatus(
        _("Paused") if paused else in_context("state", "Training"),
        can_pause=True,
        can_stop=True,
        is_paused=paused,
        is_busy=not progress,
    )
    if progress is None:
        return shown
    return replace(
        shown,
        step=step_text(progress.step),
        speed="" if paused else progress.speed,
        time=progress.time,
        share=progress.share,
        details=progress.details,
    )


def watching(
    place: str,
    progress: TrainingProgress | None,
    dataset: str,
    copies: bool,
    can_start: bool,
    can_steer: bool = False,
    is_paused: bool = False,
) -> RunStatus:
    """Returns the status while another process trains the visible run. `place`: where and since when; `dataset`: title
    of the open images; `copies`: whether Start trains a copy of the run instead of a new one. `can_steer`: whether the
    other process carries out requests."""
    start = _("Train a copy") if copies else _("Start")
    tip = _("Train a copy on {name} (Ctrl+Enter)") if copies else _("Start on {name} (Ctrl+Enter)")
    tip = tip.format(name=quoted(dataset)) if dataset else _("Open images first")
    shown = RunStatus(
        _("Paused") if is_paused else in_context("state", "Watching"),
        is_busy=not progress,
        can_pause=can_steer,
        is_paused=is_paused,
        details=_("Trained in another process ({place})").format(place=place),
        can_start=can_start,
        can_stop=True,
        start=start,
        start_tip=tip,
        stop=_("Stop") if can_steer else _("Stop watching"),
        stop_tip=_("Save a checkpoint, then stop the training in the other process")
        if can_steer
        else _("Stop watching; the other process keeps training"),
    )
    if progress is None:
        return shown
    return replace(
        shown,
        step=step_text(progress.step),
        speed="" if is_paused else progress.speed,
        time=progress.time,
        share=progress.share,
        details=f"{shown.details}\n{progress.details}",
    )


def step_text(step: int) -> str:
    """Returns a step as text: "step 2,511"."""
    return _("step {step}").format(step=number(step))


def seconds_left(report: Report, settings: Settings) -> float | None:
    """Returns the seconds left, estimated from the training so far; None without a limit."""
    left = []
    if settings.minutes is not None:
        left.append(60 * settings.minutes - report.seconds)
    if settings.steps is not None and report.step:
        left.append((settings.steps - report.step) * report.seconds / report.step)
    return max(min(left), 0.0) if left else None


def duration(seconds: float) -> str:
    """Returns a duration as h:mm:ss, or m:ss below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _step_of(step: int | None, resumes: bool) -> str:
    return step_text(step) if resumes and step is not None else ""
