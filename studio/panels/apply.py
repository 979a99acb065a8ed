"""Panel that stands in place of the Explore workspace for a generator that makes images from images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from PySide6.QtCore import QDir, QMimeData, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QKeyEvent, QKeySequence, QPixmap, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from core.errors import UserError
from core.events import Images, Progress
from core.language import _
from studio.model.apply import Picture, Pictures, Thumbnail, Translation
from studio.model.explore import Translator
from studio.widgets.apply.comparison import Comparison
from studio.widgets.apply.controls import ApplyControls
from studio.widgets.apply.header import ApplyHeader
from studio.widgets.apply.picture_strip import PictureStrip
from studio.widgets.basic.empty_page import EmptyPage
from studio.widgets.basic.job_strip import JobStrip
from studio.widgets.basic.labels import ElidedLabel
from studio.widgets.basic.scale import scale_length

LINE = 34
"""Height of the line with the facts of the picture, in pixels: that of its progress, so that nothing moves."""
DRAGGED = 72
"""Side of a dragged picture under the pointer, in pixels."""
NOTHING = _("Nothing to apply yet. The weights come after the first step of the training.")


class ApplyPanel(QWidget):
    """Panel that shows pictures before and after the translator, and asks for what the person wants.

    It requests the translation of the current picture and is told the answer; strength blends without a new one.
    """

    pictures_requested = Signal()
    """Choose pictures and films to add."""
    folder_requested = Signal()
    """Choose a folder of pictures to add."""
    translation_requested = Signal(object)
    """The `Picture` to translate; answer with `show_translation` or `show_problem`."""
    cancel_requested = Signal()
    clear_requested = Signal()
    removed = Signal(object)
    """A `Picture` that is translated no more."""
    export_requested = Signal()
    """Export the translator for other programs."""
    save_requested = Signal(float)
    """Save the translations of all pictures with this strength."""
    file_requested = Signal(object, object)
    """The image (H, W, C) dragged to another program, and the `Path` where it is expected."""
    checkpoint_requested = Signal()
    """Choose another translator."""
    live_changed = Signal(bool)
    newest_requested = Signal()
    """Apply the newest weights of the training."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._translation: Translation | None = None
        self._header, self._controls = ApplyHeader(), ApplyControls()
        self._view, self._strip = Comparison(), PictureStrip()
        self._facts, self._progress = ElidedLabel(), JobStrip(_("Stop translating this picture."))
        self._empty = EmptyPage(
            _("Drop pictures, a folder or a film here to translate them."),
            _("Open pictures…"),
            "image",
            _("Open pictures…"),
            _("Choose pictures and films to translate."),
        )
        self._nothing = EmptyPage(
            NOTHING, _("Open…"), "folder-open", _("Open a checkpoint"), _("Choose a checkpoint to apply.")
        )
        self._pages = QStackedLayout()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._build()
        self._connect()
        self._controls.set_has_result(False)

    # Display

    def show_translator(self, translator: Translator | None) -> None:
        """Shows another generator, or newer weights of the same training; None for none yet."""
        self._header.show_translator(translator)
        self._pages.setCurrentWidget(self._page() if translator is not None else self._nothing)

    def show_opening(self, name: str) -> None:
        """Shows which generator is being opened, if none is yet; empty: opening failed."""
        self._nothing.set_text(_("Opening {name}…").format(name=name) if name else NOTHING)

    def set_newest(self, step: int | None) -> None:
        """Offers weights of this step, newer than the applied ones; None for none."""
        self._header.follow.set_newest(step)

    def set_live(self, live: bool) -> None:
        """Shows whether the training is followed."""
        self._header.follow.set_live(live)

    def add_pictures(self, pictures: Pictures) -> None:
        """Adds pictures to the strip; the first one is translated if there was none."""
        self._strip.add(pictures.pictures)
        if self._pages.currentWidget() is not self._nothing:
            self._pages.setCurrentWidget(self._page())

    def show_thumbnail(self, made: Thumbnail) -> None:
        """Shows a picture in small."""
        self._strip.show_thumbnail(made)

    def show_progress(self, progress: Progress) -> None:
        """Shows how far the translation of the current picture is."""
        self._progress.show_progress(progress)

    def end_progress(self) -> None:
        """Nothing is translated any more."""
        self._progress.hide()

    def show_translation(self, made: Translation) -> None:
        """Shows the current picture before and after."""
        self._translation = made
        self._facts.setText(made.facts())
        self._view.show_picture(made.picture.name, made.before, made.blended(self._controls.strength()))
        self._controls.set_has_result(True)

    def show_problem(self, picture: Picture, problem: UserError) -> None:
        """Shows why there is no translation of a picture."""
        self._strip.show_failed(picture, str(problem))
        self._show_none(picture, f"{problem.what}\n{problem.remedy}".strip())

    def show_canceled(self) -> None:
        """Shows that the translation of the current picture was canceled."""
        if (picture := self._strip.current()) is not None and self._shown() != picture:
            self._show_none(picture, _("Canceled. Click the picture below to translate it."))

    def choices(self) -> dict[str, Any]:
        """Returns the arrangement of the panel as JSON values, for `restore_choices`."""
        return {"smooth": self._controls.is_smooth()}

    def restore_choices(self, choices: Mapping[str, Any]) -> None:
        """Restores the arrangement; ignores invalid parts."""
        if isinstance(chosen := choices.get("smooth"), bool):
            self._controls.set_smooth(chosen)

    # Results

    def result(self) -> Images | None:
        """Returns the result (H, W, C) at the chosen strength; None if there is none."""
        return self._translation.blended(self._controls.strength()) if self._translation is not None else None

    def copy(self) -> bool:
        """Copies the result to the clipboard; returns whether there was one."""
        if self._translation is None:
            return False
        self._view.copy(0)
        return True

    def _drag(self) -> None:
        """Drags the result as a file and as an image."""
        image = self.result()
        assert image is not None
        assert self._translation is not None
        # A private folder; the file is written long before the drop.
        folder = Path(QDir.tempPath(), f"gan-studio-{uuid4().hex[:8]}")
        file = folder / f"{self._translation.picture.path.stem}.png"
        self.file_requested.emit(image, file)
        mime = self._view.add_to(QMimeData(), 0)
        mime.setUrls([QUrl.fromLocalFile(str(file))])
        drag = QDrag(self)
        drag.setMimeData(mime)
        small = QPixmap.fromImage(self._view.image(0))
        drag.setPixmap(small.scaled(DRAGGED, DRAGGED, Qt.AspectRatioMode.KeepAspectRatio))
        drag.exec(Qt.DropAction.CopyAction)

    # Changes

    def _choose(self, picture: Picture) -> None:
        """Requests a picture, and shows its name while it is translated."""
        if self._shown() != picture:
            self._show_none(picture, _("Translating…"))
        self.translation_requested.emit(picture)

    def _show_none(self, picture: Picture, text: str) -> None:
        self._translation = None
        self._facts.setText(picture.name)
        self._view.show_text(text)
        self._controls.set_has_result(False)

    def _blend(self, strength: float) -> None:
        if self._translation is not None:
            self._view.set_after(self._translation.blended(strength))

    def _clear(self) -> None:
        self.clear_requested.emit()
        self._translation = None
        self._strip.remove_all()
        self._progress.hide()
        self._view.show_text("")
        self._controls.set_has_result(False)
        self._pages.setCurrentWidget(self._page())

    def _remove(self, picture: Picture) -> None:
        """Removes a picture from the strip, which shows the next one."""
        self.removed.emit(picture)
        self._strip.remove(picture)
        if not self._strip.count():
            self._clear()

    def _page(self) -> QWidget:
        """Returns the page of a generator: its pictures, or how to add some."""
        return self._work if self._strip.count() else self._empty

    def _shown(self) -> Picture | None:
        return self._translation.picture if self._translation is not None else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.focusWidget() is None:
            self.setFocus()  # or Space would press the first button of the page

    # Construction

    def _build(self) -> None:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 0, 12, 0)
        row.addWidget(self._facts, 1)
        row.addWidget(self._progress, 1)
        scale_length(line, line.setFixedHeight, LINE)
        self._work = QWidget()
        column = QVBoxLayout(self._work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._view, 1)
        for widget in (line, self._strip, self._controls):
            column.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header)
        layout.addLayout(self._pages, 1)  # before it has pages, or the first would show as a window
        for page in (self._empty, self._work, self._nothing):
            self._pages.addWidget(page)

    def _connect(self) -> None:
        header, controls = self._header, self._controls
        header.follow.live_changed.connect(self.live_changed)
        header.follow.newest_requested.connect(self.newest_requested)
        header.checkpoint_requested.connect(self.checkpoint_requested)
        header.export_requested.connect(self.export_requested)
        self._nothing.asked.connect(self.checkpoint_requested)
        self._empty.asked.connect(self.pictures_requested)
        self._strip.chosen.connect(self._choose)
        self._strip.removal_requested.connect(self._remove)
        self._progress.canceled.connect(self.cancel_requested)
        self._view.dragged.connect(lambda _index: self._drag())
        controls.pictures_requested.connect(self.pictures_requested)
        controls.folder_requested.connect(self.folder_requested)
        controls.clear_requested.connect(self._clear)
        controls.strength_changed.connect(self._blend)
        controls.fit_requested.connect(self._view.fit)
        controls.smooth_changed.connect(self._view.set_smooth)
        controls.copy_requested.connect(self.copy)
        controls.save_requested.connect(lambda: self.save_requested.emit(controls.strength()))
