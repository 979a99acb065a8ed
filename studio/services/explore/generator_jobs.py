"""What the laboratory does beside rendering: long work on a copy of the generator, with progress and cancel."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.events import Event, Notice, Progress, Saved
from core.export.animation import Animation
from core.export.selection import Selection, Shape
from core.latent.request import LatentRequest, Loop, Point, Walk
from studio.background.job_runner import JobRunner
from studio.model.explore import NearestImages, NeighbourQuery, ProjectionProgress
from studio.services.data.loader import DatasetLoader
from studio.services.explore.engine import ExploreEngine
from studio.services.explore.nearest_images import find_nearest

if TYPE_CHECKING:
    from core.latent.directions import Components

POPULATION = 64
"""Generated images whose distances are counted beside it, where they are not on screen anyway."""


class GeneratorJobs(QObject):
    """Every signal is emitted in the GUI thread; progress and problems are those of the jobs."""

    components_found = Signal(object)
    """Directions (k, numbers), the strongest first."""
    approached = Signal(object)
    """An `ProjectionProgress`."""
    neighbours_found = Signal(object)
    """A `NearestImages`."""
    notice = Signal(str)

    def __init__(
        self, explorer: ExploreEngine, jobs: JobRunner, reader: DatasetLoader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._jobs = jobs
        self._reader = reader

    def find_components(self, like: Point) -> None:
        """Principal components of the generator's activations, of images of the class and codes of `like`."""
        self._jobs.start(lambda: self._components(like), done=self._show_components)

    def invert(self, path: Path) -> None:
        """Looks for the latent whose image is most like a person's picture."""
        self._jobs.start(lambda: self._invert(path), self.approached.emit)

    def find_neighbours(self, request: LatentRequest) -> None:
        """The training images that are nearest to the request's first image."""
        dataset, first = self._reader.dataset, request.part(0, 1)

        def work() -> Generator[Progress | Notice, None, NearestImages]:
            yield Progress("Generating images", 0, 0)
            sampler = self._explorer.sampler()
            others = sampler.render(LatentRequest.of_seeds(range(POPULATION)))
            asked = NeighbourQuery(np.concatenate([sampler.render(first), others]), 0, sampler.meta.settings)
            return (yield from find_nearest(asked, dataset))

        self._jobs.start(work, self._tell, self.neighbours_found.emit)

    def compare(self, asked: NeighbourQuery) -> None:
        """The training images that are nearest to one of some generated images."""
        dataset = self._reader.dataset
        self._jobs.start(lambda: find_nearest(asked, dataset), self._tell, self.neighbours_found.emit)

    def export_images(self, selection: Selection, target: Path, shape: Shape, overwrite: bool) -> None:
        """Writes images with the generator that is on screen."""
        self._jobs.start(lambda: self._images(selection, target, shape, overwrite))

    def export_film(self, way: Walk | Loop, target: Path, film: Animation, overwrite: bool) -> None:
        """Writes a walk or a loop as a film."""
        self._jobs.start(lambda: self._film(way, target, film, overwrite), self._tell)

    def export_timelapse(self, run: Path, target: Path, film: Animation, overwrite: bool) -> None:
        """Writes the samples of a run as a film."""
        self._jobs.start(lambda: _timelapse(run, target, film, overwrite), self._tell)

    def export_report(self, run: Path, target: Path, overwrite: bool) -> None:
        """Writes a page about a run, which may be training."""
        self._jobs.start(lambda: _report(run, target, overwrite))

    def export_generator(self, target: Path, overwrite: bool) -> None:
        """Writes the generator as ONNX or .pt2."""
        self._jobs.start(lambda: self._generator(target, overwrite))

    def _show_components(self, found: Components) -> None:
        self.components_found.emit(found.directions)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notice.emit(event.text)

    # In the job's thread

    def _components(self, like: Point) -> Generator[Progress, None, Components]:
        from core.latent.directions import principal

        return (yield from principal(self._explorer.sampler(), like))

    def _invert(self, path: Path) -> Generator[Progress | ProjectionProgress, None, None]:
        from core.projection.projector import project
        from core.projection.target_image import open_picture

        yield Progress(f"Looking at {path.name}", 0, 0)
        checkpoint = self._explorer.checkpoint()
        picture = open_picture(path, checkpoint.meta)
        with closing(project(checkpoint, picture)) as events:
            for event in events:
                yield Progress(f"Looking for {path.name}, {event.psnr:.1f} dB", event.step, event.total)
                done = event.step / event.total
                yield ProjectionProgress(path.name, picture, event.image, done, event.psnr, event.point)

    def _images(
        self, selection: Selection, target: Path, shape: Shape, overwrite: bool
    ) -> Generator[Progress, None, Saved]:
        from core.export.image_files import export_images

        return (yield from export_images(self._explorer.sampler(), selection, target, shape, overwrite))

    def _film(
        self, way: Walk | Loop, target: Path, film: Animation, overwrite: bool
    ) -> Generator[Progress | Notice, None, Saved]:
        from core.export.walk_video import export_walk

        return (yield from export_walk(self._explorer.sampler(), way, target, film, overwrite))

    def _generator(self, target: Path, overwrite: bool) -> Generator[Progress, None, Saved]:
        from core.export.generator import export_generator

        return (yield from export_generator(self._explorer.sampler(), target, overwrite))


def _timelapse(run: Path, target: Path, film: Animation, overwrite: bool) -> Generator[Progress | Notice, None, Saved]:
    from core.export.timelapse import export_timelapse

    return (yield from export_timelapse(run, target, film, overwrite))


def _report(run: Path, target: Path, overwrite: bool) -> Generator[Progress, None, Saved]:
    from core.report.write import write_report

    return (yield from write_report(run, target, overwrite))
