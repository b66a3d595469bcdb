from __future__ import annotations

import numpy as np
import pytest

from mgskel.core.body_scale import body_size
from mgskel.core.skeleton import get_skeleton
from mgskel.datasets.normalise import Normalisation, normalise

KINECT = get_skeleton("kinect20")


def swinging(frames: int = 40, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(1, 1, 20, 3)) + 0.05 * rng.normal(size=(1, frames, 20, 3))
    return points.astype(np.float32)


@pytest.mark.parametrize("origin", ["clip", "frame", "start"])
@pytest.mark.parametrize("scale", ["shoulders", "bones"])
def test_neither_place_nor_size_of_the_body_matters(origin: str, scale: str) -> None:
    settings = Normalisation(origin=origin, scale=scale)  # type: ignore[arg-type]
    points = swinging()
    here = normalise(points, KINECT, settings)
    there = normalise(points * 3.7 + np.array([5, -2, 9], np.float32), KINECT, settings)
    np.testing.assert_allclose(here, there, atol=2e-4)


def test_shoulders_end_up_one_unit_apart() -> None:
    body = normalise(swinging(), KINECT, Normalisation())
    gap = body[0, :, KINECT.index("left_shoulder")] - body[0, :, KINECT.index("right_shoulder")]
    assert np.median(np.linalg.norm(gap, axis=-1)) == pytest.approx(1, abs=1e-5)


def test_small_movements_keep_their_amplitude_relative_to_the_body() -> None:
    points = np.repeat(swinging(1), 40, axis=1)
    wrist = KINECT.index("right_wrist")
    width = body_size(points[0], KINECT)
    points[0, :, wrist, 0] += 0.01 * width * np.sin(np.arange(40))
    body = normalise(points, KINECT, Normalisation())
    assert np.ptp(body[0, :, wrist, 0]) == pytest.approx(0.02, rel=0.02)


def test_missing_stays_missing_and_outliers_do_not_move_the_rest() -> None:
    points = swinging()
    clean = normalise(points, KINECT, Normalisation())
    points[0, :4, 5] = np.nan
    points[0, 10, :] += 100
    body = normalise(points, KINECT, Normalisation())
    assert np.isnan(body[0, :4, 5]).all()
    assert np.isfinite(body[0, 4:]).all()
    np.testing.assert_allclose(body[0, 20:], clean[0, 20:], atol=0.05)


def test_all_missing_comes_back_as_it_was() -> None:
    nothing = np.full((1, 5, 20, 3), np.nan, np.float32)
    assert np.isnan(normalise(nothing, KINECT, Normalisation())).all()


def test_facing_front_undoes_a_turn_of_the_camera() -> None:
    points = swinging()
    angle = 0.8
    turn = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    ).astype(np.float32)
    settings = Normalisation(rotate="front")
    here, there = normalise(points, KINECT, settings), normalise(points @ turn, KINECT, settings)
    # A median per axis turns with the body only nearly.
    np.testing.assert_allclose(here, there, atol=0.03)
    # A turn is no mirror image: distances and handedness stay.
    frame = here[0, 0]
    side = np.linalg.det(frame[[4, 8, 2]] - frame[0])
    original = np.linalg.det(points[0, 0][[4, 8, 2]] - points[0, 0][0])
    assert np.sign(side) == np.sign(original)


def test_facing_at_the_start_ignores_what_comes_later() -> None:
    points = swinging()
    bent = points.copy()
    bent[0, 20:, KINECT.index("right_shoulder")] += 2
    settings = Normalisation(origin="start", scale="none", rotate="start")
    here, there = normalise(points, KINECT, settings), normalise(bent, KINECT, settings)
    np.testing.assert_allclose(here[0, :20], there[0, :20], atol=1e-5)
    bent[0, :15] = np.nan
    assert np.isfinite(normalise(bent, KINECT, settings)[0, 15:]).all()


def test_layout_without_shoulders_uses_its_elbows() -> None:
    natops = get_skeleton("natops8")
    points = np.random.default_rng(0).normal(size=(1, 30, 8, 3)).astype(np.float32)
    gap = points[0, :, natops.index("left_elbow")] - points[0, :, natops.index("right_elbow")]
    assert body_size(points[0], natops) == pytest.approx(
        float(np.median(np.linalg.norm(gap, axis=-1))), rel=1e-5
    )
