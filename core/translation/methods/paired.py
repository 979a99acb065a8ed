"""Compares each translation with its own target: pix2pix, SRGAN and ESRGAN.

Isola et al. 2017, arXiv:1611.07004; Ledig et al. 2017, arXiv:1609.04802; Wang et al. 2018, arXiv:1809.00219. D sees
the input beside the image, so that a translation must fit its input and not only look real.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from core.config.settings import Settings
from core.translation.methods import Judged, Networks, Sides, Term, beside, mean_difference
from core.translation.networks import Translator, TranslatorShape

TITLE = "Paired"
RANK = 0
PAIRED = True
WEIGHTS = ("l1_weight", "content_weight")
GENERATORS: tuple[str, ...] = ()
DISCRIMINATORS: tuple[str, ...] = ()


def build(name: str, settings: Settings, shape: TranslatorShape, G: Translator) -> nn.Module:
    """There are no further networks."""
    raise ValueError(name)


def translate(networks: Networks, sides: Sides) -> dict[str, Tensor]:
    """Returns the translations of the inputs."""
    return {"fake": networks["G"](sides.inputs)}


def judged(made: Mapping[str, Tensor], sides: Sides) -> dict[str, Judged]:
    """Returns targets and translations, each beside its input."""
    channels = sides.inputs.shape[1], sides.targets.shape[1]
    return {"D": Judged(beside(sides.inputs, sides.targets), beside(sides.inputs, made["fake"]), channels)}


def terms(networks: Networks, made: Mapping[str, Tensor], sides: Sides, settings: Settings) -> dict[str, Term]:
    """L1, E|G(x) - y|, and the content loss if it has a weight."""
    found = {"l1": Term(mean_difference(made["fake"], sides.targets), settings.l1_weight)}
    if settings.content_weight:
        found["content"] = Term(networks["content"](made["fake"], sides.targets), settings.content_weight)
    return found
