"""Every text of the window is translated, and has room in each language and with large letters.

The language is chosen when the program is imported, so that each walk is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

WALK = Path(__file__).with_name("language_walk.py")


@pytest.mark.parametrize(("language", "scale"), [("qps", "1"), ("zh_CN", "1"), ("zh_CN", "1.5")])
def test_a_walk_through_all_workspaces_and_dialogs(tmp_path: Path, language: str, scale: str) -> None:
    environment = {**os.environ, "GAN_STUDIO_TEST_LANGUAGE": language, "GAN_STUDIO_TEST_SCALE": scale}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--basetemp={tmp_path / 'walk'}",
        str(WALK),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=WALK.parents[2], check=False)
    assert done.returncode == 0, done.stdout[-8000:]
