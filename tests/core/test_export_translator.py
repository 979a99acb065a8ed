"""Exported translators: the file makes the original's images at any size; ESRGAN's layout is that of its programs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, leaky_relu

from core.checkpoint import save
from core.cli.main import main
from core.concurrency import run_to_end
from core.data.tensor_file import opened_tensors
from core.errors import UserError
from core.export import onnx_pt2
from core.export.translator import export_weights
from core.export.usage_example import usage
from core.translation.build import translator_shape
from core.translation.networks import build_translator
from tests.core.images import colored
from tests.core.translators import random_translator


def translator_of(checkpoint: Any) -> Any:
    settings = checkpoint.meta.settings
    network = build_translator(settings.translator, translator_shape(settings, checkpoint.meta.channels)).eval()
    network.load_state_dict(checkpoint.part("G_ema"))
    return network.requires_grad_(False)


def test_onnx_takes_pictures_of_any_number_and_size(tmp_path: Path) -> None:
    from onnxruntime import InferenceSession

    checkpoint = random_translator("enlarge")
    path = tmp_path / "enlarge.onnx"
    onnx_pt2.write(checkpoint, path, ".onnx")
    assert onnx_pt2.compare(checkpoint, path, ".onnx") < onnx_pt2.TOLERANCE
    session = InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["batch", 3, "height", "width"]
    for count, height, width in ((1, 16, 24), (3, 37, 50)):
        pictures = np.random.default_rng(0).uniform(-1, 1, (count, 3, height, width)).astype(np.float32)
        (images,) = session.run(None, {"pictures": pictures})
        assert images.shape == (count, 3, 4 * height, 4 * width)
        if height % 8 == 0:
            expected = translator_of(checkpoint)(torch.from_numpy(pictures)).numpy()
            np.testing.assert_allclose(images, expected, atol=onnx_pt2.TOLERANCE)
    (tmp_path / "note.py").write_text(usage(path.name, checkpoint.meta), "utf-8")
    colored(0, 21, 13).save(tmp_path / "picture.png")
    subprocess.run([sys.executable, "note.py"], cwd=tmp_path, check=True)
    with Image.open(tmp_path / "translation.png") as image:
        assert image.size == (84, 52)


def test_the_note_of_a_model_that_repairs_has_a_mask() -> None:
    note = usage("repair.pt2", random_translator("repair").meta)
    assert "(N, 4, H, W)" in note
    assert "-numpy.ones_like(pictures[:, :1])" in note
    compile(note, "note.py", "exec")


def esrgan(weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """RRDBNet of ESRGAN by its names of weights, for pixels in [0, 1], enlarging by 4."""

    def layer(name: str, x: Tensor) -> Tensor:
        return conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    def dense(name: str, x: Tensor) -> Tensor:
        known = [x]
        for number in range(1, 5):
            known.append(leaky_relu(layer(f"{name}.conv{number}", torch.cat(known, 1)), 0.2))
        return x + 0.2 * layer(f"{name}.conv5", torch.cat(known, 1))

    first = layer("conv_first", x)
    body = first
    for block in range(23):
        inner = body
        for number in range(1, 4):
            inner = dense(f"body.{block}.rdb{number}", inner)
        body = body + 0.2 * inner
    x = first + layer("conv_body", body)
    for name in ("conv_up1", "conv_up2"):
        x = leaky_relu(layer(name, interpolate(x, scale_factor=2, mode="nearest")), 0.2)
    return layer("conv_last", leaky_relu(layer("conv_hr", x), 0.2))


def test_safetensors_are_an_esrgan_model(tmp_path: Path) -> None:
    checkpoint = random_translator("enlarge", "rrdb")
    save(checkpoint, tmp_path / "checkpoint.safetensors")
    target = tmp_path / "model.safetensors"
    assert main(["export", str(tmp_path / "checkpoint.safetensors"), "--out", str(target)]) == 0
    with opened_tensors(target) as file:
        weights = {name: torch.from_numpy(file.read(name)) for name in file.types}
    pictures = torch.rand(1, 3, 12, 10)
    expected = translator_of(checkpoint)(pictures * 2 - 1)
    torch.testing.assert_close(esrgan(weights, pictures) * 2 - 1, expected, atol=1e-5, rtol=1e-5)
    assert weights["body.22.rdb3.conv4.weight"].shape == (32, 8 + 3 * 32, 3, 3)  # spandrel takes no other growth
    assert weights["body.22.rdb3.conv5.weight"].shape == (8, 8 + 4 * 32, 3, 3)


@pytest.mark.parametrize(
    ("task", "values", "message"),
    [("enlarge", {"width": 66}, "a width above 64"), ("repair", {}, "inputs and outputs have the same channels")],
)
def test_shapes_that_other_programs_do_not_load_are_refused(
    tmp_path: Path, task: str, values: dict[str, int], message: str
) -> None:
    checkpoint = random_translator(task, "rrdb", **values)
    with pytest.raises(UserError, match=message):
        run_to_end(export_weights(checkpoint, tmp_path / "model.safetensors"))
    assert not any(tmp_path.iterdir())


def test_other_networks_have_no_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(random_translator("enlarge"), tmp_path / "checkpoint.safetensors")
    target = tmp_path / "model.safetensors"
    assert main(["export", str(tmp_path / "checkpoint.safetensors"), "--out", str(target)]) == 2
    assert "RRDB (ESRGAN)" in capsys.readouterr().err
    assert not target.exists()
