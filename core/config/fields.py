"""Fields of the settings model: type, bounds, unit, default, title and help of every setting.

Command line, form, tooltip, checkpoint and validation error are made from these fields. Imported before the first
window is on screen, so nothing here imports torch.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from core.config.preparation import WHITE, Fit, Preparation
from core.registry import components, ranked

Resolution = Literal[16, 32, 64, 128, 256, 512]
LONGEST_NAME = 100
"""Characters of a setting that is free text."""
Group = Literal["Images", "Model", "Loss", "Conditions", "Augmentation", "Training", "Optimiser", "Device", "Run"]


def setting(
    default: Any,
    group: Group,
    help: str,
    *,
    title: str = "",
    unit: str = "",
    advanced: bool = False,
    live: bool = False,
    **bounds: Any,
) -> Any:
    """A field: default, the group it stands in, a one-line help, its title, unit and bounds.

    `title`: its name for people, where that is not its own in words. `live`: whether it can be changed while a training
    runs.
    """
    extra: dict[str, Any] = {"group": group, "unit": unit, "advanced": advanced, "live": live}
    return Field(default, title=title or None, description=help, json_schema_extra=extra, **bounds)


def _number(value: Any) -> Any:
    # The command line hands over text, and a Literal of integers does not convert it.
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


def _in_small_letters(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Fields(BaseModel):
    """The fields of `Settings`, with their types, bounds, units, defaults and help."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    preset: str = setting("studio", "Model", "The named combination that these settings started from.")
    network: str = setting("dcgan", "Model", "Generator and discriminator pair.")
    resolution: Annotated[Resolution, BeforeValidator(_number)] = setting(
        64, "Model", "Width and height of the images that are trained and generated, with a grid of 4x4.", unit="px"
    )
    grid: str = setting(
        "4x4",
        "Model",
        "Columns x rows of the smallest feature map; 6x4 at 64 px makes images of 96 x 64.",
        advanced=True,
    )
    fit: Fit = setting(
        "crop",
        "Images",
        "How other proportions fit: cut to the middle, or to where the most detail is; stretched; between bars.",
    )
    background: Annotated[str, BeforeValidator(_in_small_letters)] = setting(
        WHITE,
        "Images",
        "Colour under transparency and around padded pictures, as #rrggbb.",
        advanced=True,
        pattern="^#[0-9a-f]{6}$",
    )
    alpha: bool = setting(False, "Images", "Keep transparency: images are RGBA.", advanced=True)
    frame_step: int = setting(
        10, "Images", "Of a video every so many frames one is taken.", unit="frames", advanced=True, ge=1, le=10_000
    )
    holdout: float = setting(
        5.0,
        "Images",
        "Images that training never sees, to tell learning from remembering; at most 500, and none of fewer than 200.",
        title="Held out",
        unit="%",
        advanced=True,
        ge=0,
        le=50,
    )
    width: int = setting(
        64, "Model", "Channels of the widest feature map's base; more is sharper and slower.", ge=8, le=512
    )
    latent_dim: int = setting(
        128,
        "Model",
        "Length of the latent vector z.",
        title="Latent size",
        unit="numbers",
        advanced=True,
        ge=2,
        le=1024,
    )
    d_norm: Literal["auto", "batch", "layer", "none"] = setting(
        "auto",
        "Model",
        "Normalisation in the discriminator; auto is the network's own.",
        title="D normalisation",
        advanced=True,
    )
    spectral_norm: bool = setting(
        False,
        "Model",
        "Divides each weight of the discriminator by its largest singular value.",
        title="Spectral norm",
        advanced=True,
    )
    d_bias: bool = setting(
        True,
        "Model",
        "Bias in the discriminator's first convolution. Without it a normalized discriminator cannot see contrast, and "
        "long trainings turn gray; turn it off only to see that.",
        title="D input bias",
        advanced=True,
    )

    loss: str = setting("non_saturating", "Loss", "What discriminator and generator minimise.")
    gradient_penalty: float = setting(
        0.0,
        "Loss",
        "Weight of WGAN-GP's penalty on slopes other than 1; 10 in the paper.",
        title="WGAN-GP",
        live=True,
        ge=0,
        le=1000,
    )
    r1: float = setting(
        0.0,
        "Loss",
        "Weight of the penalty on the discriminator's slope at real images.",
        title="R1",
        live=True,
        ge=0,
        le=1000,
    )
    r2: float = setting(
        0.0, "Loss", "The same at generated images.", title="R2", live=True, advanced=True, ge=0, le=1000
    )
    penalty_interval: int = setting(
        1,
        "Loss",
        "Discriminator steps from one penalty to the next; its weight grows as much.",
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
        "WGAN's bound of the critic's weights, 0.01 in the paper; 0 clips nothing.",
        live=True,
        advanced=True,
        ge=0,
        le=10,
    )
    smooth_real: float = setting(
        0.0, "Loss", "Label smoothing: real images' target is 1 minus this.", live=True, advanced=True, ge=0, le=0.5
    )
    smooth_fake: float = setting(
        0.0, "Loss", "Two-sided smoothing: generated images' target is this.", live=True, advanced=True, ge=0, le=0.5
    )
    instance_noise: float = setting(
        0.0,
        "Loss",
        "Standard deviation of noise on all that the discriminator sees.",
        live=True,
        advanced=True,
        ge=0,
        le=1,
    )
    instance_noise_kimg: float = setting(
        0.0,
        "Loss",
        "Images over which that noise fades to nothing; 0 keeps it.",
        title="Noise fades in",
        unit="kimg",
        live=True,
        advanced=True,
        ge=0,
        le=100_000,
    )

    condition: Literal["none", "concat", "embedding", "projection", "auxiliary"] = setting(
        "none", "Conditions", "How class labels enter, so that a class can be asked for.", title="Class labels"
    )
    clusters: int = setting(
        0,
        "Conditions",
        "Clusters of similar images that replace the classes; 0 keeps the classes. 30 suits thousands of images.",
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
        "InfoGAN: values of a code that finds kinds of images by itself; 0 for none.",
        title="Categories",
        ge=0,
        le=64,
    )
    codes_continuous: int = setting(
        0, "Conditions", "InfoGAN: codes from -1 to 1 that find what varies.", title="Continuous", ge=0, le=16
    )
    info_weight: float = setting(
        1.0,
        "Conditions",
        "Weight of InfoGAN's mutual information.",
        title="Information",
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )

    mirror: bool = setting(
        False,
        "Augmentation",
        "Mirror half of the real images left to right. Not for text or digits.",
        live=True,
    )
    augment: Literal["none", "diffaug", "ada"] = setting(
        "none", "Augmentation", "What the discriminator sees is varied, so that few images last longer.", live=True
    )
    augment_colour: bool = setting(
        True, "Augmentation", "Vary brightness, saturation and contrast.", title="Colour", live=True, advanced=True
    )
    augment_translation: bool = setting(
        True,
        "Augmentation",
        "Move by up to an eighth of the size; ADA also turns and scales.",
        title="Translation",
        live=True,
        advanced=True,
    )
    augment_cutout: bool = setting(
        True, "Augmentation", "Hide a square of half the size.", title="Cutout", live=True, advanced=True
    )
    ada_target: float = setting(
        0.6,
        "Augmentation",
        "ADA augments more while a larger part than this of real images is recognised (mean sign of D).",
        title="ADA target",
        live=True,
        advanced=True,
        gt=0,
        lt=1,
    )
    ada_kimg: float = setting(
        100.0,
        "Augmentation",
        "Images in which ADA can go from no augmentation to all.",
        title="ADA speed",
        unit="kimg",
        live=True,
        advanced=True,
        gt=0,
        le=100_000,
    )

    batch: int = setting(64, "Training", "Real images in one discriminator step.", unit="images", ge=2, le=4096)
    d_steps: int = setting(
        1, "Training", "Discriminator steps for each generator step.", title="D steps a step", live=True, ge=1, le=20
    )
    steps: int | None = setting(
        None,
        "Training",
        "Stop after this many generator steps; empty trains until stopped.",
        unit="steps",
        live=True,
        ge=1,
    )
    minutes: float | None = setting(
        None,
        "Training",
        "Stop after this much training time; empty trains until stopped.",
        unit="min",
        live=True,
        gt=0,
    )

    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = setting(
        "adam", "Optimiser", "How gradients become steps.", advanced=True
    )
    lr_g: float = setting(
        2e-4, "Optimiser", "Learning rate of the generator.", title="Learning rate G", live=True, gt=0, le=0.1
    )
    lr_d: float = setting(
        2e-4, "Optimiser", "Learning rate of the discriminator.", title="Learning rate D", live=True, gt=0, le=0.1
    )
    beta1: float = setting(0.5, "Optimiser", "Adam's momentum.", advanced=True, ge=0, lt=1)
    beta2: float = setting(0.999, "Optimiser", "Adam's memory of squared gradients.", advanced=True, ge=0, lt=1)
    momentum: float = setting(0.0, "Optimiser", "Momentum of SGD and RMSprop.", advanced=True, ge=0, lt=1)
    weight_decay: float = setting(0.01, "Optimiser", "AdamW's pull of the weights to 0.", advanced=True, ge=0, le=1)
    warm_up_kimg: float = setting(
        0.0,
        "Optimiser",
        "Images over which the rates rise from 0.",
        title="Warm-up",
        unit="kimg",
        advanced=True,
        live=True,
        ge=0,
        le=100_000,
    )
    decay_kimg: float = setting(
        0.0,
        "Optimiser",
        "Images after which the rates have fallen to 0, evenly; 0 keeps them.",
        title="Decay",
        unit="kimg",
        advanced=True,
        live=True,
        ge=0,
        le=1_000_000,
    )
    ema_kimg: float = setting(
        10.0,
        "Optimiser",
        "Half-life of the averaged generator that makes the samples; 0 turns averaging off.",
        title="EMA half-life",
        unit="kimg",
        advanced=True,
        live=True,
        ge=0,
        le=1000,
    )
    ema_ramp: float = setting(
        1.0,
        "Optimiser",
        "Largest half-life, as a share of the images seen. 1 is usual; more makes smoother and blurrier images.",
        title="EMA ramp-up",
        unit="%",
        advanced=True,
        live=True,
        gt=0,
        le=100,
    )

    device: str = setting("auto", "Device", "Where to train: auto, cpu, cuda:0, xpu:0, mps ...")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", "Device", "Number format of the convolutions; auto tries what is fastest here.", advanced=True
    )
    memory_format: Literal["auto", "contiguous", "channels_last"] = setting(
        "auto", "Device", "Order of image data in memory; auto tries what is fastest here.", advanced=True
    )

    split_batches: bool = setting(
        True,
        "Device",
        "Work on a batch in parts when memory is too small for the whole; else training ends there.",
        advanced=True,
        live=True,
    )

    seed: int = setting(0, "Run", "Start of every random number of the training.", ge=0, le=2**32 - 1)
    samples: int = setting(
        36,
        "Run",
        "Images in the sample grid, from latents that stay fixed.",
        unit="images",
        advanced=True,
        ge=1,
        le=256,
    )
    autosave_minutes: float = setting(
        5.0,
        "Run",
        "Time between automatic checkpoints.",
        title="Autosave every",
        unit="min",
        advanced=True,
        gt=0,
        le=1440,
    )
    checkpoints: int = setting(
        5,
        "Run",
        "Automatic checkpoints that are kept; the best, and those that you save yourself, always are.",
        live=True,
        advanced=True,
        ge=1,
        le=100_000,
    )
    evaluation: float = setting(
        1.0,
        "Run",
        "Part of the time in which the images are measured (FID, KID ...) while the training goes on; 0 for never.",
        unit="%",
        live=True,
        advanced=True,
        ge=0,
        le=100,
    )
    evaluation_images: int = setting(
        1000,
        "Run",
        "Generated images that are measured at a time; only numbers of equally many can be compared.",
        title="Evaluated",
        unit="images",
        live=True,
        advanced=True,
        ge=50,
        le=50_000,
    )

    evaluation_features: str = setting(
        "auto",
        "Run",
        "What the images are compared by: inception, vgg16, a classifier of the labels, or auto for the last two.",
        title="Compared by",
        live=True,
        advanced=True,
    )

    @field_validator("preset", "device")
    @classmethod
    def _is_a_name(cls, text: str) -> str:
        if len(text) > LONGEST_NAME or not text.isprintable():
            raise ValueError(f"write at most {LONGEST_NAME} characters that can be printed")
        return text

    @field_validator("network")
    @classmethod
    def _network_exists(cls, name: str) -> str:
        return _component("network", "models", name)

    @field_validator("loss")
    @classmethod
    def _loss_exists(cls, name: str) -> str:
        return _component("loss", "losses", name)

    @field_validator("evaluation_features")
    @classmethod
    def _features_exist(cls, name: str) -> str:
        return name if name == "auto" else _component("feature extractor", "evaluation.features", name)

    @field_validator("grid")
    @classmethod
    def _grid_is_a_size(cls, text: str) -> str:
        match = re.fullmatch(r"([1-9][0-9]?)x([1-9][0-9]?)", text.strip().lower())
        if match is None or not all(2 <= int(side) <= 16 for side in match.groups()):
            raise ValueError("write columns x rows, each from 2 to 16, as in 6x4")
        return match[0]

    @property
    def grid_size(self) -> tuple[int, int]:
        """Columns and rows of the smallest feature map."""
        columns, rows = self.grid.split("x")
        return int(columns), int(rows)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the images in pixels."""
        if self.points:
            return 1, 1
        columns, rows = self.grid_size
        return columns * self.resolution // 4, rows * self.resolution // 4

    @property
    def preparation(self) -> Preparation:
        """What is done to every picture."""
        return Preparation(None if self.points else self.size, self.fit, self.alpha, self.background, self.frame_step)

    @property
    def points(self) -> bool:
        """Whether the network makes points in the plane, and no images."""
        return makes_points(self.network)

    @property
    def penalties(self) -> dict[str, float]:
        """The weights of the penalties on the discriminator's gradients that are in use, in the order of their sum."""
        weights = {penalty.name: getattr(self, penalty.name) for penalty in ranked("losses.penalties")}
        return {name: weight for name, weight in weights.items() if weight}

    @property
    def counted(self) -> str:
        """What a training on them counts, in a word: images or points."""
        return "points" if self.points else "images"


def title_of(name: str) -> str:
    """A setting's name for people: "Learning rate D" of `lr_d`."""
    field = Fields.model_fields.get(name)
    return (field.title if field else None) or name.replace("_", " ").capitalize()


def makes_points(network: str) -> bool:
    """Whether a network makes points in the plane, and no images."""
    return bool(components("models")[network].facts.get("POINTS"))


def _component(what: str, package: str, name: str) -> str:
    if name not in components(package):
        raise ValueError(f"no {what} is called {name!r}; choose one of {', '.join(components(package))}")
    return name
