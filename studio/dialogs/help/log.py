"""Dialog that shows where a run keeps its log, and the end of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from core.data.names import printable
from studio.dialogs.help.text_file import TextFileDialog


class LogDialog(TextFileDialog):
    """Shows the end of the log of one run."""

    def __init__(self, file: Path | None, runs: Path, parent: QWidget | None = None) -> None:
        """`file`: the log of the run that is open, if one is; `runs`: the folder of all runs."""
        if file:
            said = f"The log of this run is {printable(str(file))}"
        else:
            said = f"No run is open. Each run keeps a log.txt in its folder below {printable(str(runs))}"
        super().__init__("Log", said, file.parent if file else runs, parent)
        self.set_placeholder("The log is empty.")
