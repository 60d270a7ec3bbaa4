"""Judge: what a run made, by a model's verdicts, each judge beside what it is worth. Every call goes through the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.types import Problem
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.clinic.library import library, library_references
from mentalarena.clinic.references import Split
from mentalarena.config import ModelConfig
from mentalarena.errors import ConfigError, DataError
from mentalarena.evaluation.judges.calibration import Values, agreement, judged, parts_of, share_of
from mentalarena.evaluation.judges.forms import FORMS, NAMES, Answer, Question, put
from mentalarena.evaluation.judges.guidelines import Guideline, concordance, guideline_of, library_guideline
from mentalarena.evaluation.judges.human import read_human, read_talks, write_template
from mentalarena.evaluation.judges.questions import TURNS, Material, questions
from mentalarena.models.backends import base_of, need_extra
from mentalarena.models.base import Sampling
from mentalarena.runs.directory import write_jsonl
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import Player, cast_at, settled
from mentalarena.settings import read_toml, validated_as
from mentalarena.stages.run import Json, Run, digest, recorded, truths
from mentalarena.training.rows import Row, read_episodes, read_rows

LIMIT = 40
MANY = 400
"""References of a generated clinic's split: enough that each disorder is among them."""
SPLITS: tuple[Split, ...] = ("play", "development", "held_out")
WRITTEN = "known-good talks are the library's written utterances, not people's talk (--talks brings those)"
REAL = "known-good talks are from the file given"


def judge(
    run: Run,
    names: Sequence[str] = NAMES,
    iteration: int = 0,
    human: Path | None = None,
    second: Player | None = None,
    talks: Path | None = None,
    limit: int = LIMIT,
) -> Json:
    """Each judge's verdict on an iteration: {name: {model, second, parts: {part: {figure, calibration, calibrated, label,
    agreement}}, controls, concordance}}; samples stand in DIR/evaluation/judge-NAME-iteration-NN.jsonl.

    The judge is the base model of the judge's role, whatever was trained, so that iterations are judged alike. `human` is a
    filled-in template, `second` another judge, `talks` a file of people's talks. Raises `ConfigError` and `DataError`.
    """
    first = player_of(run, run.config.models.judge)
    if second and second.model.name == first.model.name:
        raise ConfigError(
            f"judge: the second one is {first.model.name!r} too; expected another model, it agrees with itself"
        )
    material = gather(run, names, iteration, talks, limit)
    asked = {name: questions(name, material) for name in names}
    by_people = read_human(human, asked) if human else {}
    if "skill" in names and (second or human):
        need_extra("eval", ("krippendorff",), "judge: agreement of ratings")
    return {name: _judged(run, name, iteration, asked[name], material, by_people, first, second) for name in names}


def template(
    run: Run, path: Path, names: Sequence[str], iteration: int = 0, talks: Path | None = None, limit: int = LIMIT
) -> int:
    """Write what a judge would be asked as a file for people to fill in; asks nobody. Returns how many questions."""
    material = gather(run, names, iteration, talks, limit)
    return write_template(path, {name: questions(name, material) for name in names}, material.texts, run.config.seed)


def player_of(run: Run, settings: ModelConfig) -> Player:
    """An untrained model as a judge. Raises `ConfigError` where a limit of money cannot count what it costs."""
    if run.config.budget.cost and settings.provider == "openai" and settings.model not in run.config.prices:
        raise ConfigError(
            f'budget.cost: no price of {settings.model!r}; expected prices."{settings.model}" with prompt and new'
        )
    model = run.backends.model(settings, base_of(settings))
    return Player(model, load_prompts(settings.prompt_set), Sampling(0.0, max_tokens=settings.reply_tokens))


def read_model(path: Path) -> ModelConfig:
    """A second judge's settings: a TOML file with the keys of [models.judge]. Raises `ConfigError` with file and key."""
    return validated_as(ModelConfig, read_toml(path), str(path))


def gather(run: Run, names: Sequence[str], iteration: int, talks: Path | None, limit: int) -> Material:
    """What the questions are made of. Raises `ConfigError` for a judge that is not there, `DataError` for what a run lacks."""
    if unknown := [name for name in names if name not in NAMES]:
        raise ConfigError(f"judge {unknown[0]!r}: not there; expected some of {', '.join(NAMES)}")
    folder = run.folder(iteration)
    if not (folder / "episodes.jsonl").exists():
        raise DataError(f"{folder / 'episodes.jsonl'}: not there; expected iteration {iteration} to have been played")
    rows: list[Row] = []
    if "validity" in names:
        if not (folder / "sft.jsonl").exists():
            raise DataError(f"{folder / 'sft.jsonl'}: not there; expected `mentalarena build --iteration {iteration}`")
        rows = read_rows(folder / "sft.jsonl")
    return Material(
        episodes=read_episodes(folder / "episodes.jsonl"),
        rows=rows,
        truths=truths(run.clinic, run.config, iteration),
        guideline=_guideline(run),
        held_out=[truth for _, truth in run.clinic.draw("held_out", MANY, run.config.seed)],
        people=[person for person in library() if person.split == "play"],
        texts=load_prompts(run.config.models.judge.prompt_set),
        talks=read_talks(talks, TURNS) if talks else (),
        seed=run.config.seed,
        limit=limit,
    )


def _guideline(run: Run) -> Guideline:
    if isinstance(run.clinic, GeneratedClinic):
        return guideline_of(truth for split in SPLITS for _, truth in run.clinic.draw(split, MANY, run.config.seed))
    return library_guideline(found.reference for found in library_references().values())


def _judged(
    run: Run,
    name: str,
    iteration: int,
    asked: Sequence[Question],
    material: Material,
    by_people: Mapping[str, str],
    first: Player,
    second: Player | None,
) -> Json:
    resamples = run.config.evaluation.resamples
    people = {q.key: by_people[q.key] for q in asked if q.key in by_people}
    file = run.out / "evaluation" / f"judge-{name}-iteration-{iteration:02d}.jsonl"
    inputs = {
        "questions": digest([(q.as_dict(), dict(q.values)) for q in asked]),
        "models": [first.model.name, second.model.name if second else None],
        "prompts": digest([first.prompts.texts, second.prompts.texts if second else None]),
        "people": people,
        "episodes": digest([asdict(e) for e in material.episodes]) if name == "guideline" else None,
        "resamples": resamples,
    }

    def work() -> Json:
        answers = _answers(run, name, iteration, asked, first, name)
        others = _answers(run, name, iteration, asked, second, f"second-{second.model.name}") if second else {}
        values, other_values = _values(answers), _values(others)
        parts = judged(asked, values, resamples)
        raters: list[tuple[str, Values]] = [("second", other_values)] if second else []
        raters += [("human", dict(people))] if people else []
        for part, own in parts_of(asked).items():
            against = {who: agreement(own, values, other, resamples) for who, other in raters}
            if any(q.reference for q in own):
                settled_by = {q.key: q.reference for q in own if q.reference}
                against["reference"] = agreement(own, values, settled_by, resamples)
            parts[part]["agreement"] = against
        write_jsonl(file, (_sample(q, first, answers, others, people) for q in asked))
        told: Json = {
            "judge": name,
            "iteration": iteration,
            "model": first.model.name,
            "second": {"model": second.model.name, "parts": judged(asked, other_values, resamples)} if second else None,
            "parts": parts,
        }
        if name == "authenticity":
            told["controls"] = REAL if material.talks else WRITTEN
        if name == "guideline":
            exact = concordance(material.episodes, material.guideline, material.truths)
            told["concordance"] = {kind: {k: share_of(v) for k, v in found.items()} for kind, found in exact.items()}
        return told

    return recorded(file.with_suffix(".json"), inputs, work, file)


def _answers(run: Run, name: str, iteration: int, asked: Sequence[Question], player: Player, arm: str) -> dict[str, Answer]:
    """Each question once. A place in the journal holds what is asked, so more items or other controls disturb none."""
    once = list({q.key: q for q in asked}.values())
    run.progress.start(f"judge {arm}", len(once))

    async def one(question: Question) -> tuple[Answer, Sequence[Problem]]:
        place = Place(iteration, "judge", question.key, arm)
        cast = cast_at(place, dict.fromkeys(("patient", "therapist", "judge"), player), run.journal, run.config.seed)
        answer = await put(question, cast.judge)
        return answer, cast.judge.ledger.problems

    found = run.backends.run(
        settled(once, one, run.config.play.concurrency, f"questions of judge {name}", lambda _: run.progress.advance())
    )
    return {question.key: answer for question, answer in zip(once, found, strict=True)}


def _values(answers: Mapping[str, Answer]) -> Values:
    return {key: answer.value for key, answer in answers.items()}


def _sample(
    question: Question,
    judge: Player,
    answers: Mapping[str, Answer],
    others: Mapping[str, Answer],
    people: Mapping[str, str],
) -> dict[str, Any]:
    """A line of the samples: all that is known of a question, what was asked, and what was answered."""
    answer, other = answers[question.key], others.get(question.key)
    told = {"prompt": judge.prompts.render(FORMS[question.form].prompt, **question.values)}
    told |= {"text": answer.text}
    second = {"text": other.text, "answer": other.value} if other else None
    return question.as_dict() | told | {"answer": answer.value, "second": second, "human": people.get(question.key)}
