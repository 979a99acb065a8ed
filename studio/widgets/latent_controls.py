"""What decides an image besides the place on the way from A to B: two seeds, psi, conditions and directions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from studio.widgets.condition_controls import ClassControls, CodeControls
from studio.widgets.heading import Heading
from studio.widgets.labelled_button import LabelledButton
from studio.widgets.seed_box import SeedBox
from studio.widgets.slider_row import SliderRow

MOST_DIRECTIONS = 10
"""Sliders that are shown; later directions change little."""
REACH = 5.0
"""Standard deviations of z that a direction slider goes to either side."""
WIDTH = 356
LABEL_WIDTH = 82


class LatentControls(QScrollArea):
    """A scrollable column. `changed` comes once per change by hand; the setters emit nothing."""

    changed = Signal()
    swapped = Signal()
    """A and B changed places; comes instead of `changed`, as the place between them may want to change too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seed_a = _seed_box(0, "A", "where the way begins")
        self._seed_b = _seed_box(1, "B", "where the way ends")
        self._psi = SliderRow(
            "Diversity ψ",
            0.0,
            2.0,
            1.0,
            help="Truncation ψ: near 0 every image is the typical one, 1 is what was trained, above 1 is more daring.",
        )
        self._psi.set_label_width(LABEL_WIDTH)
        self._classes = ClassControls(LABEL_WIDTH)
        self._codes = CodeControls(LABEL_WIDTH)
        self._directions: list[SliderRow] = []
        self._direction_column = QVBoxLayout()
        self._direction_column.setSpacing(4)
        self._reset_all = LabelledButton(
            "arrow-counter-clockwise", "Reset all", "Set every direction back to 0.", "Reset all directions"
        )
        self._no_directions = QLabel("This generator has no directions.")
        self._no_directions.setObjectName("muted")
        self._seed_a.valueChanged.connect(self._change_seed_a)
        self._seed_b.valueChanged.connect(self.changed)
        self._classes.changed.connect(self.changed)
        self._codes.changed.connect(self.changed)
        self._psi.valueChanged.connect(self._change)
        self._reset_all.clicked.connect(self._reset_directions)
        self._build()
        self.set_direction_count(0)

    def _build(self) -> None:
        swap = LabelledButton("swap", "Swap A and B", "Let A and B change places; the image stays as it is.")
        swap.clicked.connect(self._swap)
        seeds = QFormLayout()
        seeds.setHorizontalSpacing(8)
        seeds.addRow("Seed A", self._seed_a)
        seeds.addRow("Seed B", self._seed_b)
        seeds.addRow("", swap)
        for label in (seeds.labelForField(self._seed_a), seeds.labelForField(self._seed_b)):
            label.setFixedWidth(LABEL_WIDTH)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(12, 4, 12, 12)
        column.setSpacing(8)
        column.addWidget(Heading("Seeds"))
        column.addLayout(seeds)
        column.addSpacing(6)
        column.addWidget(self._psi)
        column.addWidget(self._classes)
        column.addWidget(self._codes)
        column.addSpacing(6)
        column.addWidget(Heading("Directions", self._reset_all))
        column.addWidget(self._no_directions)
        column.addLayout(self._direction_column)
        column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Seeds, diversity, conditions and directions")

    def seeds(self) -> tuple[int, int]:
        """A and B."""
        return self._seed_a.value(), self._seed_b.value()

    def set_seeds(self, a: int, b: int) -> None:
        self._seed_a.set_value(a)
        self._seed_b.set_value(b)
        self._codes.set_seed(a)

    def psi(self) -> float:
        return self._psi.value()

    def set_psi(self, psi: float) -> None:
        self._psi.set_value(psi)

    def classes(self) -> tuple[float, ...]:
        """A share of each class; empty where each seed brings its own."""
        return self._classes.shares()

    def codes(self) -> tuple[float, ...]:
        """The category's shares, then the continuous codes; empty where each seed brings its own."""
        return self._codes.codes()

    def set_conditions(self, classes: Sequence[str], categories: int, continuous: int) -> None:
        """Show what the generator can be asked for; what was chosen stays while these are the same."""
        self._classes.set_names(classes)
        self._codes.set_counts(categories, continuous)

    def directions(self) -> tuple[float, ...]:
        """Standard deviations along each direction; empty when all are 0, so that equal images have equal requests."""
        values = tuple(row.value() for row in self._directions)
        return values if any(values) else ()

    def set_direction_count(self, count: int) -> None:
        """Show as many sliders as the generator has directions, `MOST_DIRECTIONS` at most; those that stay keep
        their values."""
        count = min(count, MOST_DIRECTIONS)
        while len(self._directions) > count:
            row = self._directions.pop()
            self._direction_column.removeWidget(row)
            row.deleteLater()
        while len(self._directions) < count:
            self._add_direction()
        self._no_directions.setVisible(count == 0)
        self._show_resettable()

    def _add_direction(self) -> None:
        number = len(self._directions) + 1
        row = SliderRow(
            f"Direction {number}",
            -REACH,
            REACH,
            0.0,
            step=0.1,
            decimals=1,
            help=f"Moves the latent along the generator's direction {number} (1 is the strongest), in standard "
            "deviations of z. What it changes depends on what the generator has learned.",
        )
        row.set_label_width(LABEL_WIDTH)
        row.valueChanged.connect(self._change)
        self._directions.append(row)
        self._direction_column.addWidget(row)

    def _reset_directions(self) -> None:
        for row in self._directions:
            row.set_value(0.0)
        self._change()

    def _change_seed_a(self, seed: int) -> None:
        self._codes.set_seed(seed)
        self.changed.emit()

    def _swap(self) -> None:
        self.set_seeds(*reversed(self.seeds()))
        self.swapped.emit()

    def _change(self) -> None:
        self._show_resettable()
        self.changed.emit()

    def _show_resettable(self) -> None:
        self._reset_all.setEnabled(bool(self.directions()))


def _seed_box(value: int, name: str, meaning: str) -> SeedBox:
    box = SeedBox(value)
    field = box.focusProxy() or box  # what a screen reader stops at
    field.setAccessibleName(f"Seed {name}")
    field.setToolTip(f"Seed {name}: {meaning}.")
    for button in box.findChildren(QToolButton):
        button.setAccessibleName(f"{button.accessibleName()} {name}")
    return box
