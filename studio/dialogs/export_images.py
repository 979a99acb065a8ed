"""Dialog for exporting images: which ones, their format, and the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, QStandardPaths, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.export.selection import FileOptions, RequestSelection, SeedSelection, Selection
from core.generator_inputs import LARGEST_SEED, MOST_SEEDS, parse_seeds
from core.language import _, in_context
from core.latent.request import Point
from core.runs.enlarging_model import EnlargingModel
from studio import theme
from studio.model.export import ENDINGS, FORMATS, PACKINGS, RECIPE_TIP, Exportable, ExportChoice, export_text
from studio.widgets.basic.ask_folder import ask_folder
from studio.widgets.basic.labels import Glyph, Label, WrappedLabel, plain_tip
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.basic.spin_boxes import SeedBox, indent_spin_box

FEW = 64
"""Suggested number of images: a screenful."""
SCALES = (1, 2, 4, 8)
_Texts = tuple[QWidget, str, str]
"""Widget, its accessible name (empty if its own text is the name), and its tool tip."""


class ExportImagesDialog(QDialog):
    """Shows at every moment what Export would write, or why it cannot."""

    accepted_request = Signal(object)
    """An `ExportChoice`; the dialog closes with it."""
    enlarger_chosen = Signal(object)
    """Path of a checkpoint that should enlarge the images; `show_enlarger` answers."""

    def __init__(self, what: Exportable, folder: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Export images"))
        self._what = what
        self._use_selected = QRadioButton(what.title)
        self._use_list = QRadioButton(_("Listed seeds"))
        self._use_range = QRadioButton(_("Consecutive seeds"))
        self._seeds = QLineEdit(f"0-{FEW - 1}")
        self._first = SeedBox(what.like.seed)
        self._count = QSpinBox()
        self._each_class = QCheckBox(_("Per class"))
        self._psi = SliderRow(
            _("Diversity ψ"),
            0.0,
            2.0,
            1.0,
            help=_("Truncation ψ: below 1 closer to the typical image, above 1 more varied."),
        )
        self._psi.set_value(what.like.psi)
        self._edits = QCheckBox(_("Apply directions"))
        self._format, self._packing, self._scale = QComboBox(), QComboBox(), QComboBox()
        self._smooth = QCheckBox(_("Smooth"))
        self._enlarger = QComboBox()
        """Its data are an `EnlargingModel`, or None."""
        self._choose_file = QPushButton(_("Choose a file…"))
        self._recipe = QCheckBox(_("Include the recipe"))
        self._name = QLineEdit(_("images"))
        self._folder = QLineEdit(str(folder or _pictures()))
        self._browse = QPushButton(_("Browse…"))
        self._overwrite = QCheckBox(_("Overwrite"))
        self._sign = Glyph("image", 20, "muted")
        self._summary = _Summary()
        self._export = QPushButton(_("Export"))
        self._set_up()
        self._describe()
        self._build()
        self._connect()
        (self._use_selected if what.count else self._use_list).setChecked(True)
        self._update()

    def choice(self) -> ExportChoice:
        """Returns the current choice. Raises `UserError` while it is invalid."""
        selection, model = self._selection(), self._enlarging_model()
        enlarger = model.path if model else None
        return ExportChoice(selection, self._target(), self._file_options(), self._overwrite.isChecked(), enlarger)

    def show_enlargers(self, models: Sequence[EnlargingModel]) -> None:
        """Offers models that enlarge images."""
        for model in models:
            if model in self._enlarging_models():
                continue
            text = _("× {factor} with {run}").format(factor=model.factor, run=model.title)
            self._enlarger.addItem(text, model)
            last, path = self._enlarger.count() - 1, str(model.path)
            self._enlarger.setItemData(last, plain_tip(path), Qt.ItemDataRole.ToolTipRole)

    def show_enlarger(self, model: EnlargingModel | UserError) -> None:
        """Selects the model of a file that the person chose, or shows why it cannot enlarge images."""
        if isinstance(model, UserError):
            self._show_summary(str(model), wrong=True)
            return
        self.show_enlargers([model])
        self._enlarger.setCurrentIndex(self._enlarging_models().index(model))

    def _enlarging_models(self) -> list[EnlargingModel | None]:
        return [self._enlarger.itemData(index) for index in range(self._enlarger.count())]

    def _enlarging_model(self) -> EnlargingModel | None:
        return self._enlarging_models()[self._enlarger.currentIndex()] if self._enlarger.isEnabled() else None

    def _selection(self) -> Selection | None:
        if self._use_selected.isChecked():
            shown = self._what.shown
            return RequestSelection(shown, "image") if shown else None
        seeds = parse_seeds(self._seeds.text()) if self._use_list.isChecked() else self._consecutive()
        taken = self._what.like
        offset = taken.offset if self._edits.isChecked() else ()
        like = Point(psi=self._psi.value(), offset=offset, classes=taken.classes, codes=taken.codes, mix=taken.mix)
        return SeedSelection.of(seeds, like, self._what.classes if self._each_class.isChecked() else ())

    def _consecutive(self) -> tuple[int, ...]:
        first, count = self._first.value(), self._count.value()
        if first + count - 1 > LARGEST_SEED:
            raise UserError(
                _("The last seed would be too large."), _("Seeds go from 0 to {largest}.").format(largest=LARGEST_SEED)
            )
        return tuple(range(first, first + count))

    def _file_options(self) -> FileOptions:
        scale = self._scale.currentData()
        smooth, recipe = self._smooth.isChecked(), self._recipe.isChecked()
        return FileOptions(self._format.currentData(), self._packing.currentData(), scale, smooth, recipe)

    def _target(self) -> Path:
        text, name = self._folder.text().strip(), self._name.text().strip()
        if not text:
            raise UserError(_("The folder is missing."), _("Choose a folder for the files."))
        try:
            folder = Path(text).expanduser()
        except RuntimeError:
            what = _("The home folder of {path} was not found.").format(path=text)
            raise UserError(what, _("Choose another folder.")) from None
        if not folder.is_absolute():
            raise UserError(_("The folder is a relative path."), _("Enter its full path, or browse for it."))
        file_options = self._file_options()
        if file_options.packing == "folder":
            return folder
        if not name or Path(name).name != name:
            raise UserError(_("The file name is missing."), _("Enter a name without slashes."))
        return folder / f"{name}{'.zip' if file_options.packing == 'zip' else ENDINGS[file_options.format]}"

    def _update(self) -> None:
        chosen = {button: button.isChecked() for button in (self._use_selected, self._use_list, self._use_range)}
        others = not chosen[self._use_selected]
        self._seeds.setEnabled(chosen[self._use_list])
        for widget in (self._first, self._count):
            widget.setEnabled(chosen[self._use_range])
        self._psi.setEnabled(others)
        self._each_class.setEnabled(others)
        self._edits.setEnabled(bool(self._what.like.offset) and others)
        self._smooth.setEnabled(self._scale.currentData() > 1)
        is_rendered = others or self._what.shown is not None
        self._enlarger.setEnabled(is_rendered)
        self._choose_file.setEnabled(is_rendered)
        self._recipe.setEnabled(self._format.currentData() == "png")
        self._name.setEnabled(self._packing.currentData() != "folder")
        self._format.setToolTip(plain_tip(FORMATS[self._format.currentData()][1]))
        try:
            text, wrong = export_text(self._what, self.choice(), self._enlarging_model()), ""
        except UserError as problem:
            text = wrong = str(problem)
        self._show_summary(text, bool(wrong))
        self._export.setEnabled(not wrong)
        self._export.setToolTip(plain_tip(wrong or _("Write the files (Enter).")))

    def _show_summary(self, text: str, wrong: bool) -> None:
        self._summary.setText(text)
        self._sign.set_glyph(*(("warning-circle", "error") if wrong else ("image", "muted")))

    def _accept(self) -> None:
        try:
            choice = self.choice()
        except UserError:  # Enter in a field arrives before the button is updated
            return
        self.accept()
        self.accepted_request.emit(choice)

    def _browse_folder(self) -> None:
        ask_folder(self, _("Export into"), self._folder.setText, self._folder.text())

    def _browse_checkpoint(self) -> None:
        dialog = QFileDialog(self, _("Choose a model that enlarges images"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([_("Checkpoints (*.safetensors)"), _("All files (*)")])
        dialog.fileSelected.connect(lambda file: self.enlarger_chosen.emit(Path(file)))
        dialog.open()

    # Building

    def _set_up(self) -> None:
        group = QButtonGroup(self)
        for button in (self._use_selected, self._use_list, self._use_range):
            group.addButton(button)
        self._use_selected.setVisible(self._what.count > 0)
        self._each_class.setVisible(len(self._what.classes) > 1)
        self._fill_choices()
        indent_spin_box(self._count)
        self._count.setRange(1, MOST_SEEDS)
        self._count.setValue(FEW)
        self._count.setSuffix(_(" images"))
        self._edits.setChecked(bool(self._what.like.offset))
        self._recipe.setChecked(True)
        self._export.setObjectName("primary")
        self._export.setDefault(True)
        self._browse.setIcon(theme.icon("folder-open"))
        self._choose_file.setIcon(theme.icon("file-search"))
        for browse in (self._browse, self._choose_file):
            browse.setAutoDefault(False)

    def _fill_choices(self) -> None:
        for format, (title, tip) in FORMATS.items():
            self._format.addItem(title, format)
            self._format.setItemData(self._format.count() - 1, plain_tip(tip), Qt.ItemDataRole.ToolTipRole)
        for packing, title in PACKINGS.items():
            self._packing.addItem(title, packing)
        for scale in SCALES:
            self._scale.addItem(f"× {scale}", scale)
        self._enlarger.addItem(in_context("enlarge", "No"), None)
        self._enlarger.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContentsOnFirstShow)

    def _describe(self) -> None:
        for widget, name, tip in (*self._selection_texts(), *self._file_texts()):
            widget.setToolTip(plain_tip(tip))
            if name:
                widget.setAccessibleName(name)

    def _selection_texts(self) -> tuple[_Texts, ...]:
        """Returns the texts of the widgets that choose what is exported."""
        return (
            (self._use_selected, "", _("Export the images selected on screen.")),
            (self._use_list, "", _("Export one image for each seed in a list.")),
            (self._use_range, "", _("Export one image for each of consecutive seeds.")),
            (self._seeds, _("Seeds"), _("Seeds and ranges of seeds, such as 0,1,4-6.")),
            (self._first, _("First seed"), _("The first of the consecutive seeds.")),
            (self._count, _("Number of images"), _("Number of images, one for each seed.")),
            (self._each_class, "", _("Export these seeds once for each class.")),
            (
                self._edits,
                "",
                _("Apply the directions as set by the sliders.") if self._what.like.offset else _NO_EDITS,
            ),
        )

    def _file_texts(self) -> tuple[_Texts, ...]:
        """Returns the texts of the widgets that choose how and where it is written."""
        return (
            (self._format, _("Format"), ""),
            (self._packing, _("Packing"), _("Separate files, one zip, or one image that shows them all.")),
            (self._scale, _("Size"), _("Width and height of the exported images.")),
            (self._smooth, "", _("Interpolate enlarged images; off keeps square pixels.")),
            (
                self._enlarger,
                _("Enlarge"),
                _("Enlarge the generated images with a model of a training with the task Enlarge."),
            ),
            (
                self._choose_file,
                "",
                _("Choose the checkpoint of a model that enlarges images."),
            ),
            (self._recipe, "", RECIPE_TIP),
            (self._name, _("File name"), _("Name of the zip or contact sheet.")),
            (self._folder, _("Folder"), _("Folder for the files; created if missing.")),
            (self._browse, _("Browse for a folder"), _("Choose the folder.")),
            (self._overwrite, "", _("Replace existing files. If off, an existing file stops the export.")),
            (self._export, _("Export"), ""),
        )

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(self._which())
        layout.addWidget(self._each_class)
        layout.addWidget(self._psi)
        layout.addWidget(self._edits)
        layout.addSpacing(8)
        layout.addLayout(self._how())
        layout.addLayout(self._larger())
        layout.addLayout(self._where())
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

    def _how(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, widget in ((_("Format"), self._format), ("", self._packing), (_("Size"), self._scale)):
            label = Label(text)
            label.setBuddy(widget)
            row.addWidget(label)
            row.addWidget(widget)
        row.addWidget(self._smooth)
        row.addWidget(self._recipe)
        row.addStretch(1)
        return row

    def _larger(self) -> QHBoxLayout:
        label = Label(_("Enlarge"))
        label.setBuddy(self._enlarger)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self._enlarger, 1)
        row.addWidget(self._choose_file)
        return row

    def _where(self) -> QHBoxLayout:
        label = Label(_("Folder"))
        label.setBuddy(self._folder)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self._folder, 2)
        row.addWidget(self._browse)
        row.addWidget(Label(_("Name")))
        row.addWidget(self._name, 1)
        return row

    def _result(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._summary, 1)
        return row

    def _buttons(self) -> QHBoxLayout:
        cancel = QPushButton(_("Cancel"))
        cancel.setAutoDefault(False)
        cancel.setAccessibleName(_("Cancel"))
        cancel.setToolTip(_("Close without an export (Esc)."))
        cancel.clicked.connect(self.reject)
        self._export.clicked.connect(self._accept)
        row = QHBoxLayout()
        row.addWidget(self._overwrite)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(self._export)
        return row

    def _connect(self) -> None:
        for button in (self._use_selected, self._use_list, self._use_range):
            button.toggled.connect(self._update)
        for line in (self._seeds, self._folder, self._name):
            line.textChanged.connect(self._update)
        for box in (self._format, self._packing, self._scale, self._enlarger):
            box.currentIndexChanged.connect(self._update)
        for number in (self._first, self._count, self._psi):
            number.valueChanged.connect(self._update)
        for check in (self._edits, self._each_class, self._smooth):
            check.toggled.connect(self._update)
        self._browse.clicked.connect(self._browse_folder)
        self._choose_file.clicked.connect(self._browse_checkpoint)

    def sizeHint(self) -> QSize:
        return QSize(640, super().sizeHint().height())


_NO_EDITS = _("All directions are at 0.")


def _pictures() -> Path:
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)) / "GAN Studio"


class _Summary(WrappedLabel):
    """Label that makes its dialog as tall as the text needs at its width: paths may be long."""

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setMinimumHeight(self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(self.heightForWidth(self.width()))
