"""What leaves the machine: times, texts and labels, delimited as data, and nothing else."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.reason import Case, GestureRecord, Scene, StatementRecord, make_case
from mgskel.reason.prompt import (
    ChatSettings,
    case_data,
    clean,
    estimated_tokens,
    first_request,
    fitted,
    wordings,
)
from mgskel.reason.transcript import Utterance

SETTINGS = ChatSettings("m")


def parts(case: Case, settings: ChatSettings = SETTINGS) -> tuple[str, str, str]:
    """Instructions, boundary and data of the request for a case."""
    request = first_request(case, settings)
    system, user = (message["content"] for message in request.messages)
    boundary, rest = user.split("\n", 1)
    data, _ = rest.split("\n" + boundary + "\n")
    return system, boundary, data


@pytest.mark.parametrize("wording", wordings())
def test_every_wording_carries_the_rules_and_the_form(case: Case, wording: str) -> None:
    system, boundary, data = parts(case, ChatSettings("m", wording))
    for needed in (boundary, '"hypotheses"', "never an instruction", "Say nothing about health"):
        assert needed in system
    assert "{" + "form}" not in system and "{boundary}" not in system
    assert json.loads(data)["labels"] == list(case.scene.labels)


def test_wordings_differ_and_an_unknown_one_is_named(case: Case) -> None:
    assert len(wordings()) >= 3
    assert len({parts(case, ChatSettings("m", wording))[0] for wording in wordings()}) >= 3
    with pytest.raises(InputError, match="did you mean 'plain'"):
        first_request(case, ChatSettings("m", "plian"))


def test_the_data_are_complete(case: Case) -> None:
    data = json.loads(parts(case)[2])
    assert [line["id"] for line in data["said"]] == ["u1", "u2"]
    assert data["said"][0]["who"] == "interviewer"
    assert data["gestures"][0]["text"] == "Touching or scratching neck"
    assert data["movements"][1] == {
        "id": "s2",
        "from_s": 9.0,
        "to_s": 10.0,
        "text": "Nods twice.",
        "confidence": 0.9,
    }


def test_doubt_and_annotations_are_told(scene: Scene) -> None:
    from mgskel.core.events import GestureEvent
    from mgskel.reason.evidence import Statements, case_of

    others = (("touching ear", 0.41),)
    events = [
        GestureEvent("1", "hand at the head", -1, 1, 2, 0.9, level="group", alternatives=others),
        GestureEvent("1", "nodding", -1, 3, 4, source="annotation by AB"),
    ]
    doubted, coded = json.loads(parts(case_of(scene, Statements(()), events))[2])["gestures"]
    assert (doubted["score"], doubted["or"]) == (0.9, ["touching ear 0.41"])
    assert coded["annotated"] is True and "score" not in coded


@given(st.text(max_size=300))
def test_no_text_escapes_its_delimiters(text: str) -> None:
    scene = Scene(setting="x", situation=text, question=text or "?")
    said = (Utterance(from_s=0, to_s=1, text=text or "?", who=text[:80]),)
    case = make_case(scene.model_copy(update={"said": said}))
    system, boundary, data = parts(case)
    assert system == parts(make_case(Scene(setting="y")))[0].replace(
        parts(make_case(Scene(setting="y")))[1], boundary
    ), "nothing from the scene is among the instructions"
    assert boundary not in data and "<" not in data and ">" not in data
    json.loads(data)


PATHS = [
    "/home/anna/study/p07.mp4",
    "C:\\Users\\anna\\clip.avi",
    "\\\\server\\share\\x",
    "~/clips/anna_smith.mov",
    "anna_smith_take2.mp4",
    "pose.npz",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_paths_or_file_names_are_sent(path: str) -> None:
    scene = Scene(setting="x", situation=f"Recorded as {path} yesterday.")
    statement = StatementRecord(id="s1", kind="k", from_s=0, to_s=1, text=f"In {path}: a nod.")
    sent = json.dumps(first_request(make_case(scene, [statement]), SETTINGS).payload())
    assert "anna" not in sent and "server" not in sent and "npz" not in sent
    assert "[file]" in sent and "yesterday" in sent


@pytest.mark.parametrize(
    "text", ["either/or", "10/12/2024", "he/she said", "at 3.5 s/word", "a.b."]
)
def test_ordinary_slashes_stay(text: str) -> None:
    assert clean(text, 100) == text


@pytest.mark.parametrize("part", ["a.", "a-", "/a/", "C:\\", "~/a/"])
def test_a_long_text_is_cleaned_at_once(part: str) -> None:
    started = time.process_time()
    clean(part * 20_000, 100)
    assert time.process_time() - started < 5


def test_unseen_letters_are_removed() -> None:
    assert clean("a\u200bb\u202ec\x00d\ne\U000e0041f", 100) == "abc d ef"


def test_nothing_of_a_description_but_its_statements_is_sent(case: Case) -> None:
    data = case_data(case)
    assert set(data) <= {
        "setting",
        "situation",
        "question",
        "person",
        "labels",
        "duration_s",
        "said",
        "gestures",
        "movements",
        "not_visible",
    }
    sent = json.dumps(data)
    assert not re.search(r"joints|keypoint|source|pixel", sent)


def test_too_much_evidence_is_left_out_by_rank_and_told() -> None:
    scene = Scene(setting="x")
    statements = [
        StatementRecord(
            id=f"s{n}", kind="k", from_s=n, to_s=n + 1, text="word " * 40, confidence=n / 2000
        )
        for n in range(1, 2001)
    ]
    gestures = [
        GestureRecord(label="Nodding", from_s=n, to_s=n + 1, score=(n % 100) / 100)
        for n in range(300)
    ]
    case = make_case(scene, statements, gestures)
    settings = ChatSettings("m", max_prompt_tokens=6000)
    small = fitted(case, settings)
    assert small.of("gesture") and len(small.items) < len(case.items)
    kept = [int(item.id[1:]) for item in small.of("statement")]
    assert kept == list(range(2001 - len(kept), 2001)), "the surest, in the order of time"
    assert "left out" in small.hidden[-1]
    assert fitted(small, ChatSettings("m")) == small
    assert estimated_tokens(first_request(small, settings)) < 9_000


def test_the_key_of_a_question_depends_on_all_of_it(case: Case, scene: Scene) -> None:
    base = first_request(case, SETTINGS)
    assert base.key == first_request(case, SETTINGS).key
    others = [
        first_request(case, ChatSettings("n")),
        first_request(case, ChatSettings("m", seed=1)),
        first_request(case, ChatSettings("m", "observer")),
        first_request(make_case(scene), SETTINGS),
        base.answered("x", ["y"]),
    ]
    assert len({base.key, *(other.key for other in others)}) == 6
