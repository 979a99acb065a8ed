"""Service that shows what a translation learns from: inputs and targets of some images of the open dataset."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from studio.background.threads import LatestThread
from studio.background.torch_import import import_torch
from studio.model.data import ExampleRequest, Examples, OpenedDataset, Pair

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.data.sides.two_sides import TwoSides


class TranslationExamples(QObject):
    """Makes examples in a thread, the newest request of each place first; an equal request costs nothing. Emits every
    signal in the GUI thread."""

    made = Signal(object)
    """The `Examples` of the newest request of a place."""
    problem = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dataset: Dataset | None = None
        self._newest: dict[str, ExampleRequest] = {}
        self._thread = LatestThread(self)
        self._thread.failed.connect(self.problem)

    def open(self, opened: OpenedDataset) -> None:
        """Makes examples of this dataset from now on, and those that are shown again."""
        self._dataset = None if opened.dataset.points else opened.dataset
        waiting, self._newest = self._newest, {}
        for request in waiting.values():
            self.ask(request)

    def ask(self, request: ExampleRequest) -> None:
        """Makes examples, as `made`; remembers the request until a dataset is open."""
        if self._newest.get(request.place) == request:
            return
        self._newest[request.place] = request
        if self._dataset is not None:
            if not self._thread.isRunning():
                self._thread.start()
            work = partial(make_examples, self._dataset, request)
            self._thread.ask(request.place, work, partial(self._show, self._dataset))

    def shutdown(self) -> None:
        """Ends the thread and waits for it."""
        self._thread.stop()
        self._thread.wait()

    def _show(self, dataset: Dataset, examples: Examples) -> None:
        if dataset is self._dataset:
            self.made.emit(examples)


def make_examples(dataset: Dataset, request: ExampleRequest) -> Examples:
    """Makes the inputs of random images of a dataset, as a training with these settings does."""
    import_torch()
    import torch

    from core.data.sides.pairing import sides_for
    from core.imaging.tensors import to_images
    from core.translation.examples import examples
    from core.translation_trainer import shown

    try:
        rows = _chosen(sides_for(request.settings, dataset), request.count, request.seed)
    except UserError as problem:  # the dataset does not suit the task
        return Examples(request, (), str(problem))
    random = torch.Generator().manual_seed(request.settings.seed)
    sides = examples(dataset, rows, request.settings, random)
    names = (_name(dataset, *pair) for pair in zip(rows.inputs.tolist(), rows.targets.tolist(), strict=True))
    inputs, targets = to_images(shown(sides.inputs, sides.targets.shape)), to_images(sides.targets)
    return Examples(request, list(map(Pair, names, inputs, targets)))


def _chosen(sides: TwoSides, count: int, seed: int) -> TwoSides:
    """Returns random rows of both sides, in the order of the sides."""
    random = np.random.default_rng(seed)
    inputs, targets = (np.sort(random.permutation(len(rows))[:count]) for rows in (sides.inputs, sides.targets))
    return sides.of(inputs, inputs if sides.are_pairs else targets).first(count)


def _name(dataset: Dataset, first: int, second: int) -> str:
    return ", ".join(dict.fromkeys(map(dataset.records.name, (first, second))))
