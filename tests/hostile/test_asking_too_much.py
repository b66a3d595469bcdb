# ruff: noqa: E501
"""Files that ask for more memory or time than they hold are refused, in little of both."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile_commands import in_little, refuse, written, zipped


def _npy(descr: str, shape: str, content: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def _dtype(kind: bytes, state: bytes) -> bytes:
    """A pickled array whose dtype is rebuilt with a state."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R("
        b"K\x01K\x01\x85cnumpy\ndtype\nU\x02" + kind + b"K\x00K\x01\x87R" + state + b"b"
        b"\x89U\x08AAAAAAAAtb."
    )  # fmt: skip


OBJECT_FLAGS = b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ft"
CRASHES = [
    _dtype(b"O8", OBJECT_FLAGS), _dtype(b"f8", OBJECT_FLAGS), _dtype(b"O8", b"N"), _dtype(b"V8", OBJECT_FLAGS),
    _dtype(b"f8", b"(K\x03U\x01<]]NJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"), _dtype(b"f8", b"(K\x03t"),
    _dtype(b"f8", b"(K\x03K\x01NNNK\x00K\x00K\x00t"), _dtype(b"M8", OBJECT_FLAGS), _dtype(b"zz", OBJECT_FLAGS),
    b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02O8K\x00K\x01\x87RU\x08AAAAAAAA\x86R.",
    b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8K\x00K\x01\x87RU\x01A\x86R.",
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85U\x01b\x87R.",
]  # fmt: skip
_DOUBLED = b"".join(b"(h%ch%cl\x94" % (i, i) for i in range(60))
BOMBS = [
    b"\x80\x04(K\x01l\x94" + _DOUBLED + b".", b"\x80\x04" + b"]" * 3_000_000, b"\x80\x04" + b"(" * 3_000_000,
    b"\x80\x04\x96" + (9 << 30).to_bytes(8, "little"), b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little"),
    b"\x80\x04Nr\xff\xff\xff\x7f0N.", b"\x80\x04Np99999999999999999999\n0.", b"\x80\x04]\x94" + b"h\x00a" * 500_000 + b".",
    b"\x80\x04K\x01" + b"2" * 10 + b".", b"\x80\x04}\x94h\x00h\x00s.", b"\x80\x04\x8b\xff\xff\xff\x7f", b"\x80\x04]\x94h\x00h\x00a.",
]  # fmt: skip


def _encrypted(folder: Path) -> Path:
    path = zipped(("keypoints.npy", b"x" * 200), ("header.npy", b"y" * 200))(folder)
    content = bytearray(path.read_bytes())
    for mark, flag in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + flag] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    return path


SHAPES = ["(1000000000000,)", "(1000000, 1000000)", "(-1,)", "(1, 60, 17, 9000000000000)", "((1,),)",
          "(4611686018427387904, 4)", "('1',)", "5", "(1.5,)", "()"]  # fmt: skip
_HEAD = b"\x93NUMPY\x01\x00"
_PERSON = {"keypoints": [[1.0, 2.0]] * 17, "keypoint_scores": [1.0] * 17}


def _frames(*numbers: Any) -> str:
    return json.dumps([{"frame_id": n, "instances": [_PERSON]} for n in numbers])


def _openpose(*numbers: int) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        people = {"version": 1.3, "people": [{"pose_keypoints_2d": [1.0] * 75}]}
        (folder / "op").mkdir()
        for number in numbers:
            (folder / "op" / f"c_{number:012d}_keypoints.json").write_text(json.dumps(people))
        return folder / "op"

    return make


def _ntu(frames: object, bodies: object = 1, joints: object = 25) -> Callable[[Path], Path]:
    text = f"{frames}\n{bodies}\n1 0 1 1 1 1 0 0 0 2\n{joints}\n" + "1 1 1 1 1 1 1 0 0 0 0 2\n" * 25
    return written("S001C001P001R001A001.skeleton", text)


CLASSES: dict[str, list[Callable[[Path], Path]]] = {
    "crash": [written("a.pkl", content) for content in CRASHES],
    "bomb": [written("a.pkl", content) for content in BOMBS],
    "shapes": [zipped(("keypoints.npy", _npy("'<f4'", s)), ("header.npy", b"")) for s in SHAPES],
    "sparse": [
        *(written("a.json", _frames(0, n)) for n in (9_900_000, 1 << 40, 10**30, -1, 1.5, "a", [1])),
        *(_openpose(0, n) for n in (10**6, 10**9, 10**11)), *(_ntu(n) for n in (5_000_000, 10**11)),
        _ntu(1, 10**9), _ntu(1, 1, 10**9),
    ],
    "json": [written("a.json", text) for text in (
        "[" * 100_000, '{"a":' * 100_000, "[" + "9" * 5000 + "]", "[1e999]", "[NaN", "\x00", "[", '"', "\ufeff", "[1] [2]",
        '{"images": [{"id": ' + "9" * 400 + "}]}",
    )],
    "members": [
        _encrypted, zipped(), zipped(("keypoints.npy", b""), ("header.npy", b"")), zipped(*((f"m{i}.npy", b"") for i in range(3000))),
        zipped(("keypoints.npy", b"x" * 99), ("header.npy", b""), kind=zipfile.ZIP_LZMA), zipped(("keypoints.npy", _HEAD + b"\xff\xff{'descr'")),
        zipped(("header.npy", _npy("'<U9'", "()", b"\x00" * 36)), ("keypoints.npy", b"")), zipped(("keypoints.npy", _npy("'|O'", "(1,)", b"N."))),
        written("a.npz", b"PK\x03\x04" + b"\xff" * 500), written("a.npz", b"PK\x05\x06" + b"\xff" * 18), written("a.npy", _HEAD + b"\x10\x00{'descr': '<f4',"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "number"), [(kind, n) for kind, cases in CLASSES.items() for n in range(len(cases))]
)
def test_files_that_ask_for_more_than_they_hold(
    tmp_path: Path, kind: str, number: int, capsys: Any
) -> None:
    path = CLASSES[kind][number](tmp_path)
    refuse(["convert", path, tmp_path / "o.npz"], tmp_path, capsys)
    refuse(["spot", path, "-o", tmp_path / "o.csv"], tmp_path, capsys)


@pytest.mark.parametrize("kind", CLASSES)
def test_no_such_file_takes_a_gigabyte_or_five_seconds(tmp_path: Path, kind: str) -> None:
    for number, make in enumerate(CLASSES[kind][:6]):
        (tmp_path / str(number)).mkdir()
        path = make(tmp_path / str(number))
        status, said = in_little(["validate", path], tmp_path)
        assert status == 2, (number, said)
        assert len(said.splitlines()) < 40
