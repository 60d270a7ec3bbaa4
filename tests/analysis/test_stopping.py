"""The rule, on rows as plays leave them and on histories made up.

1  one row repeated is a collapse, told with its reason; a healthy run is none
2  each other way to collapse is told by its own name, and noise alone is none
3  patience is as it was; rows that are hardly new stop only where the score did not surely rise
4  what was not measured decides nothing
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.analysis.signals import Signals, episode_signals, row_signals
from mentalarena.analysis.stopping import Limits, collapse, decide, decisions
from mentalarena.arena.types import Episode
from mentalarena.evaluation.statistics import Interval
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.training.rows import Row
from tests.analysis.making import episode, episodes, rows

EMBEDDER = LexicalEmbedder(512)


def signals(
    iteration: int, own: list[Row], base: list[Row], met: list[Episode], first: list[Episode], score: float
) -> Signals:
    played, chance = episode_signals(met, first, len(own), 199)
    found = row_signals(own, base, EMBEDDER, 199) | played | {"score": Interval(score, score - 0.1, score + 0.1)}
    return Signals(iteration, len(own), len(met), found, chance)


@pytest.fixture(scope="module")
def start() -> Signals:
    return signals(0, rows(30), [], episodes(30), [], 0.3)


@pytest.fixture(scope="module")
def healthy() -> Signals:
    return signals(1, rows(30, 1, 1), rows(30), episodes(30, 1), episodes(30), 0.4)


def test_1_a_healthy_run_goes_on(start: Signals, healthy: Signals) -> None:
    assert [(one.stop, one.collapse) for one in decisions([start, healthy])] == [(False, ()), (False, ())]


@pytest.mark.parametrize("iteration", [0, 1])
def test_1_one_row_repeated_is_stopped_with_the_right_reason(start: Signals, iteration: int) -> None:
    one = signals(iteration, rows(1)[:1] * 40, rows(30), episodes(30, 1), episodes(30), 0.9)
    found = decide([start, one] if iteration else [one])
    assert found.stop
    assert found.reason.startswith("collapse: rows repeat each other: near_duplicates 100% (above 50%)")


def test_1_one_answer_to_everybody_is_told_by_its_words(start: Signals) -> None:
    own = [Row(r.kind, r.prompt, "diagnosis: disorder 1. rest", r.lineage) for r in rows(30, 1, 1)]
    found = decide([start, signals(1, own, rows(30), episodes(30, 1), episodes(30), 0.9)])
    assert found.stop
    assert [why.split(":")[0] for why in found.collapse] == ["answers use fewer words"]


def test_2_one_diagnosis_and_one_talk_are_told(start: Signals) -> None:
    met = [episode(f"1-{n}", ["how are you", "fine thank you"], "disorder 1") for n in range(30)]
    found = collapse([start, signals(1, rows(30, 1, 1), rows(30), met, episodes(30), 0.4)])
    assert [why.split(":")[0] for why in found] == ["dialogues use fewer words", "the same diagnosis comes again and again"]


@pytest.mark.parametrize("kind", ["diagnosis", "treatment", "medicine"])
def test_2_one_name_for_everybody_is_told_where_enough_were_named(kind: str) -> None:
    named = {"diagnosis": "diagnosed", "treatment": "treated", "medicine": "medicated"}[kind]
    before = made(0, {f"{kind}_entropy": (3.9, 3.5, 4.4)})
    for share, expected in (
        (0.5, [f"the same {kind} comes again and again: {kind}_entropy 0 (iteration 0: 3.9)"]),
        (0.3, []),
    ):
        now = made(1, {f"{kind}_entropy": (0.0, 0.0, 0.6), named: (share, share - 0.1, share + 0.1)})
        assert list(collapse([before, now])) == expected


def test_2_a_verifier_that_tosses_coins_is_told_and_one_that_never_could_judge_is_not() -> None:
    eroded = made(1, {"verifier_choice": (0.51, 0.44, 0.58)})
    found = collapse([made(0, {"verifier_choice": (0.94, 0.9, 0.97)}), eroded])
    assert found == ("the verifier has lost its judgement: verifier_choice 51% (iteration 0: 94%)",)
    assert collapse([made(0, {"verifier_choice": (0.55, 0.48, 0.62)}), eroded]) == ()
    assert collapse([made(0, {"verifier_choice": (0.94, 0.9, 0.97)}), made(1, {"verifier_choice": (0.8, 0.7, 0.88)})]) == ()


def test_2_few_rows_are_told(start: Signals) -> None:
    found = collapse([start, signals(1, rows(1, 1, 1), rows(30), episodes(30, 1), episodes(30), 0.4)])
    assert [why.split(":")[0] for why in found] == ["episodes give few distinct rows"]


Told = tuple[float, float, float]


def made(iteration: int, measured: dict[str, Told], rows: int = 100) -> Signals:
    return Signals(iteration, rows, 60, {name: Interval(*told) for name, told in measured.items()})


def test_2_likelier_and_nearer_rows_are_a_collapse_together_alone() -> None:
    before = made(0, {"perplexity": (3.0, 2.8, 3.2), "spread": (0.8, 0.7, 0.9)})
    both = made(1, {"perplexity": (1.5, 1.4, 1.6), "spread": (0.4, 0.3, 0.5)})
    assert collapse([before, both])[0].startswith("rows are likelier and nearer to each other: perplexity 1.5")
    kept: list[dict[str, Told]] = [{"perplexity": (2.9, 2.7, 3.1)}, {"spread": (0.75, 0.6, 0.9)}]
    for spared in kept:
        one = made(1, {name: (i.mean, i.low, i.high) for name, i in both.measured.items()} | spared)
        assert collapse([before, one]) == ()


def test_2_a_clinic_whose_rows_are_alike_from_the_start_has_not_collapsed_later() -> None:
    before, now = (made(n, {"near_duplicates": (0.8, 0.7, 0.9)}) for n in (0, 1))
    assert collapse([before, now]) == ()
    assert collapse([before])
    worse = made(1, {"near_duplicates": (0.97, 0.95, 1.0)})
    assert collapse([before, worse])


@given(st.floats(0.01, 1.0), st.floats(0.0, 0.5))
def test_2_what_may_be_noise_is_no_collapse(value: float, half: float) -> None:
    before = made(0, {"distinct_2": (0.4, 0.3, 0.5), "diagnosis_entropy": (3.0, 2.5, 3.4)})
    noisy: dict[str, Told] = {"diagnosis_entropy": (value, 0.0, 1.6), "diagnosed": (1.0, 0.9, 1.0)}
    now = made(1, {"distinct_2": (value, value - half, max(value + half, 0.2))} | noisy)
    assert collapse([before, now]) == ()


def scored(*scores: float) -> list[Signals]:
    return [made(n, {"score": (score, score - 0.1, score + 0.1)}) for n, score in enumerate(scores)]


def test_3_patience_is_as_it_was() -> None:
    assert not decide(scored(0.3, 0.4)).stop
    assert decide(scored(0.3, 0.3)).reason == "no better development score for 1 iteration(s)"
    assert not decide(scored(0.3, 0.2), patience=2).stop
    assert decide(scored(0.3, 0.2, 0.25), patience=2).stop


def test_3_going_on_says_what_was_looked_at() -> None:
    first = made(0, {"score": (0.3, 0.2, 0.4)})
    found = decide([first, made(1, {"score": (0.301, 0.2, 0.4), "score_change": (0.001, -0.01, 0.012)})])
    told = "development score 0.301, the best so far, changed by +0.001 (-0.010 to +0.012)"
    assert (found.stop, found.reason) == (False, f"no rule says stop: no sign of collapse; {told}")
    unplayed = Signals(1, 0, 0, {"score": Interval(0.3, 0.2, 0.4)})
    reason = decide([first, unplayed], patience=2).reason
    assert reason == "no rule says stop: its model has not played; development score 0.300, within patience 2"
    assert decide([Signals(0)]).reason == "no rule says stop: its model has not played; no development score"


def test_3_rows_that_are_hardly_new_stop_where_the_score_did_not_surely_rise() -> None:
    before = made(0, {"score": (0.3, 0.2, 0.4), "spread": (0.8, 0.7, 0.9)})
    stale: dict[str, Told] = {
        "score": (0.32, 0.2, 0.4),
        "diversity_gain": (0.2, 0.15, 0.3),
        "score_change": (0.02, -0.01, 0.05),
    }
    found = decide([before, made(1, stale)])
    assert found.stop
    assert "hardly new" in found.reason
    assert found.collapse == ()
    better: list[dict[str, Told]] = [{"score_change": (0.2, 0.1, 0.3)}, {"diversity_gain": (0.39, 0.3, 0.45)}]
    for spared in better:
        assert not decide([before, made(1, stale | spared)]).stop
    assert not decide([before, made(1, stale, rows=5)]).stop


def test_4_what_was_not_measured_decides_nothing() -> None:
    assert not decide([Signals(0), Signals(1)]).stop
    assert collapse([made(0, {"near_duplicates": (1.0, 1.0, 1.0)}, rows=5)]) == ()
    assert collapse([made(0, {"near_duplicates": (1.0, 1.0, 1.0)}, rows=5)], Limits(rows=5))
    with pytest.raises(ValueError, match="no history"):
        decide([])
