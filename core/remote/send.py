"""Sending a training to another machine: its images and checkpoint are copied, and it is added to the queue there."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from core import __version__
from core.config.settings import Settings
from core.errors import UserError
from core.events import Event
from core.language import _
from core.remote.connection import Connection
from core.remote.copy import checkpoint_copy, copy, prepared_copy
from core.runs.run_name import dataset_title


def send(
    connection: Connection,
    source: str,
    settings: Settings,
    given: Mapping[str, Any] | None,
    resume: Path | None = None,
) -> Generator[Event, None, dict[str, Any]]:
    """Copies the prepared images of a source to a host and adds a training on them to the queue there, which starts.

    `given`: settings that the user chose, as for `TrainingJob`. `resume`: checkpoint to begin from, which is copied.
    Yields `Progress`; returns the facts of the entry (`core.queue.folder.Listed.facts`). Raises `UserError`.
    """
    connection.call("hello")
    if connection.version != __version__:
        raise UserError(
            _("{host} has version {there} of GAN Studio, and this machine {here}.").format(
                host=connection.host.name, there=connection.version, here=__version__
            ),
            _("Install this version with gan-studio hosts install {host}.").format(host=connection.host.name),
        )
    copied = yield from prepared_copy(source, settings.preparation)
    if copied is not None:
        yield from copy(connection, copied)
    begun = None
    if resume is not None:
        begun = yield from checkpoint_copy(resume)
        yield from copy(connection, begun)
    cluster = connection.host.cluster
    added = connection.call(
        "add",
        source=copied.source if copied is not None else source,
        title=dataset_title(source),
        settings=settings.model_dump(mode="json"),
        given=None if given is None else dict(given),
        device=settings.device,
        cluster=cluster.model_dump() if cluster else None,
        resume=begun.name if begun else None,
    )
    return added.header
