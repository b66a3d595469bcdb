"""Real HTTP servers on loopback that behave or misbehave as told, and a sound reply."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any


def good_reply(**changes: Any) -> dict[str, Any]:
    """A reply to `case` that passes every check, with changes."""
    reply: dict[str, Any] = {
        "hypotheses": [
            {
                "emotion": "anxiety",
                "probability": 0.7,
                "evidence_for": ["g1", "s1", "u2"],
                "evidence_against": ["s2"],
            },
            {
                "emotion": "calm",
                "probability": 0.3,
                "evidence_for": ["s2"],
                "evidence_against": ["g1"],
            },
        ],
        "valence": {"value": -0.3, "evidence_for": ["u2"], "evidence_against": []},
        "arousal": {"value": None, "evidence_for": [], "evidence_against": []},
        "stress": {"value": 0.6, "evidence_for": ["g1"], "evidence_against": ["s2"]},
        "moments": [
            {
                "from_s": 4.5,
                "to_s": 6.0,
                "why": "hesitates between jobs",
                "evidence": ["g1", "u2"],
                "sensitive": "no",
            }
        ],
        "alternative_explanations": [
            {"explanation": "an itch", "explains": ["g1", "s1"], "sensitive": "no"}
        ],
        "cannot_judge": ["whether the gap matters to the candidate"],
        "confidence": 0.5,
        "abstain": False,
        "summary": [
            {
                "text": "The candidate hesitates and touches the neck.",
                "evidence": ["g1", "u2"],
                "sensitive": "no",
            }
        ],
    }
    return {**reply, **changes}


Behaviour = Callable[["Request"], None]


@dataclass
class Request:
    """One request that a server received, and the handler to answer it with."""

    body: dict[str, Any]
    headers: dict[str, str]
    handler: BaseHTTPRequestHandler

    def send(
        self,
        content: bytes,
        status: int = 200,
        kind: str = "application/json",
        length: int | None = None,
        **headers: str,
    ) -> None:
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()
        self.handler.wfile.write(content)


@dataclass
class Server:
    """Answers each request with the next behaviour; the last one stays."""

    url: str
    behaviours: list[Behaviour] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def will(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)

    def answer(self, request: Request) -> None:
        with self.lock:
            behaviour = self.behaviours[min(len(self.requests), len(self.behaviours) - 1)]
            self.requests.append(request)
        behaviour(request)


def says(content: Any, finish: str = "stop", **more: Any) -> Behaviour:
    """A proper chat completion with this content."""
    text = content if isinstance(content, str) else json.dumps(content)

    def behave(request: Request) -> None:
        document = {
            "id": "c1",
            "object": "chat.completion",
            "model": request.body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": finish,
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
            **more,
        }
        request.send(json.dumps(document).encode())

    return behave


def fails(status: int, message: str = "no", **headers: str) -> Behaviour:
    def behave(request: Request) -> None:
        body = json.dumps({"error": {"message": message}}).encode()
        request.send(body, status, **headers)

    return behave
