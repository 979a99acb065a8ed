"""Usage example for an exported generator: three lines of Python and a description of its inputs."""

from __future__ import annotations

from importlib.metadata import version

from core.checkpoint import Meta
from core.generator_inputs import Conditions
from core.imaging.channels import CHANNEL_NAMES
from core.language import _, plural
from core.registry import components
from core.translation.tasks import InputShape


def usage(name: str, meta: Meta) -> str:
    """Returns the example, a Python script. `name`: name of the exported file, .onnx or .pt2."""
    onnx = name.lower().endswith(".onnx")
    if meta.settings.translates:
        return "\n".join([*_translator_facts(name, meta, onnx), *_translator_code(name, meta, onnx)]) + "\n"
    conditions = Conditions.of(meta.settings, len(meta.classes))
    lines = [*_facts(name, meta, conditions, onnx), *_code(name, meta, conditions, onnx)]
    return "\n".join(lines) + "\n"


def _facts(name: str, meta: Meta, conditions: Conditions, onnx: bool) -> list[str]:
    width, height = meta.settings.size
    facts = [
        *_first_facts(name, meta, onnx),
        _("z: float32 {shape}, standard normal. Here: z of seed 0.").format(shape=f"(N, {meta.settings.latent_dim})"),
    ]
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


def _first_facts(name: str, meta: Meta, onnx: bool) -> list[str]:
    needed = "numpy onnxruntime" if onnx else f"numpy torch=={version('torch').partition('+')[0]}"
    facts = [
        plural(
            "{name!r}: generator trained with GAN Studio for {count} step.",
            "{name!r}: generator trained with GAN Studio for {count} steps.",
            meta.step,
            name=name,
        ),
        f"pip install {needed}{'' if meta.settings.points else ' pillow'}",
    ]
    return facts if onnx else [*facts, _("Other versions of torch may not be able to read it.")]


def _translator_facts(name: str, meta: Meta, onnx: bool) -> list[str]:
    inputs, is_masked = InputShape.of(meta.settings, meta.channels), _is_masked(meta)
    shape = f"(N, {inputs.channels}, H, W)"
    facts = [
        *_first_facts(name, meta, onnx),
        _("pictures: float32 {shape}, {planes}; -1 is black, 1 is white. N, H and W are free.").format(
            shape=shape, planes=CHANNEL_NAMES[inputs.channels - is_masked].planes
        ),
    ]
    if is_masked:
        facts.append(_("The last channel is 1 where a picture is hidden, and -1 elsewhere. Hidden pixels are 0."))
    sides = "H, W" if inputs.factor == 1 else f"{inputs.factor} H, {inputs.factor} W"
    facts.append(
        _("Output: float32 {shape}, {planes}; -1 is black, 1 is white. Clip other values.").format(
            shape=f"(N, {meta.channels}, {sides})", planes=CHANNEL_NAMES[meta.channels].planes
        )
    )
    return [f"# {fact}" for fact in facts]


def _translator_code(name: str, meta: Meta, onnx: bool) -> list[str]:
    mode = "L" if InputShape.of(meta.settings, meta.channels).channels - _is_masked(meta) == 1 else "RGB"
    opened = f"numpy.asarray(PIL.Image.open('picture.png').convert('{mode}'), 'float32')"
    lines = [
        f"import numpy, {'onnxruntime' if onnx else 'torch'}, PIL.Image",
        f"pictures = numpy.atleast_3d({opened}).transpose(2, 0, 1)[None] / 127.5 - 1",
    ]
    if _is_masked(meta):
        lines.append("pictures = numpy.concatenate([pictures, -numpy.ones_like(pictures[:, :1])], 1)")
    if onnx:
        session = f"onnxruntime.InferenceSession({name!r}, providers=['CPUExecutionProvider'])"
        lines.append(f"images = {session}.run(None, {{'pictures': pictures}})[0]")
    else:
        lines.append(f"images = torch.export.load({name!r}).module()(torch.tensor(pictures)).numpy()")
    return [*lines, _saved(meta, "translation.png")]


def _is_masked(meta: Meta) -> bool:
    return bool(components("translation.tasks")[meta.settings.task].facts.get("MASKED"))


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
    return [
        f"import numpy, {'onnxruntime' if onnx else 'torch'}{'' if points else ', PIL.Image'}",
        f"images = {made}",
        "print(images.ravel())" if points else _saved(meta, "seed0000.png"),
    ]


def _saved(meta: Meta, name: str) -> str:
    """Returns the line that saves the first of `images`."""
    channel = "images[0, 0]" if meta.channels == 1 else "images[0].transpose(1, 2, 0)"
    pixels = f"(({channel} + 1) * 127.5).round().clip(0, 255).astype('uint8')"
    return f"PIL.Image.fromarray({pixels}).save('{name}')"
