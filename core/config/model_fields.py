"""Settings of the images and of both networks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator

from core.config.preparation import WHITE, Fit, Split
from core.config.setting import setting

Resolution = Literal[16, 32, 64, 128, 256, 512]


def _number(value: Any) -> Any:
    # The command line hands over text, and a Literal of integers does not convert it.
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


def _in_small_letters(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class ModelFields(BaseModel):
    """Settings of the groups Images and Model."""

    preset: str = setting("studio", "Model", "Named combination that these settings started from.")
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
        "Way to fit images of other proportions: crop the middle or the part with the most detail, stretch, or pad.",
    )
    background: Annotated[str, BeforeValidator(_in_small_letters)] = setting(
        WHITE,
        "Images",
        "Color under transparency and around padded images, as #rrggbb.",
        advanced=True,
        pattern="^#[0-9a-f]{6}$",
    )
    alpha: bool = setting(
        False, "Images", "Keeps transparency: images are RGBA.", title="Keep transparency", advanced=True
    )
    frame_step: int = setting(
        10,
        "Images",
        "Use every n-th video frame.",
        title="Frame step",
        unit="frames",
        advanced=True,
        ge=1,
        le=10_000,
    )
    split: Split = setting(
        "all",
        "Images",
        "Images of a dataset with folders such as train/ and test/: all of them, or those of the train folder only.",
        advanced=True,
    )
    holdout: float = setting(
        5.0,
        "Images",
        "Share of images that training never sees, to detect memorization; at most 500, none of fewer than 200 images.",
        title="Held out",
        unit="%",
        advanced=True,
        ge=0,
        le=50,
    )
    width: int = setting(
        64,
        "Model",
        "Number of channels that layers are multiples of. Wider networks are sharper and slower; 24 to 128 is usual.",
        title="Base channels",
        ge=8,
        le=512,
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
        "Normalization in the discriminator. Auto is the network's own.",
        title="D normalization",
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
