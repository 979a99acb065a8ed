"""Keys of a run's numbers (`Loss/G/loss` ...): group, label, family on one axis, spread and meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.stats import metric_key
from core.stats.metric_key import SPREAD, higher_is_better, parse
from core.stats.metric_key import title as title_of

GROUPS = ("Losses", "Scores", "Rate", "Metrics", "Signals", "Others")
"""In the order in which they are shown."""
METRICS = "Metrics/"

_GROUP_OF = {
    "Loss/scores/": "Scores",
    "Score/": "Scores",
    "Loss/": "Losses",
    "Timing/": "Rate",
    METRICS: "Metrics",
    "Signal/": "Signals",
    "Augment/": "Signals",
}
_NAMES = {
    "Loss/D/loss": "Discriminator loss",
    "Loss/G/loss": "Generator loss",
    "Loss/D/penalty": "Gradient penalty",
    "Loss/information": "Mutual information",
    "Loss/D/labels": "Label loss, real images",
    "Loss/G/labels": "Label loss, generated images",
    "Loss/scores/real": "Score of real images",
    "Loss/scores/fake": "Score of generated images",
    "Score/real": "D(x), real images",
    "Score/fake": "D(G(z)), generated images",
    "Timing/images_per_sec": "Images per second",
    "Memory/host_gb": "Program memory, GB",
    "Memory/device_gb": "Device memory, GB",
    "Augment/p": "Augmentation probability",
    "Signal/D/accuracy_real": "Accuracy of D on real images",
    "Signal/D/accuracy_fake": "Accuracy of D on generated images",
    "Signal/D/gradient": "Gradient norm of D",
    "Signal/G/gradient": "Gradient norm of G",
    "Signal/D/update": "Relative weight update of D",
    "Signal/G/update": "Relative weight update of G",
    "Signal/diversity": "Diversity vs. real",
    "Signal/class_diversity": "Class diversity vs. real",
    "Signal/contrast": "Contrast vs. real",
    "Signal/color": "Color vs. real",
    "Signal/gap": "Held-out gap",
    "Signal/nearest": "Distance to the nearest training image",
    "Signal/drift": "Distance of G to its average",
}
_FAMILIES = {
    "Loss/*/loss": "Losses",
    "Score/*": "Probability of real",
    "Loss/scores/*": "Discriminator scores",
    "Memory/*": "Memory",
    "Loss/*/labels": "Label loss",
    "Signal/D/accuracy_*": "Discriminator accuracy",
    "Signal/*/gradient": "Gradient norms",
    "Signal/*/update": "Relative weight update",
    "Signal/D/gradient/": "Gradient norms of D by layer",
    "Signal/G/gradient/": "Gradient norms of G by layer",
    "Signal/scores/*": "Quantiles of scores",
}
_LAYERS = "Layer by layer: one that stays far below the others learns nothing."
_MEANINGS = {
    "Loss/*/loss": "What each network tries to lower. They work against each other, so neither has to fall: losses that"
    " stay level are a good sign, and the samples tell the rest.",
    "Loss/*/penalty": "What D pays for changing too steeply with its images. It keeps G's gradients useful.",
    "Loss/*/labels": "Cross-entropy of the auxiliary classifier, in nats: 0 where it recognizes every label, and the"
    " logarithm of the number of classes where it guesses.",
    "Loss/information": "How much of the codes can be read back from the images that were made with them, in nats."
    " Near 0 the codes change nothing.",
    "Loss/scores/*": "What D says before it is made a probability: the higher, the more real. Far apart, D tells both"
    " kinds of images with ease.",
    "Score/*": "How real D finds images: 1 is certainly real, 0 certainly generated. Both near 0.5, it cannot tell them"
    " apart; generated ones near 0 all the time, it is too strong for G to learn from.",
    "Signal/D/accuracy_*": "The part of the images that D takes for what they are. About 0.5 it guesses; 1 on both"
    " sides leaves G little to learn from.",
    "Signal/*/gradient": "How strongly a step pulls at each network's weights. Near 0 for G, it has nothing to learn"
    " from (a vanishing gradient); growing without end, the training diverges.",
    "Signal/*/update": "How much a step changes the weights, as a part of their size. About 0.001 is usual.",
    "Signal/D/gradient/": _LAYERS,
    "Signal/G/gradient/": _LAYERS,
    "Signal/scores/*": "How widely D's answers are spread: of a kind of images so many per cent lie below each line."
    " Where real and generated ones overlap, D cannot tell them apart.",
    "Signal/diversity": "How different generated images are from each other, compared with real ones: at 1 they are as"
    " varied, near 0 all alike (mode collapse).",
    "Signal/class_diversity": "The lowest diversity of a class, compared with the real images of that class. Near 0 all"
    " images of one class are alike, although the others vary.",
    "Signal/contrast": "How far the values of generated images spread, compared with real ones: at 1 as far; well"
    " below, the images are turning gray.",
    "Signal/color": "How colorful generated images are, compared with real ones: at 1 as colorful, near 0 gray.",
    "Signal/gap": "Near 0 D finds images that it never saw as real as those of its training. Near 1 it takes them for"
    " generated: it knows its own by heart.",
    "Signal/nearest": "How near generated images are to those of the training, compared with other real ones. Near 0"
    " they are copies.",
    "Signal/drift": "How far G is from the average of its weights, which makes the samples.",
    "Augment/p": "How likely each change of an image is before D sees it. ADA raises it when D begins to know its"
    " images by heart.",
}
_SIDES = re.compile(r"(.*[/_])(D|G|real|fake)(/(?!accuracy).*|$)")
"""A part of a key that tells two sides apart."""
_QUANTILE = re.compile(r"Signal/scores/(\w+)/p([0-9]{2})")
_LAYER = re.compile(r"(Signal/[DG]/gradient/)(.+)")


def group(key: str) -> str:
    """One of `GROUPS`."""
    return next((found for start, found in _GROUP_OF.items() if key.startswith(start)), "Others")


def measured(key: str) -> tuple[str, str] | None:
    """A metric's number and how it was measured, as text; None for what is no metric."""
    if not key.startswith(METRICS):
        return None
    number, _, protocol = key.removeprefix(METRICS).partition("@")
    return number, protocol


def protocol_text(how: str) -> str:
    """How a metric was measured, for people: extractor, counts of generated and real images, and their split."""
    try:
        return parse(f"{METRICS}fid@{how}")[1].text
    except ValueError:  # somebody else wrote it
        return how or "nothing said of how it was measured"


def label(key: str) -> str:
    """A key for people, without how a metric was measured."""
    if metric := measured(key):
        number = metric[0]
        try:
            return title_of(number)
        except KeyError:  # somebody else measured it
            return number.replace("_", " ").capitalize()
    if key in _NAMES:
        return _NAMES[key]
    if found := _QUANTILE.fullmatch(key):
        side = {"real": "real", "fake": "generated"}.get(found[1], found[1])
        return f"Score of {side} images, {int(found[2])} % lie below"
    return key.partition("/")[2].replace("/", " ").replace("_", " ") or key


def family(key: str) -> str:
    """Keys with one and the same text belong on one axis: those of both networks, of real and generated images, of the
    layers of one network. A metric stands alone, as it was measured."""
    if key.startswith(METRICS):
        return key
    if layer := _LAYER.match(key):
        return layer[1]
    if key.startswith("Memory/"):
        return "Memory/*"
    return _SIDES.sub("\\1*\\3", key.rpartition("/")[0] if _QUANTILE.fullmatch(key) else key)


def short(key: str) -> str:
    """A key among those of its family, for people."""
    layer = _LAYER.match(key)
    return layer[2] if layer else label(key)


def title(keys: Sequence[str]) -> str:
    """What a family's keys are together."""
    return _FAMILIES.get(family(keys[0]), label(keys[0]))


def meaning(key: str) -> str:
    """Empty for a number of which nothing is known here."""
    metric = measured(key)
    if metric is None:
        return _MEANINGS.get(family(key), "")
    try:
        return metric_key.meaning(metric[0])
    except KeyError:  # somebody else measured it
        return ""


def spread_of(key: str) -> str:
    """The key under which a report may have the standard deviation of this one."""
    number, at, how = key.partition("@")
    return f"{number}{SPREAD}{at}{how}"


def is_spread(key: str) -> bool:
    """Whether it says how far a metric's number varies."""
    return key.startswith(METRICS) and key.partition("@")[0].endswith(SPREAD)


def valued(value: float, spread: float | None, digits: int = 4) -> str:
    """A number with how far it varies, where that is known: `0.0415 ± 0.0014`."""
    return f"{value:.{digits}g}" + ("" if spread is None else f" ± {spread:.2g}")


def in_words(values: Mapping[str, float]) -> dict[str, str]:
    """The numbers of one report by their keys, each with its name and its spread."""
    numbers = (key for key in values if not is_spread(key))
    return {key: f"{label(key)} {valued(values[key], values.get(spread_of(key)))}" for key in numbers}


def is_detail(key: str) -> bool:
    """Whether a key is one of many that say little alone: a layer's, an inner quantile, another number's spread."""
    return bool(_LAYER.match(key)) or key.partition("@")[0].endswith((SPREAD, "/p25", "/p75"))


def better(number: str) -> int:
    """1 for a metric that should rise, -1 for one that should fall, 0 for one that nobody can tell of."""
    if is_detail(number):
        return 0
    try:
        return 1 if higher_is_better(number) else -1
    except KeyError:
        return 0
