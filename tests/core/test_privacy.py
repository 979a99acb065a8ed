"""Membership test of a checkpoint, whose discriminator has memorized its images or has not; and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.data.holdout import held_out
from core.jobs.privacy_job import PrivacyReport, area
from core.runs.run import Run
from tests.core.tiny import FLAGS, save_pictures


@pytest.mark.parametrize(
    ("members", "others", "expected"),
    [
        ([3, 4], [1, 2], 1.0),
        ([1, 2], [3, 4], 0.0),
        ([1, 1], [1, 1], 0.5),
        ([1, 3], [2, 2], 0.5),
        ([2, 3], [1, 2], 0.875),
    ],
)
def test_the_area_is_the_share_of_pairs(members: list[float], others: list[float], expected: float) -> None:
    found, low, high = area(np.array(members, float), np.array(others, float))
    assert found == expected
    assert 0 <= low <= found <= high <= 1


def test_the_interval_holds_the_truth() -> None:
    """The area of two normal distributions one apart is 0.760."""
    random, held = np.random.default_rng(0), 0
    for _ in range(200):
        _, low, high = area(random.normal(1, 1, 300), random.normal(0, 1, 200))
        held += low <= 0.7602 <= high
    assert 180 <= held <= 200


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many noisy pictures as some are held out of."""
    return save_pictures(tmp_path_factory.mktemp("many"), 210)


def test_a_discriminator_that_tells_them_apart_gives_them_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The images of the training are bright and those that were held out are dark: D need not know any by heart."""
    held = set(held_out(210, 20, 0).tolist())
    (tmp_path / "set").mkdir()
    random = np.random.default_rng(0)
    for number in range(210):
        pixels = random.integers(0, 60, (16, 16, 3)) + (0 if number in held else 190)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "set" / f"{number}.png")

    def reported(steps: int) -> dict[str, float]:
        run, data = str(tmp_path / f"run {steps}"), str(tmp_path / "set")
        flags = [*FLAGS, "--preset", "dcgan", "--holdout", "20", "--steps", str(steps)]
        assert main(["train", data, "--out", run, *flags]) == 0
        assert main(["privacy", run, data, "--device", "cpu", "--json"]) == 0
        found: dict[str, float] = json.loads(capsys.readouterr().out)
        return found

    late = reported(60)
    assert (late["step"], late["trained"], late["held"], late["generated"]) == (60, 168, 42, 500)
    assert late["auc"] == 1.0 == late["low"]


@pytest.mark.parametrize("preset", ["cgan", "sngan"])
def test_with_labels_and_spectral_normalization(
    preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "ab":
        save_pictures(tmp_path / "set" / name, 110)
    run = tmp_path / "run"
    flags = [*FLAGS, "--preset", preset, "--steps", "2"]
    assert main(["train", str(tmp_path / "set"), "--out", str(run), *flags]) == 0
    assert main(["privacy", str(run), str(tmp_path / "set"), "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("AUC 0.")
    assert "does not prove privacy" in said


def test_what_is_refused(many: Path, finished_run: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", str(finished_run), str(many)]) == 2
    assert "not the training images of the checkpoint" in capsys.readouterr().err
    assert Run(finished_run).newest().exists()
    assert main(["privacy", str(finished_run), str(pictures)]) == 2
    assert "no held-out images" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("low", "nearer", "said"),
    [
        (0.7, 0, "reveals of many images whether they were used for training"),
        (0.55, 0, "reveals a little"),
        (0.45, 0, "cannot distinguish training images from others"),
        (0.45, 3, "they may be copies"),
    ],
)
def test_it_is_said_in_words(low: float, nearer: int, said: str) -> None:
    found = PrivacyReport(9, low + 0.05, low, low + 0.1, 2000, 500, 500, nearer, 1.0)
    assert said in "\n".join(found.lines())
    assert ("copies" in "\n".join(found.lines())) == bool(nearer)
