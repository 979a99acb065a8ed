"""Controller of the tour: nine steps from the digits to the latent space, in the real window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QAbstractSlider, QPushButton, QScrollBar, QWidget

from core.language import _
from studio.main_window import DATA, EXPLORE, HOME, TRAIN, MainWindow
from studio.model.train import TrainingState
from studio.services.session import Session
from studio.widgets.learn.tour_card import TourCard

SOURCE = "sample:digits"
LOOK_MS = 150
"""Interval at which the tour checks whether a step is done and where its control is."""
REPORTS = 20
"""Reports of at least half a second each, after which the samples have visibly changed."""


@dataclass(frozen=True)
class TourStep:
    """A step: its workspace, its text of at most 30 words, and the control it points at.

    It advances when `is_done`. `act` performs the step for the person.
    """

    workspace: int
    text: str
    target: Callable[[], QWidget | None]
    is_done: Callable[[], bool] | None = None
    act: Callable[[], object] | None = None


class TourController(QObject):
    """Runs one tour at a time, on request only; leaves nothing behind but the trained run."""

    def __init__(
        self, window: MainWindow, session: Session, open_source: Callable[[str], None], start: Callable[[], None]
    ) -> None:
        """`open_source` opens a dataset, `start` begins a training with the settings of the form."""
        super().__init__(window)
        self._window, self._session = window, session
        self._open, self._start = open_source, start
        self._card: TourCard | None = None
        self._escape: QShortcut | None = None
        self._number, self._was_done = 0, False
        self._sliders: dict[QAbstractSlider, int] = {}
        self._look_again = QTimer(self, interval=LOOK_MS)
        self._look_again.timeout.connect(self._look)
        window.closed.connect(self.end)
        self.steps = (*self._data_steps(), *self._training_steps(), *self._explore_steps())

    @property
    def is_open(self) -> bool:
        """Returns whether the tour is running."""
        return self._card is not None

    def begin(self) -> None:
        """Shows the first step. The tour trains, so no other training may run."""
        if self._card is not None:
            self._card.take_keyboard()
            return
        if self._session.training.state is not TrainingState.IDLE:
            self._session.notice.emit(_("The tour trains on handwritten digits. Stop the running training first."))
            return
        self._window.complete()
        self._card = TourCard(self._window)
        self._card.next_requested.connect(self._go_on)
        self._card.back_requested.connect(lambda: self._go(self._number - 1))
        self._card.act_requested.connect(self._act)
        self._card.ended.connect(self.end)
        self._escape = QShortcut(Qt.Key.Key_Escape, self._window)
        self._escape.activated.connect(self.end)
        self._go(0)
        self._card.take_keyboard()
        self._look_again.start()

    def end(self) -> None:
        """Ends the tour; what was opened and trained stays."""
        self._look_again.stop()
        self._sliders = {}
        if self._card is not None:
            self._card.close_tour()
            self._card = None
        if self._escape is not None:
            self._escape.deleteLater()
            self._escape.setEnabled(False)
            self._escape = None

    def _go_on(self) -> None:
        if self._number + 1 == len(self.steps):
            self.end()
        else:
            self._go(self._number + 1)

    def _go(self, number: int) -> None:
        assert self._card is not None
        self._number = number
        step = self.steps[number]
        had_keyboard = self._card.has_keyboard
        self._window.show_workspace(step.workspace)  # which takes the focus
        self._sliders = {}
        self._was_done = step.is_done is None or step.is_done()
        self._card.show_step(number + 1, len(self.steps), step.text)
        self._show_waiting()
        if had_keyboard:
            self._card.take_keyboard()

    def _act(self) -> None:
        assert self._card is not None
        had_keyboard = self._card.has_keyboard
        if (act := self.steps[self._number].act) is not None:
            act()
        if had_keyboard:
            self._card.take_keyboard()

    def _look(self) -> None:
        """Advances when the step is done."""
        step = self.steps[self._number]
        if not self._was_done and step.is_done is not None and step.is_done():
            self._go_on()
        else:
            self._show_waiting()

    def _show_waiting(self) -> None:
        if self._card is not None:
            step = self.steps[self._number]
            target = step.target()
            self._card.set_waiting(not self._was_done and step.act is not None, target is not None)
            self._card.point_at(target)

    # --- the steps ---

    def _data_steps(self) -> tuple[TourStep, ...]:
        return (
            TourStep(
                HOME,
                _(
                    "Two minutes with a GAN: train one on handwritten digits and explore what it learned. First open "
                    "the digits: Try a sample > Handwritten digits."
                ),
                lambda: self._window.home.findChild(QPushButton, "samples"),
                self._has_digits,
                lambda: self._open(SOURCE),
            ),
            TourStep(
                DATA,
                _(
                    "The GAN learns from these images alone. Data shows possible problems with them, and how they are "
                    "cropped and scaled."
                ),
                self._images,
            ),
        )

    def _training_steps(self) -> tuple[TourStep, ...]:
        window = self._window
        return (
            TourStep(
                TRAIN,
                _(
                    "These settings suit the images and this computer; leave them for now. Each ? explains a term: "
                    "loss, learning rate, augmentation."
                ),
                lambda: window.train.settings,
            ),
            TourStep(
                TRAIN,
                _(
                    "Press Start. The generator learns to make digits; the discriminator learns to tell them from real "
                    "ones."
                ),
                lambda: window.footer.findChild(QPushButton, "primary"),
                lambda: self._session.training.state in (TrainingState.RUNNING, TrainingState.PAUSED),
                self._start,
            ),
            TourStep(
                TRAIN,
                _(
                    "Watch the samples: noise turns into strokes, and strokes into digits. The tour continues at "
                    "the first visible change."
                ),
                lambda: window.train.samples,
                lambda: len(window.train.history) >= REPORTS,
            ),
            TourStep(
                TRAIN,
                _(
                    "The networks compete, so neither loss has to fall. Level curves are a good sign; judge quality by "
                    "the samples."
                ),
                lambda: window.train.plots,
            ),
            TourStep(
                TRAIN,
                _(
                    "This chip says how healthy the training is. It names problems such as mode collapse, shows the "
                    "evidence and offers a remedy."
                ),
                lambda: window.train.health,
            ),
        )

    def _explore_steps(self) -> tuple[TourStep, ...]:
        return (
            TourStep(
                EXPLORE,
                _("Every image is a point of latent space. Drag the slider of a direction and watch the image change."),
                self._slider,
                self._has_moved,
                self._move_slider,
            ),
            TourStep(
                EXPLORE,
                _(
                    "Stop saves the run; continue it from Home later. Help > Glossary explains each term. Now try your "
                    "own images."
                ),
                lambda: _button(self._window.footer, _("Stop")),
            ),
        )

    def _has_digits(self) -> bool:
        dataset = self._session.data.dataset
        return dataset is not None and dataset.source == SOURCE

    def _images(self) -> QWidget:
        """Returns the grid of Data, or the workspace where there is no grid."""
        from studio.widgets.images.virtual_grid import VirtualGrid  # the window comes first

        grids = self._window.data.findChildren(VirtualGrid)
        return next((each for each in grids if each.isVisible()), self._window.data)

    def _slider(self) -> QAbstractSlider | None:
        """Returns the slider of the first direction, or any other slider while there is none."""
        from studio.widgets.explore.direction_controls import DirectionControls  # the window comes first

        sliders = [each for each in self._shown_sliders() if each.isEnabled()]
        controls = self._window.explore.findChild(DirectionControls)
        directions = [each for each in sliders if controls is not None and controls.isAncestorOf(each)]
        return next(iter(directions or sliders), None)

    def _shown_sliders(self) -> list[QAbstractSlider]:
        sliders = self._window.explore.findChildren(QAbstractSlider)
        return [each for each in sliders if each.isVisible() and not isinstance(each, QScrollBar)]

    def _has_moved(self) -> bool:
        """Returns whether a slider of Explore has changed since the step began."""
        values = {each: each.value() for each in self._shown_sliders() if each.isEnabled()}
        moved = any(self._sliders.get(each, value) != value for each, value in values.items())
        self._sliders = {**values, **self._sliders}
        return moved

    def _move_slider(self) -> None:
        if (slider := self._slider()) is not None:
            middle = (slider.minimum() + slider.maximum()) // 2
            quarter = (slider.maximum() - slider.minimum()) // 4
            slider.setValue(middle + (quarter if slider.value() <= middle else -quarter))


def _button(parent: QWidget, text: str) -> QPushButton | None:
    return next((each for each in parent.findChildren(QPushButton) if each.text() == text), None)
