"""Other files among images, in folders and archives: misleading endings, formats that are not read, archives, videos,
arrays and runs. Each is read, or named with what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.data.cache.exclusions import exclude
from core.data.formats import file_kinds
from core.data.health.findings import HealthFinding
from core.data.items import REMEDIES, Skipped
from tests.core.images import (
    HEIC,
    archived,
    colored,
    encoded,
    fill,
    labels,
    opened,
    packed,
    problem,
    reasons,
)
from tests.core.photos import report_of

IMAGES = [encoded(colored(seed)) for seed in range(6)]
OTHER_ENDINGS = ("raf", "orf", "rw2", "CR2", "tga", "ppm", "pgm", "exr", "ico", "dcm", "jxl", "JP2", "svg", "nii.gz")
SOURCES = ("a.zip", "a.tar", "folder")
ENTRIES = {f"{index}.png": data for index, data in enumerate(IMAGES[:3])}


def findings(source: Path) -> dict[str, HealthFinding]:
    """By their kinds, those that are not good."""
    return {each.kind: each for each in report_of(opened(source)).findings if each.severity != "good"}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "file",
    [
        *("no extension", "DSC0001", "a.jpg_large", "a.jpg.1", "IMG 12.30", "Mr. Smith on a hill", "a.jpg!d", "x.dat"),
        *("0.jpe", "0.JFIF", "a.apng", "a.HIF", "a.pjp", "a.pjpeg", "a.dib", "a.heics", "a.mpo"),
    ],
)
@pytest.mark.parametrize("data", [encoded(colored(9), "JPEG"), HEIC], ids=["jpeg", "heic"])
def test_an_image_is_told_by_what_it_begins_with(tmp_path: Path, name: str, file: str, data: bytes) -> None:
    others = {
        "README": b"BM is how a bitmap begins",
        "sound.pcm": b"RIFF\1\1\0\0WAVEfmt ",
        "notes.txt": IMAGES[0],
        "LICENSE.old": b"text",
    }
    dataset = opened(archived(tmp_path / name, {**ENTRIES, **others, file: data}))
    assert (len(dataset.images), dataset.skipped) == (4, ())


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("ending", OTHER_ENDINGS)
def test_formats_that_are_not_read_are_named(tmp_path: Path, name: str, ending: str) -> None:
    path = archived(tmp_path / name, {**ENTRIES, f"photo.{ending}": b"\0\0\0\x18ftypheic"})
    called = ending.removesuffix(".gz").upper()
    assert reasons(opened(path)) == {f"photo.{ending}": f"{called} is not supported; save it as PNG or JPEG"}
    found = findings(path)
    assert "1 file in unsupported image formats is left out" in found["other_formats"].text
    assert "convert them to png" in found["other_formats"].suggestion.lower()
    assert "unreadable" not in found


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("data", "called"),
    [
        (b"8BPS\0\1", "PSD"),
        (bytes(128) + b"DICM" + bytes(60), "DICOM"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
        (b"FUJIFILMCCD-RAW 0201", "RAF"),
    ],
)
def test_formats_that_are_not_read_are_known_by_their_first_bytes(
    tmp_path: Path, name: str, data: bytes, called: str
) -> None:
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "IM000001": data}))
    assert reasons(dataset) == {"IM000001": f"{called} is not supported; save it as PNG or JPEG"}


CONTAINERS = {
    "more.zip": "an archive",
    "more.tar.gz": "an archive",
    "more.7Z": "an archive",
    "film.mp4": "a video",
    "FILM.MPG": "a video",
    "film.3gp": "a video",
    "rows.npy": "an array",
    "rows.mat": "an array",
    "train.parquet": "a data file",
}


@pytest.mark.parametrize("name", SOURCES)
def test_archives_videos_and_arrays_among_images_are_named(tmp_path: Path, name: str) -> None:
    path = archived(tmp_path / name, {**ENTRIES, **dict.fromkeys(CONTAINERS, b"x")})
    inside = "" if name == "folder" else " inside the archive; unpack it first"
    assert reasons(opened(path)) == {file: f"{what}{inside}" for file, what in CONTAINERS.items()}
    found = findings(path)
    assert "9 files with other data (archives, videos, arrays) are not opened" in found["containers"].text
    assert "unpack archives" in found["containers"].suggestion
    assert "unreadable" not in found


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("ending", ["zip", "tar", "mp4", "npy", "parquet"])
def test_a_folder_of_archives_videos_or_arrays_says_what_to_do(tmp_path: Path, name: str, ending: str) -> None:
    found = problem(archived(tmp_path / name, {f"{index}.{ending}": b"x" for index in range(3)}))
    assert f"There are no supported images in '{name}' ('0.{ending}': a" in found.what
    assert found.remedy == REMEDIES["containers"]


def test_a_video_without_an_ending_among_images_is_named(tmp_path: Path) -> None:
    path = archived(tmp_path / "folder", {**ENTRIES, "MOV_0001": b"\0\0\0\x18ftypmp42" + bytes(20), "LOG": b"ftyp"})
    assert reasons(opened(path)) == {"MOV_0001": "a video"}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The first bytes that were looked at."""
    seen: list[bytes] = []
    look = file_kinds._kind_of

    def looked(start: bytes) -> tuple[file_kinds.Kind, str]:
        seen.append(start)
        return look(start)

    monkeypatch.setattr(file_kinds, "_kind_of", looked)
    return seen


@pytest.mark.parametrize("name", SOURCES)
def test_few_of_many_other_files_are_looked_at(
    tmp_path: Path, name: str, reads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_kinds, "MOST_OTHERS", 5)
    monkeypatch.setattr(file_kinds, "MOST_OTHERS_IN_ALL", 12)
    others = {f"{index}.{ending}": b"no image" for ending in ("aaa", "bbb", "ccc") for index in range(20)}
    path = archived(tmp_path / name, {**ENTRIES, **others, **{f"{index}.txt": b"" for index in range(50)}})
    dataset = opened(path)
    passes = 1 if path.suffix != ".tar" else 3  # a tar is gone through once for each purpose
    assert len(reads) <= 12 * passes
    (said,) = dataset.skipped
    assert said.reason.startswith("48 files of unknown kinds (.")
    assert said.reason.endswith(") were not examined; 12 similar ones are not images")
    found = findings(path)["unknown"]
    assert found.text == f"{said.reason}."
    assert ".jpg" in found.suggestion


def test_all_are_looked_at_where_some_are_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_kinds, "MOST_OTHERS", 5)
    monkeypatch.setattr(file_kinds, "MOST_OTHERS_IN_ALL", 5)
    entries = {f"{index}.jpg_large": IMAGES[index % 6] for index in range(30)}
    entries |= {f"x{index}.jpg_large": b"no" for index in range(30)}
    dataset = opened(archived(tmp_path / "folder", entries))
    assert (len(dataset.images), dataset.skipped) == (30, ())


# Runs


@pytest.mark.parametrize("name", SOURCES)
def test_a_run_among_the_images_is_left_out_and_named(tmp_path: Path, name: str) -> None:
    entries = {f"{name}/{index}.png": data for name in ("cat", "dog") for index, data in enumerate(IMAGES[:3])}
    entries |= {"runs/00001/samples/0.png": IMAGES[4], "runs/00001/reals.png": IMAGES[5]}
    entries |= {"runs/00001/config.json": b"", "runs/00001/stats.jsonl": b"", "cat/config.json": b""}
    path = archived(tmp_path / name, entries)
    dataset = opened(path)
    assert (len(dataset.images), dataset.classes) == (6, ("cat", "dog"))
    assert dataset.skipped == (Skipped("runs/00001", "a run folder", kind="runs"),)
    found = findings(path)["runs"]
    assert found.text == "'runs/00001' is a run folder and is left out."
    assert "generated" in found.suggestion


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("around", ["", "r1/"])
def test_a_run_is_no_dataset(tmp_path: Path, name: str, around: str) -> None:
    entries = {f"{around}{file}": b"" for file in ("config.json", "stats.jsonl")}
    entries |= {f"{around}samples/{index}.png": data for index, data in enumerate(IMAGES)}
    found = problem(archived(tmp_path / name, entries))
    assert "a run folder" in found.what
    assert found.remedy == REMEDIES["runs"]


def test_the_samples_of_a_run_are_no_dataset(tmp_path: Path) -> None:
    entries = {f"{file}": b"" for file in ("config.json", "stats.jsonl")}
    archived(tmp_path / "r1", entries | {f"samples/{index}.png": data for index, data in enumerate(IMAGES)})
    assert "'r1' is a run folder" in problem(tmp_path / "r1" / "samples").what
    (tmp_path / "r1" / "config.json").unlink()
    assert len(opened(tmp_path / "r1" / "samples").images) == 6


# Folders


def placed(path: Path, places: list[str]) -> Path:
    """Two images in each of these places."""
    names = [f"{place}/{number}.png" for number, place in enumerate(places * 2)]
    return archived(path, {name.removeprefix("./"): IMAGES[number % 6] for number, name in enumerate(names)})


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("places", "classes"),
    [
        (["images/cat", "images/dog"], ("cat", "dog")),
        (["photos/photos/cat", "photos/photos/dog"], ("cat", "dog")),
        (["train/cat", "train/dog", "val/cat", "val/dog"], ("cat", "dog")),
        (["set/Train/cat", "set/Train/dog", "set/Test/cat"], ("cat", "dog")),
        (["train", "val"], ()),
        (["images", "masks"], ()),
        (["images/train", "images/val"], ()),
        (["train/images", "train/masks", "val/images"], ()),
        (["cat"], ()),
        (["train/cat", "val/cat"], ()),
        (["train/cat", "train/dog", "test"], ()),
        (["train", "cat"], ("cat", "train")),
        (["images/cat", "images/Cat"], ("Cat", "cat")),
    ],
)
def test_which_folders_are_classes(tmp_path: Path, name: str, places: list[str], classes: tuple[str, ...]) -> None:
    dataset = opened(placed(tmp_path / name, places))
    assert dataset.classes == classes
    if classes:
        expected = [classes.index(dataset.records.name(row).split("/")[-2]) for row in range(len(dataset.images))]
        assert labels(dataset) == expected


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("places", "kept", "classes"),
    [
        (["train/cat", "train/dog", "val/cat", "val/dog"], ["train/cat", "train/dog"], ("cat", "dog")),
        (["train/cat", "train/dog", "test"], ["train/cat", "train/dog"], ("cat", "dog")),
        (["Training", "val"], ["Training"], ()),
        (["trainA", "trainB", "testA", "testB"], ["trainA", "trainB"], ("trainA", "trainB")),
        (["train_hr", "train_lr", "valid_hr", "valid_lr"], ["train_hr", "train_lr"], ("train_hr", "train_lr")),
        (["A/train", "A/test", "B/train", "B/test"], ["A/train", "B/train"], ()),
        (["trainA", "trainB"], ["trainA", "trainB"], ("trainA", "trainB")),
        (["A/train", "B/val"], ["A/train"], ()),
        (["val/cat", "test/dog"], ["val/cat", "test/dog"], ("cat", "dog")),
        (["cat", "train"], ["cat", "train"], ("cat", "train")),
    ],
)
def test_the_train_folder_alone(
    tmp_path: Path, name: str, places: list[str], kept: list[str], classes: tuple[str, ...]
) -> None:
    dataset = opened(placed(tmp_path / name, places), split="train")
    names = list(dataset.records.all_names())
    assert {each.rsplit("/", 1)[0] for each in names} == set(kept)
    assert dataset.classes == classes
    if classes:
        assert labels(dataset) == [classes.index(each.split("/")[-2]) for each in names]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("places", "said", "remedy"),
    [
        (["train", "val"], "'train', 'val' are splits of a dataset, not classes", "Open one of them"),
        (["images", "masks"], "'images', 'masks' are splits of a dataset, not classes", "Open one of them"),
        (["train/cat", "train/dog", "val/cat"], "'train', 'val' are splits of a dataset", "Open one of them"),
        (
            ["trainA", "trainB", "testA"],
            "'testA', 'trainA', 'trainB' split the dataset",
            "to keep the others for a test",
        ),
        (["train/cat", "train/dog", "test"], "because 2 images are outside them", "Open 'train', whose subfolders"),
        (["train/cat", "train/dog", "test"], "'test', 'train' are splits", "Open 'train'"),
        (["x/cat", "x/dog", "x"], "because 2 images are outside them", "Move the other images"),
        (["x/cat/deep", "x/dog"], "because 2 images are in their subfolders", "such as"),
    ],
)
def test_folders_that_are_no_classes_are_said(
    tmp_path: Path, name: str, places: list[str], said: str, remedy: str
) -> None:
    found = findings(placed(tmp_path / name, places))["folders"]
    assert said in found.text
    assert remedy in found.suggestion


@pytest.mark.parametrize("stray", ["x.png", "cat/deep/x.png"])
@pytest.mark.parametrize("name", SOURCES)
def test_a_damaged_stray_image_is_named_where_classes_are_lost_to_it(tmp_path: Path, name: str, stray: str) -> None:
    entries = {f"{name}/{index}.png": data for name in ("cat", "dog") for index, data in enumerate(IMAGES[:3])}
    path = archived(tmp_path / name, {**entries, stray: b"broken"})
    assert opened(path).classes == ()
    found = findings(path)["folders"]
    assert f"'cat', 'dog' are not used as classes, because the skipped file '{stray}' is outside them" in found.text
    assert "Move" in found.suggestion


def test_a_stray_image_that_a_person_left_out_is_named(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / "set" / name)
    colored(9).save(tmp_path / "set" / "x.png")
    exclude(opened(tmp_path / "set"), ["x.png"])
    assert "because the skipped file 'x.png' is outside them" in findings(tmp_path / "set")["folders"].text


@pytest.mark.parametrize(
    "noise",
    [
        *("@eaDir", "@tmp", "#recycle", "$RECYCLE.BIN", "RECYCLER", "Recycled", "System Volume Information"),
        *("__MACOSX", "Network Trash Folder", "Temporary Items", "Holiday Previews.lrdata", "FOUND.000"),
    ],
)
def test_what_systems_keep_beside_images_is_neither_an_image_nor_a_class(tmp_path: Path, noise: str) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / "set" / name)
        fill(tmp_path / "set" / name / noise / "0.jpg")
    fill(tmp_path / "set" / noise)
    dataset = opened(tmp_path / "set")
    assert (len(dataset.images), dataset.classes, dataset.skipped) == (6, ("cat", "dog"), ())
    entries = {str(path.relative_to(tmp_path / "set")): path.read_bytes() for path in (tmp_path / "set").rglob("*.png")}
    shutil.rmtree(tmp_path / "set")
    zipped = opened(packed(tmp_path / "set.zip", entries))
    assert (len(zipped.images), zipped.classes, zipped.skipped) == (6, ("cat", "dog"), ())
