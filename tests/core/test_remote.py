"""Connections to another machine: what goes wrong with them, the check, the installation and the copy of a dataset."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core import __version__
from core.cli.main import main
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.data.cache.copied import copies_folder
from core.data.cache.exclusions import exclude
from core.data.prepare import prepare
from core.errors import UserError
from core.events import Progress
from core.remote.check import check
from core.remote.connection import Connection
from core.remote.copy import PreparedCopy, copy, prepared_copy
from core.remote.hosts import Cluster, Host, host, hosts, hosts_file, put, remove
from core.remote.install import install
from core.remote.ssh import NoConnectionError
from core.remote.wheel import wheel
from tests.core.far_host import FarHost


def test_hosts_are_remembered_by_name() -> None:
    put(Host(name="b", address="me@b"))
    put(Host(name="a", address="me@a", python="/opt/python"))
    put(Host(name="b", address="me@other"))
    assert [(each.name, each.address) for each in hosts()] == [("a", "me@a"), ("b", "me@other")]
    remove("a")
    assert host("b").address == "me@other"
    with pytest.raises(UserError, match="No host is called 'a'"):
        host("a")


@pytest.mark.parametrize("address", ["-oProxyCommand=evil", "a b", "", "x\ny"])
def test_address_is_no_option_of_ssh(address: str) -> None:
    with pytest.raises(UserError, match="is no address"):
        put(Host(name="a", address=address))


def test_damaged_list_of_hosts_is_empty_and_not_replaced() -> None:
    hosts_file().parent.mkdir(parents=True, exist_ok=True)
    hosts_file().write_text("[{")
    assert hosts() == []
    with pytest.raises(UserError, match="list of hosts") as problem:
        put(Host(name="a", address="me@a"))
    assert "move it away" in problem.value.remedy
    with pytest.raises(UserError, match="list of hosts"):
        remove("a")
    assert hosts_file().read_text() == "[{"


def test_change_of_a_host_keeps_the_rest() -> None:
    add = ["hosts", "add", "a", "me@a"]
    assert main([*add, "--python", "/opt/python", "--folder", "there", "--hours", "2"]) == 0
    assert main([*add, "--gpus", "3"]) == 0
    kept = host("a")
    assert (kept.python, kept.folder, kept.cluster) == ("/opt/python", "there", Cluster(hours=2, gpus=3))
    assert main([*add, "--no-slurm"]) == 0
    assert host("a") == kept.model_copy(update={"cluster": None})
    assert main(["hosts", "add", "a", "me@b"]) == 0
    assert host("a") == Host(name="a", address="me@b")  # another machine


def test_one_connection_answers_all_calls(far: FarHost) -> None:
    with Connection(far.host) as connection:
        connection.call("hello")
        process = connection.process
        assert connection.version == __version__
        assert connection.skew == 0.0
        listed = connection.call("queue", arguments=["list", "--json"]).header
        assert (json.loads(listed["output"]), listed["code"]) == ([], 0)
        assert connection.process == process
    assert connection.process is None


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("shell", {"command": "id"}),
        ("queue", {"arguments": ["run", "x"]}),
        ("queue", {"arguments": ["list", "--queue=/tmp"]}),
        ("put_piece", {"name": "../x", "file": "images.npy", "offset": 0, "checksum": 0}),
        ("put_piece", {"name": "0" * 32, "file": "../../x", "offset": 0, "checksum": 0}),
        ("ask", {"run": "x", "kind": "stop", "values": {}}),
        ("hello", {"unknown": 1}),
    ],
)
def test_only_named_operations_are_carried_out(operation: str, arguments: dict[str, object]) -> None:
    from core.remote.far import _answer  # without a connection, which takes a second
    from core.remote.frames import Frame

    header, _body = _answer(Frame({"operation": operation, "arguments": arguments}, b""))
    assert header["problem"]["what"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"HostName": "host.invalid"}, "The host far is unknown"),
        ({"Port": "1"}, "takes ssh connections"),
        ({"IdentityFile": "/nonexistent"}, "far refused the key"),
        ({"UserKnownHostsFile": "/dev/null"}, "key of far is not known yet"),
        ({"Nonsense": "yes"}, "configuration of ssh is invalid"),
    ],
)
def test_failure_of_ssh_is_a_sentence(far: FarHost, options: dict[str, str], expected: str) -> None:
    far.write_config(**options)
    with Connection(far.host) as connection, pytest.raises(NoConnectionError, match=expected) as problem:
        connection.call("hello")
    assert problem.value.remedy
    assert [each.state for each in check(far.host)] == ["bad"]


def test_changed_key_of_the_host_is_told(far: FarHost, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    known = tmp_path / "machines" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{far.port} {(tmp_path / 'other.pub').read_text()}")
    with Connection(far.host) as connection, pytest.raises(NoConnectionError, match="key of far has changed"):
        connection.call("hello")


@pytest.mark.parametrize(
    ("python", "expected"),
    [(None, "not installed on far"), ("/nonexistent/python", "no Python at /nonexistent/python")],
)
def test_missing_program_is_told(far: FarHost, python: str | None, expected: str) -> None:
    with (
        Connection(far.host.model_copy(update={"python": python})) as connection,
        pytest.raises(NoConnectionError, match=expected),
    ):
        connection.call("hello")


def test_lost_connection_is_told_and_made_again(far: FarHost) -> None:
    with Connection(far.host) as connection:
        connection.call("hello")
        for name in ("process", "far_process"):
            os.kill(getattr(connection, name), signal.SIGKILL)
            with pytest.raises(NoConnectionError, match="connection to far was lost"):
                connection.call("hello")
            connection.call("hello")


def test_other_protocol_is_refused(far: FarHost, tmp_path: Path) -> None:
    old = tmp_path / "old python"
    old.write_text(
        f"#!{sys.executable}\nimport sys; from core.remote import frames; frames.PROTOCOL = 0\n"
        "import core.remote.far as far; far.PROTOCOL = 0; far.main()\n"
    )
    old.chmod(0o755)
    with (
        Connection(far.host.model_copy(update={"python": str(old)})) as connection,
        pytest.raises(NoConnectionError, match="differs too much"),
    ):
        connection.call("hello")


@pytest.mark.parametrize(("lines", "expected"), [(10, ""), (10_000, "answer of far cannot be read")])
def test_text_of_start_files_is_skipped_up_to_a_limit(far: FarHost, tmp_path: Path, lines: int, expected: str) -> None:
    noisy = tmp_path / "noisy python"
    noisy.write_text(f"#!/bin/sh\nyes Welcome | head -n {lines}\nexec '{sys.executable}' \"$@\"\n")
    noisy.chmod(0o755)
    with Connection(far.host.model_copy(update={"python": str(noisy)})) as connection:
        if not expected:
            connection.call("hello")
            return
        with pytest.raises(NoConnectionError, match=expected) as problem:
            connection.call("hello")
    assert "Welcome" in problem.value.details
    assert "start files" in problem.value.remedy


def test_check_says_what_is_there(far: FarHost) -> None:
    found = {each.title: each for each in check(far.host)}
    assert {each.state for each in found.values()} <= {"good", "warning"}
    assert {"Connection", "Disk", "Program", "cpu"} <= found.keys()


def test_program_is_installed_into_a_folder_of_its_own(far: FarHost, monkeypatch: pytest.MonkeyPatch) -> None:
    far.stop()
    far.environment["PYTHONPATH"] = Path(pytest.__file__).parents[1]  # the packages, without this program
    far.start()
    events = list[object]()
    new = far.host.model_copy(update={"python": None})
    installed = run_to_end(install(new, ["--no-deps", "--no-index"]), events.append)
    assert any(isinstance(event, Progress) for event in events)
    assert installed.python is not None
    assert Path(installed.python).is_relative_to(far.home / "program" / "programs")
    assert host("far") == installed
    made = Path(installed.python).stat().st_ino
    assert run_to_end(install(new, ["--no-deps", "--no-index"])) == installed
    assert Path(installed.python).stat().st_ino == made


def test_wheel_is_the_same_each_time() -> None:
    name, data = wheel()
    assert name == f"gan_studio-{__version__}-py3-none-any.whl"
    assert wheel() == (name, data)


def _copied(pictures: Path, **how: object) -> PreparedCopy:
    found = run_to_end(prepared_copy(str(pictures), Preparation((16, 16))))
    assert found is not None
    return found


def test_dataset_is_copied_once_and_opened_by_its_fingerprint(
    far: FarHost,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = run_to_end(prepare(str(pictures), Preparation((16, 16))))
    copied = _copied(pictures)
    with Connection(far.host) as connection:
        assert [event.done for event in copy(connection, copied) if isinstance(event, Progress)]
        assert list(copy(connection, copied)) == []
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(far.home / "cache"))
    there = run_to_end(prepare(copied.source, Preparation((16, 16))))
    assert there.fingerprint == here.fingerprint
    assert (there.images[:] == here.images[:]).all()
    with pytest.raises(UserError, match="have 16 x 16 px"):
        run_to_end(prepare(copied.source, Preparation((32, 32))))
    with pytest.raises(UserError, match="not on this machine"):
        run_to_end(prepare("copied:" + "0" * 32))


def test_images_left_out_here_are_left_out_there(
    far: FarHost,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = shutil.copytree(pictures, tmp_path / "some")
    here = run_to_end(prepare(str(folder), Preparation((16, 16))))
    exclude(here, [next(iter(here.records.all_names()))])
    here = run_to_end(prepare(str(folder), Preparation((16, 16))))
    copied = _copied(folder)
    with Connection(far.host) as connection:
        list(copy(connection, copied))
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(far.home / "cache"))
    there = run_to_end(prepare(copied.source, Preparation((16, 16))))
    assert (len(there.images), there.fingerprint) == (len(here.images), here.fingerprint)


def test_copy_goes_on_where_it_was_cut_off(far: FarHost, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.remote.copy.BLOCK", 4096)
    monkeypatch.setattr("core.remote.connection.FIRST_PAUSE", 0.0)
    copied, done = _copied(pictures), list[int]()
    with Connection(far.host) as connection:
        for event in copy(connection, copied):
            if isinstance(event, Progress) and event.in_bytes:
                done.append(event.done)
                if len(done) == 3:
                    assert connection.process is not None
                    os.kill(connection.process, signal.SIGKILL)
    assert (done.count(0), done.count(done[2])) == (1, 2)
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(far.home / "cache"))
    assert [folder.name for folder in copies_folder().iterdir()] == [copied.name]


def test_damaged_part_of_a_copy_is_copied_again(far: FarHost, pictures: Path) -> None:
    copied = _copied(pictures)
    unfinished = far.home / "cache" / "copied" / f"{copied.name}.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "images.npy").write_bytes(b"\0" * 100)
    with Connection(far.host) as connection:
        with pytest.raises(UserError, match="damaged"):
            list(copy(connection, copied))
        list(copy(connection, copied))
    assert not unfinished.exists()
