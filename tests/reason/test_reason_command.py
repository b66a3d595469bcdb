"""`mgskel reason` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chat_server import Server, fails, good_reply, says

from mgskel.cli import main

SCENE = """
setting: job interview
person: candidate
labels: [calm, joy, anxiety, anger]
duration_s: 20
said:
  - {from_s: 0, to_s: 3, who: interviewer, text: "What did you do in 2019?"}
  - {from_s: 4, to_s: 8, who: candidate, text: "I was, well, between jobs."}
"""
NAMES = ("id", "kind", "category", "from_s", "to_s", "confidence", "text")
ROWS = (
    ("s1", "hand_to_neck", "touching", 4.5, 6.0, 0.9, "The right hand touched the neck."),
    ("s2", "head_nod", "slow", 9.0, 10.0, 0.9, "The head nodded."),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scene.yaml").write_text(SCENE)
    statements = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    document = {"statements": statements, "quality": {}, "source": "secret_name.mp4"}
    (tmp_path / "statements.json").write_text(json.dumps(document))
    (tmp_path / "events.csv").write_text(
        "person,label,class_id,start_s,end_s,score,micro\n"
        "1,Touching or scratching neck,11,4.5,6.0,0.8,true\n"
    )
    return tmp_path


def reason(folder: Path, *more: str) -> int:
    return main(
        [
            "reason",
            str(folder / "statements.json"),
            "--scene",
            str(folder / "scene.yaml"),
            "--events",
            str(folder / "events.csv"),
            "-o",
            str(folder / "assessment.json"),
            *more,
        ]
    )


def result(folder: Path) -> dict[str, object]:
    return json.loads((folder / "assessment.json").read_text())


def test_rules_by_default(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(folder) == 0
    outcome = result(folder)
    assert list(outcome)[:4] == ["status", "reasoner", "reason", "assessment"]
    assert outcome["status"] == "ok" and outcome["reasoner"] == "rules"
    printed = capsys.readouterr()
    assert "without a language model" in printed.err and "not a diagnosis" in printed.out
    assert (folder / "assessment.json").read_bytes() == (
        reason(folder) or (folder / "assessment.json").read_bytes()
    )


def test_json_prints_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ok"


def test_a_server_by_one_more_option(folder: Path, server: Server) -> None:
    server.will(says(good_reply()))
    assert reason(folder, "--llm-url", server.url, "--llm-model", "test-model") == 0
    outcome = result(folder)
    assert outcome["reasoner"] == "llm:test-model" and outcome["status"] == "ok"


def test_a_failing_server_is_exit_1_with_a_record(folder: Path, server: Server) -> None:
    server.will(fails(500, "broken"))
    options = ("--llm-url", server.url, "--llm-model", "m", "--retries", "0")
    assert reason(folder, *options) == 1
    outcome = result(folder)
    assert outcome["status"] == "failed" and outcome["assessment"] is None
    server.will(says("nonsense"))
    server.requests.clear()
    assert reason(folder, *options) == 1
    assert result(folder)["status"] == "invalid"


def test_cache_then_replay_without_the_server(folder: Path, server: Server) -> None:
    server.will(says(good_reply()))
    cache = str(folder / "replies")
    options = ("--llm-url", server.url, "--llm-model", "m")
    assert reason(folder, *options, "--cache", cache) == 0
    assert reason(folder, "--llm-model", "m", "--replay", cache) == 0
    assert len(server.requests) == 1


def test_dry_run_shows_all_and_sends_nothing(
    folder: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.will(says(good_reply()))
    options = ("--llm-url", server.url, "--llm-model", "m")
    assert reason(folder, *options, "--dry-run") == 0
    shown = capsys.readouterr()
    assert server.requests == [] and not (folder / "assessment.json").exists()
    assert "nothing was sent" in shown.err
    assert "secret_name" not in shown.out and str(folder) not in shown.out
    assert reason(folder, *options) == 0
    assert server.requests[0].body == json.loads(shown.out), "exactly what was shown is sent"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--llm-url", "http://localhost:1/v1"], "--llm-model"),
        (["--llm-url", "nowhere", "--llm-model", "m"], "no server address"),
        (["--llm-file", "model.gguf"], "model.gguf"),
        (["--replay", "missing", "--llm-model", "m"], "missing"),
        (["--llm-url", "http://localhost:1", "--llm-model", "m", "--prompt", "plian"], "plain"),
        (["--llm-url", "http://localhost:1", "--llm-model", "m", "--timeout", "0"], "timeout"),
    ],
)
def test_wrong_options_are_exit_2(
    folder: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason(folder, *options) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "assessment.json").exists()
