"""Health checks of a dataset with two sides: which images form pairs, and whether these fit together."""

from __future__ import annotations

import numpy as np

from core.config.preparation import Preparation
from core.data.dataset import Dataset
from core.data.health.findings import MANY, MOST_REASONS, HealthFinding, Remedy, RowNumbers, severity_of
from core.data.items import listed
from core.data.names import quoted
from core.data.sides import two_sources
from core.data.sides.likeness import Likeness, likeness
from core.data.sides.pairing import Pairing, pairing
from core.language import _, plural, sentences

FEW = 10
"""Pairs below which a generator learns them by heart."""
TWICE_AS_WIDE = (1.98, 2.02)
"""Range of the aspect ratio of images that may hold two square ones side by side; maps of 600 px are not exact."""
SHOWN = 20
"""Pairs that a finding shows side by side at most."""


HALVES = (
    Remedy(_("Input left"), {"side_by_side": "left"}),
    Remedy(_("Input right"), {"side_by_side": "right"}),
)
"""Remedies for files that hold two images."""


def examined_pairs(dataset: Dataset, how: Preparation) -> tuple[list[HealthFinding], list[RowNumbers]]:
    """Returns the findings about sides and pairs, and the parts of the dataset in which there may be duplicates: the
    two images of a pair may well be alike, such as a noisy and a clean one."""
    found, whole = pairing(dataset), [np.arange(len(dataset.images))]
    if found is None:
        return halves(dataset), whole
    alike = likeness(dataset, found.pairs)
    if found.by_class and (alike is None or alike.is_chance):  # two kinds of images, such as cats and dogs
        return [], whole
    are_pairs = len(found.pairs.inputs) and not (alike and alike.is_chance)
    parts = [found.sides.inputs, found.sides.targets] if are_pairs else whole
    are_cut = how.side_by_side != "no" and not two_sources.opens(dataset.source)
    cut = HealthFinding("halves", "good", _("Each file is cut into an input and its target."), remedies=HALVES)
    return [*_findings(dataset, how, found, alike), *([cut] if are_cut else [])], parts


def pair_warnings(dataset: Dataset, how: Preparation) -> list[HealthFinding]:
    """Returns the warnings about the pairs of a dataset that is used as pairs, whatever its sides are called."""
    found = pairing(dataset)
    findings = [] if found is None else _findings(dataset, how, found, likeness(dataset, found.pairs))
    return [finding for finding in findings if finding.severity == "warning"]


def _findings(dataset: Dataset, how: Preparation, found: Pairing, alike: Likeness | None) -> list[HealthFinding]:
    return [matches(dataset, found), *few(found), *shapes(dataset, found, how), *unlike(found, alike)]


def halves(dataset: Dataset) -> list[HealthFinding]:
    """Returns a finding about images that may hold an input and its target side by side; empty unless nearly all are
    twice as wide as high."""
    table = dataset.records.table
    aspects = table["width"] / table["height"]
    low, high = TWICE_AS_WIDE
    wide = int(np.count_nonzero((aspects >= low) & (aspects <= high)))
    if len(table) - wide >= MANY * len(table):
        return []
    text = plural(
        "{count} image is twice as wide as high. It may hold an input and its target side by side.",
        "{count} images are twice as wide as high. They may hold an input and its target side by side.",
        wide,
    )
    advice = _("If so, set Side by side to the place of the input.")
    return [HealthFinding("halves", "note", text, advice, remedies=HALVES)]


def matches(dataset: Dataset, found: Pairing) -> HealthFinding:
    """Returns the finding about pairs, images without a partner, and doubled names."""
    count = len(found.pairs.inputs)
    if not count:
        inputs = plural("{count} input", "{count} inputs", len(found.sides.inputs))
        targets = plural("{count} target", "{count} targets", len(found.sides.targets))
        text = _("{inputs} and {targets}, without pairs.").format(inputs=inputs, targets=targets)
        return HealthFinding("pairs", "good", text)
    told = plural("{count} pair of input and target.", "{count} pairs of input and target.", count)
    alone = found.alone.rows()
    if not len(alone) and not len(found.doubled):
        return HealthFinding("pairs", "good", told)
    problems = []
    if len(alone):
        names = _named(dataset, alone)
        problems.append(
            plural(
                "{count} image has no partner ({names}).",
                "{count} images have no partner ({names}).",
                len(alone),
                names=names,
            )
        )
    if len(found.doubled):
        names = _named(dataset, found.doubled)
        problems.append(
            plural(
                "{count} image has the same name as others of its side ({names}).",
                "{count} images have the same name as others of their side ({names}).",
                len(found.doubled),
                names=names,
            )
        )
    return HealthFinding(
        "pairs",
        severity_of(len(alone) + len(found.doubled), len(found.sides.rows())),
        sentences(told, *problems),
        _("Training on pairs works without these images. Add the missing ones, or give each pair a name of its own."),
        tuple(rows for rows in (alone, found.doubled) if len(rows)),
    )


def few(found: Pairing) -> list[HealthFinding]:
    """Returns a finding about fewer than `FEW` pairs; empty if there are none or more."""
    count = len(found.pairs.inputs)
    if not 0 < count < FEW:
        return []
    text = plural(
        "Only {count} pair: the generator will learn it by heart.",
        "Only {count} pairs: the generator will learn them by heart.",
        count,
    )
    return [HealthFinding("few_pairs", "warning", text, _("Add pairs: some hundred give usable results."))]


def shapes(dataset: Dataset, found: Pairing, how: Preparation) -> list[HealthFinding]:
    """Returns a finding about pairs whose originals differ in size or proportions; empty if none does."""
    count, others = len(found.pairs.inputs), found.other_shapes(dataset)
    if len(others) and how.fit != "stretch":
        first = int(others[0])
        text = plural(
            "{count} of {pairs} has images of different proportions, such as {input} and {target}. Fitting cuts them "
            "differently.",
            "{count} of {pairs} have images of different proportions, such as {input} and {target}. Fitting cuts them "
            "differently.",
            len(others),
            pairs=_pairs(count),
            input=_size(dataset, found.pairs.inputs[first]),
            target=_size(dataset, found.pairs.targets[first]),
        )
        remedy = _("If they show the same, crop them alike yourself, or stretch them.")
        stretch = Remedy(_("Stretch"), {"fit": "stretch"})
        severity = severity_of(len(others), count)
        return [HealthFinding("other_shapes", severity, text, remedy, _beside(found, others), remedies=(stretch,))]
    others = found.other_sizes(dataset)
    if not len(others):
        return []
    first = int(others[0])
    text = plural(
        "{count} of {pairs} has images of different sizes, such as {input} and {target}. Both are resized to {size}.",
        "{count} of {pairs} have images of different sizes, such as {input} and {target}. Both are resized to {size}.",
        len(others),
        pairs=_pairs(count),
        input=_size(dataset, found.pairs.inputs[first]),
        target=_size(dataset, found.pairs.targets[first]),
        size="{} x {} px".format(*dataset.size),
    )
    remedy = _("To learn to enlarge, open the larger images alone and choose the task Enlarge.")
    return [HealthFinding("other_shapes", "note", text, remedy, _beside(found, others))]


def unlike(found: Pairing, alike: Likeness | None) -> list[HealthFinding]:
    """Returns a finding about pairs that are no more alike than shuffled ones; empty if they are, or are few."""
    if alike is None or not alike.is_chance:
        return []
    text = plural(
        "Are these pairs? The images of {count} pair are no more alike than those of different pairs.",
        "Are these pairs? The images of {count} pairs are no more alike than those of different pairs.",
        len(found.pairs.inputs),
    )
    remedy = _(
        "Look at some side by side. If they do not belong together, correct their names or choose the task Unpaired."
    )
    return [HealthFinding("unlike_pairs", "warning", text, remedy, _beside(found, alike.places))]


def _beside(found: Pairing, places: RowNumbers) -> tuple[RowNumbers, ...]:
    """Returns the rows of the first pairs at these places, each as a group of input and target."""
    chosen = places[:SHOWN]
    return tuple(np.stack([found.pairs.inputs[chosen], found.pairs.targets[chosen]], 1))


def _named(dataset: Dataset, rows: RowNumbers) -> str:
    return listed([quoted(dataset.records.name(int(row))) for row in rows], MOST_REASONS)


def _pairs(count: int) -> str:
    return plural("{count} pair", "{count} pairs", count)


def _size(dataset: Dataset, row: int) -> str:
    record = dataset.records.table[row]
    return f"{record['width']} x {record['height']}"
