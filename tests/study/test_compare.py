"""Groups compared: rate ratios that were planted are found, and what cannot be had is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from studies.comparison.simulated import Design, invented_summary

from mgskel.cli import main
from mgskel.core.errors import InputError
from mgskel.report.studies.comparison_page import findings, forest_plot, render_comparison
from mgskel.study.compare import Comparison, Contrast, compare
from mgskel.study.tables import csv_text


def one(result: Comparison, name: str) -> Contrast:
    return next(c for c in result.contrasts if c.name == name)


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return invented_summary(Design(people=25), seed=1)


def test_between_people_the_ratio_is_that_of_the_rates(summary: pd.DataFrame) -> None:
    found = one(compare(summary, "condition"), "g0")
    assert (found.reference, found.value) == ("a", "b")
    assert found.ratio == pytest.approx(found.rate_value / found.rate_reference, rel=1e-3)
    assert found.low < 2 < found.high
    own = summary[summary["label"] == "g0"]
    assert found.n_value == own.loc[own["condition"] == "b", "count"].sum()


def test_intervals_hold_for_counts_that_vary_more_than_chance(summary: pd.DataFrame) -> None:
    found = one(compare(summary, "condition"), "g0")
    naive = math.sqrt(1 / found.n_value + 1 / found.n_reference)
    width = math.log(found.high / found.low) / 2 / 1.96
    assert width > 2 * naive


def test_several_recordings_of_a_person_do_not_count_as_people(summary: pd.DataFrame) -> None:
    twice = pd.concat([summary, summary.assign(clip=summary["clip"] + "again")])
    single, double = (one(compare(table, "condition"), "g0") for table in (summary, twice))
    assert double.ratio == pytest.approx(single.ratio, rel=0.02)
    assert double.high / double.low == pytest.approx(single.high / single.low, rel=0.1)


def test_within_people_everybody_is_their_own_control() -> None:
    table = invented_summary(Design(people=20, within=True), seed=3)
    inside = one(compare(table, "condition", within=True), "g0")
    strangers = table.assign(participant=table["clip"])
    outside = one(compare(strangers, "condition"), "g0")
    assert inside.low < 2 < inside.high
    assert inside.high / inside.low < 0.8 * outside.high / outside.low
    assert inside.superiority > 0.8
    assert any("--within" in remark for remark in compare(table, "condition").remarks)


def test_within_people_alike_the_ratio_is_that_of_the_totals() -> None:
    rows = [
        (f"p{i}{c}", f"p{i}", "1", "nod", count, 60.0, "head", c)
        for i in range(8)
        for c, count in (("a", 4 + i % 2), ("b", 8 + 2 * (i % 2)))
    ]
    names = [
        "clip",
        "participant",
        "person",
        "label",
        "count",
        "observable_s",
        "group",
        "condition",
    ]
    found = one(compare(pd.DataFrame(rows, columns=names), "condition", within=True), "nod")
    assert found.ratio == pytest.approx(2, rel=1e-3)
    assert found.superiority == 1


def test_longer_exposure_is_no_higher_rate(summary: pd.DataFrame) -> None:
    longer = summary.copy()
    treated = longer["condition"] == "b"
    longer.loc[treated, "observable_s"] *= 2
    longer["count"] = longer["count"].astype(float)
    longer.loc[treated, "count"] *= 2
    both = [one(compare(table, "condition"), "g1").ratio for table in (summary, longer)]
    assert both[0] == pytest.approx(both[1], rel=1e-3)


def test_many_gestures_are_corrected_together(summary: pd.DataFrame) -> None:
    from statsmodels.stats.multitest import multipletests

    gestures = [c for c in compare(summary, "condition").contrasts if c.kind == "gesture"]
    holm = multipletests([c.p for c in gestures], method="holm")[1]
    assert [c.p_holm for c in gestures] == pytest.approx(list(holm))
    assert all(c.p <= c.q <= c.p_holm for c in gestures)
    groups = [c for c in compare(summary, "condition").contrasts if c.kind == "body group"]
    assert {c.name for c in groups} == {"hand", "head"}


def test_a_reference_may_be_chosen_and_more_groups_compared(summary: pd.DataFrame) -> None:
    swapped = one(compare(summary, "condition", reference="b"), "g0")
    plain = one(compare(summary, "condition"), "g0")
    assert swapped.ratio == pytest.approx(1 / plain.ratio, rel=1e-3)
    third = summary["participant"].map(lambda p: "c" if int(p[1:]) % 5 == 0 else "")
    more = summary.assign(condition=third.where(third != "", summary["condition"]))
    values = [c.value for c in compare(more, "condition").contrasts if c.name == "g0"]
    assert values == ["b", "c"]


def test_gestures_without_enough_events_say_why(summary: pd.DataFrame) -> None:
    rare = summary.copy()
    few = rare["label"] == "g1"
    rare.loc[few, "count"] = 0
    rare.loc[rare.index[few][:3], "count"] = 2
    missing = (rare["label"] == "g2") & (rare["condition"] == "b")
    rare.loc[missing, "count"] = 0
    unseen = (rare["label"] == "g3") & (rare["condition"] == "b")
    rare.loc[unseen, "observable_s"] = 0
    result = compare(rare, "condition")
    assert "too few events (6" in one(result, "g1").why_not
    assert "never in 'b'" in one(result, "g2").why_not
    assert one(result, "g2").rate_value == 0
    assert "never to be seen in 'b'" in one(result, "g3").why_not
    assert all(one(result, name).ratio is None for name in ("g1", "g2", "g3"))


@pytest.mark.parametrize(
    ("change", "within", "words"),
    [
        ({}, True, "too few participants have both"),
        ({"condition": "a"}, False, "nothing to compare"),
        ({"condition": "participant"}, False, "too many for groups"),
        ({"participant": "condition"}, False, "too few participants"),
    ],
)
def test_data_that_do_not_suffice_are_refused(
    summary: pd.DataFrame, change: dict[str, str], within: bool, words: str
) -> None:
    table = summary.copy()
    for column, value in change.items():
        table[column] = table[value] if value in table else value
    with pytest.raises(InputError, match=words):
        compare(table, "condition", within=within)


def test_an_unknown_column_names_the_nearest(summary: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="no column 'conditon'") as caught:
        compare(summary, "conditon")
    assert "condition" in str(caught.value.remedy)


def test_findings_say_what_differs_and_what_does_not() -> None:
    strong = invented_summary(Design(people=30, ratio=3, spread=0.3), seed=0)
    lines = findings(compare(strong, "condition"))
    assert lines[0].startswith("G0:") and "times as often in 'b' as in 'a'" in lines[0]
    empty = invented_summary(Design(people=20, ratio=1), seed=5)
    assert findings(compare(empty, "condition"))[0].startswith("No gesture differs clearly")


def test_the_page_and_the_plot_keep_hostile_names_as_text(summary: pd.DataFrame) -> None:
    hostile = "<script>alert(1)</script>"
    table = summary.replace({"label": {"g0": hostile}, "condition": {"b": hostile}})
    result = compare(table, "condition")
    page = render_comparison(hostile, result)
    assert "<script>alert" not in page and "default-src 'none'" in page
    assert "<script" not in forest_plot(result.contrasts)


def test_the_command_writes_page_tables_and_plot(
    tmp_path: Path, summary: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "summary.csv").write_text(csv_text(summary))
    out = tmp_path / "out"
    assert main(["compare", str(tmp_path), "--by", "condition", "--json", "-o", str(out)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["participants"] == {"a": 25, "b": 25}
    ratio = next(c["ratio"] for c in answer["contrasts"] if c["name"] == "g0")
    written = pd.read_csv(out / "compare_condition.csv").set_index("name")
    assert written.loc["g0", "ratio"] == ratio
    assert (out / "compare_condition.svg").read_text().startswith("<svg")
    assert (out / "compare_condition.html").exists()
    assert main(["compare", str(tmp_path), "--by", "age"]) == 2
    assert "no column 'age'" in capsys.readouterr().err


def test_counts_of_a_study_made_by_chance_alone_rarely_differ() -> None:
    p = [
        c.p
        for seed in range(6)
        for c in compare(invented_summary(Design(ratio=1, people=12), seed), "condition").contrasts
        if c.kind == "gesture"
    ]
    assert np.mean(np.array(p) < 0.05) < 0.2
