"""The command line in another language: nothing that it says stays in English, and tables keep their columns."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.commands.completion import arguments_of
from core.cli.main import commands, parser
from core.cli.parser import wrapped
from core.concurrency import own_process
from core.formatting import columns, right

ROOT = Path(__file__).parents[2]
NO_WORDS = re.compile(
    r"'[^']*'|gan-studio|--?\w[\w-]*|~?[\w.-]*[/\\]\S*|(?<!\w)\.\w+|\w+[:_=][^\s⟧]\S*|\w+\.\w+|[\w/]*\d\w*"
)
"""Words that no language translates: values in quotes, options, files, names, and numbers with their units."""
CHANGED = re.compile(r"[aceginosuy]", re.IGNORECASE)
"""Letters that the language of tests replaces."""
NAMES = {"COMMAND", "PATH", "echo", "eval", "fid", "install", "kid", "mkdir", "psnr", "s", "ssim", "swd"}
NAMES |= {"INPUTS", "TARGETS", "fashion", *commands()}
HELPS = """
from core.cli.main import parser
print(parser().format_help(), *(command.format_help() for command in parser().commands.values()), sep="\\n")
"""


def said(*arguments: str, language: str = "qps") -> str:
    """Returns the output of a process of the program, in the language of tests."""
    environment = {name: text for name, text in os.environ.items() if name not in ("COLUMNS", "QT_QPA_PLATFORM")}
    environment |= {"GAN_STUDIO_LANGUAGE": language, "PYTHONIOENCODING": "utf-8", "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def plain_words(text: str) -> set[str]:
    """Returns words in English: with letters that the language of tests would have replaced."""
    arguments = [each for command in parser().commands.values() for each in arguments_of(command)]
    known = {*NAMES, *(name for each in arguments for name in (*each.choices, each.metavar))}
    words = re.findall(r"\w+", NO_WORDS.sub(" ", text))
    return {word for word in words if word.isascii() and CHANGED.search(word)} - known


def test_plain_words_are_found() -> None:
    assert plain_words("usage: gan-studio train DATA ⟦óñé wáý⟧ --out 'x y' 64 px .npy\nOptions:") == {
        "usage",
        "Options",
    }


def test_every_help_is_translated() -> None:
    assert not plain_words(said("-c", HELPS))


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "train --help-all",
        "paint",
        "genrate",
        "--quiet",
        "--verison",
        "train",
        "train x --batch",
        "train x --bacth 3",
        "train x --no",
        "train x --json=1",
        "train x --optimizer adamm",
        "train x --resolution 48",
        "interpolate x --seeds 1 --out y.gif --fps 1000",
        "project x y --out z --steps few",
        "presets",
    ],
)
def test_nothing_stays_in_english(command: str) -> None:
    assert not plain_words(said("-m", "studio.app", *command.split()))


def test_completion_tells_what_each_option_does_in_the_language() -> None:
    told = re.findall(r" -d '(.*)'$", said("-m", "studio.app", "completion", "fish"), re.MULTILINE)
    assert len(told) > 100
    assert all(text.startswith("⟦") for text in told)


def test_doctor_has_titles_in_the_language() -> None:
    lines = said("-m", "studio.app", "doctor", "--quick").splitlines()
    titles = {line.split("  ")[0] for line in map(str.strip, lines) if "  " in line}
    names = {"Python", "PyTorch", "Qt"}
    assert names < titles
    assert all(title.startswith("⟦") or title in names or re.match(r"(cpu|cuda|xpu|mps)\b", title) for title in titles)
    assert not re.search(r"\b(driver|free|total|cores|threads|cannot|fast|formats|made)\b", "\n".join(lines))


def test_a_process_of_the_program_speaks_its_language() -> None:
    code = (
        "import subprocess; from core.concurrency import own_process; "
        "own_process('-c', 'from core.language import LANGUAGE; print(LANGUAGE)', stdout=None, stderr=None).wait()"
    )
    assert said("-c", code, language="qps").strip() == "qps"
    assert said("-c", f"import os; import core.language; os.environ.clear(); {code}").strip() == "qps"
    with own_process(
        "-c", "from core.language import _; print(_('a'))", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.communicate(timeout=60)[0].strip() == b"a"


def test_chinese_signs_take_two_columns() -> None:
    assert [columns(text) for text in ("abc", "图像", "，", "⟦á⟧")] == [3, 4, 2, 3]
    assert [columns(right(text, 8)) for text in ("", "abc", "图像")] == [8, 8, 8]


@pytest.mark.parametrize("width", range(8, 30))
def test_chinese_lines_fit_the_terminal(width: int) -> None:
    text = "图像的宽度和高度（像素）。通常用 64；128 及以上需要 GPU，或者耐心：“几个小时”。"
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(columns(line) <= width for line in lines)
    assert not any(line[0] in " ，。：；）”" or line[-1] in " （“" for line in lines)
