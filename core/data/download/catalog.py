"""Catalog of downloadable datasets: their titles, addresses, checksums and local paths.

This module does not use the network; `core.data.download.fetch` does. CIFAR is downloaded in its binary version, which
is not pickled.
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
from core.language import _, all_of, number, sentences

_PREFIX = "download:"


@dataclass(frozen=True)
class Remote:
    """File to download, of `bytes` bytes, from any of the addresses; without addresses, only by hand.

    `hash`: SHA-256. `members`: files to extract, after which the archive is deleted.
    """

    name: str
    bytes: int
    hash: str
    addresses: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def local_files(self) -> tuple[str, ...]:
        """Names of the files on the disk after the download."""
        return self.members or (self.name,)


@dataclass(frozen=True)
class Download:
    """Dataset that can be downloaded, with its number of images and of classes (0: no labels).

    `page`: web page of the dataset. `opens`: name of the file to open; empty: the folder.
    """

    name: str
    title: str
    images: int
    classes: int
    license: str
    page: str
    files: tuple[Remote, ...]
    opens: str = ""

    @property
    def source(self) -> str:
        """Name as a source, such as "download:mnist"."""
        return _PREFIX + self.name

    @property
    def bytes(self) -> int:
        """Size of the download in bytes."""
        return sum(file.bytes for file in self.files)

    @property
    def is_manual(self) -> bool:
        """True if the dataset can only be downloaded by hand."""
        return not all(file.addresses for file in self.files)

    def folder(self, base: Path | None = None) -> Path:
        """Returns the folder of its files, which need not exist yet. `base` replaces `downloads_folder()`."""
        return (base or downloads_folder()) / self.name

    def is_here(self, base: Path | None = None) -> bool:
        """Returns whether all files are on the disk."""
        folder = self.folder(base)
        return all((folder / name).is_file() for file in self.files for name in file.local_files)

    def located(self, base: Path | None = None) -> Path:
        """Returns the file or folder to open. Raises `UserError` if files are missing."""
        if not self.is_here(base):
            remedy = self.manual_instructions(base)
            if not self.is_manual:
                ours = _("Run: gan-studio download {name} ({size} MB).")
                ours = ours.format(name=self.name, size=number(self.bytes / 1e6))
                remedy = sentences(ours, self.manual_instructions(base, is_second=True))
            raise UserError(_("{name} is not downloaded yet.").format(name=self.title), remedy)
        return self.folder(base) / self.opens

    def manual_instructions(self, base: Path | None = None, is_second: bool = False) -> str:
        """Returns instructions for the download by hand. `is_second`: they follow another proposal."""
        if any(file.members for file in self.files):
            text = _("Download {files} yourself and put its files into {folder}.")
            second = _("Or download {files} yourself and put its files into {folder}.")
        elif len(self.files) == 1:
            text = _("Download {files} yourself and put it into {folder}.")
            second = _("Or download {files} yourself and put it into {folder}.")
        else:
            text = _("Download {files} yourself and put them into {folder}.")
            second = _("Or download {files} yourself and put them into {folder}.")
        files = [
            file.addresses[0]
            if file.addresses
            else _("{file} from {address}").format(file=file.name, address=self.page)
            for file in self.files
        ]
        return (second if is_second else text).format(files=all_of(files), folder=self.folder(base))


def downloads_folder() -> Path:
    """Returns the folder of downloads: GAN_STUDIO_DOWNLOADS if set, else in the platform's folder for user data."""
    named = os.environ.get("GAN_STUDIO_DOWNLOADS")
    return Path(named) if named else platformdirs.user_data_path("gan-studio") / "downloads"


def opens(source: str) -> bool:
    return source.startswith(_PREFIX)


def known(name: str) -> Download:
    """Returns the dataset of that name, "mnist" or "download:mnist". Raises `UserError` if there is none."""
    short = name.removeprefix(_PREFIX)
    if short not in DOWNLOADS:
        raise UserError(
            _("There is no downloadable dataset {name!r}.").format(name=short),
            _("Choose one of {names}.").format(names=", ".join(DOWNLOADS)),
        )
    return DOWNLOADS[short]


@dataclass(frozen=True)
class Downloaded:
    """`Source` of a downloaded dataset, under the name and title of the download."""

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
_MNIST_MIRROR = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FASHION = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_SVHN = "https://ufldl.stanford.edu/housenumbers/"
_SVHN_PLAIN = "http://ufldl.stanford.edu/housenumbers/"  # for outdated TLS on its server
_FLOWERS = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
_IMAGES, _LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"

_ALL = (
    Download(
        name="mnist",
        title="MNIST",
        images=60_000,
        classes=10,
        license="LeCun, Cortes, Burges 1998; CC BY-SA 3.0",
        page="http://yann.lecun.com/exdb/mnist/",
        files=(
            Remote(
                _IMAGES,
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                (_MNIST + _IMAGES, _MNIST_MIRROR + _IMAGES),
            ),
            Remote(
                _LABELS,
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                (_MNIST + _LABELS, _MNIST_MIRROR + _LABELS),
            ),
        ),
    ),
    Download(
        name="fashion-mnist",
        title="Fashion-MNIST",
        images=60_000,
        classes=10,
        license="Xiao, Rasul, Vollgraf 2017; MIT",
        page="https://github.com/zalandoresearch/fashion-mnist",
        files=(
            Remote(
                _IMAGES,
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                (_FASHION + _IMAGES,),
            ),
            Remote(
                _LABELS,
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                (_FASHION + _LABELS,),
            ),
        ),
    ),
    Download(
        name="cifar10",
        title="CIFAR-10",
        images=50_000,
        classes=10,
        license=_("Krizhevsky 2009; no license given; cite the report"),
        page=f"{_CIFAR}cifar.html",
        files=(
            Remote(
                "cifar-10-binary.tar.gz",
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
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
        license=_("Krizhevsky 2009; no license given; cite the report"),
        page=f"{_CIFAR}cifar.html",
        files=(
            Remote(
                "cifar-100-binary.tar.gz",
                168_513_733,
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                (f"{_CIFAR}cifar-100-binary.tar.gz",),
                ("train.bin", "fine_label_names.txt"),
            ),
        ),
    ),
    Download(
        name="svhn",
        title=_("SVHN, street view house numbers"),
        images=73_257,
        classes=10,
        license=_("Netzer et al. 2011; for non-commercial use"),
        page=_SVHN,
        files=(
            Remote(
                "train_32x32.mat",
                182_040_794,
                "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
                (f"{_SVHN}train_32x32.mat", f"{_SVHN_PLAIN}train_32x32.mat"),
            ),
        ),
        opens="train_32x32.mat",
    ),
    Download(
        name="celeba",
        title=_("CelebA, aligned and cropped"),
        images=202_599,
        classes=0,
        license=_("Liu, Luo, Wang, Tang 2015; for non-commercial research"),
        page="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        files=(
            Remote(
                "img_align_celeba.zip",
                1_443_490_838,
                "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
            ),
        ),
        opens="img_align_celeba.zip",
    ),
    Download(
        name="flowers102",
        title=_("Oxford 102 Flowers"),
        images=8_189,
        classes=0,
        license=_("Nilsback, Zisserman 2008; no license given"),
        page=_FLOWERS,
        files=(
            Remote(
                "102flowers.tgz",
                344_862_509,
                "2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246",
                (f"{_FLOWERS}102flowers.tgz",),
            ),
        ),
        opens="102flowers.tgz",
    ),
)
DOWNLOADS: dict[str, Download] = {download.name: download for download in _ALL}
