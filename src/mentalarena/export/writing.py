"""The content of an export: data by configuration and split, cards, weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mentalarena.export.cards import render
from mentalarena.export.facts import dataset_facts, licence_of, model_facts, package_version
from mentalarena.export.formats import OF_ROWS, Record, lineage_columns, path_of, preference
from mentalarena.export.gather import EPISODES, PAIRS, SFT, Placed
from mentalarena.export.plan import Plan
from mentalarena.export.results import results
from mentalarena.export.splits import SPLITS
from mentalarena.export.weights import copy_weights
from mentalarena.runs.directory import digest_of_file, read_json, write_jsonl, write_whole

README = "README.md"


def write_content(plan: Plan, folder: Path) -> dict[str, Any]:
    """Write all of it into a new folder; returns what was written in numbers, and the digests of what it was made from."""
    counts = _write_data(plan, folder)
    summary, resamples = summary_of(plan.out), plan.config.evaluation.resamples
    number = plan.learnt.trained.iteration if plan.learnt else None
    found = results(plan.out, summary, number, resamples)
    write_whole(folder / README, render("dataset.md", dataset_facts(plan, counts, found)))
    weights = ""
    if plan.learnt:
        weights = plan.learnt.trained.name
        copy_weights(plan.learnt.trained, folder / weights)
        write_whole(folder / weights / README, render("model.md", model_facts(plan, plan.learnt, found)))
    licence = licence_of(plan.verdict)
    return {
        "package": package_version(),
        "configurations": counts,
        "people": {split: sum(own == split for own in plan.splits.values()) for split in SPLITS},
        "licence": licence["id"] or "unstated",
        "unstated": plan.verdict.unstated,
        "held_back": dict(plan.taken.held_back),
        "repeated": dict(plan.taken.repeated),
        "other_licence": dict(plan.taken.other_licence),
        "despite": list(plan.overridden),
        "weights": weights,
        "weights_of": number,
        "sources": _sources(plan),
    }


def summary_of(out: Path) -> dict[str, Any]:
    """The run's summary; empty where there is none yet."""
    path = out / "summary.json"
    return read_json(path, "the summary of a run") if path.exists() else {}


def _write_data(plan: Plan, folder: Path) -> dict[str, dict[str, int]]:
    """The data files; returns records by configuration and split, without what is empty."""

    def same(record: Record) -> Record:
        return record

    forms: list[tuple[str, Sequence[Placed[Any]], Callable[[Any], Record]]] = [
        ("messages", plan.taken.rows, OF_ROWS["messages"]),
        ("prompt_completion", plan.taken.rows, OF_ROWS["prompt_completion"]),
        ("preference", plan.taken.pairs, preference),
        ("sharegpt", plan.taken.rows, OF_ROWS["sharegpt"]),
        ("alpaca", plan.taken.rows, OF_ROWS["alpaca"]),
        ("dialogues", plan.taken.talks, same),
    ]
    counts: dict[str, dict[str, int]] = {}
    for name, placed, form in forms:
        for split in SPLITS:
            own = [one for one in placed if plan.splits[plan.persons[one.lineage.patient]] == split]
            if own:  # an empty file cannot be loaded
                (folder / path_of(name, split)).parent.mkdir(parents=True, exist_ok=True)
                write_jsonl(folder / path_of(name, split), _records(own, form, plan.persons))
                counts.setdefault(name, {})[split] = len(own)
    return counts


def _records(placed: Sequence[Placed[Any]], form: Callable[[Any], Record], persons: Mapping[str, str]) -> Iterator[Record]:
    for one in placed:
        yield form(one.what) | lineage_columns(one.kind, one.lineage, persons[one.lineage.patient])


def _sources(plan: Plan) -> dict[str, str]:
    """SHA-256 of the run's files that the export was made from."""
    names = ["config.json", "summary.json", "audit.json"]
    names += [f"iteration-{i:02d}/{name}" for i in plan.iterations for name in (SFT, PAIRS, EPISODES)]
    paths = {name: plan.out / (f"arms/main/{name}" if "/" in name else name) for name in names}
    return {name: digest_of_file(path) for name, path in paths.items() if path.exists()}
