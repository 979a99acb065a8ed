"""Errors: `UserError`, the only exception with a message for the user, and `DivergenceError`, from which a training can
recover."""

from __future__ import annotations


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
