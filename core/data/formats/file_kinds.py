"""Kinds of files in a folder or archive: supported images, and others.

The extension decides if it is known; otherwise the first bytes of some files with that extension do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from core.data.decode import EXTENSIONS, OTHER_PICTURES, is_picture, other_picture
from core.data.formats.video import ENDINGS as VIDEOS
from core.data.formats.video import OTHER_ENDINGS as OTHER_VIDEOS
from core.data.formats.video import is_video
from core.data.items import Skipped
from core.data.names import printable
from core.language import _, number, one_of, plural

FORMATS = one_of(("PNG", "JPEG", "WebP", "HEIC", "AVIF", "BMP", "GIF", "TIFF"))
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
FIRST_BYTES = 264
"""Number of first bytes from which a format is recognized."""
MOST_OTHERS = 200
"""Maximum number of files with the same unknown extension that are opened, if none of them is an image."""
MOST_OTHERS_IN_ALL = 2000

Kind = Literal["image", "other_format", "archive", "video", "array", "table", "nothing"]
"""Supported image; unsupported image format; files that may hold images; irrelevant file."""

_LONGEST = 12
"""Maximum length of an extension, with its dot."""
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz", ".lz4", ".z")
_CAMERAS = """.3fr .ari .bay .cap .crw .dcr .dcs .erf .fff .gpr .iiq .k25 .kdc .mdc .mef .mos .mrw .nrw .orf .pef .ptx
    .pxn .raf .raw .rw2 .rwl .rwz .sr2 .srf .srw .x3f"""
_OTHER_FORMATS = """.ai .bpg .cur .dcm .dds .dicom .djvu .emf .eps .exr .fit .fits .flif .fts .hdr .icns .ico .j2c .j2k
    .jp2 .jpc .jpf .jpm .jpx .jxr .kra .nii .ora .pam .pbm .pcd .pct .pcx .pfm .pgm .pict .pnm .ppm .psb .qoi .ras .rgb
    .rgba .sgi .svgz .tga .vtf .wbmp .wdp .wmf .xbm .xcf .xpm"""
_OTHER_NAMES = ".apng .avifs .dib .heics .hif .jfi .jif .jps .mpo .pjp .pjpeg"
_ARCHIVES = ".zip .7z .rar .cbz .cbr .cb7 .cab .iso .lha .lzh .tzst"
_ARRAYS = ".npy .npz .mat"
_TABLES = ".parquet .arrow .feather .tfrecord .tfrecords .h5 .hdf5 .lmdb .mdb .zarr"
_NOTHING = """
    .txt .text .md .rst .rtf .tex .bib .pdf .doc .docx .odt .ods .xls .xlsx .ppt .pptx .epub .csv .tsv .json .jsonl
    .ndjson .geojson .xml .xmp .yaml .yml .toml .ini .cfg .conf .log .lock .html .htm .css .js .map .sh .bat .ps1
    .py .pyc .pyi .ipynb .m .r .c .h .cpp .hpp .java .rs .go .lua .sql .db .sqlite .sqlite3 .pkl .pickle .pt .pth
    .ckpt .safetensors .onnx .pb .tflite .caffemodel .prototxt .swp .url .lnk .desktop .webloc .torrent .aae .thm
    .exe .dll .so .dylib .wav .mp3 .flac .ogg .oga .opus .m4a .aac .wma .mid .srt .vtt .obj .mtl .ply .stl .gltf
    .glb .pts .ttf .otf .md5 .sha1 .sha256 .sfv"""
_ENDINGS: tuple[tuple[Kind, Iterable[str]], ...] = (
    ("image", (*EXTENSIONS, *_OTHER_NAMES.split())),
    ("other_format", (*OTHER_PICTURES, *_CAMERAS.split(), *_OTHER_FORMATS.split())),
    ("archive", (*TARS, *_ARCHIVES.split())),
    ("video", (*VIDEOS, *OTHER_VIDEOS)),
    ("array", _ARRAYS.split()),
    ("table", _TABLES.split()),
    ("nothing", (*_NOTHING.split(), *_PACKED)),
)
_KINDS: Mapping[str, Kind] = {ending: kind for kind, endings in _ENDINGS for ending in endings}

_FIRST: tuple[tuple[int, bytes, Kind, str], ...] = (
    (0, b"8BPS", "other_format", "PSD"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "other_format", "JXL"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "other_format", "JP2"),
    (0, b"\xff\x4f\xff\x51", "other_format", "JP2"),
    (0, b"\x76\x2f\x31\x01", "other_format", "EXR"),
    (0, b"#?RADIANCE", "other_format", "HDR"),
    (0, b"SIMPLE  =", "other_format", "FITS"),
    (0, b"gimp xcf", "other_format", "XCF"),
    (0, b"qoif", "other_format", "QOI"),
    (0, b"DDS ", "other_format", "DDS"),
    (0, b"FUJIFILMCCD-RAW", "other_format", "RAF"),
    (128, b"DICM", "other_format", "DICOM"),
    (0, b"PK\3\4", "archive", ""),
    (0, b"Rar!\x1a\x07", "archive", ""),
    (0, b"7z\xbc\xaf\x27\x1c", "archive", ""),
    (257, b"ustar", "archive", ""),
    (0, b"\x93NUMPY", "array", ""),
    (0, b"MATLAB 5.0 MAT-file", "array", ""),
    (0, b"PAR1", "table", ""),
    (0, b"\x89HDF\r\n\x1a\n", "table", ""),
)
"""Signatures: offset, bytes, kind, and name of an unsupported image format."""

_CALLED: Mapping[Kind, str] = {
    "archive": _("an archive"),
    "video": _("a video"),
    "array": _("an array"),
    "table": _("a data file"),
}
_CALLED_INSIDE: Mapping[Kind, str] = {
    "archive": _("an archive inside the archive; unpack it first"),
    "video": _("a video inside the archive; unpack it first"),
    "array": _("an array inside the archive; unpack it first"),
    "table": _("a data file inside the archive; unpack it first"),
}


class Recognizer:
    """Classifies the files of a folder or an archive one by one."""

    def __init__(self, archived: bool = False) -> None:
        """`archived`: the files are in an archive."""
        self._archived = archived
        self._images: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._looked = 0
        self._passed: Counter[str] = Counter()

    def judge(self, path: str, first: Callable[[], bytes]) -> Skipped | bool:
        """Returns whether a file is a supported image, or why it is skipped.

        `first` returns its first `FIRST_BYTES`; it is called only if the extension is unknown.
        """
        name = path.rpartition("/")[2]
        kind, called = kind_by_name(name), _ending(name)
        if kind is None:
            kind, called = self._looked_at(called, first)
        if kind in ("image", "nothing"):
            return kind == "image"
        if kind == "other_format":
            return Skipped(printable(path), other_picture(called), kind="other_formats")
        called = (_CALLED_INSIDE if self._archived else _CALLED)[kind]
        return Skipped(printable(path), called, kind="containers")

    def passed_over(self) -> Iterator[Skipped]:
        """Yields the files of unknown kinds that were not opened, as one skipped item."""
        if count := sum(self._passed.values()):
            commonest = [ending or _("no extension") for ending, _count in self._passed.most_common(3)]
            endings = printable(", ".join(commonest))
            others = plural(
                "{count} file of an unknown kind ({endings}) was not examined; {similar} similar ones are not images",
                "{count} files of unknown kinds ({endings}) were not examined; {similar} similar ones are not images",
                count,
                endings=endings,
                similar=number(self._looked),
            )
            yield Skipped(endings, others, kind="unknown")

    def _looked_at(self, ending: str, first: Callable[[], bytes]) -> tuple[Kind, str]:
        images, others = self._images[ending], self._others[ending]
        if others >= MOST_OTHERS + images or (self._looked >= MOST_OTHERS_IN_ALL and not images):
            self._passed[ending] += 1
            return "nothing", ""
        kind, called = _kind_of(first())
        if kind == "nothing":
            self._others[ending] += 1
            self._looked += 1
        else:
            self._images[ending] += 1
        return kind, called


def kind_by_name(name: str) -> Kind | None:
    """Returns the kind of a file by its extension; None if that is unknown."""
    # Fast path for nearly all of possibly hundreds of thousands of names.
    kind = _KINDS.get(name[name.rfind(".") :].lower())
    return kind if kind is not None and kind != "nothing" else _KINDS.get(_ending(name))


def _ending(name: str) -> str:
    """Returns the lower-case extension of a file name; empty if it has none, or one with spaces.

    All numbers count as the same extension ("a.jpg.1"); that of a compressed file is that of its content.
    """
    name = name.lower()
    dot = name.rfind(".")
    if dot < 0 or len(name) - dot > _LONGEST or " " in name[dot:]:
        return ""
    ending = name[dot:]
    if ending in _PACKED:
        inner = _ending(name[:dot])
        return inner if _KINDS.get(inner) in ("other_format", "archive") else ending
    return ".0" if ending[1:].isdecimal() else ending


def _kind_of(start: bytes) -> tuple[Kind, str]:
    if is_picture(start) and not _is_other_than_it_begins(start):
        return "image", ""
    for place, magic, kind, called in _FIRST:
        if start.startswith(magic, place):
            return kind, f".{called}"
    return ("video" if is_video(start) else "nothing"), ""


def _is_other_than_it_begins(start: bytes) -> bool:
    """Returns whether the short signatures of WebP (RIFF) and BMP match by chance: sounds and texts start so too."""
    if start.startswith(b"RIFF"):
        return start[8:12] != b"WEBP"
    return start.startswith(b"BM") and (start[6:10] != bytes(4) or start[15:18] != bytes(3))
