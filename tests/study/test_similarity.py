"""The map of movements: alike is near, whichever hand; the page plays what is chosen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from study_cases import WIDTH, a_clip, a_person, an_event, moved
from visit import Visit

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.study.similarity import JOINTS, STEPS, distances_between, gesture_map
from mgskel.study.study_folder import study_clips
from mgskel.study.tables import make_tables


def waving(side: str, rate: float = 1.0, height: float = 1.5) -> np.ndarray:
    """A hand up beside the head, to and fro: (STEPS, J, 2) in shoulder widths."""
    path = np.zeros((STEPS, len(JOINTS), 2))
    phase = np.linspace(0, 2 * np.pi * rate, STEPS)
    sign = 1 if side == "left" else -1
    path[:, JOINTS.index("left_wrist")] = (0.4, 1.8)
    path[:, JOINTS.index("right_wrist")] = (-0.4, 1.8)
    path[:, JOINTS.index(f"{side}_wrist"), 0] = sign * (0.8 + 0.3 * np.sin(phase))
    path[:, JOINTS.index(f"{side}_wrist"), 1] = -height
    return path


def resting() -> np.ndarray:
    path = waving("left")
    path[:, JOINTS.index("left_wrist")] = (0.4, 1.8)
    return path


def test_the_same_movement_is_near_and_another_far() -> None:
    distances = distances_between([waving("left"), waving("left", 1.1), resting()])
    assert (distances == distances.T).all() and (np.diag(distances) == 0).all()
    assert distances[0, 1] < 0.2 * distances[0, 2]


def test_a_movement_of_the_other_hand_is_the_same() -> None:
    distances = distances_between([waving("left"), waving("right"), resting()])
    assert distances[0, 1] == pytest.approx(0, abs=1e-3)
    assert distances[0, 2] > 1


def test_waiting_costs_little() -> None:
    late = waving("left")
    late[6:] = waving("left")[np.linspace(0, STEPS - 1, STEPS - 6).astype(int)]
    late[:6] = waving("left")[0]
    straight = np.linalg.norm(waving("left") - late, axis=-1).sum() / STEPS
    assert distances_between([waving("left"), late])[0, 1] < 0.6 * straight


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two clips; in each the right hand goes to the nose twice and to and fro twice."""
    folder = tmp_path / "s"
    for number, name in enumerate(("one", "two")):
        sequence = a_person(20)
        path = np.zeros((sequence.num_frames, 2))
        times = sequence.timestamps
        for start in (2, 8):
            inside = (times >= start) & (times < start + 2)
            path[inside] = (0.4 * WIDTH, -2.8 * WIDTH)
        for start in (12, 16):
            inside = (times >= start) & (times < start + 2)
            path[inside, 0] = WIDTH * np.sin(2 * np.pi * (times[inside] - start))
        events = [an_event("touch", s, s + 2) for s in (2, 8)]
        events += [an_event("wave", s, s + 2, score=0.7 + 0.1 * number) for s in (12, 16)]
        a_clip(folder / name, events, moved(sequence, "right_wrist", path))
    make_tables(study_clips(folder)).write(folder)
    return folder


def test_events_of_a_study_are_near_those_that_moved_alike(study: Path) -> None:
    found = gesture_map(study_clips(study))
    assert found.same_label() == {"touch": (4, 1.0), "wave": (4, 1.0)}
    assert found.explained > 0.9
    again = gesture_map(study_clips(study))
    assert (again.places == found.places).all()


def test_too_many_events_are_drawn_evenly_the_surest_first(study: Path) -> None:
    found = gesture_map(study_clips(study), most=4)
    labels = [movement.event.label for movement in found.movements]
    assert sorted(labels) == ["touch", "touch", "wave", "wave"]
    assert all(m.clip == "two" for m in found.movements if m.event.label == "wave")


def test_too_few_events_are_refused(tmp_path: Path) -> None:
    a_clip(tmp_path / "s" / "one", [an_event("touch", 1, 2)])
    with pytest.raises(InputError, match="too few events"):
        gesture_map(study_clips(tmp_path / "s"))


def test_the_command_writes_the_map_onto_the_page(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gestures", str(study), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["gestures"]["wave"] == {"n": 4, "nearest_alike": 1.0}
    assert "Similar movements" in (study / "index.html").read_text()
    assert (study / "gestures.csv").read_text().startswith("clip,person,label,start_s")
    assert main(["gestures", str(study), "--most", "1"]) == 2


@pytest.mark.browser
def test_a_click_plays_the_movement(study: Path, browser) -> None:
    assert main(["gestures", str(study), "-q"]) == 0
    here = Visit(browser, (study / "index.html").as_uri())
    tab = here.page
    tab.focus("#map")
    tab.keyboard.press("ArrowRight")
    assert "Most alike: touch" in tab.inner_text("#map-caption")
    tab.wait_for_timeout(100)
    picture = "document.getElementById('map-player').toDataURL()"
    tab.wait_for_function(f"{picture}.length > 3000")
    here.close()
