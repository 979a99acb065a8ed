"""Choice of the language: the environment's, the person's or the system's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

ENGLISH = "en"
PSEUDO = "qps"
"""Language of tests: every text is changed and 40 % longer."""
VARIABLE = "GAN_STUDIO_LANGUAGE"
UNTRANSLATED = ("C", "POSIX")
"""Names of the system for its own texts, which are English."""
CATALOGS = Path(__file__).with_name("catalogs")
_NAMES = {ENGLISH: "English", "zh_CN": "简体中文"}
"""Names of languages, each in itself."""
_APPLE_SETTINGS = Path("Library", "Preferences", ".GlobalPreferences.plist")


def languages() -> dict[str, str]:
    """Returns the code and the name of each language that the program has: "zh_CN": "简体中文"."""
    codes = [ENGLISH, *sorted(file.stem for file in CATALOGS.glob("*.mo"))]
    return {code: _NAMES.get(code, code) for code in codes}


def stored_file() -> Path:
    """Returns the file that holds the code of the language that the person chose."""
    import platformdirs

    return platformdirs.user_config_path("gan-studio") / "language"


def stored() -> str:
    """Returns the code that the person chose; empty if they chose none."""
    try:
        with stored_file().open(encoding="utf-8") as file:
            return file.read(20).strip()
    except (OSError, ValueError):
        return ""


def known(name: str) -> str:
    """Returns the code of the language that a name of the system means, such as `zh_CN.UTF-8`, `zh-Hans-CN` or `zh`;
    empty if the program does not have it. A region that is not there gets the language of another."""
    name = name.partition(".")[0].partition("@")[0].replace("-", "_")
    if name in UNTRANSLATED:
        return ENGLISH
    if name == PSEUDO or name in languages():
        return name
    of_other_region = (code for code in languages() if code.partition("_")[0] == name.partition("_")[0])
    return next(of_other_region, "") if not _is_traditional(name) else ""


def choose() -> str:
    """Returns the code of the language to use."""
    return next(filter(None, map(known, filter(None, _asked()))), ENGLISH)


def _asked() -> Iterator[str]:
    yield os.environ.get(VARIABLE, "")
    yield stored()
    yield from system_names()


def system_names() -> Iterator[str]:
    """Yields the system's names of the languages that the person prefers, best first; empty where one is not set."""
    name = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if name.partition(".")[0] not in UNTRANSLATED:  # `LC_ALL=C` asks for English whatever LANGUAGE says
        yield from os.environ.get("LANGUAGE", "").split(":")
    yield name
    if sys.platform == "win32":
        import ctypes
        import locale

        yield locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    elif sys.platform == "darwin":
        import plistlib

        try:
            yield from plistlib.loads(Path.home().joinpath(_APPLE_SETTINGS).read_bytes()).get("AppleLanguages", [])
        except (OSError, ValueError, RuntimeError):
            return


def _is_traditional(name: str) -> bool:
    """Returns whether a name means Traditional Chinese, which readers of Simplified Chinese may not read."""
    return name.startswith(("zh_TW", "zh_HK", "zh_MO", "zh_Hant"))


LANGUAGE = choose()
"""Code of the language of this process."""
