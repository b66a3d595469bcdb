"""The page's content, and that no text of the recording can become markup."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from report_cases import HOSTILE, a_recording, an_outcome, some_content, some_events

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.report.drawing import group_colours, ink_on
from mgskel.report.frame import embeddable
from mgskel.report.pack import MISSING, unpack
from mgskel.report.page import page_data, render_page, video_url
from mgskel.report.player import MOST_POINTS


def embedded(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))


def test_the_page_is_one_file_that_fetches_nothing():
    page = render_page(some_content())
    assert not re.search(r'(src|href)="(?!#)[^"]*//', page)
    assert "@import" not in page
    assert "$" not in page.split('id="data">')[0].replace("${", "")


def test_equal_content_gives_equal_pages():
    assert render_page(some_content()) == render_page(some_content())


def test_hostile_texts_stay_text():
    event = GestureEvent("1", HOSTILE, 0, 1.0, 2.0, 0.5, True)
    page = render_page(
        some_content(
            title=HOSTILE, events=[event], sequence=a_recording().noted(HOSTILE, x=HOSTILE)
        )
    )
    assert "<img src=x" not in page
    assert page.count("</script>") == 2
    assert embedded(page)["title"] == HOSTILE
    assert embeddable("\u2028<&>") == '"\\u2028\\u003c\\u0026\\u003e"'


def test_missing_joints_stay_missing():
    data = page_data(some_content())
    joints = len(data["player"]["joints"])
    points = unpack(data["player"]["points"]).reshape(joints, 2, -1)
    absent = ~a_recording().present[0].T
    assert ((points == MISSING).all(1) == absent).all()


@pytest.mark.slow
def test_an_hour_is_thinned_but_keeps_its_length():
    content = some_content(3600, sequence=a_recording(3600, layout="mediapipe_holistic"),
                           attention=None, events=some_events(3600))  # fmt: skip
    data = page_data(content)
    player = data["player"]
    assert player["frames"] * len(player["joints"]) <= MOST_POINTS
    assert data["duration_s"] == 3600
    assert player["frames"] * player["step_s"] == np.float64(3600).round()
    assert len(json.dumps(data)) < 15e6


def test_uneven_frames_keep_their_times():
    sequence = a_recording(2)
    times = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.06, sequence.num_frames))
    data = page_data(some_content(2, sequence=sequence.replace(timestamps=times), attention=None))
    gaps = unpack(data["player"]["times"])[0] / 1000
    np.testing.assert_allclose(times[0] + np.cumsum(gaps), times, atol=0.05)
    assert data["player"]["start_s"] == times[0]


def test_evidence_holds_statements_and_what_else_was_cited():
    said = {"id": "u1", "kind": "said", "text": "Hello", "from_s": 0.0, "to_s": 1.0}
    content = some_content(outcome=an_outcome(evidence=[said]))
    ids = [item["id"] for item in page_data(content)["evidence"]]
    assert ids == [s.id for s in content.description.statements] + ["u1"]


def test_colours_differ_and_carry_readable_ink():
    colours = group_colours(["head", "hand", "body", "hand"])
    assert len(set(colours.values())) == 3
    assert ink_on("#ffffff") == "#000000"
    assert ink_on("#0b2030") == "#ffffff"


def test_the_methods_paragraph_names_what_was_done():
    recording = a_recording().noted("outliers", dropped=3).noted("gaps", filled=2)
    data = page_data(some_content(sequence=recording.noted("smoothing", skipped="too slow")))
    assert "cleaned by dropping outliers and filling short gaps." in data["methods"]
    assert "recognizer default" in data["methods"]
    assert "'rules'" in data["methods"]


def test_provenance_holds_the_model_card():
    facts = dict(
        page_data(some_content(sequence=a_recording().noted("import", tool="x")))["provenance"]
    )
    assert facts["recognizer"] == "default"
    assert facts["recognizer fingerprint"] == "0123456789abcdef"
    assert facts["recognizer in that test"] == "F1 at overlap 0.3 0.50"
    assert "not validated" in facts["recognizer's use"]
    assert facts["step: import"] == "tool: x"


def test_a_clip_that_no_browser_plays_is_named(tmp_path):
    (tmp_path / "clip.avi").write_bytes(b"")
    with pytest.raises(InputError, match="cannot show"):
        video_url(tmp_path / "clip.avi")


def test_whoever_never_was_is_told():
    made_up = some_content(sequence=a_recording().noted("synthesis", seed=1))
    assert page_data(made_up)["lead"].startswith("20.0 s of one synthetic person. ")


def test_who_says_so_is_told():
    def event(**more):
        return GestureEvent("1", "nodding", -1, 1.0, 2.0, **more)

    data = page_data(some_content(events=[event(source="annotation by AB")]))
    assert data["lead"].startswith("20.0 s of one person. 1 gesture annotated: nodding. ")
    assert data["events"][0]["annotated"] == "annotation by AB"
    mixed = page_data(some_content(events=[event(source="annotation"), event(score=0.6)]))
    assert "1 gesture recognised: nodding. 1 gesture annotated: nodding. " in mixed["lead"]
