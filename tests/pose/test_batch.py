"""A batch survives bad clips, dying workers and being killed, and never does work twice."""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.sequence import PoseSequence
from mgskel.core.storage.files import file_hash, write_bytes
from mgskel.core.storage.intake import read_json
from mgskel.core.storage.stages import working_in
from mgskel.pose.batches.batch import Afterwards, Importer, extract_batch
from mgskel.pose.batches.clip_list import find_clips
from mgskel.pose.batches.parts import Parts
from mgskel.pose.extract import Extraction, ExtractSettings
from mgskel.pose.frames import VideoSettings


def states(result) -> dict[str, str]:
    return {e.clip: "skipped" if e.clip in result.skipped else e.state for e in result.entries}


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".part-" in path.name]


def test_folder_to_files_with_a_manifest(make_clip, square, tmp_path: Path) -> None:
    make_clip("in/a.mp4")
    make_clip("in/deep/a.mp4", count=30)
    make_clip("in/b.avi", codec="mjpeg")
    (tmp_path / "in" / "notes.txt").write_text("no clip")
    out = tmp_path / "out"
    result = extract_batch([tmp_path / "in"], out, settings=square)
    assert states(result) == {"a.mp4": "done", "b.avi": "done", "deep/a.mp4": "done"}
    assert result.exit_code == 0
    assert PoseSequence.load(out / "deep" / "a.npz").num_frames == 30
    manifest = read_json(out / "manifest.json")
    entry = manifest["clips"]["deep/a.mp4"]
    assert entry["hash"] == file_hash(tmp_path / "in" / "deep" / "a.mp4")
    assert (entry["state"], entry["frames"], entry["duration_s"]) == ("done", 30, 1.5)
    settings = manifest["settings"][entry["settings"]]
    assert settings["estimator"]["name"] == "square"
    assert len(settings["estimator"]["code"]) == 64
    assert settings["cleaning"]["min_score"] == 0.2
    report = read_json(out / "deep" / "a.quality.json")
    assert report["frames"] == 30 and "usable" in report["line"]


def test_no_file_knows_where_it_was_made(make_clip, square, tmp_path: Path) -> None:
    make_clip("in/sub/a.mp4")
    out = tmp_path / "out"
    extract_batch([tmp_path / "in"], out, settings=square)
    sequence = PoseSequence.load(out / "sub" / "a.npz")
    assert sequence.source == "sub/a.mp4"
    for file in out.rglob("*"):
        if file.is_file():
            assert str(tmp_path).encode() not in file.read_bytes()
    assert str(tmp_path) not in json.dumps(sequence.provenance)


def test_done_is_skipped_and_changed_is_redone(make_clip, square, tmp_path: Path) -> None:
    make_clip("in/a.mp4"), make_clip("in/b.mp4")
    out = tmp_path / "out"
    run = functools.partial(extract_batch, [tmp_path / "in"], out)
    run(settings=square)
    assert set(states(run(settings=square)).values()) == {"skipped"}

    make_clip("in/a.mp4", count=25)  # another content
    assert states(run(settings=square)) == {"a.mp4": "done", "b.mp4": "skipped"}
    assert PoseSequence.load(out / "a.npz").num_frames == 25

    os.utime(tmp_path / "in" / "b.mp4")  # another date, the same content
    assert states(run(settings=square))["b.mp4"] == "skipped"

    (out / "b.npz").write_bytes((out / "b.npz").read_bytes()[:-40])  # a damaged result
    assert states(run(settings=square)) == {"a.mp4": "skipped", "b.mp4": "done"}

    other = ExtractSettings(video=VideoSettings(end=0.5), estimator=square.estimator)
    assert set(states(run(settings=other)).values()) == {"done"}
    assert PoseSequence.load(out / "b.npz").num_frames == 10


def test_bad_clips_do_no_harm_to_good_ones(make_clip, square, tmp_path: Path) -> None:
    make_clip("in/good.mp4"), make_clip("in/also.mp4")
    (tmp_path / "in" / "text.mp4").write_text("not a video")
    (tmp_path / "in" / "zero.mp4").write_bytes(b"")
    make_clip("in/dark.mp4", count=5, speed=0.0)
    from pose_clips import write_video

    write_video(tmp_path / "in" / "dark.mp4", [np.zeros((48, 64, 3), np.uint8)] * 5)
    out = tmp_path / "out"
    result = extract_batch([tmp_path / "in"], out, settings=square, workers=2)
    assert states(result) == {
        "also.mp4": "done",
        "dark.mp4": "failed",
        "good.mp4": "done",
        "text.mp4": "failed",
        "zero.mp4": "failed",
    }
    assert result.exit_code == 1
    errors = {entry.clip: entry.error for entry in result.failed}
    assert "no person" in errors["dark.mp4"] and "cannot be read" in errors["text.mp4"]
    assert not (out / "dark.npz").exists()
    # Failures are tried again; what is done stays done.
    make_clip("in/text.mp4")
    again = extract_batch([tmp_path / "in"], out, settings=square)
    assert states(again)["text.mp4"] == "done" and states(again)["good.mp4"] == "skipped"


def test_nothing_done_is_exit_code_2(tmp_path: Path, square) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    result = extract_batch([tmp_path / "text.mp4"], tmp_path / "out", settings=square)
    assert result.exit_code == 2


def test_workers_give_the_same_bytes(make_clip, square, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("mgskel.pose.batches.workers._CLIPS_OF_A_WORKER", 2)
    for name in "abcd":
        make_clip(f"in/{name}.mp4", count=20 + ord(name) % 7)
    for workers, out in ((1, tmp_path / "one"), (2, tmp_path / "two")):
        extract_batch([tmp_path / "in"], out, settings=square, workers=workers)
    for name in "abcd":
        assert file_hash(tmp_path / "one" / f"{name}.npz") == file_hash(
            tmp_path / "two" / f"{name}.npz"
        )


def _die_on_b(marker: Path, extraction: Extraction, clip: str, base: Path) -> None:
    """Kills its own worker on clip b: always, or only the first time (with a marker)."""
    if Path(clip).name == "b.mp4" and not marker.exists():
        if marker.suffix == ".once":
            marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("marker", ["always", "death.once"])
@pytest.mark.slow
def test_a_dying_worker_costs_its_clip_at_most(make_clip, square, tmp_path, marker: str) -> None:
    for name in "abc":
        make_clip(f"in/{name}.mp4", count=10)
    deadly = Afterwards(functools.partial(_die_on_b, tmp_path / marker), {})
    out = tmp_path / "out"
    result = extract_batch([tmp_path / "in"], out, settings=square, workers=2, afterwards=deadly)
    expected = "failed" if marker == "always" else "done"
    assert states(result) == {"a.mp4": "done", "b.mp4": expected, "c.mp4": "done"}
    if expected == "failed":
        assert "signal 9" in result.failed[0].error


def test_same_names_do_not_collide(make_clip, tmp_path: Path) -> None:
    files = ("x/take.mp4", "y/take.mp4", "z/take.avi", "z/take.mp4")
    for name in files:
        make_clip(name, count=2, codec="mjpeg" if name.endswith("avi") else "mpeg4")
    clips = find_clips([tmp_path / name for name in files], tmp_path / "out")
    assert [clip.stem for clip in clips] == ["x/take", "y/take", "take", "z/take"]
    folders = find_clips([tmp_path / "z"], tmp_path / "out")
    assert sorted(clip.stem for clip in folders) == ["take.avi", "take.mp4"]
    twice = find_clips([tmp_path / "x" / "take.mp4"] * 2, tmp_path / "out")
    assert len(twice) == 1


def test_results_inside_the_input_folder_are_no_clips(make_clip, square, tmp_path: Path) -> None:
    make_clip("in/a.mp4")
    (tmp_path / "in" / "out").mkdir()
    shutil.copy(tmp_path / "in" / "a.mp4", tmp_path / "in" / "out" / "a.overlay.mp4")
    assert len(find_clips([tmp_path / "in"], tmp_path / "in" / "out")) == 1
    shutil.copy(tmp_path / "in" / "a.mp4", tmp_path / "in" / "a.overlay.mp4")
    assert len(find_clips([tmp_path / "in"], tmp_path / "in")) == 1


def test_two_runs_into_one_folder(make_clip, square, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with working_in(out), pytest.raises(InputError, match="another run"):
        extract_batch([make_clip()], out, settings=square)


def test_output_folder_that_cannot_be(make_clip, square, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        extract_batch([make_clip()], tmp_path / "file" / "out", settings=square)


def test_a_manifest_of_something_else(make_clip, square, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text('{"name": "a web page"}')
    with pytest.raises(InputError, match="not one of an extraction"):
        extract_batch([make_clip()], tmp_path / "out", settings=square)


def _much_for_b(extraction: Extraction, clip: str, base: Path) -> None:
    if Path(clip).name == "b.mp4":
        write_bytes(base.with_name("much"), b"x" * 1_000_000)


def test_full_disk(make_clip, square, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    try:
        for name in "abc":
            make_clip(f"in/{name}.mp4", count=10)
        result = extract_batch(
            [tmp_path / "in"],
            small,
            settings=square,
            afterwards=Afterwards(_much_for_b, {}),
        )
        assert states(result) == {"a.mp4": "done", "b.mp4": "failed", "c.mp4": "done"}
        assert "No space left" in result.failed[0].error
        assert leftovers(small) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def _read(path: str) -> PoseSequence:
    return PoseSequence.load(path)


def _is_npz(path: Path) -> bool:
    return path.suffix == ".npz"


def test_imported_keypoints(make_clip, square, tmp_path: Path) -> None:
    make_clip("in/a.mp4")
    first, second = tmp_path / "first", tmp_path / "second"
    extract_batch([tmp_path / "in"], first, settings=square)
    result = extract_batch([first], second, importer=Importer(_read, _is_npz))
    assert states(result) == {"a.npz": "done"}
    assert PoseSequence.load(second / "a.npz").num_frames == 40


def command(plugin: Path, *words: object) -> subprocess.Popen[bytes]:
    """`mgskel extract` in a process group of its own."""
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(root), str(plugin)])
    return subprocess.Popen(
        [sys.executable, "-m", "mgskel", "extract", *map(str, words), "--estimator", "square"],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell's background jobs ignore interrupts, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def test_command_line(make_clip, plugin, tmp_path: Path) -> None:
    make_clip("in/a.mp4"), make_clip("in/b.mp4")
    (tmp_path / "in" / "bad.mp4").write_text("not a video")
    done = command(plugin, tmp_path / "in", "-o", tmp_path / "out", "--overlay", "--json")
    answer, messages = done.communicate()
    assert done.returncode == 1, messages.decode()
    content = json.loads(answer)
    assert (content["done"], content["failed"]) == (2, 1)
    assert b"Traceback" not in messages
    assert (tmp_path / "out" / "a.overlay.mp4").stat().st_size > 500


def test_interrupt_keeps_what_is_done(make_clip, plugin, tmp_path: Path) -> None:
    for index in range(4):
        make_clip(f"in/{index}.mp4", count=900 if index else 10)
    out = tmp_path / "out"
    running = command(plugin, tmp_path / "in", "-o", out)
    while not (out / "0.npz").exists() and running.poll() is None:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.05)
    os.killpg(running.pid, signal.SIGINT)
    _, messages = running.communicate()
    assert running.returncode == 130, messages.decode()
    assert b"Traceback" not in messages
    assert leftovers(out) == []
    PoseSequence.load(out / "0.npz")


@pytest.mark.slow
def test_killed_ten_times(make_clip, plugin, tmp_path: Path) -> None:
    """kill -9 at ten random moments, then once more to the end: as if nothing had happened."""
    for index in range(12):
        make_clip(f"in/{index:02}.mp4", count=300 + 10 * index, size=(160, 120), speed=0.2)
    calm, torn = tmp_path / "calm", tmp_path / "torn"
    undisturbed = command(plugin, tmp_path / "in", "-o", calm, "--workers", 2)
    undisturbed.communicate()
    assert undisturbed.returncode == 0
    chance = random.Random(11)
    cut = 0
    for _ in range(10):
        running = command(plugin, tmp_path / "in", "-o", torn, "--workers", 2)
        try:
            running.wait(chance.uniform(0.3, 1.5))
        except subprocess.TimeoutExpired:
            cut += 1
            # Only the parent is killed: its workers must go by themselves.
            running.kill()
        running.communicate()
        for file in torn.rglob("*.npz"):
            if ".part-" not in file.name:
                PoseSequence.load(file)
    assert cut >= 3
    last = command(plugin, tmp_path / "in", "-o", torn, "--workers", 2)
    last.communicate()
    assert last.returncode == 0
    assert leftovers(torn) == []
    assert sorted(p.name for p in torn.iterdir()) == sorted(p.name for p in calm.iterdir())
    for file in sorted(calm.glob("*.npz")):
        assert file_hash(file) == file_hash(torn / file.name), file.name


@pytest.mark.slow
def test_ray_cluster_with_a_worker_killed(make_clip, square, tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    for index in range(6):
        make_clip(f"in/{index}.mp4", count=20 + index)
    make_clip("in/b.mp4", count=30)
    root = Path(__file__).resolve().parents[2]
    paths = [str(root), str(Path(__file__).parent), *filter(None, sys.path)]
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}},
    )
    try:
        deadly = Afterwards(functools.partial(_die_on_b, tmp_path / "death.once"), {})
        result = extract_batch(
            [tmp_path / "in"],
            tmp_path / "ray",
            settings=square,
            engine="ray",
            workers=2,
            afterwards=deadly,
        )
        (clip,) = find_clips([tmp_path / "in" / "b.mp4"], tmp_path / "parts")
        split = Parts(tmp_path / "parts", 2, "ray", length_s=0.5, warm_up_s=0.1)
        parted = split.extract(clip, square).sequence
    finally:
        ray.shutdown()
    assert parted.provenance[0]["split"]["parts"] == 3
    whole = PoseSequence.load(tmp_path / "ray" / "b.npz")
    np.testing.assert_array_equal(parted.keypoints, whole.keypoints)
    assert set(states(result).values()) == {"done"}
    assert (tmp_path / "death.once").exists()
    extract_batch([tmp_path / "in"], tmp_path / "local", settings=square)
    for file in sorted((tmp_path / "local").glob("*.npz")):
        assert file_hash(file) == file_hash(tmp_path / "ray" / file.name)
