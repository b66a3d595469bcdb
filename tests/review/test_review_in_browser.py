"""The app in a real browser: a clip comes in, is corrected, taken back, reloaded, exported."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from review_cases import HOSTILE, a_study, two_people
from study_cases import a_clip, a_person, an_event
from visit import Visit

from mgskel.analyze import AnalyzeSettings
from mgskel.review.review_server import ReviewSettings, Server
from mgskel.study.reviews import load_review
from mgskel.study.study_folder import About
from mgskel.study.tables import read_table

pytestmark = pytest.mark.browser


class AppVisit(Visit):
    def __init__(self, browser: Any, server: Server, **options: Any) -> None:
        self.server, self.study = server, server.study
        super().__init__(browser, server.address, **options)

    def open(self, path: str) -> None:
        self.go(self.server.address + path)

    def arrive(self) -> None:
        """Wait for a clip's page, to which something led."""
        self.until("document.querySelector('#event') !== null && "
                   "document.documentElement.dataset.ready === 'true'")  # fmt: skip

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def saved(self) -> None:
        self.until("!mgskel.record.unsaved")

    def review(self, clip: str = "clip1", coder: str = "Anna") -> Any:
        return load_review(self.study / clip, coder)

    def states(self, **more: str) -> list[str]:
        return [judged.state for judged in self.review(**more).events]

    def text(self, id: str) -> str:
        return str(self.page.inner_text(f"#{id}"))


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    visits: list[AppVisit] = []

    def open_study(study: Path | None = None, coder: str = "Anna", analyze: Any = None,
                   **options: Any) -> AppVisit:  # fmt: skip
        settings = ReviewSettings(coder=coder, analyze=analyze or AnalyzeSettings())
        server = Server(study or a_study(tmp_path / "study"), settings, port=0)
        threading.Thread(target=server.run, daemon=True).start()
        visits.append(AppVisit(browser, server, **options))
        return visits[-1]

    yield open_study
    for one in visits:
        one.server.stop()
        one.close([one.server.address])


def test_from_an_empty_folder_to_corrected_tables(
    visit: Any, tmp_path: Path, untrained_spotter: Path
) -> None:
    here = visit(
        tmp_path / "new", analyze=AnalyzeSettings(model=untrained_spotter, attention=False)
    )
    assert "drop some clips" in here.text("lead")
    a_person(6.0).save(tmp_path / "talk.npz")
    here.page.set_input_files("#files", tmp_path / "talk.npz")
    here.until("document.querySelector('#queue li.done') !== null", 2400)
    here.page.click("#clips a")
    here.arrive()
    # What the untrained network finds, if anything, is rejected, and two events are added.
    here.page.click("#finish")
    here.press("f", "c", "Escape", "ArrowRight", "c", "Escape")
    here.saved()
    review = here.review("talk")
    assert not review.finished
    assert sum(judged.machine is None for judged in review.events) == 2
    here.press("f")
    here.saved()
    here.open("")
    here.page.click("#export")
    here.until("document.querySelector('#exported a') !== null")
    assert set(read_table(here.study / "events.csv")["reviewed"]) == {"yes"}


def test_three_corrections_one_taken_back_and_all_still_there_after_a_reload(visit: Any) -> None:
    here = visit()
    assert "9 events" not in here.text("shown") and "6 events of 6" in here.text("shown")
    here.page.click("#next")  # the least sure event of all
    here.arrive()
    assert here.text("label") == "nodding"
    assert here.page.evaluate("mgskel.clock.time") == pytest.approx(6.0)
    here.press("x")  # goes on to the next unsure one
    assert here.text("label") == "hand at the head"
    here.press("1")
    assert here.text("label") == "touching ear" and here.text("event-state") == "corrected"
    here.press("p", "p", "a")
    here.saved()
    assert here.states() == ["accepted", "rejected", "accepted"]
    here.press("z")
    here.saved()
    assert here.states() == ["open", "rejected", "accepted"]
    here.press("y", "z")
    here.saved()
    here.page.reload()
    here.arrive()
    assert "2 of 3 events decided" in here.text("lead")
    assert here.states() == ["open", "rejected", "accepted"]
    here.press("f")
    here.saved()
    review = here.review()
    assert review.finished and [e.label for e in review.standing()] == ["touching ear"] * 2


def test_edges_are_dragged_and_typed(visit: Any) -> None:
    here = visit()
    here.open("clip?clip=clip1&event=m0")
    here.page.locator("#timeline").scroll_into_view_if_needed()
    box = here.page.locator("#timeline").bounding_box()

    def at(seconds: float) -> float:
        return float(box["x"] + 172 + seconds / 20 * (box["width"] - 172))

    here.page.mouse.move(at(3.5), box["y"] + 34)
    here.page.mouse.down()
    here.page.mouse.move(at(4.0), box["y"] + 34, steps=4)
    here.page.mouse.up()
    here.saved()
    first = here.review().events[0]
    assert first.event.end_s == pytest.approx(4.0, abs=0.05) and first.state == "accepted"
    assert first.machine is not None and first.machine.end_s == 3.5
    here.page.fill("#start", "1.5")
    here.press("Tab")
    here.saved()
    assert here.review().events[0].event.start_s == 1.5
    here.press("Escape", "z")
    here.saved()
    assert here.review().events[0].event.start_s == 2.0


def test_two_tabs_keep_each_others_work(visit: Any, browser: Any) -> None:
    first = visit()
    first.open("clip?clip=clip1&event=m0")
    second = AppVisit(browser, first.server)
    second.open("clip?clip=clip1&event=m1")
    first.press("a")
    first.saved()
    second.press("x")
    second.saved()
    assert first.states() == ["accepted", "rejected", "open"]
    assert "2 of 3 events decided" in second.text("lead")
    assert [c for c in second.complaints if "409" not in c] == []
    second.page.close()


def test_a_blind_coder_marks_and_agreement_is_beside_it(visit: Any) -> None:
    here = visit()
    here.page.select_option("#coder", "")
    here.page.fill("#new-coder-name", "Ben")
    here.page.check("#new-coder-blind")
    here.page.click("#new-coder-form button.primary")
    here.until("document.getElementById('lead').textContent.includes('blind')")
    here.page.click("#clips a")
    here.arrive()
    assert "nodding" not in here.page.inner_text("main")
    here.page.evaluate("mgskel.clock.seek(2)")
    here.press("c")
    here.page.keyboard.type("touching ear")
    here.press("Enter", "f")
    here.saved()
    assert [e.label for e in here.review(coder="Ben").standing()] == ["touching ear"]
    here.page.click("#home")
    here.until("document.querySelector('#second') && document.querySelector('#second').value")
    here.page.click("#compare")
    here.until("document.querySelector('#agreement table') !== null")
    assert "touching ear" in here.text("agreement")


def test_sensitivity_and_filters_count_at_once(visit: Any) -> None:
    here = visit()
    slide = "(id, v) => { const s = document.getElementById(id); s.value = v; "
    slide += "s.dispatchEvent(new Event('input')); }"
    here.page.evaluate(f"([id, v]) => ({slide})(id, v)", ["sensitivity", "0.45"])
    assert "4 events of 6, score 0.55 or more" in here.text("shown")
    here.page.select_option("#gesture", "nodding")
    assert here.page.is_visible("#none")
    here.open("clip?clip=clip1")
    assert "2 of 3 events" in here.text("shown")
    assert here.text("finish") == "Finish clip: accept 2, reject 1"


def test_one_of_two_people_is_chosen(visit: Any, tmp_path: Path) -> None:
    here = visit(two_people(tmp_path / "study"))
    here.open("clip?clip=talk")
    here.page.select_option("#whose", "2")
    assert here.page.locator("#list .moment").count() == 1
    here.press("u", "a")
    here.saved()
    assert here.states(clip="talk") == ["open", "accepted", "open"]
    here.press("Escape", "c", "Escape")
    here.saved()
    assert [j.event.person for j in here.review("talk").events if j.machine is None] == ["2"]


def test_hostile_texts_stay_text(visit: Any, tmp_path: Path) -> None:
    study = tmp_path / "study"
    event = an_event(HOSTILE, 1.0, 2.0, alternatives=((HOSTILE.replace(";", ""), 0.2),))
    a_clip(study / HOSTILE.replace("/", ""), [event], a_person(5.0))
    About().save(study)
    here = visit(study)
    here.page.click("#clips a")
    here.arrive()
    here.press("u")
    assert here.text("label") == HOSTILE and here.text("title") == HOSTILE
    assert here.page.evaluate("window.hacked") is None


def test_the_video_plays_beside_the_skeleton(visit: Any, tmp_path: Path) -> None:
    from mgskel.report.films.overlay import write_video

    video = tmp_path / "clip1.mp4"
    pictures = ((i / 25, np.full((48, 64, 3), i, np.uint8)) for i in range(100))
    write_video(video, pictures, 25.0, (64, 48))
    here = visit(a_study(tmp_path / "study", sources={"clip1": str(video)}))
    here.open("clip?clip=clip1&event=m0")
    seconds = "document.querySelector('#beside video').currentTime"
    here.until(f"Math.abs({seconds} - 2) < 0.01")
    here.press("Shift+ArrowRight")
    here.until(f"Math.abs({seconds} - 3) < 0.01")
    # The very picture: it is as bright as its number.
    bright = """() => { const pen = document.createElement('canvas').getContext('2d');
      pen.drawImage(document.querySelector('#beside video'), 0, 0);
      return pen.getImageData(9, 9, 1, 1).data[0]; }"""
    here.until("!document.querySelector('#beside video').seeking")
    assert here.page.evaluate(bright) == pytest.approx(75, abs=3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 800])
def test_both_pages_are_accessible_and_fit(visit: Any, scheme: str, width: int) -> None:
    size = {"width": width, "height": 840}
    here = visit(color_scheme=scheme, viewport=size, reduced_motion="reduce", bypass_csp=True)
    for path in ("", "clip?clip=clip1&event=m2"):
        here.open(path)
        here.assert_accessible(width)
    here.press("?")
    assert "accept" in here.text("keys")
