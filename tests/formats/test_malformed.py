"""Malformed files: `validate` and `convert` end with code 2 and a message, not a traceback."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import format_files as files
import numpy as np
import pytest
from malformed_cases import FILE_CASES
from malformed_files import Make, own, put
from malformed_tables import TABLE_CASES

from mgskel.cli import main

CASES = FILE_CASES + TABLE_CASES


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 60
    assert len({name for name, _, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(("build", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_malformed_input_is_explained(
    tmp_path: Path, make: Make, capsys: pytest.CaptureFixture[str], build: Any, says: str
) -> None:
    with np.errstate(invalid="ignore"):
        path = build(tmp_path, make)
    assert main(["validate", str(path), "--json"]) == 2
    out, err = capsys.readouterr()
    (report,) = json.loads(out)["files"]
    assert set(report) == {"path", "format", "ok", "faults"}
    assert report["ok"] is False and report["faults"]
    for fault in report["faults"]:
        assert set(fault) == {"place", "expected", "found", "remedy"}
        assert all(isinstance(value, str) and value for value in fault.values()), fault
    assert says in json.dumps(report["faults"], ensure_ascii=False) or says in err
    assert "Traceback" not in err


# What `validate` tells but reading survives: the recording is still what the file says.
HARMLESS = ("one frame", "one-frame", "nobody", "split of strangers", "a person of zeros")
STOPPING = [case for case in CASES if not any(word in case[0] for word in HARMLESS)]


@pytest.mark.parametrize("build", [c[1] for c in STOPPING], ids=[c[0] for c in STOPPING])
def test_convert_refuses_it_in_one_message(
    tmp_path: Path, make: Make, capsys: pytest.CaptureFixture[str], build: Any
) -> None:
    with np.errstate(invalid="ignore"):
        path = build(tmp_path, make)
    assert main(["convert", str(path), str(tmp_path / "out.npz")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("mgskel convert:") == 1
    assert "Traceback" not in err
    assert not (tmp_path / "out.npz").exists()


def test_several_faults_at_once(tmp_path: Path, make: Make, capsys) -> None:  # type: ignore[no-untyped-def]
    path = own(fps=-1, scores=put((0, 2, 5), 1.5), timestamps=put(3, 0.01), frame_size=[300, 720])(
        tmp_path, make
    )
    assert main(["validate", str(path), "--json"]) == 2
    (report,) = json.loads(capsys.readouterr().out)["files"]
    assert len(report["faults"]) == 4


def test_several_files_good_and_bad(tmp_path: Path, make: Make, capsys) -> None:  # type: ignore[no-untyped-def]
    good = files.write_bundle(tmp_path / "good.npz")
    bad = make("bad.npz", b"")
    assert main(["validate", str(good)]) == 0
    assert main(["validate", str(good), str(bad)]) == 2
    out, err = capsys.readouterr()
    assert f"{good}: ok, bundle, 2 recordings" in out
    assert f"{bad}: a fault" in err


class Hostile:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.write_text, (self.path, "it ran"))


class HostileExec:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (exec, (f"open({str(self.path)!r}, 'w').write('it ran')",))


@pytest.mark.parametrize("kind", [Hostile, HostileExec])
@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("deep", [False, True])
def test_a_hostile_pickle_is_refused_and_nothing_runs(
    tmp_path: Path, capsys, kind: Any, protocol: int, deep: bool
) -> None:  # type: ignore[no-untyped-def]
    proof = tmp_path / "proof.txt"
    content: Any = kind(proof)
    if deep:
        content = files.pyskl_tree()
        content["annotations"][2]["label"] = kind(proof)
    path = files.write_pickle(tmp_path / "a.pkl", content, protocol)
    assert main(["validate", str(path)]) == 2
    assert main(["convert", str(path), str(tmp_path / "out.npz")]) == 2
    assert not proof.exists()
    assert "nothing of it was run" in capsys.readouterr().err
    with open(path, "rb") as handle:
        pickle.load(handle)  # the proof that it would have run
    assert proof.exists()


def test_hostile_labels_beside_an_array(tmp_path: Path) -> None:
    path = files.write_imigue_npy(tmp_path)
    proof = tmp_path / "proof.txt"
    files.write_pickle(tmp_path / "val_label.pkl", Hostile(proof))
    assert main(["validate", str(path)]) == 2
    assert not proof.exists()


def test_a_pickle_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    class Huge:
        def __reduce__(self) -> Any:
            return (bytearray, (1 << 60,))

    path = files.write_pickle(tmp_path / "a.pkl", {"annotations": [Huge()]})
    assert main(["validate", str(path)]) == 2
