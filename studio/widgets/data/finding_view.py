"""View of a finding's images, group by group: a click includes or excludes one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby, islice

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.data.health.findings import HealthFinding
from studio import theme
from studio.model.data import Page, Tile
from studio.widgets.basic.flow_layout import FlowLayout
from studio.widgets.basic.labels import ElidedLabel, Label, WrappedLabel, plain_tip
from studio.widgets.images.image_tile import ImageTile

MOST_NAMES = 500
"""Of files with the same trouble; nobody reads more of them, and the window would stand still while they are set."""
WIDEST_GROUP = 6
"""Images of a group that stand in one frame."""


class FindingView(QWidget):
    """Shows one page at a time; what was clicked on another page is remembered by its row."""

    back_requested = Signal()
    page_requested = Signal(object, int)
    """A finding and the number of a page."""
    leave_out_requested = Signal(object, object)
    """A finding, and the rows of which the person decided otherwise than it suggests."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finding: HealthFinding | None = None
        self._page: Page | None = None
        self._toggled: set[int] = set()
        self._count = 0
        self._body = QStackedWidget()
        self._scroll = QScrollArea(widgetResizable=True)
        self._names = QPlainTextEdit(readOnly=True)
        self._names.setAccessibleName("Files that are left out")
        self._waiting = Label("One moment…", alignment=Qt.AlignmentFlag.AlignCenter)
        for widget in (self._waiting, self._scroll, self._names):
            self._body.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._build_top())
        column.addWidget(self._body, 1)
        column.addLayout(self._build_bottom())

    def show_finding(self, finding: HealthFinding) -> None:
        """Another finding; its images follow as a page."""
        self._finding, self._page = finding, None
        self._toggled, self._count = set(), len(finding.excludable)
        self._text.setText(finding.text)
        self._show_pager(0, 0)
        self._leave_out.setVisible(not finding.skipped)
        self._hint.setVisible(not finding.skipped)
        self._show_count()
        if finding.skipped:
            self._names.setPlainText(_listed(finding))
            self._body.setCurrentWidget(self._names)
        else:
            self._body.setCurrentWidget(self._waiting)
            self.page_requested.emit(finding, 0)

    def show_page(self, page: Page) -> None:
        """Images of the finding that is shown."""
        if page.finding is not self._finding:
            return
        self._page = page
        several = len(page.finding.groups) > 1
        content = QWidget()
        flow = FlowLayout(content)
        for number, tiles in groupby(page.tiles, lambda tile: tile.group):
            if several:
                flow.addWidget(self._group(number, list(tiles)))
            else:
                for tile in tiles:
                    flow.addWidget(self._tile(tile))
        self._scroll.setWidget(content)
        self._body.setCurrentWidget(self._scroll)
        self._show_pager(page.number, page.pages)

    def _build_top(self) -> QHBoxLayout:
        back = QToolButton()
        back.setIcon(theme.icon("arrow-left"))
        back.setText("All findings")
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
            (self._before, "caret-left", "Previous images", -1),
            (self._after, "caret-right", "Next images", 1),
        ):
            button.setIcon(theme.icon(icon))
            button.setToolTip(plain_tip(name))
            button.setAccessibleName(name)
            button.clicked.connect(partial(self._turn, step))
        self._page_label = Label()
        self._page_label.setObjectName("muted")
        self._leave_out = QPushButton()
        self._leave_out.setToolTip("Those that are crossed out, also on the other pages")
        self._leave_out.clicked.connect(lambda: self.leave_out_requested.emit(self._finding, frozenset(self._toggled)))
        self._hint = ElidedLabel()
        self._hint.setText("Click an image to leave it out or to keep it.")
        self._hint.setObjectName("muted")
        row = QHBoxLayout()
        for widget in (self._before, self._page_label, self._after):
            row.addWidget(widget)
        row.addStretch()
        row.addWidget(self._hint)
        row.addWidget(self._leave_out)
        return row

    def _group(self, number: int, tiles: Sequence[Tile]) -> QWidget:
        frame = QFrame()
        frame.setObjectName("group")
        title = Label(f"Group {number + 1:,}")
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
        shown = ImageTile(tile.picture, tile.name, tile.suggested != (tile.row in self._toggled))
        shown.setFixedSize(shown.sizeHint())
        shown.toggled.connect(partial(self._toggle, tile.row))
        return shown

    def _toggle(self, row: int, left_out: bool) -> None:
        self._toggled ^= {row}
        self._count += 1 if left_out else -1
        self._show_count()

    def _turn(self, step: int) -> None:
        if self._finding is not None and self._page is not None:
            self.page_requested.emit(self._finding, self._page.number + step)

    def _show_pager(self, number: int, pages: int) -> None:
        for widget in (self._before, self._page_label, self._after):
            widget.setVisible(pages > 1)
        self._before.setEnabled(number > 0)
        self._after.setEnabled(number < pages - 1)
        self._page_label.setText(f"{number + 1:,} of {pages:,}")

    def _show_count(self) -> None:
        self._leave_out.setText(f"Leave out {self._count:,} {'image' if self._count == 1 else 'images'}")
        self._leave_out.setEnabled(self._count > 0)


def _listed(finding: HealthFinding) -> str:
    """Files by what is wrong with them."""
    blocks = []
    for reason, names in finding.skipped.items():
        lines = [f"{reason[:1].upper()}{reason[1:]} ({len(names):,})"]
        lines += [f"    {name}" for name in islice(names, MOST_NAMES)]
        if len(names) > MOST_NAMES:
            lines.append(f"    and {len(names) - MOST_NAMES:,} more")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
