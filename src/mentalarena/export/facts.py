"""What the cards tell of a run: counts, models, settings, licences, audits, results. All of it is read, nothing is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mentalarena.audit.licences import Verdict, read_licence
from mentalarena.audit.names import without_folders
from mentalarena.evaluation.therapist import TASKS
from mentalarena.export.cards import fence, size_category
from mentalarena.export.formats import COLUMNS, EMBEDDED_NAME, LINEAGE, MEANING, Record, path_of, public_name
from mentalarena.export.gather import Placed
from mentalarena.export.plan import Plan
from mentalarena.export.public_settings import (
    SHIPPED,
    clinic_of,
    commands,
    limits_of,
    principles_of,
    roles_of,
    shown_settings,
)
from mentalarena.export.results import Results
from mentalarena.export.splits import SPLITS
from mentalarena.export.weights import Learnt
from mentalarena.models.publish import revision_of
from mentalarena.report.terminal import CONTROL_NOTE, notice, with_interval
from mentalarena.training.preference import PreferencePair
from mentalarena.training.rows import THERAPIST, Row, RowLineage

TAGS = ("mentalarena", "synthetic", "simulated-patients", "self-play", "mental-health", "not-for-clinical-use")
LEARNING = (
    "method", "trained", "input", "start_from", "rows", "min_score", "replay", "rehearsal", "warm_start", "weights",
    "learning_rate", "batch_size", "accumulation", "lora_rank", "lora_alpha", "lora_dropout", "weight_decay", "max_grad_norm",
    "warmup_steps", "schedule", "optimizer", "max_length",
)  # fmt: skip
"""Settings of a training that its card shows."""
OUTCOME = ("epochs", "seed", "rows", "too_long", "steps", "loss", "dtype", "processes")


def shared_facts(plan: Plan, found: Results | None) -> dict[str, Any]:
    """What both cards need. `found`: what the model is worth that the card tells of."""
    clinic = plan.config.clinic.source
    models = list(found.models) if found else []
    own = models[1] if len(models) > 1 else ""
    return {
        "version": package_version(),
        "notice": notice({"clinic": clinic}),
        "despite": plan.overridden,
        "overridden": [gate for gate in gates_of(plan) if gate["check"] in plan.overridden],
        "results": found,
        "tasks": TASKS,
        "own": own,
        "at_floor": found.at_floor(plan.config.evaluation.resamples) if found else None,
        "fallen": fallen(found, own) if found else [],
        "has_control": any(name.startswith("control") for name in models),
        "control_note": CONTROL_NOTE,
        "resamples": plan.config.evaluation.resamples,
        "language": "en" if clinic in SHIPPED else "",
        "limits": limits_of(plan.config),
    }


def fallen(found: Results, own: str) -> list[dict[str, Any]]:
    """Tasks in which the likeliest answer is right less often than before: the probability alone would not tell."""
    told = [(task, found.models[own][task], found.models["base"][task]) for task in found.fallen(own)]
    return [
        {"task": task, "own": new["accuracy"], "base": old["accuracy"], "p": new.get("accuracy_p_vs_base_holm")}
        for task, new, old in told
    ]


def dataset_facts(plan: Plan, counts: Mapping[str, Mapping[str, int]], found: Results | None) -> dict[str, Any]:
    """What the dataset's card needs. `counts`: records by configuration and split."""
    config, taken, options = plan.config, plan.taken, plan.options
    kinds = Counter(one.kind for one in taken.rows)
    placed: Mapping[str, Sequence[Placed[Any]]] = {"preference": taken.pairs, "dialogues": taken.talks}
    again = commands(config, options.arguments())
    configs = [
        {
            "name": name,
            "meaning": MEANING[name],
            "counts": {split: by_split.get(split, 0) for split in SPLITS},
            "splits": [{"name": split, "path": path_of(name, split)} for split in SPLITS if by_split.get(split)],
            "columns": [*COLUMNS[name], *LINEAGE],
            "people": len({plan.persons[one.lineage.patient] for one in placed.get(name, taken.rows)}),
            "answers": len({_answer(one.what) for one in placed.get(name, taken.rows)}),
        }
        for name, by_split in counts.items()
    ]
    return shared_facts(plan, found) | {
        "title": f"MentalArena self-play: {clinic_of(config)}, seed {config.seed}",
        "licence": licence_of(plan.verdict),
        "size": size_category(max((sum(by.values()) for by in counts.values()), default=0)),
        "tags": [*TAGS, "sft", *(["dpo"] if "preference" in counts else [])],
        "configs": configs,
        "splits": SPLITS,
        "kinds": sorted(kinds.items()),
        "sides": _sides(kinds),
        "people_counts": {split: sum(own == split for own in plan.splits.values()) for split in SPLITS},
        "seed": plan.seed,
        "dev_share": options.dev_share,
        "unknown_people": plan.unknown_people,
        "held_back": _counted(taken.held_back),
        "audited": {
            "all": sum(map(len, plan.audit.rows.values())),
            "main": sum(len(rows) for file, rows in plan.audit.rows.items() if file.startswith("arms/main/")),
        },
        "taught": _taught(plan.learnt, plan) if plan.learnt else None,
        "guided": config.arena.guided,
        "patient_side": any(kind not in THERAPIST for kind in kinds),
        "repeated": _counted(taken.repeated),
        "other_licence": _counted(taken.other_licence),
        "only": options.only,
        "roles": roles_of(config),
        "models": sorted(Counter(public_name(one.lineage.model) for one in taken).items()),
        "prompts": plan.prompts,
        "clinic": clinic_of(config),
        "iterations": ", ".join(map(str, plan.iterations)),
        "settings": shown_settings(config),
        "sources": sources((one.lineage, plan.persons[one.lineage.patient]) for one in taken),
        "principles": principles_of(config) if options.patient_side else "",
        "gates": gates_of(plan),
        "commands": again,
        "fence": fence(again),
    }


def model_facts(plan: Plan, learnt: Learnt, found: Results | None) -> dict[str, Any]:
    """What the card of trained weights needs."""
    config, trained, verdict, record = plan.config, learnt.trained, learnt.verdict, learnt.record
    embedded = trained.base == EMBEDDED_NAME
    unstated = f"{verdict.unstated} rows of patients whose licence nobody has stated" if verdict.unstated else ""
    permissive = verdict.whole is not None and verdict.whole.asks <= {"attribution"} and not verdict.unstated
    settings = [(f"training.{key}", record["settings"][key]) for key in LEARNING if key in record["settings"]]
    own = [(key.replace("_", " "), record[key]) for key in OUTCOME]
    method = str(record["settings"].get("method", "sft"))
    return shared_facts(plan, found) | {
        "licence": "apache-2.0" if embedded and permissive else "other",
        "base": trained.base,
        "whole": trained.whole,
        "tags": [*TAGS, method, *([] if trained.whole else ["lora"])],
        "dataset": plan.options.dataset,
        "title": f"MentalArena self-play: {trained.base}, iteration {trained.iteration}, seed {config.seed}",
        "iteration": trained.iteration,
        "run_seed": config.seed,
        "revision": revision_of(trained.folder),
        "embedded": embedded,
        "base_digest": plan.base_digest if embedded else "",
        "taught": _taught(learnt, plan),
        "sources": sources((one.lineage, one.lineage.patient) for one in learnt.rows),
        "training": [*settings, *((key, value) for key, value in own if value is not None)],
        "data_licence": ", and ".join(filter(None, (licence_of(verdict)["id"], unstated))),
        "base_licence": "Apache-2.0, as the package" if embedded else f"that of {trained.base}",
    }


def _taught(learnt: Learnt, plan: Plan) -> dict[str, Any]:
    """What weights have learnt, and how much of it audits hold back."""
    return {
        "rows": len(learnt.rows),
        "kinds": sorted(Counter(one.kind for one in learnt.rows).items()),
        "held_back": sum(one.what in plan.taken.taught for one in learnt.rows),
    }


def _answer(what: Row | PreferencePair | Record) -> str:
    """What is told apart as an answer: the completion, the chosen one of a pair, a whole talk."""
    if isinstance(what, Row):
        return what.completion
    return what.chosen if isinstance(what, PreferencePair) else json.dumps(what["dialogue"])


def gates_of(plan: Plan) -> list[dict[str, str]]:
    """The gates of the audit, as far as they are told."""
    names = ("check", "status", "examined", "findings", "note")
    told = [{name: str(gate.get(name, "")) for name in names} for gate in plan.audit.gates]
    told = [one | {"note": without_folders(one["note"])} for one in told]
    shares = [gate.get("share") for gate in plan.audit.gates]
    return [one | {"share": _share(share)} for one, share in zip(told, shares, strict=True)]


def licence_of(verdict: Verdict) -> dict[str, Any]:
    """What the whole is under, as cards tell it."""
    whole = verdict.whole
    hub = "unknown" if verdict.unstated or whole is None else whole.hub
    identifier = whole.id if whole else ""
    asks = whole.asks if whole else frozenset()
    return {"id": identifier, "hub": hub, "unstated": verdict.unstated, "attribution": "attribution" in asks}


def sources(told: Iterable[tuple[RowLineage, str]]) -> list[dict[str, Any]]:
    """Records and people by source and licence, of lineages and persons."""
    found: dict[tuple[str, str], list[str]] = {}
    for lineage, person in told:
        found.setdefault((lineage.patient_source, lineage.patient_licence), []).append(person)
    return [
        {
            "source": public_name(source) or "unstated",
            "licence": licence or "unstated",
            "read": read_licence(licence).id,
            "records": len(people),
            "people": len(set(people)),
        }
        for (source, licence), people in sorted(found.items())
    ]


def package_version() -> str:
    try:
        return version("mentalarena")
    except PackageNotFoundError:
        return "unknown"


def _share(told: Any) -> str:
    """A share with its interval, as a gate tells it."""
    if not (isinstance(told, list) and len(told) == 3 and all(isinstance(one, int | float) for one in told)):
        return ""
    return with_interval(told[0], told[1:])


def _counted(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(left_out.items()) if count)


def _sides(kinds: Mapping[str, int]) -> str:
    if all(kind in THERAPIST for kind in kinds):
        return "The answers are the therapist's; the patient's and the judge's own replies are not in it."
    return "Talk, choice and outcome are the patient's own replies, whose prompts hold its profile; score is the judge's."
