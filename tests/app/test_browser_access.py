"""Who may talk to the app, tried at a real server.

9  only loopback is bound unless asked; with another host a token is needed, sockets included; another site's page gets nothing,
   not even with this browser's cookie
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.app.serving import expecting, served

expect = expecting()

if TYPE_CHECKING:
    from tests.app.serving import Served, Visits

TOKEN = "a-token-that-only-a-test-has"  # noqa: S105
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


@pytest.fixture(scope="module")
def guarded(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that whoever has the token may use."""
    folder = tmp_path_factory.mktemp("guarded")
    with served(folder, [finished], "--host", "0.0.0.0", env={"MENTALARENA_APP_TOKEN": TOKEN}) as found:  # noqa: S104
        yield found


def asked(app: Served, address: str = "/", headers: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], str]:
    """Status, headers (names in lower case) and, of a page, text."""
    connection = http.client.HTTPConnection(urlsplit(app.base).netloc, timeout=30)
    try:
        connection.request("GET", address, headers=dict(headers or {}))
        answer = connection.getresponse()
        text = "" if answer.status == 101 else answer.read().decode()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text
    finally:
        connection.close()


def test_9_only_loopback_is_bound_unless_asked(app: Served, guarded: Served) -> None:
    psutil = pytest.importorskip("psutil")

    def bound(found: Served) -> set[str]:
        process = psutil.Process(found.process.pid)
        every = [one for each in (process, *process.children(True)) for one in each.net_connections("inet")]
        return {one.laddr.ip for one in every if one.status == psutil.CONN_LISTEN or not one.raddr}

    assert bound(app) == {"127.0.0.1"}
    assert bound(guarded) == {"0.0.0.0"}  # noqa: S104


def test_9_without_a_token_nobody_gets_in_and_with_it_they_do(guarded: Served, visits: Visits) -> None:
    for address in ("/", "/practice", "/runs/small", "/runs/small/report.html", "/?token=", "/?token=wrong", "/_nicegui/x"):
        status, headers, text = asked(guarded, address)
        assert status == 401, address
        assert "set-cookie" not in headers
        assert "a token is needed" in text
        assert "small" not in text
    assert asked(guarded, "/", {"Cookie": "mentalarena-token=wrong"})[0] == 401
    status, headers, _ = asked(guarded, f"/practice?token={TOKEN}&x=1")
    assert (status, headers["location"]) == (303, "/practice?x=1")
    assert "HttpOnly; SameSite=Strict" in headers["set-cookie"]
    page = visits.page(guarded.base)
    page.goto("/")
    expect(page.locator("body")).to_contain_text("a token is needed")
    visits.expect("401")
    page.goto(f"/practice?token={TOKEN}")
    expect(page).to_have_url(re.compile(r"/practice$"))
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Practice with"))
    page.goto("/practice")
    expect(page.get_by_text("Sessions of others are not listed here.")).to_be_visible()
    assert TOKEN not in guarded.log.read_text().split("(Ctrl-C")[1]


def test_9_a_socket_needs_the_token_and_a_page_of_ours(app: Served, guarded: Served) -> None:
    name = f"mentalarena-token-{guarded.base.rsplit(':', 1)[1]}"
    cookie = {"Cookie": f"{name}={TOKEN}"}
    assert asked(guarded, SOCKET, UPGRADE)[0] == 403
    assert asked(guarded, SOCKET, UPGRADE | {"Cookie": f"{name}=wrong"})[0] == 403
    assert asked(guarded, SOCKET, UPGRADE | cookie | {"Origin": "http://elsewhere.example"})[0] == 403
    assert asked(guarded, SOCKET, UPGRADE | cookie | {"Origin": "null"})[0] == 403
    assert asked(guarded, SOCKET, UPGRADE | cookie | {"Origin": guarded.base})[0] == 101
    assert asked(app, SOCKET, UPGRADE | {"Origin": "http://elsewhere.example"})[0] == 403
    assert asked(app, SOCKET, UPGRADE | {"Host": "elsewhere.example"})[0] == 403
    assert asked(app, SOCKET, UPGRADE)[0] == 101


def test_9_a_name_that_is_made_to_point_here_gets_nothing(app: Served) -> None:
    for host in ("elsewhere.example", "127.0.0.1.elsewhere.example", "localhost.elsewhere.example:80", "[::2]", "0.0.0.0"):  # noqa: S104
        status, _, text = asked(app, "/runs/small", {"Host": host})
        assert status == 421, host
        assert "finished" not in text
    for host in ("localhost", "127.0.0.1:9", "[::1]:80"):
        assert asked(app, "/", {"Host": host})[0] == 200, host


def test_9_every_answer_says_what_a_browser_may_do_with_it(app: Served) -> None:
    for address in ("/", "/runs/small/report.html", "/practice/nobody-here/session.md", "/nowhere"):
        headers = asked(app, address)[1]
        assert headers["x-content-type-options"] == "nosniff", address
        assert headers["x-frame-options"] == "DENY", address
        assert "frame-ancestors 'none'" in headers["content-security-policy"], address
        assert headers["referrer-policy"] == "no-referrer", address
    assert "default-src 'none'" in asked(app, "/runs/small/report.html")[1]["content-security-policy"]


@contextmanager
def elsewhere(text: str) -> Iterator[str]:
    """Another site on this machine, whose every page is the text."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}"
        finally:
            site.shutdown()
            thread.join(20)


def test_9_another_sites_page_gets_nothing_with_this_browsers_cookie(guarded: Served, visits: Visits) -> None:
    attack = f"""<script>
    const told = [];
    const socket = new WebSocket("{guarded.base.replace("http", "ws")}{SOCKET}");
    socket.onopen = () => told.push("socket open");
    socket.onmessage = event => told.push("heard " + event.data);
    const closed = new Promise(done => {{ socket.onclose = done; }});
    const read = fetch("{guarded.base}/runs/small", {{credentials: "include"}})
      .then(answer => answer.text()).then(text => told.push("read " + text), () => 0);
    const framed = new Promise(done => {{
      const frame = document.createElement("iframe");
      frame.onload = () => {{
        try {{ if (frame.contentDocument.body.innerText.includes("small")) told.push("framed"); }} catch {{}}
        done();
      }};
      frame.src = "{guarded.base}/runs/small";
      document.documentElement.append(frame);
    }});
    Promise.all([closed, read, framed]).then(() => {{ document.title = told.join() || "nothing"; }});
    </script>"""
    with elsewhere(attack) as site:
        page = visits.page(guarded.base)
        page.goto(f"/?token={TOKEN}")
        expect(page.get_by_role("row", name=re.compile("^small"))).to_be_visible()
        page.goto(site)
        expect(page).to_have_title("nothing")
        for refusal in ("WebSocket", "CORS", "403", "frame", "ERR_FAILED", "ERR_BLOCKED_BY_RESPONSE"):
            visits.expect(refusal)
        visits.leave()
