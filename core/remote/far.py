"""The other end of a connection: `python -m core.remote.far` answers the frames on its input, and does nothing else.

Only the operations below exist. Paths are those of the queue's runs and of copied datasets. Imports no torch.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Any, cast, get_args

from core import __version__
from core.concurrency import own_process
from core.config.settings import validate
from core.data.cache.copied import copies_folder, copy_folder
from core.errors import FOREIGN_ERRORS, UserError, refused_by_system
from core.language import _
from core.queue.edit import edit
from core.queue.entry import AUTO, CLUSTER, Entry
from core.queue.folder import Queue
from core.queue.runner import is_served, start_runner
from core.remote.frames import MARK, PROTOCOL, Frame, read_frame, write_frame
from core.remote.hosts import Cluster
from core.remote.operations.poll import named_entry, poll
from core.remote.operations.receive import CHECKPOINT, copy_state, finish_copy, put_piece
from core.runs.requests import Kind, Request, ask, wait_for_answer
from core.runs.run import next_folder, runs_folder

ACTIONS = {"list", "start", "stop", "remove", "hold", "release", "retry", "move", "pause", "resume"}
"""Actions of `gan-studio queue` that are run here as they are."""
FLAG = re.compile(r"--json|--background|--all|--(no-)?desktop|--webhook=.*")
"""Options of these actions."""
ACTION_SECONDS = 40.0
IDLE_SECONDS = 900.0
"""Seconds without a call after which this process ends: its connection has gone without a word."""
PROGRAMS = "programs"
"""Folder of the installed programs, each in an environment of its own."""


def main() -> None:
    """Answers calls until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not end up among the frames
    serve(sys.stdin.buffer, answers)


def serve(calls: IO[bytes], answers: IO[bytes]) -> None:
    """Answers the calls in a file until it ends."""
    answers.write(MARK)
    hello = {"protocol": PROTOCOL, "version": __version__, "time": time.time(), "process": os.getpid()}
    write_frame(answers, hello)
    watch = _IdleWatch()
    watch.start()
    while (call := read_frame(calls)) is not None:
        with watch:
            write_frame(answers, *_answer(call))


def _answer(call: Frame) -> tuple[Mapping[str, Any], bytes]:
    try:
        operation, arguments = call.header["operation"], call.header["arguments"]
        found = OPERATIONS[operation](body=call.body, **arguments)
        return found if isinstance(found, tuple) else (found, b"")
    except UserError as problem:
        return _problem(problem), b""
    except subprocess.TimeoutExpired as error:
        what = _("The other machine did not carry it out within {seconds:g} s.").format(seconds=error.timeout)
        return _problem(UserError(what, _("List what runs with gan-studio queue list."))), b""
    except OSError as error:
        return _problem(refused_by_system(error)), b""
    except FOREIGN_ERRORS as error:
        what = _("The other machine did not understand the question.")
        remedy = _("Install the same version there with gan-studio hosts install.")
        return _problem(UserError(what, remedy, repr(error))), b""


def _problem(problem: UserError) -> dict[str, Any]:
    return {"problem": {"what": problem.what, "remedy": problem.remedy, "details": problem.details}}


class _IdleWatch:
    """Ends the process after `IDLE_SECONDS` between two calls."""

    def __init__(self) -> None:
        self._since: float | None = time.monotonic()

    def start(self) -> None:
        Thread(target=self._watch, name="idle", daemon=True).start()

    def __enter__(self) -> None:
        self._since = None

    def __exit__(self, *_: object) -> None:
        self._since = time.monotonic()

    def _watch(self) -> None:
        while self._since is None or time.monotonic() - self._since < IDLE_SECONDS:
            time.sleep(1.0)
        os._exit(0)


def _add(
    body: bytes,
    source: str,
    title: str,
    settings: Mapping[str, Any],
    given: Mapping[str, Any] | None,
    device: str = AUTO,
    cluster: Mapping[str, Any] | None = None,
    resume: str | None = None,
) -> dict[str, Any]:
    """Adds a training to the queue of this machine and starts the queue, or submits it to the cluster.

    `resume`: name of the copy of the checkpoint to begin from.
    """
    queue = Queue()
    chosen = validate(dict(settings))
    entry = Entry(
        source=source,
        settings=chosen,
        given=None if given is None else dict(given),
        out=_free_folder(queue, title, chosen.preset),
        resume=None if resume is None else copy_folder(resume) / CHECKPOINT,
        device=device if cluster is None else CLUSTER,
    )
    added = queue.add(entry)
    if cluster is None:
        start_runner(queue)
        return added.facts
    try:
        _submit(queue, added.id, cluster)
    except UserError:
        queue.remove(added.id)  # it would wait for a job that does not exist
        raise
    return added.facts


def _submit(queue: Queue, id: str, cluster: Mapping[str, Any] | None) -> None:
    """Submits an entry as a job of the cluster. Raises `UserError`."""
    from core.remote.slurm import submit

    if cluster is None:
        what = _("{title} runs as a job of a Slurm cluster.").format(title=queue.entry(id).entry.title)
        raise UserError(what, _("Set the resources of its jobs with gan-studio hosts add --slurm."))
    submit(queue, id, Cluster.model_validate(cluster))


def _free_folder(queue: Queue, title: str, kind: str) -> Path:
    """Returns a folder for a new run that neither exists nor belongs to an entry of the queue."""
    folder = next_folder(runs_folder(), title, kind)
    number, rest = int(folder.name[:5]), folder.name[5:]
    taken = [int(each.entry.out.name[:5]) for each in queue.entries() if each.entry.out.name[:5].isdecimal()]
    return folder.with_name(f"{max(number, max(taken, default=-1) + 1):05d}{rest}")


def _queue(body: bytes, arguments: Sequence[str], cluster: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Runs an action of `gan-studio queue`; returns its exit code and what it prints. `cluster`: resources of a job of
    Slurm, for an entry that is retried there."""
    action, *rest = map(str, arguments)
    if action not in ACTIONS or any(word.startswith("-") and not FLAG.fullmatch(word) for word in rest):
        raise ValueError(f"queue {action}")
    if action == "start" and "--background" not in rest:
        rest = [*rest, "--background"]
    process = own_process("-m", "core", "queue", action, *rest, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            output, errors = process.communicate(timeout=ACTION_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    if action == "retry" and process.returncode == 0:
        retried = Queue().entry(rest[0])
        if retried.entry.device == CLUSTER:
            _submit(Queue(), retried.id, cluster)
    texts = (part.decode("utf-8", "replace") for part in (output, errors))
    return {"code": process.returncode, "output": next(texts), "errors": next(texts)}


def _edit(body: bytes, entry: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Changes settings of an entry of the queue."""
    edit(Queue(), entry, values)
    return {}


def _facts(body: bytes) -> dict[str, Any]:
    """Returns what a check wants to know: the devices, and whether the folders of runs and copies can be written."""
    from core.devices import survey

    devices = [{"name": each.name, "title": each.title, "trouble": each.trouble} for each in survey()]
    folders = [_folder_facts(folder) for folder in (runs_folder(), copies_folder(), Queue().folder)]
    return {"version": __version__, "devices": devices, "folders": folders, "is_served": is_served(Queue())}


def _folder_facts(folder: Path) -> dict[str, Any]:
    """Returns the free bytes of a folder's disk, and the reason why it cannot be written; empty if it can."""
    trouble = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{os.urandom(8).hex()}.partial"
        probe.touch()
        probe.unlink()
    except OSError as error:
        trouble = error.strerror or str(error)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return {"path": str(folder), "free": shutil.disk_usage(there).free, "trouble": trouble}


def _tidy(body: bytes) -> dict[str, Any]:
    """Deletes the other installed programs beside this one, unless something runs that may be one of them."""
    own = Path(sys.prefix)
    removed = []
    entries = [each for each in Queue().entries() if not each.state.has_ended]
    needed = [each for each in entries if each.state.is_active or each.entry.device == CLUSTER]  # or a job waits for it
    is_idle = not (needed or is_served(Queue()))
    if own.parent.name == PROGRAMS and is_idle:
        for other in own.parent.iterdir():
            if other != own:
                shutil.rmtree(other, ignore_errors=True)
                removed.append(other.name)
    return {"removed": removed}


def _find(body: bytes, run: str) -> dict[str, Any]:
    """Returns the entry of a run, by its ID or the name of its folder."""
    return named_entry(run).facts


def _ask(body: bytes, run: str, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Asks the training of an entry, and waits for its answer."""
    entry = named_entry(run)
    if not entry.state.is_active:
        what = _("{title} does not run.").format(title=entry.entry.title)
        raise UserError(what, _("List what runs with gan-studio queue list."))
    if kind not in get_args(Kind):
        raise ValueError(f"the request {kind}")
    wait_for_answer(ask(entry.entry.out, Request(cast(Kind, kind), dict(values))))
    return {}


def _hello(body: bytes) -> dict[str, Any]:
    """Answers, so that the connection is known to work."""
    return {}


OPERATIONS: dict[str, Callable[..., Mapping[str, Any] | tuple[Mapping[str, Any], bytes]]] = {
    "hello": _hello,
    "facts": _facts,
    "find": _find,
    "ask": _ask,
    "add": _add,
    "queue": _queue,
    "edit": _edit,
    "poll": poll,
    "copy_state": copy_state,
    "put_piece": put_piece,
    "finish_copy": finish_copy,
    "tidy": _tidy,
}
"""Operations of this end, by name. Each takes the body of the call, and arguments by name."""

if __name__ == "__main__":
    main()
