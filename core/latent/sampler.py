"""Sampler: renders latent requests as images with its own copy of a generator, independent of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from hashlib import blake2b
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.checkpoint import Checkpoint, Meta, load
from core.config.choices import choice_title
from core.devices import use
from core.devices.memory import BatchLimit, enough_memory
from core.devices.stream import priority_stream
from core.errors import UserError
from core.events import Images
from core.generator_inputs import Conditions, GeneratorInputs, Latents, fixed
from core.imaging.tensors import to_dots, to_images
from core.language import _
from core.latent.interpolation import Resolved, at, circle, foreign, resolved
from core.latent.request import LatentRequest, Loop, Point, Walk, number_of, to_numbers
from core.models.conditioning import build_generator, to_tensors

CHUNK = 64
"""Images that are generated at once, to bound the memory."""
STEADY = 16
"""Fixed number of images that are generated at once for `steady` rendering."""
MEAN_OF = 512
"""Latents whose mean style is the center of truncation (StyleGAN tracks a running mean during training)."""
MOST_DIRECTIONS = 16
DEVICE_REMEDY = _("Stop other work on this device, such as a training, or open a generator of smaller images.")

T = TypeVar("T")
P = ParamSpec("P")
N = TypeVar("N", bound=np.generic)


def _on_stream(method: Callable[Concatenate[Sampler, P], T]) -> Callable[Concatenate[Sampler, P], T]:
    """Wraps a method to run without gradients, on the sampler's own stream."""

    @wraps(method)
    def work(sampler: Sampler, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with torch.inference_mode(), sampler.on_stream():
            return method(sampler, *args, **kwargs)

    return work


def refuse_translation(meta: Meta) -> None:
    """Raises `UserError` if the generator makes images from images, and not from latents."""
    if meta.settings.translates:
        raise UserError(
            _("This checkpoint translates images (task: {task}) and makes none from noise.").format(
                task=choice_title("task", meta.settings.task)
            ),
            _("Apply it to images: gan-studio apply CKPT IMAGES --out FOLDER."),
        )


class Sampler:
    """Renders `LatentRequest`s with the weights of one generator.

    `style_layers`: number of layers with styles; 0 in networks without styles. `directions`: (k, dimension of z, or of
    w with styles), strongest first: right singular vectors of the first weight that z or w is multiplied with (SeFa:
    Shen and Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", arXiv:2007.06600), scaled to the
    standard deviation of the latents along them.

    On CUDA and XPU, it works on its own stream, with priority over a training; each method waits for its result.
    """

    path: Path | None = None
    _fingerprint = ""
    digest: str = ""
    """Digest of the checkpoint file; empty for weights of a running training."""

    def __init__(self, meta: Meta, weights: Mapping[str, Tensor], device: str = "auto") -> None:
        """Builds the generator. `weights`: state dict of the EMA generator.

        Raises `UserError` for a device that does not exist, or whose memory is full, and for a translation.
        """
        refuse_translation(meta)
        self.device = use(device)
        self._limit = BatchLimit(CHUNK, self.device)
        self.on_stream = priority_stream(self.device)
        self.conditions = Conditions.of(meta.settings, len(meta.classes))
        with torch.device("meta"):  # no memory, and no draw from the random generator, which a training may be using
            self._generator = build_generator(meta.settings, meta.channels, self.conditions)
        self._generator.eval().requires_grad_(False)
        self.style_layers = self._generator.network.style_layers
        self.load(meta, weights)

    @classmethod
    def of(cls, checkpoint: Checkpoint, device: str = "auto") -> Sampler:
        sampler = cls(checkpoint.meta, checkpoint.part("G_ema"), device)
        sampler.digest = checkpoint.digest
        return sampler

    @classmethod
    def open(cls, path: Path, device: str = "auto") -> Sampler:
        """Opens a checkpoint, or the generator file of a pin. Raises `UserError` as `core.checkpoint.load` does."""
        sampler = cls.of(load(path, ("G_ema",)), device)
        sampler.path = path
        return sampler

    def copy(self) -> Sampler:
        """Returns another sampler with the present weights, for another thread."""
        sampler = Sampler(self.meta, self.tensors(), str(self.device))
        sampler.path, sampler.digest = self.path, self.digest
        return sampler

    def tensors(self) -> dict[str, Tensor]:
        """Returns the present weights by name; they stay unchanged when newer ones are loaded."""
        return dict(self._generator.state_dict())

    def weights(self) -> dict[str, Tensor]:
        """Returns the present weights by name, on the CPU, for `load`."""
        with self.on_stream():
            return {name: value.cpu() for name, value in self._generator.state_dict().items()}

    def fingerprint(self) -> str:
        """Returns a 64-bit hash of the present weights as hex digits."""
        if not self._fingerprint:
            state = blake2b(digest_size=8)
            for name, value in sorted(self.weights().items()):
                state.update(f"{name} {tuple(value.shape)}".encode())
                state.update(value.contiguous().numpy().tobytes())
            self._fingerprint = state.hexdigest()
        return self._fingerprint

    def fits(self, meta: Meta) -> bool:
        """Returns whether `load` accepts the weights of another checkpoint or training."""
        return _kind(meta) == _kind(self.meta)

    def load(self, meta: Meta, weights: Mapping[str, Tensor]) -> None:
        """Loads newer weights of the same generator from a running training. Raises `UserError` if memory is full."""
        self.meta, self.path, self.digest, self._fingerprint = meta, None, "", ""
        self._limit.reset()
        with (
            enough_memory(_("There is not enough memory for this generator."), DEVICE_REMEDY, self.device),
            self.on_stream(),
        ):
            on_device = {name: value.to(self.device) for name, value in weights.items()}
            self._generator.load_state_dict(on_device, assign=True)
            self.directions = _directions(self._generator.first_weight(meta.settings.latent_dim))
            self._mean = torch.zeros((), device=self.device)
            self._mean_numbers = np.zeros((), np.float32)
            if self.style_layers:
                self._measure_styles()

    @torch.inference_mode()
    def _measure_styles(self) -> None:
        """Measures the mean style, the center of truncation, and scales the directions."""
        drawn = to_tensors(fixed(MEAN_OF, self.meta.settings.latent_dim, self.conditions), self.device)
        w = self._generator.map(drawn)[:, 0]
        self._mean = w.mean(0)
        self._mean_numbers = self._mean.cpu().numpy()
        deviations = (_finite(w.cpu().double()).numpy() @ self.directions.T).std(0)
        self.directions *= deviations.clip(max=np.finfo(np.float32).max)[:, None]

    @_on_stream
    def render(self, request: LatentRequest, steady: bool = False) -> Images:
        """Renders the images of the request, one per position. Raises `UserError` for points of another generator.

        `steady`: images are equal to the last bit, independent of the other images in the request, which costs time
        for small requests. Otherwise rounding depends on the batch size, and about one pixel in ten thousand differs by
        1. If memory is full, fewer images are generated at once, and are steady among themselves.
        """
        found = self.resolve(request)
        return self._limited(lambda at_once: self._rendered(found, min(STEADY, at_once) if steady else at_once, steady))

    def numbered(self, numbers: range) -> Images:
        """Returns the images of seeds, as `core.evaluation.evaluate` takes them."""
        return self.render(LatentRequest.of_seeds(numbers))

    def _rendered(self, found: list[Resolved], size: int, steady: bool) -> Images:
        parts = [found[start : start + size] for start in range(0, len(found), size)]
        images = [self._generated([*part, *[part[0]] * (size - len(part))] if steady else part) for part in parts]
        return np.concatenate([self._pictures(made) for made in images])[: len(found)]

    def _limited(self, work: Callable[[int], T]) -> T:
        """Runs `work` with as many images at once as fit into memory. Raises `UserError` if not even one fits."""
        width, height = self.meta.settings.size
        what = _("There is not enough memory for an image of {width} x {height} px.").format(width=width, height=height)
        return self._limit.run(work, what, DEVICE_REMEDY)

    @_on_stream
    def generate(self, drawn: GeneratorInputs[Latents]) -> Images:
        """Generates images of latents and their conditions; a 2-D point becomes an image with a dot."""
        tensors = to_tensors(drawn, self.device)
        return self._limited(partial(self._in_chunks, lambda part: self._pictures(self._generator(part)), tensors))

    @_on_stream
    def bake(self, request: LatentRequest) -> Point:
        """Returns a point whose image is the first of the request."""
        first = request.part(0, 1)
        if isinstance(first.trajectory, Walk) and len(first.trajectory.points) == 1:
            return first.trajectory.points[0]
        (found,) = self.resolve(first)
        w = tuple(to_numbers(row) for row in found.w)
        z, classes, codes = (to_numbers(part) for part in (found.z, found.classes, found.codes))
        offset = to_numbers(found.offset) if found.offset.any() else ()
        return Point(z=z, psi=float(found.psi[0]), offset=offset, classes=classes, codes=codes, w=w)

    @_on_stream
    def edited(self, points: Sequence[Point]) -> Latents:
        """Returns points (N, n) in the space of the directions, truncated and with offsets: z, or with styles the mean
        of w over the layers."""
        found = [self._resolved(point, with_styles=self.style_layers > 0) for point in points]
        if self.style_layers:
            return np.stack([each.w.mean(0) for each in found])
        return np.stack([each.z * each.psi + each.offset for each in found])

    @_on_stream
    def first_activations(self, drawn: GeneratorInputs[Latents]) -> Latents:
        """Returns activations of the first layer after its nonlinearity, (N, n); w in networks with styles."""
        tensors = to_tensors(drawn, self.device)
        if self.style_layers:
            return self._limited(partial(self._in_chunks, self._w_of, tensors))
        modules = self._generator.network.modules()
        nonlinear = next(layer for layer in modules if isinstance(layer, nn.ReLU | nn.LeakyReLU))
        handle = nonlinear.register_forward_hook(_stop_forward)
        try:
            return self._limited(partial(self._in_chunks, self._until_reached, tensors))
        finally:
            handle.remove()

    def _in_chunks(
        self, make: Callable[[GeneratorInputs[Tensor]], NDArray[N]], drawn: GeneratorInputs[Tensor], at_once: int
    ) -> NDArray[N]:
        chunks = zip(*(part.split(at_once) for part in drawn), strict=True)
        return np.concatenate([make(GeneratorInputs(*chunk)) for chunk in chunks])

    def _w_of(self, drawn: GeneratorInputs[Tensor]) -> Latents:
        return np.asarray(self._generator.map(drawn)[:, 0].float().cpu().numpy())

    def _until_reached(self, drawn: GeneratorInputs[Tensor]) -> Latents:
        try:
            self._generator(drawn)
        except _ForwardStopped as reached:
            return np.asarray(reached.output.flatten(1).float().cpu().numpy())
        raise AssertionError("a generator has a nonlinearity")

    @_on_stream
    def resolve(self, request: LatentRequest) -> list[Resolved]:
        """Returns the arrays of the image at each position. `w`, if given, includes psi and offset."""
        trajectory = request.trajectory
        with_styles = any(point.w or point.mix for point in trajectory.points)
        ends = [self._resolved(point, with_styles) for point in trajectory.points]
        found = [at(trajectory, ends, position) for position in request.positions]
        if with_styles and isinstance(trajectory, Loop):  # its circle is in z, and mapped to w
            numbers = map(number_of, request.positions)
            circles = [circle(trajectory, number, len(ends[0].z)) for number in numbers]
            around = self._mapped([each._replace(z=z) for each, z in zip(found, circles, strict=True)])
            drift = trajectory.radius * around
            found = [each._replace(w=each.w + d.cpu().numpy()) for each, d in zip(found, drift, strict=True)]
        return found

    def _resolved(self, point: Point, with_styles: bool) -> Resolved:
        found = resolved(point, self.meta.settings.latent_dim, self.conditions)
        if len(found.offset) not in (1, self.directions.shape[1]):
            raise foreign(f"an offset of {len(found.offset)} numbers")
        if not with_styles:
            return found
        if not self.style_layers:
            raise foreign("styles, but this network has none")
        w = self._styles(found, point)
        return found._replace(w=w, psi=np.ones(1, np.float32), offset=np.zeros(1, np.float32))

    def _styles(self, found: Resolved, point: Point) -> Latents:
        """Returns w (layers, n), truncated, offset and mixed."""
        mean = self._mean_numbers
        if point.w:
            if found.w.shape not in ((1, len(mean)), (self.style_layers, len(mean))):
                raise foreign(f"styles {found.w.shape}")
            w = mean + found.psi * (np.broadcast_to(found.w, (self.style_layers, len(mean))) - mean) + found.offset
        else:
            w = mean + found.offset + found.psi * self._mapped([found])[0].cpu().numpy()
        if point.mix is not None:
            other = self._resolved(point.mix.point, with_styles=True).w
            w[point.mix.first : point.mix.last + 1] = other[point.mix.first : point.mix.last + 1]
        return np.asarray(w, np.float32)

    def _mapped(self, found: Sequence[Resolved]) -> Tensor:
        """Returns w of z, relative to the mean: (N, layers, n)."""
        w: Tensor = self._generator.map(to_tensors(_drawn(found), self.device)) - self._mean
        return w

    def _generated(self, found: Sequence[Resolved]) -> Tensor:
        """Returns images, NCHW in [-1, 1]."""
        network = self._generator.network
        if not self.style_layers:
            edited = [each._replace(z=each.z * each.psi + each.offset) for each in found]
            images: Tensor = self._generator(to_tensors(_drawn(edited), self.device))
            return images
        if len(found[0].w):
            return network.synthesize(self._tensor([each.w for each in found]))
        psi = self._tensor([each.psi for each in found])[:, None]
        offset = self._tensor([np.broadcast_to(each.offset, len(self._mean)) for each in found])[:, None]
        return network.synthesize(self._mean + psi * self._mapped(found) + offset)

    def _tensor(self, rows: Sequence[Latents]) -> Tensor:
        return torch.from_numpy(np.stack(rows)).to(self.device)

    def _pictures(self, generated: Tensor) -> Images:
        return to_dots(generated) if self.meta.settings.points else to_images(generated)


class _ForwardStopped(Exception):  # noqa: N818  # stops a forward pass, not an error
    """Ends a forward pass after the layer whose output is wanted."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output


def _stop_forward(_layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
    raise _ForwardStopped(output)


def _drawn(found: Sequence[Resolved]) -> GeneratorInputs[Latents]:
    return GeneratorInputs(
        np.stack([each.z for each in found]),
        np.stack([each.classes for each in found]),
        np.stack([each.codes for each in found]),
    )


def _kind(meta: Meta) -> tuple[object, ...]:
    """Returns everything that determines names and shapes of the weights of a generator."""
    settings = meta.settings
    conditions = Conditions.of(settings, len(meta.classes))
    return settings.network, settings.size, settings.width, settings.latent_dim, meta.channels, conditions


def _finite(weights: Tensor) -> Tensor:
    """Returns weights with 0 for what is not finite: a diverging training may publish it, and its images show that."""
    return weights.nan_to_num(0.0, 0.0, 0.0)


def _directions(weight: Tensor) -> Latents:
    weight = _finite(weight.float().cpu())
    weight = weight / weight.abs().max().clamp(min=1e-30)  # W^T W would overflow for weights that diverge
    # The right singular vectors are the eigenvectors of W^T W, which is small for any layer width.
    _, vectors = torch.linalg.eigh(weight.T @ weight)
    strongest = vectors.flip(1).T[: min(MOST_DIRECTIONS, len(weight))]  # the others have no effect
    # The sign of an eigenvector is arbitrary. It is fixed, so that a slider keeps its meaning during training.
    signs = torch.sign(strongest.gather(1, strongest.abs().argmax(1, keepdim=True)))
    return np.ascontiguousarray((strongest * signs).numpy(), dtype=np.float32)
