"""The command line: what it makes, its exit codes, and one line for everything that a person can mend."""

from __future__ import annotations

import io
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from core.checkpoint import Checkpoint, load, save
from core.cli.commands.completion import arguments_of, script
from core.cli.event_text import json_of, text_of
from core.cli.main import commands, main, parser
from core.cli.messages import MESSAGES
from core.cli.progress import Bar
from core.config.choices import choices_of
from core.config.settings import Settings
from core.events import Edited, Event, Finished, Report, Saved, Stepped
from core.latent.request import LatentRequest
from core.latent.sampler import Sampler
from core.presets import all_presets, presets
from core.projection.projector import STEPS
from core.runs.run import Run
from core.runs.run_watch import Drawn
from tests.core.nursery import Nursery
from tests.core.sources import KINDS, Kind, as_cifar, as_video
from tests.core.tiny import FLAGS, finished, save_pictures, tiny_trainer


@pytest.fixture
def copied_run(finished_run: Path, tmp_path: Path) -> Path:
    """A run that a test may change."""
    return shutil.copytree(finished_run, tmp_path / "copied run")


def newest(run: Path) -> Path:
    return Run(run).checkpoints()[-1]


def pixels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as image:
        return np.asarray(image)


# -- train -----------------------------------------------------------------------------------------------------------


def test_train(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--preset", "dcgan", "--steps", "3", "--mirror", "--lr-g", "1e-4", "--seed", "5", *FLAGS]
    assert main(["train", str(pictures), "--out", str(tmp_path / "run"), *flags]) == 0
    checkpoint = load(newest(tmp_path / "run"))
    assert checkpoint.meta.step == 3
    settings = checkpoint.meta.settings
    assert (settings.preset, settings.mirror, settings.lr_g, settings.seed) == ("dcgan", True, 1e-4, 5)
    assert (settings.latent_dim, settings.beta1) == (8, 0.5)
    assert checkpoint.meta.dataset == str(pictures)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "step limit of 3" in captured.err
    assert "000000003.safetensors" in captured.err


def test_train_without_a_preset_takes_the_default(pictures: Path, tmp_path: Path) -> None:
    assert main(["train", str(pictures), "--out", str(tmp_path / "run"), "--minutes", "0.001", *FLAGS]) == 0
    settings = load(newest(tmp_path / "run")).meta.settings
    assert settings.preset == next(iter(presets()))
    assert settings.lr_g == presets()["studio"].settings["lr_g"]


def test_train_tries_what_is_fastest_unless_told(pictures: Path, tmp_path: Path) -> None:
    flags = [*FLAGS[: FLAGS.index("--precision")], "--device", "auto", "--steps", "1"]
    assert main(["train", str(pictures), "--out", str(tmp_path / "run"), *flags]) == 0
    meta = load(newest(tmp_path / "run")).meta
    assert meta.settings.precision == "auto"
    assert meta.precision in {"fp32", "bf16"}
    assert meta.memory_format in {"contiguous", "channels_last"}


def test_train_on_a_zip(pictures: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "pictures"), "zip", pictures)
    assert main(["train", archive, "--out", str(tmp_path / "run"), "--steps", "1", *FLAGS]) == 0
    assert load(newest(tmp_path / "run")).meta.dataset == archive


def test_the_bar_counts_what_is_trained_on(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # without a terminal there is no bar
    assert main(["train", str(pictures), "--out", str(tmp_path / "a"), "--steps", "1", *FLAGS]) == 0
    assert " images/s, D " in capsys.readouterr().err
    assert main(["train", "toy:ring8", "--preset", "playground", "--out", str(tmp_path / "b"), "--steps", "1"]) == 0
    said = capsys.readouterr().err
    assert " points/s, D " in said
    assert "images" not in said


def save_discs(folder: Path, count: int = 12) -> Path:
    """Colored discs on transparent ground, higher than wide."""
    folder.mkdir()
    y, x = np.mgrid[:120, :90]
    for index in range(count):
        image = np.zeros((120, 90, 4), np.uint8)
        image[np.hypot(x - 45, y - 60) < 20 + index] = (20 * index, 100, 255 - 20 * index, 255)
        Image.fromarray(image).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("flags", [["--alpha"], []])
def test_wide_images_with_and_without_alpha(tmp_path: Path, flags: list[str]) -> None:
    discs, run, out = save_discs(tmp_path / "discs"), tmp_path / "run", tmp_path / "images"
    command = ["train", str(discs), "--out", str(run), *FLAGS, "--resolution", "64", "--grid", "6x4", "--steps", "2"]
    assert main([*command, *flags]) == 0
    channels = 4 if flags else 3
    meta = load(newest(run)).meta
    assert (meta.step, meta.channels, meta.settings.size, meta.settings.alpha) == (2, channels, (96, 64), bool(flags))
    reals, samples = pixels(run / "reals.png"), pixels(Run(run).samples()[-1])
    assert reals.shape == samples.shape == (128, 192, channels)  # two by two
    assert (reals[0, 0] == ([255, 255, 255, 0] if flags else [255, 255, 255])).all()
    assert main(["generate", str(newest(run)), "--seeds", "0-2", "--out", str(out)]) == 0
    for path in out.iterdir():
        with Image.open(path) as image:
            assert (image.mode, image.size) == ("RGBA" if flags else "RGB", (96, 64))
    assert main([*command[:4], "--resume", str(newest(run)), "--steps", "3"]) == 0
    assert load(newest(run)).meta.step == 3


def test_resume_in_the_same_run(pictures: Path, copied_run: Path) -> None:
    command = ["train", str(pictures), "--out", str(copied_run), "--resume", str(newest(copied_run)), "--steps", "8"]
    assert main(command) == 0
    assert [int(path.stem) for path in Run(copied_run).checkpoints()] == [0, 6, 8]
    assert load(newest(copied_run)).meta.settings.width == 8


def test_resume_in_a_new_run_with_another_setting(pictures: Path, finished_checkpoint: Path, tmp_path: Path) -> None:
    command = ["train", str(pictures), "--out", str(tmp_path / "new"), "--resume", str(finished_checkpoint)]
    assert main([*command, "--steps", "7", "--lr-g", "0.001"]) == 0
    meta = load(newest(tmp_path / "new")).meta
    assert (meta.step, meta.settings.lr_g, meta.settings.width) == (7, 0.001, 8)


@pytest.mark.parametrize(("flag", "value"), [("--memory-format", "channels_last"), ("--precision", "bf16")])
def test_resume_obeys_an_explicit_number_format_and_layout(
    pictures: Path, finished_checkpoint: Path, tmp_path: Path, flag: str, value: str
) -> None:
    command = ["train", str(pictures), "--out", str(tmp_path / "new"), "--resume", str(finished_checkpoint)]
    assert main([*command, "--steps", "7", flag, value]) == 0
    meta = load(newest(tmp_path / "new")).meta
    assert value in {meta.memory_format, meta.precision}


# -- generate --------------------------------------------------------------------------------------------------------


def test_generate(finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "images"
    assert main(["generate", str(finished_checkpoint), "--out", str(out), "--seeds", "0-3,12345", "--psi", "0.7"]) == 0
    assert sorted(path.stem for path in out.iterdir()) == ["seed0000", "seed0001", "seed0002", "seed0003", "seed12345"]
    assert {path.suffix for path in out.iterdir()} == {".png"}
    assert capsys.readouterr().out == ""
    sampler = Sampler.open(finished_checkpoint, "cpu")
    expected = sampler.render(LatentRequest.of_seeds((2,), psi=0.7), steady=True)[0].astype(int)
    assert np.abs(pixels(out / "seed0002.png") - expected).max() <= 1
    assert np.abs(pixels(out / "seed0001.png") - expected).max() > 8


def test_generate_twice_gives_the_same_files(finished_checkpoint: Path, tmp_path: Path) -> None:
    command = ["generate", str(finished_checkpoint), "--seeds", "0-7", "--device", "cpu", "--out"]
    assert [main([*command, str(tmp_path / name)]) for name in "ab"] == [0, 0]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_generate_overwrites_when_told(finished_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "seed0001.png").write_text("mine")
    command = ["generate", str(finished_checkpoint), "--seeds", "0-1", "--out", str(tmp_path)]
    assert main(command) == 2
    assert (tmp_path / "seed0001.png").read_text() == "mine"
    assert not (tmp_path / "seed0000.png").exists()
    assert main([*command, "--overwrite"]) == 0
    assert pixels(tmp_path / "seed0001.png").shape == (16, 16, 3)


def test_generate_a_zip_and_sheets(finished_checkpoint: Path, tmp_path: Path) -> None:
    command = ["generate", str(finished_checkpoint), "--seeds", "0-7", "--out"]
    assert main([*command, str(tmp_path / "a.zip"), "--format", "webp"]) == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.namelist()) == 8
        assert {Path(name).suffix for name in archive.namelist()} == {".webp"}
    for name in ("a.png", "a.jpg", "a.webp"):
        assert main([*command, str(tmp_path / name), "--scale", "2"]) == 0
        assert pixels(tmp_path / name).shape == (96, 96, 3)
        with Image.open(tmp_path / name) as image:
            assert image.format == {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}[Path(name).suffix]


@pytest.fixture(scope="module")
def labeled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a generator that knows three classes."""
    path = tmp_path_factory.mktemp("labeled") / "cgan.safetensors"
    save(finished(tiny_trainer("cgan", steps=3)).checkpoint(), path)
    return path


@pytest.mark.parametrize("name", ["SHEET.PNG", "sheet.JPEG", "sheet.jpeg", "images.ZIP", "sheet.WebP"])
def test_generate_takes_an_ending_in_any_letters(finished_checkpoint: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    assert main(["generate", str(finished_checkpoint), "--seeds", "0-3", "--out", str(target)]) == 0
    assert target.is_file()


@pytest.mark.parametrize("name", ["a.GIF", "a.tiff", "a.bmp", "a.jfif", "a.avif", "a.mp4", "a.tar"])
def test_no_folder_is_called_like_a_file(
    name: str, finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / name)]
    assert main(["generate", str(finished_checkpoint), "--seeds", "0-3", *out]) == 2
    assert f"{name} would be the name of a folder. End its name in .png" in capsys.readouterr().err
    assert main(["project", str(finished_checkpoint), "picture.png", *out]) == 2
    assert "Name a folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_sheet_has_the_format_of_its_name(
    finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["generate", str(finished_checkpoint), "--seeds", "0-3", "--out", str(tmp_path / "a.png"), "--format"]
    assert main([*command, "webp"]) == 2
    assert "a.png is no webp" in capsys.readouterr().err
    assert main([*command, "png"]) == 0


def test_generate_a_class(labeled: Path, tmp_path: Path) -> None:
    names = load(labeled).meta.classes
    command = ["generate", str(labeled), "--seeds", "4", "--out"]
    assert main([*command, str(tmp_path / "name"), "--label", names[2]]) == 0
    assert main([*command, str(tmp_path / "number"), "--label", "2"]) == 0
    assert main([*command, str(tmp_path / "each"), "--each-class"]) == 0
    images = [path.read_bytes() for path in sorted((tmp_path / "each").iterdir())]
    assert len(images) == len(names)
    for folder in ("name", "number"):
        (path,) = (tmp_path / folder).iterdir()
        assert path.read_bytes() == images[2]


def test_generate_a_class_that_is_not_there(
    labeled: Path, finished_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["generate", str(labeled), "--seeds", "4", "--out", str(tmp_path / "out"), "--label", "owl"]
    assert main(command) == 2
    assert "'owl'" in capsys.readouterr().err
    for flags in (["--label", "0"], ["--each-class"]):
        assert main(["generate", str(finished_checkpoint), "--seeds", "4", "--out", str(tmp_path / "out"), *flags]) == 2
        assert "no classes" in capsys.readouterr().err


# -- inspect and presets ---------------------------------------------------------------------------------------------


def inspected(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["inspect", str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 5
    assert main(["inspect", str(path), "--json"]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def test_inspect_a_dataset(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = inspected(pictures, capsys)
    assert (facts["kind"], facts["images"], facts["colour"]) == ("dataset", 20, "RGB")
    assert (facts["suggested_resolution"], facts["sizes"]) == (16, {"20 x 18": 20})


@pytest.mark.parametrize("suffix", [".zip", ".ZIP"])
def test_inspect_a_zip(pictures: Path, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "a"), "zip", pictures)).rename(tmp_path / f"pictures{suffix}")
    assert inspected(archive, capsys)["images"] == 20


@pytest.mark.parametrize("kind", KINDS)
def test_inspect_every_kind_of_source(kind: Kind, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = inspected(kind(tmp_path), capsys)
    assert (facts["kind"], facts["suggested_resolution"]) == ("dataset", 32 if kind is as_cifar else 16)
    assert facts["images"] == (2 if kind is as_video else 20)


def test_inspect_a_checkpoint(finished_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = inspected(finished_checkpoint, capsys)
    assert (facts["kind"], facts["step"], facts["images"], facts["device"]) == ("checkpoint", 6, 48, "cpu")
    assert facts["settings"]["width"] == 8
    assert "Loss/G/loss" in facts["stats"]


def test_inspect_a_run(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = inspected(finished_run, capsys)
    assert (facts["kind"], facts["step"], facts["images"], facts["reports"]) == ("run", 6, 48, 1)
    assert facts["checkpoints"] == ["000000000.safetensors", "000000006.safetensors"]
    assert facts["settings"]["width"] == 8


def test_presets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(all_presets())
    assert main(["presets", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == list(all_presets())
    assert found["dcgan"]["latent_dim"] == 100
    assert all(preset["title"] and preset["when"] for preset in found.values())


# -- help and completion ---------------------------------------------------------------------------------------------


def help_of(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Returns the help that a command prints, without the line breaks."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


def test_short_help_of_train_has_the_options_that_people_use(capsys: pytest.CaptureFixture[str]) -> None:
    short = help_of("train", "--help", capsys=capsys)
    assert set(re.findall(r"--[a-z0-9-]+", short)) == {
        *("--help", "--help-all", "--quiet", "--verbose", "--out", "--resume"),
        *(
            "--preset",
            "--task",
            "--resolution",
            "--mirror",
            "--no-mirror",
            "--augment",
            "--condition",
            "--batch",
            "--steps",
        ),
        *("--minutes", "--patience", "--lr-g", "--lr-d", "--device", "--gpus", "--seed"),
    }


def test_every_setting_has_a_help_with_choices_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of("train", "--help-all", capsys=capsys)
    for name, field in Settings.model_fields.items():
        flag = "--" + name.replace("_", "-")
        about = re.search(rf" {flag}(?:, --no\S+| [A-Z0-9_]+) (?P<help>.*? Default: \S.*?\.) (?:--|[A-Z]\w+)", text)
        assert about is not None, name
        assert " ".join((field.description or "").split()) in about["help"]
        if choices := choices_of(name, field):
            assert f"One of {', '.join(map(str, choices))}." in about["help"]


def test_settings_stand_in_the_groups_of_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    groups = [cast(dict[str, Any], field.json_schema_extra)["group"] for field in Settings.model_fields.values()]
    for flag in ("--help", "--help-all"):
        with pytest.raises(SystemExit):
            main(["train", flag])
        headings = re.findall(r"^(\w+):$", capsys.readouterr().out, re.MULTILINE)
        assert [each for each in headings if each in groups] == [
            each for each in dict.fromkeys(groups) if flag == "--help-all" or each in headings
        ]
    assert headings == ["Arguments", "Options", *dict.fromkeys(groups)]


def test_defaults_are_those_of_the_default_preset(capsys: pytest.CaptureFixture[str]) -> None:
    settings = next(iter(presets().values())).apply()
    text = help_of("train", "--help-all", capsys=capsys)
    assert settings.lr_g != Settings().lr_g
    assert re.search(rf"--lr-g X [^-]*Default: {settings.lr_g:g}\. ", text)
    assert text.count(f"Default: {settings.resolution} px.") == 1


@pytest.mark.parametrize("command", commands())
def test_help_of_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(command, "--help", capsys=capsys)
    assert text.startswith(f"usage: gan-studio {command} ")
    assert "130 Ctrl-C" in text
    for argument in arguments_of(parser().commands[command]):
        assert argument.help, argument
        assert argument.help[0].isupper()
    assert re.match(r"[A-Z][a-z]+ ", parser().commands[command].description or "")


def test_defaults_that_are_written_are_those_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"Default: {STEPS}." in help_of("project", "--help", capsys=capsys)


def test_help_imports_no_torch() -> None:
    code = "import sys; from core.cli import main; from core.cli.commands.completion import script; main.commands(); "
    code += "[command.format_help() for command in main.parser().commands.values()]; script(main.parser(), 'bash'); "
    code += "print(*{'torch', 'torchvision', 'PySide6'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).split() == []


def completed(*words: str) -> list[str]:
    """Returns the completions that bash offers for the last of the words."""
    code = f'{script(parser(), "bash")}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gan_studio; '
    code += 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", code, "bash", *words], capture_output=True, text=True, check=True, timeout=20)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tra"], ["train"]),
        (["--ver"], ["--version", "--verbose"]),
        (["train", "--optim"], ["--optimizer"]),
        (["train", "x", "--optimizer", "ad"], ["adam", "adamw"]),
        (["train", "x", "--optimizer", "=", "ad"], ["adam", "adamw"]),
        (["train", "x", "--augment", "="], ["none", "diffaug", "ada"]),
        (["train", "x", "--out", ""], []),  # bash completes the names of files
        (["-q", "download", "cif"], ["cifar10", "cifar100"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_completion_in_bash(words: list[str], offered: list[str]) -> None:
    assert completed("gan-studio", *words) == offered


def completed_by_fish(line: str) -> list[str]:
    """Returns the completions that fish offers for the last word of a line."""
    code = f"{script(parser(), 'fish')}\ncomplete -C '{line}'"
    done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stderr == ""
    return [each.partition("\t")[0] for each in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tra", ["train"]),
        ("train --optim", ["--optimizer"]),
        ("train x --optimizer ad", ["adam", "adamw"]),
        ("train x --optimizer=ad", ["--optimizer=adam", "--optimizer=adamw"]),
        ("-q download cif", ["cifar10", "cifar100"]),
        ("train report --overw", []),  # of a folder that has the name of another command
        ("completion ", ["bash", "fish", "zsh"]),
    ],
)
def test_completion_in_fish(line: str, offered: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert completed_by_fish(f"gan-studio {line}") == offered


def read_until(terminal: int, words: list[str]) -> str:
    """Returns the text that a terminal shows until it has all of the words, for 30 s at most."""
    text, end = "", time.monotonic() + 30
    while not all(word in text for word in words) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            text += os.read(terminal, 65536).decode("utf-8", "replace")
    return text


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("t", ["timelapse ", "train "]),
        ("train --optim", ["--optimizer"]),
        ("train x --optimizer ad", ["adam ", "adamw"]),
        ("-q download cif", ["cifar10 ", "cifar100"]),
        ("completion ", ["bash", "fish", "zsh"]),
    ],
)
def test_completion_in_zsh(line: str, offered: list[str], tmp_path: Path) -> None:
    (tmp_path / ".zshrc").write_text(f"autoload -U compinit; compinit -D -u\n{script(parser(), 'zsh')}\nPS1=READY\n")
    terminal, end = os.openpty()
    environment = {**os.environ, "ZDOTDIR": str(tmp_path), "TERM": "dumb"}
    command = ["zsh", "-d", "-i"]
    with subprocess.Popen(
        command, stdin=end, stdout=end, stderr=end, env=environment, cwd=tmp_path, start_new_session=True
    ) as shell:
        try:
            assert read_until(terminal, ["READY"]).count("zsh:") == 0
            os.write(terminal, f"gan-studio {line}\t\t".encode())
            shown = read_until(terminal, offered)
        finally:
            shell.kill()
            os.close(end)
    os.close(terminal)
    assert not [word for word in offered if word not in shown]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command_option_and_choice(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for name, command in parser().commands.items():
        assert re.search(rf"\b{name}\b", text)
        for argument in arguments_of(command):
            assert " ".join(argument.choices) in text
            for flag in argument.flags:
                assert re.search(rf"(-l |--){flag[2:]}\b" if flag.startswith("--") else rf"-(s )?{flag[1:]}\b", text)
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True, timeout=20)
    if shell != "bash":
        assert all(line.count("'") % 2 == 0 for line in text.splitlines() if not line.startswith("#"))


# -- quiet, verbose, colors ------------------------------------------------------------------------------------------


def test_quiet_leaves_errors(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", str(pictures), "--out", str(tmp_path / "run"), "--steps", "1", *FLAGS, "--quiet"]
    assert main(command) == 0
    assert capsys.readouterr() == ("", "")
    assert main(command) == 2
    assert "already exists" in capsys.readouterr().err


def test_verbose_tells_reports_and_details(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"\x10\0\0\0\0\0\0\0{")
    said = []
    for flags in ([], ["-v"]):
        assert main(["inspect", str(damaged), *flags]) == 2
        said.append(capsys.readouterr().err)
    assert said[1].startswith(said[0])
    assert len(said[1].splitlines()) > 1
    command = ["train", str(pictures), "--out", str(tmp_path / "run"), "--steps", "1", *FLAGS, "-v"]
    assert main(command) == 0
    assert re.search(r"^step 1, \d+ seen, .* D \d", capsys.readouterr().err, re.MULTILINE)


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_colors_stand_in_a_terminal_unless_no_color_is_set(
    no_color: str, colored: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.setenv("NO_COLOR", no_color)
    assert main(["inspect", "missing"]) == 2
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["inspect", "missing\x1b[2J"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("\x1b[31mgan-studio:\x1b[0m " if colored else "gan-studio: ")
    assert "\x1b[2J" not in said
    folder = save_pictures(tmp_path / "\x1b[2Jpictures")
    assert main(["inspect", str(folder)]) == 0
    with Bar("image", 3) as bar:
        bar.advance(2, "Reading \x1b[2J", "\x1b[2J")
        bar.warn("A \x1b[2J warning")
    said = capsys.readouterr().err
    assert ("\x1b[32m" in said, "\x1b[33mA \ufffd[2J warning" in said) == (colored, colored)
    assert "\x1b[2J" not in said


# -- for programs ----------------------------------------------------------------------------------------------------


def test_train_tells_programs_its_events(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", str(pictures), "--out", str(tmp_path / "run"), "--steps", "2", *FLAGS, "--json"]
    assert main(command) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {event["event"] for event in events} >= {"report", "saved", "finished"}
    (report,) = (event for event in events if event["event"] == "report")
    assert (report["step"], "Loss/G/loss" in report["stats"]) == (2, True)
    saved = [event["path"] for event in events if event["event"] == "saved"]
    assert saved[-1] == str(newest(tmp_path / "run"))


@pytest.mark.parametrize(
    ("event", "values"),
    [
        (Report(3, 24, 1.5, {"Loss/G/loss": 0.5}), {"images": 24, "seconds": 1.5, "stats": {"Loss/G/loss": 0.5}}),
        (Edited(3, {"lr_g": 1e-4}), {"changes": {"lr_g": 1e-4}}),
        (Saved(Path("a.safetensors"), 3), {"path": "a.safetensors"}),
        (Drawn(Path("3.png"), 3), {"path": "3.png"}),
        (Finished(3, "Enough."), {"reason": "Enough."}),
    ],
)
def test_events_for_programs(event: Event, values: dict[str, Any]) -> None:
    assert json.loads(json_of(event)) == {"event": type(event).__name__.lower(), "step": 3, **values}
    assert "\n" not in json_of(event)
    assert text_of(event).startswith("step 3") or isinstance(event, Finished)


def test_events_that_say_nothing() -> None:
    assert json_of(Stepped(3, 24)) == text_of(Stepped(3, 24)) == ""


def test_project_for_programs(
    finished_checkpoint: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = str(min(pictures.iterdir()))
    command = ["project", str(finished_checkpoint), picture, "--out", str(tmp_path), "--steps", "2", "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["psnr"] > 0
    assert pixels(Path(found["projected"])).shape == (16, 16, 3)


def test_a_cleared_cache_for_programs(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(pictures)]) == 0
    capsys.readouterr()
    assert main(["cache", "--clear", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["freed_bytes"] > 0
    assert facts["entries"] == []


def test_downloads_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mnist"]["images"] == 60_000
    assert list(found)[-1] == "inception"
    assert {each["is_here"] for each in found.values()} == {False}


# -- bad input -------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, pictures: Path, finished_run: Path, finished_checkpoint: Path) -> Callable[[str], str]:
    """Fills in what the commands below name."""
    names = {"pictures": str(pictures), "run": str(finished_run), "checkpoint": str(finished_checkpoint)}
    return lambda text: text.format(tmp=tmp_path, **names)


def rubbish(folder: Path) -> None:
    """Makes the folders and files that the bad commands point at."""
    (folder / "empty").mkdir()
    save_pictures(folder / "one", 1)
    (folder / "texts").mkdir()
    for name in ("a.png", "b.png", "c.jpg"):
        (folder / "texts" / name).write_text("This is not an image.")
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("mine")
    (folder / "notes.txt").write_text("notes")
    (folder / "damaged.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    (folder / "foreign.pt").write_bytes(b"cbuiltins\nprint\n(Vexecuted\ntR.")


TRAIN = "train|{pictures}|--out|{tmp}/run|--steps|1|"
GENERATE = "generate|{checkpoint}|--out|{tmp}/images|--seeds|"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "COMMAND"),
        ("paint", "There is no command 'paint'. See gan-studio --help."),
        ("genrate", "There is no command 'genrate'. Did you mean 'generate'?"),
        ("--verison", "There is no option --verison. Did you mean '--version'?"),
        ("generate|{checkpoint}|--seds|1", "There is no option --seds. Did you mean '--seeds'?"),
        ("download|mnits", "NAME cannot be 'mnits'. Did you mean 'mnist'?"),
        ("completion|bsh", "SHELL cannot be 'bsh'. Did you mean 'bash'?"),
        ("train", "DATA"),
        ("train|{pictures}", "--out"),
        (TRAIN + "--sparkle|3", "There is no option --sparkle. See gan-studio train --help."),
        (TRAIN + "--optimiser|adam", "There is no option --optimiser. Did you mean '--optimizer'?"),
        (TRAIN + "--optimizer=Adamm", "--optimizer cannot be 'Adamm'. Did you mean 'adam'?"),
        (TRAIN + "--preset|stylegan2", "--preset cannot be 'stylegan2'. Did you mean 'stylegan2_ada'?"),
        (TRAIN + "--batch", "--batch"),
        (TRAIN + "--preset|stylegan9", "'stylegan9'"),
        (TRAIN + "--network|biggan", "'biggan'"),
        (TRAIN + "--loss|perceptual", "'perceptual'"),
        (TRAIN + "--grid|64", "'grid'"),
        (TRAIN + "--grid|16x4|--resolution|512", "2048 x 512"),
        (TRAIN + "--network|mlp|--d-norm|batch", "no batch normalization"),
        (TRAIN + "--weight-clip|0.01", "Weight clipping"),
        ("train|{pictures}|--out|{tmp}/run|--condition|concat|FLAGS", "class labels"),
        (TRAIN + "--resolution|48", "cannot be '48'. Choose one of 16, 32"),
        (TRAIN + "--resolution|large", "'large'"),
        (TRAIN + "--width|4", "'width'"),
        (TRAIN + "--lr-g|nan", "'lr_g'"),
        (TRAIN + "--seed|-1", "'seed'"),
        (TRAIN + "--minutes|0", "'minutes'"),
        (TRAIN + "--device|cuda:77", "'cuda:77'"),
        (TRAIN + "--device|toaster", "'toaster'"),
        (TRAIN + "--batch|21|--resolution|16|--width|8", "number of images, 20"),
        ("train|{tmp}/empty|--out|{tmp}/run|--steps|1", "no images"),
        ("train|{tmp}/one|--out|{tmp}/run|--steps|1", "only one"),
        ("train|{tmp}/texts|--out|{tmp}/run|--steps|1", "'texts'"),
        ("train|{tmp}/missing|--out|{tmp}/run|--steps|1", "does not exist"),
        ("train|{tmp}/notes.txt|--out|{tmp}/run|--steps|1", "notes.txt"),
        ("train|sample:cats|--out|{tmp}/run|--steps|1", "cats"),
        ("train|{pictures}|--out|{tmp}/full|FLAGS", "already exists"),
        ("train|{pictures}|--out|{tmp}/notes.txt|FLAGS", "already exists"),
        ("train|{pictures}|--out|{tmp}/notes.txt/run|FLAGS", "could not be created"),
        ("train|{pictures}|--out|{run}|FLAGS", "already exists"),
        (TRAIN + "--resume|{tmp}/missing.safetensors", "no file"),
        (TRAIN + "--resume|{tmp}/damaged.safetensors", "damaged"),
        (TRAIN + "--resume|{tmp}/foreign.pt", "another program"),
        (TRAIN + "--resume|{checkpoint}|--width|16", "does not fit"),
        (TRAIN + "--resume|{checkpoint}|--preset|stylegan9", "'stylegan9'"),
        ("generate|{checkpoint}|--seeds|1", "--out"),
        ("generate|{tmp}/missing.safetensors|--out|{tmp}/images|--seeds|1", "no file"),
        ("generate|{tmp}/damaged.safetensors|--out|{tmp}/images|--seeds|1", "damaged"),
        ("generate|{tmp}/foreign.pt|--out|{tmp}/images|--seeds|1", "another program"),
        ("generate|{tmp}/empty|--out|{tmp}/images|--seeds|1", "empty"),
        ("generate|{checkpoint}|--out|{tmp}/notes.txt|--seeds|1", "notes.txt"),
        (GENERATE + "1-", "seeds"),
        (GENERATE + "one", "'one'"),
        (GENERATE + "5-1", "ends before it begins"),
        (GENERATE + "0-99999999", "more than"),
        (GENERATE + "4294967296", "too large"),
        (GENERATE + "1|--psi|wild", "'wild'"),
        (GENERATE + "1|--psi|nan", "psi"),
        (GENERATE + "1|--psi|inf", "psi"),
        (GENERATE + "1|--device|cuda:77", "'cuda:77'"),
        ("inspect", "PATH"),
        ("inspect|{tmp}/missing", "does not exist"),
        pytest.param("inspect|{tmp}/" + 5000 * "a", "too long", id="a long path"),
        ("inspect|{tmp}/empty", "no images"),
        ("inspect|{tmp}/damaged.safetensors", "damaged"),
        ("inspect|{tmp}/foreign.pt", "another program"),
        ("inspect|{tmp}/notes.txt", "notes.txt"),
        ("presets|now", "now"),
    ],
)
def test_bad_input_is_one_line_and_two(
    command: str, said: str, place: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rubbish(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    arguments = [part for part in command.split("|") if part]
    if "FLAGS" in arguments:
        arguments[arguments.index("FLAGS") :] = ["--steps", "1", *FLAGS]
    elif arguments[:1] == ["train"]:
        arguments += ["--precision", "fp32", "--memory-format", "contiguous"]
    code = main([place(part) for part in arguments])
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1, captured.err
    assert captured.err.startswith("gan-studio: ")
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == []


# -- too little memory, and Ctrl-C -----------------------------------------------------------------------------------


def train_in(folder: Path, pictures: Path, *flags: str) -> list[str]:
    return ["train", str(pictures), "--out", str(folder / "run"), *FLAGS, *flags]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to such a limit")
@pytest.mark.parametrize(("precision", "layout"), [("fp32", "contiguous"), ("auto", "auto")])
def test_too_little_memory(tmp_path: Path, pictures: Path, nursery: Nursery, precision: str, layout: str) -> None:
    # The generator's last layer alone is 4096 x 196,608 numbers: 3 GB, and 2 GB may be taken, enough for the images.
    large = ["--network", "mlp", "--width", "256", "--resolution", "256", "--steps", "1"]
    command = train_in(tmp_path, pictures, *large, "--precision", precision, "--memory-format", layout)
    code = nursery.run(command, tmp_path / "output.txt", memory=2**31)
    output = (tmp_path / "output.txt").read_text("utf-8")
    assert code == 2, output
    assert len(output.splitlines()) == 1
    assert "not enough memory" in output
    assert "Reduce the batch size to 4" in output


def wait_for(ready: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.01)


def interrupted(
    nursery: Nursery, command: list[str], output: Path, ready: Callable[[], bool], by: signal.Signals = signal.SIGINT
) -> str:
    process = nursery.start(command, output)
    wait_for(ready)
    os.kill(process, by)
    code = nursery.wait(process)
    said = output.read_text("utf-8")
    assert code == 128 + by, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1], ids=lambda by: by.name)
def test_a_signal_saves_the_last_step_and_it_resumes(
    by: signal.Signals, tmp_path: Path, pictures: Path, nursery: Nursery
) -> None:
    run, output = tmp_path / "run", tmp_path / "output.txt"
    reports = run / "stats.jsonl"
    said = interrupted(
        nursery,
        train_in(tmp_path, pictures),
        output,
        lambda: reports.is_file() and reports.read_text("utf-8").count("\n") >= 1,
        by,
    )
    checkpoint = load(newest(run))
    step = checkpoint.meta.step
    assert str(newest(run)) in said
    # Reports come every half second: a checkpoint that is no older than the last of them was saved on the way out.
    assert step >= list(Run(run).reports())[-1].step > 0
    command = ["train", str(pictures), "--out", str(run), "--resume", str(newest(run)), "--steps", str(step + 3)]
    assert nursery.run(command, output) == 0, output.read_text("utf-8")
    assert load(newest(run)).meta.step == step + 3


def test_ctrl_c_while_images_are_read_leaves_no_run(tmp_path: Path, nursery: Nursery) -> None:
    cache = Path(os.environ["GAN_STUDIO_CACHE"]) / "datasets"
    interrupted(
        nursery,
        ["train", "sample:shapes", "--out", str(tmp_path / "run"), *FLAGS, "--resolution", "256"],
        tmp_path / "output.txt",
        lambda: any(cache.glob("*/images.npy")),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["output.txt"]
    assert not list(cache.iterdir())


def test_messages_that_nobody_can_read_end_no_training(tmp_path: Path, pictures: Path, nursery: Nursery) -> None:
    run, pipe = tmp_path / "run", tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    process = nursery.start(train_in(tmp_path, pictures, "--preset", "gan", "--steps", "20"), pipe)
    wait_for(run.exists)  # so that the pipe is open at its other end
    os.close(reader)
    assert nursery.wait(process) == 0
    assert load(newest(run)).meta.step == 20


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no disk that is always full")
@pytest.mark.parametrize("is_closed", [False, True])
def test_a_message_is_dropped_where_it_cannot_be_written(is_closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        stream = io.TextIOWrapper(full, encoding="ascii", write_through=True)
        if is_closed:
            stream.close()
        monkeypatch.setattr(sys, "stderr", stream)
        assert MESSAGES.write("a word\u5199\n") == 8
        MESSAGES.flush()
        assert not MESSAGES.isatty()
        monkeypatch.undo()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_names_that_the_output_cannot_show_are_escaped(encoding: str, tmp_path: Path) -> None:
    folder = save_pictures(tmp_path / "\u5199\u771f")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "studio.app", "inspect", str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"20" in done.stdout


def test_names_give_no_orders_to_the_terminal(
    copied_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = newest(copied_run)
    checkpoint = load(path)
    hostile = checkpoint.meta.model_copy(update={"dataset": "\x1b]0;title\x07\x1b[2J", "classes": ("\x9b31m", "b")})
    save(Checkpoint(hostile, checkpoint.tensors), path)
    assert main(["inspect", str(path), "--json"]) == 0
    as_json = capsys.readouterr().out
    assert json.loads(as_json)["classes"] == ["\x9b31m", "b"]
    pictures = save_pictures(tmp_path / "\x9b31m\x7f\x1b[2J")
    for command in (["inspect", str(path)], ["inspect", str(pictures)], ["cache"]):
        assert main(command) == 0
        assert main([*command, "--json"]) == 0
    assert main(["generate", str(path), "--seeds", "0", "--label", "\x1b[2J", "--out", str(tmp_path / "a.png")]) == 2
    assert main(["inspect", str(tmp_path / "\x1b[2J")]) == 2
    captured = capsys.readouterr()
    assert not {"\x1b", "\x07", "\x9b", "\x7f"} & set(as_json + captured.out + captured.err)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_folders_whose_names_are_no_utf8(tmp_path: Path) -> None:
    data, run = (tmp_path / os.fsdecode(name) for name in (b"fotos-\xe4", b"run-\xe4"))
    save_pictures(data)
    assert main(["train", str(data), "--out", str(run), "--preset", "dcgan", "--steps", "2", *FLAGS]) == 0
    assert load(newest(run)).meta.dataset.endswith("fotos-\\xe4")
    assert main(["inspect", str(newest(run))]) == 0
    assert main(["train", str(data), "--out", str(run), "--resume", str(newest(run)), "--steps", "3"]) == 0
    assert main(["generate", str(run), "--seeds", "0-3", "--out", str(run / "images.png")]) == 0
    assert load(newest(run)).meta.step == 3


# -- words that people type ------------------------------------------------------------------------------------------


def test_a_runs_folder_stands_for_its_newest_checkpoint(copied_run: Path, pictures: Path, tmp_path: Path) -> None:
    last = load(newest(copied_run)).meta.step
    assert main(["generate", str(copied_run), "--seeds", "0-3", "--out", str(tmp_path / "a.png")]) == 0
    assert main(["generate", str(newest(copied_run)), "--seeds", "0-3", "--out", str(tmp_path / "b.png")]) == 0
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))
    more = ["--resume", str(copied_run), "--out", str(copied_run), "--steps", str(last + 2)]
    assert main(["train", str(pictures), *more]) == 0
    assert load(newest(copied_run)).meta.step == last + 2


def test_another_folder_is_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", str(tmp_path), "--seeds", "0", "--out", str(tmp_path / "a.png")]) == 2
    assert "is a folder, and not one of a training" in capsys.readouterr().err


def test_a_tilde_is_the_home_folder(
    finished_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save_pictures(tmp_path / "pictures")
    assert main(["inspect", "~/pictures"]) == 0
    assert main(["train", "~/pictures", "--out=~/run", "--steps", "1", *FLAGS]) == 0
    assert load(newest(tmp_path / "run")).meta.dataset == str(tmp_path / "pictures")
    assert main(["inspect", "~/run"]) == 0
    assert main(["generate", str(finished_checkpoint), "--seeds", "0-3", "--out=~/a.png"]) == 0
    assert (tmp_path / "a.png").is_file()


def test_a_color_in_capitals(pictures: Path, tmp_path: Path) -> None:
    flags = ["--steps", "1", "--background", "#FFA0b1", *FLAGS]
    assert main(["train", str(pictures), "--out", str(tmp_path / "run"), *flags]) == 0
    assert load(newest(tmp_path / "run")).meta.settings.background == "#ffa0b1"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"GAN Studio \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)
