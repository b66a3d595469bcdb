"""Any OpenAI-compatible server (hosted, vLLM, Ollama, llama.cpp) through the `openai` client."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from mgskel.core.errors import InputError, MissingDependency
from mgskel.reason.background import wait_for
from mgskel.reason.clients import Attempt, ChatReply, ClientFault
from mgskel.reason.dialect import Dialect, departures, translated
from mgskel.reason.failures import KEY_VARIABLE, Failure, safe, status_failure
from mgskel.reason.prompt import ChatRequest

if TYPE_CHECKING:
    import openai

_OPENAI_HOST = "api.openai.com"
_LONGEST_REPLY = 4 << 20
_LONGEST_WAIT_S = 120.0
_NO_KEY = "none"


@dataclass(frozen=True)
class ServerSettings:
    """Where to ask and how patiently.

    Attributes:
        timeout_s: a request, from connecting to the last byte of its answer.
        retries: further requests after one that may succeed when repeated.
        backoff_s: the first wait before a repetition; it doubles, up to two minutes, unless
            the server says how long to wait.
        key_variable: environment variable that holds the API key.
    """

    url: str
    timeout_s: float = 120.0
    retries: int = 3
    backoff_s: float = 1.0
    key_variable: str | None = None


@dataclass(frozen=True)
class ServerClient:
    """A chat client over HTTP. Safe to use from several threads at once."""

    settings: ServerSettings
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _dialect: Dialect = field(default_factory=Dialect, init=False, repr=False, compare=False)
    _clients: dict[str | None, openai.AsyncOpenAI] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        base_url(self.settings.url)
        if self.settings.timeout_s <= 0:
            raise InputError("a timeout is above 0 seconds", found=self.settings.timeout_s)
        if self.settings.retries < 0:
            raise InputError("retries can't be negative", found=self.settings.retries)
        if not _has_openai():
            raise MissingDependency("openai", "llm", "asking a language model server")

    def complete(self, request: ChatRequest) -> ChatReply:
        """The server's answer, after as many repetitions as allowed; else `ClientFault`."""
        attempts: list[Attempt] = []
        left = self.settings.retries
        while True:
            spoken = self._dialect.spoken()
            started = time.monotonic()
            try:
                reply = wait_for(self._ask(translated(request, spoken)))
            except Failure as failure:
                seconds = round(time.monotonic() - started, 3)
                if self._dialect.learn(failure, spoken, request):
                    attempts.append(Attempt(str(failure), seconds))
                    continue
                wait = self._wait(failure, self.settings.retries - left)
                if not failure.may_pass or left == 0 or wait > _LONGEST_WAIT_S:
                    attempts.append(Attempt(str(failure), seconds))
                    raise self._fault(failure, attempts, wait) from None
                attempts.append(Attempt(str(failure), seconds, round(wait, 3)))
                left -= 1
                self.sleep(wait)
                continue
            attempts.append(Attempt("answered", round(time.monotonic() - started, 3)))
            notes = departures(request, spoken)
            return ChatReply(**reply, notes=notes, attempts=tuple(attempts))

    def _wait(self, failure: Failure, repetition: int) -> float:
        if failure.retry_after_s is not None:
            return failure.retry_after_s
        wait = min(self.settings.backoff_s * 2**repetition, _LONGEST_WAIT_S)
        return wait * random.uniform(0.75, 1.0)

    def _fault(self, failure: Failure, attempts: list[Attempt], wait: float) -> ClientFault:
        tries = f" (asked {len(attempts)} times)" if len(attempts) > 1 else ""
        more = ""
        if failure.may_pass and wait > _LONGEST_WAIT_S:
            more = f"; it asks to wait {wait:.0f} s, longer than {_LONGEST_WAIT_S:.0f} s"
        return ClientFault(failure.kind, f"{failure}{more}{tries}", attempts)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request, from connecting to the last byte within the time limit.

        Timeouts of HTTP clients hold for each read, so that a server that drips a byte now
        and then is waited for for ever; the limit here holds for the whole.
        """
        import openai

        key = self._key()
        try:
            async with asyncio.timeout(self.settings.timeout_s):
                body = await _read(self._client(key), request)
        except (TimeoutError, openai.APITimeoutError):
            raise Failure(
                "timeout", f"no complete answer within {self.settings.timeout_s:g} s", may_pass=True
            ) from None
        except openai.APIStatusError as error:
            raise status_failure(error, key) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__ or error
            raise Failure(
                "refused connection",
                f"cannot reach {host(self.settings.url)}: {safe(cause, key)}",
                may_pass=True,
            ) from None
        except (openai.OpenAIError, OSError, ValueError) as error:
            raise Failure("not an answer", safe(error, key), may_pass=True) from None
        except Exception as error:
            # The transport's own errors (a body cut short) are not wrapped by the client.
            if "httpx" not in type(error).__module__ and "httpcore" not in type(error).__module__:
                raise
            raise Failure(
                "not an answer", f"the answer broke off: {safe(error, key)}", may_pass=True
            ) from None
        return _content(body)

    def _client(self, key: str | None) -> openai.AsyncOpenAI:
        """The HTTP client for a key, made once; called in the background loop only."""
        import openai

        if key not in self._clients:
            self._clients[key] = openai.AsyncOpenAI(
                base_url=base_url(self.settings.url),
                api_key=key or _NO_KEY,
                max_retries=0,
                timeout=self.settings.timeout_s,
            )
        return self._clients[key]

    def _key(self) -> str | None:
        """The API key from the environment; OpenAI's own key goes to OpenAI alone."""
        name = self.settings.key_variable
        if name is not None:
            key = os.environ.get(name, "").strip()
            if not key:
                raise Failure("key missing", f"the environment variable {name} is not set")
            return key
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not key and urlsplit(base_url(self.settings.url)).hostname == _OPENAI_HOST:
            key = os.environ.get("OPENAI_API_KEY", "").strip()
        return key or None


def base_url(url: str) -> str:
    """The server's base, from what people paste: with or without /v1 or the whole endpoint."""
    parts = urlsplit(url.strip())
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
    parts = urlsplit(base_url(url))
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _has_openai() -> bool:
    from importlib.util import find_spec

    return find_spec("openai") is not None


async def _read(client: openai.AsyncOpenAI, request: dict[str, Any]) -> bytes:
    """The raw answer, no more of it than an answer may have."""
    body = bytearray()
    create: Any = client.chat.completions.with_streaming_response.create
    async with create(**request) as response:
        async for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LONGEST_REPLY:
                raise Failure("too large", f"the answer is longer than {_LONGEST_REPLY >> 20} MiB")
    return bytes(body)


def _content(body: bytes) -> dict[str, Any]:
    """Text and usage of a chat completion, whatever else the server sent."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:80].decode("utf-8", "replace").strip()
        what = "a web page" if start.lower().startswith(("<!doctype", "<html")) else "no JSON"
        raise Failure(
            "not an answer", f"the server sent {what}: {start!r}", may_pass=True
        ) from None
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Failure("not an answer", "the answer holds no choice", may_pass=True)
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
