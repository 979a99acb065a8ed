"""Controls of a conditional generator: a class or a mix of two, and InfoGAN's codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from core.generator_inputs import Conditions, seed_codes
from core.language import _, in_context
from studio.widgets.basic.labels import ElidedComboBox, Heading, Label, LabeledButton, plain_tip
from studio.widgets.basic.scale import scale_length
from studio.widgets.basic.slider_row import SliderRow
from studio.widgets.basic.spin_boxes import WheelGuard

CODE_REACH = 2.0
"""Range of a continuous code to either side; it was trained from -1 to 1."""
OWN = _("Random per seed")


class ClassControls(QWidget):
    """Controls for one class, or two with the share of the second. `changed` comes once per change by the user; setters
    emit nothing."""

    changed = Signal(str)
    """Gesture id: constant while the share is dragged, new for each choice."""

    def __init__(self, label_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._class = _Choice(_("Class"), _("Class of the images. By default it is random per seed."))
        self._other = _Choice(_("Mix with"), _("Mix in a second class."))
        self._share = SliderRow(
            in_context("proportion", "Share"),
            0,
            100,
            50,
            step=1,
            decimals=0,
            unit="%",
            help=_("Share of the second class in the mix."),
        )
        scale_length(self._share, self._share.set_label_width, label_width)
        for box in (self._class, self._other):
            box.currentIndexChanged.connect(self._change)
        self._share.valueChanged.connect(lambda _share: self.changed.emit("share"))
        column = _column(self)
        column.addWidget(Heading(_("Classes")))
        column.addLayout(_form(label_width, self._class, self._other))
        column.addWidget(self._share)
        self.set_names(())

    def set_names(self, names: Sequence[str]) -> None:
        """Sets the available classes; keeps the choice if they are the same, and hides the controls if there are
        none."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self._class.set_options((OWN, *names))
            self._other.set_options((_("None"), *names))
            self._share.set_value(50)
        self.setVisible(bool(names))
        self._show_mixable()

    def shares(self) -> tuple[float, ...]:
        """Returns the share of each class, summing to 1; empty if random per seed."""
        first, second = self._class.currentIndex() - 1, self._other.currentIndex() - 1
        if first < 0:
            return ()
        share = self._share.value() / 100 if second >= 0 else 0.0
        shares = [0.0] * len(self._names)
        shares[first] += 1 - share
        shares[second] += share
        return tuple(shares)

    def set_shares(self, shares: Sequence[float]) -> None:
        """Shows the largest two shares; empty if random per seed."""
        ranked = sorted(range(len(shares)), key=lambda index: -shares[index])
        used = [index for index in ranked[:2] if shares[index] > 0]
        if len(used) == 2 and self._class.currentIndex() - 1 == used[1]:
            used.reverse()  # at a tie the first class stays first
        first, second = (used[0] + 1 if used else 0), (used[1] + 1 if len(used) == 2 else 0)
        self._class.set_index(first)
        if second or not used:
            self._other.set_index(second)
        if second:
            self._share.set_value(100 * shares[used[1]])
        elif self._other.currentIndex() > 0:
            self._share.set_value(0.0)
        self._show_mixable()

    def _change(self) -> None:
        self._show_mixable()
        self.changed.emit(f"classes_{self._class.currentIndex()}_{self._other.currentIndex()}")

    def _show_mixable(self) -> None:
        self._other.setEnabled(self._class.currentIndex() > 0)
        self._share.setEnabled(self._class.currentIndex() > 0 and self._other.currentIndex() > 0)


class CodeControls(QWidget):
    """Controls for InfoGAN's codes: show those of seed A until changed by hand, then hold them for every seed.

    `changed` comes once per change by the user, with the gesture; setters emit nothing.
    """

    changed = Signal(str)

    def __init__(self, label_width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label_width = label_width
        self._conditions = Conditions()
        self._seed = 0
        self._is_held = False
        self._category = _Choice(_("Category"), _("Categorical InfoGAN code."))
        self._category.currentIndexChanged.connect(self._choose_category)
        self._category_row = QWidget()
        self._category_row.setLayout(_form(label_width, self._category))
        self._rows: list[SliderRow] = []
        self._row_column = QVBoxLayout()
        self._row_column.setSpacing(4)
        self._reset = LabeledButton(
            "arrow-counter-clockwise", _("Reset"), _("Return to random codes per seed."), _("Reset the codes")
        )
        self._reset.clicked.connect(self._let_go)
        self._state = Label(wordWrap=True)
        self._state.setObjectName("muted")
        column = _column(self)
        column.addWidget(Heading(_("Codes"), self._reset))
        column.addWidget(self._state)
        column.addWidget(self._category_row)
        column.addLayout(self._row_column)
        self.set_counts(0, 0)

    def set_counts(self, categories: int, continuous: int) -> None:
        """Sets the number of values of the category and of continuous codes. Equal counts keep everything."""
        conditions = Conditions(categories=categories, continuous=continuous)
        if conditions != self._conditions:
            self._conditions, self._is_held = conditions, False
            self._category.set_options((OWN, *map(str, range(categories))))
            self._set_row_count(continuous)
        self._category_row.setVisible(categories > 0)
        self.setVisible(conditions.codes > 0)
        self._show()

    def set_seed(self, seed: int) -> None:
        """Sets the seed whose codes show while none are held."""
        self._seed = seed
        self._show()

    def codes(self) -> tuple[float, ...]:
        """Returns the category's shares, then the continuous codes; empty if random per seed."""
        if not self._is_held:
            return ()
        chosen = self._category.currentIndex() - 1
        shares = [float(category == chosen) for category in range(self._conditions.categories)]
        return (*shares, *(row.value() for row in self._rows))

    def set_codes(self, codes: Sequence[float]) -> None:
        """Shows held codes; empty if random per seed."""
        self._is_held = bool(codes)
        categories = self._conditions.categories
        if codes:
            shares = list(codes[:categories])
            self._category.set_index(1 + shares.index(max(shares)) if any(shares) else 0)
            for row, value in zip(self._rows, codes[categories:], strict=False):
                row.set_value(value)
        self._show()

    def _set_row_count(self, count: int) -> None:
        while len(self._rows) > count:
            row = self._rows.pop()
            self._row_column.removeWidget(row)
            row.deleteLater()
        while len(self._rows) < count:
            self._add_row()

    def _add_row(self) -> None:
        number = len(self._rows) + 1
        row = SliderRow(
            _("Code {number}").format(number=number),
            -CODE_REACH,
            CODE_REACH,
            0.0,
            step=0.05,
            help=_("Continuous InfoGAN code {number}. Trained from -1 to 1; results outside are extrapolated.").format(
                number=number
            ),
        )
        scale_length(row, row.set_label_width, self._label_width)
        row.valueChanged.connect(lambda _value: self._hold(f"code {number}"))
        self._row_column.addWidget(row)
        # Otherwise Tab would visit it after the existing widgets below.
        before = self._rows[-1].tab_stops()[-1] if self._rows else self._category
        for first, second in pairwise((before, *row.tab_stops())):
            QWidget.setTabOrder(first, second)
        self._rows.append(row)

    def _choose_category(self, index: int) -> None:
        if index > 0:
            self._hold(f"category {index}")
        else:
            self._let_go()

    def _hold(self, gesture: str) -> None:
        """Holds the codes. All are set or none, so the others keep the values of seed A."""
        if self._conditions.categories and self._category.currentIndex() <= 0:
            self._category.set_index(1 + self._seed % self._conditions.categories)
        self._is_held = True
        self._show()
        self.changed.emit(gesture)

    def _let_go(self) -> None:
        self._is_held = False
        self._show()
        self.changed.emit("own_codes")

    def _show(self) -> None:
        self._reset.setEnabled(self._is_held)
        if self._is_held:
            self._state.setText(_("The same for every seed."))
            return
        self._state.setText(_("Random per seed; shown are those of the image."))
        self._category.set_index(0)
        own = seed_codes(self._seed, self._conditions)[self._conditions.categories :]
        for row, value in zip(self._rows, own.tolist(), strict=True):
            row.set_value(value)


class _Choice(ElidedComboBox):
    def __init__(self, name: str, help: str) -> None:
        super().__init__()
        self.setMaxVisibleItems(20)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(WheelGuard(self))
        self.setAccessibleName(name)
        self.setToolTip(plain_tip(help))

    def set_options(self, names: Iterable[str]) -> None:
        """Sets other options and chooses the first."""
        with QSignalBlocker(self):
            self.clear()
            for row, name in enumerate(names):
                self.addItem(name)
                self.setItemData(row, plain_tip(name), Qt.ItemDataRole.ToolTipRole)  # the text may be elided

    def set_index(self, index: int) -> None:
        """Shows an option."""
        with QSignalBlocker(self):
            self.setCurrentIndex(index)


def _column(parent: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 6, 0, 0)
    column.setSpacing(8)
    return column


def _form(label_width: int, *choices: _Choice) -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(8)
    form.setVerticalSpacing(4)
    for choice in choices:
        form.addRow(choice.accessibleName(), choice)
        label = form.labelForField(choice)
        scale_length(label, label.setMinimumWidth, label_width)
        label.setToolTip(choice.toolTip())
    return form
