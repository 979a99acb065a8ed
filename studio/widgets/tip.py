"""Tips of more than a line."""

from __future__ import annotations

from html import escape


def wrapped(*paragraphs: str) -> str:
    """A tip that Qt breaks into lines, which it does to rich text alone. Empty paragraphs are left out."""
    return "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text)
