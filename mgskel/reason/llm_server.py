"""Any OpenAI-compatible server (hosted, vLLM, Ollama, llama.cpp) through the `openai` client.

The client repeats what may pass: refused connections, timeouts, 429 and 5xx, after waits that
double or that the server asks for. Added here is what it leaves open: one time limit and one
size for the whole of an answer, an answer that is none, another way to ask where a server
refuses a part of the request, and failures in words that hold no secret.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from mgskel.core.errors import MissingDependency
from mgskel.reason.chat import ChatReply, ClientFault, FaultKind
from mgskel.reason.prompt import ChatRequest, clean

try:
    import httpx2
    import openai
    from anyio.from_thread import start_blocking_portal
except ImportError as error:
    raise MissingDependency("openai", "llm", "asking a language model server") from error

KEY_VARIABLE = "MGSKEL_LLM_KEY"
_OPENAI_HOST = "api.openai.com"
_LONGEST_REPLY = 4 << 20
_NO_KEY = "none"


@dataclass(frozen=True)
class ServerClient:
    """A chat client over HTTP. Safe to use from several threads at once.

    Args:
        url: the server's base, ending in /v1 as a rule.
        timeout_s: a request, from connecting to the last byte of its answer.
        retries: further requests after one that may succeed when repeated.
        key_variable: environment variable that holds the API key.
    """

    url: str
    timeout_s: float = 120.0
    retries: int = 3
    key_variable: str | None = None
    _dialect: _Dialect = field(
        default_factory=lambda: _Dialect(), init=False, repr=False, compare=False
    )

    def complete(self, request: ChatRequest) -> ChatReply:
        """The server's answer, after as many repetitions as allowed; else `ClientFault`."""
        key = self._key()
        # A loop in a thread of its own: notebooks run one already, and an interruption or a
        # time limit can cancel a request at any point.
        with start_blocking_portal() as portal:
            return portal.call(self._ask, request, key)

    async def _ask(self, request: ChatRequest, key: str | None) -> ChatReply:
        asked = 0
        while True:
            way = self._dialect.way
            http = _WholeAnswers(self.timeout_s, functools.partial(self._dialect.learn, way))
            try:
                async with openai.AsyncOpenAI(
                    base_url=self.url,
                    api_key=key or _NO_KEY,
                    max_retries=self.retries,
                    timeout=self.timeout_s,
                    http_client=http,
                ) as client:
                    raw = await client.chat.completions.with_raw_response.create(
                        **way.worded(request)
                    )
            except _AnotherWay:
                asked += http.requests
                continue
            except openai.OpenAIError as error:
                raise self._fault(error, key, asked + http.requests) from None
            content = _content(raw.http_response.content)
            return ChatReply(**content, notes=way.departures(), requests=asked + http.requests)

    def _fault(self, error: openai.OpenAIError, key: str | None, asked: int) -> ClientFault:
        """What happened, told by the last of the client's attempts."""
        cause = error.__cause__ or error
        kind: FaultKind
        if isinstance(error, openai.APITimeoutError):
            kind, told = "timeout", f"no complete answer within {self.timeout_s:g} s"
        elif isinstance(error, openai.APIStatusError):
            kind, told = _status_fault(error, key)
        elif isinstance(error, _TooLarge):
            kind, told = "too large", str(error)
        elif isinstance(cause, httpx2.DecodingError):
            kind, told = "not an answer", _safe(cause, key)
        elif isinstance(cause, httpx2.RemoteProtocolError):
            kind, told = "not an answer", f"the answer broke off: {_safe(cause, key)}"
        else:
            place = urlsplit(self.url).netloc.rpartition("@")[2]
            kind, told = "refused connection", f"cannot reach {place}: {_safe(cause, key)}"
        return ClientFault(kind, told + (f" (asked {asked} times)" if asked > 1 else ""), asked)

    def _key(self) -> str | None:
        """The API key from the environment; OpenAI's own key goes to OpenAI alone."""
        name = self.key_variable
        if name is not None:
            key = os.environ.get(name, "").strip()
            if not key:
                raise ClientFault(
                    "key missing", f"the environment variable {name} is not set", requests=0
                )
            return key
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not key and urlsplit(self.url).hostname == _OPENAI_HOST:
            key = os.environ.get("OPENAI_API_KEY", "").strip()
        return key or None


class _AnotherWay(openai.OpenAIError):
    """The server refused a part of the request, and there is another way to ask."""


class _TooLarge(openai.OpenAIError):
    """An answer that is longer than any answer."""


class _WholeAnswers(openai.DefaultAsyncHttpxClient):
    """Answers as a whole: in time, of bearable length, and such that hold something.

    An HTTP client's own limits of time hold for each read, so that a server that drips a byte
    now and then is waited for for ever; the limit here holds from connecting to the last byte.
    Errors of the transport raised here are repeated by the `openai` client as any other.
    """

    def __init__(self, limit_s: float, learn: Callable[[int, bytes], bool]) -> None:
        super().__init__()
        self.limit_s = limit_s
        self.learn = learn
        self.requests = 0

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        self.requests += 1
        try:
            async with asyncio.timeout(self.limit_s):
                streamed = await super().send(request, **{**options, "stream": True})
                try:
                    body = await _read(streamed)
                finally:
                    await streamed.aclose()
        except TimeoutError:
            raise httpx2.ReadTimeout("the time limit is over", request=request) from None
        headers = [
            (name, value)
            for name, value in streamed.headers.multi_items()
            if name not in ("content-encoding", "content-length", "transfer-encoding")
        ]
        response = httpx2.Response(
            streamed.status_code, headers=headers, content=body, request=request
        )
        if response.is_success:
            _content(body)
        elif self.learn(response.status_code, body):
            raise _AnotherWay
        return response


async def _read(response: httpx2.Response) -> bytes:
    """The body, no more of it than an answer may have."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _LONGEST_REPLY:
            raise _TooLarge(f"the answer is longer than {_LONGEST_REPLY >> 20} MiB")
    return bytes(body)


def _content(body: bytes) -> dict[str, Any]:
    """Text and usage of a chat completion, whatever else the server sent."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:80].decode("utf-8", "replace").strip()
        what = "a web page" if start.lower().startswith(("<!doctype", "<html")) else "no JSON"
        raise httpx2.DecodingError(f"the server sent {what}: {start!r}") from None
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise httpx2.DecodingError("the answer holds no choice")
    message = choices[0].get("message")
    text = message.get("content") if isinstance(message, dict) else None
    usage = document.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return {
        # Half a surrogate pair is legal JSON, but no text that could be written anywhere.
        "text": text.encode("utf-8", "replace").decode() if isinstance(text, str) else "",
        "model": str(document.get("model") or "")[:200],
        "prompt_tokens": _count(usage.get("prompt_tokens")),
        "completion_tokens": _count(usage.get("completion_tokens")),
        "cut_off": choices[0].get("finish_reason") == "length",
    }


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


@dataclass(frozen=True)
class _Way:
    """How a server is asked."""

    # how the schema of the answer is sent: as today, as llama.cpp's Python server takes it, or not
    # at all. The prompt states the form as well, and replies are checked
    form: Literal["json_schema", "json_object", "none"] = "json_schema"
    # parameters left out; models that reason at length refuse some of these
    dropped: frozenset[str] = frozenset()

    def worded(self, request: ChatRequest) -> dict[str, Any]:
        """The request as this server takes it."""
        body = {key: value for key, value in request.payload().items() if key not in self.dropped}
        if "max_tokens" in self.dropped:
            body["max_completion_tokens"] = request.max_tokens
        if self.form == "json_object":
            schema = request.response_format["json_schema"]["schema"]
            body["response_format"] = {"type": "json_object", "schema": schema}
        elif self.form == "none":
            body.pop("response_format")
        return body

    def departures(self) -> tuple[str, ...]:
        """In words, how the request that was sent differs from the one that was meant."""
        notes = [f"the server refused '{name}'" for name in sorted(self.dropped)]
        if self.form == "json_object":
            notes.append("the schema was sent inside 'json_object'")
        elif self.form == "none":
            notes.append("the server takes no schema; none was sent")
        return tuple(notes)

    def without(self, refused: str | None) -> _Way | None:
        """The next way to ask after this refusal, if there is one."""
        if refused == "response_format" and self.form != "none":
            return replace(self, form="json_object" if self.form == "json_schema" else "none")
        if refused in ("temperature", "seed", "max_tokens") and refused not in self.dropped:
            return replace(self, dropped=self.dropped | {refused})
        return None


class _Dialect:
    """The way in which one server can be asked, learned from its refusals and remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.way = _Way()

    def learn(self, asked: _Way, status: int, body: bytes) -> bool:
        """Take a refusal of what was asked in this way into account; whether there is another."""
        # Servers refuse what they do not know with 400, 422 or (llama.cpp's Python server) 500.
        if status not in (400, 422, 500):
            return False
        found = asked.without(_refused(body))
        if found is None:
            return False
        with self._lock:
            if self.way == asked:
                self.way = found
        return True


def _refused(body: bytes) -> str | None:
    """The parameter that a refusal is about: named in its own field, or in its words."""
    said = body.decode("utf-8", "replace")[:5000]
    try:
        error = json.loads(said).get("error")
        named = error.get("param") if isinstance(error, dict) else None
    except (ValueError, RecursionError, AttributeError):
        named = None
    if re.search(r"response_format|json_?schema|grammar", f"{named} {said}"):
        return "response_format"
    if isinstance(named, str):
        return named
    words = re.search(r"(?i)unsupported (?:parameter|value)\W+(\w+)", said)
    return words[1] if words else None


def _status_fault(error: openai.APIStatusError, key: str | None) -> tuple[FaultKind, str]:
    status, said = error.status_code, _safe(error.message, key)
    if status in (401, 403):
        name = f"set the environment variable {KEY_VARIABLE}" if not key else "check the API key"
        return "key missing", f"the server refuses access ({status}); {name}"
    if status == 429:
        wait = error.response.headers.get("retry-after")
        more = f"; it asks to wait {_safe(wait, key)} s" if wait else ""
        return "rate limit", f"too many requests (429): {said}{more}"
    if status >= 500 or status in (408, 409):
        return "server error", f"status {status}: {said}"
    return "request refused", f"status {status}: {said}"


def _safe(said: object, key: str | None) -> str:
    """A server's words, short, on one line, without its paths, nor the key should it echo it."""
    text = clean(str(said), 5000)
    if key:
        text = text.replace(key, "[key]")
    return re.sub(r"\bsk-[\w*-]{4,}", "[key]", text)[:300] or type(said).__name__
