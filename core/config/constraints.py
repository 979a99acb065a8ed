"""Constraints on combinations of settings and datasets: a reason and a remedy for each invalid combination.

The settings form disables the choices that `impossible` rejects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.config import pretrained
from core.config.choices import choice_title
from core.errors import UserError
from core.language import _, one_of
from core.registry import components

if TYPE_CHECKING:
    from core.config.fields import Fields

LARGEST_SIDE = 1024
_NO_NORM = {
    "batch": _("The discriminator of {network} has no batch normalization."),
    "layer": _("The discriminator of {network} has no layer normalization."),
}


def impossible(settings: Fields) -> Iterator[tuple[str, str]]:
    """Yields the reason and the remedy of every invalid combination of settings."""
    network = components("models")[settings.network]
    loss = components("losses")[settings.loss]
    norms = network.facts["D_NORMS"]
    norm = norms[0] if settings.d_norm == "auto" else settings.d_norm
    if norm not in norms:
        yield (
            _NO_NORM[norm].format(network=network.title),
            _("Set D normalization to {norms}.").format(norms=one_of([choice_title("d_norm", name) for name in norms])),
        )
    if norm == "batch" and settings.penalties:
        yield (
            _(
                "Gradient penalties need a gradient for each image, and batch normalization mixes the images of a "
                "batch."
            ),
            _("Set D normalization to Layer or None, or the penalties to 0."),
        )
    if settings.weight_clip and settings.loss != "wasserstein":
        yield (
            _("Weight clipping is for the Wasserstein loss, not for the loss {loss}.").format(loss=loss.title),
            _("Choose the Wasserstein loss, or set weight clipping to 0."),
        )
    if settings.spectral_norm and not network.facts.get("SPECTRAL_NORM", True):
        yield (
            _("Spectral normalization cannot divide the weights of {network} that start at 0.").format(
                network=network.title
            ),
            _("Choose another network, or turn off spectral normalization and set R1."),
        )
    if not settings.d_bias and not network.facts.get("INPUT_BIAS"):
        yield (
            _("The discriminator of {network} cannot do without its input bias.").format(network=network.title),
            _("Choose DCGAN, or turn on D input bias."),
        )
    if settings.weight_clip and not network.facts.get("WEIGHT_CLIP", True):
        yield (
            _("Weight clipping would clip nearly all weights of {network}, which are stored at unit variance.").format(
                network=network.title
            ),
            _("Choose another network, or a gradient penalty instead of weight clipping."),
        )
    if settings.augment == "ada" and not loss.facts["SIGNED"]:
        yield (
            _(
                "ADA needs scores whose sign separates real from generated images, unlike those of the loss {loss}."
            ).format(loss=loss.title),
            _("Choose DiffAugment, or another loss."),
        )
    if (settings.smooth_real or settings.smooth_fake) and not loss.facts["TARGETS"]:
        yield (
            _("Label smoothing changes the discriminator's targets, and the loss {loss} has none.").format(
                loss=loss.title
            ),
            _("Choose another loss, or set label smoothing to 0."),
        )
    if settings.clusters and (settings.condition == "none" or settings.points):
        yield (
            _("Clusters replace the class labels, and these settings use no labels."),
            _("Set the class labels to Auxiliary classifier, or the clusters to 0."),
        )
    if settings.decay_kimg and settings.decay_kimg <= settings.warm_up_kimg:
        yield (
            _("The learning rates would decay to 0 before the warm-up ends."),
            _("Make the decay longer than the warm-up."),
        )
    if settings.points and settings.augment != "none":
        yield _("Augmentation works on images, and this network makes points."), _("Set the augmentation to None.")
    if max(settings.size) > LARGEST_SIDE:
        width, height = settings.size
        yield (
            _("Images of {width} x {height} px are too large.").format(width=width, height=height),
            _("Choose a smaller resolution or grid."),
        )


def refuse_data(settings: Fields, classes: int, points: bool) -> None:
    """Raises `UserError` if the settings do not suit a dataset with `classes` classes, of points or of images.

    Points need a network that makes points. Conditions and some feature extractors need labels. Clusters need the
    weights of a pretrained network, which come in a package.
    """
    refuse_kind(settings, points)
    if settings.clusters and not pretrained.installed():
        raise pretrained.missing()
    if settings.condition != "none" and classes < 2 and not settings.clusters:
        raise UserError(
            _("The settings need class labels, and these points have none.")
            if points
            else _("The settings need class labels, and these images have none."),
            _("Open toy:ring8, use clusters, or set Class labels to None.")
            if points
            else _("Open a folder with one subfolder for each class, use clusters, or set Class labels to None."),
        )
    features = components("evaluation.features").get(settings.evaluation_features)  # None for auto
    if features and features.facts["LABELED"] and not classes:
        raise UserError(
            _("The feature extractor is a classifier of the labels, and these images have no labels."),
            _("Set the feature extractor to Auto."),
        )


def refuse_kind(settings: Fields, points: bool) -> None:
    """Raises `UserError` if the network makes images and the dataset holds points, or the reverse."""
    title = components("models")[settings.network].title
    if points and not settings.points:
        raise UserError(
            _("The network {network} makes images, and this dataset holds 2-D points.").format(network=title),
            _("Choose the preset playground, or open images."),
        )
    if settings.points and not points:
        raise UserError(
            _("The network {network} makes 2-D points, and this dataset holds images.").format(network=title),
            _("Choose another preset, or open toy:ring8."),
        )
