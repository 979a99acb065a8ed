"""Everything that is generated says so where programs for pictures look for it, and nothing else does."""

from __future__ import annotations

import re
import zipfile
from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from core.checkpoint import load
from core.cli.main import main
from core.export.image_files import encoded
from core.imaging.provenance import KIND, SOURCE, packet, program
from core.runs.run import Run
from tests.core.tiny import save_pictures

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def source_type(xmp: bytes) -> str | None:
    """Returns the source type that an XMP packet states."""
    (described,) = ElementTree.fromstring(xmp.strip(b"\0")).iter(
        "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
    )
    return described.get(IPTC)


def mark_of(path: Path) -> str | None:
    """Returns the source type of an image, as Pillow finds it."""
    with Image.open(path) as image:
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return source_type(xmp.encode() if isinstance(xmp, str) else xmp) if xmp else None


def test_the_packet_is_whole() -> None:
    assert source_type(packet()) == SOURCE
    assert program().encode() in packet()


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_format_holds_the_mark(name: str, channels: int, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, channels), np.uint8)
    form = {"a.png": "png", "a.jpg": "jpeg", "a.webp": "webp"}[name]
    (tmp_path / name).write_bytes(encoded(image, form, generated=True))  # type: ignore[arg-type]
    assert mark_of(tmp_path / name) == SOURCE
    (tmp_path / name).write_bytes(encoded(image, form, generated=False))  # type: ignore[arg-type]
    assert mark_of(tmp_path / name) is None


def test_images_sheets_and_projections(finished_checkpoint: Path, tmp_path: Path) -> None:
    command = ["generate", str(finished_checkpoint), "--seeds", "0-3", "--out"]
    assert main([*command, str(tmp_path / "images")]) == 0
    assert main([*command, str(tmp_path / "sheet.jpg")]) == 0
    made = [*(tmp_path / "images").iterdir(), tmp_path / "sheet.jpg"]
    assert [mark_of(path) for path in made] == [SOURCE] * 5
    picture = next(save_pictures(tmp_path / "own", 1).iterdir())
    project = ["project", str(finished_checkpoint), str(picture), "--steps", "2", "--device", "cpu", "--out"]
    assert main([*project, str(tmp_path / "found")]) == 0
    assert mark_of(tmp_path / "found" / "projected.png") == SOURCE
    assert mark_of(tmp_path / "found" / "target.png") is None  # a person's own picture


def test_the_recipe_can_be_left_out_and_the_mark_cannot(finished_checkpoint: Path, tmp_path: Path) -> None:
    command = ["generate", str(finished_checkpoint), "--seeds", "0", "--out"]
    assert main([*command, str(tmp_path / "with")]) == 0
    assert main([*command, str(tmp_path / "without"), "--no-recipe"]) == 0
    with_it, without = (next((tmp_path / name).iterdir()).read_bytes() for name in ("with", "without"))
    digest = load(finished_checkpoint).digest.encode()
    assert digest in with_it
    assert digest not in without
    assert finished_checkpoint.name.encode() not in without
    assert mark_of(next((tmp_path / "without").iterdir())) == SOURCE


def test_a_runs_grids_are_marked_and_its_real_images_are_not(finished_run: Path) -> None:
    run = Run(finished_run)
    assert {mark_of(path) for path in run.samples()} == {SOURCE}
    assert mark_of(run.folder / "reals.png") is None


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.webp"])
def test_films(name: str, finished_checkpoint: Path, tmp_path: Path) -> None:
    import av

    target = tmp_path / name
    command = ["interpolate", str(finished_checkpoint), "--seeds", "0,1", "--frames", "6", "--out", str(target)]
    assert main(command) == 0
    data = target.read_bytes()
    assert data.count(packet()) == 1
    if name == "a.mp4":  # and it can still be played
        with av.open(target) as film:
            assert sum(1 for _ in film.decode(video=0)) == 7
        start = data.rindex(b"uuid") - 4
        assert start + int.from_bytes(data[start : start + 4], "big") == len(data)
        return
    with Image.open(target) as image:
        assert image.n_frames == 7  # type: ignore[attr-defined]
        for number in range(7):
            image.seek(number)
            image.load()
    if name == "a.gif":
        assert data.endswith(b"\0\0\x3b")
    else:
        assert mark_of(target) == SOURCE


def test_a_report(finished_run: Path, tmp_path: Path) -> None:
    assert main(["report", str(finished_run), "--out", str(tmp_path / "report.html")]) == 0
    assert f'<meta name="DigitalSourceType" content="{KIND}"/>' in (tmp_path / "report.html").read_text("utf-8")


def test_pictures_in_a_report(finished_run: Path, tmp_path: Path) -> None:
    assert main(["report", str(finished_run), "--out", str(tmp_path / "report.html")]) == 0
    files = re.findall(r"data:image/(png|webp);base64,([\w+/=]+)", (tmp_path / "report.html").read_text("utf-8"))
    marks = []
    for number, (kind, data) in enumerate(files):
        (tmp_path / f"{number}.{kind}").write_bytes(b64decode(data))
        marks.append(mark_of(tmp_path / f"{number}.{kind}"))
    assert marks.count(None) == 1  # the real images
    assert set(marks) == {SOURCE, None}


def test_a_zip_and_what_is_in_it(finished_checkpoint: Path, tmp_path: Path) -> None:
    assert main(["generate", str(finished_checkpoint), "--seeds", "0,1", "--out", str(tmp_path / "a.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert source_type(archive.comment) == SOURCE
        archive.extractall(tmp_path / "out")
    assert [mark_of(path) for path in (tmp_path / "out").iterdir()] == [SOURCE] * 2


@pytest.mark.parametrize("recipe", [[], ["--no-recipe"]])
def test_frames(recipe: list[str], finished_checkpoint: Path, tmp_path: Path) -> None:
    walk = ["interpolate", str(finished_checkpoint), "--seeds", "0,1", "--frames", "2", "--out", str(tmp_path / "out")]
    assert main([*walk, *recipe]) == 0
    digest = load(finished_checkpoint).digest.encode()
    for path in (tmp_path / "out").iterdir():
        assert mark_of(path) == SOURCE
        assert (digest in path.read_bytes()) == (not recipe)


def test_a_time_lapse(finished_run: Path, tmp_path: Path) -> None:
    assert main(["timelapse", str(finished_run), "--seconds", "0.1", "--out", str(tmp_path / "out")]) == 0
    assert {mark_of(path) for path in (tmp_path / "out").iterdir()} == {SOURCE}
