"""Which episodes a report shows: by a rule that it tells, so that nobody chose the pretty ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.stages.episodes import EpisodeIndex, EpisodeLine
from mentalarena.stages.filters import verdict_of

EACH = 2
"""Shown from each end."""
RULE = (
    "Chosen by rule, not by hand: of the episodes of iteration {iteration} (the last that was played, {count}), the "
    "{each} with the "
    "highest similarity of what was decoded to what was encoded, the one nearest to the mean, and the {each} with the "
    "lowest; "
    "of equals the first by id. Everything in them was said by models."
)
UNRANKED = (
    "Nothing was decoded in iteration {iteration} (the last that was played, {count} episodes), so episodes cannot be "
    "ranked by "
    "how well the patient was understood: the first ones by id. Everything in them was said by models."
)
VERDICTS: Mapping[str, str] = {
    "right": "right by the reference",
    "wrong": "wrong by the reference, which says {truth}",
    "unknown": "nobody knows whether it is right",
    "none": "none was agreed on",
}


@dataclass(frozen=True)
class Case:
    """An episode to read."""

    title: str
    why: str
    """What the rule chose it for."""
    verdict: str
    open: bool
    """Whether it is unfolded on a screen."""
    talk: Sequence[tuple[str, str]]
    """Who said what."""
    guidance: Sequence[str]
    understood: Sequence[tuple[str, str, str, str]]
    """Component, the patient's, the therapist's notes, similarity and whether that is enough."""
    candidates: str
    reasons: Sequence[str]
    trials: Sequence[tuple[str, str, str, str]]
    """Kind, proposal, what the patient foretold, score."""
    problems: Sequence[str]

    @property
    def about(self) -> str:
        """What it was chosen for and its verdict, as sentences."""
        return f"{self.why[:1].upper()}{self.why[1:]}. {self.verdict}."


def cases_of(index: EpisodeIndex, each: int = EACH) -> tuple[str, list[Case]]:
    """The rule in words, and the episodes that it chooses; none where main has played none. Raises `DataError`."""
    main = index.played
    if not main:
        return "", []
    iteration = max(line.iteration for line in main)
    last = [line for line in main if line.iteration == iteration]
    chosen = chosen_of(last, each)
    ranked = any(line.similarity is not None for line in last)
    rule = (RULE if ranked else UNRANKED).format(iteration=iteration, count=len(last), each=each)
    opened = {why: line.id for line, why in reversed(chosen)}
    return rule, [_case(index.read(line.id), line, why, opened[why] == line.id) for line, why in chosen]


def chosen_of(lines: Sequence[EpisodeLine], each: int = EACH) -> list[tuple[EpisodeLine, str]]:
    """The highest, the one nearest to the mean and the lowest, each episode once, with what it was chosen for."""
    ranked = sorted((line for line in lines if line.similarity is not None), key=lambda line: (-_of(line), line.id))
    if not ranked:
        return [(line, "among the first by id") for line in sorted(lines, key=lambda line: line.id)[: 2 * each + 1]]
    mean = sum(map(_of, ranked)) / len(ranked)
    highest = ranked[:each]
    lowest = sorted(ranked[max(each, len(ranked) - each) :], key=lambda line: (_of(line), line.id))
    left = [line for line in ranked if line not in (*highest, *lowest)]
    middle = min(left, key=lambda line: (abs(_of(line) - mean), line.id), default=None)
    found = [(line, "among the best understood") for line in highest]
    found += [(middle, f"nearest to the mean ({mean:.2f})")] if middle else []
    return found + [(line, "among the least understood") for line in lowest]


def _of(line: EpisodeLine) -> float:
    return line.similarity or 0.0


def _case(told: Mapping[str, Any], line: EpisodeLine, why: str, opened: bool) -> Case:
    diagnosis = told["diagnosis"] or {"candidates": (), "chosen": None, "reasons": ()}
    verdict = VERDICTS[verdict_of(line)].format(truth=line.truth)
    last = told["decodings"][-1]["comparisons"] if told["decodings"] else ()
    return Case(
        title=line.id,
        why=why + (f", similarity {line.similarity:.2f}" if line.similarity is not None else ""),
        verdict=f"Diagnosis: {line.diagnosis or 'none'} ({verdict})" if line.diagnosis else f"Diagnosis: {verdict}",
        open=opened,
        talk=[
            ("therapist" if m["role"] == "user" else "patient", m["content"]) for m in told["views"].get("patient", ())[1:]
        ],
        guidance=[one["guidance"] for one in told["decodings"] if one["guidance"]],
        understood=[
            (
                LABELS.get(c["component"], c["component"]),
                c["encoded"],
                c["decoded"] or "nothing",
                f"{c['similarity']:.2f}, {'understood' if c['similarity'] > c['threshold'] else 'not'} "
                f"({c['threshold']:.2f})",
            )
            for c in last
        ],
        candidates=", ".join(diagnosis["candidates"]),
        reasons=[reason for reason in diagnosis["reasons"] if reason],
        trials=[
            (t["kind"], t["proposal"], t["predicted_outcome"], "none" if t["score"] is None else f"{t['score']} of 10")
            for t in told["trials"]
        ],
        problems=[f"{p['role']}, {p['step']}: {p['kind']} ({p['detail']})" for p in told["problems"]],
    )
