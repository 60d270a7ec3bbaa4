"""Replies of servers that are heard while they come, over real HTTP on loopback.

1  events are the same wherever their bytes are divided, and the reply is the one that `generate` gives
2  a stream that breaks before anything was heard is asked for again, one that breaks later is a ModelError
3  refusals, and errors that are told in a stream, are typed as those of an HTTP status
4  a server that knows no streams, or no counts in them, is asked as it can answer, and this is found out once
5  no reasoning is heard, and nothing is said twice
6  the key is in no error
7  an answer that never ends is cut
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

pytest.importorskip("aiohttp")
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Heard, Message, Reply, Sampling, Usage, streamed
from mentalarena.models.limits import Passing
from mentalarena.models.server import LARGEST, ServerModel, ServerSettings
from mentalarena.models.streaming import Completion, Events, Listener, StreamFailed
from tests.models.fake_server import FakeServer, completion, serving

HELLO = (Message("user", "hello"),)
SAMPLING = Sampling(temperature=0.5, max_tokens=9, seed=4)
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with serving() as server:
        yield server


def chunk(content: object = None, finish: object = None, **delta: object) -> dict[str, Any]:
    told = {"content": content, **delta} if content is not None else delta
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": told, "finish_reason": finish}]}


def event(told: object) -> bytes:
    return b"data: " + (told if isinstance(told, bytes) else json.dumps(told).encode()) + b"\n\n"


def stream(*told: object, finish: str | None = "stop", usage: object = USAGE, done: bool = True) -> bytes:
    """Pieces of text (or whole events) as a server sends them."""
    events: list[object] = [chunk("", role="assistant")]
    events += [chunk(piece) if isinstance(piece, str) else piece for piece in told]
    if finish:
        events.append(chunk(finish=finish))
    if usage:
        events.append({"choices": [], "usage": usage})
    return b"".join(map(event, [*events, *([b"[DONE]"] if done else [])]))


def sse(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/event-stream")


class Slow(web.StreamResponse):
    """Sends its parts one after the other, and then ends, or drops the connection."""

    def __init__(self, *parts: bytes, drop: bool = False) -> None:
        super().__init__(headers={"Content-Type": "text/event-stream"})
        self._parts, self._drop = parts, drop

    async def prepare(self, request: web.BaseRequest) -> Any:
        writer = await super().prepare(request)
        for part in self._parts:
            await self.write(part)
        if self._drop:
            assert request.transport is not None
            request.transport.abort()
        return writer


def quick(url: str, **settings: Any) -> ServerModel:
    told = {"retries": 3, "patience": 0.3, "timeout": 5.0, "backoff": 0.001} | settings
    return ServerModel("m", ServerSettings((url,), **told))


def listen(model: ServerModel, heard: Heard) -> Reply:
    async def asked() -> Reply:
        try:
            return await streamed(model, HELLO, SAMPLING, heard)
        finally:
            await model.close()

    return asyncio.run(asked())


def generated(model: ServerModel) -> Reply:
    async def asked() -> Reply:
        try:
            return await model.generate(HELLO, SAMPLING)
        finally:
            await model.close()

    return asyncio.run(asked())


DIVIDED = st.lists(st.integers(1, 12), min_size=1)


def divided(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        for size in sizes:
            yield data[place : place + size]
            place += size


FIELDS = [b"data: a", b"data:b", b"data", b"data: \xc3\xa9 c", b"data:  d", b": still there", b"event: x", b"id: 3", b""]
LINES = st.lists(st.sampled_from(FIELDS), max_size=12)


@example([b"data: a", b"data: b", b""], b"\r\n", [1], False)
@given(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]), DIVIDED, st.booleans())
def test_1_events_are_the_same_wherever_their_bytes_are_divided(
    lines: list[bytes], ending: bytes, sizes: list[int], mark: bool
) -> None:
    expected, data = [], list[bytes]()
    for line in [*lines, b""]:
        if line.startswith(b"data"):
            data.append(line.removeprefix(b"data").removeprefix(b":").removeprefix(b" "))
        if not line:
            expected += [b"\n".join(data)] if any(data) or len(data) > 1 else []
            data = []
    whole = b"\xef\xbb\xbf" * mark + ending.join(lines)
    events = Events()
    found = [event for part in divided(whole, sizes) for event in events.take(part)]
    assert [*found, *events.end()] == expected


@given(
    st.lists(st.text(max_size=8), max_size=6), DIVIDED, st.sampled_from([True, False]), st.sampled_from(["stop", "length"])
)
def test_1_a_reply_is_put_together_from_any_pieces(texts: list[str], sizes: list[int], done: bool, finish: str) -> None:
    heard: list[str] = []
    listener = Listener(heard.append)
    for part in divided(stream(*texts, finish=finish, done=done), sizes):
        if listener.take(part):
            break
    answer = listener.answer()
    assert answer is not None
    assert answer["choices"][0]["message"]["content"] == "".join(texts)
    assert (answer["choices"][0]["finish_reason"], answer["usage"]) == (finish, USAGE)
    assert all(later.startswith(earlier) and later != earlier for earlier, later in pairwise(heard))
    assert "".join(texts).strip().startswith(heard[-1] if heard else "")


@given(st.binary(max_size=200), DIVIDED)
def test_1_whatever_comes_is_a_completion_or_one_of_two_errors(data: bytes, sizes: list[int]) -> None:
    listener = Listener(lambda text: None)
    try:
        for part in divided(data, sizes):
            listener.take(part)
        listener.answer()
    except (Passing, StreamFailed):
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "finish_reason", "error", "usage", "index", "message", "code", "object"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(st.lists(JSON, max_size=4))
def test_1_events_of_any_form_are_a_completion_or_one_of_two_errors(told: list[object]) -> None:
    found = Completion()
    try:
        for one in told:
            found.take(json.dumps(one).encode())
        assert isinstance(found.answer()["choices"][0]["message"]["content"], str | None)
    except (Passing, StreamFailed):
        pass


def test_1_what_is_heard_grows_to_the_reply_that_generate_gives(fake: FakeServer) -> None:
    bytewise = [bytes([byte]) for byte in stream(" i", " feel", " löw. ")]
    fake.respond = lambda body, number: (
        Slow(*bytewise) if body.get("stream") else web.json_response(completion(" i feel löw. "))
    )
    heard: list[str] = []
    model = quick(fake.url)
    found = listen(model, heard.append)
    assert found == Reply("i feel löw.", "stop", Usage(7, 3, 1), "m") == generated(model)
    assert heard[-1] == found.text
    assert set(heard) <= {"i", "i feel", "i feel löw", found.text}, "as the bytes come: several pieces may come together"
    asked, plain = fake.asked
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})
    assert "stream" not in plain
    assert {k: v for k, v in asked.items() if not k.startswith("stream")} == plain


def test_1_pieces_are_heard_before_the_reply_is_there(fake: FakeServer) -> None:
    """The server sends the second piece when the first was heard."""
    heard: list[str] = []
    first = asyncio.Event()
    loop: list[asyncio.AbstractEventLoop] = []

    class Waiting(Slow):
        async def prepare(self, request: web.BaseRequest) -> Any:
            loop.append(asyncio.get_running_loop())
            writer = await web.StreamResponse.prepare(self, request)
            await self.write(event(chunk("one")))
            await asyncio.wait_for(first.wait(), 10)
            await self.write(event(chunk(" two", "stop")) + event(b"[DONE]"))
            return writer

    def hear(text: str) -> None:
        heard.append(text)
        loop[0].call_soon_threadsafe(first.set)

    fake.respond = lambda body, number: Waiting()
    assert listen(quick(fake.url), hear).text == "one two"
    assert heard == ["one", "one two"]


@pytest.mark.parametrize("finish", ["stop", None])
@pytest.mark.parametrize("done", [True, False])
def test_1_an_end_is_a_finish_reason_or_done(finish: str | None, done: bool, fake: FakeServer) -> None:
    fake.respond = lambda body, number: sse(stream("yes", finish=finish, done=done))
    model = quick(fake.url, retries=0)
    if finish or done:
        assert listen(model, lambda text: None).text == "yes"
    else:
        with pytest.raises(ModelError, match="the stream ended before the answer did"):
            listen(model, lambda text: None)


def test_1_after_the_finish_nothing_can_break_the_reply_any_more(fake: FakeServer) -> None:
    ended = stream("yes", usage=None, done=False)
    for rest in (Slow(ended, drop=True), sse(ended + b'data: {"usage": {"prom'), sse(ended + event(b"{{"))):
        fake.respond = lambda body, number, rest=rest: rest  # type: ignore[misc]
        assert listen(quick(fake.url, retries=0), lambda text: None) == Reply("yes", "stop", Usage(0, 0, 1), "m")


BROKEN: dict[str, Callable[[bytes], web.StreamResponse]] = {
    "dropped": lambda begun: Slow(begun, drop=True),
    "ended": lambda begun: sse(begun),
    "torn event": lambda begun: sse(begun + b'data: {"choices": [{"del'),
    "no JSON": lambda begun: sse(begun + event(b"<html>busy</html>") + stream("more")),
    "no UTF-8": lambda begun: sse(begun + b'data: "\xe9"\n\n' + stream("more")),
    "a list": lambda begun: sse(begun + event([1]) + stream("more")),
    "choices of nothing": lambda begun: sse(begun + event({"choices": [None]}) + stream("more")),
    "a number said": lambda begun: sse(begun + event(chunk(3)) + stream("more")),
    "an error": lambda begun: sse(begun + event({"error": {"message": "overloaded"}}) + event(b"[DONE]")),
    "an error with a status": lambda begun: sse(begun + event({"error": {"message": "busy", "code": 503}})),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_2_what_breaks_before_anything_was_heard_is_asked_for_again(kind: str, fake: FakeServer) -> None:
    begun = stream(" <think>so", finish=None, usage=None, done=False)
    fake.respond = lambda body, number: BROKEN[kind](begun) if number < 2 else sse(stream("yes"))
    heard: list[str] = []
    model = quick(fake.url)
    assert listen(model, heard.append).text == "yes"
    assert (heard, len(fake.asked), model.retried) == (["yes"], 3, 2)


@pytest.mark.parametrize("kind", BROKEN)
def test_2_what_breaks_later_is_a_model_error_and_asked_once(kind: str, fake: FakeServer) -> None:
    heard: list[str] = []
    begun = stream("one", finish=None, usage=None, done=False)
    gate, loop = asyncio.Event(), list[asyncio.AbstractEventLoop]()
    broken = BROKEN[kind](b"")

    class Breaking(Slow):
        """It breaks when the first piece was heard."""

        async def prepare(self, request: web.BaseRequest) -> Any:
            loop.append(asyncio.get_running_loop())
            writer = await web.StreamResponse.prepare(self, request)
            await self.write(begun)
            await asyncio.wait_for(gate.wait(), 10)
            if kind == "dropped":
                assert request.transport is not None
                request.transport.abort()
            elif isinstance(broken, web.Response) and isinstance(broken.body, bytes):
                await self.write(broken.body or b"\n")
            return writer

    def hear(text: str) -> None:
        heard.append(text)
        loop[0].call_soon_threadsafe(gate.set)

    fake.respond = lambda body, number: Breaking()
    with pytest.raises(ModelError, match=r"^m: .* \(in the middle of a reply\)$") as caught:
        listen(quick(fake.url), hear)
    assert not isinstance(caught.value, ModelRefusal)
    assert (heard, len(fake.asked)) == (["one"], 1)


def test_2_after_the_last_try_it_is_a_model_error(fake: FakeServer) -> None:
    fake.respond = lambda body, number: sse(event({"error": {"message": "overloaded"}}))
    with pytest.raises(ModelError, match=r"m: an error in the stream: overloaded \(4 times\)"):
        listen(quick(fake.url), lambda text: None)
    fake.respond = lambda body, number: web.Response(body=b"<html>busy</html>", content_type="text/html")
    with pytest.raises(ModelError, match=r"m: no chat completion in the stream \(4 times\)"):
        listen(quick(fake.url), lambda text: None)


@pytest.mark.parametrize(
    ("error", "expected", "kind"),
    [
        ({"message": "wrong", "code": 400}, "m: status 400: wrong", ModelRefusal),
        ({"message": "maximum context length", "code": 400}, "m: the prompt is too long: maximum", ModelRefusal),
        ({"message": "no such model", "code": 404}, "m: status 404: no such model", ModelError),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_3_an_error_in_a_stream_is_typed_by_its_code(
    error: dict[str, object], expected: str, kind: type[Exception], old: bool, fake: FakeServer
) -> None:
    fake.respond = lambda body, number: sse(event({"object": "error", **error} if old else {"error": error}))
    with pytest.raises(kind, match=expected) as caught:
        listen(quick(fake.url), lambda text: None)
    assert type(caught.value) is kind
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    "told", [(chunk(refusal="I cannot "), chunk(refusal="do that.")), (chunk("so", "content_filter"),)]
)
def test_3_a_refusal_is_one_in_pieces_too(told: tuple[object, ...], fake: FakeServer) -> None:
    fake.respond = lambda body, number: sse(stream(*told, finish=None))
    with pytest.raises(ModelRefusal, match=r"refused: (I cannot do that.|content_filter)"):
        listen(quick(fake.url), lambda text: None)


def test_3_a_call_of_tools_is_no_text(fake: FakeServer) -> None:
    fake.respond = lambda body, number: sse(stream(chunk(tool_calls=[{}]), finish="tool_calls"))
    with pytest.raises(ModelError, match="an answer without text"):
        listen(quick(fake.url), lambda text: None)


def strict(takes: Callable[[dict[str, Any]], bool]) -> Callable[[dict[str, Any], int], web.StreamResponse]:
    """A server that refuses what it does not know."""

    def respond(body: dict[str, Any], number: int) -> web.StreamResponse:
        if not takes(body):
            detail = "Unsupported fields in the request: {'stream_options'}"
            return web.json_response({"detail": detail}, status=422)
        return sse(stream("one", " two")) if body.get("stream") else web.json_response(completion("one two"))

    return respond


@pytest.mark.parametrize(
    ("takes", "tries"),
    [(lambda body: "stream_options" not in body, 1), (lambda body: "stream" not in body, 2)],
)
def test_4_what_a_server_refuses_is_left_out_from_then_on(
    takes: Callable[[dict[str, Any]], bool], tries: int, fake: FakeServer
) -> None:
    fake.respond = strict(takes)
    model, heard = quick(fake.url, retries=0), list[str]()
    for _ in range(3):
        assert listen(model, heard.append) == Reply("one two", "stop", Usage(7, 3, 1), "m")
    assert len(fake.asked) == 3 + tries
    assert heard[-1] == "one two"
    assert model.retried == 0


def test_4_a_request_that_is_refused_in_every_way_takes_no_way_from_the_next(fake: FakeServer) -> None:
    """A server's word about a prompt may have `stream` in it."""
    told = {"error": {"message": "not about a stream of thought"}}
    fake.respond = lambda body, number: web.json_response(told, status=400)
    model = quick(fake.url)
    with pytest.raises(ModelRefusal, match="status 400: not about a stream of thought"):
        listen(model, lambda text: None)
    fake.respond = lambda body, number: sse(stream("yes"))
    listen(model, lambda text: None)
    assert fake.asked[-1]["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/plain"])
def test_4_a_server_that_answers_in_one_piece_is_heard_once(kind: str, fake: FakeServer) -> None:
    body = b" \n" + json.dumps(completion("<think>a secret</think> i feel low. "), indent=1).encode()
    fake.respond = lambda _, number: web.Response(body=body, content_type=kind)
    heard: list[str] = []
    assert listen(quick(fake.url), heard.append) == Reply("i feel low.", "stop", Usage(7, 3, 1), "m")
    assert heard == ["i feel low."]


def test_4_counts_are_taken_wherever_they_stand_and_count_nothing_where_they_do_not(fake: FakeServer) -> None:
    for body, usage in (
        (stream(chunk("yes", "stop") | {"usage": USAGE}, finish=None, usage=None), (7, 3)),
        (stream("yes", usage=None), (0, 0)),
        (stream("yes", usage=[3]), (0, 0)),
        (stream("yes", usage={"prompt_tokens": -1, "completion_tokens": "3"}), (0, 0)),
    ):
        fake.respond = lambda _, number, body=body: sse(body)  # type: ignore[misc]
        found = listen(quick(fake.url), lambda text: None).usage
        assert (found.prompt_tokens, found.new_tokens) == usage


def test_5_no_reasoning_is_heard(fake: FakeServer) -> None:
    pieces = ("<th", "ink>a sec", "ret</thi", "nk>\n\n", "I", " <", "3 ", "it", chunk(reasoning_content="a secret"), ". ")
    fake.respond = lambda body, number: Slow(*(event(chunk(p) if isinstance(p, str) else p) for p in pieces), stream())
    heard: list[str] = []
    assert listen(quick(fake.url), heard.append).text == "I <3 it."
    assert heard[-1] == "I <3 it."
    assert all("I <3 it.".startswith(text) for text in heard)


def test_5_a_thought_that_never_ends_says_nothing(fake: FakeServer) -> None:
    fake.respond = lambda body, number: sse(stream("<think>", "a secret", finish="length"))
    heard: list[str] = []
    assert listen(quick(fake.url), heard.append) == Reply("", "length", Usage(7, 3, 1), "m")
    assert heard == []


def test_5_signs_of_life_and_other_answers_say_nothing(fake: FakeServer) -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": None}]}
    ahead = b": OPENROUTER PROCESSING\n\nevent: ping\nretry: 3\n\n" + event({"type": "ping"})
    fake.respond = lambda body, number: sse(ahead + stream(other, "yes", {"choices": []}))
    assert listen(quick(fake.url), lambda text: None).text == "yes"


def test_5_what_a_listener_raises_ends_the_request_and_is_no_failure_of_the_server(fake: FakeServer) -> None:
    def gone(text: str) -> None:
        raise BrokenPipeError

    fake.respond = lambda body, number: sse(stream("one", " two"))
    with pytest.raises(BrokenPipeError):
        listen(quick(fake.url), gone)
    assert len(fake.asked) == 1


def test_6_the_key_is_in_no_error(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "canary-key-123")
    for told in ({"error": "canary-key-123"}, {"error": {"message": "canary-key-123", "code": 403}}, b"canary-key-123"):
        for begun in (b"", stream("one", finish=None, usage=None, done=False)):
            fake.respond = lambda body, number, told=told, begun=begun: sse(begun + event(told))  # type: ignore[misc]
            with pytest.raises(ModelError) as caught:
                listen(quick(fake.url, api_key_env="MY_KEY"), lambda text: None)
            assert "***" in str(caught.value)
            assert "canary-key-123" not in repr(caught.value)
    assert fake.headers[0]["Authorization"] == "Bearer canary-key-123"


def test_7_an_answer_that_never_ends_is_cut(fake: FakeServer) -> None:
    part = b": still there\n" * 80_000
    fake.respond = lambda body, number: Slow(*[part] * (2 + LARGEST // len(part)), stream("late"))
    with pytest.raises(ModelError, match="an answer of more than 16 MiB"):
        listen(quick(fake.url, retries=0), lambda text: None)
