"""README and docs/: links and anchors, generated parts, the commands of the tutorials, and the site."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.cli.main import commands, main
from core.config.settings import Settings
from core.evaluation.features import classifier
from core.learn.glossary import TERMS
from core.presets import all_presets
from tests.core.tiny import save_pictures
from tools import docs_pages

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = sorted(DOCS.rglob("*.md"))
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))
LONGEST_README, LONGEST_TUTORIAL = 700, 1800
"""Words of a page that is read from its first line to its last."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# -- pages -----------------------------------------------------------------------------------------------------------


def test_the_readme_and_the_tutorials_are_short() -> None:
    assert len(README.read_text("utf-8").split()) < LONGEST_README
    assert len(TUTORIALS) == 5
    lengths = {name_of(path): len(path.read_text("utf-8").split()) for path in TUTORIALS}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_TUTORIAL}


def test_every_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"[\w/-]+\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in PAGES)


def test_every_page_begins_with_one_title() -> None:
    for path in PAGES:
        prose = without_code(docs_pages.expanded(path.read_text("utf-8")))
        titles = [line for line in prose.splitlines() if line.startswith("# ")]
        assert len(titles) == 1, name_of(path)


@pytest.mark.parametrize("path", [README, CHINESE, ROOT / "ARCHITECTURE.md", *PAGES], ids=name_of)
def test_links_lead_to_what_is_there(path: Path) -> None:
    pictures = (ROOT / "tools" / "screenshots.py").read_text("utf-8")
    for target in targets(path):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (path.parent / place).resolve() if place else path
        if linked.parent.name == "screenshots":
            assert linked.is_file() or linked.name in pictures, target
        else:
            assert linked.is_file(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_the_chinese_readme_has_the_links_and_commands_of_the_english_one() -> None:
    english, chinese = ([target for target in targets(path) if "README" not in target] for path in (README, CHINESE))
    assert chinese == english
    assert list(blocks(CHINESE)) == list(blocks(README))
    assert CHINESE.name in targets(README)
    assert README.name in targets(CHINESE)


def targets(path: Path) -> list[str]:
    """Returns where a page's links and pictures lead."""
    return re.findall(r"\]\(([^)\s]+)\)", without_code(docs_pages.expanded(path.read_text("utf-8"))))


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as MkDocs makes them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", without_code(docs_pages.expanded(path.read_text("utf-8"))), re.MULTILINE):
        given = re.search(r"\{ #([\w-]+) \}$", heading)
        plain = re.sub(r"[^\w\s-]", "", heading).strip().lower()
        found.add(given[1] if given else re.sub(r"[-\s]+", "-", plain))
    return found


# -- generated parts -------------------------------------------------------------------------------------------------


def test_the_reference_names_every_setting_preset_term_and_command() -> None:
    page = {path.stem: docs_pages.expanded(path.read_text("utf-8")) for path in PAGES}
    for name in Settings.model_fields:
        assert f"`--{name.replace('_', '-')}`" in page["settings"]
    for name in all_presets():
        assert f"`{name}`" in page["presets"]
    for term in TERMS:
        assert f"{{ #{term.key} }}" in page["glossary"]
        assert term.sentence in page["glossary"]
    for name in commands():
        assert f"usage: gan-studio {name}" in page["command-line"], name


def test_a_setting_comes_with_its_default_values_and_whether_it_is_live() -> None:
    rows = docs_pages.settings_reference().splitlines()
    (learning_rate,) = [row for row in rows if "`--lr-g`" in row]
    assert [cell.strip() for cell in learning_rate.split("|")[3:6]] == ["`0.0002`", "> 0, ≤ 0.1", "yes"]
    (augment,) = [row for row in rows if "`--augment`" in row]
    assert "`diffaug` (DiffAugment)" in augment


def test_an_unknown_generated_part_is_refused() -> None:
    with pytest.raises(KeyError, match="weather"):
        docs_pages.expanded("<!-- generated: weather -->")


def test_the_pages_are_english_in_every_language() -> None:
    code = """
from types import SimpleNamespace
from tools.docs_hook import on_page_markdown
print(on_page_markdown("<!-- generated: settings -->", SimpleNamespace(file=SimpleNamespace(src_uri="settings.md"))))
"""
    environment = {**os.environ, "GAN_STUDIO_LANGUAGE": "qps", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, cwd=ROOT)
    page = run.stdout.decode()
    assert "## Model" in page
    assert "Learning rate of the generator." in page


def test_the_generated_parts_need_only_the_packages_of_the_documentation() -> None:
    code = """
import sys
from tools import docs_pages
for part in docs_pages.GENERATED.values():
    part()
places = {name.partition(".")[0]: getattr(module, "__file__", "") or "" for name, module in sys.modules.items()}
print(*(name for name, place in places.items() if "site-packages" in place))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    needed = {re.split("[><=]", name)[0] for name in groups["docs"]}
    # Those that pydantic brings.
    brought = {"annotated_types", "pydantic_core", "typing_extensions", "typing_inspection", "_distutils_hack"}
    assert {*done.stdout.split()} <= needed | brought


# -- commands --------------------------------------------------------------------------------------------------------

SMALL = {
    "train": "--steps 2 --batch 4 --width 8 --latent-dim 8 --resolution 16 --samples 4 --evaluation 0 --device cpu "
    "--precision fp32 --memory-format contiguous",
    "resume": "--steps 4",
    "evaluate": "--extractor classifier --count 50 --real 50 --device cpu",
    "generate": "--device cpu",
    "interpolate": "--frames 2 --device cpu",
    "timelapse": "--seconds 0.2",
    "project": "--steps 2 --device cpu",
    "privacy": "--device cpu",
    "doctor": "--quick",
    "inspect": "",
}
"""Flags that are added to a command of a tutorial, so that it takes a second: the last one of a name counts. For the
same reason a small array stands for the 10,000 digits."""


def blocks(path: Path) -> Iterator[str]:
    """The commands of a tutorial: its `sh` blocks but those below a line `<!-- not run: REASON -->`."""
    pattern = r"(<!-- not run: [^\n]+ -->\n)?^```sh\n(.*?)^```$"
    for skipped, block in re.findall(pattern, path.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        if not skipped:
            yield block


@pytest.mark.parametrize("path", [README, *TUTORIALS], ids=name_of)
def test_the_commands_of_a_tutorial_work(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(classifier, "STEPS", 2)
    save_pictures(tmp_path / "photos")
    shutil.copy(tmp_path / "photos" / "0.png", tmp_path / "me.png")
    noise = np.random.default_rng(0).integers(0, 256, (250, 16, 16), np.uint8)
    np.savez(tmp_path / "digits.npz", images=noise, labels=np.arange(250) % 10)
    lines = [line for block in blocks(path) for line in block.replace("\\\n", " ").splitlines() if line]
    assert lines
    for line in lines:
        program, *arguments = shlex.split(line.replace("sample:digits", "digits.npz"), comments=True)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE), line
            continue
        assert program == "gan-studio", line
        kind = "resume" if "--resume" in arguments else arguments[0]
        code = main([*arguments, *shlex.split(SMALL.get(kind, ""))])
        assert code == 0, f"{line}: {capsys.readouterr().err}"


# -- the site --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(find_spec("mkdocs") is None or find_spec("material") is None, reason="needs the group docs")
def test_the_site_is_built_without_a_warning_and_asks_for_nothing(tmp_path: Path) -> None:
    build = ["-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run([sys.executable, *build], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        asked = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="?(https?:[^" >]+)', page.read_text("utf-8"))
        assert not asked, page
