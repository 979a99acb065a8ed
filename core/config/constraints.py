"""Constraints on combinations of settings and datasets: a reason and a remedy for each combination that cannot work.

The settings form disables what `impossible` refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.config import pretrained
from core.errors import UserError
from core.registry import components

if TYPE_CHECKING:
    from core.config.fields import Fields

LARGEST_SIDE = 1024


def impossible(settings: Fields) -> Iterator[tuple[str, str]]:
    """Reason and remedy of every pair of settings that cannot work together."""
    network = components("models")[settings.network]
    loss = components("losses")[settings.loss]
    norms = network.facts["D_NORMS"]
    norm = norms[0] if settings.d_norm == "auto" else settings.d_norm
    if norm not in norms:
        yield (
            f"The discriminator of {network.title} has no {norm} normalization.",
            f"Set its normalization to {' or '.join(norms)}.",
        )
    if norm == "batch" and settings.penalties:
        yield (
            "Batch normalization mixes the images of a batch, so a penalty on each one's own gradient has no meaning.",
            "Set the discriminator's normalization to layer or none, or the penalties to 0.",
        )
    if settings.weight_clip and settings.loss != "wasserstein":
        yield (
            f"Weight clipping bounds the slope of a Wasserstein critic; the loss {loss.title} has no use for that.",
            "Choose the Wasserstein loss, or set the weight clipping to 0.",
        )
    if settings.spectral_norm and not network.facts.get("SPECTRAL_NORM", True):
        yield (
            f"{network.title} has weights that begin at 0, which spectral normalization cannot divide.",
            "Choose another network, or turn spectral normalization off and R1 on.",
        )
    if not settings.d_bias and not network.facts.get("INPUT_BIAS"):
        yield (
            f"The discriminator of {network.title} always has its biases.",
            "Choose DCGAN, or turn the discriminator's input bias on.",
        )
    if settings.weight_clip and not network.facts.get("WEIGHT_CLIP", True):
        yield (
            f"Weight clipping would cut off nearly all weights of {network.title}, which are kept at another scale.",
            "Choose another network, or a gradient penalty in place of weight clipping.",
        )
    if settings.augment == "ada" and not loss.facts["SIGNED"]:
        yield (
            f"ADA follows how many real images get a score above 0, and with the loss {loss.title} 0 means nothing.",
            "Choose DiffAugment, or another loss.",
        )
    if (settings.smooth_real or settings.smooth_fake) and not loss.facts["TARGETS"]:
        yield (
            f"Label smoothing moves the discriminator's targets, and the loss {loss.title} has none.",
            "Choose another loss, or set label smoothing to 0.",
        )
    if settings.clusters and (settings.condition == "none" or settings.points):
        yield (
            "Clusters replace the class labels, and these settings use no labels.",
            "Set the class labels to Auxiliary classifier, or the clusters to 0.",
        )
    if settings.decay_kimg and settings.decay_kimg <= settings.warm_up_kimg:
        yield (
            "The learning rates would have fallen to 0 before they have risen.",
            "Let the decay be longer than the warm-up.",
        )
    if settings.points and settings.augment != "none":
        yield "Points have no colors to vary and nothing to cut out.", "Set the augmentation to None."
    if max(settings.size) > LARGEST_SIDE:
        width, height = settings.size
        yield f"Images of {width} x {height} px are too large.", "Choose a smaller resolution or grid."


def refuse_data(settings: Fields, classes: int, points: bool) -> None:
    """Raises `UserError` where the settings do not suit a dataset with `classes` classes, of points or of images.

    Points need a network that makes points, images another one; conditions and some feature extractors need labels;
    clusters need the weights of a frozen network, which come in a package.
    """
    refuse_kind(settings, points)
    if settings.clusters and not pretrained.installed():
        raise pretrained.missing()
    if settings.condition != "none" and classes < 2 and not settings.clusters:
        what = "points" if points else "images"
        remedy = "Open toy:ring8" if points else "Open a folder with one subfolder for each class"
        raise UserError(
            f"These {what} have no classes, and the settings ask for labels.",
            f"{remedy}, use clusters, or set the class labels to None.",
        )
    features = components("evaluation.features").get(settings.evaluation_features)  # None for auto
    if features and features.facts["LABELLED"] and not classes:
        raise UserError(
            "The feature extractor is a classifier of labels, and these images have none.",
            "Set the feature extractor to Auto.",
        )


def refuse_kind(settings: Fields, points: bool) -> None:
    """Raises `UserError` for images where the network makes points, and the other way round."""
    title = components("models")[settings.network].title
    if points and not settings.points:
        raise UserError(
            f"The network {title} makes images, and these are points in the plane.",
            "Choose the preset playground, or open images.",
        )
    if settings.points and not points:
        raise UserError(
            f"The network {title} makes points in the plane, and these are images.",
            "Choose another preset, or open toy:ring8.",
        )
