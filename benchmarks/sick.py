"""`make bench-sick`: trainings with deliberate faults: findings, their time, and effect of the suggested remedies."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import alone, modes  # noqa: E402  # the path first
from benchmarks.features import Moments, frechet  # noqa: E402
from benchmarks.patients import SICK, WELL, Patient  # noqa: E402
from core.checkpoint import Checkpoint  # noqa: E402
from core.concurrency import run_to_end  # noqa: E402
from core.config.preparation import Preparation  # noqa: E402
from core.config.settings import Settings  # noqa: E402
from core.data.prepare import prepare  # noqa: E402
from core.diagnosis import diagnose  # noqa: E402
from core.diagnosis.case import Diagnosis, RunFacts  # noqa: E402
from core.diagnosis.report_history import ReportHistory  # noqa: E402
from core.events import Edited, Event, Report, Rewound  # noqa: E402
from core.generator_inputs import GeneratorInputs, seed_latent  # noqa: E402
from core.jobs.divergence_recovery import DivergenceRecovery  # noqa: E402
from core.models.conditioning import to_tensors  # noqa: E402
from core.runs.run import Run  # noqa: E402
from core.trainer import Trainer  # noqa: E402

MADE = 1000
"""Number of generated images, and of real images for comparison."""
DIAGNOSED = re.compile("(Loss|Signal)(/[^/]+){1,2}")
"""Keys of the reports, without keys by layer and quantiles."""
LAST = 5
"""Number of last values of a signal for the median."""


class Watched:
    """Training that is diagnosed at every report."""

    def __init__(self, patient: Patient, before: Watched | None = None) -> None:
        """`before`: training to continue from its present state, with its reports."""
        self.trainer = patient.begin(before.checkpoint() if before else None)
        self.reports: list[Report] = list(before.reports) if before else []
        self.history = ReportHistory.of(self.reports)
        self.edits: list[Edited] = list(before.edits) if before else []
        self.rewinds: list[int] = list(before.rewinds) if before else []

    def findings(self, seconds: float) -> Iterator[tuple[Diagnosis, ...]]:
        """Yields the findings at each report during `seconds` of further CPU time."""
        over = alone.budget(seconds)
        with TemporaryDirectory() as place:
            run = Run.begin(Path(place, "run"), self.trainer)
            with closing(DivergenceRecovery(self.trainer, run, lambda: self.train(run)).events()) as events:
                for event in events:
                    if isinstance(event, Edited):
                        self.edits.append(event)
                    if isinstance(event, Rewound):
                        self.rewinds.append(event.step)
                    if isinstance(event, Report):
                        self.reports.append(event)
                        self.history.append(event)
                        yield self.found()
                    if over():
                        return

    def train(self, run: Run) -> Generator[Event, None, None]:
        return run.record(self.trainer, self.trainer.events())

    def found(self) -> tuple[Diagnosis, ...]:
        images = len(self.trainer.dataset.images) - len(self.trainer.held)
        return diagnose(self.history, self.trainer.settings, RunFacts(images, tuple(self.edits), tuple(self.rewinds)))

    def edit(self, settings: Settings) -> Edited:
        self.edits.append(self.trainer.edit(settings))
        return self.edits[-1]

    def checkpoint(self) -> Checkpoint:
        tensors = {name: tensor.clone() for name, tensor in self.trainer.state().items()}
        return Checkpoint(self.trainer.meta(), tensors)

    def state(self, evidence: tuple[str, ...]) -> dict[str, Any]:
        """Returns the kinds of findings, medians of the last values of the evidence, and quality: Frechet distance
        to real images in the features of the digits classifier, and the number of different digits."""
        values = {key: [report.stats[key] for report in self.reports if key in report.stats] for key in evidence}
        images = _made(self.trainer)
        features, classes = _classified(images)
        return {
            "kinds": [found.kind for found in self.found()],
            "evidence": {key: float(np.median(of[-LAST:])) for key, of in values.items() if of},
            "distance": frechet(Moments.of(features), _real(images.shape[2])),
            "digits": int((classes.bincount(minlength=10) >= MADE / 100).sum()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*SICK, *WELL], help=", ".join((*SICK, *WELL)))
    parser.add_argument("--seconds", type=float, default=120, help="of processor time that finding may take")
    parser.add_argument("--cure", type=float, default=15, help="of processor time that a cure is given, at least")
    parser.add_argument("--remedy", type=int, default=1, help="which of those that are offered is applied")
    parser.add_argument("--keep", type=Path, help="folder for the reports of each training")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.names:
        print(json.dumps({name: _sick(name, options) if name in SICK else _well(name, options)}, indent=1), flush=True)


def _sick(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Returns when the fault is found, and the result after continuing as long with and without the remedy."""
    patient = SICK[name]
    watched, begun = Watched(patient), process_time()
    named = next((found for found in watched.findings(options.seconds) if _naming(found, patient)), ())
    _keep(watched, options, name)
    first = _naming(named, patient)
    if not first:
        return {"found": None, "else": [found.sentence for found in watched.found()]}
    spent = process_time() - begun
    told: dict[str, Any] = {
        "what": patient.what,
        "seconds": spent,
        "step": watched.trainer.step,
        "found": [f"{found.kind}: {found.sentence}" for found in named],
        "offered": [remedy.text for remedy in first.remedies],
        "then": watched.state(first.evidence),
    }
    longer = max(spent, options.cure)
    for how, cured in (("left alone", False), ("treated", True)):
        anew = next((remedy for remedy in first.remedies[: options.remedy][-1:] if remedy.anew and cured), None)
        after = Watched(patient.treated(anew.changes)) if anew else Watched(patient, watched)
        for found in after.findings(longer):
            if cured and (illness := _naming(found, patient)) and illness.remedies:
                chosen = illness.remedies[: options.remedy][-1]
                if chosen.anew:
                    continue  # it has been done
                after.edit(after.trainer.settings.changed(**chosen.changes))
        _keep(after, options, f"{name} {how}")
        told[how] = after.state(first.evidence)
        told[how]["anew"] = dict(anew.changes) if anew else None
        told[how]["edits"] = [[edit.step, dict(edit.changes)] for edit in after.edits]
    return told


def _well(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Returns all findings in two minutes of a healthy training, and the final ones."""
    watched = Watched(WELL[name])
    alarms = {
        f"{one.kind}: {one.sentence}"
        for found in watched.findings(options.seconds)
        for one in found
        if one.severity != "good"
    }
    _keep(watched, options, name)
    return {"step": watched.trainer.step, "alarms": sorted(alarms), "end": [one.sentence for one in watched.found()]}


def _naming(found: tuple[Diagnosis, ...], patient: Patient) -> Diagnosis | None:
    """Returns the finding that identifies the fault, or None."""
    return next((one for one in found if one.kind in patient.kinds), None)


def _keep(watched: Watched, options: argparse.Namespace, name: str) -> None:
    """Writes the input of the diagnosis in the format of the tests' report histories: settings and facts, then a line
    for each report with step, images, seconds and values of the keys."""
    if not options.keep:
        return
    settings, images = watched.trainer.settings, len(watched.trainer.dataset.images) - len(watched.trainer.held)
    keys = sorted({key for report in watched.reports for key in report.stats if DIAGNOSED.fullmatch(key)})
    head = {"settings": settings.model_dump(), "images": images, "rewinds": watched.rewinds, "keys": keys}
    lines = [
        [one.step, one.images, _short(one.seconds), *(_short(one.stats.get(k)) for k in keys)]
        for one in watched.reports
    ]
    options.keep.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (head, *lines))
    (options.keep / f"{name}.jsonl").write_text(text, "utf-8")


def _short(value: float | None) -> float | None:
    """Rounds to four digits."""
    return None if value is None else float(f"{value:.4g}")


@torch.inference_mode()
def _made(trainer: Trainer) -> Tensor:
    """Returns images of the first seeds by the EMA generator, NCHW in [-1, 1]."""
    z = np.stack([seed_latent(seed, trainer.settings.latent_dim) for seed in range(MADE)])
    none = np.zeros((MADE, 0), np.float32)
    parts = zip(
        *(whole.split(100) for whole in to_tensors(GeneratorInputs(z, none, none), trainer.device)), strict=True
    )
    return torch.cat([trainer.G_ema(GeneratorInputs(*part)) for part in parts])


def _classified(images: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the last features of the classifier (N, 64), float64, and the predicted digits (N,)."""
    network = modes.classifier(images.shape[2])
    assert isinstance(network, torch.nn.Sequential)
    with torch.inference_mode():
        features = network[:-1](images)
        return features.double(), network[-1](features).argmax(1)


@cache
def _real(side: int) -> Moments:
    dataset = run_to_end(prepare("sample:digits", Preparation((side, side))))
    features, _ = _classified(torch.from_numpy(np.array(dataset.images[:MADE])).float().div(127.5).sub(1.0))
    return Moments.of(features)


if __name__ == "__main__":
    main()
