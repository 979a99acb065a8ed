"""Constraints on combinations of settings and datasets: a reason and a remedy for each invalid combination.

The settings form disables the choices that `impossible` rejects.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.config import pretrained
from core.config.choices import choice_title
from core.config.fields import Fields, title_of
from core.errors import UserError
from core.language import _, number, one_of
from core.registry import components, ranked

LARGEST_SIDE = 1024
_NO_NORM = {
    "batch": _("The discriminator of {network} has no batch normalization."),
    "layer": _("The discriminator of {network} has no layer normalization."),
}
_MIXED = _("Gradient penalties need a gradient for each image, and batch normalization mixes the images of a batch.")
_SWITCHES = (
    "condition",
    "clusters",
    "codes_categorical",
    "codes_continuous",
    "alpha",
    "spectral_norm",
    "d_norm",
    "d_bias",
)
"""Settings of images from noise that are refused in a translation unless they have their defaults."""


def impossible(settings: Fields) -> Iterator[tuple[str, str]]:
    """Yields the reason and the remedy of every invalid combination of settings."""
    yield from _of_translation(settings) if settings.translates else _of_generation(settings)
    loss = components("losses")[settings.loss]
    if settings.weight_clip and settings.loss != "wasserstein":
        yield (
            _("Weight clipping is for the Wasserstein loss, not for the loss {loss}.").format(loss=loss.title),
            _("Choose the Wasserstein loss, or set weight clipping to 0."),
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
    if settings.decay_kimg and settings.decay_kimg <= settings.warm_up_kimg:
        yield (
            _("The learning rates would decay to 0 before the warm-up ends."),
            _("Make the decay longer than the warm-up."),
        )
    if max(settings.size) > LARGEST_SIDE:
        width, height = settings.size
        yield (
            _("Images of {width} x {height} px are too large.").format(width=width, height=height),
            _("Choose a smaller resolution or grid."),
        )


def _of_generation(settings: Fields) -> Iterator[tuple[str, str]]:
    network = components("models")[settings.network]
    norms = network.facts["D_NORMS"]
    norm = norms[0] if settings.d_norm == "auto" else settings.d_norm
    if norm not in norms:
        yield (
            _NO_NORM[norm].format(network=network.title),
            _("Set D normalization to {norms}.").format(norms=one_of([choice_title("d_norm", name) for name in norms])),
        )
    if norm == "batch" and settings.penalties:
        yield _MIXED, _("Set D normalization to Layer or None, or the penalties to 0.")
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
    if settings.clusters and (settings.condition == "none" or settings.points):
        yield (
            _("Clusters replace the class labels, and these settings use no labels."),
            _("Set the class labels to Auxiliary classifier, or the clusters to 0."),
        )
    if settings.points and settings.augment != "none":
        yield _("Augmentation works on images, and this network makes points."), _("Set the augmentation to None.")


def _of_translation(settings: Fields) -> Iterator[tuple[str, str]]:
    task = components("translation.tasks")[settings.task]
    method = components("translation.methods")[settings.method]
    if settings.two_sided and settings.has_pairs and settings.fit == "smart":
        yield (
            _("A smart crop would cut the two images of a pair differently."),
            _("Set the fit to Center crop, Stretch or Pad."),
        )
    if method.facts["PAIRED"] != task.facts["PAIRED"]:
        methods = [part.title for part in ranked("translation.methods") if part.facts["PAIRED"] == task.facts["PAIRED"]]
        reason = (
            _("The method {method} is for images without pairs, and the task {task} has a target for each input.")
            if task.facts["PAIRED"]
            else _("The method {method} needs the target of each input, and the task {task} has none.")
        )
        yield (
            reason.format(method=method.title, task=task.title),
            _("Set the method to {methods}.").format(methods=one_of(methods)),
        )
    yield from _of_translator(settings)
    if settings.patch_norm == "batch" and settings.penalties:
        yield _MIXED, _("Set the patch normalization to Instance, Spectral or None, or the penalties to 0.")
    exact = (settings.l1_weight or settings.content_weight) if task.facts["PAIRED"] else 0.0
    if not settings.adversarial_weight and not exact:
        yield _("With these weights nothing tells the generator what to make."), _("Raise the adversarial weight.")
    for name in _SWITCHES:
        default = type(settings).model_fields[name].default
        if getattr(settings, name) != default:
            yield (
                _("The setting {setting} has no effect on the task {task}.").format(
                    setting=title_of(name), task=task.title
                ),
                _remedy(name, default),
            )


def _of_translator(settings: Fields) -> Iterator[tuple[str, str]]:
    task = components("translation.tasks")[settings.task]
    translator = components("translation.networks")[settings.translator]
    scale, scales = settings.factor if task.facts.get("ENLARGES") else 1, translator.facts["SCALES"]
    if scale not in scales:
        able = [part.title for part in ranked("translation.networks") if scale in part.facts["SCALES"]]
        reason = (
            _("{translator} makes images that are larger than its inputs.")
            if scale == 1
            else _("{translator} cannot make images that are {factor} times as large.")
        )
        yield (
            reason.format(translator=translator.title, factor=scale),
            _("Set the translator to {translators}.").format(translators=one_of(able)),
        )
        return
    width, height = settings.size
    inputs = width // scale, height // scale
    most = translator.facts["MULTIPLE"] if scale == 1 else max(translator.facts["MULTIPLE"] // 2, 1)
    multiple = min(most, 1 << (min(inputs).bit_length() - 1))
    if any(side % multiple for side in inputs):
        yield (
            _("{translator} needs inputs whose width and height are multiples of {multiple} px.").format(
                translator=translator.title, multiple=multiple
            ),
            _("Choose another resolution or grid, or another translator."),
        )
    # Patches of 9 n - 2 px are n px apart, and the last two layers need three of them.
    smallest = (settings.patch + 2) // 3
    if min(settings.size) < smallest:
        yield (
            _("A patch size of {patch} px needs images of at least {smallest} px.").format(
                patch=settings.patch, smallest=smallest
            ),
            _("Choose a smaller patch size, or a higher resolution."),
        )


def _remedy(name: str, default: object) -> str:
    if isinstance(default, bool):
        text = _("Turn on {setting}.") if default else _("Turn off {setting}.")
    else:
        text = _("Set {setting} to {value}.")
    return text.format(setting=title_of(name), value=choice_title(name, default))


def refuse_shares(batch: int, count: int) -> None:
    """Raises `UserError` for a batch that several devices cannot divide equally. `count`: number of devices."""
    if batch % count == 0:
        return
    below, above = batch // count * count, -(-batch // count) * count
    what = _("A batch of {batch} images cannot be divided equally among {count} processes.")
    remedy = _("Set the batch size to {below} or {above}.") if below else _("Set the batch size to {above}.")
    raise UserError(
        what.format(batch=number(batch), count=number(count)),
        remedy.format(below=number(below), above=number(above)),
    )


def refuse_data(settings: Fields, classes: int, points: bool) -> None:
    """Raises `UserError` if the settings do not suit a dataset with `classes` classes, of points or of images.

    Points need a network that makes points. Conditions and some feature extractors need labels. Clusters and the
    content loss need the weights of a pretrained network, which come in a package.
    """
    refuse_kind(settings, points)
    if (settings.clusters or settings.content_weight) and not pretrained.installed():
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
