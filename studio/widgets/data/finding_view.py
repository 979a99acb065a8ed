"""View of a finding's images, group by group: a click leaves one out or restores it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby, islice

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.data.health.findings import HealthFinding
from core.language import _, number
from studio import theme
from studio.model.data import Page, Tile
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import ElidedLabel, Label, WrappedLabel, plain_tip
from studio.widgets.images.image_tile import ImageTile

MOST_NAMES = 500
"""Most file names listed per reason, as a longer list would block the window."""
WIDEST_GROUP = 6
"""Largest number of images of a group in one frame."""


class FindingView(QWidget):
    """View of one page of a finding."""

    back_requested = Signal()
    page_requested = Signal(object, int)
    """A finding and a page number."""
    leave_out_requested = Signal(object, bool)
    """Rows (n,), and whether to leave them out or restore them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finding: HealthFinding | None = None
        self._page: Page | None = None
        self._left_out: frozenset[int] = frozenset()
        self._tiles: dict[int, ImageTile] = {}
        self._body = QStackedWidget()
        self._scroll = QScrollArea(widgetResizable=True)
        self._names = QPlainTextEdit(readOnly=True)
        self._names.setAccessibleName(_("Skipped files"))
        self._waiting = Label(_("Loading…"), alignment=Qt.AlignmentFlag.AlignCenter)
        for widget in (self._waiting, self._scroll, self._names):
            self._body.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._build_top())
        column.addWidget(self._body, 1)
        column.addLayout(self._build_bottom())

    def show_finding(self, finding: HealthFinding) -> None:
        """Shows another finding; its images follow as a page."""
        self._finding, self._page = finding, None
        self._text.setText(finding.text)
        self._show_pager(0, 0)
        self._hint.setVisible(not finding.skipped)
        if finding.skipped:
            self._names.setPlainText(_listed(finding))
            self._body.setCurrentWidget(self._names)
        else:
            self._body.setCurrentWidget(self._waiting)
            self.page_requested.emit(finding, 0)

    def show_page(self, page: Page) -> None:
        """Shows a page of the finding's images."""
        if page.finding is not self._finding:
            return
        self._page = page
        several = len(page.finding.groups) > 1
        self._tiles = {}
        content = QWidget()
        flow = FlowLayout(content)
        for group, tiles in groupby(page.tiles, lambda tile: tile.group):
            if several:
                flow.addWidget(self._group(group, list(tiles)))
            else:
                for tile in tiles:
                    flow.addWidget(self._tile(tile))
        self._scroll.setWidget(content)
        self._body.setCurrentWidget(self._scroll)
        self._show_pager(page.number, page.pages)

    def show_left_out(self, rows: frozenset[int]) -> None:
        """Crosses out the left-out images."""
        self._left_out = rows
        for row, tile in self._tiles.items():
            with QSignalBlocker(tile):
                tile.set_left_out(row in rows)

    def _build_top(self) -> QHBoxLayout:
        back = QToolButton()
        back.setIcon(theme.icon("arrow-left"))
        back.setText(_("All images"))
        back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        back.clicked.connect(self.back_requested)
        self._text = WrappedLabel()
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(back, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        return row

    def _build_bottom(self) -> QHBoxLayout:
        self._before, self._after = QToolButton(), QToolButton()
        for button, icon, name, step in (
            (self._before, "caret-left", _("Previous images"), -1),
            (self._after, "caret-right", _("Next images"), 1),
        ):
            button.setIcon(theme.icon(icon))
            button.setToolTip(plain_tip(name))
            button.setAccessibleName(name)
            button.clicked.connect(partial(self._turn, step))
        self._page_label = Label()
        self._page_label.setObjectName("muted")
        self._hint = ElidedLabel()
        self._hint.setText(_("Click an image to leave it out or restore it."))
        self._hint.setObjectName("muted")
        row = QHBoxLayout()
        for widget in (self._before, self._page_label, self._after):
            row.addWidget(widget)
        row.addStretch()
        row.addWidget(self._hint)
        return row

    def _group(self, group: int, tiles: Sequence[Tile]) -> QWidget:
        frame = QFrame()
        frame.setObjectName("group")
        title = Label(_("Group {number}").format(number=number(group + 1)))
        title.setObjectName("muted")
        column = QVBoxLayout(frame)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(4)
        column.addWidget(title)
        for start in range(0, len(tiles), WIDEST_GROUP):
            row = QHBoxLayout()
            for tile in tiles[start : start + WIDEST_GROUP]:
                row.addWidget(self._tile(tile))
            row.addStretch()
            column.addLayout(row)
        return frame

    def _tile(self, tile: Tile) -> ImageTile:
        shown = self._tiles[tile.row] = ImageTile(tile.picture, tile.name, tile.row in self._left_out)
        shown.setFixedSize(shown.sizeHint())
        shown.toggled.connect(partial(self.leave_out_requested.emit, np.array([tile.row])))
        return shown

    def _turn(self, step: int) -> None:
        if self._finding is not None and self._page is not None:
            self.page_requested.emit(self._finding, self._page.number + step)

    def _show_pager(self, page: int, pages: int) -> None:
        for widget in (self._before, self._page_label, self._after):
            widget.setVisible(pages > 1)
        self._before.setEnabled(page > 0)
        self._after.setEnabled(page < pages - 1)
        self._page_label.setText(_("{page} of {pages}").format(page=number(page + 1), pages=number(pages)))


def _listed(finding: HealthFinding) -> str:
    """Returns the files as text, grouped by reason."""
    blocks = []
    for reason, names in finding.skipped.items():
        lines = [f"{reason[:1].upper()}{reason[1:]} ({number(len(names))})"]
        lines += [f"    {name}" for name in islice(names, MOST_NAMES)]
        if len(names) > MOST_NAMES:
            lines.append("    " + _("and {number} more").format(number=number(len(names) - MOST_NAMES)))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
