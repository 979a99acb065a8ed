"""Errors: `UserError`, the only exception with a message for the user, `DivergenceError`, from which a training can
recover, and `RunBusyError`, for which there is something else to do."""

from __future__ import annotations

from pathlib import Path


class UserError(Exception):
    """Something a person can understand and mend.

    `what` is one sentence without a full stop's worth of jargon, `remedy` says what to do next, and `details` holds
    whatever helps a developer (paths, the original error). The command line prints the first two on one line and
    exits with 2; the window shows them in a banner and the details on demand.
    """

    def __init__(self, what: str, remedy: str, details: str = "") -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy
        self.details = details


class DivergenceError(UserError):
    """A training whose losses, or weights, are no longer numbers, or no longer of any use."""

    def __init__(self, step: int) -> None:
        super().__init__(
            f"The losses stopped being numbers, or grew beyond all bounds, at step {step}.",
            "Open the last checkpoint and continue with half the learning rates.",
        )


class RunBusyError(UserError):
    """A run in which another window, another process or another machine trains.

    `folder` is the run's; `place` says where and since when, such as "on atelier since 10:32". `hint` is added to the
    remedy.
    """

    def __init__(self, folder: Path, place: str, hint: str = "", details: str = "") -> None:
        remedy = "watch it, or train a copy."
        super().__init__(f"Training in another window ({place}):", f"{remedy} {hint}".strip(), details)
        self.folder = folder
        self.place = place


def refused_by_system(error: OSError) -> UserError:
    """Returns what to tell a person of a path or a disk that the system refuses, such as a name that is too long."""
    name = str(error.filename or "")
    where = f": {name if len(name) <= 100 else f'{name[:50]}…{name[-50:]}'}" if name else ""
    return UserError(f"{error.strerror or error}{where}.", "Check the path, who may use it, and its disk.", repr(error))


FOREIGN_ERRORS = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    EOFError,
    MemoryError,
    NotImplementedError,
)
"""What a file can raise while it is parsed that somebody else may have written."""
