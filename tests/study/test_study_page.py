# ruff: noqa: E501
"""The page of a study: made from what lies in the folder, and hostile names stay text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from study_cases import a_clip, a_person, an_event
from visit import Visit

from mgskel.cli import main
from mgskel.report.studies.study_methods import write_methods
from mgskel.report.studies.study_page import link, write_study_page
from mgskel.study.participants import read_participants
from mgskel.study.study_folder import About, study_clips
from mgskel.study.tables import TABLES, make_tables

HOSTILE = "</script><img src=x onerror=window.hacked=1>"


def page_of(folder: Path, table: str = "clip,condition\none,won\ntwo,lost\n", **about) -> str:
    (folder / "people.csv").write_text(table)
    About(**about).save(folder)
    clips = study_clips(folder)
    tables = make_tables(clips, About.load(folder), read_participants(folder / "people.csv"))
    tables.write(folder)
    write_methods(folder, clips, About.load(folder), {n: getattr(tables, n) for n in TABLES})
    return write_study_page(folder).read_text()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        a_clip(tmp_path / "s" / name, [an_event("nodding", 5, 6), an_event(HOSTILE, 1, 2)],
               a_person(30))  # fmt: skip
    return tmp_path / "s"


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found.group(1))


def test_events_of_all_clips_are_on_the_page(study: Path) -> None:
    data = data_of(page_of(study))
    assert [row["name"] for row in data["rows"]] == ["one", "two"]
    assert len(data["events"]["row"]) == 4
    nod = [label["name"] for label in data["labels"]].index("nodding")
    assert [row[nod] for row in data["counts"]] == [1, 1]
    assert [row[nod] for row in data["tenths"]] == [300, 300]
    assert data["columns"] == [{"name": "condition", "groups": True}]


def test_hostile_names_stay_text_and_nothing_is_fetched(study: Path) -> None:
    table = f'clip,"{HOSTILE}"\none,"{HOSTILE}"\ntwo,b\n'
    page = page_of(study, table, failures={HOSTILE: HOSTILE})
    assert "<img" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(https?:|//)", page)
    assert data_of(page)["columns"][0]["name"] == HOSTILE


def test_links_lead_to_reports_and_never_elsewhere() -> None:
    assert link("sub/clip 1") == "./sub/clip%201/report.html"
    assert link("javascript:alert(1)") == "./javascript%3Aalert%281%29/report.html"


def test_failures_quality_and_short_clips_are_told(study: Path) -> None:
    a_clip(study / "two", [], a_person(4))
    (study / "one" / "quality.json").write_text(
        json.dumps({"notes": ["half the frames were lost"], "verdict": []})
    )
    page = page_of(study, failures={"broken.mp4": "not a video"})
    assert "broken.mp4 could not be analysed: not a video" in page
    assert "half the frames were lost (one)" in page
    assert "shorter than ten seconds" in page and "two" in page


def test_the_methods_say_what_was_seen_and_quote_agreement(study: Path) -> None:
    page_of(study)
    text = (study / "methods.md").read_text()
    assert "2 recordings of 2 participants (1.0 min in all" in text
    assert "left leg: 0% of the time" in text
    assert "was not measured" in text
    (study / "agreement").mkdir()
    (study / "agreement" / "agreement.json").write_text(
        json.dumps({"coders": ["anna", "ben"], "files": ["one"], "overall": {
            "event_f1_0.3": 0.8, "event_f1_0.3_low": 0.7, "event_f1_0.3_high": 0.9}})
    )  # fmt: skip
    page_of(study)
    text = (study / "methods.md").read_text()
    assert "Agreement between anna and ben over 1 recordings: event F1 0.80 (0.70 to 0.90)" in text


def test_a_study_in_which_nothing_was_found_has_a_page(tmp_path: Path) -> None:
    a_clip(tmp_path / "s" / "one", [])
    assert "0 events" in page_of(tmp_path / "s")


@pytest.mark.browser
def test_the_page_works_in_a_browser(study: Path, browser) -> None:
    for name in ("one", "two"):
        (study / name).rename(study / f"{name} <img src=x onerror=window.hacked=1>")
    table = f"clip,condition,{HOSTILE}\n"
    for path in sorted(study.iterdir()):
        table += f"{path.name},{HOSTILE}{path.name[0]},{HOSTILE}\n"
    page_of(study, table, failures={HOSTILE: HOSTILE})
    here = Visit(browser, (study / "index.html").as_uri(), viewport={"width": 1200, "height": 900})
    tab, complaints = here.page, here.complaints
    assert tab.locator("#panels figure").count() == 2
    assert tab.locator("#rates svg circle").count() >= 4
    tab.select_option("#by", "")
    assert "all (2)" in tab.inner_text("#rates")
    assert not complaints
    tab.select_option("#gesture", "0")
    first = tab.locator("table.sortable tbody th").first.inner_text()
    head = tab.locator("table.sortable thead button").first
    head.click()
    head.click()
    assert tab.locator("table.sortable tbody th").first.inner_text() != first
    tab.select_option("#gesture", "")
    tab.locator("#raster").scroll_into_view_if_needed()
    box = tab.locator("#raster").bounding_box()
    gutter = float(tab.get_attribute("#raster", "data-gutter"))
    tab.mouse.move(box["x"] + gutter + (box["width"] - gutter) * 5.5 / 30, box["y"] + 12)
    assert "nodding" in tab.inner_text("#tooltip")
    tab.set_viewport_size({"width": 700, "height": 900})
    wide = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 1
    # Texts stay texts; and were one taken for more, the page's policy would not let it run.
    add = "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.hacked=1>')"
    tab.evaluate(add)
    tab.wait_for_timeout(50)
    assert tab.evaluate("window.hacked") is None
    tab.close()
    assert complaints and all("Content Security Policy" in words for words in complaints)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("events", "one,one,1,nodding", "one,another,1,nodding"), ("events", "one,one,1,nodding", "one,one,7,nodding"),
        ("events", "one,one,1,nodding", "gone,one,1,nodding"), ("events", "one,one,1,nodding", "one,one,1,no such"),
        ("events", "5.0,6.0", "5.0,"), ("events", "duration_s", "lasting"), ("events", "5.0,6.0", "soon,6.0"),
        ("summary", "two,two,1,nodding", "one,one,1,nodding"), ("summary", "total_s", "t"), ("summary", ",group", ",g"),
        ("observable", "two,two,1,head", "one,one,1,head"), ("observable", "recorded_s", "r"), ("observable", "two,two,1", "two,two,9"),
        ("bins", "bin,", "b,"), ("events", "label", "clip"),
    ],
)  # fmt: skip
def test_tables_at_odds_are_named_before_anything_is_written(
    study: Path, name: str, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page_of(study)
    table = study / f"{name}.csv"
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    before = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    for words in (["gestures", study], ["compare", study, "--by", "condition"]):
        assert main([str(word) for word in words]) == 2
        err = capsys.readouterr().err
        assert "internal" not in err and len(err.splitlines()) < 20
        assert {p: p.read_bytes() for p in study.rglob("*") if p.is_file()} == before
