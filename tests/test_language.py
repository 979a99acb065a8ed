"""Language: every text of the program can be translated, and every catalog has them all."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from core.language import LANGUAGE, all_of, choice, in_language, languages, number, one_of, plural, sentences
from core.language.pseudo import pseudo
from tools import messages

ROOT = Path(__file__).parents[1]
FILES = sorted(file for package in ("core", "studio") for file in (ROOT / package).rglob("*.py"))
WORDS = re.compile(r"[A-Za-z]{2,}[,:;.]? \(?[A-Za-z]{2,}")
"""Two words in a row: probably a text for people."""
TRANSLATED = {"_", "in_context", "in_language", "plural"}
FOR_DEVELOPERS = {
    "ArithmeticError", "AssertionError", "AttributeError", "ConnectionError", "EOFError", "IndexError", "KeyError",
    "LookupError", "NotImplementedError", "OSError", "RuntimeError", "TypeError", "ValueError", "SubprocessError",
    "ArgumentTypeError",
}  # fmt: skip
"""Exceptions whose texts are at most the technical details of an error, and stay English."""
NO_CALLS = {
    "cast", "compile", "deprecated", "getLogger", "match", "search", "setObjectName", "setProperty", "Thread",
    "TypeVar",
}  # fmt: skip
"""Functions whose arguments nobody reads."""
CITATION = re.compile(r"arXiv|\bet al\.")
NOT_TEXT: dict[str, tuple[str, ...]] = {
    "core/checkpoint.py": ("the digest does not fit",),
    "core/cli/commands/completion.py": ("mkdir ", "function ", "echo ", "#", "  ", "complete ", "gan-studio", "if ["),
    "core/cli/main.py": ("gan-studio ", "GAN Studio"),
    "core/cli/parser.py": ("the following arguments are required",),
    "core/cli/commands/training.py": ("\n{}gan-studio ", "gan-studio "),
    "core/cli/commands/queue.py": ("gan-studio ",),
    "core/cli/commands/search.py": ("\n{}gan-studio ", "gan-studio "),
    "core/crash/report.py": ("",),
    "core/crash/watch.py": ("the main thread",),
    "core/desktop/files.py": ("GAN Studio", "[Desktop Entry]", "<?xml ", "$shortcut = ", "Start Menu"),
    "core/devices/__init__.py": ("Apple GPU",),
    "core/devices/builds.py": ("{} -m pip ", "--reinstall-package", "{} pip install"),
    "core/devices/cuda.py": ("NVIDIA GPU", "AMD GPU"),
    "core/devices/memory.py": ("out of memory", "can't allocate memory", "failed to allocate memory"),
    "core/devices/nvml.py": ("NVIDIA GPU",),
    "core/evaluation/features/inception.py": ("other names or shapes",),
    "core/data/download/catalog.py": ("LeCun, Cortes", "Xiao, Rasul"),
    "core/data/formats/cifar.py": ("rows: ",),
    "core/data/names.py": ("network trash folder", "temporary items", "system volume information"),
    "core/data/source.py": ("train training", "image images"),
    "core/export/checkpoint_lookup.py": ("Its digest is",),
    "core/export/generator.py": ("import sys;",),
    "core/export/onnx_pt2.py": ("The largest difference is",),
    "core/export/usage_example.py": ("import numpy", "numpy ", "pip install"),
    "core/imaging/provenance.py": ("GAN Studio", "<?xpacket"),
    "core/jobs/doctor.py": ("CPU only", "GAN Studio", "gan-studio "),
    "core/jobs/training_job.py": ("{} at step {}: {}", "step {} before it was taken over"),
    "core/latent/sampler.py": ("an offset of", "styles, but this network"),
    "core/learn/glossary.py": (
        "AUC = P(",
        "D(T(x)),",
        "E[D(training",
        "KID = MMD²",
        "P(x is real) =",
        "SWD = mean",
        "coverage = share",
        "diversity = mean",
        "loss = adversarial",
        "p rises while",
        "p_G = p_data",
        "precision = share",
        "relativistic loss + R1",
        "slerp(a, b; t)",
        "target of real images =",
        "w = (w_A for",
        "w′ = m +",
        "θ ← θ − α",
        "∇L ≈ 1/n",
    ),
    "core/remote/bootstrap.py": ("import sys; print",),
    "core/remote/ssh.py": (
        "bad configuration",
        "connection refused",
        "could not resolve",
        "host identification",
        "host key",
        "import sys; i =",
        "permission denied",
        "timed out|",
        "ModuleNotFoundError",
        "No module",
    ),
    "core/remote/wheel.py": ("Wheel-Version",),
    "core/report/page.py": ("default-src",),
    "core/runs/run.py": ("GAN Studio",),
    "studio/app.py": ("GAN Studio", "make setup"),
    "studio/controllers/shell/language.py": ("No installed font", "Install Noto Sans CJK"),
    "studio/dialogs/export_images.py": ("GAN Studio",),
    "studio/dialogs/help/about.py": ("GAN Studio",),
    "studio/widgets/explore/direction_row.py": ("QLineEdit {",),
    "studio/controllers/shell/help.py": ("Qt for Python",),
    "studio/main_window.py": ("GAN Studio",),
    "studio/panels/train.py": ("plots shown", "train "),
    "studio/qt_libraries.py": ("libegl1 ", "sudo apt-get"),
    "studio/services/data/opened_sources.py": ("opened sources",),
    "studio/style_sheet.py": ("",),
    "studio/theme.py": ("qtawesome, which",),
    "studio/widgets/basic/labels.py": ("<p style=",),
    "studio/widgets/basic/table.py": ("\nQTreeView",),
    "studio/widgets/settings/fields.py": ("thousand images",),
    "studio/window_state.py": ("has projects", "crash report"),
}
"""Beginnings of strings that look like a text and are none, by file; "" stands for all of a file."""

translations = pytest.mark.parametrize("language", [code for code in languages() if code != "en"])


def untranslated(file: Path) -> Iterator[str]:
    """Yields line and text of each string that looks like a text and is not translated."""
    known = NOT_TEXT.get(file.relative_to(ROOT).as_posix(), ())
    for line, text in _texts(ast.parse(file.read_text("utf-8"))):
        if WORDS.search(text) and not CITATION.search(text) and not text.startswith(known):
            yield f"{line}: {text[:70]}"


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Constant(value=str(text)):
            yield node.lineno, text
        case ast.JoinedStr(values=values):
            yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values)
            for part in values:
                if isinstance(part, ast.FormattedValue):
                    yield from _texts(part.value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if (
            name in TRANSLATED | FOR_DEVELOPERS | NO_CALLS
        ):
            for child in (*node.args, *node.keywords):
                inner = child.value if isinstance(child, ast.keyword) else child
                if not isinstance(inner, ast.Constant | ast.JoinedStr | ast.BinOp):
                    yield from _texts(inner)
        case ast.Expr(value=ast.Constant()) | ast.Compare() | ast.Assert():
            return
        case ast.Assign(targets=[ast.Name(id="TITLE")]):  # translated by the registry
            return
        case ast.AnnAssign(value=value):
            if value is not None:
                yield from _texts(value)
        case ast.arg():
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for child in (*node.body, *node.args.defaults, *filter(None, node.args.kw_defaults)):
                yield from _texts(child)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _texts(child)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_text_is_translated(file: Path) -> None:
    assert not list(untranslated(file))


def test_no_function_hides_the_translation() -> None:
    """`for _ in ...` or `lambda _: ...` hides `_` in the whole function."""
    wrong = []
    for file in FILES:
        for function in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.Lambda):
                named = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == "_"]
                arguments = (*function.args.args, function.args.vararg, function.args.kwarg)
                bound = any(isinstance(node.ctx, ast.Store) for node in named) or any(
                    argument.arg == "_" for argument in arguments if argument
                )
                if bound and any(isinstance(node.ctx, ast.Load) for node in named):
                    wrong.append(f"{file.relative_to(ROOT).as_posix()}:{function.lineno}")
    assert not wrong


def test_values_are_put_in_after_the_translation() -> None:
    """`_(f"...")` and `_("..." + name)` are no text of the catalog."""
    wrong = []
    for file in FILES:
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            match call:
                case ast.Call(func=ast.Name(id="_"), args=[ast.JoinedStr() | ast.BinOp()]):
                    wrong.append(f"{file.relative_to(ROOT).as_posix()}:{call.lineno}")
                case ast.Call(func=ast.Name(id="plural"), args=[ast.JoinedStr() | ast.BinOp(), *_rest]):
                    wrong.append(f"{file.relative_to(ROOT).as_posix()}:{call.lineno}")
    assert not wrong


def test_no_text_is_inside_an_f_string() -> None:
    """`f"{_('...')}"` is not collected."""
    wrong = []
    for file in FILES:
        for text in ast.walk(ast.parse(file.read_text("utf-8"))):
            for call in ast.walk(text) if isinstance(text, ast.JoinedStr) else ():
                match call:
                    case ast.Call(func=ast.Name(id=name)) if name in TRANSLATED:
                        wrong.append(f"{file.relative_to(ROOT).as_posix()}:{call.lineno}")
    assert not wrong


@translations
def test_a_catalog_has_every_text(language: str) -> None:
    catalog, wanted = messages.read(language), messages.collected()
    there = {_key(message): message for message in catalog if message.id}
    missing = [key for key in map(_key, filter(lambda message: message.id, wanted)) if key not in there]
    assert not missing
    assert not [key for key, message in there.items() if not messages.is_translated(message) or message.fuzzy]
    assert not there.keys() - {_key(message) for message in wanted if message.id}, "texts that are gone"


@translations
def test_a_translation_has_the_placeholders_of_its_text(language: str) -> None:
    wrong = []
    for message in messages.read(language):
        originals = (message.id,) if isinstance(message.id, str) else message.id
        if message.id and any(_fields(form) != _fields(originals[-1]) for form in messages.forms(message) if form):
            wrong.append(originals[0])
    assert not wrong


@translations
def test_the_compiled_catalog_is_that_of_the_translations(language: str) -> None:
    with messages.file_of(language).with_suffix(".mo").open("rb") as file:
        compiled = {_key(message): tuple(messages.forms(message)) for message in read_mo(file) if message.id}
    assert compiled == {
        _key(message): tuple(messages.forms(message))
        for message in messages.read(language)
        if message.id and any(messages.forms(message))
    }


def _key(message: Message) -> tuple[str | None, str]:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def _fields(text: str) -> set[str | None]:
    try:
        return {field for _literal, field, _format, _conversion in string.Formatter().parse(text)} - {None}
    except ValueError:  # braces that are no placeholders, which are never filled
        return set()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh-Hans-CN", "zh_CN"),
        ("zh", "zh_CN"),
        ("zh_SG", "zh_CN"),
        ("zh_TW.UTF-8", ""),
        ("zh-Hant-HK", ""),
        ("en_GB.UTF-8", "en"),
        ("C.UTF-8", "en"),
        ("POSIX", "en"),
        ("xx_YY", ""),
        ("../../etc", ""),
    ],
)
def test_names_of_the_system_mean_a_language(name: str, code: str) -> None:
    assert choice.known(name) == code


@pytest.mark.parametrize(
    ("asked", "stored", "system", "code"),
    [
        ("en", "zh_CN", "zh_CN.UTF-8", "en"),
        ("", "zh_CN", "en_US.UTF-8", "zh_CN"),
        ("", "", "zh_CN.UTF-8", "zh_CN"),
        ("", "", "de_DE.UTF-8", "en"),
        ("nonsense", "\0", "zh_CN.UTF-8", "zh_CN"),
        ("qps", "", "", "qps"),
    ],
)
def test_the_environment_goes_before_the_choice_and_the_system(
    tmp_path: Path, asked: str, stored: str, system: str, code: str
) -> None:
    file = tmp_path / "gan-studio" / "language"
    file.parent.mkdir()
    file.write_text(stored)
    environment = {
        "XDG_CONFIG_HOME": str(tmp_path),
        "GAN_STUDIO_LANGUAGE": asked,
        "LANG": system,
        "PYTHONPATH": str(ROOT),
    }
    command = "from core.language import LANGUAGE; print(LANGUAGE)"
    done = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == code


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({"LANGUAGE": "de:zh_CN", "LANG": "de_DE.UTF-8"}, ["de", "zh_CN", "de_DE.UTF-8"]),
        ({"LANGUAGE": "zh_CN", "LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, ["C.UTF-8"]),
        ({"LC_ALL": "fr_FR.UTF-8", "LANG": "zh_CN.UTF-8"}, ["fr_FR.UTF-8"]),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, ["zh_CN.UTF-8"]),
    ],
)
def test_one_variable_of_the_system_goes_before_another(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], names: list[str]
) -> None:
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    for variable, text in variables.items():
        monkeypatch.setenv(variable, text)
    assert [*filter(None, choice.system_names())][: len(names)] == names
    if sys.platform == "linux":
        assert len([*filter(None, choice.system_names())]) == len(names)


@pytest.mark.parametrize("kept", [0, 3, 1000, 200_000])
def test_a_damaged_catalog_leaves_the_texts_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    content = choice.CATALOGS.joinpath("zh_CN.mo").read_bytes()
    monkeypatch.setattr("core.language.messages.CATALOGS", tmp_path)
    no_charset = content.replace(b"charset=utf-8", b"charset=utf-0")
    for damaged in (content[:kept], content[:kept] + b"\xff" * (len(content) - kept), no_charset):
        (tmp_path / "zh_CN.mo").write_bytes(damaged)
        assert in_language("zh_CN", "GAN trainer") == "GAN trainer"
    (tmp_path / "zh_CN.mo").write_bytes(content)
    assert in_language("zh_CN", "GAN trainer") != "GAN trainer"


def test_the_suite_runs_in_english() -> None:
    assert LANGUAGE == "en"


def test_numbers_and_plurals_in_english() -> None:
    assert (number(1234567), number(0.5, 2)) == ("1,234,567", "0.50")
    assert plural("{count} image in {name}", "{count} images in {name}", 1, name="a") == "1 image in a"
    assert plural("{count} image in {name}", "{count} images in {name}", 1200, name="a") == "1,200 images in a"


def test_the_pseudo_language_keeps_placeholders_and_is_longer() -> None:
    text = pseudo("&Open {name} in <b>a window</b>")
    assert text.startswith("⟦&Ópéñ {name} íñ <b>á wíñdów</b>")
    assert len(pseudo("Open the window")) == 1.4 * 15 + 2


def test_sentences_and_lists_are_joined() -> None:
    assert sentences("It failed.", "", "Try again.") == "It failed. Try again."
    assert (sentences(), sentences("", "One.")) == ("", "One.")
    assert (all_of(["a"]), all_of(["a", "b"]), one_of(["a", "b", "c"])) == ("a", "a and b", "a, b or c")
