"""Commands in processes of their own that can be killed, interrupted or starved, twenty a second.

Importing torch takes seconds. So one process imports everything and then only forks: the children are as good as new,
because their parent has neither trained nor started a thread.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

ROOT = Path(__file__).parents[2]


class Nursery:
    """The tests' end of the line."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()  # the end of its input is its sign to end

    def start(
        self,
        arguments: Sequence[str],
        output: Path,
        memory: int = 0,
        fault: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> int:
        """The id of a new process that runs `gan-studio ARGUMENTS`; what it prints goes to a file.

        `memory`: the bytes that it may take beyond what its imports take; 0 sets no limit. `fault`: what
        `tests.core.operations.meet` is told in it. `environment`: added to that of the process.
        """
        request = {"arguments": list(arguments), "output": str(output), "memory": memory, "fault": fault}
        environment = {"GAN_STUDIO_CACHE": os.environ["GAN_STUDIO_CACHE"], **(environment or {})}
        return self._ask(start={**request, "environment": environment})

    def wait(self, process: int) -> int:
        """The exit code, negative for the signal that killed it."""
        return self._ask(wait=process)

    def run(
        self, arguments: Sequence[str], output: Path, memory: int = 0, fault: Mapping[str, Any] | None = None
    ) -> int:
        return self.wait(self.start(arguments, output, memory, fault))

    def _ask(self, **request: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def serve() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    _import_all()
    children: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            answer = _start(**request["start"])
            children.add(answer)
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
            children.discard(request["wait"])
        print(answer, flush=True)
    for child in children:  # of a test that failed before it ended them
        os.kill(child, signal.SIGKILL)
    os._exit(0)  # taking torch down properly would take seconds


def _import_all() -> None:
    for name in (
        "core.jobs.inspect",
        "core.jobs.training_job",
        "core.cli.commands.queue",
        "core.diagnosis",
        "core.export",
        "core.models.dcgan",
        "core.models.mlp",
        "core.queue.runner",
        "psutil",
    ):
        importlib.import_module(name)
    importlib.import_module("core.diagnosis").load()
    from PIL import Image

    Image.init()


def _start(
    arguments: list[str], output: str, environment: dict[str, str], memory: int, fault: Mapping[str, Any] | None
) -> int:
    from core.cli.main import main
    from tests.core.operations import meet

    if child := os.fork():
        return child
    code = 1
    try:
        with open(output, "wb", buffering=0) as file:  # noqa: PTH123 (nothing may stand between fork and work)
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ.update(environment)
        _fork_jobs()
        if memory:
            _limit_memory(memory)
        if fault:
            meet(**fault)
        code = main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):  # nobody may be there to read it
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _fork_jobs() -> None:
    """Lets a runner of the queue in this process fork its jobs, too."""
    from core.queue import devices, runner

    vars(runner)["own_process"] = _Forked
    devices.devices_now = lambda: ["cpu"]


class _Forked:
    """Process of a job, for a runner. It outlives the runner."""

    def __init__(self, *arguments: str, stdout: IO[bytes], stderr: IO[bytes], outlives: bool) -> None:
        assert arguments[:2] == ("-m", "core")
        assert outlives
        self._code: int | None = None
        self._process = os.fork()
        if self._process:
            return
        code = 1
        try:
            from core.cli.main import main

            os.setsid()
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            code = main(arguments[2:])
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        if self._code is None:
            process, status = os.waitpid(self._process, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if process else None
        return self._code


def _limit_memory(more: int) -> None:
    import resource

    import psutil

    limit = psutil.Process().memory_info().vms + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    serve()
