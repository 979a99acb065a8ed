"""Fields of the settings model: type, bounds, unit, default, title and help of every setting.

The command line, the form, tooltips, checkpoints and validation errors are made from these fields. The module is
imported before the first window is on screen, so nothing here imports torch.
"""

from __future__ import annotations

import re

from pydantic import ConfigDict, field_validator

from core.config.preparation import Preparation
from core.config.translation_fields import Kind, TranslationFields
from core.language import _, sentences
from core.registry import components, ranked

LONGEST_NAME = 100
"""Maximum length of a free-text setting, in characters."""


class Fields(TranslationFields):
    """Fields of `Settings` with types, bounds, units, defaults and help. Each base class adds some groups."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("preset", "device")
    @classmethod
    def _is_a_name(cls, text: str) -> str:
        if len(text) > LONGEST_NAME or not text.isprintable():
            raise ValueError(_("Write at most {most} characters that can be printed.").format(most=LONGEST_NAME))
        return text

    @field_validator("network")
    @classmethod
    def _network_exists(cls, name: str) -> str:
        return _component(_("There is no network {name!r}."), "models", name)

    @field_validator("loss")
    @classmethod
    def _loss_exists(cls, name: str) -> str:
        return _component(_("There is no loss {name!r}."), "losses", name)

    @field_validator("task")
    @classmethod
    def _task_exists(cls, name: str) -> str:
        return _component(_("There is no task {name!r}."), "translation.tasks", name)

    @field_validator("translator")
    @classmethod
    def _translator_exists(cls, name: str) -> str:
        return _component(_("There is no translator {name!r}."), "translation.networks", name)

    @field_validator("method")
    @classmethod
    def _method_exists(cls, name: str) -> str:
        return _component(_("There is no method {name!r}."), "translation.methods", name)

    @field_validator("evaluation_features")
    @classmethod
    def _features_exist(cls, name: str) -> str:
        missing = _("There is no feature extractor {name!r}.")
        return name if name == "auto" else _component(missing, "evaluation.features", name)

    @field_validator("grid")
    @classmethod
    def _grid_is_a_size(cls, text: str) -> str:
        match = re.fullmatch(r"([1-9][0-9]?)x([1-9][0-9]?)", text.strip().lower())
        if match is None or not all(2 <= int(side) <= 16 for side in match.groups()):
            raise ValueError(_("Write columns x rows, each from 2 to 16, as in 6x4."))
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
        """Preparation of every picture."""
        size = None if self.points else self.size
        return Preparation(size, self.fit, self.alpha, self.background, self.frame_step, self.split, self.side_by_side)

    @property
    def points(self) -> bool:
        """True if the network makes 2-D points instead of images."""
        return not self.translates and makes_points(self.network)

    @property
    def two_sided(self) -> bool:
        """True if the dataset holds the inputs of the generator beside its targets."""
        return bool(components("translation.tasks")[self.task].facts["SIDES"] == 2)

    @property
    def has_pairs(self) -> bool:
        """True if the generator translates, and the target of each of its inputs is known."""
        return bool(components("translation.tasks")[self.task].facts["PAIRED"])

    @property
    def kind(self) -> Kind:
        """Kind of the training, by its task."""
        if not self.translates:
            return "generation"
        return "paired" if self.has_pairs else "unpaired"

    @property
    def penalties(self) -> dict[str, float]:
        """Weights of the gradient penalties in use, by name, in the order in which they are added."""
        weights = {penalty.name: getattr(self, penalty.name) for penalty in ranked("losses.penalties")}
        return {name: weight for name, weight in weights.items() if weight}

    @property
    def counted(self) -> str:
        """Unit of what a training counts: "images" or "points"."""
        return "points" if self.points else "images"


def title_of(name: str) -> str:
    """Returns the title of a setting: "Learning rate D" for `lr_d`; its name in words if there is no such setting."""
    field = Fields.model_fields.get(name)
    return field.title if field and field.title else name.replace("_", " ").capitalize()


def makes_points(network: str) -> bool:
    """Returns whether a network makes 2-D points instead of images."""
    return bool(components("models")[network].facts.get("POINTS"))


def _component(missing: str, package: str, name: str) -> str:
    if name not in components(package):
        names = ", ".join(components(package))
        raise ValueError(sentences(missing.format(name=name), _("Choose one of {names}.").format(names=names)))
    return name
