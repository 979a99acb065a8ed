"""Script that runs on another machine before the program is there: finds out what is there, and installs the program.

It is sent as text, needs the standard library of Python 3.7 alone, and prints lines of JSON. Its input is one line of
JSON with the arguments, then the bytes of a wheel.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SUPPORTED = ("3.13", "3.12", "3.14", "3.11")
USUAL = "3.12"
"""Version that uv fetches if none is there."""
COMPLETE = "complete"
"""File that marks a finished environment."""
PLACES = ("~/.local/bin", "~/.cargo/bin", "/usr/local/bin", "/opt/homebrew/bin")


def main() -> None:
    arguments = json.loads(sys.stdin.buffer.readline().decode("utf-8"))
    folder = Path.home() / arguments["folder"]
    if arguments["task"] == "facts":
        tell(facts(folder))
    else:
        install(folder, sys.stdin.buffer.read(), arguments)


def facts(folder: Path) -> dict[str, Any]:
    there = next(each for each in (folder, *folder.parents) if each.is_dir())
    return {
        "python": platform.python_version(),
        "supported": find_python(),
        "uv": find("uv"),
        "system": f"{platform.system()} {platform.machine()}",
        "free": shutil.disk_usage(str(there)).free,
        "trouble": trouble_with(folder),
        "folder": str(folder),
        "time": time.time(),
        "gpus": gpus(),
        "slurm": bool(find("sbatch")),
    }


def trouble_with(folder: Path) -> str:
    """Returns why a folder cannot be written; empty if it can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def find(name: str) -> str:
    """Returns the path of a program; empty if it is not there."""
    places = [os.environ.get("PATH", os.defpath), *(str(Path(place).expanduser()) for place in PLACES)]
    return shutil.which(name, path=os.pathsep.join(places)) or ""


def find_python() -> str:
    """Returns the path of a Python that the program supports; empty if there is none."""
    test = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in [sys.executable, *(find(f"python{version}") for version in SUPPORTED), find("python3")]:
        if candidate and output(candidate, "-c", test).strip() in SUPPORTED:
            return candidate
    return ""


def gpus() -> list[str]:
    """Returns the names of NVIDIA's GPUs."""
    program = find("nvidia-smi")
    found = output(program, "--query-gpu=name", "--format=csv,noheader") if program else ""
    return [line.strip() for line in found.splitlines() if line.strip()]


def output(*command: str) -> str:
    """Returns what a command prints; empty if it fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False)
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
    except (OSError, subprocess.SubprocessError):
        return ""


def install(folder: Path, wheel: bytes, arguments: dict[str, Any]) -> None:
    """Installs a wheel into an environment of its own, named by the wheel's contents; prints the path of its Python."""
    environment = folder / "programs" / hashlib.sha256(wheel).hexdigest()[:16]
    python = str(environment / "bin" / "python")
    if (environment / COMPLETE).exists():
        tell({"python": python})
        return
    shutil.rmtree(str(environment), ignore_errors=True)
    uv, found = find("uv"), find_python()
    if not (uv or found):
        tell({"failed": "python", "details": ""})
        return
    try:
        environment.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as sent:
            file = Path(sent, arguments["wheel"])
            file.write_bytes(wheel)
            if uv:
                run([uv, "venv", "--python", found or USUAL, str(environment)], "environment")
                command = [uv, "pip", "install", "--python", python]
            else:
                run([found, "-m", "venv", str(environment)], "environment")
                command = [python, "-m", "pip", "install", "--disable-pip-version-check"]
            run([*command, f"{file}[slurm]", *arguments["options"]], "packages")
        (environment / COMPLETE).touch()
    except OSError as error:
        tell({"failed": "disk", "details": str(error)})
        return
    tell({"python": python})


def run(command: list[str], part: str) -> None:
    """Runs a command and prints its lines; ends this script if it fails."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        text = line.decode("utf-8", "replace").strip()
        if text:
            lines.append(text)
            tell({"text": text})
    if process.wait():
        tell({"failed": part, "details": "\n".join(lines[-20:])})
        sys.exit(0)


def tell(facts: dict[str, Any]) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
