"""Safetensors files without the library's maps: what it writes is read, and whatever else a file says is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.checkpoint import load, save, summary
from core.data.tensor_file import opened_tensors, read_tensors
from core.errors import FOREIGN_ERRORS, UserError
from tests.core.tiny import finished, tiny_trainer

ENTRY = {"dtype": "U8", "shape": [2, 3], "data_offsets": [0, 6]}


def write(path: Path, header: Any, data: bytes = bytes(6)) -> Path:
    text = (json.dumps(header) if not isinstance(header, str) else header).encode("utf-8", "surrogatepass")
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_what_the_library_writes_is_read(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        kind: np.arange(6).reshape(2, 3).astype(kind) for kind in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "?")
    }
    arrays |= {"one": np.array(3, np.float32), "none": np.zeros((0, 4), np.float32)}
    save_file(arrays, tmp_path / "a", metadata={"who": "猫"})
    found = read_tensors(tmp_path / "a", 10_000)
    assert {name: (values.dtype, values.shape, values.tobytes()) for name, values in found.items()} == {
        name: (values.dtype, values.shape, values.tobytes()) for name, values in arrays.items()
    }
    with opened_tensors(tmp_path / "a") as file:
        assert file.metadata == {"who": "猫"}
        assert file.types["f4"] == ("F32", (2, 3))
    with pytest.raises(OSError, match="larger than 100 bytes"):
        read_tensors(tmp_path / "a", 100)


def test_a_file_that_becomes_shorter_while_it_is_read(tmp_path: Path) -> None:
    save_file({"a": np.zeros(100_000, np.uint8)}, tmp_path / "a")
    with opened_tensors(tmp_path / "a") as file:
        with (tmp_path / "a").open("r+b") as other:
            other.truncate(50_000)
        with pytest.raises(OSError, match="too early"):  # a map would end the process here
            file.read("a")


def test_a_checkpoint_that_becomes_shorter_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "000000001.safetensors"
    save(finished(tiny_trainer("gan", steps=1)).checkpoint(), path)
    whole = path.read_bytes()

    def shrink(*_: object) -> None:
        path.write_bytes(whole[:-100_000])

    for read, meanwhile in ((load, "core.checkpoint_schema.refuse"), (summary, "core.checkpoint._refuse_preview")):
        path.write_bytes(whole)
        with monkeypatch.context() as patch:
            patch.setattr(meanwhile, shrink)
            with pytest.raises(UserError, match="damaged") as caught:
                read(path)
        assert "too early" in caught.value.details


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"a": 3}',
        "[" * 100_000,
        {"__metadata__": 3, "a": ENTRY},
        {"__metadata__": {"a": 3}, "a": ENTRY},
        {"__metadata__": {"a": "\ud800"}, "a": ENTRY},
        {"\ud800": ENTRY},
        {},
        {"a": {**ENTRY, "dtype": 3}},
        {"a": {**ENTRY, "shape": [-2, -3]}},
        {"a": {**ENTRY, "shape": [2.0, 3]}},
        {"a": {**ENTRY, "shape": [True, 6]}},
        {"a": {**ENTRY, "shape": "23"}},
        {"a": {**ENTRY, "data_offsets": [0, 7]}},
        {"a": {**ENTRY, "data_offsets": [1, 6]}},
        {"a": {**ENTRY, "data_offsets": [6, 0]}},
        {"a": {**ENTRY, "data_offsets": [0]}},
        {"a": {**ENTRY, "data_offsets": [0, 2**70]}},
        {"a": ENTRY, "b": ENTRY},
        {"a": {**ENTRY, "data_offsets": [0, 4]}, "b": {**ENTRY, "data_offsets": [2, 6]}},
        {"a": {"dtype": "U8", "data_offsets": [0, 6]}},
    ],
)
def test_headers_that_cannot_be(tmp_path: Path, header: Any) -> None:
    with pytest.raises(FOREIGN_ERRORS), opened_tensors(write(tmp_path / "a", header)):
        pass


@pytest.mark.parametrize(
    "changes",
    [{"shape": [7]}, {"shape": [2**40, 2**40]}, {"shape": [1] * 70 + [6]}, {"dtype": "F8_E4M3"}, {"dtype": "F64"}],
)
def test_tensors_that_cannot_be(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = write(tmp_path / "a", {"a": {**ENTRY, **changes}})
    with opened_tensors(path) as file, pytest.raises(FOREIGN_ERRORS):  # another program's may be so
        file.read("a")


def test_headers_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for size in (0, 7, 8, 2**63):
        path.write_bytes(size.to_bytes(8, "little") + b"{}")
        with pytest.raises(FOREIGN_ERRORS), opened_tensors(path):
            pass
    with path.open("wb") as file:  # of no use, and as long as the disk
        file.write((2**32).to_bytes(8, "little") + b"{}")
        file.truncate(2**33)
    with pytest.raises(ValueError, match="a header of"), opened_tensors(path):
        pass
