"""Catalog of downloadable datasets: their titles, addresses, checksums and local paths.

Nothing here uses the network; `core.data.download.fetch` does, when it is asked to. Addresses and checksums are
torchvision's; but of CIFAR it is the binary version, which needs no pickle, with the checksums of its own page.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from core.config.preparation import Preparation
from core.data.items import Picture, Skipped
from core.data.source import Source
from core.errors import UserError
from core.events import Progress

_PREFIX = "download:"


@dataclass(frozen=True)
class Remote:
    """A file of `bytes` bytes at each of the addresses; without any, a person has to get it.

    `sha256` is checked instead of `md5` where it is given. `members` are the files that are taken out of it, after
    which the archive itself goes.
    """

    name: str
    bytes: int
    md5: str
    addresses: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def local_files(self) -> tuple[str, ...]:
        """What is on the disk in the end."""
        return self.members or (self.name,)


@dataclass(frozen=True)
class Download:
    """A dataset that is downloaded, or was: so many images, in so many classes that can be trained on (0: no labels).

    `page` tells people more. `opens` is which of its files is opened; empty: the folder that holds them.
    """

    name: str
    title: str
    images: int
    classes: int
    licence: str
    page: str
    files: tuple[Remote, ...]
    opens: str = ""

    @property
    def source(self) -> str:
        """What it is called wherever a source is wanted: "download:mnist"."""
        return _PREFIX + self.name

    @property
    def bytes(self) -> int:
        """What there is to download."""
        return sum(file.bytes for file in self.files)

    @property
    def is_manual(self) -> bool:
        """Whether only a person can download it."""
        return not all(file.addresses for file in self.files)

    def folder(self, base: Path | None = None) -> Path:
        """Where its files are, or are to be. `base` replaces `downloads_folder()`."""
        return (base or downloads_folder()) / self.name

    def is_here(self, base: Path | None = None) -> bool:
        """Whether all of it is on the disk."""
        folder = self.folder(base)
        return all((folder / name).is_file() for file in self.files for name in file.local_files)

    def located(self, base: Path | None = None) -> Path:
        """The file or folder to open. Raises `UserError` while it is not all there."""
        if not self.is_here(base):
            ours = f"{self.bytes / 1e6:.0f} MB come with: gan-studio download {self.name}. Or "
            remedy = f"{'' if self.is_manual else ours}{self.manual_instructions(base)}."
            raise UserError(f"{self.title} is not downloaded yet.", f"{remedy[0].upper()}{remedy[1:]}")
        return self.folder(base) / self.opens

    def manual_instructions(self, base: Path | None = None) -> str:
        """How a person gets it without this program, as a part of a sentence."""
        where = " and ".join(
            file.addresses[0] if file.addresses else f"{file.name} from {self.page}" for file in self.files
        )
        what = "its files" if any(file.members for file in self.files) else "it" if len(self.files) == 1 else "both"
        return f"download {where} yourself and put {what} into {self.folder(base)}"


def downloads_folder() -> Path:
    """The folder that GAN_STUDIO_DOWNLOADS names, or one in the platform's folder for the user's data."""
    named = os.environ.get("GAN_STUDIO_DOWNLOADS")
    return Path(named) if named else platformdirs.user_data_path("gan-studio") / "downloads"


def opens(source: str) -> bool:
    return source.startswith(_PREFIX)


def known(name: str) -> Download:
    """The dataset of that name, "mnist" or "download:mnist". Raises `UserError` when there is none."""
    short = name.removeprefix(_PREFIX)
    if short not in DOWNLOADS:
        raise UserError(f"There is no download called {short!r}.", f"Choose one of {', '.join(DOWNLOADS)}.")
    return DOWNLOADS[short]


@dataclass(frozen=True)
class Downloaded:
    """A `Source` under the name and title of the download that it is."""

    found: Source
    download: Download

    @property
    def name(self) -> str:
        return self.download.source

    @property
    def title(self) -> str:
        return self.download.title

    @property
    def key(self) -> str:
        return self.found.key

    @property
    def total(self) -> int:
        return self.found.total

    @property
    def doing(self) -> str:
        return self.found.doing

    @property
    def classes(self) -> tuple[str, ...]:
        return self.found.classes

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return self.found.skipped

    def suggest(self) -> Generator[Progress, None, int]:
        return self.found.suggest()

    def read(self, how: Preparation) -> Iterator[Picture | Skipped | None]:
        return self.found.read(how)


_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_LECUN = "http://yann.lecun.com/exdb/mnist/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_SVHN = "http://ufldl.stanford.edu/housenumbers/"
_FLOWERS = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
_IMAGES, _LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"

_ALL = (
    Download(
        name="mnist",
        title="MNIST",
        images=60_000,
        classes=10,
        licence="LeCun, Cortes, Burges 1998; CC BY-SA 3.0",
        page=_LECUN,
        files=(
            Remote(_IMAGES, 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", (_MNIST + _IMAGES, _LECUN + _IMAGES)),
            Remote(_LABELS, 28_881, "d53e105ee54ea40749a09fcbcd1e9432", (_MNIST + _LABELS, _LECUN + _LABELS)),
        ),
    ),
    Download(
        name="fashion-mnist",
        title="Fashion-MNIST",
        images=60_000,
        classes=10,
        licence="Xiao, Rasul, Vollgraf 2017; MIT",
        page="https://github.com/zalandoresearch/fashion-mnist",
        files=(
            Remote(_IMAGES, 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d", (_FASHION + _IMAGES,)),
            Remote(_LABELS, 29_515, "25c81989df183df01b3e8a0aad5dffbe", (_FASHION + _LABELS,)),
        ),
    ),
    Download(
        name="cifar10",
        title="CIFAR-10",
        images=50_000,
        classes=10,
        licence="Krizhevsky 2009; no licence is given, the report is to be cited",
        page=f"{_CIFAR}cifar.html",
        files=(
            Remote(
                "cifar-10-binary.tar.gz",
                170_052_171,
                "c32a1d4ab5d03f1284b67883e8d87530",
                (f"{_CIFAR}cifar-10-binary.tar.gz",),
                (*(f"data_batch_{number}.bin" for number in range(1, 6)), "batches.meta.txt"),
            ),
        ),
    ),
    Download(
        name="cifar100",
        title="CIFAR-100",
        images=50_000,
        classes=100,
        licence="Krizhevsky 2009; no licence is given, the report is to be cited",
        page=f"{_CIFAR}cifar.html",
        files=(
            Remote(
                "cifar-100-binary.tar.gz",
                168_513_733,
                "03b5dce01913d631647c71ecec9e9cb8",
                (f"{_CIFAR}cifar-100-binary.tar.gz",),
                ("train.bin", "fine_label_names.txt"),
            ),
        ),
    ),
    Download(
        name="svhn",
        title="SVHN, street view house numbers",
        images=73_257,
        classes=10,
        licence="Netzer et al. 2011; for non-commercial use",
        page=_SVHN,
        files=(
            Remote(
                "train_32x32.mat",
                182_040_794,
                "e26dedcc434d2e4c54c9b2d4a06d8373",
                (f"{_SVHN}train_32x32.mat",),
            ),
        ),
        opens="train_32x32.mat",
    ),
    Download(
        name="celeba",
        title="CelebA, aligned and cropped",
        images=202_599,
        classes=0,
        licence="Liu, Luo, Wang, Tang 2015; for non-commercial research",
        page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        files=(Remote("img_align_celeba.zip", 1_443_490_838, "00d2c5bc6d35e252742224ab0c1e8fcb"),),
        opens="img_align_celeba.zip",
    ),
    Download(
        name="flowers102",
        title="Oxford 102 Flowers",
        images=8_189,
        classes=0,
        licence="Nilsback, Zisserman 2008; no licence is given",
        page=_FLOWERS,
        files=(
            Remote("102flowers.tgz", 344_862_509, "52808999861908f626f3c1f4e79d11fa", (f"{_FLOWERS}102flowers.tgz",)),
        ),
        opens="102flowers.tgz",
    ),
)
DOWNLOADS: dict[str, Download] = {download.name: download for download in _ALL}
