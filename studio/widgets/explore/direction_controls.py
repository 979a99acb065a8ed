"""Sliders along directions of latent space: closed-form ones, principal components, and saved ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QInputDialog, QMenu, QVBoxLayout, QWidget

from core.events import Images
from core.language import _
from core.latent.explore_state import DirectionKind, Edit
from core.latent.request import Numbers
from studio.widgets.basic.labels import Heading, Label, LabeledButton, plain_tip
from studio.widgets.explore.direction_row import DirectionRow

KINDS: dict[DirectionKind, tuple[str, str]] = {
    "closed": (
        _("Strongest (SeFa)"),
        _("Singular directions of the first layer's weights, computed at once (Shen and Zhou 2021)."),
    ),
    "components": (
        _("Principal components (GANSpace)"),
        _("Principal components of the activations, sampled in the background (Härkönen et al. 2020)."),
    ),
    "own": (_("Custom"), _("Directions kept under a name or created from samples; stored with the run.")),
}
MOST = 10
"""Most sliders of unnamed directions; later directions change little."""
QUIET_MS, SLOW_MS = 400, 1000
"""Delay before images of ends are requested, and between two directions while a training is followed."""
REACH = 5.0
"""Range of a slider to either side, in standard deviations."""


class DirectionControls(QWidget):
    """Shows the directions of one kind; hidden sliders keep their effect. Setters emit nothing."""

    changed = Signal(object, str)
    """Changed fields of the `Edit`, and the gesture id."""
    fit_requested = Signal()
    """Compute principal components."""
    find_requested = Signal()
    """Create a direction from samples."""
    keep_requested = Signal(str, int, str)
    """Kind and number of a direction, and the name to keep it under."""
    renamed = Signal(str, int, str)
    """Kind and number of a direction, and its new name; empty restores its number."""
    ends_requested = Signal(str, int)
    """Kind and number of a direction; answer with `show_ends`."""
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = Edit()
        self._stale: list[int] = []
        """Rows with outdated images."""
        self._follows = False
        self._ends_soon = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._ends_soon.timeout.connect(self._ask_ends)
        self._names: dict[DirectionKind, tuple[str, ...]] = dict.fromkeys(KINDS, ())
        self._rows: list[DirectionRow] = []
        self._kind = QComboBox()
        for kind, (title, tip) in KINDS.items():
            self._kind.addItem(title, kind)
            self._kind.setItemData(self._kind.count() - 1, plain_tip(tip), Qt.ItemDataRole.ToolTipRole)
        self._kind.setAccessibleName(_("Kind of directions"))
        self._kind.setToolTip(_("How the directions below are found."))
        self._kind.activated.connect(self._show)
        self._reset = LabeledButton(
            "arrow-counter-clockwise", _("Reset all"), _("Reset every direction to 0."), _("Reset all directions")
        )
        self._reset.clicked.connect(self._reset_all)
        self._fit = LabeledButton(
            "magnifying-glass",
            _("Find components"),
            _("Sample activations of the generator and compute their principal components."),
            _("Find components"),
        )
        self._fit.clicked.connect(self.fit_requested)
        self._find = LabeledButton(
            "thumbs-up",
            _("From samples…"),
            _("Mark positive and negative images to create a direction."),
            _("Direction from samples"),
        )
        self._find.clicked.connect(self.find_requested)
        self._empty = Label(wordWrap=True)
        self._empty.setObjectName("muted")
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self._build()
        self._show()

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self._fit)
        buttons.addWidget(self._find)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(8)
        column.addWidget(Heading(_("Directions"), self._reset))
        column.addWidget(self._kind)
        column.addWidget(self._empty)
        column.addLayout(self._column)
        column.addLayout(buttons)

    def set_names(self, kind: DirectionKind, names: Sequence[str]) -> None:
        """Sets the directions of a kind; only the first `MOST` unnamed ones have sliders."""
        names = tuple(names) if kind == "own" else tuple(names)[:MOST]
        if names != self._names[kind]:
            self._names[kind] = names
            self._show()

    def show_edit(self, edit: Edit) -> None:
        """Shows an edit."""
        self._edit = edit
        self._show_amounts()

    def kind(self) -> DirectionKind:
        """Returns the visible kind."""
        kind: DirectionKind = self._kind.currentData()
        return kind

    def show_kind(self, kind: DirectionKind) -> None:
        self._kind.setCurrentIndex(self._kind.findData(kind))
        self._show()

    def _show(self) -> None:
        kind, names = self.kind(), self._names[self.kind()]
        while len(self._rows) > len(names):
            row = self._rows.pop()
            self._column.removeWidget(row)
            row.deleteLater()
        for row in self._rows:
            row.set_name(names[self._rows.index(row)])
        while len(self._rows) < len(names):
            self._add_row(names[len(self._rows)])
        empty = {
            "closed": _("This generator has no directions."),
            "components": _("Not computed yet."),
            "own": _("Right-click a direction to keep it under a name, or create one from samples."),
        }
        self._empty.setText(empty[kind])
        self._empty.setVisible(not names)
        self.renew_ends()
        self._fit.setVisible(kind == "components")
        self._find.setVisible(kind == "own")
        self._show_amounts()

    def _add_row(self, name: str) -> None:
        number = len(self._rows)
        help = _(
            "Move the latent along this direction, in standard deviations; double-click resets. Right-click to keep it."
        )
        row = DirectionRow(name, REACH, help)
        row.value_changed.connect(lambda value: self._set_amount(number, value))
        row.renamed.connect(lambda text: self.renamed.emit(self.kind(), number, text))
        row.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.customContextMenuRequested.connect(lambda at: self._open_menu(number, row.mapToGlobal(at)))
        # Otherwise Tab would visit it after the existing widgets below.
        before = self._rows[-1].tab_stops()[-1] if self._rows else self._kind
        self._column.addWidget(row)
        for first, second in pairwise((before, *row.tab_stops())):
            QWidget.setTabOrder(first, second)
        self._rows.append(row)

    # Images of both ends

    def set_following(self, follows: bool) -> None:
        """Sets whether a training is followed; images of ends are then updated slowly, as the weights soon change
        again."""
        self._follows = follows

    def renew_ends(self) -> None:
        """Requests the images of both ends again, one direction after another, once nothing has changed for a
        moment."""
        rows = list(range(len(self._rows)))
        if self._follows and self._stale:  # in rotation, or the last rows would never be updated
            self._stale += [row for row in rows if row not in self._stale]
        else:
            self._stale = rows
        if not (self._follows and self._ends_soon.isActive()):
            self._ends_soon.start(SLOW_MS if self._follows else QUIET_MS)

    def clear_ends(self) -> None:
        """Clears the images of the ends until new ones arrive."""
        for row in self._rows:
            row.clear_ends()

    def show_ends(self, kind: DirectionKind, number: int, images: Images) -> None:
        """Shows the images at both ends of a direction, (2, H, W, C)."""
        if kind == self.kind() and number < len(self._rows):
            self._rows[number].set_ends(images)
            self._stale = [row for row in self._stale if row != number]
        if self._stale and not self._ends_soon.isActive():
            self._ends_soon.start(SLOW_MS if self._follows else 0)

    def _ask_ends(self) -> None:
        if self._stale and self.isVisible():
            self.ends_requested.emit(self.kind(), self._stale[0])

    def _amounts(self) -> Numbers:
        return self._edit.amounts(self.kind())

    def _show_amounts(self) -> None:
        amounts = self._amounts()
        for number, row in enumerate(self._rows):
            row.set_value(amounts[number] if number < len(amounts) else 0.0)
        edit = self._edit
        self._reset.setEnabled(any((*edit.closed, *edit.components, *edit.own)))

    def _set_amount(self, number: int, value: float) -> None:
        kind = self.kind()
        self.show_edit(self._edit.with_amount(kind, number, value))
        self.changed.emit({kind: self._amounts()}, f"{kind} {number}")

    def _reset_all(self) -> None:
        self.show_edit(replace(self._edit, closed=(), components=(), own=()))
        self.changed.emit({"closed": (), "components": (), "own": ()}, "")

    def _open_menu(self, number: int, at: QPoint) -> None:
        kind, name, menu = self.kind(), self._names[self.kind()][number], QMenu(self)
        if kind == "own":
            menu.addAction(_("Rename…"), lambda: self._ask(name, partial(self.renamed.emit, kind, number)))
            menu.addAction(_("Remove"), lambda: self.removed.emit(number))
        else:
            menu.addAction(
                _("Keep as…"), lambda: self._ask(name, lambda text: self.keep_requested.emit(kind, number, text))
            )
        menu.exec(at)
        menu.deleteLater()

    def _ask(self, name: str, use: Callable[[str], None]) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(_("Name of the direction"))
        dialog.setLabelText(_("Such as smile or thickness"))
        dialog.setTextValue(name)
        dialog.textValueSelected.connect(lambda text: use(text.strip() or name))
        dialog.open()
