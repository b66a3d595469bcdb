"""A scene with evidence, and a chat server on loopback that each test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chat_server import Request, Server

from mgskel.reason import Case, GestureRecord, Scene, StatementRecord, make_case
from mgskel.reason.transcript import Utterance

LABELS = ("calm", "joy", "anxiety", "anger")


@pytest.fixture
def scene() -> Scene:
    return Scene(
        setting="job interview",
        situation="A candidate is asked about a gap in the CV.",
        person="candidate",
        question="What does the candidate feel?",
        labels=LABELS,
        duration_s=20.0,
        said=(
            Utterance(from_s=0, to_s=3, who="interviewer", text="What did you do in 2019?"),
            Utterance(from_s=4, to_s=8, who="candidate", text="I was, well, between jobs."),
        ),
    )


@pytest.fixture
def statements() -> tuple[StatementRecord, ...]:
    return (
        StatementRecord(
            id="s1",
            kind="hand_to_neck",
            category="touching",
            from_s=4.5,
            to_s=6,
            text="Touches the neck.",
        ),
        StatementRecord(
            id="s2",
            kind="head_nod",
            category="slow",
            from_s=9,
            to_s=10,
            text="Nods twice.",
            confidence=0.9,
        ),
    )


@pytest.fixture
def gestures() -> tuple[GestureRecord, ...]:
    return (GestureRecord(label="Touching or scratching neck", score=0.8, from_s=4.5, to_s=6),)


@pytest.fixture
def case(
    scene: Scene,
    statements: tuple[StatementRecord, ...],
    gestures: tuple[GestureRecord, ...],
) -> Case:
    return make_case(scene, statements, gestures)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length))
            try:
                headers = {name.lower(): value for name, value in self.headers.items()}
                state.answer(Request(body, headers, self))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state = Server(f"http://127.0.0.1:{http.server_address[1]}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.stopping.set()
    http.shutdown()
    http.server_close()
    thread.join()
