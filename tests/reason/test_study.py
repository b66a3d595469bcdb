"""The study end to end: with rules, with a server that fails now and then, and with replays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chat_server import Behaviour, Request, Server, fails, good_reply, says
from studies.reasoning import CONDITIONS, Row, load_examples
from studies.reasoning.command import main
from studies.reasoning.runner import Journal
from studies.reasoning.scores import baselines, compare, summarise

ROOT = Path(__file__).resolve().parents[2]
SCENES = ROOT / "configs" / "scenes"
NAMES = ("job_interview_gap", "negotiation_cold_room", "award_speech")
THREE = [str(SCENES / f"{name}.yaml") for name in NAMES]


def study(out: Path, *more: str) -> int:
    return main(["--scenes", *THREE, "-o", str(out), *more])


def rows_in(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]


def answers() -> Behaviour:
    """A server that judges by what it is shown: calm, and anxious where gestures are shown."""

    def behave(request: Request) -> None:
        user = request.body["messages"][1]["content"]
        data = json.loads(user.split("===")[2])
        first = data["said"][0]["id"]
        emotion = "anxiety" if data.get("gestures") else "calm"
        hypothesis = {
            "emotion": emotion,
            "probability": 1.0,
            "evidence_for": [first],
            "evidence_against": [],
        }
        nothing: dict[str, Any] = {"evidence_for": [], "evidence_against": []}
        says(
            good_reply(
                hypotheses=[hypothesis],
                valence={"value": None, **nothing},
                arousal={"value": None, **nothing},
                stress={"value": None, **nothing},
                moments=[],
                alternative_explanations=[],
                summary=[],
            )
        )(request)

    return behave


LLM = ("--llm-model", "m", "--no-rules", "--prompts", "plain", "--repeats", "1")


def test_rules_alone_give_table_plot_and_page(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "reasoning.md"
    assert study(tmp_path / "out", "--page", str(page)) == 0
    text = page.read_text()
    for shown in CONDITIONS:
        assert f"| {shown.title} |" in text
    for word in ("majority", "prior", "McNemar", "Brier", "Completeness", "placebo"):
        assert word in text
    assert str(tmp_path) not in text
    assert (page.parent / "reasoning-accuracy.svg").read_text().startswith("<?xml")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["scenes"] == 3 and len(results["summaries"]) == len(CONDITIONS)
    assert len(rows_in(tmp_path / "out")) == 3 * (5 + 3 * 3)


def test_the_result_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert study(tmp_path / name) == 0
    for file in ("results.json", "accuracy.svg"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_server_that_fails_now_and_then_loses_nothing(tmp_path: Path, server: Server) -> None:
    calls = 0
    good = answers()

    def moody(request: Request) -> None:
        nonlocal calls
        calls += 1
        (fails(500, "tired") if calls % 3 == 0 else good)(request)

    server.will(moody)
    options = (*LLM, "--llm-url", server.url, "--retries", "0", "--concurrency", "1")
    assert study(tmp_path, *options) == 1
    first = {row["key"]: row["status"] for row in rows_in(tmp_path)}
    assert sorted(set(first.values())) == ["failed", "ok"] and len(first) == 24
    assert "| 4 | 2 |" not in (tmp_path / "results.md").read_text().splitlines()[0]
    asked = len(server.requests)
    server.will(good)
    assert study(tmp_path, *options) == 0
    failed = sum(status == "failed" for status in first.values())
    assert len(server.requests) - asked == failed, "only what failed is asked again"
    assert {row.status for row in Journal(tmp_path / "answers.jsonl").read().values()} == {"ok"}
    results = json.loads((tmp_path / "results.json").read_text())
    assert all(summary["failed"] == 0 for summary in results["summaries"])


@pytest.mark.parametrize(
    "fault",
    [fails(429), fails(500), says("not json"), says(good_reply()), says("x", choices=[])],
    ids=["429", "500", "not json", "wrong ids", "no choice"],
)
def test_a_study_with_a_broken_server_ends_with_a_record(
    tmp_path: Path, server: Server, fault: Behaviour
) -> None:
    server.will(fault)
    options = (*LLM, "--llm-url", server.url, "--retries", "0", "--conditions", "context")
    study(tmp_path, *options)
    rows = rows_in(tmp_path)
    assert len(rows) == 3
    assert all(row["status"] in ("failed", "invalid") and row["reason"] for row in rows)
    assert all(row["judgement"] is None for row in rows)
    assert (tmp_path / "results.md").exists()


def test_an_interruption_loses_nothing_that_was_answered(tmp_path: Path, server: Server) -> None:
    """The file is cut in the middle of a line, as a power cut would leave it."""
    server.will(answers())
    options = (*LLM, "--llm-url", server.url, "--conditions", "context", "both")
    assert study(tmp_path, *options) == 0
    journal = tmp_path / "answers.jsonl"
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]) + lines[3][:40])
    asked = len(server.requests)
    assert study(tmp_path, *options) == 0
    assert len(server.requests) == asked, "the replies are kept apart from the rows"
    kept = Journal(journal).read()
    assert len(kept) == 6 and {row.status for row in kept.values()} == {"ok"}


def test_a_killed_study_goes_on_where_it_was(tmp_path: Path, server: Server) -> None:
    """Killed without warning in the middle of asking: what was answered is not asked again."""
    good = answers()

    def stuck_after_five(request: Request) -> None:
        if len(server.requests) > 5:
            server.stopping.wait(60)
        good(request)

    server.will(stuck_after_five)
    options = (*LLM, "--llm-url", server.url, "--conditions", "context", "true_gestures")
    command = [sys.executable, str(ROOT / "tools" / "study_reasoning.py"), "--scenes", *THREE]
    command += ["-o", str(tmp_path), *options, "--concurrency", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    journal = tmp_path / "answers.jsonl"
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 4):
        assert process.poll() is None, "the study ended before it was killed"
        time.sleep(0.02)
    process.kill()
    process.wait()
    answered = set(Journal(journal).read())
    asked = len(server.requests)
    assert 4 <= len(answered) < 6
    server.will(good)
    assert study(tmp_path, *options) == 0
    assert len(server.requests) - asked <= 6 - len(answered)
    kept = Journal(journal).read()
    assert answered < set(kept) and {row.status for row in kept.values()} == {"ok"}


def test_recorded_replies_replay_without_any_server(tmp_path: Path, server: Server) -> None:
    server.will(answers())
    options = (*LLM, "--conditions", "context", "true_gestures")
    assert study(tmp_path / "live", *options, "--llm-url", server.url) == 0
    replies = tmp_path / "live" / "replies"
    assert study(tmp_path / "again", *options, "--replay", str(replies)) == 0
    for file in ("results.json",):
        live = (tmp_path / "live" / file).read_text()
        assert (tmp_path / "again" / file).read_text() == live


def test_several_models_and_wordings(tmp_path: Path, server: Server) -> None:
    server.will(answers())
    models = ("--llm-model", "m1", "m2", "--prompts", "plain", "stepwise")
    assert study(tmp_path, *models, "--llm-url", server.url, "--conditions", "context") == 0
    assert {(row["reasoner"], row["wording"]) for row in rows_in(tmp_path)} == {
        ("rules", "-"),
        ("llm:m1", "plain"),
        ("llm:m1", "stepwise"),
        ("llm:m2", "plain"),
        ("llm:m2", "stepwise"),
    }


def test_size_and_cost_are_shown_before_anything_is_asked(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    options = (*LLM, "--llm-url", server.url, "--price-in", "2", "--price-out", "10")
    assert study(tmp_path, *options, "--dry-run") == 0
    shown = capsys.readouterr().err
    assert "24 requests" in shown and "tokens" in shown and "costs at most" in shown
    assert study(tmp_path, *options) == 2, "nobody can be asked, so nothing is spent"
    assert "--yes" in capsys.readouterr().err
    assert server.requests == [] and not (tmp_path / "answers.jsonl").exists()
    server.will(answers())
    assert study(tmp_path, *options, "--yes") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--conditions", "contxt"], "contxt"),
        (["--llm-model", "m"], "--llm-url"),
        (["--llm-url", "http://localhost:1"], "--llm-model"),
        (["--no-rules"], "nobody"),
        (["--repeats", "0"], "at least 1"),
        (["--imigue", "missing"], "--imigue-labels"),
        (["--smg", "missing"], "--stressed-code"),
    ],
)
def test_wrong_options_are_exit_2(
    tmp_path: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(tmp_path, *options) == 2
    assert words in capsys.readouterr().err


# Scores, on rows made by hand.

EXAMPLES = {example.name: example for example in load_examples([Path(path) for path in THREE])}


def row(scene: str, condition: str, judgement: str | None, **more: Any) -> Row:
    made = Row(
        key=f"{scene} {condition} {judgement}",
        scene=scene,
        condition=condition,
        reasoner="r",
        wording="-",
        repeat=0,
        status="ok",
        reason="",
        judgement=judgement,
        probabilities={judgement: 1.0} if judgement else {"calm": 0.5, "joy": 0.5},
    )
    return replace(made, **more)


def test_scores_by_hand() -> None:
    rows = [
        row(
            "job_interview_gap",
            "both",
            "anxiety",
            valence=-0.3,
            cited={"anxiety": ["u2", "s1", "s7", ""]},
            shown=["u1", "u2", "s1", "s2", "s7"],
        ),
        row("award_speech", "both", None, abstain=True, valence=0.7),
        row("negotiation_cold_room", "both", None, status="invalid"),
        row("negotiation_cold_room", "both", None, status="failed"),
    ]
    summary = summarise(rows, EXAMPLES, "r", "both")
    assert (summary.asked, summary.failed) == (4, 1)
    assert summary.accuracy.value == pytest.approx(1 / 3)
    assert summary.macro_f1 == pytest.approx(1 / 3)
    assert summary.invalid_rate == summary.abstention_rate == pytest.approx(1 / 3)
    assert summary.valence_error.value == pytest.approx((0.2 + 0.0) / 2)
    assert summary.completeness.value == pytest.approx(2 / 3)  # u2, s1 of u2, s1, s2
    assert summary.grounding.value == pytest.approx(2 / 4)
    assert summary.misled.value == pytest.approx(1.0)  # s7


def test_a_comparison_by_hand() -> None:
    right = {"job_interview_gap": "anxiety", "award_speech": "pride"}
    rows = [
        row("job_interview_gap", "context", "calm"),
        row("award_speech", "context", "pride"),
        row("negotiation_cold_room", "context", "calm"),
        row("job_interview_gap", "both", right["job_interview_gap"]),
        row("award_speech", "both", right["award_speech"]),
        row("negotiation_cold_room", "both", "anxiety"),
    ]
    result = compare(rows, EXAMPLES, "r", "both", "context")
    assert result.difference.value == pytest.approx(0.0)
    assert (result.tests["-"].gained, result.tests["-"].lost) == (1, 1)
    assert compare(rows, EXAMPLES, "r", "both", "shuffled").tests == {}


def test_baselines_by_hand() -> None:
    examples = list(EXAMPLES.values())  # anxiety, calm, pride
    majority, prior = baselines(examples, train=["calm", "calm", "pride", "joy"])
    assert majority.accuracy == pytest.approx(1 / 3)
    assert prior.accuracy == pytest.approx((0 + 0.5 + 0.25) / 3)
