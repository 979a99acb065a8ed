"""Checkpoints: complete, never half written, and harmless whatever somebody else put into the file."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from core.checkpoint import FORMAT, KEY, Checkpoint, load, save, summary
from core.errors import UserError
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from tests.core.full_disk import largest_file
from tests.core.tiny import copied, differences, finished, tiny_trainer

READERS: list[Callable[[Path], object]] = [load, summary, lambda path: Sampler.open(path, "cpu")]
bounded = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return copied(finished(tiny_trainer(steps=2)).checkpoint())


@pytest.fixture(scope="module")
def whole(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.safetensors"
    save(checkpoint, path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "000000002.safetensors"


def assert_refused(path: Path) -> list[UserError]:
    """Every reader refuses the file in one line and with a remedy; what each of them says."""
    caught = []
    for read in READERS:
        with pytest.raises(UserError) as problem:
            read(path)
        assert problem.value.remedy
        assert len(str(problem.value).splitlines()) == 1
        caught.append(problem.value)
    return caught


# -- what is in it ---------------------------------------------------------------------------------------------------


def test_round_trip(checkpoint: Checkpoint, path: Path) -> None:
    save(checkpoint, path)
    loaded = load(path)
    assert not differences(loaded, checkpoint)
    assert loaded.meta == checkpoint.meta
    assert list(path.parent.iterdir()) == [path]


def test_folders_on_the_way_are_made(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save(checkpoint, tmp_path / "a" / "b" / "c.safetensors")
    assert load(tmp_path / "a" / "b" / "c.safetensors").meta.step == 2


def test_any_reader_of_safetensors_can_read_it(checkpoint: Checkpoint, path: Path) -> None:
    save(checkpoint, path)
    with safe_open(path, framework="numpy") as file:
        names, metadata = set(file.keys()), json.loads(file.metadata()[KEY])
        preview = file.get_tensor("preview")
    parts = {"G", "D", "G_ema", "opt_G", "opt_D", "augment", "random", "preview"}
    assert {name.split(".")[0] for name in names} == parts
    assert metadata["format"] == FORMAT
    assert metadata["step"] == 2
    assert metadata["images"] == 16
    assert metadata["settings"]["width"] == 8
    assert metadata["dataset_fingerprint"]
    assert preview.dtype == np.uint8
    assert preview.shape == (32, 32, 3)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_others_may_read_it(checkpoint: Checkpoint, path: Path) -> None:
    save(checkpoint, path)
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_summary_needs_no_weights(checkpoint: Checkpoint, tmp_path: Path) -> None:
    # Half a gigabyte of weights that take no room on the disk: only who does not read them is quick.
    size, metadata = 2**29, {KEY: checkpoint.meta.model_dump_json()}
    header: dict[str, Any] = {
        "__metadata__": metadata,
        "preview": {"dtype": "U8", "shape": [2, 2, 3], "data_offsets": [0, 12]},
        "G.weight": {"dtype": "U8", "shape": [size], "data_offsets": [12, 12 + size]},
    }
    text = json.dumps(header).encode()
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + bytes(range(12)))
        file.truncate(8 + len(text) + 12 + size)
    before, started = psutil.Process().memory_info().rss, perf_counter()
    found = summary(path)
    assert perf_counter() - started < 0.5
    assert psutil.Process().memory_info().rss - before < 2**26
    assert found.meta == checkpoint.meta
    assert found.path == path
    assert found.preview.tobytes() == bytes(range(12))


# -- a disk that refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 100, 50_000])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(
    checkpoint: Checkpoint, path: Path, whole: bytes, size: int
) -> None:
    path.write_bytes(whole)
    with largest_file(size), pytest.raises(UserError) as caught:
        save(checkpoint, path)
    assert caught.value.remedy
    assert path.read_bytes() == whole
    assert list(path.parent.iterdir()) == [path]


def test_a_failing_first_write_leaves_nothing(checkpoint: Checkpoint, path: Path) -> None:
    with largest_file(50_000), pytest.raises(UserError):
        save(checkpoint, path)
    assert not list(path.parent.iterdir())
    save(checkpoint, path)
    assert load(path).meta == checkpoint.meta


def test_a_folder_that_cannot_be_made(checkpoint: Checkpoint, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError, match="could not be saved"):
        save(checkpoint, tmp_path / "taken" / "a.safetensors")


# -- damaged ---------------------------------------------------------------------------------------------------------


def test_a_missing_file(path: Path) -> None:
    assert all("There is no file" in problem.what for problem in assert_refused(path))


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    assert_refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    for read in (load, summary):
        with pytest.raises(UserError, match="is damaged"):
            read(tmp_path / "pipe.safetensors")


@pytest.mark.parametrize("share", [0, 1e-5, 1e-4, 0.01, 0.3, 0.99, 0.99999])
def test_a_truncated_file(path: Path, whole: bytes, share: float) -> None:
    path.write_bytes(whole[: int(share * len(whole))])
    for problem in assert_refused(path):
        assert "damaged" in problem.what
        assert "older checkpoint" in problem.remedy


def test_a_file_with_something_behind_it(path: Path, whole: bytes) -> None:
    path.write_bytes(whole + b"more")
    assert_refused(path)


@bounded
@given(st.binary(max_size=600))
def test_random_bytes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(data)
    assert_refused(tmp_path / "a.safetensors")


@bounded
@given(st.text(max_size=200) | st.sampled_from(["{}", "[]", "null", '{"__metadata__":{"gan_studio":"{}"}}']))
def test_random_headers(tmp_path: Path, header: str) -> None:
    text = header.encode("utf-8", "surrogatepass")
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
    assert_refused(tmp_path / "a.safetensors")


@bounded
@given(data=st.data())
def test_one_damaged_byte_in_the_header(tmp_path: Path, whole: bytes, data: st.DataObject) -> None:
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    at = data.draw(st.integers(0, header - 1))
    damaged = bytearray(whole)
    damaged[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.safetensors"
    path.write_bytes(damaged)
    for use in (load, summary, generate, train_on):
        try:
            use(path)
        except UserError as problem:
            assert problem.remedy  # noqa: PT017 (a byte may also change without harm)


def generate(path: Path) -> object:
    return Sampler.open(path, "cpu").render(LatentRequest.of_seeds((0, 1)))


def train_on(path: Path) -> object:
    return finished(tiny_trainer(checkpoint=load(path), steps=3))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("G_ema.network.layers.0.weight", "G_ema.network.layers.0.weigth"),
        ("random.noise", "random.n0ise"),
        ("augment.p", "augment.q"),
        ("opt_D.0.step", "opt_D.0.stop"),
        ("opt_D.0.exp_avg", "opt_D.O.exp_avg"),
        ("opt_G.1.exp_avg", "opt_G.9.exp_avg"),
    ],
)
def test_a_tensor_that_is_missing(path: Path, whole: bytes, name: str, other: str) -> None:
    damaged = whole.replace(f'"{name}"'.encode(), f'"{other}"'.encode())
    assert damaged != whole
    path.write_bytes(damaged)
    use = generate if name.startswith("G_ema") else train_on
    with pytest.raises(UserError) as caught:
        use(path)
    assert caught.value.remedy


# -- other people's files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"sshs_model_hash": "0"}])
def test_another_programs_safetensors(path: Path, metadata: dict[str, str] | None) -> None:
    save_file({"weight": torch.zeros(3)}, path, metadata=metadata)
    for problem in assert_refused(path):
        assert "another program" in problem.what
        assert "GAN Studio" in problem.remedy


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.ckpt"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_of_torch(tmp_path: Path, name: str, zipped: bool) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / name, _use_new_zipfile_serialization=zipped)
    assert all("another program" in problem.what for problem in assert_refused(tmp_path / name))


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt", "a.pkl", "a"])
def test_a_pickle_is_not_executed(tmp_path: Path, name: str) -> None:
    trace = tmp_path / "executed"
    # What protocol 0 writes for "call builtins.open(trace, 'w')" on loading.
    harmful = f"cbuiltins\nopen\n(V{trace}\nVw\ntR.".encode()
    (tmp_path / name).write_bytes(harmful)
    assert_refused(tmp_path / name)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("network", "expected"), [("dcgan", False), ("smooth", False), ("mlp", True), ("resnet", True)]
)
def test_a_checkpoint_without_a_word_of_the_input_bias_has_what_was_built_then(
    checkpoint: Checkpoint, path: Path, network: str, expected: bool
) -> None:
    meta = checkpoint.meta.model_dump(mode="json")
    meta["settings"] |= {"network": network}
    del meta["settings"]["d_bias"]
    save_file({"preview": checkpoint.tensors["preview"]}, path, metadata={KEY: json.dumps(meta)})
    assert summary(path).meta.settings.d_bias is expected


def test_a_checkpoint_from_before_the_ema_ramp_was_a_setting_goes_on_with_the_one_of_then(
    checkpoint: Checkpoint, path: Path
) -> None:
    meta = checkpoint.meta.model_dump(mode="json")
    del meta["settings"]["ema_ramp"]
    save_file({"preview": checkpoint.tensors["preview"]}, path, metadata={KEY: json.dumps(meta)})
    assert summary(path).meta.settings.ema_ramp == 15


def test_a_newer_format(checkpoint: Checkpoint, path: Path) -> None:
    save(Checkpoint(checkpoint.meta.model_copy(update={"format": FORMAT + 1}), checkpoint.tensors), path)
    for problem in assert_refused(path):
        assert "newer" in problem.what
        assert "Update" in problem.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "null",
        "[]",
        "3",
        "{}",
        '{"format": 1}',
        '{"format": "2"}',
        '{"format": null}',
        '{"format": [1]}',
    ],
)
def test_our_key_with_something_else_behind_it(checkpoint: Checkpoint, path: Path, text: str) -> None:
    save_file(dict(checkpoint.tensors), path, metadata={KEY: text})
    assert_refused(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("width", 7), ("network", "biggan"), ("color", True), ("resolution", 48), ("batch", "many")],
)
def test_settings_that_cannot_be(checkpoint: Checkpoint, path: Path, key: str, value: Any) -> None:
    values = json.loads(checkpoint.meta.model_dump_json())
    values["settings"][key] = value
    save_file(dict(checkpoint.tensors), path, metadata={KEY: json.dumps(values)})
    assert_refused(path)
