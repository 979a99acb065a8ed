"""Label of a row in the settings form, with a mark where the setting differs from its preset."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.language import _
from studio import theme
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Glyph, IconButton, WrappedLabel, plain_tip
from studio.widgets.basic.scale import follow_scale, scale_length

LABEL_WIDTH = 136
GUTTER = 17
"""Pixels reserved for the mark left of the label, so that the layout does not move."""


LIVE_TIP = _("Can be changed during a training")
LIVE = 12
"""Width in pixels of the mark of a live setting."""
HELP = 18
"""Width of the help button."""


class RowLabel(QWidget):
    """Title of a setting, `LABEL_WIDTH` wide unless `is_narrow`. The mark before it resets the setting; the one after
    it shows that the setting `is_live`; the last one explains its glossary term, if there is one."""

    reset_requested = Signal()

    def __init__(
        self, title: str, buddy: QWidget, is_narrow: bool = False, is_live: bool = False, term: str | None = None
    ) -> None:
        super().__init__()
        self.title = WrappedLabel(title)
        self.title.setBuddy(buddy)
        if not is_narrow:
            # Aligns the labels of all groups.
            scale_length(self.title, self.title.setFixedWidth, LABEL_WIDTH - LIVE * is_live - HELP * bool(term))
        self._reset = IconButton("arrow-counter-clockwise", _("Reset {setting}").format(setting=title), pixels=12)
        self._reset.setIcon(theme.icon("arrow-counter-clockwise-bold", "accent"))
        follow_scale(self._reset, lambda: self._reset.setFixedSize(theme.scaled(GUTTER), theme.scaled(GUTTER)))
        self._reset.setObjectName("mark")
        self._reset.clicked.connect(self.reset_requested)
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(policy)
        self._reset.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._reset)
        row.addWidget(self.title)
        if is_live:
            mark = Glyph("lightning-fill", LIVE, "muted")
            mark.setToolTip(plain_tip(LIVE_TIP))
            row.addWidget(mark, alignment=Qt.AlignmentFlag.AlignVCenter)
        self._help = HelpButton(term) if term else None
        if self._help:
            scale_length(self._help, self._help.setFixedWidth, HELP)
            row.addWidget(self._help)

    @property
    def is_marked(self) -> bool:
        """Returns whether the setting differs from its preset."""
        return not self._reset.isHidden()

    def explain(self, term: str | None) -> None:
        """Sets the term to explain, as the setting has another value; None changes nothing."""
        if self._help and term:
            self._help.explain(term)

    def mark(self, tip: str, can_reset: bool) -> None:
        """Marks a difference from the preset; an empty `tip` removes the mark."""
        self._reset.setVisible(bool(tip))
        self._reset.setEnabled(can_reset)
        self._reset.setToolTip(plain_tip(tip))
        self._reset.setAccessibleDescription(tip)
