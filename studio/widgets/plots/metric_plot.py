"""Plot with a selectable subject: each family of a run's numbers that can share an axis."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.stats.keys import family, is_spread, meaning, measured, protocol_text, short, title
from studio.model.history import History
from studio.widgets.basic.labels import ElidedComboBox, wrapped_tip
from studio.widgets.plots.curve_plot import CurvePlot

HIDDEN = ("Memory/", "Timing/")
"""The footer tells these."""


class MetricPlot(CurvePlot):
    """Shows `usual` curves, pairs of (key, label), until the person chooses others.

    Numbers that were measured in different ways are different subjects, so that they never share an axis.
    """

    def __init__(self, history: History, usual: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(history, usual, parent)
        self._usual = list(usual)
        self._offered: tuple[tuple[str, ...], tuple[tuple[str, str], ...]] = (), ()
        self._families: dict[str, list[str]] = {}
        self._subject = ElidedComboBox()
        self._subject.setAccessibleName("What is plotted")
        self._subject.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._subject.setMinimumContentsLength(6)
        self._subject.setMaximumWidth(420)
        self._subject.activated.connect(lambda _: self._show_subject())
        self._subject.hide()
        self._tools.insertWidget(0, self._subject, 1)
        self._name.hide()  # what is plotted is more worth its room; the slider's tip says what it is
        self._smoothing.setMaximumWidth(64)

    def offer(self, keys: Sequence[str], usual: Sequence[tuple[str, str]], without: Sequence[str]) -> None:
        """What there is to choose from, the `usual` first; `without`: keys that another plot shows."""
        if (offered := (tuple(keys), tuple(usual))) == self._offered:
            return
        self._offered = offered
        self._usual = list(usual)
        self._families = _families([*dict(usual), *keys] if keys else [], without)
        chosen = self._subject.currentData()
        with QSignalBlocker(self._subject):
            self._subject.clear()
            for name, members in self._families.items():
                self._subject.addItem(_title(members), name)
                last = self._subject.count() - 1
                self._subject.setItemData(last, wrapped_tip(*_tip(members)), Qt.ItemDataRole.ToolTipRole)
            self._subject.setCurrentIndex(max(self._subject.findData(chosen), 0))
        self._subject.setVisible(len(self._families) > 1)
        self._show_subject()

    def show_keys(self, keys: Sequence[str]) -> None:
        """The subject that the first of these keys belongs to, if there is one."""
        for key in keys:
            index = self._subject.findData(family(key))
            if index >= 0:
                self._subject.setCurrentIndex(index)
                self._show_subject()
                return

    def _show_subject(self) -> None:
        members = self._families.get(self._subject.currentData(), [])
        self._subject.setToolTip(wrapped_tip(*_tip(members)) if members else "")
        labels = dict(self._usual)
        self.set_curves([(key, labels.get(key, short(key))) for key in members] or self._usual)


def _families(keys: Sequence[str], without: Sequence[str]) -> dict[str, list[str]]:
    """What shares an axis, by name, in the order of first appearance."""
    families: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        if key not in without and not key.startswith(HIDDEN) and not is_spread(key):
            families.setdefault(family(key), []).append(key)
    return families


def _title(keys: list[str]) -> str:
    metric = measured(keys[0])
    return f"{title(keys)}: {protocol_text(metric[1])}" if metric else title(keys)


def _tip(keys: list[str]) -> tuple[str, str]:
    return _title(keys), meaning(keys[0])
