"""Which episodes are shown follows from a rule: the best, the mean and the worst, each once."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.report.cases import chosen_of
from mentalarena.runs.lines import Where
from mentalarena.stages.episodes import EpisodeLine


def line(number: int, similarity: float | None) -> EpisodeLine:
    where = Where(Path("x"), number, 1)
    return EpisodeLine(f"00-{number:02d}", 0, "main", "p", "s", None, None, similarity, None, (), 4, "aligned", where)


@given(st.lists(st.sampled_from([None, 0.0, 0.25, 0.5, 0.75, 1.0]), max_size=14), st.integers(1, 3))
def test_best_mean_and_worst_each_once(values: list[float | None], each: int) -> None:
    lines = [line(n, value) for n, value in enumerate(values)]
    chosen = chosen_of(lines, each)
    ids = [one.id for one, _ in chosen]
    assert len(ids) == len(set(ids)) == min(2 * each + 1, len([v for v in values if v is not None]) or len(values))
    ranked = sorted((v for v in values if v is not None), reverse=True)
    if ranked:
        assert [one.similarity for one, why in chosen if "best" in why] == ranked[:each]
        assert [one.similarity for one, why in chosen if "least" in why] == sorted(ranked[each:])[:each]
    assert chosen_of(lines[::-1], each) == chosen, "the order of the file decides nothing"


def test_the_middle_one_is_nearest_to_the_mean() -> None:
    lines = [line(n, value) for n, value in enumerate([0.0, 0.1, 0.2, 0.55, 0.8, 0.9, 1.0])]
    [middle] = [(one.similarity, why) for one, why in chosen_of(lines) if "mean" in why]
    assert middle == (0.55, "nearest to the mean (0.51)")


def test_where_nothing_was_decoded_the_first_by_id_are_shown() -> None:
    assert [one.id for one, _ in chosen_of([line(n, None) for n in (7, 3, 5)])] == ["00-03", "00-05", "00-07"]
