"""Settings drawer: every setting of a training, under the tabs Simple and Expert."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from core.config.settings import Settings
from core.devices.device import KINDS
from core.errors import UserError
from core.events import Tuned
from core.language import _
from core.monitoring.expectation import Expectation, Machine, expect, table_rate
from studio.widgets.basic.labels import WrappedLabel
from studio.widgets.settings.expert_page import ExpertPage
from studio.widgets.settings.form import SettingsForm
from studio.widgets.settings.setting_undo import SettingUndo
from studio.widgets.settings.simple_page import SimplePage

SIMPLE, EXPERT = range(2)
FASTEST_MACHINE = 1e6
"""Largest plausible speed relative to the table; stored values above it are ignored."""


class SettingsDrawer(QWidget):
    """Drawer with the form in two tabs, which show and change the same settings."""

    expectation_changed = Signal(str, bool)
    """A sentence on the expected duration of a training with these settings, and whether it is a warning."""
    undo_changed = Signal(bool, bool)
    """Tells whether a change of a setting can be undone or redone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm()
        self.simple, self.expert = SimplePage(self.form), ExpertPage(self.form)
        self.simple.changes_chosen.connect(self.form.change)
        self._undo = SettingUndo(self.form)
        self._undo.changed.connect(self.undo_changed)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.simple, _("Simple"))
        self._tabs.addTab(self.expert, _("Expert"))
        self._error = WrappedLabel(role="error")
        self._error.hide()
        self.form.refused.connect(self._show_error)
        self._speeds: dict[str, float] = {}
        self._expected = Expectation("")
        self.form.changed.connect(self._expect)
        self.form.shown.connect(self._expect)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs, 1)
        layout.addWidget(self._error)

    def tab(self) -> int:
        """Returns the visible tab: `SIMPLE` or `EXPERT`."""
        return self._tabs.currentIndex()

    def set_tab(self, tab: int) -> None:
        """Shows one tab."""
        self._tabs.setCurrentIndex(tab)

    def focus_first(self) -> None:
        """Focuses the first setting of the visible tab."""
        (self.simple, self.expert)[self.tab()].focus_first()

    def show_tuned(self, tuned: Tuned, settings: Settings) -> None:
        """Learns the speed of a device from its trial, for later expectations."""
        if tuned.rates and not settings.translates:  # the table is of images from noise
            self._speeds[tuned.device] = max(tuned.rates.values()) / table_rate(settings)
            self._expect()

    def show_rate(self, rate: float, settings: Settings) -> None:
        """Learns the speed of a device from a training, in images/s, as the machine may have been busy during the
        trial."""
        if rate > 0 and not settings.translates:
            self._speeds[self.form.device_kind] = rate / table_rate(settings)

    def speeds(self) -> dict[str, float]:
        """Returns measured speeds by device kind, relative to the table of `core.monitoring.expectation`."""
        return dict(self._speeds)

    def set_speeds(self, speeds: Mapping[str, Any]) -> None:
        """Takes over speeds measured in an earlier session; ignores invalid ones."""
        for kind, speed in speeds.items():
            if kind in KINDS and isinstance(speed, float) and 0 < speed < FASTEST_MACHINE:
                self._speeds[kind] = speed
        self._expect()

    def undo(self) -> None:
        """Undoes the last change of a setting by the person."""
        self._undo.undo()

    def redo(self) -> None:
        """Redoes the last undone change."""
        self._undo.redo()

    def can_undo(self) -> tuple[bool, bool]:
        """Returns whether a change can be undone and redone."""
        return self._undo.can_undo, self._undo.can_redo

    def clear_undo(self) -> None:
        """Clears the undo history, as another dataset or run is open."""
        self._undo.clear()

    def _show_error(self, text: str) -> None:
        self._error.setText(text)
        self._error.setVisible(bool(text))

    def _expect(self) -> None:
        found = Expectation("")
        if self.form.is_locked:
            return  # expected at the start
        if self.form.is_ready:
            with suppress(UserError):  # invalid settings, reported below
                kind = self.form.device_kind
                machine = Machine(kind, os.cpu_count() or 1, self._speeds.get(kind))
                found = expect(self.form.settings(), self.form.facts.images, machine)
        if found != self._expected:
            self._expected = found
            self.simple.show_expectation(found.text, found.is_warning)
            self.expectation_changed.emit(found.text, found.is_warning)
