"""What the list of checkpoints shows of one, in plain types: read in a thread, shown in the window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.events import Images


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

    @property
    def run(self) -> str:
        """The run folder's name, or the file's own for a checkpoint that stands elsewhere."""
        return self.path.parent.parent.name if self.path.parent.name == "checkpoints" else self.path.name

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
        text = f"{self.run} {self.preset} {self.step} {self.size} {self.dataset_name} {self.path.name}"
        text = f"{text} {' '.join(self.marks)}".casefold()
        return all(word in text for word in words.casefold().split())
