"""Dialog with the versions of the program and its libraries, and the license."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from core.language import _
from studio import theme
from studio.widgets.basic.labels import Glyph, Label, WrappedLabel

SENTENCE = _("Train, watch and explore generative adversarial networks on your own images.")
LICENSE = _("Free software under the Apache License 2.0, without warranty of any kind. Icons: Phosphor (MIT License).")

WIDTH = 440


class AboutDialog(QDialog):
    """Shows rows of a name and a version."""

    def __init__(self, rows: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("About GAN Studio"))
        headline = Label("GAN Studio")
        headline.setObjectName("headline")
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(Glyph("sparkle", 32, "accent"))
        top.addWidget(headline, 1)
        facts = QGridLayout()
        facts.setColumnStretch(1, 1)
        facts.setHorizontalSpacing(16)
        for number, (name, version) in enumerate(rows):
            title, fact = Label(name), Label(version)
            title.setObjectName("muted")
            fact.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            facts.addWidget(title, number, 0)
            facts.addWidget(fact, number, 1)
        copy, close = QPushButton(_("Copy")), QPushButton(_("Close"))
        copy.setToolTip(_("Copy the versions, for a bug report"))
        text = "\n".join(f"{name} {version}" for name, version in rows)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(copy)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(WrappedLabel(SENTENCE))
        column.addLayout(facts)
        column.addWidget(WrappedLabel(LICENSE, "muted"))
        column.addStretch()
        column.addLayout(foot)
        self.setMinimumWidth(theme.scaled(WIDTH))
