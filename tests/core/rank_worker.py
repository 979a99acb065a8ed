"""One of several processes that train in double precision, alone and together.

`python -m tests.core.rank_worker FOLDER OWN COUNT:CASES ...`: for each number of ranks and each case, the first rank
writes the gradients of the first step and the weights after some steps to `FOLDER/CASE.COUNT.pt`. The case "resumed"
continues a checkpoint of the first of these numbers of ranks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

from core.checkpoint import Checkpoint, Meta
from core.config.settings import Settings
from core.distributed.ranks import Ranks, meeting
from core.jobs.trainer import trainer_for
from core.training.loop import TrainingLoop
from tests.core.tiny import FIXED, dataset_for, tiny_settings, tiny_translation

STEPS = 10
CASES = {
    "dcgan": tiny_settings("dcgan"),
    "gan": tiny_settings("gan"),  # dropout
    "wgan_gp": tiny_settings("wgan_gp", d_steps=2),
    "r3gan": tiny_settings("r3gan"),
    "stylegan2_ada": tiny_settings("stylegan2_ada", r1=1.0, penalty_interval=2, instance_noise=0.1),
    "infogan": tiny_settings("infogan"),
    "cgan": tiny_settings("cgan"),
    "auxiliary": tiny_settings("studio", condition="auxiliary", augment="diffaug"),
    "sngan": tiny_settings("sngan", d_steps=2, condition="projection"),
    "relativistic": tiny_settings("studio", network="smooth", d_norm="batch", loss="relativistic_average", mirror=True),
    "paired": tiny_translation("pix2pix", task="denoise"),
    "cycle": tiny_translation("cyclegan", batch=8),
    "repair": tiny_translation("repair"),
    "resumed": tiny_translation("repair", augment="ada"),
}
"""Settings whose steps need the whole batch, each in its own way."""
RESUMED = "resumed"


def compute_in_double_precision() -> None:
    """Casts to single precision, which exact work has beside half precision, become casts to double precision."""
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    torch.set_num_threads(1)


def trained(settings: Settings, ranks: Ranks, checkpoint: Path | None, is_first: bool) -> dict[str, Tensor]:
    """Returns gradients and weights of some steps; from a checkpoint, which is made first, of the steps after it."""
    trainer = trainer_for(settings, dataset_for(settings), FIXED, signals=False, ranks=ranks)
    trainer.augment.p.fill_(0.5)
    if checkpoint and is_first:
        advance(trainer)
        if ranks.leads:
            torch.save((trainer.meta().model_dump_json(), dict(trainer.state())), checkpoint)
    if checkpoint and ranks.leads:
        meta, tensors = torch.load(checkpoint, weights_only=True)  # files of the program have no double precision
        trainer.rewind(Checkpoint(Meta.model_validate_json(meta), tensors))
    elif checkpoint:
        order, tensors = ranks.follow(0)
        trainer.rewind(Checkpoint(Meta.model_validate(order["meta"]), tensors))
    found = advance(trainer)
    networks = {"G": trainer.G, "D": trainer.D, "G_ema": trainer.G_ema}
    for name, network in networks.items():
        found |= {f"weights.{name}.{key}": value.detach().clone() for key, value in network.state_dict().items()}
    return found


def advance(trainer: TrainingLoop) -> dict[str, Tensor]:
    """Runs some steps; returns the gradients of the first one."""
    found: dict[str, Tensor] = {}
    with trainer.running():
        for _step in range(STEPS):
            if not trainer.ranks.leads:
                trainer.ranks.follow(0)
            for _event in trainer.advance():
                pass
            found = found or gradients(trainer)
    return found


def gradients(trainer: TrainingLoop) -> dict[str, Tensor]:
    """Returns the gradients of both networks in one step, each as one vector."""
    found = {}
    for name, optimizer in (("D", trainer.opt_D), ("G", trainer.opt_G)):
        parts = [weight.grad.flatten() for weight in optimizer.weights if weight.grad is not None]
        found[f"gradients.{name}"] = torch.cat(parts)
    return found


def main(folder: Path, own: int, plan: dict[int, list[str]]) -> None:
    compute_in_double_precision()
    for count, cases in plan.items():
        if own >= count:
            continue
        ranks = Ranks(count, own, own)
        ranks.meet(meeting(folder / f"meeting of {count}", count))
        ranks.connect(torch.device("cpu"))
        for case in cases:
            resumed = folder / f"{case}.pt" if case == RESUMED else None
            found = trained(CASES[case], ranks, resumed, count == next(iter(plan)))
            if ranks.leads:
                torch.save(found, folder / f"{case}.{count}.pt")
        if not ranks.leads:
            ranks.follow(0)  # the end
        ranks.close()


if __name__ == "__main__":
    groups = (group.split(":") for group in sys.argv[3:])
    main(Path(sys.argv[1]), int(sys.argv[2]), {int(count): cases.split(",") for count, cases in groups})
