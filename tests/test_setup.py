"""The set-up script: which build of PyTorch it asks for, with a stand-in for uv that installs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = """#!/bin/sh
if [ "$1" = --version ]; then echo uv; exit; fi
echo "$*" >>calls
case "$*" in *{refused}*) exit 2 ;; esac
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script sets up Linux, and macOS the default build")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the script, and an environment that is complete already."""
    for name in ("tools/setup.sh", "constraints.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    write(tmp_path / ".venv" / "bin" / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    return tmp_path


def write(script: Path, text: str) -> None:
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text, "utf-8")
    script.chmod(0o755)


def calls(project: Path, refused: str = "nothing", **variables: str) -> tuple[int, list[str]]:
    """The script's exit code, and what it asked of uv, which refuses whatever contains a text."""
    done = set_up(project, refused, **variables)
    return done.returncode, (project / "calls").read_text("utf-8").splitlines()


def set_up(project: Path, refused: str = "nothing", **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the script."""
    write(project / ".venv" / "bin" / "uv", UV.replace("{refused}", refused))
    ours = ("UV_", "PIP_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | variables
    script = ["sh", str(project / "tools" / "setup.sh")]
    environment |= {"PYTHON": sys.executable, "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(script, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(("backend", "size"), [({}, "up to 3 GB"), ({"UV_TORCH_BACKEND": "cpu"}, "0.6 GB")])
def test_it_says_how_much_it_downloads_before_it_begins(project: Path, backend: dict[str, str], size: str) -> None:
    lines = set_up(project, **backend).stderr.splitlines()
    download = next(index for index, line in enumerate(lines) if size in line)
    assert "minutes" in lines[download + 1]
    assert "installing" in "".join(lines[download + 2 :])


def test_the_build_for_this_machine_is_asked_for_first(project: Path) -> None:
    code, (call,) = calls(project)
    assert code == 0
    assert "--torch-backend=auto" in call
    assert "--compile-bytecode" in call
    constraints = (project / ".venv" / "constraints.txt").read_text("utf-8").splitlines()
    left_out = {*(ROOT / "constraints.txt").read_text("utf-8").splitlines()} - {*constraints}
    assert {line.partition("=")[0].partition("-")[0] for line in left_out} == {"nvidia", "cuda", "triton"}
    assert any(line.startswith("torch==") for line in constraints)
    assert any(line.startswith("nvidia-ml-py==") for line in constraints)


def test_where_that_index_is_out_of_reach_the_default_build_is_installed(project: Path) -> None:
    code, (first, second) = calls(project, refused="--torch-backend")
    assert code == 0
    assert "--torch-backend=auto" in first
    assert "--torch-backend" not in second
    assert "--constraints constraints.txt" in second


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "UV_OFFLINE"])
def test_a_mirror_is_asked_for_what_it_has(project: Path, name: str) -> None:
    code, (call,) = calls(project, **{name: "1"})
    assert code == 0
    assert "--torch-backend" not in call
    assert "--constraints constraints.txt" in call


def test_a_build_that_a_person_names_is_taken_or_refused(project: Path) -> None:
    code, (call,) = calls(project, UV_TORCH_BACKEND="cu126", UV_DEFAULT_INDEX="1")
    assert code == 0
    assert "--constraints .venv/constraints.txt" in call
    (project / "calls").unlink()
    code, (call,) = calls(project, refused="install", UV_TORCH_BACKEND="cu126")
    assert code == 1
