"""Check whether a checkpoint can continue on a dataset that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.config.constraints import refuse_data
from core.errors import UserError
from core.imaging.channels import CHANNEL_NAMES
from core.language import _, number, plural
from studio.model.train import Continuation

if TYPE_CHECKING:
    from core.checkpoint import Meta
    from core.data.dataset import Dataset


def read_continuation(checkpoint: Path, dataset: Dataset) -> Continuation:
    """Reads a checkpoint, and compares its networks with a dataset."""
    from core.checkpoint import summary

    try:
        meta = summary(checkpoint).meta
    except UserError as problem:
        return Continuation(checkpoint, None, problem.what)
    return Continuation(checkpoint, meta.settings, obstacle(meta, dataset))


def obstacle(meta: Meta, dataset: Dataset) -> str:
    """Returns why the networks of a checkpoint cannot take these images, in a sentence; empty if they can.

    Their size is no obstacle: images are prepared at the checkpoint's resolution.
    """
    try:
        refuse_data(meta.settings, len(dataset.classes), dataset.points)
    except UserError as problem:
        return problem.what
    channels, classes = dataset.images.shape[1], len(dataset.classes)
    if not dataset.points and channels != meta.channels:
        return _("These are {images}, but its networks make {made}.").format(
            images=CHANNEL_NAMES[channels].images, made=CHANNEL_NAMES[meta.channels].images
        )
    if meta.settings.condition != "none" and classes != len(meta.classes) and not meta.settings.clusters:
        return plural(
            "These images have {count} class, but its networks were trained with {trained}.",
            "These images have {count} classes, but its networks were trained with {trained}.",
            classes,
            trained=number(len(meta.classes)),
        )
    return ""
