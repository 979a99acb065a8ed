"""The health report on real files: every kind of trouble is named, and what is in order is not blamed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from core.cli.main import main
from core.config.preparation import Preparation
from core.data.builtin import toys
from core.data.cache.exclusions import exclude, without
from core.data.health.examine import examine, histogram
from core.events import Progress
from tests.core.photos import fill, finding, made_of, named, names, opened, photo, report_of

# The whole of it


def trouble(folder: Path) -> Path:
    """Forty photos of one class, two of another, and whatever can be wrong with files."""
    many, few = fill(folder / "many", 40), fill(folder / "few", 2, 40)
    whole = io.BytesIO()
    photo(50).save(whole, "JPEG")
    (many / "cut.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (many / "empty.png").touch()
    (many / "text.png").write_text("not an image")
    Image.new("1", (10_000, 10_000)).save(many / "huge.png")
    (many / "copy.png").write_bytes((many / "000.png").read_bytes())
    photo(1).save(many / "saved anew.jpg", quality=80)
    photo(2).resize((40, 40), Image.Resampling.LANCZOS).save(many / "halved.png")
    ImageEnhance.Brightness(photo(3)).enhance(1.05).save(many / "lighter.png")
    Image.new("RGB", (80, 80), (250, 250, 250)).save(many / "blank.png")
    photo(60, 12, 12).save(many / "tiny.png")
    photo(61, 400, 40).save(many / "wide.png")
    photo(62).convert("CMYK").save(many / "ink.tif")
    photo(63).convert("L").save(many / "gray.png")
    clear = photo(64).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 40, 80))
    clear.save(many / "clear.png")
    return few.parent


def test_every_trouble_is_named(folder: Path) -> None:
    dataset = opened(trouble(folder))
    report = report_of(dataset)

    def about(kind: str) -> list[list[str]]:
        return [named(dataset, group) for group in finding(report, kind).groups]

    assert finding(report, "unreadable").skipped == {
        "not an image, or damaged": ("many/cut.jpg", "many/text.png"),
        "empty file": ("many/empty.png",),
    }
    assert "(2: not an image, or damaged; 1: empty file)" in finding(report, "unreadable").text
    said = "1 file is too large and is left out (1: larger than 89 megapixels)."
    assert finding(report, "too_large").text == said
    assert about("exact_duplicates") == [["many/000.png", "many/copy.png"]]
    assert sorted(about("near_duplicates")) == [
        ["many/001.png", "many/saved anew.jpg"],
        ["many/002.png", "many/halved.png"],
        ["many/003.png", "many/lighter.png"],
    ]
    assert about("near_empty") == [["many/blank.png"]]
    assert about("small_originals") == [["many/tiny.png"]]
    assert about("proportions") == [["many/wide.png"]]
    assert about("print_colours") == [["many/ink.tif"]]
    assert about("transparency") == [["many/clear.png"]]
    assert about("colours") == [["many/gray.png"]]
    assert about("classes")[0] == ["few/040.png", "few/041.png"]
    assert finding(report, "classes").severity == "warning"
    assert finding(report, "few_images").severity == "warning"
    assert not report.healthy
    assert all(finding.severity != "good" and finding.suggestion for finding in report.findings)
    assert (report.images, report.unreadable, report.classes) == (52, 4, {"few": 2, "many": 50})
    assert report.modes == {"L": 1, "RGB": 49, "RGBA": 1, "CMYK": 1}


def test_without_what_can_be_excluded_nothing_of_it_is_found_any_more(folder: Path) -> None:
    dataset = opened(trouble(folder))
    for one in report_of(dataset).findings:
        exclude(dataset, named(dataset, one.excludable))
    mended = report_of(opened(folder))
    left = {one.kind for one in mended.findings if one.severity != "good"}
    assert left == {"unreadable", "too_large", "few_images", "classes", "print_colours", "transparency"}
    assert mended.excluded == 8


def test_healthy_images_are_called_so(folder: Path) -> None:
    report = report_of(opened(fill(folder, 260)), augment="ada")
    # 32 px take no more than 64 px do, and 260 images are few.
    assert [one.kind for one in report.findings if one.severity != "good"] == ["few_images"]
    random = np.random.default_rng(0).integers(0, 256, (500, 3, 16, 16), np.uint8)
    report = report_of(made_of(random, np.arange(500) % 5))
    assert report.healthy
    assert len(report.findings) == 11
    assert not any(one.suggestion or one.groups or len(one.excludable) for one in report.findings)


def test_the_samples_have_nothing_to_warn_of() -> None:
    for name, size in (("digits", (32, 32)), ("shapes", (16, 16))):
        report = report_of(opened(f"sample:{name}", Preparation(size)), augment="none")
        assert not [one.text for one in report.findings if one.severity == "warning"]
        assert finding(report, "exact_duplicates").severity == "good"
        copies = finding(report, "near_duplicates").excludable
        assert len(copies) < report.images / 100


def test_points_have_classes_and_nothing_else() -> None:
    report = report_of(toys.dataset("toy:ring8"))
    assert [one.kind for one in report.findings] == ["classes"]
    assert (report.images, report.widths, report.modes) == (10_000, None, {})
    assert sum(report.classes.values()) == 10_000


def test_it_can_be_stopped_and_needs_no_torch(folder: Path) -> None:
    dataset = made_of(np.zeros((3000, 3, 32, 32), np.uint8))
    events = examine(dataset)
    assert isinstance(next(events), Progress)
    events.close()
    assert list(events) == []
    code = "import core.data.health.examine, sys; assert not {'torch', 'PySide6', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Numbers


def test_histograms_hold_every_value_between_growing_edges(folder: Path) -> None:
    for number, size in enumerate(((40, 40), (40, 80), (900, 300))):
        photo(number, *size).save(folder / f"{number}.png")
    report = report_of(opened(folder))
    assert report.widths is not None
    assert report.aspects is not None
    assert report.widths.counts.sum() == 3
    assert (report.widths.edges[0], report.widths.edges[-1]) == (40, 900)
    assert (report.widths.counts[0], report.widths.counts[-1]) == (2, 1)
    assert (report.aspects.edges[0], report.aspects.edges[-1]) == (0.5, 3)


@given(st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=50))
def test_any_sizes_make_a_histogram(values: list[int]) -> None:
    made = histogram(np.array(values))
    assert made.counts.sum() == len(values)
    assert len(made.edges) == len(made.counts) + 1
    assert (np.diff(made.edges) > 0).all()
    assert made.edges[0] <= min(values) <= max(values) <= made.edges[-1]


WILD = st.tuples(st.integers(2, 12), st.sampled_from([1, 3, 4]), st.integers(8, 20), st.integers(8, 20))


@settings(max_examples=60)
@given(shape=WILD, seed=st.integers(0, 999), levels=st.integers(1, 256), labeled=st.booleans(), data=st.data())
def test_whatever_the_images_are_there_is_a_report(
    shape: tuple[int, int, int, int], seed: int, levels: int, labeled: bool, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    count = shape[0]
    sides = st.lists(st.integers(1, 2**32 - 1), min_size=count, max_size=count)
    dataset = made_of(
        random.integers(0, levels, shape).astype(np.uint8),
        np.arange(count) % 2 if labeled else None,
        width=data.draw(sides),
        height=data.draw(sides),
        content=random.integers(0, 4, count),
        mode=random.integers(0, 15, count),
        transparent=random.integers(0, 2, count),
    )
    for fit in ("crop", "smart", "stretch", "pad"):
        report = report_of(dataset, Preparation(dataset.size, fit=fit))
        for one in report.findings:
            for rows in (*one.groups, one.excludable):
                assert rows.dtype == np.int64
                assert len(set(rows.tolist())) == len(rows)
                assert set(rows.tolist()) <= set(range(count))
            assert set(one.excludable.tolist()) <= {row for group in one.groups for row in group.tolist()}
            assert one.text.endswith(".")
            assert (one.severity == "good") == (not one.suggestion)


def test_an_excluded_dataset_is_examined_as_it_is_left(folder: Path) -> None:
    fill(folder, 6)
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    whole = opened(folder)
    kept = without(whole, ["copy.png"])
    report = report_of(kept)
    assert (report.images, report.excluded) == (6, 1)
    assert finding(report, "exact_duplicates").severity == "good"
    assert names(kept) == [f"{number:03}.png" for number in range(6)]


# The command line


def inspected(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["inspect", *arguments]) == 0
    return capsys.readouterr().out


def test_inspect_prints_findings_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trouble(folder)
    (folder / "many" / "line\nbreak.png").write_text("not an image")
    text = inspected(capsys, str(folder), "--resolution", "32")
    lines = text.splitlines()
    assert "suggested resolution  64" in text
    assert "                size  32 x 32" in lines
    assert any(line.startswith("             warning  ") for line in lines)
    assert "                      many/000.png, many/copy.png" in lines
    assert "not an image, or damaged: many/cut.jpg, many/line break.png, many/text.png" in text


def test_inspect_tells_programs_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trouble(folder)
    for number in range(20):
        (folder / "many" / f"bad {number}.png").write_text("not an image")
    facts = json.loads(inspected(capsys, str(folder), "--json", "--resolution", "48"))
    assert (facts["size"], facts["suggested_resolution"], facts["suggested_fit"]) == ("48 x 48", 64, "crop")
    findings = {one["kind"]: one for one in facts["findings"]}
    assert len(findings["unreadable"]["skipped"]["not an image, or damaged"]) == 22
    assert findings["exact_duplicates"]["groups"] == [["many/000.png", "many/copy.png"]]
    assert findings["exact_duplicates"]["excludable"] == ["many/copy.png"]
    assert sum(facts["histograms"]["aspect"]["counts"]) == facts["images"] == 52
    assert len(facts["skipped"]) == 24


@pytest.mark.parametrize(("resolution", "said"), [("4", "4 x 4 px"), ("5000", "5000 x 5000 px"), ("x", "'x'")])
def test_a_resolution_that_cannot_be(
    folder: Path, capsys: pytest.CaptureFixture[str], resolution: str, said: str
) -> None:
    assert main(["inspect", str(fill(folder, 2)), "--resolution", resolution]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
