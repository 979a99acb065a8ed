"""Probe of a training: quantiles of scores, diversity, overfitting, copying and drift.

It is too expensive for every step and runs once in a while, on a time budget. The networks are in evaluation mode, and
random numbers come from generators of its own, so that the training stays as it was. The generator is probed as it is
now rather than as its average, which shows a collapse only later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.holdout import Numbers, train_rows
from core.generator_inputs import Conditions, GeneratorInputs
from core.imaging.tensors import from_pixels
from core.models.conditioning import draw
from core.monitoring.diversity import RandomFeatures, nearest, pixels, spread
from core.monitoring.norms import distance
from core.training.compute_format import ComputeFormat

PROBED_IMAGES = 128
"""Images of each kind: generated ones, those of the training, those held out."""
CLASSES = 16
"""Of a generator that is told a class: images of the same one are compared, and there have to be several of each."""
OF_A_CLASS = 6
"""Images of a class whose diversity says something."""
MOST_NEAR = 2000
NEAR_BYTES = 2**24
"""Training images among which the nearest are looked for, at most, and what they take before they are shrunk; of large
images no fewer than twice those that are looked at."""
GRAY = 0.01
"""Real images whose values, or whose red, green and blue, differ less than that have nothing to compare with."""
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


class Probe:
    """What is looked at: the networks of one training, and images of its dataset that stay the same.

    * `scores/real/p05` ... `p95`, `scores/fake/...`: quantiles of the last step's logits;
    * `diversity`: mean distance between generated images / between real ones
    (`core.monitoring.diversity.RandomFeatures`). Of a generator
      that is told a class, between those of one class: what varies with the class alone is no variety;
    * `class_diversity`: the same of the least diverse class, as a ratio to the real images of that class. Only of
      conditional generators;
    * `contrast`: standard deviation of the values of generated images / of real ones: below 1 they are grayer;
    * `color`: mean standard deviation over red, green and blue of a pixel, of generated images / of real ones. Left out
      where the real images have no color;
    * `gap`: (D(trained) - D(held out)) / (D(trained) - D(generated)), means of logits without augmentation. It is
      ADA's r_v (Karras et al. 2020, arXiv:2006.06676): 0 without overfitting, and 1 when images that were never seen
      are taken for generated. Left out where no images are held out or D does not tell real from generated ones;
    * `nearest`: median distance from generated images to their nearest training images / the same of images that are
      held out, or of training images to their nearest other one where none are: near 0 when images are copied;
    * `drift`: |G - G_ema| / |G_ema|, of the parameters.

    Of points there are neither `gap` and `nearest` nor `contrast` and `color`.
    """

    def __init__(
        self,
        networks: tuple[nn.Module, nn.Module, nn.Module],
        dataset: Dataset,
        held: Numbers,
        settings: Settings,
        conditions: Conditions,
        choice: ComputeFormat,
        device: torch.device,
    ) -> None:
        """`networks`: G, D and the average of G. `held`: the rows that are held out."""
        self.G, self.D, self._G_ema = networks
        self._dataset, self._conditions, self._choice, self._device = dataset, conditions, choice, device
        self._batch = settings.batch
        self._latent_dim = settings.latent_dim
        self._held = held[:: max(len(held) // PROBED_IMAGES, 1)][:PROBED_IMAGES]
        rows = train_rows(len(dataset.images), held)
        order = np.random.default_rng(0).permutation(rows)
        self._trained = np.sort(_of_few_classes(order, dataset.labels if conditions.classes else None)[:PROBED_IMAGES])
        one = dataset.images.nbytes // len(dataset.images)
        most = max(min(NEAR_BYTES // one, MOST_NEAR), 2 * PROBED_IMAGES)
        self._near = np.sort(order[-most:])

    @torch.no_grad()
    def take(self, real_logits: Tensor, fake_logits: Tensor) -> dict[str, float]:
        """Everything, with the last step's logits (N,). Waits for the device. Raises `UserError` when images cannot be
        read any more."""
        found: dict[str, float] = {}
        for name, logits in (("real", real_logits), ("fake", fake_logits)):
            found |= {f"scores/{name}/{part}": value for part, value in quantiles(logits).items()}
        with evaluation_mode(self.G, self.D):
            made = self._generated()
            found |= {"diversity": float(self._spread(made) / self._real_spread)}
            found |= self._class_diversity(made) if self._conditions.classes else {}
            if not self._dataset.points:
                found |= self._gap(made) if len(self._held) else {}
                found |= {"nearest": float(nearest(pixels(made), self._bank) / self._real_nearest)}
                real = self._real_tones
                found |= {name: value / real[name] for name, value in tones(made).items() if real[name] > GRAY}
        return found | {"drift": float(distance(self.G, self._G_ema))}

    def _generated(self) -> Tensor:
        """Images of latents that stay fixed, of the classes of the real ones that are looked at."""
        return self._in_parts(lambda *drawn: self.G(GeneratorInputs(*drawn)), *self._drawn)

    def _gap(self, made: Tensor) -> dict[str, float]:
        trained, generated, held = (
            self._in_parts(lambda images, classes: self.D(images, classes).logits, images, classes)
            for images, classes in (
                (self._images(self._trained), self._classes(self._trained)),
                (made, self._drawn.classes),
                (self._images(self._held), self._classes(self._held)),
            )
        )
        gap = overfitting(trained, held, generated)
        return {} if gap is None else {"gap": gap}

    def _in_parts(self, network: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
        """No more at once than a batch, of which it is known that there is memory for it."""
        with self._choice.autocast(self._device):
            parts = zip(*(tensor.split(self._batch) for tensor in tensors), strict=True)
            return torch.cat([network(*part).float() for part in parts])

    @cached_property
    def _drawn(self) -> GeneratorInputs[Tensor]:
        random = torch.Generator(self._device).manual_seed(0)
        return draw(self._labels(self._trained), self._latent_dim, self._conditions, random)

    @cached_property
    def _features(self) -> RandomFeatures:
        return RandomFeatures(self._dataset.images.shape[1], self._device)

    @cached_property
    def _real_tones(self) -> dict[str, float]:
        return tones(self._images(self._trained))

    @cached_property
    def _real_spread(self) -> Tensor:
        return self._spread(self._images(self._trained))

    def _spread(self, images: Tensor) -> Tensor:
        """Of images of the classes of the real ones that are looked at."""
        labels = self._labels(self._trained) if self._conditions.classes else None
        return spread(self._features(images), labels)

    def _class_diversity(self, made: Tensor) -> dict[str, float]:
        features, labels = self._features(made), self._labels(self._trained)
        ratios = [spread(features[labels == label]) / real for label, real in self._real_class_spreads.items()]
        return {"class_diversity": float(torch.stack(ratios).min())} if ratios else {}

    @cached_property
    def _real_class_spreads(self) -> dict[int, Tensor]:
        """By class, where there are enough images of it, and they differ."""
        features, labels = self._features(self._images(self._trained)), self._labels(self._trained)
        common = (labels.bincount() >= OF_A_CLASS).nonzero().flatten().tolist()
        spreads = {label: spread(features[labels == label]) for label in common}
        return {label: value for label, value in spreads.items() if value > 0}

    @cached_property
    def _bank(self) -> Tensor:
        parts = np.split(self._near, range(PROBED_IMAGES, len(self._near), PROBED_IMAGES))
        return torch.cat([pixels(self._images(part)) for part in parts])

    @cached_property
    def _real_nearest(self) -> Tensor:
        rows = self._held if len(self._held) else self._trained
        same = torch.from_numpy(rows[:, None] == self._near).to(self._device)
        return nearest(pixels(self._images(rows)), self._bank, same)

    def _images(self, rows: Numbers) -> Tensor:
        """Real images on the device, NCHW in [-1, 1]."""
        images = (
            torch.from_numpy(np.ascontiguousarray(self._dataset.images[rows]))
            .to(self._device)
            .to(memory_format=self._choice.layout)
        )
        return from_pixels(images)

    def _labels(self, rows: Numbers) -> Tensor:
        labels = self._dataset.labels
        chosen = np.zeros(len(rows), np.int64) if labels is None else labels[rows]
        return torch.from_numpy(np.ascontiguousarray(chosen)).to(self._device)

    def _classes(self, rows: Numbers) -> Tensor:
        labels, count = self._labels(rows), self._conditions.classes
        return one_hot(labels, count).float() if count else labels.new_zeros(len(rows), 0)


def tones(images: Tensor) -> dict[str, float]:
    """Contrast and, of color images, color, of images NCHW in [-1, 1]."""
    contrast = {"contrast": float(images.std())}
    return contrast | {"color": float(images[:, :3].std(1).mean())} if images.shape[1] >= 3 else contrast


def quantiles(logits: Tensor) -> dict[str, float]:
    """Of logits (N,), by name."""
    levels = torch.tensor(list(QUANTILES.values()))
    # On the CPU: torch ranks in double precision, which Apple GPUs have not.
    return dict(zip(QUANTILES, logits.float().cpu().quantile(levels).tolist(), strict=True))


def overfitting(trained: Tensor, held: Tensor, generated: Tensor) -> float | None:
    """ADA's r_v of logits (N,): 0 without overfitting. None where trained and generated images are hardly told apart:
    their means differ by less than two standard errors."""
    apart = trained.mean() - generated.mean()
    error = (trained.var() / len(trained) + generated.var() / len(generated)).sqrt()
    return float((trained.mean() - held.mean()) / apart) if apart > 2 * error else None


@contextmanager
def evaluation_mode(*networks: nn.Module) -> Iterator[None]:
    """In evaluation mode batch normalization's statistics and spectral norm's vectors stay as they are, dropout is off,
    and noise within a generator is always the same."""
    modes = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for network, mode in zip(networks, modes, strict=True):
            network.train(mode)


def _of_few_classes(order: Numbers, labels: NDArray[np.int64] | None) -> Numbers:
    """The rows of this order that are of the first `CLASSES` classes to appear in it; all of them without labels."""
    if labels is None:
        return order
    drawn = labels[order]
    first = np.sort(np.unique(drawn, return_index=True)[1])[:CLASSES]
    return order[np.isin(drawn, drawn[first])]
