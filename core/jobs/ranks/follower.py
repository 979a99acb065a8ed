"""Follower: a rank that does what the first one says, from reading the images to the end of the training.

The first rank runs the ordinary `TrainingJob`: it records, evaluates, is edited and decides. A follower has the same
networks, takes its rows of each batch, and writes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from core.checkpoint import Checkpoint, Meta
from core.concurrency import run_to_end
from core.config.settings import Settings
from core.data.dataset import Dataset
from core.data.names import quoted
from core.data.prepare import prepare
from core.devices import use
from core.distributed.ranks import LostRankError, Order, Ranks, meeting
from core.errors import UserError
from core.events import Tuned
from core.jobs.interruption import Interruption
from core.jobs.trainer import trainer_for
from core.language import _
from core.training.loop import TrainingLoop

LOST, FAILED = 3, 2
"""Exit codes of a process that the first rank has started: another rank was lost, or this one failed."""


def follow(ranks: Ranks, tells: bool = True) -> int:
    """Follows the first rank until it ends the training; returns the exit code of the process.

    A signal does not end this rank alone: the first one is told if `tells`, saves, and ends all. Raises `UserError`,
    and `LostRankError` if another rank is lost.
    """
    with Interruption() as interruption:

        def next_order() -> tuple[Order, dict[str, Tensor]]:
            return ranks.follow(interruption.number if tells else 0)

        order, _tensors = next_order()
        if order["do"] == "prepare":
            source, settings = order["source"], Settings.model_validate(order["settings"])
            use(ranks.device_name(settings.device))
            if ranks.local == 0:  # one process of each machine prepares
                run_to_end(prepare(source, settings.preparation))
            order, tensors = next_order()
            if order["do"] == "build":
                dataset = run_to_end(prepare(source, settings.preparation))
                _train(_built(order, tensors, dataset, ranks), next_order)
        return interruption.exit_code if interruption else 0


def _built(order: Order, tensors: dict[str, Tensor], dataset: Dataset, ranks: Ranks) -> TrainingLoop:
    """Builds the trainer that the first rank has built, on its own device and images."""
    if dataset.fingerprint != order["fingerprint"]:
        raise UserError(
            _("The images of {name} are others in this process than in the first one.").format(
                name=quoted(dataset.title)
            ),
            _("Give all machines the same images, such as on a shared drive."),
        )
    if "labels" in tensors:
        dataset = replace(dataset, labels=tensors["labels"].numpy(), classes=tuple(order["classes"]))
    settings = Settings.model_validate(order["settings"])
    trainer = trainer_for(settings, dataset, Tuned(**order["tuned"]), signals=False, ranks=ranks)
    ranks.connect(trainer.device)
    return trainer


def _train(trainer: TrainingLoop, next_order: Callable[[], tuple[Order, dict[str, Tensor]]]) -> None:
    with trainer.running():
        while True:
            order, tensors = next_order()
            if order.get("do") == "end":
                return
            _obey(trainer, order, tensors)


def _obey(trainer: TrainingLoop, order: Order, tensors: dict[str, Tensor]) -> None:
    match order:
        case {"do": "rewind", "meta": meta}:
            trainer.rewind(Checkpoint(Meta.model_validate(meta), tensors))
        case {"do": "edit", "settings": settings}:
            trainer.edit(Settings.model_validate(settings))
        case {"do": "update_discriminator"}:
            trainer.update_discriminator()
        case {"do": "update_generator"}:
            trainer.update_generator()
        case {"do": "wait"}:
            pass
        case _step:
            for _event in trainer.advance():
                pass


def main(file: Path, count: int, own: int) -> int:
    """Follows the first of `count` ranks, which has started this process as number `own` and meets it at a file.

    Returns the exit code. The last line on stderr says why it failed.
    """
    store = meeting(file, count)
    store.set(arrival(own), "")
    ranks = Ranks(count, own, own)
    try:
        with closing(ranks):
            ranks.meet(store)
            follow(ranks, tells=False)  # the first rank gets the signals of the program itself
    except UserError as problem:
        print(problem.details, problem, sep="\n", file=sys.stderr)
        return LOST if isinstance(problem, LostRankError) else FAILED
    return 0


def arrival(own: int) -> str:
    """Returns the key in the store of the meeting by which a rank says that it has arrived."""
    return f"arrival:{own}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
