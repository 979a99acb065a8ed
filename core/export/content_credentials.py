"""Content credentials (C2PA, c2pa.org) of exported images and videos, signed with the user's own key, if the package
c2pa-python is installed.

`GAN_STUDIO_SIGN_CERT` is the path of a certificate chain, the signer's first, and `GAN_STUDIO_SIGN_KEY` that of the
private key, both PEM. No server is contacted, so signatures have no trusted time stamp.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from core.data.names import content
from core.durable_write import replaced
from core.errors import UserError
from core.imaging import provenance
from core.language import _

CERTIFICATES, KEY = "GAN_STUDIO_SIGN_CERT", "GAN_STUDIO_SIGN_KEY"
ALGORITHMS = ("es256", "ps256", "es384", "es512", "ed25519")
"""Signature algorithms, most likely first."""
CREATED = {"action": "c2pa.created", "digitalSourceType": provenance.SOURCE}


@dataclass(frozen=True)
class Credentials:
    """Signer with a key. `certificates` and `key`: PEM; `algorithm`: one of `ALGORITHMS`."""

    certificates: bytes
    key: bytes
    algorithm: str

    def sign(self, data: bytes, kind: str, enlarged_by: str = "") -> bytes:
        """Returns the file `data` with credentials. `kind`: its media type. `enlarged_by`: JSON about the model that
        enlarged the image. Raises `UserError`."""
        made = BytesIO()
        self._sign(kind, BytesIO(data), made, enlarged_by)
        return made.getvalue()

    def sign_file(self, path: Path, kind: str) -> None:
        """Adds credentials to a file. Raises `UserError`."""
        with replaced(path) as partial, path.open("rb") as source, partial.open("w+b") as made:
            self._sign(kind, source, made)

    def _sign(self, kind: str, source: Any, made: Any, enlarged_by: str = "") -> None:
        import c2pa  # imported here: it is large and rarely used

        name, version = provenance.program().rsplit(" ", 1)
        actions: list[dict[str, Any]] = [CREATED]
        if enlarged_by:
            actions.append({**CREATED, "action": "c2pa.resized", "parameters": json.loads(enlarged_by)})
        manifest = {
            "assertions": [{"label": "c2pa.actions", "data": {"actions": actions}}],
            "claim_generator_info": [{"name": name, "version": version}],
        }
        try:
            settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
            info = c2pa.C2paSignerInfo(self.algorithm, self.certificates, self.key, None)
            context = c2pa.Context(settings)
            with c2pa.Signer.from_info(info) as signer, c2pa.Builder(json.dumps(manifest), context) as builder:
                builder.sign(signer, kind, source, made)
        except c2pa.C2paError as error:
            raise UserError(
                _("The content credentials could not be signed."),
                _("Check the files in {certificates} and {key}: a signing certificate, and its private key.").format(
                    certificates=CERTIFICATES, key=KEY
                ),
                str(error),
            ) from error


@lru_cache(maxsize=1)
def _tried(certificates: bytes, key: bytes) -> Credentials:
    """Returns credentials tested on a small image, because only signing shows the algorithm of a key.

    Raises `UserError`.
    """
    image = BytesIO()
    Image.new("RGB", (8, 8)).save(image, "png")
    failure: UserError | None = None
    for algorithm in ALGORITHMS:
        found = Credentials(certificates, key, algorithm)
        try:
            found.sign(image.getvalue(), "image/png")
        except UserError as error:
            failure = failure or error
        else:
            return found
    assert failure
    raise failure


def credentials() -> Credentials | None:
    """Returns the user's credentials, tested once; None if none are set. Raises `UserError` for unusable files."""
    certificates, key = os.environ.get(CERTIFICATES), os.environ.get(KEY)
    if not certificates and not key:
        return None
    if not certificates or not key:
        missing = KEY if certificates else CERTIFICATES
        raise UserError(
            _("Content credentials also need {variable}.").format(variable=missing),
            _("Set it to a PEM file, or unset the other one."),
        )
    try:
        import c2pa  # noqa: F401
    except ImportError as error:
        raise UserError(
            _("Content credentials need c2pa-python."), _("Install it, or unset {variable}.").format(variable=KEY)
        ) from error
    try:
        return _tried(content(Path(certificates)), content(Path(key)))
    except OSError as error:
        remedy = _("Check the files in {certificates} and {key}.").format(certificates=CERTIFICATES, key=KEY)
        raise UserError(_("Content credentials cannot be signed."), remedy, str(error)) from error
