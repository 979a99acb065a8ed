"""Named combinations of settings, kept as data: one JSON file each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.config import Settings, validate
from core.errors import Problem


@dataclass(frozen=True)
class Preset:
    """A preset's title, the paper it follows (empty if none), when to use it, and the settings it fixes."""

    name: str
    title: str
    paper: str
    when: str
    settings: dict[str, Any]

    def apply(self, **values: Any) -> Settings:
        """Settings of this preset with some values replaced."""
        return validate({**self.settings, "preset": self.name, **values})


@cache
def presets() -> dict[str, Preset]:
    """Every preset by name, the default first."""
    found = [
        Preset(file.stem, **json.loads(file.read_text("utf-8")))
        for file in sorted(Path(__file__).parent.glob("*.json"))
    ]
    return {preset.name: preset for preset in sorted(found, key=lambda preset: preset.name != "studio")}


def preset(name: str) -> Preset:
    """The preset of that name. Raises `Problem` if there is none."""
    if name not in presets():
        raise Problem(f"There is no preset called {name!r}.", f"Choose one of {', '.join(presets())}.")
    return presets()[name]
