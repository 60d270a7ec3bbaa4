"""Analyse: the signals of every iteration of a run, and what the stopping rule makes of them.

What needs no model is measured from rows and episodes alone. Where the therapist's model can tell probabilities, it scores
the rows and the base's talks with development patients, through the journal: the same call asks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeGuard

from mentalarena.analysis.drift import KINDS, distribution, named_in, problem_rates
from mentalarena.analysis.intervals import as_json, from_json
from mentalarena.analysis.signals import (
    SIGNALS,
    Scored,
    Signals,
    episode_signals,
    perplexity_of,
    row_signals,
    sampled,
    score_signals,
)
from mentalarena.analysis.stopping import Decision, decide, decisions
from mentalarena.arena.episode import interview
from mentalarena.arena.types import Episode, Problem, View
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.config import Config
from mentalarena.errors import DataError, ModelError
from mentalarena.evaluation.statistics import Interval, mean_interval
from mentalarena.evaluation.verifier import CHECKS
from mentalarena.models.backends import embedder_of
from mentalarena.models.base import Message, ModelRef
from mentalarena.runs.directory import each_of_jsonl, read_jsonl, write_jsonl, write_whole
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import cast_at, settled
from mentalarena.stages.run import Json, Run, digest, digest_of, folder_of, named, on_record, recorded
from mentalarena.stages.train import trained
from mentalarena.training.rows import THERAPIST, Row, read_episodes, read_rows

ANALYSIS = "analysis.json"
TEXTS, LIKELIHOODS = "signals.json", "likelihoods.json"
"""In an iteration's folder: what its texts tell, and how probable its rows are under the model before."""
DIALOGUES = "development-dialogues"
"""Under evaluation/: the base's talks with development patients, as they stand in the journal."""
SCORERS = ("embedded", "transformers")
"""Providers that tell probabilities. Others are never asked: to open one could load weights into a server."""


def analyse(run: Run, scored: bool = True, models: Sequence[ModelRef] | None = None) -> Json:
    """All that a finished (or half finished) run tells: {run, signals, decisions, stopping, problems, distributions}, in
    DIR/analysis.json too. `models` are those of its iterations; unset: as many as have been played or evaluated. Not `scored`:
    no model is asked, and only what was scored before is told. Raises `DataError` for a model or file that is not there."""
    count = _iterations(run) if models is None else len(models)
    if not count:
        raise DataError(f"{run.out}: nothing has been played; expected the run directory of `mentalarena run` or `play`")
    playing = (_models(run, count, scored) if models is None else models) if _can_score(run) else ()
    history = history_of(run, count, playing, scored)
    followed = [as_json(one.measured).get("score_change") for one in history[1:]]  # what a stop would have gone without
    told: Json = {
        "run": str(run.out),
        "signals": [asdict(one) | {"measured": as_json(one.measured), "chance": dict(one.chance)} for one in history],
        "decisions": [
            {"iteration": one.iteration} | asdict(decision) | {"next_change": change}
            for one, decision, change in zip(
                history, decisions(history, run.config.loop.patience), [*followed, None], strict=True
            )
        ],
        "stopping": run.config.loop.stopping,
        "problems": [],
        "distributions": [],
    }
    for iteration in range(count):
        episodes = _episodes(run, iteration)
        told["problems"].append(as_json(problem_rates(episodes)))
        told["distributions"].append({kind: distribution(named_in(episodes, kind)) for kind in KINDS})
    write_whole(run.out / ANALYSIS, json.dumps(told, indent=1) + "\n")
    return told


def identity(config: Config, out: Path) -> str:
    """The same for a run and its copies: settings with the seed, and the first iteration's episodes. A run without any is its
    folder."""
    episodes = folder_of(out, 0) / "episodes.jsonl"
    return digest([repr(config), digest_of(episodes)]) if episodes.is_file() else str(out.resolve())


def decision(run: Run, models: Sequence[ModelRef], scored: bool) -> Decision:
    """Whether the loop goes on after the last of `models` has played. Not `scored`: by what needs no model alone, so that it does
    not hang on what else was done in the directory."""
    history = history_of(run, len(models), models if scored and _can_score(run) else ())
    return decide(history, run.config.loop.patience)


def history_of(run: Run, count: int, models: Sequence[ModelRef] = (), ask: bool = True) -> list[Signals]:
    """The signals of the first `count` iterations; `models` are those that played them, where likelihoods are wanted. Not
    `ask`: those that are on record."""
    return [_signals(run, iteration, models, ask) for iteration in range(count)]


def history_from(told: Mapping[str, Any]) -> list[Signals]:
    """The history in what `analyse` gives."""
    return [Signals(**one | {"measured": from_json(one["measured"])}) for one in told["signals"]]


def _iterations(run: Run) -> int:
    """How many have been played or evaluated."""
    count = 0
    while (run.folder(count) / "episodes.jsonl").exists() or _evaluation(run, count, "development").exists():
        count += 1
    return count


def _models(run: Run, count: int, needed: bool) -> list[ModelRef]:
    """Who played; nobody where a model is gone and not `needed`: texts can be measured without it."""
    try:
        return [trained(run, iteration) for iteration in range(count)]
    except DataError:
        if needed:
            raise
        return []


def _signals(run: Run, iteration: int, models: Sequence[ModelRef], ask: bool) -> Signals:
    texts = _of_texts(run, iteration)
    measured = from_json(texts["measured"]) | _of_development(run, iteration)
    if models:
        measured |= _of_models(run, iteration, models, ask)
    return Signals(iteration, texts["rows"], texts["episodes"], measured, texts["chance"])


def _of_texts(run: Run, iteration: int) -> Json:
    """Of rows and episodes, which no model is needed for."""
    folder, first = run.folder(iteration), run.folder(0)
    if not (folder / "episodes.jsonl").exists():
        return {"rows": 0, "episodes": 0, "measured": {}, "chance": {}}
    files = {f / name for f in (folder, first) for name in ("sft.jsonl", "episodes.jsonl") if (f / name).exists()}
    settings, seed = run.config.evaluation, run.config.seed
    inputs = {
        "files": [[file.name, digest_of(file)] for file in sorted(files)],
        "embedder": run.config.play.embedder,
        "signals": list(SIGNALS),
        "resamples": settings.resamples,
        "seed": seed,
    }

    def work() -> Json:
        rows, episodes = _rows(run, iteration), _episodes(run, iteration)
        base, before = (_rows(run, 0), _episodes(run, 0)) if iteration else ([], [])
        count = sum(row.kind in THERAPIST for row in rows)
        found = row_signals(rows, base, embedder_of(run.config.play.embedder), settings.resamples, seed)
        played, chance = episode_signals(episodes, before, count, settings.resamples, seed)
        return {"rows": count, "episodes": len(episodes), "measured": as_json(found | played), "chance": chance}

    return recorded(folder / TEXTS, inputs, work)


def _of_development(run: Run, iteration: int) -> dict[str, Interval]:
    """Of what the development patients brought, which steers the loop."""
    resamples, found = run.config.evaluation.resamples, dict[str, Interval]()
    if own := _answers(run, iteration):
        found |= score_signals(own, _answers(run, iteration - 1) if iteration else None, resamples)
    file = _evaluation(run, iteration, "verifier")
    verdicts = read_jsonl(file) if file.exists() else []
    for number, verdict in enumerate(verdicts, 1):
        if not isinstance(verdict.get("check"), str) or not _between_0_and_1(verdict.get("right")):
            raise DataError(f"{file}:{number}: no verdict; expected a check, and whether it was right")
    for check in CHECKS:
        if right := [float(verdict["right"]) for verdict in verdicts if verdict["check"] == check]:
            found[f"verifier_{check}"] = mean_interval(right, resamples)
    return found


def _of_models(run: Run, iteration: int, models: Sequence[ModelRef], ask: bool) -> dict[str, Interval]:
    """Perplexities: of the rows under the model before, of the base's talks under the model itself."""
    resamples, before = run.config.evaluation.resamples, models[max(iteration - 1, 0)]
    texts = {
        "perplexity": _of_rows(run, iteration, before, ask),
        "dialogue_perplexity": _of_dialogues(run, iteration, models[iteration], models[0], ask),
    }
    found = {name: perplexity_of(scored, resamples) for name, scored in texts.items()}
    return {name: interval for name, interval in found.items() if interval}


def _of_rows(run: Run, iteration: int, ref: ModelRef, ask: bool) -> list[Scored]:
    rows = sampled(_rows(run, iteration), run.config.seed)
    if not rows:
        return []
    asked = [(row.lineage.episode, row.prompt, row.completion) for row in rows]
    return _scored(run, run.folder(iteration) / LIKELIHOODS, iteration, ref, asked, f"score rows {iteration}", ask)


def _of_dialogues(run: Run, iteration: int, ref: ModelRef, base: ModelRef, ask: bool) -> list[Scored]:
    asked = [
        (patient, tuple(view[:number]), message.content)
        for patient, view in _dialogues(run, base, ask)
        for number, message in enumerate(view)
        if message.role == "assistant"
    ]
    file = run.out / "evaluation" / f"iteration-{iteration:02d}-dialogues.json"
    return _scored(run, file, iteration, ref, asked, f"score dialogues {iteration}", ask)


Asked = tuple[str, tuple[Message, ...], str]


def _scored(
    run: Run, file: Path, iteration: int, ref: ModelRef, asked: Sequence[Asked], title: str, ask: bool
) -> list[Scored]:
    """How probable a model finds the answers; those that it refuses (a prompt that is too long) are left out."""
    inputs = {"model": named(ref), "texts": digest([[g, [m.as_dict() for m in p], c] for g, p, c in asked])}

    def work() -> Json:
        players = run.players(ref, ("therapist",))
        model: Any = players["therapist"].model
        run.progress.start(title, len(asked))

        async def one(item: Asked) -> tuple[Scored | None, Sequence[Problem]]:
            group, prompt, answer = item
            key = digest([[m.as_dict() for m in prompt], answer])[:16]
            cast = cast_at(Place(iteration, "analyse", f"{group}/{key}", named(ref)), players, run.journal, run.config.seed)
            try:
                [score] = await cast.therapist.score(View(prompt), "answer", [answer])
                return Scored(group, score, await model.tokens(answer)), ()
            except ModelError as error:
                cast.therapist.failed("answer", error)
                return None, cast.therapist.ledger.problems

        work = settled(asked, one, run.config.play.concurrency, "answers to score", lambda _: run.progress.advance())
        return {"scored": [[s.group, s.log_probability, s.tokens] for s in run.backends.run(work) if s]}

    told = recorded(file, inputs, work) if ask else on_record(file, inputs)
    return [Scored(*one) for one in told["scored"]] if told else []


def _dialogues(run: Run, base: ModelRef, ask: bool) -> list[tuple[str, list[Message]]]:
    """The therapist's views of the base's interviews with development patients. They stand in the journal where the base has
    been evaluated; else they are held now."""
    settings, seed = run.config.evaluation, run.config.seed
    met = [patient for patient, _ in run.clinic.draw("development", settings.development, seed)]
    file = run.out / "evaluation" / f"{DIALOGUES}.jsonl"
    inputs = {
        "model": named(base), "patients": digest([asdict(p) for p in met]), "guided": settings.guided, "prompts": run.prompts,
    }  # fmt: skip

    def work() -> Json:
        players, arena = run.players(base, ("therapist",)), run.arena()
        arena = replace(arena, settings=replace(arena.settings, guided=settings.guided))
        run.progress.start("development dialogues", len(met))

        async def one(patient: Patient) -> tuple[Sequence[Message], Sequence[Problem]]:
            cast = cast_at(Place(0, "evaluate", patient.id, "iteration-00"), players, run.journal, seed)
            told = await interview(patient, arena, cast)
            return told.talk.therapist.messages if told.talk else (), cast.therapist.ledger.problems

        work = settled(met, one, run.config.play.concurrency, "interviews", lambda _: run.progress.advance())
        talks = zip(met, run.backends.run(work), strict=True)
        write_jsonl(file, ({"patient": p.id, "messages": [m.as_dict() for m in view]} for p, view in talks))
        return {"talks": len(met)}

    if ask:
        recorded(file.with_suffix(".json"), inputs, work, file)
    elif on_record(file.with_suffix(".json"), inputs, file) is None:
        return []
    return [(told["patient"], [Message(m["role"], m["content"]) for m in told["messages"]]) for told in read_jsonl(file)]


def _can_score(run: Run) -> bool:
    return run.config.models.therapist.provider in SCORERS


def _evaluation(run: Run, iteration: int, what: str) -> Path:
    return run.out / "evaluation" / f"iteration-{iteration:02d}-{what}.jsonl"


def _answers(run: Run, iteration: int) -> dict[str, list[float]]:
    """Each development patient's probabilities of a right answer."""
    file, found = _evaluation(run, iteration, "development"), dict[str, list[float]]()
    for number, told in enumerate(each_of_jsonl(file) if file.exists() else (), 1):
        patient, probability = told.get("patient"), told.get("probability")
        if not isinstance(patient, str) or not _between_0_and_1(probability):
            raise DataError(f"{file}:{number}: no answer; expected a patient's id, and its probability from 0 to 1")
        found.setdefault(patient, []).append(float(probability))
    return found


def _between_0_and_1(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 <= value <= 1


def _rows(run: Run, iteration: int) -> list[Row]:
    file = run.folder(iteration) / "sft.jsonl"
    return read_rows(file) if file.exists() else []


def _episodes(run: Run, iteration: int) -> list[Episode]:
    file = run.folder(iteration) / "episodes.jsonl"
    return read_episodes(file) if file.exists() else []
