"""A language model as a reasoner: ask, check, let it repair once, then say invalid.

Who answers is a `ChatClient`: a server, a model in this process, or a folder of kept replies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import TypeAdapter

from mgskel.core.errors import InputError
from mgskel.core.storage.files import write_json
from mgskel.core.storage.intake import read_json
from mgskel.reason.assessment import Outcome, evidence_record
from mgskel.reason.evidence import Case
from mgskel.reason.grounding import BadReply, checked
from mgskel.reason.prompt import ChatRequest, ChatSettings, first_request, fitted

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
_KEPT_TEXT = 20_000
_KEPT_REPLY = "mgskel-reply/1"


@dataclass(frozen=True)
class ChatReply:
    """The text of an answer, with what it cost."""

    text: str
    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut_off: bool = False
    cached: bool = False
    # how the request that was answered differs from the one that was meant
    notes: tuple[str, ...] = ()
    requests: int = 1  # how often the server was asked


class ClientFault(Exception):
    """No answer could be had. Carries what happened, never a secret."""

    def __init__(self, kind: FaultKind, message: str, requests: int = 1) -> None:
        super().__init__(message)
        self.kind = kind
        self.requests = requests


class ChatClient(Protocol):
    """Anything that can answer a chat request, or raise `ClientFault`."""

    def complete(self, request: ChatRequest) -> ChatReply: ...


@dataclass(frozen=True)
class ChatReasoner:
    """Judges cases through a chat client."""

    client: ChatClient
    settings: ChatSettings

    @property
    def name(self) -> str:
        return f"llm:{self.settings.model}"

    def judge(self, case: Case) -> Outcome:
        """An outcome in any event: `ok`, `invalid` after one repair round, or `failed`."""
        case = fitted(case, self.settings)
        request = first_request(case, self.settings)
        rounds: list[dict[str, Any]] = []
        details = {
            "settings": asdict(self.settings),
            "request": request.key,
            "rounds": rounds,
            "evidence": evidence_record(case),
        }
        errors: list[str] = []
        for _ in range(2):
            try:
                reply = self.client.complete(request)
            except ClientFault as fault:
                rounds.append(
                    {"fault": fault.kind, "message": str(fault), "requests": fault.requests}
                )
                return Outcome("failed", self.name, f"{fault.kind}: {fault}", None, details)
            try:
                assessment = checked(reply.text, case, self.settings.uncited)
            except BadReply as bad:
                errors = bad.errors
                if reply.cut_off:
                    errors = ["the reply was cut off at its longest allowed length", *errors]
                rounds.append(_round(reply, errors))
                request = request.answered(reply.text, errors)
                continue
            rounds.append(_round(reply, []))
            repaired = " after one repair" if len(rounds) > 1 else ""
            reason = (
                f"judged by the language model {self.settings.model}{repaired}; all checks passed"
            )
            return Outcome("ok", self.name, reason, assessment, details)
        reason = "the reply stayed unusable after one repair round: " + "; ".join(errors)
        return Outcome("invalid", self.name, reason[:2000], None, details)


def _round(reply: ChatReply, errors: list[str]) -> dict[str, Any]:
    return {**asdict(reply), "text": reply.text[:_KEPT_TEXT], "errors": errors}


@dataclass(frozen=True)
class KeptReplies:
    """Replies kept by the content of the question, so that nothing is asked or paid twice.

    One file per question, named by its hash, written whole. It holds the question, the answer
    and its cost, never a key. A folder of them replays a study anywhere, without any server.
    """

    folder: Path
    # who answers what is not in the folder; without it, that is a fault
    inner: ChatClient | None = None

    def complete(self, request: ChatRequest) -> ChatReply:
        path = self.folder / f"{request.key}.json"
        kept, why = self._kept(path, request)
        if kept is not None:
            return kept
        if self.inner is None:
            raise ClientFault("not recorded", why, requests=0)
        reply = self.inner.complete(request)
        content = {"schema": _KEPT_REPLY, "request": request.payload(), "reply": asdict(reply)}
        write_json(path, content)
        return reply

    def _kept(self, path: Path, request: ChatRequest) -> tuple[ChatReply | None, str]:
        """The kept reply, or why there is none; a damaged file counts as none."""
        if not path.exists():
            return None, f"no reply is recorded for this question ({path.name})"
        try:
            return _kept_reply(read_json(path, "recorded reply"), request), ""
        except (InputError, KeyError, ValueError) as error:
            return None, f"the recorded reply {path.name} is damaged: {error}"


def _kept_reply(document: object, request: ChatRequest) -> ChatReply:
    if not isinstance(document, Mapping) or document.get("schema") != _KEPT_REPLY:
        raise ValueError("not a recorded reply")
    if document["request"] != request.payload():
        raise ValueError("it belongs to another question")
    reply = TypeAdapter(ChatReply).validate_python(document["reply"])
    return replace(reply, cached=True, requests=0)
