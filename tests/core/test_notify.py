"""Notifications of the queue, sent to real servers of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.concurrency import run_to_end
from core.diagnosis.case import Diagnosis
from core.errors import UserError
from core.queue.entry import Entry, State
from core.queue.folder import Queue
from core.queue.job import run_entry
from core.queue.notify import SETTINGS, Channels, Message, Notifier
from tests.core.tiny import tiny_settings

MESSAGE = Message("done", "a is done", "Reached the step limit of 6.", "/runs/a")


class _Webhook(ThreadingHTTPServer):
    """Keeps what is posted to it. `redirect`: where it sends those who post; `status`: its answer otherwise."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[dict[str, Any]] = []
        self.redirect, self.status = "", 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: _Webhook

    def do_POST(self) -> None:
        assert self.headers["Content-Type"] == "application/json"
        self.server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(302 if self.server.redirect else self.server.status)
        self.send_header("Location", self.server.redirect)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[_Webhook]:
    with _Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(folder: Path, message: Message = MESSAGE) -> None:
    notifier = Notifier(folder)
    notifier.tell(message)
    notifier.close()


def test_the_end_of_an_entry_is_posted(tmp_path: Path, pictures: Path, webhook: _Webhook) -> None:
    queue = Queue(tmp_path / "queue")
    Channels(webhook=webhook.url, desktop=False).store(queue.folder)
    entry = Entry(source=str(pictures), settings=tiny_settings("gan", steps=2), out=tmp_path / "a")
    run_to_end(run_entry(queue, queue.add(entry).id))
    (posted,) = webhook.posted
    assert posted["event"] == "done"
    assert posted["run"] == str(tmp_path / "a")
    assert posted["text"] == posted["content"] == "a is done: Reached the step limit of 2."


def test_a_failure_and_a_diagnosis_are_posted(tmp_path: Path, webhook: _Webhook) -> None:
    queue = Queue(tmp_path / "queue")
    Channels(webhook=webhook.url, desktop=False).store(queue.folder)
    listed = queue.add(Entry(source="gone", settings=tiny_settings("gan"), out=tmp_path / "a"))
    queue.end(listed, State.FAILED, "There are no images.")
    told(queue.folder, Message.of_end(queue.entry(listed.id)))
    told(queue.folder, Message.of_finding(listed, Diagnosis("mode_collapse", "bad", "All images look alike.")))
    assert [each["event"] for each in webhook.posted] == ["failed", "diagnosis"]
    assert [each["title"] for each in webhook.posted] == ["a has failed", "a needs attention"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_is_a_line_in_the_log(
    tmp_path: Path, webhook: _Webhook, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    webhook.status = status
    Channels(webhook=webhook.url, desktop=False).store(tmp_path)
    told(tmp_path)
    assert f"A notification was not sent: HTTP Error {status}" in capfd.readouterr().err


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"])
def test_a_redirect_out_of_the_web_is_not_followed(
    tmp_path: Path, webhook: _Webhook, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    webhook.redirect = target
    Channels(webhook=webhook.url, desktop=False).store(tmp_path)
    told(tmp_path)
    assert "A notification was not sent" in (said := capfd.readouterr().err)
    assert target in said


def test_nobody_at_the_other_end_is_a_line_in_the_log(
    tmp_path: Path, webhook: _Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    Channels(webhook=webhook.url, desktop=False).store(tmp_path)
    webhook.server_close()
    told(tmp_path)
    assert "A notification was not sent" in capfd.readouterr().err


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "hooks.example/x", "http://", "http://[", "x"])
def test_a_url_that_is_not_of_the_web_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match="is not the URL of a webhook"):
        Channels(webhook=url)
    (tmp_path / SETTINGS).write_text(json.dumps({"webhook": url}))
    assert Channels.stored(tmp_path) == Channels()


@pytest.mark.parametrize("text", ["", "[]", '{"webhook": 7}', "\0"])
def test_damaged_settings_are_the_usual_ones(tmp_path: Path, text: str) -> None:
    (tmp_path / SETTINGS).write_text(text)
    assert Channels.stored(tmp_path) == Channels()


def test_a_desktop_that_is_not_there_leaves_the_other_channel(
    tmp_path: Path, webhook: _Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    Channels(webhook=webhook.url, desktop=True).store(tmp_path)
    told(tmp_path)
    assert [each["event"] for each in webhook.posted] == ["done"]
