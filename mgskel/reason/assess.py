"""One call from a description and a scene to an outcome, and the choice of who judges."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlunsplit

from mgskel.core.errors import InputError
from mgskel.core.events import GestureEvent
from mgskel.core.storage.intake import address_of
from mgskel.reason.assessment import Outcome, Reasoner
from mgskel.reason.chat import ChatClient, ChatReasoner, KeptReplies
from mgskel.reason.evidence import case_of, statements_from
from mgskel.reason.grounding import Uncited
from mgskel.reason.prompt import ChatSettings
from mgskel.reason.rules import RulesReasoner
from mgskel.reason.scene import Scene


class Described(Protocol):
    """What `mgskel.describe` returns, as far as reasoning is concerned."""

    def to_dict(self) -> dict[str, Any]: ...


def assess(
    description: Described | Mapping[str, Any],
    scene: Scene,
    reasoner: Reasoner | None = None,
    events: Iterable[GestureEvent] = (),
    person: str | None = None,
) -> Outcome:
    """Judge one recording.

    Args:
        description: what the joints did, from `mgskel.describe` (or its JSON content).
        scene: what the situation was, and what is to be judged.
        reasoner: `RulesReasoner()` (the default), or a `ChatReasoner` for a language model.
        events: recognised gestures, where the description does not carry them already.
        person: who is judged, where the recording holds several people.
    """
    document = description if isinstance(description, Mapping) else description.to_dict()
    case = case_of(scene, statements_from(document), events, person)
    return (reasoner or RulesReasoner()).judge(case)


@dataclass(frozen=True)
class ModelOptions:
    """Which language model, where, and how it is asked.

    Attributes:
        url: an OpenAI-compatible server; or `file`, a GGUF model in this process.
        key_variable: environment variable that holds the API key.
        timeout_s: a request, from connecting to the last byte of its answer.
        retries: further requests after one that may succeed when repeated.
        cache: folder that keeps replies; `replay`: answer from such a folder only.
        uncited: whether judgements and sentences without evidence are refused or shown as such.
    """

    url: str | None = None
    model: str | None = None
    file: Path | None = None
    key_variable: str | None = None
    wording: str = "plain"
    timeout_s: float = 120.0
    retries: int = 3
    max_tokens: int = 2000
    seed: int = 0
    cache: Path | None = None
    replay: Path | None = None
    uncited: Uncited = "refuse"

    def settings(self) -> ChatSettings:
        return ChatSettings(
            model=self.model or (self.file.name if self.file else "MODEL"),
            wording=self.wording,
            seed=self.seed,
            max_tokens=self.max_tokens,
            uncited=self.uncited,
        )

    def destination(self) -> str:
        """Where requests would go, in words without secrets or paths."""
        if self.url is not None:
            return host(base_url(self.url))
        return "a model on this machine" if self.file else "nobody (no model is chosen)"


def model_reasoner(options: ModelOptions) -> ChatReasoner:
    """The language model that the options describe, with its cache or recorded replies."""
    if options.url is not None and options.file is not None:
        raise InputError("choose a server (--llm-url) or a model file (--llm-file), not both")
    if options.model is None and options.file is None:
        raise InputError(
            "which model is to be asked?", remedy="add --llm-model NAME (the server's name for it)"
        )
    client = _client(options)
    folder = options.replay or options.cache
    if options.replay is not None and not options.replay.is_dir():
        raise InputError(f"there are no recorded replies: {options.replay} is no folder")
    if folder is not None and os.path.lexists(folder) and not folder.is_dir():
        raise InputError(f"replies cannot be kept there: {folder} is no folder")
    if folder is not None:
        client = KeptReplies(folder, client)
    if client is None:
        raise InputError("no model is chosen", remedy="add --llm-url or --llm-file")
    return ChatReasoner(client, options.settings())


def _client(options: ModelOptions) -> ChatClient | None:
    if options.replay is not None:
        return None
    if options.file is not None:
        from mgskel.reason.local import LocalClient

        return LocalClient(options.file)
    if options.url is None:
        return None
    if options.timeout_s <= 0:
        raise InputError("a timeout is above 0 seconds", found=options.timeout_s)
    if options.retries < 0:
        raise InputError("retries can't be negative", found=options.retries)
    from mgskel.reason.llm_server import ServerClient

    return ServerClient(
        base_url(options.url), options.timeout_s, options.retries, options.key_variable
    )


def base_url(url: str) -> str:
    """A server's base, from what people paste: with or without /v1 or the whole endpoint."""
    parts = address_of(url, "server address")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            "this is no server address",
            expected="http://HOST:PORT/v1 or https://HOST/v1",
            found=url.split("@")[-1],
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))


def host(url: str) -> str:
    """Scheme, host and port; a user name or password in the address is left out."""
    parts = address_of(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"
