"""Settings of training, optimizer, device, checkpoints and metrics."""

from __future__ import annotations

from typing import Literal

from core.config.loss_fields import LossFields
from core.config.setting import setting
from core.language import _, in_context


class TrainingFields(LossFields):
    """Settings of the groups Training, Optimizer, Device and Run, after those of model and loss."""

    batch: int = setting(
        64,
        "Training",
        _(
            "Number of images in one discriminator update. 16 to 128 is usual; larger batches are steadier and need "
            "more memory."
        ),
        title=in_context("setting", "Batch"),
        unit="images",
        ge=2,
        le=4096,
    )
    d_steps: int = setting(
        1,
        "Training",
        _("Number of discriminator updates for each generator update. 1 is usual; 5 for WGAN."),
        title=_("D updates"),
        unit="per_step",
        live=True,
        ge=1,
        le=20,
    )
    steps: int | None = setting(
        None,
        "Training",
        _("Number of generator updates after which the training stops. Empty trains until stopped."),
        title=in_context("setting", "Steps"),
        unit="steps",
        live=True,
        ge=1,
    )
    minutes: float | None = setting(
        None,
        "Training",
        _("Training time after which the training stops. Empty trains until stopped."),
        title=in_context("setting", "Minutes"),
        unit="min",
        live=True,
        gt=0,
    )
    patience: float | None = setting(
        None,
        "Training",
        _(
            "Training time without a better value of the metric measured last, such as FID, after which the training "
            "stops. It needs evaluations during the training. Empty trains until stopped."
        ),
        title=_("Patience"),
        unit="min",
        live=True,
        gt=0,
    )

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = setting(
        "adam",
        "Optimizer",
        _("Method that turns gradients into weight updates. Adam is usual; RMSprop in WGAN."),
        title=_("Optimizer"),
        advanced=True,
    )
    lr_g: float = setting(
        2e-4,
        "Optimizer",
        _("Learning rate of the generator. 0.0001 to 0.0004 is usual; lower it if losses run away or oscillate."),
        title=_("Learning rate G"),
        live=True,
        gt=0,
        le=0.1,
    )
    lr_d: float = setting(
        2e-4,
        "Optimizer",
        _(
            "Learning rate of the discriminator. 0.0001 to 0.0008 is usual; lower it if the discriminator is too "
            "strong."
        ),
        title=_("Learning rate D"),
        live=True,
        gt=0,
        le=0.1,
    )
    beta1: float = setting(
        0.5,
        "Optimizer",
        _("Decay of Adam's mean of gradients (momentum). 0 to 0.5 is usual for GANs."),
        title=_("Adam beta 1"),
        advanced=True,
        ge=0,
        lt=1,
    )
    beta2: float = setting(
        0.999,
        "Optimizer",
        _("Decay of Adam's mean of squared gradients. 0.9 to 0.999 is usual."),
        title=_("Adam beta 2"),
        advanced=True,
        ge=0,
        lt=1,
    )
    momentum: float = setting(
        0.0,
        "Optimizer",
        _("Momentum of SGD and RMSprop. 0 is usual for GANs."),
        title=_("Momentum"),
        advanced=True,
        ge=0,
        lt=1,
    )
    weight_decay: float = setting(
        0.01,
        "Optimizer",
        _("Weight decay of AdamW. 0.01 is usual; 0 makes it Adam."),
        title=_("Weight decay"),
        advanced=True,
        ge=0,
        le=1,
    )
    warm_up_kimg: float = setting(
        0.0,
        "Optimizer",
        _(
            "Number of images over which the learning rates rise from 0. 0 is usual; 10 helps if a training diverges "
            "in its first steps."
        ),
        title=_("Warm-up"),
        unit="kimg",
        advanced=True,
        live=True,
        ge=0,
        le=100_000,
    )
    decay_kimg: float = setting(
        0.0,
        "Optimizer",
        _(
            "Number of images over which the learning rates fall linearly to 0. 0 keeps them constant, as usual; set "
            "it to the length of the training for a last gain."
        ),
        title=_("Decay"),
        unit="kimg",
        advanced=True,
        live=True,
        ge=0,
        le=1_000_000,
    )
    ema_kimg: float = setting(
        10.0,
        "Optimizer",
        _("Half-life of the averaged generator (EMA) that makes the samples. 10 is usual; 0 turns averaging off."),
        title=_("EMA half-life"),
        unit="kimg",
        advanced=True,
        live=True,
        ge=0,
        le=1000,
    )
    ema_ramp: float = setting(
        1.0,
        "Optimizer",
        _(
            "Limit of the EMA half-life, as a share of the images seen. 1 is usual; more makes smoother and blurrier "
            "images."
        ),
        title=_("EMA ramp-up"),
        unit="%",
        advanced=True,
        live=True,
        gt=0,
        le=100,
    )

    device: str = setting(
        "auto",
        "Device",
        _(
            "Device to train on: auto (usual, the fastest here), cpu, cuda:0, xpu:0, mps ... Several GPUs, such as "
            "cuda:0,cuda:1, divide each batch among them."
        ),
        title=_("Device"),
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto",
        "Device",
        _("Number format of the convolutions. Auto, which tries what is fastest here, is usual; FP32 is exact."),
        title=in_context("setting", "Precision"),
        advanced=True,
    )
    memory_format: Literal["auto", "contiguous", "channels_last"] = setting(
        "auto",
        "Device",
        _("Order of image data in memory. Auto, which tries what is fastest here, is usual."),
        title=_("Memory layout"),
        advanced=True,
    )

    split_batches: bool = setting(
        True,
        "Device",
        _(
            "Splits a batch into parts when memory is too small for all of it. On is usual; off ends the training "
            "instead."
        ),
        title=_("Split batches"),
        advanced=True,
        live=True,
    )

    seed: int = setting(
        0,
        "Run",
        _("Seed of every random number of the training. 0 is usual; another seed gives another training."),
        title=_("Seed"),
        ge=0,
        le=2**32 - 1,
    )
    samples: int = setting(
        36,
        "Run",
        _("Number of images in the sample grid, from latents that stay fixed. 36 is usual."),
        title=in_context("setting", "Samples"),
        unit="images",
        advanced=True,
        ge=1,
        le=256,
    )
    autosave_minutes: float = setting(
        5.0,
        "Run",
        _(
            "Time between automatic checkpoints. 5 is usual; less loses less in a power cut and writes more to the "
            "disk."
        ),
        title=_("Autosave interval"),
        unit="min",
        advanced=True,
        gt=0,
        le=1440,
    )
    checkpoints: int = setting(
        5,
        "Run",
        _(
            "Number of automatic checkpoints to keep. 5 is usual; the best one and those that you save yourself are "
            "always kept."
        ),
        title=_("Checkpoints"),
        live=True,
        advanced=True,
        ge=1,
        le=100_000,
    )
    evaluation: float = setting(
        1.0,
        "Run",
        _(
            "Share of the time in which metrics (FID, KID ...) are measured during training. 1 is usual; 0 turns them "
            "off."
        ),
        title=_("Time for metrics"),
        unit="%",
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )
    evaluation_images: int = setting(
        1000,
        "Run",
        _(
            "Number of generated images in each measurement. 1,000 is usual; values are comparable only at equal "
            "numbers."
        ),
        title=_("Images measured"),
        unit="images",
        live=True,
        advanced=True,
        ge=50,
        le=50_000,
    )

    evaluation_features: str = setting(
        "auto",
        "Run",
        _(
            "Feature extractor of the metrics: inception, vgg16, a classifier trained on the labels, or auto (usual) "
            "for one of the last two."
        ),
        title=_("Feature extractor"),
        live=True,
        advanced=True,
    )
