"""Plug-ins: what a person can choose is exactly what there are files for, and one more file is one more choice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import core
from core.config.settings import Settings, validate
from core.presets import all_presets
from core.registry import components, ranked

CORE = Path(core.__file__).parent
KINDS = {
    "models": {"dcgan", "mlp", "points", "r3", "resnet", "smooth", "style"},
    "losses": {
        "hinge",
        "least_squares",
        "minimax",
        "non_saturating",
        "relativistic",
        "relativistic_average",
        "wasserstein",
    },
    "losses.penalties": {"gradient_penalty", "r1", "r2"},
    "evaluation.metrics": {
        *("density_coverage", "fid", "inception_score", "kid", "precision_recall", "psnr", "ssim", "swd"),
    },
    "evaluation.features": {"classifier", "inception", "vgg16"},
    "diagnosis": {
        *(
            "balance",
            "divergence",
            "lost_contrast",
            "memorisation",
            "class_collapse",
            "mode_collapse",
            "oscillation",
            "stalled",
        ),
        *("strong_discriminator", "unchanged_input", "weak_discriminator"),
    },
    "translation.tasks": {
        *(
            "colorize",
            "deblur",
            "denoise",
            "edges",
            "enlarge",
            "flat_colors",
            "generate",
            "pairs",
            "repair",
            "unpaired",
        ),
    },
    "translation.networks": {"light", "resnet", "rrdb", "srresnet", "unet"},
    "translation.methods": {"contrastive", "cycle", "paired"},
    "data.formats": {"cifar", "folder", "idx", "mat", "npy", "tar_archive", "video", "zip_archive"},
}
RANKED = (
    *("losses.penalties", "evaluation.metrics", "diagnosis", "data.formats"),
    *("translation.tasks", "translation.networks", "translation.methods"),
)


@pytest.mark.parametrize(("package", "names"), KINDS.items())
def test_every_kind_is_found_by_its_files(package: str, names: set[str]) -> None:
    found = components(package)
    assert set(found) == names
    assert all(component.summary for component in found.values())
    assert len({component.title for component in found.values()}) == len(names)


def test_presets_are_found_by_their_files() -> None:
    assert set(all_presets()) == {file.stem for file in (CORE / "presets").glob("*.json")}


@pytest.mark.parametrize("package", RANKED)
def test_ranks_leave_no_order_to_chance(package: str) -> None:
    assert len({component.facts["RANK"] for component in ranked(package)}) == len(KINDS[package])


def test_data_formats_are_asked_in_this_order() -> None:
    asked = [component.name for component in ranked("data.formats")]
    assert asked == ["cifar", "idx", "folder", "npy", "mat", "video", "tar_archive", "zip_archive"]


def test_a_penalty_is_named_after_the_setting_that_is_its_weight() -> None:
    for name, found in components("losses.penalties").items():
        assert Settings.model_fields[name].title == found.title
        assert not Settings().penalties
        assert validate({"network": "mlp", name: 2.0}).penalties == {name: 2.0}


FORMAT = """
'''Files that hold nothing.'''
TITLE = "Nothing"
RANK = -1
def opens(source):
    return source.endswith(".nothing")
"""
ASK = """
from core.data.prepare import opens
from core.registry import components
print(opens("a.nothing"), opens("a.else"))
print(*(name for name in {kinds} if "new" in components(name)))
"""


def test_one_more_file_is_one_more_choice(tmp_path: Path) -> None:
    shutil.copytree(CORE, tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    for package in KINDS:
        (tmp_path / "core").joinpath(*package.split("."), "new.py").write_text(FORMAT, "utf-8")
    ask = [sys.executable, "-c", ASK.format(kinds=list(KINDS))]
    told = subprocess.run(ask, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["True False", " ".join(KINDS)]
