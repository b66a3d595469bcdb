"""The body: bones keep their length, joints their limits, hands arrive where they should."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from mgskel.synthesis.performance import perform
from mgskel.synthesis.person.actor import act, joints
from mgskel.synthesis.person.geometry import (
    ELBOW_FLEXION,
    FOREARM_TWIST,
    WRIST_BEND,
    bend_limited,
    flexion_degrees,
    reach_limits,
    rotation,
    solve,
    turn,
    twist_limited,
    unit,
)
from mgskel.synthesis.person.gesture_motion import add_body_moves
from mgskel.synthesis.person.hands import POSTURES, arm_points, contact_point, hand_shape, posture
from mgskel.synthesis.person.physique import sample_body
from mgskel.synthesis.person.rest import sample_temper
from mgskel.synthesis.person.walks import add_walks
from mgskel.synthesis.programs import channels_of, load_programs
from mgskel.synthesis.signals import CHANNELS, Channels

PROGRAMS = load_programs()
HANDED = [name for name, program in PROGRAMS.programs.items() if program.hands is not None]
points = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)


def acted(name: str, seed: int, fps: float = 20.0):
    rng = np.random.default_rng(seed)
    program = PROGRAMS.programs[name]
    seated = program.posture != "standing" if program.posture != "any" else bool(seed % 2)
    body = sample_body(rng, seated)
    performance = perform(program, PROGRAMS, 0.5, seated, rng)
    time = np.arange(int((performance.end_s + 0.5) * fps)) / fps
    temper = sample_temper(rng)
    return performance, act(rng, body, temper, (performance,), PROGRAMS, time, fps)


@given(points, points, st.floats(0.5, 0.9), st.floats(0.5, 0.9), points)
@settings(max_examples=150, deadline=None)
def test_inverse_kinematics_keeps_bone_lengths_and_flexion(root, goal, upper, lower, pole):
    axis = unit(goal - root)
    if np.linalg.norm(goal - root) < 1e-2 or np.linalg.norm(np.cross(axis, unit(pole))) < 1e-2:
        return
    middle, end = solve(root[None], goal[None], upper, lower, pole[None])
    assert np.linalg.norm(middle - root) == pytest.approx(upper, abs=1e-6)
    assert np.linalg.norm(end - middle) == pytest.approx(lower, abs=1e-6)
    flexion = float(flexion_degrees(root[None], middle, end)[0])
    assert ELBOW_FLEXION[0] - 0.1 <= flexion <= ELBOW_FLEXION[1] + 0.1
    near, far = reach_limits(upper, lower, ELBOW_FLEXION)
    if near <= np.linalg.norm(goal - root) <= far:
        np.testing.assert_allclose(end[0], goal, atol=1e-6)


def test_directions_mean_what_the_axes_say():
    zero = np.zeros(1)
    tilt = np.array([30.0])
    forward, up = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    assert turn(rotation(tilt, zero, zero), forward)[0, 1] < -0.4  # the nose goes down
    assert turn(rotation(zero, tilt, zero), forward)[0, 0] > 0.4  # to the person's left
    assert turn(rotation(zero, zero, tilt), up)[0, 0] > 0.4  # towards the left shoulder


@given(points, points, points, st.floats(5, 120))
@settings(max_examples=100, deadline=None)
def test_limits_of_bend_and_twist_hold(direction, axis, neutral, limit):
    if min(np.linalg.norm(v) for v in (direction, axis, neutral)) < 0.1:
        return
    direction, axis, neutral = (unit(v)[None] for v in (direction, axis, neutral))
    if (
        np.abs(np.cross(direction, axis)).max() < 1e-3
        or np.abs(np.cross(neutral, axis)).max() < 1e-3
    ):
        return
    bent = bend_limited(direction, axis, limit)
    assert np.degrees(np.arccos(np.clip((bent * axis).sum(), -1, 1))) <= limit + 0.01
    twisted = twist_limited(direction, axis, neutral, limit)
    zero = unit(neutral - (neutral * axis).sum() * axis)
    assert np.degrees(np.arccos(np.clip((twisted * zero).sum(), -1, 1))) <= limit + 0.01


def test_channels_stay_within_the_body_and_small_motion_is_untouched():
    channels = Channels(3)
    channels["head_yaw"][:] = [10.0, 74.0, -500.0]
    limited = channels.limited()["head_yaw"]
    assert limited[0] == 10.0
    assert (np.abs(limited) <= CHANNELS["head_yaw"][1]).all()


@pytest.mark.parametrize("name", POSTURES)
def test_fingers_keep_their_bones_in_every_posture(name):
    straight = hand_shape(np.zeros((1, 7))).reshape(5, 4, 3)
    curled = hand_shape(posture(name)[None]).reshape(5, 4, 3)
    for hand in (straight, curled):
        bones = np.linalg.norm(np.diff(hand, axis=1), axis=-1)
        reference = np.linalg.norm(np.diff(straight, axis=1), axis=-1)
        np.testing.assert_allclose(bones, reference, atol=1e-6)


def test_a_fist_is_shorter_than_an_open_hand_and_a_pointing_finger_is_not():
    reach = {
        name: contact_point("index_tip", posture(name))[0] for name in ("fist", "open", "point")
    }
    assert reach["fist"] < 0.6 * reach["open"]
    assert reach["point"] > 0.85 * reach["open"]


@pytest.mark.parametrize("name", HANDED)
def test_arms_obey_their_joints_in_every_program(name):
    performance, acting = acted(name, 3)
    for side in ("left", "right"):
        arm = arm_points(acting.body, acting.trunk, side, acting.tracks[side])
        shoulder, elbow, wrist = (
            arm[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist")
        )
        flexion = flexion_degrees(shoulder, elbow, wrist)
        assert (flexion >= ELBOW_FLEXION[0] - 0.5).all()
        assert (flexion <= ELBOW_FLEXION[1] + 0.5).all()
        np.testing.assert_allclose(
            np.linalg.norm(elbow - wrist, axis=-1), acting.body.forearm, atol=1e-6
        )
        along = unit(arm[f"{side}_middle_mcp"] - wrist)
        bend = np.degrees(np.arccos(np.clip((along * unit(wrist - elbow)).sum(-1), -1, 1)))
        # The last half step of the solution may leave a little over the limit.
        assert np.quantile(bend, 0.95) <= WRIST_BEND + 15
    assert FOREARM_TWIST < 120 and performance.end_s > performance.onset_s


@pytest.mark.parametrize("target", ["nose", "eye", "chin", "forehead", "notch", "collar", "lips"])
def test_the_hand_reaches_its_target(target):
    names = [n for n in HANDED if target in PROGRAMS.programs[n].hands.targets]
    reached = []
    for seed in range(4):
        performance, acting = acted(names[0], seed)
        if performance.target != target:
            continue
        tips = joints(acting, [f"{performance.hand_sides[0]}_index_tip", "nose", "left_shoulder",
                               "right_shoulder"]) / acting.body.metres  # fmt: skip
        middle = (tips[:, 2] + tips[:, 3]) / 2
        anchor = tips[:, 1] if PROGRAMS.target(target).frame == "head" else middle
        offset = 0.45 if PROGRAMS.target(target).frame == "head" else 0.55
        at_apex = (acting.time >= performance.apex_s) & (acting.time <= performance.offset_s)
        away = acting.time < performance.onset_s
        distance = np.linalg.norm(tips[:, 0] - anchor, axis=-1)
        assert np.median(distance[at_apex]) < offset
        assert np.median(distance[at_apex]) < 0.5 * np.median(distance[away])
        reached.append(seed)
    assert reached


@pytest.mark.parametrize("name", ["nod", "nod-upwards", "bounce-shoulders", "move-legs"])
def test_pulses_come_as_often_as_the_truth_says(name):
    for seed in range(5):
        performance, acting = acted(name, seed, fps=60.0)
        channels = Channels(len(acting.time))
        add_body_moves(channels, (performance,), acting.time, 60.0)
        channel = channels_of(performance.program.body[0].channel, performance.side)[0]
        excursion = channels[channel] / performance.amounts[0]
        high = excursion > 0.4 * excursion.max()
        assert np.count_nonzero(np.diff(high.astype(int)) == 1) == performance.repetitions
        outside = (acting.time < performance.onset_s) | (acting.time > performance.end_s)
        assert np.abs(excursion[outside]).max() < 0.02


def test_a_body_at_rest_is_never_still_and_never_jumps():
    rng = np.random.default_rng(8)
    body = sample_body(rng, True)
    time = np.arange(900) / 30
    acting = act(rng, body, sample_temper(rng), (), PROGRAMS, time, 30.0)
    names = ["nose", "left_shoulder", "right_wrist", "left_index_tip"]
    speed = np.linalg.norm(np.diff(joints(acting, names), axis=0), axis=-1) * 30 / body.metres
    assert (np.median(speed, axis=0) > 1e-4).all()
    assert speed.max() < 4.0


@pytest.mark.parametrize("seated", [True, False])
def test_people_come_and_leave(seated):
    time = np.arange(900) / 30
    channels = Channels(len(time))
    add_walks(np.random.default_rng(3), channels, time, seated, 1.0, ())
    moved = np.abs(channels.values).sum(1)
    assert moved[-1] > 10 and np.all(moved[150:750] == 0), "turned away at the end, there between"
    bowed, _ = acted("bow-head", 4)
    body = [replace(bowed, onset_s=0.0, end_s=30.0)]
    add_walks(np.random.default_rng(3), still := Channels(len(time)), time, seated, 1.0, body)
    assert not still.values.any(), "not while the body gestures"
