"""What the check of a reply lets through, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_server import good_reply
from hypothesis import given
from hypothesis import strategies as st

from mgskel.reason import Case
from mgskel.reason.assessment import reply_schema
from mgskel.reason.grounding import BadReply, checked


def errors_of(reply: Any, case: Case) -> list[str]:
    with pytest.raises(BadReply) as caught:
        checked(reply if isinstance(reply, str) else json.dumps(reply), case)
    return caught.value.errors


def hypotheses(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [
        {"emotion": label, "probability": p, "evidence_for": ["u2"], "evidence_against": []}
        for label, p in pairs
    ]


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "Here is my answer:\n{}\nGood luck!"])
def test_sound_replies_pass_however_wrapped(case: Case, wrap: str) -> None:
    assert checked(wrap.replace("{}", json.dumps(good_reply())), case).judgement == "anxiety"


def test_an_abstention_passes_and_judges_nothing(case: Case) -> None:
    assessment = checked(json.dumps(good_reply(abstain=True, hypotheses=[])), case)
    assert assessment.judgement is None and assessment.limits


def test_labels_may_differ_in_case_only(case: Case) -> None:
    reply = good_reply(hypotheses=hypotheses((" Anxiety", 0.6), ("JOY", 0.4)))
    assert checked(json.dumps(reply), case).judgement == "anxiety"


def changed(path: str, value: Any) -> dict[str, Any]:
    reply = good_reply()
    *parents, last = path.split(".")
    place: Any = reply
    for key in parents:
        place = place[int(key)] if key.isdigit() else place[key]
    place[last] = value
    return reply


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (good_reply(hypotheses=hypotheses(("glee", 1.0))), "'glee' is not one of: calm, joy"),
        (good_reply(hypotheses=hypotheses(("joy", 0.5), ("joy", 0.5))), "appears twice"),
        (good_reply(hypotheses=hypotheses(("joy", 0.9), ("calm", 0.9))), "add up to 1.800"),
        (good_reply(hypotheses=hypotheses(("joy", 0.2))), "add up to 0.200"),
        (good_reply(hypotheses=hypotheses(("joy", 0.5), ("calm", 0.5))), "tied"),
        (good_reply(hypotheses=[]), "hypotheses is empty"),
        (changed("hypotheses.0.evidence_for", []), "cites no evidence"),
        (changed("hypotheses.0.evidence_against", ["g1"]), "both for and against"),
        (changed("stress.evidence_for", ["s9"]), "'s9' does not exist"),
        (changed("moments.0.evidence", ["x1"]), "'x1' does not exist"),
        (changed("alternative_explanations.0.explains", ["nope"]), "'nope' does not exist"),
        (good_reply(summary="She swallows [s1, s44]."), "'s44' does not exist"),
        (changed("moments.0.to_s", 99.0), "lasts 20.0 s"),
        (changed("moments.0.to_s", 1.0), "before it starts"),
        (changed("moments.0.from_s", -1.0), "moments.0.from_s"),
        (changed("valence.value", -2), "valence.value"),
        (changed("confidence", True), "confidence"),
        (good_reply(summary="The candidate is lying about the gap."), "deception"),
        (good_reply(summary="No doubt, he is clearly lying."), "deception"),
        (good_reply(summary="This proves that he told lies."), "deception"),
        (good_reply(summary="He suffers from an illness."), "diagnosis"),
        (good_reply(cannot_judge=["He has a major depression."]), "diagnosis"),
        (good_reply(summary=""), "summary"),
        (good_reply(summary="x" * 4000), "summary"),
    ],
)
def test_what_is_wrong_is_named(case: Case, reply: Any, words: str) -> None:
    assert any(words in error for error in errors_of(reply, case)), errors_of(reply, case)


@pytest.mark.parametrize(
    "text",
    [
        "This is not a diagnosis, and nothing here proves that he is lying.",
        "Whether the candidate tells the truth cannot be judged.",
    ],
)
def test_careful_words_are_no_claims(case: Case, text: str) -> None:
    assert checked(json.dumps(good_reply(summary=text)), case).summary == text


@given(st.text(max_size=200))
def test_any_text_is_refused_with_an_error_never_a_crash(text: str) -> None:
    from mgskel.reason import Scene, make_case

    case = make_case(Scene(setting="x"))
    with pytest.raises(BadReply):
        checked(text, case)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(good_reply())), json_values)
def test_any_value_in_any_place_is_refused_or_sound(key: str, value: Any) -> None:
    from mgskel.reason import Scene, make_case

    case = make_case(Scene(setting="x", labels=("anxiety", "calm"), duration_s=20.0))
    try:
        assessment = checked(json.dumps(good_reply(**{key: value})), case)
    except BadReply as bad:
        assert bad.errors
    else:
        assert assessment.limits


def test_the_schema_admits_only_these_labels_and_ids(case: Case) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(reply_schema(case.scene.labels, case.ids))
    assert validator.is_valid(good_reply())
    assert not validator.is_valid(changed("stress.evidence_for", ["s9"]))
    assert not validator.is_valid(good_reply(hypotheses=hypotheses(("glee", 1.0))))
    assert not validator.is_valid(good_reply(more=1))
    empty = jsonschema.Draft202012Validator(reply_schema(case.scene.labels, ()))
    assert not empty.is_valid(good_reply())
