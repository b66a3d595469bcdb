"""Frames with true times, from files, streams and cameras; whatever FFmpeg reads.

It is decoded frame by frame, so memory does not grow with the clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mgskel.core.errors import InputError, MgskelError
from mgskel.core.storage.intake import open_file
from mgskel.pose.frames import (
    CAMERA,
    Footage,
    Frame,
    FrameSource,
    Thinning,
    VideoSettings,
    check_size,
    shrinking,
    source_name,
)
from mgskel.pose.stills import Arrays, Pictures

_WHOLE = VideoSettings()
_PATIENCE_S = 15.0
# A header's length is often rounded up to the next frame or two.
_SLACK_FRAMES = 2


def open_source(clip: Footage, settings: VideoSettings = _WHOLE) -> FrameSource:
    """A video file, a folder of pictures, ``camera:N``, a URL, or pictures as arrays."""
    if not isinstance(clip, str | Path):
        return Arrays(clip, settings)
    text = str(clip)
    if CAMERA.match(text) or "://" in text:
        return Video(text, settings)
    path = Path(clip)
    if path.is_dir():
        return Pictures(path, settings)
    open_file(path, "clip").close()  # only a regular file: a pipe would be waited for
    return Video(path, settings)


def expected_frames(clip: str | Path, settings: VideoSettings = _WHOLE) -> int | None:
    """How many frames a clip's header promises, 0 where it tells none; none if it won't open."""
    header = _header(clip, settings)
    return None if header is None else header.expected or 0


def expected_seconds(clip: str | Path, settings: VideoSettings = _WHOLE) -> float | None:
    """How long the wanted part of a clip is by its header; none where it does not say."""
    header = _header(clip, settings)
    if header is None or not header.expected:
        return None
    return header.expected / min(header.fps or 30.0, settings.fps or float("inf"))


def _header(clip: str | Path, settings: VideoSettings) -> FrameSource | None:
    """A clip opened and closed again, for what its header tells; none if it won't open."""
    try:
        source = open_source(clip, settings)
    except MgskelError:
        return None
    source.close()
    return source


class Video:
    """One video stream, read by PyAV: true timestamps, rotation obeyed, damage counted."""

    def __init__(self, clip: str | Path, settings: VideoSettings) -> None:
        self.name = source_name(clip)
        self.faults: list[str] = []
        self._settings = settings
        self._live = bool(CAMERA.match(str(clip)))
        with _readable_errors(self.name):
            self._container = _open_container(clip)
        try:
            self._stream = self._video_stream()
            self._check_bounds()
        except BaseException:
            self.close()
            raise
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.fps = float(rate) if rate else None
        self.size: tuple[int, int] = (0, 0)
        self.expected = self._expected()

    def close(self) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        with _readable_errors(self.name):
            yield from self._frames()

    def _frames(self) -> Iterator[Frame]:
        start, end = self._settings.bounds
        thinning = Thinning(self._settings.fps)
        last = -1.0
        for time_s, picture in self._decoded(start):
            if time_s >= end:
                last = end
                break
            # Time standing still or running backwards is a muxing fault; one frame per time.
            if time_s <= last:
                continue
            last = time_s
            if time_s < start - 1e-6 or not thinning.takes(time_s):
                continue
            yield Frame(time_s, self._upright(picture))
        self._note_missing(last, end)

    def _decoded(self, start: float) -> Iterator[tuple[float, Any]]:
        """Decoded pictures with their times; damaged packets are counted and left out."""
        import av

        stream = self._stream
        stream.thread_type = "AUTO"
        origin = 0.0
        if stream.start_time is not None and stream.time_base is not None and not self._live:
            origin = float(stream.start_time * stream.time_base)
        if start > 0 and stream.time_base is not None:
            target = int((start + origin) / stream.time_base)
            try:
                self._container.seek(max(target, 0), stream=stream)
            except av.error.FFmpegError:
                pass  # an unseekable source is read from its beginning
        damaged, count = 0, 0
        needed = self._needed(origin)
        for packet in self._packets():
            if needed is not None:
                spare = packet.pts is not None and packet.pts not in needed
                stream.codec_context.skip_frame = "NONREF" if spare else "DEFAULT"
            try:
                pictures = packet.decode()
            except av.error.InvalidDataError:
                damaged += 1
                continue
            for picture in pictures:
                if picture.is_corrupt:
                    damaged += 1
                    continue
                if picture.time is None:
                    time_s = count / (self.fps or 25.0)
                else:
                    if self._live and count == 0:
                        origin = float(picture.time)
                    time_s = float(picture.time) - origin
                count += 1
                yield time_s, picture
        if damaged:
            self.faults.append(f"{damaged} damaged frames were left out")
        if count == 0:
            raise InputError(
                f"{self.name}: no frame could be decoded",
                expected="a video with at least one whole frame",
                remedy="the file may be empty or cut off; try to play it",
            )

    def _needed(self, origin: float) -> frozenset[int] | None:
        """Time stamps of the frames that thinning will take; none where that can't be foretold.

        Of the others only those need decoding to which frames refer.
        """
        import av

        rate = self._settings.fps
        if rate is None or (self.fps or 0) <= rate or not Path(self._container.name).is_file():
            return None
        thinning = Thinning(rate)
        with av.open(self._container.name) as container:
            stream = container.streams.video[0]
            try:
                stamps = [p.pts for p in container.demux(stream) if p.size]
            except av.error.FFmpegError:
                return None
        if None in stamps or stream.time_base is None:
            return None
        start, base = (self._settings.start or 0.0) - 1e-6, float(stream.time_base)
        times = ((stamp, stamp * base - origin) for stamp in sorted(stamps))
        taken = {stamp for stamp, time_s in times if time_s >= start and thinning.takes(time_s)}
        # The last frame too: it tells whether the clip breaks off.
        return frozenset({*taken, max(stamps, default=0)})

    def _packets(self) -> Iterator[Any]:
        """Packets up to the end of the stream, or up to where the file breaks off."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.EOFError):
                return
            except av.error.InvalidDataError as error:
                self.faults.append(f"the file is damaged and ends early ({error.strerror})")
                return
            yield packet

    def _upright(self, picture: Any) -> np.ndarray:
        """RGB, turned as its rotation flag says, with square pixels, shrunk to `max_side`."""
        aspect = self._stream.sample_aspect_ratio
        width = round(picture.width * float(aspect)) if aspect else picture.width
        height = picture.height
        turns = round(picture.rotation / 90) % 4
        self.size = (height, width) if turns % 2 else (width, height)
        check_size(self.name, self.size)
        scale = shrinking(self.size, self._settings.max_side)
        image = picture.to_ndarray(
            format="rgb24",
            width=max(round(width * scale), 1),
            height=max(round(height * scale), 1),
            interpolation="AREA" if scale < 1 else "BILINEAR",
        )
        return np.ascontiguousarray(np.rot90(image, turns)) if turns else image

    def _video_stream(self) -> Any:
        if not self._container.streams.video:
            kinds = sorted({stream.type for stream in self._container.streams}) or ["nothing"]
            raise InputError(
                f"{self.name} holds no pictures",
                expected="a video stream",
                found=" and ".join(kinds) + " only",
                remedy="choose the recording's video file",
            )
        return self._container.streams.video[0]

    def _check_bounds(self) -> None:
        duration = self._duration()
        endless = duration is None and (self._live or "://" in str(self._container.name))
        if endless and self._settings.seconds is None and self._settings.end is None:
            raise InputError(
                f"{self.name} has no end of its own",
                expected="a length to record",
                remedy="add --seconds 30",
            )
        if duration is not None and (self._settings.start or 0) >= duration:
            raise InputError(
                f"{self.name}: the part to read lies behind the clip's end",
                expected=f"a start before {duration:.2f} s",
                found=f"start {self._settings.start} s",
            )

    def _duration(self) -> float | None:
        """Seconds, as the header states them."""
        stream = self._stream
        stated = [
            float(stream.duration * stream.time_base)
            if stream.duration and stream.time_base
            else float(self._container.duration or 0) / 1e6,
            # A demuxer that sees a file cut off may correct the duration, but not the count.
            stream.frames / float(stream.average_rate) if stream.average_rate else 0.0,
        ]
        return max(stated) or None

    def _expected(self) -> int | None:
        start, end = self._settings.bounds
        end = min(end, self._duration() or float("inf"))
        rate = min(self.fps or 30.0, self._settings.fps or float("inf"))
        return max(round((end - start) * rate), 1) if end < float("inf") else None

    def _note_missing(self, last: float, end: float) -> None:
        """Say how much of what the header promised was not there."""
        duration = self._duration()
        if duration is None or self.fps is None or self._live:
            return
        missing = min(duration, end) - (last + 1 / self.fps)
        if missing > _SLACK_FRAMES / self.fps and last < end:
            self.faults.append(
                f"the clip breaks off: {missing:.2f} s of {duration:.2f} s are missing"
            )


def _open_container(clip: str | Path) -> Any:
    import av

    camera = CAMERA.match(str(clip))
    if camera:
        return av.open(f"/dev/video{camera[1]}", format="v4l2", timeout=_PATIENCE_S)
    return av.open(str(clip), timeout=_PATIENCE_S)


@contextmanager
def _readable_errors(name: str) -> Iterator[None]:
    """FFmpeg's errors in words that name the clip."""
    import av

    try:
        yield
    except av.error.FFmpegError as error:
        reason = (error.strerror or type(error).__name__).lower()
        remedy = "try to play it; an unfinished download or an unfinished recording often reads so"
        if isinstance(error, PermissionError):
            remedy = "you may not read it: check its permissions"
        elif isinstance(error, (av.error.HTTPError, ConnectionError, TimeoutError)):
            remedy = "the server did not answer as hoped: check the address"
        elif CAMERA.match(name):
            remedy = "no such camera, or another program holds it"
        raise InputError(f"{name} cannot be read as a video: {reason}", remedy=remedy) from error
