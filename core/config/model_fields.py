"""Settings of the images and of both networks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from core.config.numbers import number_of_text
from core.config.preparation import WHITE, Fit, SideBySide, Split
from core.config.setting import setting
from core.language import _, in_context

Resolution = Literal[16, 32, 64, 128, 256, 512]


def _in_lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class ModelFields(BaseModel):
    """Settings of the groups Images and Model."""

    model_config = ConfigDict(
        defer_build=True
    )  # classes that never validate are not built, which would delay the window

    preset: str = setting(
        "studio",
        "Model",
        _(
            "Named combination of settings to start from. studio is usual and suits most images; the others follow one "
            "paper each."
        ),
        title=_("Preset"),
    )
    network: str = setting(
        "dcgan",
        "Model",
        _(
            "Architecture of generator and discriminator. dcgan, or smooth from 64 px on, is usual; style and r3 make "
            "better images, given a GPU and hours."
        ),
        title=_("Network"),
        generation=True,
    )
    resolution: Annotated[Resolution, BeforeValidator(number_of_text)] = setting(
        64,
        "Model",
        _("Width and height of the images, with a grid of 4x4. 64 is usual; 128 and more need a GPU or patience."),
        title=_("Resolution"),
        unit="px",
    )
    grid: str = setting(
        "4x4",
        "Model",
        _(
            "Columns x rows of the smallest feature map. 4x4, for square images, is usual; 6x4 at 64 px makes images "
            "of 96 x 64."
        ),
        title=_("Grid"),
        advanced=True,
    )
    fit: Fit = setting(
        "crop",
        "Images",
        _(
            "Way to fit images of other proportions: crop the middle (usual), crop to the part with the most detail, "
            "stretch, or pad."
        ),
        title=in_context("setting", "Fit"),
    )
    background: Annotated[str, BeforeValidator(_in_lower_case)] = setting(
        WHITE,
        "Images",
        _("Color under transparency and of the bars around padded images, as #rrggbb. White, #ffffff, is usual."),
        title=_("Background"),
        advanced=True,
        pattern="^#[0-9a-f]{6}$",
    )
    alpha: bool = setting(
        False,
        "Images",
        _("Keeps transparency: the images become RGBA. Off is usual; turn it on for icons and sprites."),
        title=_("Keep transparency"),
        generation=True,
        advanced=True,
    )
    frame_step: int = setting(
        10,
        "Images",
        _(
            "Interval between the video frames that are used. 10 is usual; a lower value gives more, and more similar, "
            "images."
        ),
        title=_("Frame step"),
        unit="frames",
        advanced=True,
        ge=1,
        le=10_000,
    )
    split: Split = setting(
        "all",
        "Images",
        _(
            "Part of a dataset with folders such as train/ and test/: all images (usual), or those of the train folder "
            "only."
        ),
        title=in_context("setting", "Split"),
        advanced=True,
    )
    side_by_side: SideBySide = setting(
        "no",
        "Images",
        _(
            "Splits files that hold input and target side by side, such as those of pix2pix. no is usual, for one "
            "image in each file; left and right tell where the input is."
        ),
        title=_("Side by side"),
        advanced=True,
    )
    holdout: float = setting(
        5.0,
        "Images",
        _(
            "Share of images that training never sees, to detect memorization. 5 is usual; at most 500 images, and "
            "none of datasets below 200."
        ),
        title=_("Held out"),
        unit="%",
        advanced=True,
        ge=0,
        le=50,
    )
    width: int = setting(
        64,
        "Model",
        _(
            "Number of channels that layers are multiples of. 24 to 128 is usual; wider networks are sharper and "
            "slower."
        ),
        title=_("Base channels"),
        ge=8,
        le=512,
    )
    latent_dim: int = setting(
        128,
        "Model",
        _("Length of the latent vector z. 64 to 256 is usual; 2 for points."),
        title=_("Latent size"),
        generation=True,
        unit="numbers",
        advanced=True,
        ge=2,
        le=1024,
    )
    d_norm: Literal["auto", "batch", "layer", "none"] = setting(
        "auto",
        "Model",
        _(
            "Normalization in the discriminator. Auto, the network's own, is usual; gradient penalties need layer or "
            "none."
        ),
        title=_("D normalization"),
        generation=True,
        advanced=True,
    )
    spectral_norm: bool = setting(
        False,
        "Model",
        _(
            "Divides each weight matrix of the discriminator by its largest singular value. Off is usual; on "
            "stabilizes a training, above all with the hinge loss."
        ),
        title=_("Spectral norm"),
        generation=True,
        advanced=True,
    )
    d_bias: bool = setting(
        True,
        "Model",
        _(
            "Adds a bias to the discriminator's first convolution. On is usual; without it a normalized discriminator "
            "cannot see contrast, and long trainings turn gray."
        ),
        title=_("D input bias"),
        generation=True,
        advanced=True,
    )
