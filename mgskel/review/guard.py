"""Who is answered: only this machine's own page, by its secret address."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
# Pages of the study are one file each, scripts included; in a sandbox they have no rights here.
_SANDBOX = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data: blob:; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def new_secret() -> str:
    return secrets.token_urlsafe(24)


class Guard:
    """Lets requests through that carry the secret, and come from our own page or from no page.

    The Host header is checked too: a foreign name that was made to point at this machine (DNS
    rebinding) is refused. Below the path `pages` lie pages of the study, which get no rights.
    """

    def __init__(self, app: ASGIApp, secret: str, pages: str) -> None:
        self._app, self._secret, self._pages = app, secret, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._allowed(scope):
            await PlainTextResponse("refused\n", status_code=403)(scope, receive, send)
            return
        sandboxed = scope["path"].startswith(f"/{self._secret}/{self._pages}/")

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers["content-security-policy"] = _SANDBOX if sandboxed else _POLICY
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _allowed(self, scope: MutableMapping[str, Any]) -> bool:
        headers = Headers(scope=scope)
        port = scope["server"][1]
        host = headers.get("host", "")
        first = scope["path"].split("/")[1].encode()
        return (
            secrets.compare_digest(first, self._secret.encode())
            and host in (f"127.0.0.1:{port}", f"localhost:{port}")
            and headers.get("origin", f"http://{host}") == f"http://{host}"
            and headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        )
