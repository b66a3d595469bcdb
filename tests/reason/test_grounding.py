# ruff: noqa: E501
"""What the check of a reply lets through, and what it does not."""

from __future__ import annotations

import json
import time
import unicodedata
from typing import Any

import pytest
from chat_server import good_reply
from hypothesis import given
from hypothesis import strategies as st

from mgskel.reason import Case
from mgskel.reason.assessment import reply_schema
from mgskel.reason.claims import forbidden, mentions, normalised
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


UNFOUNDED = {"emotion": "calm", "probability": 0.3, "evidence_for": [], "evidence_against": []}


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
        (changed("hypotheses.0.evidence_for", []), "cites no evidence for it"),
        (changed("hypotheses.0.evidence_against", ["g1"]), "both for and against"),
        (changed("stress.evidence_for", ["s9"]), "'s9' does not exist"),
        (changed("moments.0.evidence", ["x1"]), "'x1' does not exist"),
        (changed("alternative_explanations.0.explains", ["nope"]), "'nope' does not exist"),
        (changed("moments.0.to_s", 99.0), "lasts 20.0 s"),
        (changed("moments.0.to_s", 1.0), "before it starts"),
        (changed("moments.0.from_s", -1.0), "moments.0.from_s"),
        (changed("valence.value", -2), "valence.value"),
        (changed("confidence", True), "confidence"),
        (changed("summary.0.text", ""), "summary"),
        (changed("summary.0.text", "x" * 700), "summary"),
        (good_reply(hypotheses=[*good_reply()["hypotheses"][:1], UNFOUNDED]), "'calm' cites no"),
        (changed("arousal.value", 0.2), "arousal has a value but cites no evidence"),
        (changed("moments.0.evidence", []), "moment 1 cites no evidence"),
        (changed("alternative_explanations.0.explains", []), "cites no evidence"),
    ],
)
def test_what_is_wrong_is_named(case: Case, reply: Any, words: str) -> None:
    assert any(words in error for error in errors_of(reply, case)), errors_of(reply, case)


def sentence(text: str, *evidence: str, **more: str) -> dict[str, Any]:
    return good_reply(summary=[{"text": text, "evidence": list(evidence), **more}])


# What a language model must not get through: one answer each, sound in everything else.
HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "no evidence at all": (sentence("The candidate is anxious."), "cites no evidence"),
    "running text without ids": (good_reply(summary="The candidate is anxious."), "no evidence"),
    "the second sentence uncited": (
        good_reply(summary="The neck is touched [s1]. The candidate is calm by nature."),
        "summary 2 cites no evidence",
    ),
    "two sentences in one entry": (
        sentence("The neck is touched. He plans to resign.", "s1"),
        "several sentences",
    ),
    "an invented id": (sentence("The neck is touched.", "s99"), "'s99' does not exist"),
    "an invented id in brackets": (sentence("The neck is touched [s99].", "s1"), "'s99'"),
    "in round brackets": (sentence("The neck is touched (s99).", "s1"), "'s99'"),
    "in capitals": (sentence("The neck is touched [S99].", "s1"), "'s99'"),
    "bare": (sentence("As S99 shows, the neck is touched.", "s1"), "'s99'"),
    "spelt out": (sentence("As statement 99 shows, the neck is touched.", "s1"), "'s99'"),
    "beside a true one": (sentence("The neck is touched [s1, s 99].", "s1"), "'s99'"),
    "in full width": (
        sentence("The neck is touched \uff3b\uff53\uff19\uff19\uff3d.", "s1"),
        "'s99'",
    ),
    "he lied throughout": (sentence("He lied throughout.", "s1"), "deception"),
    "in German": (sentence("Er hat durchweg gelogen.", "s1"), "deception"),
    "in German, another word": (
        sentence("Er l\u00fcgt bei der Frage nach dem Hals.", "s1"),
        "deception",
    ),
    "as a denial": (sentence("Nobody who touches the neck is honest.", "s1"), "deception"),
    "with a zero-width space": (
        sentence("He is l\u200bying, and touches the neck.", "s1"),
        "deception",
    ),
    "with a soft hyphen": (sentence("He de\u00adceives and touches the neck.", "s1"), "deception"),
    "with an accent": (sentence("He l\u00eded and touches the neck.", "s1"), "deception"),
    "letter by letter": (sentence("He l-i-e-d and touches the neck.", "s1"), "deception"),
    "with a Cyrillic letter": (sentence("He li\u0435d and touches the neck.", "s1"), "letter"),
    "in mathematical letters": (
        sentence("He \U0001d425\U0001d422\U0001d41e\U0001d41d and touches the neck.", "s1"),
        "deception",
    ),
    "a diagnosis": (
        sentence("Touching the neck is a clear sign of major depressive disorder.", "s1"),
        "diagnosis",
    ),
    "a diagnosis in German": (
        sentence("Die Ber\u00fchrung am Hals zeigt eine Angstst\u00f6rung.", "s1"),
        "diagnosis",
    ),
    "advice on hiring": (
        sentence("The company should not hire this anxious candidate.", "s1"),
        "decision",
    ),
    "a verdict of fitness": (sentence("An anxious candidate is unsuitable.", "s1"), "decision"),
    "orientation": (sentence("The nod suggests that the candidate is gay.", "s2"), "protected"),
    "religion": (sentence("The nod is that of a devout Muslim.", "s2"), "protected"),
    "guilt": (sentence("He stole the money.", "s1"), "guilt"),
    "an act that no evidence shows": (
        sentence("He drove to Berlin at night.", "s1"),
        "speaks of nothing that its evidence (s1) holds",
    ),
    "sensitive by its own account": (
        sentence("The neck is touched.", "s1", sensitive="health"),
        "concerns 'health'",
    ),
    "hidden in an explanation": (
        good_reply(
            alternative_explanations=[{"explanation": "an untreated psychosis", "explains": ["s1"]}]
        ),
        "diagnosis",
    ),
    "hidden in what cannot be judged": (
        good_reply(cannot_judge=["how long his depression has lasted"]),
        "diagnosis",
    ),
    "hidden in a moment": (changed("moments.0.why", "lies about the jobs"), "deception"),
}


# One sentence each, about a touch of the neck (s1) or two slow nods (s2), and what is said of it.
MORE_HOSTILE = [
    ("The neck is touched [s1, 99].", "'s99'"), ("The neck is touched [s1-99].", "'s99'"), ("As statements 98 and 99 show, the neck is touched.", "'s99'"),
    ("As evidence 99 shows, the neck is touched.", "'s99'"), ("The neck is touched, see S 99.", "'s99'"), ("The neck is touched, s_99.", "'s99'"), ("Wie Aussagen 98 zeigen, der Hals (neck).", "'s98'"),
    ("The nod is phony.", "deception"), ("The candidate invents a nod.", "deception"), ("Er schwindelt beim Nicken.", "deception"), ("He covers up the nod.", "deception"), ("The nod is untrue.", "deception"),
    ("He l1ed and touches the neck.", "deception"), ("He is a li4r with a slow nod.", "deception"), ("He is ly-ing and touches the neck.", "deception"), ("He li/ed and touches the neck.", "deception"),
    ("He is l<b>y</b>ing and touches the neck.", "markup"), ("He is l&#121;ing and touches the neck.", "markup"), ("The neck is touched; he plans to resign.", "several sentences"),
    ("Touching the neck points to OCD.", "diagnosis"), ("The slow nod shows that he is drunk.", "diagnosis"), ("The candidate needs therapy for the touching.", "diagnosis"), ("Die nods zeigen Drogenkonsum.", "diagnosis"),
    ("Touching the neck shows that he embezzled funds.", "guilt"), ("The nod shows that he is innocent.", "guilt"), ("He took the money, touching the neck.", "guilt"), ("Er hat Geld unterschlagen und nickt.", "guilt"),
    ("Do not offer the job to someone who touches the neck.", "decision"), ("The nod speaks against promotion.", "decision"), ("The nod speaks against bail.", "decision"), ("Wer so nickt (slow nod), dem ist zu k\u00fcndigen.", "decision"),
    ("The nod shows that he is not straight.", "protected"), ("The slow nod is that of an Arab.", "protected"), ("The nod is typical of women.", "protected"), ("Ein t\u00fcrkisches nod.", "protected"), ("Das nod eines Rechtsextremen.", "protected"),
]  # fmt: skip


# In languages that nobody here can check, or too short to tell which: French, Spanish, Italian,
# Portuguese, Dutch, Swedish, Danish, Polish, Turkish, Romanian, Finnish, Hungarian, Indonesian.
OTHER_LANGUAGES = [
    ("Elle a menti pendant tout l'entretien, neck.", "language"), ("La personne touche le cou (neck) et semble tendue.", "language"), ("Il est coupable du vol, neck.", "guilt"),
    ("Le neck montre une maladie.", "diagnosis"), ("Ne pas embaucher cette personne (neck).", "decision"), ("La personne est musulmane (neck).", "protected"), ("Nod menteur.", "deception"),
    ("Ella miente sobre el neck.", "deception"), ("La candidata toca el neck y parece nerviosa.", "language"), ("Es culpable del robo, neck.", "guilt"), ("Sufre de una enfermedad, neck.", "diagnosis"),
    ("No se debe contratar a esta persona, neck.", "decision"), ("Neck: mentira.", "deception"), ("Ha mentito mentre tocca il neck.", "language"), ("Il neck e' di una persona malata.", "diagnosis"),
    ("Neck: colpevole.", "guilt"), ("Ele mentiu quando toca no neck.", "language"), ("N\u00e3o contratar, neck.", "decision"), ("Hij liegt over de neck.", "language"), ("De neck wordt geraakt.", "language"),
    ("Hon ljuger och har en neck.", "language"), ("Hun lyver, og hun ber\u00f8rer neck.", "language"), ("Ona k\u0142amie, bo dotyka neck przez czas.", "language"), ("Neck bu bir yalan.", "language"),
    ("El nu este sincer, neck.", "deception"), ("H\u00e4n valehtelee ja koskettaa neck.", "language"), ("Az egy hazug, neck.", "language"), ("Dia berbohong dengan neck.", "language"),
    ("Neck beruhrt mentitur semper omnibus horis.", "language"), ("The neck, et il a menti sur les jobs.", "language"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), OTHER_LANGUAGES)
def test_sentences_in_other_languages_do_not_pass(case: Case, text: str, words: str) -> None:
    found = errors_of(sentence(text, "s1", "s2"), case)
    assert any(words in error for error in found), found


@pytest.mark.parametrize("part", ["alternative_explanations", "cannot_judge", "moments"])
def test_other_languages_do_not_pass_elsewhere_either(case: Case, part: str) -> None:
    text = "si elle a menti sur son travail"
    reply = changed("moments.0.why", text) if part == "moments" else good_reply(
        **{part: [text] if part == "cannot_judge" else [{"explanation": text, "explains": ["s1"]}]}
    )  # fmt: skip
    found = errors_of(reply, case)
    assert any("language" in error for error in found), found


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (sentence("The candidate said nothing while the neck is touched.", "s1"), "cite where"),
        (sentence("Der Bewerber sagte etwas zum neck.", "s1"), "cite where"),
        (changed("moments.0.evidence", ["s2"]), "nothing that happens in its time"),
        (changed("moments", [{"from_s": 15, "to_s": 16, "why": "nods", "evidence": ["s2", "g1"]}]),
         "nothing that happens in its time"),
    ],
)  # fmt: skip
def test_evidence_is_of_a_kind_that_can_bear_the_claim(
    case: Case, reply: dict[str, Any], words: str
) -> None:
    found = errors_of(reply, case)
    assert any(words in error for error in found), found


def test_speech_of_other_languages_may_be_quoted() -> None:
    from mgskel.reason.language import can_be_judged

    said = "je ne sais pas ce que je dois faire"
    assert can_be_judged('The person says "je ne sais pas".', (), said)
    assert not can_be_judged('The person says "elle ne sait pas que il est le".', (), said)
    assert not can_be_judged("Je ne sais pas.", (), said)


@pytest.mark.parametrize(("text", "words"), MORE_HOSTILE)
def test_hostile_sentences_do_not_pass(case: Case, text: str, words: str) -> None:
    found = errors_of(sentence(text, "s1", "s2"), case)
    assert any(words in error for error in found), found


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_do_not_pass(case: Case, name: str) -> None:
    reply, words = HOSTILE[name]
    found = errors_of(reply, case)
    assert any(words in error for error in found), found


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("The neck is touched while the gap in the jobs is spoken of.", ["g1", "u2"]),
        ("Anxiety fits the hesitation best [u2].", ["u2"]),
        ("Er z\u00f6gert und sagt wenig.", ["u2"]),
        ("The candidate appears tense.", ["s1"]),
        ("Two slow nods (s2).", ["s2"]),
        ("After 4.5 s the neck is touched [s1, 4.5-6.0 s].", ["s1"]),
        ("3 gestures of 5 s are seen at the neck.", ["s1"]),
        ("Statements 1 and 2 tell of neck and nod.", ["s1", "s2"]),
        ("The well-known self-touch of the neck.", ["s1"]),
    ],
)
def test_careful_sentences_pass(case: Case, text: str, evidence: list[str]) -> None:
    assessment = checked(json.dumps(sentence(text, *evidence)), case)
    assert assessment.summary[0].text == text


def test_a_report_may_use_the_words_of_the_speech_that_it_cites() -> None:
    from mgskel.reason import Scene, make_case
    from mgskel.reason.transcript import Utterance

    said = (Utterance(from_s=0, to_s=2, text="I had a depression in 2019."),)
    case = make_case(Scene(setting="interview", labels=("anxiety", "calm"), said=said))
    nothing: dict[str, Any] = {"value": None, "evidence_for": [], "evidence_against": []}
    judged = good_reply(
        hypotheses=hypotheses(("anxiety", 1.0)),
        **dict.fromkeys(("valence", "arousal", "stress"), nothing),
        moments=[],
        alternative_explanations=[],
    )
    judged["hypotheses"][0]["evidence_for"] = ["u1"]
    for text, passes in (
        ("The person tells of a depression in 2019.", True),
        ("The person has a depression.", False),
        ("The person tells that she is a liar.", False),
    ):
        reply = {**judged, "summary": [{"text": text, "evidence": ["u1"]}]}
        if passes:
            assert checked(json.dumps(reply), case).summary
        else:
            assert errors_of(reply, case)


def test_running_text_is_taken_apart_into_sentences(case: Case) -> None:
    text = "The neck is touched [s1]. Then two nods follow (S2), g1."
    first, second = checked(json.dumps(good_reply(summary=text)), case).summary
    assert (first.text, first.evidence) == ("The neck is touched [s1].", ["s1"])
    assert second.evidence == ["g1", "s2"]


def test_uncited_sentences_may_be_shown_as_such(case: Case) -> None:
    reply = json.dumps(sentence("The candidate is anxious."))
    assert checked(reply, case, uncited="show").text == "The candidate is anxious. [no evidence]"


@given(st.text(max_size=300))
def test_texts_are_normalised_once_and_looked_at_quickly(text: str) -> None:
    form = normalised(text)
    assert normalised(form) == form
    assert not any(unicodedata.category(c) in ("Cf", "Cc") for c in form)
    list(forbidden(form))


def test_no_text_makes_the_search_for_ids_slow() -> None:
    started = time.process_time()
    for text in ("[s" * 100_000, "statement " * 50_000, "(s 1" * 50_000, "s1s1" * 50_000):
        mentions(text, ["s1"])
        checked_text = text[:600]
        list(forbidden(checked_text))
    assert time.process_time() - started < 5


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
