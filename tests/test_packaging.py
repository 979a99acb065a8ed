"""The wheel and the sdist: what they hold, and what they say of the program. `make campaign` installs the wheel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from importlib.util import find_spec
from pathlib import Path

import pytest

from core import __version__
from tests.core import campaign

ROOT = Path(__file__).parent.parent
IGNORED = {"__pycache__", ".DS_Store"}

pytestmark = pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling, the build backend, is not installed")


def build(source: Path, target: Path, kind: str) -> Path:
    """Builds a wheel or an sdist of a source tree, and returns its file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (file,) = target.iterdir()
    return file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    return message_from_bytes(read(wheel, "METADATA"))


def read(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(f"gan_studio-{__version__}.dist-info/{name}")


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {*archive.namelist()}


def test_the_wheel_holds_both_packages_and_nothing_else(wheel: Path) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in ("core", "studio")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not IGNORED & {*path.parts}
    }
    found = {name for name in names(wheel) if ".dist-info/" not in name}
    assert found == ours
    kinds = {Path(name).suffix for name in found}
    assert {".py", ".json", ".jinja", ".js", ".css", ".svg", ".png"} <= kinds  # what is read at run time


def test_the_entry_point_is_the_program(wheel: Path) -> None:
    assert "gan-studio = studio.app:main" in read(wheel, "entry_points.txt").decode().splitlines()


def test_the_metadata_describes_the_program(metadata: Message) -> None:
    assert metadata["Name"] == "gan-studio"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"]
    assert metadata["Keywords"]
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra" not in line]
    assert not [line for line in required if re.match(r"pytest|ruff|mypy|hatchling", line)]
    trove = pytest.importorskip("trove_classifiers")
    classifiers = metadata.get_all("Classifier", [])
    assert {*classifiers} <= trove.classifiers
    assert len(classifiers) > 5


def test_links_and_pictures_of_the_description_lead_somewhere(metadata: Message) -> None:
    description = str(metadata.get_payload())
    assert description.startswith("# GAN Studio")
    relative = re.findall(r"\]\((?!https?:|#)([^)]*)\)", description)
    assert not relative
    assert "English | 简体中文" not in description  # it would be no link


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build(ROOT, tmp_path / "sdist", "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert {"tests", "tools", "Makefile", "CHANGELOG.md", "CITATION.cff"} <= {path.name for path in source.iterdir()}
    again = build(source, tmp_path / "again", "wheel")
    assert names(again) == names(wheel)
    assert read(again, "METADATA") == read(wheel, "METADATA")


def test_the_changelog_and_the_citation_name_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"version: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")


@campaign.only
def test_the_wheel_is_a_tool_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """Installs it with `uv tool install`, and starts it away from the sources."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    constraints = str(ROOT / "constraints.txt")
    install = [uv, "tool", "install", "--python", sys.executable, "--constraints", constraints, str(wheel)]
    subprocess.run(install, cwd=tmp_path, env=kept | folders, check=True)

    def say(*arguments: str) -> str:
        command = [str(tmp_path / "bin" / "gan-studio"), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert say("--version") == f"GAN Studio {__version__}\n"
    assert "dcgan" in say("presets")
    picture = tmp_path / "run" / "samples" / "000000002.png"
    say("train", "sample:digits", "--out", "run", "--preset", "gan", "--resolution", "16", "--steps", "2")
    assert picture.is_file()
    assert "<html" in (say("report", "run", "--out", "report.html"), (tmp_path / "report.html").read_text("utf-8"))[1]
    shutil.rmtree(tmp_path / "tools")  # some gigabytes
