"""Ranks: the processes that train together, one for each device, as torchrun or the first of them starts them.

The first one leads: it says what all do next, and the others follow. What it says, and tensors on the CPU, travel by
gloo; tensors on GPUs by the library of their maker, such as NCCL.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config.constraints import refuse_shares
from core.config.devices import device_names
from core.devices import resolve
from core.devices.memory import is_out_of_memory
from core.errors import UserError
from core.language import _, plural

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.distributed import ProcessGroup, Store  # type: ignore[attr-defined]

    from core.config.settings import Settings
    from core.events import Progress

IDLE = timedelta(days=7)
"""Time for which a rank waits for the next word of the first one, which may be paused. A process that ends is noticed
at once."""
PATIENCE = timedelta(seconds=25)
"""Time for which a GPU waits within a step for the others, which all began it at the same time: libraries of GPUs do
not notice a process that ends."""
KINDS = ("cpu", "cuda", "xpu")
"""Kinds of devices on which several ranks can train."""
_STEP = 0
"""Word for the next step, which needs no text."""

Order = Mapping[str, Any]
"""Message of the first rank: `do` and its arguments. Empty for a step."""
_FACTS = (("WORLD_SIZE", "1"), ("RANK", "0"), ("LOCAL_RANK", "0"))


class LostRankError(UserError):
    """Raised if another rank ended, failed or does not answer."""


class Ranks:
    """The ranks of a training, and this process's place among them.

    `count`: their number; `own`: number of this one, 0 for the first; `local`: its number on its machine.
    """

    def __init__(self, count: int = 1, own: int = 0, local: int = 0) -> None:
        """Describes ranks without any connection: enough for a single one."""
        self.count, self.own, self.local = count, own, local
        self._words: ProcessGroup | None = None
        self._tensors: ProcessGroup | None = None
        self._told = False

    @classmethod
    def launched(cls) -> Ranks:
        """Returns the ranks that torchrun's environment describes; a single one without it."""
        facts = (int(os.environ.get(name, start)) for name, start in _FACTS)
        return cls(*facts)

    @property
    def leads(self) -> bool:
        """True for the first rank."""
        return self.own == 0

    @property
    def is_restarted(self) -> bool:
        """True if torchrun has started this launch again, after a rank was lost."""
        return _restarts() > 0

    @property
    def can_restart(self) -> bool:
        """True if torchrun starts this launch again when a rank is lost."""
        return int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0

    @property
    def several(self) -> bool:
        """True if there are others."""
        return self.count > 1

    def rows(self, batch: int) -> slice:
        """Returns which rows of a batch belong to this rank."""
        share = batch // self.count
        return slice(self.own * share, (self.own + 1) * share)

    def device_name(self, setting: str) -> str:
        """Returns the device of this rank for a setting: each rank of a machine has a GPU of its own.

        Raises `UserError` if a device does not exist, and for those that cannot train together.
        """
        if not self.several:
            return setting
        names = device_names(setting)
        devices = [resolve(name) for name in names]
        kind = devices[0].type
        if kind not in KINDS:
            raise UserError(
                _("Several processes cannot train together on the device {device}.").format(device=kind),
                _("Choose the device cpu, or start one process."),
            )
        if len(names) == 1:
            return kind if kind == "cpu" else f"{kind}:{self.local}"
        if any(device.type != kind for device in devices) or (kind != "cpu" and len({*devices}) < len(devices)):
            raise UserError(
                _("The devices {devices} cannot train together.").format(devices=setting),
                _("Choose different GPUs of one kind."),
            )
        if self.local >= len(names):
            raise UserError(
                plural("The setting names {count} device.", "The setting names {count} devices.", len(names)),
                _("Name as many devices as processes are started on this machine, or choose auto."),
            )
        return str(devices[self.local])

    def refuse_batch(self, batch: int) -> None:
        """Raises `UserError` for a batch that the ranks cannot share equally."""
        refuse_shares(batch, self.count)

    def share(self, settings: Settings) -> Settings:
        """Returns settings with this rank's device and the size of its part of a batch, at least 2."""
        if not self.several:
            return settings
        device = self.device_name(settings.device)
        return settings.changed(batch=max(settings.batch // self.count, 2), device=device)

    def gather(self) -> Generator[Progress, None, None]:
        """Starts the other ranks if this process has to, and connects them."""
        yield from ()

    def meet(self, store: Store | None = None) -> None:
        """Connects the ranks. `store`: where they meet; None for that of torchrun. Raises `LostRankError`."""
        if self.several:
            import torch.distributed as dist

            with self._noticing():
                store = self._launched_store() if store is None else store
                dist.init_process_group("gloo", store=store, world_size=self.count, rank=self.own, timeout=IDLE)
            self._words = dist.group.WORLD

    def _launched_store(self) -> Store:
        from torch.distributed.distributed_c10d import PrefixStore
        from torch.distributed.rendezvous import rendezvous

        store, _own, _count = next(rendezvous("env://", self.own, self.count, timeout=IDLE))
        # torchrun's store outlives the ranks, and still has the addresses of those before a restart.
        return PrefixStore(f"attempt {_restarts()}", store)

    def connect(self, device: torch.device) -> None:
        """Connects the devices; all ranks call it at the same time. Raises `LostRankError`."""
        if self.several:
            import torch
            import torch.distributed as dist

            if device.type == "cuda":  # a rank that is lost must not end the others before they have saved
                os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2")
            with self._noticing():
                dist.barrier(self._words)  # some take longer to build their networks
                backend = dist.get_default_backend_for_device(device)
                if not dist.is_backend_available(backend):  # such as NCCL on Windows
                    backend = "gloo"
                group = dist.new_group(backend=backend, timeout=PATIENCE if backend != "gloo" else IDLE)
            assert isinstance(group, dist.ProcessGroup)
            self._tensors = group
            self.add_up(torch.zeros(1, device=device))  # the first sum connects the GPUs, which takes seconds

    def close(self) -> None:
        """Ends the connections; the first rank ends the others first."""
        if self._words is None:
            return
        import torch.distributed as dist

        with suppress(LostRankError):
            self.lead({"do": "end"})
        self._words = self._tensors = None
        dist.destroy_process_group()

    def add_up(self, tensor: Tensor) -> Tensor:
        """Replaces a contiguous tensor by the sum of those of all ranks; returns it. Raises `LostRankError`."""
        import torch.distributed as dist

        with self._noticing():
            dist.all_reduce(tensor, group=self._tensors)
        return tensor

    def lead(self, order: Order | None = None, tensors: Mapping[str, Tensor] | None = None) -> None:
        """Says what all do next: a step, or an order, perhaps with tensors. Does nothing in a rank that follows, and
        without others. Raises `LostRankError`."""
        import torch

        if not self.several or not self.leads:
            return
        if order is None:
            self._agree(_STEP)
            return
        tensors = tensors or {}
        shapes = [(name, str(value.dtype).removeprefix("torch."), [*value.shape]) for name, value in tensors.items()]
        text = json.dumps({**order, "tensors": shapes}).encode()
        self._agree(len(text))
        self._send(_bytes(text))
        for value in tensors.values():
            self._send(value.detach().cpu().contiguous().flatten().view(torch.uint8))

    def follow(self, received: int) -> tuple[Order, dict[str, Tensor]]:
        """Waits for the first rank; returns what it says, and its tensors. Raises `LostRankError`.

        `received`: signal that this process has received, or 0.
        """
        import torch

        length = self._agree(_STEP, received)
        if length == _STEP:
            return {}, {}
        order = json.loads(bytes(self._send(torch.empty(length, dtype=torch.uint8)).numpy()))
        tensors = {}
        for name, kind, shape in order.pop("tensors"):
            value = torch.empty(shape, dtype=getattr(torch, kind))
            self._send(value.flatten().view(torch.uint8))
            tensors[name] = value
        return order, tensors

    def _agree(self, word: int, received: int = 0) -> int:
        """Returns the first rank's word to all. A signal that one of the others has received is raised in the first."""
        import torch
        import torch.distributed as dist

        agreed = torch.tensor([word, received])
        with self._noticing():
            dist.all_reduce(agreed, dist.ReduceOp.MAX, self._words)
        word, told = agreed.tolist()
        if told and self.leads and not self._told:
            signal.raise_signal(told)  # as if this process had received it: it saves, and ends all
            self._told = True
        return int(word)

    def _send(self, tensor: Tensor) -> Tensor:
        """Sends a tensor of bytes from the first rank to all, in place; returns it."""
        import torch.distributed as dist

        if tensor.numel():
            with self._noticing():
                dist.broadcast(tensor, 0, self._words)
        return tensor

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Turns errors of connections into `LostRankError`."""
        from torch.distributed import DistError

        try:
            yield
        except (DistError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise
            raise self.lost(str(error)) from error

    def lost(self, details: str) -> LostRankError:
        """Returns the error to raise when another rank is lost. `details`: technical cause."""
        what = _("The connection to another process of this training is lost.")
        return LostRankError(what, _("See what that process says, and continue from the newest checkpoint."), details)


def meeting(file: Path, count: int) -> Store:
    """Returns the store in a file at which ranks of one machine meet. `count`: their number."""
    from torch.distributed import FileStore  # type: ignore[attr-defined]

    return FileStore(str(file), count)


def _restarts() -> int:
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))


def _bytes(text: bytes) -> Tensor:
    import torch

    return torch.frombuffer(bytearray(text), dtype=torch.uint8)


ALONE = Ranks()
"""The only rank of an ordinary training."""
