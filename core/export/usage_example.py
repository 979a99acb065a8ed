"""Usage example for an exported generator: three lines of Python and a description of its inputs."""

from __future__ import annotations

from importlib.metadata import version

from core.checkpoint import Meta
from core.generator_inputs import Conditions
from core.imaging.channels import CHANNEL_NAMES
from core.language import _, plural


def usage(name: str, meta: Meta) -> str:
    """Returns the example, a Python script. `name`: name of the exported file, .onnx or .pt2."""
    conditions = Conditions.of(meta.settings, len(meta.classes))
    onnx = name.lower().endswith(".onnx")
    lines = [*_facts(name, meta, conditions, onnx), *_code(name, meta, conditions, onnx)]
    return "\n".join(lines) + "\n"


def _facts(name: str, meta: Meta, conditions: Conditions, onnx: bool) -> list[str]:
    width, height = meta.settings.size
    needed = "numpy onnxruntime" if onnx else f"numpy torch=={version('torch').partition('+')[0]}"
    facts = [
        plural(
            "{name!r}: generator trained with GAN Studio for {count} step.",
            "{name!r}: generator trained with GAN Studio for {count} steps.",
            meta.step,
            name=name,
        ),
        f"pip install {needed}{'' if meta.settings.points else ' pillow'}",
        _("z: float32 {shape}, standard normal. Here: z of seed 0.").format(shape=f"(N, {meta.settings.latent_dim})"),
    ]
    if not onnx:
        facts.insert(2, _("Other versions of torch may not be able to read it."))
    if conditions.classes:
        shape = f"(N, {conditions.classes})"
        facts.append(_("classes: float32 {shape}, shares that sum to 1. Here: the first class.").format(shape=shape))
        facts.append(f"    {', '.join(map(repr, meta.classes))}")  # quoted: a name could hold a line of code
    if conditions.codes:
        facts.append(_codes(conditions))
    if meta.settings.points:
        facts.append(_("Output: float32 (N, 2, 1, 1), x and y of points."))
    else:
        planes, shape = CHANNEL_NAMES[meta.channels].planes, f"(N, {meta.channels}, {height}, {width})"
        facts.append(
            _("Output: float32 {shape}, {planes}; -1 is black, 1 is white. Clip other values.").format(
                shape=shape, planes=planes
            )
        )
    return [f"# {fact}" for fact in facts]


def _codes(conditions: Conditions) -> str:
    if not conditions.continuous:
        said = _("codes: float32 {shape}, {categories} of which one is 1.")
    elif not conditions.categories:
        said = _("codes: float32 {shape}, {continuous} from -1 to 1.")
    else:
        said = _("codes: float32 {shape}, {categories} of which one is 1, then {continuous} from -1 to 1.")
    return said.format(
        shape=f"(N, {conditions.codes})", categories=conditions.categories, continuous=conditions.continuous
    )


def _code(name: str, meta: Meta, conditions: Conditions, onnx: bool) -> list[str]:
    points = meta.settings.points
    inputs = {"z": f"numpy.random.RandomState(0).standard_normal((1, {meta.settings.latent_dim})).astype('float32')"}
    if conditions.classes:
        inputs["classes"] = f"numpy.eye(1, {conditions.classes}, dtype='float32')"
    if conditions.codes:
        inputs["codes"] = f"numpy.eye(1, {conditions.codes}, dtype='float32')"
    if onnx:
        given = ", ".join(f"{key!r}: {value}" for key, value in inputs.items())
        session = f"onnxruntime.InferenceSession({name!r}, providers=['CPUExecutionProvider'])"
        made = f"{session}.run(None, {{{given}}})[0]"
    else:
        given = ", ".join(f"{'' if key == 'z' else f'{key}='}torch.tensor({value})" for key, value in inputs.items())
        made = f"torch.export.load({name!r}).module()({given}).numpy()"
    channel = "images[0, 0]" if meta.channels == 1 else "images[0].transpose(1, 2, 0)"
    pixels = f"(({channel} + 1) * 127.5).round().clip(0, 255).astype('uint8')"
    return [
        f"import numpy, {'onnxruntime' if onnx else 'torch'}{'' if points else ', PIL.Image'}",
        f"images = {made}",
        "print(images.ravel())" if points else f"PIL.Image.fromarray({pixels}).save('seed0000.png')",
    ]
