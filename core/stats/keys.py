"""Keys of a run's numbers (`Loss/G/loss` ...): group, label, family on one axis, spread and meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.language import _
from core.stats import metric_key
from core.stats.metric_key import SPREAD, higher_is_better, parse
from core.stats.metric_key import title as title_of

GROUPS = {
    "losses": _("Losses"),
    "scores": _("Scores"),
    "rate": _("Rate"),
    "metrics": _("Metrics"),
    "signals": _("Signals"),
    "others": _("Others"),
}
"""Titles of the groups of keys, in the order in which they are shown."""
METRICS = "Metrics/"

_GROUP_OF = {
    "Loss/scores/": "scores",
    "Score/": "scores",
    "Loss/": "losses",
    "Timing/": "rate",
    METRICS: "metrics",
    "Signal/": "signals",
    "Augment/": "signals",
}
_NAMES = {
    "Loss/D/loss": _("Discriminator loss"),
    "Loss/G/loss": _("Generator loss"),
    "Loss/D/penalty": _("Gradient penalty"),
    "Loss/D_back/loss": _("Loss of the discriminator of inputs"),
    "Loss/D_back/penalty": _("Gradient penalty, discriminator of inputs"),
    "Loss/G/l1": _("L1 loss"),
    "Loss/G/content": _("Content loss"),
    "Loss/G/cycle": _("Cycle loss"),
    "Loss/G/identity": _("Identity loss"),
    "Loss/G/contrast": _("Contrastive loss"),
    "Loss/information": _("Mutual information"),
    "Loss/D/labels": _("Label loss, real images"),
    "Loss/G/labels": _("Label loss, generated images"),
    "Loss/scores/real": _("Score of real images"),
    "Loss/scores/fake": _("Score of generated images"),
    "Score/real": _("D(x), real images"),
    "Score/fake": _("D(G(z)), generated images"),
    "Timing/images_per_sec": _("Images per second"),
    "Memory/host_gb": _("Program memory, GB"),
    "Memory/device_gb": _("Device memory, GB"),
    "Augment/p": _("Augmentation probability"),
    "Signal/D/accuracy_real": _("Accuracy of D on real images"),
    "Signal/D/accuracy_fake": _("Accuracy of D on generated images"),
    "Signal/D/gradient": _("Gradient norm of D"),
    "Signal/G/gradient": _("Gradient norm of G"),
    "Signal/D/update": _("Relative weight update of D"),
    "Signal/G/update": _("Relative weight update of G"),
    "Signal/diversity": _("Diversity vs. real"),
    "Signal/class_diversity": _("Class diversity vs. real"),
    "Signal/contrast": _("Contrast vs. real"),
    "Signal/color": _("Color vs. real"),
    "Signal/gap": _("Held-out gap"),
    "Signal/nearest": _("Distance to the nearest training image"),
    "Signal/drift": _("Distance of G to its average"),
    "Signal/psnr": _("PSNR, dB"),
    "Signal/psnr_input": _("PSNR of the input, dB"),
    "Signal/ssim": _("SSIM"),
    "Signal/ssim_input": _("SSIM of the input"),
    "Signal/color_error": _("Color error"),
    "Signal/color_error_input": _("Color error of the input"),
    "Signal/hidden_error": _("Error in holes"),
    "Signal/hidden_error_input": _("Error of the input in holes"),
    "Signal/change": _("Change of the input"),
}
_FAMILIES = {
    "Loss/*/loss": _("Losses"),
    "Score/*": _("Probability of real"),
    "Loss/scores/*": _("Discriminator scores"),
    "Memory/*": _("Memory"),
    "Loss/*/labels": _("Label loss"),
    "Signal/D/accuracy_*": _("Discriminator accuracy"),
    "Signal/*/gradient": _("Gradient norms"),
    "Signal/*/update": _("Relative weight update"),
    "Signal/D/gradient/": _("Gradient norms of D by layer"),
    "Signal/G/gradient/": _("Gradient norms of G by layer"),
    "Signal/scores/*": _("Quantiles of scores"),
    "Signal/psnr": _("PSNR"),
    "Signal/ssim": _("SSIM"),
    "Signal/color_error": _("Color error"),
    "Signal/hidden_error": _("Error in holes"),
}
_LAYERS = _("Gradient norm of each layer. A layer that stays far below the others hardly learns.")
_MEANINGS = {
    "Loss/*/loss": _(
        "Loss that each network minimizes. The networks work against each other, so neither loss has to fall: level "
        "losses are a good sign, and the samples show the progress."
    ),
    "Loss/*/penalty": _("Penalty on the slope of D. It keeps D smooth and G's gradients useful."),
    "Loss/*/labels": _(
        "Cross-entropy of the auxiliary classifier in nats: 0 if it recognizes every label, the logarithm of the "
        "number of classes if it guesses."
    ),
    "Loss/information": _(
        "Mutual information between the codes and the images made from them, in nats (a lower bound). Near 0 the codes "
        "change nothing."
    ),
    "Loss/scores/*": _(
        "Mean score (logit) of D: higher means more real. If real and generated scores are far apart, D recognizes "
        "both with ease."
    ),
    "Score/*": _(
        "Probability, according to D, that an image is real. Near 0.5 for both, D cannot tell them apart; always near "
        "0 for generated images, D is too strong for G to learn from."
    ),
    "Signal/D/accuracy_*": _(
        "Share of images that D judges correctly. At 0.5 it guesses; at 1 for both kinds, G has little to learn from."
    ),
    "Signal/*/gradient": _(
        "Norm of each network's gradient. Near 0, G learns nothing (vanishing gradients); growing without bound, the "
        "training diverges."
    ),
    "Signal/*/update": _("Change of the weights in one step, relative to their norm. About 0.001 is usual."),
    "Signal/D/gradient/": _LAYERS,
    "Signal/G/gradient/": _LAYERS,
    "Signal/scores/*": _(
        "Quantiles of the scores of D: the given share of images lies below each line. If real and generated scores "
        "overlap, D cannot tell those images apart."
    ),
    "Signal/diversity": _(
        "Mean distance between generated images, relative to real ones: 1 is equally varied, near 0 is mode collapse."
    ),
    "Signal/class_diversity": _(
        "Diversity of the least diverse class, relative to its real images. Near 0 all images of one class are alike, "
        "although other classes vary."
    ),
    "Signal/contrast": _(
        "Standard deviation of the pixel values, relative to real images: 1 is equal; well below 1, the images turn "
        "gray."
    ),
    "Signal/color": _("Colorfulness of generated images, relative to real ones: 1 is equal, near 0 is gray."),
    "Signal/gap": _(
        "Score of held-out images between training images (0) and generated ones (1). Near 0 D generalizes; near 1 it "
        "has memorized the training images."
    ),
    "Signal/nearest": _(
        "Distance of generated images to the nearest training image, relative to held-out images. Near 1 is good; near "
        "0 they are copies."
    ),
    "Signal/drift": _("Distance between the weights of G and their average (EMA), which makes the samples."),
    "Augment/p": _("Probability of each augmentation. ADA raises it while D overfits the training images."),
    "Signal/psnr": _(
        "Agreement of the translations with their targets, in dB: 3 dB more is half the squared error. Compare with "
        "the input itself, enlarged by bicubic interpolation where it is smaller."
    ),
    "Signal/ssim": _(
        "Agreement of structures with the targets: 1 is equal, 0 is unrelated. It sees blur better than PSNR does. "
        "Compare with the input itself."
    ),
    "Signal/color_error": _(
        "Mean difference of colors from the targets (Delta E of CIE 1976): about 2 is just visible. Compare with the "
        "gray input."
    ),
    "Signal/hidden_error": _(
        "Mean difference from the targets in the hidden areas, from 0 to 2. Compare with the gray holes."
    ),
    "Signal/change": _(
        "Mean difference between translation and input, relative to that between target and input. Near 0 the "
        "generator copies its input."
    ),
}
COMPARED = ("psnr", "ssim", "color_error", "hidden_error")
"""Signals of a translation that compare it with its target."""
INPUT = "_input"
"""Suffix of such a signal for the input in place of the translation."""
_SIDES = re.compile(r"(.*[/_])(D_back|D|G|real|fake)(/(?!accuracy).*|$)")
"""Part of a key that names one of two sides."""
_TERM = re.compile(r"Loss/G/(?!labels$)\w+")
"""Key of a loss of the generator of translations, which shares an axis with the other losses."""
_QUANTILE = re.compile(r"Signal/scores/(\w+)/p([0-9]{2})")
_LAYER = re.compile(r"(Signal/[DG]/gradient/)(.+)")


def group(key: str) -> str:
    """Returns the group of a key, one of `GROUPS`."""
    return next((found for start, found in _GROUP_OF.items() if key.startswith(start)), "others")


def measured(key: str) -> tuple[str, str] | None:
    """Splits the key of a metric into number and protocol, as text; None for other keys."""
    if not key.startswith(METRICS):
        return None
    number, _, protocol = key.removeprefix(METRICS).partition("@")
    return number, protocol


def protocol_text(how: str) -> str:
    """Returns a metric's protocol for people: extractor, counts of generated and real images, and their split."""
    try:
        return parse(f"{METRICS}fid@{how}")[1].text
    except ValueError:  # written by another program
        return how or _("unknown protocol")


def label(key: str) -> str:
    """Returns the label of a key, without the protocol of a metric."""
    if metric := measured(key):
        number = metric[0]
        try:
            return title_of(number)
        except KeyError:  # measured by another program
            return number.replace("_", " ").capitalize()
    if key in _NAMES:
        return _NAMES[key]
    if found := _QUANTILE.fullmatch(key):
        pattern = {
            "real": _("Score of real images, {share} % lie below"),
            "fake": _("Score of generated images, {share} % lie below"),
        }.get(found[1], _("Score of {side} images, {share} % lie below"))
        return pattern.format(side=found[1], share=int(found[2]))
    return key.partition("/")[2].replace("/", " ").replace("_", " ") or key


def family(key: str) -> str:
    """Returns the family of a key: keys of one family share an axis.

    Families are both networks, real and generated images, translation and input, the losses of all networks, or the
    layers of one. A metric is a family of its own, with its protocol.
    """
    if key.startswith(METRICS):
        return key
    if _TERM.fullmatch(key):
        return "Loss/*/loss"
    if layer := _LAYER.match(key):
        return layer[1]
    if key.startswith("Memory/"):
        return "Memory/*"
    key = key.rpartition("/")[0] if _QUANTILE.fullmatch(key) else key.removesuffix(INPUT)
    return _SIDES.sub("\\1*\\3", key)


def short(key: str) -> str:
    """Returns the label of a key within its family."""
    layer = _LAYER.match(key)
    return layer[2] if layer else label(key)


def title(keys: Sequence[str]) -> str:
    """Returns the title of a family of keys."""
    return _FAMILIES.get(family(keys[0]), label(keys[0]))


def meaning(key: str) -> str:
    """Returns what a number means, in a sentence or two for beginners; empty for unknown keys."""
    metric = measured(key)
    if metric is None:
        return _MEANINGS.get(family(key), "")
    try:
        return metric_key.meaning(metric[0])
    except KeyError:  # measured by another program
        return ""


def spread_of(key: str) -> str:
    """Returns the key of a number's standard deviation."""
    number, at, how = key.partition("@")
    return f"{number}{SPREAD}{at}{how}"


def is_spread(key: str) -> bool:
    """Returns whether a key is the standard deviation of a metric."""
    return key.startswith(METRICS) and key.partition("@")[0].endswith(SPREAD)


def valued(value: float, spread: float | None, digits: int = 4) -> str:
    """Formats a number with its standard deviation, if known: `0.0415 ± 0.0014`."""
    return f"{value:.{digits}g}" + ("" if spread is None else f" ± {spread:.2g}")


def in_words(values: Mapping[str, float]) -> dict[str, str]:
    """Returns the numbers of one report by key, as text with label and spread."""
    numbers = (key for key in values if not is_spread(key))
    return {key: f"{label(key)} {valued(values[key], values.get(spread_of(key)))}" for key in numbers}


def is_detail(key: str) -> bool:
    """Returns whether a key says little alone: a layer, an inner quantile, or the spread of another number."""
    return bool(_LAYER.match(key)) or key.partition("@")[0].endswith((SPREAD, "/p25", "/p75"))


def better(number: str) -> int:
    """Returns 1 for a metric that should rise, -1 for one that should fall, 0 if unknown."""
    if is_detail(number):
        return 0
    try:
        return 1 if higher_is_better(number) else -1
    except KeyError:
        return 0
