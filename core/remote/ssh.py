"""OpenSSH: its command line, and a sentence for each of its failures. Keys and agents are used as they are set up."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from core.errors import UserError
from core.language import LANGUAGE, VARIABLE, _
from core.remote.hosts import Host

CONFIG = "GAN_STUDIO_SSH_CONFIG"
"""Environment variable with another configuration file for ssh."""
CONNECT_SECONDS = 15
OPTIONS = {
    "BatchMode": "yes",  # a question that nobody sees would wait forever
    "ConnectTimeout": str(CONNECT_SECONDS),
    "ServerAliveInterval": "10",
    "ServerAliveCountMax": "3",
    "ClearAllForwardings": "yes",
    "RemoteCommand": "none",
}
FAILED, ABSENT, REFUSED = 255, 127, 126
"""Exit codes: of ssh itself, and of a shell for a program that does not exist or cannot be run."""
LONGEST_DETAILS = 2000
"""Characters of ssh's own text that are kept."""


SCRIPT = Path(__file__).with_name("bootstrap.py")
RECEIVE = "import sys; i = sys.stdin.buffer; exec(i.read(int(i.readline())).decode())"
"""Command that reads the script, whose length is on the first line, and runs it."""


class NoConnectionError(UserError):
    """Connection that cannot be made, or that was lost."""


def python_command(host: Host, *arguments: str) -> str:
    """Returns the command for the shell there that runs Python, in the language of this process."""
    python = host.python if host.python is not None else "python3"
    words = ["exec", "env", f"{VARIABLE}={LANGUAGE}", python.removeprefix("~/"), *arguments]
    return shlex.join(words)


def start(host: Host, command: str, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts ssh with pipes to a command on another machine. Raises `NoConnectionError` if ssh is not installed."""
    chosen = os.environ.get(CONFIG)
    options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
    try:
        return subprocess.Popen(
            ["ssh", *(("-F", chosen) if chosen else ()), "-T", *options, "--", host.address, command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,  # Ctrl-C is for this process, which ends the connection in its own order
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise NoConnectionError(
            _("OpenSSH cannot be started on this machine."),
            _("Install the OpenSSH client, so that the command ssh works in a terminal."),
            str(error),
        ) from error


def failure(host: Host, code: int | None, text: str) -> NoConnectionError:
    """Returns the error for an end of ssh. `code`: its exit code, None if it was ended here; `text`: its output."""
    what, remedy = _sentences(host, code, text)
    return NoConnectionError(what, remedy, text[-LONGEST_DETAILS:])


def unreadable(host: Host, details: str) -> NoConnectionError:
    """Returns the error for bytes that are no answer of the program."""
    return NoConnectionError(
        _("The answer of {host} cannot be read.").format(host=host.name),
        _("Run ssh {address} in a terminal: the start files of its shell must print nothing.").format(
            address=host.address
        ),
        details[:LONGEST_DETAILS],
    )


def _sentences(host: Host, code: int | None, text: str) -> tuple[str, str]:
    if code == FAILED:
        for pattern, what, remedy in _failures():
            if re.search(pattern, text, re.IGNORECASE):
                return what.format(host=host.name, address=host.address), remedy.format(address=host.address)
    python = host.python or "python3"
    if code in (ABSENT, REFUSED):
        return (
            _("{host} has no Python at {python}.").format(host=host.name, python=python),
            _("Install Python 3.11 or newer there, or name another one with gan-studio hosts add --python."),
        )
    if re.search(r"No module named '?core", text):
        return (
            _("GAN Studio is not installed for {python} on {host}.").format(host=host.name, python=python),
            _("Install it with gan-studio hosts install {host}.").format(host=host.name),
        )
    if match := re.search(r"ModuleNotFoundError: No module named '([\w.]+)'", text):
        return (
            _("GAN Studio on {host} lacks the package {name}.").format(host=host.name, name=match[1]),
            _("Install it with gan-studio hosts install {host}.").format(host=host.name),
        )
    return (
        _("The connection to {host} was lost.").format(host=host.name),
        _("What runs there goes on. Check the network and try again."),
    )


def _failures() -> tuple[tuple[str, str, str], ...]:
    """Returns patterns of ssh's texts, each with the error and its remedy."""
    return (
        (
            "could not resolve hostname|name or service not known|nodename nor servname",
            _("The host {address} is unknown."),
            _("Check its name and the network."),
        ),
        (
            "host identification has changed|host key for .* has changed",
            _("The key of {host} has changed: it may be another machine."),
            _("Ask its administrator. If the change is right, remove the old key with ssh-keygen -R."),
        ),
        (
            "host key verification failed|authenticity of host",
            _("The key of {host} is not known yet."),
            _("Connect once with ssh {address} in a terminal and confirm its key."),
        ),
        (
            r"permission denied \(|too many authentication failures|no supported authentication",
            _("{host} refused the key."),
            _("Make ssh {address} work in a terminal without a password: add the key to the agent, or to the host."),
        ),
        (
            "connection refused",
            _("Nothing on {host} takes ssh connections."),
            _("Check the address and the port, and that sshd runs there."),
        ),
        (
            "timed out|no route to host|network is unreachable|host is down",
            _("{host} does not answer."),
            _("Check that it is on, and the network."),
        ),
        (
            "bad configuration option|bad owner or permissions|can't open user config",
            _("The configuration of ssh is invalid."),
            _("Run ssh {address} in a terminal, which says what is wrong."),
        ),
    )


def run_bootstrap(host: Host, arguments: Mapping[str, Any], data: bytes = b"") -> Generator[dict[str, Any], None, None]:
    """Yields the lines that the script prints there. Raises `NoConnectionError` if it could not be run to its end."""
    script = SCRIPT.read_bytes()
    sent = b"%d\n" % len(script) + script + json.dumps(arguments).encode() + b"\n" + data
    with (
        TemporaryFile() as errors,
        ThreadPoolExecutor(1, "ssh") as sender,
        start(host, python_command(host, "-c", RECEIVE), errors) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        sending = sender.submit(_send, process.stdin, sent)
        try:
            for line in process.stdout:
                if (facts := _facts(line)) is not None:
                    yield facts
            code = process.wait()
        finally:
            process.kill()
        problem = sending.exception()
        if code or problem:
            errors.seek(0)
            text = errors.read(2**20).decode("utf-8", "replace")
            raise failure(host, code, "\n".join(filter(None, (text, str(problem or "")))))


def _send(file: IO[bytes], data: bytes) -> None:
    with file:
        file.write(data)


def _facts(line: bytes) -> dict[str, Any] | None:
    """Returns the facts in a line; None for other text, which start files of the shell may print."""
    try:
        facts = json.loads(line)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None
