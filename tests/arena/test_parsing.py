"""Parsers return what was asked for or refuse; they never guess."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.arena import parsing
from mentalarena.clinic.generated import generated_clinic
from mentalarena.errors import Unreadable

VOCABULARY = generated_clinic().vocabulary


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("score: 7", 7),
        ("**Score:** 8", 8),
        ("On a scale of 1 to 10, 7", 7),
        ("On a scale from 1-10, I would give 3.", 3),
        ("7/10", 7),
        ("I'd say 6 out of 10", 6),
        ("After 2 weeks: score: 9", 9),
        ("score: 10", 10),
        ("Score is 4.0", 4),
        ("Score: 1 (very unwell) to 10 (fully well): 7", 7),
        ("score: 7/10", 7),
    ],
)
def test_score_is_the_score_and_not_the_first_integer(text: str, expected: int) -> None:
    assert parsing.score(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no idea",
        "score: 0",
        "score: 11",
        "7 or 8",
        "score: 7.5",
        "score: -3",
        "score: 7 or 8",
        "score: 4/5",
        "score: 7/100",
        "score: 3 out of 5",
        "health score: 2 before, 8 now",
        "score: 80%",
        "80%",
        "on a scale of 1 to 10",
        "-3",
        "I cannot score this; after 2 weeks it is too early",
        "After 3 months of this I would not give a score",
        "score: 3 (out of 5)",
        "score: 4 (on a scale of 5)",
        "score: 3 of 5",
        "score: \u20137",
        "score: 1e1",
        "After 2 weeks it is better",
        "no score; she is in week 3",
    ],
)
def test_score_refuses_none_several_and_out_of_range(text: str) -> None:
    with pytest.raises(Unreadable):
        parsing.score(text)


@given(st.text())
def test_score_of_any_text_is_in_range_or_refused(text: str) -> None:
    try:
        assert 1 <= parsing.score(text) <= 10
    except Unreadable:
        pass


@given(st.text(), st.integers(1, 10))
def test_score_label_is_found_after_text_without_digits(text: str, value: int) -> None:
    words = "".join(c for c in text if not c.isdigit() and not c.isnumeric()).replace("score", "")
    assert parsing.score(f"{words}\nscore: {value}") == value


def test_doctor_2s_diagnosis_is_a_placeholder_and_not_a_diagnosis() -> None:
    with pytest.raises(Unreadable, match="placeholder"):
        parsing.name("Doctor 2's diagnosis", "diagnosis", VOCABULARY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Doctor 2's diagnosis of MDD", "major depressive disorder"),
        ("Panic Disorder.", "panic disorder"),
        ("generalized anxiety disorder", "generalised anxiety disorder"),
        ("I think it is OCD", "obsessive compulsive disorder"),
        ("Insomnia  disorder (insomnia)", "insomnia disorder"),
        ("severe depression", "major depressive disorder"),
        ("I would say the patient has insomnia", "insomnia disorder"),
        ("Major depression (MDD), recurrent", "major depressive disorder"),
    ],
)
def test_free_text_is_normalised_to_one_disorder(text: str, expected: str) -> None:
    assert parsing.name(text, "diagnosis", VOCABULARY) == expected


@pytest.mark.parametrize(
    "text",
    [
        "not panic disorder",
        "anything but OCD",
        "this is no panic disorder",
        "panic disorder or social anxiety disorder",
        "schizophrenia",
        "",
        "depressionist",
        "MDD and PTSD",
        "i cannot have panic disorder",
        "she doesn't have panic disorder",
        "it isn\u2019t panic disorder",
        "panic disorder is unlikely",
        "panic disorder is excluded",
        "i doubt that it is panic disorder",
        "postpartum depression",
        "manic depression",
        "non-bipolar",
    ],
)
def test_several_or_unknown_names_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parsing.name(text, "diagnosis", VOCABULARY)


@given(
    st.sampled_from(VOCABULARY.disorders), st.sampled_from(["{}", "**{}**", "It is {}.", "{} (certain)", "probably {}!"])
)
def test_every_disorder_is_found_in_ordinary_dress(disorder: str, dress: str) -> None:
    assert parsing.name(dress.format(disorder.title()), "diagnosis", VOCABULARY) == disorder


def test_labelled_reads_markdown_json_and_continued_lines() -> None:
    text = '- **Core beliefs:** I am bad\nand alone\n"emotions": "sad",\nSituation: unknown'
    assert parsing.labelled(text, ["core beliefs", "emotions", "situation"]) == {
        "core beliefs": "I am bad and alone",
        "emotions": "sad",
        "situation": None,
    }


def test_a_label_that_was_not_asked_for_ends_what_stands_before_it() -> None:
    text = "core beliefs: i am alone\nand nobody comes\nemotions: sad\nin the evening\ncoping strategies: i walk"
    assert parsing.labelled(text, ["core beliefs", "coping strategies"]) == {
        "core beliefs": "i am alone and nobody comes",
        "coping strategies": "i walk",
    }


@pytest.mark.parametrize("text", ["", "nothing of the kind", "choice: a\nchoice: b", "{}", "[]", "```json\n```"])
def test_malformed_extraction_formats_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parsing.labelled(text, ["choice"])


@given(st.text())
def test_labelled_never_fails_otherwise(text: str) -> None:
    try:
        assert set(parsing.labelled(text, ["choice", "reason"])) == {"choice", "reason"}
    except Unreadable:
        pass


def test_empty_speech_is_refused_and_a_speakers_name_is_dropped() -> None:
    assert parsing.spoken("Patient: I am tired.") == "I am tired."
    with pytest.raises(Unreadable):
        parsing.spoken("  \n")


@given(
    st.lists(
        st.text(st.characters(codec="ascii", exclude_characters="\n\r"), min_size=1), min_size=1, max_size=5, unique=True
    )
)
def test_a_form_matches_its_values_whatever_characters_they_have_and_nothing_else(values: list[str]) -> None:
    form = re.compile(parsing.form(choice=values, reason=None))
    for value in values:
        assert form.fullmatch(f"choice: {value}\nreason: it fits me.")
    assert not form.fullmatch(f"choice: {''.join(values)}x\nreason: it fits me.")
    assert not form.fullmatch(f"choice: {values[0]}")
    assert not form.fullmatch(f"choice: {values[0]}\nreason: one\ntwo")


def test_what_matches_a_form_can_be_read() -> None:
    vocabulary = generated_clinic().vocabulary
    for name in vocabulary.disorders:
        text = f"diagnosis: {name}"
        assert re.fullmatch(parsing.form(diagnosis=vocabulary.disorders), text)
        assert parsing.name(parsing.required(text, "diagnosis"), "diagnosis", vocabulary) == name
    for score in range(1, 11):
        assert re.fullmatch(parsing.form(score=range(1, 11)), f"score: {score}")
        assert parsing.score(f"score: {score}") == score
    assert not re.fullmatch(parsing.form(score=range(1, 11)), "score: 11")


LEVELS = ("none", "mild", "moderate", "severe")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("severity: none", "none"),
        ("**Severity:** Moderate", "moderate"),
        ("I think so.\nseverity: severe, because it was mild before", "severe"),
        ("severity: mild (not severe)", "mild"),
        ("severity: severe depression", "severe"),
        ("severity: mild\nseverity: mild", "mild"),
    ],
)
def test_a_level_is_the_one_word_of_the_scale_after_its_label(text: str, expected: str) -> None:
    assert parsing.level(text, "severity", LEVELS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "moderate",
        "severity:",
        "severity: 2",
        "severity: not severe",
        "severity: mild to moderate",
        "severity: moderately severe",
        "severity: mild\nseverity: severe",
        "severity: nonetheless",
    ],
)
def test_no_level_or_several_or_a_denial_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parsing.level(text, "severity", LEVELS)


@given(st.text(), st.sampled_from(LEVELS))
def test_a_level_is_of_the_scale_or_refused_whatever_stands_there(text: str, known: str) -> None:
    for told in (text, f"severity: {text}", f"severity: {known} {text}"):
        try:
            assert parsing.level(told, "severity", LEVELS) in LEVELS
        except Unreadable:
            pass
