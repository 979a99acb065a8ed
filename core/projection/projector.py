"""Projector: finds the latent point whose image is most similar to a target image, by gradient descent.

As in Abdal et al. 2019 (arXiv:1904.03189) and the projector of StyleGAN2 (Karras et al. 2020, arXiv:1912.04958), but
from many starts at once, which are narrowed down, because a generator without styles has many local minima.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import cos, pi

import numpy as np
import torch
from torch import Tensor

from core.checkpoint import Checkpoint
from core.devices import use
from core.devices.memory import enough_memory
from core.errors import UserError
from core.events import Event, Images
from core.generator_inputs import LARGEST_SEED, Conditions, GeneratorInputs
from core.imaging.tensors import from_pixels, to_images
from core.language import _
from core.latent.interpolation import foreign
from core.latent.request import Point
from core.models.conditioning import build_pair
from core.projection.perceptual_distance import PerceptualDistance
from core.projection.search_space import FixedConditions, SearchSpace, search_space
from core.projection.target_image import difference, no_images, psnr

STEPS = 500
MOST_STEPS = 100_000
CANDIDATES = 512
"""Random latents among which starts are chosen; more if the generator has more than a quarter as many classes."""
STARTS = 16
"""Candidates that are optimized."""
CHUNK = 64
RATE = 0.2
"""Maximum learning rate of Adam; the variables have about unit variance."""
WARM_UP = 0.05
"""Fraction of the steps with a rising learning rate; then it falls along a cosine."""
NARROWED = ((0.15, 8), (0.3, 4), (0.5, 2), (0.75, 1))
"""Fraction of the steps, and number of candidates kept from then on."""
SPREAD = 0.5
"""Fraction of the steps after which each layer has its own style."""
PRIOR = 0.01
"""Weight of the prior, which favors likely latents."""
BETAS = 0.9, 0.99
EPSILON = 1e-8
"""Adam's."""


@dataclass(frozen=True, eq=False)
class ProjectionStep(Event):
    """Best result after `step` of `total` steps; at step 0, starts are being chosen.

    `image`: image of `point`, uint8 HWC; `distance`: root mean square difference from the target, from 0 to 255.
    """

    step: int
    total: int
    image: Images
    distance: float
    point: Point

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB."""
        return psnr(self.distance)


def project(
    checkpoint: Checkpoint,
    picture: Images,
    *,
    steps: int = STEPS,
    seed: int = 0,
    given: FixedConditions | None = None,
    device: str = "auto",
) -> Generator[ProjectionStep, None, ProjectionStep]:
    """Searches the point whose image is most similar to the target, uint8 HWC (see
    `core.projection.target_image.open_picture`).

    Yields after every step and returns the last one. The generator may be closed earlier: the `point` of every step is
    valid. The same seed gives the same point on the same device. Raises `UserError` if the target, or `given` classes
    and codes, do not fit the generator, or if it generates points.
    """
    meta = checkpoint.meta
    if meta.settings.points:
        raise no_images()
    width, height = meta.settings.size
    if picture.shape != (height, width, meta.channels):
        raise UserError(
            _("The target image is {size}, but generated images are {generated_size}.").format(
                size="x".join(map(str, picture.shape)), generated_size=f"{height}x{width}x{meta.channels}"
            ),
            _("Open the target image for this checkpoint."),
        )
    if not 1 <= steps <= MOST_STEPS:
        raise UserError(
            _("The number of steps, {steps}, is out of range.").format(steps=steps),
            _("Choose from 1 to {most}.").format(most=MOST_STEPS),
        )
    if not 0 <= seed <= LARGEST_SEED:
        raise UserError(
            _("The seed {seed} is out of range.").format(seed=seed),
            _("Choose a seed from 0 to {most}.").format(most=LARGEST_SEED),
        )
    conditions, given = Conditions.of(meta.settings, len(meta.classes)), given or FixedConditions()
    asked = len(given.classes or [0.0] * conditions.classes), len(given.codes or [0.0] * conditions.codes)
    if asked != (conditions.classes, conditions.codes):
        raise foreign("classes {}, codes {}".format(*asked))
    place = use(device)
    with enough_memory(_("There is not enough memory to project this image."), device=place):
        search = _Search(checkpoint, conditions, picture, given, place)
        return (yield from search.events(steps, seed))


def schedule(done: float) -> float:
    """Returns the relative learning rate after a fraction of the steps: a warm-up, then a cosine down to 0."""
    return min(1.0, (done + 0.01) / WARM_UP) * 0.5 * (1 + cos(pi * done))


class Adam:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980) over `numbers` (N, rows, n), which it changes in place.

    The optimizer of torch cannot drop candidates or add rows, because its state belongs to a whole parameter.
    """

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers.clone()
        self._mean, self._square = torch.zeros_like(numbers), torch.zeros_like(numbers)
        self._steps = 0

    def step(self, gradient: Tensor, rate: float) -> None:
        self._steps += 1
        self._mean.lerp_(gradient, 1 - BETAS[0])
        self._square.lerp_(gradient.square(), 1 - BETAS[1])
        mean, square = self._mean / (1 - BETAS[0] ** self._steps), self._square / (1 - BETAS[1] ** self._steps)
        self.numbers.sub_(rate * mean / (square.sqrt() + EPSILON))

    def select(self, candidates: Tensor) -> None:
        """Keeps only these candidates (n,), in that order."""
        self.numbers, self._mean, self._square = (
            values[candidates] for values in (self.numbers, self._mean, self._square)
        )

    def spread(self, rows: int) -> None:
        """Copies the single row of each candidate to `rows` rows, which are optimized separately."""
        self.numbers, self._mean, self._square = (
            values.repeat(1, rows, 1) for values in (self.numbers, self._mean, self._square)
        )


class _Search:
    def __init__(
        self,
        checkpoint: Checkpoint,
        conditions: Conditions,
        picture: Images,
        given: FixedConditions,
        device: torch.device,
    ) -> None:
        meta = checkpoint.meta
        with torch.device("meta"):  # does not draw from the random generator, which a training may be using
            G, D = build_pair(meta.settings, meta.channels, conditions)
        for network, part in ((G, "G_ema"), (D, "D")):
            weights = {name: value.to(device) for name, value in checkpoint.part(part).items()}
            network.load_state_dict(weights, assign=True)
            network.eval().requires_grad_(False)
        self._space: SearchSpace = search_space(G, meta.settings.latent_dim, conditions, given)
        target = from_pixels(torch.from_numpy(np.array(picture)).to(device).permute(2, 0, 1)[None])
        shares = given.classes or [1 / max(conditions.classes, 1)] * conditions.classes
        self._likeness = PerceptualDistance(D, target, torch.tensor([shares], device=device))
        self._picture, self._device = picture, device
        self._candidates = max(CANDIDATES, 4 * conditions.classes)

    def events(self, steps: int, seed: int) -> Generator[ProjectionStep, None, ProjectionStep]:
        best = _Best(self._space, self._picture, steps)
        numbers, beside = self._space.start(self._candidates, torch.Generator().manual_seed(seed))
        numbers, beside = numbers.to(self._device), GeneratorInputs(*(part.to(self._device) for part in beside))
        losses = []
        for rows in torch.arange(self._candidates, device=self._device).split(CHUNK):
            with torch.no_grad():
                images = _shown(self._space.images(numbers[rows], _rows(beside, rows)))
                losses.append(self._likeness(images))
            yield best.after(0, numbers[rows], _rows(beside, rows), images, losses[-1])
        chosen = torch.cat(losses).argsort()[:STARTS]
        adam, beside = Adam(numbers[chosen]), _rows(beside, chosen)
        for step in range(steps):
            gradient, images, loss = self._gradient(adam.numbers, beside)
            yield best.after(step, adam.numbers, beside, images, loss)
            adam.step(gradient, RATE * schedule(step / steps))
            self._space.clamp(adam.numbers)
            beside = self._narrow(adam, beside, loss, step, steps)
        _, images, loss = self._gradient(adam.numbers, beside)
        found = best.after(steps, adam.numbers, beside, images, loss)
        yield found
        return found

    def _gradient(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the gradient of the loss, the images, and their distances to the target."""
        numbers = numbers.detach().requires_grad_(True)
        images = _shown(self._space.images(numbers, beside))
        loss = self._likeness(images)
        (gradient,) = torch.autograd.grad((loss + PRIOR * self._space.prior(numbers)).sum(), numbers)
        return gradient, images.detach(), loss.detach()

    def _narrow(
        self, adam: Adam, beside: GeneratorInputs[Tensor], loss: Tensor, step: int, steps: int
    ) -> GeneratorInputs[Tensor]:
        """Drops the worst candidates and separates the layers at the scheduled steps."""
        for share, count in NARROWED:
            if step == round(share * steps):
                selected = loss.argsort()[:count]
                adam.select(selected)
                loss, beside = loss[selected], _rows(beside, selected)
        if step == round(SPREAD * steps):
            adam.spread(self._space.rows)
        return beside


class _Best:
    """Best result so far."""

    def __init__(self, space: SearchSpace, picture: Images, total: int) -> None:
        self._space, self._picture, self._total = space, picture, total
        self._loss = float("inf")
        self._found: tuple[Images, float, Point] | None = None

    def after(
        self, step: int, numbers: Tensor, beside: GeneratorInputs[Tensor], images: Tensor, losses: Tensor
    ) -> ProjectionStep:
        row = int(losses.argmin())
        loss = float(losses[row])
        if loss < self._loss:
            (image,) = to_images(images[row : row + 1])
            point = self._space.point(
                numbers[row : row + 1], GeneratorInputs(*(part[row : row + 1] for part in beside))
            )
            self._loss, self._found = loss, (image, difference(image, self._picture), point)
        if self._found is None:
            raise UserError(
                _("The generator in this checkpoint produces NaN; its training diverged."),
                _("Open an older checkpoint of the run."),
            )
        return ProjectionStep(step, self._total, *self._found)


def _shown(images: Tensor) -> Tensor:
    """Clips images to [-1, 1] with a straight-through gradient, so that pixels beyond the range can still change."""
    return images + (images.clamp(-1.0, 1.0) - images).detach()


def _rows(drawn: GeneratorInputs[Tensor], rows: Tensor) -> GeneratorInputs[Tensor]:
    return GeneratorInputs(*(part[rows] for part in drawn))
