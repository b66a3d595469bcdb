"""What a server takes of a request, learned from its refusals and remembered."""

from __future__ import annotations

import threading
from typing import Any

from mgskel.reason.failures import Failure
from mgskel.reason.prompt import ChatRequest

# In the order in which they are tried: today's form, the one of llama.cpp's Python server,
# and none at all. The prompt states the form of the answer as well, and replies are checked.
_FORMS = ("json_schema", "json_object", "none")
_FORM_NOTES = {
    "json_object": "the schema was sent inside 'json_object'",
    "none": "the server takes no schema; none was sent",
}
# Models that reason at length refuse a temperature, a seed, and the older name of the limit.
_OPTIONAL = ("temperature", "seed", "max_tokens")


class Dialect:
    """One server's dialect of the chat interface. Several threads may learn at once."""

    def __init__(self) -> None:
        self._form = 0
        self._dropped: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def spoken(self) -> tuple[int, frozenset[str]]:
        """What is known by now; a request is sent and judged by one such state."""
        with self._lock:
            return self._form, self._dropped

    def learn(
        self, failure: Failure, spoken: tuple[int, frozenset[str]], request: ChatRequest
    ) -> bool:
        """Take a refusal into account; whether there is another way to ask."""
        form, dropped = spoken
        refused = failure.refused_parameter
        if refused == "response_format":
            if request.response_format is None or form + 1 == len(_FORMS):
                return False
            with self._lock:
                self._form = max(self._form, form + 1)
            return True
        if refused in _OPTIONAL and refused not in dropped:
            with self._lock:
                self._dropped |= {refused}
            return True
        return False


def translated(request: ChatRequest, spoken: tuple[int, frozenset[str]]) -> dict[str, Any]:
    """The request as this server takes it."""
    form, dropped = spoken
    body = {key: value for key, value in request.payload().items() if key not in dropped}
    if "max_tokens" in dropped:
        body["max_completion_tokens"] = request.max_tokens
    asked = body.get("response_format")
    if asked is not None and _FORMS[form] == "json_object":
        schema = asked["json_schema"]["schema"]
        body["response_format"] = {"type": "json_object", "schema": schema}
    elif asked is not None and _FORMS[form] == "none":
        del body["response_format"]
    return body


def departures(request: ChatRequest, spoken: tuple[int, frozenset[str]]) -> tuple[str, ...]:
    """In words, how the request that was sent differs from the one that was meant."""
    form, dropped = spoken
    notes = [f"the server refused '{name}'" for name in sorted(dropped)]
    if request.response_format is not None and _FORMS[form] in _FORM_NOTES:
        notes.append(_FORM_NOTES[_FORMS[form]])
    return tuple(notes)
