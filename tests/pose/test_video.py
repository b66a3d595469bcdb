"""Frames come with true times, upright, and what is missing is said."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pose_clips import square_pictures, write_video

from mgskel.core.errors import InputError
from mgskel.pose.frames import VideoSettings, read_ahead, source_name
from mgskel.pose.video import Video, open_source


def read(clip, **settings):
    source = open_source(clip, VideoSettings(**settings))
    frames = list(source)
    source.close()
    return source, frames


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "mpeg4"), ("a.avi", "mjpeg"), ("a.mkv", "libx264"), ("a.webm", "libvpx-vp9")],
)
def test_containers_and_codecs(make_clip, name: str, codec: str) -> None:
    source, frames = read(make_clip(name, count=24, codec=codec))
    assert len(frames) == 24
    assert source.size == (64, 48)
    assert frames[0].image.shape == (48, 64, 3) and frames[0].image.dtype == np.uint8
    np.testing.assert_allclose([f.time_s for f in frames], np.arange(24) / 20, atol=2e-3)
    assert source.faults == []


def test_uneven_times_are_true(tmp_path: Path) -> None:
    times = [0, 40, 50, 130, 133, 400, 410, 999]
    path = write_video(tmp_path / "vfr.mkv", square_pictures(8), times_ms=times)
    _, frames = read(path)
    np.testing.assert_allclose([f.time_s for f in frames], np.array(times) / 1000, atol=1e-3)


# What a tkhd matrix does to the picture's axes, by the degrees it turns clockwise.
_MATRIX = {
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


def turn_flag(path: Path, degrees: int) -> None:
    """Write a rotation into an mp4's track header, as telephones do."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd")
    a, b, c, d = (value * 65536 for value in _MATRIX[degrees])
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    start = place + 4 + 40
    content[start : start + 36] = matrix
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_flags_are_obeyed(tmp_path: Path, degrees: int) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:16, :16] = (255, 0, 0)  # red mark, left at the top as stored
    path = write_video(tmp_path / "turned.mp4", [picture] * 3)
    turn_flag(path, degrees)
    source, frames = read(path)
    upright = np.rot90(picture, -degrees // 90)
    assert source.size == (upright.shape[1], upright.shape[0])
    assert frames[0].image.shape == upright.shape
    difference = np.abs(frames[0].image.astype(int) - upright)
    assert np.median(difference[upright[..., 0] > 0]) < 40 and np.median(difference) < 10


def test_a_part_of_the_clip_keeps_its_times(make_clip) -> None:
    clip = make_clip("long.mp4", count=100)
    _, frames = read(clip, start=1.0, end=2.0)
    np.testing.assert_allclose([f.time_s for f in frames], 1 + np.arange(20) / 20, atol=1e-3)
    _, frames = read(clip, start=4.0, seconds=0.5)
    assert len(frames) == 10 and frames[0].time_s == pytest.approx(4.0)


def test_a_part_shows_the_same_pictures(make_clip) -> None:
    clip = make_clip("gop.mp4", count=100, codec="libx264")
    _, whole = read(clip)
    _, part = read(clip, start=2.55, end=3.0)
    for frame, same in zip(part, whole[51:60], strict=True):
        assert frame.time_s == pytest.approx(same.time_s)
        np.testing.assert_array_equal(frame.image, same.image)


def test_fewer_frames_and_smaller_pictures(make_clip) -> None:
    source, frames = read(make_clip(count=40), fps=5, max_side=32)
    np.testing.assert_allclose([f.time_s for f in frames], np.arange(10) / 5, atol=1e-3)
    assert frames[0].image.shape == (24, 32, 3)
    assert source.size == (64, 48)  # the full size is remembered
    _, unthinned = read(make_clip(count=40), fps=60)
    assert len(unthinned) == 40  # no frame is ever invented


def test_a_truncated_clip_keeps_what_was_read_and_says_what_is_missing(make_clip) -> None:
    clip = make_clip("cut.avi", count=100, codec="mjpeg")
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) * 6 // 10])
    source, frames = read(clip)
    assert 40 < len(frames) < 75
    (missing,) = [fault for fault in source.faults if "missing" in fault]
    stated = float(missing.split(":")[1].split("s")[0])
    assert stated == pytest.approx(5 - frames[-1].time_s - 0.05, abs=0.1)


def test_damaged_frames_in_the_middle_are_left_out_and_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    grainy = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(60)]
    clip = write_video(tmp_path / "scratched.avi", grainy)
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 900] = rng.integers(0, 256, 900, dtype=np.uint8).tobytes()
    clip.write_bytes(bytes(content))
    source, frames = read(clip)
    assert 50 <= len(frames) < 60
    assert any("damaged" in fault for fault in source.faults)


def test_not_a_video(tmp_path: Path) -> None:
    path = tmp_path / "note.mp4"
    path.write_text("Dear diary, today I recorded nothing.\n" * 40)
    with pytest.raises(InputError, match="note.mp4 cannot be read as a video"):
        read(path)
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(InputError, match="empty.mp4"):
        read(tmp_path / "empty.mp4")
    with pytest.raises(InputError, match="not found"):
        read(tmp_path / "nowhere.mp4")


def test_header_without_frames(make_clip) -> None:
    clip = make_clip("head.avi", count=30, codec="mjpeg")
    content = clip.read_bytes()
    clip.write_bytes(content[: content.index(b"movi") + 4])
    with pytest.raises(InputError, match="head.avi"):
        read(clip)


def test_sound_only(tmp_path: Path) -> None:
    import av

    path = tmp_path / "voice.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(
            np.zeros((1, 16000), np.float32), format="fltp", layout="mono"
        )
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(InputError, match="holds no pictures") as error:
        read(path)
    assert error.value.found == "audio only"


def test_one_pixel(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    with pytest.raises(InputError, match="too small"):
        read(tmp_path / "dot.png")


def test_part_outside_the_clip(make_clip) -> None:
    with pytest.raises(InputError, match="behind the clip's end"):
        read(make_clip(count=20), start=5.0)


@pytest.mark.parametrize(
    "wrong", [{"start": -1.0}, {"start": 2.0, "end": 1.0}, {"fps": 0.0}, {"max_side": 4}]
)
def test_wrong_settings(wrong) -> None:
    with pytest.raises(InputError):
        VideoSettings(**wrong)


def test_folder_of_pictures(tmp_path: Path) -> None:
    from PIL import Image

    for index in (1, 2, 10):  # natural order: 10 comes last
        picture = Image.new("RGB", (64, 48), (index * 20, 0, 0))
        picture.save(tmp_path / f"img{index}.png")
    source, frames = read(tmp_path, fps=10)
    assert [int(f.image[0, 0, 0]) for f in frames] == [20, 40, 200]
    assert [f.time_s for f in frames] == [0, 0.1, 0.2]
    (tmp_path / "img2.png").write_bytes(b"no picture")
    source, frames = read(tmp_path, fps=10)
    assert [f.time_s for f in frames] == [0, 0.2]
    assert "1 pictures could not be read" in source.faults[0]
    Image.new("RGB", (32, 48)).save(tmp_path / "img3.png")
    with pytest.raises(InputError, match="different sizes"):
        read(tmp_path, fps=10)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pictures"):
        read(tmp_path)


def test_a_camera_needs_a_length_and_an_absent_one_is_named() -> None:
    with pytest.raises(InputError, match="camera:97"):
        read("camera:97", seconds=1.0)


def test_a_stream_by_url(make_clip) -> None:
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    clip = make_clip("stream.mkv", count=40)

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(clip.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/stream.mkv"
        _, frames = read(address, seconds=1.0)
        assert len(frames) == 20
        with pytest.raises(InputError, match="nothing.mkv"):
            read(address.replace("stream", "nothing"), seconds=1.0)
    finally:
        server.shutdown()
        server.server_close()


def test_names_hold_no_folders_and_no_passwords() -> None:
    assert source_name("/home/anna/secret/clip.mp4") == "clip.mp4"
    assert source_name("rtsp://anna:pw@10.0.0.1/cam?key=1") == "10.0.0.1/cam"
    assert source_name("camera:0") == "camera:0"


def test_read_ahead_keeps_order_passes_errors_and_stops() -> None:
    assert list(read_ahead(range(100), depth=3)) == list(range(100))

    def broken():
        yield 1
        raise InputError("torn")

    taken = read_ahead(broken())
    assert next(taken) == 1
    with pytest.raises(InputError, match="torn"):
        next(taken)
    endless = read_ahead(iter(int, 1), depth=2)
    assert next(endless) == 0
    endless.close()  # returns, because the producer stops too


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_lower_rate_decodes_less_and_shows_the_same(
    tmp_path, monkeypatch, codec: str, uneven: bool
) -> None:
    times = np.cumsum([0, *([20, 33, 47] * 30)])[:80] if uneven else None
    clip = write_video(
        tmp_path / "clip.mkv", square_pictures(80), fps=30, codec=codec,
        times_ms=None if times is None else times.tolist(),
    )  # fmt: skip
    source, thin = read(clip, fps=11, start=0.3)
    monkeypatch.setattr(Video, "_needed", lambda self, origin: None)
    _, every = read(clip, fps=11, start=0.3)
    assert [f.time_s for f in thin] == [f.time_s for f in every]
    assert source.faults == []
    for one, other in zip(thin, every, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
