# ruff: noqa: E501
"""Each kind of hostile input, ten cases and more, given to the commands: one sentence, exit 2,
nothing left behind; those that ask for memory or time run in a child that has little of both."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgskel.cli import main
from mgskel.core.sequence import PoseSequence

FRAMES = 40


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of valid input: a recording, events, statements, a run of cut clips."""
    import torch

    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    points = 200 + 40 * rng.normal(size=(1, 17, 2)) + rng.normal(size=(FRAMES, 17, 2))
    PoseSequence.from_arrays(points, fps=20, skeleton="coco17", frame_size=(640, 480)).save(
        folder / "pose.npz"
    )
    (folder / "events.csv").write_text("label,start_s,end_s\nnod,0.5,1\n")
    assert main(["describe", str(folder / "pose.npz"), "--events", "none", "-q",
                 "-o", str(folder / "statements.json")]) == 0  # fmt: skip
    from mgskel.core.skeleton import get_skeleton
    from mgskel.datasets.classes import ClassList
    from mgskel.datasets.normalise import Normalisation
    from mgskel.training.runs.clip_model import ClipInput, ClipModel
    from mgskel.training.runs.model_folder import ModelSpec

    torch.manual_seed(0)
    spec = ModelSpec("light", "on", sizes={"channels": [8, 8]})
    skeleton, classes = get_skeleton("coco17"), ClassList(("a", "b"), ("a", "b"))
    ClipModel(
        spec.build(skeleton, 2, 2),
        skeleton,
        classes,
        spec,
        ClipInput("joint", 8, 1, 2, 1, Normalisation()),
    ).save(folder / "run")
    return folder


def refuse(words: Sequence[object], folder: Path, capsys: Any, status: int = 2) -> str:
    """The message of a command that has to fail and to leave nothing."""
    before = sorted(folder.rglob("*"))
    assert main([str(word) for word in words]) == status
    err = str(capsys.readouterr().err)
    assert "Traceback" not in err and "internal error" not in err
    assert 0 < len(err.splitlines()) < 40 and len(err) < 10_000
    assert sorted(folder.rglob("*")) == before
    return err


def in_little(words: Sequence[object], tmp_path: Path) -> tuple[int, str]:
    """Exit code and message of a command in a child with 1 GB more than this and 5 CPU seconds."""
    said = tmp_path / "said.txt"
    child = os.fork()
    if not child:
        status = 99
        try:
            handle = os.open(said, os.O_WRONLY | os.O_CREAT)
            os.dup2(handle, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (now + (1 << 30),) * 2)
            used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            resource.setrlimit(resource.RLIMIT_CPU, (int(used) + 5,) * 2)
            signal.alarm(60)
            status = main([str(word) for word in words])
            sys.stderr.flush()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read_text()


# --- what takes memory or time -------------------------------------------------------------


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
_LARGE = 350 << 20


def _zipped(
    *members: tuple[str, bytes], kind: int = zipfile.ZIP_DEFLATED
) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "a.npz", "w", kind) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return folder / "a.npz"

    return make


def _written(name: str, content: bytes | str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def _encrypted(folder: Path) -> Path:
    path = _zipped(("keypoints.npy", b"x" * 200), ("header.npy", b"y" * 200))(folder)
    content = bytearray(path.read_bytes())
    for mark, flag in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + flag] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)
    return path


def _zeros(size: int) -> bytes:
    return _npy("'|u1'", f"({size},)", bytes(size))


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
    return _written("S001C001P001R001A001.skeleton", text)


CLASSES: dict[str, list[Callable[[Path], Path]]] = {
    "crash": [_written("a.pkl", content) for content in CRASHES],
    "bomb": [_written("a.pkl", content) for content in BOMBS],
    "shapes": [_zipped(("keypoints.npy", _npy("'<f4'", s)), ("header.npy", b"")) for s in SHAPES],
    "sparse": [
        *(_written("a.json", _frames(0, n)) for n in (9_900_000, 1 << 40, 10**30, -1, 1.5, "a", [1])),
        *(_openpose(0, n) for n in (10**6, 10**9, 10**11)), *(_ntu(n) for n in (5_000_000, 10**11)),
        _ntu(1, 10**9), _ntu(1, 1, 10**9),
    ],
    "json": [_written("a.json", text) for text in (
        "[" * 100_000, '{"a":' * 100_000, "[" + "9" * 5000 + "]", "[1e999]", "[NaN", "\x00", "[", '"', "\ufeff", "[1] [2]",
        '{"images": [{"id": ' + "9" * 400 + "}]}",
    )],
    "members": [
        _encrypted, _zipped(), _zipped(("keypoints.npy", b""), ("header.npy", b"")), _zipped(*((f"m{i}.npy", b"") for i in range(3000))),
        _zipped(("keypoints.npy", b"x" * 99), ("header.npy", b""), kind=zipfile.ZIP_LZMA), _zipped(("keypoints.npy", _HEAD + b"\xff\xff{'descr'")),
        _zipped(("header.npy", _npy("'<U9'", "()", b"\x00" * 36)), ("keypoints.npy", b"")), _zipped(("keypoints.npy", _npy("'|O'", "(1,)", b"N."))),
        _written("a.npz", b"PK\x03\x04" + b"\xff" * 500), _written("a.npz", b"PK\x05\x06" + b"\xff" * 18), _written("a.npy", _HEAD + b"\x10\x00{'descr': '<f4',"),
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


def test_members_that_unfold_are_refused_in_little_memory(tmp_path: Path) -> None:
    path = _zipped(("keypoints.npy", _zeros(_LARGE)), ("header.npy", b""))(tmp_path)
    assert in_little(["validate", path], tmp_path)[0] == 2


# --- wrong types, in every reader ----------------------------------------------------------

WRONG: tuple[Any, ...] = (5, None, "x", [], {}, [[]], True, 10**400, {"a": 1}, [None], -1.5)
TREES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "coco images": ("a.json", lambda v: {"images": v, "annotations": [], "categories": []}),
    "coco ids": ("a.json", lambda v: {"images": [{"id": v, "file_name": "1.jpg"}], "annotations": [{"image_id": v, "keypoints": v}], "categories": []}),
    "mmpose": ("a.json", lambda v: {"meta_info": {}, "instance_info": v}),
    "mmpose points": ("a.json", lambda v: [{"frame_id": 0, "instances": [{"keypoints": v, "keypoint_scores": [1]}]}]),
    "nw-ucla": ("a05_s02_e03_v01.json", lambda v: {"file_name": "a05_s02_e03_v01", "skeletons": v, "label": 5}),
    "openpose": ("op/c_000000000000_keypoints.json", lambda v: {"version": 1.3, "people": v}),
    "openpose points": ("op/c_000000000000_keypoints.json", lambda v: {"people": [{"pose_keypoints_2d": v}]}),
    "events": ("a.events.json", lambda v: {"events": v if v != [] else 7}),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_wrong_types_are_named(tmp_path: Path, name: str, capsys: Any) -> None:
    file, tree = TREES[name]
    for value in WRONG:
        text = json.dumps(tree(value))
        path = _written(file, text)(tmp_path)
        if name == "openpose" and value in ([],):
            continue  # nobody is there: no fault
        given = path.parent if path.parent != tmp_path else path
        refuse(["convert", given, tmp_path / "o.npz"], tmp_path, capsys)


@pytest.mark.parametrize("key", ["fps", "frame_size", "skeleton", "unit", "provenance", "people", "source", "schema"])  # fmt: skip
def test_a_recording_says_of_itself_what_it_should(
    tmp_path: Path, good: Path, key: str, capsys: Any
) -> None:
    with zipfile.ZipFile(good / "pose.npz") as archive:
        import io

        members = {name: archive.read(name) for name in archive.namelist()}
        header = json.loads(str(np.load(io.BytesIO(members["header.npy"]))))
    for value in (["a", "b"], {"a": [1]}, -1, float("nan"), [[[]]]):
        buffer = io.BytesIO()
        np.save(buffer, np.array(json.dumps({**header, key: value})))
        path = _zipped(*{**members, "header.npy": buffer.getvalue()}.items())(tmp_path)
        refuse(["convert", path, tmp_path / "o.npz"], tmp_path, capsys)


# --- special files, names, places ----------------------------------------------------------


def _fifo(folder: Path, name: str) -> Path:
    os.mkfifo(folder / name)
    return folder / name


def _endless(folder: Path, name: str) -> Path:
    (folder / name).symlink_to("/dev/zero")
    return folder / name


# X: the hostile path, P: a good recording, E: events, S: statements, R: a run, O: an output.
PLACES = [
    "validate X", "convert X O.npz", "spot X", "spot P --reference X", "spot P --model X", "describe P --events X", "describe P --thresholds X",
    "reason X", "reason S --scene X", "extract P -c X -o O", "analyze --from X -o O", "analyze --from P --scene X -o O", "train -c X -o O",
    "train --data.train X -o O", "pretrain --data X -o O", "predict R --data X -o O.csv", "predict X --data P -o O.csv", "evaluate R --data X", "export X O.onnx",
    "attention R --data X -o O", "agree X E", "agree E E --map X", "compare X --by a", "gestures X", "cut X -o O",
    "synthesise clips -c X -o O.npz", "convert P O.npz --to-layout X", "analyze P P --participants X -o O", "finetune X -o O", "demo X -o O",
]  # fmt: skip


def _line(line: str, good: Path, hostile: object, out: Path) -> list[str]:
    known = {"X": hostile, "P": good / "pose.npz", "E": good / "events.csv", "S": good / "statements.json", "R": good / "run"}  # fmt: skip
    return [
        str(known[word]) if word in known else word.replace("O", str(out), 1) if word[:1] == "O" else word
        for word in line.split()
    ]  # fmt: skip


@pytest.mark.parametrize("line", PLACES)
def test_pipes_devices_and_names_that_are_no_text(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    for hostile in (
        _fifo(tmp_path, "a.json"), _endless(tmp_path, "b.yaml"), "a\udcff.npz", tmp_path / "gone.npz", "x" * 5000,
    ):  # fmt: skip
        refuse(_line(line, good, hostile, tmp_path / "o"), tmp_path, capsys)


@pytest.mark.parametrize("line", [
    "convert P X", "describe P --events none -o X", "spot P -o X", "reason S -o X", "predict R --data P -o X", "export R X",
    "synthesise clips --labels nod -o X", "analyze --from P -o X", "extract P -o X", "train --data.train P -o X", "pretrain --data P -o X", "agree E E -o X",
])  # fmt: skip
def test_an_output_that_cannot_be_written(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    """Below a file, where root cannot write either; and where the system says that nothing fits."""
    (tmp_path / "file").write_text("mine")
    ending = {"convert": ".npz", "describe": ".json", "spot": ".csv", "export": ".onnx", "predict": ".csv", "synthesise": ".npz", "reason": ".json"}  # fmt: skip
    below = tmp_path / "file" / f"o{ending.get(line.split()[0], '')}"
    refuse(_line(line, good, below, tmp_path), tmp_path, capsys)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("line", [
    "describe P -o P", "spot P -o P", "reason S -o S", "convert P P", "describe P --events E -o E", "reason S --events E -o E", "spot P --reference E -o E",
    "predict R --data P -o P", "reason P -o P", "agree E E -o E",
])  # fmt: skip
def test_no_input_is_written_over(tmp_path: Path, good: Path, line: str, capsys: Any) -> None:
    own = tmp_path / "own"
    shutil.copytree(good, own)
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    refuse(_line(line, own, "", tmp_path), tmp_path, capsys)
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize("line", [
    "extract P -o O", "extract P P -o O", "analyze --from P -o O", "analyze P -o O", "analyze P P -o O",
    "extract P -o O --workers 2", "analyze P -o O --all-people", "extract P -o O --all-people", "analyze P P -o O --workers 1", "extract P -o O --json",
])  # fmt: skip
def test_a_folder_that_another_run_holds(
    tmp_path: Path, good: Path, line: str, capsys: Any
) -> None:
    out = tmp_path / "o"
    out.mkdir()
    with open(out / ".lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = refuse(_line(line, good, "", out), tmp_path, capsys)
    assert "another run is working" in said


# --- numbers, tables, nonsense -------------------------------------------------------------

NUMBERS = ["nan", "inf", "-1", "1e400", "2001-13-45", "x", "", "\u00b2", "9" * 400, "1_0", "[1]"]


@pytest.mark.parametrize("line", [
    "spot P --sensitivity", "spot P --fps", "convert P O.npz --to-fps", "convert P O.npz --min-frames", "validate P --most", "agree E E --tolerance", "agree E E --resamples",
    "reason S --timeout", "reason S --retries", "evaluate R --data P --views", "predict R --data P -o O.csv --views", "attention R --data P -o O --clips", "synthesise clips -o O.npz --seed",
    "synthesise recordings -o O --seconds", "compare P --by a --permutations", "cut P --padding", "gestures P --most", "review P --port", "live P --fps",
    "extract P -o O --rate", "extract P -o O --start", "extract P -o O --cleaning.min_score", "analyze P -o O --bin", "finetune P -o O --workers",
    "train --data.train P -o O --optim.lr", "train --data.train P -o O --optim.batch", "train --data.train P -o O --machine.devices", "train --data.train P -o O --views",
])  # fmt: skip
def test_numbers_that_are_none(tmp_path: Path, good: Path, line: str, capsys: Any) -> None:
    for number in NUMBERS:
        if (number, line.split()[-1]) in {("1_0", "--optim.batch"), ("1_0", "--views"), ("", "--rate"), ("", "--start")}:  # fmt: skip
            continue  # YAML's way to write 10, and nothing
        if number == "1_0" and "--" in line.split()[-1] and line.split()[0] in ("extract", "train"):
            continue
        words = _line(line, good, "", tmp_path / "o")
        try:
            refuse([*words[:-1], f"{words[-1]}={number}"], tmp_path, capsys)
        except SystemExit as stop:  # the parser's own refusal
            assert stop.code == 2
            capsys.readouterr()


EVENTS = [
    "", "label,start_s\nnod,1\n", "label,start_s,end_s\nnod,inf,inf\n", "label,start_s,end_s\nnod,0,1e300\n", "label,start_s,end_s\nnod,5,1\n",
    "label,start_s,end_s\nnod,1e999,2\n", 'label,start_s,end_s\n"nod,0,1\n', "label,start_s,end_s\nnod,0,1\x00\n", "label,start_s,end_s\nnod,-1,1\n", "label,start_s,end_s\nnod,nan,1\n",
    "label,start_s,end_s,score\nnod,0,1,2\n", "label,start_s,end_s\n\u202e\u202d,0,1\n", "label,start_s,end_s\n,0,1\n", "label,start_s,end_s\nnod,0\n", "label,start_s,end_s,class_id\nnod,0,1,1e30\n",
    '{"events": [{"label": ["a"], "start_s": 0, "end_s": 1}]}', '{"events": [{"label": "a", "start_s": 0, "end_s": 1e400}]}', '{"events": [{"label": "a", "start_s": {}, "end_s": 1}]}',
    '{"events": [{"label": "a", "person": [1], "start_s": 0, "end_s": 1}]}', '{"events": [{"label": "a", "start_s": true, "end_s": "x"}]}', '{"behaviors_conf": 5, "observations": 7}',
    '{"behaviors_conf": {"0": {"code": "a", "type": 5}}, "observations": {"o": {"events": [[1e999, "", "a"]]}}}',
]  # fmt: skip
EAF = [
    f'<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="{v}"/>'
    for v in ("9" * 400, "1e999", "inf", "x", "", "-5")
]
XML = [
    *(f'<ANNOTATION_DOCUMENT><TIME_ORDER>{slot}<TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="5"/></TIME_ORDER><TIER TIER_ID="t" LINGUISTIC_TYPE_REF="d"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="x" TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>nod</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>' for slot in EAF),
    "<a>" * 200_000, "<ANNOTATION_DOCUMENT>", "<!DOCTYPE l [<!ENTITY a 'aaaaaaaaaa'>" + "".join(f"<!ENTITY a{i} '{'&a%s;' % (i - 1 if i else '') * 10}'>".replace("\n", "") for i in range(12)) + "]><ANNOTATION_DOCUMENT>&a11;</ANNOTATION_DOCUMENT>",
    "<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>", "<HTML/>",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EVENTS) + len(XML)))
def test_events_that_nobody_marked(tmp_path: Path, good: Path, number: int, capsys: Any) -> None:
    text = [*EVENTS, *XML][number]
    name = "a.eaf" if text[:1] == "<" else "a.json" if text[:1] == "{" else "a.csv"
    path = _written(name, text)(tmp_path)
    refuse(["agree", path, good / "events.csv"], tmp_path, capsys)
    refuse(["spot", good / "pose.npz", "--reference", path], tmp_path, capsys)


@pytest.mark.parametrize("text", ["\x00" * 9, '"', 'frame,person,joint,x,y\n0,1,nose,1e300,inf\n', "a,b\n" * 3, "frame,person,joint,x,y\n0,1,no\u202ese,1,1\n", "frame,person,joint,x,y\n0,1,nose,1\n", "x," * 50_000, "frame,person,joint,x,y\n" + '"' + "a" * 200_000])  # fmt: skip
def test_tables_of_points_that_are_none(tmp_path: Path, text: str, capsys: Any) -> None:
    refuse(["convert", _written("a.csv", text)(tmp_path), tmp_path / "o.npz"], tmp_path, capsys)


@pytest.mark.parametrize("text", ["<" * 200_000, "<v " * 60_000, "<v a" * 50_000, "&amp" * 50_000, "</" * 90_000, "<1:" * 50_000, "<c.a" * 50_000, "a:" * 80_000, "A: " * 60_000, "<v .a.a.a" * 20_000, "&#99999999999;" * 9000, " " * 500_000 + "x", "-->" * 50_000])  # fmt: skip
def test_markup_that_never_closes_is_read_in_no_time(tmp_path: Path, text: str) -> None:
    import time

    from mgskel.core.errors import InputError
    from mgskel.reason.transcript import parse_transcript

    begun = time.process_time()
    try:
        parse_transcript(f"1\n00:00:01,000 --> 00:00:03,000\n{text}\n")
    except InputError as error:
        assert len(str(error)) < 2000
    assert time.process_time() - begun < 2


# --- models and trainings ------------------------------------------------------------------

SETTINGS: list[tuple[str, Any]] = [
    (key, value)
    for key in ("model.sizes.channels", "input.window", "input.views", "input.dims", "temperature", "skeleton.joints", "classes.names", "model.backbone")
    for value in (-1, 10**30, "x", [], None, {"a": []}, [10**9])
]  # fmt: skip


@pytest.mark.parametrize("key", sorted({key for key, _ in SETTINGS}))
def test_a_model_folder_describes_what_can_be(
    tmp_path: Path, good: Path, key: str, capsys: Any
) -> None:
    for _, value in (pair for pair in SETTINGS if pair[0] == key):
        if (key, value) in (("input.views", None),):
            continue
        tree = json.loads((good / "run" / "recognizer.json").read_text())
        node = tree
        *above, last = key.split(".")
        for name in above:
            node = node[name]
        node[last] = value
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        shutil.copytree(good / "run", tmp_path / "run")
        (tmp_path / "run" / "recognizer.json").write_text(json.dumps(tree))
        refuse(["export", tmp_path / "run", tmp_path / "o.onnx"], tmp_path, capsys)


@pytest.mark.parametrize("kind", ["nan", "inf", "large", "whole", "less", "more", "shape", "cut", "none", "head"])  # fmt: skip
def test_weights_are_such_as_training_gives(
    tmp_path: Path, good: Path, kind: str, capsys: Any
) -> None:
    from safetensors.numpy import load_file, save_file

    from mgskel.core.storage.files import file_hash

    shutil.copytree(good / "run", tmp_path / "run")
    path = tmp_path / "run" / "model.safetensors"
    state, raw = load_file(path), path.read_bytes()
    name = next(key for key, value in state.items() if value.dtype.kind == "f" and value.ndim > 1)
    changed = {
        "nan": {name: state[name] * np.nan}, "inf": {name: state[name] + np.float32(np.inf)}, "large": {name: state[name] + np.float32(1e30)},
        "whole": {name: state[name].astype(np.int64)}, "more": {"another": np.zeros(3, np.float32)}, "shape": {name: np.zeros((3, 3), np.float32)},
    }.get(kind, {})  # fmt: skip
    if kind == "less":
        del state[name]
    save_file({**state, **changed}, path)
    if kind in ("cut", "none", "head"):
        path.write_bytes({"cut": raw[:-40], "none": b"", "head": b"\xff" * 8 + raw[8:]}[kind])
    tree = json.loads((tmp_path / "run" / "recognizer.json").read_text())
    (tmp_path / "run" / "recognizer.json").write_text(
        json.dumps({**tree, "weights_sha256": file_hash(path)})
    )
    refuse(["export", tmp_path / "run", tmp_path / "o.onnx"], tmp_path, capsys)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "train.npz"
    words = ["clips", "8", "-o", str(path), "--labels", "nod,shrug", "--layout", "coco17", "-q"]
    assert main(["synthesise", *words]) == 0
    return path


@pytest.mark.parametrize("option", [
    "--machine.devices=99", "--machine.nodes=7", "--model.sizes={channels: 5}", "--model.sizes={channels: []}", "--model.sizes={channels: [0]}", "--model.sizes={channels: [-8]}",
    "--model.sizes={channels: [99999999]}", "--model.sizes={a: 1}", "--model.backbone=nothing", "--model.pretrained=/dev/zero", "--data.vocabulary=/dev/zero", "--data.layout=nothing",
    "--data.held=nobody", "--stream=nothing", "--model.leave_out=x", "--optim.epochs=0",
])  # fmt: skip
def test_a_training_that_cannot_be_leaves_no_folder(
    tmp_path: Path, labelled: Path, option: str, capsys: Any
) -> None:
    words = ["train", "--data.train", labelled, "-o", tmp_path / "run", "--machine.tensorboard=off"]
    if option == "--data.held=nobody":
        words.append("--data.validation=subject")
    refuse([*words, option], tmp_path, capsys)


@pytest.mark.parametrize("content", [
    b"", b"PK\x03\x04", b"\x80\x02}.", b"x" * 99, pickle.dumps({"epoch": 1}), b"PK\x05\x06" + bytes(18), b"\x80\x02cos\nsystem\n.", b"{}", b"\x00" * 999, b"\x93NUMPY", None,
])  # fmt: skip
def test_a_damaged_checkpoint_is_refused(
    tmp_path: Path, labelled: Path, content: bytes | None, capsys: Any
) -> None:
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    checkpoint.parent.mkdir(parents=True)
    if content is None:
        checkpoint.symlink_to("/dev/zero")
    else:
        checkpoint.write_bytes(content)
    words = ["train", "--data.train", labelled, "-o", tmp_path / "run", "--machine.tensorboard=off"]
    assert main([str(word) for word in words]) == 2
    assert "checkpoint" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.part-*"))


@pytest.mark.parametrize("name", ["a.npz", "a.csv", "manifest.json", "a.b.c", "x" * 100, "deep/a.npz", "deep/deeper/b.json", "\u00e4.npz", "o.mp4", "report.html"])  # fmt: skip
def test_what_killed_runs_left_is_swept(tmp_path: Path, good: Path, name: str) -> None:
    left = tmp_path / "o" / name
    left = left.with_name(f".0123456789ab.part-{left.name}")
    left.parent.mkdir(parents=True)
    left.write_text("half")
    assert main(["extract", str(good / "pose.npz"), "-o", str(tmp_path / "o"), "-q"]) == 0
    assert not left.exists()
    assert main(["extract", str(good / "pose.npz"), "-o", str(tmp_path / "o"), "-q"]) == 0


@pytest.mark.parametrize(
    "label", ["=cmd()", "+1", "-1+1", "@SUM(1)", "\tx", "=HYPERLINK(1)", "-", "=", "+", "@"]
)
def test_a_spreadsheet_runs_nothing(tmp_path: Path, label: str) -> None:
    from mgskel.core.events import GestureEvent, read_events, write_events

    event = GestureEvent("=1", label.strip(), -1, 0.0, 1.0, evidence="=2", group="@g")
    write_events(tmp_path / "e.csv", [event])
    cells = (tmp_path / "e.csv").read_text().splitlines()[1].split(",")
    assert not any(cell.strip('"')[:1] in ("=", "+", "@") or cell == "-" for cell in cells)
    assert read_events(tmp_path / "e.csv") == (event,)
