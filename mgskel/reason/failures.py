"""How a request to a model server can fail, and what each failure means for the next step."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from mgskel.reason.clients import FaultKind

if TYPE_CHECKING:
    import openai

KEY_VARIABLE = "MGSKEL_LLM_KEY"


class Failure(Exception):
    """One request that brought no answer.

    Attributes:
        may_pass: whether the same request may succeed later.
        retry_after_s: how long the server asks to wait.
        form_refused: whether the server does not know this form of `response_format`.
    """

    def __init__(
        self,
        kind: FaultKind,
        message: str,
        *,
        may_pass: bool = False,
        retry_after_s: float | None = None,
        form_refused: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.may_pass = may_pass
        self.retry_after_s = retry_after_s
        self.form_refused = form_refused


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
    # Servers refuse a form that they do not know with 400, 422 or (llama.cpp's) 500.
    form = status in (400, 422, 500) and re.search(r"response_format|json_?schema|grammar", said)
    if not form and (status in (408, 409) or status >= 500):
        wait = _retry_after(error.response.headers)
        return Failure(
            "server error", f"status {status}: {said}", may_pass=True, retry_after_s=wait
        )
    return Failure("request refused", f"status {status}: {said}", form_refused=bool(form))


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
    """A server's words, short, on one line, and without the key should it echo it."""
    text = " ".join(str(said).split())
    if key:
        text = text.replace(key, "[key]")
    return re.sub(r"\bsk-[\w*-]{4,}", "[key]", text)[:300] or type(said).__name__
