"""Numbers and dates in the notation of the language."""

from __future__ import annotations

from datetime import datetime

from core.language.choice import ENGLISH, LANGUAGE, PSEUDO

_NOTATION = ENGLISH if LANGUAGE == PSEUDO else LANGUAGE


def number(value: float, decimals: int = 0) -> str:
    """Returns a number with separators of thousands and a fixed number of decimals: 1,234 and 0.50."""
    if _NOTATION == ENGLISH:
        return f"{value:,.{decimals}f}"  # Babel takes 60 ms to import
    from babel.numbers import format_decimal

    return format_decimal(value, "#,##0" + "." * bool(decimals) + "0" * decimals, _NOTATION)


def date_text(moment: datetime) -> str:
    """Returns a day: 3 Nov 2026."""
    if _NOTATION == ENGLISH:
        return f"{moment.day} {moment:%b %Y}"
    from babel.dates import format_date

    return format_date(moment, "medium", _NOTATION)
