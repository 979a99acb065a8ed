"""Controller of View > Language, which takes effect at the next start, and of fonts that lack the language's signs."""

from __future__ import annotations

from functools import partial

from core.errors import UserError
from core.language import LANGUAGE, _, choice, in_language, languages
from studio import qt_translations, window_state
from studio.controllers.menus import Menus
from studio.main_window import MainWindow

NO_FONT = "No installed font has the signs of this language.", "Install Noto Sans CJK (package fonts-noto-cjk)."
"""English, since its own text could not be read."""


class LanguageController:
    """Stores the language and tells when it changes."""

    def __init__(self, window: MainWindow, menus: Menus) -> None:
        self._window, self._actions = window, menus.languages
        self._actions[window_state.language()].setChecked(True)
        for code, action in self._actions.items():
            action.triggered.connect(partial(self.choose, code))

    def choose(self, code: str, *_arguments: object) -> None:
        """Stores a language, by its code, for the next start; empty for the system's."""
        try:
            window_state.keep_language(code)
        except UserError as error:
            self._actions[window_state.language()].setChecked(True)
            self._window.banner.show_problem(error.what, error.remedy, error.details)
            return
        if (following := choice.choose()) == LANGUAGE:
            name = languages().get(LANGUAGE, LANGUAGE)
            self._window.banner.show_notice(_("The language stays {name}.").format(name=name))
        else:
            text = in_language(following, "The language changes when GAN Studio is opened the next time.")
            self._window.banner.show_notice(text)

    def check_signs(self) -> None:
        """Tells if the texts cannot be read, as no installed font has their signs."""
        if not qt_translations.has_signs():
            self._window.banner.show_problem(*NO_FONT)
