"""Finished runs beside each other: what each came to on its held-out patients, and where two met the same people in the same way,
how much they differ on those, with an interval.

A patient's id alone does not make the same person: each run's patients are played by its own base models. So two runs have a
difference only where all settings that make the patient and the interview are the same (SAME). Where a server stands is not
among them: two that serve different models under one name cannot be told apart here.

No p values stand here: whoever picks two runs out of many after having seen them has tested more than two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mentalarena.arena.roles import ROLES
from mentalarena.config import ModelConfig
from mentalarena.errors import DataError
from mentalarena.evaluation.statistics import Interval, mean_interval
from mentalarena.evaluation.therapist import TASKS
from mentalarena.models.backends import base_of
from mentalarena.runs.directory import ROLE_FREE, flat, read_json, read_jsonl
from mentalarena.stages.run import WEIGHTS

RESAMPLES = 1999
"""Enough for an interval to look at; a run's own tests have more."""
SAME = (
    "models.patient",
    "models.judge",
    "arena",
    "clinic",
    "play.embedder",
    "play.threshold_quantile",
    "evaluation.guided",
)
"""Settings, or sections of them, that make the patient and the interview."""
ANYHOW = (*ROLE_FREE, "publish", "publish_command")
"""Of a role: how fast and from where it answers, and how trained weights come into play (who is interviewed has none)."""
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A finished run."""

    name: str
    summary: Json
    answers: Mapping[str, Mapping[str, float]]
    """Of its best model: by task and patient the probability of a right answer."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """What made its patients and interviews, setting by setting."""


@dataclass(frozen=True)
class Difference:
    """How much more the second's best model gives right answers than the first's, on the patients whom both met."""

    first: str
    second: str
    task: str
    patients: int
    interval: Interval | None
    """None where they met nobody in common."""
    unlike: tuple[str, ...] = ()
    """Settings by which the two met other patients, or met them otherwise: with any there is no difference."""


def contestant(name: str, out: Path) -> Contestant:
    """A run directory as one side of a comparison. Raises `DataError` where it is not finished or not readable."""
    summary = read_json(out / "summary.json", "a run that `mentalarena run` has finished")
    try:
        best = int(summary["best_iteration"])
        if not summary["held_out"]:
            raise DataError(f"{name}: not finished; expected a run whose held-out patients have been met")
        file = out / "evaluation" / (f"best-iteration-{best:02d}-held_out.jsonl" if best else "base-held_out.jsonl")
        answers: dict[str, dict[str, float]] = {task: {} for task in TASKS}
        for record in read_jsonl(file):
            answers[record["task"]][str(record["patient"])] = float(record["probability"])
        met = conditions(read_json(out / "config.json", "the settings of the run"))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{name}: {' '.join(repr(error).split())[:300]}; expected a run as this version writes it"
        ) from None
    return Contestant(name, summary, answers, met)


def conditions(tree: Json) -> dict[str, str]:
    """What makes a run's patients and interviews, of its config.json: settings by key, in JSON."""
    found = {
        key: json.dumps(value)
        for key, value in flat(tree).items()
        if any(key == one or key.startswith(f"{one}.") for one in SAME)
        and not (key.startswith("models.") and key.split(".")[2] in ANYHOW)
    }
    for role in ROLES:
        own = ModelConfig.model_construct(**tree["models"][role])  # of another version too, which is compared as it stands
        found[f"models.{role}.prompts"] = json.dumps(own.prompt_set)
        if role != "therapist":
            found[f"{WEIGHTS} of models.{role}"] = json.dumps(tree.get(WEIGHTS, {}).get(base_of(own).base, ""))
    return found


def differences(first: Contestant, second: Contestant) -> list[Difference]:
    """One a task."""
    found = []
    unlike = _unlike(first.conditions, second.conditions)
    for task in TASKS:
        before, after = first.answers[task], second.answers[task]
        both = [] if unlike else sorted(before.keys() & after.keys())
        interval = mean_interval([after[p] - before[p] for p in both], RESAMPLES) if len(both) > 1 else None
        found.append(Difference(first.name, second.name, task, len(both), interval, unlike))
    return found


def _unlike(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[str, ...]:
    keys = sorted(first.keys() | second.keys())
    told = ((key, first.get(key, "nothing"), second.get(key, "nothing")) for key in keys)
    return tuple(f"{key} ({one} and {other})" for key, one, other in told if one != other)
