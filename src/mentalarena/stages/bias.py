"""Bias: the model of an iteration as therapist of the same people under other demographics, into `bias.json`.

The therapist hears the demographics (`arena.intake`), and so does the patient, whom the base model plays. Patient and judge are
the same for all versions and iterations. Every reply stands in the journal: the same call asks nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from mentalarena.analysis.bias import Finding, NameShift, Trained, against_base, compare
from mentalarena.analysis.counterfactual import PLACEBO, Assessment
from mentalarena.arena.decoder import decode
from mentalarena.arena.episode import Arena, Interview, interview
from mentalarena.arena.roles import Cast
from mentalarena.arena.therapist import with_intake
from mentalarena.arena.types import Problem
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.counterfactual import MARK, VALUES, counterfactuals, original_of
from mentalarena.clinic.references import Reference, Split
from mentalarena.errors import ConfigError, DataError
from mentalarena.evaluation.severity import expected, likeliest, rate
from mentalarena.evaluation.therapist import TASKS, conclude
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import read_jsonl, write_jsonl, write_whole
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import cast_at, settled
from mentalarena.stages.contestants import check_plays, iteration_of
from mentalarena.stages.evaluate import looked
from mentalarena.stages.run import Json, Run, digest, named, recorded
from mentalarena.stages.train import trained

BIAS, FOLDER = "bias.json", "bias"
UNKNOWN = Reference("", (), ())


@dataclass(frozen=True)
class Asked:
    """Whom to meet, and how."""

    attributes: Sequence[str] = tuple(VALUES)
    patients: int | None = None
    """Persons at most; None: as many as an evaluation meets."""
    each: int | None = None
    """Values of an attribute for each person at most; None: all."""
    placebos: int = 3
    """How often each person is met again just as it is."""
    source: str = ""
    """Whose people, as `clinic.source`; empty: the run's own. Those of a file come themselves, without references."""
    split: Split = "development"
    same_words: bool = False
    """Whether the therapist hears the original's talk in each version, word for word, behind another intake sheet: what differs
    is then the therapist's alone. Else each version is interviewed, and the patient may talk otherwise too."""

    @property
    def by_split(self) -> bool:
        """Whether people come by split, with references; those of a file come themselves."""
        return self.source in ("", "generated", "library")


@dataclass(frozen=True)
class Version:
    """A person to meet."""

    patient: Patient
    truth: Reference | None
    """None: nobody knows."""
    attribute: str = ""
    value: str = ""


def bias(run: Run, iteration: int, asked: Asked = Asked(), base: bool = False) -> Json:
    """What an iteration's therapist makes of demographics: {iteration, model, clinic, split, people, versions, tests, findings[],
    placebo[], names[], trained[]}, in DIR/bias.json too. With `base` iteration 0 meets the same people, and `trained` tells the
    differences of differences.

    Raises `ConfigError` for an unknown attribute and for a base beside itself, `DataError` for a model that has not been
    trained and where nobody has a counterfactual.
    """
    if unknown := [name for name in asked.attributes if name not in VALUES]:
        raise ConfigError(f"--attributes {unknown[0]}: expected one of {', '.join(VALUES)}")
    if base and iteration == 0:
        raise ConfigError("--base: iteration 0 is the base itself; expected --iteration 1 or later")
    if asked.source:
        clinic = run.config.clinic.model_copy(update={"source": asked.source})
        run = replace(run, config=run.config.model_copy(update={"clinic": clinic}))
    check_plays(run, "therapist", [iteration_of(run, iteration)])
    ref = trained(run, iteration)
    versions = who_is_met(run, asked)
    own = assessed(run, iteration, ref, asked, versions)
    before = assessed(run, 0, trained(run, 0), asked, versions) if base else []
    resamples = run.config.evaluation.resamples

    def work() -> Json:
        run.progress.start("bias: compare", 1)
        found = compare(own, resamples)
        change = against_base(own, before, resamples) if before else ()
        run.progress.advance()
        return asdict(found) | {
            "findings": [_json(one) | {"significant": one.significant} for one in found.findings],
            "placebo": [_json(one) for one in found.placebo],
            "names": [_json(one) for one in found.names],
            "trained": [_json(one) | {"worse": one.worse} for one in change],
        }

    inputs = {"met": digest([[asdict(a) for a in met] for met in (own, before)]), "resamples": resamples}
    told = {
        "iteration": iteration,
        "model": named(ref),
        "base": named(trained(run, 0)) if base else None,
        "clinic": run.clinic.name,
        "split": asked.split if asked.by_split else None,
        "versions": len(versions),
        "placebos": asked.placebos,
        "same_words": asked.same_words,
        "toy": run.config.models.therapist.provider == "embedded",
        **recorded(run.out / FOLDER / f"{_name(iteration, asked)}{'-base' if base else ''}-compared.json", inputs, work),
    }
    write_whole(run.out / BIAS, json.dumps(told, indent=1) + "\n")
    return told


def who_is_met(run: Run, asked: Asked) -> list[Version]:
    """Each person as it is, then its placebos, then its counterfactuals. Raises `DataError` where there are none of those."""
    met = people(run, asked)
    truths = {patient.id: truth for patient, truth in met}
    found, varied = list[Version](), 0
    for patient in counterfactuals([patient for patient, _ in met], asked.attributes, asked.each, run.config.seed):
        truth = truths[original_of(patient.id)]  # the mind is the same, so what is true of it is too
        if patient.id in truths:
            found.append(Version(patient, truth))
            found += [
                Version(_renamed(patient, f"{patient.id}{MARK}{PLACEBO}={number}"), truth, PLACEBO, str(number))
                for number in range(1, asked.placebos + 1)
            ]
        else:
            attribute = patient.id.rpartition(MARK)[2].partition("=")[0]
            found.append(Version(patient, truth, attribute, dict(patient.demographics)[attribute]))
            varied += 1
    if not varied:
        raise DataError(
            f"{run.clinic.name}: nobody of its {asked.split.replace('_', '-')} split has {' or '.join(asked.attributes)} that "
            "could be another; expected people with demographics, such as --people library"
        )
    return found


def people(run: Run, asked: Asked) -> list[tuple[Patient, Reference | None]]:
    """Whom the question is about: nobody twice, in several situations."""
    count, seed = asked.patients or getattr(run.config.evaluation, asked.split), run.config.seed
    met: list[tuple[Patient, Reference | None]]
    if asked.by_split:
        met = [*run.clinic.draw(asked.split, count, seed)]
    else:
        once = {patient.person or patient.id: patient for patient in reversed(run.clinic.patients(sys.maxsize, seed))}
        met = [(patient, None) for patient in [*once.values()][::-1][:count]]
    if marked := [patient.id for patient, _ in met if MARK in patient.id]:
        raise DataError(f"{run.clinic.name}: {marked[0]!r}: {MARK} marks counterfactuals; expected ids without it")
    return met


def assessed(run: Run, iteration: int, ref: ModelRef, asked: Asked, versions: Sequence[Version]) -> list[Assessment]:
    """What a therapist comes to with each version, in their order; from DIR/bias where it has met just these."""
    name, settings = _name(iteration, asked), run.config.evaluation
    file = run.out / FOLDER / f"{name}.jsonl"
    who = {
        "model": named(ref),
        "clinic": run.clinic.name,
        "prompts": run.prompts,
        "guided": settings.guided,
        "samples": settings.samples,
    }
    inputs = who | {"versions": digest([asdict(version) for version in versions])}

    def work() -> Json:
        players, seed = run.players(ref, ("therapist",)), run.config.seed
        arena = run.arena()
        arena = replace(arena, settings=replace(arena.settings, guided=settings.guided, intake=True))
        arm, talks = f"{name}-{digest(who)[:8]}", dict[str, Interview]()
        run.progress.start(f"bias {iteration}: meet", len(versions))

        async def one(version: Version) -> tuple[Assessment, Sequence[Problem]]:
            cast = cast_at(Place(0, "bias", version.patient.id, arm), players, run.journal, seed)
            if asked.same_words and version.attribute:
                met = await reread(talks[original_of(version.patient.id)], version.patient, arena, cast)
            else:
                met = await interview(version.patient, arena, cast)
            if not version.attribute:
                talks[version.patient.id] = met
            found = await conclude(met, version.truth or UNKNOWN, arena, cast, settings.samples, seed)
            rated = await rate(found.told, cast, settings.samples) if found.told else {}
            answers = {answer.task: answer for answer in found.answers}
            return Assessment(
                patient=version.patient.id,
                original=original_of(version.patient.id),
                attribute=version.attribute,
                value=version.value,
                right={task: answers[task].probability for task in TASKS} if version.truth else {},
                said={task: answers[task].said for task in TASKS},
                no_diagnosis=answers["diagnosis"].invalid,
                severity=None if (rating := expected(rated)) is None else round(rating, 6),
                level=likeliest(rated),
            ), cast.therapist.ledger.problems

        async def all_of_them() -> list[Assessment]:
            met: dict[str, Assessment] = {}
            for part in ([v for v in versions if not v.attribute], [v for v in versions if v.attribute]):
                done = await settled(part, one, run.config.play.concurrency, "interviews", lambda _: run.progress.advance())
                met |= {assessment.patient: assessment for assessment in done}
            return [met[version.patient.id] for version in versions]

        found = run.backends.run(all_of_them())
        if asked.split == "held_out":
            looked(run, f"{FOLDER}-{name}-{digest(inputs)[:8]}", named(ref))  # other people or attributes are another look
        write_jsonl(file, (asdict(one) for one in found))
        return {"versions": len(found)}

    recorded(file.with_suffix(".json"), inputs, work, file)
    return [Assessment(**record) for record in read_jsonl(file)]


async def reread(original: Interview, patient: Patient, arena: Arena, cast: Cast) -> Interview:
    """The original's talk behind this patient's intake sheet, decoded anew."""
    encoded = replace(original.encoded, patient=patient)
    if not original.talk:
        return Interview(encoded, None, ())
    talk = with_intake(original.talk, original.encoded.patient.about(), patient.about(), cast)
    return Interview(encoded, talk, (await decode(talk, encoded, arena.embedder, arena.thresholds, cast),))


def _renamed(patient: Patient, name: str) -> Patient:
    return replace(patient, cognitive_model=replace(patient.cognitive_model, id=name))


def _name(iteration: int, asked: Asked) -> str:
    return f"iteration-{iteration:02d}-{asked.split}{'-same-words' if asked.same_words else ''}"


def _json(one: Finding | NameShift | Trained) -> Json:
    """With an interval as the other stages write it."""
    told = asdict(one)
    interval = told.pop("difference")
    return told | {"difference": interval["mean"], "ci95": [interval["low"], interval["high"]]}
