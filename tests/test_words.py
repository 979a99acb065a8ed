"""Words: what a machine can see of texts, docstrings and names. The rest of the standard is for readers."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from core.config.choices import PACKAGES, choice_title
from core.config.fields import title_of
from core.config.settings import Settings
from core.presets import all_presets
from core.registry import components

ROOT = Path(__file__).parents[1]
FILES = sorted(file for package in ("core", "studio") for file in (ROOT / package).rglob("*.py"))
OTHERS = sorted(file for folder in ("benchmarks", "tests", "tools") for file in (ROOT / folder).rglob("*.py"))

VERBS = r"Adds|Divides|Hides|Keeps|Mirrors|Moves|Splits|Varies"
TERMS = (
    r"Adversarial|Architecture|Bound|Color|Columns|Decay|Device|Feature|Half-life|Interval|Label|Learning|Length|Limit|"
    r"Mean|Method|Momentum|Named|Normalization|Number|Order|Part|Place|Random|Seed|Share|Standard|Strength|Task|Time|"
    r"Training|Way|Weight|Width"
)
"""First words of helps: a verb in the third person, or the beginning of a noun phrase. A new one is added here."""
LONGEST_TITLE = 3
PROPER = {"Autoencoder", "FID", "Inception", "Score", "U-Net", "Wasserstein"}
NO_BEGINNING = {"And", "How", "Likewise", "Of", "That", "Those", "What", "Whether", "Which"}
BRITISH = re.compile(
    r"analyse|artefact|behaviour|cancell(?=ed|ing)|(?<!con)centre|centring|colour|defence|emphasise|equalis|"
    r"favour|finalis|generalis|grey|honour|initialis|judgement|labell(?=ed|ing)|maximis|memoris|minimis|"
    r"modelling|neighbour|normalis|optimis|organis|parametris|penalis|(?<!im)practise|quantis|randomis|recognis|regularis|"
    r"serialis|specialis|stabilis|summaris|synchronis|synthesise|towards|travell|utilis|visualis|vectoris",
    re.IGNORECASE,
)
STORED = re.compile(
    r"augment_colour|memorisation\b|\bunlabelled\b|(print_|\b)colours\b|^\"(colour|licence)\"$|\bfavourite\b|\bcentre\b|"
    r"--optimiser\b"
)
"""Names that files, the command line and its JSON hold, and a misspelled option in a test: they stay as they are."""
OF_LIBRARIES = {"core/cli/progress.py colour"}
"""Parameters of libraries, and where they are used."""
COUNTED = re.compile(
    r"\{count\} (?:[a-z-]+ )?(?:channels|checkpoints|classes|clusters|columns|datasets|days|files|folders|frames|"
    r"hours|images|labels|minutes|pages|parts|pictures|pins|points|rows|runs|samples|seconds|seeds|steps|times|updates)\b(?!/)"
)
NEVER_ONE = {
    "it has {count} different labels, the limit is {limit}",
    "{name} holds {count} images; the limit is {limit}.",
    "only its first {count} frames are used",
    "{count} folders are too many to be classes; the limit is {limit}.",
    "Each of the {count} classes has enough images: {sizes}.",
}
"""Texts with a number before a plural that cannot be 1."""


def docstrings(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring, those of attributes included."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        for statement in getattr(node, "body", None) or () if not isinstance(node, ast.Lambda | ast.IfExp) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text


def words_of(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every name, comment and string."""
    for token in tokenize.generate_tokens(io.StringIO(file.read_text("utf-8")).readline):
        if token.type not in (tokenize.OP, tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            yield token.start[0], token.string


def place(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT).as_posix()}:{line}"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_help_of_a_setting_begins_with_a_verb_or_a_term_and_states_a_usual_value(name: str) -> None:
    field = Settings.model_fields[name]
    text = field.description or ""
    assert re.match(rf"({VERBS}|{TERMS})\b", text)
    assert text.endswith((".", "..."))
    assert len(text) <= 200
    assert re.search(r"\busual\b|\bEmpty\b", text)


def titles() -> Iterator[str]:
    """Titles of settings, of their values, and of components."""
    for name, field in Settings.model_fields.items():
        yield title_of(name)
        annotation = getattr(field.annotation, "__args__", ())
        values = components(PACKAGES[name]) if name in PACKAGES else annotation
        yield from (choice_title(name, value) for value in values if isinstance(value, str))
    for package in ("diagnosis", "evaluation.metrics", "losses.penalties", "data.formats"):
        yield from (component.title for component in components(package).values())


@pytest.mark.parametrize("title", sorted(set(titles())))
def test_titles_are_nouns_of_at_most_three_words_in_sentence_case(title: str) -> None:
    first, *others = re.sub(r" \(.*\)", "", title).split()
    assert len(others) < LONGEST_TITLE
    assert not first[0].islower() or title in components("models")
    assert not [word for word in others if word.istitle() and len(word) > 1 and word not in PROPER]
    assert not title.endswith(".")


def test_presets_are_described_in_a_sentence_or_two() -> None:
    for preset in all_presets().values():
        assert preset.when.endswith(".")

        assert len(preset.when) <= 120


def test_groups_of_settings_are_single_words() -> None:
    for field in Settings.model_fields.values():
        assert cast(dict[str, Any], field.json_schema_extra)["group"].isalpha()


def test_docstrings_begin_with_a_verb_or_a_term() -> None:
    wrong = [
        f"{place(file, line)} {text.strip()[:60]}"
        for file in FILES + OTHERS
        for line, text in docstrings(file)
        if (text.split() or ["What"])[0].strip(",:") in NO_BEGINNING
    ]
    assert not wrong


def test_there_is_one_spelling() -> None:
    files = [file for file in FILES + OTHERS if file != Path(__file__)]
    wrong = [
        f"{place(file, line)} {word[:60]}"
        for file in files
        for line, word in words_of(file)
        if BRITISH.search(STORED.sub("", word)) and f"{file.relative_to(ROOT).as_posix()} {word}" not in OF_LIBRARIES
    ]
    wrong += [place(file, 0) for file in files if BRITISH.search(STORED.sub("", place(file, 0)))]
    assert not wrong


def test_a_number_before_a_plural_is_never_one() -> None:
    """A number and the noun that it counts go through `plural`, which tells 1 from others."""
    wrong = []
    for file in FILES:
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            match call:
                case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))]):
                    if COUNTED.search(text) and text not in NEVER_ONE:
                        wrong.append(f"{place(file, call.lineno)} {text}")
    assert not wrong
