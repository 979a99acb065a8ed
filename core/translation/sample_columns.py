"""Columns of the sample grid of a translation. Imports no torch."""

from __future__ import annotations

from core.language import _

COLUMNS = 3
GENERATED = (1,)
"""Numbers of the columns with generated images."""


def sample_columns(has_pairs: bool) -> tuple[str, ...]:
    """Returns the titles of the columns; each row belongs to one image. Without pairs, the last holds any target."""
    return _("Input"), _("Output"), _("Target") if has_pairs else _("Example")


def sample_rows(samples: int) -> int:
    """Returns the number of rows of a grid of about `samples` images."""
    return max(samples // COLUMNS, 1)
