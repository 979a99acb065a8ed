"""Legend above a plot: the curves, and their values at one step."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from studio import theme


def unbroken(words: str) -> str:
    """Returns words as markup that keeps them on one line."""
    return escape(words).replace(" ", "&nbsp;")


class Legend(QLabel):
    """Takes the room that it is given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.plain = ""
        """The text without colours."""

    def show_values(self, curves: Sequence[tuple[str, str, str]], step: int | None, remarks: Sequence[str]) -> None:
        """`curves`: key, label and value at `step`, empty where there is none; `remarks`: what happened there."""
        scheme = theme.current()
        rich, plain = [], []
        colours = scheme.curves([key for key, _, _ in curves])
        for colour, (_, label, value) in zip(colours, curves, strict=True):
            words = f"{label} {value}" if value else label
            plain.append(words)
            rich.append(f"<span style='color:{colour}'>■</span>&nbsp;{unbroken(words)}")
        if step is not None:
            plain.append(f"step {step:,}")
            rich.append(f"<span style='color:{scheme.muted}'>step&nbsp;{step:,}</span>")
        for words in remarks:
            plain.append(words)
            rich.append(f"<span style='color:{scheme.accent}'>{escape(words)}</span>")
        text = "&nbsp;&nbsp; ".join(rich)
        self.plain = "  ".join(plain)
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(self.plain)
