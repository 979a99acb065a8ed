"""Jobs on a copy of the explored generator, with progress and cancel: exports, projections, nearest images and
privacy."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.errors import UserError
from core.events import Event, Notice, Progress, Saved
from core.export.animation import Animation
from core.export.selection import FileOptions, Selection
from core.language import _, number
from core.latent.request import LatentRequest, Loop, Point, Walk
from core.runs.pinned_generators import FOLDER
from studio.background.job_runner import JobRunner
from studio.background.torch_import import import_torch
from studio.model.explore import ExploreSource, NearestImages, NearestQuery, ProjectionProgress
from studio.services.data.loader import DatasetLoader
from studio.services.explore.nearest_images import find_nearest
from studio.services.explore.service import ExploreService

if TYPE_CHECKING:
    from core.checkpoint import Checkpoint
    from core.data.dataset import Dataset
    from core.jobs.privacy_job import PrivacyReport
    from core.latent.directions import Components
    from core.latent.held_generator import HeldGenerator
    from core.latent.sampler import Sampler

E = TypeVar("E", bound=Event)

POPULATION = 64
"""Number of generated images whose distances are shown for comparison, if they are not on screen anyway."""


class GeneratorJobs(QObject):
    """Starts jobs. Emits every signal in the GUI thread; progress and problems are those of the jobs."""

    components_found = Signal(object)
    """Directions (k, numbers), strongest first."""
    projected = Signal(object)
    """A `ProjectionProgress`."""
    nearest_found = Signal(object)
    """A `NearestImages`."""
    privacy_reported = Signal(object)
    """A `PrivacyReport`."""
    notice = Signal(str)

    def __init__(
        self, explore: ExploreService, jobs: JobRunner, data: DatasetLoader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._explore = explore
        self._jobs = jobs
        self._data = data

    def find_components(self, like: Point) -> None:
        """Finds principal components of the generator's activations, for the class and codes of `like`."""
        self._jobs.start(
            partial(_components, self._held(), like), done=self._show_components, title=_("Component search")
        )

    def project(self, path: Path) -> None:
        """Finds the latent whose image is most similar to a photo."""
        self._jobs.start(partial(_project, self._explore.source, path), self.projected.emit, title=_("Projection"))

    def find_nearest(self, request: LatentRequest) -> None:
        """Finds the training images nearest to the request's first image."""
        dataset, first, held = self._data.dataset, request.part(0, 1), self._held()

        def work() -> Generator[Progress | Notice, None, NearestImages]:
            yield Progress(_("Generating images"), 0, 0)
            sampler = _sampler(held)
            others = sampler.render(LatentRequest.of_seeds(range(POPULATION)))
            asked = NearestQuery(np.concatenate([sampler.render(first), others]), 0, sampler.meta.settings)
            return (yield from find_nearest(asked, dataset))

        self._jobs.start(work, self._tell, self.nearest_found.emit, title=_("Nearest image search"))

    def compare(self, asked: NearestQuery) -> None:
        """Finds the training images nearest to one of some generated images."""
        dataset = self._data.dataset
        self._jobs.start(
            lambda: find_nearest(asked, dataset), self._tell, self.nearest_found.emit, title=_("Nearest image search")
        )

    def report_privacy(self, checkpoint: Path, dataset: Dataset) -> None:
        """Reports what a checkpoint reveals about its training images."""
        self._jobs.start(
            lambda: _privacy(checkpoint, dataset), self._tell, self.privacy_reported.emit, title=_("Privacy report")
        )

    def export_images(
        self,
        selection: Selection,
        target: Path,
        file_options: FileOptions,
        overwrite: bool,
        enlarger: Path | None = None,
    ) -> None:
        """Writes images with the explored generator. `enlarger`: checkpoint that enlarges them."""
        make = partial(_images, self._held(), selection, target, file_options, overwrite, enlarger)
        self._jobs.start(make, self._tell, title=_("Image export"))

    def export_video(self, trajectory: Walk | Loop, target: Path, animation: Animation, overwrite: bool) -> None:
        """Writes a walk or a loop as a video."""
        self._jobs.start(
            partial(_video, self._held(), trajectory, target, animation, overwrite), self._tell, title=_("Video export")
        )

    def export_timelapse(self, run: Path, target: Path, animation: Animation, overwrite: bool) -> None:
        """Writes the samples of a run as a video."""
        self._jobs.start(
            lambda: _timelapse(run, target, animation, overwrite), self._tell, title=_("Time-lapse export")
        )

    def export_report(self, run: Path, target: Path, overwrite: bool) -> None:
        """Writes a report page of a run, which may be training."""
        self._jobs.start(lambda: _report(run, target, overwrite), title=_("Report export"))

    def export_generator(self, target: Path, overwrite: bool) -> None:
        """Writes the generator as ONNX or .pt2."""
        self._jobs.start(partial(_generator, self._held(), target, overwrite), title=_("Generator export"))

    def _show_components(self, found: Components) -> None:
        self.components_found.emit(found.directions)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.notice.emit(event.text)

    def _held(self) -> HeldGenerator | None:
        """Returns the generator explored now, whatever is explored when the job begins."""
        return self._explore.source.generator if self._explore.source is not None else None


# In the job's thread


def _sampler(held: HeldGenerator | None) -> Sampler:
    if held is None:
        raise UserError(_("There is no generator to render images."), _("Open a checkpoint, or train first."))
    import_torch()
    return held.sampler()


def _components(held: HeldGenerator | None, like: Point) -> Generator[Progress, None, Components]:
    sampler = _sampler(held)
    from core.latent.directions import principal

    return (yield from principal(sampler, like))


def _project(source: ExploreSource | None, path: Path) -> Generator[Progress | ProjectionProgress, None, None]:
    if source is None or source.generator is None:
        raise UserError(_("There is no generator to project the photo."), _("Open a checkpoint, or train first."))
    yield Progress(_("Reading {name}").format(name=path.name), 0, 0)
    import_torch()
    from core.projection.projector import project
    from core.projection.target_image import open_picture

    checkpoint = source.generator.within(_beside(source))
    picture = open_picture(path, checkpoint.meta)
    with closing(project(checkpoint, picture)) as events:
        for event in events:
            text = _("Projecting {name}, {similarity} dB")
            text = text.format(name=path.name, similarity=number(event.psnr, 1))
            yield Progress(text, event.step, event.total)
            done = event.step / event.total
            yield ProjectionProgress(path.name, picture, event.image, done, event.psnr, event.point, source)


def _beside(source: ExploreSource) -> Checkpoint:
    """Returns a checkpoint with the discriminator used to compare images: the generator's own, or one of its run."""
    from core.checkpoint import load
    from core.runs.run import Run

    if source.path is not None and (source.path == source.home or source.path.parent.name != FOLDER):
        return load(source.path, ("D",))
    if source.home is None:
        raise UserError(_("There is no checkpoint to compare the photo with."), _("Save the training, then try again."))
    return load(Run(source.home).newest(), ("D",))


def _images(
    held: HeldGenerator | None,
    selection: Selection,
    target: Path,
    file_options: FileOptions,
    overwrite: bool,
    enlarger: Path | None,
) -> Generator[Progress | Notice, None, Saved]:
    sampler = _sampler(held)
    from core.export.image_files import export_images
    from core.jobs.apply_job import open_enlarger

    if enlarger is None:
        return (yield from export_images(sampler, selection, target, file_options, overwrite))
    yield Progress(_("Loading the checkpoint"), 0, 0)
    opened = open_enlarger(enlarger, str(sampler.device))
    return (yield from export_images(sampler, selection, target, file_options, overwrite, opened))


def _video(
    held: HeldGenerator | None, trajectory: Walk | Loop, target: Path, animation: Animation, overwrite: bool
) -> Generator[Progress | Notice, None, Saved]:
    sampler = _sampler(held)
    from core.export.walk_video import export_walk

    return (yield from export_walk(sampler, trajectory, target, animation, overwrite))


def _generator(held: HeldGenerator | None, target: Path, overwrite: bool) -> Generator[Progress, None, Saved]:
    sampler = _sampler(held)
    from core.export.generator import export_generator

    return (yield from export_generator(sampler, target, overwrite))


def _privacy(checkpoint: Path, dataset: Dataset) -> Generator[Progress, None, PrivacyReport]:
    yield Progress(_("Loading the checkpoint"), 0, 0)
    import_torch()
    from core.checkpoint import load
    from core.jobs.privacy_job import report_privacy

    return (yield from report_privacy(load(checkpoint), dataset))


def _timelapse(
    run: Path, target: Path, animation: Animation, overwrite: bool
) -> Generator[Progress | Notice, None, Saved]:
    from core.export.timelapse import export_timelapse

    return (yield from export_timelapse(run, target, animation, overwrite))


def _report(run: Path, target: Path, overwrite: bool) -> Generator[Progress, None, Saved]:
    from core.report.write import write_report

    return (yield from write_report(run, target, overwrite))
