"""Tables of a study: what is counted, over which time, and that names stay text."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_cases import WIDTH, a_clip, a_person, an_event, moved, unseen

from mgskel.core.errors import InputError, MissingDependency
from mgskel.study.kinematics import measured, part_movement, paths
from mgskel.study.participants import read_participants
from mgskel.study.study_folder import About, study_clips
from mgskel.study.tables import TABLES, Tables, make_tables, read_table

TABLE = "clip,participant,condition,note\none.mp4,007,won,=1+1\ntwo,NA,lost,\n"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    contact = {"kind": "hand_to_nose", "joints": ["right_hand", "nose"], "side": "right",
               "from_s": 10.1, "to_s": 11.9}  # fmt: skip
    a_clip(folder / "one", [an_event("nodding", 5, 6), an_event("touching upper face", 10, 12),
                            an_event("touching upper face", 61, 62, score=1)],
           a_person(90), [contact])  # fmt: skip
    a_clip(folder / "two", [], a_person(60))
    return folder


def made(folder: Path, table: str | None = None, **settings: float) -> Tables:
    people = None
    if table is not None:
        (folder / "people.csv").write_text(table)
        people = read_participants(folder / "people.csv")
    return make_tables(study_clips(folder), About.load(folder), people, **settings)


def row(table: pd.DataFrame, **where: object) -> pd.Series:
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_the_tables_begin_as_agreed(study: Path) -> None:
    tables = made(study)
    assert ",".join(tables.events.columns).startswith(
        "clip,participant,person,label,group,start_s,end_s,duration_s,score,alternatives,side,"
        "contact_point,peak_speed,path_length,strokes,rhythm,hold_share,sub_movements,reviewed"
    )
    assert ",".join(tables.summary.columns).startswith(
        "clip,participant,person,label,count,observable_s,rate_per_min,total_s,mean_s,sd_s,share,"
        "latency_s"
    )


def test_an_event_is_a_row_with_its_contact_and_clip(study: Path) -> None:
    found = row(made(study).events, label="touching upper face", start_s=10)
    assert (found["clip"], found["participant"], found["group"]) == ("one", "one", "head-hand")
    assert (found["side"], found["contact_point"], found["duration_s"]) == ("right", "nose", 2)


def test_sums_are_per_observable_minute_and_gestures_that_did_not_happen_are_rows(
    study: Path,
) -> None:
    summary = made(study).summary
    touch = row(summary, clip="one", label="touching upper face")
    assert (touch["count"], touch["observable_s"], touch["latency_s"]) == (2, 90, 10)
    assert touch["rate_per_min"] == pytest.approx(2 / 1.5, abs=1e-4)
    assert touch["total_s"] == 3 and touch["mean_s"] == 1.5
    assert touch["sd_s"] == pytest.approx(np.std([2, 1], ddof=1), abs=1e-4)
    assert touch["share"] == pytest.approx(3 / 90, abs=1e-5)
    none = row(summary, clip="two", label="nodding")
    assert (none["count"], none["rate_per_min"], none["total_s"]) == (0, 0, 0)
    assert np.isnan(none["mean_s"]) and np.isnan(none["latency_s"])


def test_what_is_not_seen_is_not_counted_as_still(tmp_path: Path) -> None:
    sequence = a_person(60)
    scores = sequence.scores.copy()
    face = [sequence.skeleton.index(j) for j in ("nose", "left_eye", "right_eye", "left_ear",
                                                  "right_ear")]  # fmt: skip
    scores[:, 500:, face] = 0
    points = np.where(scores[..., None] > 0, sequence.keypoints, np.nan)
    a_clip(tmp_path / "s" / "one", [an_event("nodding", 1, 2)],
           sequence.replace(scores=scores, keypoints=points))  # fmt: skip
    tables = made(tmp_path / "s")
    nod = row(tables.summary, label="nodding")
    assert nod["observable_s"] == pytest.approx(20)
    assert nod["rate_per_min"] == pytest.approx(3)
    parts = tables.observable.set_index("part")
    assert parts.loc["left_leg", "observable_s"] == 0
    assert parts.loc["head", "observable_s"] == pytest.approx(20)
    assert parts.loc["left_arm", "share"] == 1


def test_all_that_the_recognizer_could_say_is_in_the_summary(study: Path) -> None:
    from mgskel.core.gestures import get_vocabulary

    About(classes=get_vocabulary("common").classes).save(study)
    tables = made(study)
    labels = set(get_vocabulary("common").names)
    for clip in ("one", "two"):
        assert set(tables.summary.loc[tables.summary["clip"] == clip, "label"]) == labels
    # For SPSS only what happened somewhere.
    assert "nodding_n" in tables.summary_wide and "shrugging_n" not in tables.summary_wide


def test_wide_has_a_row_per_clip_and_person(study: Path) -> None:
    wide = made(study, TABLE).summary_wide
    assert wide["clip"].tolist() == ["one", "two"]
    assert wide["condition"].tolist() == ["won", "lost"]
    assert wide["touching_upper_face_n"].tolist() == [2, 0]
    assert wide["touching_upper_face_rate"].tolist() == [pytest.approx(1.3333), 0]


def test_bins_cover_the_recording_and_add_up(study: Path) -> None:
    tables = made(study, bin_s=60)
    touch = tables.bins[(tables.bins["clip"] == "one")
                        & (tables.bins["label"] == "touching upper face")]  # fmt: skip
    assert touch["bin"].tolist() == [1, 2] and touch["count"].tolist() == [1, 1]
    assert touch["observable_s"].tolist() == [60, 30]
    assert touch["total_s"].tolist() == [2, 1]
    assert tables.bins["count"].sum() == len(tables.events)
    with pytest.raises(InputError, match="time bins"):
        made(study, bin_s=0)


def test_names_stay_text_on_disk_and_back(study: Path) -> None:
    tables = made(study, TABLE)
    tables.write(study)
    for name in TABLES:
        written = read_table(study / f"{name}.csv")
        assert set(written["participant"]) <= {"007", "NA"}
        assert len(written) == len(getattr(tables, name))
    assert "'=1+1" in (study / "events.csv").read_text()
    assert set(read_table(study / "summary.csv")["note"]) == {"=1+1", ""}
    assert read_table(study / "summary.csv")["rate_per_min"].dtype == float


def test_tables_are_the_same_byte_for_byte(study: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        made(study, TABLE).write(tmp_path / name)
    for name in TABLES:
        one, two = ((tmp_path / n / f"{name}.csv").read_bytes() for n in ("a", "b"))
        assert one == two


def test_formulas_in_labels_are_defused(tmp_path: Path) -> None:
    a_clip(tmp_path / "s" / "one", [an_event("=cmd|' /C calc'!A0", 1, 2), an_event("+1", 3, 4)])
    made(tmp_path / "s").write(tmp_path)
    for line in (tmp_path / "events.csv").read_text().splitlines()[1:]:
        assert line.split(",")[3][0] == "'" or line.split(",")[3][:2] == "\"'"
    assert set(read_table(tmp_path / "events.csv")["label"]) == {"=cmd|' /C calc'!A0", "+1"}


def test_a_second_person_has_rows_of_their_own(tmp_path: Path) -> None:
    a_clip(tmp_path / "s" / "one", [an_event("nodding", 1, 2, person="2")],
           a_person(30, people=("1", "2")))  # fmt: skip
    tables = made(tmp_path / "s", "clip,participant,condition\none,anna,won\n")
    counts = tables.summary.set_index("participant")["count"]
    assert counts.to_dict() == {"anna": 0, "one:2": 1}
    assert set(tables.summary["condition"]) == {"won"}


def test_the_participants_table_may_tell_people_apart(tmp_path: Path) -> None:
    a_clip(tmp_path / "s" / "one", [], a_person(30, people=("1", "2")))
    tables = made(
        tmp_path / "s", "clip;person;participant;role\none;2;ben;guest\none;1;anna;host\n"
    )
    seen = tables.observable.drop_duplicates("person")
    assert seen["participant"].tolist() == ["anna", "ben"]
    assert seen["role"].tolist() == ["host", "guest"]


def test_clips_and_table_that_miss_one_another_are_told(study: Path) -> None:
    notes = made(study, "clip,condition\none,won\nthree,lost\n").notes
    assert any("two" in note for note in notes) and any("three" in note for note in notes)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("who,condition\nx,y\n", "which clip"),
        ("clip,label\none,won\n", "one of the study's own"),
        ("clip,a\none,1\none,2\n", "two rows"),
        ("clip,a\none\n", "does not fit"),
    ],
)
def test_faulty_participants_tables_are_refused(table: str, words: str, tmp_path: Path) -> None:
    from mgskel.study.tables import OWN_COLUMNS

    path = tmp_path / "people.csv"
    path.write_text(table)
    with pytest.raises(InputError, match=words):
        read_participants(path, taken=tuple(OWN_COLUMNS))


def test_kinematics_of_a_hand_to_and_fro_are_those_of_its_formula() -> None:
    seconds, amplitude, rate = 10.0, 0.5, 1.0
    sequence = a_person(seconds, fps=100)
    phase = 2 * np.pi * rate * sequence.timestamps
    path = np.stack([amplitude * WIDTH * np.sin(phase), np.zeros_like(phase)], -1)
    event = an_event("illustrating", 0, seconds)
    found = measured(paths(moved(sequence, "right_wrist", path), 0), event, "hand")
    assert found.side == "right"
    assert found.path_length == pytest.approx(4 * amplitude * rate * seconds, rel=0.05)
    assert found.peak_speed == pytest.approx(2 * np.pi * rate * amplitude, rel=0.05)
    assert found.rhythm == pytest.approx(rate, rel=0.05)
    assert found.strokes == pytest.approx(2 * rate * seconds, abs=1)
    assert found.sub_movements == pytest.approx(2 * rate * seconds, abs=2)
    assert found.hold_share < 0.15


def test_kinematics_of_a_still_hand_and_of_one_that_is_not_seen() -> None:
    sequence = a_person(5)
    event = an_event("hold", 1, 4)
    still = measured(paths(sequence, 0), event, "hand")
    assert still.path_length == pytest.approx(0, abs=1e-3)
    assert (still.strokes, still.sub_movements, still.hold_share) == (0, 0, 1)
    head = measured(paths(sequence, 0), event, "head")
    assert head.side == "none"
    nothing = measured(paths(unseen(sequence), 0), event, "hand")
    assert nothing.side == "" and np.isnan(nothing.path_length)


def test_frames_that_are_lost_hide_nothing_of_what_comes_later() -> None:
    seen = a_person(10)
    phase = 2 * np.pi * seen.timestamps
    seen = moved(seen, "right_wrist", np.stack([WIDTH * np.sin(phase), 0 * phase], -1))
    points = seen.keypoints.copy()
    points[:, 30:40] = np.nan
    lost = seen.replace(keypoints=points, scores=np.where(np.isnan(points[..., 0]), 0, seen.scores))
    event = an_event("illustrating", 5, 9)
    assert measured(paths(lost, 0), event, "hand") == measured(paths(seen, 0), event, "hand")
    with_loss, whole = part_movement(lost, 0), part_movement(seen, 0)
    assert with_loss == pytest.approx(whole, rel=0.1, nan_ok=True)


def test_no_clips_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no analysed clips"):
        study_clips(tmp_path)


def test_parquet_holds_the_same_or_says_what_is_missing(study: Path, tmp_path: Path) -> None:
    tables = made(study, TABLE)
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(MissingDependency, match="pyarrow"):
            tables.write(tmp_path, parquet=True)
        return
    tables.write(tmp_path, parquet=True)
    for name in TABLES:
        found = pd.read_parquet(tmp_path / f"{name}.parquet")
        assert found.shape == getattr(tables, name).shape
    assert set(pd.read_parquet(tmp_path / "summary.parquet")["participant"]) == {"007", "NA"}
