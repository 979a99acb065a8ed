"""Change of the settings of an entry: in the queue while it waits, in its training while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import UserError
from core.language import _
from core.queue.folder import Queue
from core.runs.requests import Request, ask, wait_for_answer


def edit(queue: Queue, id: str, values: Mapping[str, Any]) -> None:
    """Changes settings of an entry. Raises `UserError` for invalid ones, for settings that only a new training can
    change if it runs, and if it has ended."""
    if not values:
        raise UserError(_("No setting was given."), _("Name one, such as --lr-g 1e-4."))
    listed = queue.entry(id)
    if listed.state.is_active:
        wait_for_answer(ask(listed.entry.out, Request("edit", dict(values))))
    else:
        queue.replace(listed.id, listed.entry.changed(**values))
