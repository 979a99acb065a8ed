"""Qt's own texts in the language of the program, such as the buttons of its dialogs, and the signs of its fonts."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication

from core.language import ENGLISH, LANGUAGE, PSEUDO

SIGNS = {"zh": QFontDatabase.WritingSystem.SimplifiedChinese}
"""Writing systems that a font may lack, by the first part of a language's code."""


def install(app: QApplication, language: str = LANGUAGE) -> None:
    """Installs Qt's translations and the notation of numbers and dates. Qt's own texts are English."""
    if language in (ENGLISH, PSEUDO):
        return
    locale, translator = QLocale(language), QTranslator(app)
    QLocale.setDefault(locale)
    if translator.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)


def has_signs(language: str = LANGUAGE) -> bool:
    """Returns whether an installed font has the signs of a language."""
    signs = SIGNS.get(language.partition("_")[0])
    return signs is None or bool(QFontDatabase.families(signs))
