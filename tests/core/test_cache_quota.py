"""The cache of prepared datasets as a person sees it: listed, deleted, bounded, and safe for whoever has it open."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cli.main import main
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.batches import Batches
from core.data.cache.exclusions import exclude, excluded, without
from core.data.cache.quota import GB, Entry, delete, entries, limit, make_room
from core.data.dataset import Dataset
from core.data.prepare import prepare
from core.errors import UserError
from tests.core.tiny import save_pictures

SIZE = (16, 16)


@pytest.fixture
def base(user_folders: Path) -> Path:
    return user_folders / "cache" / "datasets"


@pytest.fixture
def three(tmp_path: Path, base: Path) -> list[Path]:
    """Folders whose datasets are prepared; the first was used last, an hour after the second."""
    folders = [save_pictures(tmp_path / name, count) for name, count in (("one", 40), ("two", 20), ("three", 30))]
    for folder in folders:
        opened(folder)
    for entry in entries():
        place = [str(folder) for folder in folders].index(entry.source)
        used_at(entry, 10_000 * (3 - place))
    gc.collect()
    return folders


def opened(source: Path | str, size: tuple[int, int] = SIZE) -> Dataset:
    return run_to_end(prepare(source, Preparation(size)))


def used_at(entry: Entry, seconds: float) -> None:
    os.utime(entry.folder / "meta.json", (seconds, seconds))


def titles() -> list[str]:
    return [entry.title for entry in entries()]


def bytes_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


# What there is


def test_nothing_was_ever_prepared() -> None:
    assert entries() == []
    assert make_room(0) == []


def test_entries_say_what_they_are(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    kept = opened(save_pictures(tmp_path / "my photos", 25), (24, 16))
    opened("sample:digits")
    digits, photos = entries()
    assert (photos.title, photos.source) == ("my photos", str(tmp_path / "my photos"))
    assert (photos.count, photos.size) == (25, (24, 16))
    assert photos.bytes == bytes_of(photos.folder) > 25 * 3 * 24 * 16
    assert (digits.title, digits.source, digits.count) == ("Sample: digits", "sample:digits", 10_000)
    assert photos.in_use
    assert kept.size == photos.size
    for entry in (photos, digits):
        assert abs(entry.used - before).total_seconds() < 60


def test_opening_again_is_a_use(three: list[Path]) -> None:
    assert titles() == ["one", "two", "three"]
    opened(three[2])
    assert titles() == ["three", "one", "two"]


@pytest.mark.parametrize(
    "meta", ["", "[]", '{"count": 7}', '{"size": 3}', '{"size": [1, "x"], "source": "", "count": 1}']
)
def test_damaged_entries_are_listed_and_can_go(base: Path, meta: str) -> None:
    (base / "abc").mkdir(parents=True)
    (base / "abc" / "images.npy").write_bytes(bytes(1000))
    (base / "abc" / "meta.json").write_text(meta)
    (found,) = entries()
    assert (found.title, found.count, found.size, found.bytes) == ("abc", 0, (0, 0), 1000 + len(meta))
    delete(found)
    assert list(base.iterdir()) == []


def test_entries_of_before_there_were_titles(three: list[Path]) -> None:
    for entry in entries():
        meta = json.loads((entry.folder / "meta.json").read_text("utf-8"))
        del meta["title"]
        (entry.folder / "meta.json").write_text(json.dumps(meta), "utf-8")
    assert sorted(titles()) == ["one", "three", "two"]


# Deleting


def test_what_is_deleted_is_gone_and_is_prepared_anew(three: list[Path], base: Path) -> None:
    delete(entries()[1])
    assert titles() == ["one", "three"]
    assert not [path for path in base.iterdir() if path.name.startswith(".")]
    assert len(opened(three[1]).images) == 20
    assert len(entries()) == 3


def test_deleting_twice(three: list[Path]) -> None:
    entry = entries()[0]
    delete(entry)
    with pytest.raises(UserError):
        delete(entry)


def test_what_is_in_use_stays(three: list[Path]) -> None:
    first, again = opened(three[0]), opened(three[0])
    del again
    with pytest.raises(UserError) as caught:
        delete(entries()[0])
    assert caught.value.what == "The prepared images of 'one' are in use."
    part = without(first, ["1.png"])
    del first
    with pytest.raises(UserError):
        delete(entries()[0])
    del part
    delete(entries()[0])
    assert titles() == ["two", "three"]


def test_what_was_excluded_stays_remembered(three: list[Path], base: Path) -> None:
    exclude(opened(three[0]), ["1.png", "3.png"])
    assert len(opened(three[0]).images) == 38
    before = {path.name for path in base.iterdir() if path.is_file()}
    assert len(make_room(0)) == 3
    assert excluded(str(three[0])) == ("1.png", "3.png")
    assert {path.name for path in base.iterdir()} == before
    assert len(opened(three[0]).images) == 38


def test_a_training_goes_on_when_another_process_deletes_its_images(three: list[Path]) -> None:
    dataset = opened(three[0])
    pixels = np.array(dataset.images)
    batches = Batches(dataset, 8, True, 0, torch.device("cpu"))
    batches.next()
    clear = [sys.executable, "-c", "import sys; from core.cli.main import main; sys.exit(main(['cache', '--clear']))"]
    subprocess.run(clear, check=True, stdout=subprocess.PIPE)
    deleted = not entries()
    assert deleted or sys.platform == "win32"
    seen = torch.cat([batches.next()[0] for _ in range(12)])
    assert seen.shape[0] == 96
    assert np.array_equal(dataset.images, pixels)
    batches.close()
    again = opened(three[0])
    assert again.fingerprint == dataset.fingerprint


# The limit


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"gigabytes": -5}', '{"gigabytes": 1e999}', '{"gigabytes": "many"}'])
def test_a_damaged_limit_deletes_nothing(base: Path, text: str) -> None:
    base.mkdir(parents=True, exist_ok=True)
    (base / "limit.json").write_text(text)
    assert limit(base) == 20 * GB


def test_the_command_remembers_a_limit(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "--limit", "2.5"]) == 0
    assert "of 2.5 GB" in capsys.readouterr().out
    assert limit() == 2_500_000_000
    assert main(["cache", "--limit", "-1"]) == 2
    assert limit() == 2_500_000_000


def test_the_limit_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit() == 20 * GB
    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "1.5")
    assert limit() == 1_500_000_000
    for wrong in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", wrong)
        with pytest.raises(UserError) as caught:
            limit()
        assert repr(wrong) in caught.value.what
        with pytest.raises(UserError):
            opened("sample:digits")
    assert entries() == []


def test_the_least_recently_used_goes_first(three: list[Path]) -> None:
    sizes = {entry.title: entry.bytes for entry in entries()}
    assert make_room(sum(sizes.values())) == []
    assert [entry.title for entry in make_room(sum(sizes.values()) - 1)] == ["three"]
    assert [entry.title for entry in make_room(sizes["one"])] == ["two"]
    assert titles() == ["one"]


def test_what_is_in_use_or_was_just_used_is_passed_over(three: list[Path]) -> None:
    last = opened(three[2])
    used_at(entries()[0], 1)
    used_at(next(entry for entry in entries() if entry.title == "two"), time.time() - 50)
    assert [entry.title for entry in make_room(0, idle=60)] == ["one"]
    assert titles() == ["two", "three"]
    assert [entry.title for entry in make_room(0, idle=40)] == ["two"]
    assert len(last.images) == 30


def test_preparing_makes_room_and_keeps_what_it_made(
    three: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = sum(entry.bytes for entry in entries() if entry.title != "three") + 1000
    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", f"{most / GB:.9f}")
    opened(save_pictures(tmp_path / "four", 20))
    assert titles() == ["four", "one"]
    used_at(entries()[0], 50_000)
    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "0")
    opened(save_pictures(tmp_path / "five", 20))
    assert titles() == ["five"]  # larger than the limit, and yet it must be trained on
    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "20")
    opened(three[0])
    assert titles() == ["one", "five"]


def test_opening_what_is_prepared_deletes_nothing(three: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "0")
    opened(three[1])
    assert len(entries()) == 3


def test_several_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STUDIO_CACHE_LIMIT_GB", "0")
    folders = [save_pictures(tmp_path / str(number), 20 + number) for number in range(4)]
    found: list[int] = []
    failed: list[str] = []

    def work(folder: Path) -> None:
        for _ in range(5):
            try:
                found.append(len(opened(folder).images))
            except UserError as problem:
                failed.append(problem.what)

    threads = [threading.Thread(target=work, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted([20, 21, 22, 23] * 5)
    assert not failed


# The command line


def test_the_command_lists_and_clears(three: list[Path], capsys: pytest.CaptureFixture[str], base: Path) -> None:
    assert main(["cache"]) == 0
    *lines, total = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in lines] == [[folder.name, str(folder)] for folder in three]
    assert "40 x 16 x 16 px" in lines[0]
    assert total.endswith(f"of 20.0 GB in {base}")
    assert main(["cache", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["limit_bytes"] == 20 * GB
    assert [(each["title"], each["images"], each["size"]) for each in facts["entries"]] == [
        ("one", 40, [16, 16]),
        ("two", 20, [16, 16]),
        ("three", 30, [16, 16]),
    ]
    assert datetime.fromisoformat(facts["entries"][0]["used"]).timestamp() == 30_000
    assert main(["cache", "--clear"]) == 0
    assert capsys.readouterr().out.startswith("3 prepared datasets deleted, ")
    assert entries() == []
