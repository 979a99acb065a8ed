"""Progress bar of every command, on stderr: only in a terminal, and not with `--quiet`."""

from __future__ import annotations

from collections.abc import Generator
from threading import RLock
from typing import TypeVar

from tqdm import tqdm

from core.cli.messages import MESSAGES, QUIET, YELLOW, PlainMessages, is_colored, painted, without_controls
from core.concurrency import run_to_end
from core.events import Event, Notice, Progress

tqdm.set_lock(RLock())  # its own is for several processes, and can outlive one that runs out of memory

T = TypeVar("T")

STREAM = PlainMessages()
"""The bar moves the cursor and has a color; `Bar` cleans the texts that it is given."""


class Bar:
    """A bar that counts pieces of work called `unit`, with lines of text above it."""

    def __init__(self, unit: str, total: int | None = None) -> None:
        self._bar = tqdm(
            unit=unit,
            total=total,
            disable=MESSAGES.level == QUIET or None,  # None: where it is no terminal
            dynamic_ncols=True,
            file=STREAM,
            colour="green" if is_colored(STREAM) else None,
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, event: Event) -> None:
        """Shows `Progress`, and writes a `Notice` above the bar."""
        if isinstance(event, Progress):
            if event.in_bytes:
                self._bar.unit, self._bar.unit_scale = "B", True
            if (event.total or None) != self._bar.total or event.done < self._bar.n:
                self.restart(event.total)
            self.advance(event.done, event.text)
        elif isinstance(event, Notice):
            self.warn(event.text)

    def restart(self, total: int | None = None) -> None:
        """Begins to count anew, up to `total`; None or 0 where that is not known."""
        self._bar.reset()
        self._bar.total = total or None

    def expect(self, total: int | None) -> None:
        """Changes how much there is to count; None where that is not known."""
        self._bar.total = total

    def advance(self, done: int, text: str, postfix: str = "") -> None:
        """Shows how much is done, what is being done, and numbers about it."""
        self._bar.set_description(without_controls(text), refresh=False)
        self._bar.set_postfix_str(without_controls(postfix), refresh=False)
        self._bar.update(done - self._bar.n)

    def say(self, text: str) -> None:
        """Writes a line of information above the bar, unless `--quiet` was given."""
        if MESSAGES.level > QUIET:
            self._bar.write(without_controls(text), file=STREAM)

    def warn(self, text: str) -> None:
        """Writes a warning above the bar."""
        self._bar.write(painted(text, YELLOW, STREAM), file=STREAM)


def show(events: Generator[Event, None, T], unit: str) -> T:
    """Runs long work to its end with a bar, and returns its result."""
    with Bar(unit) as bar:
        return run_to_end(events, bar.show)
