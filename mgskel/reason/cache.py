"""Replies kept by the content of the question, so that nothing is asked or paid twice.

One file per question, named by its hash, written whole. It holds the question, the answer
and its cost, never a key. A folder of them replays a study anywhere, without any server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgskel.core.errors import InputError
from mgskel.core.files import read_json, write_json
from mgskel.reason.clients import ChatClient, ChatReply, ClientFault
from mgskel.reason.prompt import ChatRequest

_SCHEMA = "mgskel-reply/1"


@dataclass(frozen=True)
class CachedClient:
    """Answers from a folder first, then from `inner`, whose answers it keeps.

    Without `inner` it only replays: a question that was never asked is a fault.
    """

    folder: Path
    inner: ChatClient | None = None

    def complete(self, request: ChatRequest) -> ChatReply:
        path = self.folder / f"{request.key}.json"
        kept, why = self._kept(path, request)
        if kept is not None:
            return kept
        if self.inner is None:
            raise ClientFault("not recorded", why)
        reply = self.inner.complete(request)
        write_json(
            path,
            {
                "schema": _SCHEMA,
                "request": request.payload(),
                "reply": {
                    "text": reply.text,
                    "model": reply.model,
                    "prompt_tokens": reply.prompt_tokens,
                    "completion_tokens": reply.completion_tokens,
                    "cut_off": reply.cut_off,
                    "notes": list(reply.notes),
                },
            },
        )
        return reply

    def _kept(self, path: Path, request: ChatRequest) -> tuple[ChatReply | None, str]:
        """The kept reply, or why there is none; a damaged file counts as none."""
        if not path.exists():
            return None, f"no reply is recorded for this question ({path.name})"
        try:
            document = read_json(path, "recorded reply")
            return _reply(document, request), ""
        except (InputError, KeyError, TypeError, ValueError) as error:
            return None, f"the recorded reply {path.name} is damaged: {error}"


def _reply(document: object, request: ChatRequest) -> ChatReply:
    if not isinstance(document, Mapping) or document.get("schema") != _SCHEMA:
        raise ValueError("not a recorded reply")
    if document["request"] != request.payload():
        raise ValueError("it belongs to another question")
    reply: Mapping[str, Any] = document["reply"]
    if not isinstance(reply["text"], str):
        raise TypeError("its text is no text")
    return ChatReply(
        text=reply["text"],
        model=str(reply["model"]),
        prompt_tokens=reply.get("prompt_tokens"),
        completion_tokens=reply.get("completion_tokens"),
        cut_off=bool(reply.get("cut_off")),
        cached=True,
        notes=tuple(map(str, reply.get("notes", ()))),
    )
