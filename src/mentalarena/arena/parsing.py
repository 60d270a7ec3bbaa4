"""Reads models' answers: `label: value` lines, in any order and dress, from hostile input.

Every function returns what was asked for or raises `Unreadable` with a reason that the model is shown. None of them
guesses: two different answers in one reply are no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.clinic.naming import named
from mentalarena.clinic.references import Vocabulary
from mentalarena.errors import Unreadable

_LINE = re.compile(r"^[\s>*#\-\d.\"'{]*(?P<label>[A-Za-z][A-Za-z _]{0,60}?)[*\"'\s]*[:=][*\s\"]*(?P<value>.*?)[\s*\",}]*$")
_NOTHING = {"", "unknown", "none", "n/a", "na", "not known", "not mentioned", "null", "-"}
_OUT_OF = re.compile(r"(?<![\w.\-])(\d{1,2})(?:\.0+)?\s*(?:/|out of)\s*10(?!\d)", re.IGNORECASE)
_SCALE = re.compile(r"(?:on\s+a\s+)?(?:scale\s+)?(?:of|from|between)?\s*\b1\s*(?:-|to|and|–)\s*10\b", re.IGNORECASE)  # noqa: RUF001
_OTHER_SCALE = re.compile(r"\d[\s(]*(?:/|out of|of)\s*(?!10\b)\d|scale of (?!1\b|10\b)\d", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])[-−–]?\d+(?:[.,]\d+)*%?(?!\w)", re.ASCII)  # noqa: RUF001
_TIMES = re.compile(
    r"\d\s*(?:-\s*)?(?:second|minute|hour|day|week|month|year|session|time|mg|st\b|nd\b|rd\b|th\b)", re.IGNORECASE
)
_NEGATION = re.compile(
    r"\b(?:not|no(?!\.)|never|neither|nor|without|except|unlike|cannot|\w+n't|anything but|rather than|instead of|ruled? out|"
    r"exclud\w+|unlikely|doubt\w*|hardly|avoid\w*|discontinue\w*|stop(?:ped|ping|s)?|against)\b"
)

_COMPONENTS = frozenset(LABELS.values())
"""Labels that end what was said before them."""


def form(**fields: Iterable[object] | None) -> str:
    """A regular expression of `label: value` lines in this order, for models that can be held to one: a value is one of those
    given, or for None any line. What comes back is parsed all the same."""
    lines = []
    for label, values in fields.items():
        told = r"[^\n]{1,600}" if values is None else f"({'|'.join(_literal(str(value)) for value in values)})"
        lines.append(f"{label}: {told}")
    return r"\n".join(lines)


def _literal(text: str) -> str:
    """A text as a pattern that any engine of regular expressions reads: `re.escape` marks spaces and dashes too."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def spoken(text: str) -> str:
    """A line of dialogue: not empty, without a speaker's name in front."""
    line = re.sub(r"^\s*(patient|therapist|doctor|client)\s*:\s*", "", text, flags=re.IGNORECASE).strip()
    if not line:
        raise Unreadable("an empty reply; expected something said")
    return line


def labelled(text: str, labels: Iterable[str]) -> dict[str, str | None]:
    """The value after each label; None where it is missing or says that nothing is known.

    Values may run over several lines, up to another component's label, whether it was asked for or not. Raises `Unreadable` when
    no label is there at all, or one stands there twice with different values.
    """
    wanted = {_plain(label): label for label in labels}
    found: dict[str, str] = {}
    current: str | None = None
    for line in text.splitlines():
        match = _LINE.match(line)
        label = wanted.get(_plain(match["label"])) if match else None
        if match and label:
            if label in found and _plain(found[label]) != _plain(match["value"]):
                raise Unreadable(f"'{label}' is answered twice")
            found[label], current = match["value"].strip(), label
        elif match and _plain(match["label"]) in _COMPONENTS:
            current = None
        elif current and line.strip():
            found[current] = f"{found[current]} {line.strip()}".strip()
    if not found:
        raise Unreadable(f"no line that begins with '{next(iter(wanted.values()))}:'")
    values = {label: found.get(label) for label in wanted.values()}
    return {label: None if v is None or _plain(v) in _NOTHING else v for label, v in values.items()}


def required(text: str, label: str) -> str:
    """The value after one label. Raises `Unreadable` when it is missing or empty."""
    value = labelled(text, [label])[label]
    if value is None:
        raise Unreadable(f"nothing after '{label}:'")
    return value


def level(text: str, label: str, levels: Sequence[str]) -> str:
    """The one level of a scale in words that stands after a label, up to the first stop, comma or bracket. "moderate to severe"
    and "moderately severe" are two levels, "not severe" is none. Raises `Unreadable`."""
    told = [
        match["value"] for line in text.splitlines() if (match := _LINE.match(line)) and _plain(match["label"]) == label
    ]
    if not told:
        raise Unreadable(f"no line that begins with '{label}:'")
    found = set()
    for value in told:
        head = re.split(r"[.,;:()\u2013\u2014]|\bbecause\b", _plain(value))[0]
        if _NEGATION.search(head):
            raise Unreadable(f"'{head[:60]}' says what it is not; expected one of {', '.join(levels)}")
        found |= {name for name in levels if re.search(rf"\b{re.escape(name)}(?:ly)?\b", head)}
    if len(found) != 1:
        raise Unreadable(f"expected one of {', '.join(levels)}" + (f", found {len(found)}" if found else ""))
    return found.pop()


def score(text: str) -> int:
    """A whole score from 1 to 10: after `score`, as `7/10`, or the only number; scales like '1 to 10' are not scores.

    Where `score` stands, its line is read and must hold one number; several, a minus sign, other scales, spans of time and a
    refusal ("I cannot score this") are refused.
    """
    if _OTHER_SCALE.search(text):
        raise Unreadable("expected a score from 1 to 10, found another scale")
    tagged = [numbers for line in re.findall(r"score\b(.*)", text, re.IGNORECASE) if (numbers := _numbers(line))]
    answered = re.search(r"score\W*(?:is|of|was)?\W*\d|\d\s*(?:/|out of)\s*10", text, re.IGNORECASE)
    if not answered and _NEGATION.search(_plain(text)):
        raise Unreadable("expected a score from 1 to 10, found a refusal")
    distinct = {n for numbers in tagged or [_numbers(text)] for n in numbers}
    if len(distinct) != 1:
        raise Unreadable("expected one score from 1 to 10" + (f", found {len(distinct)}" if distinct else ""))
    written = distinct.pop()
    value = float(written) if re.fullmatch(r"\d+(\.0+)?", written) else 0.0
    if not 1 <= value <= 10:
        raise Unreadable(f"expected a whole score from 1 to 10, found {written}")
    return int(value)


def _numbers(text: str) -> list[str]:
    """The numbers of a text as they are written, sign and percent included, without scales, the 10 of '7/10' and spans."""
    body = _SCALE.sub(" ", re.sub(r"\([^()]*\)", " ", text))
    body = _TIMES.sub(" ", _OUT_OF.sub(r" \1 ", body))
    return [n.removesuffix(".0") for n in _NUMBER.findall(body)]


def name(text: str, kind: str, vocabulary: Vocabulary) -> str:
    """The one name of the clinic that a free answer asserts. Raises `Unreadable` for none, several, denials, placeholders.

    "Doctor 2's diagnosis" names nobody's disorder; "Doctor 2's diagnosis of MDD" names one.
    """
    found = named(text, kind, vocabulary)
    if found.entry:
        return found.entry
    if found.entries:
        raise Unreadable(f"{len(found.entries)} names of a {kind} ({', '.join(sorted(found.entries))}); expected one")
    if found.reason == "denied":
        raise Unreadable(f"'{text[:60]}' says what it is not; expected one {kind}")
    what = "a placeholder" if found.reason == "placeholder" else f"'{text[:60]}'"
    raise Unreadable(f"{what} is no {kind} of this clinic")


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text.lower().replace("\u2019", "'")).strip(" .*\"'`")
