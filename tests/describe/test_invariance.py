"""What must not change a description, and what must change it in one direction only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.sequence import PoseSequence
from mgskel.describe import Description, describe

Make = Callable[..., "Puppet"]  # noqa: F821


def busy(make: Make, fps: float = 30.0) -> object:
    """A bit of everything, on both sides unequally."""
    doll = make(43, fps)
    t = doll.times
    doll.reach("right", "nose", 2, 4, rub=(0.05, 2.0)).reach("left", "left_ear", 7, 9)
    doll.head(dy=0.06 * np.sin(2 * np.pi * 2 * t) * ((t > 12) & (t < 14)))
    doll.head(dx=0.2 * doll.during(17, 19)).tilt(-15 * doll.during(22, 24))
    doll.shift(["left_shoulder", "right_shoulder", "neck"], 0, -0.14 * doll.during(27, 28))
    doll.reach("left", (0.1, 0.45), 31, 34)
    return doll


def facts(description: Description) -> list[tuple[str, str, str]]:
    return [(s.kind, s.side, s.category) for s in description.statements]


def swapped(text: str) -> str:
    return text.replace("left", "@").replace("right", "left").replace("@", "right")


def tells_no_more(kind: str, than: str) -> bool:
    """The same, or the undecided face instead of a place on it."""
    return kind == than or (kind == "hand_to_face" and than.startswith("hand_to_"))


def assert_same(one: Description, other: Description, slack_s: float = 0.1) -> None:
    assert sorted(facts(one)) == sorted(facts(other))
    by_fact = sorted(one.statements, key=lambda s: (s.kind, s.side, s.category, s.from_s))
    other_by_fact = sorted(other.statements, key=lambda s: (s.kind, s.side, s.category, s.from_s))
    for a, b in zip(by_fact, other_by_fact, strict=True):
        if a.kind not in ("fidgeting", "stillness"):
            assert (a.from_s, a.to_s) == pytest.approx((b.from_s, b.to_s), abs=slack_s)


def test_a_mirrored_recording_gives_mirrored_words(puppet: Make) -> None:
    sequence = busy(puppet).sequence()
    plain, mirrored = describe(sequence), describe(sequence.mirrored())
    assert sorted(swapped(s.text) for s in mirrored.statements) == sorted(
        s.text for s in plain.statements
    )
    for length in ("short", "medium"):
        page, other = plain.text(length).splitlines(), mirrored.text(length).splitlines()
        assert [swapped(line) for line in other[:-1]] == page[:-1]


@settings(max_examples=8, deadline=None)
@given(
    scale=st.floats(0.02, 40.0),
    dx=st.floats(-3000, 3000),
    dy=st.floats(-3000, 3000),
)
def test_scale_and_place_change_nothing(
    puppet_sequence: PoseSequence, scale: float, dx: float, dy: float
) -> None:
    plain = describe(puppet_sequence)
    moved = puppet_sequence.replace(
        keypoints=puppet_sequence.keypoints * np.float32(scale) + np.float32([dx, dy])
    )
    assert_same(plain, describe(moved), 0.04)


@pytest.mark.parametrize("fps", [15.0, 24.0, 25.0, 50.0, 60.0, 120.0])
def test_the_frame_rate_changes_nothing(puppet: Make, fps: float) -> None:
    assert_same(describe(busy(puppet).sequence()), describe(busy(puppet, fps).sequence()), 0.2)


def test_uneven_timestamps_change_nothing(puppet: Make) -> None:
    sequence = busy(puppet).sequence()
    generator = np.random.default_rng(1)
    kept = np.sort(generator.choice(sequence.num_frames, int(sequence.num_frames * 0.85), False))
    assert_same(describe(sequence), describe(sequence.frames(kept)), 0.25)


@pytest.mark.parametrize("layout", ["upper", "imigue22", "mediapipe_holistic"])
def test_layouts_with_fingers_agree(puppet: Make, layout: str) -> None:
    doll = busy(puppet)
    told = set(facts(describe(doll.sequence(layout=layout))))
    expected = {
        ("hand_to_nose", "right", "touching"),
        ("hand_to_ear", "left", "touching"),
        ("head_turn", "left", "turned"),
        ("shoulders_raised", "both", "raised"),
    }
    assert expected <= told


def test_without_fingers_the_hand_is_prolonged_from_the_forearm(puppet: Make) -> None:
    description = describe(busy(puppet).sequence(layout="coco17"))
    kinds = {s.kind for s in description.statements if s.category == "touching"}
    assert any(kind.startswith("hand_to_") for kind in kinds)
    full = describe(busy(puppet).sequence())
    best = max(s.confidence for s in full.statements if s.kind.startswith("hand_to"))
    assert max(s.confidence for s in description.statements if s.kind.startswith("hand_to")) < best


def test_a_touch_without_seen_fingers_says_so(puppet_sequence: PoseSequence) -> None:
    tips = [n for n in puppet_sequence.skeleton.joints if n.endswith("_tip")]
    lost = np.ix_([0], (1.5 < puppet_sequence.timestamps).nonzero()[0][:90],
                  puppet_sequence.skeleton.indices(*tips))  # fmt: skip
    points = puppet_sequence.keypoints.copy()
    points[lost] = np.nan
    scores = np.where(np.isnan(points[..., 0]), 0, puppet_sequence.scores)
    for sequence, guessed in (
        (puppet_sequence, False),
        (puppet_sequence.replace(keypoints=points, scores=scores), True),
    ):
        (touch,) = (
            one
            for one in describe(sequence).statements
            if one.kind in ("hand_to_nose", "hand_to_face") and one.category == "touching"
        )
        assert touch.guessed is guessed
        assert ("fingers not seen" in touch.text) is ("touched" not in touch.text) is guessed


@pytest.mark.parametrize("seed", range(4))
def test_more_noise_gives_fewer_statements_and_never_invented_ones(puppet: Make, seed: int) -> None:
    """What noise leaves was there without it: the same kind and side at the same time."""
    doll = busy(puppet)
    clean = describe(doll.sequence(seed=seed))
    counts = []
    for noise in (0.0, 0.01, 0.03, 0.08, 0.2):
        noisy = describe(doll.sequence(noise=noise, seed=seed))
        told = [s for s in noisy.statements if s.kind not in ("fidgeting", "stillness")]
        counts.append(len(told))
        for s in noisy.statements:
            alike = [
                c
                for c in clean.statements
                if c.from_s < s.to_s + 0.5 and c.to_s > s.from_s - 0.5
                if c.side in (s.side, "both") and tells_no_more(s.kind, c.kind)
            ]
            assert alike, f"invented at noise {noise}: {s.text}"
    assert counts[-1] <= 1 and counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("noise", [0.005, 0.02, 0.05])
def test_noise_alone_says_nothing(puppet: Make, noise: float) -> None:
    for seed in range(3):
        statements = describe(puppet(60).sequence(noise=noise, seed=seed)).statements
        assert {s.kind for s in statements} <= {"stillness"}
