"""Status of the training in words: state, step, speed, time and possible actions, made in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.data.names import quoted
from core.events import Progress, Report
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
    counted: str
    left: float | None
    memory: float | None

    @classmethod
    def of(cls, report: Report, settings: Settings) -> TrainingProgress:
        """Returns the progress of a report; `counted` is "images" or "points"."""
        stats = report.stats
        memory = stats.get("Memory/device_gb", stats.get("Memory/host_gb"))
        rate = stats.get("Timing/images_per_sec", 0.0)
        left = seconds_left(report, settings)
        return cls(report.step, report.images, report.seconds, rate, settings.counted, left, memory)

    @property
    def share(self) -> float | None:
        """Returns the share of the training that is done, from 0 to 1; None without a limit."""
        if self.left is None:
            return None
        return self.seconds / (self.seconds + self.left) if self.left > 0 else 1.0

    @property
    def speed(self) -> str:
        return f"{self.rate:,.0f} {self.counted}/s"

    @property
    def time(self) -> str:
        """Returns the time left, or the elapsed time without a limit."""
        return f"{duration(self.seconds)} elapsed" if self.left is None else f"{duration(self.left)} left"

    @property
    def details(self) -> str:
        """Returns all known facts, one per line."""
        lines = [f"{self.images:,} {self.counted} seen, {self.speed}", f"{duration(self.seconds)} elapsed"]
        lines += [] if self.left is None else [f"{duration(self.left)} left"]
        lines += [] if self.memory is None else [f"{self.memory:.1f} GB of memory"]
        return "\n".join([step_text(self.step), *lines])


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
    start: str = "Start"
    start_tip: str = ""
    stop: str = "Stop"
    stop_tip: str = "Save a checkpoint, then stop"

    @property
    def line(self) -> str:
        """Returns step and time in one line."""
        return " · ".join(filter(None, (self.step, self.time)))


def resting(dataset: str, resumes: bool, step: int | None = None) -> RunStatus:
    """Returns the status without a training. `dataset`: title of the data that Start trains on; empty if none is open.
    `resumes`: whether it continues a run; `step`: from which step, if known."""
    start = "Continue" if resumes else "Start"
    if not dataset:
        return RunStatus("No dataset", start=start, start_tip="Open images first", step=_step_of(step, resumes))
    tip = f"{start} training on {quoted(dataset)} (Ctrl+Enter)"
    state = "Stopped" if resumes else "Ready"
    return RunStatus(state, _step_of(step, resumes), can_start=True, start=start, start_tip=tip)


def reading(name: str, resumes: bool) -> RunStatus:
    """Returns the status while a dataset or run is being read, which must be open before a start."""
    state = f"Reading {quoted(name if len(name) <= LONGEST_NAME else f'{name[:LONGEST_NAME]}…')}"
    tip = f"{quoted(name)} is being read. Start when it is open, or cancel."
    return RunStatus(state, is_busy=True, start="Continue" if resumes else "Start", start_tip=tip)


def training(state: TrainingState, preparation: Progress | None, progress: TrainingProgress | None) -> RunStatus:
    """Returns the status of a training. `preparation`: progress before its first step; `progress`: of its last
    report."""
    if state is TrainingState.STARTING:
        share = preparation.done / preparation.total if preparation and preparation.total else None
        text = preparation.text if preparation else "Warming up"
        done = "" if share is None else f" {share:.0%}"
        return RunStatus("Starting", time=text + done, share=share, is_busy=share is None, can_stop=True)
    if state is TrainingState.STOPPING:
        return RunStatus("Saving", step=step_text(progress.step) if progress else "", is_busy=True)
    paused = state is TrainingState.PAUSED
    shown = RunStatus(
        "Paused" if paused else "Training", can_pause=True, can_stop=True, is_paused=paused, is_busy=not progress
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


def watching(place: str, progress: TrainingProgress | None, dataset: str, copies: bool, can_start: bool) -> RunStatus:
    """Returns the status while another process trains the visible run. `place`: where and since when; `dataset`: title
    of the open images; `copies`: whether Start trains a copy of the run instead of a new one."""
    start = "Train a copy" if copies else "Start"
    tip = f"{start} on {quoted(dataset)} (Ctrl+Enter)" if dataset else "Open images first"
    shown = RunStatus(
        "Watching",
        is_busy=not progress,
        details=f"Trained in another window ({place})",
        can_start=can_start,
        can_stop=True,
        start=start,
        start_tip=tip,
        stop="Stop watching",
        stop_tip="Stop watching; the other window keeps training",
    )
    if progress is None:
        return shown
    return replace(
        shown,
        step=step_text(progress.step),
        speed=progress.speed,
        time=progress.time,
        share=progress.share,
        details=f"{shown.details}\n{progress.details}",
    )


def step_text(step: int) -> str:
    """Returns a step as text: "step 2,511"."""
    return f"step {step:,}"


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
