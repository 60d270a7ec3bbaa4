"""The crisis gate.

1. The old cases, which nothing was trained on, are told apart nearly all. 2. Any text is read. 3. A danger that is said
after the last step is open; a yes to the therapist's question is a danger. 4. The more is read, the surer one must be.
"""

import json
from collections.abc import Iterator
from importlib.resources import files

import pytest
from benchmarks.detectors import DETECTORS, figures, lines, read
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit import crisis

GATE = DETECTORS[0]
RISK = ("patient", "I want to kill myself.")
PLAN = ("therapist", "Let us write a safety plan before you leave.")
IDLE = ("therapist", "What did you have for lunch?")
ASK = ("therapist", "Are you thinking of killing yourself?")
UNSEEN = ("patient", "Nobody would miss me.")


@pytest.mark.parametrize("part", ["development", "held-out"])
def test_old_cases_are_told_apart(part: str) -> None:
    """No line of them is in the corpus, but the author of its templates had read them: a floor, and no measurement."""
    got = figures(GATE, part)
    assert got.recall.mean >= 0.95
    assert got.false_alarms.mean <= 0.05


@pytest.mark.parametrize("part", ["development", "held-out"])
def test_a_danger_is_heard_whether_or_not_it_was_met(part: str) -> None:
    cases = read("crisis", part)
    right = [bool(crisis.risks(lines(case))) == case["risk"] for case in cases]
    assert sum(right) >= 0.95 * len(cases)


@given(st.lists(st.tuples(st.sampled_from(["patient", "therapist", "judge", ""]), st.text()), max_size=6))
def test_any_text_is_read(talk: list[tuple[str, str]]) -> None:
    found = crisis.risks(talk)
    assert crisis.met(talk) == (crisis.unmet(talk) is None)
    assert all(talk[risk.line][0] == "patient" and risk.kind in crisis.KINDS for risk in found)
    assert [risk.line for risk in found] == sorted({risk.line for risk in found})


@given(st.permutations([RISK, ("patient", "Lunch was soup."), ("patient", "I cut myself with a razor.")]))
def test_the_order_of_what_the_patient_says_changes_no_kind(talk: list[tuple[str, str]]) -> None:
    assert {risk.kind for risk in crisis.risks(talk)} == {"suicide", "self-harm"}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("suicide", "I've got the tablets ready and tonight I will end my life."),
        ("self-harm", "I cut my arms with a razor blade every night."),
        ("harm to others", "I bought a knife, and on Friday I will stab my boss."),
        ("voices", "The voices order me to jump in front of the train, and I have to obey."),
        ("violence at home", "My husband beats me, yesterday he choked me until I saw spots."),
        ("a child or a person in care", "When the baby screams I shake him, and last night he went limp."),
        ("no food or drink", "I have not eaten for six days, and I stopped drinking. I fainted twice."),
    ],
)
def test_each_kind_of_danger_has_its_name(kind: str, said: str) -> None:
    finding = crisis.unmet([("patient", said), IDLE])
    assert finding
    assert finding.detail.startswith(f"{kind} in line 1")


def test_a_step_counts_after_the_danger_and_not_before() -> None:
    assert crisis.unmet([RISK, PLAN]) is None
    finding = crisis.unmet([PLAN, RISK, IDLE], "row 7")
    assert finding
    assert (finding.check, finding.item, finding.verdict) == ("crisis", "row 7", "held back")
    assert "suicide" in finding.detail


def test_a_question_is_a_step_until_it_is_affirmed_and_dropped() -> None:
    assert crisis.met([UNSEEN, ASK])
    assert crisis.met([UNSEEN, ASK, ("patient", "No, never.")])
    assert not crisis.met([UNSEEN, ASK, ("patient", "Yes."), IDLE])
    assert crisis.met([UNSEEN, ASK, ("patient", "Yes."), PLAN])


def test_a_yes_to_the_question_is_a_danger_and_a_no_is_none() -> None:
    assert crisis.risks([ASK, ("patient", "Yes, most days.")])
    assert not crisis.risks([ASK, ("patient", "No, I never have.")])


def test_a_danger_said_in_two_halves_is_heard() -> None:
    halves = [
        ("patient", "I have my grandad's rifle."),
        ("therapist", "I see."),
        ("patient", "I think of using it on myself."),
    ]
    assert crisis.unmet([*halves, IDLE])


def test_the_therapists_words_are_no_danger() -> None:
    assert not crisis.risks([("therapist", "Some people want to kill themselves, or cut themselves with a razor blade.")])


def test_talks_of_the_generated_clinic_raise_no_alarm() -> None:
    data = json.loads(files("mentalarena.clinic").joinpath("data/generated_clinic.json").read_text("utf-8"))
    said = list(phrases(data["phrases"]))[::3]
    talk = [line for phrase in said for line in (("therapist", "Can you tell me more?"), ("patient", f"{phrase}."))]
    talks = [talk[start : start + 16] for start in range(0, len(talk), 16)]
    assert sum(bool(crisis.risks(each)) for each in talks) <= 0.05 * len(talks)


def phrases(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from phrases(part)


def test_a_text_of_any_length_is_read_in_bounded_time() -> None:
    """Only the first part of a line is read, so a hundred times the text takes about the same time."""
    long = "I want to not be here and nobody would take the bridge or the tablets. "
    assert crisis.risks([("patient", long * 30)])[0].kind == crisis.risks([("patient", long * 3000)])[0].kind
