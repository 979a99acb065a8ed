"""Text of counts, file sizes and durations, and columns of text in a terminal."""

from __future__ import annotations

from unicodedata import east_asian_width

from core.language import _, number


def size_text(bytes: float) -> str:
    """Returns a size in MB (10^6 bytes) or GB (10^9 bytes): 52.4 MB, 1.3 GB."""
    return f"{number(bytes / 1e9, 1)} GB" if bytes >= 1e9 else f"{number(bytes / 1e6, 1)} MB"


def time_text(seconds: float) -> str:
    """Returns a duration: 48 s, 12 min 05 s, 3 h 05 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("{hours} h {minutes:02d} min").format(hours=number(hours), minutes=minutes)
    if minutes:
        return _("{minutes} min {seconds:02d} s").format(minutes=minutes, seconds=rest)
    return _("{seconds} s").format(seconds=rest)


def columns(text: str) -> int:
    """Returns the columns that a text takes in a terminal: Chinese signs take two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def right(text: str, width: int) -> str:
    """Returns a text at the right of `width` columns."""
    return " " * (width - columns(text)) + text
