"""Dialog that chooses a checkpoint by its preview, from the runs folder, another folder, or a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.language import _, in_context, listed, number, plural
from core.runs.saved_checkpoints import LONGEST_NOTE, renamed
from studio import theme
from studio.dialogs.table_dialog import TableDialog
from studio.model.train import CheckpointRow, CheckpointRows
from studio.widgets.basic.ask_folder import ask_folder
from studio.widgets.basic.labels import Label, WrappedLabel, plain_tip
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.images.tile_layout import thumbnail
from studio.widgets.images.tile_view import NO_IMAGES

COLUMNS = (_("Run"), _("Step"), _("Preset"), _("Size"), in_context("date", "Saved"))
NUMBERS = (1, 3)
"""Right-aligned columns."""
THUMBNAIL = 44
MOST_NAMES = 3
FRAME = 40
"""Height of the desktop's title bar."""
EMPTY = _("No checkpoints yet.\nA training saves one every few minutes and when it stops.")


class OpenCheckpointDialog(TableDialog[CheckpointRow]):
    """Lists checkpoints that are read in a thread; shows progress until then."""

    chosen = Signal(object)
    """Path of a checkpoint; the dialog closes with it."""
    folder_requested = Signal(object)
    """Path of another folder whose checkpoints should be listed."""
    note_changed = Signal(object, str)
    """Path of a checkpoint and its note."""
    rename_requested = Signal(object, str)
    """Path of a saved checkpoint and its new name."""
    delete_requested = Signal(object)
    """Path of a saved checkpoint whose deletion the person confirmed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Open a checkpoint"), _("Checkpoints"), COLUMNS, NUMBERS, THUMBNAIL + 8, parent)
        self._filter = QLineEdit()
        self._busy = QProgressBar()
        self._table.setToolTip(_("Double-click to open"))
        self._table.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self._empty = Label()
        self._pages = QStackedLayout()
        self._preview = ImageGrid(generated=True)
        self._facts = WrappedLabel(role="muted")
        self._side = QWidget()
        self._open = QPushButton(_("Open"))
        self._note = QLineEdit()
        self._rename, self._delete = QPushButton(_("Rename…")), QPushButton(_("Delete…"))
        self._opened: Path | None = None
        self._wanted: Path | None = None
        """Checkpoint to select in the next list."""
        self._build()
        self._filter.textChanged.connect(self._apply_filter)
        self._table.currentItemChanged.connect(self._show_current)
        self._table.doubleClicked.connect(self._open_index)
        self._open.clicked.connect(self._open_current)
        # Set by hand: Qt limits a dialog to two thirds of a small screen, which cuts names.
        self.resize(QSize(1000, 580).boundedTo(self.screen().availableSize() - QSize(0, FRAME)))
        self.show_busy(False)
        self._apply_filter()
        self._filter.setFocus()

    # Display

    def show_summaries(self, found: CheckpointRows) -> None:
        """Lists the checkpoints, newest first, and the unreadable files."""
        self.show_busy(False)
        current = self._current()
        wanted = self._wanted or (current.path if current else None)
        self._wanted = None
        with QSignalBlocker(self._table):
            self._set_rows(found.rows)
        for index, row in enumerate(found.rows):
            if row.path == wanted:
                self._table.setCurrentIndex(self._table.model().index(index, 0))
        if found.damaged:
            self._banner.show_notice(_left_out(found.damaged))
        else:
            self._banner.dismiss()
        self._apply_filter()

    def set_open(self, checkpoint: Path | None) -> None:
        """Sets the open checkpoint, which can be neither renamed nor deleted."""
        self._opened = checkpoint
        self._show_current()

    def show_busy(self, busy: bool) -> None:
        """Shows whether checkpoints are being listed."""
        self._busy.setVisible(busy)
        if busy and not self._rows:
            self._empty.setText(_("Listing checkpoints…"))

    def show_problem(self, problem: UserError) -> None:
        """Shows why there is no list."""
        self.show_busy(False)
        super().show_problem(problem)
        self._apply_filter()

    # Selection

    def _open_current(self) -> None:
        if row := self._current():
            self._choose(row.path)

    def _open_index(self, index: QModelIndex) -> None:
        self._choose(self._rows[index.row()].path)

    def _choose(self, path: Path) -> None:
        self.accept()
        self.chosen.emit(path)

    def _browse_file(self) -> None:
        dialog = QFileDialog(self, _("Open a checkpoint"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([_("Checkpoints (*.safetensors)"), _("All files (*)")])
        dialog.fileSelected.connect(lambda file: self._choose(Path(file)))
        dialog.open()

    def _browse_folder(self) -> None:
        ask_folder(self, _("List checkpoints of a folder"), self._list_folder)

    def _list_folder(self, folder: str) -> None:
        self._set_rows(())
        self._apply_filter()
        self.show_busy(True)
        self.folder_requested.emit(Path(folder))

    # Changes

    def _tell_note(self) -> None:
        row = self._current()
        if row is not None and self._note.isModified():
            self._note.setModified(False)
            self.note_changed.emit(row.path, self._note.text())

    def _ask_name(self) -> None:
        row = self._current()
        if row is None:
            return
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(_("Rename the checkpoint"))
        dialog.setLabelText(_("Name"))
        dialog.setTextValue(row.path.stem)
        dialog.textValueSelected.connect(lambda name: self._rename_to(row.path, name))
        dialog.open()

    def _rename_to(self, path: Path, name: str) -> None:
        try:
            self._wanted = renamed(path, name)
        except UserError as problem:
            self.show_problem(problem)
            return
        if self._wanted != path:
            self.rename_requested.emit(path, name)

    def _ask_delete(self) -> None:
        row = self._current()
        if row is None:
            return
        question = QMessageBox(self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.setIcon(QMessageBox.Icon.Question)
        question.setWindowTitle(_("Delete the checkpoint"))
        question.setTextFormat(Qt.TextFormat.PlainText)
        question.setText(_("Delete “{name}”?").format(name=row.path.stem))
        question.setInformativeText(_("The file and its note are deleted. This cannot be undone."))
        delete = question.addButton(_("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        question.setDefaultButton(question.addButton(QMessageBox.StandardButton.Cancel))
        delete.clicked.connect(lambda: self.delete_requested.emit(row.path))
        question.open()

    # Showing

    def _apply_filter(self) -> None:
        words = self._filter.text()
        shown = [index for index, row in enumerate(self._rows) if row.matches(words)]
        items = [self._table.topLevelItem(index) for index in range(len(self._rows))]
        for index, item in enumerate(items):
            if item is not None:
                item.setHidden(index not in shown)
        if shown and self._current() is None:
            self._table.setCurrentIndex(self._table.model().index(shown[0], 0))
        self._empty.setText(_("No checkpoint matches “{words}”.").format(words=words) if self._rows else EMPTY)
        self._pages.setCurrentIndex(0 if shown else 1)
        self._side.setVisible(bool(shown))
        self._show_current()

    def _show_current(self) -> None:
        row = self._current()
        self._open.setEnabled(row is not None)
        self._preview.set_images(NO_IMAGES if row is None else row.preview[None])
        self._facts.setText("" if row is None else _facts(row))
        self._facts.setToolTip(plain_tip("" if row is None else str(row.path)))
        self._note.setText("" if row is None else row.note)
        self._note.setModified(False)
        is_open = row is not None and row.path == self._opened
        for button, tip in (
            (self._rename, _("Rename the selected checkpoint.")),
            (self._delete, _("Delete the selected checkpoint.")),
        ):
            button.setEnabled(row is not None and row.is_saved and not is_open)
            if row is not None and not row.is_saved:
                tip = _("The run manages its own checkpoints: they keep their names and are deleted automatically.")
            elif is_open:
                tip = _("This checkpoint is open. Open another one first.")
            button.setToolTip(plain_tip(tip))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # The arrow keys move through the list while the filter field has the focus.
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self._note:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # saves the note and opens nothing
                self._tell_note()
                return True
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step is not None:
                self._step(step)
                return True
        return super().eventFilter(watched, event)

    def _step(self, step: int) -> None:
        item = self._table.currentItem()
        while item is not None:
            item = self._table.itemBelow(item) if step > 0 else self._table.itemAbove(item)
            if item is not None and not item.isHidden():
                self._table.setCurrentItem(item)
                return

    # Construction

    def _build(self) -> None:
        self._filter.setPlaceholderText(_("Filter by run, preset, data or step"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName(_("Filter"))
        self._filter.setToolTip(_("Show the checkpoints that contain every word."))
        self._filter.installEventFilter(self)
        self._busy.setTextVisible(False)
        self._busy.setRange(0, 0)
        policy = self._busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # keeps the layout from jumping
        self._busy.setSizePolicy(policy)
        self._busy.setAccessibleName(_("Progress of listing"))
        self._busy.setToolTip(_("Moves while checkpoints are being listed."))
        self._build_changes()
        self._column.addWidget(self._filter)
        self._column.addWidget(self._busy)
        self._column.addLayout(self._middle(), 1)
        self._build_buttons()

    def _middle(self) -> QHBoxLayout:
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(self._table)
        self._pages.addWidget(self._empty)
        self._preview.setAccessibleName(_("Preview"))
        self._preview.set_empty_text("")
        self._preview.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self._preview, 1)
        side.addWidget(self._facts)
        side.addWidget(self._note)
        change = QHBoxLayout()
        for button in (self._rename, self._delete):
            button.setAutoDefault(False)
            change.addWidget(button)
        change.addStretch()
        side.addLayout(change)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addLayout(self._pages, 8)
        middle.addWidget(self._side, 5)
        return middle

    def _build_changes(self) -> None:
        self._note.setPlaceholderText(in_context("checkpoint", "Note"))
        self._note.setAccessibleName(in_context("checkpoint", "Note"))
        self._note.setToolTip(_("A note on this checkpoint, kept in a file beside it."))
        self._note.setMaxLength(LONGEST_NOTE)
        self._note.installEventFilter(self)
        self._note.editingFinished.connect(self._tell_note)
        self._rename.setIcon(theme.icon("pencil-simple"))
        self._delete.setIcon(theme.icon("trash"))
        self._rename.setAccessibleName(_("Rename the selected checkpoint"))
        self._delete.setAccessibleName(_("Delete the selected checkpoint"))
        self._rename.clicked.connect(self._ask_name)
        self._delete.clicked.connect(self._ask_delete)

    def _build_buttons(self) -> None:
        browse, folder, cancel = QPushButton(_("Browse…")), QPushButton(_("Another folder…")), QPushButton(_("Cancel"))
        for button, name, tip in (
            (browse, _("Browse for a checkpoint"), _("Choose a .safetensors file.")),
            (folder, _("List another folder"), _("List the checkpoints of a run or of a folder of runs.")),
            (cancel, _("Cancel"), _("Close without opening (Esc).")),
            (self._open, _("Open the selected checkpoint"), _("Explore it, or continue its training (Enter).")),
        ):
            button.setAccessibleName(name)
            button.setToolTip(plain_tip(tip))
        browse.setIcon(theme.icon("file-search"))
        folder.setIcon(theme.icon("folder-open"))
        browse.clicked.connect(self._browse_file)
        folder.clicked.connect(self._browse_folder)
        cancel.clicked.connect(self.reject)
        self._add_buttons((browse, folder), (cancel,), self._open)

    def _item(self, row: CheckpointRow) -> QTreeWidgetItem:
        name = _("{run}: {note}").format(run=row.run, note=row.note) if row.note else row.run
        step = listed((number(row.step), *row.marks))
        item = QTreeWidgetItem([name, step, row.preset, row.size, _date(row)])
        item.setIcon(0, thumbnail(row.preview, THUMBNAIL))
        item.setToolTip(0, plain_tip(f"{name}\n{row.path}"))
        return item


def _facts(row: CheckpointRow) -> str:
    saved = _("Step {step}, saved {date}").format(step=number(row.step), date=_date(row))
    made = _("{preset}, {size}, on {dataset}").format(preset=row.preset, size=row.size, dataset=row.dataset_name)
    return f"{listed((saved, *row.marks))}\n{made}\n{_short(row.path)}"


def _short(path: Path) -> str:
    """Returns the end of a path, which tells checkpoints apart."""
    return "/".join(path.parts[-3:])


def _date(row: CheckpointRow) -> str:
    return f"{row.created.astimezone():%Y-%m-%d %H:%M}"


def _left_out(damaged: tuple[Path, ...]) -> str:
    names = listed(map(_short, damaged[:MOST_NAMES]))
    if len(damaged) > MOST_NAMES:
        more = len(damaged) - MOST_NAMES
        names = plural("{names} and {count} more", "{names} and {count} more", more, names=names)
    return plural(
        "{count} file could not be read and is left out: {names}.",
        "{count} files could not be read and are left out: {names}.",
        len(damaged),
        names=names,
    )
