"""Tars, packed or not: what is read out of them, and everything that they may hold to do harm."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.errors import UserError
from core.events import FirstImages, Progress
from tests.core.images import SMALL, colored, encoded, fill, opened, outcome, problem, reasons, taped

PACKINGS = ("", "gz", "bz2", "xz")
IMAGES = [encoded(colored(seed)) for seed in range(6)]


def pixels(dataset: Dataset) -> list[bytes]:
    """Returns the pixels of each image, sorted."""
    return sorted(dataset.images[index].tobytes() for index in range(len(dataset.images)))


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_is_like_its_folder(tmp_path: Path, packing: str, form: int) -> None:
    entries = {}
    for name in ("猫", "dog 10", "dog 9"):
        fill(tmp_path / "here" / name)
        for path in sorted((tmp_path / "here" / name).iterdir()):
            entries[f"{name}/{path.name}"] = path.read_bytes()
    taken = opened(taped(tmp_path / f"größe.tar{packing and '.'}{packing}", entries, packing, form))
    expected = opened(tmp_path / "here")
    assert pixels(taken) == pixels(expected)
    assert taken.classes == expected.classes == ("dog 9", "dog 10", "猫")
    assert taken.labels is not None
    assert taken.labels.tolist() == [2, 2, 2, 1, 1, 1, 0, 0, 0]
    assert [taken.records.name(row) for row in range(3)] == ["猫/0.png", "猫/1.png", "猫/2.png"]
    assert taken.title == f"größe.tar{packing and '.'}{packing}"
    assert taken.skipped == ()


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", ["images", "images.zip", "images.png"])
def test_a_tar_is_what_it_holds(tmp_path: Path, packing: str, name: str) -> None:
    path = taped(tmp_path / name, {f"{index}.png": data for index, data in enumerate(IMAGES)}, packing)
    assert len(opened(path).images) == len(IMAGES)


@pytest.mark.parametrize("packing", ["", "xz"])
def test_a_tar_of_a_folder(tmp_path: Path, packing: str) -> None:
    fill(tmp_path / "photos" / "a")
    fill(tmp_path / "photos" / "b")
    (tmp_path / "photos" / "b" / "notes.txt").write_text("not an image, and not worth a word")
    (tmp_path / "photos" / "a" / ".hidden.png").write_bytes(b"")
    mode: Any = f"w:{packing}"
    with tarfile.open(tmp_path / "photos.tar", mode) as tar:
        tar.add(tmp_path / "photos", "photos")
    dataset = opened(tmp_path / "photos.tar", None)
    assert dataset.classes == ("a", "b")
    assert dataset.size == (32, 32)
    assert dataset.skipped == ()
    assert sorted(dataset.records.name(row) for row in range(6))[:2] == ["a/0.png", "a/1.png"]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["x" * 300, "zwölf 猫", "line\nbreak", "wie 'das' \"hier\"", os.fsdecode(b"\xff\xfe")])
def test_names_in_any_script(tmp_path: Path, form: int, name: str) -> None:
    entries = {f"{name}/{index}.png": data for index, data in enumerate(IMAGES)}
    entries |= {"b/a.png": IMAGES[0], f"b/{name}.png": b"broken"}
    dataset = opened(taped(tmp_path / "a.tar", entries, form=form))
    assert len(dataset.images) == 7
    assert len(dataset.classes) == 2
    json.dumps([dataset.classes, dataset.skipped[0].name], ensure_ascii=False).encode("utf-8")


def test_links_and_devices_are_never_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(IMAGES[0])
    path = taped(tmp_path / "a.tar", {"a.png": IMAGES[0], "b.png": IMAGES[1]})
    with tarfile.open(path, "a") as tar:
        for name, kind, target in (
            ("soft.png", tarfile.SYMTYPE, str(tmp_path / "secret.png")),
            ("loop.png", tarfile.SYMTYPE, "loop.png"),
            ("hard.png", tarfile.LNKTYPE, "a.png"),
            ("pipe.png", tarfile.FIFOTYPE, ""),
            ("disk.png", tarfile.BLKTYPE, ""),
            ("zero.png", tarfile.CHRTYPE, ""),
            ("odd.png", b"Z", ""),
            ("folder.png", tarfile.DIRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.devmajor, info.devminor = kind, target, 1, 5
            tar.addfile(info)
    dataset = opened(path)
    assert len(dataset.images) == 2
    link, device = "link inside the tar", "not a regular file"
    assert reasons(dataset) == {
        "soft.png": link,
        "loop.png": link,
        "hard.png": link,
        "pipe.png": device,
        "disk.png": device,
        "zero.png": device,
        "odd.png": device,
    }


@pytest.mark.parametrize("packing", PACKINGS)
def test_entries_that_are_refused_are_named(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.formats.archive_entries.LARGEST_FILE", 2**20)
    entries = {
        "a.png": IMAGES[0],
        "b.png": IMAGES[1],
        "../../outside.png": IMAGES[2],
        "/root.png": IMAGES[2],
        "C:/root.png": IMAGES[2],
        "inner.tar.gz": b"\x1f\x8b",
        "inner.zip": b"PK",
        "big.png": bytes(2**20 + 1),
        "broken.png": b"broken",
        "empty.png": b"",
    }
    dataset = opened(taped(tmp_path / "a.tar", entries, packing))
    assert len(dataset.images) == 2
    assert reasons(dataset) == {
        "../../outside.png": "its path leads outside the archive",
        "/root.png": "its path leads outside the archive",
        "C:/root.png": "its path leads outside the archive",
        "inner.tar.gz": "an archive inside the archive; unpack it first",
        "inner.zip": "an archive inside the archive; unpack it first",
        "big.png": "larger than 1 MB when unpacked",
        "broken.png": "not an image, or damaged",
        "empty.png": "empty file",
    }
    assert not (tmp_path.parent.parent / "outside.png").exists()


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_truncated_tars(tmp_path: Path, packing: str, part: float) -> None:
    entries = {f"{index}.png": data for index, data in enumerate(IMAGES)}
    whole = taped(tmp_path / "whole", entries, packing).read_bytes()
    cut = tmp_path / f"cut.tar{packing and '.'}{packing}"
    # What follows the last file of a plain tar are zeros, of which none need be there.
    length = len(whole) if packing else sum(512 + -(-len(data) // 512) * 512 for data in IMAGES)
    cut.write_bytes(whole[: int(length * part) | 1])
    assert problem(cut).what in (
        "'" + cut.name + "' ends too early.",
        f"'{cut.name}' is damaged, or has another format than its name says.",
    )


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.bz2", "a.txz"])
@pytest.mark.parametrize(
    "data", [b"hello", b"", b"\x1f\x8b\x08garbage", b"BZhgarbage", b"\xfd7zXZ\0garbage", b"x" * 5000]
)
def test_mislabeled_tars(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    found = problem(tmp_path / name)
    assert any(word in found.what for word in ("damaged", "too early", "no images"))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_damaged_headers(tmp_path: Path, place: int) -> None:
    path = taped(tmp_path / "a.tar", {f"{index}.png": IMAGES[0] for index in range(4)})
    data = bytearray(path.read_bytes())
    start = place * (512 + -(-len(IMAGES[0]) // 512) * 512)
    data[start + 150 : start + 156] = b"999999"
    path.write_bytes(data)
    assert problem(path).what == "'a.tar' is damaged, or has another format than its name says."


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def record(text: str) -> bytes:
    """A line of an extended header, behind its length."""
    length = next(length for length in range(len(text), len(text) + 9) if len(f"{length} {text}\n") == length)
    return f"{length} {text}\n".encode()


def extended(records: bytes) -> bytes:
    return header("x", len(records), tarfile.XHDTYPE) + records + bytes(-len(records) % 512)


FIRST = header("a.png", len(IMAGES[0])) + IMAGES[0] + bytes(-len(IMAGES[0]) % 512)


@pytest.mark.parametrize(
    "end",
    [
        header("b.png", 10**13),
        header("b.txt", 10**13),
        extended(record(f"size={10**13}")) + header("b.png", 0),
        extended(record(f"size={10**400}")) + header("b.png", 0),
        extended(record("size=-512")) + header("b.png", 0),
        extended(record("size=x")) + header("b.png", 0),
        extended(b"99999 path=b.png\n") + header("b.png", 0),
        extended(b"0 path=b.png\n") + header("b.png", 0),
        extended(b"\xff" * 100) + header("b.png", 0),
        extended(b"9" * 5000 + b" a=b\n") + header("b.png", 0),
        header("x", 10**11, tarfile.GNUTYPE_LONGNAME),
        header("x", 10**11, tarfile.XHDTYPE),
        header("x", 2**21, tarfile.GNUTYPE_LONGNAME) + b"x" * 2**21,
        header("b.png", -512),
        header("b.png", 100),
        b"x" * 100,
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_headers_that_lie(tmp_path: Path, end: bytes, zipped: bool) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(gzip.compress(FIRST + end) if zipped else FIRST + end)
    begun = perf_counter()
    assert any(word in problem(path).what for word in ("damaged", "too early", "unpack to"))
    assert perf_counter() - begun < 10


def test_sparse_tars(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(FIRST + header("b.png", 0, tarfile.GNUTYPE_SPARSE))
    assert "--sparse" in problem(tmp_path / "a.tar").remedy


def test_an_end_without_zeros(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(FIRST * 2)
    assert len(opened(tmp_path / "a.tar").images) == 2


def test_what_comes_after_the_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(FIRST * 2 + bytes(1024) + FIRST * 5)
    assert len(opened(tmp_path / "a.tar").images) == 2


def test_an_empty_tar(tmp_path: Path) -> None:
    assert problem(taped(tmp_path / "a.tar", {})).what == "There are no images in 'a.tar'."
    found = problem(taped(tmp_path / "b.tar.gz", {"data_batch_1.bin": b"x"}, "gz"))
    assert "unpack it first" in found.remedy


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_tar_that_unpacks_for_ever(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.formats.compression._HARMLESS", 2**20)
    path = taped(tmp_path / "a.tar", {"a.png": IMAGES[0], "b.png": IMAGES[1], "c.txt": bytes(2**24)}, packing)
    found = problem(path)
    assert "would unpack to" in found.what
    assert "unpack it yourself" in found.remedy


def test_large_files_do_not_wait_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.formats.tar_archive._LARGE", 100)
    monkeypatch.setattr("core.data.formats.tar_reader._STRIDE", 1000)
    path = taped(tmp_path / "a.tar", {f"{index}.png": data for index, data in enumerate(IMAGES)}, "gz")
    assert opened(path).records.name(0) == "0.png"
    assert len(opened(path, (24, 24)).images) == 6


def test_a_tar_shows_its_first_images_at_once_and_progress(tmp_path: Path) -> None:
    entries = {f"{index}.png": IMAGES[index % 6] for index in range(40)} | {"long.txt": bytes(2**25)}
    events = list(prepare(taped(tmp_path / "a.tar", entries), Preparation(SMALL)))
    first_images = next(event for event in events if isinstance(event, FirstImages))
    assert first_images.images.shape == (12, 64, 64, 3)
    assert sum(isinstance(event, Progress) and event.text == "Looking for images" for event in events) > 1


@pytest.mark.parametrize("packing", ["", "gz"])
@pytest.mark.parametrize("change", ["gone", "cut", "other", "same length"])
def test_a_tar_that_changes_while_it_is_read(tmp_path: Path, packing: str, change: str) -> None:
    entries = {f"{name}/{index}.png": IMAGES[index % 6] for name in "ab" for index in range(30)}
    path = taped(tmp_path / "a.tar", entries, packing)
    with closing(prepare(path, Preparation(SMALL))) as events:
        for event in events:
            if isinstance(event, Progress) and event.text == "Reading images":
                break
        if change == "gone":
            path.unlink()
        elif change == "cut":
            os.truncate(path, path.stat().st_size // 2)
        elif change == "other":
            path.unlink()
            taped(path, {f"z/{name}": data for name, data in entries.items()} | {"x.png": IMAGES[0]}, packing)
        else:
            path.write_bytes(bytes(path.stat().st_size))
        last = outcome(events)
    if isinstance(last, UserError):
        assert "a.tar" in last.what
    else:
        assert last.skipped or len(last.images) == 60
