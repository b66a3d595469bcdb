# ruff: noqa: E501
"""Files and frames made to break things: each is one sentence, in little time and memory."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.errors import Faults, InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.intake import parse_json, parse_yaml, read_bytes
from mgskel.formats.reading import safe_pickle
from mgskel.formats.reading.safe_pickle import load_pickle


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(descr: str, shape: str, content: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


HEADERS = [
    npy("'<f4'", "(1000000000000,)"), npy("'<f4'", "(1000000, 1000000)"), npy("'|O'", "(1,)", b"N."),
    npy("'<U0'", "(1000000000000,)"), npy("'<f4'", "(-1,)"), npy("[('a', '<f4')]", "(1,)", bytes(4)),
    npy("'<f4'", "(1,)", b""), npy("'<f4'", "((((("), npy("5", "(1,)"), b"", b"\x93NUMPY", b"x" * 500,
    npy("'<U1'", "(1,)", b"\xff\xff\xff\xff"),
]  # fmt: skip


@pytest.mark.parametrize("member", HEADERS)
def test_headers_that_lie(tmp_path: Path, member: bytes, capsys: Any) -> None:
    path = zipped(tmp_path / "a.npz", {"frames.npy": member, "offsets.npy": member})
    assert_refused(path, tmp_path, capsys)


def assert_refused(path: Path, folder: Path, capsys: Any) -> None:
    assert main(["convert", str(path), str(folder / "out.npz")]) == 2
    out, err = capsys.readouterr()
    assert "Traceback" not in err and len(err.splitlines()) < 40 and len(err) < 10_000
    assert not (folder / "out.npz").exists() and not list(folder.glob(".*part-*"))


def test_a_zip_bomb_takes_no_memory(tmp_path: Path, capsys: Any) -> None:
    import tracemalloc

    zeros = io.BytesIO()
    np.save(zeros, np.zeros((350 << 20,), np.uint8))
    path = zipped(tmp_path / "a.npz", {"frames.npy": zeros.getvalue(), "offsets.npy": HEADERS[0]})
    zeros.close()
    tracemalloc.start()
    assert_refused(path, tmp_path, capsys)
    assert tracemalloc.get_traced_memory()[1] < 50 << 20
    tracemalloc.stop()


def test_many_members_make_a_short_message(tmp_path: Path, capsys: Any) -> None:
    assert_refused(zipped(tmp_path / "a.npz", {f"m{i}.npy": b"" for i in range(3000)}), tmp_path,
                   capsys)  # fmt: skip


def _laughs(depth: int = 60) -> bytes:
    """Lists of lists of lists, each twice the one before."""
    return b"\x80\x04]\x94" + b"".join(
        b"(h%ch%ce\x94]\x94" % (i * 0, i * 0) for i in range(depth)
    ) + b"."  # fmt: skip


PICKLES = [
    b"\x80\x04\x96" + struct.pack("<Q", 9 << 30) + b".", b"\x80\x04\x8e" + struct.pack("<Q", 9 << 30),
    b"\x80\x04Nr\xff\xff\xff\x7f0N.", b"\x80\x04Np999999999999\n0", b"\x80\x04" + b"]" * 100_000,
    b"\x80\x04\x8b\xff\xff\xff\x7f", b"\x80\x02cos\nsystem\n(U\x02idtR.", b"\x80\x02(U\x02idios\nsystem\n.",
    b"\x80\x02cnumpy\ndtype\n(U\x01OK\x00K\x01tR.", b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n.",
    b"\x80\x02Q.", b"\x80\x04}(]Ku.", b"(dp0\nI" + b"9" * 5000 + b"\n.", _laughs(), b"\x80\x05\x97.",
    b"\x80\x04\x95" + b"\xff" * 8 + b"N.", b"\x80\x02t.", b"\x80\x02h\x00.",
]  # fmt: skip


@pytest.mark.parametrize("content", PICKLES)
def test_hostile_pickles(tmp_path: Path, content: bytes, capsys: Any) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(content)
    assert_refused(path, tmp_path, capsys)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
def test_what_data_sets_pickle_is_read_as_pickle_reads_it(tmp_path: Path, protocol: int) -> None:
    from collections import OrderedDict

    shared = np.arange(12, dtype=np.float16).reshape(3, 4)
    content = {
        "arrays": [shared, shared, shared.astype(">f8"), np.asfortranarray(shared), np.array(["ä", "b"])],
        "numbers": [0, -1, 300, 1 << 40, 1.5, None, True, np.float32(2.5), np.int64(7)],
        "text": ["x" * 300, "ü", b"bytes", bytearray(b"more")], "more": ({1, 2}, OrderedDict(a=1)),
        "empty": (np.zeros((0, 3)), (), [], {}),
    }  # fmt: skip
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    found = load_pickle(path, Faults(path))
    assert list(found) == list(content)
    for key in ("numbers", "text", "more"):
        assert list(found[key]) == list(content[key])
    for one, other in zip(found["arrays"], content["arrays"], strict=True):
        assert one.dtype == other.dtype and np.array_equal(one, other)


def test_arrays_at_once_are_read_as_one_operation_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where bytes were changed: NumPy's usual words for an array are a short cut, no other."""
    rng = np.random.default_rng(0)
    shapes = [(), (0,), (3,), (2, 3), (1, 2, 3), (1, 2, 3, 2), (300, 2), (40_000,)]
    kinds = ["<f2", ">f4", "u1", "S3"]
    arrays = [np.zeros(shape, kind) + rng.integers(0, 9, shape).astype(kind) if kind[0] != "S"
              else np.full(shape, "ab", kind) for shape in shapes for kind in kinds * 2]  # fmt: skip
    known = [np.asfortranarray(arrays[24]), *arrays, arrays[5], arrays[-1]]
    path = tmp_path / "a.pkl"

    def outcome() -> str:
        try:
            return repr(_told(load_pickle(path, Faults(path))))
        except InputError as error:
            return str(error)

    at_once = safe_pickle._USUAL_ARRAY
    short = pickle.dumps([*(f"name {i}" for i in range(260)), *known[:40], known[3]], 4)
    # All that was remembered, put at the list's end.
    few = pickle.dumps(arrays[4:14], 4)
    recalled = few[:-1] + b"".join(b"j" + struct.pack("<I", i) + b"a" for i in range(1, 70)) + b"."
    for content in (
        pickle.dumps(known, 4), pickle.dumps(known, 5), short, recalled,
        recalled.replace(b"C\x01b", b"C\x01c"), recalled.replace(b"h\x05", b"h\x09"),
        *(_changed(short, rng) for _ in range(200)),
    ):  # fmt: skip
        path.write_bytes(content)
        monkeypatch.setattr(safe_pickle, "_USUAL_ARRAY", at_once)
        found = outcome()
        monkeypatch.setattr(safe_pickle, "_USUAL_ARRAY", re.compile(b"(?!)"))
        assert found == outcome()


def _told(value: Any) -> Any:
    """Values in a form that can be compared, those also that only a pickle's memory holds."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return type(value)(map(_told, value))
    return type(value).__name__, _told(list(vars(value).items())) if hasattr(
        value, "__dict__"
    ) else str(value)


def _changed(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for place in rng.integers(3000, len(content), rng.integers(1, 4)):
        changed[place] = rng.choice(
            [*b"hjKMtbR(BC\x94\x95\x85\x86\x87\x00\x01\x03", changed[place] ^ 1]
        )
    return bytes(changed)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 5000, "9" * 5000, "[1,", "\x00", '"a', "nul", "[1] 2", "{1: 2}", ""],
)
def test_json_that_no_program_writes(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_json(text, "a.json")
    assert len(str(caught.value)) < 500


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "- " * 100_000, "{a: " * 500, LAUGHS, "&a [*a]", "a: [", "9" * 5000, "? [a]\n: b",
     "!!python/object:os.system x", "\x01"],
)  # fmt: skip
def test_yaml_that_nobody_writes(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "a.yaml")
    assert len(str(caught.value)) < 500


def test_dates_stay_text() -> None:
    assert parse_yaml("lr: 2001-13-45", "x") == {"lr": "2001-13-45"}


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def _zero(folder: Path) -> Path:
    (folder / "zero").symlink_to("/dev/zero")
    return folder / "zero"


@pytest.mark.parametrize("make", [_fifo, _zero, lambda folder: folder])
def test_only_regular_files_are_opened(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(InputError, match="regular file"):
        read_bytes(make(tmp_path))


@pytest.mark.parametrize("make", [_fifo, _zero])
@pytest.mark.parametrize(
    "words", [["validate"], ["describe"], ["convert", "x"], ["train", "-c"], ["reason"]]
)
def test_special_files_are_sentences(
    tmp_path: Path, capsys: Any, make: Callable[[Path], Path], words: list[str]
) -> None:
    place = str(make(tmp_path))
    words = ["convert", place, "x.npz"] if words[0] == "convert" else [*words, place]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err and "internal" not in err


@pytest.mark.parametrize("number", [9_900_000, 5_000_000, 1 << 40, 10**30])
def test_sparse_frame_numbers_are_refused(tmp_path: Path, capsys: Any, number: int) -> None:
    person = {"keypoints": [[1.0, 2.0]] * 17, "keypoint_scores": [1.0] * 17}
    frames = [{"frame_id": i, "instances": [person]} for i in (0, number)]
    (tmp_path / "a.json").write_text(json.dumps(frames))
    assert_refused(tmp_path / "a.json", tmp_path, capsys)


@pytest.mark.parametrize(
    ("key", "value"),
    [("optim.lr", "2001-13-45"), ("optim.epochs", "1e400"), ("optim.batch", "1e12"), ("views", "1e9"),
     ("optim.clip", "-1"), ("window", "1"), ("seed", "-1"), ("optim.momentum", "2"), ("data.share", "nan"),
     ("machine.devices", "0"), ("optim.lr", "[" * 5000)],
)  # fmt: skip
def test_settings_have_bounds(key: str, value: str) -> None:
    from mgskel.core.config import load_config
    from mgskel.training.train_config import TrainConfig

    with pytest.raises(InputError, match=key) as caught:
        load_config(TrainConfig, None, [f"--{key}", value])
    assert len(str(caught.value)) < 600


@pytest.fixture
def online(untrained_spotter: Path) -> Any:
    from mgskel import Recognizer

    return Recognizer.load(untrained_spotter).follow("coco17", 15.0)


FRAME = np.random.default_rng(0).uniform(100, 300, (17, 2)).astype(np.float32)


@pytest.mark.parametrize(
    "time_s", [float("inf"), float("nan"), "1", None, 1e300, True, [1], 0.0, -1.0, 10**400]
)
def test_a_refused_frame_changes_nothing(online: Any, time_s: Any) -> None:
    online.push(FRAME, None, 1.0)
    with pytest.raises(InputError):
        online.push(FRAME, None, time_s)
    for bad in ("x", None, np.zeros((3, 2)), np.zeros((17, 4)), [[1, 2], [3]]):
        with pytest.raises(InputError):
            online.push(bad, None, 1.1)
    online.push(FRAME, None, 1.05)


@pytest.mark.parametrize("gap_s", [61.0, 3600.0, 86_400.0, 1e9])
def test_a_gap_begins_anew(online: Any, gap_s: float) -> None:
    online.push(FRAME, None, 1.0)
    online.push(FRAME, None, 1.0 + gap_s)
    online.push(FRAME, None, 1.1 + gap_s)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), "x", None])
def test_a_stream_needs_a_rate(untrained_spotter: Path, fps: Any) -> None:
    from mgskel import Recognizer

    with pytest.raises(InputError):
        Recognizer.load(untrained_spotter).follow("coco17", fps)


def test_an_output_that_is_an_input_is_refused(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "pose.npz"
    points = FRAME[None].repeat(8, 0) + np.arange(8)[:, None, None]
    PoseSequence.from_arrays(points, fps=10, skeleton="coco17").save(path)
    before = path.read_bytes()
    assert main(["describe", str(path), "-o", str(path)]) == 2
    assert "both input and output" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize("frames", [90, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_camera_that_goes_wrong_all_day(online: Any, frames: int) -> None:
    """Times back, twice, far ahead or no numbers, frames of other shapes: no growth, no surprise."""
    import tracemalloc

    rng = np.random.default_rng(3)
    time_s, refused, held = 0.0, 0, []
    tracemalloc.start()
    for number in range(frames):
        time_s += 70.0 if rng.random() < 0.005 else 1 / 15
        points: Any = FRAME + rng.normal(0, 3, FRAME.shape).astype(np.float32)
        if rng.random() < 0.1:
            points[rng.integers(17)] = np.nan
        if frames // 4 < number < frames // 4 + frames * 54 // 100:  # nobody; an hour of the day
            points[:] = np.nan
        wrong = rng.integers(12)
        moment = {0: time_s - 9, 1: float("nan"), 2: "soon"}.get(int(wrong), time_s)
        others = {3: points[:5], 4: None, 5: np.stack([points] * 2), 6: points.repeat(2, 0)}
        points = others.get(int(wrong), points)
        try:
            online.push(points, None, moment)
        except InputError:
            refused += 1
        if number in (frames // 2, frames - 1):
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    online.finish()
    assert frames / 5 < refused < frames
    assert held[1] - held[0] < 1 << 20
