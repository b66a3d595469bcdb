"""BORIS projects and exports, in and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mgskel.core.errors import InputError
from mgskel.core.event_formats.boris import POINT_S, Observation, is_boris, read_boris, write_boris
from mgskel.core.events import GestureEvent, read_events, write_events

EVENTS = (
    GestureEvent("1", "nod", -1, 1.0, 2.5, 0.75),
    GestureEvent("1", "rub hands", -1, 2.0, 4.0, source="annotation"),
    GestureEvent("2", "nod", -1, 2.25, 3.0, source="annotation"),
)
# As BORIS 7 exports "tabular events": facts first, then a table.
OLD_TABLE = """Observation id\tinterview\t\t\t\t\t\t\t
\t\t\t\t\t\t\t\t
Media file(s)\t\t\t\t\t\t\t\t
Player #1\tinterview.mp4\t\t\t\t\t\t\t
Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tBehavioral category\tComment\tStatus
3.300\tclips/interview.mp4\t60.5\t25.0\tanna\tnod\t\t\tSTART
4.100\tclips/interview.mp4\t60.5\t25.0\tanna\tblink\t\t\tPOINT
7.750\tclips/interview.mp4\t60.5\t25.0\tanna\tnod\t\t\tSTOP
"""
AGGREGATED = """Observation id,Media duration (s),Subject,Behavior,Behavior type,Start (s),Stop (s)
one,30.0,No focal subject,nod,STATE,1.000,2.000
two,40.0,ben,"touch, face",STATE,3.000,3.500
"""


def project(events: list[list[object]], **changes: object) -> dict[str, object]:
    return {
        "project_format_version": "7.0",
        "behaviors_conf": {
            "0": {"type": "State event", "code": "nod"},
            "1": {"type": "Point event", "code": "blink"},
        },
        "subjects_conf": {},
        "observations": {
            "interview": {
                "file": {"1": ["/home/anna/clips/interview.mp4"], "2": []},
                "type": "MEDIA",
                "events": events,
                "media_info": {"length": {"/home/anna/clips/interview.mp4": 60.0}},
                **changes,
            }
        },
    }


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_project_pairs_states_and_keeps_points(tmp_path: Path) -> None:
    rows = [[9.0, "", "nod", "", ""], [3.0, "anna", "blink", "", ""], [2.0, "", "nod", "", ""]]
    (found,) = read_boris(write(tmp_path / "a.boris", project(rows)))
    assert (found.name, found.media, found.duration_s) == ("interview", "interview.mp4", 60.0)
    assert [(e.person, e.label, e.start_s, e.end_s) for e in found.events] == [
        ("1", "nod", 2.0, 9.0),
        ("anna", "blink", 3.0, 3.0 + POINT_S),
    ]


def test_a_state_that_nothing_ends_lasts_to_the_end_and_is_told(tmp_path: Path) -> None:
    (found,) = read_boris(write(tmp_path / "a.boris", project([[5.0, "", "nod", "", ""]])))
    assert found.events[0].end_s == 60.0
    assert "never ended" in found.remarks[0]


def test_exported_tables_old_and_aggregated(tmp_path: Path) -> None:
    (old,) = read_boris(write(tmp_path / "old.tsv", OLD_TABLE))
    assert (old.name, old.media, old.duration_s) == ("interview", "interview.mp4", 60.5)
    assert [(e.label, e.start_s, e.end_s) for e in old.events] == [
        ("nod", 3.3, 7.75),
        ("blink", 4.1, pytest.approx(4.1 + POINT_S)),
    ]
    one, two = read_boris(write(tmp_path / "sum.csv", AGGREGATED))
    assert (one.name, one.events[0].person, one.duration_s) == ("one", "1", 30.0)
    assert (two.events[0].person, two.events[0].label) == ("ben", "touch, face")


def test_what_we_write_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "out.boris"
    given = (Observation("interview", EVENTS, "interview.mp4", 12.0), Observation("empty", ()))
    write_boris(path, given)
    assert is_boris(path.read_text())
    assert read_boris(path) == given


def test_a_state_cannot_overlap_itself(tmp_path: Path) -> None:
    path = tmp_path / "out.boris"
    double = (GestureEvent("1", "nod", -1, 1, 3, 0.5), GestureEvent("1", "nod", -1, 2, 5, 0.9))
    write_boris(path, [Observation("a", double)])
    (found,) = read_boris(path)
    assert found.events == (GestureEvent("1", "nod", -1, 1, 5, 0.9),)


def test_events_of_one_recording_go_out_and_in_by_the_common_door(tmp_path: Path) -> None:
    path = tmp_path / "clip.boris"
    nod = GestureEvent("1", "nodding", 0, 1, 2, 0.5, group="head")
    write_events(path, [nod], media="clip.mp4")
    assert read_events(path, "common") == (nod,)
    tree = json.loads(path.read_text())
    assert tree["behavioral_categories"] == ["head"]
    assert tree["observations"]["clip"]["file"]["1"] == ["clip.mp4"]
    write_boris(path, [Observation("a", (nod,)), Observation("b", (nod,))])
    with pytest.raises(InputError, match="one recording is wanted"):
        read_events(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"behaviors_conf": {}, "observations": 3}', "not a readable BORIS project"),
        (OLD_TABLE.replace("START", "STOP"), "without having begun"),
        (AGGREGATED.replace("1.000", "soon"), "not a time"),
    ],
)
def test_faults_are_told_with_their_place(content: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_boris(write(tmp_path / "bad.boris", content))
    assert "bad.boris" in str(caught.value.place)


def test_other_files_are_not_taken_for_boris() -> None:
    assert not is_boris("label,start_s,end_s\nnod,1,2\n")
    assert not is_boris('{"events": []}')
