"""Numbers never stand alone, and a constant answer is seen as one.

1  the figures of a small set by hand
2  a model that always says one thing, or nothing valid, is marked, whatever it scores
3  a result that is not surely above the constant answer is marked
4  the base must have answered the same questions
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.evaluation.benchmarks.scores import Sample, numbers

ANSWERS = st.lists(st.sampled_from(["A", "B", None]), min_size=1, max_size=40)


def sample(number: int, truth: str, parsed: str | None) -> Sample:
    return Sample(str(number), "Q?", {"A": "w", "B": "x"}, [], parsed or "", {}, parsed, truth, parsed == truth, {})


def told(truths: str, parsed: list[str | None]) -> list[Sample]:
    return [sample(n, truth, answer) for n, (truth, answer) in enumerate(zip(truths, parsed, strict=True))]


def test_the_figures_of_a_small_set() -> None:
    found = numbers(told("AAAB", ["A", "A", None, "A"]), told("AAAB", ["A", None, None, "B"]), 199)
    assert (found["n"], found["accuracy"], found["invalid"]) == (4, 0.5, 0.25)
    assert (found["constant_answer"], found["constant_baseline"]) == ("A", 0.75)
    assert found["balanced_accuracy"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["macro_f1"] == pytest.approx((2 * 2 / (3 + 3)) / 2)
    assert found["label_shares"] == {"A": 0.75, "B": 0.25}
    assert found["answer_shares"] == {"A": 0.75}
    assert (found["change_vs_base"], found["p_vs_base"], found["discordant"]) == (0.0, 1.0, 0.5)
    assert all(low <= found[name] <= high for name, (low, high) in ((n, found[f"{n}_ci95"]) for n in ("macro_f1",)))


@given(st.lists(st.sampled_from("AB"), min_size=1, max_size=60), st.sampled_from(["A", "B", None]))
def test_a_constant_answer_scores_its_label_share_and_is_marked(truths: list[str], answer: str | None) -> None:
    found = numbers(told("".join(truths), [answer] * len(truths)), None, 99)
    assert found["accuracy"] == (truths.count(answer) / len(truths) if answer else 0.0)
    assert found["mark"] == (f"always {answer}" if answer else "no valid answer")


@pytest.mark.parametrize(
    ("right", "mark"), [(40, ""), (29, "not above constant"), (26, "not above constant"), (20, "below constant")]
)
def test_an_accuracy_is_marked_unless_it_is_surely_above_the_constant_answer(right: int, mark: str) -> None:
    truths = "A" * 25 + "B" * 25
    parsed: list[str | None] = [t if n % 50 < right else "AB"[t == "A"] for n, t in enumerate(truths)]
    assert numbers(told(truths, parsed), None, 99)["mark"] == mark


@given(ANSWERS)
def test_a_model_does_not_differ_from_itself(parsed: list[str | None]) -> None:
    samples = told("AB" * 20, [*parsed, *["A"] * (40 - len(parsed))])
    found = numbers(samples, samples, 99)
    assert (found["change_vs_base"], found["p_vs_base"], found["discordant"]) == (0.0, 1.0, 0.0)
    assert found["change_ci95"][0] <= 0 <= found["change_ci95"][1]


def test_a_base_of_other_questions_is_refused() -> None:
    with pytest.raises(ValueError, match="the base answered other questions"):
        numbers(told("AB", ["A", "B"]), told("A", ["A"]), 99)
