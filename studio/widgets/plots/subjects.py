"""Subjects of plots: families of numbers, each with a title and its glossary term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.language import _, titled
from core.learn import topics
from core.stats.keys import COMPARED, INPUT, family, group, is_spread, meaning, measured, protocol_text, short, title

LOSSES, SCORES = "Loss/*/loss", "Score/*"
"""Default plots: losses, and how real D rates images."""
_INSTEAD = {SCORES: ("Signal/psnr", "Loss/scores/*"), "Loss/scores/*": (SCORES,)}
"""Probabilities if the loss provides them, else raw scores; PSNR for translations with targets."""
_USUAL = {LOSSES: ("Loss/D/loss", "Loss/G/loss"), SCORES: ("Score/real", "Score/fake")}
_LABELS = {
    "Loss/D/loss": _("Discriminator"),
    "Loss/G/loss": _("Generator"),
    "Score/real": _("D(x), real"),
    "Score/fake": _("D(G(z)), generated"),
    "Loss/scores/real": _("Real"),
    "Loss/scores/fake": _("Generated"),
    "Loss/D_back/loss": _("Discriminator of inputs"),
    "Loss/G/l1": _("L1"),
    "Loss/G/content": _("Content"),
    "Loss/G/cycle": _("Cycle"),
    "Loss/G/identity": _("Identity"),
    "Loss/G/contrast": _("Contrastive"),
    **{f"Signal/{name}": _("Output") for name in COMPARED},
    **{f"Signal/{name}{INPUT}": _("Input") for name in COMPARED},
}


@dataclass(frozen=True)
class Subject:
    """Numbers that share an axis. `name`: their family; `curves`: pairs of key and label; `term`: of the glossary."""

    name: str
    title: str
    group: str
    curves: tuple[tuple[str, str], ...]
    meaning: str
    term: str | None

    @classmethod
    def of(cls, keys: Sequence[str]) -> Subject:
        """Returns the subject of keys of one family."""
        metric = measured(keys[0])
        name = titled(title(keys), protocol_text(metric[1])) if metric else title(keys)
        curves = tuple((key, _LABELS.get(key, short(key))) for key in keys)
        return cls(family(keys[0]), name, group(keys[0]), curves, meaning(keys[0]), topics.of_number(keys[0]))


def subjects(keys: Sequence[str]) -> dict[str, Subject]:
    """Returns the subjects of these numbers by family, in order of first appearance, always with losses and scores.

    Numbers measured in different ways are different subjects, so that they never share an axis.
    """
    families: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        if not is_spread(key):
            families.setdefault(family(key), []).append(key)
    for name, usual in _USUAL.items():
        if families.keys().isdisjoint((name, *_INSTEAD.get(name, ()))):
            families[name] = list(usual)
    ordered = sorted(families.items(), key=lambda item: item[0] not in (LOSSES, SCORES, *_INSTEAD[SCORES]))
    return {name: Subject.of(members) for name, members in ordered}


def found(name: str, known: dict[str, Subject]) -> Subject | None:
    """Returns the known subject of a family, or its replacement."""
    return next((known[each] for each in (name, *_INSTEAD.get(name, ())) if each in known), None)
