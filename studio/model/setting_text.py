"""Text of changes of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.config.choices import choice_title
from core.config.fields import title_of
from core.language import _


def in_words(changes: Mapping[str, Any]) -> list[str]:
    """Returns each change of a setting as text: "Learning rate D 0.0004"."""
    return [f"{title_of(name)} {_plain(name, value)}" for name, value in changes.items()]


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return f"{value:g}" if isinstance(value, float) else choice_title(name, value)
