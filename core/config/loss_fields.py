"""Settings of the loss, its penalties, class labels and codes, and augmentation."""

from __future__ import annotations

from typing import Literal

from core.config.model_fields import ModelFields
from core.config.setting import setting


class LossFields(ModelFields):
    """Settings of the groups Loss, Conditions and Augmentation, after those of the model."""

    loss: str = setting("non_saturating", "Loss", "Adversarial loss.")
    gradient_penalty: float = setting(
        0.0,
        "Loss",
        "Weight of the WGAN-GP gradient penalty, which pulls slopes of the critic to 1. 0 turns it off; 10 in the "
        "paper.",
        title="WGAN-GP",
        live=True,
        ge=0,
        le=1000,
    )
    r1: float = setting(
        0.0,
        "Loss",
        "Weight of the R1 gradient penalty on real images. 0 turns it off; 1 to 10 stabilizes most trainings.",
        title="R1",
        live=True,
        ge=0,
        le=1000,
    )
    r2: float = setting(
        0.0,
        "Loss",
        "Weight of the R2 gradient penalty on generated images. 0 turns it off.",
        title="R2",
        live=True,
        advanced=True,
        ge=0,
        le=1000,
    )
    penalty_interval: int = setting(
        1,
        "Loss",
        "Discriminator updates between two penalties. The weight is multiplied by it.",
        title="Penalty every",
        unit="steps",
        live=True,
        advanced=True,
        ge=1,
        le=64,
    )
    weight_clip: float = setting(
        0.0,
        "Loss",
        "Bound on the critic's weights in WGAN. 0 turns it off; 0.01 in the paper.",
        title="Weight clipping",
        live=True,
        advanced=True,
        ge=0,
        le=10,
    )
    smooth_real: float = setting(
        0.0,
        "Loss",
        "Label smoothing of real images: their target is 1 minus this. 0.1 is usual.",
        title="Smoothing, real",
        live=True,
        advanced=True,
        ge=0,
        le=0.5,
    )
    smooth_fake: float = setting(
        0.0,
        "Loss",
        "Label smoothing of generated images: their target is this. 0 is usual.",
        title="Smoothing, fake",
        live=True,
        advanced=True,
        ge=0,
        le=0.5,
    )
    instance_noise: float = setting(
        0.0,
        "Loss",
        "Standard deviation of the noise added to all images that the discriminator sees.",
        title="Instance noise",
        live=True,
        advanced=True,
        ge=0,
        le=1,
    )
    instance_noise_kimg: float = setting(
        0.0,
        "Loss",
        "Number of images over which the instance noise fades to 0. 0 keeps it constant.",
        title="Noise fades in",
        unit="thousand images",
        live=True,
        advanced=True,
        ge=0,
        le=100_000,
    )

    condition: Literal["none", "concat", "embedding", "projection", "auxiliary"] = setting(
        "none",
        "Conditions",
        "Way in which class labels enter both networks, so that one class can be generated.",
        title="Class labels",
    )
    clusters: int = setting(
        0,
        "Conditions",
        "Clusters of similar images that replace the classes. 0 keeps the classes; 30 suits thousands of images.",
        ge=0,
        le=200,
    )
    class_weight_g: float = setting(
        0.0,
        "Conditions",
        "Weight of the auxiliary classifier's loss for G. 0 is usual; 1, as in AC-GAN, can collapse classes.",
        title="Classifier G",
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )
    class_weight_d: float = setting(
        1.0,
        "Conditions",
        "Weight of the auxiliary classifier's loss for D. 1 is usual; 0 turns it off.",
        title="Classifier D",
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )
    codes_categorical: int = setting(
        0,
        "Conditions",
        "Number of values of InfoGAN's categorical code, which finds kinds of images without labels. 0 for none.",
        title="InfoGAN classes",
        ge=0,
        le=64,
    )
    codes_continuous: int = setting(
        0,
        "Conditions",
        "Number of InfoGAN's continuous codes from -1 to 1, which find what varies. 0 for none.",
        title="InfoGAN sliders",
        ge=0,
        le=16,
    )
    info_weight: float = setting(
        1.0,
        "Conditions",
        "Weight of InfoGAN's mutual information.",
        title="InfoGAN weight",
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )

    mirror: bool = setting(
        False,
        "Augmentation",
        "Mirrors half of the real images left to right. Not for text or digits.",
        live=True,
    )
    augment: Literal["none", "diffaug", "ada"] = setting(
        "none",
        "Augmentation",
        "Random changes of all images that the discriminator sees, so that few images last longer.",
        title="Augmentation",
        live=True,
    )
    augment_colour: bool = setting(
        True, "Augmentation", "Varies brightness, saturation and contrast.", title="Color", live=True, advanced=True
    )
    augment_translation: bool = setting(
        True,
        "Augmentation",
        "Moves images by up to an eighth of their size; ADA also rotates and scales.",
        title="Translation",
        live=True,
        advanced=True,
    )
    augment_cutout: bool = setting(
        True, "Augmentation", "Hides a square of half the size.", title="Cutout", live=True, advanced=True
    )
    ada_target: float = setting(
        0.6,
        "Augmentation",
        "Share of recognized real images (mean sign of D) above which ADA augments more. 0.6 in the paper.",
        title="ADA target",
        live=True,
        advanced=True,
        gt=0,
        lt=1,
    )
    ada_kimg: float = setting(
        100.0,
        "Augmentation",
        "Number of images in which ADA can go from no augmentation to all.",
        title="ADA speed",
        unit="thousand images",
        live=True,
        advanced=True,
        gt=0,
        le=100_000,
    )
