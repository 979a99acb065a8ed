"""`gan-studio interpolate` and `timelapse`: what they make, their exit codes, and one line for what can be mended."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from core.checkpoint import load, save
from core.cli.main import main
from core.export import recipe
from core.latent.request import LatentRequest, Loop, Point, Walk
from core.latent.sampler import Sampler
from tests.core.tiny import finished, tiny_trainer
from tests.core.videos import differ, pixels, shown


def export(checkpoint: Path, out: Path, *flags: str) -> int:
    return main(["interpolate", str(checkpoint), "--out", str(out), "--device", "cpu", *flags])


@pytest.mark.parametrize("name", ["walk.mp4", "walk.gif", "walk.webp", "walk"])
def test_interpolate(finished_checkpoint: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "films" / name
    assert export(finished_checkpoint, out, "--seeds", "1,5,9", "--frames", "6", "--psi", "0.7", "--scale", "2") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"13 frames in {out}" in captured.err
    trajectory = Walk(tuple(Point(seed, psi=0.7) for seed in (1, 5, 9)))
    sampler = Sampler.open(finished_checkpoint, "cpu")
    expected = sampler.render(LatentRequest(trajectory, tuple(k / 6 for k in range(13))), steady=True)
    frames = shown(out).frames
    assert len(frames) == 13
    assert all(differ(frame[::2, ::2], image) < 8 for frame, image in zip(frames, expected, strict=True))


def test_interpolate_as_long_as_the_frames_say(finished_checkpoint: Path, tmp_path: Path) -> None:
    assert export(finished_checkpoint, tmp_path / "a.mp4", "--seeds", "0-2") == 0
    found = shown(tmp_path / "a.mp4")
    assert len(found.frames) == 121
    assert sum(found.milliseconds) == pytest.approx(121 / 30 * 1000, abs=1)
    assert (
        export(finished_checkpoint, tmp_path / "b.mp4", "--seeds", "0-2", "--frames", "7", "--fps", "12", "--loop") == 0
    )
    found = shown(tmp_path / "b.mp4")
    assert len(found.frames) == 21
    assert sum(found.milliseconds) == pytest.approx(21 / 12 * 1000, abs=1)


def test_interpolate_obeys_its_flags(finished_checkpoint: Path, tmp_path: Path) -> None:
    flags = ["--frames", "4", "--mode", "lerp", "--easing", "smooth", "--loop"]
    assert export(finished_checkpoint, tmp_path / "a", "--seeds", "3,4", *flags) == 0
    assert len(list((tmp_path / "a").iterdir())) == 8
    found = recipe.read(tmp_path / "a" / "frame00005.png")
    assert found is not None
    assert found.request == LatentRequest(Walk((Point(4), Point(3)), "lerp", easing="smooth"), (0.25,))
    assert (
        export(finished_checkpoint, tmp_path / "b", "--seeds", "3", "--around", "--radius", "0.3", "--frames", "5") == 0
    )
    assert len(list((tmp_path / "b").iterdir())) == 5
    found = recipe.read(tmp_path / "b" / "frame00001.png")
    assert found is not None
    assert found.request == LatentRequest(Loop(Point(3), 4, 0.3), (0.2,))


def test_the_largest_seed_can_be_gone_around(finished_checkpoint: Path, tmp_path: Path) -> None:
    assert export(finished_checkpoint, tmp_path / "a.gif", "--seeds", str(2**32 - 1), "--around", "--frames", "2") == 0


def test_interpolate_a_class(tmp_path: Path) -> None:
    checkpoint = tmp_path / "cgan.safetensors"
    save(finished(tiny_trainer("cgan", steps=3)).checkpoint(), checkpoint)
    label = load(checkpoint).meta.classes[2]
    assert export(checkpoint, tmp_path / "a", "--seeds", "3,4", "--frames", "2", "--label", label) == 0
    trajectory = Walk(tuple(Point(seed, classes=(0, 0, 1)) for seed in (3, 4)))
    expected = Sampler.open(checkpoint, "cpu").render(LatentRequest(trajectory, (0.5,)), steady=True)[0]
    assert np.array_equal(pixels(tmp_path / "a" / "frame00001.png"), expected)


def test_overwriting(finished_checkpoint: Path, finished_run: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("a.mp4", "b")):
        out = tmp_path / name
        for command in (
            ["interpolate", str(finished_checkpoint), "--seeds", "1,2", "--frames", "3"],
            ["timelapse", str(finished_run), "--seconds", "0.1"],
        ):
            assert main([*command, "--out", str(out), "--overwrite"]) == 0
            before = out.stat().st_mtime_ns
            assert main([*command, "--out", str(out)]) == 2
            assert out.stat().st_mtime_ns == before
        assert len(list(tmp_path.iterdir())) == number + 1


def test_timelapse(finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["timelapse", str(finished_run), "--seconds", "2", "--fps", "10", "--caption", "--scale", "2", "--out"]
    assert main([*command, str(tmp_path / "a.mp4")]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "20 frames" in captured.err
    found = shown(tmp_path / "a.mp4")
    assert len(found.frames) == 20
    assert found.frames[0].shape == (64 + 14, 64, 3)


def test_timelapse_says_which_samples_are_damaged(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    (run / "samples").mkdir(parents=True)
    for name in ("config.json", "stats.jsonl"):
        (run / name).write_bytes((finished_run / name).read_bytes())
    for path in (finished_run / "samples").iterdir():
        (run / "samples" / path.name).write_bytes(path.read_bytes())
    (run / "samples" / "000000003.png").write_text("no image")
    assert main(["timelapse", str(run), "--out", str(tmp_path / "a.gif"), "--seconds", "0.2"]) == 0
    assert "000000003.png cannot be read" in capsys.readouterr().err


WALK = "interpolate|{checkpoint}|--out|{tmp}/a.mp4|--seeds|"
LAPSE = "timelapse|{run}|--out|{tmp}/a.mp4"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("interpolate", "CKPT"),
        ("interpolate|{checkpoint}|--seeds|1,2", "--out"),
        ("interpolate|{checkpoint}|--out|{tmp}/a.mp4", "--seeds"),
        ("interpolate|{checkpoint}|--out|{tmp}/a.avi|--seeds|1,2", "a.avi"),
        ("interpolate|{checkpoint}|--out|{tmp}/mine.txt|--seeds|1,2", "mine.txt"),
        ("interpolate|{checkpoint}|--out|{tmp}/mine|--seeds|1,2", "mine"),
        ("interpolate|{checkpoint}|--out|{tmp}/mine/a.mp4|--seeds|1,2", "mine"),
        ("interpolate|{tmp}/missing.safetensors|--out|{tmp}/a.mp4|--seeds|1,2", "no file"),
        (WALK + "1", "--around"),
        (WALK + "1,2|--around", "2 seeds"),
        (WALK + "1-", "seeds"),
        (WALK + "0-9999|--frames|100", "too many"),
        (WALK + "1,2|--frames|0", "'0'"),
        (WALK + "1,2|--frames|1.5", "'1.5'"),
        (WALK + "1,2|--frames|1000000000", "1000000000"),
        (WALK + "1,2|--fps|0", "'0'"),
        (WALK + "1,2|--fps|500", "'500'"),
        (WALK + "1,2|--mode|cubic", "'cubic'"),
        (WALK + "1,2|--easing|odd", "'odd'"),
        (WALK + "1,2|--psi|nan", "psi"),
        (WALK + "1,2|--scale|99", "99"),
        (WALK + "1,2|--label|cat", "no classes"),
        (WALK + "1,2|--device|cuda:77", "'cuda:77'"),
        (WALK + "1|--around|--radius|1.5", "'1.5'"),
        (WALK + "1|--around|--radius|nan", "'nan'"),
        ("interpolate|{checkpoint}|--out|{tmp}/a.gif|--seeds|1,2|--fps|60", "at most 50"),
        ("timelapse", "RUN"),
        ("timelapse|{run}", "--out"),
        ("timelapse|{tmp}|--out|{tmp}/a.mp4", "not a run folder"),
        ("timelapse|{run}|--out|{tmp}/a.mov", "a.mov"),
        (LAPSE + "|--seconds|0", "0 seconds"),
        (LAPSE + "|--seconds|nan", "seconds"),
        (LAPSE + "|--seconds|1e9", "too many"),
    ],
)
def test_bad_input_is_one_line_and_two(
    command: str,
    said: str,
    tmp_path: Path,
    finished_run: Path,
    finished_checkpoint: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("mine", "mine.txt"):
        (tmp_path / name).write_text("mine")
    filled = command.format(tmp=tmp_path, run=finished_run, checkpoint=finished_checkpoint)
    assert main(filled.split("|")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1, captured.err
    assert captured.err.startswith("gan-studio: ")
    assert said in captured.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "mine.txt"]


def test_ctrl_c_leaves_nothing(finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def press() -> None:
        """Interrupts after the first frames are written; one inside the call of open would leave it unclosed."""
        until = time.monotonic() + 120
        while not any(path.stat().st_size for path in tmp_path.glob(".*.partial")) and time.monotonic() < until:
            time.sleep(0.01)
        _thread.interrupt_main()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press)
    thread.start()
    try:
        assert export(finished_checkpoint, tmp_path / "a.mp4", "--seeds", "0-90", "--frames", "1000") == 130
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err.splitlines() == ["gan-studio: interrupted"]
    assert not list(tmp_path.iterdir())
