"""What a run's numbers say, in a sentence or two for somebody who meets them for the first time. Imports no torch."""

from __future__ import annotations

from core import protocol
from core.keys import family, measured

_LAYERS = "Layer by layer: one that stays far below the others learns nothing."
_MEANINGS = {
    "Loss/*/loss": "What each network tries to lower. They work against each other, so neither has to fall: losses that"
    " stay level are a good sign, and the samples tell the rest.",
    "Loss/*/penalty": "What D pays for changing too steeply with its images. It keeps G's gradients useful.",
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
    "Signal/gap": "Near 0 D finds images that it never saw as real as those of its training. Near 1 it takes them for"
    " generated: it knows its own by heart.",
    "Signal/nearest": "How near generated images are to those of the training, compared with other real ones. Near 0"
    " they are copies.",
    "Signal/drift": "How far G is from the average of its weights, which makes the samples.",
    "Augment/p": "How likely each change of an image is before D sees it. ADA raises it when D begins to know its"
    " images by heart.",
}


def meaning(key: str) -> str:
    """Empty for a number of which nothing is known here."""
    metric = measured(key)
    if metric is None:
        return _MEANINGS.get(family(key), "")
    try:
        return protocol.meaning(metric[0])
    except KeyError:  # somebody else measured it
        return ""
