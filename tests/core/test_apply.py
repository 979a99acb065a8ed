"""A trained translator applied to pictures, folders and films."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image

from core.checkpoint import save
from core.cli.main import main
from core.concurrency import run_to_end
from core.data.decode import MOST_PIXELS
from core.errors import UserError
from core.events import Event, Images, Notice, Progress
from core.export import video_encoder
from core.export.recipe import TRANSLATION as KEY
from core.imaging import provenance
from core.imaging.tensors import from_pixels, to_images
from core.jobs.apply_job import Application, Applied, LoadedTranslator, apply
from core.translation import preview
from core.translation.build import translator_shape
from core.translation.networks import build_translator
from core.translation.tiles import whole
from tests.core.images import colored, encoded, png_header
from tests.core.tiny import tiny_trainer
from tests.core.translators import random_translator
from tests.core.videos import differ, waves


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., LoadedTranslator]:
    def load(task: str, tile: int | None = None, **values: Any) -> LoadedTranslator:
        return LoadedTranslator.open(stored(tmp_path, task, **values), "cpu", tile)

    return load


def stored(folder: Path, task: str, **values: Any) -> Path:
    path = folder / f"{task}.safetensors"
    save(random_translator(task, **values), path)
    return path


def applied(
    loaded: LoadedTranslator, *sources: Path, target: Path | None = None, **how: Any
) -> tuple[dict[str, Images], list[Event]]:
    """Results by name, and events. `target`: otherwise the folder out beside the first source."""
    events: list[Event] = []
    target = target or sources[0].parent / "out"
    results = run_to_end(apply(loaded, Application(sources, target, **how)), events.append)
    return {result.path.relative_to(target).as_posix(): pixels(result.path) for result in results}, events


def pixels(path: Path) -> Images:
    with Image.open(path) as image:
        return np.asarray(image)


def picture(folder: Path, image: Image.Image, name: str = "photo.png", **options: Any) -> Path:
    path = folder / name
    path.write_bytes(encoded(image, "JPEG" if path.suffix == ".jpg" else "PNG", **options))
    return path


def test_a_photo_is_enlarged_and_says_how(tmp_path: Path, loaded: Any) -> None:
    path = picture(tmp_path, colored(0, 53, 37), "a photo.jpg")
    model = loaded("enlarge")
    results, events = applied(model, path)
    assert results["a photo.png"].shape == (148, 212, 3)
    assert [type(event) for event in events] == [Progress, Applied, Progress]
    with Image.open(tmp_path / "out" / "a photo.png") as image:
        assert isinstance(image, Image.Image)
        notes = image.info
    assert provenance.SOURCE in notes[provenance.PNG_KEY]
    assert json.loads(notes[KEY]) == json.loads(model.recipe(1.0))
    assert json.loads(notes[KEY])["task"] == "enlarge"
    applied(model, path, recipe=False)
    with Image.open(tmp_path / "out" / "a photo-2.png") as image:
        assert KEY not in image.info


def test_strength_blends_from_the_picture_to_the_translation(tmp_path: Path, loaded: Any) -> None:
    path = picture(tmp_path, colored(0, 45, 33))
    found = [applied(loaded("denoise"), path, strength=strength)[0] for strength in (0.0, 0.5, 1.0)]
    none, half, full = (next(iter(results.values())).astype(float) for results in found)
    np.testing.assert_array_equal(none, pixels(path))
    assert np.abs(full - none).max() > 5
    assert np.abs(half - (none + full) / 2).max() <= 1


def test_alpha_is_kept_and_enlarged(tmp_path: Path, loaded: Any) -> None:
    image = colored(0, 40, 40)
    image.putalpha(Image.fromarray(np.tile(np.repeat(np.array([0, 255], np.uint8), 20), (40, 1))))
    results, _ = applied(loaded("denoise"), picture(tmp_path, image, "kept.png"))
    np.testing.assert_array_equal(results["kept.png"][:, :, 3], np.asarray(image)[:, :, 3])
    results, _ = applied(loaded("enlarge"), picture(tmp_path, image, "large.png"))
    assert results["large.png"].shape == (160, 160, 4)
    assert (results["large.png"][:, :70, 3] == 0).all()
    assert (results["large.png"][:, 90:, 3] == 255).all()


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(np.arange(40 * 40, dtype=np.uint16).reshape(40, 40) * 40),
        colored(0, 40, 40).convert("L"),
        colored(0, 40, 40).convert("P"),
        Image.new("1", (40, 40), 1),
    ],
    ids=["16 bit", "gray", "palette", "1 bit"],
)
def test_every_mode_becomes_color(tmp_path: Path, loaded: Any, image: Image.Image) -> None:
    results, _ = applied(loaded("denoise"), picture(tmp_path, image), strength=0.0)
    assert results["photo.png"].shape == (40, 40, 3)
    if image.mode == "I;16":
        np.testing.assert_array_equal(results["photo.png"][:, :, 0], np.asarray(image) >> 8)


def test_cmyk_and_turned_photos_are_upright(tmp_path: Path, loaded: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = picture(tmp_path, colored(0, 48, 32), "turned.jpg", exif=exif.tobytes())
    results, _ = applied(loaded("denoise"), path, picture(tmp_path, colored(0, 40, 32).convert("CMYK"), "print.jpg"))
    assert results["turned.png"].shape == (48, 32, 3)
    assert results["print.png"].shape == (32, 40, 3)


def test_colors_are_removed_for_a_model_of_gray_pictures_which_is_said_once(tmp_path: Path, loaded: Any) -> None:
    paths = [picture(tmp_path, colored(seed, 40, 32), f"{seed}.png") for seed in range(3)]
    results, events = applied(loaded("colorize"), *paths, strength=0.0)
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices == ["This model takes gray pictures, so colors are removed first."]
    progress = [(event.done, event.total) for event in events if isinstance(event, Progress)]
    assert progress == [(0, 3), (1, 3), (2, 3), (3, 3)]
    gray = np.asarray(Image.open(paths[0]).convert("L")).astype(int)
    assert np.abs(results["0.png"].astype(int) - gray[:, :, None]).max() <= 1


def test_only_hidden_parts_are_repaired(tmp_path: Path, loaded: Any) -> None:
    image = colored(0, 48, 48)
    hole = np.zeros((48, 48), bool)
    hole[10:30, 20:40] = True
    image.putalpha(Image.fromarray(np.where(hole, 0, 255).astype(np.uint8)))
    results, _ = applied(loaded("repair"), picture(tmp_path, image, "transparent.png"))
    before, after = np.asarray(image)[:, :, :3], results["transparent.png"]
    assert after.shape == (48, 48, 3)
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).any()

    picture(tmp_path, Image.fromarray(np.where(hole, 140, 100).astype(np.uint8)), "masked.mask.png")
    results, _ = applied(loaded("repair"), picture(tmp_path, colored(0, 48, 48), "masked.png"))
    np.testing.assert_array_equal(results["masked.png"], after)

    with pytest.raises(UserError, match=r"whole\.png: Nothing is hidden"):
        applied(loaded("repair"), picture(tmp_path, colored(0, 48, 48), "whole.png"))
    small = picture(tmp_path, Image.new("L", (20, 20), 255), "small.png")
    with pytest.raises(UserError, match="20 x 20 px, unlike the picture"):
        applied(loaded("repair"), tmp_path / "whole.png", mask=small)


def test_a_repair_sees_what_its_training_showed_and_is_blended_by_strength(loaded: Any) -> None:
    checkpoint, model = random_translator("repair"), loaded("repair").translator
    network = build_translator("light", translator_shape(checkpoint.meta.settings, 3)).eval()
    network.load_state_dict(checkpoint.part("G_ema"))
    picture = np.asarray(colored(0, 32, 32)).transpose(2, 0, 1)
    mask = np.zeros((1, 32, 32), np.uint8)
    mask[:, 8:20, 12:24] = 255
    pictures, hidden = from_pixels(torch.from_numpy(picture.copy()))[None], torch.from_numpy(mask > 0)[None]
    with torch.inference_mode():
        made = network(torch.cat([torch.where(hidden, 0.0, pictures), hidden.float() * 2 - 1], 1))
    expected = torch.where(hidden, made, pictures)
    for strength in (0.5, 1.0):
        found = whole(model.translate(picture, strength, mask))
        blended = to_images(torch.lerp(pictures, expected, strength))[0].astype(int)
        assert np.abs(found - blended).max() <= 1
    assert np.abs(to_images(expected)[0].astype(int) - picture.transpose(1, 2, 0)).max() > 20


def test_a_large_picture_is_previewed_where_it_is_hidden(loaded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "MOST_PIXELS", 50 * 40)
    picture = np.asarray(colored(0, 100, 80)).transpose(2, 0, 1)
    mask = np.zeros((1, 80, 100), np.uint8)
    mask[:, 70:76, 4:10] = 255
    found = run_to_end(preview.preview(loaded("repair").translator, "photo.png", picture, mask))
    assert (found.width, found.height) == (100, 80)
    assert found.before.shape == found.after.shape == (40, 50, 3)
    np.testing.assert_array_equal(found.before, picture[:, 40:, :50].transpose(1, 2, 0))
    changed = (found.before != found.after).any(2)
    assert changed[30:36, 4:10].any()
    assert not changed[:30].any()


def test_a_folder_is_walked_and_nothing_is_replaced(tmp_path: Path, loaded: Any) -> None:
    photos = tmp_path / "photos"
    (photos / "inner").mkdir(parents=True)
    picture(photos, colored(0), "one.png")
    picture(photos, colored(1), "one.jpg")
    picture(photos / "inner", colored(2), "two.png")
    (photos / "broken.png").write_bytes(b"\x89PNG broken")
    (photos / "huge.png").write_bytes(png_header(30000, MOST_PIXELS // 30000 + 1) + bytes(10**5))
    model = loaded("denoise")
    results, events = applied(model, photos, target=tmp_path / "out")
    assert sorted(results) == ["inner/two.png", "one-2.png", "one.png"]
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("broken.png" in text for text in told)
    assert any("huge.png" in text and "megapixels" in text and "Cut it into parts" in text for text in told)
    before = (tmp_path / "out" / "one.png").read_bytes()
    again = run_to_end(apply(model, Application((photos / "one.png",), tmp_path / "out", strength=0.0)))
    assert [result.path.name for result in again] == ["one-3.png"]
    assert (tmp_path / "out" / "one.png").read_bytes() == before


def test_earlier_results_inside_the_folder_are_left_out(tmp_path: Path, loaded: Any) -> None:
    picture(tmp_path, colored(0, 40, 32), "one.png")
    model = loaded("denoise")
    assert list(applied(model, tmp_path, target=tmp_path / "out")[0]) == ["one.png"]
    assert list(applied(model, tmp_path, target=tmp_path / "out")[0]) == ["one-2.png"]
    asked_for = applied(model, tmp_path / "out", target=tmp_path / "again")[0]
    assert sorted(asked_for) == ["one-2.png", "one.png"]


def test_a_name_that_is_too_long_does_not_stop_the_others(tmp_path: Path, loaded: Any) -> None:
    long = picture(tmp_path, colored(0, 40, 32), "a" * 250 + ".x")
    results, events = applied(loaded("denoise"), long, picture(tmp_path, colored(0, 40, 32)))
    assert sorted(results) == ["a" * 250 + ".png", "photo.png"]
    results, events = applied(loaded("denoise"), long, tmp_path / "photo.png")
    assert list(results) == ["photo-2.png"]
    assert any(isinstance(event, Notice) and "too long for its result" in event.text for event in events)


def test_further_frames_of_pictures_are_named_once(tmp_path: Path, loaded: Any) -> None:
    more: Any = {"save_all": True, "append_images": [colored(1, 40, 32)]}
    paths = [picture(tmp_path, colored(0, 40, 32), name, **more) for name in ("one.png", "two.png")]
    results, events = applied(loaded("colorize"), *paths)
    assert sorted(results) == ["one.png", "two.png"]
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 2
    assert sum("only the first is translated" in text for text in notices) == 1


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
def test_a_link_to_nothing_is_not_replaced(tmp_path: Path, loaded: Any) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "photo.png").symlink_to(tmp_path / "nowhere.png")
    results, _ = applied(loaded("denoise"), picture(tmp_path, colored(0, 40, 32)), target=target)
    assert list(results) == ["photo-2.png"]
    assert (target / "photo.png").is_symlink()


def test_canceled_work_leaves_nothing(tmp_path: Path, loaded: Any) -> None:
    path = picture(tmp_path, colored(0, 300, 300))
    target = tmp_path / "new" / "folder"
    with closing(apply(loaded("denoise", tile=152), Application((path,), target))) as events:
        first = next(event for event in events if isinstance(event, Progress))
        assert first.total > 3
        assert any(target.iterdir())
    assert not target.parent.exists()


def test_the_frames_of_a_film_keep_their_time_and_the_sound_stays(tmp_path: Path, loaded: Any) -> None:
    path = film(tmp_path / "film.mp4", "aac")
    target = tmp_path / "out"
    (result,) = run_to_end(apply(loaded("enlarge"), Application((path,), target)))
    times, frames, samples = heard(path)
    new_times, new_frames, new_samples = heard(result.path)
    assert new_times == times
    assert new_frames[0].shape == (96, 128, 3)
    assert differ(np.asarray(Image.fromarray(new_frames[3]).resize((32, 24))), frames[3]) < 40
    np.testing.assert_array_equal(new_samples, samples)
    assert provenance.SOURCE.encode() in result.path.read_bytes()


@pytest.mark.parametrize("rate", [48000, 192000, 6000])
def test_sound_that_mp4_cannot_hold_is_encoded_again(tmp_path: Path, loaded: Any, rate: int) -> None:
    path = film(tmp_path / "film.mov", "pcm_s16le", rate=rate)
    (result,) = run_to_end(apply(loaded("denoise"), Application((path,), tmp_path / "out")))
    samples, new_samples = heard(path)[2], heard(result.path)[2]
    with av.open(result.path) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        new_rate = container.streams.audio[0].rate
    assert abs(len(samples) / rate - len(new_samples) / new_rate) < 0.15
    assert abs(float(new_samples.std()) / float(samples.std() / 2**15) - 1) < 0.2


def test_every_track_of_sound_is_kept(tmp_path: Path, loaded: Any) -> None:
    path = film(tmp_path / "film.mkv", "aac", "mp3", "pcm_s16le")
    (result,) = run_to_end(apply(loaded("denoise"), Application((path,), tmp_path / "out")))
    with av.open(result.path) as container:
        assert [stream.codec.canonical_name for stream in container.streams.audio] == ["aac", "mp3", "aac"]
    assert [packets(result.path, track) for track in (0, 1)] == [packets(path, track) for track in (0, 1)]


def packets(path: Path, track: int) -> list[bytes]:
    """Encoded sound of a track."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(audio=track) if packet.size]


def test_a_damaged_film_is_named(tmp_path: Path, loaded: Any) -> None:
    path = film(tmp_path / "film.mp4", "aac")
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    events: list[Event] = []
    (result,) = run_to_end(apply(loaded("denoise"), Application((path,), tmp_path / "out")), events.append)
    assert result.path.exists()
    assert any(isinstance(event, Notice) and "film.mp4 is damaged" in event.text for event in events)


def test_an_interruption_while_a_film_is_written_is_not_lost(
    tmp_path: Path, loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pressed(io.BytesIO):
        def write(self, data: object) -> int:
            raise KeyboardInterrupt

    begin = video_encoder._Sink.__init__
    monkeypatch.setattr(video_encoder._Sink, "__init__", lambda sink, file: begin(sink, Pressed()))
    path = film(tmp_path / "film.mp4", "aac")
    with pytest.raises(KeyboardInterrupt):
        run_to_end(apply(loaded("denoise"), Application((path,), tmp_path / "out")))
    assert not (tmp_path / "out").exists()


def test_films_that_cannot_be_translated_are_named_and_the_rest_goes_on(tmp_path: Path, loaded: Any) -> None:
    content = film(tmp_path / "film.mp4", "aac").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[:2000])
    start, end = content.index(b"mdat") + 4, content.index(b"moov")
    (tmp_path / "empty.mp4").write_bytes(content[:start] + bytes(end - start) + content[end:])
    broken = tmp_path / "cut.mp4", tmp_path / "empty.mp4"
    results, events = applied(loaded("denoise"), *broken, picture(tmp_path, colored(0, 40, 32)), target=tmp_path / "o")
    assert list(results) == ["photo.png"]
    told = [event.text for event in events if isinstance(event, Notice)]
    assert all(any(path.name in text for text in told) for path in broken)
    with pytest.raises(UserError, match="marked in pictures only"):
        applied(loaded("repair"), tmp_path / "film.mp4")


def film(path: Path, *sounds: str, rate: int = 48000) -> Path:
    """Half a second of waves, with a tone in each track of sound."""
    frame = waves()
    with av.open(path, "w") as container:
        video: Any = container.add_stream("libx264", 24)
        video.width, video.height, video.pix_fmt = 32, 24, "yuv420p"
        tracks: list[Any] = [container.add_stream(sound, rate=rate) for sound in sounds]
        for track in tracks:
            track.layout = "mono"
        for number in range(12):
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame(number), "rgb24")))
        tone = (8000 * np.sin(np.arange(rate // 2) * 2400 / rate)).astype(np.int16)
        for track in tracks:
            made = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
            made.sample_rate = rate
            container.mux(track.encode(made))
        container.mux(video.encode())
        for track in tracks:
            container.mux(track.encode())
    return path


def heard(path: Path) -> tuple[list[float], list[Images], Any]:
    """Times and frames of a film, and its sound."""
    with av.open(path) as container:
        frames = [frame for frame in container.decode(video=0) if isinstance(frame, av.VideoFrame)]
        times = [float(frame.time or 0) for frame in frames]
        images = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]
    with av.open(path) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return times, images, samples


def test_the_command_prints_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, model = picture(tmp_path, colored(0, 40, 32)), stored(tmp_path, "denoise")
    target = tmp_path / "out"
    assert main(["apply", str(model), str(path), "--out", str(target), "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"source": "photo.png", "file": str(target / "photo.png")}]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = stored(tmp_path, "denoise")
    noise = tmp_path / "noise.safetensors"
    save(tiny_trainer().checkpoint(), noise)
    out = ["--out", str(tmp_path / "out"), "--device", "cpu"]
    for arguments, expected in (
        ([str(noise), str(model)], "makes images from noise"),
        ([str(model), str(tmp_path / "none.png")], "There is no file"),
        ([str(model), str(model)], "cannot be read as an image"),
        ([str(model), str(model), "--strength", "2"], "Give a number from 0 to 1."),
        ([str(model), str(model), "--tile", "64"], "too small for this network"),
    ):
        assert main(["apply", *arguments, *out]) == 2
        assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
