"""Service that sends requests to the explored generator in its own thread, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.data.names import printable
from core.devices import survey
from core.devices.device import Device
from core.events import Images
from core.latent.explore_state import Maker, Pin, SavedPins
from core.latent.request import LatentRequest, Point
from studio.background.threads import LatestThread
from studio.background.torch_import import import_torch
from studio.model.explore import ExploreSource, PublishedWeights, Translator
from studio.services.explore.engine import ExploreEngine, RestoredImage

BESIDE_TRAINING = 0.03
"""Share of time for the sampler while a training runs, small enough not to slow the training."""
BESIDE_TRAINING_ON_GPU = 0.5
"""Share of time for a sampler on a GPU, which has priority over a training there and slows one on the CPU little: a
slider gets 60 images per second where an image takes 8 ms. Affects the training only while the slider moves."""


class ExploreService(QObject):
    """Owns the sampler and its thread. Emits every signal in the GUI thread."""

    devices_found = Signal(list)
    source_changed = Signal(object)
    """The `ExploreSource` explored from now on."""
    translator_found = Signal(object)
    """The `Translator` opened instead of a generator that can be explored."""
    opening = Signal(str)
    """Name of the run or checkpoint whose generator is being opened."""
    opened = Signal(object, object)
    """Path of a requested checkpoint, and its `ExploreSource` or `Translator`, after `source_changed` or
    `translator_found`."""
    rendered = Signal(str, object, object)
    """A slot, its request, and the images."""
    restored = Signal(object)
    """The `LatentRequest` of an opened image, after its `ExploreSource`."""
    directed = Signal(object)
    """A `Direction` requested by `contrast`."""
    added = Signal(object, object, object, object)
    """Three groups of points, and their sum."""
    pinned = Signal(object)
    """A `Pin` requested by `pin`."""
    problem = Signal(object)
    notice = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = ExploreEngine()
        self.devices: list[Device] = []
        """Devices of this machine, best first; empty until `devices_found`."""
        self.source: ExploreSource | None = None
        """The explored generator, used by everything that the workspace shows and exports."""
        self.translator: Translator | None = None
        """The generator that is applied to pictures instead."""
        self._pins = 0
        self._device, self._trains = "cpu", False
        self._thread = LatestThread(self)
        self._thread.failed.connect(self.problem)

    @property
    def shown(self) -> ExploreSource | Translator | None:
        """Returns the generator that is explored or applied."""
        return self.source or self.translator

    def start(self) -> None:
        """Starts the thread; call it when the window is on screen."""
        self._thread.start()

    def shutdown(self) -> None:
        """Ends the thread and waits for it."""
        self._thread.stop()
        self._thread.wait()

    def yield_to_training(self, training: bool) -> None:
        """Sets whether a training needs the processor more."""
        self._trains = training
        self._share_device()

    def find_devices(self) -> None:
        """Imports torch in the thread, then reports the devices."""
        self._thread.ask("devices", _devices, self._show_devices)

    # Explored generator

    def open(self, path: Path) -> None:
        """Explores a chosen checkpoint."""
        self.opening.emit(printable(path.name))
        self._thread.ask("source", partial(self.engine.open, path), partial(self._show_opened, path))

    def open_newest(self, run: Path) -> None:
        """Explores the newest checkpoint of a run."""
        self.opening.emit(printable(run.name))
        self._thread.ask("source", partial(self.engine.open_newest, run), self._show)

    def load(self, weights: PublishedWeights, is_wanted: Callable[[], bool] = lambda: True) -> None:
        """Explores weights of a training, if still wanted when their turn comes. Can be called from any thread."""

        def work() -> ExploreSource | Translator | None:
            return self.engine.load(weights) if is_wanted() else None

        def show(source: ExploreSource | Translator | None) -> None:
            if source is not None:
                self._show(source)

        self._thread.ask("source", work, show)

    def open_maker(self, home: Path, maker: Maker) -> None:
        """Explores the generator that made a pin of the run or checkpoint `home`."""
        self._thread.ask("source", partial(self.engine.open_maker, home, maker), self._show_source)

    def recall(self, source: ExploreSource, then: Callable[[], object]) -> None:
        """Explores an earlier source again; calls `then` when it is explored, at once if it still is."""
        if source is self.source:
            then()
            return

        def show(recalled: ExploreSource) -> None:
            self._show_source(recalled)
            then()

        self._thread.ask("source", partial(self.engine.recall, source), show)

    def restore(self, image: Path, runs: Path) -> None:
        """Explores the recipe of an exported image; `runs`: where its checkpoint may be."""
        self._thread.ask("source", partial(self.engine.restore, image, runs), self._show_restored)

    # Requests

    def render(self, slot: str, request: LatentRequest) -> None:
        """Renders the request's images, as `rendered`; replaces a waiting request of the slot."""
        self._thread.ask(slot, partial(self.engine.render, request), partial(self._show_images, slot, request))

    def pin(self, request: LatentRequest) -> None:
        """Pins the request's image, as `pinned`, and keeps its generator with the run."""
        self._pins += 1  # no pin replaces another
        self._thread.ask(f"pin {self._pins}", partial(self.engine.pin, request), self._show_pin)

    def bake(self, request: LatentRequest, done: Callable[[Point], object]) -> None:
        """Turns the request's image into a single point, and calls `done` with it."""
        self._thread.ask("bake", partial(self.engine.bake, request), done)

    def add(self, plus: tuple[Point, ...], minus: tuple[Point, ...], also: tuple[Point, ...]) -> None:
        """Computes plus - minus + also, each the mean of a group of points, as `added`."""
        done = partial(self.added.emit, plus, minus, also)
        self._thread.ask("sum", partial(self.engine.add, plus, minus, also), done)

    def contrast(self, liked: Sequence[Point], disliked: Sequence[Point], name: str) -> None:
        """Finds the direction from the negative to the positive points, as `directed`."""
        self._thread.ask("contrast", partial(self.engine.contrast, liked, disliked, name), self.directed.emit)

    def save_pins(self, home: Path, saved: SavedPins) -> None:
        """Saves pins and directions with their run."""
        self._thread.ask(f"save {home}", partial(self.engine.save_pins, home, saved))

    def write(self, request: LatentRequest, path: Path) -> None:
        """Writes the request's image as a PNG with its recipe."""
        self._thread.ask(f"write {path}", partial(self.engine.write, request, path))

    # In the GUI thread, with results

    def _show_devices(self, devices: list[Device]) -> None:
        self.devices = devices
        self.devices_found.emit(devices)

    def _share_device(self) -> None:
        beside_training = BESIDE_TRAINING if self._device == "cpu" else BESIDE_TRAINING_ON_GPU
        self._thread.set_share(beside_training if self._trains else 1.0)

    def _show(self, source: ExploreSource | Translator) -> None:
        if isinstance(source, Translator):
            self.source, self.translator = None, source
            self.translator_found.emit(source)
        else:
            self._show_source(source)

    def _show_source(self, source: ExploreSource) -> None:
        self.source, self.translator = source, None
        self._device = source.device
        self._share_device()
        self.source_changed.emit(source)
        if source.pins_problem is not None and source.path is not None:
            self.problem.emit(source.pins_problem)

    def _show_opened(self, path: Path, source: ExploreSource | Translator) -> None:
        self._show(source)
        self.opened.emit(path, source)

    def _show_restored(self, restored: RestoredImage) -> None:
        if restored.source is not None:
            self._show_source(restored.source)
        self.restored.emit(restored.request)
        if restored.notice:
            self.notice.emit(restored.notice)

    def _show_pin(self, made: tuple[Pin, ExploreSource]) -> None:
        pin, source = made
        if self.source is None or source.path != self.source.path or source.weights != self.source.weights:
            self._show_source(source)  # the same generator, which has a file now
        self.pinned.emit(pin)

    def _show_images(self, slot: str, request: LatentRequest, images: Images | None) -> None:
        if images is not None:
            self.rendered.emit(slot, request, images)


def _devices() -> list[Device]:
    import_torch()
    return list(survey())
