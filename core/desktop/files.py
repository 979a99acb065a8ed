"""Contents of a desktop entry for Linux, macOS and Windows, as pure functions: each returns files by their path."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from core import __version__
from core.language import ENGLISH, LANGUAGE, in_language, languages

NAME = "GAN Studio"
IDENTIFIER = "gan-studio"
MIME_TYPE = "application/x-gan-studio-checkpoint"
SVG, PNG = (Path(__file__).with_name(f"{IDENTIFIER}.{ending}") for ending in ("svg", "png"))

Files = dict[Path, bytes]

DESKTOP = """[Desktop Entry]
Type=Application
Version=1.5
Name={name}
{texts}
Exec={command} %f
Icon={identifier}
Terminal=false
Categories=Graphics;Science;ArtificialIntelligence;
MimeType={mime};
StartupWMClass={name}
"""
# A .safetensors file begins with eight bytes for the length of its header and with the header, which is JSON. That of a
# checkpoint has the key "gan_studio" in its metadata, at the beginning or after the digest. Weights of other programs
# have the same ending and stay what they are, since no type is bound to the ending.
MIME = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{mime}">
{comments}
    <icon name="{identifier}"/>
    <magic priority="60">
      <match type="string" offset="8" value='{{"__metadata__":{{'>
        <match type="string" offset="24:128" value='"gan_studio":"{{'/>
      </match>
    </magic>
  </mime-type>
</mime-info>
"""
SHORTCUT = """$shortcut = (New-Object -ComObject WScript.Shell).CreateShortcut({link})
$shortcut.TargetPath = {program}
$shortcut.Arguments = {arguments}
$shortcut.IconLocation = {icon}
$shortcut.Description = {comment}
$shortcut.Save()"""


def linux(data: Path, command: Sequence[str]) -> Files:
    """Returns the .desktop file, the MIME type of checkpoints and the icon, below the user's data folder
    (`XDG_DATA_HOME`)."""
    exec_line = " ".join(_desktop_quoted(each) for each in command)
    entry = DESKTOP.format(
        name=NAME, texts="\n".join(_texts()), command=exec_line, identifier=IDENTIFIER, mime=MIME_TYPE
    )
    mime = MIME.format(mime=MIME_TYPE, identifier=IDENTIFIER, comments="\n".join(_comments()))
    return {
        data / "applications" / f"{IDENTIFIER}.desktop": entry.encode(),
        data / "mime" / "packages" / f"{IDENTIFIER}.xml": mime.encode(),
        data / "icons" / "hicolor" / "scalable" / "apps" / SVG.name: SVG.read_bytes(),
    }


def macos(applications: Path, command: Sequence[str]) -> Files:
    """Returns the files of an application bundle in a folder of applications. The one in `MacOS` is a program."""
    import plistlib
    import shlex

    contents = applications / f"{NAME}.app" / "Contents"
    properties = {
        "CFBundleName": NAME,
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleExecutable": IDENTIFIER,
        "CFBundleIconFile": IDENTIFIER,
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": __version__,
        "NSHighResolutionCapable": True,
    }
    return {
        contents / "Info.plist": plistlib.dumps(properties),
        contents / "MacOS" / IDENTIFIER: f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'.encode(),
        contents / "Resources" / f"{IDENTIFIER}.icns": _icon("ICNS"),
    }


def windows(local: Path) -> Files:
    """Returns the icon, below the user's local data folder. The shortcut is made by `shortcut`."""
    return {local / IDENTIFIER / f"{IDENTIFIER}.ico": _icon("ICO")}


def link(roaming: Path) -> Path:
    """Returns the path of the shortcut in the Start menu, below the user's roaming data folder (`APPDATA`)."""
    return roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / f"{NAME}.lnk"


def shortcut(link: Path, icon: Path, command: Sequence[str]) -> str:
    """Returns the PowerShell script that makes a shortcut."""
    from subprocess import list2cmdline

    values = {"link": str(link), "program": command[0], "arguments": list2cmdline(command[1:]), "icon": str(icon)}
    return SHORTCUT.format(
        **{name: _powershell_quoted(value) for name, value in {**values, "comment": comment(LANGUAGE)}.items()}
    )


def comment(language: str) -> str:
    """Returns what the program does, in a language."""
    return in_language(language, "Train generative adversarial networks on your own images")


def _texts() -> Iterator[str]:
    """Yields the keys of a desktop entry whose values are texts, in each language."""
    for language in languages():
        texts = {
            "GenericName": in_language(language, "GAN trainer"),
            "Comment": comment(language),
            "Keywords": in_language(language, "GAN;neural network;machine learning;image generation;"),
        }
        place = "" if language == ENGLISH else f"[{language}]"
        yield from (f"{key}{place}={text}" for key, text in texts.items())


def _comments() -> Iterator[str]:
    """Yields the elements that name the type of checkpoints, in each language."""
    for language in languages():
        text = in_language(language, "GAN Studio checkpoint")
        place = "" if language == ENGLISH else f' xml:lang="{language}"'
        yield f"    <comment{place}>{escape(text, quote=False)}</comment>"


def _icon(format: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(PNG) as image:
        image.save(buffer, format)
    return buffer.getvalue()


def _desktop_quoted(argument: str) -> str:
    """Returns an argument as the `Exec` key of a desktop entry has it: quoted, then escaped as any string there."""
    quoted = "".join(f"\\{sign}" if sign in '"`$\\' else sign for sign in argument).replace("%", "%%")
    return f'"{quoted}"'.replace("\\", "\\\\")


def _powershell_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
