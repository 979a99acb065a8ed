"""Expert page of the settings drawer: the form, with a search field and a filter for changes."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from core.language import _, number
from studio import theme
from studio.widgets.basic.labels import LabeledButton
from studio.widgets.settings.form import SettingsForm
from studio.widgets.settings.scrolled import scrolled


class ExpertPage(QWidget):
    """Page that filters the form by search text, by changes from the preset, or by both."""

    def __init__(self, form: SettingsForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self._search = QLineEdit(placeholderText=_("Search settings"), clearButtonEnabled=True)
        self._search.setAccessibleName(_("Search settings"))
        self._search.setToolTip(_("Search titles, help, choices, and command-line keys"))
        self._search.addAction(theme.icon("magnifying-glass", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._changed = LabeledButton(
            "funnel", _("Changed"), _("Show only settings that differ from the preset"), _("Changed only")
        )
        self._changed.setCheckable(True)
        self._search.textChanged.connect(self._filter)
        self._changed.toggled.connect(self._filter)
        form.changed.connect(self._count)
        form.shown.connect(self._count)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 4, 0)
        row.addWidget(self._search, 1)
        row.addWidget(self._changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(row)
        column.addWidget(scrolled(form), 1)
        self._count()

    def focus_first(self) -> None:
        """Focuses the first setting."""
        self._form.widget("preset").setFocus()

    def _filter(self) -> None:
        self._form.set_filter(self._search.text(), self._changed.isChecked())

    def _count(self) -> None:
        count = len(self._form.changes())
        self._changed.setText(_("Changed ({number})").format(number=number(count)) if count else _("Changed"))
