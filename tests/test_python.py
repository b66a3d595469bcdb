"""From Python: a function a door, frames as well as files, objects that show themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from puppet import Puppet

import mgskel as mg
from mgskel.cli import main
from mgskel.core.animation import animated_svg
from mgskel.core.errors import InputError
from mgskel.pose.frames import Frame
from mgskel.report.films.live_view import LiveView
from mgskel.spotting.live import Live, LiveFrame
from mgskel.synthesis import SynthesisSettings, synthesise_recording

SIZE = (320, 180)


@pytest.fixture(scope="module")
def recording() -> mg.PoseSequence:
    made = synthesise_recording(6, 5, SynthesisSettings(layout="mediapipe_holistic"), fps=20)
    return made.sequence


def pictures(count: int) -> Iterator[np.ndarray]:
    for _ in range(count):
        yield np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


def test_every_name_is_there() -> None:
    assert all(getattr(mg, name) is not None for name in mg.__all__)
    assert (Path(mg.__file__).parent / "py.typed").is_file()


def test_frames_that_are_there_are_a_clip(
    recording: mg.PoseSequence, as_estimator: Callable[..., None]
) -> None:
    as_estimator(Puppet(recording))
    film = np.stack(list(pictures(12)))
    found = mg.extract(film, fps=10)
    assert (found.num_frames, found.fps, found.frame_size) == (12, 10.0, SIZE)
    assert len(mg.spot(pictures(12))) >= 0
    with pytest.raises(InputError, match="no picture"):
        mg.extract(film.astype(float), fps=10)


def test_what_is_found_is_a_table(recording: mg.PoseSequence, untrained_spotter: Path) -> None:
    events = mg.spot(recording, untrained_spotter)
    assert len(events) > 0 and events == mg.Recognizer.load(untrained_spotter).spot(recording)
    assert list(events.to_pandas().label) == [event.label for event in events]
    assert events[0].label in events._repr_html_()
    assert str(events).splitlines()[1].split()[2:3] == [events[0].label.split()[0]]
    assert str(type(events)()) == "no gestures found"


def test_a_data_set_shows_its_first_recordings(recording: mg.PoseSequence) -> None:
    shown = mg.Dataset.of([recording] * 12)._repr_html_()
    assert shown.count("<tr>") == 11 and "Dataset(12 recordings), the first 10" in shown


def test_following_finds_what_spotting_finds(
    recording: mg.PoseSequence, untrained_spotter: Path
) -> None:
    sized = recording.replace(frame_size=SIZE)
    seen = mg.follow(pictures(sized.num_frames), untrained_spotter, Puppet(sized), fps=20)
    assert sorted(seen, key=lambda e: (e.start_s, e.label)) == sorted(
        mg.spot(sized, untrained_spotter), key=lambda e: (e.start_s, e.label)
    )


def test_what_was_followed_can_be_kept(recording: mg.PoseSequence, untrained_spotter: Path) -> None:
    live = Live(
        pictures(30), mg.Recognizer.load(untrained_spotter), Puppet(recording), fps=20, record=True
    )
    assert sum(moment.person is not None for moment in live) == 30
    kept = live.recorded()
    np.testing.assert_array_equal(kept.keypoints, recording.keypoints[:1, :30])


@pytest.mark.parametrize("events", [None, ()])
def test_rooms_that_may_be_called(recording: mg.PoseSequence, events: tuple[()] | None) -> None:
    description = mg.describe(recording, events)
    assert description.statements and "statements" in repr(description)
    assert description.text().splitlines()[0] in description._repr_html_()


def test_the_whole_way(recording: mg.PoseSequence, tmp_path: Path) -> None:
    recording.save(tmp_path / "talk.npz")
    settings = mg.analyze.AnalyzeSettings(attention=False)
    result = mg.analyze(tmp_path / "talk.npz", tmp_path / "out", settings)
    assert result.report.is_file() and "<iframe" in result._repr_html_()
    assert isinstance(mg.load(tmp_path / "out"), mg.PoseSequence)
    assert isinstance(mg.load(tmp_path / "out" / "events.eaf"), mg.Events)
    assert isinstance(mg.load(tmp_path / "out" / "statements.json"), mg.Description)


def test_a_run_is_loaded(untrained_spotter: Path) -> None:
    assert isinstance(mg.load(untrained_spotter), mg.Recognizer)


def test_a_recording_shows_and_gives_itself(recording: mg.PoseSequence) -> None:
    shown = recording._repr_html_()
    assert shown.count("<animate ") >= 4 and len(shown) < 400_000 and "<script" not in shown
    table = recording.to_pandas()
    assert len(table) == recording.scores.size and list(table.columns[:3]) == [
        "person", "time_s", "joint",
    ]  # fmt: skip


def test_weights_are_taken_over_as_far_as_they_fit(caplog: pytest.LogCaptureFixture) -> None:
    shipped = mg.Recognizer.load()
    channels = shipped.network.in_channels
    model = mg.create_model(
        "light", shipped.skeleton, 5, in_channels=channels, pretrained="default"
    )
    assert "as they were: head.weight, head.bias" in caplog.text
    ours, theirs = model.state_dict(), shipped.network.state_dict()
    same = [key for key in ours if not key.startswith("head.")]
    assert all(torch.allclose(ours[key].float(), theirs[key].float()) for key in same)


def test_threads_may_share_a_recognizer(
    recording: mg.PoseSequence, untrained_spotter: Path
) -> None:
    shared = mg.Recognizer.load(untrained_spotter)
    alone = mg.Recognizer.load(untrained_spotter).spot(recording)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(shared.spot, [recording] * 8))


def test_live_tells_draws_and_records(
    recording: mg.PoseSequence,
    untrained_spotter: Path,
    as_estimator: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(pictures(60)):
        Image.fromarray(picture).save(folder / f"{number}.png")
    as_estimator(Puppet(recording, SIZE))
    record, output = tmp_path / "pose.npz", tmp_path / "events.csv"
    words = ["live", str(folder), "--lines", "--every-frame", "--json", "--fps", "20", "-v"]
    words += ["--model", str(untrained_spotter), "--record", str(record), "-o", str(output)]
    assert main(words) == 0
    said = capsys.readouterr()
    told = [json.loads(line)["label"] for line in said.out.splitlines()]
    assert sorted(told) == sorted(event.label for event in mg.read_events(output)) and told
    assert mg.PoseSequence.load(record).num_frames == 60
    assert "320 x 180" in said.err and "ms a frame" in said.err


@pytest.mark.parametrize("ground", ["picture", "blur", "blank"])
def test_the_live_view(recording: mg.PoseSequence, ground: str) -> None:
    seen = Puppet(recording, SIZE).estimate([np.zeros(1)])[0][0]
    frame = Frame(0.0, next(pictures(1)))
    event = mg.GestureEvent("1", "nodding", 0, 1.0, 2.0)
    moment = LiveFrame(frame, seen, (event,), 0.0)
    drawn = LiveView(ground).draw(moment, recording.skeleton, [event])
    empty = LiveView(ground).draw(replace(moment, person=None), recording.skeleton, [])
    assert drawn.shape == (SIZE[1], SIZE[0], 3) and (drawn != empty).any()


def test_an_animation_is_small_and_moves(recording: mg.PoseSequence) -> None:
    drawn = animated_svg(recording.to_skeleton("upper"), height=150, frames=45, legend=False)
    assert len(drawn) < 40_000
    moments = re.findall(r'values="([^"]*)"', drawn)
    assert all(45 >= values.count(";") + 1 > 30 for values in moments)
    assert any(len(set(values.split(";"))) > 10 for values in moments)
