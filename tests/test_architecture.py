"""The rules of the house: who may import whom, style, types, and what no file may hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
GUI = {"PySide6", "shiboken6", "pyqtgraph", "qtawesome", "studio"}
# What the window may know of the core: frozen values and settings, none of which needs torch to be imported.
PLAIN = {
    "core.formatting",
    "core.config.settings",
    "core.devices",
    "core.diagnosis",
    "core.presets.settings_diff",
    "core.errors",
    "core.events",
    "core.export.animation",
    "core.data.health.findings",
    "core.stats.keys",
    "core.latent.explore_state",
    "core.latent.request",
    "core.runs.overview",
    "core.imaging.points",
    "core.config.preparation",
    "core.presets",
    "core.stats.metric_key",
    "core.registry",
    "core.config.constraints",
    "core.generator_inputs",
    "core.export.selection",
    "core.stats.curves",
}
# The rest of the core is for the session and for what its threads do.
ENGINE_USERS = (
    "studio.services.session",
    "studio.services.train.training",
    "studio.services.data.loader",
    "studio.services.data.review",
    "studio.services.data.review",
    "studio.services.explore.service",
    "studio.services.explore.engine",
    "studio.services.data.open_path",
    "studio.services.file_saving",
    "studio.services.train.checkpoint_list",
    "studio.services.data.library",
    "core.runs.pin_store",
    "core.export.checkpoint_lookup",
    "studio.services.explore.generator_jobs",
    "studio.services.explore.nearest_images",
    "studio.services.train.run_comparison",
    "studio.services.train.sample_images",
    "studio.services.train.evaluation",
)
ALSO_ALLOWED = {"studio.app": {"core.cli.main"}}
VIEWS = (
    "studio.panels",
    "studio.widgets.explore.tools",
    "studio.widgets",
    "studio.dialogs",
    "studio.widgets.settings.form",
)
OWNERS = {"studio.services.session", "studio.main_window", "studio.app"}


def succeed(*command: str) -> None:
    """Runs a command of this interpreter in the project; the test fails with its output when it does not succeed."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    "command",
    ["ruff format --check .", "ruff check .", "mypy core studio tests"],
)
def test_style_and_types(command: str) -> None:
    succeed("-m", *command.split())


# -- who may import whom ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Every module of ours with what it imports, inside functions too."""
    graph = grimp.build_graph("core", "studio", include_external_packages=True, cache_dir=None)
    ours = {module for module in graph.modules if inside(module, "core", "studio")}
    return {module: graph.find_modules_directly_imported_by(module) for module in ours}


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_core_knows_no_window(imports: dict[str, set[str]]) -> None:
    offences = {
        f"{module} imports {imported}"
        for module in imports
        if inside(module, "core")
        for imported in imports[module]
        if inside(imported, *GUI)
    }
    assert not offences


def test_only_the_session_reaches_the_engine(imports: dict[str, set[str]]) -> None:
    offences = {
        f"{module} imports {imported}"
        for module in imports
        if inside(module, "studio") and not inside(module, *ENGINE_USERS)
        for imported in imports[module]
        if inside(imported, "core") and not inside(imported, *PLAIN, *ALSO_ALLOWED.get(module, ()))
    }
    assert not offences


def test_views_hold_no_session(imports: dict[str, set[str]]) -> None:
    offences = {
        f"{module} imports {imported}"
        for module in imports
        if inside(module, *VIEWS)
        for imported in imports[module] & OWNERS
    }
    assert not offences


def test_panels_do_not_know_each_other(imports: dict[str, set[str]]) -> None:
    def panel(module: str) -> str:
        return ".".join(module.split(".")[:3])

    offences = {
        f"{module} imports {imported}"
        for module in imports
        if inside(module, "studio.panels") and panel(module) != "studio.panels"
        for imported in imports[module]
        if inside(imported, "studio.panels") and panel(imported) != panel(module)
    }
    assert not offences


def test_the_first_window_needs_no_torch() -> None:
    succeed(
        "-c",
        "import studio.app, studio.main_window, sys\n"
        "loaded = {'torch', 'torchvision'} & set(sys.modules)\n"
        "assert not loaded, loaded",
    )


# -- what no file may hold -------------------------------------------------------------------------------------------


def sources() -> Iterator[Path]:
    """The project's own files: all but what .gitignore names, and git's own."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()} | {".git"}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ignored]
        yield from (Path(folder, name) for name in files if name not in ignored)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sources():
        if path.suffix == ".py":
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


# The names of package indexes' hosts, and places that exist on one machine only; written so as not to match themselves.
FOREIGN = re.compile(
    r"py[p]i\.or[g]|pythonho[s]ted|de[b]\.debia[n]|registry\.np[m]js|download\.pytorc[h]|(?<![\w.])/(?:work|farm|root)/"
)


def test_no_file_names_an_index_host_or_one_machines_paths() -> None:
    offences = []
    for path in sources():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        offences += [f"{path.relative_to(ROOT)}: {match.group()}" for match in FOREIGN.finditer(text)]
    assert not offences


def unsafe(node: ast.AST) -> bool:
    """Whether reading a file could run code that is in it."""
    match node:
        case ast.Import(names=names):
            return any(name.name.split(".")[0] in {"pickle", "dill", "joblib", "shelve"} for name in names)
        case ast.ImportFrom(module=str(module)):
            return module.split(".")[0] in {"pickle", "dill", "joblib", "shelve"}
        case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="load"), keywords=keywords):
            given = {keyword.arg: keyword.value for keyword in keywords}
            only_weights = given.get("weights_only")
            return not (isinstance(only_weights, ast.Constant) and only_weights.value is True)
    return False


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import pickle", True),
        ("from pickle import loads", True),
        ("np.load(file, allow_pickle=True)", True),
        ("np.load(file, allow_pickle=False)", False),
        ("torch.load(file)", True),
        ("torch.load(file, weights_only=False)", True),
        ("torch.load(file, weights_only=True)", False),
    ],
)
def test_unsafe_reading_is_recognised(line: str, expected: bool) -> None:
    assert any(unsafe(node) for node in ast.walk(ast.parse(line))) is expected


def test_reading_a_file_never_runs_code() -> None:
    offences = [f"{name}:{getattr(n, 'lineno', 0)}" for name, tree in modules() for n in ast.walk(tree) if unsafe(n)]
    assert not offences


def test_every_module_has_a_name_that_says_something() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert not [path for path in sources() if path.suffix == ".py" and path.stem in vague]
