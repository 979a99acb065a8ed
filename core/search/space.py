"""Search space: the settings that may vary, with their ranges, and those that a training suggests. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.config.applies import applies
from core.config.fields import title_of
from core.config.settings import Settings
from core.errors import UserError
from core.language import _, listed
from core.presets import all_presets, preset

RATE, PENALTY = 4.0, 10.0
"""Factors from the values of settings and preset to the ends of the ranges of rates, and to those of the R1 weight."""
USUAL_R1 = 1.0
"""Middle of the range of the R1 weight where the settings have none."""
CHECKED = 4
"""Number of settings that vary unless the user chooses others."""
FIRST = ("lr_g", "lr_d", "augment", "r1", "width", "batch")
"""Settings that a search can vary, the most promising first."""


class Variation(BaseModel):
    """Setting that may vary: a number from `low` to `high`, evenly in the logarithm if `log`; or one of `choices`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[int | str, ...] = ()

    @property
    def title(self) -> str:
        """Title of the setting."""
        return title_of(self.name)

    def clipped(self, value: Any) -> Any:
        """Returns the value nearest to `value` in the range; the first choice for none of the choices."""
        if self.choices:
            return value if value in self.choices else self.choices[0]
        return min(max(float(value), self.low), self.high)


def suggested(settings: Settings, hints: Iterable[str] = ()) -> list[Variation]:
    """Returns the settings that a search can vary, with ranges around those of a training. The first `CHECKED` are the
    most promising.

    `hints`: names of settings to vary first, such as those that remedies of the diagnosis change.
    """
    wanted = dict.fromkeys((*(name for name in hints if name in FIRST), *FIRST))
    found = (_variation(name, settings) for name in wanted)
    return [variation for variation in found if variation is not None]


def chosen(settings: Settings, texts: Iterable[str]) -> list[Variation]:
    """Returns the settings named by `texts`: a name, or with its range as in `lr_g=1e-5:1e-3` or `batch=16/32`.

    Raises `UserError` for names and ranges that cannot vary.
    """
    possible = {variation.name: variation for variation in suggested(settings)}
    found: dict[str, Variation] = {}
    for text in texts:
        name, _sign, span = text.strip().partition("=")
        if name not in possible:
            what = _("The setting {name!r} cannot vary in this search.").format(name=name)
            raise UserError(what, _("Choose from {names}.").format(names=listed(possible)))
        found[name] = _ranged(settings, possible[name], span) if span else possible[name]
    if not found:
        raise UserError(_("No setting varies."), _("Choose from {names}.").format(names=listed(possible)))
    return list(found.values())


def _ranged(settings: Settings, usual: Variation, span: str) -> Variation:
    """Returns the variation with another range. Raises `UserError` if it is invalid."""
    if usual.choices:
        ends: Sequence[Any] = [getattr(settings.changed(**{usual.name: each}), usual.name) for each in span.split("/")]
        return usual.model_copy(update={"choices": tuple(dict.fromkeys(ends))})
    try:
        low, high = map(float, span.split(":"))
    except ValueError:
        low = high = math.nan
    if not 0 < low < high < math.inf:
        what = _("The range {span!r} of {name} is invalid.").format(span=span, name=usual.name)
        raise UserError(what, _("Give the lowest and the highest value, as in {name}=0.1:10.").format(name=usual.name))
    for end in (low, high):
        settings.changed(**{usual.name: end})
    return usual.model_copy(update={"low": low, "high": high})


def _variation(name: str, settings: Settings) -> Variation | None:
    value = getattr(settings, name)
    match name:
        case "lr_g" | "lr_d":
            usual = getattr(preset(settings.preset).apply(), name) if settings.preset in all_presets() else value
            low, high = min(value, usual) / RATE, min(max(value, usual) * RATE, 1.0)
            return Variation(name=name, low=low, high=high, log=True)
        case "r1":
            middle = value or USUAL_R1
            ends = middle / PENALTY, middle * PENALTY
            is_possible = all(_allowed(settings, name, ends))
            return Variation(name=name, low=ends[0], high=ends[1], log=True) if is_possible else None
        case "augment":
            candidates: tuple[int | str, ...] = "none", "diffaug", "ada"
        case _:
            candidates = value // 2, value, value * 2
    choices = [each for each, valid in zip(candidates, _allowed(settings, name, candidates), strict=True) if valid]
    return Variation(name=name, choices=tuple(choices)) if len(choices) > 1 else None


def _allowed(settings: Settings, name: str, values: Iterable[Any]) -> Iterator[bool]:
    """Yields whether each value is valid with the other settings and has an effect."""
    for value in values:
        try:
            yield applies(name, settings.changed(**{name: value}))
        except UserError:
            yield False


def is_searchable(settings: Settings) -> bool:
    """Returns whether trainings with these settings can be compared by KID."""
    return not settings.points and not settings.translates and settings.preset in all_presets()
