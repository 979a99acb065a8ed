"""Requests of other processes to the training in a run, such as to stop it: files that it reads between two steps.

A request is a file in the folder `requests` of the run. The training carries requests out in the order in which they
were made, and replaces each by its answer, which the process that asked reads and removes. At its end it refuses those
that are left. What nobody fetched, such as after a kill, the next training in the run deletes without obeying it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, get_args

from core.concurrency import run_to_end
from core.data.names import content
from core.durable_write import replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.events import Waiting
from core.language import _

Kind = Literal["stop", "pause", "resume", "save", "edit", "measure"]

FOLDER, OPEN, PAUSED = "requests", "open", "paused"
"""Folder of the requests in a run, and files in it that exist while they are carried out, and while the training is
paused."""
REQUEST, ANSWER = ".json", ".answer"
POLL_SECONDS = 0.5
"""Seconds between two looks at the folder."""
MOST_BYTES = 2**16
"""Maximum size in bytes of a request or an answer."""
ANSWER_SECONDS = 30.0
"""Seconds to wait for an answer, unless the caller says otherwise: a step may take long."""


@dataclass(frozen=True)
class Request:
    """Request to a training: `values` are the settings to change, for the kind `edit`."""

    kind: Kind
    values: dict[str, Any] = field(default_factory=dict)


def ask(run: Path, request: Request) -> Path:
    """Writes a request into a run folder; returns its file. Raises `UserError` if the run has not begun, or its folder
    cannot be written to."""
    if not run.is_dir():
        raise UserError(_("The training has not begun yet."), _("Try again in a few seconds."))
    folder = run / FOLDER
    path = folder / f"{time.time_ns():020d}-{token_hex(4)}{REQUEST}"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    with replaced(path) as file:
        file.write_text(json.dumps({"kind": request.kind, "values": request.values}, ensure_ascii=False), "utf-8")
    return path


def wait_for_answer(asked: Path, seconds: float = ANSWER_SECONDS) -> None:
    """Returns when the training has carried a request out. Raises as `answered` does."""
    run_to_end(answered(asked, seconds))


def answered(asked: Path, seconds: float = ANSWER_SECONDS) -> Generator[Waiting, None, None]:
    """Yields `Waiting` until the training has carried a request out. Raises `UserError` if it refused, or did not
    answer within `seconds`; a request without an answer is taken back."""
    until, path = time.monotonic() + seconds, asked.with_suffix(ANSWER)
    while time.monotonic() < until:
        with suppress(*FOREIGN_ERRORS):
            answer = json.loads(content(path, MOST_BYTES))
            path.unlink()
            if answer["what"]:
                raise UserError(str(answer["what"]), str(answer["remedy"]))
            return
        yield Waiting()
        time.sleep(0.05)
    asked.unlink(missing_ok=True)
    raise UserError(
        _("The training did not answer within {seconds:g} s.").format(seconds=seconds),
        _("Try again: it may be at a long step, or have ended."),
    )


def takes_requests(run: Path) -> bool:
    """Returns whether the training in a run carries out requests, and this process may write them."""
    return (run / FOLDER / OPEN).is_file() and os.access(run / FOLDER, os.W_OK)


def is_paused(run: Path) -> bool:
    """Returns whether the training in a run is paused on request."""
    return (run / FOLDER / PAUSED).is_file()


class Inbox:
    """Requests to the training of this process in one run."""

    def __init__(self, run: Path, is_open: bool = True, is_lost: Callable[[], bool] = lambda: False) -> None:
        """Drops the requests to an earlier training. `is_open`: tells other processes that requests are carried out.
        `is_lost`: returns whether another process has taken over the run, whose requests stay.

        Raises `UserError` if the run cannot be written to.
        """
        self._folder, self._next, self._is_lost = run / FOLDER, 0.0, is_lost
        try:
            if self._folder.is_symlink():
                return
            if self._folder.is_dir():
                for left in self._folder.iterdir():
                    if left.suffix in (REQUEST, ANSWER) or left.name in (OPEN, PAUSED):
                        left.unlink()
            if is_open:
                self._folder.mkdir(exist_ok=True)
                (self._folder / OPEN).touch()
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def requests(self) -> Iterator[tuple[Path, Request]]:
        """Yields the new requests with their files, at most every `POLL_SECONDS`. Removes files that are none."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + POLL_SECONDS
        with suppress(OSError):  # a drive that does not answer is asked again
            if self._folder.is_symlink() or not self._folder.is_dir():
                return
            for path in sorted(self._folder.glob(f"*{REQUEST}")):
                if (request := _read(path)) is None:
                    path.unlink()
                else:
                    yield path, request

    def answer(self, asked: Path, problem: UserError | None = None) -> None:
        """Answers a request: carried out, or refused for a reason."""
        answer = {"what": problem.what, "remedy": problem.remedy} if problem else {"what": "", "remedy": ""}
        with suppress(OSError, UserError):  # the process that asked is told by the missing answer
            asked.unlink(missing_ok=True)
            with replaced(asked.with_suffix(ANSWER)) as file:
                file.write_text(json.dumps(answer, ensure_ascii=False), "utf-8")

    def close(self) -> None:
        """Refuses the requests that are left, as the training has ended, and takes no others."""
        ended = UserError(_("The training has ended."), _("Continue from the newest checkpoint of the run."))
        if self._folder.is_symlink() or self._is_lost():
            return
        with suppress(OSError):  # a drive that is gone: the next training drops the requests
            for mark in (OPEN, PAUSED):
                (self._folder / mark).unlink(missing_ok=True)
            for asked in self._folder.glob(f"*{REQUEST}"):
                self.answer(asked, ended)

    def set_paused(self, paused: bool) -> None:
        """Shows other processes whether the training is paused."""
        with suppress(OSError):
            (self._folder / PAUSED).touch() if paused else (self._folder / PAUSED).unlink(missing_ok=True)


def _read(path: Path) -> Request | None:
    with suppress(*FOREIGN_ERRORS):
        found = json.loads(content(path, MOST_BYTES))
        request = Request(found["kind"], found["values"])
        if request.kind in get_args(Kind) and isinstance(request.values, dict):
            return request
    return None
