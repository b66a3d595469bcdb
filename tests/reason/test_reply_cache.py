"""Replies are kept by content, replayed without any server, and hold no secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from chat_server import Server, fails, good_reply, says

from mgskel.reason import Case
from mgskel.reason.chat import ChatReasoner, KeptReplies
from mgskel.reason.llm_server import ServerClient
from mgskel.reason.prompt import ChatSettings

SETTINGS = ChatSettings("m")


def server_client(server: Server) -> ServerClient:
    return ServerClient(server.url, timeout_s=5, retries=0)


def test_nothing_is_asked_twice_and_a_folder_replays(
    case: Case, server: Server, tmp_path: Path
) -> None:
    server.will(says(good_reply()))
    live = ChatReasoner(KeptReplies(tmp_path, server_client(server)), SETTINGS)
    first, again = live.judge(case), live.judge(case)
    assert len(server.requests) == 1
    replayed = ChatReasoner(KeptReplies(tmp_path), SETTINGS).judge(case)
    assert first.assessment == again.assessment == replayed.assessment
    assert replayed.details["rounds"][0]["cached"] is True


def test_a_repair_round_is_replayed_too(case: Case, server: Server, tmp_path: Path) -> None:
    server.will(says("no"), says(good_reply()))
    live = ChatReasoner(KeptReplies(tmp_path, server_client(server)), SETTINGS).judge(case)
    replayed = ChatReasoner(KeptReplies(tmp_path), SETTINGS).judge(case)
    assert live.status == replayed.status == "ok" and len(list(tmp_path.glob("*.json"))) == 2
    assert live.reason == replayed.reason


def test_what_was_never_asked_is_a_clear_failure(case: Case, tmp_path: Path) -> None:
    outcome = ChatReasoner(KeptReplies(tmp_path), SETTINGS).judge(case)
    assert outcome.status == "failed" and "not recorded" in outcome.reason


def test_failures_are_not_kept(case: Case, server: Server, tmp_path: Path) -> None:
    live = ChatReasoner(KeptReplies(tmp_path, server_client(server)), SETTINGS)
    server.will(fails(500), says(good_reply()))
    assert live.judge(case).status == "failed"
    assert list(tmp_path.iterdir()) == []
    assert live.judge(case).status == "ok"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "mgskel-reply/1"}', "swap"])
def test_a_damaged_file_is_asked_again(
    case: Case, server: Server, tmp_path: Path, damage: str
) -> None:
    server.will(says(good_reply()))
    live = ChatReasoner(KeptReplies(tmp_path, server_client(server)), SETTINGS)
    live.judge(case)
    (kept,) = tmp_path.glob("*.json")
    text = kept.read_text()
    kept.write_text(text.replace("g1", "g2") if damage == "swap" else damage)
    if damage == "swap":
        assert "g2" in kept.read_text()
    replayed = ChatReasoner(KeptReplies(tmp_path), SETTINGS).judge(case)
    assert replayed.status == "failed" and "damaged" in replayed.reason
    assert live.judge(case).status == "ok" and len(server.requests) == 2
    assert kept.read_text() == text


def test_no_key_is_written(
    case: Case, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MGSKEL_LLM_KEY", "top-secret-key-123")
    server.will(says(good_reply()))
    ChatReasoner(KeptReplies(tmp_path, server_client(server)), SETTINGS).judge(case)
    assert server.requests[0].headers["authorization"] == "Bearer top-secret-key-123"
    for file in tmp_path.iterdir():
        assert "top-secret" not in file.read_text()
