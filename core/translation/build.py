"""The networks of a translation, from its settings."""

from __future__ import annotations

from torch import nn

from core.config.settings import Settings
from core.registry import components
from core.translation.methods import method
from core.translation.networks import TranslatorShape, build_translator
from core.translation.patch_discriminator import PatchDiscriminator
from core.translation.tasks import InputShape


def translator_shape(settings: Settings, channels: int) -> TranslatorShape:
    """Returns the shape of a translator to images with `channels` channels."""
    inputs = InputShape.of(settings, channels)
    return TranslatorShape(
        inputs.channels,
        channels,
        settings.width,
        inputs.factor,
        min(settings.size) // inputs.factor,
        bool(components("translation.tasks")[settings.task].facts["RESIDUAL"]),
    )


def build_networks(settings: Settings, channels: int) -> tuple[dict[str, nn.Module], dict[str, nn.Module]]:
    """Builds initialized networks on torch's current default device: generators ("G" and those that learn beside it)
    and discriminators ("D" and others) by name."""
    chosen, shape = method(settings.method), translator_shape(settings, channels)
    G = build_translator(settings.translator, shape)
    seen = shape.outputs + (shape.inputs if chosen.PAIRED else 0)
    D = PatchDiscriminator(seen, settings.width, settings.patch, settings.patch_norm)
    generators = {"G": G} | {name: chosen.build(name, settings, shape, G) for name in chosen.GENERATORS}
    return generators, {"D": D} | {name: chosen.build(name, settings, shape, G) for name in chosen.DISCRIMINATORS}
