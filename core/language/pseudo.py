"""Pseudo-language: English texts in other signs, 40 % longer.

A text on screen without these signs is not translated, and one that is clipped has no room for a longer language.
"""

from __future__ import annotations

import gettext
import re

FIRST, LAST = "⟦", "⟧"
LONGER = 0.4
_SIGNS = str.maketrans("aceginosuyACEINOSU", "áçéğíñóšúýÁÇÉÍÑÓŠÚ")
_KEPT = re.compile(r"(\{[^{}]*\}|<[^<>]*>|&\w+;|&)")
"""Placeholders, tags, entities and marks of shortcuts."""


class PseudoTranslations(gettext.NullTranslations):
    """Catalog of the pseudo-language."""

    def gettext(self, message: str) -> str:
        """Returns a text in the pseudo-language."""
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Returns the form for a number in the pseudo-language."""
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        """Returns a text in the pseudo-language."""
        return pseudo(message)


def pseudo(text: str) -> str:
    """Returns a text with other signs, 40 % longer, in brackets. Placeholders and tags stay."""
    parts = _KEPT.split(text)
    parts[::2] = [part.translate(_SIGNS) for part in parts[::2]]
    return f"{FIRST}{''.join(parts)}{'~' * round(LONGER * sum(map(len, parts[::2])))}{LAST}"
