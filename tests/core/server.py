"""A server of this machine that fails in every way, a dataset that it offers, and a folder for what is downloaded."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.download.catalog import DOWNLOADS, Download, Remote


class Server(ThreadingHTTPServer):
    """Serves `files` by name. `fail` says how not to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.fail = ""
        self.asked: list[tuple[str, str]] = []
        """Names and ranges."""
        self.gate = threading.Event()
        """While it is not set, only the first half of anything comes."""
        self.gate.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked may go away at any time."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name, range = self.path.strip("/"), self.headers.get("Range", "")
        self.server.asked.append((name, range))
        data, fail = self.server.files.get(name), self.server.fail
        if data is None or fail == "error":
            self.send_error(404 if data is None else 503)
            return
        start = int(range.removeprefix("bytes=").removesuffix("-")) if range and fail != "no ranges" else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        rest = data[start:]
        self.wfile.write(rest[: len(rest) // 2])
        if fail != "breaks off":
            self.server.gate.wait()
            self.wfile.write(rest[len(rest) // 2 :])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_STUDIO_DOWNLOADS", str(tmp_path / "downloads"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "downloads"


def zipped(count: int = 12, side: int = 64) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for index in range(count):
            picture = io.BytesIO()
            pixels = np.random.default_rng(index).integers(0, 256, (side, side, 3), np.uint8)
            Image.fromarray(pixels).save(picture, "PNG")
            archive.writestr(f"{'ab'[index % 2]}/{index}.png", picture.getvalue())
    return stream.getvalue()


def remote(name: str, data: bytes, *addresses: str, members: tuple[str, ...] = ()) -> Remote:
    return Remote(name, len(data), hashlib.sha256(data).hexdigest(), addresses, members)


@pytest.fixture
def offer(server: Server, monkeypatch: pytest.MonkeyPatch) -> Download:
    """A download of one zip that the server has, called "pictures"."""
    data = zipped(120)
    server.files["pictures.zip"] = data
    return offered(monkeypatch, remote("pictures.zip", data, f"{server.address}pictures.zip"), opens="pictures.zip")


def offered(monkeypatch: pytest.MonkeyPatch, *files: Remote, opens: str = "") -> Download:
    download = Download("pictures", "Some pictures", 120, 2, "none", "http://the.page/", files, opens)
    monkeypatch.setitem(DOWNLOADS, "pictures", download)
    return download
