"""The door in front of the app: lets through what it should and nothing else, whatever a request holds.

1  without a token only names of this machine pass, so a name that is made to point here gets nothing
2  another site's page gets nothing, token or not
3  with a token: in the address it becomes a cookie, and neither a wrong nor a missing one passes, sockets included
4  no header or query is ever an exception, and none of them opens the door by accident
5  every answer carries the headers that keep a browser from doing more with it
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mentalarena.app.access import COOKIE, HEADERS, Door, Message, Receive, Scope, Send, name_of

TOKEN = "a-token-of-enough-letters"  # noqa: S105
HOST = ("host", "127.0.0.1:8080")
NAME = f"{COOKIE}-8080"
Header = tuple[str, str]


class Inside:
    """The app behind the door: keeps who came in."""

    def __init__(self) -> None:
        self.came: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.came.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"SAMEORIGIN")]})
            await send({"type": "http.response.body", "body": b"inside"})


def knock(
    headers: Sequence[Header | tuple[bytes, bytes]],
    token: str = "",
    query: bytes = b"",
    path: str = "/",
    type: str = "http",
) -> tuple[Inside, list[Message]]:
    """One request: who came in, and what was answered."""
    inside, sent = Inside(), list[Message]()
    told = [(_bytes(name), _bytes(value)) for name, value in headers]
    scope: Scope = {"type": type, "path": path, "query_string": query, "headers": told, "server": ("127.0.0.1", 8080)}

    async def receive() -> Message:
        return {"type": "websocket.connect" if type == "websocket" else "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Door(inside, token)(scope, receive, send))
    return inside, sent


def _bytes(told: str | bytes) -> bytes:
    return told if isinstance(told, bytes) else told.encode()


def status(sent: list[Message]) -> int:
    return int(sent[0]["status"])


def headers(sent: list[Message]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8080", "127.0.0.2:8080", "localhost:1", "LOCALHOST", "[::1]:80", "[::1]"]
)
def test_1_names_of_this_machine_pass(host: str) -> None:
    inside, sent = knock([("host", host)])
    assert (len(inside.came), status(sent)) == (1, 200)


@pytest.mark.parametrize(
    "host",
    ["elsewhere.example", "127.0.0.1.elsewhere.example", "localhost.elsewhere.example", "127.0.0.1@elsewhere.example", "",
     "elsewhere.example:127.0.0.1", "[::1", "[", "[::1].elsewhere.example", "127.0.0.1\\@elsewhere.example", "::1",
     "0.0.0.0"],  # noqa: S104
)  # fmt: skip
def test_1_other_names_do_not(host: str) -> None:
    inside, sent = knock([("host", host)])
    assert (inside.came, status(sent)) == ([], 421)
    assert knock([])[0].came == [], "nor a request without any"


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize(
    "origin",
    ["http://elsewhere.example", "null", "http://127.0.0.1:9", "http://127.0.0.1", "file://", "http://127.0.0.1:8080@elsewhere.example",
     "http://elsewhere.example/127.0.0.1:8080", "127.0.0.1:8080", ""],
)  # fmt: skip
def test_2_another_sites_page_gets_nothing(token: str, origin: str) -> None:
    told = [HOST, ("cookie", f"{NAME}={TOKEN}"), ("origin", origin)]
    inside, sent = knock(told, token, f"token={TOKEN}".encode())
    assert (inside.came, status(sent)) == ([], 403)
    inside, sent = knock(told, token, type="websocket")
    assert inside.came == []
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "refused"}]


def test_2_a_page_of_this_app_gets_through() -> None:
    assert len(knock([HOST, ("origin", "http://127.0.0.1:8080")])[0].came) == 1


def test_3_a_token_in_the_address_becomes_a_cookie_and_leaves_the_address() -> None:
    inside, sent = knock([("host", "elsewhere.example")], TOKEN, f"a=1&token={TOKEN}&b=%26".encode(), "/practice")
    assert inside.came == []
    assert status(sent) == 303
    assert headers(sent)["location"] == "/practice?a=1&b=%26"
    assert headers(sent)["set-cookie"] == f"{NAME}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    cookie = headers(sent)["set-cookie"].split(";")[0]
    assert len(knock([("host", "elsewhere.example"), ("cookie", f"x=1; {cookie}")], TOKEN)[0].came) == 1


@pytest.mark.parametrize("path", ["//elsewhere.example", "///elsewhere.example/", "/\\elsewhere.example", "//"])
def test_3_the_token_leads_to_no_other_site(path: str) -> None:
    _, sent = knock([HOST], TOKEN, f"token={TOKEN}".encode(), path)
    found = headers(sent)["location"]
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\")), "a browser reads it as another site"


@pytest.mark.parametrize(
    ("told", "query"),
    [([], b""), ([("cookie", f"{NAME}=")], b""),
     ([("cookie", f"{COOKIE}={TOKEN[:-1]}")], b""), ([("cookie", f"x={TOKEN}")], b""),
     ([], b"token="), ([], f"token={TOKEN}x".encode()), ([], f"tokens={TOKEN}".encode()), ([], b"token=" + b"x" * 100_000),
     ([("authorization", f"Bearer {TOKEN}")], b""), ([("cookie", f"{NAME}=wrong; {NAME}=also")], b"")],
)  # fmt: skip
def test_3_without_the_right_token_nobody_passes(told: list[Header], query: bytes) -> None:
    inside, sent = knock([HOST, *told], TOKEN, query)
    assert (inside.came, status(sent)) == ([], 401)
    assert TOKEN not in repr(sent)
    assert knock([HOST, *told], TOKEN, query, type="websocket")[0].came == []


def test_3_a_socket_passes_with_the_cookie_or_the_token() -> None:
    assert len(knock([HOST, ("cookie", f"{NAME}={TOKEN}")], TOKEN, type="websocket")[0].came) == 1
    assert len(knock([HOST], TOKEN, f"token={TOKEN}".encode(), type="websocket")[0].came) == 1


@given(
    st.binary(max_size=40), st.none() | st.binary(max_size=40), st.binary(max_size=60), st.binary(max_size=60), st.text()
)
@example(b"[", b"http://[", f"{NAME}=\xff".encode("latin-1"), b"token=%ff%00", "//\x00")
@example(b"127.0.0.1", b"http://127.0.0.1", b'"; \\', b"token=%F0%9F", "/")
@example(b"[::1%25\xff]", b"//[v1.x]", b"=", b"%", "")
def test_4_whatever_a_request_holds_is_refused_and_never_an_exception(
    host: bytes, origin: bytes | None, cookie: bytes, query: bytes, path: str
) -> None:
    told = [(b"host", host), (b"cookie", cookie), *([(b"origin", origin)] if origin is not None else [])]
    for type in ("http", "websocket"):
        inside, sent = knock(told, TOKEN, query, path, type)
        assert inside.came == [], "none of these holds the token"
        assert sent
        inside, sent = knock(told, "", query, path, type)
        if inside.came:
            assert name_of(host.decode("latin-1")) in ("127.0.0.1", "localhost", "::1")
            assert origin is None or origin.endswith(host)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.text(max_size=30))
@example("//elsewhere.example", "")
@example("/a\r\nset-cookie: x=1", "")
@example("/\N{SNOWMAN}?x=1#y", "\r\n")
def test_4_where_a_token_leads_is_one_header_line_of_this_site(path: str, value: str) -> None:
    query = b"token=" + TOKEN.encode() + b"&x=" + value.encode("utf-8", "surrogatepass")
    _, sent = knock([HOST], TOKEN, query, path)
    location = dict(sent[0]["headers"])[b"location"]
    assert status(sent) == 303
    assert location.startswith(b"/")
    assert not location.startswith((b"//", b"/\\"))
    assert not set(location) & set(b"\r\n\0 ")
    assert TOKEN.encode() not in location or TOKEN in path + value


def test_5_every_answer_is_protected_and_what_a_page_says_itself_stays() -> None:
    for told, token in (([HOST], ""), ([HOST], TOKEN), ([("host", "elsewhere.example")], "")):
        _, sent = knock(told, token)
        found = headers(sent)
        assert set(HEADERS) <= set(found)
        if status(sent) == 200:
            assert found["x-frame-options"] == "SAMEORIGIN"
    policy = HEADERS["content-security-policy"]
    assert "http:" not in policy
    assert "*" not in policy


def test_what_is_neither_page_nor_socket_goes_through() -> None:
    assert len(knock([], TOKEN, type="lifespan")[0].came) == 1


@pytest.mark.parametrize("left", [True, False])
def test_a_browser_that_went_on_is_no_error_and_anything_else_is(left: bool) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise RuntimeError("No response returned.")

    async def receive() -> Message:
        return {"type": "http.disconnect" if left else "http.request"}

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there")

    scope: dict[str, Any] = {"type": "http", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}
    work = Door(fails)(scope, receive, send)
    if left:
        asyncio.run(work)
    else:
        with pytest.raises(RuntimeError, match="No response"):
            asyncio.run(work)


def test_4_what_another_sites_page_fetches_is_refused_and_a_followed_link_is_not() -> None:
    for mode, expected in (("no-cors", 403), ("cors", 403), ("navigate", 200)):
        told = [HOST, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode)]
        assert status(knock(told)[1]) == expected
    assert status(knock([HOST, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")])[1]) == 200


def test_3_two_apps_on_one_machine_have_cookies_of_their_own() -> None:
    other = ("cookie", f"{COOKIE}-9090={TOKEN}")
    assert status(knock([HOST, other], TOKEN)[1]) == 401
    assert status(knock([HOST, ("cookie", f"{NAME}={TOKEN}")], TOKEN)[1]) == 200
