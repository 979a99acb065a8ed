"""What the window takes a dropped path for, before anything of it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from core.errors import UserError
from studio.model.data import FILES
from studio.services.open_path import recognise
from tests.core.images import HEIC
from tests.core.sources import KINDS, Kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_is_data(kind: Kind, tmp_path: Path) -> None:
    path = kind(tmp_path)
    assert recognise(str(path)) == "data"
    assert path.is_dir() or any(
        path.match(pattern) for pattern in FILES[FILES.index("(") + 1 : FILES.index(")")].split()
    )


@pytest.mark.parametrize("name", ["a.safetensors", "a.PTH", "a.ckpt"])
def test_checkpoints_are_told_by_their_names(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\5\6" + bytes(18))  # PyTorch's are zips
    assert recognise(str(tmp_path / name)) == "checkpoint"


def test_pictures_with_large_notes_and_of_phones_are_pictures(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("workflow", "x" * 2**21)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=notes)
    (tmp_path / "a.heic").write_bytes(HEIC)
    for name in ("a.png", "a.heic"):
        assert recognise(str(tmp_path / name)) == "picture"


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(UserError, match="not something to open here"):
        recognise(str(tmp_path / "notes.txt"))
    with pytest.raises(UserError, match="not there any more"):
        recognise(str(tmp_path / "missing.zip"))
