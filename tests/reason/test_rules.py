"""The rules reasoner: stated rule, complete priors, faithful citations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary, known_gestures, list_vocabularies
from mgskel.reason import Case, GestureRecord, RulesReasoner, Scene, StatementRecord, make_case
from mgskel.reason.assessment import Assessment
from mgskel.reason.grounding import faults
from mgskel.reason.priors import default_priors, word_cues
from mgskel.reason.rules import combine, label_places, sightings_in
from mgskel.reason.transcript import Utterance

CLASSES = sorted({c.name for name in list_vocabularies() for c in get_vocabulary(name)})


def judge(case: Case) -> Assessment:
    outcome = RulesReasoner().judge(case)
    assert outcome.status == "ok" and outcome.assessment is not None
    return outcome.assessment


def test_every_gesture_class_has_a_prior_or_a_reason_for_none() -> None:
    priors = default_priors()
    names = {entry.name for entry in (*priors.movements, *priors.no_prior)}
    for gesture in known_gestures().values():
        assert gesture.prior in names, gesture.name


def test_every_kind_of_statement_has_a_prior_or_a_reason_for_none() -> None:
    priors = default_priors()
    covered = {m.kind for entry in (*priors.movements, *priors.no_prior) for m in entry.statements}
    measured = {kind for gesture in known_gestures().values() for kind in gesture.shows}
    assert measured | {"stillness", "fidgeting", "rubbing"} <= covered


def test_a_hand_that_only_comes_near_is_no_sighting(scene: Scene) -> None:
    def sightings(category: str) -> int:
        statement = StatementRecord(
            id="s1", kind="hand_to_neck", category=category, from_s=1, to_s=2, text="x"
        )
        silent = scene.model_copy(update={"said": ()})
        return len(sightings_in(make_case(silent, [statement]), default_priors()))

    assert sightings("touching") == 1 and sightings("near") == 0


def test_every_reference_is_used() -> None:
    priors = default_priors()
    used = {ref for entry in (*priors.movements, *priors.no_prior) for ref in entry.refs}
    assert used | {"barrett2019", "vrij2019", "russell1980"} == set(priors.references)


def test_a_worked_example(scene: Scene) -> None:
    """One certain neck touch beside the prior, computed by hand from the file's numbers."""
    priors = default_priors()
    case = make_case(
        scene.model_copy(update={"said": ()}),
        gestures=[GestureRecord(label="Touching or scratching neck", from_s=1, to_s=2)],
    )
    places = label_places(case.scene, priors)
    state = combine(sightings_in(case, priors), places, priors)
    weight = 0.35
    assert state.weight == pytest.approx(weight)
    assert state.mean["stress"] == pytest.approx((0.3 + weight * 0.85) / (1 + weight))
    assert state.mean["valence"] == pytest.approx(weight * -0.4 / (1 + weight))

    def distance(label: str) -> float:
        place = places[label]
        seen = {"valence": -0.4, "arousal": 0.3, "stress": 0.85}
        return sum((seen[name] - getattr(place, name)) ** 2 for name in seen)

    import math

    expected = math.exp(weight * (distance("calm") - distance("anxiety")) / (2 * 0.35**2))
    assert state.chances["anxiety"] / state.chances["calm"] == pytest.approx(expected)


def test_repetition_counts_less_each_time(scene: Scene) -> None:
    def stress(times: int) -> float | None:
        gestures = [
            GestureRecord(label="Touching ears", from_s=n, to_s=n + 0.5) for n in range(times)
        ]
        return judge(make_case(scene, gestures=gestures)).stress.value

    assert stress(0) is None
    values = [0.3, *(stress(times) or 0.0 for times in (1, 2, 3, 15))]
    steps = [b - a for a, b in zip(values, values[1:], strict=False)]
    assert all(step > 0 for step in steps)
    assert steps[0] > steps[1] > steps[2] > steps[3] / 12


def test_nothing_known_means_abstaining(scene: Scene) -> None:
    silent = scene.model_copy(update={"said": ()})
    for gestures in ([], [GestureRecord(label="Illustrative body language", from_s=1, to_s=2)]):
        assessment = judge(make_case(silent, gestures=gestures))
        assert assessment.abstain and assessment.judgement is None
        assert assessment.confidence == 0
        assert assessment.summary == [] and "which emotion" in assessment.cannot_judge[0]


def test_words_count_only_where_the_judged_person_speaks(scene: Scene) -> None:
    def case(who: str) -> Case:
        said = (Utterance(from_s=0, to_s=1, who=who, text="I am so nervous and worried."),)
        return make_case(scene.model_copy(update={"said": said}))

    assert judge(case("candidate")).judgement == "anxiety"
    other = judge(case("interviewer"))
    assert other.abstain and any("'candidate'" in question for question in other.cannot_judge)


def test_a_negation_turns_valence_and_keeps_quiet_about_the_rest() -> None:
    priors = default_priors()
    (cue,) = word_cues("I am really not happy", priors)
    assert cue.place.valence is not None and cue.place.valence < 0
    assert cue.place.arousal is None and cue.place.stress is None
    (cue,) = word_cues("I wasn\u2019t sad", priors)
    assert cue.place.valence is not None and 0 < cue.place.valence < 0.5


def test_an_unknown_label_is_an_error_not_a_guess(scene: Scene) -> None:
    strange = scene.model_copy(update={"labels": ("calm", "saudade")})
    with pytest.raises(InputError, match="saudade"):
        RulesReasoner().judge(make_case(strange))
    placed = Scene.model_validate(
        {"setting": "x", "labels": ["calm", "saudade"], "places": {"saudade": {"valence": -0.3}}}
    )
    assert judge(make_case(placed)).abstain


gesture_lists = st.lists(
    st.builds(
        lambda label, start, length, score: GestureRecord(
            label=label, from_s=start, to_s=min(20.0, start + length), score=score
        ),
        st.sampled_from(CLASSES),
        st.floats(0, 19),
        st.floats(0, 5),
        st.floats(0, 1),
    ),
    max_size=12,
)


@given(gestures=gesture_lists)
@settings(max_examples=60, deadline=None)
def test_every_assessment_passes_the_checks_for_language_models(gestures: Any) -> None:
    scene = Scene(setting="x", duration_s=20.0)
    case = make_case(scene, gestures=gestures)
    assessment = judge(case)
    assert list(faults(assessment, case)) == []
    assert assessment.confidence <= default_priors().rule.max_confidence
    assert judge(case) == assessment


@given(gestures=gesture_lists, step=st.just(1e-6))
@settings(max_examples=30, deadline=None)
def test_citations_are_causal(gestures: Any, step: float) -> None:
    """Trusting a piece of evidence a little more moves the judgement as its citation says."""
    scene = Scene(setting="x", duration_s=20.0)
    case = make_case(scene, gestures=gestures)
    best = judge(case).hypotheses[0]
    scores = [item.confidence for item in case.items]
    if len(set(scores)) < len(scores):
        return  # equal strengths change ranks under the step
    for ids, sign in ((best.evidence_for, 1), (best.evidence_against, -1)):
        for one in ids:
            items = tuple(
                replace(item, confidence=item.confidence * (1 + step)) if item.id == one else item
                for item in case.items
            )
            chances = {h.emotion: h.probability for h in judge(Case(scene, items)).hypotheses}
            assert sign * (chances[best.emotion] - best.probability) > 0


def test_an_hour_of_evidence_is_judged_at_once() -> None:
    scene = Scene(setting="x")
    gestures = [
        GestureRecord(label=CLASSES[n % len(CLASSES)], from_s=n, to_s=n + 0.5) for n in range(4000)
    ]
    case = make_case(scene, gestures=gestures)
    assert list(faults(judge(case), case)) == []
