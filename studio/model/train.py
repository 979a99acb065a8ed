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


@dataclass(frozen=True, eq=False)  # arrays do not compare to a single truth value
class CheckpointRow:
    """One checkpoint. `dataset`: its source. `preview`: a sheet of samples, uint8 (H, W, C)."""

    path: Path
    step: int
    preset: str
    size: str
    """Width x height of its images, such as 64 × 64 px; 2-D for points."""
    dataset: str
    created: datetime
    preview: Images
    marks: tuple[str, ...] = ()
    """Why it is not deleted automatically: "best FID", or "kept" because a person saved or opened it."""
    note: str = ""
    """The person's note."""
    is_saved: bool = False
    """Tells whether a person saved it under a name; it can be renamed and deleted."""

    @property
    def run(self) -> str:
        """Returns the run folder's name, or the file name of a checkpoint outside of a run or saved by a person."""
        is_own = self.path.parent.name == "checkpoints" and not self.is_saved
        return self.path.parent.parent.name if is_own else self.path.stem

    @property
    def run_folder(self) -> Path:
        """Returns the run folder of a checkpoint inside of one."""
        return self.path.parent.parent

    @property
    def dataset_name(self) -> str:
        """Returns the dataset's name without its folders."""
        return self.dataset.replace("\\", "/").rstrip("/").rpartition("/")[2] or self.dataset

    def matches(self, words: str) -> bool:
        """Returns whether every word occurs in the row's visible texts."""
        text = f"{self.run} {self.preset} {self.step} {self.size} {self.dataset_name} {self.path.name} {self.note}"
        text = f"{text} {' '.join(self.marks)}".casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True)
class CheckpointRows:
    """The readable checkpoints, newest first, and the unreadable files."""

    rows: tuple[CheckpointRow, ...]
    damaged: tuple[Path, ...]


@dataclass(frozen=True)
class BestCheckpoint:
    """A run's best checkpoint by the most recent measurements under `key`; `last`: step of its newest one."""

    path: Path
    step: int
    key: str
    value: float
    last: int


@dataclass(frozen=True)
class Continuation:
    """A checkpoint trained on other images than the open ones. `obstacle`: why it cannot continue on these, in a
    sentence; empty if it can. `settings`: its own, None if unreadable."""

    checkpoint: Path
    settings: Settings | None
    obstacle: str


@dataclass(frozen=True, eq=False)
class Grid:
    """Sample grid of one step, (N, H, W, C), and the names of its columns."""

    step: int
    images: Images
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OpenedRun(Event):
    """A run folder that was read. `checkpoint`: its newest; `samples`: its newest grid, or points. If not `complete`,
    the history holds some reports, and all follow."""

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
    """Facts for a diagnosis, together with `report_history`."""
    owner: Owner | None = None
    """The other process that trains in the run now, if any."""
    edits_end: int = 0
    """Bytes of `edits.jsonl` covered by the facts."""


@dataclass(frozen=True)
class Flag:
    """A notable moment of a run, with a short description."""

    step: int
    kind: Literal["checkpoint", "best", "edit"]
    text: str


class TrainingState(Enum):
    """State of the training."""

    IDLE = auto()
    STARTING = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()
