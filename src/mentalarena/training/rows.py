"""From episodes to training rows (paper, section 3.4), each with its lineage.

A row teaches the therapist what proved best: the diagnosis that the patient chose, the treatment and the medicine with the
best score. By default its input is what the therapist had when it was asked (the dialogue and its own notes); the paper's
full cognitive model is there by setting. Rows are read by `datasets.load_dataset("json")` and TRL as they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from mentalarena.arena import diagnosis, trials
from mentalarena.arena.prompts import PromptSet
from mentalarena.arena.types import Episode, RoleName, Trial, View
from mentalarena.clinic.cognitive_model import LABELS, CognitiveModel
from mentalarena.errors import DataError
from mentalarena.models.base import Message
from mentalarena.runs.directory import read_jsonl

Made = TypeVar("Made")
RowKind = Literal["diagnosis", "treatment", "medicine", "talk", "choice", "outcome", "score", "warm-start"]
THERAPIST: tuple[RowKind, ...] = ("diagnosis", "treatment", "medicine")
VERIFIER: tuple[RowKind, ...] = ("talk", "choice", "outcome", "score")
"""The patient's and the judge's own replies, replayed so that they do not forget how to judge."""


@dataclass(frozen=True, slots=True)
class RowLineage:
    """Where a row comes from."""

    episode: str
    iteration: int
    model: str
    """The model that gave the completion."""
    patient: str
    patient_source: str
    patient_licence: str
    score: int | None = None
    """The judge's score of the trial that the row is about."""


@dataclass(frozen=True, slots=True)
class Row:
    """One supervised example: conversational `prompt`, and the assistant's `completion`."""

    kind: RowKind
    prompt: tuple[Message, ...]
    completion: str
    lineage: RowLineage

    def as_dict(self) -> dict[str, Any]:
        return as_example(self.kind, self.prompt, {"completion": self.completion}, self.lineage)


def read_rows(path: Path) -> list[Row]:
    """The rows of an `sft.jsonl`. Raises `DataError` with file, line and field."""
    return read_examples(path, "row", ("completion",), Row)


def as_example(kind: str, prompt: Iterable[Message], answers: Mapping[str, str], lineage: RowLineage) -> dict[str, Any]:
    """An example as `datasets` and TRL read it: a conversational prompt and one answer a name."""
    told = {name: [{"role": "assistant", "content": text}] for name, text in answers.items()}
    return {"prompt": [m.as_dict() for m in prompt], **told, "kind": kind, "lineage": asdict(lineage)}


def read_examples(path: Path, what: str, answers: Sequence[str], make: Callable[..., Made]) -> list[Made]:
    """What `make` (of kind, prompt, the answers, lineage) makes of each line. Raises `DataError` with file, line and field."""
    found = []
    for number, record in enumerate(read_jsonl(path), 1):
        try:
            prompt = _MESSAGES.validate_python(record["prompt"])
            texts = [_MESSAGES.validate_python(record[name])[0].content for name in answers]
            found.append(make(record["kind"], prompt, *texts, _LINEAGE.validate_python(record["lineage"])))
        except (KeyError, TypeError, IndexError, ValidationError) as error:
            expected = ", ".join(("prompt", *answers, "kind", "lineage"))
            told = first_of(error) if isinstance(error, ValidationError) else repr(error)
            raise DataError(f"{path}:{number}: no {what} ({told}); expected {expected}") from None
    return found


_EPISODE, _MESSAGES, _LINEAGE = TypeAdapter(Episode), TypeAdapter(tuple[Message, ...]), TypeAdapter(RowLineage)


def read_episodes(path: Path) -> list[Episode]:
    """The episodes of an `episodes.jsonl`. Raises `DataError` with file, line and field."""
    return [read_episode(record, f"{path}:{number}") for number, record in enumerate(read_jsonl(path), 1)]


def read_episode(record: Mapping[str, Any], where: str) -> Episode:
    """One line of an `episodes.jsonl`. Raises `DataError` with place and field."""
    try:
        return _EPISODE.validate_python(record)
    except ValidationError as error:
        raise DataError(f"{where}: {first_of(error)}; expected an episode") from None


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong, with its field."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def therapist_rows(
    episodes: Iterable[Episode],
    prompts: PromptSet,
    min_score: int = 1,
    profiles: Mapping[str, CognitiveModel] | None = None,
) -> list[Row]:
    """What the therapist is taught. A failed step, a choice that was not agreed and a best score below `min_score` make no
    row; a trial without a score (an arm without verdicts) makes one.

    `profiles` (cognitive models by patient id) replaces each input by the full cognitive model: the paper's rows.
    """
    rows = []
    for episode in episodes:
        if not episode.diagnosis or not episode.diagnosis.chosen or not episode.diagnosis_messages:
            continue
        profile = profiles[episode.patient_id].profile() if profiles else None
        prompt = _asked(prompts, "diagnosis", profile) or episode.diagnosis_messages
        rows.append(_row("diagnosis", prompt, diagnosis.answer(episode.diagnosis.chosen), episode, "therapist"))
        for kind in trials.TRIALS:
            tried = [t for t in episode.trials if t.kind == kind]
            judged = len(episode.diagnosis.candidates) > 1  # an arm without verdicts has one candidate and tries nothing
            best = episode.best(kind) if judged else tried[0] if tried else None
            if best and (best.score is None or best.score >= min_score):
                prompt = _asked(prompts, kind, profile) or tried[0].messages
                completion = trials.answer(kind, best.proposal, _rationale(best, tried))
                rows.append(_row(kind, prompt, completion, episode, "therapist", best.score))
    return rows


def verifier_rows(episodes: Iterable[Episode], patient: PromptSet, judge: PromptSet) -> list[Row]:
    """The patient's and the judge's own replies, in the form that was asked for: talk, agreed choices, outcomes, scores."""
    rows = []
    for episode in episodes:
        messages = episode.views.get("patient", ())
        if not messages:
            continue
        encoded = View(messages[:1])
        for number, message in enumerate(messages):
            if message.role == "assistant":
                rows.append(_row("talk", messages[:number], message.content, episode, "patient"))
        found = episode.diagnosis
        if found and found.chosen and len(found.votes) == 2:
            first, second = found.candidates
            reasons = found.reasons if len(found.reasons) == 2 else ("", "")
            for pair, reason in zip(((first, second), (second, first)), reasons, strict=True):
                prompt = diagnosis.choice_view(encoded, pair, patient).messages
                said = f"choice: {found.chosen}"
                rows.append(_row("choice", prompt, f"reason: {reason}\n{said}" if reason else said, episode, "patient"))
        for trial in episode.trials:
            if trial.predicted_outcome and trial.health_state:
                prompt = trials.outcome_view(encoded, trial.kind, trial.proposal, patient, trial.start).messages
                told = f"reason: {trial.reason}\n" if trial.reason else ""
                told += f"outcome: {trial.predicted_outcome}\nhealth: {trial.health_state}"
                rows.append(_row("outcome", prompt, told, episode, "patient", trial.score))
            if trial.score is not None:
                system = Message("system", judge.render("judge_system"))
                asked = trials.score_prompt(trial.predicted_outcome, trial.health_state, judge)
                rows.append(
                    _row("score", (system, Message("user", asked)), f"score: {trial.score}", episode, "judge", trial.score)
                )
    return rows


def warm_start_rows(models: Iterable[CognitiveModel], prompts: PromptSet, source: str, licence: str) -> list[Row]:
    """The paper's patient side: history -> other components; those and a situation -> thoughts, emotions, behaviour."""
    rows = []
    reaction = ("automatic_thoughts", "emotions", "behavior")
    for model in models:
        lines = {c: f"{LABELS[c]}: {model.text(c)}" for c in LABELS if c != "principles" and model.text(c)}
        standing = [line for c, line in lines.items() if c not in (*reaction, "situation")]
        lineage = RowLineage("", -1, "cognitive model", model.id, source, licence)
        if "history" in lines and len(standing) > 1:
            asked = prompts.render("warm_start_beliefs", known=lines["history"])
            rows.append(Row("warm-start", (Message("user", asked),), "\n".join(standing[1:]), lineage))
        reacted = [lines[c] for c in reaction if c in lines]
        if "situation" in lines and reacted:
            asked = prompts.render("warm_start_reaction", known="\n".join([*standing, lines["situation"]]))
            rows.append(Row("warm-start", (Message("user", asked),), "\n".join(reacted), lineage))
    return distinct(rows)


def replayed(rows: Sequence[Row], count: int, kinds: Sequence[RowKind], seed: int) -> list[Row]:
    """At most `count` rows, in turn over `kinds` (one that stands there twice comes twice as often), drawn by seed.

    Within a kind, bad, middling and good scores come in turn: what is tried is mostly meant to help, and replaying that
    alone would teach the patient that everything does.
    """
    rng = random.Random(seed)
    left = {
        kind: [[r for r in rows if r.kind == kind and _band(r) == b] for b in range(4)] for kind in dict.fromkeys(kinds)
    }
    drawn: list[Row] = []
    while len(drawn) < count and any(pile for piles in left.values() for pile in piles):
        for kind in kinds:
            piles = left[kind]
            piles.append(piles.pop(0))  # the next band's turn
            pile = next((p for p in piles if p), None)
            if pile and len(drawn) < count:
                drawn.append(pile.pop(rng.randrange(len(pile))))
    return drawn


def _band(row: Row) -> int:
    """0 for no score, 1 for bad, 2 for middling, 3 for good."""
    score = row.lineage.score
    return 0 if score is None else 1 if score <= 3 else 2 if score <= 7 else 3


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Rows without repetitions (equal prompt and completion), first ones kept."""
    return list({(row.prompt, row.completion): row for row in reversed(list(rows))}.values())[::-1]


def _rationale(best: Trial, tried: Sequence[Trial]) -> str:
    """The reason for the best proposal; none where it leans on a trial that the first question knows nothing of."""
    earlier = [trial.proposal for trial in tried[: tried.index(best)]]
    return "" if any(proposal in best.rationale.lower() for proposal in earlier) else best.rationale


def _asked(prompts: PromptSet, kind: RowKind, profile: str | None) -> tuple[Message, ...] | None:
    if profile is None:
        return None
    system = Message("system", prompts.render("profile_system"))
    return system, Message("user", prompts.render(f"profile_{kind}", profile=profile))


def _row(
    kind: RowKind,
    prompt: tuple[Message, ...],
    completion: str,
    episode: Episode,
    role: RoleName,
    score: int | None = None,
) -> Row:
    return Row(kind, prompt, completion, lineage_of(episode, role, score))


def lineage_of(episode: Episode, role: RoleName, score: int | None = None) -> RowLineage:
    """Where an example that is made of an episode comes from; `role` gave its answer."""
    origin = episode.lineage
    return RowLineage(
        episode.id,
        origin.iteration if origin else 0,
        origin.models.get(role, "") if origin else "",
        episode.patient_id,
        origin.patient_source if origin else "",
        origin.patient_licence if origin else "unstated",
        score,
    )
