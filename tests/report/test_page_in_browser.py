"""The page in a real browser: it plays, follows, fetches nothing, and is accessible."""

from __future__ import annotations

import base64
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from report_cases import HOSTILE, some_content
from visit import Visit

from mgskel.core.events import GestureEvent
from mgskel.describe import Description
from mgskel.report.page import write_page

pytestmark = pytest.mark.browser


class ReportVisit(Visit):
    def time(self) -> float:
        return self.page.evaluate("mgskel.clock.time")


@pytest.fixture
def visit(browser, tmp_path):
    visits = []

    def open_page(content=None, **options):
        path = tmp_path / "report.html"
        write_page(path, content or some_content())
        visits.append(ReportVisit(browser, path.as_uri(), **options))
        return visits[-1]

    yield open_page
    for one in visits:
        one.close()


def test_the_player_plays_and_pauses(visit):
    here = visit()
    here.page.click("#play")
    here.until("mgskel.clock.time > 0.2")
    here.page.click("#play")
    stopped = here.time()
    assert here.page.inner_text("#play") == "Play"
    here.page.click("#forward")
    assert here.time() == pytest.approx(stopped + 1 / 30, abs=1 / 30)


def test_the_skeleton_is_drawn_and_moves(visit):
    here = visit()
    picture = "document.getElementById('player').toDataURL()"
    first = here.page.evaluate(picture)
    here.page.evaluate("mgskel.clock.seek(1.5)")
    assert here.page.evaluate(picture) != first


def test_clicking_a_gesture_moves_the_time(visit):
    here = visit()
    here.page.locator("#gestures .moment").nth(2).click()
    assert here.time() == pytest.approx(9.0)
    assert here.page.inner_text("#caption")


def test_pointing_at_a_sentence_shows_its_moment_and_no_longer(visit):
    here = visit()
    row = here.page.locator("#statements .moment").last
    row.hover()
    assert here.time() > 0
    here.page.mouse.move(2, 2)
    here.until("mgskel.clock.time === 0")


def test_a_video_of_ones_own_plays_beside_the_skeleton_and_stays_here(visit, sample_clip):
    here = visit()
    here.page.locator("summary", has_text="own video").click()
    here.page.set_input_files("#own-video", sample_clip)
    video = "document.querySelector('video.own')"
    here.until(f"{video}.readyState >= 2")
    assert here.page.evaluate(f"{video}.src").startswith("blob:")
    here.page.evaluate("mgskel.clock.seek(1.5)")
    here.until(f"Math.abs({video}.currentTime - 1.5) < 0.1")


def test_what_was_not_seen_is_one_line(visit):
    shown = visit().page.inner_text("#assessment")
    assert "What the person thinks." in shown
    assert "not seen well enough here: arms (folded); legs" in shown
    assert "cannot be seen" not in shown


def test_clicking_the_timeline_moves_the_time(visit):
    here = visit()
    here.page.locator("#timeline").scroll_into_view_if_needed()
    box = here.page.locator("#timeline").bounding_box()
    here.page.mouse.click(box["x"] + box["width"] - 40, box["y"] + 10)
    assert here.time() > 15


def test_clicking_a_gesture_on_the_timeline_selects_it(visit):
    here = visit()
    here.page.locator("#timeline").scroll_into_view_if_needed()
    x, y = here.page.evaluate(
        """() => { const c = document.getElementById('timeline').getBoundingClientRect();
        const left = 172; return [c.left + left + (1.7 / 20) * (c.width - left), c.top + 36]; }"""
    )
    here.page.mouse.click(x, y)
    assert here.time() == pytest.approx(1.0)


def test_evidence_links_lead_to_their_moment(visit):
    here = visit()
    here.page.locator("[data-evidence=s2]").first.click()
    assert here.time() == pytest.approx(5.5)
    assert here.page.locator("#statements .moment.current").inner_text().find("s2") >= 0


def test_everything_works_by_keyboard(visit):
    here = visit()
    here.page.focus("#timeline")
    here.page.keyboard.press("n")
    assert here.time() == pytest.approx(1.0)
    here.page.keyboard.press("Shift+ArrowRight")
    assert here.time() == pytest.approx(2.0)
    here.page.keyboard.press("Home")
    assert here.time() == 0
    here.page.keyboard.press(" ")
    here.until("mgskel.clock.time > 0.1")
    value = here.page.get_attribute("#timeline", "aria-valuenow")
    assert float(value) > 0


def test_hostile_texts_do_nothing(visit):
    event = GestureEvent("1", HOSTILE, 0, 1.0, 2.0, 0.5, True)
    here = visit(some_content(title=HOSTILE, events=[event]))
    assert here.page.evaluate("window.hacked") is None
    assert here.page.inner_text("#title") == HOSTILE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_and_fits(visit, scheme, width):
    # A colour that is still fading is not the page's.
    size = {"width": width, "height": 840}
    visit(color_scheme=scheme, viewport=size, reduced_motion="reduce").assert_accessible(width)


def test_the_theme_can_be_changed(visit):
    here = visit(color_scheme="light")
    here.page.click("#theme")
    assert here.page.get_attribute("html", "data-theme") == "dark"


def test_files_can_be_downloaded(visit):
    here = visit()
    with here.page.expect_download() as download:
        here.page.click("a.download >> text=events.csv")
    assert Path(download.value.path()).read_text() == "person,label\n"


@pytest.mark.parametrize("figure", ["timeline", "pose", "body-map"])
def test_figures_can_be_taken_as_png_and_svg(visit, figure):
    event = GestureEvent("1", HOSTILE, 0, 1.0, 4.0, 0.5, True)
    here = visit(some_content(title=HOSTILE, events=[event]))
    content = {}
    for ending in ("png", "svg"):
        with here.page.expect_download() as download:
            here.page.click(f"[data-figure='{figure}.{ending}']")
        assert download.value.suggested_filename == f"{figure}.{ending}"
        content[ending] = Path(download.value.path()).read_bytes()
    assert content["png"].startswith(b"\x89PNG")
    root = ElementTree.fromstring(content["svg"])
    shapes = [node.tag.rpartition("}")[2] for node in root.iter()]
    title = here.page.evaluate(f"mgskel.pictures['{figure}'].title")
    assert root[0].text == f"{HOSTILE}: {title}"
    assert shapes.count("path") + shapes.count("rect") > 5
    assert "script" not in shapes
    assert_looks_alike(here.page, content["png"], content["svg"])


def assert_looks_alike(page, png, svg):
    """Both figures, shrunk to 60 x 60 pixels, differ little."""
    look = """(url) => new Promise((done) => {
      const image = new Image();
      image.onload = () => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 60;
        const pen = canvas.getContext("2d");
        pen.drawImage(image, 0, 0, 60, 60);
        done([...pen.getImageData(0, 0, 60, 60).data]);
      };
      image.src = url;
    })"""
    kinds = {"image/png": png, "image/svg+xml": svg}
    urls = [f"data:{k};base64,{base64.b64encode(v).decode()}" for k, v in kinds.items()]
    one, other = (np.array(page.evaluate(look, url), float) for url in urls)
    assert one.std() > 5
    assert np.corrcoef(one, other)[0, 1] > 0.9


def test_doubt_and_annotations_are_told(visit):
    others = (("touching ear", 0.41), ("touching head or hair", 0.33))
    group = GestureEvent(
        "1", "hand at the head", -1, 2.0, 5.0, 0.9, group="head-hand", level="group",
        alternatives=others, evidence="the hand was at the head", source="mgskel-common-1",
    )  # fmt: skip
    coded = GestureEvent("1", "nodding", -1, 8.0, 9.0, group="head", source="annotation by AB")
    here = visit(some_content(events=[group, coded]))
    first, second = here.page.locator("#gestures .moment").all_inner_texts()
    for words in ("touching ear (0.41)", "0.90", "body part is sure", "Measured: the hand was"):
        assert words in first
    assert "annotation by AB" in second and "1.00" not in second
    here.page.locator("#timeline").scroll_into_view_if_needed()
    box = here.page.locator("#timeline").bounding_box()
    x = box["x"] + 172 + (3.0 / 20) * (box["width"] - 172)
    rows = [box["y"] + 24 + 11, box["y"] + 24 + 25 + 11]
    tips = []
    for y in rows:
        here.page.mouse.move(x if y == rows[0] else x + (5.5 / 20) * (box["width"] - 172), y)
        tips.append(here.page.inner_text("#tooltip"))
    assert any("or touching ear 0.41" in tip for tip in tips)
    assert not any("score 1.00" in tip for tip in tips)


def test_a_recording_without_findings_says_so(visit):
    nothing = Description((), {}, "clip.mp4")
    here = visit(some_content(events=[], outcome=None, attention=None, description=nothing))
    assert "no gesture it was sure of" in here.page.inner_text("#gestures")
    assert "Nothing rose above" in here.page.inner_text("#statements")


@pytest.mark.slow
def test_an_hour_opens_and_zooms(visit):
    here = visit(some_content(3600))
    assert here.page.locator("#gestures .moment").count() > 800
    here.page.click("#zoom-in")
    here.page.click("#zoom-all")
