"""Translated texts, with plural forms and contexts."""

from __future__ import annotations

import gettext
import struct
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from core.language.choice import CATALOGS, ENGLISH, LANGUAGE, PSEUDO
from core.language.numbers import number
from core.language.pseudo import PseudoTranslations


def _read(language: str) -> gettext.NullTranslations:
    if language == PSEUDO:
        return PseudoTranslations()
    if language == ENGLISH:
        return gettext.NullTranslations()
    try:
        with (CATALOGS / f"{language}.mo").open("rb") as file:
            return gettext.GNUTranslations(file)
    except (OSError, ValueError, LookupError, struct.error):  # a damaged catalog leaves the texts in English
        return gettext.NullTranslations()


_catalog = _read(LANGUAGE)


def _(text: str) -> str:
    """Returns the translation of an English text.

    Values are put in afterwards, since languages order them differently: `_("Read {name}.").format(name=name)`.
    """
    return _catalog.gettext(text) if text else ""


def in_language(language: str, text: str) -> str:
    """Returns the translation of an English text into a language other than that of the process."""
    return _read(language).gettext(text)


def in_context(context: str, text: str) -> str:
    """Returns the translation of a text that has several meanings, such as "Open" for a button and for a state."""
    return _catalog.pgettext(context, text)


def plural(one: str, many: str, count: int, **values: Any) -> str:
    """Returns the translation that fits a number: `plural("{count} image", "{count} images", 12)`.

    `{count}` becomes the number in the notation of the language; `values` fill the other braces.
    """
    return _catalog.ngettext(one, many, count).format(count=number(count), **values)


def sentences(*texts: str) -> str:
    """Returns sentences one after another, with the space that the language puts between them; empty ones are left
    out."""
    pattern = in_context("two sentences", "{first} {second}")
    given = [text for text in texts if text]
    return reduce(lambda first, second: pattern.format(first=first, second=second), given) if given else ""


def titled(title: str, text: str) -> str:
    """Returns a text after its title: "Warning: 3 blank images."."""
    return in_context("title and text", "{title}: {text}").format(title=title, text=text)


def listed(names: Iterable[str]) -> str:
    """Returns names with what the language puts between them: "a, b, c"."""
    return in_context("between names in a list", ", ").join(names)


def all_of(names: Sequence[str]) -> str:
    """Returns names as a list in a sentence: "a, b and c"."""
    return _list(names, in_context("end of a list", "{first} and {last}"))


def one_of(names: Sequence[str]) -> str:
    """Returns names as alternatives in a sentence: "a, b or c"."""
    return _list(names, in_context("end of a list", "{first} or {last}"))


def _list(names: Sequence[str], end: str) -> str:
    *first, last = names
    beginning = listed(first)
    return end.format(first=beginning, last=last) if first else last
