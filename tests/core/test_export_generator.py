"""Exported generators: the file makes the original's images, alone, with its three lines of code, or is not there."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from core.checkpoint import Checkpoint, save
from core.cli.main import main
from core.concurrency import run_to_end
from core.errors import UserError
from core.events import Progress, Saved
from core.export import generator, onnx_pt2
from core.export.generator import SUFFIXES, export_generator
from core.export.usage_example import usage
from core.generator_inputs import GeneratorInputs, Latents
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.models.conditioning import build_generator
from core.registry import components
from core.trainer import Trainer
from tests.core.tiny import CLASSES, FIXED, tiny_dataset, tiny_points, tiny_settings, tiny_trainer

ROOT = Path(__file__).parents[2]
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "dcgan": ({"condition": "concat"}, 1),
    "mlp": ({"condition": "embedding", "codes_categorical": 4, "codes_continuous": 2, "alpha": True}, 4),
    "points": ({}, 2),
    "r3": ({"codes_continuous": 2}, 3),
    "resnet": ({"condition": "projection", "grid": "6x4"}, 3),
    "smooth": ({"codes_categorical": 4, "grid": "4x6"}, 3),
    "style": ({}, 3),
}
"""Settings that each network is tried with: together they cover all conditions and kinds of images."""


def sampler_of(preset: str = "gan", channels: int = 3, **values: Any) -> Sampler:
    """A generator whose images differ, with statistics of batches as a training leaves them."""
    settings = tiny_settings(preset, **values)
    classes = CLASSES if settings.condition != "none" else 0
    images = tiny_points() if settings.points else tiny_dataset(channels=channels, classes=classes, size=settings.size)
    trainer = Trainer(settings, images, FIXED)
    random, weights = torch.Generator().manual_seed(0), trainer.published()
    for key, value in weights.items():
        if key.endswith("running_var"):
            value.uniform_(0.5, 2.0, generator=random)
        elif value.is_floating_point():
            value += 0.1 * torch.randn(value.shape, generator=random)
    return Sampler(trainer.meta(), weights, "cpu")


def checkpoint_of(sampler: Sampler) -> Checkpoint:
    return Checkpoint(sampler.meta, {f"G_ema.{name}": value for name, value in sampler.weights().items()})


def drawn(sampler: Sampler, count: int) -> GeneratorInputs[Latents]:
    """Latents, shares of several classes and codes that are no seed's."""
    random, conditions = np.random.default_rng(count), sampler.conditions
    shares = random.random((count, conditions.classes))
    return GeneratorInputs(
        random.standard_normal((count, sampler.meta.settings.latent_dim)).astype(np.float32),
        (shares / shares.sum(1, keepdims=True)).astype(np.float32) if conditions.classes else shares.astype(np.float32),
        random.uniform(-1, 1, (count, conditions.codes)).astype(np.float32),
    )


def seed_0(sampler: Sampler) -> GeneratorInputs[Latents]:
    """Returns the inputs of the image in the note."""
    z = np.random.RandomState(0).standard_normal((1, sampler.meta.settings.latent_dim)).astype(np.float32)
    lengths = sampler.conditions.classes, sampler.conditions.codes
    return GeneratorInputs(z, *(np.eye(1, length, dtype=np.float32) for length in lengths))


def originals(sampler: Sampler, latents: GeneratorInputs[Latents]) -> Latents:
    """Returns the images of the generator itself."""
    G = build_generator(sampler.meta.settings, sampler.meta.channels, sampler.conditions).eval()
    G.load_state_dict(sampler.weights())
    with torch.no_grad():
        images: Latents = G(GeneratorInputs(*map(torch.from_numpy, latents))).numpy()
    return images


def copies(path: Path, latents: GeneratorInputs[Latents]) -> Latents:
    """Returns the images of the exported file."""
    inputs = {name: array for name, array in latents._asdict().items() if array.shape[1]}
    if path.suffix == ".onnx":
        from onnxruntime import InferenceSession

        session = InferenceSession(path, providers=["CPUExecutionProvider"])
        (output,) = session.get_outputs()
        assert [each.name for each in session.get_inputs()] == list(inputs)
        assert (output.name, output.shape[0], output.type) == ("images", "batch", "tensor(float)")
        return np.asarray(session.run(None, inputs)[0])
    z, *rest = (torch.from_numpy(array) for array in inputs.values())
    images: Latents = torch.export.load(path).module()(z, **dict(zip(list(inputs)[1:], rest, strict=True))).numpy()
    return images


def written(sampler: Sampler, path: Path) -> Path:
    """As the other process does it."""
    onnx_pt2.write(checkpoint_of(sampler), path, path.suffix)
    return path


def difference(sampler: Sampler, path: Path) -> float:
    """The largest, over other batch sizes than the traced one."""
    found = []
    for count in (1, 3):
        latents = drawn(sampler, count)
        expected, made = originals(sampler, latents), copies(path, latents)
        assert made.dtype == np.float32
        assert made.shape == expected.shape == (count, sampler.meta.channels, *sampler.meta.settings.size[::-1])
        assert np.ptp(expected) > 0.01
        found.append(np.abs(made - expected).max())
    return float(max(found))


def run_note(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does what it says, in the folder of the file."""
    assert len([line for line in text.splitlines() if not line.startswith("#")]) == 3
    monkeypatch.chdir(folder)
    exec(compile(text, "note", "exec"), {})


def assert_seed_0(sampler: Sampler, path: Path) -> None:
    """The note's image is the program's own."""
    (expected,) = sampler.generate(seed_0(sampler))
    with Image.open(path) as image:
        assert image.mode == {1: "L", 3: "RGB", 4: "RGBA"}[expected.shape[2]]
        made = np.asarray(image).reshape(expected.shape)
    assert np.abs(made.astype(int) - expected).max() <= 1
    assert np.ptp(made) > 20


# -- every network, every condition, every kind of image -------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("network", components("models"))
def test_the_file_makes_the_same_images_and_so_does_its_note(
    network: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    values, channels = CASES.get(network, ({}, 3))
    preset = "playground" if components("models")[network].facts.get("POINTS") else "studio"
    sampler = sampler_of(preset, channels, network=network, **values)
    path = written(sampler, tmp_path / f"a 'b' 猫 {network}{suffix}")
    assert difference(sampler, path) <= 1e-4
    data = path.read_bytes()
    for place in (str(ROOT), "site-packages", sys.prefix, ".pkl"):
        assert place.encode() not in data
    if network in ("r3", "smooth", "style"):
        return  # their notes say nothing new, and large graphs take seconds to read
    capfd.readouterr()
    run_note(usage(path.name, sampler.meta), tmp_path, monkeypatch)
    if channels == 2:
        said = [float(number) for number in capfd.readouterr().out.strip("[] \n").split()]
        assert np.allclose(said, originals(sampler, seed_0(sampler)).ravel(), atol=1e-4)
    else:
        assert_seed_0(sampler, tmp_path / "seed0000.png")


def test_a_class_name_is_no_code() -> None:
    meta = sampler_of("gan", condition="concat").meta
    text = usage("a.onnx", meta.model_copy(update={"classes": ("a\nraise SystemExit", "b\r\x0c", "c\u2028")}))
    assert [line[0] for line in text.splitlines()] == [*"######", "i", "i", "P"]


def test_seed_0_of_the_note_is_seed_0_of_the_program() -> None:
    sampler = sampler_of("gan", condition="concat")
    images = sampler.render(LatentRequest.of_seeds((0,))).astype(int)
    assert np.abs(images - sampler.generate(seed_0(sampler))).max() <= 1


# -- the command, in two processes -----------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint in a folder of its own."""
    trainer = tiny_trainer("gan")
    for weight in trainer.G_ema.parameters():
        weight.mul_(3)  # or its images are plain gray
    save(trainer.checkpoint(), tmp_path / "größe 猫" / "gan.safetensors")
    return tmp_path / "größe 猫" / "gan.safetensors"


def test_export(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    random = torch.get_rng_state()
    target = Path("..") / "new" / "猫 1.ONNX"
    assert main(["export", str(saved), "--out", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [f"{target}, and how to use it: {target}.txt"]
    folder = tmp_path / "new"
    assert sorted(path.name for path in folder.iterdir()) == ["猫 1.ONNX", "猫 1.ONNX.txt"]
    assert not list((tmp_path / "elsewhere").iterdir())
    # A training here would have noticed nothing.
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.is_grad_enabled()
    assert torch.get_default_device() == torch.device("cpu")
    sampler = Sampler.open(saved, "cpu")
    run_note((folder / "猫 1.ONNX.txt").read_text("utf-8"), folder, monkeypatch)
    assert_seed_0(sampler, folder / "seed0000.png")


# -- what the other process says -------------------------------------------------------------------------------------


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the two processes talk."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def in_this_process(work: Path) -> tuple[str, str]:
    """Does what the other process would do for `model.pt2`; the problem that it would leave, and its remedy."""
    onnx_pt2.main(str(work), str(work / "partial"), str(work.parent / "model.pt2"))
    problem = work / onnx_pt2.PROBLEM
    what, remedy, _ = json.loads(problem.read_text("utf-8")) if problem.exists() else ("", "", "")
    return what, remedy


def test_a_good_file_is_compared(work: Path) -> None:
    checkpoint = checkpoint_of(sampler_of("gan"))
    save(checkpoint, work / onnx_pt2.WEIGHTS)
    assert in_this_process(work) == ("", "")
    assert (work / onnx_pt2.COMPARING).exists()
    assert onnx_pt2.compare(checkpoint, work / "partial", ".pt2") <= 1e-4


def test_a_full_disk(work: Path) -> None:
    resource = pytest.importorskip("resource")
    save(checkpoint_of(sampler_of("gan")), work / onnx_pt2.WEIGHTS)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        what, _ = in_this_process(work)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert what.startswith("model.pt2 could not be saved")


def test_a_file_that_makes_other_images_is_refused(tmp_path: Path) -> None:
    sampler, weights = sampler_of("gan"), sampler_of("gan").weights()
    path = written(sampler, tmp_path / "a.pt2")
    weights["network.layers.9.bias"][7] += 0.01
    other = Sampler(sampler.meta, weights, "cpu")
    with pytest.raises(UserError, match="same images") as caught:
        onnx_pt2.compare(checkpoint_of(other), path, ".pt2")
    assert ".onnx" in caught.value.remedy
    assert "0.0" in caught.value.details


def test_a_generator_that_diverged_is_refused(work: Path) -> None:
    checkpoint = checkpoint_of(sampler_of("gan"))
    for weight in checkpoint.tensors.values():
        if weight.is_floating_point():
            weight.fill_(float("nan"))
    save(checkpoint, work / onnx_pt2.WEIGHTS)
    what, remedy = in_this_process(work)
    assert "diverged" in what
    assert "older checkpoint" in remedy


@pytest.mark.parametrize("library", ["onnxscript", "onnxruntime"])
def test_a_library_that_is_missing(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    act = onnx_pt2.write if library == "onnxscript" else onnx_pt2.compare
    with pytest.raises(UserError, match=f"{library} is not installed") as caught:
        act(checkpoint_of(sampler_of("gan")), tmp_path / "a.onnx", ".onnx")
    assert ".pt2" in caught.value.remedy


# -- nothing lost, nothing left --------------------------------------------------------------------------------------

SLOW = """
import os, sys, time
from pathlib import Path
work, partial, target = map(Path, sys.argv[1:])
(work.parent / "process").write_text(str(os.getpid()))
partial.write_text("half")
if stage: (work / "comparing").touch()
time.sleep(60)
"""


@pytest.mark.parametrize("stage", [0, 1])
def test_stopping_leaves_nothing(stage: int, tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHILD", f"stage = {stage}{SLOW}")
    (tmp_path / "out").mkdir()
    with closing(export_generator(sampler_of("gan"), tmp_path / "out" / "a.onnx")) as events:
        for event in events:
            assert isinstance(event, Progress)
            assert event.total == 2
            if event.done == stage and "half" in [path.read_text() for path in (tmp_path / "out").iterdir()]:
                break
    assert not list((tmp_path / "out").iterdir())
    assert not list(work.glob("gan-studio-*"))  # torch leaves folders of its own
    assert not psutil.pid_exists(int((work / "process").read_text()))


def test_stopping_before_it_began_leaves_nothing(tmp_path: Path, work: Path) -> None:
    with closing(export_generator(sampler_of("gan"), tmp_path / "a.onnx")) as events:
        assert next(events) == Progress("Exporting the generator", 0, 2)
        assert list(work.glob("gan-studio-*"))
    assert not list(work.glob("gan-studio-*"))
    assert list(tmp_path.iterdir()) == [work]


def test_a_process_that_dies(tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "CHILD", "raise SystemExit('no memory: größe')")
    with pytest.raises(UserError, match="exit code 1") as caught:
        list(export_generator(sampler_of("gan"), tmp_path / "a.onnx"))
    assert "no memory" in caught.value.details
    assert not list(work.glob("gan-studio-*"))
    assert list(tmp_path.iterdir()) == [work]


@pytest.mark.parametrize("taken", ["a.onnx", "a.onnx.txt"])
def test_nothing_is_overwritten_unasked(taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UserError, match=f"{taken} already exists") as caught:
        list(export_generator(sampler_of("gan"), tmp_path / "a.onnx"))
    assert "another folder or name" in caught.value.remedy
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    monkeypatch.setattr(generator, "CHILD", "import sys; open(sys.argv[2], 'w').write('new')")
    saved = run_to_end(export_generator(sampler_of("gan"), tmp_path / "a.onnx", overwrite=True))
    assert saved == Saved(tmp_path / "a.onnx", 0)
    assert (tmp_path / "a.onnx").read_text() == "new"
    assert (tmp_path / "a.onnx.txt").read_text("utf-8").startswith("# 'a.onnx'")


def test_bad_places_and_names(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(tmp_path.rglob("*"))
    for out, said in {
        "a.png": "neither .onnx nor .pt2",
        "a": "neither .onnx nor .pt2",
        f"{saved.parent.name}/gan.safetensors/a.onnx": "could not be saved",
    }.items():
        assert main(["export", str(saved), "--out", str(tmp_path / out)]) == 2
        err = capsys.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_too_large_for_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator, "MOST_ONNX_BYTES", 1000)
    with pytest.raises(UserError, match="2 GB") as caught:
        list(export_generator(sampler_of("gan"), tmp_path / "a.onnx"))
    assert ".pt2" in caught.value.remedy
    assert not list(tmp_path.iterdir())
