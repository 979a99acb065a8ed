"""Dialog for exporting images: which ones, their format, and the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, QStandardPaths, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.export.selection import FileOptions
from core.language import _, in_context
from core.runs.enlarging_model import EnlargingModel
from studio import theme
from studio.model.export import ENDINGS, FORMATS, PACKINGS, RECIPE_TIP, Exportable, ExportChoice, export_text
from studio.widgets.basic.ask_folder import ask_folder
from studio.widgets.basic.labels import Glyph, Label, WrappedLabel, plain_tip
from studio.widgets.images.image_choice import ImageChoice, Texts

SCALES = (1, 2, 4, 8)


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
        self._images = ImageChoice(what)
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
        self._update()

    def choice(self) -> ExportChoice:
        """Returns the current choice. Raises `UserError` while it is invalid."""
        selection, model = self._images.selection(), self._enlarging_model()
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
        self._smooth.setEnabled(self._scale.currentData() > 1)
        is_rendered = self._images.is_rendered()
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
        self._fill_choices()
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
        for widget, name, tip in self._texts():
            widget.setToolTip(plain_tip(tip))
            if name:
                widget.setAccessibleName(name)

    def _texts(self) -> tuple[Texts, ...]:
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
        layout.addWidget(self._images)
        layout.addSpacing(8)
        layout.addLayout(self._how())
        layout.addLayout(self._larger())
        layout.addLayout(self._where())
        layout.addSpacing(8)
        layout.addLayout(self._result())
        layout.addStretch(1)
        layout.addLayout(self._buttons())

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
        self._images.changed.connect(self._update)
        for line in (self._folder, self._name):
            line.textChanged.connect(self._update)
        for box in (self._format, self._packing, self._scale, self._enlarger):
            box.currentIndexChanged.connect(self._update)
        self._smooth.toggled.connect(self._update)
        self._browse.clicked.connect(self._browse_folder)
        self._choose_file.clicked.connect(self._browse_checkpoint)

    def sizeHint(self) -> QSize:
        return QSize(640, super().sizeHint().height())


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
