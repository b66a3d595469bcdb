"""The whole path: report folders are complete, reused while they hold, and never half written."""

from __future__ import annotations

import functools
import json
import re
import shutil

import numpy as np
import pytest

from mgskel.analyze import AnalyzeSettings, analyze
from mgskel.cli import main
from mgskel.core.events import read_events, write_events
from mgskel.core.gestures import get_vocabulary
from mgskel.core.sequence import PoseSequence
from mgskel.pose.batches.parts import Parts
from mgskel.synthesis import SynthesisSettings, synthesise_recording

FILES = {"report.html", "pose.npz", "events.csv", "events.eaf", "statements.json",
         "assessment.json"}  # fmt: skip
STAGES = ("extract", "spot", "describe", "reason")


@pytest.fixture(scope="module")
def model(untrained_spotter):
    return untrained_spotter


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    made = synthesise_recording(12, 3, SynthesisSettings(layout="mediapipe_holistic"), fps=20)
    folder = tmp_path_factory.mktemp("recording")
    made.sequence.save(folder / "talk.npz")
    write_events(folder / "truth.csv", made.events)
    return folder / "talk.npz"


@pytest.fixture(scope="module")
def finished(recording, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    result = analyze(recording, folder, AnalyzeSettings(model=model))
    assert result.reused == ()
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A finished report folder that a test may damage."""
    copy = tmp_path / "out"
    shutil.copytree(finished, copy)
    return copy


def embedded(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))


def test_everything_promised_is_there(finished):
    assert {p.name for p in finished.iterdir() if not p.name.startswith(".")} >= FILES
    data = embedded(finished)
    events = read_events(finished / "events.csv")
    assert len(data["events"]) == len(events)
    assert read_events(finished / "events.eaf", get_vocabulary("common"))
    assert (
        data["statements"] == json.loads((finished / "statements.json").read_text())["statements"]
    )
    assert data["outcome"]["reasoner"].startswith("rules")
    assert set(data["files"]) == FILES - {"report.html", "pose.npz"}
    assert PoseSequence.load(finished / "pose.npz").num_frames == data["player"]["frames"]


def test_a_rerun_reuses_every_stage(recording, model, folder):
    before = (folder / "report.html").read_bytes()
    assert analyze(recording, folder, AnalyzeSettings(model=model)).reused == STAGES
    assert (folder / "report.html").read_bytes() == before


def test_people_of_whom_nothing_can_be_said_get_a_report(tmp_path):
    still = np.random.default_rng(0).uniform(100, 400, (2, 1, 17, 2)).repeat(30, 1)
    still[:, :, :11] = np.nan  # legs only
    two = PoseSequence.from_arrays(still, fps=15, skeleton="coco17", frame_size=(640, 480))
    two.save(tmp_path / "two.npz")
    out = tmp_path / "out"
    words = ["analyze", "--from", str(tmp_path / "two.npz"), "-o", str(out), "--all-people", "-q"]
    assert main([*words, "--no-attention"]) == 0
    assert json.loads((out / "statements.json").read_text())["statements"] == []
    assert embedded(out)["outcome"]["status"] == "ok"


def test_a_scene_that_cannot_be_judged_is_refused_before_the_work(recording, tmp_path, capsys):
    (tmp_path / "scene.yaml").write_text("setting: a talk\nlabels: [calm, zzz]\n")
    scene, out = str(tmp_path / "scene.yaml"), tmp_path / "out"
    words = ["analyze", "--from", str(recording), "-o", str(out), "--scene", scene]
    assert main(words) == 2
    assert "zzz" in capsys.readouterr().err and not out.exists()


def test_a_new_scene_is_only_reasoned_anew(recording, model, folder, root):
    scene = next((root / "configs" / "scenes").glob("*.yaml"))
    settings = AnalyzeSettings(model=model, scene=scene)
    assert analyze(recording, folder, settings).reused == STAGES[:3]


@pytest.mark.parametrize(
    ("damaged", "kept"),
    [("pose.npz", ()), ("statements.json", STAGES[:2]), ("assessment.json", STAGES[:3])],
)
def test_damaged_files_are_made_again(recording, model, folder, damaged, kept):
    good = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(good[: len(good) // 2])
    reused = analyze(recording, folder, AnalyzeSettings(model=model)).reused
    assert set(kept) <= set(reused)
    assert STAGES[len(kept)] not in reused
    assert (folder / damaged).read_bytes() == good


def test_an_interrupted_run_goes_on_where_it_stopped(recording, model, tmp_path, monkeypatch):
    out, settings = tmp_path / "out", AnalyzeSettings(model=model)
    with monkeypatch.context() as patch:
        patch.setattr("mgskel.analyze.describe", interrupted)
        with pytest.raises(KeyboardInterrupt):
            analyze(recording, out, settings)
    assert not (out / "report.html").exists()
    assert analyze(recording, out, settings).reused == STAGES[:2]
    assert (out / "report.html").exists()


def test_a_report_is_never_half_written(recording, model, folder, monkeypatch):
    before = (folder / "report.html").read_bytes()
    monkeypatch.setattr("mgskel.report.page.render_page", interrupted)
    with pytest.raises(KeyboardInterrupt):
        analyze(recording, folder, AnalyzeSettings(model=model))
    assert (folder / "report.html").read_bytes() == before
    assert {p.name for p in folder.iterdir() if not p.name.startswith(".")} <= {
        *FILES,
        "quality.json",
        "playback.json",
    }


def interrupted(*arguments, **options):
    raise KeyboardInterrupt


def test_another_recording_is_not_mixed_with_the_old(recording, model, folder, tmp_path):
    other = tmp_path / "other.npz"
    PoseSequence.load(recording).crop(0, 6).save(other)
    assert analyze(other, folder, AnalyzeSettings(model=model)).reused == ()
    assert embedded(folder)["duration_s"] == pytest.approx(6, abs=0.1)


def test_truth_is_shown_beside_what_was_found(recording, model, tmp_path):
    settings = AnalyzeSettings(model=model, reference=recording.parent / "truth.csv")
    analyze(recording, tmp_path / "out", settings)
    data = embedded(tmp_path / "out")
    assert data["truth"]
    assert "true gesture" in data["truth_score"]
    assert {event["row"] for event in data["truth"]} <= set(data["groups"])


def test_hostile_names_and_transcripts_stay_text(recording, model, tmp_path):
    name = "a<img src=x onerror=alert(1)>.npz"
    shutil.copy(recording, tmp_path / name)
    scene = tmp_path / "scene.yaml"
    scene.write_text(
        "setting: interview\nsaid:\n  - {who: the person, from_s: 1, to_s: 2, "
        "text: '</script><script>alert(1)</script>'}\n"
    )
    analyze(tmp_path / name, tmp_path / "out", AnalyzeSettings(model=model, scene=scene))
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert page.count("</script>") == 2


def test_a_place_taken_by_a_folder_is_named(recording, model, tmp_path, capsys):
    out = tmp_path / "out"
    (out / "report.html").mkdir(parents=True)
    words = ["--from", str(recording), "--model", str(model), "-o", str(out), "--quiet"]
    assert main(["analyze", *words]) == 2
    error = capsys.readouterr().err
    assert "report.html" in error
    assert "Traceback" not in error


def write_clip(path, pictures):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 160, 120
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to analyze"),
        (["{clip}", "--from", "{pose}"], "not both"),
        (["--from", "none.npz"], "not found"),
        (["--from", "{pose}", "--model", "nowhere"], "nowhere"),
        (["--from", "{pose}", "--scene", "none.yaml"], "not found"),
        (["--from", "{pose}", "--reference", "none.csv"], "none.csv"),
        (["--from", "{pose}", "--llm-url", "http://localhost:1"], "--llm-model"),
        (["--from", "{pose}", "--with-video"], "cannot show this recording's pictures"),
        (["--from", "{text}"], "no known format"),
        (["--from", "{half}"], "half.npz"),
        (["--from", "{pose}", "--model", "{folder}"], "recognizer.json"),
        (["none.mp4"], "none.mp4"),
        (["{folder}"], "empty"),
        (["{text}"], "text.txt"),
    ],
)
def test_bad_input_is_named_and_leaves_no_report(
    recording, model, tmp_path, capsys, arguments, said
):
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "half.npz").write_bytes(recording.read_bytes()[:2000])
    names = {
        "pose": recording,
        "text": tmp_path / "text.txt",
        "half": tmp_path / "half.npz",
        "folder": tmp_path / "empty",
        "clip": "clip.mp4",
    }
    words = [word.format(**names) for word in arguments]
    if "--model" not in words:
        words += ["--model", str(model)]
    out = tmp_path / "out"
    assert main(["analyze", *words, "-o", str(out), "--quiet"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (out / "report.html").exists()


def test_an_output_that_is_a_file_is_refused(recording, tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert main(["analyze", "--from", str(recording), "-o", str(tmp_path / "out")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_a_clip_without_a_person_harms_no_other(recording, model, tmp_path, capsys):
    pytest.importorskip("mediapipe")
    noise = np.random.default_rng(0).integers(0, 255, (8, 120, 160, 3)).astype(np.uint8)
    write_clip(tmp_path / "empty.mp4", noise)
    words = [str(tmp_path / "empty.mp4"), str(recording), "--model", str(model), "--quiet"]
    assert main(["analyze", *words, "-o", str(tmp_path / "out")]) == 1
    assert "no person" in capsys.readouterr().err
    assert not (tmp_path / "out" / "empty" / "report.html").exists()
    assert (tmp_path / "out" / "talk" / "report.html").exists()


@pytest.mark.slow
def test_a_real_clip_becomes_a_report_with_the_shipped_recognizer(sample_clip, tmp_path):
    result = analyze(sample_clip, tmp_path / "out")
    data = embedded(tmp_path / "out")
    assert result.assessed == "ok"
    assert data["player"]["frames"] == 120
    assert data["quality"]["verdict"]


@pytest.mark.slow
def test_a_long_clip_is_split_among_workers(sample_clip, tmp_path, monkeypatch):
    short = functools.partial(Parts, length_s=1.0, warm_up_s=0.4)
    monkeypatch.setattr("mgskel.analyze.Parts", short)
    result = analyze(sample_clip, tmp_path / "out", workers=2)
    assert result.assessed == "ok"
    step = PoseSequence.load(tmp_path / "out" / "pose.npz").provenance[0]
    assert step["split"]["parts"] > 1
    assert {path.name for path in (tmp_path / "out").glob("*.npz")} == {"pose.npz"}
    assert not list((tmp_path / "out").glob(".parts-*"))


@pytest.mark.parametrize("clips", [1, 2])
def test_a_scene_shorter_than_the_recording_is_refused_before_the_work(
    recording, tmp_path, capsys, clips
):
    (tmp_path / "scene.yaml").write_text("setting: a talk\nduration_s: 2\n")
    second = tmp_path / "b.npz"
    shutil.copy(recording, second)
    given = ["--from", str(recording)] if clips == 1 else [str(recording), str(second)]
    out = tmp_path / "out"
    words = [*given, "-o", str(out), "--scene", str(tmp_path / "scene.yaml"), "--no-attention"]
    assert main(["analyze", *words, "-q"]) == 2
    assert "the scene is shorter than the recording" in capsys.readouterr().err
    assert not list(tmp_path.rglob("pose.npz")) and not list(tmp_path.rglob("events.csv"))
