"""Free text to the names of a vocabulary: what an answer asserts, or why it asserts nothing.

"Doctor 2's diagnosis of MDD" names one disorder, "Doctor 2's diagnosis" none; "not panic disorder but OCD" names one, "MDD or
GAD" two; "an SSRI such as sertraline" names a medicine, "an SSRI" only a class; a drug that nobody makes names nothing.

An answer is cut into clauses. A name is denied when a word of denial stands before it in its clause or right after it; the
lists of such words are data/naming.json. English only; a denial in other words is still read as an assertion.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import islice, pairwise
from typing import Literal

from mentalarena.clinic.references import NO_DISORDER, NO_MEDICINE, Vocabulary

Reason = Literal["", "placeholder", "denied", "class", "unknown", "nothing"]
LONGEST = 6000
"""Characters of an answer that are read: more is no answer to these questions, and costs time."""
MOST = 100
"""Names of a clause that are looked at, likewise."""
TYPO = 7
"""Letters from which on a word may be one letter off."""
_MARK = "\ue000"
"""Stands for a name that was found, so that words around it can be read without the ones inside it. Of private use, so that no
pattern of the lists matches it by chance; it is taken out of what comes in."""
_SPELLINGS = (
    (r"(?<=[a-z]{3})iz(?=e|ing|ation)", "is"),
    (r"avior", "aviour"),
    (r"apnea", "apnoea"),
    (r", type ", " type "),
    (r"\bd/o\b", "disorder"),
    (r"\((\w+)\) (?=(?:\w+ )?disorder)", ""),
    (
        r"\b(borderline|avoidant|dependent|compulsive|narcissistic|antisocial|paranoid|schizoid|schizotypal|histrionic) pd\b",
        r"\1 personality disorder",
    ),
)


_SHARED_HEAD = re.compile(
    r"\b([a-z]+)((?:,? and|,? or| ?/|, not|,? and not|,? rather than|,? but not|,) ?)([a-z]+),? "
    r"(personality disorder|dependence|use disorder|addiction|nervosa)\b"
)
_CAPITALS = {
    "DID": "dissociative identity disorder",
    "ODD": "oppositional defiant disorder",
    "BED": "binge eating disorder",
}


@dataclass(frozen=True, slots=True)
class Naming:
    """What a text asserts: names of the vocabulary in order of mention, or none and a reason."""

    entries: tuple[str, ...]
    reason: Reason = ""

    @property
    def entry(self) -> str | None:
        """The one name; None where there is none or several."""
        return self.entries[0] if len(self.entries) == 1 else None


def normalise_diagnosis(text: str) -> Naming:
    """The disorders that a free answer asserts, by the taxonomy's names; several are recognised as several."""
    return named(text, "diagnosis", _real_world())


def normalise_medicine(text: str) -> Naming:
    """The medicines that a free answer proposes, by INN. Proposing none is reason `nothing`."""
    found = named(text, "medicine", _real_world())
    entries = tuple(name for name in found.entries if name != NO_MEDICINE)
    return Naming(entries, "" if entries else found.reason or "nothing")


def named(text: str, kind: str, vocabulary: Vocabulary) -> Naming:
    """The names of one kind (`diagnosis`, `treatment`, `medicine`) that a text asserts."""
    names = _names(kind, vocabulary)
    words = _words()
    told = names.mended(plain(words.under_headings(text[:LONGEST])))
    clauses = [clause.strip() for clause in words.clauses.split(told)]
    asserted: dict[str, bool] = {}  # whether it is proposed, and not only told of
    denied = last = False
    for clause, following in zip(clauses, [*clauses[1:], ""], strict=True):
        marked, mentions = names.marked(clause)
        parts = marked.split(_MARK)
        retracted = words.retracts(following)
        for number, name in enumerate(mentions):
            before, after = _MARK.join(parts[: number + 1]), _MARK.join(parts[number + 1 :])
            same = words.same_as_before(before, after)
            last = last if same else retracted or words.denied(before, after, kind)
            if last:
                denied = True
            elif not words.beside_the_point(before):
                asserted[name] = asserted.get(name, False) or words.proposes(before, after)
    if kind != "diagnosis" and any(asserted.values()):
        asserted = {name: True for name, proposed in asserted.items() if proposed}
    if len(asserted) > 1:
        asserted.pop(NO_DISORDER, None)  # "no other mental disorder"
        asserted.pop(NO_MEDICINE, None)
    if not asserted and NO_DISORDER in vocabulary.of(kind) and words.no_disorder(told):
        return Naming((NO_DISORDER,))
    return Naming(tuple(asserted)) if asserted else Naming((), words.reason(told, kind, denied))


def plain(text: str) -> str:
    """Lower case, British spelling, hyphens as spaces, no markup and possessives; what ends a clause stays."""
    text = unicodedata.normalize("NFKC", text).replace(_MARK, " ")
    text = re.sub(r"\b(?:[A-Z]\.){2,}", lambda match: match[0].replace(".", ""), text)
    for capitals, name in _CAPITALS.items():  # "DID" is a disorder, "did" is not, and "HE DID NOT" is shouted
        if capitals != "DID" or not text.isupper() or len(text.split()) == 1:
            text = re.sub(rf"\b{capitals}\b", name, text)
    text = text.lower().replace("\u2019", "'").replace("\u2018", "'")
    text = re.sub(r"[*_`#>\"\u201c\u201d~|]+", " ", text)
    text = re.sub(r"\s+[-\u2013\u2014]+\s+|\u2014|\u2192|-+>", " ; ", text)
    text = re.sub(r"(?<=\w)[-\u2010\u2011\u2013](?=\w)", " ", text)
    text = re.sub(r"(?<=\w)'s?(?!\w)", "", text)
    for written, usual in _SPELLINGS:
        text = re.sub(written, usual, text)
    return re.sub(r"[^\S\n]+", " ", text).strip()


class _Names:
    """The written forms of one kind of name, and how they are found."""

    def __init__(self, kind: str, vocabulary: Vocabulary) -> None:
        names = set(vocabulary.of(kind))
        self.written: dict[str, str] = {plain(alias): name for alias, name in vocabulary.aliases if name in names}
        self.written |= {plain(name): name for name in names}
        forms = "|".join(re.escape(form) for form in sorted(self.written, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![a-z0-9])({forms})(?:s|es)?(?![a-z0-9]|'t)") if forms else re.compile(r"(?!)")
        self._known = {word for form in self.written for word in form.split()}
        # a brand is no word to be near to: invented names imitate brands
        near_to = names if kind == "medicine" else self.written
        self._long = sorted({word for form in near_to for word in plain(form).split() if len(word) >= TYPO})

    def marked(self, clause: str) -> tuple[str, list[str]]:
        """The clause with a mark for each name, and the names; of overlapping ones the longer."""
        hits = list(islice(self._pattern.finditer(clause), MOST))
        between = [clause[a:b] for a, b in pairwise([0, *(edge for hit in hits for edge in hit.span()), len(clause)])][::2]
        parts, mentions = [between[0]], []
        for number, hit in enumerate(hits):
            words, after = _words(), between[number + 1]
            evident = words.symptom(hit[1], _MARK.join(between[number + 1 :]))
            if evident or words.another_thing(parts[-1], hit[1], after):
                parts[-1] += hit[0] + after
            else:
                mentions.append(self.written[hit[1]])
                parts.append(after)
        return _MARK.join(parts), mentions

    def mended(self, text: str) -> str:
        """The text with words that are one letter off a long word of a name put right."""
        text = re.sub(rf"[a-z]{{{TYPO - 1},}}", lambda match: self._mend(match[0]), text)
        return _SHARED_HEAD.sub(self._apart, text)

    def _apart(self, match: re.Match[str]) -> str:
        """ "schizoid, not schizotypal, personality disorder" with the head at both."""
        one, between, other, head = match[1], match[2], match[3], match[4]
        both = {f"{one} {head}", f"{other} {head}"} <= self.written.keys()
        return f"{one} {head}{between}{other} {head}" if both else match[0]

    def _mend(self, word: str) -> str:
        if word in self._known or word.removesuffix("s") in self._known or word in _words().ordinary:
            return word
        near = [known for known in self._long if known[0] == word[0] and one_off(word, known)]
        return near[0] if len(near) == 1 else word


class _Words:
    """The words of denial and the like (data/naming.json)."""

    def __init__(self, data: Mapping[str, list[str]]) -> None:
        def either(key: str, more: str = "") -> str:
            return "|".join([*data[key], *(data[key + more] if more else ())])

        def standing(key: str) -> re.Pattern[str]:
            return re.compile(rf"\b(?:{either(key)})(?!\w)")

        self.clauses = re.compile(rf"[.;!?\n]+(?!\d)|(?<!anything)(?<!nothing),? (?=(?:{either('new_clause')})\b)")
        self.ordinary = frozenset(data["ordinary"])
        self._neutral = standing("neutral")
        # "do not start X": the verb belongs to the denial; "not X, start Y": it ends it
        standing_still = rf"(?:,? (?:to )?(?:{either('after_denial')})\b)?(?!.*(?:{either('ends_denial')}))"
        treating = {"diagnosis": "", "treatment": "_treatment", "medicine": "_treatment"}
        self._denials = {
            kind: (
                re.compile(rf"\b(?:{either('denial_until_comma', more)})\b{standing_still}[^,:]*$"),
                re.compile(rf"\b(?:{either('denial_before', more)})\b{standing_still}.*$"),
            )
            for kind, more in treating.items()
        }
        self._directly = re.compile(
            rf"\b(?:{either('denial_directly_before')}) (?:(?:the|her|his|your|my|their|current) )*$"
        )
        listed = rf"(?:[\s,/()]|{_MARK}|\b(?:{either('after_words')})\b)*"
        self._after = re.compile(rf"^{listed}(?:{either('denial_after')})\b")
        self._exchange = (
            re.compile(rf"\b(?:{either('exchanged')}) *$"),
            re.compile(rf"^[^,{_MARK}]*\b(?:to|for|with) (?:\w+ )*{_MARK}"),
        )
        self._no_disorder = standing("no_disorder")
        self._retracts = re.compile(rf"(?:{either('retracts')})(?!\w)")
        self._same = standing("same")
        self._too = re.compile(rf"\s*(?:{either('same_after')})\s*")
        self._heading = re.compile(rf"(?:{either('denial_heading')})(?: (?:diagnoses|medicines|options|disorders))?")
        self._others = re.compile(rf"\b(?:{either('beside_before')})\b[^{_MARK}]*$")
        self._beside_list = re.compile(rf"\b(?:{either('beside_before_list')})\b[^.;]*$")
        self._follow = re.compile(rf"^\s*(?:{either('another_after')})\b")
        self._precede = re.compile(rf"\b(?:{either('another_before')})\s*$")
        self._placeholder = standing("placeholder")
        self._nothing = standing("nothing")
        self._class = {kind: standing(f"class_{kind}") for kind in ("diagnosis", "medicine", "treatment")}
        self._proposal = standing("proposes")
        self._told = re.compile(rf"^{listed}(?:which |that )?(?:{either('describes')})\b")
        self._symptoms = re.compile(rf"(?:[\w ]* )?(?:{either('symptoms')})")
        self._evidence = re.compile(rf"\b(?:{either('evidence_after')})\b.*{_MARK}")
        self._denial = re.compile(rf"\b(?:{either('denial_before', '_treatment')}|{either('denial_until_comma')})\b")

    def denied(self, before: str, after: str, kind: str) -> bool:
        """Whether a name between the two is said not to be so."""
        before, after = self._neutral.sub(" ", before), self._neutral.sub(" ", after)
        if all(pattern.search(side) for pattern, side in zip(self._exchange, (before, after), strict=True)):
            return True
        denials = (*self._denials[kind], self._directly)
        return any(denial.search(before) for denial in denials) or bool(self._after.search(after))

    def retracts(self, following: str) -> bool:
        """Whether a clause takes back what the one before it said: "but I don't think so", "none of these"."""
        return bool(self._retracts.match(following))

    def same_as_before(self, before: str, after: str) -> bool:
        """Whether what was said of the name before holds for this one too: "the same goes for X", "X too"."""
        return bool(self._same.search(before)) or (not before.strip() and bool(self._too.fullmatch(after)))

    def under_headings(self, text: str) -> str:
        """The text with "not" before each point of a list under a heading such as "Ruled out"."""
        lines, denied = [], False
        for line in text.splitlines():
            point = re.match(r"\s*(?:[-*\u2022+]|\d+[.)])\s+", line)
            if not point and line.strip():
                denied = bool(self._heading.fullmatch(line.strip(" #*_:\t").lower()))
            lines.append(f"{line[: point.end()]}not {line[point.end() :]}" if point and denied else line)
        return "\n".join(lines)

    def beside_the_point(self, before: str) -> bool:
        """Whether a name after this is somebody else's, a symptom, or what something is checked or mixed with."""
        return bool(self._others.search(before) or self._beside_list.search(before))

    def proposes(self, before: str, after: str) -> bool:
        """Whether a name is put forward, rather than the subject of something told: "Diazepam builds up in cirrhosis"."""
        return bool(self._proposal.search(before + after)) or not self._told.search(after)

    def symptom(self, name: str, after: str) -> bool:
        """Whether a name is a complaint that points to another: "insomnia and guilt all point to MDD"."""
        return bool(self._symptoms.fullmatch(name) and self._evidence.search(after))

    def another_thing(self, before: str, name: str, after: str) -> bool:
        """Whether the words around a name make it another thing: "lithium battery", "post stroke depression"."""
        return bool(self._follow.search(after) or (" " not in name and self._precede.search(before)))

    def no_disorder(self, told: str) -> bool:
        """Whether a text that asserts no disorder says that there is none."""
        return bool(self._no_disorder.search(told)) and not self._placeholder.search(told)

    def reason(self, told: str, kind: str, denied: bool) -> Reason:
        """Why nothing is asserted."""
        if self._placeholder.search(told):
            return "placeholder"
        if denied:
            return "denied"
        if family := self._class[kind].search(told):
            return "denied" if self._denial.search(self._neutral.sub(" ", told[: family.start()])) else "class"
        return "nothing" if not re.search(r"[a-z]", told) or self._nothing.search(told) else "unknown"


def one_off(word: str, other: str) -> bool:
    """Whether one letter more, less, other, or two swapped make one word of the other."""
    if abs(len(word) - len(other)) > 1 or word == other:
        return False
    start = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    left, right = word[start:], other[start:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right or left == right[1:] or left[1:] == right[1:]


@lru_cache
def _real_world() -> Vocabulary:
    from mentalarena.clinic.taxonomy import taxonomy

    return taxonomy().vocabulary


@lru_cache(maxsize=16)
def _names(kind: str, vocabulary: Vocabulary) -> _Names:
    return _Names(kind, vocabulary)


@lru_cache
def _words() -> _Words:
    return _Words(json.loads(files("mentalarena.clinic").joinpath("data/naming.json").read_text("utf-8")))
