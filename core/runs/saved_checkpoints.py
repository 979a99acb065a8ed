"""Checkpoints that the user saved under a name: naming, renaming, notes and deletion.

A note is stored beside its checkpoint, in a file with the checkpoint's name and `.note`. Checkpoints named by a step
are managed by the run; they can have notes, but are not renamed or deleted here.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import count
from pathlib import Path

from core.data.names import content
from core.durable_write import flush_folder, rename, replaced, unwritable
from core.errors import FOREIGN_ERRORS, UserError
from core.language import _, plural
from core.runs.retention import STEP, mark_of, note_file

SUFFIX = ".safetensors"
LONGEST_NAME, LONGEST_NOTE = 100, 500
"""Characters."""
MOST_BYTES = 8 * LONGEST_NOTE
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
"""Characters that some system does not allow in file names."""
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that are reserved by Windows."""


def offered_name(folder: Path, subject: str, step: int) -> Path:
    """Returns a free file name for a checkpoint of a step, such as "flowers, step 109"."""
    subject = FORBIDDEN.sub(" ", subject).strip(" .")[: LONGEST_NAME // 2].strip() or _("checkpoint")
    name = _("{subject}, step {step}").format(subject=subject, step=step)
    file = folder / f"{name}{SUFFIX}"
    for number in count(2):
        if not os.path.lexists(file):
            break
        file = folder / f"{name} ({number}){SUFFIX}"
    return file


def with_suffix(file: Path) -> Path:
    """Returns the file with the extension of checkpoints; a dot in its name, as in "v1.5", starts no extension."""
    return file if file.name.lower().endswith(SUFFIX) else file.with_name(file.name + SUFFIX)


def is_saved(checkpoint: Path) -> bool:
    """Returns whether the user named the checkpoint; those of a run are named by their step."""
    return checkpoint.parent.name != "checkpoints" or not STEP.fullmatch(checkpoint.stem)


def note_of(checkpoint: Path) -> str:
    """Returns the note on a checkpoint; empty if there is none or it is unreadable."""
    with suppress(*FOREIGN_ERRORS):
        return _line(content(note_file(checkpoint), MOST_BYTES).decode("utf-8", "replace"))
    return ""


def set_note(checkpoint: Path, text: str) -> None:
    """Writes the note on a checkpoint, or deletes it if empty. Raises `UserError` if the folder is not writable."""
    file, text = note_file(checkpoint), _line(text)
    if text:
        with replaced(file) as partial:
            partial.write_text(text, "utf-8")
        return
    try:
        file.unlink(missing_ok=True)
        flush_folder(file.parent)
    except OSError as error:
        raise unwritable(file, error) from error


def renamed(checkpoint: Path, name: str) -> Path:
    """Returns the path of a checkpoint with another name. Raises `UserError` for an invalid name."""
    name = name.strip().removesuffix(SUFFIX).strip()
    if not name or FORBIDDEN.search(name) or name.startswith(".") or name.endswith(".") or DEVICES.fullmatch(name):
        raise UserError(
            _("“{name}” is not a valid file name.").format(name=name),
            _('Choose a name without / \\ : * ? " < > |.'),
        )
    if len(name) > LONGEST_NAME:
        remedy = plural(
            "Choose one of at most {count} character.", "Choose one of at most {count} characters.", LONGEST_NAME
        )
        raise UserError(_("The name is too long."), remedy)
    if STEP.fullmatch(name):
        raise UserError(
            _("“{name}” is reserved for checkpoints of a run.").format(name=name),
            _("Choose a name that contains a letter."),
        )
    return checkpoint.with_name(name + SUFFIX)


def rename_checkpoint(checkpoint: Path, name: str) -> Path:
    """Renames a saved checkpoint and its note; returns the new file.

    Raises `UserError` for a checkpoint of a run, for an existing or invalid name, and if the folder is not writable.
    """
    _refuse_own(checkpoint)
    target = renamed(checkpoint, name)
    if target == checkpoint:
        return target
    is_same = target.name.casefold() == checkpoint.name.casefold()  # it exists on case-insensitive file systems
    if os.path.lexists(target) and not (is_same and target.samefile(checkpoint)):
        raise UserError(_("“{name}” already exists.").format(name=target.stem), _("Choose another name."))
    try:
        rename(checkpoint, target)
        for before, after in zip(_companions(checkpoint), _companions(target), strict=True):
            if os.path.lexists(before):
                before.replace(after)
        flush_folder(target.parent)
    except OSError as error:
        what = _("{file} could not be renamed.").format(file=checkpoint.name)
        raise UserError(what, _("Check the permissions of its folder."), str(error)) from error
    return target


def delete_checkpoint(checkpoint: Path) -> None:
    """Deletes a saved checkpoint and its note. Raises `UserError` for one of a run, and if it cannot be deleted."""
    _refuse_own(checkpoint)
    try:
        for file in (checkpoint, *_companions(checkpoint)):
            file.unlink(missing_ok=True)
        flush_folder(checkpoint.parent)
    except OSError as error:
        what = _("{file} could not be deleted.").format(file=checkpoint.name)
        raise UserError(what, _("Check the permissions of its folder."), str(error)) from error


def _refuse_own(checkpoint: Path) -> None:
    if not is_saved(checkpoint):
        what = _("{file} is managed by its run.").format(file=checkpoint.name)
        raise UserError(what, _("Open it and save it under a name first."))


def _companions(checkpoint: Path) -> tuple[Path, Path]:
    return note_file(checkpoint), mark_of(checkpoint)


def _line(text: str) -> str:
    """Returns a note as one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NOTE]
