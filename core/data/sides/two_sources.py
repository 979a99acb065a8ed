"""Two sources opened as the two sides of one dataset, under one name: "pair:photos|paintings"."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

from core.config.preparation import Preparation
from core.data.items import Picture, Skipped
from core.data.names import digest
from core.data.sides.halves import SIDES
from core.data.source import Source
from core.errors import UserError
from core.events import Progress
from core.language import _

PREFIX = "pair:"
_BETWEEN = "|"
_QUOTED = {"%": "%25", _BETWEEN: "%7C"}
"""Characters of the names of sources that would be taken for others in the name of a pair."""


def pair_name(inputs: str, targets: str) -> str:
    """Returns the name by which two sources are opened together, such as "pair:/data/photos|/data/paintings"."""
    return PREFIX + _BETWEEN.join(map(_quoted, (inputs, targets)))


def opens(source: str) -> bool:
    """Returns whether a source is the name of a pair."""
    return source.startswith(PREFIX)


def parts(source: str) -> tuple[str, str]:
    """Returns the names of inputs and targets. Raises `UserError` unless there are two sources that are no pairs."""
    names = [_plain(name) for name in source.removeprefix(PREFIX).split(_BETWEEN)]
    if len(names) != 2 or not all(names) or any(map(opens, names)):
        raise UserError(
            _("{name!r} does not name two folders.").format(name=source[:200]),
            _("Write it as {example}.").format(example=pair_name("photos", "paintings")),
        )
    return names[0], names[1]


def each(source: str) -> tuple[str, ...]:
    """Returns the names of both sources of a pair, or that of a source by itself."""
    return parts(source) if opens(source) else (source,)


def title(inputs: str, targets: str) -> str:
    """Returns the title of two sources by theirs."""
    return _("{inputs} to {targets}").format(inputs=inputs, targets=targets)


def _quoted(name: str) -> str:
    return "".join(_QUOTED.get(sign, sign) for sign in name)


def _plain(name: str) -> str:
    for sign, quoted in reversed(_QUOTED.items()):
        name = name.replace(quoted, sign)
    return name


@dataclass(frozen=True)
class TwoSources:
    """`Source` of the images of two others, whose names begin with the folders A and B."""

    inputs: Source
    targets: Source

    @property
    def name(self) -> str:
        return pair_name(self.inputs.name, self.targets.name)

    @property
    def title(self) -> str:
        return title(self.inputs.title, self.targets.title)

    @property
    def key(self) -> str:
        return digest(PREFIX, self.inputs.key, self.targets.key)

    @property
    def total(self) -> int:
        return self.inputs.total + self.targets.total

    @property
    def doing(self) -> str:
        return self.inputs.doing

    @property
    def classes(self) -> tuple[str, ...]:
        """Titles of the sources, or A and B if they are equal."""
        titles = self.inputs.title, self.targets.title
        return titles if titles[0] != titles[1] else SIDES

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(
            replace(each, name=f"{side}/{each.name}")
            for side, source in zip(SIDES, (self.inputs, self.targets), strict=True)
            for each in source.skipped
        )

    def suggest(self) -> Generator[Progress, None, int]:
        """Returns the smaller resolution of the two."""
        return min((yield from self.inputs.suggest()), (yield from self.targets.suggest()))

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        """Yields the inputs, then the targets."""
        for label, source in enumerate((self.inputs, self.targets)):
            pictures = source.read(how)
            try:
                for each in pictures:
                    yield _of_side(label, each)
            finally:
                if isinstance(pictures, Generator):
                    pictures.close()  # ends its threads now, not at garbage collection


def _of_side(label: int, item: Picture | Skipped | None) -> Picture | Skipped | None:
    if item is None:
        return None
    name = f"{SIDES[label]}/{item.name}"
    return replace(item, name=name, label=label) if isinstance(item, Picture) else replace(item, name=name)
