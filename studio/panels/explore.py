"""Walks through the latent space of a generator: one image, the way from seed A to seed B, and what bends it."""

from __future__ import annotations

import random
from pathlib import Path

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from core.events import Images
from core.latent import LARGEST_SEED, LatentRequest
from studio import theme
from studio.explorer import Source
from studio.widgets.image_grid import ImageGrid
from studio.widgets.image_viewer import ImageViewer
from studio.widgets.latent_controls import LatentControls
from studio.widgets.latent_strip import TILES, LatentStrip
from studio.widgets.latent_walk import LatentWalk
from studio.widgets.tile_view import NO_IMAGES

IMAGE, STRIP = "image", "strip"
"""The slots of a request: the large image, and the way from A to B."""


class ExplorePanel(QWidget):
    """Asks for images at every change and shows what comes back; whoever answers may skip all but the newest."""

    requested = Signal(str, object)
    """A slot ("image" or "strip") and the `LatentRequest` for it."""
    live_changed = Signal(bool)
    open_requested = Signal()
    export_requested = Signal(object)
    """The `LatentRequest` that gives the images which the person sees or selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: Source | None = None
        self._awaited: LatentRequest | None = None
        self._caption = QLabel()
        self._live = QCheckBox("Follow the training")
        self._open = QPushButton("Open…")
        self._export = QPushButton("Export images…")
        self._image = ImageGrid()
        self._strip = LatentStrip()
        self._controls = LatentControls()
        self._walk = LatentWalk()
        self._pages = QStackedLayout()
        self._describe()
        self._build()
        self._connect()
        self.set_training(False)
        self.show_source(None)

    # Told what to show

    def show_source(self, source: Source | None) -> None:
        """What is explored from now on, newer weights of the same training included; None: nothing is."""
        self._source = source
        self._caption.setText(_caption(source))
        self._caption.setToolTip(str(source.path) if source and source.path else "")
        self._export.setEnabled(source is not None)
        self._open.setVisible(source is not None)  # without a source it stands in the middle of the panel
        self._pages.setCurrentIndex(0 if source is None else 1)
        if source is None:
            self._walk.stop()
            self._image.set_images(NO_IMAGES)
            self._strip.set_images(NO_IMAGES)
        else:
            self._controls.set_conditions(source.classes, source.categories, source.continuous)
            self._controls.set_direction_count(source.directions)
            self._ask_all()

    def show_images(self, slot: str, request: LatentRequest, images: Images) -> None:
        """The answer to a request; older ones are shown as well, so that a drag looks continuous."""
        if self._source is None:
            return
        if slot == STRIP:
            self._strip.set_images(images)
            self._strip.mark(self._walk.place())
            return
        self._image.set_images(images)
        if request == self._awaited:
            self._walk.set_waiting(False)

    def set_training(self, running: bool) -> None:
        """Whether there is a training that can be followed."""
        self._live.setEnabled(running)
        tip = "Show what the running training has learned so far, and keep it up to date."
        self._live.setToolTip(tip if running else "Nothing is being trained. Start a training to follow it here.")

    def set_live(self, live: bool) -> None:
        with QSignalBlocker(self._live):
            self._live.setChecked(live)

    # What is on screen

    def current_request(self) -> LatentRequest:
        """The images selected in the strip if there are several, otherwise the large one."""
        places = self._strip.selected_places()
        return self._request(places if len(places) > 1 else (self._walk.place(),))

    def current_images(self) -> Images:
        """The images of `current_request`, as far as they have been rendered."""
        selected = self._strip.selected()
        return self._strip.images()[selected] if len(selected) > 1 else self._image.images()

    # Requests

    def _request(self, positions: tuple[float, ...]) -> LatentRequest:
        controls = self._controls
        return LatentRequest(
            controls.seeds(),
            positions,
            self._walk.mode(),
            controls.psi(),
            controls.directions(),
            controls.classes(),
            controls.codes(),
        )

    def _ask_image(self) -> None:
        self._strip.mark(self._walk.place())
        if self._source is not None:
            self._awaited = self._request((self._walk.place(),))
            self._walk.set_waiting(True)
            self.requested.emit(IMAGE, self._awaited)

    def _ask_all(self) -> None:
        self._ask_image()
        if self._source is not None:
            self.requested.emit(STRIP, self._request(TILES))

    def _go_to(self, place: float) -> None:
        if place != self._walk.place():
            self._walk.set_place(place)
            self._ask_image()

    def _turn_round(self) -> None:
        # The seeds have changed places: seen from the other end, the same image is as far away as it was.
        self._walk.set_place(1.0 - self._walk.place())
        self._ask_all()

    def _set_out_again(self) -> None:
        # B at the end is A at the beginning, so nothing jumps.
        self._controls.set_seeds(self._controls.seeds()[1], random.randint(0, LARGEST_SEED))
        self._ask_all()

    # Keys, leaving

    def event(self, event: QEvent) -> bool:
        # A window may pause its training with Space. Where the focus is in here, Space is the walk's, or the button's.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_space(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_space(event) and self._source is not None:
            if not event.isAutoRepeat():
                self._walk.toggle()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._walk.stop()
        super().hideEvent(event)

    # Saving, enlarging

    def _export_shown(self, what: str) -> None:
        """`what` as the context menu of an image grid says it: "grid", "image" or "selected"."""
        places = {"grid": TILES, "image": (TILES[self._strip.current()],)}.get(what, self._strip.selected_places())
        self.export_requested.emit(self._request(places))

    def _enlarge(self) -> None:
        viewer = ImageViewer(self._image.images(), 0, self)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.save_requested.connect(lambda _: self.export_requested.emit(self.current_request()))
        viewer.open()

    # Building

    def _describe(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._caption.setObjectName("title")
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._live.setAccessibleName("Follow the training")
        for button, icon, name, tip in (
            (self._open, "folder-open", "Open a checkpoint", "Explore another checkpoint."),
            (self._export, "export", "Export images", "Write images to PNG files (Ctrl+E)."),
        ):
            button.setIcon(theme.icon(icon))
            button.setAccessibleName(name)
            button.setToolTip(tip)
        self._image.setAccessibleName("Image")
        self._image.set_empty_text("Rendering…")

    def _build(self) -> None:
        header = QHBoxLayout()
        header.setContentsMargins(12, 8, 12, 4)
        header.setSpacing(10)
        header.addWidget(self._caption, 1)
        for widget in (self._live, self._open, self._export):
            header.addWidget(widget)
        self._pages.addWidget(self._empty_page())
        self._pages.addWidget(self._main_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addLayout(self._pages, 1)

    def _main_page(self) -> QWidget:
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(2)
        middle.addWidget(self._image, 6)
        middle.addWidget(self._strip, 1)
        middle.addWidget(self._walk)
        page = QWidget()
        across = QHBoxLayout(page)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addLayout(middle, 1)
        across.addWidget(self._controls)
        return page

    def _empty_page(self) -> QWidget:
        text = QLabel("Nothing to explore yet. Train for a moment, or open a checkpoint.")
        text.setObjectName("muted")
        button = QPushButton("Open…")
        button.setIcon(theme.icon("folder-open"))
        button.setAccessibleName("Open a checkpoint")
        button.setToolTip("Choose a checkpoint to explore.")
        button.clicked.connect(self.open_requested)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        self._live.toggled.connect(self.live_changed)
        self._open.clicked.connect(self.open_requested)
        self._export.clicked.connect(lambda: self.export_requested.emit(self.current_request()))
        self._image.activated.connect(self._enlarge)
        self._image.save_requested.connect(lambda _: self.export_requested.emit(self._request((self._walk.place(),))))
        self._strip.place_chosen.connect(self._go_to)
        self._strip.save_requested.connect(self._export_shown)
        self._controls.changed.connect(self._ask_all)
        self._controls.swapped.connect(self._turn_round)
        self._walk.moved.connect(self._ask_image)
        self._walk.arrived.connect(self._set_out_again)
        self._walk.mode_changed.connect(self._ask_all)


def _caption(source: Source | None) -> str:
    if source is None:
        return ""
    return (
        f"{source.settings.preset} · step {source.step:,} · {_name(source.path) if source.path else 'running training'}"
    )


def _name(path: Path) -> str:
    # In a run's folder the file's name is the step, which stands before it already.
    return path.parent.parent.name if path.parent.name == "checkpoints" else path.name


def _is_space(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier
