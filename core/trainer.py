"""The training of a GAN, from top to bottom."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from math import isfinite
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from core.checkpoint import Checkpoint, Meta
from core.config import Settings
from core.data import Dataset
from core.data.batches import Batches
from core.devices import resolve, used_memory
from core.ema import average, decay
from core.errors import Problem
from core.events import Event, Finished, Images, Report, Samples, Stepped, Tuned
from core.latent import seed_latent
from core.memory import enough_memory
from core.models import Shape, build
from core.objectives import non_saturating
from core.sampler import to_images
from core.tuning import Choice, place

REPORT_SECONDS = 0.5
SAMPLE_SECONDS = 0.5
SAMPLE_SHARE = 0.02
"""The sample grid is drawn no more often than this, and drawing and storing it costs training at most this part of its
time."""
STATS = ("Loss/D/loss", "Loss/G/loss", "Loss/scores/real", "Loss/scores/fake", "Score/real", "Score/fake")
"""Losses, mean logits, and the mean probabilities D(x) and D(G(z)), in the order in which a step adds them up."""


class Trainer:
    """Trains a generator against a discriminator; `events()` is the whole algorithm.

    Between two events the caller may take a `checkpoint()` or the `published()` weights, or stop pulling. The
    trainer owns the process's default random generators of torch (dropout draws from them).
    """

    def __init__(
        self, settings: Settings, dataset: Dataset, tuned: Tuned, checkpoint: Checkpoint | None = None
    ) -> None:
        """Raises `Problem` for a device that is not here, a batch larger than the dataset, a checkpoint that does not
        fit, or too little memory."""
        self.settings, self.dataset, self.tuned = settings, dataset, tuned
        self.device = resolve(settings.device)
        self.choice = Choice(tuned.precision, tuned.memory_format)
        self.shape = Shape.of(settings, dataset.images.shape[1])
        self.step, self.images, self.seconds = 0, 0, 0.0
        self.stats: Mapping[str, float] = {}
        with enough_memory(settings):
            self.batches = Batches(dataset, settings.batch, settings.mirror, settings.seed, self.device)
            self._build()
            if checkpoint:
                self._restore(checkpoint)

    def events(self) -> Generator[Event, None, None]:
        """Yields `Samples` of the start, then `Stepped` after every generator step with `Report` and `Samples`
        between, and `Finished` when the settings' limit is reached.

        Raises `Problem` when memory runs out or a loss is no longer a number.
        """
        yield Samples(self.step, self.render())
        reported, next_report, next_samples = self.seconds, perf_counter() + REPORT_SECONDS, perf_counter()
        while not (reason := self._limit()):
            started = perf_counter()
            with enough_memory(self.settings):
                self._train_step()
            self.seconds += perf_counter() - started
            yield Stepped(self.step, self.images)
            if perf_counter() >= next_report:
                yield self._report(self.seconds - reported)
                reported, next_report = self.seconds, perf_counter() + REPORT_SECONDS
            if perf_counter() >= next_samples:
                started = perf_counter()
                samples = self.render()
                rendered = perf_counter()
                yield Samples(self.step, samples)
                # Storing the grid counts too, but a pause that falls into this yield does not.
                cost = min(perf_counter() - started, 5 * (rendered - started))
                next_samples = perf_counter() + max(cost / SAMPLE_SHARE, SAMPLE_SECONDS)
        if self._steps_since_report:
            yield self._report(self.seconds - reported)
        yield Samples(self.step, self.render())
        yield Finished(self.step, reason)

    def _train_step(self) -> None:
        for _ in range(self.settings.d_steps - 1):
            with torch.no_grad(), self._autocast():
                fake = self.G(self._latents())
            self._train_discriminator(fake)
        with self._autocast():
            fake = self.G(self._latents())
        d_loss, real, fake_logits = self._train_discriminator(fake.detach())
        g_loss = self._train_generator(fake)
        self.step += 1
        seen = self.settings.batch * self.settings.d_steps
        self.images += seen
        average(self.G_ema, self.G, decay(seen, 1000 * self.settings.ema_kimg, self.images))
        probabilities = real.sigmoid().mean(), fake_logits.sigmoid().mean()
        self._totals += torch.stack([d_loss, g_loss, real.mean(), fake_logits.mean(), *probabilities])
        self._steps_since_report += 1

    def _train_discriminator(self, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, and logits (N,) of real and generated images."""
        self.D.requires_grad_(True)
        with self._autocast():
            real, fake = self.D(self.batches.next().to(memory_format=self.choice.layout)), self.D(fake)
        real, fake = real.float(), fake.float()
        loss = non_saturating.discriminator(real, fake)
        self.opt_D.zero_grad()
        loss.backward()
        self.opt_D.step()
        return loss.detach(), real.detach(), fake.detach()

    def _train_generator(self, fake: Tensor) -> Tensor:
        # Gradients of the discriminator's weights would be thrown away: do not compute them.
        self.D.requires_grad_(False)
        with self._autocast():
            logits = self.D(fake)
        loss = non_saturating.generator(logits.float())
        self.opt_G.zero_grad()
        loss.backward()
        self.opt_G.step()
        return loss.detach()

    def _latents(self) -> Tensor:
        return torch.randn(self.settings.batch, self.settings.latent_dim, device=self.device, generator=self._noise)

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        return self.choice.autocast(self.device)

    @torch.no_grad()
    def render(self) -> Images:
        """The averaged generator's images of the fixed latents: image k is that of seed k."""
        return to_images(self.G_ema(self._fixed))

    def published(self) -> dict[str, Tensor]:
        """A copy of the averaged generator's weights, on the CPU, for another thread to keep."""
        return {name: value.detach().cpu().clone() for name, value in self.G_ema.state_dict().items()}

    def checkpoint(self) -> Checkpoint:
        """The complete state, enough to continue bit for bit on the same device.

        The tensors are the training's own: write or copy them before the next event is pulled. Raises `Problem` when
        the losses are no longer numbers, so that a broken state never stands where a good one is looked for.
        """
        self._refuse_nan(self._totals.tolist())
        tensors: dict[str, Tensor] = {}
        for name, network in self._networks().items():
            tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
        for name, optimizer in self._optimizers().items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {f"{name}.{index}.{key}": value for key, value in state.items()}
        tensors |= {f"random.{name}": state for name, state in self._random_states().items()}
        tensors["preview"] = torch.from_numpy(_preview(self.render()))
        return Checkpoint(self.meta(), tensors)

    def meta(self) -> Meta:
        """The readable part of the present state."""
        return Meta(
            settings=self.settings,
            channels=self.shape.channels,
            step=self.step,
            images=self.images,
            seconds=self.seconds,
            epoch=self.batches.epoch,
            index=self.batches.index,
            dataset=self.dataset.source,
            dataset_fingerprint=self.dataset.fingerprint,
            classes=self.dataset.classes,
            device=self.tuned.device,
            precision=self.tuned.precision,
            memory_format=self.tuned.memory_format,
            created=datetime.now(UTC),
            stats=dict(self.stats),
        )

    def _build(self) -> None:
        torch.manual_seed(self.settings.seed)
        G, D = build(self.settings.network, self.shape)
        self.G, self.D = place(G, self.device, self.choice.layout), place(D, self.device, self.choice.layout)
        self.G_ema = deepcopy(self.G).eval().requires_grad_(False)
        betas = (self.settings.beta1, self.settings.beta2)
        fused = self.device.type in {"cpu", "cuda"}
        self.opt_G = Adam(self.G.parameters(), self.settings.lr_g, betas, fused=fused)
        self.opt_D = Adam(self.D.parameters(), self.settings.lr_d, betas, fused=fused)
        self._noise = torch.Generator(self.device).manual_seed(self.settings.seed)
        fixed = [seed_latent(seed, self.settings.latent_dim) for seed in range(self.settings.samples)]
        self._fixed = torch.from_numpy(np.stack(fixed)).to(self.device)
        self._totals = torch.zeros(len(STATS), device=self.device)
        self._steps_since_report = 0

    def _restore(self, checkpoint: Checkpoint) -> None:
        meta = checkpoint.meta
        if meta.channels != self.shape.channels:
            kinds = {1: "grey", 3: "colour"}
            raise Problem(
                f"The checkpoint was trained on {kinds[meta.channels]} images, and these are "
                f"{kinds[self.shape.channels]}.",
                "Choose the dataset that it was trained on.",
            )
        try:
            for name, network in self._networks().items():
                network.load_state_dict(checkpoint.part(name))
        except RuntimeError as error:
            remedy = "Keep the network, resolution, width and latent size that it was trained with."
            raise Problem("The checkpoint does not fit these settings.", remedy, str(error)) from error
        for name, optimizer in self._optimizers().items():
            _restore_optimizer(optimizer, checkpoint.part(name))
        self.step, self.images, self.seconds = meta.step, meta.images, meta.seconds
        self.stats = meta.stats
        if meta.dataset_fingerprint == self.dataset.fingerprint:
            self.batches.epoch, self.batches.index = meta.epoch, meta.index
        if meta.device == self.device.type:  # another kind of device has other random generators
            self._set_random_states(checkpoint.part("random"))

    def _networks(self) -> dict[str, nn.Module]:
        return {"G": self.G, "D": self.D, "G_ema": self.G_ema}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"opt_G": self.opt_G, "opt_D": self.opt_D}

    def _random_states(self) -> dict[str, Tensor]:
        states = {"noise": self._noise.get_state(), "torch": torch.get_rng_state()}
        if self.device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(self.device)
        return states

    def _set_random_states(self, states: Mapping[str, Tensor]) -> None:
        self._noise.set_state(states["noise"])
        torch.set_rng_state(states["torch"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(states["cuda"], self.device)

    def _report(self, seconds: float) -> Report:
        means = (self._totals / max(self._steps_since_report, 1)).tolist()  # the only wait for the device
        steps, self._steps_since_report = self._steps_since_report, 0
        self._totals.zero_()
        stats = dict(zip(STATS, means, strict=True))
        self._refuse_nan(means)
        stats["Timing/images_per_sec"] = steps * self.settings.batch * self.settings.d_steps / max(seconds, 1e-9)
        stats["Memory/host_gb"] = used_memory() / 2**30
        if self.device.type == "cuda":
            stats["Memory/device_gb"] = torch.cuda.memory_reserved(self.device) / 2**30
        self.stats = stats
        return Report(self.step, self.images, self.seconds, stats)

    def _refuse_nan(self, values: list[float]) -> None:
        if not all(isfinite(value) for value in values):
            raise Problem(
                f"The losses stopped being numbers at step {self.step}.",
                "Open the last checkpoint and continue with half the learning rates.",
            )

    def _limit(self) -> str:
        """Why the training is over; empty while it is not."""
        if self.settings.steps is not None and self.step >= self.settings.steps:
            return f"{self.settings.steps} steps are done."
        if self.settings.minutes is not None and self.seconds >= 60 * self.settings.minutes:
            return f"{self.settings.minutes:g} minutes are over."
        return ""


def _restore_optimizer(optimizer: torch.optim.Optimizer, saved: Mapping[str, Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for name, value in saved.items():
        index, key = name.split(".", 1)
        parameter = parameters[int(index)]
        # Fused Adam walks through memory: the state must have the parameter's own layout, which the file does not keep.
        state = torch.empty_like(parameter, requires_grad=False) if value.shape == parameter.shape else value.clone()
        optimizer.state[parameter][key] = state.copy_(value)


def _preview(images: Images) -> Images:
    """A square sheet of about 256 px of the first images, HWC."""
    height, width, channels = images.shape[1:]
    side = min(max(256 // height, 1), int(len(images) ** 0.5))
    rows = images[: side * side].reshape(side, side, height, width, channels)
    return rows.swapaxes(1, 2).reshape(side * height, side * width, channels)
