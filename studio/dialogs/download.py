"""Dialog that chooses a well-known dataset to download or open."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QTreeWidgetItem, QWidget

from core.formatting import size_text
from core.language import _, in_context, number
from studio import theme
from studio.dialogs.table_dialog import TableDialog
from studio.model.data import DownloadRow, Downloads
from studio.widgets.basic.labels import WrappedLabel

COLUMNS = (_("Dataset"), _("Images"), _("Classes"), _("Download"), "")
NUMBERS = (1, 2, 3)


class DownloadDialog(TableDialog[DownloadRow]):
    """Lists datasets read in a thread. Downloads nothing until the button is pressed."""

    fetch_requested = Signal(str)
    """Name of a dataset to download; the dialog closes with it."""
    chosen = Signal(str)
    """Source of an available dataset; the dialog closes with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Download a dataset"), _("Datasets"), COLUMNS, NUMBERS, parent=parent)
        self._facts, self._download_button = WrappedLabel(role="muted"), QPushButton(_("Download"))
        self._build()
        self.resize(720, 480)
        self._table.currentItemChanged.connect(lambda *_items: self._show_current())
        self._table.doubleClicked.connect(lambda _index: self._download_button.click())
        self._download_button.clicked.connect(self._accept_current)
        self._show_current()

    def show_rows(self, found: object) -> None:
        """Lists the datasets once they are known."""
        if isinstance(found, Downloads):
            self._set_rows(found.rows)
            self._table.setCurrentIndex(self._table.model().index(0, 0))
            self._table.setFocus()

    def _item(self, row: DownloadRow) -> QTreeWidgetItem:
        state = ""
        if row.here:
            state = in_context("dataset", "here")
        elif row.is_manual:
            state = in_context("dataset", "manual")
        classes = number(row.classes) if row.classes else "–"
        return QTreeWidgetItem([row.title, number(row.images), classes, size_text(row.bytes), state])

    def _accept_current(self) -> None:
        row = self._current()
        if row is None:
            return
        self.accept()
        if row.here:
            self.chosen.emit(row.source)
        else:
            self.fetch_requested.emit(row.name)

    def _show_current(self) -> None:
        row = self._current()
        self._download_button.setEnabled(row is not None and not row.is_manual)
        if row is None:
            self._facts.setText(_("Checking which datasets are available…"))
            return
        self._download_button.setIcon(theme.icon("folder-open" if row.here else "download-simple", "on_accent"))
        self._download_button.setText(_("Open") if row.here else _("Download {size}").format(size=size_text(row.bytes)))
        self._facts.setText(row.facts)

    def _build(self) -> None:
        self._facts.setMinimumHeight(4 * self._facts.fontMetrics().lineSpacing())  # keeps the layout from jumping
        self._facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        cancel = QPushButton(_("Cancel"))
        cancel.setToolTip(_("Close without a download (Esc)."))
        cancel.clicked.connect(self.reject)
        self._column.addWidget(self._table, 1)
        self._column.addWidget(self._facts)
        self._add_buttons((), (cancel,), self._download_button)
