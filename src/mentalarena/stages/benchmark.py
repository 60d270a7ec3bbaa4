"""Benchmark: a model's answers to the closed questions of the field, with the numbers beside every number.

Every answer goes through the journal, so that a benchmark that was stopped goes on, and nothing is paid twice. Files, under
DIR/benchmarks/iteration-NN: SET-SCORING-PROMPTING.jsonl (every sample) and .json (the numbers).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mentalarena.arena.types import Problem, ProblemKind
from mentalarena.errors import ConfigError, DataError, ModelError, ModelRefusal
from mentalarena.evaluation.benchmarks.catalogue import Benchmark, benchmark, catalogue, code_digest
from mentalarena.evaluation.benchmarks.harness import LONGEST, Answer, Asked, Given, Scoring, run_task
from mentalarena.evaluation.benchmarks.prompting import MedPrompt, Prompting, bare, prompts
from mentalarena.evaluation.benchmarks.questions import Question, load_questions
from mentalarena.evaluation.benchmarks.scores import Sample, numbers
from mentalarena.evaluation.power import least_effect
from mentalarena.evaluation.statistics import holm
from mentalarena.models.backends import embedder_of
from mentalarena.models.base import Message, ModelRef, Sampling
from mentalarena.runs.directory import read_json, read_jsonl, write_jsonl, write_whole
from mentalarena.runs.journal import JournaledVoice, Place
from mentalarena.runs.runner import settled
from mentalarena.stages.run import Json, Run, digest, digest_of, named, recorded


@dataclass(frozen=True)
class Exam:
    """How benchmarks are put to a model."""

    data: Path | None = None
    """The user's folder of files."""
    own: Path | None = None
    """A TOML file of own sets."""
    scoring: tuple[Scoring, ...] = ("loglikelihood", "generation")
    prompting: Prompting = "direct"
    limit: int | None = None
    """The first questions alone."""
    examples: int = 5
    """MedPrompt: examples shown."""
    shuffles: int = 5
    """MedPrompt: askings of each question."""


def benchmarks(run: Run, models: Sequence[tuple[int, ModelRef]], names: Sequence[str], exam: Exam) -> list[Json]:
    """The numbers of models, told as (iteration, weights), on benchmarks: a record for each set and scoring that they can be
    asked by, against the untrained model's (iteration 0) where that one has been asked the same.

    Holm's adjustment is over every comparison that stands in the directory, of all calls. DIR/benchmarks/results.json holds all
    records. Raises `ConfigError` and `DataError` before anything is asked.
    """
    told = [benchmark(name, exam.own) for name in names]
    for each in told:
        if not each.harness:
            load_questions(each, exam.data)
        _pool(each, exam)
    done = [
        _one(run, ref, iteration, each, scoring, exam)
        for iteration, ref in sorted(models)
        for each in told
        for scoring in _scorings(run, ref, each, exam)
    ]
    return _adjusted(run, done)


def samples_of(run: Run, iteration: int, name: str, scoring: Scoring, exam: Exam) -> Path:
    """The file of every sample of a benchmark."""
    first = f"-first-{exam.limit}" if exam.limit else ""
    return run.out / "benchmarks" / f"iteration-{iteration:02d}" / f"{name}-{scoring}-{exam.prompting}{first}.jsonl"


def _scorings(run: Run, ref: ModelRef, told: Benchmark, exam: Exam) -> list[Scoring]:
    player = run.players(ref)["therapist"]
    can: list[Scoring] = [scoring for scoring in exam.scoring if scoring == "generation" or player.can_score]
    if not can:
        raise ConfigError(f"{player.model.name}: tells no probabilities; expected scoring by generation")
    if exam.prompting in ("cot", "medprompt"):
        can = [scoring for scoring in can if scoring == "generation"]  # what is scored has no reasoning before it
    if not can:
        raise ConfigError(
            f"prompting {exam.prompting!r}: an answer with reasoning is written; expected scoring by generation"
        )
    return can[-1:] if told.harness else can  # a task of the harness says itself how it is scored


def _pool(told: Benchmark, exam: Exam) -> list[Question]:
    """The questions that MedPrompt may show as examples: none that is asked, in whatever spacing or casing."""
    if exam.prompting != "medprompt" or told.harness:
        return []
    known = benchmark(told.examples_of, exam.own) if told.examples_of else told
    asked = {bare(question.text) for question in load_questions(told, exam.data)}
    pool = [q for q in load_questions(known, exam.data, examples=True) if bare(q.text) not in asked]
    if not pool:
        raise DataError(f"{told.name}: every example is one of its questions; expected others")
    return pool


def _one(run: Run, ref: ModelRef, iteration: int, told: Benchmark, scoring: Scoring, exam: Exam) -> Json:
    file, before = (samples_of(run, number, told.name, scoring, exam) for number in (iteration, 0))
    base = before if iteration and before.exists() else None
    questions = [] if told.harness else load_questions(told, exam.data)[: exam.limit]
    pool, model = _pool(told, exam), run.players(ref)["therapist"].model.name
    asked = digest([asdict(question) for question in questions])
    inputs = {
        "model": named(ref),
        "questions": [asked, digest([asdict(question) for question in pool])],
        "benchmark": told.model_dump(),
        "prompts": digest(prompts().texts),
        "code": code_digest(),
        "exam": [scoring, exam.prompting, exam.limit, exam.examples, exam.shuffles],
        "base": digest_of(base) if base else None,
    }

    def work() -> Json:
        def answer(requests: Sequence[Asked]) -> list[Given]:
            place = Place(iteration, "benchmark", f"{told.name}-{scoring}-{exam.prompting}")
            return _answers(run, ref, place, requests, exam, pool)

        samples = _samples(told, scoring, exam, answer)
        if questions and [s.id for s in samples] != [q.id for q in questions]:
            raise DataError(f"{told.name}: {len(samples)} of {len(questions)} questions came back; expected all")
        write_jsonl(file, (asdict(sample) for sample in samples))
        earlier = [Sample(**record) for record in read_jsonl(base)] if base else None
        return {
            "benchmark": told.name,
            "title": told.title,
            "note": told.note,
            "scoring": scoring,
            "prompting": exam.prompting,
            "labels": questions[0].options if told.labels else {},
            "iteration": iteration,
            "model": model,
            "limit": exam.limit,
            "questions": digest([[s.id, s.question, s.truth] for s in samples]),
            "examples_shown": sum(sample.examples for sample in samples) / len(samples),
            **numbers(samples, earlier, run.config.evaluation.resamples),
        }

    record = file.with_suffix(".json")
    if told.harness:
        record.unlink(missing_ok=True)  # what its files hold is not known here; the journal answers what is asked again
    return recorded(record, inputs, work, file)


def _samples(told: Benchmark, scoring: Scoring, exam: Exam, answer: Answer) -> list[Sample]:
    """The samples of a set, from the task of the harness that asks it."""
    if told.harness:
        folder = Path(exam.own or "").parent / told.tasks if told.tasks else None
        return run_task(told.harness, {}, answer, exam.limit, exam.prompting, folder)
    own = exam.own if told.name not in catalogue() else None
    task = f"mentalarena_{'own' if own else told.name}" + ("_generation" if scoring == "generation" else "")
    written = "cot" if exam.prompting == "medprompt" else exam.prompting  # MedPrompt writes its own around the question
    metadata = {"data": exam.data and str(exam.data), "prompting": written, "own": own and str(own)}
    return run_task(task, metadata | ({"benchmark": told.name} if own else {}), answer, exam.limit, exam.prompting)


def _adjusted(run: Run, done: Sequence[Json]) -> list[Json]:
    """The records with p values adjusted over all comparisons of the directory, and the least gain that the first step of that
    adjustment would find; all of them go to results.json. A comparison with a base that was since asked otherwise is none."""
    folder = run.out / "benchmarks"
    kept = [read_json(path, "a benchmark's record")["output"] for path in sorted(folder.glob("iteration-*/*.json"))]
    bases = {_asked_as(record): record["questions"] for record in kept if not record["iteration"]}
    valid = [r["p_vs_base"] is not None and bases.get(_asked_as(r)) == r["questions"] for r in kept]
    ps = holm([record["p_vs_base"] if good else None for record, good in zip(kept, valid, strict=True)])
    alpha = 0.05 / max(sum(valid), 1)
    every = []
    for record, good, p in zip(kept, valid, ps, strict=True):
        least = least_effect(record["n"], record["base_accuracy"], alpha=alpha) if good else math.inf
        every.append(record | {"p_vs_base_holm": p, "least_effect": None if math.isinf(least) else least})
    write_whole(folder / "results.json", json.dumps(every, indent=1, ensure_ascii=False) + "\n")
    return [next(r for r in every if all(r[key] == value for key, value in record.items())) for record in done]


def _asked_as(record: Json) -> tuple[str, ...]:
    return tuple(str(record[key]) for key in ("benchmark", "scoring", "prompting", "limit"))


def _answers(
    run: Run, ref: ModelRef, place: Place, asked: Sequence[Asked], exam: Exam, pool: Sequence[Question]
) -> list[Given]:
    """What the model gives to each request, through the journal; equal requests are one."""
    player, seed = run.players(ref)["therapist"], run.config.seed
    embedder = embedder_of(run.config.play.embedder)
    medprompt = MedPrompt(pool, embedder, exam.examples, exam.shuffles) if exam.prompting == "medprompt" else None

    def voice(messages: tuple[Message, ...], set_: str = place.item) -> JournaledVoice:
        # by content: a longer, changed or reordered set asks only what is new
        item = digest([player.model.name, [message.as_dict() for message in messages]])[:16]
        return JournaledVoice(player.model, run.journal, replace(place, item=f"{set_}/{item}"), seed)

    async def drawn(told: JournaledVoice, scope: str, messages: tuple[Message, ...], sampling: Sampling) -> str:
        reply = await told.reply(f"therapist/{scope}", messages, sampling)
        return "" if reply.finish_reason == "length" else reply.text  # half a reply has not come to its answer

    async def ask(scope: str, messages: tuple[Message, ...]) -> str:
        if scope == "reasoning":  # of an example, whichever set shows it
            return await drawn(voice(messages, "examples"), scope, messages, Sampling(0.0, 1.0, LONGEST["medprompt"]))
        # an ensemble of equal answers is none
        warm = Sampling(player.sampling.temperature, player.sampling.top_p, LONGEST["medprompt"])
        return await drawn(voice(messages), scope, messages, warm)

    async def give(request: Asked) -> Given:
        if medprompt and request.question:
            label, replies, examples = await medprompt.answer(request.question, ask)
            return Given(text=label, replies=replies, examples=examples)
        told = voice(request.messages)
        if request.answers:
            scores = await told.score("therapist/scores", request.messages, request.answers, ended=False)
            return Given(scores=tuple(scores))
        reply = await told.reply("therapist/answer", request.messages, request.sampling)
        cut = f"cut off after {request.sampling.max_tokens} tokens" if reply.finish_reason == "length" else ""
        return Given(text=reply.text, problem=cut)

    async def one(request: Asked) -> tuple[Given, Sequence[Problem]]:
        try:
            return await give(request), ()
        except ModelError as error:
            kind: ProblemKind = "refusal" if isinstance(error, ModelRefusal) else "model_error"
            return Given(problem=str(error)), (Problem("answer", "therapist", kind, str(error)),)

    distinct = {_key(request): request for request in asked}
    run.progress.start(f"{place.item}, iteration {place.iteration}", len(distinct))
    work = settled(list(distinct.values()), one, run.config.play.concurrency, "questions", lambda _: run.progress.advance())
    given = dict(zip(distinct, run.backends.run(work), strict=True))
    return [given[_key(request)] for request in asked]


def _key(request: Asked) -> tuple[object, ...]:
    question = (request.question.text, tuple(request.question.options.items())) if request.question else ()
    return request.messages, request.answers, request.sampling, question
