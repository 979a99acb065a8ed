"""Well-known datasets: the list, what is on the disk, and downloads from a real server that fails in every way."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import socket
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.cli.main import main
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.cache.exclusions import exclude
from core.data.cache.quota import entries
from core.data.dataset import Dataset
from core.data.download.catalog import DOWNLOADS, Download, downloads_folder, known
from core.data.download.fetch import adopt, fetch
from core.data.prepare import prepare
from core.errors import UserError
from core.evaluation.features.weights import INCEPTION
from core.events import Progress
from tests.core.full_disk import largest_file
from tests.core.images import reasons
from tests.core.server import Server, offered, remote, zipped

SMALL = Preparation((16, 16))


pytestmark = pytest.mark.usefixtures("downloads")


def fetched(name: str = "pictures") -> list[Progress]:
    return list(fetch(name))


def problem(name: str = "pictures") -> UserError:
    with pytest.raises(UserError) as caught:
        fetched(name)
    assert caught.value.what
    assert "yourself and put" in caught.value.remedy
    return caught.value


def opened(source: str) -> Dataset:
    return run_to_end(prepare(source, SMALL))


def cut(events: Iterator[Progress], least: int) -> int:
    """Closes a download that has come so far; returns how far."""
    done = next(event.done for event in events if event.done >= least)
    events.close()  # type: ignore[attr-defined]
    return done


# The list


def test_addresses_are_those_of_torchvision() -> None:
    spec = importlib.util.find_spec("torchvision")  # which does not import it
    assert spec is not None
    assert spec.origin is not None
    for name, module in {"mnist": "mnist", "svhn": "svhn", "flowers102": "flowers102"}.items():
        text = Path(spec.origin).with_name("datasets").joinpath(f"{module}.py").read_text("utf-8")
        for file in DOWNLOADS[name].files:
            assert file.addresses[0].rsplit("/", 1)[0].removeprefix("https") in text
    assert [name for name, download in DOWNLOADS.items() if download.is_manual] == ["celeba"]


def test_everything_comes_encrypted_and_is_known_by_a_hash_that_nobody_can_forge() -> None:
    for download in (*DOWNLOADS.values(), INCEPTION):
        for file in download.files:
            assert re.fullmatch("[0-9a-f]{64}", file.hash)
            assert all(address.startswith("https://") for address in file.addresses[:1])


@pytest.mark.parametrize("name", DOWNLOADS)
def test_every_download_says_all_that_a_person_wants_to_know(name: str) -> None:
    download = DOWNLOADS[name]
    assert (download.name, download.source) == (name, f"download:{name}")
    assert known(download.source) is known(name) is download
    assert download.images > 8000
    assert download.title
    assert download.license
    assert download.bytes > 5_000_000
    for file in download.files:
        assert all(address.endswith(f"/{file.name}") for address in file.addresses)
    assert download.opens in ("", *(kept for file in download.files for kept in file.local_files))


def test_names_that_are_not_on_the_list() -> None:
    for call in (lambda: opened("download:photos"), lambda: fetched("photos")):
        with pytest.raises(UserError) as caught:
            call()
        assert "'photos'" in caught.value.what
        assert "mnist, fashion-mnist" in caught.value.remedy


def test_where_downloads_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert downloads_folder() == tmp_path / "downloads"
    monkeypatch.delenv("GAN_STUDIO_DOWNLOADS")
    assert downloads_folder().parts[-2:] == ("gan-studio", "downloads")


# What is here, and what is not


def test_what_is_not_downloaded_is_said_without_asking_the_network(server: Server, offer: Download) -> None:
    assert not offer.is_here()
    with pytest.raises(UserError) as caught:
        opened("download:pictures")
    assert caught.value.what == "Some pictures is not downloaded yet."
    assert "gan-studio download pictures" in caught.value.remedy
    assert str(offer.folder()) in caught.value.remedy
    assert server.asked == []


def test_what_lies_in_the_folder_is_opened_however_it_came(server: Server, offer: Download, downloads: Path) -> None:
    (downloads / "pictures").mkdir(parents=True)
    (downloads / "pictures" / "pictures.zip").write_bytes(server.files["pictures.zip"])
    assert offer.is_here()
    dataset = opened("download:pictures")
    assert (dataset.source, dataset.title) == ("download:pictures", "Some pictures")
    assert (len(dataset.images), dataset.classes) == (120, ("a", "b"))
    plain = opened(str(downloads / "pictures" / "pictures.zip"))
    assert (plain.fingerprint, plain.title) == (dataset.fingerprint, "pictures.zip")
    assert [entry.source for entry in entries()] == ["download:pictures"]  # they share what was prepared
    exclude(dataset, [dataset.records.name(0)])
    assert len(opened("download:pictures").images) == 119
    assert server.asked == []


def test_what_only_a_person_can_download(downloads: Path) -> None:
    found = problem("celeba")
    assert found.what == "CelebA, aligned and cropped can only be downloaded by hand."
    assert "img_align_celeba.zip from https://mmlab" in found.remedy
    with pytest.raises(UserError) as caught:
        opened("download:celeba")
    assert "gan-studio download" not in caught.value.remedy
    (downloads / "celeba").mkdir(parents=True)
    (downloads / "celeba" / "img_align_celeba.zip").write_bytes(zipped())
    assert fetched("celeba") == []
    assert len(opened("download:celeba").images) == 12


# Downloading


def test_a_download_and_its_progress(server: Server, offer: Download) -> None:
    events = fetched()
    assert {event.total for event in events} == {offer.bytes}
    assert {event.text for event in events} == {"Downloading Some pictures", "Checking Some pictures"}
    done = [event.done for event in events]
    assert done == sorted(done)
    assert done[-1] == offer.bytes
    assert len(done) > 3
    assert [path.name for path in offer.folder().iterdir()] == ["pictures.zip"]
    assert len(opened("download:pictures").images) == 120
    assert fetched() == []  # nothing is left to do
    assert server.asked == [("pictures.zip", "")]


def test_several_files_count_together(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files = {"one": bytes(700_000), "two": bytes(300_000)}
    download = offered(monkeypatch, *(remote(name, data, server.address + name) for name, data in server.files.items()))
    done = [event.done for event in fetched()]
    assert done == sorted(done)
    assert done[-1] == download.bytes == 1_000_000
    (download.folder() / "two").unlink()
    assert min(event.done for event in fetched()) > 700_000
    assert [name for name, _ in server.asked] == ["one", "two", "two"]


def test_a_canceled_download_goes_on_where_it_was(server: Server, offer: Download) -> None:
    came = cut(fetch("pictures"), offer.bytes // 3)
    assert [path.name for path in offer.folder().iterdir()] == ["pictures.zip.part"]
    assert (offer.folder() / "pictures.zip.part").stat().st_size == came
    assert not offer.is_here()
    assert min(event.done for event in fetched()) > came
    assert server.asked == [("pictures.zip", ""), ("pictures.zip", f"bytes={came}-")]
    assert (offer.folder() / "pictures.zip").read_bytes() == server.files["pictures.zip"]


def test_a_server_that_says_no_more_holds_nobody_up(server: Server, offer: Download) -> None:
    server.gate.clear()
    begun = monotonic()
    cut(fetch("pictures"), offer.bytes // 3)
    assert monotonic() - begun < 10  # and not the half minute after which a server counts as gone
    server.gate.set()
    fetched()
    assert offer.is_here()


def test_a_server_without_ranges_begins_again(server: Server, offer: Download) -> None:
    cut(fetch("pictures"), offer.bytes // 3)
    server.fail = "no ranges"
    fetched()
    assert (offer.folder() / "pictures.zip").read_bytes() == server.files["pictures.zip"]


def test_a_connection_that_breaks_off(server: Server, offer: Download) -> None:
    server.fail = "breaks off"
    found = problem()
    assert "could not be reached" in found.what
    assert "the download resumes" in found.remedy
    assert f"after {offer.bytes // 2} of {offer.bytes} bytes" in found.details
    server.fail = ""
    fetched()
    assert offer.is_here()
    assert server.asked[-1] == ("pictures.zip", f"bytes={offer.bytes // 2}-")


def test_a_whole_part_needs_no_network(server: Server, offer: Download) -> None:
    offer.folder().mkdir(parents=True)
    (offer.folder() / "pictures.zip.part").write_bytes(server.files["pictures.zip"])
    fetched()
    assert offer.is_here()
    assert server.asked == []


@pytest.mark.parametrize("harm", ["other bytes", "shorter", "longer"])
def test_what_is_not_what_it_should_be_is_not_used(server: Server, offer: Download, harm: str) -> None:
    right = server.files["pictures.zip"]
    server.files["pictures.zip"] = {
        "other bytes": right[:-1] + bytes([right[-1] ^ 1]),
        "shorter": right[:-1],
        "longer": right + b"more",
    }[harm]
    found = problem()
    if harm == "shorter":
        assert "could not be reached" in found.what
    else:
        assert "'pictures.zip' is not from Some pictures, or is damaged" in found.what
        assert list(offer.folder().iterdir()) == []
    assert not offer.is_here()
    server.files["pictures.zip"] = right
    fetched()
    assert offer.is_here()


def test_a_server_that_refuses(server: Server, offer: Download) -> None:
    server.fail = "error"
    assert f"127.0.0.1:{server.server_port} answered 503" in problem().what
    server.files.clear()
    assert "answered 404" in problem().what


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    offered(monkeypatch, remote("x.zip", b"x", f"http://127.0.0.1:{port}/x.zip"))
    found = problem()
    assert found.what == f"Some pictures could not be downloaded: 127.0.0.1:{port} could not be reached."
    assert "Check the connection" in found.remedy
    assert "refused" in found.details


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.download.fetch.TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        offered(monkeypatch, remote("x.zip", b"x", f"http://127.0.0.1:{silent.getsockname()[1]}/x.zip"))
        assert "timed out" in problem().details


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_part_that_is_a_link_leads_no_write_anywhere(server: Server, offer: Download, tmp_path: Path) -> None:
    precious, part = tmp_path / "precious", offer.folder() / "pictures.zip.part"
    precious.write_bytes(server.files["pictures.zip"][:1000])
    mine = tmp_path / "mine.zip"
    mine.write_bytes(server.files["pictures.zip"])
    offer.folder().mkdir(parents=True)
    for events in (fetch("pictures"), adopt(mine, offer)):
        part.symlink_to(precious)
        run_to_end(events)
        assert (offer.folder() / "pictures.zip").read_bytes() == server.files["pictures.zip"]
        assert [path.name for path in offer.folder().iterdir()] == ["pictures.zip"]
        (offer.folder() / "pictures.zip").unlink()
    os.mkfifo(part)
    fetched()
    assert precious.read_bytes() == server.files["pictures.zip"][:1000]


def test_a_download_is_on_the_disk_before_it_has_its_name(
    server: Server, offer: Download, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, fsync, rename = [], os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        order.append("flush")
        fsync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        order.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    fetched()
    assert order[:2] == ["flush", "rename"]


@pytest.mark.parametrize("harm", ["other bytes", "endless", "folder", "missing"])
def test_a_file_of_a_persons_that_is_another(offer: Download, server: Server, tmp_path: Path, harm: str) -> None:
    mine = tmp_path / "mine.zip"
    if harm == "other bytes":
        mine.write_bytes(bytes(offer.bytes))
    elif harm == "endless":
        with mine.open("wb") as file:
            file.truncate(2**40)
    elif harm == "folder":
        mine.mkdir()
    begun = monotonic()
    with pytest.raises(UserError, match=r"is not from Some pictures|cannot be read"):
        list(adopt(mine, offer))
    assert monotonic() - begun < 10
    assert list(offer.folder().iterdir()) == []


def test_taking_a_file_that_is_canceled_leaves_no_part_to_go_on_from(
    offer: Download, server: Server, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.zip"
    mine.write_bytes(bytes(offer.bytes))
    cut(adopt(mine, offer), 1)
    assert list(offer.folder().iterdir()) == []


def test_the_next_address_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped()
    server.files["there.zip"] = data
    download = offered(
        monkeypatch, remote("there.zip", data, f"{server.address}gone.zip", f"{server.address}there.zip")
    )
    fetched()
    assert download.is_here()
    assert [name for name, _ in server.asked] == ["gone.zip", "there.zip"]


def test_a_disk_that_takes_no_more(server: Server, offer: Download) -> None:
    with largest_file(offer.bytes // 2), pytest.raises(UserError) as caught:
        fetched()
    assert caught.value.what.startswith("The downloaded files cannot be written to")
    assert "GAN_STUDIO_DOWNLOADS" in caught.value.remedy
    fetched()  # with room again
    assert offer.is_here()


def test_only_the_known_files_of_an_archive_are_unpacked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, data in (("inside/one.bin", b"1"), ("../../two.bin", b"22"), ("other.bin", b"3"), ("/abs.bin", b"4")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    data = server.files["all.tar.gz"] = stream.getvalue()
    members = ("one.bin", "two.bin")
    download = offered(monkeypatch, remote("all.tar.gz", data, f"{server.address}all.tar.gz", members=members))
    assert [event.text for event in fetched()][-1] == "Unpacking Some pictures"
    assert {path.name: path.read_bytes() for path in download.folder().iterdir()} == {"one.bin": b"1", "two.bin": b"22"}
    assert download.is_here()
    assert download.located() == download.folder()


def test_an_archive_that_is_canceled_while_it_is_unpacked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ("one.bin", "two.bin"):
            archive.addfile(tarfile.TarInfo(name))
    data = server.files["all.tar.gz"] = stream.getvalue()
    members = ("one.bin", "two.bin")
    download = offered(monkeypatch, remote("all.tar.gz", data, f"{server.address}all.tar.gz", members=members))
    events = fetch("pictures")
    assert any(event.text.startswith("Unpacking") for event in events)
    events.close()
    assert not download.is_here()
    fetched()
    assert download.is_here()
    assert len(server.asked) == 1


# MATLAB's files, as one of them comes


def element(kind: int, data: bytes) -> bytes:
    """A number array's part: four bytes or less stand in the tag itself."""
    if 0 < len(data) <= 4:
        return struct.pack("<HH4s", kind, len(data), data)
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(name: str, array: NDArray[Any], packed: bool) -> bytes:
    """An array as MATLAB stores it: packed or not, and numbers of another type if those are shorter."""
    stored, kind = {"uint8": (2, 9), "uint16": (4, 4), "int64": (12, 14), "float64": (9, 6)}[array.dtype.name]
    flags = element(6, struct.pack("<II", kind, 0))
    shape = element(5, struct.pack(f"<{array.ndim}i", *array.shape))
    inside = flags + shape + element(1, name.encode()) + element(stored, array.tobytes("F"))
    whole = struct.pack("<II", 14, len(inside)) + inside
    if not packed:
        return whole
    data = zlib.compress(whole)
    return struct.pack("<II", 15, len(data)) + data


def mat(*matrices: bytes) -> bytes:
    first = b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124)
    return first + struct.pack("<HH", 0x0100, 0x4D49) + b"".join(matrices)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_matlab_files(tmp_path: Path, packed: bool, channels: int) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (16, 16, channels, 50), np.uint8)
    pixels[:, :, 1:] ^= 0x55  # no color picture is gray
    numbers = random.integers(1, 11, (50, 1)).astype(np.uint8 if packed else np.float64)
    file = tmp_path / "digits.mat"
    file.write_bytes(mat(matrix("X", pixels, packed), matrix("y", numbers, packed)))
    dataset = opened(str(file))
    assert np.array_equal(dataset.images, pixels.transpose(3, 2, 0, 1))
    assert dataset.classes == tuple(map(str, range(1, 11)))
    assert dataset.labels is not None
    assert [int(dataset.classes[label]) for label in dataset.labels] == numbers.ravel().tolist()


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        (np.arange(8) % 3, ("0", "1", "2")),
        (np.arange(8)[:, None] % 3, ("0", "1", "2")),
        (np.arange(8)[None] % 2 + 0.0, ("0", "1")),
        (np.eye(3)[np.arange(8) % 3], ("0", "1", "2")),
        (np.eye(3)[np.arange(8) % 3].T, ("0", "1", "2")),
        (np.arange(8)[:, None] / 4, "its numbers are not integers"),
        (np.arange(8)[:, None] * np.nan, "its numbers are not integers"),
        (np.ones((8, 2)), "its rows are not one-hot"),
        (np.arange(7)[:, None], "it does not hold a label for each image (number of labels: 7)"),
        (np.arange(8, dtype=np.uint16)[:, None], "the type object cannot hold class labels"),  # text
    ],
)
def test_labels_in_matlab_files(tmp_path: Path, given: NDArray[Any], classes: tuple[str, ...] | str) -> None:
    pixels = np.random.default_rng(0).integers(64, 256, (16, 16, 1, 8), np.uint8)
    (tmp_path / "x.mat").write_bytes(mat(matrix("y", given, True), matrix("X", pixels, True)))
    dataset = opened(str(tmp_path / "x.mat"))
    assert reasons(dataset) == ({"y": classes} if isinstance(classes, str) else {})
    assert dataset.classes == (() if isinstance(classes, str) else classes)
    if dataset.labels is not None:
        assert dataset.labels.tolist() == (np.arange(8) % len(classes)).tolist()


def test_other_arrays_in_matlab_files_are_named(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(64, 256, (16, 16, 1, 8), np.uint8)
    one, other, number = (matrix(*each, False) for each in (("X", pixels), ("Z", pixels), ("n", np.array([[8.0]]))))
    (tmp_path / "x.mat").write_bytes(mat(number, one, other))
    assert reasons(opened(str(tmp_path / "x.mat"))) == {
        "n": "it holds neither images nor labels",
        "Z": "the images in 'X' are used instead",
    }


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512), b""])
def test_matlab_files_of_version_7_3_are_refused_with_what_to_do(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "x.mat").write_bytes(start + b"\x89HDF\r\n\x1a\n" + bytes(600))
    with pytest.raises(UserError) as caught:
        opened(str(tmp_path / "x.mat"))
    assert "version 7.3" in caught.value.what
    assert "-v7" in caught.value.remedy


def test_svhn_as_it_comes(downloads: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 40), np.uint8)
    (downloads / "svhn").mkdir(parents=True)
    data = mat(matrix("X", pixels, True), matrix("y", np.arange(40, dtype=np.uint8)[:, None] % 10 + 1, True))
    (downloads / "svhn" / "train_32x32.mat").write_bytes(data)
    dataset = run_to_end(prepare("download:svhn"))
    assert (dataset.size, len(dataset.images), len(dataset.classes)) == ((32, 32), 40, 10)


@pytest.mark.parametrize("harm", ["cut", "other bytes", "no pictures", "nothing"])
def test_damaged_matlab_files(tmp_path: Path, harm: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3, 200), np.uint8)
    whole = mat(matrix("X", pixels, True))
    file = tmp_path / "x.mat"
    file.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "other bytes": whole[:500] + bytes(2000) + whole[2500:],
            "no pictures": mat(matrix("y", np.zeros((9, 1)), True)),
            "nothing": mat(),
        }[harm]
    )
    with pytest.raises(UserError) as caught:
        opened(str(file))
    assert "'x.mat'" in caught.value.what


# The command line


def test_the_command_lists_and_downloads(server: Server, offer: Download, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*DOWNLOADS, "inception"]
    assert "by hand" in next(line for line in lines if "celeba" in line)
    assert server.asked == []
    assert main(["download", "pictures"]) == 0
    assert "download:pictures can be opened now" in capsys.readouterr().err
    assert main(["download"]) == 0
    assert "here  Some pictures" in capsys.readouterr().out
    server.fail = "error"
    (offer.folder() / "pictures.zip").unlink()
    assert main(["download", "pictures"]) == 2
    assert "answered 503" in capsys.readouterr().err
