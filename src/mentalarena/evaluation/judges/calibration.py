"""What a judge's answers come to, and what the judge is worth: by controls whose answer is known, by position, by other judges.

A judge counts as calibrated when the lower bound of its balanced accuracy on controls is above chance by `MARGIN`, when what it
prefers keeps its preference in the other place in `CONSISTENT` of the pairs, and when it can be read. Its number is else labelled
"uncalibrated", with the reason, wherever it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from mentalarena.evaluation.agreement import cohen_kappa, krippendorff_alpha
from mentalarena.evaluation.judges.forms import FORMS, ORDERS, Question
from mentalarena.evaluation.statistics import Interval, mean_interval, share_interval

CHANCE, MARGIN = 0.5, 0.2
"""A judge that knows nothing has a balanced accuracy of 0.5; the lower bound of one that is believed is above 0.7. With nothing
but right answers that takes nine controls of each kind."""
CONSISTENT = 0.8
"""Share of pairs in which both orders must give the same preference."""
UNREADABLE = 0.2
"""Share of answers that cannot be read, above which the rest is too much of a selection."""
OVERALL = "overall"
Values = Mapping[str, str | None]
"""Answers by question key; None where it cannot be read."""
Json = dict[str, Any]


def parts_of(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """Questions by what has a number of its own: a judge's single question, its pairs, each dimension of a rating."""
    parts = defaultdict[str, list[Question]](list)
    for question in questions:
        label = FORMS[question.form].label
        name = {"verdict": "verdict", "choice": "pair", "rating": question.group}[label]
        parts[name].append(question)
        if label == "rating":
            parts[OVERALL].append(question)
    return {name: parts[name] for name in sorted(parts, key=lambda n: (n == "pair", n == OVERALL))}


def judged(questions: Sequence[Question], values: Values, resamples: int) -> Json:
    """All parts of one judge: {part: {figure, calibration, calibrated, label}}. Ratings lean on their pairs' consistency."""
    parts = {name: _part(own, values, resamples) for name, own in parts_of(questions).items()}
    consistency = parts.get("pair", {}).get("calibration", {}).get("position_consistency")
    for name, part in parts.items():
        rated = name not in ("verdict", "pair")
        part["calibration"] = part["calibration"] | ({"position_consistency": consistency} if rated else {})
        label = _label(part["calibration"], part["figure"]["invalid"], name == "pair" or rated)
        parts[name] = part | {"calibrated": label == "calibrated", "label": label}
    return parts


def _part(questions: Sequence[Question], values: Values, resamples: int) -> Json:
    label = FORMS[questions[0].form].label
    count: Callable[..., Json] = {"verdict": _verdicts, "choice": _choices, "rating": _ratings}[label]
    found = count(questions, values, resamples)
    items = [q for q in questions if not q.control]
    found["figure"] |= {"answers": len(items), "invalid": _unreadable(items or questions, values)}
    controls = [q for q in questions if q.control]
    found["calibration"]["invalid"] = _unreadable(controls, values) if controls else None
    return found


def _verdicts(questions: Sequence[Question], values: Values, resamples: int) -> Json:
    credited = FORMS[questions[0].form].credited
    groups = sorted({q.group for q in questions if q.group and not q.control})

    def share(group: str = "") -> Json:
        own = [q for q in questions if not q.control and group in ("", q.group)]
        return _by_unit([(q.unit, values[q.key] == credited) for q in own if values.get(q.key)], resamples)

    good = [values.get(q.key) == credited for q in questions if q.control == "good"]
    bad = [values.get(q.key) not in (None, credited) for q in questions if q.control == "bad"]
    return {"figure": share() | {"by": {g: share(g) for g in groups}}, "calibration": balanced(good, bad)}


def _choices(questions: Sequence[Question], values: Values, resamples: int) -> Json:
    """Each pair is asked in both orders; a preference that moves with the place is none."""
    pairs = defaultdict[tuple[str, bool], dict[str, str | None]](dict)
    units = {q.item: q.unit for q in questions}
    for q in questions:
        pairs[q.item, bool(q.control)][q.order] = values.get(q.key)
    decided = {place: _preference(answers) for place, answers in pairs.items()}
    items = [(units[item], won) for (item, control), won in decided.items() if not control and won is not None]
    controls = [answers for (_, control), answers in pairs.items() if control]
    calibration = balanced(*([answers.get(order) == order for answers in controls] for order in ORDERS))
    calibration["position_consistency"] = _consistency(controls)
    read = [v for answers in pairs.values() for v in answers.values() if v]
    figure = _by_unit(items, resamples) | {
        "no_preference": _share([won is None for (_, control), won in decided.items() if not control]),
        "flips": _share([None not in answers.values() and _preference(answers) is None for answers in pairs.values()]),
        "first_chosen": _share([value == "first" for value in read]),
    }
    return {"figure": figure, "calibration": calibration}


def _ratings(questions: Sequence[Question], values: Values, resamples: int) -> Json:
    """Means over dialogues; controls are twins: a dialogue must be rated above itself with the therapist's lines replaced."""
    rated = {True: defaultdict[str, list[int]](list), False: defaultdict[str, list[int]](list)}
    units = {q.item: q.unit for q in questions}
    asked = {q.item for q in questions if q.control}
    for q in questions:
        if (value := values.get(q.key)) is not None:
            rated[bool(q.control)][q.item].append(int(value))
    whole, damaged = ({item: fmean(own) for item, own in rated[control].items()} for control in (False, True))
    both = {item: (whole[item], damaged[item]) for item in asked if item in whole and item in damaged}
    # a tie speaks for the whole dialogue no more than for the damaged one; an answer that is missing is never right
    won = [item in both and both[item][0] > both[item][1] for item in sorted(asked)]
    not_lost = [item in both and both[item][0] >= both[item][1] for item in sorted(asked)]
    own = defaultdict[str, list[float]](list)
    for item, mean in whole.items():
        own[units[item]].append(mean)
    figure = _interval([fmean(unit) for unit in own.values()], resamples)
    return {
        "figure": figure | {"damaged": fmean(damaged.values()) if damaged else None},
        "calibration": balanced(won, not_lost),
    }


def balanced(good: Sequence[bool], bad: Sequence[bool]) -> Json:
    """Sensitivity and specificity with Wilson intervals, and their mean. Its bounds are the means of theirs: wide enough however
    the two hang together, since a good and a bad control are often of one patient."""
    if not good or not bad:
        return {"n_good": len(good), "n_bad": len(bad), "sensitivity": None, "specificity": None, "balanced_accuracy": None}
    one, two = share_interval(good), share_interval(bad)
    mean = Interval((one.mean + two.mean) / 2, (one.low + two.low) / 2, (one.high + two.high) / 2)
    told = {"sensitivity": _told(one), "specificity": _told(two), "balanced_accuracy": _told(mean)}
    return {"n_good": len(good), "n_bad": len(bad), **told, "chance": CHANCE}


def agreement(questions: Sequence[Question], first: Values, second: Values, resamples: int) -> Json:
    """How far two judges agree on what is judged (not on controls, which inflate it): Cohen's kappa of verdicts and choices,
    Krippendorff's ordinal alpha of ratings; None, with the reason, where it is not defined."""
    form = FORMS[questions[0].form]
    both = [q for q in questions if q.key in second]
    keys = {q.key: q.item for q in both if not q.control} or {q.key: q.item for q in both}
    pairs = {key: (a, b) for key in sorted(keys) if (a := first.get(key)) is not None and (b := second[key]) is not None}
    measure = "Krippendorff's alpha (ordinal)" if form.label == "rating" else "Cohen's kappa"
    told: Json = {"measure": measure, "n": len(pairs), "same": _share([a == b for a, b in pairs.values()])}
    one, two = [a for a, _ in pairs.values()], [b for _, b in pairs.values()]
    try:
        if form.label != "rating":
            found = cohen_kappa(one, two, resamples)
        elif len(set(keys.values())) == len(keys):
            found = krippendorff_alpha([one, two], "ordinal", min(resamples, 999))
        else:  # dimensions of one dialogue hang together: it is one item, by its mean
            told |= {"measure": "Krippendorff's alpha (interval) of means"}
            found = krippendorff_alpha(_means(keys, pairs), "interval", min(resamples, 999))
    except ValueError as error:
        return told | {"mean": None, "ci95": None, "why": str(error)}
    return told | _told(found)


def _means(items: Mapping[str, str], pairs: Mapping[str, tuple[str, str]]) -> list[list[int]]:
    """The mean rating of each item by either judge, in thousandths (alpha does not mind the unit)."""
    rated = defaultdict[str, list[tuple[int, int]]](list)
    for key, (a, b) in pairs.items():
        rated[items[key]].append((int(a), int(b)))
    return [[round(1000 * fmean(pair[place] for pair in own)) for own in rated.values()] for place in (0, 1)]


def _label(calibration: Mapping[str, Any], invalid: float, paired: bool) -> str:
    accuracy, consistency = calibration["balanced_accuracy"], calibration.get("position_consistency")
    if accuracy is None:
        return "uncalibrated: no controls"
    if (unreadable := max(invalid, calibration["invalid"])) > UNREADABLE:
        return f"uncalibrated: {unreadable:.0%} of the answers cannot be read, expected at most {UNREADABLE:.0%}"
    if accuracy["ci95"][0] <= CHANCE + MARGIN:
        low, high = accuracy["ci95"]
        return (
            f"uncalibrated: balanced accuracy on controls {accuracy['mean']:.2f} ({low:.2f} to {high:.2f}), "
            f"expected a lower bound above {CHANCE + MARGIN:.2f}"
        )
    if paired and (consistency is None or consistency < CONSISTENT):
        kept = "no pairs" if consistency is None else f"{consistency:.2f} of the pairs keep their preference in both places"
        return f"uncalibrated: {kept}, expected at least {CONSISTENT:.2f}"
    return "calibrated"


def _preference(answers: Mapping[str, str | None]) -> bool | None:
    """Whether the text that is judged is preferred in both places; None where the two orders differ or one cannot be read."""
    kept = [answers.get(order) == order for order in ORDERS if answers.get(order)]
    return kept[0] if len(kept) == len(ORDERS) and kept[0] == kept[1] else None


def _consistency(pairs: Sequence[Mapping[str, str | None]]) -> float | None:
    return _share([_preference(answers) is not None for answers in pairs])


def _by_unit(found: Sequence[tuple[str, bool]], resamples: int) -> Json:
    """A share with its interval, by unit: Wilson's where each unit has one answer (or all are
    alike), else a bootstrap over their means."""
    own = defaultdict[str, list[bool]](list)
    for unit, value in found:
        own[unit].append(value)
    if not own:
        return {"mean": None, "ci95": None, "n": 0}
    means = {fmean(values) for values in own.values()}
    if all(len(values) == 1 for values in own.values()) or means in ({0.0}, {1.0}):  # a bootstrap of equals is a point
        return _told(share_interval([values[0] for values in own.values()])) | {"n": len(own)}
    return _interval([fmean(values) for values in own.values()], resamples)


def _interval(values: Sequence[float], resamples: int) -> Json:
    if not values:
        return {"mean": None, "ci95": None, "n": 0}
    return _told(mean_interval(values, resamples)) | {"n": len(values)}


def share_of(values: Sequence[bool]) -> Json:
    """A share with its Wilson interval, one answer a unit; nothing where there are none."""
    return _by_unit([(str(number), value) for number, value in enumerate(values)], 0)


def _told(interval: Interval) -> Json:
    return {"mean": interval.mean, "ci95": [interval.low, interval.high]}


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None


def _unreadable(questions: Sequence[Question], values: Values) -> float:
    return sum(values.get(q.key) is None for q in questions) / len(questions)
