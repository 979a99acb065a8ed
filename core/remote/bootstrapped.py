"""Running `core.remote.bootstrap` on another machine."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any

from core.remote.hosts import Host
from core.remote.ssh import failure, python_command, start

SCRIPT = Path(__file__).with_name("bootstrap.py")
RECEIVE = "import sys; i = sys.stdin.buffer; exec(i.read(int(i.readline())).decode())"
"""Command that reads the script, whose length is on the first line, and runs it."""


def run_bootstrap(host: Host, arguments: Mapping[str, Any], data: bytes = b"") -> Generator[dict[str, Any], None, None]:
    """Yields the lines that the script prints there. Raises `NoConnectionError` if it could not be run to its end."""
    script = SCRIPT.read_bytes()
    sent = b"%d\n" % len(script) + script + json.dumps(arguments).encode() + b"\n" + data
    with TemporaryFile() as errors, start(host, python_command(host, "-c", RECEIVE), errors) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = Thread(target=_send, args=(process.stdin, sent), name="ssh", daemon=True)
        writer.start()
        try:
            for line in process.stdout:
                if line.startswith(b"{"):  # start files of the shell may print text
                    yield json.loads(line)
            code = process.wait()
        finally:
            process.kill()
            writer.join()
        if code:
            errors.seek(0)
            raise failure(host, code, errors.read(2**20).decode("utf-8", "replace"))


def _send(file: IO[bytes], data: bytes) -> None:
    try:
        with file:
            file.write(data)
    except OSError:
        pass  # the other end has gone, which its exit code tells
