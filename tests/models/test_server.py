"""A server that speaks the chat-completions protocol, over real HTTP on loopback."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

pytest.importorskip("openai")
from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Message, Sampling
from mentalarena.models.server import ServerModel

pytestmark = pytest.mark.filterwarnings("default")
ANSWER = {"role": "assistant", "content": " i feel low. "}


class Fake(BaseHTTPRequestHandler):
    status, message = 200, ANSWER
    raw: bytes | None = None
    asked: list[dict[str, Any]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        Fake.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        choice = {"index": 0, "finish_reason": "stop", "message": Fake.message}
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        body = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
        if Fake.status != 200:
            body = {"error": {"message": "no such model"}}
        data = Fake.raw if Fake.raw is not None else json.dumps(body).encode()
        self.send_response(Fake.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Fake.status, Fake.message, Fake.asked, Fake.raw = 200, ANSWER, [], None
    server = HTTPServer(("127.0.0.1", 0), Fake)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def ask(url: str) -> Any:
    sampling = Sampling(temperature=0.5, max_tokens=9, seed=4)
    return asyncio.run(ServerModel("m", url).generate((Message("user", "hello"),), sampling))


def test_a_reply_comes_with_its_usage_and_the_request_with_its_sampling(url: str) -> None:
    reply = ask(url)
    assert (reply.text, reply.finish_reason, reply.usage.prompt_tokens, reply.usage.new_tokens) == (
        "i feel low.",
        "stop",
        7,
        3,
    )
    asked = Fake.asked[0]
    assert asked["messages"] == [{"role": "user", "content": "hello"}]
    assert (asked["temperature"], asked["max_tokens"], asked["seed"]) == (0.5, 9, 4)


def test_an_error_of_the_server_is_a_model_error(url: str) -> None:
    Fake.status = 404
    with pytest.raises(ModelError, match="no such model"):
        ask(url)


def test_an_answer_without_text_is_a_model_error(url: str) -> None:
    Fake.message = {"role": "assistant", "content": None}  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="without text"):
        ask(url)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"choices": [',
        b'{"choices": "\xe9"}',
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"index": 0, "finish_reason": "stop", "message": null}]}',
        b"[]",
        b"<html>busy</html>",
    ],
)
def test_whatever_a_server_sends_is_an_answer_or_a_model_error(url: str, raw: bytes) -> None:
    Fake.raw = raw
    with pytest.raises(ModelError, match=r"no chat completion|without text"):
        ask(url)


def test_counts_that_are_missing_count_nothing(url: str) -> None:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}}], "usage": {"prompt_tokens": None}}
    Fake.raw = json.dumps(body).encode()
    assert (ask(url).usage.prompt_tokens, ask(url).usage.new_tokens, ask(url).finish_reason) == (0, 0, "stop")


@pytest.mark.parametrize("address", ["http://[::1", "not a url", "http://127.0.0.1:1/v1"])
def test_an_address_where_nobody_answers_is_a_model_error(address: str) -> None:
    with pytest.raises(ModelError, match="no chat completion"):
        ask(address)


def test_a_request_that_the_server_refuses_is_a_refusal(url: str) -> None:
    Fake.status = 400
    with pytest.raises(ModelRefusal, match="no such model"):
        ask(url)
