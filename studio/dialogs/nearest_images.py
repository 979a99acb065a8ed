"""Dialog that shows a generated image beside its nearest training images, which reveals memorization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.language import _, number, sentences
from studio.widgets.basic.help_button import HelpButton
from studio.widgets.basic.labels import Label
from studio.widgets.images.image_grid import ImageGrid
from studio.widgets.plots.distance_chart import DistanceChart

if TYPE_CHECKING:
    from studio.model.explore import NearestImages

MUCH_NEARER = 0.5
"""Ratio of median distances (generated to real) below which generated images are likely copies."""


class NearestImagesDialog(QDialog):
    """Non-modal dialog."""

    asked_otherwise = Signal()
    """Compare in the other space (pixels or features); this dialog closes for the new result."""

    def __init__(self, found: NearestImages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Nearest training images"))
        own, nearest = ImageGrid(generated=True), ImageGrid()
        own.setAccessibleName(_("Generated image"))
        own.set_images(np.ascontiguousarray(found.image)[None])
        pairs = zip(found.images, found.flipped, strict=True)
        shown = [each[:, ::-1] if mirrored else each for each, mirrored in pairs]
        nearest.setAccessibleName(_("Nearest training images"))
        nearest.set_images(np.ascontiguousarray(np.stack(shown)))
        nearest.set_columns(len(shown), [f"{distance:.3g}" for distance in found.distances])
        row = QHBoxLayout()
        row.addWidget(own, 1)
        row.addWidget(nearest, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(10)
        layout.addLayout(row, 3)
        if len(found.real):
            chart = DistanceChart()
            real = _("held-out images") if found.held_out else _("training images, to each other")
            chart.show_distances(found.distances[0], found.generated, found.real, real)
            layout.addWidget(chart, 2)
        layout.addLayout(self._build_foot(found))
        self.resize(1040, 560 if len(found.real) else 340)

    def _build_foot(self, found: NearestImages) -> QHBoxLayout:
        said = Label(
            sentences(
                _("Distance: {distance}.").format(distance=found.measured),
                _("If the nearest image is the same, the generator has memorized it."),
                _verdict(found),
            ),
            wordWrap=True,
        )
        said.setObjectName("muted")
        other = QPushButton(_("Compare pixels") if found.asked.in_features else _("Compare features"))
        other.setToolTip(_("Pixels reveal copies; features reveal similar content at another place"))
        other.clicked.connect(self.asked_otherwise)
        other.clicked.connect(self.accept)
        close = QPushButton(_("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(said, 1)
        foot.addWidget(HelpButton("memorization"), 0, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(other, 0, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(close, 0, Qt.AlignmentFlag.AlignBottom)
        return foot


def _verdict(found: NearestImages) -> str:
    if not len(found.real):
        return ""
    ratio = float(np.median(found.generated)) / max(float(np.median(found.real)), 1e-9)
    if ratio < MUCH_NEARER:
        if found.held_out:
            return _(
                "Generated images are much closer to the training images than held-out images: they may be copies."
            )
        return _(
            "Generated images are much closer to the training images than training images to each other: they may be "
            "copies."
        )
    if found.held_out:
        said = _("Median distance of generated images: {ratio} of that of held-out images.")
    else:
        said = _("Median distance of generated images: {ratio} of that of training images to each other.")
    return said.format(ratio=number(ratio, 2))
