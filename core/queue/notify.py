"""Notifications of the queue: at the end of a training, at a failure and at a diagnosis.

They are shown on the desktop, and posted to a webhook if there is one. A notification that fails is a line in the log.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from http.client import HTTPMessage
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import IO
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import BaseModel, ConfigDict, field_validator

from core.data.names import content
from core.desktop.files import NAME
from core.diagnosis.case import Diagnosis
from core.durable_write import replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _, in_context
from core.queue.entry import State
from core.queue.folder import Listed

SETTINGS = "settings.json"
WEBHOOK_SECONDS = 10.0
"""Seconds to wait for the server of a webhook."""
LAST_SECONDS = 15.0
"""Seconds that a process waits at its end for its notifications."""
SCHEMES = ("http", "https")
LONGEST_TEXT = 1000
"""Maximum characters of a notification."""


class Channels(BaseModel):
    """Channels of the notifications, stored in the queue. `webhook`: URL that receives JSON; empty for none."""

    model_config = ConfigDict(frozen=True)

    webhook: str = ""
    desktop: bool = True

    @field_validator("webhook")
    @classmethod
    def _checked(cls, url: str) -> str:
        if url:
            refuse_scheme(url)
        return url

    @classmethod
    def stored(cls, queue: Path) -> Channels:
        """Returns the channels of the queue in a folder; the usual ones if none are stored, or the file is damaged."""
        try:
            return cls.model_validate_json(content(queue / SETTINGS))
        except (*FOREIGN_ERRORS, UserError):
            return cls()

    def store(self, queue: Path) -> None:
        """Stores the channels in the folder of a queue. Raises `UserError` if it cannot be written to."""
        try:
            queue.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(queue / SETTINGS, error) from error
        with replaced(queue / SETTINGS) as file:
            file.write_text(self.model_dump_json(indent=2), "utf-8")


@dataclass(frozen=True)
class Message:
    """Notification. `event`: "done", "stopped", "failed" or "diagnosis". `run`: folder of the run."""

    event: str
    title: str
    text: str
    run: str

    @classmethod
    def of_end(cls, listed: Listed) -> Message:
        """Returns the notification of an entry that has ended."""
        assert listed.outcome is not None
        title = {
            State.DONE: _("{title} is done"),
            State.STOPPED: _("{title} was stopped"),
            State.FAILED: _("{title} has failed"),
        }[listed.outcome.state]
        entry = listed.entry
        return cls(listed.outcome.state, title.format(title=entry.title), listed.outcome.reason, str(entry.out))

    @classmethod
    def of_finding(cls, listed: Listed, found: Diagnosis) -> Message:
        """Returns the notification of a diagnosis."""
        title = in_context("notification", "{title} needs attention").format(title=listed.entry.title)
        return cls("diagnosis", title, found.sentence, str(listed.entry.out))


class Notifier:
    """Sends notifications in threads, which the training does not wait for."""

    def __init__(self, queue: Path) -> None:
        """`queue`: folder of the queue, whose channels are read for each notification."""
        self._queue = queue
        self._threads: list[Thread] = []

    def tell(self, message: Message) -> None:
        """Begins to send a notification; never raises."""
        channels = Channels.stored(self._queue)
        if channels.webhook:
            self._begin(partial(post, channels.webhook, message))
        if channels.desktop:
            self._begin(partial(show, message))

    def close(self) -> None:
        """Waits for the notifications that are being sent, at most `LAST_SECONDS`."""
        until = monotonic() + LAST_SECONDS
        for thread in self._threads:
            thread.join(max(until - monotonic(), 0.0))

    def _begin(self, send: Callable[[], None]) -> None:
        thread = Thread(target=_logged, args=(send,), name="notification", daemon=True)
        self._threads.append(thread)
        thread.start()


def post(url: str, message: Message) -> None:
    """Posts a notification as JSON. Raises `UserError` for a URL that is not of the web, and `OSError`.

    `text` and `content` are the names under which chat services expect the message.
    """
    refuse_scheme(url)
    said = f"{message.title}: {message.text}"[:LONGEST_TEXT]
    values = {**asdict(message), "message": message.text, "text": said, "content": said, "host": socket.gethostname()}
    request = Request(
        url,
        json.dumps(values).encode(),
        {"Content-Type": "application/json", "User-Agent": "gan-studio"},
        method="POST",
    )
    with build_opener(_WebRedirects).open(request, timeout=WEBHOOK_SECONDS):
        pass


def show(message: Message) -> None:
    """Shows a notification on the desktop, if there is one. Raises what the system raises."""
    from asyncio import run

    from desktop_notifier import DesktopNotifier

    async def send() -> None:
        await DesktopNotifier(app_name=NAME).send(title=message.title, message=message.text[:LONGEST_TEXT])

    run(send())


def refuse_scheme(url: str) -> None:
    """Raises `UserError` unless a URL is a complete one of the web."""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in SCHEMES and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        what = _("{url!r} is not the URL of a webhook.").format(url=url[:200])
        raise UserError(what, _("Give one that begins with https:// or http://."))


class _WebRedirects(HTTPRedirectHandler):
    """Follows redirects within the web only: not to files or FTP servers."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme not in SCHEMES:
            raise URLError(newurl[:200])
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _logged(send: Callable[[], None]) -> None:
    try:
        send()
    except Exception as error:  # nothing that goes wrong here may end a training
        print(_("A notification was not sent: {reason}").format(reason=error), file=sys.stderr, flush=True)
