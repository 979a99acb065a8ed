"""The glossary: every term is complete, short, and says where it is met."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from core.config.fields import Fields, title_of
from core.diagnosis import kinds
from core.language import languages
from core.learn import topics
from core.learn.glossary import GROUPS, TERMS, Term, term
from core.presets import presets
from core.registry import components

ROOT = Path(__file__).parents[2]
PAPER = re.compile(r"[\w\-]+( et al\.| and [\w\-]+)? (19|20)\d\d, arXiv \d{4}\.\d{4,5}")
LONGEST = 35
PACKAGES = (
    ("loss", "losses"),
    ("network", "models"),
    ("task", "translation.tasks"),
    ("method", "translation.methods"),
)
"""Settings whose choices are modules of a package."""


def ids(each: Term) -> str:
    return each.key


def test_every_term_is_found_by_its_key_and_stands_in_one_group() -> None:
    assert [term(each.key) for each in TERMS] == list(TERMS)
    assert len({each.title for each in TERMS}) == len(TERMS)
    assert sum(map(len, GROUPS.values())) == len(TERMS) >= 40


def test_a_key_that_is_no_term_is_an_error() -> None:
    with pytest.raises(KeyError):
        term("fuzziness")


@pytest.mark.parametrize("each", TERMS, ids=ids)
def test_a_term_is_a_short_text_of_whole_sentences(each: Term) -> None:
    assert re.fullmatch("[a-z0-9_]+", each.key)
    assert 5 <= len(each.sentence.split()) <= LONGEST
    assert each.sentence[0].isupper()
    assert each.sentence.endswith(".")
    assert not re.search(r"arXiv|  ", each.sentence)


@pytest.mark.parametrize("each", TERMS, ids=ids)
def test_a_paper_has_authors_a_year_and_a_number(each: Term) -> None:
    assert all(PAPER.fullmatch(paper) for paper in each.paper.split("; ") if paper)


def test_a_term_of_the_settings_names_one_that_exists() -> None:
    groups = {str(field.json_schema_extra["group"]) for field in Fields.model_fields.values()}  # type: ignore[index]
    known = groups | {title_of(name) for name in Fields.model_fields}
    assert not [each.where for each in TERMS if each.where.startswith("Settings > ") and each.where[11:] not in known]


@pytest.mark.parametrize("language", languages())
def test_a_term_of_the_settings_names_one_in_each_language(language: str) -> None:
    code = """
from core.config.fields import Fields, title_of
from core.config.setting import GROUP_TITLES
from core.learn.glossary import TERMS
known = {*GROUP_TITLES.values(), *map(title_of, Fields.model_fields)}
places = [term.where.partition(" > ") for term in TERMS]
(settings,) = {place[0] for place, term in zip(places, TERMS, strict=True) if term.key == "batch"}
print(*(name for top, _sign, name in places if top == settings and name not in known))
"""
    environment = {**os.environ, "GAN_STUDIO_LANGUAGE": language, "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, cwd=ROOT)
    assert not run.stdout.decode().strip()


def test_every_topic_is_a_term() -> None:
    choices = {name: get_args(field.annotation) for name, field in Fields.model_fields.items()}
    choices |= {name: tuple(components(package)) for name, package in PACKAGES}
    choices["preset"] = tuple(presets())
    settings = [topics.of_setting(name, value) for name in choices for value in (None, *choices[name])]
    numbers = [number for metric in components("evaluation.metrics").values() for number in metric.facts["NUMBERS"]]
    metrics = [topics.of_number(f"Metrics/{number}@vgg16:10:10:all") for number in numbers if "_std" not in number]
    findings = [topics.of_finding(kind) for kind in kinds() if kind != "lost_contrast"]
    assert None not in (*metrics, *findings)
    for key in filter(None, (*settings, *metrics, *findings)):
        term(key)
    assert topics.of_setting("loss", "hinge") == "hinge"
    assert topics.of_setting("seed") is None


def test_a_part_of_the_losses_plot_and_of_every_usual_plot_is_explained() -> None:
    keys = ["Loss/D/loss", "Loss/scores/real", "Score/fake", "Signal/D/accuracy_real", "Signal/G/gradient"]
    keys += ["Loss/G/l1", "Loss/D_back/loss", "Signal/psnr", "Signal/psnr_input", "Signal/ssim"]
    assert all(topics.of_number(key) for key in keys)
