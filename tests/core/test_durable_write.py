"""Durable writes: whole files or none, on the disk before they have their name, and never through somebody's link."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from core.durable_write import PARTIAL, append, flush_folder, remove_partials, replaced
from core.errors import UserError


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, order = tmp_path / "a.json", []
    synced, renamed = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        order.append("folder" if os.path.isdir(f"/dev/fd/{descriptor}") else "file")  # noqa: PTH112
        synced(descriptor)

    def rename(path: Path, other: Path) -> Path:
        order.append("rename")
        return renamed(path, other)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", rename)
    with replaced(target) as partial:
        assert PARTIAL.fullmatch(partial.name)
        partial.write_text("new", "utf-8")
        assert not target.exists()
    assert target.read_text("utf-8") == "new"
    assert order[:2] == ["file", "rename"]
    assert order[2:] == ([] if os.name == "nt" else ["folder"])


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old", "utf-8")

    def fail(error: Exception) -> None:
        with replaced(target) as partial:
            partial.write_text("half", "utf-8")
            raise error

    with pytest.raises(KeyError):
        fail(KeyError())
    with pytest.raises(UserError, match=r"The disk is full: a\.json"):
        fail(OSError(errno.ENOSPC, "No space left on device"))
    assert [path.read_text("utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250 + ".png")
    with replaced(target) as partial:
        partial.write_bytes(b"x")
    assert target.read_bytes() == b"x"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_under_the_targets_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    precious, target = tmp_path / "precious", tmp_path / "a.json"
    precious.write_text("mine", "utf-8")
    target.symlink_to(precious)
    with replaced(target) as partial:
        partial.write_text("new", "utf-8")
    assert precious.read_text("utf-8") == "mine"
    assert not target.is_symlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
@pytest.mark.parametrize("is_read", [False, True])
def test_nothing_is_added_to_a_pipe_or_a_device(is_read: bool, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.txt")
    reader = os.open(tmp_path / "log.txt", os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    try:
        for path in (tmp_path / "log.txt", Path("/dev/null"), tmp_path):
            with pytest.raises(OSError, match=r"."):
                append(path, "text\n")
    finally:
        if reader is not None:
            os.close(reader)


def test_only_what_a_killed_write_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".0123456789abcdef.partial"
    theirs = [".hidden", "a.partial", ".0123456789abcdef.partial.png", ".0123456789ABCDEF.partial"]
    for name in (left.name, *theirs):
        (tmp_path / name).touch()
    (tmp_path / ".fedcba9876543210.partial").mkdir()
    remove_partials(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*theirs, ".fedcba9876543210.partial"}


@pytest.mark.skipif(os.name == "nt", reason="folders are not flushed there")
def test_a_drive_that_cannot_flush_folders_is_good_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(code: int) -> None:
        def sync(_: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", sync)

    refuse(errno.EINVAL)
    flush_folder(tmp_path)
    refuse(errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        flush_folder(tmp_path)
