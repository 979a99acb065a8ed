"""Crash reports: what nothing handles leaves a file without personal paths, and a line that says where it is."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.crash import report, watch
from core.crash.anonymous import anonymous

HEAD = "import ctypes, sys, threading; from core.crash.watch import run_watched; "


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of our own, watched."""
    return subprocess.run(
        [sys.executable, "-c", f"{HEAD}\n{code}"], capture_output=True, text=True, check=False, timeout=60
    )


def test_an_exception_that_nothing_handles_is_one_line_and_a_report() -> None:
    done = run(f"def program(): open({str(Path.home() / 'secret' / 'x.png')!r})\nsys.exit(run_watched(program))")
    (file,) = report.reports()
    assert done.returncode == watch.CRASHED == 70
    (line,) = done.stderr.splitlines()
    assert line.startswith("gan-studio: Something went wrong inside GAN Studio (FileNotFoundError")
    assert str(file) in line
    text = file.read_text("utf-8")
    assert "GAN Studio" in text
    assert "in program" in text
    assert "torch " in text
    assert "~/secret/x.png" in text.replace("\\\\", "/")
    assert str(Path.home()) + os.sep not in text
    assert file.name.startswith("command-")


@pytest.mark.parametrize(
    "code",
    [
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
        "type('A', (), {'__del__': lambda self: 1 / 0})()",
        "sys.excepthook(*(lambda error: (type(error), error, None))(ZeroDivisionError()))",  # as Qt for Python calls it
    ],
)
def test_exceptions_elsewhere_leave_a_report_and_the_program_goes_on(code: str) -> None:
    done = run(f"def program():\n    {code}\n    return 3\nsys.exit(run_watched(program))")
    assert done.returncode == 3
    (file,) = report.reports()
    assert "ZeroDivisionError" in file.read_text("utf-8")
    assert len(done.stderr.splitlines()) == 1


def test_the_same_error_is_reported_once() -> None:
    loop = "for _ in range(9):\n        thread = threading.Thread(target=work); thread.start(); thread.join()"
    run(f"def work(): 1 / 0\ndef program():\n    {loop}\n    return 0\nsys.exit(run_watched(program))")
    assert len(report.reports()) == 1


def test_an_interruption_is_no_crash() -> None:
    done = run("def program(): raise KeyboardInterrupt\nsys.exit(run_watched(program))")
    assert done.returncode
    assert not report.reports()


def test_a_program_that_ends_well_leaves_nothing() -> None:
    assert run("sys.exit(run_watched(lambda: 0))").returncode == 0
    assert not list(report.reports_folder().iterdir())


@pytest.mark.skipif(os.name == "nt", reason="a signal stands for the fault")
def test_a_fault_in_a_library_becomes_a_report_at_the_next_start() -> None:
    done = run("def program():\n    ctypes.string_at(0)\nrun_watched(program)")
    assert done.returncode < 0
    assert not report.reports()
    (file,) = watch.collect_faults()
    text = file.read_text("utf-8")
    assert "Segmentation fault" in text
    assert "in program" in text
    assert report.reports() == [file]
    assert watch.collect_faults() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses to delete it")
def test_the_stacks_of_a_program_that_runs_are_left_alone() -> None:
    file = report.reports_folder() / watch.STACKS.format(os.getppid())
    file.parent.mkdir(parents=True)
    file.write_text("Segmentation fault", "utf-8")
    assert watch.collect_faults() == []
    assert file.exists()


def test_where_no_report_can_be_written_the_line_says_so(user_folders: Path) -> None:
    (user_folders / "state").write_text("in the way", "utf-8")
    done = run("sys.exit(run_watched(lambda: 1 / 0))")
    assert done.returncode == watch.CRASHED
    assert done.stderr.splitlines()[0].endswith("No report could be written.")


def test_the_newest_reports_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_REPORTS", 3)
    files = [report.write("fault", str(number)) for number in range(5)]
    assert report.reports() == files[2:]


def test_a_recursion_without_end_makes_a_short_report() -> None:
    def recurse(depth: int) -> int:
        return recurse(depth + 1)

    with pytest.raises(RecursionError) as raised:
        recurse(0)
    assert len(report.exception_text(raised.value, "a test")) < report.LONGEST + 5000


def test_an_exception_that_cannot_describe_itself_is_reported_all_the_same() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert "MuteError" in report.exception_text(MuteError(), "a test")


def test_home_and_user_are_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "anna")
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    home = tmp_path / "anna"
    text = f"{home}/a.png {home}-2 /media/anna/b.png annabelle"
    assert anonymous(text) == f"~/a.png {home}-2 /media/USER/b.png annabelle"
