"""Rows: what they hold, and what never becomes one.

1  a row's input is what the therapist had, and holds nothing of the profile that the patient did not say
2  a failed step, a choice that was not agreed and a low score make no row
3  a treatment row asks what was asked first and answers with what proved best
4  the paper's input, the full cognitive model, is there by setting
5  equal rows are kept once; every row knows where it comes from
6  the verifier's rows are its own words in the asked form, which the arena's parsers read back
"""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mentalarena.arena import parsing
from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Diagnosis, Episode, Lineage, Trial
from mentalarena.clinic.cognitive_model import COMPONENTS, Patient
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.errors import DataError
from mentalarena.models.base import Message
from mentalarena.runs.directory import write_jsonl
from mentalarena.runs.runner import write_episodes
from mentalarena.training.rows import (
    Row,
    distinct,
    read_episodes,
    read_rows,
    replayed,
    therapist_rows,
    verifier_rows,
    warm_start_rows,
)
from tests.conftest import Player

COMPACT = load_prompts("compact")
LINEAGE = Lineage(2, 0, "generated", "Apache-2.0", {"patient": "p", "therapist": "t", "judge": "j"})


@pytest.fixture
def met(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> list[tuple[Patient, Episode]]:
    """Twelve patients and their episodes."""
    pairs = []
    for number, (patient, _) in enumerate(clinic.draw("play", 12, seed=51)):
        cast = player().cast
        pairs.append((patient, asyncio.run(play_episode(patient, arena, cast, f"02-{number}", LINEAGE))))
    return pairs


def test_1_inputs_hold_nothing_that_the_patient_has_not_said(met: list[tuple[Patient, Episode]]) -> None:
    checked = 0
    for patient, episode in met:
        said = "\n".join(m.content for m in episode.views["patient"] if m.role == "assistant")
        unsaid = [t for c in COMPONENTS if (t := patient.cognitive_model.text(c)) and t not in said]
        for row in therapist_rows([episode], COMPACT):
            text = "\n".join(m.content for m in row.prompt)
            assert not [t for t in unsaid if t in text]
            checked += len(unsaid)
    assert checked > 20


def trial(kind: str, proposal: str, score: int | None) -> Trial:
    asked = (Message("user", f"which {kind} do you suggest?"), Message("user", proposal))
    return Trial(kind, proposal, "it may help.", "fine.", "why", "well", score, asked)  # type: ignore[arg-type]


def with_trials(episode: Episode, *trials: Trial) -> Episode:
    return dataclasses.replace(episode, diagnosis=Diagnosis(("a", "b"), "a"), trials=trials)


def test_2_what_failed_makes_no_row(met: list[tuple[Patient, Episode]]) -> None:
    episode = met[0][1]
    undecided = dataclasses.replace(episode, diagnosis=Diagnosis(("a", "b"), None), trials=())
    dead = dataclasses.replace(episode, diagnosis=None, trials=(), views={})
    assert therapist_rows([undecided, dead], COMPACT) == []
    assert verifier_rows([dead], COMPACT, COMPACT) == []
    low = with_trials(episode, trial("treatment", "x", 3), trial("medicine", "y", None))
    assert [row.kind for row in therapist_rows([low], COMPACT, min_score=7)] == ["diagnosis"]
    assert [row.kind for row in therapist_rows([low], COMPACT, min_score=1)] == ["diagnosis", "treatment"]


def test_3_the_first_question_is_answered_with_the_best_proposal(met: list[tuple[Patient, Episode]]) -> None:
    tried = with_trials(met[0][1], trial("treatment", "x", 3), trial("treatment", "z", 9), trial("treatment", "w", 9))
    row = therapist_rows([tried], COMPACT)[1]
    assert row.prompt == tried.trials[0].messages
    assert row.completion == "treatment: z\nreason: it may help."


def test_3_an_arm_without_verdicts_keeps_the_first_proposal(met: list[tuple[Patient, Episode]]) -> None:
    unjudged = dataclasses.replace(trial("treatment", "x", None), predicted_outcome="", health_state="")
    episode = with_trials(met[0][1], unjudged)
    bare = dataclasses.replace(episode, diagnosis=Diagnosis(("a",), "a"))
    assert therapist_rows([bare], COMPACT, min_score=7)[1].completion.startswith("treatment: x")
    assert [row.kind for row in therapist_rows([episode], COMPACT, min_score=7)] == ["diagnosis"], "an outage is no verdict"


def test_3_a_reason_that_leans_on_an_earlier_trial_is_not_taught_on_the_first_question(
    met: list[tuple[Patient, Episode]],
) -> None:
    episode = next(e for _, e in met if e.diagnosis and e.diagnosis.chosen)
    first = Trial("treatment", "sleep restriction therapy", "it is common.", score=2, messages=(Message("user", "q"),))
    for reason, taught in (
        ("since sleep restriction therapy failed, this may help.", "treatment: exposure therapy"),
        ("this may help.", "treatment: exposure therapy\nreason: this may help."),
    ):
        second = Trial("treatment", "exposure therapy", reason, score=9)
        rows = therapist_rows([dataclasses.replace(episode, trials=(first, second))], COMPACT)
        assert [(r.prompt, r.completion) for r in rows if r.kind == "treatment"] == [((Message("user", "q"),), taught)]


def test_4_the_papers_rows_hold_the_full_cognitive_model(met: list[tuple[Patient, Episode]]) -> None:
    profiles = {patient.id: patient.cognitive_model for patient, _ in met}
    rows = therapist_rows([episode for _, episode in met], COMPACT, profiles=profiles)
    assert {row.kind for row in rows} == {"diagnosis", "treatment", "medicine"}
    for row in rows:
        assert row.prompt[0].content == "you are a psychiatric expert."
        assert profiles[row.lineage.patient].profile() in row.prompt[1].content


def test_5_rows_are_distinct_and_know_where_they_come_from(met: list[tuple[Patient, Episode]]) -> None:
    rows = therapist_rows([episode for _, episode in met], COMPACT)
    assert distinct([*rows, *rows]) == rows
    assert {(r.lineage.iteration, r.lineage.model, r.lineage.patient_licence) for r in rows} == {(2, "t", "Apache-2.0")}
    assert {r.lineage.patient for r in rows} <= {patient.id for patient, _ in met}


def test_6_the_verifiers_rows_are_readable_answers(met: list[tuple[Patient, Episode]], clinic: GeneratedClinic) -> None:
    rows = verifier_rows([episode for _, episode in met], COMPACT, COMPACT)
    assert {row.kind for row in rows} == {"talk", "choice", "outcome", "score"}
    for row in rows:
        if row.kind == "choice":
            assert parsing.name(parsing.required(row.completion, "choice"), "diagnosis", clinic.vocabulary)
            assert "which fits you better" in row.prompt[-1].content
        if row.kind == "outcome":
            assert parsing.required(row.completion, "outcome")
        if row.kind == "score":
            assert 1 <= parsing.score(row.completion) <= 10
        if row.kind in ("choice", "outcome"):
            assert row.prompt[0].content.startswith("you are the patient")


def test_replay_draws_evenly_over_kinds_and_never_too_many(met: list[tuple[Patient, Episode]]) -> None:
    rows = verifier_rows([episode for _, episode in met], COMPACT, COMPACT)
    drawn = replayed(rows, 40, ("talk", "choice", "outcome", "score"), seed=1)
    assert [sum(r.kind == k for r in drawn) for k in ("talk", "choice", "outcome", "score")] == [10, 10, 10, 10]
    assert replayed(rows, 40, ("talk", "choice", "outcome", "score"), seed=1) == drawn
    assert {r.kind for r in replayed(rows, 40, ("talk",), seed=1)} == {"talk"}
    assert len(replayed(rows, 10**6, ("talk", "choice", "outcome", "score"), seed=1)) == len(rows)


def test_warm_start_completes_cognitive_models(met: list[tuple[Patient, Episode]]) -> None:
    model = met[0][0].cognitive_model
    first, second = warm_start_rows([model], COMPACT, "s", "l")
    assert model.history in first.prompt[0].content
    assert model.coping_strategies in first.completion
    assert model.emotions not in second.prompt[0].content
    assert model.emotions in second.completion


def test_rows_and_episodes_come_back_from_their_files(met: list[tuple[Patient, Episode]], tmp_path: Path) -> None:
    episodes = [episode for _, episode in met]
    write_episodes(tmp_path / "episodes.jsonl", episodes)
    assert read_episodes(tmp_path / "episodes.jsonl") == episodes
    rows: Sequence[Row] = therapist_rows(episodes, COMPACT)
    write_jsonl(tmp_path / "sft.jsonl", (row.as_dict() for row in rows))
    assert read_rows(tmp_path / "sft.jsonl") == rows


def test_a_line_separator_in_a_models_text_does_not_tear_a_line(met: list[tuple[Patient, Episode]], tmp_path: Path) -> None:
    row = dataclasses.replace(therapist_rows([met[0][1]], COMPACT)[0], completion="one\u2028two\u0085three")
    write_jsonl(tmp_path / "sft.jsonl", [row.as_dict()])
    assert read_rows(tmp_path / "sft.jsonl") == [row]


@pytest.mark.parametrize("line", ['{"id": 3}', '{"prompt": [], "kind": "x"}'])
def test_a_file_of_something_else_is_one_line_with_its_place(line: str, tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"f\.jsonl:1: .*expected an episode"):
        read_episodes(tmp_path / "f.jsonl")
    with pytest.raises(DataError, match=r"f\.jsonl:1: no row"):
        read_rows(tmp_path / "f.jsonl")


def test_rows_load_with_datasets_as_they_are(met: list[tuple[Patient, Episode]], tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = therapist_rows([episode for _, episode in met], COMPACT)
    write_jsonl(tmp_path / "sft.jsonl", (row.as_dict() for row in rows))
    loaded = datasets.load_dataset("json", data_files=str(tmp_path / "sft.jsonl"), split="train", cache_dir=str(tmp_path))
    assert loaded[0]["prompt"] == json.loads(json.dumps(rows[0].as_dict()))["prompt"]
    assert loaded[0]["completion"][0]["role"] == "assistant"
