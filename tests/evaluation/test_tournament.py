"""A ranking: who is better on the same patients, and by how much, held against what is known.

1  who does better on every patient ranks first, and the interval says so
2  identical contestants tie: no difference, p is 1, and either may be first
3  near-equal scores are a tie, and the tolerance is named
4  p values are corrected over all pairs
5  contestants who met different patients are refused
"""

import random

import pytest

from mentalarena.evaluation.therapist import TASKS, Answer
from mentalarena.evaluation.tournament import TIE, Scores, matches, rank, right_answers, right_verdicts
from mentalarena.evaluation.verifier import Verdict

PATIENTS = [f"p{n}" for n in range(24)]


def scores(skill: float, seed: int = 0, spread: float = 0.1) -> Scores:
    """Around `skill`; contestants of one seed find the same patients hard."""
    rng = random.Random(seed)
    return {patient: min(max(skill + rng.uniform(-spread, spread), 0.0), 1.0) for patient in PATIENTS}


def test_1_who_does_better_on_every_patient_ranks_first_with_an_interval_above_the_others() -> None:
    found = rank({"poor": scores(0.2), "good": scores(0.8), "fair": scores(0.5)}, 199, 199)
    assert [rated.name for rated in found.rated] == ["good", "fair", "poor"]
    assert [(rated.rank_low, rated.rank_high) for rated in found.rated] == [(1, 1), (2, 2), (3, 3)]
    strengths = [rated.strength for rated in found.rated]
    assert strengths[0].low > strengths[1].high
    assert strengths[1].low > strengths[2].high
    pair = next(p for p in found.pairs if (p.first, p.second) == ("poor", "good"))
    assert pair.difference.mean == pytest.approx(-0.6)
    assert pair.difference.low < pair.difference.high + 1e-9 < 0
    assert (pair.wins, pair.ties, pair.losses) == (0, 0, 24)
    assert pair.significant
    assert found.n == 24
    assert found.means["good"].mean == pytest.approx(sum(scores(0.8).values()) / 24)


def test_1_a_wins_narrowly_but_often_and_b_rarely_but_widely_are_both_told() -> None:
    often = {patient: 0.5 if number else 0.0 for number, patient in enumerate(PATIENTS)}
    widely = {patient: 0.47 if number else 1.0 for number, patient in enumerate(PATIENTS)}
    found = rank({"widely": widely, "often": often}, 199, 199)
    assert found.rated[0].name == "often", "a win counts once"
    assert found.pairs[0].difference.mean > 0, "a difference counts by how much"


def test_2_identical_contestants_tie() -> None:
    found = rank({"a": scores(0.5), "b": scores(0.5), "other": scores(0.9)}, 199, 199)
    pair = found.pairs[0]
    assert (pair.first, pair.second) == ("a", "b")
    assert (pair.difference.mean, pair.difference.low, pair.difference.high) == (0.0, 0.0, 0.0)
    assert (pair.p, pair.p_holm, pair.significant) == (1.0, 1.0, False)
    assert (pair.wins, pair.ties, pair.losses) == (0, 24, 0)
    a, b = (next(r for r in found.rated if r.name == name) for name in "ab")
    assert a.strength == b.strength
    assert (a.rank_low, a.rank_high) == (b.rank_low, b.rank_high) == (2, 3)


def test_2_two_who_are_alike_but_for_chance_may_both_be_first() -> None:
    found = rank({"a": scores(0.5, seed=1), "b": scores(0.5, seed=2)}, 199, 199)
    assert [(rated.rank_low, rated.rank_high) for rated in found.rated] == [(1, 2), (1, 2)]
    assert not found.pairs[0].significant


def test_3_scores_within_the_tolerance_are_a_tie_and_beyond_it_a_win() -> None:
    first = {"same": 0.5, "near": 0.5 + 0.9 * TIE, "beyond": 0.5 + 1.1 * TIE, "below": 0.5 - 1.1 * TIE}
    second = dict.fromkeys(first, 0.5)
    found = {match.unit: match.outcome for match in matches({"a": first, "b": second})}
    assert found == {"same": 0.5, "near": 0.5, "beyond": 1.0, "below": 0.0}
    assert {m.outcome for m in matches({"a": first, "b": second}, tie=0.0)} == {0.5, 1.0, 0.0}
    assert [m.outcome for m in matches({"a": first, "b": second}, tie=0.0)].count(1.0) == 2


def test_4_p_values_are_corrected_over_all_pairs() -> None:
    found = rank({name: scores(0.5 + 0.02 * number, number) for number, name in enumerate("abcd")}, 499, 99)
    assert len(found.pairs) == 6
    ordered = sorted(found.pairs, key=lambda pair: pair.p)
    assert ordered[0].p_holm == pytest.approx(min(1.0, 6 * ordered[0].p))
    assert all(pair.p_holm >= pair.p for pair in found.pairs)


def test_5_different_patients_are_refused() -> None:
    other = {**scores(0.5)}
    other["somebody else"] = other.pop("p0")
    with pytest.raises(ValueError, match=r"^b and a met different patients"):
        rank({"a": scores(0.5), "b": other})
    with pytest.raises(ValueError, match="1 contestants; expected at least two"):
        rank({"a": scores(0.5)})
    with pytest.raises(ValueError, match="no patients"):
        rank({"a": {}, "b": {}})


def test_a_patient_is_the_mean_of_its_tasks_and_of_its_checks() -> None:
    answers = [Answer("p", task, value, False, 0.0) for task, value in zip(TASKS, (0.9, 0.6, 0.0), strict=True)]
    assert right_answers(answers) == {"p": pytest.approx(0.5)}
    verdicts = [Verdict("p", "choice", 1.0), Verdict("q", "choice", 0.0), Verdict("p", "health", 0.5)]
    assert right_verdicts(verdicts) == {"p": 0.75, "q": 0.0}


def test_2_rounding_is_no_difference() -> None:
    """The same weights in two engines."""
    first = {patient: round(score, 4) for patient, score in scores(0.5).items()}
    found = rank({"first": first, "second": {patient: score + 3e-6 for patient, score in first.items()}}, 199, 199)
    assert [(pair.difference.mean, pair.p) for pair in found.pairs] == [(0.0, 1.0)]


def test_ranks_are_no_surer_than_the_corrected_pairs() -> None:
    """Three patients who all agree are no proof, however sure resampling them looks."""
    few = PATIENTS[:3]
    found = rank({name: {p: scores(skill)[p] for p in few} for name, skill in (("good", 0.8), ("poor", 0.2))}, 199, 199)
    assert [(rated.rank, rated.rank_low, rated.rank_high) for rated in found.rated] == [(1, 1, 2), (2, 1, 2)]
