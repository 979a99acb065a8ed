"""The program of this machine as a wheel, so that the very same version is installed elsewhere, without an index."""

from __future__ import annotations

import base64
import io
import zipfile
from hashlib import sha256
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import core
from core.errors import UserError
from core.language import _

PACKAGES = "core", "studio"
METADATA = "METADATA", "entry_points.txt"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Time of every file, so that the same program is the same wheel."""
WHEEL = "Wheel-Version: 1.0\nGenerator: gan-studio\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel() -> tuple[str, bytes]:
    """Returns the name of the wheel and its bytes. Raises `UserError` if the program here is not installed."""
    program = _distribution()
    stem = f"gan_studio-{program.version}"
    files = dict(_sources())
    files |= {f"{stem}.dist-info/{name}": (program.read_text(name) or "").encode() for name in METADATA}
    files[f"{stem}.dist-info/WHEEL"] = WHEEL.encode()
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return f"{stem}-py3-none-any.whl", written.getvalue()


def _distribution() -> Distribution:
    try:
        return distribution("gan-studio")
    except PackageNotFoundError as error:
        raise UserError(
            _("GAN Studio is not installed on this machine, but runs from its source."),
            _("Install it here first, or name a Python there that has it with gan-studio hosts add --python."),
        ) from error


def _sources() -> list[tuple[str, bytes]]:
    top = Path(core.__file__).parents[1]
    paths = sorted(path for package in PACKAGES for path in (top / package).rglob("*") if path.is_file())
    return [(path.relative_to(top).as_posix(), path.read_bytes()) for path in paths if path.suffix != ".pyc"]


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")
