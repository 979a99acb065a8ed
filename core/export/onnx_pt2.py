"""Writer of ONNX and `.pt2` files, which reads each file again and compares its output with the generator's.

Tracing changes how torch calls every module of the process, and the export to ONNX resets the default random generator,
so a training on another thread would draw the same numbers again. `core.export.generator` therefore starts a process
of its own, whose `main` is here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.checkpoint import Checkpoint, load
from core.durable_write import unwritable
from core.errors import UserError
from core.generator_inputs import Conditions, GeneratorInputs, seed_class, seed_codes, seed_latent
from core.language import _, one_of
from core.models.conditioning import ConditionalGenerator, build_generator
from core.translation.build import translator_shape
from core.translation.networks import Translator, build_translator, multiple_of

if TYPE_CHECKING:
    from torch.export import ExportedProgram

Arrays = NDArray[np.float32]
Run = Callable[[Mapping[str, Arrays]], Arrays]
"""Function from inputs by name to images."""

OPSET = 18
"""ONNX opset for which torch's translations are written; ONNX Runtime reads such files since 1.18."""
TRACED, COMPARED = 2, (1, 5)
"""Batch sizes for tracing and for comparing; other sizes than the traced one show that N is free."""
SMALLEST = 8
"""Least side of what a translator sees: reflection inside it needs two pixels of its smallest feature map."""
TOLERANCE = 1e-4
"""Maximum difference of any value, with black at -1 and white at 1. A step of uint8 is 0.0078."""

WEIGHTS, COMPARING, PROBLEM = "generator.safetensors", "comparing", "problem.json"
"""Files for communication between the processes: weights to export, mark that it is written, and error."""


class Exported(nn.Module):
    """Module that the file holds. It maps `z` (N, latent_dim), and `classes` (N, classes) and `codes` (N, codes) if
    there are any, to images (N, channels, height, width), all float32. N is free.

    Black is -1 and white is 1. Networks without a final tanh may exceed this range; clip the values. Points are
    (N, 2, 1, 1), unbounded. Networks with styles include the mapping from z to w, without truncation.
    """

    def __init__(self, generator: ConditionalGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, classes: Tensor | None = None, codes: Tensor | None = None) -> Tensor:
        nothing = z[:, :0]
        drawn = GeneratorInputs(z, nothing if classes is None else classes, nothing if codes is None else codes)
        images: Tensor = self.generator(drawn)
        return images


class ExportedTranslator(nn.Module):
    """Module of a translator. It maps `pictures` (N, inputs, height, width) to images (N, channels, scale height, scale
    width), all float32 with black at -1 and white at 1. N, height and width are free.

    Sides that the network cannot take are padded by reflection, and cut off again.
    """

    def __init__(self, translator: Translator, multiple: int, scale: int) -> None:
        super().__init__()
        self.translator, self.multiple, self.scale = translator, multiple, scale

    def forward(self, pictures: Tensor) -> Tensor:
        height, width = pictures.shape[2:]
        padded = pictures[:, :, self._reflected(height)][:, :, :, self._reflected(width)]
        images: Tensor = self.translator(padded)
        return images[:, :, : height * self.scale, : width * self.scale]

    def _reflected(self, length: int) -> Tensor:
        padded = (length + self.multiple - 1) // self.multiple * self.multiple
        return (length - 1 - (torch.arange(padded) - (length - 1)).abs()).clamp(min=0)


def write(checkpoint: Checkpoint, path: Path, suffix: str) -> None:
    """Writes the EMA generator in the format ".onnx" or ".pt2". Raises `UserError` if a library is missing."""
    _FORMATS[suffix][0](checkpoint, path)


def compare(checkpoint: Checkpoint, path: Path, suffix: str) -> float:
    """Returns the largest difference between images of the written file and of the generator, on the CPU.

    Raises `UserError` if it exceeds `TOLERANCE`, or if the generator produces NaN.
    """
    run, original = _FORMATS[suffix][1](path), _exported(checkpoint)
    differences = [0.0]
    for count in COMPARED:
        inputs = _inputs(checkpoint, count)
        expected = _run_here(original, inputs)
        if not np.isfinite(expected).all():
            raise UserError(
                _("This generator produces NaN: its training diverged."),
                _("Export an older checkpoint of the same run."),
            )
        differences.append(float(np.abs(run(inputs) - expected).max()))
    largest = float(np.max(differences))  # keeps NaN, unlike max()
    if not largest <= TOLERANCE:
        raise UserError(
            _("The exported generator does not produce the same images as the original."),
            _("Export it as {suffixes}.").format(suffixes=one_of([other for other in _FORMATS if other != suffix])),
            f"The largest difference is {largest:g}, the tolerance {TOLERANCE:g}.",
        )
    return largest


def _exported(checkpoint: Checkpoint) -> Exported | ExportedTranslator:
    """Returns the EMA generator on the CPU, in evaluation mode."""
    meta = checkpoint.meta
    shape = translator_shape(meta.settings, meta.channels) if meta.settings.translates else None
    with torch.device("meta"):
        generator: ConditionalGenerator | Translator
        if shape is not None:
            generator = build_translator(meta.settings.translator, shape)
        else:
            generator = build_generator(meta.settings, meta.channels, _conditions(checkpoint))
    generator.load_state_dict(checkpoint.part("G_ema"), assign=True)
    generator.requires_grad_(False)
    if shape is not None:
        assert isinstance(generator, Translator)
        multiple = max(multiple_of(meta.settings.translator, shape), SMALLEST)
        return ExportedTranslator(generator, multiple, shape.scale).eval()
    assert isinstance(generator, ConditionalGenerator)
    return Exported(generator).eval()


def main(work: str, partial: str, target: str) -> None:
    """Writes `partial`, which becomes `target`, and compares it. `work`: folder of the weights."""
    folder, suffix = Path(work), Path(target).suffix.lower()
    try:
        checkpoint = load(folder / WEIGHTS, parts=("G_ema",))
        try:
            write(checkpoint, Path(partial), suffix)
        except OSError as error:
            raise unwritable(Path(target), error) from error
        (folder / COMPARING).touch()
        compare(checkpoint, Path(partial), suffix)
    except UserError as problem:
        (folder / PROBLEM).write_text(json.dumps([problem.what, problem.remedy, problem.details]), "utf-8")


def _traced(checkpoint: Checkpoint) -> ExportedProgram:
    from torch.export import Dim, export

    first, *rest = _inputs(checkpoint, TRACED).items()
    tensors = {name: torch.from_numpy(array) for name, array in rest}
    if checkpoint.meta.settings.translates:
        shapes: dict[str, Any] = {first[0]: {0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC}}
    else:
        batch = Dim("batch")
        shapes = {name: {0: batch} for name in (first[0], *tensors)}
    program = export(_exported(checkpoint), (torch.from_numpy(first[1]),), tensors, dynamic_shapes=shapes)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # its paths would disclose the user's folders
    return program


def _write_onnx(checkpoint: Checkpoint, path: Path) -> None:
    _library("onnxscript")  # torch's exporter needs it
    names = list(_inputs(checkpoint, 1))
    if checkpoint.meta.settings.translates:
        shapes: dict[str, Any] = {names[0]: {0: "batch", 2: "height", 3: "width"}}
    else:
        shapes = {name: {0: "batch" if name == "z" else None} for name in names}  # the other inputs share it
    made = torch.onnx.export(
        _traced(checkpoint),
        dynamo=True,
        opset_version=OPSET,
        input_names=names,
        output_names=["images"],
        dynamic_shapes=shapes,
        verbose=False,
    )
    assert made is not None
    _library("onnx_ir.passes.common").ClearMetadataAndDocStringPass()(made.model)
    made.save(path, external_data=False)


def _write_pt2(checkpoint: Checkpoint, path: Path) -> None:
    program = _traced(checkpoint)
    program.example_inputs = None  # the only part that is pickled
    file = BytesIO()  # torch aborts the process if the disk is full
    torch.export.save(program, file)
    path.write_bytes(file.getbuffer())


def _read_onnx(path: Path) -> Run:
    session = _library("onnxruntime").InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    return lambda inputs: np.asarray(session.run(["images"], dict(inputs))[0])


def _read_pt2(path: Path) -> Run:
    with path.open("rb") as file:
        module = torch.export.load(file).module()
    return lambda inputs: _run_here(module, inputs)


_FORMATS: dict[str, tuple[Callable[[Checkpoint, Path], None], Callable[[Path], Run]]] = {
    ".onnx": (_write_onnx, _read_onnx),
    ".pt2": (_write_pt2, _read_pt2),
}


@torch.no_grad()
def _run_here(module: nn.Module, inputs: Mapping[str, Arrays]) -> Arrays:
    first, *rest = (torch.from_numpy(array) for array in inputs.values())
    images: Tensor = module(first, **dict(zip(list(inputs)[1:], rest, strict=True)))
    return images.numpy()


def _inputs(checkpoint: Checkpoint, count: int) -> dict[str, Arrays]:
    """Returns the inputs of the first seeds by name, z first; of a translator, pictures of a size that depends on
    their number."""
    if checkpoint.meta.settings.translates:
        shape = translator_shape(checkpoint.meta.settings, checkpoint.meta.channels)
        size = count, shape.inputs, shape.side + count + 2, shape.side + 3 * count
        return {"pictures": np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)}
    conditions, latent_dim = _conditions(checkpoint), checkpoint.meta.settings.latent_dim
    inputs = {"z": np.stack([seed_latent(seed, latent_dim) for seed in range(count)])}
    if conditions.classes:
        inputs["classes"] = np.stack([seed_class(seed, conditions) for seed in range(count)])
    if conditions.codes:
        inputs["codes"] = np.stack([seed_codes(seed, conditions) for seed in range(count)])
    return inputs


def _conditions(checkpoint: Checkpoint) -> Conditions:
    return Conditions.of(checkpoint.meta.settings, len(checkpoint.meta.classes))


def _library(name: str) -> Any:
    """Imports a library. Raises `UserError` if it is missing or cannot be loaded."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserError(
            _("{package} is not installed or cannot be loaded.").format(package=package),
            _("Install {package} and try again, or export as .pt2.").format(package=package),
            str(error),
        ) from error
