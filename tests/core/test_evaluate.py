"""Evaluations from end to end: a generator against images, by command and beside a training."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cli.main import main
from core.concurrency import run_to_end
from core.data.dataset import Dataset
from core.errors import UserError
from core.evaluation.evaluate import evaluate
from core.evaluation.features import Extractor, build
from core.evaluation.features import classifier as classifier_module
from core.evaluation.metrics import ImageSet, metric
from core.events import Measured, Progress, Stepped
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.registry import components
from core.stats.metric_key import MetricKey, key, parse
from core.trainer import Trainer
from tests.core.tiny import differences, finished, tiny_dataset, tiny_points, tiny_trainer

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def vgg16() -> Extractor:
    return run_to_end(build("vgg16", tiny_dataset(), CPU))


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    trainer = tiny_trainer("gan")
    return Sampler(trainer.meta(), trainer.published(), "cpu")


def measured(
    sampler: Sampler, dataset: Dataset, metrics: list[str], extractor: Extractor | None, count: int = 24
) -> dict[str, float]:
    return dict(run_to_end(evaluate(sampler, dataset, metrics, extractor, count)).values)


def test_numbers_carry_how_they_were_measured(sampler: Sampler, vgg16: Extractor) -> None:
    values = measured(sampler, tiny_dataset(30), ["fid", "swd", "precision_recall"], vgg16)
    by_features, by_images = MetricKey("vgg16", 24, 30, "all"), MetricKey("pixels", 24, 24, "all")
    prc = ("precision", "recall", "symmetric_precision", "symmetric_recall")
    assert list(values) == [
        key("fid", by_features), key("swd", by_images), *(key(number, by_features) for number in prc)
    ]  # fmt: skip
    rows = np.arange(5, 27)
    last = run_to_end(evaluate(sampler, tiny_dataset(30), ["fid"], vgg16, 24, rows, "held-out"))
    assert list(last.values) == ["Metrics/fid@vgg16:24:22:held-out"]


def test_what_is_measured_are_the_images_of_the_first_seeds(sampler: Sampler, vgg16: Extractor) -> None:
    dataset = tiny_dataset(30)
    made = sampler.render(LatentRequest.of_seeds(range(40)))
    pictures = np.asarray(dataset.images).transpose(0, 2, 3, 1)
    sides = (ImageSet(vgg16(images).values.astype(np.float64)) for images in (made, pictures))
    expected = run_to_end(metric("fid").measure(*sides))["fid"]
    (found,) = measured(sampler, dataset, ["fid"], vgg16, 40).values()
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_generator_that_makes_the_dataset_is_perfect(sampler: Sampler, vgg16: Extractor) -> None:
    made = sampler.render(LatentRequest.of_seeds(range(64)))
    dataset = Dataset(**{**vars(tiny_dataset(64)), "images": np.ascontiguousarray(made.transpose(0, 3, 1, 2))})
    values = measured(sampler, dataset, ["fid", "swd", "precision_recall", "density_coverage"], vgg16, 64)
    found = {parse(name)[0]: value for name, value in values.items()}
    assert found["fid"] == pytest.approx(0, abs=1e-3)
    assert found["swd"] == pytest.approx(0, abs=1e-3)
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)


def test_an_evaluation_beside_a_training_changes_nothing(vgg16: Extractor) -> None:
    alone = finished(tiny_trainer(steps=4)).checkpoint()
    beside = tiny_trainer(steps=4)
    evaluation = None
    for event in beside.events():
        if isinstance(event, Stepped):
            evaluation = evaluation or evaluated(beside, vgg16)
            before = torch.get_rng_state()
            for _ in range(3):
                next(evaluation, None)
            assert torch.equal(torch.get_rng_state(), before)
    assert evaluation is not None
    evaluation.close()
    assert differences(alone, beside.checkpoint()) == set()


def evaluated(trainer: Trainer, extractor: Extractor) -> Generator[Progress, None, Measured]:
    sampler = Sampler(trainer.meta(), trainer.published(), "cpu")
    return evaluate(sampler, trainer.dataset, ["fid", "kid", "swd"], extractor, 20)


def test_an_evaluation_is_closed_anywhere(sampler: Sampler, vgg16: Extractor) -> None:
    with closing(evaluate(sampler, tiny_dataset(), list(components("evaluation.metrics"))[1:2], vgg16, 20)) as events:
        next(events)
        next(events)
    assert list(events) == []


@pytest.mark.parametrize(
    ("metrics", "count", "said"),
    [
        (["inception_score"], 24, "class logits"),
        (["beauty"], 24, "'beauty'"),
        ([], 24, "No metric"),
        (["fid"], 3, "too few"),
    ],
)
def test_what_cannot_be_measured(sampler: Sampler, vgg16: Extractor, metrics: list[str], count: int, said: str) -> None:
    with pytest.raises(UserError, match=said):
        measured(sampler, tiny_dataset(30), metrics, vgg16, count)


def test_images_of_another_kind(sampler: Sampler, vgg16: Extractor) -> None:
    for other in (tiny_dataset(30, size=(32, 16)), tiny_dataset(30, channels=1), tiny_points(30)):
        with pytest.raises(UserError):
            measured(sampler, other, ["fid"], vgg16)
    with pytest.raises(UserError, match="needs a feature extractor"):
        measured(sampler, tiny_dataset(30), ["fid"], None)


# -- the command -----------------------------------------------------------------------------------------------------


def evaluate_command(checkpoint: Path, data: str, *flags: str) -> int:
    return main(["evaluate", str(checkpoint), data, "--count", "24", "--device", "cpu", *flags])


def test_evaluate(finished_checkpoint: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate_command(finished_checkpoint, str(pictures), "--metrics", "fid,kid,swd") == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert len(lines) == 4
    assert "FID, vgg16 features, 24 generated against 20 images of the dataset" in lines[0]
    assert "SWD, pixels, 20 generated against 20 images" in lines[3]
    assert evaluate_command(finished_checkpoint, str(pictures), "--metrics", "fid", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["step"] == 6
    assert f"{found['Metrics/fid@vgg16:24:20:all']:.6g}" in lines[0]


def test_evaluate_with_labels(
    finished_checkpoint: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(classifier_module, "STEPS", 5)
    for index, picture in enumerate(sorted(pictures.iterdir())):
        (tmp_path / "labeled" / "ab"[index % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "labeled" / "ab"[index % 2] / picture.name).write_bytes(picture.read_bytes())
    assert evaluate_command(finished_checkpoint, str(tmp_path / "labeled"), "--metrics", "inception_score") == 0
    captured = capsys.readouterr()
    assert "Inception Score, classifier-" in captured.out
    assert "Label classifier: " in captured.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--metrics", "beauty"], "'beauty'"),
        (["--metrics", ","], "No metric"),
        (["--metrics", "inception_score"], "class logits"),
        (["--extractor", "eyes"], "'eyes'"),
        (["--extractor", "classifier"], "this dataset has none"),
        (["--extractor", "inception"], "gan-studio download inception"),
        (["--weights", "missing.pth"], "missing.pth"),
        (["--count", "5"], "too few"),
        (["--real", "5"], "too few"),
        (["--count", "many"], "'many'"),
        (["--device", "toaster"], "'toaster'"),
    ],
)
@pytest.mark.usefixtures("downloads")
def test_bad_input(
    finished_checkpoint: Path, pictures: Path, flags: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate_command(finished_checkpoint, str(pictures), *flags) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err
    errors = [line for line in captured.err.splitlines() if line.startswith("gan-studio:")]
    assert len(errors) == 1
