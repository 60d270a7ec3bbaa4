"""Build: training rows from the episodes, into `sft.jsonl`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mentalarena.arena.prompts import load_prompts
from mentalarena.config import Config
from mentalarena.errors import DataError
from mentalarena.runs.directory import write_jsonl
from mentalarena.stages.arms import Arm, arm_of
from mentalarena.stages.rehearse import REHEARSAL
from mentalarena.stages.run import Json, Run, digest_of, recorded
from mentalarena.training.controls import same_amount, shuffled_labels
from mentalarena.training.preference import preference_pairs
from mentalarena.training.rows import (
    THERAPIST,
    VERIFIER,
    RowKind,
    distinct,
    read_episodes,
    read_rows,
    replayed,
    therapist_rows,
    verifier_rows,
)

PREFERENCES = "preferences.jsonl"


def replay_kinds(config: Config, arm: Arm) -> tuple[RowKind, ...]:
    """What an arm replays, in turn."""
    return config.training.replay_kinds if arm.verdicts_replayed else ("talk",)


def build(run: Run, iteration: int, arm: str = "main", most: Mapping[str, int] | None = None) -> Json:
    """Training rows from the episodes of an iteration into `sft.jsonl`, preference pairs into `preferences.jsonl`; returns how
    many rows of each kind.

    `most` caps the therapist's rows by kind; a control arm's cap is what the main arm has, unless it is given.
    """
    settings, models, what = run.config.training, run.config.models, arm_of(arm)
    folder = run.folder(iteration, arm)
    source = (folder if what.plays else run.folder(iteration)) / "episodes.jsonl"
    if what.capped and most is None:
        most = Counter(row.kind for row in read_rows(run.folder(iteration) / "sft.jsonl"))
    told = settings.model_dump(mode="json", exclude={"most_rows"})  # training draws from what is built
    rehearsed = what.verdicts_replayed and settings.rehearsal and settings.trained != "therapist"
    more = run.folder(0) / REHEARSAL if rehearsed else None
    inputs = {
        "episodes": digest_of(source),
        "rehearsal": more and digest_of(more),
        "settings": told,
        "arm": arm,
        "most": most,
        "prompts": run.prompts,
    }

    def work() -> Json:
        episodes = played = read_episodes(source)
        profiles = None
        if settings.input == "profile":
            whole = what.settings.get("cognition", True)
            profiles = {p.id: (p if whole else p.presenting()).cognitive_model for p in run.patients(iteration)}
            if missing := [e.patient_id for e in episodes if e.patient_id not in profiles]:
                raise DataError(
                    f"{source}: no patient {missing[0]!r} in {run.clinic.name}; expected the patients that were played"
                )
        taught = distinct(therapist_rows(episodes, load_prompts(models.therapist.prompt_set), settings.min_score, profiles))
        if more:
            episodes = [*episodes, *read_episodes(more)]
        own = verifier_rows(episodes, load_prompts(models.patient.prompt_set), load_prompts(models.judge.prompt_set))
        if most is not None:
            taught = same_amount(taught, most, run.config.seed)
        if what.share < 1:
            shares: dict[str, int] = {
                kind: round(what.share * n) for kind, n in Counter(row.kind for row in taught).items()
            }
            taught = same_amount(taught, shares, run.config.seed)
        if what.shuffled:
            taught = shuffled_labels(taught, run.config.seed)
        learnt = [row for row in taught if row.kind in what.kinds]
        # where nothing else is learnt, as much is replayed as beside all of the therapist's rows
        count = round(settings.replay * len(learnt if what.kinds else taught))
        kept = replayed(own, count, replay_kinds(run.config, what), run.config.seed + 1000 * iteration)
        rows = [*learnt, *distinct(kept)]
        if settings.trained == "therapist":
            rows = learnt  # patient and judge stay as they were: there is nothing to keep
        elif settings.trained == "patient":
            rows = distinct(row for row in own if row.kind != "score")
        write_jsonl(folder / "sft.jsonl", (row.as_dict() for row in rows))
        pairs = preference_pairs(played) if arm == "main" else []
        write_jsonl(folder / PREFERENCES, (pair.as_dict() for pair in pairs))
        return {kind: sum(row.kind == kind for row in rows) for kind in (*THERAPIST, *VERIFIER)}

    return recorded(folder / "build.json", inputs, work, folder / "sft.jsonl")
