"""Every way a server can fail: a clear record, never a judgement, nothing hangs.

Each test runs against a real HTTP server on loopback.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest
from chat_server import Behaviour, Request, Server, fails, good_reply, says

from mgskel.core.errors import InputError
from mgskel.reason import Case, Outcome
from mgskel.reason.assess import ModelOptions, base_url, host, model_reasoner
from mgskel.reason.chat import ChatReasoner
from mgskel.reason.llm_server import ServerClient
from mgskel.reason.prompt import ChatSettings

MODEL = "test-model"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits that the client chooses itself, not those that a server asks for."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)


def ask(case: Case, url: str, **settings: Any) -> Outcome:
    client = ServerClient(url, **{"timeout_s": 5.0, "retries": 1, **settings})
    return ChatReasoner(client, ChatSettings(MODEL)).judge(case)


def assert_failed(outcome: Outcome, *words: str) -> None:
    assert outcome.status == "failed"
    assert outcome.assessment is None and outcome.exit_code == 1
    for word in words:
        assert word in outcome.reason
    json.dumps(outcome.to_dict(), allow_nan=False)


def test_a_sound_answer_is_ok(case: Case, server: Server) -> None:
    server.will(says(good_reply()))
    outcome = ask(case, server.url)
    assert outcome.status == "ok" and outcome.exit_code == 0
    assert outcome.assessment is not None
    assert outcome.assessment.judgement == "anxiety"
    assert any("diagnosis" in limit for limit in outcome.assessment.limits)
    assert any("deception" in limit for limit in outcome.assessment.limits)
    body = server.requests[0].body
    assert body["response_format"]["type"] == "json_schema"
    assert body["temperature"] == 0 and body["model"] == MODEL


def test_refused_connection(case: Case) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = ask(case, f"http://127.0.0.1:{port}/v1", retries=2)
    assert_failed(outcome, "refused connection", f"127.0.0.1:{port}", "asked 3 times")
    assert outcome.details["rounds"][0]["requests"] == 3


def test_a_silent_server_is_a_timeout(case: Case, server: Server) -> None:
    server.will(lambda request: server.stopping.wait(30) and None)
    outcome = ask(case, server.url, timeout_s=0.3, retries=0)
    assert_failed(outcome, "timeout", "0.3 s")


def test_a_slow_drip_is_a_timeout(case: Case, server: Server) -> None:
    """A byte now and then resets read timeouts; the deadline holds for the whole answer."""

    def drip(request: Request) -> None:
        handler = request.handler
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not server.stopping.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()

    server.will(drip)
    started = time.monotonic()
    outcome = ask(case, server.url, timeout_s=0.4, retries=0)
    assert_failed(outcome, "timeout")
    assert time.monotonic() - started < 20  # it ended at all; the drip would not have


def test_dripping_headers_are_a_timeout(case: Case, server: Server) -> None:
    def drip(request: Request) -> None:
        request.handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not server.stopping.wait(0.05):
            request.handler.wfile.write(b"a")
            request.handler.wfile.flush()

    server.will(drip)
    assert_failed(ask(case, server.url, timeout_s=0.4, retries=0), "timeout")


@pytest.mark.parametrize("as_date", [False, True])
def test_429_waits_as_long_as_the_server_asks(case: Case, server: Server, as_date: bool) -> None:
    from email.utils import formatdate

    # A date holds whole seconds: up to one of the two is lost.
    wait = formatdate(time.time() + 2, usegmt=True) if as_date else "1"
    server.will(fails(429, "slow down", Retry_After=wait), says(good_reply()))
    started = time.monotonic()
    outcome = ask(case, server.url)
    assert outcome.status == "ok" and outcome.details["rounds"][0]["requests"] == 2
    assert time.monotonic() - started > 0.9


def test_429_without_retry_time_is_repeated_and_given_up(case: Case, server: Server) -> None:
    server.will(fails(429, "slow down"))
    assert_failed(ask(case, server.url, retries=3), "rate limit", "429", "asked 4 times")
    assert len(server.requests) == 4


def test_429_that_asks_to_wait_an_hour_is_told_at_once(case: Case, server: Server) -> None:
    server.will(fails(429, "quota", Retry_After="3600"))
    assert_failed(ask(case, server.url), "3600 s")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_are_repeated(case: Case, server: Server, status: int) -> None:
    server.will(fails(status), says(good_reply()))
    assert ask(case, server.url).status == "ok"
    server.requests.clear()
    server.will(fails(status, "out of memory"))
    assert_failed(ask(case, server.url), "server error", str(status), "out of memory")


def test_http_errors_that_will_not_pass_are_not_repeated(case: Case, server: Server) -> None:
    server.will(fails(404, "model not found"))
    assert_failed(ask(case, server.url, retries=5), "request refused", "model not found")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 422, 500])
def test_servers_that_know_other_forms_of_schema_or_none(
    case: Case, server: Server, status: int
) -> None:
    refusal = fails(status, "response_format: 'json_schema' is not supported")
    client = ServerClient(server.url, timeout_s=5, retries=0)
    reasoner = ChatReasoner(client, ChatSettings(MODEL))
    server.will(refusal, says(good_reply()))
    assert reasoner.judge(case).status == "ok"
    assert server.requests[1].body["response_format"]["type"] == "json_object"
    assert "properties" in server.requests[1].body["response_format"]["schema"]
    server.will(refusal, refusal, refusal, says(good_reply()))
    outcome = reasoner.judge(case)
    assert outcome.status == "ok"
    assert "response_format" not in server.requests[-1].body
    assert "no schema" in outcome.details["rounds"][0]["notes"][0]
    assert reasoner.judge(case).status == "ok"
    assert len(server.requests) == 5, "what the server takes is remembered"


def test_models_that_refuse_common_parameters(case: Case, server: Server) -> None:
    """Models that reason at length take neither temperature nor seed nor max_tokens."""

    def strict(request: Request) -> None:
        for name in ("temperature", "max_tokens", "seed"):
            if name in request.body:
                error = {"message": f"Unsupported parameter: '{name}'"}
                error |= {"param": name} if name != "seed" else {}
                return request.send(json.dumps({"error": error}).encode(), 400)
        says(good_reply())(request)

    server.will(strict)
    outcome = ask(case, server.url, retries=0)
    assert outcome.status == "ok"
    body = server.requests[-1].body
    assert body["max_completion_tokens"] == 2000 and "temperature" not in body
    assert body["response_format"]["type"] == "json_schema"
    assert "the server refused 'seed'" in outcome.details["rounds"][0]["notes"]


def test_a_refusal_without_another_way_is_told(case: Case, server: Server) -> None:
    server.will(fails(400, "Unsupported parameter: 'messages'"))
    assert_failed(ask(case, server.url), "request refused", "messages")
    assert len(server.requests) == 1


def test_a_body_that_breaks_off(case: Case, server: Server) -> None:
    def cut(request: Request) -> None:
        request.send(b'{"choices": [{"mess', length=5000)
        request.handler.close_connection = True

    server.will(cut)
    assert_failed(ask(case, server.url), "not an answer", "asked 2 times")


def test_a_body_of_truncated_json(case: Case, server: Server) -> None:
    server.will(lambda request: request.send(b'{"choices": [{"message": {"content": "{'))
    assert_failed(ask(case, server.url), "not an answer", "no JSON")


def test_truncated_json_in_the_reply_is_repaired_once(case: Case, server: Server) -> None:
    text = json.dumps(good_reply())
    server.will(says(text[: len(text) // 2], finish="length"), says(good_reply()))
    outcome = ask(case, server.url)
    assert outcome.status == "ok" and "after one repair" in outcome.reason
    repair = server.requests[1].body["messages"][-1]["content"]
    assert "cut off" in repair
    server.requests.clear()
    server.will(says(text[: len(text) // 2], finish="length"))
    outcome = ask(case, server.url)
    assert outcome.status == "invalid" and "cut off" in outcome.reason
    assert len(server.requests) == 2


WRONG_SHAPES: dict[str, Any] = {
    "a list": [1, 2],
    "a string": json.dumps("anxiety"),
    "another object": {"emotion": "anxiety"},
    "an unknown key": good_reply(secret=1),
    "a missing key": {key: value for key, value in good_reply().items() if key != "stress"},
    "text for a number": good_reply(confidence="high"),
    "a probability above 1": good_reply(confidence=1.5),
    "NaN": json.dumps(good_reply(confidence=float("nan"))),
    "no hypotheses": good_reply(hypotheses=[]),
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_json_of_the_wrong_shape_is_invalid(case: Case, server: Server, name: str) -> None:
    server.will(says(WRONG_SHAPES[name]))
    outcome = ask(case, server.url)
    assert outcome.status == "invalid" and outcome.assessment is None
    assert outcome.exit_code == 1
    assert len(server.requests) == 2, "one repair round, no more"
    rounds = outcome.details["rounds"]
    assert all(one["errors"] for one in rounds)
    assert rounds[0]["errors"][0][:40] in server.requests[1].body["messages"][-1]["content"]


def test_wrong_ids_are_named_and_repaired(case: Case, server: Server) -> None:
    wrong = good_reply()
    wrong["hypotheses"][0]["evidence_for"] = ["g99"]
    server.will(says(wrong), says(good_reply()))
    outcome = ask(case, server.url)
    assert outcome.status == "ok"
    assert "'g99' does not exist" in server.requests[1].body["messages"][-1]["content"]
    server.requests.clear()
    server.will(says(wrong))
    outcome = ask(case, server.url)
    assert outcome.status == "invalid" and "g99" in outcome.reason


EMPTY: dict[str, Behaviour] = {
    "no choices": says("x", choices=[]),
    "no choices key": lambda request: request.send(b"{}"),
    "choices of nothing": lambda request: request.send(b'{"choices": [null]}'),
    "no object": lambda request: request.send(b"[]"),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_choice(case: Case, server: Server, name: str) -> None:
    server.will(EMPTY[name])
    assert_failed(ask(case, server.url), "not an answer", "holds no choice")


def test_an_empty_message_is_invalid(case: Case, server: Server) -> None:
    server.will(lambda request: request.send(b'{"choices": [{"message": {"content": null}}]}'))
    outcome = ask(case, server.url)
    assert outcome.status == "invalid" and "empty" in outcome.reason


def test_an_html_error_page(case: Case, server: Server) -> None:
    page = b"<!DOCTYPE html><html><body>Bad gateway</body></html>"
    server.will(lambda request: request.send(page, kind="text/html"))
    assert_failed(ask(case, server.url), "not an answer", "web page")
    server.requests.clear()
    server.will(lambda request: request.send(page, status=502, kind="text/html"))
    assert_failed(ask(case, server.url), "server error", "502")


def test_a_huge_reply_is_not_read_to_its_end(case: Case, server: Server) -> None:
    sent = 0

    def flood(request: Request) -> None:
        nonlocal sent
        handler = request.handler
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        while not server.stopping.is_set():
            sent += handler.wfile.write(b"x" * (1 << 18))

    server.will(flood)
    assert_failed(ask(case, server.url), "too large")
    assert sent < 64 << 20
    assert len(server.requests) == 1


def test_a_missing_key_is_told_with_its_remedy(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MGSKEL_LLM_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-openai-only")
    server.will(fails(401, "no key"))
    assert_failed(ask(case, server.url, retries=5), "key missing", "MGSKEL_LLM_KEY")
    assert len(server.requests) == 1
    assert "sk-for-openai-only" not in str(server.requests[0].headers), "another server's key"
    outcome = ask(case, server.url, key_variable="NOT_SET_ANYWHERE")
    assert_failed(outcome, "key missing", "NOT_SET_ANYWHERE")
    assert len(server.requests) == 1, "nothing is sent without the key"


def test_the_key_is_sent_and_never_written(
    case: Case, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MGSKEL_LLM_KEY", "top-secret-key-123")
    server.will(fails(403, "key top-secret-key-123 is not valid"))
    outcome = ask(case, server.url)
    assert server.requests[0].headers["authorization"] == "Bearer top-secret-key-123"
    assert "top-secret" not in json.dumps(outcome.to_dict())
    server.requests.clear()
    server.will(fails(500, "key top-secret-key-123 crashed in /home/anna/server/app.py"))
    written = json.dumps(ask(case, server.url).to_dict())
    assert "crashed" in written and "top-secret" not in written and "anna" not in written


def test_a_lone_surrogate_in_the_reply_can_be_written(case: Case, server: Server) -> None:
    server.will(says('{"hypotheses": "\\ud800"'), says("\ud800 words"))
    outcome = ask(case, server.url)
    assert outcome.status == "invalid"
    json.dumps(outcome.to_dict(), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("https://x.org/api/v1/chat/completions", "https://x.org/api/v1"),
        ("http://u:p@localhost:1/v1", "http://u:p@localhost:1/v1"),
    ],
)
def test_addresses_as_people_paste_them(given: str, base: str) -> None:
    assert base_url(given) == base
    assert "p@" not in host(given)


@pytest.mark.parametrize("wrong", ["localhost:8000", "ftp://x/v1", "", "http://"])
def test_an_address_that_is_none(wrong: str) -> None:
    with pytest.raises(InputError, match="no server address"):
        model_reasoner(ModelOptions(url=wrong, model="m"))


def test_asking_inside_a_running_loop(case: Case, server: Server) -> None:
    """Notebooks run a loop of their own."""
    import asyncio

    async def inside() -> Outcome:
        return ask(case, server.url)

    server.will(says(good_reply()))
    assert asyncio.run(inside()).status == "ok"
