"""Agreement of coders: pairing, words, coefficients on known cases, the command and its page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from study_cases import a_clip

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.core.event_formats.boris import Observation, write_boris
from mgskel.core.events import GestureEvent, write_events
from mgskel.study.agreement.agreement import AgreementSettings, agreement
from mgskel.study.agreement.coders import Coder, Coding, pair, read_coders
from mgskel.study.agreement.counts import linked_pairs
from mgskel.study.agreement.word_map import Word, read_words, reword

Rows = Sequence[tuple[str, float, float]]


def events(rows: Rows, person: str = "1") -> tuple[GestureEvent, ...]:
    return tuple(GestureEvent(person, label, -1, start, end) for label, start, end in rows)


def coder(name: str, *recordings: Rows, duration_s: float | None = None) -> Coder:
    return Coder(
        name,
        tuple(
            Coding(f"clip{i}", events(rows), duration_s=duration_s)
            for i, rows in enumerate(recordings)
        ),
    )


def compared(*coders: Coder, **settings: float):
    return agreement(reword(coders), AgreementSettings(**{"resamples": 0, **settings}))


TALK = [("nod", 1, 2), ("shake", 3, 4), ("nod", 6, 8), ("touch", 8.5, 9)]


def test_equal_coders_agree_fully() -> None:
    two = [TALK, TALK[:2] + [("touch", 5, 7)]]
    found = compared(coder("a", *two), coder("b", *two))
    for values in (*found.labels.values(), found.overall):
        assert values["event_f1_0.3"] == values["kappa_time"] == values["kappa_event"] == 1
    assert found.overall["icc_rate"] == pytest.approx(1, abs=1e-3)
    assert (found.overall["n_a"], found.overall["n_b"]) == (7, 7)


def test_kappa_of_moments_is_cohens_over_samples_of_time() -> None:
    from sklearn.metrics import cohen_kappa_score

    mine, theirs = TALK, [("nod", 1.5, 2), ("touch", 3, 4.25), ("nod", 6, 7), ("touch", 8.5, 10)]
    found = compared(coder("a", mine, duration_s=12), coder("b", theirs, duration_s=12))
    times = np.arange(0, 12, 0.01) + 0.005

    def said(rows: Rows) -> list[str]:
        return [next((n for n, a, b in rows if a < t < b), "") for t in times]

    assert found.overall["kappa_time"] == pytest.approx(
        cohen_kappa_score(said(mine), said(theirs)), abs=1e-3
    )
    nods = [[word == "nod" for word in said(rows)] for rows in (mine, theirs)]
    assert found.labels["nod"]["kappa_time"] == pytest.approx(cohen_kappa_score(*nods), abs=1e-3)


def test_tolerance_forgives_borders_and_nothing_else() -> None:
    shifted = [(n, a + 0.15, b + 0.15) for n, a, b in TALK]
    strict, kind = (
        compared(coder("a", TALK, duration_s=12), coder("b", shifted, duration_s=12), tolerance_s=t)
        for t in (0.0, 0.2)
    )
    assert strict.overall["kappa_time"] < 0.9
    assert kind.overall["kappa_time"] == 1
    assert all(values["kappa_time"] == 1 for values in kind.labels.values())
    other = [("shake", 1, 2), *TALK[1:]]
    wrong = compared(coder("a", TALK, duration_s=12), coder("b", other, duration_s=12),
                     tolerance_s=0.2)  # fmt: skip
    assert wrong.overall["kappa_time"] < 0.9


def test_annotations_are_linked_from_sixty_percent_of_the_longer_one() -> None:
    mine = events([("nod", 0, 10)])
    assert linked_pairs(mine, events([("nod", 4, 14)]), 0.6) == [(0, 0)]
    assert linked_pairs(mine, events([("nod", 4.1, 14.1)]), 0.6) == []
    # Inside the longer one entirely, and still too little of it.
    assert linked_pairs(mine, events([("nod", 2, 7)]), 0.6) == []


def test_where_gestures_run_together_the_same_label_is_linked_first() -> None:
    mine = events([("nod", 1, 2), ("rub", 1, 2.1)])
    theirs = events([("rub", 1, 2), ("nod", 1.05, 2.05)])
    assert sorted(linked_pairs(mine, theirs, 0.6)) == [(0, 1), (1, 0)]


def test_event_kappa_counts_what_has_no_partner() -> None:
    found = compared(
        coder("a", [("nod", 0, 1), ("nod", 2, 3), ("shake", 4, 5), ("shake", 6, 7)]),
        coder("b", [("nod", 0, 1), ("shake", 2, 3), ("shake", 4, 5), ("nod", 9, 10)]),
    )
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0]]
    # Links count twice: rows 4, 3, 1 and columns 3, 4, 1 of 8. With the corner empty, the
    # expected upper square is their product times 6 / 49, its diagonal (12 + 12) * 6 / 49.
    expected = 24 * 6 / 49 / 8
    assert found.overall["kappa_event"] == pytest.approx(
        (0.5 - expected) / (1 - expected), abs=1e-4
    )


def test_intervals_hold_the_value_and_need_recordings() -> None:
    rng = np.random.default_rng(0)
    mine, theirs = [], []
    for _ in range(12):
        starts = np.arange(0, 60, 4) + rng.uniform(0, 1, 15)
        labels = rng.choice(["nod", "shake"], 15)
        rows = [(str(n), float(s), float(s + 1)) for n, s in zip(labels, starts, strict=True)]
        mine.append(rows)
        theirs.append([row for row in rows if rng.random() < 0.8])
    found = agreement(reword([coder("a", *mine), coder("b", *theirs)]))
    for name in found.measures:
        value, low, high = (found.overall[name + end] for end in ("", "_low", "_high"))
        assert low <= value <= high and low < high
    again = agreement(reword([coder("a", *mine), coder("b", *theirs)]))
    assert again.to_dict() == found.to_dict()
    alone = agreement(reword([coder("a", mine[0]), coder("b", theirs[0])]))
    assert alone.overall["event_f1_0.3_low"] is None and alone.overall["icc_rate"] is None
    assert any("one recording" in remark for remark in alone.remarks)


def test_several_coders_get_means_over_pairs_and_fleiss() -> None:
    found = compared(coder("a", TALK), coder("b", TALK), coder("c", TALK[:2]))
    assert set(found.pairs) == {"a / b", "a / c", "b / c"}
    f1 = [values["event_f1_0.3"] for values in found.pairs.values()]
    assert found.overall["event_f1_0.3"] == pytest.approx(np.mean(f1), abs=1e-4)
    assert found.pairs["a / b"]["kappa_time"] == 1
    assert 0 < found.overall["kappa_fleiss"] < 1
    assert found.overall["n_c"] == 2


def test_people_are_told_apart_where_all_tell_them_apart() -> None:
    both = events([("nod", 1, 2)], "left") + events([("shake", 1, 2)], "right")
    crossed = events([("nod", 1, 2)], "right") + events([("shake", 1, 2)], "left")
    unnamed = events([("nod", 1, 2), ("shake", 1, 2)])
    first, second, third = (
        Coder(name, (Coding("clip", found),))
        for name, found in (("a", both), ("b", crossed), ("c", unnamed))
    )
    assert compared(first, second).overall["event_f1_0.3"] == 0
    assert compared(first, third).overall["event_f1_0.3"] == 1


def test_spellings_are_one_label_and_unknown_words_are_counted_not_dropped() -> None:
    mine = coder("a", [("Touch_face", 0, 1), ("nod", 2, 3)])
    theirs = coder("b", [("touch face", 0, 1), ("Nod", 2, 3), ("zappeln", 4, 5)])
    words = reword([mine, theirs])
    assert words.labels == ("Touch_face", "nod", "zappeln")
    assert words.unmapped == {"zappeln": 1}
    found = agreement(words)
    assert found.unmapped == {"zappeln": 1}
    assert found.overall["event_f1_0.3"] == pytest.approx(0.8)
    assert any("zappeln" in remark and "disagreement" in remark for remark in found.remarks)
    without = agreement(reword([mine, theirs], leave_out_unmapped=True))
    assert without.overall["event_f1_0.3"] == 1 and without.unmapped == {"zappeln": 1}


def test_a_table_of_words_translates_labels_and_tiers_and_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("label,to,tier,coder\nNicken,nod,,\nja,,speech,\n*,touch,hand,b\n")
    words = read_words(path)
    assert words[2] == Word("*", "touch", "hand", "b")
    theirs = Coder(
        "b",
        (
            Coding(
                "clip0",
                events([("nicken", 0, 1), ("ja", 0, 2), ("x7", 3, 4)]),
                ("head", "speech", "hand"),
            ),
        ),
    )
    mine = coder("a", [("nod", 0, 1), ("touch", 3, 4)])
    reworded = reword([mine, theirs], words)
    assert reworded.labels == ("nod", "touch")
    assert (reworded.unmapped, reworded.left_out) == ({}, {"ja": 1})
    assert agreement(reworded).overall["event_f1_0.3"] == 1


def test_a_table_of_words_needs_no_first_line(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("Nicken;nod\nKratzen;scratch\n")
    assert read_words(path) == (Word("Nicken", "nod"), Word("Kratzen", "scratch"))


def test_labels_of_another_known_vocabulary_are_translated() -> None:
    from mgskel.core.gestures import get_vocabulary, map_classes

    imigue, smg = get_vocabulary("imigue"), get_vocabulary("smg")
    mapping = list(map_classes(smg, imigue).items())[:3]
    assert mapping
    mine = [(imigue.by_id(b).name, i, i + 0.5) for i, (_, b) in enumerate(mapping)]
    theirs = [(smg.by_id(a).name, i, i + 0.5) for i, (a, _) in enumerate(mapping)]
    words = reword([coder("a", mine), coder("b", theirs)], vocabulary=imigue)
    assert words.unmapped == {}
    assert agreement(words).overall["event_f1_0.3"] == 1


def test_files_of_every_kind_are_paired_by_name(tmp_path: Path) -> None:
    anna, ben, cleo = tmp_path / "anna", tmp_path / "ben", tmp_path / "cleo.boris"
    for folder, ending in ((anna, ".eaf"), (ben, ".csv")):
        for name in ("one", "two"):
            write_events(folder / f"{name}{ending}", events(TALK))
    write_events(ben / "three.csv", events(TALK))
    media = [Observation(f"obs {n}", events(TALK), f"{n}.mp4", 20) for n in ("one", "two")]
    write_boris(cleo, media)
    paired = pair(read_coders([anna, ben, cleo]))
    assert paired.names == ("one", "two")
    assert paired.unpaired == {"ben": ("three",)}


def test_clips_in_folders_of_a_study_meet_files_that_lie_flat(tmp_path: Path) -> None:
    for name in ("day1/anna", "day2/ben"):
        a_clip(tmp_path / "study" / name, events(TALK))
        write_events(tmp_path / "human" / f"{name.split('/')[1]}.csv", events(TALK))
    paired = pair(read_coders([tmp_path / "study", tmp_path / "human"]))
    assert paired.names == ("day1/anna", "day2/ben")
    a_clip(tmp_path / "study" / "day3/anna", events(TALK))
    paired = pair(read_coders([tmp_path / "study", tmp_path / "human"]))
    assert paired.names == ("day2/ben",)
    assert paired.unpaired["study"] == ("day1/anna", "day3/anna")


def test_a_coders_mark_at_the_end_of_all_names_does_not_hinder(tmp_path: Path) -> None:
    for who in ("AK", "BL"):
        for name in ("p01_lost", "p02_won"):
            write_events(tmp_path / who / f"{name}_{who}.csv", events(TALK))
    paired = pair(read_coders([tmp_path / "AK", tmp_path / "BL"]))
    assert paired.names == ("p01_lost", "p02_won")


def test_two_single_files_belong_together_whatever_their_names(tmp_path: Path) -> None:
    write_events(tmp_path / "mine.csv", events(TALK))
    write_events(tmp_path / "theirs.eaf", events(TALK))
    coders = read_coders([tmp_path / "mine.csv", tmp_path / "theirs.eaf"])
    assert [c.name for c in coders] == ["mine", "theirs"]
    assert agreement(reword(coders)).overall["event_f1_0.3"] == 1


def test_nothing_in_common_is_an_error_that_names_the_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recording was coded by everybody"):
        pair([coder("a", TALK, TALK), Coder("b", (Coding("x", ()), Coding("y", ())))])


def test_the_command_answers_in_json_and_writes_tables_and_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "=cmd|<script>alert(1)</script>"
    for who in ("a", "b"):
        for name in ("one", "two"):
            write_events(tmp_path / who / f"{name}.csv", events([*TALK, (hostile, 10, 11)]))
    out = tmp_path / "out"
    args = [str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(out), "--json"]
    assert main(["agree", *args]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["coders"] == ["a", "b"] and answer["files"] == ["one", "two"]
    keys = {"event_f1_0.3", "kappa_time", "kappa_event", "icc_rate", "n_a", "n_b"}
    assert keys <= set(answer["overall"]) and keys <= set(answer["labels"]["nod"])
    assert {f"{key}_low" for key in keys if key[0] != "n"} <= set(answer["overall"])
    assert json.loads((out / "agreement.json").read_text()) == answer
    page = (out / "agreement.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert "Content-Security-Policy" in page and "http" not in page.split("</style>")[1]
    assert f"'{hostile}" in (out / "agreement.csv").read_text()


def test_bad_input_is_one_sentence_and_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_events(tmp_path / "a.csv", events(TALK))
    assert main(["agree", str(tmp_path / "a.csv"), str(tmp_path / "none.csv")]) == 2
    assert "annotations not found" in capsys.readouterr().err
    assert main(["agree", str(tmp_path / "a.csv")]) == 2
    assert "two or more coders" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["agree", str(tmp_path / "a.csv"), str(tmp_path / "empty")]) == 2
    assert "no annotations in this folder" in capsys.readouterr().err
