"""Controls of the Apply panel: pictures to add, strength, looks, and what becomes of the results."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from core.language import _, in_context
from studio import theme
from studio.widgets.basic.labels import IconButton
from studio.widgets.basic.slider_row import SliderRow


class ApplyControls(QWidget):
    """Row of controls. Setters emit nothing."""

    pictures_requested = Signal()
    folder_requested = Signal()
    clear_requested = Signal()
    strength_changed = Signal(float)
    """From 0, the picture, to 1, the translation."""
    fit_requested = Signal()
    smooth_changed = Signal(bool)
    copy_requested = Signal()
    save_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        add = QPushButton(theme.icon("image"), _("Open pictures…"))
        add.setToolTip(_("Add pictures and films. They can also be dropped into the window."))
        folder = IconButton("folder-open", _("Open folder…"), _("Add all pictures of a folder."))
        clear = IconButton("x", _("Clear"), _("Remove all pictures from this list. Their files stay."))
        fit = IconButton("frame-corners", in_context("zoom", "Fit"), _("Fit the image (0, or double-click)."))
        self._smooth = IconButton("drop", _("Smooth"), _("Interpolate between pixels; off keeps square pixels."))
        self._smooth.setCheckable(True)
        self._strength = SliderRow(
            _("Strength"),
            0,
            100,
            100,
            step=1,
            decimals=0,
            unit="%",
            help=_("Share of the translation: 0 % is the picture itself, 100 % the translation."),
        )
        self._copy = QPushButton(theme.icon("copy"), _("Copy"))
        self._copy.setToolTip(_("Copy the result to the clipboard (Ctrl+C)."))
        self._save = QPushButton(theme.icon("floppy-disk", "on_accent"), _("Save all…"))
        self._save.setObjectName("primary")
        self._save.setToolTip(_("Translate all pictures and films, and save the results in a folder."))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 12, 8)
        row.setSpacing(8)
        for button, signal in (
            (add, self.pictures_requested),
            (folder, self.folder_requested),
            (clear, self.clear_requested),
        ):
            row.addWidget(button)
            button.clicked.connect(signal)
        row.addSpacing(8)
        row.addWidget(self._strength, 1)
        row.addSpacing(8)
        buttons: tuple[QPushButton | QToolButton, ...] = (fit, self._smooth, self._copy, self._save)
        for widget in buttons:
            row.addWidget(widget)
        fit.clicked.connect(self.fit_requested)
        self._smooth.toggled.connect(self.smooth_changed)
        self._copy.clicked.connect(self.copy_requested)
        self._save.clicked.connect(self.save_requested)
        self._strength.valueChanged.connect(lambda percent: self.strength_changed.emit(percent / 100))

    def strength(self) -> float:
        """Returns the strength, from 0 to 1."""
        return self._strength.value() / 100

    def is_smooth(self) -> bool:
        """Returns whether enlarged pictures are interpolated."""
        return self._smooth.isChecked()

    def set_smooth(self, smooth: bool) -> None:
        """Sets whether enlarged pictures are interpolated or keep square pixels."""
        self._smooth.setChecked(smooth)

    def set_has_result(self, has_one: bool) -> None:
        """Sets whether there is a result to copy."""
        self._copy.setEnabled(has_one)
