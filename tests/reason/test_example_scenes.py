"""The scenes that come with the project: readable, varied, and honest about what misleads."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies.reasoning import CONDITIONS, Example, load_examples
from studies.reasoning.conditions import build_case, condition, derangement

from mgskel.core.errors import InputError
from mgskel.core.gestures import get_vocabulary
from mgskel.reason import RulesReasoner, make_case
from mgskel.reason.prompt import ChatSettings, first_request
from mgskel.reason.scene import load_scene

ROOT = Path(__file__).resolve().parents[2]
SCENES = ROOT / "configs" / "scenes"
EXAMPLES = load_examples([SCENES])


def test_the_scenes_span_settings_and_emotions() -> None:
    settings = {example.scene.setting.split(",")[0] for example in EXAMPLES}
    assert len(EXAMPLES) >= 8 and len(settings) >= 8
    emotions = [example.reference.emotion for example in EXAMPLES]
    assert len(set(emotions)) >= 6
    assert max(map(emotions.count, emotions)) <= len(emotions) / 4


def test_in_some_scenes_all_gestures_mislead_and_in_others_none_do() -> None:
    def share(example: Example) -> float:
        gestures = [f"g{n}" for n in range(1, len(example.gestures) + 1)]
        return sum(one in example.reference.misleading for one in gestures) / len(gestures)

    shares = [share(example) for example in EXAMPLES]
    assert shares.count(1.0) >= 2 and shares.count(0.0) >= 4


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_scene_is_complete(example: Example) -> None:
    known = {c.name for v in ("imigue", "smg", "ma52") for c in get_vocabulary(v).classes}
    assert {g.label for g in (*example.gestures, *example.recognised)} <= known
    assert example.statements and example.gestures and example.scene.said
    assert len(example.reference.rationale) > 80 and example.reference.decisive
    assert {line.who for line in example.scene.said} != {""}
    for shown in CONDITIONS:
        donors = derangement(EXAMPLES, 0) if shown.shuffled else None
        case = build_case(example, shown, donors).case
        assert RulesReasoner().judge(case).status == "ok"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_reference_is_never_shown(example: Example) -> None:
    case = make_case(example.scene, example.statements, example.gestures)
    sent = str(first_request(case, ChatSettings("m")).payload())
    assert example.reference.rationale[:40] not in sent
    assert example.name not in sent and "decisive" not in sent


def test_the_command_reads_the_same_files_as_scenes() -> None:
    for example in EXAMPLES:
        assert load_scene(SCENES / f"{example.name}.yaml") == example.scene


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("emotion: anxiety", "emotion: glee", "not among"),
        ("decisive: [g1,", "decisive: [g9,", "g9"),
        ("misleading: [s7]", "misleading: [s1]", "both"),
        ("recognised:", "recognized:", "recognised"),
        ("study:", "studies:", "study"),
    ],
)
def test_a_faulty_study_section_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = (SCENES / "job_interview_gap.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "x.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_examples([tmp_path])


def test_donors_are_other_scenes_of_other_emotions_each_used_once() -> None:
    for seed in range(5):
        donors = derangement(EXAMPLES, seed)
        assert sorted(d.name for d in donors.values()) == sorted(e.name for e in EXAMPLES)
        for example in EXAMPLES:
            assert donors[example.name].name != example.name
        alike = sum(donors[e.name].reference.emotion == e.reference.emotion for e in EXAMPLES)
        assert alike <= 1
        assert derangement(EXAMPLES, seed) == donors
    assert derangement(EXAMPLES, 0) != derangement(EXAMPLES, 1)


def test_a_placebo_keeps_speech_and_fits_the_time() -> None:
    donors = derangement(EXAMPLES, 0)
    for example in EXAMPLES:
        shown = build_case(example, condition("shuffled_both"), donors)
        own = {item.text for item in make_case(example.scene, example.statements).of("statement")}
        assert [i.text for i in shown.case.of("said")] == [line.text for line in example.scene.said]
        assert not own & {item.text for item in shown.case.of("statement")}
        assert set(shown.reference_ids) == {item.id for item in shown.case.of("said")}
        assert max(item.to_s for item in shown.case.items) <= shown.case.duration_s + 0.5


def test_recognised_gestures_are_matched_with_annotated_ones() -> None:
    (example,) = [e for e in EXAMPLES if e.name == "job_interview_gap"]
    shown = build_case(example, condition("recognised"))
    assert shown.reference_ids["g1"] == "g1" and shown.reference_ids["g3"] == "g4"
    assert "g4" not in shown.reference_ids, "the recogniser's mistake has no counterpart"
