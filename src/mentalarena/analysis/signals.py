"""Everything that one iteration tells of itself, each figure with a 95 % interval over episodes (or patients).

Rows are the therapist's (diagnosis, treatment, medicine), which self-play makes; replayed verdicts are none of its news.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentalarena.analysis.diversity import distances, distinct, lengths, near_duplicates, nearest, self_bleu, spread
from mentalarena.analysis.drift import KINDS, Kind, drift, entropy, named_in
from mentalarena.analysis.intervals import of_parts, of_ratio
from mentalarena.arena.types import Episode
from mentalarena.evaluation.statistics import Interval, mean_interval, share_interval
from mentalarena.models.base import Embedder
from mentalarena.training.rows import THERAPIST, Row

SIGNALS: Mapping[str, str] = {
    "score": "development patients: mean probability of a right answer over the three tasks (what steers the loop)",
    "score_change": "its change from the model before, paired by patient",
    "perplexity": "of the new rows' answers under the model before (iteration 0: under the base itself), a token",
    "dialogue_perplexity": "of the base's own questions to development patients under this iteration's model, a token",
    "diversity_gain": "mean distance of a row to the nearest row of iteration 0 (arXiv 2410.06845, analysis)",
    "spread": "mean distance of a row to the nearest other row of its own iteration",
    "near_duplicates": "share of rows with a near twin (cosine of at least 0.98) in their own iteration",
    "distinct_1": "different words in 50 answers, over all words there",
    "distinct_2": "different pairs of words in 50 answers, over all pairs",
    "distinct_3": "different triples of words in 50 answers, over all triples",
    "self_bleu": "mean BLEU-4 of an answer with the others as references, 0 to 1",
    "talk_distinct_2": "different pairs of words in 20 dialogues, over all pairs",
    "talk_self_bleu": "mean BLEU-4 of a dialogue with the others as references, 0 to 1",
    "row_words": "words of an answer",
    "talk_words": "words of a dialogue",
    "rows_per_episode": "rows that an episode gives (three at most)",
    "diagnosed": "share of episodes with an agreed diagnosis",
    "treated": "share of episodes in which a treatment was proposed and could be read",
    "medicated": "likewise, a medicine",
    "problems": "problems of an episode",
    "verifier_choice": "development patients: share of the patient's choices that are right, its own disorder against any other",
    "verifier_confusable": "likewise, against a disorder that it is easily taken for",
    "verifier_health": "likewise, how often the suitable one of two proposals gets the higher score",
    "diagnosis_entropy": "bits, of the agreed diagnoses",
    "treatment_entropy": "bits, of the best treatments",
    "medicine_entropy": "bits, of the best medicines",
    "diagnosis_drift": "Jensen-Shannon distance of the diagnoses from iteration 0's, 0 to 1",
    "treatment_drift": "likewise, of the best treatments",
    "medicine_drift": "likewise, of the best medicines",
}
"""What each signal is, with its unit; in the order of the table."""
NAMED: Mapping[Kind, str] = {"diagnosis": "diagnosed", "treatment": "treated", "medicine": "medicated"}
"""The share of episodes in which a name of each kind was given."""
ROWS = 500
"""Rows of an iteration that are measured, at most (the paper's number); more are drawn by seed."""
ROWS_AT, TALKS_AT = 50, 20
"""Texts for which distinct-n is told, so that iterations of other sizes compare; of fewer it is told for all."""


@dataclass(frozen=True, slots=True)
class Signals:
    """All signals of one iteration. What could not be measured is not in `measured`."""

    iteration: int
    rows: int = 0
    """The therapist's rows that it gave; 0 too where it has not been played."""
    episodes: int = 0
    measured: Mapping[str, Interval] = field(default_factory=dict)
    """By the names of `SIGNALS`: value and 95 % interval."""
    chance: Mapping[str, float] = field(default_factory=dict)
    """Of each drift, what 95 % of random partitions stay below."""

    def get(self, name: str) -> Interval | None:
        """A signal, or None where it was not measured."""
        return self.measured.get(name)


@dataclass(frozen=True, slots=True)
class Scored:
    """How probable a model found a text."""

    group: str
    """The episode or patient that it is from."""
    log_probability: float
    """Natural, of the whole text."""
    tokens: int


def sampled(rows: Sequence[Row], seed: int, most: int = ROWS) -> list[Row]:
    """The therapist's rows, or `most` of them drawn by seed, in their order."""
    own = [row for row in rows if row.kind in THERAPIST]
    if len(own) <= most:
        return own
    return [own[place] for place in sorted(np.random.default_rng(seed).permutation(len(own))[:most])]


def text_of(row: Row) -> str:
    """A whole row: what was said and asked, and the answer. The system prompt is the same in all."""
    return "\n".join([*(m.content for m in row.prompt if m.role != "system"), row.completion])


def row_signals(
    rows: Sequence[Row], base: Sequence[Row], embedder: Embedder, resamples: int = 9999, seed: int = 0
) -> dict[str, Interval]:
    """The signals of an iteration's rows; `base` are iteration 0's, empty for itself. Other roles' rows do not count."""
    own, first = sampled(rows, seed), sampled(base, seed)
    if not own:
        return {}
    groups = [row.lineage.episode for row in own]
    answers = [row.completion for row in own]
    vectors = embedder.embed([text_of(row) for row in own])
    found = {"row_words": _mean(lengths(answers), groups, resamples)}
    if first:
        gains = nearest(vectors, embedder.embed([text_of(row) for row in first]))
        found["diversity_gain"] = _mean(list(gains), groups, resamples)
    apart = _apart(own, vectors)

    def among(statistic: Callable[[NDArray[np.float64]], float], most: float = np.inf) -> Interval:
        return of_parts(lambda places: statistic(apart[np.ix_(places, places)]), groups, resamples, 0.0, most)

    if np.isfinite(apart).any():
        found |= {"spread": among(spread), "near_duplicates": among(near_duplicates, 1.0)}
    for n in (1, 2, 3):
        found[f"distinct_{n}"] = _of_texts(partial(distinct, n=n, at=ROWS_AT), answers, groups, resamples)
    if len(own) > 1:
        found["self_bleu"] = _of_texts(self_bleu, answers, groups, resamples)
    return found


def _apart(rows: Sequence[Row], vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Distances between rows; rows of different kinds from one episode share its dialogue and are nobody's neighbours."""
    found = distances(vectors)
    episodes = np.array([row.lineage.episode for row in rows])
    kinds = np.array([row.kind for row in rows])
    found[(episodes[:, None] == episodes) & (kinds[:, None] != kinds)] = np.inf
    return found


def episode_signals(
    episodes: Sequence[Episode], first: Sequence[Episode], rows: int, resamples: int = 9999, seed: int = 0
) -> tuple[dict[str, Interval], dict[str, float]]:
    """The signals of an iteration's play and, of each drift, its `chance`. `first` is iteration 0's play, empty for itself;
    `rows` is how many the therapist learns from it."""
    if not episodes:
        return {}, {}
    found = {
        "problems": mean_interval([float(len(e.problems)) for e in episodes], resamples),
        "rows_per_episode": _rate(rows, len(episodes)),
    }
    chance = {}
    talks = [(e.id, spoken(e)) for e in episodes if spoken(e)][:ROWS]
    ids, texts = [name for name, _ in talks], [text for _, text in talks]
    if texts:
        found["talk_words"] = _mean(lengths(texts), ids, resamples)
        found["talk_distinct_2"] = _of_texts(partial(distinct, n=2, at=TALKS_AT), texts, ids, resamples)
    if len(texts) > 1:
        found["talk_self_bleu"] = _of_texts(self_bleu, texts, ids, resamples)
    for kind in KINDS:
        names, before = named_in(episodes, kind), named_in(first, kind)
        found[NAMED[kind]] = share_interval([number < len(names) for number in range(len(episodes))])
        if names:
            found[f"{kind}_entropy"] = entropy(names, resamples)
        if names and before:
            moved = drift(before, names, resamples, seed)
            found[f"{kind}_drift"], chance[f"{kind}_drift"] = moved.distance, moved.chance
    return found, chance


def spoken(episode: Episode) -> str:
    """What patient and therapist said to each other, without the patient's profile; empty where the talk failed."""
    return "\n".join(message.content for message in episode.views.get("patient", ())[1:])


def perplexity_of(scored: Sequence[Scored], resamples: int = 9999) -> Interval | None:
    """exp(- log probability / tokens) over all texts, clustered by `group`; None where there are no tokens."""
    told = [one for one in scored if one.tokens]
    if not told:
        return None
    return of_ratio(
        [-one.log_probability for one in told],
        [float(one.tokens) for one in told],
        [one.group for one in told],
        resamples,
        np.exp,
    )


def score_signals(
    answers: Mapping[str, Sequence[float]], before: Mapping[str, Sequence[float]] | None, resamples: int = 9999
) -> dict[str, Interval]:
    """`score` and, against the model before, `score_change`; of each patient its probabilities of a right answer."""
    own = {patient: float(np.mean(told)) for patient, told in answers.items()}
    if not own:
        return {}
    found = {"score": mean_interval(list(own.values()), resamples)}
    if before and before.keys() == own.keys():
        found["score_change"] = mean_interval([own[p] - float(np.mean(before[p])) for p in own], resamples)
    return found


def _mean(values: Sequence[float], groups: Sequence[str], resamples: int) -> Interval:
    return of_ratio(values, [1.0] * len(values), groups, resamples)


def _of_texts(
    statistic: Callable[[Sequence[str]], float], texts: Sequence[str], groups: Sequence[str], resamples: int
) -> Interval:
    return of_parts(lambda places: statistic([texts[p] for p in places]), groups, resamples, 0.0, 1.0)


def _rate(count: int, episodes: int) -> Interval:
    """A count over episodes, with the interval of a Poisson rate (exact; Garwood 1936): rows of one episode hang together, so
    it is too wide rather than too narrow."""
    from scipy.stats import chi2

    low = float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    return Interval(count / episodes, low / episodes, float(chi2.ppf(0.975, 2 * count + 2)) / 2 / episodes)
