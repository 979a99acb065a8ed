"""Generator inputs of a seed: z, and class and codes for conditional generators; the same on every machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.language import _, number, plural

if TYPE_CHECKING:
    from core.config.settings import Settings

T = TypeVar("T")
Latents = NDArray[np.float32]

LARGEST_SEED = 2**32 - 1
MOST_COLUMNS = 16
"""Most columns of a sample grid with a column for each class."""
MOST_SEEDS = 1_000_000
"""Most seeds of one list: a typo such as 0-999999999 must not fill the memory."""


@dataclass(frozen=True)
class Conditions:
    """Conditions of a generator beside z (`core.models.conditioning`).

    `mode`: way in which labels enter. `classes`: number of classes. `categories`: number of values of InfoGAN's
    categorical code. `continuous`: number of its continuous codes. Each is 0 for none. `clustered`: whether the classes
    are clusters, which have numbers for names.
    """

    mode: str = "none"
    classes: int = 0
    categories: int = 0
    continuous: int = 0
    clustered: bool = False

    @classmethod
    def of(cls, settings: Settings, classes: int) -> Conditions:
        """Returns the conditions of the settings for a dataset with `classes` classes."""
        labeled = classes if settings.condition != "none" else 0
        codes = settings.codes_categorical, settings.codes_continuous
        return cls(settings.condition, labeled, *codes, clustered=bool(settings.clusters))

    @property
    def classifies(self) -> bool:
        """True if the discriminator has an auxiliary classifier."""
        return self.mode == "auxiliary"

    @property
    def codes(self) -> int:
        """Length of a code vector: the one-hot categorical code, then the continuous codes."""
        return self.categories + self.continuous

    @property
    def columns(self) -> int:
        """Number of columns of a sample grid: one for each class or category; 0 if any number will do.

        Clusters have no columns: they are many, and their numbers have no meaning.
        """
        return min(self._named or self.categories, MOST_COLUMNS)

    def column_names(self, classes: Sequence[str]) -> tuple[str, ...]:
        """Returns the titles of the columns of `fixed`: names of classes, numbers of categories, or both."""
        if not self._named:
            return tuple(str(category) for category in range(self.columns))
        if not self.categories:
            return tuple(classes[: self.columns])
        names = enumerate(classes[: self.columns])
        return tuple(f"{name}, category {column % self.categories}" for column, name in names)

    @property
    def _named(self) -> int:
        """Number of classes that have names of their own."""
        return 0 if self.clustered else self.classes

    def grid_count(self, samples: int) -> int:
        """Returns the number of images of a sample grid of about `samples`: full rows if it has columns."""
        return max(samples // self.columns, 1) * self.columns if self.columns else samples


class GeneratorInputs(NamedTuple, Generic[T]):
    """Inputs of a generator for a batch, as arrays or tensors.

    `z` (N, latent_dim), `classes` (N, classes) as shares that add up to 1, and `codes` (N, codes). Without classes or
    codes the second dimension is 0.
    """

    z: T
    classes: T
    codes: T


def parse_seeds(text: str) -> tuple[int, ...]:
    """Parses a list of seeds such as `0,1,4-6`. Raises `UserError` for anything else."""
    remedy = _("Write seeds as 0,1,4-6.")
    ranges: list[range] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,20})\s*(?:-\s*([0-9]{1,20})\s*)?", part)
        if match is None:
            raise UserError(_("{text!r} is not a list of seeds.").format(text=text), remedy)
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UserError(_("The range {range!r} ends before it begins.").format(range=part.strip()), remedy)
        if last > LARGEST_SEED:
            raise UserError(
                _("The seed {seed} is too large.").format(seed=last),
                _("Seeds go from 0 to {largest}, as in 0,1,4-6.").format(largest=LARGEST_SEED),
            )
        ranges.append(range(first, last + 1))
    count = sum(map(len, ranges))
    if count > MOST_SEEDS:
        has = plural(
            "The list has {count} seed, more than {most}.",
            "The list has {count} seeds, more than {most}.",
            count,
            most=number(MOST_SEEDS),
        )
        raise UserError(has, _("Give fewer seeds."))
    return tuple(seed for seeds in ranges for seed in seeds)


def seed_latent(seed: int, latent_dim: int) -> Latents:
    """Returns z ~ N(0, I) of one seed, shape (latent_dim,), the same on every device and platform."""
    return np.random.RandomState(seed).standard_normal(latent_dim).astype(np.float32)


def seed_class(seed: int, conditions: Conditions) -> Latents:
    """Returns the default class of a seed as shares, shape (classes,): seeds take the classes in turn."""
    shares = np.zeros(conditions.classes, np.float32)
    if conditions.classes:
        shares[seed % conditions.classes] = 1.0
    return shares


def seed_codes(seed: int, conditions: Conditions) -> Latents:
    """Returns the codes of one seed, shape (codes,): its category in turn, and continuous codes from -1 to 1."""
    codes = np.zeros(conditions.codes, np.float32)
    if conditions.categories:
        codes[seed % conditions.categories] = 1.0
    if conditions.continuous:
        # A separate random stream, so that z is the same with and without codes.
        codes[conditions.categories :] = np.random.RandomState([seed, 1]).uniform(-1, 1, conditions.continuous)
    return codes


def fixed(count: int, latent_dim: int, conditions: Conditions) -> GeneratorInputs[Latents]:
    """Returns the inputs of a sample grid of about `count` images.

    Image k has seed k. With classes or categories the grid has `conditions.columns` columns, one for each, and image k
    has the seed of its row.
    """
    columns = conditions.columns
    images = range(conditions.grid_count(count))
    seeds = [index // columns for index in images] if columns else list(images)
    choices = [index % columns for index in images] if columns else seeds
    codes = [
        np.concatenate([seed_codes(choice, conditions)[: conditions.categories], _continuous(seed, conditions)])
        for seed, choice in zip(seeds, choices, strict=True)
    ]
    return GeneratorInputs(
        np.stack([seed_latent(seed, latent_dim) for seed in seeds]),
        np.stack([seed_class(choice, conditions) for choice in choices]),
        np.stack(codes),
    )


def _continuous(seed: int, conditions: Conditions) -> Latents:
    return seed_codes(seed, conditions)[conditions.categories :]
