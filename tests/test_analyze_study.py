"""Many clips: folders and mixed inputs become a study that goes on past failures and resumes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mgskel.cli import main
from mgskel.core.recording import Dataset, Recording
from mgskel.core.storage.files import file_hash
from mgskel.formats import read, write
from mgskel.study.tables import read_table
from mgskel.synthesis import SynthesisSettings, synthesise_recording

TABLES = ("events.csv", "summary.csv", "summary_wide.csv", "bins.csv", "observable.csv")
PAGES = ("index.html", "methods.md")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three recordings in two formats, one of them in a folder below, a broken one, and others."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "second").mkdir()
    for seed, name in enumerate(("p1.npz", "p2.npz", "second/p3.npz")):
        made = synthesise_recording(8, seed, SynthesisSettings(layout="coco17"), fps=20)
        made.sequence.save(folder / name)
    (folder / "broken.mp4").write_text("no video")
    (folder / "people.csv").write_text("clip,participant,condition\np1,007,won\np2,A,lost\n")
    (folder / "notes.txt").write_text("not a recording")
    return folder


def run(clips: Path, out: Path, model: Path, *more: str) -> int:
    words = [str(clips), "-o", str(out), "--model", str(model), "--no-attention", "-q", *more]
    return main(["analyze", *words])


@pytest.fixture(scope="module")
def finished(
    clips: Path, untrained_spotter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("study")
    assert run(clips, out, untrained_spotter, "--participants", str(clips / "people.csv")) == 1
    return out


def hashes(folder: Path) -> dict[str, str]:
    found = [folder / name for name in (*TABLES, "methods.md")]
    files = [*found, *folder.rglob("events.eaf"), *folder.rglob("report.html")]
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}


def test_a_folder_becomes_a_study_with_a_folder_per_clip(finished: Path) -> None:
    for name in (*TABLES, *PAGES):
        assert (finished / name).is_file(), name
    for clip in ("p1", "p2", "second/p3"):
        for name in ("report.html", "pose.npz", "events.csv", "events.eaf", "statements.json",
                     "assessment.json"):  # fmt: skip
            assert (finished / clip / name).is_file()
    events = read_table(finished / "events.csv")
    assert set(events["clip"]) == {"p1", "p2", "second/p3"}
    summary = read_table(finished / "summary.csv").drop_duplicates("clip").set_index("clip")
    assert summary["participant"].to_dict() == {"p1": "007", "p2": "A", "second/p3": "second/p3"}
    assert summary["condition"].to_dict() == {"p1": "won", "p2": "lost", "second/p3": ""}


def test_a_file_of_many_recordings_is_a_study_of_them_with_participants(
    untrained_spotter: Path, tmp_path: Path
) -> None:
    made = [synthesise_recording(3, seed, SynthesisSettings(layout="coco17"), fps=10)
            for seed in range(2)]  # fmt: skip
    takes = tuple(Recording(one.sequence, f"t{i}") for i, one in enumerate(made))
    write(tmp_path / "takes.npz", Dataset(takes), "bundle")
    (tmp_path / "people.csv").write_text("clip,participant\nt0,A\nt1,B\n")
    more = ("--participants", str(tmp_path / "people.csv"))
    assert run(tmp_path / "takes.npz", tmp_path / "out", untrained_spotter, *more) == 0
    summary = read_table(tmp_path / "out" / "summary.csv").drop_duplicates("clip")
    assert list(summary["participant"]) == ["A", "B"]


def test_failures_are_listed_and_harm_no_other(finished: Path) -> None:
    record = json.loads((finished / "study.json").read_text())
    assert list(record["failures"]) == ["broken"]
    assert "broken could not be analysed" in (finished / "index.html").read_text()


def test_what_is_done_is_skipped_and_the_tables_stay_the_same(
    finished: Path, clips: Path, untrained_spotter: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "study"
    shutil.copytree(finished, out)
    made = (out / "p1" / "report.html").stat().st_mtime_ns
    words = [str(clips), "-o", str(out), "--model", str(untrained_spotter), "--no-attention"]
    assert main(["analyze", *words]) == 1
    told = capsys.readouterr().err
    assert "0 analysed, 3 done before, 1 failed" in told
    assert "failed: broken.mp4" in told
    assert (out / "p1" / "report.html").stat().st_mtime_ns == made
    assert hashes(out) == hashes(finished)


def test_clips_can_be_added_one_by_one(
    finished: Path, clips: Path, untrained_spotter: Path, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    shutil.copytree(finished, out)
    shutil.copy(clips / "p1.npz", tmp_path / "p4.npz")
    words = ["-o", str(out), "--model", str(untrained_spotter), "--no-attention", "-q"]
    assert main(["analyze", str(tmp_path / "p4.npz"), str(clips / "p1.npz"), *words]) == 0
    assert set(read_table(out / "summary.csv")["clip"]) == {"p1", "p2", "second/p3", "p4"}


def test_nothing_that_can_be_done_is_code_two(
    tmp_path: Path, untrained_spotter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.mp4").write_text("no video")
    assert run(tmp_path / "in", tmp_path / "out", untrained_spotter) == 2
    assert not (tmp_path / "out" / "index.html").exists()
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty", tmp_path / "out", untrained_spotter) == 2
    assert "no clips in the folder" in capsys.readouterr().err


def test_a_faulty_table_is_told_before_anything_is_done(
    clips: Path, tmp_path: Path, untrained_spotter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.csv").write_text("who,condition\nx,y\n")
    more = ("--participants", str(tmp_path / "people.csv"))
    assert run(clips, tmp_path / "out", untrained_spotter, *more) == 2
    assert "which clip" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_format_of_the_field_is_taken_too(
    clips: Path, tmp_path: Path, untrained_spotter: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        write(tmp_path / "in" / f"{name}.csv", read(clips / "p1.npz"))
    assert run(tmp_path / "in", tmp_path / "out", untrained_spotter) == 0
    assert (tmp_path / "out" / "b" / "report.html").exists()


@pytest.mark.slow
def test_killed_ten_times_at_random_the_tables_are_the_same(
    finished: Path, clips: Path, untrained_spotter: Path, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    command = [sys.executable, "-m", "mgskel", "analyze", str(clips), "-o", str(out), "--model",
               str(untrained_spotter), "--no-attention", "-q", "--workers", "2",
               "--participants", str(clips / "people.csv")]  # fmt: skip
    chance = random.Random(7)
    for _ in range(10):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(1, 12))
        process.kill()
        process.wait()
    assert subprocess.run(command, check=False).returncode == 1
    assert hashes(out) == hashes(finished)


@pytest.mark.slow
def test_a_cluster_of_two_nodes_does_the_same_with_a_worker_killed(
    finished: Path, clips: Path, untrained_spotter: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    killed: list[int] = []
    hunter = threading.Thread(target=_kill_first_worker, args=(killed,), daemon=True)
    hunter.start()
    more = ("--engine", "ray", "--participants", str(clips / "people.csv"))
    try:
        assert run(clips, tmp_path / "out", untrained_spotter, *more) == 1
    finally:
        cluster.shutdown()
    assert killed
    assert hashes(tmp_path / "out") == hashes(finished)


def _kill_first_worker(killed: list[int]) -> None:
    """Kill the first of this machine's Ray workers that is at work on a clip."""
    until = time.monotonic() + 120
    while not killed and time.monotonic() < until:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if process.read_bytes().startswith(b"ray::_do"):
                    os.kill(int(process.parent.name), signal.SIGKILL)
                    killed.append(int(process.parent.name))
                    return
            except OSError:
                continue
        time.sleep(0.02)
