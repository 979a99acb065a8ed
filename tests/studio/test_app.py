"""Starting the program: without a screen, and as a headless command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.main import commands
from studio import app, qt_libraries
from studio.app import main, mistake


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "studio.app", *arguments]
    return subprocess.run(command, env=kept | environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen, or none that can be asked")
def test_without_a_screen_it_says_so_in_one_line() -> None:
    done = start(WAYLAND_DISPLAY="wayland-4711", DISPLAY=":4711")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "screen" in done.stderr
    assert "gan-studio train" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen, or none that can be asked")
@pytest.mark.parametrize(
    "display",
    [
        {},
        {"DISPLAY": ":4711"},
        {"WAYLAND_DISPLAY": "wayland-4711"},
        {"WAYLAND_DISPLAY": "wayland-4711", "DISPLAY": ":4711"},
        {"QT_QPA_PLATFORM": "xcb"},
        {"QT_QPA_PLATFORM": "wayland;xcb", "DISPLAY": ":4711"},
    ],
)
def test_a_screen_that_does_not_answer_is_a_problem(display: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in display.items():
        monkeypatch.setenv(name, value)
    problem = app.screen_problem()
    assert problem is not None
    assert "screen" in problem.what
    assert "gan-studio train" in problem.remedy


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen, or none that can be asked")
def test_a_platform_that_is_none_or_lacks_its_device_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "nonsense")
    assert "'nonsense', which is no platform of Qt" in str(app.screen_problem())
    monkeypatch.setitem(app.DEVICES, "linuxfb", "/missing")
    monkeypatch.setenv("QT_QPA_PLATFORM", "linuxfb")
    assert "no screen" in str(app.screen_problem())
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert app.screen_problem() is None


def test_commands_need_no_screen() -> None:
    done = start("presets")
    assert done.returncode == 0
    assert "dcgan" in done.stdout


@pytest.mark.parametrize("command", [*commands(), "--help"])
def test_every_command_is_told_from_a_path(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: gan-studio" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with pipes")
def test_a_reader_that_has_seen_enough() -> None:
    line = f"{shlex.quote(sys.executable)} -m studio.app presets --json | head -n 1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("{\n", "")


def needs_torch(code: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip() == "True"


def test_qt_does_not_read_the_source_of_what_is_imported_later() -> None:
    code = "from studio.qt_import import import_qt; import_qt(); import linecache, studio.main_window; "
    code += "print([name for name in linecache.cache if name.endswith('main_window.py')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_images_are_read_without_waiting_for_torch() -> None:
    assert not needs_torch(
        "from core.config.preparation import Preparation; from studio.services.data.loader import open_dataset; "
        "from studio.model.data import DataRequest; from studio.services.open_path import recognize; "
        "recognize('sample:digits'); next(open_dataset(DataRequest('sample:digits', Preparation((16, 16)), 'none')))"
    )


def test_a_run_is_read_without_waiting_for_torch(trained: Path) -> None:
    assert not needs_torch(
        f"from pathlib import Path; from studio.model.train import OpenedRun; "
        f"from studio.services.train.run_loader import read_run; "
        f"assert any(isinstance(event, OpenedRun) for event in read_run(Path({str(trained)!r})))"
    )


def test_home_is_filled_without_torch_and_without_curves(trained: Path) -> None:
    code = (
        f"from pathlib import Path; from studio.services.projects import read_projects; "
        f"runs = Path({str(trained.parent)!r}); assert len(list(read_projects(runs))) > 1; "
        f"assert 'pyqtgraph' not in sys.modules"
    )
    assert not needs_torch(code)


def test_the_first_window_imports_no_panel_but_home() -> None:
    panels = "{name for name in sys.modules if name.startswith('studio.panels.')}"
    assert not needs_torch(f"import studio.application; assert {panels} == {{'studio.panels.home'}}")


def test_closed_while_it_still_imports_it_ends_without_a_complaint() -> None:
    code = """
import sys
from PySide6.QtCore import QTimer
from studio.app import open_window
from studio.main_window import MainWindow

class Window(MainWindow):
    def complete(self):
        super().complete()
        QTimer.singleShot(50, self.close)

sys.exit(open_window(None, Window))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian", "data"], "There is no command, file or folder 'trian'. Did you mean 'train'?"),
        (["genrate"], "There is no command, file or folder 'genrate'. Did you mean 'generate'?"),
        (["qqq"], "There is no command, file or folder 'qqq'. See gan-studio --help."),
        (["sample:digits"], ""),
        (["missing/folder"], ""),  # the window says that it is not there any more
        (["."], ""),
        ([".", "."], "Only one thing can be opened at a time, and not 2."),
    ],
)
def test_a_mistyped_command_is_not_taken_for_a_path(arguments: list[str], said: str) -> None:
    assert mistake(arguments, commands()) == said


def test_the_doctor_hears_of_qt_from_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    facts = app._window_facts()
    assert facts["Platform"].split(",")[0] == "offscreen"
    assert "at 100%" in str(facts["Screen"])
    assert "trouble" not in facts


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a screen")
def test_the_doctor_says_that_there_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    facts = app._window_facts()
    assert "PySide6" in str(facts["Qt"])
    assert (facts["Platform"], facts["Screen"]) == ("none", "There is no screen to open a window on.")


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for Qt without its libraries")
def test_the_doctor_survives_a_qt_that_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho 'qt.qpa.plugin: xcb-cursor0 is needed' >&2\nkill -ABRT $$\n", "utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    what, _, command = app._window_facts()["trouble"]
    assert "xcb-cursor0" in what
    assert command


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have what Qt needs")
@pytest.mark.parametrize("platform", ["xcb", "offscreen"])
def test_a_library_that_qt_lacks_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    def fail(path: str) -> None:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("studio.qt_libraries.ctypes.CDLL", fail)
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    trouble = qt_libraries.library_problem()
    if platform == "offscreen":
        assert trouble is None
    else:
        assert trouble is not None
        assert trouble.what == "Qt cannot open a window: libxcb-cursor.so.0 is missing."
        assert "apt-get install --no-install-recommends libegl1 " in trouble.advice


def test_the_packages_are_those_that_the_set_up_installs() -> None:
    script = Path(__file__).parents[2].joinpath("tools", "setup.sh").read_text("utf-8")
    named = re.search(r"QT_PACKAGES='([^']*)'", script)
    assert named is not None
    assert named[1].split() == qt_libraries.PACKAGES.split()
