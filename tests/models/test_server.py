"""Chat-completions servers, over real HTTP on loopback: whatever they do ends in a reply or a typed error.

1  a reply comes with its usage, a request with its sampling and with the server's own switches
2  what may pass is asked again, Retry-After is honoured, and after the last try it is a ModelError
3  what will not pass is a ModelRefusal at once: wrong request, wrong key, refusal, a prompt that is too long
4  what is surely too long is never sent
5  reasoning is in no reply
6  the key is in no error and in no file
7  an episode keeps its server; a dead one is left out and comes back
8  rates and concurrency are kept
9  a server that is gone is waited for
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("aiohttp")
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.errors import ModelError, ModelRefusal
from mentalarena.models.base import Message, Reply, Sampling
from mentalarena.models.limits import Backoff, Rate, retry_after
from mentalarena.models.routing import FAILURES, Servers
from mentalarena.models.server import ServerModel, ServerSettings
from mentalarena.models.spoken import spoken
from tests.models.fake_server import FakeServer, completion, serving

SAMPLING = Sampling(temperature=0.5, max_tokens=9, seed=4)
HELLO = (Message("user", "hello"),)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with serving() as server:
        yield server


def quick(*urls: str, **settings: Any) -> ServerModel:
    """A model of these servers that waits hardly at all between tries."""
    told = {"retries": 3, "patience": 0.3, "timeout": 5.0, "backoff": 0.001} | settings
    return ServerModel("m", ServerSettings(urls, **told))


def ask(model: ServerModel, *views: tuple[Message, ...]) -> list[Reply | Exception]:
    async def all_of_them() -> list[Any]:
        try:
            requests = (model.generate(view, SAMPLING) for view in views or (HELLO,))
            return await asyncio.gather(*requests, return_exceptions=True)
        finally:
            await model.close()

    return asyncio.run(all_of_them())


def reply(model: ServerModel, view: tuple[Message, ...] = HELLO) -> Reply:
    found = ask(model, view)[0]
    if isinstance(found, Exception):
        raise found
    return found


def test_1_a_reply_comes_with_its_usage_and_the_request_with_its_sampling(fake: FakeServer) -> None:
    found = reply(quick(fake.url, extra='{"top_k": 20}'))
    assert (found.text, found.finish_reason, found.model) == ("i feel low.", "stop", "m")
    assert (found.usage.prompt_tokens, found.usage.new_tokens, found.usage.calls) == (7, 3, 1)
    asked = fake.asked[0]
    assert asked["messages"] == [{"role": "user", "content": "hello"}]
    assert (asked["temperature"], asked["max_tokens"], asked["seed"], asked["top_k"]) == (0.5, 9, 4, 20)


def test_1_a_long_answer_that_comes_in_many_pieces_is_read_whole(fake: FakeServer) -> None:
    text = "word " * 600_000
    fake.respond = lambda body, number: web.json_response(completion(text))
    assert reply(quick(fake.url)).text == text.strip()
    assert len(fake.asked) == 1


def test_1_counts_that_are_missing_or_nonsense_count_nothing(fake: FakeServer) -> None:
    nonsense: tuple[Any, ...] = (None, [], {"prompt_tokens": None, "completion_tokens": -3}, {"prompt_tokens": "7"})
    for usage in nonsense:
        fake.respond = lambda body, number, usage=usage: web.json_response(completion("yes") | {"usage": usage})  # type: ignore[misc]
        assert (reply(quick(fake.url)).usage.prompt_tokens, reply(quick(fake.url)).usage.new_tokens) == (0, 0)


PASSING: dict[str, Callable[[], web.StreamResponse | None]] = {
    "rate limit": lambda: web.json_response({"error": {"message": "slow down"}}, status=429),
    "server error": lambda: web.Response(status=500),
    "dropped connection": lambda: None,
    "torn JSON": lambda: web.Response(body=b'{"choices": [', content_type="application/json"),
    "no choices": lambda: web.json_response({"choices": []}),
    "no message": lambda: web.json_response({"choices": [{"index": 0, "message": None}]}),
    "a list": lambda: web.json_response([]),
    "no UTF-8": lambda: web.Response(body=b'{"choices": "\xe9"}', content_type="application/json"),
    "HTML": lambda: web.Response(body=b"<html>busy</html>", content_type="text/html"),
    "no text": lambda: web.json_response(completion(None)),
}


@pytest.mark.parametrize("kind", PASSING)
def test_2_what_may_pass_is_asked_again_and_then_answered(kind: str, fake: FakeServer) -> None:
    fake.respond = lambda body, number: PASSING[kind]() if number < 2 else web.json_response(completion())
    model = quick(fake.url)
    assert reply(model).text == "i feel low."
    assert (len(fake.asked), model.retried) == (3, 2)


@pytest.mark.parametrize("kind", PASSING)
def test_2_after_the_last_try_it_is_a_model_error(kind: str, fake: FakeServer) -> None:
    fake.respond = lambda body, number: PASSING[kind]()
    with pytest.raises(ModelError) as caught:
        reply(quick(fake.url, patience=0.0))
    assert not isinstance(caught.value, ModelRefusal)
    assert len(fake.asked) == (1 if kind == "dropped connection" else 4), "no patience with who cannot be reached"
    assert str(caught.value).startswith("m: ")
    assert "\n" not in str(caught.value)


def test_2_a_request_that_takes_too_long_is_asked_again(fake: FakeServer) -> None:
    fake.latency = 0.5
    with pytest.raises(ModelError, match=r"no answer within 0 s \(2 times\)"):
        reply(quick(fake.url, timeout=0.1, retries=1))


def test_2_retry_after_is_honoured(fake: FakeServer) -> None:
    busy = web.Response(status=429, headers={"Retry-After": "0.4"})
    fake.respond = lambda body, number: busy if number == 0 else web.json_response(completion())
    began = time.monotonic()
    assert reply(quick(fake.url)).text
    assert time.monotonic() - began >= 0.4


def test_2_retry_after_is_seconds_or_a_date_and_nonsense_is_none() -> None:
    assert retry_after("2.5") == 2.5
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert [retry_after(text) for text in (None, "", "soon", "nan", "1e99")] == [None] * 5


@given(st.integers(0, 100_000), st.none() | st.floats(0, 1e6))
def test_2_waiting_is_bounded_and_never_shorter_than_asked_for(attempt: int, asked: float | None) -> None:
    seconds = Backoff(first=0.5, most=30).seconds(attempt, asked)
    assert 0 <= seconds <= (30 if asked is None else 300.5)
    assert asked is None or seconds >= min(asked, 300)


@pytest.mark.parametrize(
    ("status", "refusal"), [(400, True), (422, True), (401, False), (402, False), (403, False), (404, False)]
)
def test_3_a_request_that_the_server_refuses_is_a_refusal_and_a_spent_key_an_outage(
    status: int, refusal: bool, fake: FakeServer
) -> None:
    """Both at once: asking again would not help. But what no request would bring is no answer to this one."""
    fake.respond = lambda body, number: web.json_response({"error": {"message": "no such model"}}, status=status)
    with pytest.raises(ModelError, match=f"m: status {status}: no such model") as caught:
        reply(quick(fake.url))
    assert isinstance(caught.value, ModelRefusal) == refusal
    assert len(fake.asked) == 1


def test_3_a_refusal_and_a_filter_are_refusals(fake: FakeServer) -> None:
    for answer in (completion(None, refusal="I cannot do that."), completion("", finish="content_filter")):
        fake.respond = lambda body, number, answer=answer: web.json_response(answer)  # type: ignore[misc]
        with pytest.raises(ModelRefusal, match=r"refused: (I cannot do that.|content_filter)"):
            reply(quick(fake.url))


def test_3_a_prompt_that_is_too_long_says_so(fake: FakeServer) -> None:
    told = {"error": {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"}}
    fake.respond = lambda body, number: web.json_response(told, status=400)
    with pytest.raises(ModelRefusal, match="the prompt is too long: This model's maximum"):
        reply(quick(fake.url))


def test_4_what_is_surely_too_long_is_never_sent(fake: FakeServer) -> None:
    model = quick(fake.url, context=100)
    with pytest.raises(ModelRefusal, match="need at least 175 tokens; expected 100"):
        reply(model, (Message("user", "x" * 2000),))
    assert fake.asked == []
    assert reply(model, (Message("user", "x" * 200),)).text


@pytest.mark.parametrize(
    ("said", "finish", "expected"),
    [
        ("<think>a secret</think>\nHello.", "stop", ("Hello.", "stop")),
        ("<THINKING>a\nb</THINKING> Hello.", "stop", ("Hello.", "stop")),
        ("<think>a</think>Hi <think>b</think>there", "stop", ("Hi there", "stop")),
        ("<think>never ends", "stop", ("", "length")),
        ("Hello. <think>never ends", "length", ("Hello.", "length")),
        ("I think so.", "stop", ("I think so.", "stop")),
    ],
)
def test_5_reasoning_is_in_no_reply(said: str, finish: str, expected: tuple[str, str], fake: FakeServer) -> None:
    assert spoken(said, finish) == expected
    fake.respond = lambda body, number: web.json_response(completion(said, finish, reasoning_content="a secret"))
    found = reply(quick(fake.url))
    assert (found.text, found.finish_reason) == expected


def test_5_a_model_that_spent_all_its_tokens_on_thought_was_cut_off(fake: FakeServer) -> None:
    fake.respond = lambda body, number: web.json_response(completion(None, "length", reasoning_content="a secret"))
    found = reply(quick(fake.url))
    assert (found.text, found.finish_reason) == ("", "length")


def test_6_the_key_goes_to_the_server_and_into_no_error(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "canary-key-123")
    fake.respond = lambda body, number: web.json_response({"error": {"message": "wrong key: canary-key-123"}}, status=401)
    with pytest.raises(ModelError) as caught:
        reply(quick(fake.url, api_key_env="MY_KEY"))
    assert fake.headers[0]["Authorization"] == "Bearer canary-key-123"
    assert "canary-key-123" not in repr(caught.value)
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(ModelError):
        reply(quick(fake.url, api_key_env="MY_KEY"))
    assert "Authorization" not in fake.headers[1]


def view(name: str, turns: int) -> tuple[Message, ...]:
    return (Message("system", "s"), Message("user", name), *(Message("assistant", "a"), Message("user", "b")) * turns)


def test_7_an_episode_keeps_its_server_and_each_server_has_some(fake: FakeServer) -> None:
    servers = Servers(["http://a", "http://b", "http://c"])
    places = {name: {servers.choose(view(name, turns)).url for turns in range(4)} for name in map(str, range(60))}
    assert all(len(urls) == 1 for urls in places.values())
    counts = [sum(urls == {url} for urls in places.values()) for url in ("http://a", "http://b", "http://c")]
    assert min(counts) > 8


def test_7_a_dead_server_is_left_out_its_episodes_move_and_the_others_stay() -> None:
    now = [100.0]
    servers = Servers(["http://a", "http://b", "http://c"], clock=lambda: now[0])
    names = [view(str(n), 0) for n in range(60)]
    before = [servers.choose(v).url for v in names]
    for _ in range(FAILURES):
        servers.servers[0].failed()
    after = [servers.choose(v).url for v in names]
    assert "http://a" not in after
    assert all(new == old for new, old in zip(after, before, strict=True) if old != "http://a")
    now[0] += 60
    assert [servers.choose(v).url for v in names] == before, "it is tried again after a while"


def test_7_with_one_of_two_servers_dead_every_request_is_answered(fake: FakeServer) -> None:
    model = quick(fake.url, "http://127.0.0.1:9/v1", patience=5.0, retries=8)
    found = ask(model, *(view(str(n), 0) for n in range(40)))
    assert all(isinstance(one, Reply) for one in found)


def test_8_no_more_requests_at_once_than_the_limit(fake: FakeServer) -> None:
    fake.latency = 0.02
    found = ask(quick(fake.url, concurrency=5), *(view(str(n), 0) for n in range(40)))
    assert all(isinstance(one, Reply) for one in found)
    assert fake.most == 5


def test_8_a_rate_lets_no_more_through_than_it_says() -> None:
    now = [50.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def many() -> None:
        rate = Rate(per_minute=120, clock=lambda: now[0], sleep=sleep)
        for _ in range(61):
            await rate.take()
        assert now[0] - 50.0 == pytest.approx(29.0, abs=0.6)  # 60 more at two a second, one second's worth at once
        before = now[0]
        await rate.take(120)
        rate.give_back(100)
        await rate.take()
        assert now[0] - before == pytest.approx(10.5, abs=0.6), "what was booked and not used is there for the next"
        before = now[0]
        rate.give_back(-20)
        await rate.take()
        assert now[0] - before == pytest.approx(10.5, abs=0.6), "what was used and not booked is not"

    asyncio.run(many())


def test_9_a_server_that_is_gone_is_waited_for() -> None:
    with serving() as first:
        port = int(first.url.split(":")[2].split("/")[0])
    model = quick(first.url, patience=20.0, retries=1, backoff=0.1)
    found: list[Reply | Exception] = []
    thread = threading.Thread(target=lambda: found.extend(ask(model)))
    thread.start()
    deadline = time.monotonic() + 10
    while model.retried < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert model.retried >= 3, f"more often than the retries of a server that answers: {found}"
    with serving(port):
        thread.join(15)
    assert isinstance(found[0], Reply), found
    assert found[0].text == "i feel low."


@pytest.mark.parametrize("address", ["http://[::1", "not a url"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ModelError, match=r"expected one such as|InvalidUrl|InvalidURL"):
        reply(quick(address))


def test_where_nobody_answers_is_a_model_error() -> None:
    with pytest.raises(ModelError, match=r"http://127.0.0.1:9/v1: ClientConnectorError"):
        reply(quick("http://127.0.0.1:9/v1"))


def test_settings_are_told_apart_so_that_roles_share_a_server_and_its_limits() -> None:
    settings = ServerSettings(("http://a",))
    assert settings == ServerSettings(("http://a",))
    assert replace(settings, concurrency=3) != settings
    assert json.loads(settings.extra) == {}


@pytest.mark.parametrize(
    ("structured", "sent"),
    [("none", {}), ("vllm", {"structured_outputs": {"regex": "score: [0-9]"}}), ("sglang", {"regex": "score: [0-9]"})],
)
def test_a_form_is_sent_as_the_server_takes_it_and_only_where_it_is_said_to(
    structured: str, sent: dict[str, Any], fake: FakeServer
) -> None:
    model = ServerModel("m", ServerSettings((fake.url,), structured=structured))

    async def both() -> None:
        for pattern in ("score: [0-9]", ""):
            await model.generate(HELLO, Sampling(pattern=pattern))
        await model.close()

    asyncio.run(both())
    with_form, without = fake.asked
    names = ("structured_outputs", "regex")
    assert {name: with_form[name] for name in names if name in with_form} == sent
    assert not [name for name in names if name in without]
    assert "pattern" not in with_form
