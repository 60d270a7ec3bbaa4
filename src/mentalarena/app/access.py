"""Who may talk to the app: this machine's own browser, or with a token whoever has it. A door in front of everything, sockets
included.

Without a token only requests for a loopback name pass, so that a page of somebody else whose name is made to point here (DNS
rebinding) gets nothing; a request that another site's page makes is refused either way.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "mentalarena-token"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS = {
    # the page's framework compiles its templates in the browser, hence 'unsafe-eval'; nothing comes from elsewhere
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Door:
    """An ASGI app that lets requests through to `app`, or not."""

    def __init__(self, app: App, token: str = "") -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):  # start and end of the server
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if why := self._refusal(scope, headers):
            await _refuse(scope, receive, send, *why)
        elif self._token and (clean := self._with_cookie(scope)) is not None:
            cookie = f"{_cookie(scope)}={self._token}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(send, 303, "", [("location", clean), ("set-cookie", cookie)])
        else:
            await self._through(scope, receive, send)

    async def _through(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = False

        async def heard() -> Message:
            nonlocal left
            message = await receive()
            left = left or message["type"] == "http.disconnect"
            return message

        try:
            await self._app(scope, heard, _protected(send))
        except RuntimeError:  # the pages' middleware complains about a browser that went on before it had its answer
            if not left:
                raise

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self._token and not is_loopback(name_of(host)):
            return 421, f"{host[:80]!r} is no name of this machine alone; expected 127.0.0.1 or localhost"
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return 403, "the request of another site's page; expected one of this app's own"
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return 403, "the request of another site's page; expected one of this app's own"
        if self._token and not (self._carried(scope, headers) or self._in_address(scope)):
            return 401, "a token is needed; expected the address that `mentalarena app` printed"
        return None

    def _carried(self, scope: Scope, headers: dict[str, str]) -> bool:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(_cookie(scope))
        except CookieError:
            return False
        return cookie is not None and self._right(cookie.value)

    def _in_address(self, scope: Scope) -> bool:
        return any(name == "token" and self._right(value) for name, value in _query(scope))

    def _right(self, told: str) -> bool:
        return hmac.compare_digest(told.encode(), self._token.encode())

    def _with_cookie(self, scope: Scope) -> str | None:
        """The address without the token, which goes into a cookie; None where none is in it."""
        if scope["type"] != "http" or not self._in_address(scope):
            return None
        kept = urlencode([(name, value) for name, value in _query(scope) if name != "token"])
        path = "/" + quote(
            str(scope["path"]).lstrip("/"), errors="replace"
        )  # `//name`, `/\\name` would lead to another site
        return f"{path}?{kept}" if kept else path


def is_loopback(host: str) -> bool:
    """Whether an address reaches nobody but this machine."""
    try:
        return host in LOOPBACK or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cookie(scope: Scope) -> str:
    """Of this port: cookies do not know ports, and two apps on one machine have two tokens."""
    return f"{COOKIE}-{(scope.get('server') or ('', 0))[1]}"


def name_of(host: str) -> str:
    """The name in a Host header, without its port; empty for what is none."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?", host)
    return (found[1] or found[2]).lower() if found else ""


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)


def _protected(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            told = {name.lower() for name, _ in message.get("headers", ())}
            added = [(k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in told]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sent


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
    else:
        await _answer(send, status, f"mentalarena: {why}\n", [])


async def _answer(send: Send, status: int, text: str, headers: list[tuple[str, str]]) -> None:
    told = [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"), *HEADERS.items(), *headers]
    start = {"type": "http.response.start", "status": status, "headers": [(k.encode(), v.encode()) for k, v in told]}
    await _protected(send)(start)
    await send({"type": "http.response.body", "body": text.encode()})
