"""Settings of a training: the one source for command line, form, tooltip, checkpoint and validation error.

Imported before the first window is on screen, so nothing here imports torch.
"""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from core.errors import Problem

Resolution = Literal[16, 32, 64, 128, 256]
Group = Literal["Model", "Optimiser", "Training", "Device", "Run"]


def network_names() -> list[str]:
    """Names of the networks: every module of `core.models` except the shared `layers`."""
    folder = Path(__file__).parent / "models"
    return sorted(module.name for module in pkgutil.iter_modules([str(folder)]) if module.name != "layers")


def setting(default: Any, group: Group, help: str, *, unit: str = "", advanced: bool = False, **bounds: Any) -> Any:
    """A field of `Settings`: default, the group it stands in, a one-line help, its unit and its bounds."""
    return Field(
        default, description=help, json_schema_extra={"group": group, "unit": unit, "advanced": advanced}, **bounds
    )


def _number(value: Any) -> Any:
    # The command line hands over text, and a Literal of integers does not convert it.
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


class Settings(BaseModel):
    """Everything that decides what a training does. Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    preset: str = setting("studio", "Model", "The named combination that these settings started from.")
    network: str = setting("dcgan", "Model", "Generator and discriminator pair.")
    resolution: Annotated[Resolution, BeforeValidator(_number)] = setting(
        64, "Model", "Width and height of the images that are trained and generated.", unit="px"
    )
    width: int = setting(
        64, "Model", "Channels of the widest feature map's base; more is sharper and slower.", ge=8, le=256
    )
    latent_dim: int = setting(
        128, "Model", "Length of the latent vector z.", unit="numbers", advanced=True, ge=2, le=1024
    )

    batch: int = setting(64, "Training", "Real images in one discriminator step.", unit="images", ge=2, le=4096)
    d_steps: int = setting(1, "Training", "Discriminator steps for each generator step.", ge=1, le=20)
    mirror: bool = setting(False, "Training", "Mirror half of the real images left to right. Not for text or digits.")
    steps: int | None = setting(
        None, "Training", "Stop after this many generator steps; empty trains until stopped.", unit="steps", ge=1
    )
    minutes: float | None = setting(
        None, "Training", "Stop after this much training time; empty trains until stopped.", unit="min", gt=0
    )

    lr_g: float = setting(2e-4, "Optimiser", "Learning rate of the generator.", gt=0, le=0.1)
    lr_d: float = setting(2e-4, "Optimiser", "Learning rate of the discriminator.", gt=0, le=0.1)
    beta1: float = setting(0.5, "Optimiser", "Adam's momentum.", advanced=True, ge=0, lt=1)
    beta2: float = setting(0.999, "Optimiser", "Adam's memory of squared gradients.", advanced=True, ge=0, lt=1)
    ema_kimg: float = setting(
        10.0,
        "Optimiser",
        "Half-life of the averaged generator that makes the samples; 0 turns averaging off.",
        unit="kimg",
        advanced=True,
        ge=0,
        le=1000,
    )

    device: str = setting("auto", "Device", "Where to train: auto, cpu, cuda:0, mps ...")
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto", "Device", "Number format of the convolutions; auto tries what is fastest here.", advanced=True
    )
    memory_format: Literal["auto", "contiguous", "channels_last"] = setting(
        "auto", "Device", "Order of image data in memory; auto tries what is fastest here.", advanced=True
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
        5.0, "Run", "Time between automatic checkpoints.", unit="min", advanced=True, gt=0, le=1440
    )

    @field_validator("network")
    @classmethod
    def _network_exists(cls, name: str) -> str:
        if name not in network_names():
            raise ValueError(f"no network is called {name!r}; choose one of {', '.join(network_names())}")
        return name

    def changed(self, **values: Any) -> Settings:
        """A validated copy with some values replaced. Raises `Problem` for a value that cannot be."""
        return validate({**self.model_dump(), **values})


def validate(values: dict[str, Any]) -> Settings:
    """Settings from loose values (text is converted). Raises `Problem` naming the first setting that is wrong."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        if first["type"] == "extra_forbidden":
            raise Problem(f"There is no setting called {name!r}.", "Check the spelling.") from None
        message = first["msg"].removeprefix("Value error, ")
        raise Problem(f"The setting {name!r} cannot be {first['input']!r}.", f"{message}.", str(error)) from None
