"""Trainer of translations: the training steps of a generator that makes images from images."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from copy import deepcopy
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from core.config.settings import Settings
from core.data.sides.pairing import sides_for
from core.data.sides.two_sides import only
from core.devices.compute_format import to_device
from core.devices.memory import BatchLimit
from core.events import Edited, Images, Samples
from core.imaging.tensors import to_images
from core.language import _
from core.losses import Targets, loss, penalties
from core.monitoring.signals import Signals
from core.monitoring.translation_probe import TranslationProbe, probed
from core.training import optimizers
from core.training.augmentation import Augment, discriminator_input, discriminator_sheet
from core.training.ema import MovingAverage
from core.training.loop import TrainingLoop
from core.training.loss_scale import LossScale
from core.training.state import TrainerState
from core.training.steps import Plan
from core.translation.build import build_networks
from core.translation.content import ContentDistance
from core.translation.examples import examples
from core.translation.image_pool import ImagePool
from core.translation.methods import Judged, Sides, Term, method
from core.translation.networks import Translator
from core.translation.patch_discriminator import PatchDiscriminator
from core.translation.sample_columns import COLUMNS, GENERATED, sample_columns, sample_rows
from core.translation.tasks import degradation

Made = Mapping[str, Tensor]
"""Images that a method translates, by name."""


class TranslationTrainer(TrainingLoop):
    """Trains a generator of images from images against a discriminator of their patches."""

    row = COLUMNS
    G: Translator
    D: PatchDiscriminator

    def _build(self, signals: bool) -> None:
        settings = self.settings
        self._method, self._degradation = method(settings.method), degradation(settings)
        generators, discriminators = build_networks(settings, self.channels)
        self._networks = {
            name: to_device(network, self.device, self.choice.layout)
            for name, network in (generators | discriminators).items()
        }
        self._generators = [self._networks[name] for name in generators]
        self._discriminators = {name: self._networks[name] for name in discriminators}
        G, D = self._networks["G"], self._networks["D"]
        assert isinstance(G, Translator)
        assert isinstance(D, PatchDiscriminator)
        self.G, self.D = G, D
        self.G_ema = deepcopy(G).eval().requires_grad_(False)
        self._average = MovingAverage(self.G_ema, G)
        self.loss = loss(settings.loss)
        self.opt_G = optimizers.build(settings, _weights(self._generators), settings.lr_g)
        self.opt_D = optimizers.build(settings, _weights(self._discriminators.values()), settings.lr_d)
        is_half = self.choice.precision == "fp16"
        self._scale_G, self._scale_D = LossScale(self.device, is_half), LossScale(self.device, is_half)
        self.augment = Augment(self.device)
        self._pools = {name: ImagePool(settings.image_pool, self.device) for name in discriminators}
        self._state = TrainerState(
            self._networks | {"G_ema": self.G_ema},
            {"opt_G": self.opt_G, "opt_D": self.opt_D},
            {"scale_G": self._scale_G, "scale_D": self._scale_D} | {f"pool_{n}": p for n, p in self._pools.items()},
            self.augment,
            self._noise,
        )
        self._frozen = self._frozen_networks(settings)
        self._shown = self._chosen(sample_rows(settings.samples))
        self._grid_limit = BatchLimit(len(self._shown.inputs), self.device)
        probe = TranslationProbe(self.G, self.D, self.G_ema, self._chosen(probed(*settings.size)), settings)
        self.signals = Signals(probe, self.loss.SIGNED, signals)

    def edit(self, settings: Settings) -> Edited:
        """Changes the settings from the next step on. Raises `UserError` for one that is not live, and for a content
        weight without the package of its network."""
        frozen = self._frozen or self._frozen_networks(settings)
        edited = super().edit(settings)
        self._frozen = frozen
        return edited

    def _frozen_networks(self, settings: Settings) -> dict[str, nn.Module]:
        """Returns networks that do not learn, and are not in checkpoints."""
        return (
            {"content": to_device(ContentDistance(), self.device, self.choice.layout)}
            if settings.content_weight
            else {}
        )

    def _train_step(self, plan: Plan) -> None:
        last = self.settings.d_steps - 1
        if not self.settings.adversarial_weight:  # no discriminator has a say
            self.signals.forget_discriminator()
            self._means.add(self._train_generators(self._sides(last), None, plan))
            return
        for number in range(last):
            self._train_discriminator_alone(number, plan._replace(watched=False))
        sides = self._sides(last)
        # One pass of the generators serves both updates, unless the batch is split.
        made = self._translated(sides) if self._parts == 1 else None
        values = self._train_discriminators(sides, made, plan.due[last], plan)
        values |= self._train_generators(sides, made, plan)
        self._means.add(values)

    def _train_discriminator_alone(self, number: int, plan: Plan) -> None:
        self._train_discriminators(self._sides(number), None, plan.due[number], plan)

    def _train_generator_alone(self, plan: Plan) -> None:
        self._train_generators(self._sides(0), None, plan)

    def _translated(self, sides: Sides) -> dict[str, Tensor]:
        with self._autocast():
            return self._method.translate(self._networks, sides)

    def _train_discriminators(self, sides: Sides, made: Made | None, due: bool, plan: Plan) -> dict[str, Tensor]:
        """Updates each discriminator. `made`: translated here if None. `due`: whether penalties are included."""
        for network in self._discriminators.values():
            network.requires_grad_(True)
        self.opt_D.zero_grad()
        found, logits = [], []
        for part in sides.parts(self._parts):
            images = made
            if images is None:
                with torch.no_grad():
                    images = self._translated(part)
            objective, values, of_real, of_fake = self._discriminator_objective(part, images, due, plan)
            self._add_gradients(objective, self._scale_D)
            found.append(values)
            logits.append((of_real.detach(), of_fake.detach()))
        return self._update_discriminators(self._discriminators.values(), found, logits, due, plan)

    def _discriminator_objective(
        self, sides: Sides, made: Made, due: bool, plan: Plan
    ) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
        """Returns the objective of all discriminators, numbers for the report, and D's mean logits (N,) of images."""
        values: dict[str, Tensor] = {}
        losses, punished = [], []
        for name, judged in self._method.judged(made, sides).items():
            fake = self._pools[name].exchanged(judged.fake.detach().float(), self._noise)
            judged = Judged(judged.real.detach(), fake, judged.channels)
            d_loss, penalty, real_logits, fake_logits = self._judgment(name, judged, due, plan)
            losses.append(d_loss)
            punished += [] if penalty is None else [penalty]
            values[f"Loss/{name}/loss"] = d_loss
            if name == "D":
                of_real, of_fake = real_logits, fake_logits
                values |= {"Loss/scores/real": real_logits.mean(), "Loss/scores/fake": fake_logits.mean()}
        objective = torch.stack(losses).sum()
        if punished:
            values["Loss/D/penalty"] = torch.stack(punished).sum()
            objective = objective + self.settings.penalty_interval * values["Loss/D/penalty"]
        return objective, values, of_real, of_fake

    def _judgment(
        self, name: str, judged: Judged, due: bool, plan: Plan
    ) -> tuple[Tensor, Tensor | None, Tensor, Tensor]:
        """Returns a discriminator's loss and, if due, its penalty, and the mean logits (N,) of images."""
        D, settings = self._discriminators[name], self.settings
        penalty = None
        is_exact = due and self.choice.precision == "fp16"  # fp16 would round second derivatives to 0
        with contextlib.nullcontext() if is_exact else self._autocast():
            real, fake = (self._discriminator_input(images, judged, plan) for images in (judged.real, judged.fake))
            real.requires_grad_(due and "real" in penalties.inputs(settings))
            fake.requires_grad_(due and "fake" in penalties.inputs(settings))
            real_logits, fake_logits = D(real), D(fake)
            real_means, fake_means = real_logits.mean((1, 2)), fake_logits.mean((1, 2))
            if due:
                batch = penalties.DiscriminatorBatch(lambda x: D(x).mean((1, 2)), real, fake, real_means, fake_means)
                penalty = penalties.weighted(settings, batch)
        targets = Targets(1.0 - settings.smooth_real, settings.smooth_fake)
        d_loss = self.loss.discriminator(real_logits.float().flatten(), fake_logits.float().flatten(), targets)
        return d_loss, penalty, real_means.float(), fake_means.float()

    def _train_generators(self, sides: Sides, made: Made | None, plan: Plan) -> dict[str, Tensor]:
        # Gradients of the discriminators' weights are not needed here.
        for network in self._discriminators.values():
            network.requires_grad_(False)
        self.opt_G.zero_grad()
        found = []
        for part in sides.parts(self._parts):
            objective, values = self._generator_objective(part, self._translated(part) if made is None else made, plan)
            self._add_gradients(objective, self._scale_G)
            found.append(values)
        return self._update_generators(found, plan)

    def _generator_objective(self, sides: Sides, made: Made, plan: Plan) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the objective of the generators, and numbers for the report."""
        with self._autocast():
            terms = self._method.terms(self._networks | self._frozen, made, sides, self.settings)
            if self.settings.adversarial_weight:
                judged = self._method.judged(made, sides).items()
                adversarial = torch.stack([self._fooled(name, each, plan) for name, each in judged]).sum()
                terms = {"loss": Term(adversarial, self.settings.adversarial_weight)} | terms
        objective = torch.stack([term.weight * term.value for term in terms.values()]).sum()
        return objective, {f"Loss/G/{name}": term.value for name, term in terms.items()}

    def _fooled(self, name: str, judged: Judged, plan: Plan) -> Tensor:
        """Returns the generators' loss of one discriminator's judgment."""
        D = self._discriminators[name]
        fake = D(self._discriminator_input(judged.fake, judged, plan)).float().flatten()
        if self.loss.PAIRED:
            with torch.no_grad():
                real = D(self._discriminator_input(judged.real, judged, plan)).float().flatten()
        else:
            real = torch.zeros_like(fake)
        return self.loss.generator(real, fake)

    def _discriminator_input(self, images: Tensor, judged: Judged, plan: Plan) -> Tensor:
        """Returns images, laid out as those of `judged`, with augmentation and instance noise."""
        noise = self._noise_level if plan.noisy else None
        return discriminator_input(images, self.augment, self.settings, noise, judged.channels)

    def _sides(self, number: int) -> Sides:
        """Returns inputs and targets of a staged batch."""
        if self._degradation is None:
            inputs, targets = (side.to(memory_format=self.choice.layout) for side in self.batches.staged(number))
            return Sides(inputs, targets, self._noise)
        targets, _labels = self.batches.staged(number)
        targets = targets.to(memory_format=self.choice.layout)
        return Sides(self._degradation.degrade(targets, self.settings, self._noise), targets, self._noise)

    def _chosen(self, count: int) -> Sides:
        """Returns inputs and targets to show and to measure: held-out images if there are any, the same each time."""
        rows = self.held if len(self.held) else np.arange(len(self.dataset.images))
        sides = sides_for(self.settings, self.dataset).within(rows).first(count)
        random = torch.Generator(self.device).manual_seed(self.settings.seed)
        return examples(self.dataset, sides, self.settings, random)

    @property
    def columns(self) -> tuple[str, ...]:
        """Titles of the columns of the sample grid."""
        return sample_columns(self.settings.has_pairs)

    @torch.no_grad()
    def snapshot(self) -> Samples:
        """Returns rows of input, translation and target of fixed held-out images. Raises `UserError` if memory is
        full."""
        problem = _("There is not enough memory for an image of the sample grid.")
        return Samples(self.step, self._grid_limit.run(self._grid, problem), self.columns, GENERATED)

    def _grid(self, at_once: int) -> Images:
        outputs = torch.cat([self.G_ema(part) for part in self._shown.inputs.split(at_once)])
        sides = [shown(part, self._shown.targets.shape) for part in (self._shown.inputs, outputs, self._shown.targets)]
        return np.stack([to_images(side) for side in sides], 1).reshape(-1, *to_images(sides[0][:1]).shape[1:])

    def sheet(self, count: int, seed: int) -> Images:
        """Returns targets as the discriminator sees them now, uint8 NHWC."""
        targets = only(self.dataset, sides_for(self.settings, self.dataset).targets)
        return discriminator_sheet(targets.sheet(count, seed), self.settings, seed, self.augment, self.images)


def shown(images: Tensor, shape: torch.Size) -> Tensor:
    """Returns images as they are shown beside others of a shape (N, C, h, w): as large, with as many channels."""
    _count, channels, height, width = shape
    images = images[:, :1].expand(-1, channels, -1, -1) if images.shape[1] < channels else images[:, :channels]
    return nn.functional.interpolate(images, size=(height, width))


def _weights(networks: object) -> chain[nn.Parameter]:
    return chain.from_iterable(network.parameters() for network in networks)  # type: ignore[attr-defined]
