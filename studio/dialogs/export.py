"""Asks which images to write as PNG files, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.errors import Problem
from core.latent import LARGEST_SEED, MOST_SEEDS, LatentRequest, parse_seeds
from studio import theme
from studio.widgets.glyph import Glyph
from studio.widgets.seed_box import SeedBox
from studio.widgets.slider_row import SliderRow

FEW = 64
"""Images that are proposed: a screenful."""


@dataclass(frozen=True)
class ExportChoice:
    """`request` is None for the images that are selected on screen."""

    request: LatentRequest | None
    folder: Path
    overwrite: bool


class ExportDialog(QDialog):
    """Says at every moment what Export would write, or why it cannot."""

    accepted_request = Signal(object)
    """An `ExportChoice`; the dialog closes with it."""

    def __init__(
        self,
        request: LatentRequest,
        selected: int = 0,
        folder: Path | None = None,
        parent: QWidget | None = None,
        *,
        size: tuple[int, int] | None = None,
    ) -> None:
        """`request` gives mode, psi and directions, `selected` counts the images selected on screen. `size`: width
        and height, where they are known."""
        super().__init__(parent)
        self.setWindowTitle("Export images")
        self._request = request
        self._selected = selected
        self._size = size
        self._use_selected = QRadioButton("The selected image" if selected == 1 else f"The {selected} selected images")
        self._use_list = QRadioButton("Images of these seeds")
        self._use_range = QRadioButton("Consecutive seeds")
        self._seeds = QLineEdit(f"0-{FEW - 1}")
        self._first = SeedBox(request.seeds[0] if request.seeds else 0)
        self._count = QSpinBox()
        self._psi = SliderRow("Diversity ψ", 0.0, 2.0, 1.0, help="Truncation ψ: below 1 safer, above 1 more daring.")
        self._psi.set_value(request.psi)
        self._directions = QCheckBox("Keep the directions as they are set")
        self._folder = QLineEdit(str(folder or _pictures()))
        self._browse = QPushButton("Browse…")
        self._overwrite = QCheckBox("Replace files of the same name")
        self._sign = Glyph("images", 20, "muted")
        self._summary = QLabel()
        self._export = QPushButton("Export")
        self._describe()
        self._build()
        self._connect()
        (self._use_selected if selected else self._use_list).setChecked(True)
        self._update()

    def choice(self) -> ExportChoice:
        """What Export would do now. Raises `Problem` while something is wrong."""
        return ExportChoice(self._chosen_request(), self._chosen_folder(), self._overwrite.isChecked())

    def _chosen_request(self) -> LatentRequest | None:
        if self._use_selected.isChecked():
            return None
        seeds = parse_seeds(self._seeds.text()) if self._use_list.isChecked() else self._consecutive()
        directions = self._request.directions if self._directions.isChecked() else ()
        positions = tuple(float(place) for place in range(len(seeds)))
        return LatentRequest(seeds, positions, self._request.mode, self._psi.value(), directions)

    def _consecutive(self) -> tuple[int, ...]:
        first, count = self._first.value(), self._count.value()
        if first + count - 1 > LARGEST_SEED:
            raise Problem("The last seed would be too large.", f"Seeds go from 0 to {LARGEST_SEED}.")
        return tuple(range(first, first + count))

    def _chosen_folder(self) -> Path:
        text = self._folder.text().strip()
        if not text:
            raise Problem("No folder is given.", "Choose where the files should go.")
        try:
            folder = Path(text).expanduser()
        except RuntimeError:
            raise Problem(f"{text} is nobody's folder.", "Choose another folder.") from None
        if not folder.is_absolute():
            raise Problem("The folder is not complete.", "Write it from its beginning, or browse for it.")
        return folder

    def _update(self) -> None:
        chosen = {button: button.isChecked() for button in (self._use_selected, self._use_list, self._use_range)}
        self._seeds.setEnabled(chosen[self._use_list])
        for widget in (self._first, self._count):
            widget.setEnabled(chosen[self._use_range])
        self._psi.setEnabled(not chosen[self._use_selected])
        self._directions.setEnabled(bool(self._request.directions) and not chosen[self._use_selected])
        try:
            text, wrong = self._describe_choice(self.choice()), ""
        except Problem as problem:
            text = wrong = str(problem)
        self._summary.setText(text)
        self._sign.set_glyph(*(("warning-circle", "error") if wrong else ("image", "muted")))
        self._export.setEnabled(not wrong)
        self._export.setToolTip(wrong or "Write the files (Enter).")

    def _describe_choice(self, choice: ExportChoice) -> str:
        count = self._selected if choice.request is None else len(choice.request.seeds)
        files = "1 PNG file" if count == 1 else f"{count:,} PNG files"
        size = f", {self._size[0]} × {self._size[1]} px," if self._size else ""
        return f"{files}{size} into {choice.folder}"

    def _accept(self) -> None:
        try:
            choice = self.choice()
        except Problem:  # Enter in a field, before the button was told
            return
        self.accept()
        self.accepted_request.emit(choice)

    def _browse_folder(self) -> None:
        dialog = QFileDialog(self, "Export into", self._folder.text())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._folder.setText)
        dialog.open()

    # Building

    def _describe(self) -> None:
        group = QButtonGroup(self)
        for button in (self._use_selected, self._use_list, self._use_range):
            group.addButton(button)
        if not self._selected:
            self._use_selected.hide()
        self._count.setRange(1, MOST_SEEDS)
        self._count.setValue(FEW)
        self._count.setSuffix(" images")
        self._directions.setChecked(bool(self._request.directions))
        self._export.setObjectName("primary")
        self._export.setDefault(True)
        self._browse.setIcon(theme.icon("folder-open"))
        self._browse.setAutoDefault(False)
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._summary.setWordWrap(True)
        for widget, name, tip in (
            (self._use_selected, "", "Write the images that are selected on screen."),
            (self._use_list, "", "Write one image for each seed of a list."),
            (self._use_range, "", "Write one image for each seed of a row of seeds."),
            (self._seeds, "Seeds", "Seeds and ranges of seeds, as in 0,1,4-6."),
            (self._first, "First seed", "The first seed; the others follow one by one."),
            (self._count, "Number of images", "How many images, one for each seed."),
            (self._directions, "", _directions_tip(self._request)),
            (self._folder, "Folder", "Where the files go. It is made if it is not there."),
            (self._browse, "Browse for a folder", "Choose the folder."),
            (self._overwrite, "", "Without it nothing is written if one of the files exists already."),
            (self._export, "Export", ""),
        ):
            widget.setToolTip(tip)
            if name:
                widget.setAccessibleName(name)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(self._which())
        layout.addWidget(self._psi)
        layout.addWidget(self._directions)
        layout.addSpacing(8)
        layout.addLayout(self._where())
        layout.addWidget(self._overwrite)
        layout.addSpacing(8)
        layout.addLayout(self._result())
        layout.addStretch(1)
        layout.addLayout(self._buttons())

    def _which(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(8)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._use_selected, 0, 0, 1, 3)
        grid.addWidget(self._use_list, 1, 0)
        grid.addWidget(self._seeds, 1, 1, 1, 2)
        grid.addWidget(self._use_range, 2, 0)
        grid.addWidget(self._first, 2, 1)
        grid.addWidget(self._count, 2, 2)
        return grid

    def _where(self) -> QHBoxLayout:
        label = QLabel("Folder")
        label.setBuddy(self._folder)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self._folder, 1)
        row.addWidget(self._browse)
        return row

    def _result(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._summary, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.setAccessibleName("Cancel")
        cancel.setToolTip("Write nothing (Esc).")
        cancel.clicked.connect(self.reject)
        self._export.clicked.connect(self._accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self._export)
        return row

    def _connect(self) -> None:
        for button in (self._use_selected, self._use_list, self._use_range):
            button.toggled.connect(self._update)
        for field in (self._seeds, self._folder):
            field.textChanged.connect(self._update)
        for number in (self._first, self._count, self._psi):
            number.valueChanged.connect(self._update)
        self._directions.toggled.connect(self._update)
        self._browse.clicked.connect(self._browse_folder)

    def sizeHint(self) -> QSize:
        return QSize(640, super().sizeHint().height())


def _pictures() -> Path:
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)) / "GAN Studio"


def _directions_tip(request: LatentRequest) -> str:
    return "Moves every image as the sliders are set." if request.directions else "No direction is set now."
