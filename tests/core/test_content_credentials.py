"""Exports that are signed with a person's own key; the key here was made for these tests and signs nothing else."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from core.concurrency import run_to_end
from core.errors import UserError
from core.export.animation import Animation
from core.export.content_credentials import CERTIFICATES, KEY, credentials
from core.export.image_files import encoded, export_images
from core.export.selection import FileOptions, SeedSelection
from core.export.walk_video import export_walk
from core.imaging import provenance
from core.jobs.apply_job import Application, LoadedTranslator, apply
from core.latent.request import Point, Walk
from core.latent.sampler import Sampler
from tests.core.translators import random_translator

c2pa = pytest.importorskip("c2pa")
FILES = Path(__file__).parent / "credentials"
PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CERTIFICATES, str(FILES / "certificates.pem"))
    monkeypatch.setenv(KEY, str(FILES / "key.pem"))


def said(data: bytes, kind: str) -> dict[str, Any]:
    """Returns the content credentials of a file, whose signature is valid and fits the file."""
    with c2pa.Reader(kind, io.BytesIO(data)) as reader:
        found: dict[str, Any] = json.loads(reader.json())
    # Nobody trusts an authority that was made for a test.
    assert [status["code"] for status in found["validation_status"]] == ["signingCredential.untrusted"]
    manifest: dict[str, Any] = found["manifests"][found["active_manifest"]]
    return manifest


def assert_signed(data: bytes, kind: str) -> None:
    manifest = said(data, kind)
    assert manifest["signature_info"]["common_name"] == "GAN Studio test signer"
    assert manifest["claim_generator_info"][0]["name"] == "GAN Studio"
    (actions,) = [each for each in manifest["assertions"] if each["label"].startswith("c2pa.actions")]
    assert actions["data"]["actions"][0]["digitalSourceType"] == provenance.SOURCE


@pytest.mark.usefixtures("signing")
@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_an_image_is_signed_and_marked(form: Any) -> None:
    data = encoded(PICTURE, form, generated=True)
    assert_signed(data, f"image/{form}")
    assert provenance.SOURCE.encode() in data
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (32, 24)
    changed = bytearray(data)
    changed[data.index(provenance.SOURCE.encode())] ^= 1
    with pytest.raises((AssertionError, c2pa.C2paError)):
        said(bytes(changed), f"image/{form}")


@pytest.mark.usefixtures("signing")
def test_real_images_are_not_signed() -> None:
    with pytest.raises(c2pa.C2paError, match="Manifest"):
        said(encoded(PICTURE, "png", generated=False), "image/png")


@pytest.mark.usefixtures("signing")
@pytest.mark.parametrize(("name", "kind"), [("a.mp4", "video/mp4"), ("a.gif", "image/gif")])
def test_a_film_is_signed(name: str, kind: str, finished_checkpoint: Path, tmp_path: Path) -> None:
    sampler = Sampler.open(finished_checkpoint, "cpu")
    run_to_end(export_walk(sampler, Walk((Point(1), Point(2))), tmp_path / name, Animation(seconds=0.2, fps=10)))
    assert_signed((tmp_path / name).read_bytes(), kind)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.usefixtures("signing")
def test_translated_pictures_and_films_are_signed(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "photo.png")
    with av.open(tmp_path / "film.mp4", "w") as container:
        stream: Any = container.add_stream("libx264", 24)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(PICTURE, "rgb24")))
        container.mux(stream.encode())
    application = Application((tmp_path / "photo.png", tmp_path / "film.mp4"), tmp_path / "out")
    results = run_to_end(apply(LoadedTranslator(random_translator("denoise"), device="cpu"), application))
    for result, kind in zip(results, ("image/png", "video/mp4"), strict=True):
        assert_signed(result.path.read_bytes(), kind)


def test_nobody_who_does_not_want_it_signs() -> None:
    assert credentials() is None
    assert b"c2pa" not in encoded(PICTURE, "png", generated=True)


@pytest.mark.parametrize(
    ("certificates", "key", "what"),
    [
        (FILES / "certificates.pem", "", f"need {KEY}"),
        ("", FILES / "key.pem", f"need {CERTIFICATES}"),
        (FILES / "missing.pem", FILES / "key.pem", "cannot be signed"),
        (FILES / "key.pem", FILES / "certificates.pem", "could not be signed"),
        (FILES / "certificates.pem", FILES / "certificates.pem", "could not be signed"),
        (Path(__file__), FILES / "key.pem", "could not be signed"),
    ],
)
def test_what_cannot_sign_is_said_and_leaves_no_file(
    certificates: Path | str,
    key: Path | str,
    what: str,
    finished_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(CERTIFICATES, str(certificates))
    monkeypatch.setenv(KEY, str(key))
    sampler = Sampler.open(finished_checkpoint, "cpu")
    with pytest.raises(UserError, match=what) as caught:
        run_to_end(export_images(sampler, SeedSelection((1,)), tmp_path / "out", FileOptions()))
    assert caught.value.remedy
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.usefixtures("signing")
def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(UserError, match="need c2pa-python"):
        encoded(PICTURE, "png", generated=True)
