"""Dialog that shows a run's log file and its last lines."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from core.data.names import printable
from core.language import _
from studio.dialogs.help.text_file import TextFileDialog


class LogDialog(TextFileDialog):
    """Shows the end of the log of one run."""

    def __init__(self, file: Path | None, runs: Path, parent: QWidget | None = None) -> None:
        """`file`: log of the open run, or None; `runs`: folder of all runs."""
        if file:
            said = _("Log of this run: {file}").format(file=printable(str(file)))
        else:
            said = _("No run is open. Each run keeps a log.txt in its folder in {folder}").format(
                folder=printable(str(runs))
            )
        super().__init__(_("Log"), said, file.parent if file else runs, parent)
        self.set_placeholder(_("The log is empty."))
