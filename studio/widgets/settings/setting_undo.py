"""Undo of settings: each change by the person is a step; changes by the program belong to every step."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.model.undo import Undo
from studio.widgets.settings.form import SettingsForm

Values = dict[str, Any]


class SettingUndo(QObject):
    """Undo history of a form. While a training runs, only steps of live settings can be undone."""

    changed = Signal(bool, bool)
    """Tells whether undo and redo are possible."""

    def __init__(self, form: SettingsForm) -> None:
        super().__init__(form)
        self._form = form
        self._undo: Undo[Values] = Undo(form.values())
        form.changed.connect(self._do)
        form.shown.connect(self._follow)

    @property
    def can_undo(self) -> bool:
        return self._can_go_to(self._undo.previous)

    @property
    def can_redo(self) -> bool:
        return self._can_go_to(self._undo.next)

    def undo(self) -> None:
        """Undoes the last step, if it can be undone now."""
        if self.can_undo and self._undo.undo():
            self._form.restore(self._undo.state)

    def redo(self) -> None:
        """Redoes the last undone step, if it can be redone now."""
        if self.can_redo and self._undo.redo():
            self._form.restore(self._undo.state)

    def clear(self) -> None:
        """Clears all steps, as another dataset or run is open."""
        self._undo = Undo(self._form.values())
        self._tell()

    def _do(self, names: str) -> None:
        self._undo.do(self._form.values(), names, monotonic())
        self._tell()

    def _follow(self) -> None:
        now, before = self._form.values(), self._undo.state
        if delta := {name: value for name, value in now.items() if value != before[name]}:
            self._undo.rebase(lambda state: {**state, **delta})
        self._tell()

    def _tell(self) -> None:
        self.changed.emit(self.can_undo, self.can_redo)

    def _can_go_to(self, state: Mapping[str, Any] | None) -> bool:
        if state is None:
            return False
        now = self._undo.state
        return all(state[name] == now[name] or self._form.can_edit(name) for name in now)
