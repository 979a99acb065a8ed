"""Feature extractors: what they make of images, and that nobody else notices them at work."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from core.cli.main import main
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.cache.quota import delete, entries
from core.data.cache.row_reader import entry_folder
from core.data.dataset import Dataset
from core.data.download.catalog import Download
from core.data.prepare import prepare
from core.data.tensor_file import read_tensors
from core.errors import UserError
from core.evaluation.features import Extractor, Features, build, default_for
from core.evaluation.features import classifier as classifier_module
from core.evaluation.features import dataset_features as real_module
from core.evaluation.features import inception as inception_module
from core.evaluation.features.dataset_features import real_features
from core.evaluation.features.model_input import in_color
from core.evaluation.features.weights import INCEPTION
from core.events import Images, Notice, Progress
from tests.core.server import Server, remote
from tests.core.sources import as_folder
from tests.core.tiny import tiny_dataset
from tests.core.work import all_of

CPU = torch.device("cpu")


def images(count: int = 6, side: int = 16, channels: int = 3, seed: int = 0) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def finished(name: str, dataset: Dataset, weights: Path | None = None) -> tuple[Extractor, list[Progress | Notice]]:
    """The extractor, and what was said on the way."""
    said, extractor = all_of(build(name, dataset, CPU, weights))
    return extractor, said


def real(dataset: Dataset, extractor: Extractor, rows: int = 10) -> tuple[Features, int]:
    """The features of the first rows, and how many pieces of work they took."""
    pieces, features = all_of(real_features(dataset, np.arange(rows), extractor))
    return features, len(pieces)


@pytest.fixture(scope="module")
def vgg16() -> Extractor:
    return finished("vgg16", tiny_dataset())[0]


def on_disk(place: Path) -> Dataset:
    """Twenty images of two classes."""
    return run_to_end(prepare(str(as_folder(place)), Preparation((16, 16))))


@pytest.fixture
def prepared(tmp_path: Path) -> Dataset:
    return on_disk(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "STEPS", 12)


# -- what any of them does -------------------------------------------------------------------------------------------


def test_images_of_any_kind_become_color() -> None:
    gray, color, clear = images(channels=1), images(channels=3), images(channels=4)
    assert (in_color(gray) == gray.repeat(3, 3)).all()
    assert in_color(color) is color
    clear[..., 3] = 0
    assert (in_color(clear) == 255).all()
    clear[..., 3] = 255
    assert (in_color(clear) == clear[..., :3]).all()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("side", [8, 32, 50])
def test_vgg16_looks_at_images_of_any_kind(vgg16: Extractor, channels: int, side: int) -> None:
    found = vgg16(images(4, side, channels))
    assert found.values.shape == (4, 64)
    assert found.values.dtype == np.float32
    assert found.logits is None
    assert np.ptp(found.values, axis=0).min() > 0


def test_features_do_not_depend_on_the_batch(vgg16: Extractor) -> None:
    some = images(5)
    apart = np.concatenate([vgg16(some[k : k + 1]).values for k in range(5)])
    np.testing.assert_allclose(vgg16(some).values, apart, rtol=1e-4, atol=1e-5)


def test_vgg16_is_the_same_everywhere(vgg16: Extractor) -> None:
    gray = np.full((1, 32, 32, 3), 191, np.uint8)
    # Of the weights that numpy's frozen stream gives: other numbers here need another VERSION.
    np.testing.assert_allclose(vgg16(gray).values[0, :3], [-0.409494, 0.300925, 0.632391], rtol=1e-3)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["vgg16", "classifier"])
def test_torchs_random_state_is_left_alone(name: str) -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    extractor, _ = finished(name, tiny_dataset(classes=3))
    real(tiny_dataset(), extractor)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_what_suits_a_dataset() -> None:
    assert (default_for(tiny_dataset()), default_for(tiny_dataset(classes=3))) == ("vgg16", "classifier")


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [
        ("eyes", None, "Choose one of classifier"),
        ("vgg16", Path("a.pth"), "needs no file"),
        ("classifier", None, "has none"),
    ],
)
def test_extractors_that_cannot_be(name: str, weights: Path | None, said: str) -> None:
    with pytest.raises(UserError, match=said):
        finished(name, tiny_dataset(), weights)


# -- the classifier --------------------------------------------------------------------------------------------------


def test_a_classifier_learns_the_labels() -> None:
    dataset = tiny_dataset(200, classes=2)
    brightness = np.where(np.arange(200) % 2, 200, 0).astype(np.uint8)
    pixels = (np.asarray(dataset.images) // 8 + brightness[:, None, None, None]).astype(np.uint8)
    bright = Dataset(**{**vars(dataset), "images": pixels})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier_module, "STEPS", 40)
        extractor, said = finished("classifier", bright)
    assert str(said[-1]).count("Label classifier: 100 % right on held-out images") == 1
    found = extractor(pixels.transpose(0, 2, 3, 1))
    assert found.values.shape == (200, 96)
    assert found.logits is not None
    assert (found.logits.argmax(1) == dataset.labels).all()


@pytest.mark.usefixtures("quick")
def test_a_classifier_is_trained_once_and_goes_with_the_images(prepared: Dataset) -> None:
    first, said = finished("classifier", prepared)
    assert sum(isinstance(event, Progress) for event in said) > 10
    second, said = finished("classifier", prepared)
    assert not any(isinstance(event, Notice) for event in said)
    assert second.key == first.key
    folder = entry_folder(prepared.images)
    assert folder is not None
    (note,) = folder.glob("classifier-*")
    note.write_bytes(b"damaged")
    assert finished("classifier", prepared)[0].key == first.key  # trained again, to the same end


@pytest.mark.usefixtures("quick")
def test_a_training_that_is_closed_leaves_nothing(prepared: Dataset) -> None:
    work = build("classifier", prepared, CPU)
    for _ in range(5):
        next(work)
    work.close()
    folder = entry_folder(prepared.images)
    assert folder is not None
    assert not list(folder.glob("*classifier*"))


# -- real features ---------------------------------------------------------------------------------------------------


def test_real_features_are_worked_out_once(prepared: Dataset, vgg16: Extractor) -> None:
    first, pieces = real(prepared, vgg16)
    assert pieces == 2  # eight at once
    again, pieces = real(prepared, vgg16)
    assert pieces == 0
    np.testing.assert_array_equal(first.values, again.values)
    assert real(prepared, vgg16, rows=11)[1] == 2  # other rows are other statistics
    folder = entry_folder(prepared.images)
    assert folder is not None
    for note in folder.glob("features-*"):
        note.write_bytes(b"damaged")
    assert real(prepared, vgg16)[1] == 2


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((10, 63), np.float32),
        np.zeros((9, 64), np.float32),
        np.zeros((10, 64), np.float64),
        np.zeros((10, 64), np.uint8),
        np.zeros(640, np.float32),
        np.full((10, 64), np.nan, np.float32),
    ],
)
def test_features_of_another_kind_are_worked_out_anew(
    prepared: Dataset, vgg16: Extractor, values: NDArray[Any]
) -> None:
    first, _ = real(prepared, vgg16)
    folder = entry_folder(prepared.images)
    assert folder is not None
    (note,) = folder.glob("features-*")
    for arrays in ({"values": values}, {"values": first.values, "logits": np.zeros((10, 3), np.float32)}):
        save_file(arrays, note)
        again, pieces = real(prepared, vgg16)
        assert pieces == 2
        np.testing.assert_array_equal(first.values, again.values)


@pytest.mark.usefixtures("quick")
def test_a_classifier_of_another_kind_is_trained_anew(prepared: Dataset) -> None:
    first, _ = finished("classifier", prepared)
    folder = entry_folder(prepared.images)
    assert folder is not None
    (note,) = folder.glob("classifier-*")
    whole = read_tensors(note, 2**20)
    for name in ("0.weight", "1.num_batches_tracked"):
        save_file({**whole, name: whole[name].astype(np.float64)}, note)
        assert finished("classifier", prepared)[0].key == first.key
    save_file({**whole, "0.weight": np.full_like(whole["0.weight"], np.inf)}, note)
    assert finished("classifier", prepared)[0].key == first.key


def test_real_features_are_deleted_with_the_images(tmp_path: Path, vgg16: Extractor) -> None:
    prepared = on_disk(tmp_path)
    real(prepared, vgg16)
    folder = entry_folder(prepared.images)
    assert folder is not None
    size = sum(file.stat().st_size for file in folder.iterdir())
    del prepared
    (entry,) = entries()
    assert entry.bytes == size
    delete(entry)
    assert not folder.exists()


def test_real_features_do_not_fill_the_disk(
    prepared: Dataset, vgg16: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_module, "MOST_BYTES", 8000)
    for rows in range(10, 15):
        real(prepared, vgg16, rows)
    folder = entry_folder(prepared.images)
    assert folder is not None
    assert 1 <= len(list(folder.glob("features-*"))) <= 2


def test_images_in_memory_leave_nothing_on_the_disk(vgg16: Extractor) -> None:
    dataset = tiny_dataset()
    assert entry_folder(dataset.images) is None
    assert real(dataset, vgg16)[1] == real(dataset, vgg16)[1] == 2


# -- Inception -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of every name and shape of the real ones, in a small file: a number for each output channel."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    random = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in inception_module._Network().state_dict().items()}
    weights = {}
    for name, shape in shapes.items():
        few = torch.rand(shape[:1], generator=random).sub(0.4) / max(shape[1:].numel(), 1)
        few = few if len(shape) > 1 else torch.ones(shape)
        weights[name] = few.view(-1, *[1] * (len(shape) - 1)).expand(shape) if len(shape) else torch.tensor(0)
    torch.save(weights, path)
    assert path.stat().st_size < 2**20
    return path


def test_inception_is_torch_fidelitys(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_rng_state()
    extractor, said = finished("inception", tiny_dataset(), stand_in)
    assert torch.equal(torch.get_rng_state(), before)
    digest = hashlib.sha256(stand_in.read_bytes()).hexdigest()
    assert extractor.name == f"inception-{digest[:8]}"  # not to be compared with anybody's
    assert isinstance(said[-1], Notice)

    some = images(2)
    found = extractor(some)
    theirs = FeatureExtractorInceptionV3("theirs", ["2048", "logits_unbiased"], feature_extractor_weights_path=stand_in)
    values, logits = theirs(torch.from_numpy(some.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(found.values, values.numpy(), rtol=1e-5)
    assert found.logits is not None
    np.testing.assert_allclose(found.logits, logits.numpy(), rtol=1e-4, atol=1e-6)
    assert np.ptp(found.values) > 0

    usual = Download(**{**vars(INCEPTION), "files": (remote("a", stand_in.read_bytes()),)})
    monkeypatch.setattr(inception_module, "INCEPTION", usual)
    assert finished("inception", tiny_dataset(), stand_in)[0].name == "inception"


@pytest.mark.usefixtures("downloads")
def test_inception_without_its_weights() -> None:
    with pytest.raises(UserError, match=r"gan-studio download inception \(96 MB\)\."):
        finished("inception", tiny_dataset())


@pytest.mark.parametrize("content", [b"", b"rubbish", b"cbuiltins\nprint\n(Vexecuted\ntR."])
def test_files_that_are_no_weights(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(UserError, match="does not hold the weights"):
        finished("inception", tiny_dataset(), tmp_path / "a.pth")
    assert capsys.readouterr().out == ""
    with pytest.raises(UserError, match="no file"):
        finished("inception", tiny_dataset(), tmp_path / "b.pth")


@pytest.mark.parametrize("found", [{"conv.weight": torch.zeros(3)}, [torch.zeros(3)], {"a": 3}])
def test_weights_of_another_network(tmp_path: Path, found: object) -> None:
    torch.save(found, tmp_path / "a.pth")
    with pytest.raises(UserError, match="does not hold the weights"):
        finished("inception", tiny_dataset(), tmp_path / "a.pth")


@pytest.fixture
def offered_weights(server: Server, downloads: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Download]:
    """A download of weights that the server has, of which the sender says what they should be."""

    def offer(expected: bytes) -> Download:
        server.files["w.pth"] = b"the weights"
        address = f"{server.address}w.pth"
        found = Download(**{**vars(INCEPTION), "files": (remote("w.pth", expected, address),), "opens": "w.pth"})
        monkeypatch.setattr("core.evaluation.features.weights.INCEPTION", found)
        return found

    return offer


def test_weights_are_downloaded_when_asked(
    offered_weights: Callable[[bytes], Download], capsys: pytest.CaptureFixture[str]
) -> None:
    offer = offered_weights(b"the weights")
    assert main(["download"]) == 0
    listed = capsys.readouterr().out
    assert "inception" in listed
    assert not offer.is_here()
    assert main(["download", "inception"]) == 0
    assert offer.located().read_bytes() == b"the weights"


def test_weights_that_came_damaged_are_not_kept(
    offered_weights: Callable[[bytes], Download], capsys: pytest.CaptureFixture[str]
) -> None:
    offer = offered_weights(b"the_weights")
    assert main(["download", "inception"]) == 2
    assert "or is damaged" in capsys.readouterr().err
    assert not offer.is_here()


def test_without_a_network(
    server: Server, offered_weights: Callable[[bytes], Download], capsys: pytest.CaptureFixture[str]
) -> None:
    offered_weights(b"the weights")
    server.fail = "error"
    assert main(["download", "inception"]) == 2
    said = capsys.readouterr().err
    assert "answered 503" in said
    assert "yourself and put it into" in said


def test_the_real_file_is_named_by_its_hash() -> None:
    (file,) = INCEPTION.files
    assert file.name.removesuffix(".pth").endswith(file.hash[:8])
    assert len(file.hash) == 64
