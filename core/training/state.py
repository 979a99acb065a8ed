"""State of a training as tensors of a checkpoint, and its restoration in another training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from core.checkpoint import Checkpoint
from core.checkpoint_schema import optimizer_states
from core.config.settings import Settings
from core.errors import UserError
from core.imaging.channels import CHANNEL_NAMES
from core.language import _
from core.training.augmentation import Augment
from core.training.optimizers import Optimizer


class Stateful(Protocol):
    """Part of a training with a state of its own."""

    def state(self) -> dict[str, Tensor]: ...

    def load_state(self, state: Mapping[str, Tensor]) -> None: ...


@dataclass(frozen=True)
class TrainerState:
    """The parts of a training that every step changes, each under its name in a checkpoint.

    The process's default random generators belong to them: dropout and augmentation draw from those.
    """

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    scales: Mapping[str, Stateful]
    """Loss scales, and what else has a state of its own."""
    augment: Augment
    noise: torch.Generator
    """Random generator of the latents, on the training's device."""

    def tensors(self) -> dict[str, Tensor]:
        """Returns the tensors themselves, which the next step changes."""
        tensors: dict[str, Tensor] = {}
        for name, network in self.networks.items():
            tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            tensors |= {f"{name}.{key}": value for key, value in optimizer.state().items()}
        for name, scale in self.scales.items():
            tensors |= {f"{name}.{key}": value for key, value in scale.state().items()}
        tensors |= {f"augment.{name}": value for name, value in self.augment.state().items()}
        tensors |= {f"random.{name}": value for name, value in self._random().items()}
        return tensors

    def restore(self, checkpoint: Checkpoint, settings: Settings, channels: int) -> None:
        """Restores the state of a training on images with `channels` channels. Raises `UserError` if it does not fit.

        Optimizers of another kind than the checkpoint's (`settings`) start without state.
        """
        meta = checkpoint.meta
        if meta.channels != channels:
            then, now = CHANNEL_NAMES[meta.channels].images, CHANNEL_NAMES[channels].images
            raise UserError(
                _("The checkpoint was trained on {then}, and these are {now}.").format(then=then, now=now),
                _("Choose the dataset that the checkpoint was trained on."),
            )
        try:
            for name, network in self.networks.items():
                network.load_state_dict(checkpoint.part(name))
        except RuntimeError as error:
            remedy = (
                _("Keep the task, translator, method, size and width that it was trained with.")
                if meta.settings.translates
                else _("Keep the network, size, width, latents and conditions that it was trained with.")
            )
            raise UserError(_("The checkpoint does not fit these settings."), remedy, str(error)) from error
        for name, optimizer in self.optimizers.items():
            is_of_a_kind = optimizer_states(settings) == optimizer_states(meta.settings)
            optimizer.restore(checkpoint.part(name) if is_of_a_kind else {})
        for name, scale in self.scales.items():
            scale.load_state(checkpoint.part(name))
        self.augment.load_state(checkpoint.part("augment"))
        if meta.device == self.noise.device.type:  # another kind of device has other random generators
            try:
                self._set_random(checkpoint.part("random"))
            except (RuntimeError, KeyError, TypeError) as error:
                remedy = _("Continue from an older checkpoint of the same run.")
                what = _("The checkpoint's random numbers cannot be continued.")
                raise UserError(what, remedy, str(error)) from error

    def _random(self) -> dict[str, Tensor]:
        device = self.noise.device
        states = {"noise": self.noise.get_state(), "torch": torch.get_rng_state()}
        if device.type != "cpu":
            states[device.type] = torch.get_device_module(device).get_rng_state(device)
        return states

    def _set_random(self, states: Mapping[str, Tensor]) -> None:
        device = self.noise.device
        self.noise.set_state(states["noise"])
        torch.set_rng_state(states["torch"])
        if device.type != "cpu":
            torch.get_device_module(device).set_rng_state(states[device.type], device)
