"""Tracks are stable through crossings and losses, and a change of person is a change of id."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mgskel.core.errors import InputError
from mgskel.core.skeleton import get_skeleton
from mgskel.pose.estimator import Detection
from mgskel.pose.people import choose, dense
from mgskel.pose.prominence import Standing, may_be_kept
from mgskel.pose.tracking import PeopleSettings, Tracker

LAYOUT = get_skeleton("coco17")
FPS = 25
SIZE = (1280, 720)
# Offsets from the middle of the shoulders, in shoulder widths.
_BODY = {
    "nose": (0, -0.7),
    "left_eye": (0.1, -0.8),
    "right_eye": (-0.1, -0.8),
    "left_ear": (0.2, -0.75),
    "right_ear": (-0.2, -0.75),
    "left_shoulder": (0.5, 0),
    "right_shoulder": (-0.5, 0),
    "left_elbow": (0.6, 0.8),
    "right_elbow": (-0.6, 0.8),
    "left_wrist": (0.4, 1.4),
    "right_wrist": (-0.4, 1.4),
    "left_hip": (0.35, 1.6),
    "right_hip": (-0.35, 1.6),
    "left_knee": (0.35, 2.6),
    "right_knee": (-0.35, 2.6),
    "left_ankle": (0.35, 3.5),
    "right_ankle": (-0.35, 3.5),
}


def person_at(x: float, y: float = 250, size: float = 100, rng=None) -> Detection:
    points = np.array([_BODY[joint] for joint in LAYOUT.joints]) * size + (x, y)
    if rng is not None:
        points = points + rng.normal(0, 0.02 * size, points.shape)
    return Detection(points.astype(np.float32), np.full(LAYOUT.num_joints, 0.9, np.float32))


def follow(frames: list[list[Detection]], fps: float = FPS):
    tracker = Tracker(LAYOUT, SIZE, PeopleSettings())
    for index, detections in enumerate(frames):
        tracker.push(index, index / fps, detections)
    return tracker.finish()


def nose_path(track) -> np.ndarray:
    return np.stack(track.keypoints)[:, LAYOUT.index("nose"), 0]


@pytest.mark.parametrize("seed", range(5))
def test_ids_survive_a_crossing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(100):
        walkers = [person_at(200 + 8 * index, rng=rng), person_at(1000 - 8 * index, 270, rng=rng)]
        order = rng.permutation(2)
        frames.append([walkers[i] for i in order])
    tracks = follow(frames)
    assert len(tracks) == 2
    for track in tracks:
        assert len(track.frames) == 100
        steps = np.diff(nose_path(track))
        assert (np.sign(steps).mean() > 0.9) or (np.sign(steps).mean() < -0.9)


@pytest.mark.parametrize("seed", range(5))
def test_ids_survive_a_crossing_in_which_one_hides_the_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(100):
        near = person_at(200 + 8 * index, rng=rng)
        far = person_at(1000 - 8 * index, 260, 85, rng=rng)
        hidden = abs((200 + 8 * index) - (1000 - 8 * index)) < 60
        frames.append([near] if hidden else [far, near])
    tracks = follow(frames)
    assert len(tracks) == 2
    assert sorted(len(track.frames) for track in tracks) == [93, 100]


def test_who_walks_behind_somebody_comes_out_as_themselves() -> None:
    frames = []
    for index in range(200):
        near, far = person_at(640, size=160), person_at(1240 - 6 * index, 260, 90)
        hidden = abs((1240 - 6 * index) - 640) < 200  # for 2.6 s
        frames.append([near] if hidden else [near, far])
    assert [track.name for track in follow(frames)] == ["1", "2"]


def test_an_unbroken_run_of_the_estimator_is_believed() -> None:
    def at(x: float, run: int) -> Detection:
        return dataclasses.replace(person_at(x), run=run)

    rng = np.random.default_rng(0)
    frames = [[at(500 + 40 * rng.normal(), 7)] for _ in range(50)]
    frames += [[at(500, 8)] for _ in range(50)]  # found anew in the same place
    tracks = follow(frames)
    assert [len(track.frames) for track in tracks] == [100]


def test_a_short_loss_keeps_the_id_and_a_long_one_ends_it() -> None:
    def seen(t: float) -> bool:
        return not 2 <= t < 4 and not 6 <= t < 18

    frames = [[person_at(500)] if seen(i / FPS) else [] for i in range(20 * FPS)]
    tracks = follow(frames)
    assert [track.name for track in tracks] == ["1", "2"]
    assert len(tracks[0].frames) == 4 * FPS


def test_a_jump_to_somebody_else_splits_and_the_return_gets_the_old_id() -> None:
    # As a one-person estimator does it: a few half-way poses in between, never an empty frame.
    rng = np.random.default_rng(1)
    way = [500.0] * 50 + [430, 330] + [250.0] * 40 + [350, 450] + [500.0] * 50
    sizes = [100.0] * 50 + [80, 70] + [90.0] * 40 + [75, 85] + [100.0] * 50
    tracks = follow([[person_at(x, size=s, rng=rng)] for x, s in zip(way, sizes, strict=True)])
    first = next(track for track in tracks if track.name == "1")
    assert np.abs(nose_path(first) - 500).max() < 20
    assert len(first.frames) >= 96
    other = max((t for t in tracks if t is not first), key=lambda t: len(t.frames))
    assert np.abs(nose_path(other) - 250).max() < 25
    (absence,) = [n for n in choose(tracks, 144, SIZE, PeopleSettings()).notes if "not seen" in n]
    assert "person 1 was not seen between" in absence


def test_a_stumble_of_the_estimator_costs_nothing() -> None:
    rng = np.random.default_rng(2)
    frames = []
    for index in range(100):
        one = person_at(500, rng=rng)
        if index % 20 == 10:  # the shoulders slip for one frame
            slipped = one.keypoints.copy()
            slipped[LAYOUT.index("left_shoulder")] += (-30, 10)
            one = Detection(slipped, one.scores)
        frames.append([one])
    tracks = follow(frames)
    assert [len(track.frames) for track in tracks] == [100]


def test_fast_movement_is_no_jump() -> None:
    # Jumping and squatting: up to five shoulder widths per second, head and shoulders together.
    heights = 250 + 80 * np.sin(2 * np.pi * 1.0 * np.arange(60) / 10)
    tracks = follow([[person_at(500, y)] for y in heights], fps=10)
    assert [len(track.frames) for track in tracks] == [60]


def test_the_main_person_is_large_central_and_present() -> None:
    small = [[person_at(600, size=100), person_at(200, size=50)] for _ in range(50)]
    choice = choose(follow(small), 50, SIZE, PeopleSettings())
    assert len(choice.tracks) == 1
    assert np.median(nose_path(choice.tracks[0])) == 600
    assert "others seen: 2" in choice.notes[0]


def test_a_rival_is_named() -> None:
    equal = [[person_at(500), person_at(780)] for _ in range(50)]
    choice = choose(follow(equal), 50, SIZE, PeopleSettings())
    assert any("nearly as prominent" in note for note in choice.notes)


def test_of_equals_the_one_looked_at_closely_is_kept() -> None:
    glimpsed = dataclasses.replace(person_at(500), glimpsed=True)
    choice = choose(follow([[glimpsed, person_at(780)]] * 50), 50, SIZE, PeopleSettings())
    assert choice.tracks[0].name == "2" and not choice.tracks[0].glimpses


def test_one_can_ask_for_anybody_or_everybody() -> None:
    tracks = follow([[person_at(600), person_at(200, size=50)] for _ in range(50)])
    (second,) = choose(tracks, 50, SIZE, PeopleSettings(keep="2")).tracks
    assert second.name == "2"
    everybody = choose(tracks, 50, SIZE, PeopleSettings(keep="all")).tracks
    assert [track.name for track in everybody] == ["1", "2"]
    with pytest.raises(InputError, match="no person '7'"):
        choose(tracks, 50, SIZE, PeopleSettings(keep="7"))


def test_one_can_ask_by_side_size_or_place_and_passers_by_do_not_count() -> None:
    frames = [[person_at(300, size=60), person_at(700), person_at(1100, size=80)]] * 60
    frames = [[*f, *([person_at(100 + 10 * i)] if 20 <= i < 40 else [])] for i, f in
              enumerate(frames)]  # fmt: skip
    tracks = follow(frames)
    places = {"left": 300, "right": 1100, "largest": 700, "350,200": 300, "1000,300": 1100}
    for keep, x in places.items():
        (kept,) = choose(tracks, 60, SIZE, PeopleSettings(keep=keep)).tracks
        assert np.median(nose_path(kept)) == x


def test_dense_leaves_absence_missing() -> None:
    tracks = follow([[person_at(500)] if i % 2 else [] for i in range(40)])
    points, scores = dense(tracks, 40, LAYOUT.num_joints)
    assert points.shape == (1, 40, 17, 2)
    assert np.isnan(points[0, 0]).all() and (scores[0, 0] == 0).all()
    assert np.isfinite(points[0, 1]).all() and (scores[0, 1] > 0).all()


def test_who_may_be_kept_is_foreseen_from_what_was_seen_so_far() -> None:
    people = [
        Standing(100, np.array([600.0, 350]), 1.0),
        Standing(70, np.array([250.0, 350]), 1.0),
        Standing(150, np.array([1000.0, 350]), 0.1),  # passes by
    ]
    assert may_be_kept("main", people, SIZE) == (True, False, False)
    assert may_be_kept("left", people, SIZE) == (False, True, False)
    assert may_be_kept("right", people, SIZE) == (True, False, True)
    assert may_be_kept("largest", people, SIZE) == (True, False, True)
    equal = [people[0], dataclasses.replace(people[0], size=97)]
    assert may_be_kept("main", equal, SIZE) == (True, True)
    assert may_be_kept("main", equal, SIZE, settled=1) == (False, True)
    assert may_be_kept("main", people, SIZE, settled=1) == (True, False, False)
    for keep in ("all", "2"):
        assert all(may_be_kept(keep, people, SIZE))
