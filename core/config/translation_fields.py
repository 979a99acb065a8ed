"""Settings of translation: from one kind of image to another."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from core.config.numbers import number_of_text
from core.config.setting import setting
from core.config.training_fields import TrainingFields
from core.language import _

Kind = Literal["generation", "paired", "unpaired"]
"""Kinds of trainings: from noise, and from images with or without the target of each."""
GENERATE = "generate"
"""Task of a training that makes images from noise."""


class TranslationFields(TrainingFields):
    """Settings of the group Translation, after those of training."""

    task: str = setting(
        GENERATE,
        "Translation",
        _(
            "Task of the generator. generate, which makes images from noise, is usual; the others make one image from "
            "another."
        ),
        title=_("Task"),
    )
    translator: str = setting(
        "light",
        "Translation",
        _("Architecture of a generator that translates images. light is usual; the others follow one paper each."),
        title=_("Translator"),
    )
    method: str = setting(
        "paired",
        "Translation",
        _("Method that compares the translation with its target. paired is usual; cycle or contrastive without pairs."),
        title=_("Method"),
    )
    factor: Annotated[Literal[2, 4], BeforeValidator(number_of_text)] = setting(
        4,
        "Translation",
        _("Number of times that the task enlarge makes an image wider and higher. 4 is usual."),
        title=_("Enlargement"),
    )
    blur: float = setting(
        0.5,
        "Translation",
        _("Standard deviation of the strongest blur in the inputs. 0.5 is usual; more for photos out of focus."),
        title=_("Blur"),
        unit="px",
        ge=0,
        le=8,
    )
    input_noise: float = setting(
        2.0,
        "Translation",
        _("Standard deviation of the strongest noise in the inputs. 2 is usual; 10 for photos taken in the dark."),
        title=_("Noise"),
        unit="%",
        ge=0,
        le=50,
    )
    jpeg: int = setting(
        20,
        "Translation",
        _("Strength of the JPEG artifacts in the inputs: 100 minus the worst quality. 20 is usual; 0 turns them off."),
        title=_("JPEG artifacts"),
        ge=0,
        le=95,
    )
    holes: float = setting(
        20.0,
        "Translation",
        _("Share of an image that holes, scratches and text hide at most. 20 is usual."),
        title=_("Damage"),
        unit="%",
        gt=0,
        le=60,
    )
    colors: int = setting(
        6,
        "Translation",
        _("Number of levels of red, green and blue in inputs of flat colors. 6 is usual; fewer are easier to draw."),
        title=_("Color levels"),
        advanced=True,
        ge=2,
        le=32,
    )
    patch: Annotated[Literal[16, 34, 70, 142], BeforeValidator(number_of_text)] = setting(
        34,
        "Translation",
        _("Width of the patches that the discriminator judges. 34 is usual; 70 for images of 256 px."),
        title=_("Patch size"),
        unit="px",
        advanced=True,
    )
    patch_norm: Literal["batch", "instance", "spectral", "none"] = setting(
        "spectral",
        "Translation",
        _("Normalization of the patch discriminator. Spectral is usual; batch in pix2pix, instance in CycleGAN."),
        title=_("Patch normalization"),
        advanced=True,
    )
    adversarial_weight: float = setting(
        1.0,
        "Translation",
        _("Weight of the discriminator's judgment. 1 is usual; 0 trains without it, for exact but soft images."),
        title=_("Adversarial weight"),
        live=True,
        ge=0,
        le=1000,
    )
    l1_weight: float = setting(
        100.0,
        "Translation",
        _("Weight of the mean difference from the target. 100 is usual; more is more exact and softer."),
        title=_("L1 weight"),
        live=True,
        ge=0,
        le=1000,
    )
    content_weight: float = setting(
        0.0,
        "Translation",
        _("Weight of the difference in features of an ImageNet network. 0 is usual; 1 in ESRGAN."),
        title=_("Content weight"),
        advanced=True,
        live=True,
        ge=0,
        le=1000,
    )
    cycle_weight: float = setting(
        10.0,
        "Translation",
        _("Weight of the difference after translation there and back. 10 is usual."),
        title=_("Cycle weight"),
        advanced=True,
        live=True,
        ge=0,
        le=1000,
    )
    identity_weight: float = setting(
        0.5,
        "Translation",
        _(
            "Weight of the change of images that are of the target's kind already, as a multiple of the cycle weight "
            "or the contrastive weight. 0 is usual; 0.5 keeps colors."
        ),
        title=_("Identity weight"),
        advanced=True,
        live=True,
        ge=0,
        le=1000,
    )
    contrast_weight: float = setting(
        1.0,
        "Translation",
        _("Weight of the contrastive loss, which keeps the content of each patch. 1 is usual; 10 in FastCUT."),
        title=_("Contrastive weight"),
        advanced=True,
        live=True,
        ge=0,
        le=1000,
    )
    image_pool: int = setting(
        0,
        "Translation",
        _("Number of past translations that the discriminator still sees. 0 is usual; 50 in CycleGAN."),
        title=_("Image pool"),
        unit="images",
        advanced=True,
        ge=0,
        le=1000,
    )

    @property
    def translates(self) -> bool:
        """True if the training makes images from images."""
        return self.task != GENERATE
