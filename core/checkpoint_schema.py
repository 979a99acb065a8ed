"""Schema of a checkpoint's tensors: names, types and shapes that follow from its settings.

A file is compared with the schema before any tensor is read, so that a foreign file takes no memory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.overrides import TorchFunctionMode

from core.config.settings import Settings
from core.data.tensor_file import TensorType
from core.generator_inputs import Conditions
from core.models.conditioning import build_pair
from core.translation.build import build_networks
from core.translation.patch_discriminator import PatchDiscriminator

TYPES = {torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL", torch.uint8: "U8"}
NUMBER: TensorType = ("F32", ())
RANDOM = {"random.noise", "random.torch", "random.cuda", "random.xpu", "random.mps"}
LARGEST_STATE = 2**16
"""Limit of the state of a random generator, in bytes."""


def refuse(
    found: Mapping[str, TensorType], parts: Collection[str], settings: Settings, channels: int, classes: int
) -> None:
    """Raises `ValueError` if tensors are not those of a training with these settings.

    `found`: type and shape of each tensor in the file. `parts`: name prefixes whose tensors must be complete.
    `channels`: of the images. `classes`: number of classes of the dataset.
    """
    if (channels == 2) != settings.points:
        raise ValueError(f"{channels} channels")
    required, optional = _tensors(settings, channels, classes)
    for name in required.keys() - found.keys():
        if name.partition(".")[0] in parts:
            raise ValueError(f"{name} is missing")
    for name, (kind, shape) in found.items():
        expected = required.get(name) or optional.get(name)
        if expected is not None:
            is_right = (kind, shape) == expected
        else:
            is_right = name in RANDOM and kind == "U8" and len(shape) == 1 and shape[0] <= LARGEST_STATE
        if not is_right:
            raise ValueError(f"{name} cannot be {kind} {shape}")


def optimizer_states(settings: Settings) -> frozenset[str]:
    """Returns the names of the optimizer's state tensors of each weight."""
    if settings.optimizer in {"adam", "adamw"}:
        return frozenset({"step", "exp_avg", "exp_avg_sq"})
    names = {"step", "square_avg"} if settings.optimizer == "rmsprop" else set()
    return frozenset(names | {"momentum_buffer"} if settings.momentum else names)


@lru_cache(8)  # the checkpoints of a run share it
def _tensors(
    settings: Settings, channels: int, classes: int
) -> tuple[Mapping[str, TensorType], Mapping[str, TensorType]]:
    """Returns the required tensors, and those that exist only after the first step."""
    generators, discriminators = networks(settings, channels, classes)
    required = {"augment.p": NUMBER, "augment.sign": NUMBER}
    optional = {f"scale_{part}.{name}": NUMBER for part in "GD" for name in ("scale", "steps")}
    for part, network in (generators | discriminators | {"G_ema": generators["G"]}).items():
        required |= {
            f"{part}.{name}": (TYPES[value.dtype], tuple(value.shape)) for name, value in network.state_dict().items()
        }
    for part, trained in (("opt_G", generators), ("opt_D", discriminators)):
        weights = chain.from_iterable(network.parameters() for network in trained.values())
        for index, weight in enumerate(weights):
            for name in optimizer_states(settings):
                kind = NUMBER if name == "step" else (TYPES[weight.dtype], tuple(weight.shape))
                optional[f"{part}.{index}.{name}"] = kind
    if settings.translates and settings.image_pool:
        width, height = settings.size
        for name, network in discriminators.items():
            assert isinstance(network, PatchDiscriminator)
            optional[f"pool_{name}.images"] = "F32", (settings.image_pool, network.channels, height, width)
    return required, optional


def networks(settings: Settings, channels: int, classes: int) -> tuple[dict[str, nn.Module], dict[str, nn.Module]]:
    """Returns the generators and the discriminators of a training by name, without memory for their weights."""
    # On the meta device nothing is drawn from a training's random generator.
    with torch.device("meta"), _Unfilled():
        if settings.translates:
            return build_networks(settings, channels)
        G, D = build_pair(settings, channels, Conditions.of(settings, classes))
    return {"G": G}, {"D": D}


def _first(tensor: Tensor, *_: Any, **__: Any) -> Tensor:
    return tensor


def _column(matrix: Tensor, *_: Any) -> Tensor:
    return matrix[:, 0]


def _element(vector: Tensor, *_: Any) -> Tensor:
    return vector[0]


class _Unfilled(TorchFunctionMode):
    """Skips the arithmetic of initial weights on meta tensors, for which torch would import a thousand modules."""

    RESULTS: Mapping[Callable[..., Any], Callable[..., Tensor]] = {
        torch.Tensor.normal_: _first,
        torch.Tensor.uniform_: _first,
        torch.Tensor.div: _first,
        torch.Tensor.mul: _first,
        normalize: _first,
        torch.mv: _column,
        torch.vdot: _element,
        torch.randn: torch.empty,
    }
    """Functions whose results have the type and shape of the original's."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Collection[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        function: Callable[..., Any] = self.RESULTS.get(func, func)
        return function(*args, **kwargs)
