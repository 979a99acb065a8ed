"""The desktop entry: its files for each system, and the command that installs and removes them."""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from core.cli.main import main
from core.desktop import files, install
from core.language import ENGLISH, languages

GOLDEN = Path(__file__).parent / "golden"
COMMAND = ["/home/anna b/50% `x` $y/gan-studio"]


def test_linux_has_an_entry_a_type_and_an_icon() -> None:
    made = files.linux(Path("/data"), COMMAND)
    entry, mime, icon = made.values()
    assert [file.as_posix() for file in made] == [
        "/data/applications/gan-studio.desktop",
        "/data/mime/packages/gan-studio.xml",
        "/data/icons/hicolor/scalable/apps/gan-studio.svg",
    ]
    parser = ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(entry.decode())
    keys = parser["Desktop Entry"]
    assert keys["Exec"] == '"/home/anna b/50%% \\\\`x\\\\` \\\\$y/gan-studio" %f'
    assert keys["Icon"] == "gan-studio"
    assert keys["MimeType"] == files.MIME_TYPE + ";"
    assert keys["Categories"].endswith(";")
    assert files.MIME_TYPE.encode() in mime
    for language in {*languages()} - {ENGLISH}:
        assert {f"GenericName[{language}]", f"Comment[{language}]", f"Keywords[{language}]"} < {*keys}
        assert f'<comment xml:lang="{language}">'.encode() in mime
    assert ElementTree.fromstring(icon).tag.endswith("svg")


def test_our_checkpoints_are_told_by_their_header_and_others_are_not() -> None:
    (mime,) = (content for file, content in files.linux(Path("/data"), COMMAND).items() if file.suffix == ".xml")
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    tree = ElementTree.fromstring(mime)
    assert not list(tree.iter(f"{space}glob"))
    outer = next(tree.iter(f"{space}match"))
    inner = next(outer.iterfind(f"{space}match"))

    def matches(content: bytes) -> bool:
        first, last = map(int, inner.attrib["offset"].split(":"))
        begins = content[int(outer.attrib["offset"]) :].startswith(outer.attrib["value"].encode())
        value = inner.attrib["value"].encode()
        return begins and value in content[first : last + len(value)]

    ours = sorted(GOLDEN.rglob("*.safetensors"))
    assert ours
    assert all(matches(file.read_bytes()) for file in ours)
    header = b'{"__metadata__":{"format":"pt"},"gan_studio":{"dtype":"F32"}}'
    assert not matches(len(header).to_bytes(8, "little") + header)


@pytest.mark.skipif(shutil.which("update-mime-database") is None, reason="needs shared-mime-info")
def test_the_type_is_accepted_by_the_system(tmp_path: Path) -> None:
    for file, content in files.linux(tmp_path, COMMAND).items():
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    done = subprocess.run(["update-mime-database", str(tmp_path / "mime")], capture_output=True, text=True, check=True)
    assert "error" not in done.stderr.lower()
    assert files.MIME_TYPE.encode() in (tmp_path / "mime" / "magic").read_bytes()


def test_macos_has_a_bundle() -> None:
    made = {file.as_posix(): content for file, content in files.macos(Path("/apps"), ["/a b/gan-studio"]).items()}
    properties = plistlib.loads(made["/apps/GAN Studio.app/Contents/Info.plist"])
    assert f"/apps/GAN Studio.app/Contents/MacOS/{properties['CFBundleExecutable']}" in made
    script = made["/apps/GAN Studio.app/Contents/MacOS/gan-studio"].decode()
    assert shlex.split(script.splitlines()[1]) == ["exec", "/a b/gan-studio", "$@"]
    with Image.open(BytesIO(made["/apps/GAN Studio.app/Contents/Resources/gan-studio.icns"])) as icon:
        assert icon.format == "ICNS"


def test_windows_has_a_shortcut_with_an_icon() -> None:
    ((icon, content),) = files.windows(Path("local")).items()
    with Image.open(BytesIO(content)) as image:
        assert image.format == "ICO"
        assert {(16, 16), (256, 256)} <= image.info["sizes"]
    target = files.link(Path("roaming"))
    assert target.name == "GAN Studio.lnk"
    script = files.shortcut(target, icon, ["C:\\O'Neil\\pythonw.exe", "-m", "studio.app"])
    assert "$shortcut.TargetPath = 'C:\\O''Neil\\pythonw.exe'" in script
    assert "$shortcut.Arguments = '-m studio.app'" in script
    assert script.endswith("$shortcut.Save()")


@pytest.mark.skipif(sys.platform != "linux", reason="writes the entry of Linux")
def test_the_command_installs_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert main(["install-desktop"]) == 0
    wrote = [Path(line.removeprefix("wrote ")) for line in capsys.readouterr().out.splitlines()]
    assert len(wrote) == 3
    assert all(file.is_file() for file in wrote)
    assert main(["install-desktop", "--uninstall"]) == 0
    assert not any(file.exists() for file in wrote)
    capsys.readouterr()
    assert main(["install-desktop", "--uninstall"]) == 0
    assert capsys.readouterr().out == "There was no desktop entry.\n"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_install_by_their_conventions(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts: list[list[str]] = []

    def powershell(command: list[str], **_: object) -> None:
        scripts.append(command)
        files.link(tmp_path / "Roaming").write_bytes(b"")

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(subprocess, "run", powershell)
    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    wrote = install.install()
    assert all(file.exists() for file in wrote)
    if system == "darwin" and os.name == "posix":
        assert os.access(tmp_path / "Applications" / "GAN Studio.app" / "Contents" / "MacOS" / "gan-studio", os.X_OK)
    assert bool(scripts) == (system == "win32")
    assert sorted(install.uninstall()) == sorted(wrote)
    assert not list(tmp_path.rglob("*.app"))
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
