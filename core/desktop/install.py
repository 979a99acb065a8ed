"""Installs and removes the desktop entry of this user; nothing is written for other users."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.desktop.files import IDENTIFIER, NAME, Files, link, linux, macos, shortcut, windows
from core.errors import UserError
from core.language import _

PATIENCE = 60.0
"""Seconds for each program of the desktop that rereads its lists."""


def install() -> list[Path]:
    """Writes the desktop entry of this user, and returns its files. Raises `OSError`, and `UserError` where Windows
    makes no shortcut."""
    command = program()
    files = _files(command)
    for file, content in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        if file.parent.name == "MacOS":
            file.chmod(0o755)
    if sys.platform == "win32":
        return [*files, _make_shortcut(next(iter(files)), command)]
    _refresh()
    return list(files)


def uninstall() -> list[Path]:
    """Deletes the desktop entry of this user, and returns the files that were there. Raises `OSError`."""
    files = list(_files(program()))
    if sys.platform == "win32":
        files.append(link(_folder("APPDATA")))
    found = [file for file in files if file.exists()]
    for file in found:
        file.unlink()
    if sys.platform == "darwin":
        _remove_bundle(_applications())
    _refresh()
    return found


def program() -> list[str]:
    """Returns the command that starts the program which runs now: its script, or the interpreter with its module."""
    python = Path(sys.executable)
    if sys.platform == "win32":  # the script would open a console
        windowed = python.with_name("pythonw.exe")
        return [str(windowed if windowed.exists() else python), "-m", "studio.app"]
    script = python.with_name(IDENTIFIER)
    return [str(script)] if script.exists() else [str(python), "-m", "studio.app"]


def _files(command: Sequence[str]) -> Files:
    if sys.platform == "win32":
        return windows(_folder("LOCALAPPDATA"))
    if sys.platform == "darwin":
        return macos(_applications(), command)
    return linux(_data(), command)


def _data() -> Path:
    """The user's data folder on Linux; a relative one does not count."""
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".local" / "share"


def _applications() -> Path:
    return Path.home() / "Applications"


def _folder(variable: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named)
    what = _("{variable} is not set.").format(variable=variable)
    raise UserError(what, _("Set it to the folder that Windows gives it, and try again."))


def _remove_bundle(applications: Path) -> None:
    contents = applications / f"{NAME}.app" / "Contents"
    for folder in (contents / "MacOS", contents / "Resources", contents, contents.parent):
        with suppress(OSError):  # not there, or holds what is not ours
            folder.rmdir()


def _make_shortcut(icon: Path, command: Sequence[str]) -> Path:
    target = link(_folder("APPDATA"))
    target.parent.mkdir(parents=True, exist_ok=True)
    script = shortcut(target, icon, command)
    powershell = ["powershell", "-NoProfile", "-NonInteractive", "-Command", script]
    try:
        subprocess.run(powershell, check=True, capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        remedy = _("Pin {program} to the Start menu.").format(program=command[0])
        raise UserError(_("PowerShell made no shortcut."), remedy, repr(error)) from error
    return target


def _refresh() -> None:
    """Lets a Linux desktop reread its lists, with whichever programs it has for that."""
    if sys.platform in ("win32", "darwin"):
        return
    data = _data()
    for command in (
        ["update-desktop-database", "-q", str(data / "applications")],
        ["update-mime-database", str(data / "mime")],
        ["gtk-update-icon-cache", "-q", "-t", "-f", str(data / "icons" / "hicolor")],
    ):
        if shutil.which(command[0]):
            with suppress(OSError, subprocess.SubprocessError):
                subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
