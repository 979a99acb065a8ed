"""Film whose frames are translated one by one, with its sound and its timing."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av import AudioFrame, Packet, VideoFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream

from core.data.formats.compression import readable
from core.data.formats.video import opened_video, prepare_decoding, upright, video_stream
from core.data.names import quoted
from core.durable_write import replaced
from core.errors import UserError
from core.events import Images, Progress
from core.export.animation import Animation
from core.export.content_credentials import credentials
from core.export.video_encoder import MEDIA_TYPES, Mp4, new_stream, understood
from core.imaging import provenance
from core.language import _
from core.translation.apply import AppliedTranslator
from core.translation.tiles import Planes, whole

COPIED = {"aac", "mp3", "ac3", "eac3", "alac", "opus"}
"""Audio codecs that every player accepts in an .mp4; others are encoded as AAC."""


def translate_film(
    translator: AppliedTranslator, source: Path, target: Path, strength: float
) -> Generator[Progress, None, None]:
    """Writes the translation of a film as .mp4, with the mark of `core.imaging.provenance`; yields `Progress` after
    each frame.

    Each frame keeps its time, so that the sound still fits. Raises `UserError` for a film that cannot be read, and as
    `AppliedTranslator.translate` does.
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
        sound = next((stream for stream in container.streams.audio if stream.codec_context), None)
        text = _("Translating {name}").format(name=source.name)
        with partial.open("wb") as file, av.open(file, "w", "mp4") as output:
            writer = _Writer(output, video, sound)
            done = 0
            for packet in _packets(container, [stream for stream in (video, sound) if stream is not None]):
                if packet.stream is sound:
                    writer.hear(packet)
                    continue
                for frame in _decoded(packet):
                    assert isinstance(frame, VideoFrame)
                    writer.show(frame, _translated(translator, np.asarray(upright(frame)), strength))
                    done += 1
                    yield Progress(text, done, max(video.frames, done))
            if not done:
                raise _undecodable(source)
            writer.end()
        provenance.mark_video(partial, "mp4")
        if owner:
            owner.sign_file(partial, MEDIA_TYPES["mp4"])


def first_frame(source: Path) -> Planes:
    """Returns the first frame of a film that can be decoded, RGB (3, H, W). Raises `UserError`."""
    with readable(source), opened_video(source, with_edits=True) as container:
        video = video_stream(container)
        if video is not None:
            prepare_decoding(video)
            for packet in _packets(container, [video]):
                for frame in _decoded(packet):
                    assert isinstance(frame, VideoFrame)
                    return np.ascontiguousarray(np.asarray(upright(frame)).transpose(2, 0, 1))
    raise _undecodable(source)


def _undecodable(source: Path) -> UserError:
    return UserError(
        _("No frames in {name} can be decoded.").format(name=quoted(source.name)),
        _("Convert it to an .mp4 with H.264."),
    )


def _translated(translator: AppliedTranslator, frame: Images, strength: float) -> Images:
    return whole(translator.translate(np.ascontiguousarray(frame.transpose(2, 0, 1)), strength))


def _packets(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Any]]:
    """Yields the packets of some streams, up to where the film is cut off."""
    with suppress(FFmpegError):
        yield from container.demux(*streams)


def _decoded(packet: Packet[Any]) -> Iterator[object]:
    """Yields the frames in a packet, and none if it is damaged."""
    with suppress(FFmpegError):
        yield from packet.decode()


class _Writer:
    """Output of a film: its frames, encoded, and its sound, copied where .mp4 can hold it.

    The streams begin with the first frame, which tells the size; sound before it waits.
    """

    def __init__(self, output: OutputContainer, video: VideoStream, sound: AudioStream | None) -> None:
        self._output, self._source = output, video
        self._format = Mp4(Animation(), [])
        rate = video.average_rate or Fraction(25)
        self._video = new_stream(output, self._format, rate)
        self._time = video.time_base or 1 / rate
        self._is_copied = sound is not None and sound.codec_context.name in COPIED
        self._sound: AudioStream | None = None
        if sound is not None:
            self._sound = output.add_stream_from_template(sound) if self._is_copied else _aac(output, sound)
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
        if self._sound is None:
            return
        if self._last < 0:
            self._waiting.append(packet)
        elif not self._is_copied:
            for frame in _decoded(packet):
                assert isinstance(frame, AudioFrame)
                self._encode(frame)
        elif packet.dts is not None:  # the last packet of a stream is empty
            packet.stream = self._sound
            self._output.mux(packet)

    def end(self) -> None:
        """Adds what the encoders still hold."""
        self._output.mux(self._video.encode())
        if self._sound is not None and not self._is_copied:
            self._encode(None)

    def _encode(self, frame: AudioFrame | None) -> None:
        assert self._sound is not None
        self._output.mux(self._sound.encode(frame))


def _aac(output: OutputContainer, sound: AudioStream) -> AudioStream:
    stream = output.add_stream("aac", rate=sound.codec_context.sample_rate)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = "stereo" if sound.codec_context.channels > 1 else "mono"
    return stream
