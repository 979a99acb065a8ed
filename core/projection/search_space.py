"""Search spaces of the projector: z or w, as variables of about unit variance (N, rows, n) for N candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from core.generator_inputs import Conditions, GeneratorInputs, fixed
from core.latent.request import Numbers, Point, to_numbers
from core.latent.sampler import MEAN_OF
from core.models.conditioning import ConditionalGenerator, draw, to_tensors


@dataclass(frozen=True)
class FixedConditions:
    """Class shares and codes chosen by the user; empty if the projector chooses them."""

    classes: Numbers = ()
    codes: Numbers = ()


class SearchSpace(Protocol):
    """Interface of a search space. `start` draws candidates: variables, and fixed inputs of each image."""

    rows: int
    """Number of rows after separating the layers."""

    def start(self, count: int, random: torch.Generator) -> tuple[Tensor, GeneratorInputs[Tensor]]: ...

    def images(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> Tensor:
        """Returns images, NCHW in about [-1, 1]."""

    def prior(self, numbers: Tensor) -> Tensor:
        """Returns the penalty for unlikely latents, (N,); 0 is the most likely."""

    def clamp(self, numbers: Tensor) -> None:
        """Clamps the variables to their range in place."""

    def point(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> Point:
        """Returns the point of one candidate, (1, rows, n)."""


def search_space(
    generator: ConditionalGenerator, latent_dim: int, conditions: Conditions, given: FixedConditions
) -> SearchSpace:
    """Returns the search space of a generator: w with styles, else z."""
    kind = StyleSearchSpace if generator.network.style_layers else LatentSearchSpace
    return kind(generator, latent_dim, conditions, given)


class LatentSearchSpace:
    """z, and the continuous codes unless they are given, in one row.

    N(0, I) is concentrated on a shell of radius sqrt(latent_dim), so the prior keeps z there.
    """

    rows = 1

    def __init__(
        self, generator: ConditionalGenerator, latent_dim: int, conditions: Conditions, given: FixedConditions
    ) -> None:
        self._generator, self._latent_dim, self._conditions, self._given = generator, latent_dim, conditions, given

    def start(self, count: int, random: torch.Generator) -> tuple[Tensor, GeneratorInputs[Tensor]]:
        drawn = _candidates(count, self._latent_dim, self._conditions, self._given, random)
        continuous = drawn.codes[:, self._conditions.categories :]
        parts = [drawn.z] if self._given.codes else [drawn.z, continuous]
        return torch.cat(parts, 1)[:, None], drawn

    def images(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> Tensor:
        images: Tensor = self._generator(self._drawn(numbers[:, 0], beside))
        return images

    def prior(self, numbers: Tensor) -> Tensor:
        return (self._z(numbers).square().mean((1, 2)) - 1.0).square()

    def clamp(self, numbers: Tensor) -> None:
        numbers[:, :, self._latent_dim :].clamp_(-1.0, 1.0)

    def point(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> Point:
        z, classes, codes = (to_numbers(part[0]) for part in self._drawn(numbers[:, 0], beside))
        return Point(z=z, classes=classes, codes=codes)

    def _z(self, numbers: Tensor) -> Tensor:
        return numbers[:, :, : self._latent_dim]

    def _drawn(self, row: Tensor, beside: GeneratorInputs[Tensor]) -> GeneratorInputs[Tensor]:
        """Returns the inputs of the generator. `row`: (N, n)."""
        z, continuous = row[:, : self._latent_dim], row[:, self._latent_dim :]
        kept = beside.codes.shape[1] - continuous.shape[1]
        return GeneratorInputs(z, beside.classes, torch.cat([beside.codes[:, :kept], continuous], 1))


class StyleSearchSpace:
    """w relative to its mean, in standard deviations: one row for all layers, finally one per layer.

    The prior penalizes distances from the mean above the average of w. Classes and codes act through w alone.
    """

    def __init__(
        self, generator: ConditionalGenerator, latent_dim: int, conditions: Conditions, given: FixedConditions
    ) -> None:
        self._generator, self._latent_dim, self._conditions, self._given = generator, latent_dim, conditions, given
        self.rows = generator.network.style_layers
        device = next(generator.parameters()).device
        with torch.no_grad():
            w = generator.map(to_tensors(fixed(MEAN_OF, latent_dim, conditions), device))[:, 0]
        self._mean = w.mean(0)
        self._deviation = (w - self._mean).square().mean().sqrt().clamp_min(1e-6)

    def start(self, count: int, random: torch.Generator) -> tuple[Tensor, GeneratorInputs[Tensor]]:
        """Draws candidates: the mean, and random ones."""
        drawn = _candidates(count, self._latent_dim, self._conditions, self._given, random)
        device = self._mean.device
        with torch.no_grad():
            w = self._generator.map(GeneratorInputs(*(part.to(device) for part in drawn)))[:, :1]
        numbers = (w - self._mean) / self._deviation
        numbers[0] = 0.0
        return numbers, drawn

    def images(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> Tensor:
        return self._generator.network.synthesize(self._w(numbers))

    def prior(self, numbers: Tensor) -> Tensor:
        return (numbers.square().mean((1, 2)) - 1.0).relu().square()

    def clamp(self, numbers: Tensor) -> None:
        """Anywhere."""

    def point(self, numbers: Tensor, beside: GeneratorInputs[Tensor]) -> Point:
        w = self._w(numbers)[0]
        return Point(
            w=tuple(map(to_numbers, w)), classes=to_numbers(beside.classes[0]), codes=to_numbers(beside.codes[0])
        )

    def _w(self, numbers: Tensor) -> Tensor:
        """Returns w, (N, layers, n)."""
        return self._mean + self._deviation * numbers.expand(-1, self.rows, -1)


def _candidates(
    count: int, latent_dim: int, conditions: Conditions, given: FixedConditions, random: torch.Generator
) -> GeneratorInputs[Tensor]:
    """Draws random latents with the given conditions; otherwise classes alternate, and codes are random."""
    labels = torch.arange(count) % max(conditions.classes, 1)
    drawn = draw(labels, latent_dim, conditions, random)
    if given.classes:
        drawn = drawn._replace(classes=torch.tensor(given.classes).expand(count, -1))
    if given.codes:
        drawn = drawn._replace(codes=torch.tensor(given.codes).expand(count, -1))
    return drawn
