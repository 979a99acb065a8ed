"""Trainer: the training steps of a GAN that makes images, or points, from noise."""

from __future__ import annotations

import contextlib
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from core.data.batches import Batches
from core.devices.compute_format import to_device
from core.devices.memory import (
    BatchLimit,
)
from core.events import Images, Points, Samples
from core.generator_inputs import Conditions, GeneratorInputs, fixed
from core.imaging.tensors import to_images
from core.language import _
from core.losses import Targets, loss, penalties
from core.models.conditioning import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    Judgment,
    build_pair,
    draw,
    mutual_information,
    to_tensors,
)
from core.monitoring.playground import Playground, one_thread
from core.monitoring.probe import Probe
from core.monitoring.signals import Signals
from core.training import optimizers
from core.training.augmentation import Augment, discriminator_input, discriminator_sheet
from core.training.ema import MovingAverage
from core.training.loop import TrainingLoop
from core.training.loss_scale import LossScale
from core.training.parts import split
from core.training.state import TrainerState
from core.training.steps import Plan


class Trainer(TrainingLoop):
    """Trains a generator of images from noise against a discriminator."""

    G: ConditionalGenerator
    D: ConditionalDiscriminator
    batches: Batches

    def _train_step(self, plan: Plan) -> None:
        last = self.settings.d_steps - 1
        for number in range(last):
            self._train_discriminator_alone(number, plan._replace(watched=False))
        real, drawn = self._batch(last)
        # One pass of G serves both updates, unless the batch is split.
        fake = self._generated(drawn) if self._parts == 1 else None
        values = self._train_discriminator(real, fake, drawn, plan.due[last], plan)
        values |= self._train_generator(real, fake, drawn, plan)
        self._means.add(values)

    def _train_discriminator_alone(self, number: int, plan: Plan) -> None:
        real, drawn = self._batch(number)
        self._train_discriminator(real, None, drawn, plan.due[number], plan)

    def _train_generator_alone(self, plan: Plan) -> None:
        real, drawn = self._batch(0)
        self._train_generator(real, None, drawn, plan)

    def _generated(self, drawn: GeneratorInputs[Tensor]) -> Tensor:
        with self._autocast():
            images: Tensor = self.G(drawn)
            return images

    def _train_discriminator(
        self, real: Tensor, fake: Tensor | None, drawn: GeneratorInputs[Tensor], due: bool, plan: Plan
    ) -> dict[str, Tensor]:
        """Updates D. `due`: whether penalties are included. `fake`: generated here if None."""
        self.D.requires_grad_(True)
        self.opt_D.zero_grad()
        found, logits = [], []
        for reals, fakes, inputs in split(real, fake, drawn, self._parts):
            if fakes is None:
                with torch.no_grad():
                    fakes = self._generated(inputs)
            objective, values, of_real, of_fake = self._discriminator_objective(reals, fakes, inputs, due, plan)
            self._add_gradients(objective, self._scale_D)
            found.append(values)
            logits.append((of_real.detach(), of_fake.detach()))
        return self._update_discriminators([self.D], found, logits, due, plan)

    def _discriminator_objective(
        self, real: Tensor, fake: Tensor, drawn: GeneratorInputs[Tensor], due: bool, plan: Plan
    ) -> tuple[Tensor, dict[str, Tensor], Tensor, Tensor]:
        """Returns the objective of D, numbers for the report, and D's logits of real and of generated images."""
        settings = self.settings
        autocast, fake = self._autocast(), fake.detach()
        if due and self.choice.precision == "fp16":  # fp16 would round second derivatives to 0
            autocast, fake = contextlib.nullcontext(), fake.float()
        with autocast:
            real, fake = (self._discriminator_input(images, plan).detach() for images in (real, fake))
            real.requires_grad_(due and "real" in penalties.inputs(settings))
            fake.requires_grad_(due and "fake" in penalties.inputs(settings))
            (real_logits, real_labels, _codes), (fake_logits, _labels, guesses) = self._judge(real, fake, drawn.classes)
            if due:
                batch = penalties.DiscriminatorBatch(
                    lambda x: self.D(x, drawn.classes).logits, real, fake, real_logits, fake_logits
                )
                penalty = penalties.weighted(settings, batch)
        real_logits, fake_logits = real_logits.float(), fake_logits.float()
        d_loss = self.loss.discriminator(
            real_logits, fake_logits, Targets(1.0 - settings.smooth_real, settings.smooth_fake)
        )
        values = {"Loss/D/loss": d_loss, "Loss/scores/real": real_logits.mean(), "Loss/scores/fake": fake_logits.mean()}
        if self.loss.PROBABILITY:
            values |= {"Score/real": real_logits.sigmoid().mean(), "Score/fake": fake_logits.sigmoid().mean()}
        objective = d_loss
        if due:
            objective = d_loss + settings.penalty_interval * penalty
            values["Loss/D/penalty"] = penalty
        if self.conditions.codes:
            information = mutual_information(guesses.float(), drawn.codes, self.conditions)
            objective = objective - settings.info_weight * information
        if self.conditions.classifies:
            values["Loss/D/labels"] = cross_entropy(real_labels.float(), drawn.classes)
            objective = objective + settings.class_weight_d * values["Loss/D/labels"]
        return objective, values, real_logits, fake_logits

    def _train_generator(
        self, real: Tensor, fake: Tensor | None, drawn: GeneratorInputs[Tensor], plan: Plan
    ) -> dict[str, Tensor]:
        # Gradients of D's weights are not needed here.
        self.D.requires_grad_(False)
        self.opt_G.zero_grad()
        found = []
        for reals, fakes, inputs in split(real, fake, drawn, self._parts):
            images = self._generated(inputs) if fakes is None else fakes
            objective, values = self._generator_objective(reals, images, inputs, plan)
            self._add_gradients(objective, self._scale_G)
            found.append(values)
        return self._update_generators(found, plan)

    def _generator_objective(
        self, real: Tensor, fake: Tensor, drawn: GeneratorInputs[Tensor], plan: Plan
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the objective of G, and numbers for the report."""
        with self._autocast():
            logits, labels, guesses = self.D(self._discriminator_input(fake, plan), drawn.classes)
            if self.loss.PAIRED:
                with torch.no_grad():
                    real_logits = self.D(self._discriminator_input(real, plan), drawn.classes).logits
            else:
                real_logits = torch.zeros_like(logits)
        g_loss = objective = self.loss.generator(real_logits.float(), logits.float())
        values = {"Loss/G/loss": g_loss}
        if self.conditions.codes:
            values["Loss/information"] = mutual_information(guesses.float(), drawn.codes, self.conditions)
            objective = g_loss - self.settings.info_weight * values["Loss/information"]
        if self.conditions.classifies:
            values["Loss/G/labels"] = cross_entropy(labels.float(), drawn.classes)
            objective = objective + self.settings.class_weight_g * values["Loss/G/labels"]
        return objective, values

    def _judge(self, real: Tensor, fake: Tensor, classes: Tensor) -> tuple[Judgment, Judgment]:
        """Returns D's output for real and for generated images of the same classes, in one pass if possible."""
        if not self._one_pass or real.requires_grad or fake.requires_grad:  # one pass would compute both gradients
            return self.D(real, classes), self.D(fake, classes)
        both: Judgment = self.D(torch.cat([real, fake]), torch.cat([classes, classes]))
        halves = [part.chunk(2) for part in both]
        return Judgment(*(half[0] for half in halves)), Judgment(*(half[1] for half in halves))

    def _discriminator_input(self, images: Tensor, plan: Plan) -> Tensor:
        """Returns images with augmentation and instance noise, as D sees them."""
        return discriminator_input(images, self.augment, self.settings, self._noise_level if plan.noisy else None)

    def _batch(self, number: int) -> tuple[Tensor, GeneratorInputs[Tensor]]:
        """Returns staged real images, and generator inputs for as many images of the same classes."""
        real, labels = self.batches.staged(number)
        drawn = draw(labels, self.settings.latent_dim, self.conditions, self._noise)
        return real.to(memory_format=self.choice.layout), drawn

    def _threads(self) -> contextlib.AbstractContextManager[object]:
        return one_thread() if self._playground else contextlib.nullcontext()

    @property
    def columns(self) -> tuple[str, ...]:
        """Titles of the columns of `render`'s grid; empty if it may have any number of columns."""
        return () if self._playground else self.conditions.column_names(self.dataset.classes)

    @torch.no_grad()
    def snapshot(self) -> Samples | Points:
        """Returns the sample grid, or the points, of the present state. Raises `UserError` if memory is full."""
        if self._playground:
            return self._playground.snapshot(self.G, self.D, self.loss, self.step)
        images = self._grid_limit.run(self._grid, _("There is not enough memory for an image of the sample grid."))
        return Samples(self.step, images, self.columns)

    def _grid(self, at_once: int) -> Images:
        parts = zip(*(part.split(at_once) for part in self._fixed), strict=True)
        return np.concatenate([to_images(self.G_ema(GeneratorInputs(*part))) for part in parts])

    def sheet(self, count: int, seed: int) -> Images:
        """Returns real images as the discriminator sees them now, uint8 NHWC."""
        return discriminator_sheet(self.dataset.sheet(count, seed), self.settings, seed, self.augment, self.images)

    def _build(self, signals: bool) -> None:
        settings = self.settings
        self.conditions = Conditions.of(settings, len(self.dataset.classes))
        G, D = build_pair(settings, self.channels, self.conditions)
        # Spectral normalization iterates once a pass: with one pass it would follow the weights at half the pace.
        self._one_pass = D.network.per_image and not settings.spectral_norm
        self.G, self.D = to_device(G, self.device, self.choice.layout), to_device(D, self.device, self.choice.layout)
        self.G_ema = deepcopy(self.G).eval().requires_grad_(False)
        self._average = MovingAverage(self.G_ema, self.G)
        self.loss = loss(settings.loss)
        self.opt_G = optimizers.build(settings, self.G.parameters(), settings.lr_g)
        self.opt_D = optimizers.build(settings, self.D.parameters(), settings.lr_d)
        is_half = self.choice.precision == "fp16"
        self._scale_G, self._scale_D = LossScale(self.device, is_half), LossScale(self.device, is_half)
        self.augment = Augment(self.device)
        self._state = TrainerState(
            {"G": self.G, "D": self.D, "G_ema": self.G_ema},
            {"opt_G": self.opt_G, "opt_D": self.opt_D},
            {"scale_G": self._scale_G, "scale_D": self._scale_D},
            self.augment,
            self._noise,
        )
        self._fixed = to_tensors(fixed(settings.samples, settings.latent_dim, self.conditions), self.device)
        self._grid_limit = BatchLimit(len(self._fixed.z), self.device)
        self._playground = Playground(settings, self.dataset, self.device) if self.dataset.points else None
        networks = self.G, self.D, self.G_ema
        probe = Probe(networks, self.dataset, self.held, settings, self.conditions, self.choice, self.device)
        self.signals = Signals(probe, self.loss.SIGNED, signals)
