"""What the Explore workspace asks of a generator: one thread answers, the newest request first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.latent.explore_state import Direction, SavedPins
from core.latent.request import LatentRequest, Point
from studio.background.threads import LatestThread
from studio.model.explore import ExploreSource, PublishedWeights
from studio.services.explore.engine import Add, Bake, Contrast, ExploreEngine, Keep, NewestOf, Restore, Restored, Write

BESIDE_TRAINING = 0.03
"""The part of its time for which the sampler works while a training runs, so that the training hardly feels it."""


class ExploreService(QObject):
    """Owns the sampler and its thread. Every signal is emitted in the GUI thread."""

    devices_found = Signal(list)
    source_changed = Signal(object)
    """The `ExploreSource` that is explored from now on."""
    opened = Signal(object, object)
    """A checkpoint's path that was asked for, and its `ExploreSource`, after `source_changed`."""
    rendered = Signal(str, object, object)
    """A slot, the request in it, and its images."""
    restored = Signal(object)
    """The `LatentRequest` that made an image which was opened, after its `ExploreSource`."""
    directed = Signal(object)
    """A `Direction` that `contrast` asked for."""
    added = Signal(object, object, object, object)
    """Three groups of points, and their sum."""
    baked = Signal(object)
    """A `Point` that `bake` asked for."""
    problem = Signal(object)
    notice = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.explorer = ExploreEngine()
        self._bakes = 0
        self._thread = LatestThread(self.explorer.answer, self)
        self._thread.answered.connect(self._show_answer)
        self._thread.failed.connect(self.problem)

    def start(self) -> None:
        """Begins to answer; call it when the window is on screen."""
        self._thread.start()

    def find_devices(self) -> None:
        """Imports torch on the thread, and says then what there is to train on."""
        self._thread.ask("devices", ExploreEngine.DEVICES)

    def give_way(self, training: bool) -> None:
        """Whether a training needs the processor more."""
        self._thread.set_share(BESIDE_TRAINING if training else 1.0)

    def open(self, source: Path | NewestOf | PublishedWeights) -> None:
        """Explores a checkpoint, the newest one of a run, or what a training has learned so far. From any thread."""
        self._thread.ask("source", source)

    def restore(self, image: Path, runs: Path) -> None:
        """What made an exported image; `runs`: where its checkpoint may be."""
        self._thread.ask("source", Restore(image, runs))

    def render(self, slot: str, request: LatentRequest) -> None:
        self._thread.ask(slot, request)

    def bake(self, request: LatentRequest) -> None:
        """Its image as a point of its own, as `baked`."""
        self._bakes += 1
        self._thread.ask(f"bake {self._bakes}", Bake(request))  # none takes the place of another

    def add(self, plus: tuple[Point, ...], minus: tuple[Point, ...], also: tuple[Point, ...]) -> None:
        """Three groups' sum, plus - minus + also, as `added`."""
        self._thread.ask("sum", Add(plus, minus, also))

    def contrast(self, liked: Sequence[Point], disliked: Sequence[Point], name: str) -> None:
        """The direction from one group of points to another, as `directed`."""
        self._thread.ask("contrast", Contrast(tuple(liked), tuple(disliked), name))

    def keep_board(self, home: Path, board: SavedPins) -> None:
        """Keeps pins and directions with their run."""
        self._thread.ask(f"keep {home}", Keep(home, board))

    def write(self, request: LatentRequest, path: Path) -> None:
        """Its image as a PNG that says how it was made."""
        self._thread.ask(f"write {path}", Write(request, path))

    def shutdown(self) -> None:
        """Ends the thread and waits for it."""
        self._thread.stop()
        self._thread.wait()

    def _show_answer(self, slot: str, request: object, answer: object) -> None:
        if slot == "devices":
            self._thread.ask("optimizers", ExploreEngine.OPTIMIZERS)  # what waits to be explored comes first
            self.devices_found.emit(answer)
        elif isinstance(answer, Point):
            if isinstance(request, Add):
                self.added.emit(request.plus, request.minus, request.also, answer)
            else:
                self.baked.emit(answer)
        elif isinstance(answer, Direction):
            self.directed.emit(answer)
        elif isinstance(answer, Restored):
            self._show_restored(answer)
        elif isinstance(answer, ExploreSource):
            self._show_source(answer)
            if isinstance(request, Path):
                self.opened.emit(request, answer)
        elif answer is not None:
            self.rendered.emit(slot, request, answer)

    def _show_source(self, source: ExploreSource) -> None:
        self.source_changed.emit(source)
        if source.trouble is not None and source.path is not None:
            self.problem.emit(source.trouble)

    def _show_restored(self, restored: Restored) -> None:
        if restored.source is not None:
            self._show_source(restored.source)
        self.restored.emit(restored.request)
        if restored.notice:
            self.notice.emit(restored.notice)
