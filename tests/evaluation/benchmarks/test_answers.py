"""What is read from models' free answers: tables written by hand, and promises for any text."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentalarena.evaluation.benchmarks.answers import read_answer
from tests.evaluation.benchmarks.answer_cases import CAMS, DRUG, HARDER, LIKE_MODELS, NESTED, OWN, TEN, YN, YNM, Case
from tests.evaluation.benchmarks.chat_cases import ANSWERS, NO_ANSWERS
from tests.evaluation.benchmarks.hostile_cases import NO_OTHER, NOTHING

SHARED = Path(__file__).parents[3].parent / "shared" / "benchmarks" / "tricky_answers.jsonl"


@pytest.mark.parametrize("case", [*OWN, *LIKE_MODELS, *HARDER, *ANSWERS, *NO_ANSWERS], ids=lambda case: repr(case[1][:50]))
def test_a_reply_is_read_as_a_careful_reader_would(case: Case) -> None:
    options, output, expected = case
    assert read_answer(output, options) == expected


@pytest.mark.parametrize("number", range(len(NOTHING)))
def test_a_reply_that_asserts_no_one_option_is_never_credited(number: int) -> None:
    options, replies = NOTHING[number]
    assert {reply: found for reply in replies if (found := read_answer(reply, options)) is not None} == {}


def test_an_answer_that_is_taken_back_is_never_credited() -> None:
    read = {output: (read_answer(output, options), expected) for options, output, expected in NO_OTHER}
    assert {output: found for output, (found, expected) in read.items() if found not in {None, expected}} == {}


@pytest.mark.skipif(not SHARED.exists(), reason="the shared benchmarks are not beside this checkout")
def test_every_tricky_answer_is_read_right() -> None:
    rows = [json.loads(line) for line in SHARED.read_text(encoding="utf-8").splitlines()]
    wrong = [
        (row["output"], row["truth"], found)
        for row in rows
        if (found := read_answer(row["output"], row.get("options", YNM))) != row["truth"]
    ]
    assert len(rows) >= 45
    assert not wrong


ANY_TEXT = st.text(st.characters(), max_size=200)
OPTION_SETS = st.sampled_from([DRUG, NESTED, TEN, YNM, YN, CAMS])
MENTIONS = st.sampled_from(
    [
        *"ABCDabcd()*.,:\n ",
        "answer",
        "is",
        "not",
        "Gynecomastia",
        "weight loss",
        "because",
        "and",
        "or",
        "<think>",
        "</think>",
        "I",
        "{",
    ]
)
DRESSES = (
    "{}", " {}\n", "**{}**", "({})", "[{}]", '"{}"', "`{}`", "{}.", "Answer: {}", "answer: {}.", "ANSWER: {}",
    "Final answer: **{}**",
    "The answer is {}.", "The correct answer is ({})", "\\boxed{{{}}}", "<answer>{}</answer>", '{{"answer": "{}"}}', "# {}",
    "<think>hm</think>\n{}", "So, the answer is {}.", "Answer:\n\n{}",
)  # fmt: skip
REFUSALS = (
    "I cannot answer whether it is {}.", "As an AI, I can't choose {}.", "I'm sorry, but I can't say {} or anything else.",
    "I am unable to select {} here.", "I will not give {} as an answer.", "It cannot be determined whether it is {}.",
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.one_of(ANY_TEXT, st.lists(MENTIONS, max_size=25).map(" ".join)), OPTION_SETS)
def test_any_text_is_read_as_a_label_or_nothing(text: str, options: dict[str, str]) -> None:
    assert read_answer(text, options) in {None, *options}


@settings(deadline=None, max_examples=60)
@given(ANY_TEXT, st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.text(st.characters(), max_size=12), max_size=10))
def test_any_options_can_be_read_against(text: str, options: dict[str, str]) -> None:
    assert read_answer(text, options) in {None, *options}


@given(st.data(), st.sampled_from([DRUG, TEN, NESTED]), st.sampled_from(DRESSES), st.sampled_from([str.upper, str.lower]))
def test_a_label_is_read_in_any_dress(data: st.DataObject, options: dict[str, str], dress: str, case: type[str]) -> None:
    label = data.draw(st.sampled_from(list(options)))
    assert read_answer(dress.format(case(label)), options) == label


@given(
    st.data(),
    st.sampled_from([DRUG, TEN, NESTED, YNM, YN, CAMS]),
    st.sampled_from(DRESSES),
    st.sampled_from([str, str.title, str.upper]),
)
def test_a_text_is_read_in_any_dress(data: st.DataObject, options: dict[str, str], dress: str, case: type[str]) -> None:
    label = data.draw(st.sampled_from(list(options)))
    assert read_answer(dress.format(case(options[label])), options) == label


@given(
    st.data(),
    st.sampled_from([DRUG, TEN]),
    st.sampled_from(DRESSES),
    st.sampled_from(["{}. {}", "{}) {}", "({}) {}", "{}: {}", "{} - {}"]),
)
def test_a_label_with_a_text_is_read_only_if_they_agree(
    data: st.DataObject, options: dict[str, str], dress: str, together: str
) -> None:
    label, other = (data.draw(st.sampled_from(list(options))) for _ in range(2))
    expected = label if label == other else None
    assert read_answer(dress.format(together.format(label, options[other])), options) == expected


@given(
    st.data(), OPTION_SETS, st.sampled_from(DRESSES), st.sampled_from([" or ", ", ", " and ", "/", " & ", "; ", ", or "])
)
def test_two_options_are_no_answer(data: st.DataObject, options: dict[str, str], dress: str, between: str) -> None:
    two = data.draw(st.lists(st.sampled_from(list(options)), min_size=2, max_size=2, unique=True))
    if two[0] == "maybe":  # "maybe, no" is a maybe
        two.reverse()
    words = [data.draw(st.sampled_from([label, options[label]])) for label in two]
    assert read_answer(dress.format(between.join(words)), options) is None


NO_LETTERS = st.text(st.characters(exclude_categories=["L", "M", "Cs", "Co", "Cn"]), min_size=1, max_size=6).filter(
    lambda text: not any(c.isalpha() for c in unicodedata.normalize("NFKC", text))
)
JOINERS = st.sampled_from(
    ["or", "and", "vs", "vs.", "then", "plus", "with", "to", "through", "as well as", "versus", "and/or", "followed by"]
).map(lambda word: f" {word} ")


@settings(deadline=None, max_examples=400)
@given(
    st.data(),
    st.sampled_from([DRUG, TEN]),
    st.one_of(NO_LETTERS, JOINERS, st.sampled_from([f"{a}{c}{a}" for c in "|\\/+>-\u2013\u2026\t\n" for a in ("", " ")])),
    st.sampled_from(DRESSES),
    st.integers(2, 4),
)
def test_labels_however_joined_are_no_answer(
    data: st.DataObject, options: dict[str, str], between: str, dress: str, count: int
) -> None:
    labels = data.draw(st.permutations(list(options)))[:count]
    assert read_answer(dress.format(between.join(labels)), options) is None


@given(st.data(), OPTION_SETS, st.sampled_from(REFUSALS))
def test_a_refusal_is_no_answer_whatever_it_names(data: st.DataObject, options: dict[str, str], refusal: str) -> None:
    label = data.draw(st.sampled_from(list(options)))
    assert read_answer(refusal.format(data.draw(st.sampled_from([label, options[label]]))), options) is None


@given(
    st.data(),
    st.sampled_from([DRUG, TEN]),
    st.sampled_from(["It is not {}.", "{} is wrong.", "Not {}", "The answer is not {}", "Never {}!"]),
)
def test_a_denied_option_is_no_answer(data: st.DataObject, options: dict[str, str], denial: str) -> None:
    label = data.draw(st.sampled_from(list(options)))
    assert read_answer(denial.format(data.draw(st.sampled_from([label, options[label]]))), options) is None


@settings(deadline=None)
@given(
    st.sampled_from([*OWN, *LIKE_MODELS, *HARDER, *ANSWERS, *NO_ANSWERS]),
    st.text(" \t\n", max_size=4),
    st.text(" \t\n", max_size=4),
)
def test_space_around_a_reply_changes_nothing(case: Case, before: str, after: str) -> None:
    options, output, expected = case
    assert read_answer(before + output + after, options) == expected


@given(st.text(" \t\r\n\u00a0\u200b\u202e*#`", max_size=12), OPTION_SETS)
def test_nothing_said_is_never_credited(text: str, options: dict[str, str]) -> None:
    assert read_answer(text, options) is None


@settings(deadline=None)
@given(st.data(), st.permutations(list(DRUG)), st.sampled_from(DRESSES))
def test_an_answer_by_its_text_follows_the_text_to_its_letter(data: st.DataObject, order: list[str], dress: str) -> None:
    label = data.draw(st.sampled_from(list(DRUG)))
    moved = {new: DRUG[old] for new, old in zip(DRUG, order, strict=True)}
    found = read_answer(dress.format(DRUG[label]), moved)
    assert found is not None
    assert moved[found] == DRUG[label]


@given(st.data(), st.sampled_from([DRUG, TEN]))
def test_the_last_of_several_final_statements_counts(data: st.DataObject, options: dict[str, str]) -> None:
    first, last = (data.draw(st.sampled_from(list(options))) for _ in range(2))
    text = f"I thought at first that the answer is {first}. That would be odd, though.\nLet us see.\nFinal answer: {last}"
    assert read_answer(text, options) == last


@given(st.sampled_from([*OWN, *LIKE_MODELS, *HARDER]), st.sampled_from("CDB"))
def test_an_unfinished_thought_is_no_answer(case: Case, label: str) -> None:
    assert read_answer(f"<think>{case[1].replace('</think>', '')} The answer is {label}", case[0]) is None


@pytest.mark.parametrize(
    "piece",
    ["A ", "(", "Answer: ", "the answer is A or ", "not ", '", "', "\\boxed{", "<answer>", "Gynecomastia, ", "\n", " ",
     "no ", "A. ",
     "I cannot ", "a", "option ", "{", "**", "most likely ", "I'm sorry ", "~~", "maybe ", "<think>", "- ", "A\n", "weight "],
)  # fmt: skip
def test_an_enormous_reply_is_read_to_its_end(piece: str) -> None:
    """A pattern that goes back over what it has read would not come back here; what stands last is still found."""
    text = piece * (100_000 // len(piece))
    for options in (DRUG, YNM, CAMS):
        assert read_answer(text, options) in {None, *options}
        assert read_answer(f"{text}x", options) in {None, *options}
    assert read_answer("It is long. " * 8000 + "\nFinal answer: C", DRUG) == "C"
