"""Images that are left out: what follows, what stays, and that nothing of a person's is touched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.config.preparation import Preparation
from core.data.batches import Batches
from core.data.cache.exclusions import exclude, excluded, include, without
from core.data.dataset import Dataset
from core.data.names import printable
from core.errors import UserError
from tests.core.photos import SMALL, fill, names, opened, photo

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "datasets"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos, two of each class."""
    for number, name in enumerate("abc"):
        fill(tmp_path / "photos" / name, 2, 2 * number)
    return tmp_path / "photos"


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def batches(dataset: Dataset, count: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    source = Batches(dataset, 2, True, 3, CPU)
    return (source.next() for _ in range(count))


def test_everything_follows_from_the_next_preparing_on(folder: Path) -> None:
    whole = opened(folder)
    exclude(whole, ["a/001.png", "c/004.png"])
    kept = opened(folder)
    assert names(kept) == ["a/000.png", "b/002.png", "b/003.png", "c/005.png"]
    assert len(kept.images) == len(kept.records.table) == 4
    assert kept.images.shape == (4, *whole.images.shape[1:])
    assert np.array_equal(np.array(kept.images), whole.images[[0, 2, 3, 5]])
    assert np.array_equal(kept.images[1:3], whole.images[2:4])
    assert np.array_equal(kept.images[3], whole.images[5])
    assert kept.images.nbytes == kept.images[:].nbytes
    assert kept.labels is not None
    assert kept.labels.tolist() == [0, 1, 1, 2]
    assert kept.classes == whole.classes
    assert kept.excluded == ("a/001.png", "c/004.png")
    assert kept.sheet(9).shape == (4, 32, 32, 3)
    assert kept.fingerprint != whole.fingerprint
    assert whole.excluded == ()


def test_a_class_without_images_is_none_and_one_class_alone_too(folder: Path) -> None:
    exclude(opened(folder), ["b/002.png", "b/003.png"])
    dataset = opened(folder)
    assert dataset.labels is not None
    assert (dataset.classes, dataset.labels.tolist()) == (("a", "c"), [0, 0, 1, 1])
    exclude(dataset, ["c/004.png", "c/005.png"])
    assert (opened(folder).classes, opened(folder).labels) == ((), None)


def test_they_outlast_another_size_and_another_way(folder: Path) -> None:
    exclude(opened(folder), ["b/002.png"])
    for how in (Preparation((16, 24)), Preparation((32, 32), fit="pad"), Preparation()):
        dataset = opened(folder, how)
        assert "b/002.png" not in names(dataset)
        assert dataset.excluded == ("b/002.png",)


def test_included_again_all_is_as_it_was(folder: Path) -> None:
    whole = opened(folder)
    exclude(whole, ["a/000.png", "b/003.png"])
    once = opened(folder).fingerprint
    include(whole.source, ["a/000.png"])
    assert names(opened(folder)) == [name for name in names(whole) if name != "b/003.png"]
    include(whole.source, excluded(whole.source))
    again = opened(folder)
    assert again.fingerprint == whole.fingerprint
    assert again.excluded == ()
    assert np.array_equal(again.images, whole.images)
    exclude(again, ["b/003.png", "a/000.png"])
    assert opened(folder).fingerprint == once


def test_excluding_adds_to_what_is_excluded(folder: Path) -> None:
    exclude(opened(folder), ["a/000.png"])
    exclude(opened(folder), ["b/002.png"])
    assert excluded(str(folder)) == ("a/000.png", "b/002.png")


def test_the_files_stay_as_they_are(folder: Path) -> None:
    before = contents(folder)
    exclude(opened(folder), ["a/000.png"])
    opened(folder)
    include(str(folder), ["a/000.png"])
    assert contents(folder) == before


def test_at_least_two_images_stay(folder: Path, cache: Path) -> None:
    whole = opened(folder)
    for keep in (0, 1):
        with pytest.raises(UserError, match="Fewer than 2 images of 'photos' would remain"):
            exclude(whole, names(whole)[keep:])
    assert excluded(whole.source) == ()
    assert len(opened(folder).images) == 6
    exclude(whole, names(whole)[2:])
    with pytest.raises(UserError):
        exclude(opened(folder), ["a/000.png"])
    assert len(opened(folder).images) == 2


def test_when_the_others_are_gone_it_is_said_what_to_delete(folder: Path, cache: Path) -> None:
    exclude(opened(folder), ["a/000.png", "a/001.png", "b/002.png"])
    for name in ("b/003.png", "c/004.png", "c/005.png"):
        (folder / name).unlink()
    with pytest.raises(UserError) as caught:
        opened(folder)
    (note,) = cache.glob("*.excluded.json")
    assert str(note) in caught.value.remedy
    note.unlink()
    assert len(opened(folder).images) == 3


def test_names_that_are_not_there_do_no_harm(folder: Path) -> None:
    whole = opened(folder)
    exclude(whole, ["gone.png"])
    kept = opened(folder)
    assert (kept.fingerprint, kept.excluded, len(kept.images)) == (whole.fingerprint, (), 6)
    photo(9).save(folder / "gone.png")
    assert opened(folder).excluded == ("gone.png",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"excluded": 7}', "{}", "null", "\xff"])
def test_a_damaged_note_excludes_nothing(folder: Path, cache: Path, text: str) -> None:
    whole = opened(folder)
    exclude(whole, ["a/000.png"])
    (note,) = cache.glob("*.excluded.json")
    note.write_text(text, "latin-1")
    assert opened(folder).fingerprint == whole.fingerprint
    exclude(whole, ["a/000.png"])
    assert len(opened(folder).images) == 5


def test_another_cache_remembers_for_itself(folder: Path, tmp_path: Path) -> None:
    exclude(opened(folder), ["a/000.png"], tmp_path / "other")
    assert len(opened(folder).images) == 6
    assert excluded(str(folder), tmp_path / "other") == ("a/000.png",)


def test_samples_can_be_left_out_too() -> None:
    tiny = Preparation((8, 8))
    exclude(opened("sample:digits", tiny), ["digits 3", "digits 9999"])
    assert len(opened("sample:digits", tiny).images) == 9998


# Names


STRANGE = ["zwölf 猫.png", "line\nbreak.png", "a\\xff.png", " .png", "'\"$(x).png", os.fsdecode(b"\xff.png")]


@pytest.mark.parametrize("name", STRANGE)
def test_names_in_any_script(tmp_path: Path, name: str) -> None:
    fill(tmp_path / "photos", 3)
    try:
        photo(9).save(tmp_path / "photos" / name)
    except OSError:
        pytest.skip("this disk does not take the name")
    whole = opened(tmp_path / "photos")
    exclude(whole, [printable(name)])
    kept = opened(tmp_path / "photos")
    assert set(names(whole)) - set(names(kept)) == {printable(name)}
    assert kept.excluded == (printable(name),)
    include(kept.source, kept.excluded)
    assert opened(tmp_path / "photos").fingerprint == whole.fingerprint


def test_bytes_that_are_no_text_do_not_make_two_files_one(tmp_path: Path) -> None:
    strange = [os.fsdecode(name) for name in (b"\xff.png", b"\xfe.png", b"\xff\xff.png", "\ufffd.png".encode())]
    fill(tmp_path / "photos", 2)
    try:
        for number, name in enumerate(strange):
            photo(10 + number).save(tmp_path / "photos" / name)
    except OSError:
        pytest.skip("this disk does not take such names")
    whole = opened(tmp_path / "photos")
    assert len(set(names(whole))) == 6
    exclude(whole, [printable(strange[0])])
    assert len(opened(tmp_path / "photos").images) == 5


@given(st.sets(st.binary(min_size=1, max_size=6).filter(lambda name: not set(name) & set(b"\0/\\")), max_size=8))
def test_different_names_stay_different(given_names: set[bytes]) -> None:
    shown = {printable(os.fsdecode(name)) for name in given_names}
    assert len(shown) == len(given_names)
    assert all(printable(name) == name for name in shown)


# Training


def test_batches_are_those_of_the_images_that_are_left(folder: Path) -> None:
    whole = opened(folder)
    exclude(whole, ["a/001.png", "c/004.png"])
    kept = opened(folder)
    assert kept.labels is not None
    copied = replace(kept, images=np.array(kept.images), labels=np.array(kept.labels))
    for images, labels, other_images, other_labels in (
        (*one, *other) for one, other in zip(batches(kept, 7), batches(copied, 7), strict=True)
    ):
        assert torch.equal(images, other_images)
        assert torch.equal(labels, other_labels)
    again = [images for images, _ in batches(opened(folder), 7)]
    assert all(torch.equal(images, other) for images, (other, _) in zip(again, batches(kept, 7), strict=True))


@settings(max_examples=40)
@given(chosen=st.sets(st.integers(0, 9), max_size=10), rest=st.sets(st.integers(0, 9), max_size=8))
def test_any_images_may_be_left_out(whole: Dataset, chosen: set[int], rest: set[int]) -> None:
    every = names(whole)
    if len(chosen) > 8:
        with pytest.raises(UserError):
            without(whole, [every[row] for row in chosen])
        return
    kept = without(whole, [every[row] for row in chosen])
    assert (kept is whole) == (not chosen)
    rows = [row for row in range(10) if row not in chosen]
    assert names(kept) == [every[row] for row in rows]
    assert np.array_equal(kept.images[:], whole.images[rows])
    assert kept.records.table["content"].tolist() == whole.records.table["content"][rows].tolist()
    other = without(whole, [every[row] for row in rest])
    assert (kept.fingerprint == other.fingerprint) == (chosen == rest)


@pytest.fixture(scope="module")
def whole() -> Iterator[Dataset]:
    """Ten tiny images, the second half of them of another class."""
    with tempfile.TemporaryDirectory() as place:
        for number in range(10):
            path = Path(place) / "photos" / ("x" if number < 5 else "y") / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GAN_STUDIO_CACHE", f"{place}/cache")
            dataset = opened(Path(place) / "photos", SMALL.at((8, 8)))
        yield dataset
