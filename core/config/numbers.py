"""Numbers that the command line gives as text."""

from __future__ import annotations

from typing import Any


def number_of_text(value: Any) -> Any:
    """Returns the number of a text with digits, which a `Literal` of integers does not convert; else the value."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value
