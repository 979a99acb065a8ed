"""Watch over the whole program: what nothing handled leaves a crash report, in the main thread, in others and in Qt.

Qt for Python hands exceptions of slots and of overridden methods to `sys.excepthook`. A fault in a library ends the
process at once: `faulthandler` writes the stacks of Python into a file of this process, which the next start turns into
a report.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from core.crash import report
from core.language import _, sentences

if TYPE_CHECKING:
    from types import TracebackType

CRASHED = 70
"""Exit code of a program that ended by an exception that nothing handled: EX_SOFTWARE of sysexits."""
STACKS = "stacks-{}.txt"
"""Name of the file for the stacks of a process that runs, by its number."""
_UNHANDLED = (KeyboardInterrupt, SystemExit)
"""Exceptions that are no crashes."""
_lock = threading.RLock()
_reported: set[tuple[object, ...]] = set()
_listeners: list[Callable[[Path], object]] = []


def run_watched(program: Callable[[], int]) -> int:
    """Runs the program with every hook installed, and returns its exit code, or `CRASHED` after an exception."""
    with _hooks(), _stacks_kept():
        try:
            return program()
        except Exception as error:
            _report(error, "the main thread", is_end=True)
            return CRASHED


def add_listener(listener: Callable[[Path], object]) -> None:
    """Calls `listener` with the file of each new report, in the thread of the exception."""
    _listeners.append(listener)


def remove_listener(listener: Callable[[Path], object]) -> None:
    """Calls `listener` no longer."""
    if listener in _listeners:
        _listeners.remove(listener)


def collect_faults() -> list[Path]:
    """Turns what faults left of earlier processes into reports, and returns their files."""
    found = []
    with suppress(OSError):
        for file in sorted(report.reports_folder().glob(STACKS.format("*"))):
            with suppress(OSError, ValueError):
                if (stacks := _taken(file)) and (written := report.write_fault(stacks)):
                    found.append(written)
    return found


def _taken(file: Path) -> str:
    """Deletes the file of a process that has ended and returns its text; empty if the process runs. Raises `OSError`
    and, for a file of another name, `ValueError`."""
    number = int(file.stem.rpartition("-")[2])
    if number == os.getpid() or _is_running(number):
        return ""
    with file.open(encoding="utf-8", errors="replace") as opened:
        stacks = opened.read(report.LONGEST)
    file.unlink()  # refused by Windows while the process runs
    return stacks


def _is_running(number: int) -> bool:
    if os.name == "nt":
        return False  # a signal would end it there
    try:
        os.kill(number, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def _hooks() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook, threading.excepthook, sys.unraisablehook = _exception, _exception_in_thread, _unraisable
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


@contextmanager
def _stacks_kept() -> Iterator[None]:
    """Enables `faulthandler` with a file that goes when the program ends well."""
    file = _open_stacks()
    if file is None:
        yield
        return
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()
        file.close()
        with suppress(OSError):
            Path(file.name).unlink()


def _open_stacks() -> TextIO | None:
    if faulthandler.is_enabled():  # by PYTHONFAULTHANDLER or -X: somebody wants them on stderr
        return None
    with suppress(OSError):
        folder = report.reports_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / STACKS.format(os.getpid())).open("w", encoding="utf-8")
    return None


def _exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, _UNHANDLED):
        sys.__excepthook__(kind, error, trace)
    else:
        _report(error.with_traceback(trace), threading.current_thread().name)


def _exception_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, _UNHANDLED):
        _report(args.exc_value, args.thread.name if args.thread else "a thread")


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, _UNHANDLED):
        _report(args.exc_value, args.err_msg or "a finalizer")


def _report(error: BaseException, place: str, is_end: bool = False) -> None:
    """Writes a report and tells of it. The same error at the same line is reported once; a hook never raises.

    `is_end`: the program ends by it, so that nobody listens any longer.
    """
    with suppress(Exception), _lock:
        if not is_end and _is_known(error):
            return
        file = report.write_exception(error, place)
        _say(error, file)
        if file is not None and not is_end:
            for listener in (*_listeners,):
                listener(file)


def _is_known(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    key = (type(error), trace and trace.tb_frame.f_code, trace and trace.tb_lineno)
    known = key in _reported
    _reported.add(key)
    return known


def _say(error: BaseException, file: Path | None) -> None:
    words = " ".join(f"{type(error).__name__}: {error}".split())
    what = _("Something went wrong inside GAN Studio ({error}).").format(error=words)
    where = _("The report is in {file}").format(file=file) if file else _("No report could be written.")
    line = f"gan-studio: {sentences(what, where)}"
    if sys.stderr:  # a program without a console has none
        print("".join(sign if sign.isprintable() else "\ufffd" for sign in line), file=sys.stderr, flush=True)
