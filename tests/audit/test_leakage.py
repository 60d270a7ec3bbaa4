"""What a prompt holds of a profile that nobody has said, in cases and in a run's journal."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.audit.leakage import leaks, profile_of, prompt_findings
from mentalarena.audit.words import names, numbered, stem, telling
from mentalarena.clinic.cognitive_model import CognitiveModel, Patient
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, ScriptedModel, toy_player
from mentalarena.runs.journal import Journal
from mentalarena.runs.requests import Request
from mentalarena.runs.runner import Play, Player, play_all

CANARY = "i keep the blue kingfisher of Marrowfield in a biscuit tin"
PROFILE = {"history": f"My brother left in spring. {CANARY}.", "emotions": "fear, shame"}


def test_what_was_said_is_no_leak() -> None:
    assert leaks(f"Patient: {CANARY}.", PROFILE, [])
    assert not leaks(f"Patient: {CANARY}.", PROFILE, [f"Well, {CANARY.upper()}!"])


def test_a_leak_tells_component_words_and_sentence() -> None:
    (leak,) = leaks("Ask gently.\nSupervisor: the kingfisher matters.", PROFILE, [])
    assert (leak.component, leak.words, leak.sentence) == ("history", ("kingfisher",), "the kingfisher matters.")


def test_what_is_asked_of_the_therapist_is_no_leak_of_a_patient_who_was_treated() -> None:
    patient = CognitiveModel("p", "", behavior="i stop every treatment, lie about my medicine and hide the diagnosis")
    asked = [{"role": "user", "content": "which treatment do you suggest?"}]
    told = [{"role": "user", "content": "the patient will hide and lie. which treatment do you suggest?"}]
    assert prompt_findings([("p", "therapist/treatment-score", asked, "rest")], {"p": patient}) == []
    assert prompt_findings([("p", "therapist/treatment-score", told, "rest")], {"p": patient})


def test_general_words_and_headings_are_no_leak() -> None:
    assert not leaks("Which emotions came up? What did you do then, and what do you believe about yourself?", PROFILE, [])


@given(
    st.text(max_size=300),
    st.dictionaries(st.text(max_size=12), st.text(max_size=200), max_size=3),
    st.lists(st.text(max_size=80)),
)
def test_any_text_can_be_read_and_an_empty_profile_cannot_leak(text: str, profile: dict[str, str], said: list[str]) -> None:
    leaks(text, profile, said)
    assert not leaks(text, {}, said)
    assert not leaks(text, profile, [text])


@pytest.mark.parametrize(
    ("written", "figures"),
    [
        ("six hundred and twelve", ["612"]),
        ("thirty one nights", ["31", "nights"]),
        ("two two", ["2", "2"]),
        ("one hundred", ["100"]),
        ("five and twenty thousand", ["5", "and", "20000"]),
        ("", []),
        ("two " + "thousand " * 2000, ["2000000000000"] + ["thousand"] * 1996),
    ],
)
def test_numbers_in_words_become_figures(written: str, figures: list[str]) -> None:
    assert numbered(written.split()) == figures


def test_stems_join_inflections_and_keep_words_apart() -> None:
    assert len({stem(word) for word in ("measure", "measured", "measuring", "measures")}) == 1
    assert stem("swam") == stem("swimming") == stem("swimmer")
    assert stem("shower") != stem("show")
    assert not telling("ten")
    assert [number for number in ("7", "40", "13", "1998", "212") if telling(number)] == ["13", "1998", "212"]


def test_names_are_capitals_within_a_sentence() -> None:
    from mentalarena.audit.words import everyday

    assert names("Even so, I owe Even. On Sunday Breivik shook, and I said The End.", everyday()) == {
        "even",
        "breivik",
        "end",
    }


def played(folder: Path, arena: Arena, patients: Sequence[Patient], script: Script = toy_player) -> list[Request]:
    """The journal's requests of a scripted run."""
    player = Player(ScriptedModel(script), load_prompts("compact"), Sampling())
    journal = Journal(folder / "journal")
    asyncio.run(play_all(patients, Play(arena, {"patient": player, "therapist": player, "judge": player}, seed=1), journal))
    requests = list(journal.requests())
    journal.close()
    return requests


def models(patients: Sequence[Patient]) -> dict[str, CognitiveModel]:
    return {patient.id: patient.cognitive_model for patient in patients}


def with_canary(patient: Patient) -> Patient:
    model = patient.cognitive_model
    return replace(patient, cognitive_model=replace(model, history=f"{model.history}. {CANARY}"))


@pytest.mark.parametrize("count", [1, 2, 8])
def test_a_clean_run_has_no_finding(count: int, tmp_path: Path, arena: Arena, clinic: GeneratedClinic) -> None:
    patients = [patient for patient, _ in clinic.draw("play", count, seed=34)]
    assert prompt_findings(played(tmp_path, arena, patients), models(patients)) == []


def test_guidance_that_tells_a_canary_is_found_once_an_episode(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    patients = [with_canary(patient) for patient, _ in clinic.draw("play", 3, seed=34)]

    def leaking(messages: Sequence[Message], sampling: Sampling) -> str:
        if messages[-1].content.endswith("what should the therapist ask?"):
            return "guidance: ask about the blue kingfisher."
        return toy_player(messages, sampling)

    told = prompt_findings(played(tmp_path, arena, patients, leaking), models(patients))
    found = [finding for finding in told if finding.check == "guidance leak"]
    assert {finding.item for finding in found} <= {patient.id for patient in patients}
    assert found
    assert all("kingfisher" in finding.detail and finding.verdict == "held back" for finding in found)


def test_a_canary_in_a_therapists_prompt_is_found_in_the_journal(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    patients = [with_canary(patient) for patient, _ in clinic.draw("play", 4, seed=34)]
    requests, known = played(tmp_path, arena, patients), models(patients)
    assert prompt_findings(requests, known) == []
    seen = list[int]()
    assert prompt_findings(iter(requests), known, done=seen.append) == []  # it can be gone through once, and is twice
    assert sum(seen) == 2 * len(requests)
    for role, step in (("therapist", "talk"), ("therapist", "diagnosis-1"), ("judge", "treatment-1-score")):
        planted = [
            (
                item,
                scope,
                [*messages[:-1], messages[-1] | {"content": f"{messages[-1]['content']}\nthe file says: {CANARY}"}],
                reply,
            )
            if (item, scope) == (patients[0].id, f"{role}/{step}")
            else (item, scope, messages, reply)
            for item, scope, messages, reply in requests
        ]
        found = prompt_findings(planted, known)
        assert {(finding.check, finding.item, finding.verdict) for finding in found} == {
            ("prompt leak", patients[0].id, "failed")
        }
        assert len(found) == 1
        assert f"{role}/{step}: history" in found[0].detail


def test_the_whole_profile_in_every_prompt_as_in_the_published_code_is_found_for_every_patient(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    patients = [patient for patient, _ in clinic.draw("play", 4, seed=34)]
    known = models(patients)
    shown = [
        (item, scope, [{"role": "system", "content": known[item].profile()}, *messages], reply)
        for item, scope, messages, reply in played(tmp_path, arena, patients)
    ]
    assert {finding.item for finding in prompt_findings(shown, known)} == set(known)
    assert set(profile_of(patients[0].cognitive_model)) > {"name", "history", "core beliefs"}
