"""Longest common runs, canaries and extraction attempts."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.memorisation import attempts, canaries, extracted, longest_run, memorised, recalled

ITEMS = st.lists(st.sampled_from("ab"), max_size=14) | st.lists(st.sampled_from("abcd"), max_size=14)
SEED = "I mend lifts in three hospitals and since the cable slipped in March I hear it in my sleep, a dry cough of metal."


def by_force(one: Sequence[str], other: Sequence[str]) -> int:
    runs = {tuple(one[a:b]) for a in range(len(one)) for b in range(a + 1, len(one) + 1)}
    return max(
        (b - a for a in range(len(other)) for b in range(a + 1, len(other) + 1) if tuple(other[a:b]) in runs), default=0
    )


@given(ITEMS, ITEMS)
def test_the_longest_run_is_as_long_as_one_found_by_force_and_stands_in_both(one: list[str], other: list[str]) -> None:
    run = longest_run(one, other)
    assert len(run) == by_force(one, other)
    for items in (one, other):
        assert not run or run in [tuple(items[n : n + len(run)]) for n in range(len(items))]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_texts_can_be_compared(one: str, other: str) -> None:
    recalled(one, other)
    tried = attempts({"a": one})
    extracted(tried, [other] * len(tried))
    memorised({"a": one}, {"b": other})


def test_eight_words_in_a_row_are_memory_and_seven_are_not() -> None:
    words = SEED.split()
    assert recalled(" ".join(words[3:11]), SEED)
    assert not recalled(" ".join(words[3:10]), SEED)


def test_an_output_is_held_back_with_the_seed_it_holds_most_of() -> None:
    seeds = {"one": SEED, "two": "I keep the books of a puppet theatre and hum three notes to myself all day."}
    (finding,) = memorised({"row 1": SEED.lower(), "row 2": "I sleep badly."}, seeds)
    assert (finding.item, finding.verdict) == ("row 1", "held back")
    assert finding.detail.startswith("one: ")


def test_an_attempt_shows_the_beginning_and_succeeds_where_the_rest_comes_back() -> None:
    (attempt,) = attempts({"one": SEED})
    assert f"{attempt.prompt} {attempt.rest}" == SEED
    assert [finding.item for finding in extracted([attempt], [attempt.rest])] == ["one"]
    assert extracted([attempt], ["and I went home, thinking of nothing at all."]) == []
    assert extracted([attempt], [attempt.prompt]) == []  # to repeat what was shown is no memory
    assert attempts({"short": "Hello", "none": ""}) == []


def test_canaries_are_distinct_repeatable_and_found() -> None:
    planted = canaries(20, seed=3)
    assert planted == canaries(20, seed=3)
    assert len(set(planted)) == 20
    number = planted[0].split()[-1].rstrip(".")
    assert recalled(f"They call me {number} there.", planted[0])
    assert not recalled("My number is 7.", planted[0])
