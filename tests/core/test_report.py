"""A report of a run: one page that is well formed, holds the run's numbers, and asks for nothing from outside."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.checkpoint import load, save
from core.cli.main import main
from core.concurrency import run_to_end
from core.errors import UserError
from core.imaging.grid import write_png
from core.jobs import inspect
from core.report import pictures
from core.report.write import write_report
from core.runs.overview import Overview, read_overview
from core.stats import keys
from tests.core.full_disk import largest_file
from tests.core.work import all_of

EMPTY = {"meta", "img", "input", "line", "polyline", "polygon", "circle"}
FID = "Metrics/fid@vgg16:2000:3583:train"
HOSTILE = "<script>alert('\"&')</script>\u202e"


class Page(HTMLParser):
    """Contents of a page; fails where its tags do not fit together."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in EMPTY
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag]


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished_run, tmp_path / "runs" / "00000-noise")


def written(run: Path, target: Path, **options: Any) -> Page:
    events, saved = all_of(write_report(run, target, **options))
    assert events
    assert saved.path == target
    return Page(target.read_text("utf-8"))


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "stats.jsonl").read_text("utf-8").splitlines()]


def report(run: Path, *added: dict[str, Any]) -> None:
    with (run / "stats.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(values) + "\n" for values in added)


def overview(run: Path) -> Overview:
    return run_to_end(read_overview(run))


def test_the_page_is_whole_and_needs_nothing_else(run: Path, tmp_path: Path) -> None:
    page = written(run, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    without_pictures = re.sub(r"data:image/\w+;base64,[\w+/=]+", "", text)
    assert not re.search(r"https?:|//\w|url\(|@import", without_pictures)
    for _, attributes in page.tags:
        assert not {"href", "srcset", "xlink:href"} & set(attributes)
        assert attributes.get("src", "data:").startswith("data:")  # type: ignore[union-attr]
    assert page.all("html") == [{"lang": "en"}]
    assert "default-src 'none'" in str(page.all("meta")[1]["content"])
    assert all(image["alt"] for image in page.all("img"))
    assert len(page.all("h1")) == 1
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_curves_hold_the_runs_numbers(run: Path, tmp_path: Path) -> None:
    page = written(run, tmp_path / "report.html")
    drawn = {str(line["data-name"]): line for line in page.all("g") if "data-values" in line}
    recorded = lines(run)
    for key in ("Loss/D/loss", "Loss/G/loss", "Timing/images_per_sec"):
        line = drawn[keys.label(key)]
        assert [int(step) for step in str(line["data-steps"]).split()] == [values["step"] for values in recorded]
        shown = [float(value) for value in str(line["data-values"]).split()]
        assert shown == pytest.approx([values[key] for values in recorded], rel=1e-5)
        assert f"{recorded[-1][key]:.6g}" in page.words["td"]


def test_a_metric_comes_with_its_spread(run: Path, tmp_path: Path) -> None:
    last = lines(run)[-1]
    known = {name: last[name] for name in ("images", "seconds")}
    protocol = "vgg16:2000:3583:train"
    for step, value in ((4, 0.5), (6, 0.25)):
        report(run, {"step": step, **known, f"Metrics/kid@{protocol}": value, f"Metrics/kid_std@{protocol}": 0.125})
    curve = overview(run).curves[f"Metrics/kid@{protocol}"]
    assert curve.band is not None
    assert [list(values) for values in curve.band] == [[0.375, 0.125], [0.625, 0.375]]
    page = written(run, tmp_path / "report.html")
    assert "0.25 ± 0.12" in page.words["td"]
    assert not any("deviation over" in words for words in page.words["h4"])
    assert any("one standard deviation on either side" in words for words in page.words["p"])


def test_facts_and_settings(run: Path, tmp_path: Path) -> None:
    page = written(run, tmp_path / "report.html")
    assert page.words["h1"] == ["00000-noise"]
    assert {"6", "48", "cpu"} <= set(page.words["dd"])
    assert {"width", "latent_dim", "steps"} <= set(page.words["th"])
    assert "6 steps" in page.words["td"]


def test_edits_are_marked_and_listed(run: Path, tmp_path: Path) -> None:
    (run / "edits.jsonl").write_text('{"step": 3, "changes": {"lr_g": 0.001}}\n', "utf-8")
    page = written(run, tmp_path / "report.html")
    assert "step 3: lr_g 0.001" in page.words["title"]
    assert "lr_g 0.001" in page.words["td"]


def test_metrics_say_how_they_were_measured(run: Path, tmp_path: Path) -> None:
    last = lines(run)[-1]
    known = {name: last[name] for name in ("images", "seconds")}
    report(run, {"step": 2, **known, FID: 30.25}, {"step": 4, **known, FID: 20.5}, {"step": 6, **known, FID: 25.0})
    other = FID.replace("vgg16", "inception")
    report(run, {"step": 6, **known, other: 7.0})
    grid = np.full((32, 32, 3), 7, np.uint8)
    write_png(run / "samples" / "000000004.png", grid, generated=True)
    page = written(run, tmp_path / "report.html")
    assert "vgg16 features, 2,000 generated against 3,583 training images" in page.words["td"]
    assert {"20.5", "25"} <= set(page.words["td"])
    titles = [words for words in page.words["title"] if words == "FID"]
    assert len(titles) == 2  # one axis for each way of measuring
    assert any("Best FID" in words for words in page.words["figcaption"])


def test_nothing_is_called_the_best_while_nothing_later_was_measured(run: Path, tmp_path: Path) -> None:
    last = lines(run)[-1]
    report(run, *({"step": step, "images": 48, "seconds": last["seconds"], FID: 100.0 / step} for step in (2, 4)))
    write_png(run / "samples" / "000000004.png", np.full((32, 32, 3), 7, np.uint8), generated=True)
    page = written(run, tmp_path / "report.html")
    assert not any("Best " in words for words in page.words["figcaption"])


def test_what_is_wrong_is_said(run: Path, tmp_path: Path) -> None:
    (run / "rewinds.jsonl").write_text('{"step": 2}\n' * 3, "utf-8")
    page = written(run, tmp_path / "report.html")
    (found, *_) = inspect.run(run)["diagnoses"]
    assert found["sentence"] in " ".join(page.words["p"])
    assert {"class": f"finding {found['severity']}"} in page.all("p")


def test_hostile_names_are_text(run: Path, tmp_path: Path) -> None:
    path = run / "checkpoints" / "000000006.safetensors"
    found = load(path)
    meta = found.meta.model_copy(update={"dataset": f"/photos/{HOSTILE}", "classes": (HOSTILE,)})
    save(type(found)(meta, found.tensors), path)
    known = lines(run)[-1]
    report(run, {**known, f"Signal/{HOSTILE}": 1.0, f"Metrics/fid@{HOSTILE}": 1.0})
    (run / "edits.jsonl").write_text(json.dumps({"step": 3, "changes": {HOSTILE: HOSTILE}}) + "\n", "utf-8")
    page = written(run, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text("utf-8")
    assert len(page.all("script")) == 1
    assert "alert('" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(("side", "count", "frames"), [(16, 80, pictures.MOST_FRAMES), (1200, 8, 8)])
def test_pictures_are_bounded(run: Path, tmp_path: Path, side: int, count: int, frames: int) -> None:
    for step in range(count):
        noise = np.random.default_rng(step).integers(0, 256, (side // 8, side, 3), np.uint8)
        write_png(run / "samples" / f"{step:09d}.png", noise, generated=True)
    page = written(run, tmp_path / "report.html")
    images = page.all("img")
    sizes = []
    for image in images:
        with Image.open(io.BytesIO(base64.b64decode(str(image["src"]).partition(",")[2]))) as opened:
            assert opened.size == (int(str(image["width"])), int(str(image["height"])))
            sizes.append((max(opened.size), getattr(opened, "n_frames", 1)))
    assert all(longest <= pictures.STILL_SIDE for longest, _ in sizes)
    assert [number for _, number in sizes if number > 1] == [frames]


def test_a_video_that_takes_too_many_bytes_becomes_smaller(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []
    for step in range(4):
        paths.append(run / f"{step}.png")
        write_png(paths[-1], np.random.default_rng(step).integers(0, 256, (128, 128, 3), np.uint8), generated=True)
    monkeypatch.setattr(pictures, "MOST_ANIMATION_BYTES", 12_000)
    found = run_to_end(pictures.animation(paths))
    assert found is not None
    assert found.width < 128
    assert len(found.uri) < 4 / 3 * 12_000 + 100


def test_damaged_and_missing_pictures_are_left_out(run: Path, tmp_path: Path) -> None:
    for path in (run / "samples").iterdir():
        path.write_bytes(b"no image")
    (run / "reals.png").unlink()
    assert not written(run, tmp_path / "report.html").all("img")


def test_a_run_without_reports(run: Path, tmp_path: Path) -> None:
    (run / "stats.jsonl").write_text("", "utf-8")
    assert "There are no reports yet." in written(run, tmp_path / "report.html").words["p"]


def test_values_that_are_no_numbers_are_left_out(run: Path) -> None:
    known = lines(run)[-1]
    report(run, {**known, "step": 7, "Loss/D/loss": float("nan"), "Loss/G/loss": None, "Signal/x": float("inf")})
    found = overview(run)
    assert found.curves["Loss/D/loss"].last.step == 6
    assert "Signal/x" not in found.curves
    assert found.step == 7


def test_an_older_checkpoint_serves_where_the_newest_is_damaged(run: Path) -> None:
    (run / "checkpoints" / "000000009.safetensors").write_bytes(b"no checkpoint")
    assert overview(run).step == 6
    for path in (run / "checkpoints").iterdir():
        path.write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match="No checkpoint"):
        overview(run)


def test_many_reports_make_a_small_page(run: Path, tmp_path: Path) -> None:
    with (run / "stats.jsonl").open("w", encoding="utf-8") as file:
        for step in range(1, 20_001):
            loss = 1000.0 if step == 12_345 else step % 7
            file.write(f'{{"step": {step}, "images": {8 * step}, "seconds": {step / 100}, "Loss/D/loss": {loss}}}\n')
    page = written(run, tmp_path / "report.html")
    line = next(line for line in page.all("g") if "data-values" in line)
    assert len(str(line["data-values"]).split()) <= 401
    assert {"1000", "12,345"} <= set(page.words["td"])
    band = next(shape for shape in page.all("polygon"))
    heights = [float(point.split(",")[1]) for point in str(band["points"]).split()]
    assert min(heights) < 30  # the one spike reaches the top of the chart


@pytest.mark.parametrize("step", [0.0, 1.5, 3.0, 6.0])
def test_when_a_step_was_reached(run: Path, step: float) -> None:
    assert overview(run).reached(step)[0] == pytest.approx(8 * step)


def test_nothing_is_overwritten_unless_asked(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("mine", "utf-8")
    with pytest.raises(UserError, match="already exists"):
        list(write_report(run, target))
    assert target.read_text("utf-8") == "mine"
    list(write_report(run, target, overwrite=True))
    assert target.read_text("utf-8") != "mine"


@pytest.mark.parametrize(
    ("source", "name", "match"),
    [
        ("nowhere", "report.html", "not a run folder"),
        ("00000-noise", "report.pdf", "not an HTML file name"),
    ],
)
def test_what_cannot_be_is_said(run: Path, tmp_path: Path, source: str, name: str, match: str) -> None:
    with pytest.raises(UserError, match=match):
        list(write_report(run.parent / source, tmp_path / "new" / name))
    assert not (tmp_path / "new").exists()


def test_giving_up_leaves_nothing(run: Path, tmp_path: Path) -> None:
    count = len(list(write_report(run, tmp_path / "whole.html")))
    for after in range(1, count):
        target = tmp_path / "new" / "report.html"
        events = write_report(run, target)
        for _ in range(after):
            next(events)
        events.close()
        assert not target.parent.exists()


def test_a_full_disk_leaves_nothing(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with largest_file(1000), pytest.raises(UserError):
        list(write_report(run, target))
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_command(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["report", str(run), "--out", str(tmp_path / "report.html")]
    assert main(command) == 0
    assert (tmp_path / "report.html").is_file()
    assert main(command) == 2
    assert "already exists" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "other.html")]) == 2
    assert "is not a run folder. Choose" in capsys.readouterr().err
