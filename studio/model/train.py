"""Values shown by the Train workspace: checkpoints, an opened run, sample grids and the training's state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.diagnosis.case import RunFacts
from core.diagnosis.report_history import ReportHistory
from core.events import Event, Images, Points, Samples
from studio.model.history import History

if TYPE_CHECKING:
    from core.config.settings import Settings
    from core.runs.run_lock import Owner


@dataclass(frozen=True, eq=False)  # two arrays have no single truth to compare by
class CheckpointRow:
    """One checkpoint. `dataset`: its source as it was opened. `preview`: a sheet of samples, uint8 HWC."""

    path: Path
    step: int
    preset: str
    size: str
    """Width x height of its images, such as 64 × 64 px; 2-D for points."""
    dataset: str
    created: datetime
    preview: Images
    marks: tuple[str, ...] = ()
    """Why it stays when older ones make room: "best FID", or "kept" because a person saved or opened it."""
    note: str = ""
    """A person's remark about it."""
    is_saved: bool = False
    """Whether a person saved it under a name; it can be renamed and deleted."""

    @property
    def run(self) -> str:
        """The run folder's name, or the file's own name for a checkpoint that a person saved or that stands
        elsewhere."""
        is_own = self.path.parent.name == "checkpoints" and not self.is_saved
        return self.path.parent.parent.name if is_own else self.path.stem

    @property
    def run_folder(self) -> Path:
        """The run's folder, for a checkpoint that stands in one."""
        return self.path.parent.parent

    @property
    def dataset_name(self) -> str:
        """The dataset without the folders around it."""
        return self.dataset.replace("\\", "/").rstrip("/").rpartition("/")[2] or self.dataset

    def matches(self, words: str) -> bool:
        """Whether every word occurs in what a person can see of the row."""
        text = f"{self.run} {self.preset} {self.step} {self.size} {self.dataset_name} {self.path.name} {self.note}"
        text = f"{text} {' '.join(self.marks)}".casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True)
class CheckpointRows:
    """The readable checkpoints, the newest first, and the files that could not be read."""

    rows: tuple[CheckpointRow, ...]
    damaged: tuple[Path, ...]


@dataclass(frozen=True)
class BestCheckpoint:
    """A run's best checkpoint by what was measured last under `key`; `last` is the step of its newest one."""

    path: Path
    step: int
    key: str
    value: float
    last: int


@dataclass(frozen=True)
class Continuation:
    """A checkpoint that was trained on other images than those that are open. `obstacle`: why it cannot be continued on
    these, in a sentence; empty if it can. `settings`: its own, None if it cannot be read."""

    checkpoint: Path
    settings: Settings | None
    obstacle: str


@dataclass(frozen=True, eq=False)
class Grid:
    """The sample grid of one step, NHWC, and the names of its columns."""

    step: int
    images: Images
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OpenedRun(Event):
    """A run's folder, read. `checkpoint` is its newest; `samples` its newest grid, or points. Where `complete` is False
    the history holds some of the reports, and all of them follow."""

    folder: Path
    settings: Settings
    dataset: str
    step: int
    checkpoint: Path
    history: History
    complete: bool
    samples: Samples | Points
    classes: Sequence[str]
    report_history: ReportHistory
    facts: RunFacts
    """`report_history` and these are what a diagnosis is made from."""
    owner: Owner | None = None
    """Who trains in the run now, if that is another process."""
    edits_end: int = 0
    """How many bytes of `edits.jsonl` the facts are from."""


@dataclass(frozen=True)
class Flag:
    """A moment of a run that is worth going to, and what it is in a few words."""

    step: int
    kind: Literal["checkpoint", "best", "edit"]
    text: str


class TrainingState(Enum):
    """Of the training."""

    IDLE = auto()
    STARTING = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()
