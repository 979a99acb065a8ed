"""Dialog that shows a crash report."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from core.data.names import printable
from core.language import _
from studio.dialogs.help.text_file import TextFileDialog


class CrashReportDialog(TextFileDialog):
    """Shows one report, to be read before it is passed on."""

    def __init__(self, file: Path, parent: QWidget | None = None) -> None:
        said = _(
            "Attach this report to a bug report. It holds no images, and names neither "
            "you nor your home folder. It is stored on this computer only, as {file}"
        ).format(file=printable(str(file)))
        super().__init__(_("Crash report"), said, file.parent, parent)
        self.set_placeholder(_("The report does not exist any more."))
