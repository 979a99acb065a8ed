"""Errors: `UserError`, the only exception with a message for the user, and the kinds of it with a remedy in the
program: `DivergenceError`, `RunBusyError` and `MirroredRunError`."""

from __future__ import annotations

from pathlib import Path

from core.language import _, number, sentences


class UserError(Exception):
    """Error with a message that a user can act on.

    `what`: one plain sentence, what happened to what. `remedy`: what to do next. `details`: the technical cause, for
    developers. The command line prints the first two on one line and exits with 2; the window shows them in a banner,
    and the details on demand.
    """

    def __init__(self, what: str, remedy: str, details: str = "") -> None:
        super().__init__(sentences(what, remedy))
        self.what = what
        self.remedy = remedy
        self.details = details


class DivergenceError(UserError):
    """Divergence of a training: losses or weights are NaN, infinite or far too large."""

    def __init__(self, step: int) -> None:
        super().__init__(
            _("The training diverged at step {step}: losses or weights are NaN, infinite or far too large.").format(
                step=number(step)
            ),
            _("Open the last checkpoint and continue with half the learning rates."),
        )


class RunBusyError(UserError):
    """Run that another process, here or on another machine, is training.

    `folder`: of the run. `place`: where and since when, such as "on atelier since 10:32". `hint`: added to the remedy.
    """

    def __init__(self, folder: Path, place: str, hint: str = "", details: str = "") -> None:
        what = _("Training in another process ({place}).").format(place=place)
        super().__init__(what, sentences(_("Watch it, or train a copy."), hint), details)
        self.folder = folder
        self.place = place


class MirroredRunError(UserError):
    """Run folder that follows a run on another machine, and cannot be written to. `folder`: of the run."""

    def __init__(self, folder: Path, host: str) -> None:
        super().__init__(
            _("{run} follows a run on {host}, which would replace what is written here.").format(
                run=folder.name, host=host
            ),
            _("Train a copy, or continue the run on {host}.").format(host=host),
        )
        self.folder = folder


def refused_by_system(error: OSError) -> UserError:
    """Returns the error for a path or a disk that the system refuses, such as a name that is too long."""
    name = str(error.filename or "")
    what = _("{reason}: {path}.") if name else _("{reason}.")
    path = name if len(name) <= 100 else f"{name[:50]}…{name[-50:]}"
    return UserError(
        what.format(reason=error.strerror or error, path=path),
        _("Check the path, its permissions and its disk."),
        repr(error),
    )


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
"""Exceptions that parsing a file from elsewhere can raise."""
