"""Settings drawer: every setting of a training, under the tabs Simple and Expert."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QTabWidget, QVBoxLayout, QWidget

from studio.widgets.settings.form import SettingsForm

SIMPLE, EXPERT = range(2)


class SettingsDrawer(QWidget):
    """Hosts the form. Both tabs show and change the same settings, which `form` holds."""

    tab_chosen = Signal(int)
    """`SIMPLE` or `EXPERT`: the person turned to the other tab."""
    expectation_changed = Signal(str, bool)
    """What to expect of a training with these settings, in a sentence, and whether it is a warning."""
    undo_changed = Signal(bool, bool)
    """Whether there is a change of a setting to undo, and one to redo."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm()
        self._tabs = QTabWidget()
        self._tabs.addTab(_scrolled(self.form), "Expert")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs)

    def tab(self) -> int:
        """The tab that is shown: `SIMPLE` or `EXPERT`."""
        return EXPERT

    def set_tab(self, tab: int) -> None:
        """Shows one tab without a `tab_chosen`."""

    def focus_first(self) -> None:
        """Gives the keyboard to the first setting of the tab that is shown."""
        self.form.widget("preset").setFocus()

    def undo(self) -> None:
        """Takes back the last change that the person made to a setting."""

    def redo(self) -> None:
        """Makes again what was undone last."""


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea(widgetResizable=True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
