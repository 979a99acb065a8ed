"""The queue of another machine: its actions, as those of `gan-studio queue`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.remote.connection import Connection


class Printed(NamedTuple):
    """Result of an action: its exit code, and what it prints on the two outputs."""

    code: int
    output: str
    errors: str


def act(connection: Connection, action: str, *words: str) -> Printed:
    """Runs an action of `gan-studio queue` there, such as `act(connection, "stop", id)`. Raises `UserError`.

    An entry of a Slurm cluster that is retried is submitted again, with the resources of the host.
    """
    cluster = connection.host.cluster
    resources = cluster.model_dump() if cluster else None
    done = connection.call("queue", arguments=[action, *words], cluster=resources).header
    return Printed(int(done["code"]), str(done["output"]), str(done["errors"]))


def edit(connection: Connection, entry: str, values: Mapping[str, Any]) -> None:
    """Changes settings of an entry there; of one that runs, live settings. Raises `UserError`."""
    connection.call("edit", entry=entry, values=dict(values))
