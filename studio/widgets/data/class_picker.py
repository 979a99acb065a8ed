"""Button with a list of many classes, which is searched, to choose some of them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from core.language import _, number, one_of, plural
from studio.widgets.basic.labels import literal, plain_tip

LONGEST = 24
"""Most characters of a class name on the button."""


class ClassPicker(QToolButton):
    """Button with a searchable list of classes and their counts, of which several can be chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setProperty("hasMenu", True)
        self._search = QLineEdit(placeholderText=_("Search classes"), clearButtonEnabled=True)
        self._search.setAccessibleName(_("Search classes"))
        self._search.textChanged.connect(self._find)
        self._list = QListWidget()
        self._list.setAccessibleName(_("Classes"))
        self._list.itemChanged.connect(self._tell)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(8, 8, 8, 8)
        for widget in (self._search, self._list):
            column.addWidget(widget)
        menu, action = QMenu(self), QWidgetAction(self)
        action.setDefaultWidget(page)
        menu.addAction(action)
        menu.aboutToShow.connect(self._search.setFocus)
        self.setMenu(menu)
        self._show_chosen()

    def set_classes(self, counts: Mapping[str, int]) -> None:
        """Sets the classes and their numbers of images; keeps the chosen ones."""
        chosen = self.chosen()
        self._list.blockSignals(True)
        self._list.clear()
        for name, count in counts.items():
            item = QListWidgetItem(f"{name}  {number(count)}")
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked if name in chosen else Qt.CheckState.Unchecked)
            self._list.addItem(item)
        self._list.blockSignals(False)
        self._show_chosen()

    def chosen(self) -> frozenset[str]:
        return frozenset(
            item.data(Qt.ItemDataRole.UserRole) for item in self._items() if item.checkState() == Qt.CheckState.Checked
        )

    def choose(self, classes: frozenset[str]) -> None:
        """Chooses exactly these classes; emits nothing."""
        self._list.blockSignals(True)
        for item in self._items():
            is_chosen = item.data(Qt.ItemDataRole.UserRole) in classes
            item.setCheckState(Qt.CheckState.Checked if is_chosen else Qt.CheckState.Unchecked)
        self._list.blockSignals(False)
        self._show_chosen()

    def _items(self) -> list[QListWidgetItem]:
        return [self._list.item(at) for at in range(self._list.count())]

    def _find(self, text: str) -> None:
        for item in self._items():
            item.setHidden(text.lower() not in item.text().lower())

    def _tell(self) -> None:
        self._show_chosen()
        self.changed.emit()

    def _show_chosen(self) -> None:
        chosen = sorted(self.chosen())
        text = _("Classes {number}").format(number=number(self._list.count()))
        if chosen:
            several = plural("{count} class", "{count} classes", len(chosen))
            text = chosen[0][:LONGEST] if len(chosen) == 1 else several
        self.setText(literal(text))
        self.setChecked(bool(chosen))
        self.setToolTip(plain_tip("\n".join([_("Show only images of some classes"), *chosen[:20]])))
        wanted = _("Filter by class: {classes}").format(classes=one_of(chosen[:5])) if chosen else ""
        self.setAccessibleName(wanted or _("Filter by class: all"))
