"""Datasets with two sides on real files: folders, two sources, halves of files; pairs by name; batches of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core.cli.main import main
from core.concurrency import run_to_end
from core.config.preparation import Preparation
from core.config.settings import Settings, validate
from core.data.cache.exclusions import exclude
from core.data.dataset import Dataset
from core.data.health.examine import examine
from core.data.health.findings import HealthFinding
from core.data.holdout import held_rows, train_sides
from core.data.sides.batches import SidedBatches
from core.data.sides.halves import halves
from core.data.sides.likeness import likeness
from core.data.sides.pairing import Pairing, matched, pairing, sides_for
from core.data.sides.two_sides import TwoSides, layout, only
from core.data.sides.two_sources import pair_name, parts
from core.errors import UserError
from core.events import Stepped
from core.runs.run_name import dataset_title
from core.translation_trainer import TranslationTrainer
from tests.core.images import archived, encoded, listing, opened, plain, problem, reasons
from tests.core.tiny import FIXED, differences, events_of

CPU = torch.device("cpu")
WAYS = ("folder", "zip", "tar")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STUDIO_CACHE", str(tmp_path / "cache"))


def placed(folder: Path, names: Sequence[str], start: int = 0) -> Path:
    """A folder with an image for each name, of a color of its own."""
    for number, name in enumerate(names, start):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        plain((number, 100, 200)).save(path)
    return folder


def names_of(dataset: Dataset, rows: NDArray[np.int64]) -> list[str]:
    return [dataset.records.name(row) for row in rows.tolist()]


def pairs_of(dataset: Dataset) -> list[tuple[str, str]]:
    found = found_in(dataset)
    return list(zip(names_of(dataset, found.pairs.inputs), names_of(dataset, found.pairs.targets), strict=True))


def found_in(dataset: Dataset) -> Pairing:
    found = pairing(dataset)
    assert found is not None
    return found


TRAINED = {
    "task": "pairs",
    "method": "paired",
    "resolution": 16,
    "batch": 4,
    "width": 8,
    "patch": 16,
    "samples": 6,
    "device": "cpu",
    "precision": "fp32",
    "memory_format": "contiguous",
}


def translation(task: str = "pairs", **values: Any) -> Settings:
    return validate({**TRAINED, "task": task, "method": "paired" if task == "pairs" else "cycle", **values})


def findings(dataset: Dataset, how: Preparation | None = None) -> dict[str, HealthFinding]:
    report = run_to_end(examine(dataset, how or Preparation((16, 16))))
    return {finding.kind: finding for finding in report.findings}


# Sides


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["A/1.png", "A/2.png", "B/1.png", "B/2.png"], [("A/1.png", "B/1.png"), ("A/2.png", "B/2.png")]),
        (["b/x.png", "a/x.png"], [("a/x.png", "b/x.png")]),
        (
            ["trainA/1.png", "testA/1.png", "trainB/1.png", "testB/1.png"],
            [("testA/1.png", "testB/1.png"), ("trainA/1.png", "trainB/1.png")],
        ),
        (
            ["A/train/1.png", "A/val/1.png", "B/train/1.png", "B/val/1.png"],
            [("A/train/1.png", "B/train/1.png"), ("A/val/1.png", "B/val/1.png")],
        ),
        (["train/input/1.png", "train/target/1.png"], [("train/input/1.png", "train/target/1.png")]),
        (["1_A.png", "1_B.png", "2_A.jpg", "2_B.png"], [("1_A.png", "1_B.png"), ("2_A.jpg", "2_B.png")]),
        (["x-target.png", "x-input.png"], [("x-input.png", "x-target.png")]),
        (["input/1-input.png", "target/1-target.png"], [("input/1-input.png", "target/1-target.png")]),
        (
            ["A/01_sketch.png", "A/02_sketch.png", "B/img_01.png", "B/img_02.png"],
            [("A/01_sketch.png", "B/img_01.png"), ("A/02_sketch.png", "B/img_02.png")],
        ),
        (["maps/7.png", "photos/7.png"], [("maps/7.png", "photos/7.png")]),
    ],
)  # fmt: skip
def test_folders_and_names_tell_sides_and_pairs(tmp_path: Path, names: list[str], pairs: list[tuple[str, str]]) -> None:
    dataset = opened(placed(tmp_path / "data", names))
    assert pairs_of(dataset) == pairs
    assert not len(found_in(dataset).alone.rows())


@pytest.mark.parametrize(
    "names", [["1.png", "2.png"], ["A/1.png", "C/1.png", "B/1.png"], ["A/1.png", "A/2.png"], ["1_A.png", "2.png"]]
)
def test_other_folders_have_one_side(tmp_path: Path, names: list[str]) -> None:
    dataset = opened(placed(tmp_path / "data", names))
    assert layout(dataset) is None
    assert pairing(dataset) is None
    with pytest.raises(UserError, match="holds one kind of images") as caught:
        sides_for(translation(), dataset)
    assert "A and B" in caught.value.remedy


def test_a_task_with_one_side_uses_all_images(tmp_path: Path) -> None:
    dataset = opened(placed(tmp_path / "data", ["A/1.png", "B/1.png", "B/2.png"]))
    sides = sides_for(validate({"task": "colorize"}), dataset)
    assert sides.inputs.tolist() == sides.targets.tolist() == [0, 1, 2]


@example(["a%7Cb", "100%25"])
@given(st.lists(st.text("|%257C:/\\ né", min_size=1), min_size=2, max_size=2))
def test_a_pair_of_sources_has_one_name(names: list[str]) -> None:
    assert parts(pair_name(*names)) == tuple(names)


@pytest.mark.parametrize("name", ["pair:", "pair:a", "pair:|b", "pair:a|b|c", pair_name(pair_name("a", "b"), "c")])
def test_names_that_name_no_two_sources(name: str) -> None:
    assert "does not name two folders" in problem(name).what


def test_a_pair_of_which_one_image_is_left_out_is_left_out() -> None:
    inputs, targets, rows = np.array([0, 1, 2]), np.array([3, 4, 5]), np.array([0, 1, 4, 5])
    pairs = TwoSides(inputs, targets, are_pairs=True).within(rows)
    assert (pairs.inputs.tolist(), pairs.targets.tolist()) == ([1], [4])
    sides = TwoSides(inputs, targets).within(rows)
    assert (sides.inputs.tolist(), sides.targets.tolist()) == ([0, 1], [4, 5])


def test_names_are_compared_once_for_each_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = placed(tmp_path / "data", [f"{side}/{n}.png" for side in "AB" for n in range(3)])
    dataset, other = opened(source), opened(source)
    found = pairing(dataset)
    assert pairing(other) is not found
    monkeypatch.setattr("core.data.sides.pairing.layout", None)
    assert pairing(dataset) is found
    assert sides_for(translation(), dataset) is found_in(dataset).pairs


def test_a_source_is_not_the_other_side_of_itself(tmp_path: Path) -> None:
    folder = placed(tmp_path / "a", ["1.png", "2.png"])
    with pytest.raises(UserError, match="was given twice, as the inputs and as the targets"):
        opened(pair_name(str(folder), f"{folder}/."))


def test_points_are_no_side(tmp_path: Path) -> None:
    folder = placed(tmp_path / "a", ["1.png", "2.png"])
    with pytest.raises(UserError, match="'toy:ring8' holds points"):
        opened(pair_name("toy:ring8", str(folder)))


def test_a_missing_folder_of_a_pair(tmp_path: Path) -> None:
    placed(tmp_path / "A", ["1.png"])
    assert "nothing' does not exist" in problem(pair_name(str(tmp_path / "A"), str(tmp_path / "nothing"))).what


def test_two_folders_are_one_dataset(tmp_path: Path) -> None:
    first, second = (
        placed(tmp_path / name, ["1.png", "2.png", "3.png"], start) for start, name in ((0, "ski|ing"), (9, "100%"))
    )
    before = listing(tmp_path / "ski|ing"), listing(tmp_path / "100%")
    dataset = opened(pair_name(str(first), str(second)))
    assert dataset.source == pair_name(str(first), str(second))
    assert dataset.title == dataset_title(dataset.source) == "ski|ing to 100%"
    assert dataset.classes == ("ski|ing", "100%")
    assert pairs_of(dataset) == [(f"A/{n}.png", f"B/{n}.png") for n in (1, 2, 3)]
    again = opened(dataset.source)
    assert again.fingerprint == dataset.fingerprint
    assert opened(pair_name(str(second), str(first))).fingerprint != dataset.fingerprint
    assert (listing(tmp_path / "ski|ing"), listing(tmp_path / "100%")) == before
    exclude(again, ["B/2.png"])
    assert pairs_of(opened(dataset.source)) == [("A/1.png", "B/1.png"), ("A/3.png", "B/3.png")]


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folders = [placed(tmp_path / side / "photos", ["1.png", "2.png"], number) for number, side in enumerate("xy")]
    assert opened(pair_name(*map(str, folders))).classes == ("A", "B")


def test_sources_of_different_kinds_and_sizes(tmp_path: Path) -> None:
    archive = archived(tmp_path / "in.zip", {f"{n}.png": encoded(plain(n, "L", (24, 24))) for n in range(3)})
    targets = placed(tmp_path / "out", ["0.png", "1.png", "broken.png"])
    (targets / "broken.png").write_bytes(b"nothing")
    (targets / "drawing.svg").write_bytes(b"<svg/>")
    dataset = opened(pair_name(str(archive), str(targets)), None)
    assert (dataset.size, dataset.images.shape[1]) == ((16, 16), 3)
    assert pairs_of(dataset) == [("A/0.png", "B/0.png"), ("A/1.png", "B/1.png")]
    assert set(reasons(dataset)) == {"B/broken.png", "B/drawing.svg"}
    assert len(found_in(dataset).other_sizes(dataset)) == 2


# Halves


def two_colors(left: Any, right: Any, size: tuple[int, int] = (60, 30)) -> Image.Image:
    image = plain(right, size=size)
    image.paste(left, (0, 0, size[0] // 2, size[1]))
    return image


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["left", "right"])
@pytest.mark.parametrize("size", [(60, 30), (61, 30), (90, 30), (50, 40)])
def test_each_file_is_cut_into_input_and_target(tmp_path: Path, way: str, place: Any, size: tuple[int, int]) -> None:
    red, blue = (250, 0, 0), (0, 0, 250)
    files = {f"train/{n}.png": encoded(two_colors(red, blue, size)) for n in range(3)}
    source = archived(tmp_path / ("data" if way == "folder" else f"data.{way}"), files)
    dataset = opened(source, side_by_side=place)
    found = found_in(dataset)
    assert dataset.classes == ("A", "B")
    assert len(found.pairs.inputs) == 3
    inputs, targets = dataset.images[found.pairs.inputs], dataset.images[found.pairs.targets]
    left, right = (inputs, targets) if place == "left" else (targets, inputs)
    for images, color in ((left, red), (right, blue)):
        middle = images[:, :, :, :-1] if images is left else images[:, :, :, 1:]
        assert (middle == np.array(color, np.uint8)[:, None, None]).all()
    assert dataset.records.table["width"].tolist() == [size[0] // 2] * 6
    assert {finding.severity for kind, finding in findings(dataset).items() if "dupl" in kind} <= {"good", "warning"}


def test_the_middle_column_of_an_odd_width_is_in_neither_half() -> None:
    image = Image.fromarray(np.arange(7, dtype=np.uint8)[None].repeat(3, 0))
    assert [np.asarray(half.cut(image))[0].tolist() for half in halves("left")] == [[0, 1, 2], [4, 5, 6]]
    assert [np.asarray(half.cut(image))[0].tolist() for half in halves("right")] == [[4, 5, 6], [0, 1, 2]]


@pytest.mark.parametrize(("sizes", "is_told"), [([(60, 30)] * 3, True), ([(60, 30), (60, 40)], False)])
def test_files_twice_as_wide_as_high_may_be_cut(tmp_path: Path, sizes: list[tuple[int, int]], is_told: bool) -> None:
    files = {f"{n}.png": encoded(plain((n, 0, 0), size=size)) for n, size in enumerate(sizes)}
    source = archived(tmp_path / "data", files)
    found = findings(opened(source)).get("halves")
    assert (found is not None) == is_told
    if found is not None:
        assert (found.severity, [remedy.settings["side_by_side"] for remedy in found.remedies]) == (
            "note",
            ["left", "right"],
        )
        how = Preparation((16, 16), side_by_side="left")
        assert findings(opened(source, side_by_side="left"), how)["halves"].severity == "good"


def test_sides_are_no_classes_that_may_be_too_small(tmp_path: Path) -> None:
    placed(tmp_path / "A", ["1.png"])
    placed(tmp_path / "B", [f"{n}.png" for n in range(30)])
    assert "classes" not in findings(opened(tmp_path))


def test_halves_have_the_same_fingerprint_in_each_kind_of_source(tmp_path: Path) -> None:
    files = {f"{n}.jpg": encoded(two_colors((n, 9, 9), (9, 9, n)), "JPEG") for n in range(4)}
    sources = [archived(tmp_path / name, files) for name in ("data", "data.zip", "data.tar")]
    assert len({opened(source, side_by_side="left").fingerprint for source in sources}) == 1
    assert opened(sources[0], None, side_by_side="left").size == (16, 16)


def test_a_turned_file_is_cut_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = two_colors((250, 0, 0), (0, 0, 250), (80, 40)).transpose(Image.Transpose.ROTATE_90)
    files = {f"{n}.png": encoded(stored, exif=exif) for n in range(2)}
    dataset = opened(archived(tmp_path / "data", files), side_by_side="left")
    assert (dataset.images[0][:, 4, 4] == (250, 0, 0)).all()
    assert (dataset.images[1][:, 4, 4] == (0, 0, 250)).all()


def test_a_file_that_is_not_wider_than_high_is_left_out(tmp_path: Path) -> None:
    files = {f"{n}.png": encoded(two_colors(1, 9)) for n in range(2)} | {"portrait.png": encoded(plain((1, 2, 3)))}
    dataset = opened(archived(tmp_path / "data", files), side_by_side="left")
    assert len(dataset.images) == 4
    assert set(reasons(dataset)) == {"A/portrait.png", "B/portrait.png"}
    assert "side by side" in reasons(dataset)["A/portrait.png"]


# Pairs by name

STEMS = st.lists(st.from_regex(r"[a-z]{0,3}[0-9]{1,4}", fullmatch=True), min_size=1, max_size=20, unique=True)


@settings(deadline=None)
@given(
    STEMS,
    st.randoms(use_true_random=False),
    st.sampled_from([("", ""), ("_A", "_B"), ("-input", "-target"), ("_map", "")]),
)
def test_every_name_finds_its_own_partner(stems: list[str], random: Any, endings: tuple[str, str]) -> None:
    others = random.sample(stems, len(stems))
    inputs = [f"{stem}{endings[0]}.{random.choice(('png', 'jpg'))}" for stem in stems]
    targets = [f"{stem}{endings[1]}.{random.choice(('PNG', 'webp'))}" for stem in others]
    pairs, doubled = matched(inputs, targets)
    if len(stems) > 1 or endings != ("_map", ""):  # one name alone does not tell what its side has in common
        assert [(stems[first], others[second]) for first, second in pairs] == [(stem, stem) for stem in stems]
        assert not len(doubled[0])
        assert not len(doubled[1])


NAMES = st.lists(
    st.from_regex(r"([ab]/)?(img_)?[0-9a-b]{1,2}([ _.-](a|b|input|target))?(\.png|\.jpg)?", fullmatch=True), max_size=12
)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_no_name_is_in_two_pairs_whatever_they_are(inputs: list[str], targets: list[str]) -> None:
    pairs, doubled = matched(inputs, targets)
    for side, names in enumerate((inputs, targets)):
        used = [pair[side] for pair in pairs]
        assert len(set(used)) == len(used)
        assert set(used) <= set(range(len(names)))
        assert not set(used) & set(doubled[side].tolist())
    assert pairs == sorted(pairs)
    mirrored, _doubled = matched(targets, inputs)
    assert sorted((first, second) for second, first in mirrored) == pairs


def test_what_is_wrong_with_pairs_is_told_by_name(tmp_path: Path) -> None:
    names = [f"{side}/{n}.png" for side in "AB" for n in range(8)]
    dataset = opened(placed(tmp_path / "data", [*names, "A/alone.png", "B/other.png", "A/3.jpg"]))
    found = found_in(dataset)
    assert len(found.pairs.inputs) == 8
    assert names_of(dataset, found.alone.inputs) == ["A/alone.png"]
    assert names_of(dataset, found.alone.targets) == ["B/other.png"]
    assert names_of(dataset, found.doubled) == ["A/3.jpg"]
    finding = findings(dataset)["pairs"]
    assert finding.severity == "warning"
    assert "8 pairs" in finding.text
    assert "2 images have no partner ('A/alone.png'; 'B/other.png')" in finding.text
    assert "1 image has the same name as others of its side ('A/3.jpg')" in finding.text
    assert finding.suggestion


def test_a_name_that_two_images_share_is_in_no_pair(tmp_path: Path) -> None:
    dataset = opened(placed(tmp_path / "data", ["A/1.png", "A/1.jpg", "B/1.webp", "A/2.png", "B/2.png"]))
    assert pairs_of(dataset) == [("A/2.png", "B/2.png")]
    assert sorted(names_of(dataset, found_in(dataset).doubled)) == ["A/1.jpg", "A/1.png", "B/1.webp"]


def test_no_pairs_at_all(tmp_path: Path) -> None:
    dataset = opened(placed(tmp_path / "data", ["A/cat.png", "A/dog.png", "B/tree.png", "B/lake.png"]))
    assert findings(dataset)["pairs"].text == "2 inputs and 2 targets, without pairs."
    with pytest.raises(UserError, match=r"No two images .* such as 'A/cat.png' and 'B/lake.png'") as caught:
        sides_for(translation(), dataset)
    assert "Unpaired" in caught.value.remedy
    sides = sides_for(translation("unpaired"), dataset)
    assert (len(sides.inputs), len(sides.targets), sides.are_pairs) == (2, 2, False)


def test_few_pairs_and_pairs_of_other_sizes(tmp_path: Path) -> None:
    files = {
        f"{side}/{n}.png": encoded(plain((n, 50, 90), size=size))
        for n in range(3)
        for side, size in (("A", (16, 16)), ("B", (64, 64)))
    }
    found = findings(opened(archived(tmp_path / "sizes", files)))
    assert "Only 3 pairs" in found["few_pairs"].text
    assert "3 of 3 pairs have images of different sizes, such as 16 x 16 and 64 x 64" in found["other_shapes"].text
    assert [group.tolist() for group in found["other_shapes"].groups] == [[0, 3], [1, 4], [2, 5]]
    files["B/1.png"] = encoded(plain((1, 50, 90), size=(80, 40)))
    dataset = opened(archived(tmp_path / "shapes", files))
    finding = findings(dataset)["other_shapes"]
    assert "1 of 3 pairs has images of different proportions, such as 16 x 16 and 80 x 40" in finding.text
    assert finding.remedies[0].settings == {"fit": "stretch"}


def test_a_smart_crop_would_cut_the_images_of_a_pair_differently() -> None:
    with pytest.raises(UserError, match="smart crop"):
        translation(fit="smart")
    assert translation("unpaired", fit="smart").fit == "smart"


# Are these pairs?


def scene(seed: int) -> NDArray[np.float64]:
    """Some rectangles on a ground, in [0, 1]."""
    random = np.random.default_rng(seed)
    image = np.full((32, 32), random.uniform(0.2, 0.8))
    for _ in range(4):
        (top, left), (height, width) = random.integers(0, 24, 2), random.integers(4, 16, 2)
        image[top : top + height, left : left + width] = random.uniform(0, 1)
    return image


def night(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return image * 0.15


def negative(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - image


def outlines(image: NDArray[np.float64]) -> NDArray[np.float64]:
    change = np.abs(np.gradient(image)[0]) + np.abs(np.gradient(image)[1])
    return np.where(change > 0.02, 0.0, 1.0)


def scenes(
    folder: Path, change: Callable[[NDArray[np.float64]], NDArray[np.float64]], shift: int, count: int = 24
) -> Dataset:
    files: dict[str, bytes] = {}
    for number in range(count):
        for side, image in (("A", scene(number)), ("B", change(scene((number + shift) % count)))):
            files[f"{side}/{number}.png"] = encoded(Image.fromarray(np.rint(image * 255).astype(np.uint8)))
    return opened(archived(folder, files), (32, 32))


@pytest.mark.parametrize("change", [night, negative, outlines])
def test_true_pairs_are_told_from_shuffled_ones(tmp_path: Path, change: Any) -> None:
    true, shuffled = scenes(tmp_path / "true", change, 0), scenes(tmp_path / "shuffled", change, 5)
    assert "unlike_pairs" not in findings(true)
    alike = likeness(true, found_in(true).pairs)
    assert alike is not None
    assert alike.probability > 0.9
    finding = findings(shuffled)["unlike_pairs"]
    assert finding.severity == "warning"
    assert finding.text.startswith("Are these pairs? The images of 24 pairs")
    assert all(group[1] - group[0] == 24 for group in finding.groups)


def test_equal_images_say_nothing_about_pairs(tmp_path: Path) -> None:
    files = {f"{side}/{number}.png": encoded(plain((90, 90, 90))) for side in "AB" for number in range(9)}
    dataset = opened(archived(tmp_path / "data", files))
    alike = likeness(dataset, found_in(dataset).pairs)
    assert alike is not None
    assert (alike.probability, alike.is_chance) == (0.5, True)


def test_equal_images_of_a_pair_are_no_duplicates(tmp_path: Path) -> None:
    dataset = scenes(tmp_path / "same", lambda image: image, 0)
    found = findings(dataset)
    assert found["exact_duplicates"].severity == found["near_duplicates"].severity == "good"


def test_two_classes_with_the_same_numbers_are_no_pairs(tmp_path: Path) -> None:
    files = {
        f"{kind}/{n}.png": encoded(Image.fromarray((scene(n + start) * 255).astype(np.uint8)))
        for kind, start in (("cats", 0), ("dogs", 100))
        for n in range(20)
    }
    found = findings(opened(archived(tmp_path / "data", files)))
    assert not {"pairs", "unlike_pairs"} & found.keys()


# Batches


def numbered(folder: Path, inputs: int, targets: int, digits: int = 3) -> Dataset:
    """Images whose left half is their number, and whose right half is brighter by 1, on both sides."""
    files: dict[str, bytes] = {}
    for side, count in (("A", inputs), ("B", targets)):
        for number in range(count):
            image = plain((number % 200, number // 200, 0), size=(16, 16))
            image.paste((number % 200, number // 200, 250), (8, 0, 16, 16))
            files[f"{side}/{number:0{digits}}.png"] = encoded(image)
    return opened(archived(folder, files))


def batches(dataset: Dataset, task: str = "pairs", mirror: bool = True, batch: int = 4) -> SidedBatches:
    return SidedBatches(dataset, sides_for(translation(task), dataset), batch, mirror, 7, CPU)


def taken(source: SidedBatches, count: int) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    for _ in range(count):
        source.stage(1)
        found += source.staged(0)
    return found


def numbers(images: torch.Tensor) -> list[int]:
    return [round(float(value) * 127.5 + 127.5) for value in images[:, 0].mean((1, 2))]


def test_pairs_have_the_same_order_and_are_mirrored_alike(tmp_path: Path) -> None:
    source = batches(numbered(tmp_path / "data", 10, 10))
    seen: list[int] = []
    for _ in range(6):
        inputs, targets = taken(source, 1)
        assert torch.equal(inputs, targets)
        seen += numbers(inputs)
    assert len({bool(image[2, 0, 0] > image[2, 0, -1]) for image in torch.cat(taken(source, 6))}) == 2
    assert len(set(seen[:8])) == 8
    assert (source.epoch, source.index) == (5, 8)


def test_sides_without_pairs_are_shuffled_apart(tmp_path: Path) -> None:
    found = taken(batches(numbered(tmp_path / "data", 12, 12), "unpaired"), 3)
    inputs, targets = torch.cat(found[::2]), torch.cat(found[1::2])
    assert sorted(numbers(inputs)) == sorted(numbers(targets)) == list(range(12))
    assert numbers(inputs) != numbers(targets)


@pytest.mark.parametrize(("task", "counts"), [("pairs", (10, 10)), ("unpaired", (9, 14)), ("unpaired", (30, 5))])
@pytest.mark.parametrize("before", [1, 2, 3, 7, 11])
def test_epoch_and_index_continue_both_sides(tmp_path: Path, task: str, counts: tuple[int, int], before: int) -> None:
    dataset = numbered(tmp_path / "data", *counts)
    whole = taken(batches(dataset, task), before + 6)
    first = batches(dataset, task)
    taken(first, before)
    second = batches(dataset, task)
    second.epoch, second.index = first.epoch, first.index
    assert all(map(torch.equal, taken(second, 6), whole[2 * before :]))


def test_every_image_of_the_larger_and_of_the_smaller_side_is_seen(tmp_path: Path) -> None:
    found = taken(batches(numbered(tmp_path / "data", 8, 20), "unpaired", mirror=False), 10)
    inputs, targets = torch.cat(found[::2]), torch.cat(found[1::2])
    assert sorted(numbers(inputs)) == sorted(5 * [*range(8)])
    assert sorted(numbers(targets)) == sorted(2 * [*range(20)])


def test_mirroring_begins_and_ends_with_the_setting(tmp_path: Path) -> None:
    source = batches(numbered(tmp_path / "data", 8, 8), mirror=False)
    assert all((image[2, 0, 0] < image[2, 0, -1]) for image in torch.cat(taken(source, 2)))
    source.mirror = True
    assert any((image[2, 0, 0] > image[2, 0, -1]) for image in torch.cat(taken(source, 2)))


def test_a_batch_larger_than_a_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="larger than the number of images, 3"):
        batches(numbered(tmp_path / "data", 3, 9), "unpaired")


# Held-out images and training


@pytest.mark.parametrize("task", ["pairs", "unpaired"])
def test_held_out_images_are_of_both_sides_and_of_whole_pairs(tmp_path: Path, task: str) -> None:
    dataset = numbered(tmp_path / "data", 240, 220)
    chosen = translation(task, holdout=10)
    sides, held = sides_for(chosen, dataset), held_rows(chosen, dataset)
    out, trained = sides.within(held), train_sides(chosen, dataset, held)
    assert len(out.targets) == 22
    assert len(out.inputs) == (22 if task == "pairs" else 24)
    assert not set(held.tolist()) & set(trained.rows().tolist())
    assert len(trained.inputs) + len(out.inputs) == len(sides.inputs)
    if task == "pairs":
        for part in (out, trained):
            names = [[name[2:] for name in names_of(dataset, rows)] for rows in (part.inputs, part.targets)]
            assert names[0] == names[1]


def trainer(dataset: Dataset, chosen: Settings, checkpoint: Any = None) -> TranslationTrainer:
    return TranslationTrainer(chosen, dataset, FIXED, checkpoint)


@pytest.mark.parametrize(("task", "counts"), [("pairs", (10, 10)), ("unpaired", (6, 9))])
def test_a_training_continues_bit_for_bit(tmp_path: Path, task: str, counts: tuple[int, int]) -> None:
    dataset, chosen = numbered(tmp_path / "data", *counts), translation(task, mirror=True, steps=6)
    whole = trainer(dataset, chosen)
    events_of(whole)
    half = trainer(dataset, chosen)
    for event in half.events():
        if isinstance(event, Stepped) and event.step == 3:
            break
    again = trainer(dataset, chosen, half.checkpoint())
    events_of(again)
    assert not differences(again.checkpoint(), whole.checkpoint())


def test_the_sample_grid_shows_inputs_beside_their_targets(tmp_path: Path) -> None:
    dataset = numbered(tmp_path / "data", 9, 9)
    shown = trainer(dataset, translation(samples=9)).snapshot()
    assert shown.columns == ("Input", "Output", "Target")
    assert shown.images.shape == (9, 16, 16, 3)
    assert np.array_equal(shown.images[0::3], shown.images[2::3])
    assert trainer(dataset, translation("unpaired")).columns == ("Input", "Output", "Example")


def test_the_sheet_holds_targets_alone(tmp_path: Path) -> None:
    files = {f"{side}/{n}.png": encoded(plain(color)) for n in range(4) for side, color in (("A", 10), ("B", 240))}
    dataset = opened(archived(tmp_path / "data", files))
    assert (trainer(dataset, translation()).sheet(8, 0)[..., 0] > 200).all()
    targets = only(dataset, sides_for(translation(), dataset).targets)
    assert [*targets.records.all_names()] == [f"B/{n}.png" for n in range(4)]
    assert targets.labels is None


# The command line


def test_inspect_tells_pairs_of_two_folders_and_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{n}.png" for n in range(9)]
    placed(tmp_path / "data" / "A", [*names, "10.png"])
    placed(tmp_path / "data" / "B", names)
    for sources in ([tmp_path / "data" / "A", tmp_path / "data" / "B"], [tmp_path / "data"]):
        assert main(["inspect", *map(str, sources)]) == 0
        output = capsys.readouterr().out
        assert "pairs  9\n" in output
        assert "without partner  A/10.png\n" in output
        assert "9 pairs of input and target. 1 image has no partner ('A/10.png')." in output


def test_three_datasets_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "a", "b", "c"]) == 2
    assert "3 sources of images were given. Give one, or the inputs" in capsys.readouterr().err


def test_a_training_of_two_folders_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{n}.png" for n in range(8)]
    for side in ("A", "B"):
        placed(tmp_path / side, names)
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in TRAINED.items()]
    run = tmp_path / "run"
    assert main(["train", str(tmp_path / "A"), str(tmp_path / "B"), f"--out={run}", "--steps=2", *flags]) == 0
    assert (run / "checkpoints" / "000000002.safetensors").is_file()
    told = capsys.readouterr().err
    assert "Are these pairs?" in told
    assert "Only 8 pairs: the generator will learn them by heart." in told


def test_a_batch_may_be_as_large_as_the_smaller_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = placed(tmp_path / "data", [f"{side}/{n}.png" for side in "AB" for n in range(8)])
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in {**TRAINED, "batch": 12}.items()]
    assert main(["train", str(source), f"--out={tmp_path / 'run'}", *flags]) == 2
    assert "The batch size 12 is larger than the number of images, 8." in capsys.readouterr().err
