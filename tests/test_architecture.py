"""The rules of the house: who may import whom, style, types, and what no file may hold."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
GUI = ("PySide6", "shiboken6", "pyqtgraph", "qtawesome", "studio")
VIEWS = ("studio.panels", "studio.dialogs", "studio.widgets")

MAY_IMPORT = {
    "core": ("core",),
    "studio.model": ("core", "studio.model"),
    "studio.background": ("core", "studio.background"),
    "studio.services": ("core", "studio.background", "studio.model", "studio.services"),
    "studio.widgets": ("core", "studio.theme", "studio.model", "studio.widgets"),
    "studio.dialogs": ("core", "studio.theme", "studio.model", "studio.widgets", "studio.dialogs"),
    "studio.panels": ("core", "studio.theme", "studio.model", "studio.widgets", "studio.panels"),
}
"""Parts of the project that the modules below a folder may import; they may import no others."""
ONLY_FROM = {
    "studio.services": ("studio.services", "studio.controllers", "studio.application"),
    "studio.controllers": ("studio.controllers", "studio.application"),
    "studio.application": ("studio.app",),
}
"""Who may import what is below a folder."""
MOST_AT_THE_TOP, MOST_IN_A_FOLDER = 12, 16


def succeed(*command: str) -> None:
    """Runs a command of this interpreter in the project; the test fails with its output when it does not succeed."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    "command",
    ["ruff format --check .", "ruff check .", "mypy core studio tests tools benchmarks"],
)
def test_style_and_types(command: str) -> None:
    succeed("-m", *command.split())


# -- who may import whom ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Every module of ours with what it imports: inside functions too, and for annotations only."""
    graph = grimp.build_graph("core", "studio", include_external_packages=True, cache_dir=None)
    ours = {module for module in graph.modules if inside(module, "core", "studio")}
    return {module: graph.find_modules_directly_imported_by(module) for module in ours}


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def arrows(imports: dict[str, set[str]], *packages: str) -> Iterator[tuple[str, str]]:
    """The imports of the modules of some packages."""
    return ((one, other) for one in imports if inside(one, *packages) for other in imports[one])


def test_the_core_knows_no_window(imports: dict[str, set[str]]) -> None:
    assert not [arrow for arrow in arrows(imports, "core") if inside(arrow[1], *GUI)]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_folder_says_what_its_modules_import(imports: dict[str, set[str]], package: str) -> None:
    ours = (arrow for arrow in arrows(imports, package) if inside(arrow[1], "core", "studio"))
    assert not [arrow for arrow in ours if not inside(arrow[1], *MAY_IMPORT[package])]


@pytest.mark.parametrize("package", ONLY_FROM)
def test_a_folder_says_who_imports_it(imports: dict[str, set[str]], package: str) -> None:
    into = (arrow for arrow in arrows(imports, "core", "studio") if inside(arrow[1], package))
    assert not [arrow for arrow in into if not inside(arrow[0], *ONLY_FROM[package])]


def test_panels_do_not_know_each_other(imports: dict[str, set[str]]) -> None:
    assert not [arrow for arrow in arrows(imports, "studio.panels") if inside(arrow[1], "studio.panels")]


def test_no_modules_and_no_packages_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    TopologicalSorter(imports).prepare()  # raises with the circle that it finds
    packages: dict[str, set[str]] = {}
    for one, other in arrows(imports, "core", "studio"):
        if inside(other, "core", "studio") and package_of(one) != package_of(other):
            packages.setdefault(package_of(one), set()).add(package_of(other))
    TopologicalSorter(packages).prepare()


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_no_folder_is_too_full() -> None:
    counts = {
        folder: sum(path.name != "__main__.py" for path in folder.glob("*.py"))
        for name in ("core", "studio")
        for folder in folders(ROOT / name)
    }
    assert not {folder: count for folder, count in counts.items() if count > MOST_IN_A_FOLDER}
    assert max(counts[ROOT / "core"], counts[ROOT / "studio"]) <= MOST_AT_THE_TOP


def test_the_architecture_page_names_every_folder() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    names = {folder.name for name in ("core", "studio") for folder in folders(ROOT / name)}
    assert not {name for name in names if f"{name}/" not in text}
    assert len(text.splitlines()) <= 150


def folders(top: Path) -> Iterator[Path]:
    return (folder for folder in [top, *top.rglob("*")] if folder.is_dir() and folder.name != "__pycache__")


def test_what_views_know_of_the_core_imports_no_torch(imports: dict[str, set[str]]) -> None:
    plain = {other for _, other in arrows(imports, *VIEWS, "studio.model") if inside(other, "core")}
    views = {module for module in imports if inside(module, *VIEWS, "studio.model", "studio.controllers")}
    import_without_torch(*plain, *views)


def test_the_first_window_needs_no_torch() -> None:
    import_without_torch("studio.app", "studio.application")


def import_without_torch(*modules: str) -> None:
    names = ", ".join(sorted(modules))
    succeed(
        "-c", f"import sys, {names}; loaded = {{'torch', 'torchvision'}} & set(sys.modules); assert not loaded, loaded"
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
    """Returns True if reading a file could run code that is in it."""
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
def test_unsafe_reading_is_recognized(line: str, expected: bool) -> None:
    assert any(unsafe(node) for node in ast.walk(ast.parse(line))) is expected


def test_reading_a_file_never_runs_code() -> None:
    offences = [f"{name}:{getattr(n, 'lineno', 0)}" for name, tree in modules() for n in ast.walk(tree) if unsafe(n)]
    assert not offences


MAPS = {"mmap", "memmap", "open_memmap", "safe_open", "load_file"}
"""Functions that map a file: a page of it that can no longer be read would end the process."""


def mapped(node: ast.AST) -> bool:
    """Returns True if a file might be mapped, instead of read."""
    match node:
        case ast.Import(names=names):
            return any(name.name in MAPS for name in names)
        case ast.ImportFrom(names=names):
            return any(name.name in MAPS for name in names)
        case ast.Attribute(attr=name):
            return name in MAPS
        case ast.keyword(arg="mmap_mode" | "mmap", value=ast.Constant(value=value)):
            return bool(value)
    return False


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import mmap", True),
        ("from safetensors import safe_open", True),
        ("from safetensors.torch import load_file, save_file", True),
        ("safetensors.numpy.load_file(path)", True),
        ("np.memmap(path)", True),
        ("np.load(path, mmap_mode='r')", True),
        ("torch.load(path, mmap=True)", True),
        ("torch.load(path, mmap=False)", False),
        ("from safetensors.torch import save_file", False),
    ],
)
def test_maps_are_recognized(line: str, expected: bool) -> None:
    assert any(map(mapped, ast.walk(ast.parse(line)))) is expected


def test_no_file_is_mapped() -> None:
    ours = ((name, tree) for name, tree in modules() if name.startswith(("core/", "studio/")))
    assert not [f"{name}:{getattr(n, 'lineno', 0)}" for name, tree in ours for n in ast.walk(tree) if mapped(n)]


TIPS = {"setToolTip", "setTabToolTip", "setWhatsThis"}
PLAIN = {"plain_tip", "wrapped_tip", "toolTip"}
"""Calls that return a tip which shows names as they are, or another widget's."""


def is_plain(node: ast.expr) -> bool:
    """Returns True if a tip cannot hold a name that Qt takes for markup."""
    if isinstance(node, ast.IfExp):
        return is_plain(node.body) and is_plain(node.orelse)
    if isinstance(node, ast.BoolOp):
        return all(map(is_plain, node.values))
    if isinstance(node, ast.Call):
        if ast.unparse(node.func) in ("_", "in_context"):
            return all(isinstance(argument, ast.Constant) for argument in node.args)
        return ast.unparse(node.func).rpartition(".")[2] in PLAIN
    return isinstance(node, ast.Constant)


def markup(node: ast.AST) -> bool:
    """Returns True if a tip, or a label, might show a name as markup."""
    if not isinstance(node, ast.Call):
        return False
    function = ast.unparse(node.func)
    if function == "QLabel":
        return "RichText" not in ast.unparse(node)
    if function.rpartition(".")[2] in TIPS:
        return not is_plain(node.args[-1])
    if function == "QToolTip.showText":
        return not is_plain(node.args[1])
    if "ToolTipRole" not in [ast.unparse(each).rpartition(".")[2] for each in node.args]:
        return False
    if function.endswith("setItemData"):
        return not is_plain(node.args[1])
    return function.endswith(".setData") and not is_plain(node.args[-1])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("QLabel(name)", True),
        ("Label(name)", False),
        ("QLabel(textFormat=Qt.TextFormat.RichText)", False),
        ("box.setToolTip(name)", True),
        ("box.setToolTip(f'{name}')", True),
        ("box.setToolTip(_('Close'))", False),
        ("box.setToolTip(_(name))", True),
        ("box.setToolTip(_('Close {name}').format(name=name))", True),
        ("box.setToolTip('Close' if name else name)", True),
        ("box.setToolTip('Close' if name else plain_tip(name))", False),
        ("item.setToolTip(0, name)", True),
        ("box.setItemData(0, name, Qt.ItemDataRole.ToolTipRole)", True),
        ("box.setItemData(0, plain_tip(name), Qt.ItemDataRole.ToolTipRole)", False),
        ("item.setData(Qt.ItemDataRole.ToolTipRole, name)", True),
        ("item.setData(0, Qt.ItemDataRole.ToolTipRole, plain_tip(name))", False),
        ("box.setWhatsThis(name)", True),
        ("QToolTip.showText(where, name, box)", True),
        ("QToolTip.showText(where, plain_tip(name), box)", False),
    ],
)
def test_markup_is_recognized(line: str, expected: bool) -> None:
    assert any(map(markup, ast.walk(ast.parse(line)))) == expected


def test_names_are_never_shown_as_markup() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        if name.startswith("studio/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and markup(node)
    ]
    assert not found


IMAGE_WRITERS = re.compile(
    r"\.save\([^)\n]*\"(?:PNG|JPEG|WEBP|GIF|TIFF)\"|b\"IHDR|QImageWriter|"
    r"clipboard\(\)\.setImage|(?<!mime)\.setImageData",
    re.I,
)


def test_images_are_written_only_where_their_mark_is_known() -> None:
    """Generated images are marked (`core.imaging.provenance`), wherever they leave the program."""
    writers = (path for folder in ("core", "studio") for path in (ROOT / folder).rglob("*.py"))
    texts = ((path, path.read_text("utf-8")) for path in writers)
    found = {path.relative_to(ROOT).as_posix() for path, text in texts if IMAGE_WRITERS.search(text)}
    assert found == {
        "core/export/content_credentials.py",  # to nobody's disk
        "core/export/image_files.py",
        "core/imaging/grid.py",
        "core/imaging/png_stream.py",
        "core/report/pictures.py",
    }


def test_every_module_has_a_name_that_says_something() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert not [path for path in sources() if path.suffix == ".py" and path.stem in vague]
