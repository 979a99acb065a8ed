"""Search for the training images nearest to a generated one, for the job thread."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.events import Images, Notice, Progress
from core.language import _
from studio.model.explore import NearestImages, NearestQuery

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.evaluation.nearest_neighbors import ComparisonSpace

NEAREST = 6
"""Number of training images shown for a generated one."""


def find_nearest(asked: NearestQuery, dataset: Dataset | None) -> Generator[Progress | Notice, None, NearestImages]:
    """Finds the training images nearest to a generated one. Raises `UserError` if no dataset, or another one, is
    open."""
    from core.data.holdout import held_rows
    from core.evaluation.nearest_neighbors import PIXELS, nearest, neighbor_distances

    if dataset is None:
        raise UserError(_("The training images are not open."), _("Open them in Data, prepared as for the training."))
    space = (yield from _features(dataset)) if asked.in_features else PIXELS
    held, image = held_rows(asked.settings, dataset), asked.population[asked.index]
    neighbors = yield from nearest(image[None], dataset, NEAREST, space, held)
    spread = yield from neighbor_distances(asked.population, dataset, space, held)
    distances, flipped = neighbors.distances[0].tolist(), neighbors.flipped[0].tolist()
    return NearestImages(
        asked,
        neighbors.images[0],
        tuple(distances),
        tuple(flipped),
        space.text,
        spread.generated,
        spread.real,
        spread.held_out,
    )


def _features(dataset: Dataset) -> Generator[Progress | Notice, None, ComparisonSpace]:
    from core.devices import use
    from core.evaluation.features import build, default_for
    from core.evaluation.nearest_neighbors import ComparisonSpace

    extractor = yield from build(default_for(dataset), dataset, use("auto"))

    def values(planes: Images) -> NDArray[np.float32]:
        images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        starts = range(0, len(images), extractor.at_once)
        return np.concatenate([extractor(images[start : start + extractor.at_once]).values for start in starts])

    text = _("root mean square difference of {extractor} features").format(extractor=extractor.name)
    return ComparisonSpace("features", text, values)
