"""Quality of translations, during a training and after it: signals, evaluations, curves and the best checkpoint."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.checkpoint import load
from core.concurrency import run_to_end
from core.data.dataset import Dataset
from core.data.sides.pairing import sides_for
from core.errors import UserError
from core.evaluation.evaluate import evaluate
from core.evaluation.features import Extractor
from core.events import Measured, Notice, Progress, Report
from core.imaging.quality import psnr, ssim
from core.imaging.tensors import from_pixels
from core.jobs import live_evaluation
from core.jobs.compared_images import ComparedImages
from core.jobs.evaluation_job import EvaluationJob, measure
from core.jobs.training_job import TrainingJob
from core.jobs.translations import Translations
from core.latent.sampler import Sampler
from core.report.write import write_report
from core.runs.retention import best
from core.runs.run import Run
from core.stats.keys import COMPARED, INPUT, family, label, meaning
from core.stats.metric_key import MetricKey, key, parse
from core.translation.examples import examples
from core.translation.unchanged import unchanged
from core.translation_trainer import TranslationTrainer
from tests.core.averages import Averages
from tests.core.tiny import FIXED, save_pictures, tiny_dataset, tiny_settings, tiny_trainer


def trainer(task: str, dataset: Dataset | None = None, **values: Any) -> TranslationTrainer:
    settings = tiny_settings("gan", task=task, **{"steps": 2, **values})
    return TranslationTrainer(settings, dataset or tiny_dataset(30), FIXED)


def signals(trainer: TranslationTrainer) -> dict[str, float]:
    """The signals of a training's first report."""
    report = next(event for event in trainer.events() if isinstance(event, Report))
    return {name.removeprefix("Signal/"): value for name, value in report.stats.items() if name.startswith("Signal/")}


def smooth(count: int = 24, side: int = 16) -> Dataset:
    """Ramps of color, which an enlargement by interpolation gets nearly right."""
    random = np.random.default_rng(0)
    corners = random.uniform(0, 255, (count, 3, 2, 2))
    way = np.linspace(0, 1, side)
    across = corners[..., :1] * (1 - way) + corners[..., 1:] * way
    images = across[:, :, :1] * (1 - way[:, None]) + across[:, :, 1:] * way[:, None]
    return replace(tiny_dataset(count), images=images.round().astype(np.uint8), fingerprint="ramps")


# --- signals ---


def test_translations_are_compared_with_targets_and_so_are_the_inputs() -> None:
    found = signals(trainer("denoise", smooth(), input_noise=20))
    assert {"psnr", "ssim", "psnr_input", "ssim_input", "change", "drift", "scores/real/p50"} <= found.keys()
    assert not found.keys() & {"color_error", "hidden_error", "diversity", "contrast"}
    assert 10 < found["psnr_input"] < 40
    assert 0 < found["ssim_input"] < 1


def test_an_untrained_residual_network_gives_its_input_back() -> None:
    copies = signals(trainer("enlarge", smooth(), blur=0, input_noise=0, jpeg=0, factor=2, lr_g=1e-9))
    assert copies["psnr"] == pytest.approx(copies["psnr_input"], abs=1e-2)
    assert copies["psnr_input"] > 30
    assert signals(trainer("enlarge", factor=2, lr_g=1e-9))["change"] < 1e-3
    colors = signals(trainer("colorize", smooth(), lr_g=1e-9))
    assert colors["psnr"] == pytest.approx(colors["psnr_input"], abs=1e-2)
    assert colors["color_error"] == pytest.approx(colors["color_error_input"], rel=1e-2)
    assert colors["change"] < 1e-3


def test_errors_in_holes_are_those_of_hidden_pixels() -> None:
    found = signals(trainer("repair", smooth(), lr_g=1e-9))
    dataset, settings = smooth(), tiny_settings("gan", task="repair")
    sides = examples(dataset, sides_for(settings, dataset), settings, torch.Generator().manual_seed(settings.seed))
    hidden = sides.inputs[:, -1:] > 0
    error = (sides.targets.abs().mean(1, keepdim=True))[hidden].mean()  # holes are gray, which is 0
    assert found["hidden_error_input"] == pytest.approx(float(error), rel=1e-4)


def test_signals_leave_a_training_as_it_is() -> None:
    def weights(watched: bool) -> dict[str, torch.Tensor]:
        training = TranslationTrainer(
            tiny_settings("gan", task="repair", steps=3), tiny_dataset(30), FIXED, None, watched
        )
        list(training.events())
        return training.published()

    one, other = weights(True), weights(False)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_examples_are_held_out_and_the_same_each_time() -> None:
    dataset, settings = tiny_dataset(220), tiny_settings("gan", task="denoise")
    rows = TranslationTrainer(settings, dataset, FIXED).held
    sides = sides_for(settings, dataset).within(rows)
    one, other = (examples(dataset, sides, settings, torch.Generator().manual_seed(1)) for _ in range(2))
    assert len(rows) == len(one.targets) == 11
    assert torch.equal(one.inputs, other.inputs)
    assert torch.equal(one.targets, from_pixels(torch.from_numpy(np.array(dataset.images[rows]))))


@pytest.mark.parametrize(("inputs", "channels"), [(1, 3), (3, 3), (4, 3), (1, 1), (2, 1)])
def test_the_input_as_an_answer_has_the_shape_of_the_target(inputs: int, channels: int) -> None:
    ramp = torch.linspace(-0.5, 0.5, 8).expand(2, inputs, 8, 8)
    large = unchanged(ramp, channels, 4)
    assert large.shape == (2, channels, 32, 32)
    steps = (large[..., 4:] - large[..., :-4])[..., 8:-8]  # of a ramp, but for its ends
    torch.testing.assert_close(steps, torch.full_like(steps, 1 / 7))
    assert torch.equal(unchanged(ramp, channels, 1), ramp[:, :1].expand(-1, channels, -1, -1))


def test_losses_share_an_axis_and_a_signal_shares_it_with_the_input() -> None:
    terms = ("l1", "content", "cycle", "identity", "contrast", "loss")
    assert {family(f"Loss/G/{name}") for name in terms} == {"Loss/*/loss"}
    assert family("Loss/D_back/loss") == "Loss/*/loss"
    assert family("Loss/D_back/penalty") == family("Loss/D/penalty")
    assert family("Loss/G/labels") != "Loss/*/loss"
    assert len({label(f"Loss/G/{name}") for name in terms}) == len(terms)
    for name in COMPARED:
        assert family(f"Signal/{name}{INPUT}") == family(f"Signal/{name}") == f"Signal/{name}"
        assert meaning(f"Signal/{name}{INPUT}") == meaning(f"Signal/{name}") != ""


# --- evaluation ---


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluations follow one another, with features that cost nothing."""

    def build(_name: str, _dataset: Dataset, _device: torch.device) -> Generator[Progress, None, Extractor]:
        yield Progress("Building", 0, 1)
        return Averages()

    monkeypatch.setattr(live_evaluation, "build", build)
    monkeypatch.setattr(live_evaluation, "perf_counter", lambda: 0.0)  # no piece of it takes time
    monkeypatch.setattr(live_evaluation, "SOONEST", 0.0)
    monkeypatch.setattr(live_evaluation, "LATER", 1.0)


def source(training: TranslationTrainer, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Translations:
    return Translations(training.meta(), training.published(), training.dataset, rows, "cpu")


def test_metrics_of_pairs_are_means_over_the_translations() -> None:
    training, rows = trainer("denoise"), np.arange(3, 27)
    found = run_to_end(evaluate(source(training, rows), training.dataset, ["psnr", "ssim"], None, 24, rows, "held-out"))
    made = source(training, rows)
    images = np.concatenate([made.numbered(range(start, min(start + 16, 24))) for start in (0, 16)])
    sides = [torch.from_numpy(images.transpose(0, 3, 1, 2).copy()), torch.from_numpy(training.dataset.images[rows])]
    one, other = map(from_pixels, sides)
    protocol = MetricKey("pixels", 24, 24, "held-out")
    assert dict(found.values) == {
        key("psnr", protocol): pytest.approx(float(psnr(one, other).mean()), abs=1e-4),
        key("ssim", protocol): pytest.approx(float(ssim(one, other).mean()), abs=1e-5),
    }


def test_images_from_noise_have_no_targets() -> None:
    training = tiny_trainer("gan")
    sampler = Sampler(training.meta(), training.published(), "cpu")
    with pytest.raises(UserError, match="compares each image with a target of its own"):
        run_to_end(evaluate(sampler, tiny_dataset(30), ["psnr"], None, 24))


def test_a_paired_translation_is_measured_beside_its_training(tmp_path: Path, soon: None) -> None:
    pictures = save_pictures(tmp_path / "pictures", 210)
    settings = tiny_settings("gan", task="colorize", evaluation=100, steps=12, holdout=10)
    job = TrainingJob(settings, str(pictures), out=tmp_path / "run")
    measured = [event for event in job.events() if isinstance(event, Measured)]
    assert {parse(name)[0] for name in measured[0].values} == {"psnr", "ssim"}
    protocol = parse(next(iter(measured[0].values)))[1]
    assert (protocol.extractor, protocol.fake, protocol.real, protocol.split) == ("pixels", 21, 21, "held-out")
    run = Run(tmp_path / "run")
    values = {each.step: value for each in measured for name, value in each.values.items() if "/psnr@" in name}
    (leader,) = best(run.folder / "checkpoints")
    assert (parse(leader.key)[0], leader.step) == ("psnr", max(values, key=lambda step: values[step]))
    assert job.trainer
    again = run_to_end(measure(run, leader.path, job.trainer.dataset))
    assert again.values == next(each.values for each in measured if each.step == leader.step)
    assert load(leader.path).meta.step == leader.step
    asked = run_to_end(EvaluationJob(leader.path, str(pictures), ["ssim"], count=30, real=25, device="cpu").events())
    assert list(asked.values) == ["Metrics/ssim@pixels:25:25:all"]
    run_to_end(write_report(run.folder, tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text("utf-8")
    for text in ("Colorize", "Light U-Net", "Paired", "dB over the input", "Translated after 12 steps.", "SSIM"):
        assert text in page
    assert "Columns: Input, Output, Target." in page


def test_metrics_of_pixels_take_random_images_each_with_its_own_target() -> None:
    training = trainer("enlarge", smooth(), blur=0, input_noise=0, jpeg=0, factor=2, lr_g=1e-9)
    images = ComparedImages.of_any_dataset(training.meta(), training.published(), training.dataset, "cpu", 99, 22)
    assert images.count == len(set(images.rows.tolist())) == 22
    assert images.rows[:5].max() > 10  # not the first of the dataset
    found = run_to_end(evaluate(images.source, training.dataset, ["psnr"], None, images.count, images.rows))
    assert next(iter(found.values.values())) > 30  # an untrained network enlarges as interpolation does


@pytest.mark.parametrize(("task", "count"), [("pairs", 19), ("unpaired", 19), ("pairs", 20), ("unpaired", 21)])
def test_too_few_images_of_a_side_are_not_measured(tmp_path: Path, soon: None, task: str, count: int) -> None:
    for side in "AB":
        save_pictures(tmp_path / "pictures" / side, count)
    method = "paired" if task == "pairs" else "contrastive"
    settings = tiny_settings("gan", task=task, method=method, evaluation=100, steps=2)
    events = list(TrainingJob(settings, str(tmp_path / "pictures"), out=tmp_path / "run").events())
    assert not [event.text for event in events if isinstance(event, Notice) and "measured" in event.text]
    assert any(isinstance(event, Measured) for event in events) == (count >= 20)


@pytest.mark.parametrize(("task", "metric"), [("pairs", "psnr"), ("unpaired", "kid")])
def test_translations_of_two_sides_are_measured_by_what_is_known(
    tmp_path: Path, soon: None, task: str, metric: str
) -> None:
    for side, count in (("A", 210), ("B", 220)):
        save_pictures(tmp_path / "pictures" / side, count)
    method = "paired" if task == "pairs" else "contrastive"
    settings = tiny_settings("gan", task=task, method=method, evaluation=100, steps=1, holdout=10)
    job = TrainingJob(settings, str(tmp_path / "pictures"), out=tmp_path / "run")
    events = list(job.events())
    values = next(event.values for event in events if isinstance(event, Measured))
    numbers = {parse(name)[0]: parse(name)[1] for name in values}
    split = "held-out" if task == "pairs" else "train"
    assert (numbers[metric].fake, numbers[metric].split) == (21, split)
    assert numbers[metric].real == (21 if task == "pairs" else 220 - 22)
    assert set(numbers) == ({"psnr", "ssim"} if task == "pairs" else {"fid", "kid", "kid_std", "swd"})
    assert {parse(each.key)[0] for each in best(tmp_path / "run" / "checkpoints")} == {metric}
    reports = [event.stats for event in events if isinstance(event, Report)]
    known = {name for stats in reports for name in stats}
    assert ("Signal/psnr" in known, "Signal/contrast" in known) == (task == "pairs", task != "pairs")
    assert ("Signal/change" in known) == (task != "pairs")  # the images of a pair are equal here
