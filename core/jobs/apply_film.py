"""Film whose frames are translated one by one, with its sound and its timing."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av import AudioFrame, Packet, VideoFrame
from av.audio.stream import AudioStream
from av.codec import Codec
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream

from core.data.formats.compression import readable
from core.data.formats.video import opened_video, prepare_decoding, upright, video_stream
from core.data.names import quoted
from core.durable_write import replaced
from core.errors import UserError
from core.events import Images, Notice, Progress
from core.export.animation import Animation
from core.export.content_credentials import credentials
from core.export.video_encoder import MEDIA_TYPES, Mp4, muxed, new_stream, understood
from core.imaging import provenance
from core.language import _
from core.translation.apply import AppliedTranslator
from core.translation.tiles import Planes, whole

COPIED = {"aac", "mp3", "ac3", "eac3", "alac", "opus"}
"""Audio codecs that every player accepts in an .mp4; others are encoded as AAC."""


class UndecodableError(UserError):
    """Error about a film without a frame that can be decoded."""


def translate_film(
    translator: AppliedTranslator, source: Path, target: Path, strength: float
) -> Generator[Progress | Notice, None, None]:
    """Writes the translation of a film as .mp4, with the mark of `core.imaging.provenance`; yields `Progress` after
    each frame, and a `Notice` if the film is damaged.

    Each frame keeps its time, so that the sound still fits; every track of sound is kept. Raises `UserError` for a film
    that cannot be read, `UndecodableError` if it has no frames, and as `AppliedTranslator.translate` does.
    """
    owner = credentials()
    with ExitStack() as stack:
        stack.enter_context(readable(source))
        container = stack.enter_context(opened_video(source, with_edits=True))
        partial = stack.enter_context(replaced(target))
        stack.enter_context(understood(target))
        video = video_stream(container)
        if video is None:
            raise _undecodable(source)
        prepare_decoding(video)
        sounds = [stream for stream in container.streams.audio if stream.codec_context]
        text = _("Translating {name}").format(name=source.name)
        damage: list[str] = []
        with muxed(partial, "mp4") as (output, refuse_interruption):
            writer = _Writer(output, video, sounds)
            done = 0
            for packet in _packets(container, [video, *sounds], damage):
                if packet.stream is not video:
                    writer.hear(packet)
                    continue
                for frame in _decoded(packet, damage):
                    assert isinstance(frame, VideoFrame)
                    writer.show(frame, _translated(translator, np.asarray(upright(frame)), strength))
                    refuse_interruption()
                    done += 1
                    yield Progress(text, done, max(video.frames, done))
            if not done:
                raise _undecodable(source)
            writer.end()
        provenance.mark_video(partial, "mp4")
        if owner:
            owner.sign_file(partial, MEDIA_TYPES["mp4"])
    if damage:
        yield Notice(_("{name} is damaged: some of its frames are missing in the result.").format(name=source.name))


def first_frame(source: Path) -> Planes:
    """Returns the first frame of a film that can be decoded, RGB (3, H, W). Raises `UserError`."""
    with readable(source), opened_video(source, with_edits=True) as container:
        video = video_stream(container)
        if video is not None:
            prepare_decoding(video)
            for packet in _packets(container, [video], []):
                for frame in _decoded(packet, []):
                    assert isinstance(frame, VideoFrame)
                    return np.ascontiguousarray(np.asarray(upright(frame)).transpose(2, 0, 1))
    raise _undecodable(source)


def _undecodable(source: Path) -> UndecodableError:
    return UndecodableError(
        _("No frames in {name} can be decoded.").format(name=quoted(source.name)),
        _("Convert it to an .mp4 with H.264."),
    )


def _translated(translator: AppliedTranslator, frame: Images, strength: float) -> Images:
    return whole(translator.translate(np.ascontiguousarray(frame.transpose(2, 0, 1)), strength))


def _packets(container: InputContainer, streams: Sequence[Stream], damage: list[str]) -> Iterator[Packet[Any]]:
    """Yields the packets of some streams, up to where the film is cut off; adds the error to `damage`."""
    try:
        yield from container.demux(*streams)
    except FFmpegError as error:
        damage.append(str(error))


def _decoded(packet: Packet[Any], damage: list[str]) -> Iterator[object]:
    """Yields the frames in a packet, and none if it is damaged; adds the error to `damage`."""
    try:
        yield from packet.decode()
    except FFmpegError as error:
        damage.append(str(error))


class _Writer:
    """Output of a film: its frames, encoded, and its sound.

    The streams begin with the first frame, which tells the size; sound before it waits.
    """

    def __init__(self, output: OutputContainer, video: VideoStream, sounds: Sequence[AudioStream]) -> None:
        self._output = output
        self._format = Mp4(Animation(), [])
        rate = video.average_rate or Fraction(25)
        self._video = new_stream(output, self._format, rate)
        self._time = video.time_base or 1 / rate
        self._sounds = {sound.index: _Sound(output, sound) for sound in sounds}
        self._waiting: list[Packet[Any]] = []
        self._last = -1

    def show(self, frame: VideoFrame, translation: Images) -> None:
        """Adds the translation of a frame, at the frame's time."""
        picture = self._format.picture(translation)
        if self._last < 0:
            self._video.width, self._video.height = picture.width, picture.height
            self._video.codec_context.time_base = self._time
        moment = self._last + 1 if frame.pts is None else max(frame.pts, self._last + 1)
        picture.pts, picture.time_base, self._last = moment, self._time, moment
        self._output.mux(self._video.encode(picture))
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self.hear(packet)

    def hear(self, packet: Packet[Any]) -> None:
        """Adds a packet of sound."""
        if self._last < 0:
            self._waiting.append(packet)
        else:
            self._sounds[packet.stream.index].add(packet)

    def end(self) -> None:
        """Adds what the encoders still hold."""
        self._output.mux(self._video.encode())
        for sound in self._sounds.values():
            sound.end()


class _Sound:
    """Track of sound in the output, copied where .mp4 can hold it, and encoded as AAC elsewhere."""

    def __init__(self, output: OutputContainer, source: AudioStream) -> None:
        self._output = output
        self._is_copied = source.codec_context.codec.canonical_name in COPIED
        self._stream = output.add_stream_from_template(source) if self._is_copied else _aac(output, source)

    def add(self, packet: Packet[Any]) -> None:
        """Adds a packet of the source."""
        if not self._is_copied:
            for frame in _decoded(packet, []):
                assert isinstance(frame, AudioFrame)
                self._output.mux(self._stream.encode(frame))
        elif packet.dts is not None:  # the last packet of a stream is empty
            packet.stream = self._stream
            self._output.mux(packet)

    def end(self) -> None:
        """Adds what the encoder still holds."""
        if not self._is_copied:
            self._output.mux(self._stream.encode(None))


def _aac(output: OutputContainer, sound: AudioStream) -> AudioStream:
    rate = sound.codec_context.sample_rate
    # AAC ends at 96 kHz, and has not every rate below.
    stream = output.add_stream("aac", min(Codec("aac", "w").audio_rates or [rate], key=lambda each: abs(each - rate)))
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = "stereo" if sound.codec_context.channels > 1 else "mono"
    return stream
