"""Translates there and back: CycleGAN (Zhu et al. 2017, arXiv:1703.10593).

A second generator translates back, and each image must come back as it was: E|F(G(a)) - a| + E|G(F(b)) - b|. The
identity loss E|G(b) - b| + E|F(a) - a| keeps colors (section 5.2).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from core.config.settings import Settings
from core.translation.methods import Judged, Networks, Sides, Term, mean_difference
from core.translation.networks import Translator, TranslatorShape, build_translator
from core.translation.patch_discriminator import PatchDiscriminator

TITLE = "Cycle"
RANK = 1
PAIRED = False
WEIGHTS = ("cycle_weight", "identity_weight")
GENERATORS = ("G_back",)
DISCRIMINATORS = ("D_back",)


def build(name: str, settings: Settings, shape: TranslatorShape, G: Translator) -> nn.Module:
    """Builds the generator of inputs from targets, and the discriminator of inputs."""
    if name == "G_back":
        return build_translator(settings.translator, shape.reversed())
    return PatchDiscriminator(shape.inputs, settings.width, settings.patch, settings.patch_norm)


def translate(networks: Networks, sides: Sides) -> dict[str, Tensor]:
    """Returns translations of both sides, each also translated back."""
    G, back = networks["G"], networks["G_back"]
    fake, fake_back = G(sides.inputs), back(sides.targets)
    return {"fake": fake, "fake_back": fake_back, "inputs_again": back(fake), "targets_again": G(fake_back)}


def judged(made: Mapping[str, Tensor], sides: Sides) -> dict[str, Judged]:
    """Returns targets with translations, and inputs with translations back."""
    return {"D": Judged(sides.targets, made["fake"]), "D_back": Judged(sides.inputs, made["fake_back"])}


def terms(networks: Networks, made: Mapping[str, Tensor], sides: Sides, settings: Settings) -> dict[str, Term]:
    """Cycle and identity losses; the identity's weight is a share of the cycle's."""
    cycle = mean_difference(made["inputs_again"], sides.inputs) + mean_difference(made["targets_again"], sides.targets)
    found = {"cycle": Term(cycle, settings.cycle_weight)}
    if settings.identity_weight and sides.inputs.shape[1] == sides.targets.shape[1]:
        same = mean_difference(networks["G"](sides.targets), sides.targets)
        same_back = mean_difference(networks["G_back"](sides.inputs), sides.inputs)
        found["identity"] = Term(same + same_back, settings.cycle_weight * settings.identity_weight)
    return found
