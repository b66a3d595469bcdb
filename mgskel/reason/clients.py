"""Asking a language model: what every client offers, and how its failures are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mgskel.reason.prompt import ChatRequest

FaultKind = Literal[
    "refused connection",
    "timeout",
    "rate limit",
    "server error",
    "key missing",
    "request refused",
    "not an answer",
    "too large",
    "not recorded",
    "local model",
]


@dataclass(frozen=True)
class Attempt:
    """One request that was made: what came of it, and the wait that followed."""

    outcome: str
    seconds: float
    waited_s: float = 0.0


@dataclass(frozen=True)
class ChatReply:
    """The text of an answer, with what it cost."""

    text: str
    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut_off: bool = False
    cached: bool = False
    notes: tuple[str, ...] = ()
    attempts: Sequence[Attempt] = field(default=())

    def usage(self) -> Mapping[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached": self.cached,
        }


class ClientFault(Exception):
    """No answer could be had. Carries what happened, never a secret."""

    def __init__(self, kind: FaultKind, message: str, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.attempts = tuple(attempts)


class ChatClient(Protocol):
    """Anything that can answer a chat request, or raise `ClientFault`."""

    def complete(self, request: ChatRequest) -> ChatReply: ...
