"""Provenance: the machine-readable mark that images were made by a trained model.

The mark is IPTC's `DigitalSourceType` in an XMP packet (https://iptc.org/std/photometadata/specification), which image
editors and platforms read; article 50 of the EU's AI Act requires such a mark. It names the program, but no person, run
or image.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from core import __version__

KIND = "trainedAlgorithmicMedia"
SOURCE = f"http://cv.iptc.org/newscodes/digitalsourcetype/{KIND}"
PNG_KEY = "XML:com.adobe.xmp"
"""Keyword of the iTXt chunk in a PNG."""
_MP4_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_GIF_TRAILER = b"\x01" + bytes(range(0xFF, -1, -1)) + b"\x00"
"""Trailer that leads readers without XMP, which parse the packet as sub-blocks, to its end."""
_WEBP_HAS_XMP, _WEBP_HAS_ALPHA = 0x04, 0x10


def program() -> str:
    """Returns the program's name and version."""
    return f"GAN Studio {__version__}"


def packet() -> bytes:
    """Returns the XMP packet for JPEG, PNG, TIFF and WebP."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'xmp:CreatorTool="{program()}" Iptc4xmpExt:DigitalSourceType="{SOURCE}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def mark(format: str) -> dict[str, Any]:
    """Returns the mark as options of Pillow's `Image.save`, for the format "png", "jpeg" or "webp"."""
    if format != "png":
        return {"xmp": packet()}
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt(PNG_KEY, packet().decode())
    return {"pnginfo": notes}


def mark_video(file: Path, container: str) -> None:
    """Adds the mark to a finished video, of the container "mp4", "gif" or "webp". Raises `OSError`."""
    _MARKS[container](file)


def _mark_mp4(file: Path) -> None:
    content = _MP4_BOX + packet()
    with file.open("ab") as opened:
        opened.write((8 + len(content)).to_bytes(4, "big") + b"uuid" + content)


def _mark_gif(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(-1, 2)  # the byte that ends the file
        end = opened.read(1)
        opened.seek(-1, 2)
        opened.write(b"\x21\xff\x0bXMP DataXMP" + packet() + _GIF_TRAILER + end)


def _mark_webp(file: Path) -> None:
    content = packet()
    chunk = b"XMP " + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
    with file.open("r+b") as opened:
        if opened.read(16)[12:] != b"VP8X":  # a single frame
            opened.seek(0)
            simple = opened.read()
            opened.seek(0)
            opened.write(simple[:12] + _extended_header(file) + simple[12:])
        opened.seek(20)
        flags = opened.read(1)[0]
        opened.seek(20)
        opened.write(bytes([flags | _WEBP_HAS_XMP]))
        opened.seek(0, 2)
        opened.write(chunk)
        size = opened.tell() - 8
        opened.seek(4)
        opened.write(size.to_bytes(4, "little"))


def _extended_header(file: Path) -> bytes:
    with Image.open(file, formats=["WEBP"]) as image:
        width, height, alpha = *image.size, image.mode == "RGBA"
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    return b"VP8X" + (10).to_bytes(4, "little") + bytes([_WEBP_HAS_ALPHA * alpha, 0, 0, 0]) + sides


_MARKS: dict[str, Callable[[Path], None]] = {"mp4": _mark_mp4, "gif": _mark_gif, "webp": _mark_webp}
