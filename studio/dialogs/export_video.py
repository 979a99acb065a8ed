"""Dialog for exporting a video: its format, length and target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.errors import UserError
from core.events import Images
from core.export.animation import MOST_FPS, Animation
from core.language import _, number, plural
from core.latent.request import LatentRequest
from studio import theme
from studio.model.export import RECIPE_TIP
from studio.widgets.basic.ask_folder import ask_folder
from studio.widgets.basic.labels import Glyph, Label, plain_tip
from studio.widgets.basic.spin_boxes import indent_spin_box
from studio.widgets.explore.animation_preview import AnimationPreview

KINDS = {
    ".mp4": _("MP4 video"),
    ".gif": _("Animated GIF"),
    ".webp": _("Animated WebP"),
    "": _("Single frames (PNG)"),
}
"""Titles by file extension."""
SCALES = (1, 2, 4, 8, 16, 32)
WIDE = 512
"""Smallest default width of a video in pixels, if the image size is known."""


@dataclass(frozen=True)
class VideoChoice:
    """Choice of an export. `target`: a file, or the folder of frames."""

    animation: Animation
    target: Path
    overwrite: bool


class ExportVideoDialog(QDialog):
    """Shows at every moment what Export would write, or why it cannot."""

    accepted_video = Signal(object)
    """A `VideoChoice`; the dialog closes with it."""
    frame_requested = Signal(object)
    """`LatentRequest` of a preview frame; pass its image to `show_frame`."""

    def __init__(
        self,
        title: str,
        folder: Path,
        name: str,
        *,
        count: Callable[[Animation], int],
        seconds: float | None = None,
        durations: tuple[float, ...] = (),
        size: tuple[int, int] | None = None,
        frames: Callable[[Animation], LatentRequest] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`count`: frames of the video. `seconds`: suggested length of the whole video; None where `durations` give the
        length of each segment. `size`: width and height of an image. `frames`: requests of the preview's frames.
        """
        super().__init__(parent)
        self.setWindowTitle(title)
        self._count, self._size, self._frames, self._durations = count, size, frames, durations
        self._preview = AnimationPreview()
        self._preview.setVisible(frames is not None)
        self._kind, self._scale = QComboBox(), QComboBox()
        self._fps, self._seconds = QSpinBox(), QDoubleSpinBox()
        self._smooth = QCheckBox(_("Smooth"))
        self._folder, self._name = QLineEdit(str(folder)), QLineEdit(name)
        self._recipe = QCheckBox(_("Include the recipe"))
        self._recipe.setChecked(True)
        self._recipe.setVisible(frames is not None)
        self._overwrite = QCheckBox(_("Overwrite"))
        self._browse, self._export = QPushButton(_("Browse…")), QPushButton(_("Export"))
        self._sign, self._summary = Glyph("film-strip", 20, "muted"), Label(wordWrap=True)
        self._describe(seconds)
        self._build(seconds is not None)
        self._connect()
        self._update()

    def choice(self) -> VideoChoice:
        """Returns the current choice. Raises `UserError` while it is invalid."""
        animation = Animation(
            self._fps.value(),
            self._seconds.value(),
            scale=self._scale.currentData(),
            smooth=self._smooth.isChecked(),
            recipe=self._recipe.isChecked(),
            durations=self._durations,
        )
        folder, name = Path(self._folder.text().strip()), self._name.text().strip()
        if not folder.is_absolute():
            raise UserError(_("The folder is a relative path."), _("Enter its full path, or browse for it."))
        if not name or Path(name).name != name:
            raise UserError(_("The video has no name."), _("Enter a name without slashes."))
        ending = self._kind.currentData()
        return VideoChoice(animation, folder / (name.removesuffix(ending) + ending), self._overwrite.isChecked())

    def show_frame(self, images: Images) -> None:
        """Shows a rendered frame, the requested one or an earlier one."""
        self._preview.set_images(images)

    def _update(self) -> None:
        self._smooth.setEnabled(self._scale.currentData() > 1)
        has_frames = not self._kind.currentData()
        self._recipe.setEnabled(has_frames)
        self._recipe.setToolTip(plain_tip(RECIPE_TIP) if has_frames else _("Available for single frames only."))
        try:
            choice = self.choice()
            count = self._count(choice.animation)
            if self._frames is not None:
                self._preview.play(self._frames(choice.animation), choice.animation.fps)
            text, wrong = self._words(choice, count), ""
        except UserError as problem:
            text = wrong = str(problem)
        self._summary.setText(text)
        self._sign.set_glyph(*(("warning-circle", "error") if wrong else ("film-strip", "muted")))
        self._export.setEnabled(not wrong)
        self._export.setToolTip(plain_tip(wrong or _("Write the video (Enter).")))

    def _words(self, choice: VideoChoice, count: int) -> str:
        width, height = (side * choice.animation.scale for side in self._size or (0, 0))
        if width:
            frames = plural(
                "{count} frame of {width} × {height} px",
                "{count} frames of {width} × {height} px",
                count,
                width=width,
                height=height,
            )
        else:
            frames = plural("{count} frame", "{count} frames", count)
        return _("{frames}, {seconds} s: {target}").format(
            frames=frames, seconds=number(count / choice.animation.fps, 1), target=choice.target
        )

    def _size_text(self, scale: int) -> str:
        if self._size is None:
            return f"× {scale}"
        width, height = (side * scale for side in self._size)
        return f"{width} × {height} px"

    def _accept(self) -> None:
        try:
            choice = self.choice()
            self._count(choice.animation)
        except UserError:  # Enter in a field arrives before the button is updated
            return
        self.accept()
        self.accepted_video.emit(choice)

    def _describe(self, seconds: float | None) -> None:
        for ending, title in KINDS.items():
            self._kind.addItem(title, ending)
        for scale in SCALES:
            self._scale.addItem(self._size_text(scale), scale)
        if self._size is not None:
            side = max(self._size)
            wide = next((scale for scale in SCALES if scale * side >= WIDE), SCALES[-1])
            self._scale.setCurrentIndex(SCALES.index(wide))
        indent_spin_box(self._fps, self._seconds)
        self._fps.setRange(1, MOST_FPS)
        self._fps.setValue(30)
        self._fps.setSuffix(_(" frames/s"))
        self._seconds.setRange(0.1, 3600)
        self._seconds.setValue(Animation.seconds if seconds is None else seconds)
        self._seconds.setSuffix(_(" s"))
        self._export.setObjectName("primary")
        self._export.setDefault(True)
        self._browse.setIcon(theme.icon("folder-open"))
        self._browse.setAutoDefault(False)
        for widget, name, tip in (
            (
                self._kind,
                _("Format"),
                _("MP4 for players, GIF and WebP for the web, single frames for other programs."),
            ),
            (self._fps, _("Speed"), _("Frames per second.")),
            (self._seconds, _("Length"), _("Length of the whole video.")),
            (self._scale, _("Size"), _("Width and height of the video.")),
            (self._smooth, "", _("Interpolate enlarged images; off keeps square pixels.")),
            (self._folder, _("Folder"), _("Folder for the video; created if missing.")),
            (self._name, _("Name"), _("Name of the file, or of the folder of frames.")),
            (self._browse, _("Browse for a folder"), _("Choose the folder.")),
            (self._overwrite, "", _("Replace existing files. If off, an existing file stops the export.")),
        ):
            widget.setToolTip(plain_tip(tip))
            if name:
                widget.setAccessibleName(name)

    def _build(self, asks_length: bool) -> None:
        enlarge, where, result, buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        enlarge.setSpacing(10)
        where.setSpacing(8)
        enlarge.addWidget(self._scale)
        enlarge.addWidget(self._smooth)
        enlarge.addStretch(1)
        where.addWidget(self._folder, 1)
        where.addWidget(self._browse)
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.addRow(_("Format"), self._kind)
        form.addRow(_("Speed"), self._fps)
        form.addRow(_("The whole video"), self._seconds)
        form.setRowVisible(self._seconds, asks_length)
        form.addRow(_("Size"), enlarge)
        form.addRow(_("Name"), self._name)
        form.addRow(_("Folder"), where)
        result.addWidget(self._sign)
        result.addWidget(self._summary, 1)
        cancel = QPushButton(_("Cancel"))
        cancel.setAutoDefault(False)
        cancel.setToolTip(_("Close without an export (Esc)."))
        cancel.clicked.connect(self.reject)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self._export)
        above = QHBoxLayout()
        above.setSpacing(20)
        above.addWidget(self._preview, 0, Qt.AlignmentFlag.AlignTop)
        above.addLayout(form, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(above)
        layout.addWidget(self._recipe)
        layout.addWidget(self._overwrite)
        layout.addLayout(result)
        layout.addLayout(buttons)
        self.resize(620 if self._frames is None else 780, self.sizeHint().height())

    def _connect(self) -> None:
        for box in (self._kind, self._scale):
            box.currentIndexChanged.connect(self._update)
        for spin in (self._fps, self._seconds):
            spin.valueChanged.connect(self._update)
        for check in (self._smooth, self._recipe):
            check.toggled.connect(self._update)
        for line in (self._folder, self._name):
            line.textChanged.connect(self._update)
        self._preview.requested.connect(self.frame_requested)
        self._browse.clicked.connect(self._browse_folder)
        self._export.clicked.connect(self._accept)

    def _browse_folder(self) -> None:
        ask_folder(self, _("Export into"), self._folder.setText, self._folder.text())
