"""Settings of the loss, its penalties, class labels and codes, and augmentation."""

from __future__ import annotations

from typing import Literal

from core.config.model_fields import ModelFields
from core.config.setting import setting
from core.language import _


class LossFields(ModelFields):
    """Settings of the groups Loss, Conditions and Augmentation, after those of the model."""

    loss: str = setting(
        "non_saturating",
        "Loss",
        _(
            "Adversarial loss. non_saturating is usual; hinge with spectral normalization, wasserstein with a penalty, "
            "and relativistic with R1 and R2 are more stable."
        ),
        title=_("Loss"),
    )
    gradient_penalty: float = setting(
        0.0,
        "Loss",
        _(
            "Weight of the WGAN-GP gradient penalty, which keeps the critic's slope near 1. 0 turns it off; 10 is "
            "usual with the Wasserstein loss."
        ),
        title=_("WGAN-GP"),
        live=True,
        ge=0,
        le=1000,
    )
    r1: float = setting(
        0.0,
        "Loss",
        _(
            "Weight of the R1 gradient penalty on real images. 0 turns it off; 0.05 to 10 is usual and stabilizes most "
            "trainings."
        ),
        title=_("R1"),
        live=True,
        ge=0,
        le=1000,
    )
    r2: float = setting(
        0.0,
        "Loss",
        _("Weight of the R2 gradient penalty on generated images. 0 is usual; R3GAN sets it to the weight of R1."),
        title=_("R2"),
        live=True,
        advanced=True,
        ge=0,
        le=1000,
    )
    penalty_interval: int = setting(
        1,
        "Loss",
        _(
            "Interval between two gradient penalties, whose weight is multiplied by it. 1 is usual; 16 saves time, as "
            "in StyleGAN2."
        ),
        title=_("Penalty interval"),
        unit="steps",
        live=True,
        advanced=True,
        ge=1,
        le=64,
    )
    weight_clip: float = setting(
        0.0,
        "Loss",
        _(
            "Bound of the critic's weights in WGAN. 0 turns it off; 0.01 is usual for WGAN, but a gradient penalty "
            "mostly works better."
        ),
        title=_("Weight clipping"),
        live=True,
        advanced=True,
        ge=0,
        le=10,
    )
    smooth_real: float = setting(
        0.0,
        "Loss",
        _(
            "Label smoothing of real images: their target is 1 minus this. 0 is usual; 0.1 helps against an "
            "overconfident discriminator."
        ),
        title=_("Smoothing, real"),
        live=True,
        advanced=True,
        ge=0,
        le=0.5,
    )
    smooth_fake: float = setting(
        0.0,
        "Loss",
        _("Label smoothing of generated images: their target is this. 0 is usual."),
        title=_("Smoothing, fake"),
        live=True,
        advanced=True,
        ge=0,
        le=0.5,
    )
    instance_noise: float = setting(
        0.0,
        "Loss",
        _(
            "Standard deviation of noise added to all images that the discriminator sees. 0 is usual; 0.1 helps when "
            "the discriminator is too strong."
        ),
        title=_("Instance noise"),
        live=True,
        advanced=True,
        ge=0,
        le=1,
    )
    instance_noise_kimg: float = setting(
        0.0,
        "Loss",
        _("Number of images over which the instance noise fades to 0. 0 keeps it constant; 200 is usual."),
        title=_("Noise fade"),
        unit="kimg",
        live=True,
        advanced=True,
        ge=0,
        le=100_000,
    )

    condition: Literal["none", "concat", "embedding", "projection", "auxiliary"] = setting(
        "none",
        "Conditions",
        _(
            "Way in which class labels enter both networks, so that one class can be generated. None ignores labels; "
            "Auxiliary classifier or Projection is usual with them."
        ),
        title=_("Class labels"),
        generation=True,
    )
    clusters: int = setting(
        0,
        "Conditions",
        _(
            "Number of clusters of similar images that replace the class labels. 0, which keeps the labels, is usual; "
            "30 suits thousands of images."
        ),
        title=_("Clusters"),
        generation=True,
        ge=0,
        le=200,
    )
    class_weight_g: float = setting(
        0.0,
        "Conditions",
        _("Weight of the auxiliary classifier's loss for G. 0 is usual; 1, as in AC-GAN, can collapse classes."),
        title=_("Classifier G"),
        generation=True,
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )
    class_weight_d: float = setting(
        1.0,
        "Conditions",
        _("Weight of the auxiliary classifier's loss for D. 1 is usual; 0 turns it off."),
        title=_("Classifier D"),
        generation=True,
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )
    codes_categorical: int = setting(
        0,
        "Conditions",
        _("Number of classes that InfoGAN finds without labels. 0 is usual; 10 suits the digits."),
        title=_("InfoGAN classes"),
        generation=True,
        ge=0,
        le=64,
    )
    codes_continuous: int = setting(
        0,
        "Conditions",
        _(
            "Number of sliders from -1 to 1 that InfoGAN finds without labels. 0 is usual; 2 shows slant and thickness "
            "of digits."
        ),
        title=_("InfoGAN sliders"),
        generation=True,
        ge=0,
        le=16,
    )
    info_weight: float = setting(
        1.0,
        "Conditions",
        _("Weight of InfoGAN's mutual information. 1 is usual; raise it if the codes change nothing visible."),
        title=_("InfoGAN weight"),
        generation=True,
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )

    mirror: bool = setting(
        False,
        "Augmentation",
        _(
            "Mirrors half of the real images left to right. Off is usual; turn it on for faces or landscapes, not for "
            "text or digits."
        ),
        title=_("Mirror"),
        live=True,
    )
    augment: Literal["none", "diffaug", "ada"] = setting(
        "none",
        "Augmentation",
        _(
            "Random changes of all images that the discriminator sees, so that small datasets are memorized later. "
            "DiffAugment is usual below 1,000 images, ADA or None above."
        ),
        title=_("Augmentation"),
        live=True,
    )
    augment_colour: bool = setting(
        True,
        "Augmentation",
        _("Varies brightness, saturation and contrast. On is usual; turn it off if generated colors drift."),
        title=_("Color"),
        live=True,
        advanced=True,
    )
    augment_translation: bool = setting(
        True,
        "Augmentation",
        _("Moves images by up to an eighth of their size; ADA also rotates and scales. On is usual."),
        title=_("Translation"),
        live=True,
        advanced=True,
    )
    augment_cutout: bool = setting(
        True,
        "Augmentation",
        _("Hides a square of half the image's size. On is usual; turn it off if generated images have holes."),
        title=_("Cutout"),
        live=True,
        advanced=True,
    )
    ada_target: float = setting(
        0.6,
        "Augmentation",
        _(
            "Mean sign of the discriminator's scores of real images above which ADA augments more. 0.6 is usual; a "
            "lower target augments more."
        ),
        title=_("ADA target"),
        live=True,
        advanced=True,
        gt=0,
        lt=1,
    )
    ada_kimg: float = setting(
        100.0,
        "Augmentation",
        _("Number of images in which ADA can go from no augmentation to all. 100 is usual; 500 in the paper."),
        title=_("ADA speed"),
        unit="kimg",
        live=True,
        advanced=True,
        gt=0,
        le=100_000,
    )
