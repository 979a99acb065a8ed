"""Zips that may do harm, archives that chance changed, and the labels of StyleGAN's tools."""

from __future__ import annotations

import json
import lzma
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.health.findings import HealthFinding
from core.data.prepare import prepare
from core.errors import UserError
from tests.core.images import (
    SMALL,
    archived,
    colored,
    encoded,
    opened,
    outcome,
    packed,
    plain,
    problem,
    reasons,
    taped,
)
from tests.core.photos import report_of

PACKINGS = ("", "gz", "bz2", "xz")
IMAGES = [encoded(colored(seed)) for seed in range(6)]
KINDS = ("a.zip", "a.tar")
LABELED = (*KINDS, "folder")


# Zips


def test_a_zip_bomb(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"{index}.png": bytes(1000) for index in range(9)})
    data = bytearray(path.read_bytes())
    offset = -1
    while (offset := data.find(b"PK\1\2", offset + 1)) >= 0:
        data[offset + 24 : offset + 28] = struct.pack("<I", 500 * 2**20)
    path.write_bytes(data)
    assert "would unpack to" in problem(path).what


def test_an_entry_that_is_longer_than_it_says_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, data in enumerate(IMAGES):
            archive.writestr(f"{index}.png", data)
        archive.writestr("bomb.png", bytes(2**28))
    whole = bytearray(path.read_bytes())
    offset = whole.rindex(b"PK\1\2")
    whole[offset + 24 : offset + 28] = struct.pack("<I", 1000)
    path.write_bytes(whole)
    tracemalloc.start()
    try:
        dataset = opened(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(dataset.images) == len(IMAGES)
    assert set(reasons(dataset)) == {"bomb.png"}
    assert peak < 2**26


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_entry_that_could_be_unpacked_without_a_limit_is_left_out(packing: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for index, data in enumerate(IMAGES):
            archive.writestr(f"{index}.png", data)
        archive.writestr("bomb.png", bytes(2**20), packing)
        archive.writestr("labels.csv", "file_name,label\n0.png,a\n1.png,b\n", packing)
    dataset = opened(tmp_path / "a.zip")
    assert len(dataset.images) == len(IMAGES)
    assert set(reasons(dataset)) == {"bomb.png", "labels.csv"}
    assert "unsupported compression method" in reasons(dataset)["bomb.png"]
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packing) as archive:
        archive.writestr("images.npy", b"")
    assert "unsupported compression method" in problem(tmp_path / "a.npz").what


def test_an_xz_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    path = taped(tmp_path / "a.tar", {f"{index}.png": data for index, data in enumerate(IMAGES)})
    greedy = {"id": lzma.FILTER_LZMA2, "dict_size": 2**29, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC4}
    for filters, refused in (([{"id": lzma.FILTER_LZMA2, "preset": 9}], False), ([greedy], True)):
        packed_path = tmp_path / "a.tar.xz"
        packed_path.write_bytes(lzma.compress(path.read_bytes(), filters=filters))
        if refused:
            assert "damaged, or has another format than its name says" in problem(packed_path).what
        else:
            assert len(opened(packed_path).images) == len(IMAGES)


def test_an_xz_of_several_streams(tmp_path: Path) -> None:
    whole = taped(tmp_path / "a.tar", {f"{index}.png": data for index, data in enumerate(IMAGES)}).read_bytes()
    parts = [lzma.compress(whole[:1000]), lzma.compress(whole[1000:])]
    (tmp_path / "b.tar.xz").write_bytes(parts[0] + bytes(8) + parts[1] + bytes(4))
    assert len(opened(tmp_path / "b.tar.xz").images) == len(IMAGES)


def test_a_link_in_a_zip_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(IMAGES[0])
    path = packed(tmp_path / "a.zip", {"a.png": IMAGES[0], "b.png": IMAGES[1]})
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("link.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, str(tmp_path / "secret.png"))
    assert reasons(opened(path)) == {"link.png": "not an image, or damaged"}


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_truncated_zips(tmp_path: Path, part: float) -> None:
    path = packed(tmp_path / "a.zip", {f"{index}.png": data for index, data in enumerate(IMAGES)})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    assert "damaged" in problem(path).what


def test_an_entry_whose_name_is_empty_is_none(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ENTRIES | {"nameless.png": IMAGES[0]})
    path.write_bytes(path.read_bytes().replace(b"nameless.png", b"\0ameless.png"))
    assert len(opened(path).images) == len(ENTRIES)


@pytest.mark.parametrize("suffix", [".zip", ".npz"])
def test_a_zip_that_asks_for_a_version_of_the_future(suffix: str, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", ENTRIES).rename(tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes().replace(b"PK\1\2\24\3\24\0", b"PK\1\2\24\3\377\0"))
    assert "damaged, or has another format than its name says" in problem(path).what


def test_mutated_archives_are_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    entries = {f"{index % 2}/{index}.png": data for index, data in enumerate(IMAGES)}
    wholes = [taped(tmp_path / f"whole{packing}", entries, packing).read_bytes() for packing in PACKINGS]
    wholes.append(packed(tmp_path / "whole.zip", entries).read_bytes())
    outcomes = {Dataset: 0, UserError: 0}
    for number in range(150):
        data = bytearray(wholes[number % len(wholes)])
        for _ in range(int(random.integers(1, 8))):
            offset = int(random.integers(len(data)))
            # At the start lies a tar's first header, at the end a zip's directory.
            offset = random.choice((offset, offset % 600, len(data) - 1 - offset % 600))
            data[offset : offset + 1] = random.bytes(1)
        path = tmp_path / "mutated.zip"
        path.write_bytes(data)
        outcomes[type(outcome(prepare(path, Preparation(SMALL), tmp_path / "cache" / str(number))))] += 1
    assert min(outcomes.values()) > 10


# Labels in a file


def noted(labels: Any) -> bytes:
    return json.dumps({"labels": labels}).encode()


def findings(dataset: Dataset) -> dict[str, HealthFinding]:
    """By their kinds, those that are not good."""
    return {each.kind: each for each in report_of(dataset).findings if each.severity != "good"}


NAMES = [f"{index // 3:05}/img{index:08}.png" for index in range(6)]
ENTRIES = dict(zip(NAMES, IMAGES, strict=True))


@pytest.mark.parametrize(("name", "around"), [*product(KINDS, ["", "packed/"]), ("folder", "")])
def test_labels_are_those_of_the_note(tmp_path: Path, name: str, around: str) -> None:
    note = noted([[each, label] for each, label in zip(NAMES, (3, 1, 3, 1, 7, 7), strict=True)])
    entries = {f"{around}{each}": data for each, data in ENTRIES.items()} | {f"{around}dataset.json": note}
    dataset = opened(archived(tmp_path / name, entries))
    assert dataset.classes == ("1", "3", "7")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [1, 0, 1, 0, 2, 2]
    assert dataset.skipped == ()


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda path: path.rpartition("/")[2],
        lambda path: path.replace(".png", ".jpg"),
        lambda path: f"elsewhere/{path.rpartition('/')[2].upper()}".replace(".PNG", ".webp"),
        lambda path: path.replace("/", "\\"),
    ],
    ids=["capitals", "no folder", "other ending", "everything", "Windows"],
)
def test_a_picture_is_found_under_other_names(tmp_path: Path, name: str, change: Callable[[str], str]) -> None:
    entries = {f"00000/img{index}.png": data for index, data in enumerate(IMAGES)}
    note = noted([[change(path), index % 2] for index, path in enumerate(entries)])
    dataset = opened(archived(tmp_path / name, {**entries, "dataset.json": note}))
    assert (dataset.classes, dataset.skipped) == (("0", "1"), ())
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_name_that_stands_for_two_classes_is_none(tmp_path: Path) -> None:
    entries = {f"{folder}/0.png": IMAGES[index] for index, folder in enumerate("ab")} | {"c/1.png": IMAGES[2]}
    note = noted([["x/0.png", 0], ["y/0.png", 1], ["c/1.png", 1], ["c/2.png", 0]])
    dataset = opened(archived(tmp_path / "a.zip", {**entries, "c/2.png": IMAGES[3], "dataset.json": note}))
    assert len(dataset.images) == 2
    assert set(reasons(dataset)) == {"a/0.png", "b/0.png"}


@pytest.mark.parametrize(
    ("given", "classes"), [(["cat", "dog"], ("cat", "dog")), ([7.0, 3.0], ("3", "7")), (["b10", "b9"], ("b9", "b10"))]
)
def test_classes_are_words_or_whole_numbers(tmp_path: Path, given: list[Any], classes: tuple[str, ...]) -> None:
    entries = {f"{index}.png": data for index, data in enumerate(IMAGES)}
    note = noted([[path, given[index % 2]] for index, path in enumerate(entries)])
    dataset = opened(archived(tmp_path / "a.zip", {**entries, "dataset.json": note}))
    assert dataset.classes == classes
    assert dataset.labels is not None
    assert [classes[label] for label in dataset.labels] == [
        str(given[index % 2]).removesuffix(".0") for index in range(6)
    ]


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize(
    ("labels", "said"),
    [(None, {}), ([], {}), ([[each, 4] for each in NAMES], {"dataset.json": "all images have the same label"})],
)
def test_a_note_without_labels_says_that_there_are_none(
    tmp_path: Path, name: str, labels: Any, said: dict[str, str]
) -> None:
    dataset = opened(archived(tmp_path / name, {"dataset.json": noted(labels), **ENTRIES}))
    assert (dataset.labels, dataset.classes, len(dataset.images)) == (None, (), 6)
    assert reasons(dataset) == said


@pytest.mark.parametrize("name", LABELED)
def test_images_that_the_note_forgot_are_named(tmp_path: Path, name: str) -> None:
    note = noted([[each, int(each > NAMES[1])] for each in NAMES[:5]] + [["nowhere.png", 9]])
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "dataset.json": note}))
    assert len(dataset.images) == 5
    assert dataset.classes == ("0", "1")
    assert reasons(dataset) == {
        NAMES[5]: "it has no class in dataset.json",
        "dataset.json": "1 image that it names is missing, such as 'nowhere.png'",
    }
    found = findings(dataset)
    assert found["unlabelled"].text == ("1 image without a class is left out (1: it has no class in dataset.json).")
    assert "label file" in found["unlabelled"].suggestion
    assert found["absent"].text == "'dataset.json': 1 image that it names is missing, such as 'nowhere.png'."
    assert "unreadable" not in found


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"{",
        b"[]",
        b'"labels"',
        b"\xff\xfe",
        b'{"name": "flowers"}',
        b'{"labels": 5}',
        b'{"labels": [["a"]]}',
        b'{"labels": [[1, 2]]}',
        noted([[each, [0.5, 0.25]] for each in NAMES]),
        b'{"labels": [["a", NaN]]}',
        b'{"labels": [["a", 0.5]]}',
        b'{"labels": [["a", 1], ["b", "dog"]]}',
        b'{"labels": [["a", [0, 1]]]}',
        b'{"labels": [["a", 1e999]]}',
        b'{"labels": [["a", 99999999999999999999]]}',
        b"[" * 100_000,
    ],
)
def test_other_notes_are_named_and_the_folders_count(tmp_path: Path, name: str, note: bytes) -> None:
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "dataset.json": note}))
    assert dataset.classes == ("00000", "00001")
    assert reasons(dataset) == {"dataset.json": "it does not hold labels of images"}


@pytest.mark.parametrize("name", LABELED)
def test_the_note_nearest_to_the_top_counts(tmp_path: Path, name: str) -> None:
    note = noted([[each, index % 2] for index, each in enumerate(NAMES)])
    other = noted([["img00000000.png", 5]])
    entries = {**ENTRIES, "00000/dataset.json": other, "dataset.json": note, "00001/deep/dataset.json": other}
    assert opened(archived(tmp_path / name, entries)).classes == ("0", "1")


@pytest.mark.parametrize("name", LABELED)
def test_long_notes_are_not_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.formats.label_files.LARGEST", 2**20)
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "dataset.json": noted(None) + bytes(2**20)}))
    assert reasons(dataset) == {"dataset.json": "larger than 1 MB"}


def test_a_note_that_is_damaged_inside_the_zip(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"dataset.json": noted(None) * 50, **ENTRIES})
    data = bytearray(path.read_bytes())
    start = data.index(b"dataset.json") + len(b"dataset.json")
    data[start + 4 : start + 20] = bytes(16)
    path.write_bytes(data)
    assert list(reasons(opened(path))) == ["dataset.json"]


@pytest.mark.parametrize("name", LABELED)
def test_more_classes_than_can_be_told_apart(tmp_path: Path, name: str) -> None:
    image = encoded(plain((9, 120, 230), size=(2, 2)))
    entries = {f"{index}.png": image for index in range(1001)}
    for given in (int, str, "class {}".format):
        note = noted([[each, given(index)] for index, each in enumerate(entries)])
        dataset = opened(archived(tmp_path / f"{given(1)!r}" / name, {**entries, "dataset.json": note}))
        assert dataset.classes == ()
        assert reasons(dataset) == {"dataset.json": "it has 1,001 different labels, the limit is 1,000"}
        assert findings(dataset)["labels"].severity == "warning"


def rows(*titles: str, delimiter: str = ",", newline: str = "\n") -> Callable[[dict[str, str]], bytes]:
    """A table with a column before, between and after the two that count."""

    def table(labels: dict[str, str]) -> bytes:
        lines = [["n", titles[0], "caption", titles[1], "more"]]
        lines += [[str(number), path, '"a, b"', label, ""] for number, (path, label) in enumerate(labels.items())]
        return newline.join(delimiter.join(line) for line in lines).encode()

    return table


def json_lines(image: str, label: str) -> Callable[[dict[str, str]], bytes]:
    def text(labels: dict[str, str]) -> bytes:
        return "\n\n".join(
            json.dumps({"text": "x", image: path, label: name}) for path, name in labels.items()
        ).encode()

    return text


TABLES = [
    ("metadata.jsonl", json_lines("file_name", "label")),
    ("metadata.jsonl", json_lines("image", "category")),
    ("metadata.csv", rows("file_name", "label")),
    ("metadata.csv", rows("File", "Class", delimiter=";", newline="\r\n")),
    ("labels.csv", rows("id", "breed", delimiter="\t")),
    ("labels.csv", lambda labels: b"\xef\xbb\xbf" + rows("filename", "target")(labels)),
]


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize(("file", "written"), TABLES)
@pytest.mark.parametrize("given", [("cat", "dog"), ("1", "10"), ("猫", "<b>")], ids=["words", "numbers", "signs"])
def test_labels_are_those_of_a_table(
    tmp_path: Path, name: str, file: str, written: Callable[[dict[str, str]], bytes], given: tuple[str, str]
) -> None:
    labels = {path: given[index % 2] for index, path in enumerate(NAMES)}
    dataset = opened(archived(tmp_path / name, {**ENTRIES, file: written(labels)}))
    assert set(dataset.classes) == set(given)
    assert dataset.labels is not None
    assert [dataset.classes[label] for label in dataset.labels] == list(labels.values())
    assert dataset.skipped == ()


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metadata.jsonl", b'{"file_name": "a.png", "text": "a cat"}'),
        ("metadata.jsonl", b"[1]"),
        ("metadata.csv", b"file_name,text\na.png,a cat\n"),
        ("labels.csv", b"a.png,cat\n"),
        ("labels.csv", b"\xff\xfe"),
        ("labels.csv", b"file,label\n" + b"x" * 200_000),
    ],
)
def test_other_tables_are_named_and_the_folders_count(tmp_path: Path, name: str, file: str, content: bytes) -> None:
    dataset = opened(archived(tmp_path / name, {**ENTRIES, file: content}))
    assert dataset.classes == ("00000", "00001")
    assert reasons(dataset) == {file: "it does not hold labels of images"}


@pytest.mark.parametrize("name", LABELED)
def test_rows_without_a_class_leave_their_image_out(tmp_path: Path, name: str) -> None:
    labels = {path: "cat" if index % 2 else "dog" for index, path in enumerate(NAMES)} | {NAMES[4]: ""}
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "metadata.csv": rows("file", "label")(labels)}))
    assert len(dataset.images) == 5
    assert reasons(dataset) == {NAMES[4]: "it has no class in metadata.csv"}


@pytest.mark.parametrize("name", LABELED)
def test_of_several_label_files_the_first_kind_counts(tmp_path: Path, name: str) -> None:
    one, other = ({path: words[index % 2] for index, path in enumerate(NAMES)} for words in (("a", "b"), ("c", "d")))
    entries = {"labels.csv": rows("file", "label")(one), "metadata.jsonl": json_lines("file_name", "label")(other)}
    assert opened(archived(tmp_path / name, {**entries, **ENTRIES})).classes == ("c", "d")


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("Labels.CSV", rows("file", "label")),
        ("Metadata.JSONL", json_lines("file_name", "label")),
        ("labels.tsv", rows("file", "label", delimiter="\t")),
        ("train.csv", rows("id", "label")),
        ("labels.txt", rows("file", "label")),
        ("labels.txt", lambda labels: "\n".join(" ".join(pair) for pair in labels.items()).encode()),
        ("LABELS.TXT", lambda labels: "\r\n".join(",".join(pair) for pair in labels.items()).encode()),
    ],
)
def test_label_files_have_many_names(
    tmp_path: Path, name: str, file: str, written: Callable[[dict[str, str]], bytes]
) -> None:
    labels = {path: ("cat", "dog")[index % 2] for index, path in enumerate(NAMES)}
    dataset = opened(archived(tmp_path / name, {**ENTRIES, file: written(labels)}))
    assert (dataset.classes, dataset.skipped) == (("cat", "dog"), ())


@pytest.mark.parametrize("name", LABELED)
def test_classes_in_a_table_are_compared_without_space_and_in_one_form(tmp_path: Path, name: str) -> None:
    written = dict(zip(NAMES, ("cat", " cat", "cat ", "\u00e9", "e\u0301", " \u00e9 "), strict=True))
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "labels.csv": rows("file", "label")(written)}))
    assert dataset.classes == ("cat", "\u00e9")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("name", LABELED)
def test_fractions_in_a_table_are_no_classes(tmp_path: Path, name: str) -> None:
    written = {path: str(index / 4) for index, path in enumerate(NAMES)}
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "labels.csv": rows("file", "label")(written)}))
    assert dataset.classes == ("00000", "00001")
    assert reasons(dataset) == {"labels.csv": "it does not hold labels of images"}
    assert findings(dataset)["labels"].severity == "note"  # there are classes without them


@pytest.mark.parametrize("name", LABELED)
def test_whole_numbers_in_a_table_may_be_written_as_fractions(tmp_path: Path, name: str) -> None:
    table = rows("file", "label")({path: f"{index % 2}.0" for index, path in enumerate(NAMES)})
    assert opened(archived(tmp_path / name, {**ENTRIES, "labels.csv": table})).classes == ("0", "1")


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize("content", ["file,label\nx.png,cat\ny.png,dog\n", "id,target\n1,0\n2,1\n"])
def test_a_table_about_other_things_is_not_used(tmp_path: Path, name: str, content: str) -> None:
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "train.csv": content.encode()}))
    assert (len(dataset.images), dataset.classes) == (6, ("00000", "00001"))
    assert reasons(dataset) == {"train.csv": "it names none of the images"}
    assert findings(dataset)["labels"].text == "The labels in 'train.csv' are not used: it names none of the images."


@pytest.mark.parametrize("name", LABELED)
def test_a_list_of_classes_is_no_label_file(tmp_path: Path, name: str) -> None:
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "labels.txt": b"cat\ndog\n"}))
    assert dataset.classes == ("00000", "00001")
    assert reasons(dataset) == {"labels.txt": "it does not hold labels of images"}


@pytest.mark.parametrize("name", LABELED)
def test_each_part_of_a_dataset_has_its_label_file(tmp_path: Path, name: str) -> None:
    written = json_lines("file_name", "label")
    entries = {f"{part}/{index}.png": IMAGES[index] for part in ("train", "test") for index in range(3)}
    entries["train/metadata.jsonl"] = written({"0.png": "cat", "1.png": "dog", "2.png": "cat"})
    entries["test/metadata.jsonl"] = written({"0.png": "dog", "1.png": "cat", "2.png": "bird"})
    dataset = opened(archived(tmp_path / name, entries))
    assert (len(dataset.images), dataset.classes, dataset.skipped) == (6, ("bird", "cat", "dog"), ())
    assert dataset.labels is not None
    assert [dataset.classes[label] for label in dataset.labels][-3:] in (["cat", "dog", "cat"], ["dog", "cat", "bird"])


@pytest.mark.parametrize("name", LABELED)
def test_the_next_label_file_is_read_where_the_first_cannot_be(tmp_path: Path, name: str) -> None:
    written = rows("file", "label")({path: "ab"[index % 2] for index, path in enumerate(NAMES)})
    captions = b'{"file_name": "img00000000.png", "text": "a cat"}'
    dataset = opened(archived(tmp_path / name, {**ENTRIES, "metadata.jsonl": captions, "labels.csv": written}))
    assert dataset.classes == ("a", "b")
    assert reasons(dataset) == {"metadata.jsonl": "it does not hold labels of images"}


# Gray pictures that use a part of their range


def gray(seed: int, white: int) -> Image.Image:
    """Pixels from 0 to `white`, of which the brightest is less here and there."""
    values = np.random.default_rng(seed).integers(0, white + 1 if seed else white // 2 + 1, (32, 32), np.uint16)
    values[0, 0] = white * (seed > 0)
    return Image.fromarray(values if white > 255 else values.astype(np.uint8))


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize("white", [1, 3, 7, 15, 16, 31, 63, 1023, 4095, 16383])
def test_what_uses_a_part_of_its_range_is_not_black(tmp_path: Path, name: str, white: int) -> None:
    entries = {f"{seed}.png": encoded(gray(seed, white)) for seed in range(6)}
    dataset = opened(archived(tmp_path / name, entries), (32, 32))
    expected = np.stack([np.asarray(gray(seed, white)) for seed in range(6)]) * (255 / white)
    assert np.abs(np.asarray(dataset.images)[:, 0] - expected).max() <= 0.51


@pytest.mark.parametrize("name", LABELED)
def test_each_mode_has_a_white_of_its_own(tmp_path: Path, name: str) -> None:
    entries = {f"{seed}.png": encoded(gray(seed, 4095)) for seed in range(1, 4)}
    entries = {
        "0.png": encoded(colored(0, *SMALL)),
        "00.jpg": encoded(plain(9, "L", SMALL), "JPEG", quality=100),
        **entries,
        **{f"{seed}.png": encoded(gray(seed, 20)) for seed in range(4, 7)},
    }
    dataset = opened(archived(tmp_path / name, entries), (32, 32))
    assert not dataset.skipped
    highest = {dataset.records.name(row): int(image.max()) for row, image in enumerate(np.asarray(dataset.images))}
    assert highest.pop("00.jpg") == 9
    assert min(highest.values()) > 120


@pytest.mark.parametrize("name", LABELED)
def test_a_picture_brighter_than_those_that_were_looked_at_is_named(tmp_path: Path, name: str) -> None:
    entries = {f"{index:02}.png": encoded(plain(9, "L", SMALL)) for index in range(63)}
    dataset = opened(archived(tmp_path / name, {**entries, "63.png": encoded(plain(200, "L", SMALL))}))
    assert reasons(dataset) == {
        "63.png": "pixel values 200 to 200, but 0 to 15 in the other images; save all images in one range"
    }
    assert (np.asarray(dataset.images) == 153).all()


@pytest.mark.parametrize("name", LABELED)
def test_a_dark_picture_among_others_stays_dark(tmp_path: Path, name: str) -> None:
    for form, bright, expected in (("L", 200, 200), ("I;16", 60_000, 234)):
        images = [plain(1, form, SMALL), plain(bright, form, SMALL), plain(0, form, SMALL)]
        entries = {f"{index}.png": encoded(image) for index, image in enumerate(images)}
        dataset = opened(archived(tmp_path / form.replace(";", "") / name, entries))
        assert [int(image.max()) for image in np.asarray(dataset.images)] == [form == "L", expected, 0]
