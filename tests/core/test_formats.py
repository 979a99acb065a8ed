"""Behavior of every kind of source: it is recognized, cached, left alone, and may vanish at any moment."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter

import pytest

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.items import Skipped
from core.data.prepare import opens, prepare
from core.errors import UserError
from core.events import Event, FirstImages, Progress
from tests.core.images import SMALL, colored, encoded, fill, listing, opened, outcome, packed, problem, reasons
from tests.core.sources import KINDS, PICTURES, Kind, as_cifar, as_folder, as_npy, as_video
from tests.core.work import all_of


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pictures_whatever_holds_them(tmp_path: Path, kind: Kind) -> None:
    dataset = opened(kind(tmp_path), frame_step=1)
    images = {dataset.images[row].transpose(1, 2, 0).tobytes() for row in range(20)}
    if kind is as_cifar:
        assert len(images) == 20
    else:
        assert images == {picture.tobytes() for picture in PICTURES}
    assert len(dataset.classes) == (0 if kind in (as_npy, as_video) else 2)
    assert len({dataset.records.name(row) for row in range(20)}) == 20
    assert not dataset.skipped


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_opening_reads_the_cache(tmp_path: Path, kind: Kind) -> None:
    path = kind(tmp_path)
    assert opens(str(path))
    first = opened(path, None)
    events, again = all_of(prepare(path))
    assert not any(isinstance(event, Progress) and "Reading" in event.text for event in events)
    assert again.fingerprint == first.fingerprint
    changed = path / "data_batch_1.bin" if kind is as_cifar else path
    if kind is as_folder:
        colored(99, 16, 16).save(path / "a" / "0.png")
    else:
        os.utime(changed, ns=(1, 1))
    assert any(isinstance(event, Progress) and "Reading" in event.text for event in prepare(path))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_written_where_the_images_lie(tmp_path: Path, kind: Kind) -> None:
    (tmp_path / "mine").mkdir()
    path = kind(tmp_path / "mine")
    before = listing(tmp_path / "mine")
    opened(path, None)
    opened(path, (24, 16), alpha=True, fit="pad")
    assert listing(tmp_path / "mine") == before


@pytest.mark.parametrize("kind", KINDS)
def test_stopping_at_any_moment_leaves_nothing_behind(tmp_path: Path, kind: Kind) -> None:
    path = kind(tmp_path)
    for moments in range(6):
        events = prepare(path, Preparation(SMALL), tmp_path / "cache")
        for _ in islice(events, moments):
            pass
        events.close()
        assert not list((tmp_path / "cache").glob(".*"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_drive_that_vanishes(tmp_path: Path, kind: Kind, moment: int) -> None:
    (tmp_path / "drive").mkdir()
    path = kind(tmp_path / "drive")
    seen: list[Event] = []

    def show(event: Event) -> None:
        seen.append(event)
        if len(seen) == moment:
            (tmp_path / "drive").rename(tmp_path / "gone")

    found = outcome(prepare(path, Preparation(SMALL), tmp_path / "cache"), show)
    if isinstance(found, UserError):
        assert found.remedy
    else:
        assert len(found.images) + len(found.skipped) >= 2
    assert not list((tmp_path / "cache").glob(".*"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become nobody for a moment")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (as_folder, as_cifar)])
def test_locked_files(kind: Kind, open_place: Path) -> None:
    path = kind(open_place)
    opened(path)  # whatever is imported late, it is imported now
    shutil.rmtree(open_place / "cache", ignore_errors=True)
    path.chmod(0)
    os.seteuid(65534)
    try:
        found = problem(path)
    finally:
        os.seteuid(0)
    assert "cannot be accessed" in found.what or "No permission" in found.what


@pytest.fixture
def open_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are private."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o777)
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(made / "cache"))
    yield made
    shutil.rmtree(made)


# A folder that changes under the eyes of whoever reads it


@pytest.mark.parametrize("change", ["vanishes", "grows", "is replaced", "is cut", "becomes a folder", "becomes a pipe"])
def test_a_file_that_changes_after_it_was_listed(tmp_path: Path, change: str) -> None:
    fill(tmp_path / "images", 300)
    last = tmp_path / "images" / "299.png"
    begin = perf_counter()
    with closing(prepare(tmp_path / "images", Preparation(SMALL), tmp_path / "cache")) as events:
        for event in events:
            if isinstance(event, Progress) and event.text == "Reading images":
                break
        if change == "vanishes":
            last.unlink()
        elif change == "grows":
            with last.open("ab") as file:
                file.write(bytes(10**6))
        elif change == "is replaced":
            colored(7, 90, 20).save(last)
        elif change == "is cut":
            os.truncate(last, 30)
        else:
            last.unlink()
            last.mkdir() if change == "becomes a folder" else os.mkfifo(last)
        dataset = outcome(events)
    assert isinstance(dataset, Dataset)
    assert perf_counter() - begin < 10
    expected = {
        "vanishes": {"299.png": "deleted while the dataset was read"},
        "is cut": {"299.png": "not an image, or damaged"},
        "becomes a folder": {"299.png": "not an image, or damaged"},
        "becomes a pipe": {"299.png": "not an image, or damaged"},
    }
    assert reasons(dataset) == expected.get(change, {})
    assert len(dataset.images) == 300 - len(dataset.skipped)


def test_what_a_disk_did_not_give_is_asked_for_again(tmp_path: Path) -> None:
    fill(tmp_path / "images", 300)
    last, elsewhere = tmp_path / "images" / "299.png", tmp_path / "299.png"
    with closing(prepare(tmp_path / "images", Preparation(SMALL), tmp_path / "cache")) as events:
        next(event for event in events if isinstance(event, Progress) and event.text == "Reading images")
        last.rename(elsewhere)
        dataset = outcome(events)
    assert isinstance(dataset, Dataset)
    assert list(reasons(dataset)) == ["299.png"]
    elsewhere.rename(last)  # with the size and the time that it had when it was listed
    for _ in range(2):
        progress, again = all_of(prepare(tmp_path / "images", Preparation(SMALL), tmp_path / "cache"))
        assert (len(again.images), again.skipped) == (300, ())
    # Complete by now, and so not read again.
    assert not any(isinstance(event, Progress) and event.text == "Reading images" for event in progress)


def test_a_folder_that_changes_while_it_is_listed(tmp_path: Path) -> None:
    fill(tmp_path / "images" / "a", 12)
    fill(tmp_path / "images" / "b", 3)
    fill(tmp_path / "images" / "c", 3)
    with closing(prepare(tmp_path / "images", Preparation(SMALL), tmp_path / "cache")) as events:
        assert isinstance(next(events), FirstImages)
        shutil.rmtree(tmp_path / "images" / "b")
        (tmp_path / "images" / "c").rename(tmp_path / "images" / "d")
        dataset = outcome(events)
    assert isinstance(dataset, Dataset)
    assert len(dataset.images) == 12
    assert Skipped("b", "this folder cannot be opened", kind="inaccessible") in dataset.skipped
    assert Skipped("c", "this folder cannot be opened", kind="inaccessible") in dataset.skipped


# What is none of all this


def test_devices_and_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tar")
    (tmp_path / "loop.zip").symlink_to(tmp_path / "loop.zip")
    for path in (tmp_path / "pipe.tar", Path("/dev/zero"), Path("/dev/null")):
        assert "GAN Studio cannot read images from" in problem(path).what
    assert problem(tmp_path / "loop.zip").remedy


@pytest.mark.parametrize("name", ["notes.txt", "photo.png", "script.py", "data.gz", "data.xz", "no suffix"])
def test_other_files_are_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    for data in (b"", b"hello", encoded(colored()), gzip.compress(b"hello"), gzip.compress(bytes(1000)), bytes(4000)):
        (tmp_path / name).write_bytes(data)
        assert not opens(str(tmp_path / name))
        found = problem(tmp_path / name)
        assert "GAN Studio cannot read images from" in found.what
        assert all(word in found.remedy for word in ("folder", "zip", "tar", ".npy", "video"))
    assert not opens(str(tmp_path / "missing"))
    assert not opens("")


def test_archives_at_the_end_of_other_files(tmp_path: Path) -> None:
    """A tar whose last file is a zip is a tar."""
    inner = packed(tmp_path / "inner.zip", {"x.png": encoded(colored())})
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for index in range(2):
            colored(index).save(tmp_path / f"{index}.png")
            tar.add(tmp_path / f"{index}.png", f"{index}.png")
        tar.add(inner, "inner.zip")
    dataset = opened(tmp_path / "a.tar")
    assert len(dataset.images) == 2
    assert reasons(dataset) == {"inner.zip": "an archive inside the archive; unpack it first"}
