"""Group of settings: a titled box of rows, and a foldable part for rarely used ones."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QGroupBox, QToolButton, QVBoxLayout, QWidget

from core.language import _, number, titled
from studio.widgets.settings.row_label import RowLabel


class SettingGroup(QGroupBox):
    """Box of rows named by their settings. A group without visible rows is hidden."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName("settings")
        self._rows: dict[str, tuple[QFormLayout, QWidget]] = {}
        self._advanced: set[str] = set()
        self._shown: set[str] = set()
        self._is_unfolded = self._is_filtered = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)  # the rows begin with a gutter
        self._usual, self._rare = QWidget(), QWidget()
        self._forms = [_form(self._usual), _form(self._rare)]
        self._fold = QToolButton(autoRaise=True)
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setToolTip(_("Show settings that rarely need a change"))
        self._fold.toggled.connect(self._unfold)
        for widget in (self._usual, self._fold, self._rare):
            column.addWidget(widget)
        self.set_changed(0)
        self._arrange()

    def add_row(self, name: str, label: RowLabel | None, widget: QWidget, advanced: bool) -> None:
        """Adds the row of the setting `name`, over the whole width if it has no label."""
        form = self._forms[advanced]
        if label is None:
            form.addRow(widget)
        else:
            form.addRow(label, widget)
        self._rows[name] = form, widget
        self._shown.add(name)
        if advanced:
            self._advanced.add(name)
        self._arrange()

    def advanced(self) -> frozenset[str]:
        """Returns the names of the folded settings."""
        return frozenset(self._advanced)

    def show_rows(self, shown: set[str], is_filtered: bool) -> None:
        """Shows these rows, including folded ones while the form `is_filtered`."""
        ours = shown & self._rows.keys()
        if (ours, is_filtered) == (self._shown, self._is_filtered):
            return
        self._shown, self._is_filtered = ours, is_filtered
        for name, (form, widget) in self._rows.items():
            form.setRowVisible(widget, name in ours)
        self.setHidden(not ours)
        self._arrange()

    def set_changed(self, hidden: int) -> None:
        """Sets the number of folded settings that differ from the preset."""
        self._fold.setText(_("Advanced, {number} changed").format(number=number(hidden)) if hidden else _("Advanced"))
        self._fold.setAccessibleName(titled(self._fold.text(), self.title()))

    def _unfold(self, unfolded: bool) -> None:
        self._is_unfolded = unfolded
        self._arrange()

    def _arrange(self) -> None:
        usual, rare = (any(form.isRowVisible(row) for row in range(form.rowCount())) for form in self._forms)
        self._usual.setVisible(usual)
        self._fold.setVisible(rare and not self._is_filtered)
        self._rare.setVisible(rare and (self._is_filtered or self._is_unfolded))
        self._fold.setArrowType(Qt.ArrowType.DownArrow if self._is_unfolded else Qt.ArrowType.RightArrow)


def _form(page: QWidget) -> QFormLayout:
    form = QFormLayout(page)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
