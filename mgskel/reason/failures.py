"""How a request to a model server can fail, and what each failure means for the next step."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from mgskel.reason.clients import FaultKind
from mgskel.reason.prompt import clean

if TYPE_CHECKING:
    import openai

KEY_VARIABLE = "MGSKEL_LLM_KEY"


class Failure(Exception):
    """One request that brought no answer.

    Attributes:
        may_pass: whether the same request may succeed later.
        retry_after_s: how long the server asks to wait.
        refused_parameter: what part of the request the server does not take, if it says so.
    """

    def __init__(
        self,
        kind: FaultKind,
        message: str,
        *,
        may_pass: bool = False,
        retry_after_s: float | None = None,
        refused_parameter: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.may_pass = may_pass
        self.retry_after_s = retry_after_s
        self.refused_parameter = refused_parameter


def status_failure(error: openai.APIStatusError, key: str | None) -> Failure:
    status = error.status_code
    said = safe(error.message, key)
    if status in (401, 403):
        name = f"set the environment variable {KEY_VARIABLE}" if not key else "check the API key"
        return Failure("key missing", f"the server refuses access ({status}); {name}")
    if status == 429:
        wait = _retry_after(error.response.headers)
        return Failure(
            "rate limit", f"too many requests (429): {said}", may_pass=True, retry_after_s=wait
        )
    # Servers refuse what they do not know with 400, 422 or (llama.cpp's Python server) 500.
    refused = _refused_parameter(error, said) if status in (400, 422, 500) else None
    if status in (408, 409) or status >= 500:
        return Failure(
            "server error",
            f"status {status}: {said}",
            may_pass=True,
            retry_after_s=_retry_after(error.response.headers),
            refused_parameter=refused,
        )
    return Failure("request refused", f"status {status}: {said}", refused_parameter=refused)


def _refused_parameter(error: openai.APIStatusError, said: str) -> str | None:
    """The parameter that a refusal is about: named in its own field, or in its words."""
    named = getattr(error, "param", None)
    if re.search(r"response_format|json_?schema|grammar", f"{named} {said}"):
        return "response_format"
    if isinstance(named, str):
        return named
    found = re.search(r"(?i)unsupported (?:parameter|value)\W+(\w+)", said)
    return found[1] if found else None


def _retry_after(headers: Any) -> float | None:
    """Seconds that the server asks to wait, given as seconds or as a date."""
    said = headers.get("retry-after")
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if seconds == seconds else None


def safe(said: object, key: str | None) -> str:
    """A server's words, short, on one line, without its paths, nor the key should it echo it."""
    text = clean(str(said), 5000)
    if key:
        text = text.replace(key, "[key]")
    return re.sub(r"\bsk-[\w*-]{4,}", "[key]", text)[:300] or type(said).__name__
