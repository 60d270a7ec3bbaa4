"""A choice of episodes and its address say the same, and whatever stands in an address makes a choice."""

from __future__ import annotations

from dataclasses import fields, replace
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mentalarena.app.choices import Choice, episode_address, episodes_address, run_address
from mentalarena.stages.filters import COLUMNS, VERDICTS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = [field.name for field in fields(Choice)]
CHOICES = st.builds(
    Choice, **dict.fromkeys(set(NAMES) - {"order"}, TEXT), order=st.sampled_from([*COLUMNS, *(f"-{c}" for c in COLUMNS)])
)


def of_address(address: str) -> Choice:
    return Choice.of(dict(parse_qsl(urlsplit(address).query)))


@given(CHOICES)
def test_an_address_brings_the_same_choice_back(choice: Choice) -> None:
    found = of_address(episodes_address("run", choice))
    for name in NAMES:
        default = getattr(Choice(), name)
        assert getattr(found, name) == (getattr(choice, name) or default)
    assert found.filters == replace(choice).filters


def test_nothing_chosen_is_nothing_in_the_address() -> None:
    assert Choice().query == ""
    assert episodes_address("run", Choice()) == "/runs/run/episodes"
    assert Choice.of({}) == Choice()


@given(st.dictionaries(st.sampled_from([*NAMES, "__class__", "filters", "x"]), st.text(max_size=300)))
@example({"order": "__class__", "page": "-1", "least": "nan", "most": "inf", "score": "1e400", "iteration": "٣"})
@example({"page": "9" * 30, "score": "-0", "least": "1_000", "iteration": "²", "verdict": "right,wrong"})
def test_whatever_an_address_holds_makes_a_choice_that_can_be_asked_for(query: dict[str, str]) -> None:
    choice = Choice.of(query)
    assert choice.order.removeprefix("-") in COLUMNS
    found = choice.filters
    assert set(found.verdicts) <= set(VERDICTS)
    for bound in (*found.similarity, *found.score):
        assert bound is None or -1e6 < bound < 1e6
    assert found.iteration is None or 0 <= found.iteration < 10**9
    assert all(len(getattr(choice, name)) <= 200 for name in NAMES)


@pytest.mark.parametrize(
    ("told", "bounds"),
    [("0.5", 0.5), ("", None), ("x", None), ("nan", None), ("inf", None), ("-inf", None), ("1e9", None), (" .5 ", 0.5)],
)
def test_a_bound_is_a_number_or_none(told: str, bounds: float | None) -> None:
    assert Choice(least=told).filters.similarity == (bounds, None)


def test_sorting_by_a_column_again_turns_it_round_and_begins_at_the_first_page() -> None:
    first = Choice(page="3").sorted_by("score")
    assert (first.order, first.page) == ("score", "1")
    assert first.sorted_by("score").order == "-score"
    assert first.sorted_by("score").sorted_by("score").order == "score"
    assert first.sorted_by("score").sorted_by("id").order == "id"


@given(TEXT, TEXT, TEXT, CHOICES)
@example("..", "../..", "//elsewhere.example", Choice())
@example("a/b", "<script>", "javascript:x", Choice(text="#?&=%2f"))
def test_addresses_are_of_this_app_whatever_names_hold(run: str, arm: str, id: str, choice: Choice) -> None:
    for address in (run_address(run), episodes_address(run, choice), episode_address(run, arm, id, choice)):
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.fragment) == ("", "", "")
        assert parts.path.startswith("/runs/")
        assert not set(address) & set("<>\"'\\ \r\n\0")
    segments = urlsplit(episode_address(run, arm, id, choice)).path.split("/")
    assert len(segments) == 6
    assert [unquote(one) for one in segments[2:]] == [run, "episodes", arm, id]
