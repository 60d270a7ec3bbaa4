"""Free answers of a model to questions with given options: which one option an answer asserts, if any.

An answer is brought to plain text with one mark for each mention of an option (see `mentions`). What is then looked at, in this
order: an explicit statement ("the answer is ..."; the last one counts), how the answer opens ("C. ...", "No, ..."), a conclusion
("therefore ..."), and all that is asserted anywhere; for closed words the opening comes first and must not be contradicted.
Denied mentions never count, and where a place asserts several options it asserts none. English only. Patterns are bounded, so
that the time grows with the length of the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mentalarena.evaluation.benchmarks.mentions import MARK, MARK_OF_LABEL, Mentions, plain, without_thoughts

LONGEST = 40_000
"""Characters of a reply that are read: of longer ones both ends, and there only what is stated or opens the reply counts."""
_NEXT_QUESTION = re.compile(r"\n\s{0,9}(?:question|q|user|human|instruction|input|example)(?: ?\d{1,3})? ?:", re.IGNORECASE)
_REASON = (
    r"\b(?:because|since|as|whereas|while|although|though|even though|due to|given|explanation|reason|reasoning|rationale|which|"
    r"however)\b"
)
_GIVES_REASON = re.compile(_REASON, re.IGNORECASE)
_ANOTHER = re.compile(rf"\b(?:and|or) ?({MARK})(?= ?,? ?{_REASON})", re.IGNORECASE)
_DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|without|except|unlike|cannot|\w{1,12}n't|rather than|instead of|rul(?:e|es|ed|ing) out|"
    r"exclud\w{1,4}|eliminat\w{1,4}|unlikely|less likely|incorrect|wrong|false|doubt\w{0,4}|hardly|inconsistent|unrelated|"
    r"implausible|improbable|dismiss\w{0,3}|discard\w{0,3}|reject\w{0,3}|tempting|distractors?)\b|"
    rf"\bover(?=\s?{MARK})|"
    r"\b(?:many|some|others|people|students?|one) (?:may |might |would |could )?(?:think|say|believe|argue|assume|choose)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    rf"[,;:()\[\]!?\n]|\.(?=\s|$)| - |\b(?:but|so|therefore|thus|hence|leaving|leaves)\b|{_REASON}|"
    rf"\band\s(?=\s?{MARK}\s?(?:is|was)\b)|"
    rf"(?=\b(?:not|rather than|instead of|unlike|over)\s?(?:\w{{1,4}} ){{0,2}}{MARK})",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_REFUSAL = re.compile(
    r"\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|won't|will not|declines? to|refuse to)"
    r"\W{1,3}(?:\w+\W{1,3}){0,3}?"
    r"(?:answer|say|choose|determined?|provide|decided?|tell|give|select|pick|assist|help|advise|comment|respond|diagnose)\b|"
    r"\bas an ai\b|"
    r"\b(?:impossible|hard|difficult) to (?:say|tell|determine|answer|choose|decide)\b|"
    r"\bi(?: a|')m sorry\b|\bi apologi[sz]e\b|\b(?:not enough|insufficient) information\b",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"\b(?<!each )(?<!every )(?<!following )(?:answer|option|choice|response|conclusion|verdict|decision|"
    r"prediction|label|classification|correct one)\b"
    rf"(?:[^.:=?\n\ue000-\ue3ff]{{0,60}}?(?:\bis\b|\bare\b|\bwould be\b|\bmust be\b|\bshould be\b|:|=|->)|(?= ?{MARK}))[ :]*|"
    r"\b(?:i|we|i'd|i'll|i would|i will|would|will)\s(?:choose|pick|select|prefer|go with|opt for|answer|vote for)\b|"
    rf"\b(?:no,? )?(?:actually(?=,| it\b| the answer| ?{MARK})|correction|on second thoughts?)\b|"
    rf"\b(?:no,? )?wait\b[,:.]? ?(?={MARK}\W{{0,9}}$)",
    re.IGNORECASE,
)
_NAMED_RIGHT = re.compile(
    rf"{MARK}\s?(?:is|are|would be|must be|seems|appears)\s"
    r"(?:the |a |an |most |best |only ){0,3}(?:correct|right|answer|best)\b",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    r"\b(?:correct|right|best|most likely|most appropriate|main|primary|likely)\b[^.:=?\n\ue000-\ue3ff]{0,60}?(?:\bis\b|:)|"
    r"\bcauses?(?: of \w{1,20})?(?: (?:is|are|shown))?(?: related to|:| is| are)|"
    r"^\s?(?:so|therefore|thus|hence|in conclusion|in summary|overall|consequently)\b|"
    r"\b(?:i|i'd|would) (?:think|believe|guess|suspect|say)\b|\b(?:leaves|leaving)\b|"
    r"\bbased on [^,.:\n\ue000-\ue3ff]{1,80},",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"\b(?:it (?:could|might|may)(?: also| well)? be|(?:could|might|may) also be|alternatively|or maybe|or perhaps)\b",
    re.IGNORECASE,
)
_THEREFORE = re.compile(r"\s?(?:so|therefore|thus|hence|in conclusion|in summary|overall|consequently)\b", re.IGNORECASE)
_SUPPOSES = re.compile(r"\W*?if (?!i\b|we\b|you\b|one\b|forced\b)[^\n]{0,200}?\bwould\b", re.IGNORECASE)
_CORRECTS = re.compile(
    r"\b(?:actually|wait|correction|on second thoughts?|sorry|no|therefore|thus|hence|so)\b", re.IGNORECASE
)
_EXPLAINS = re.compile(r"\W*?(?:explanation|reason|reasoning|rationale|justification|because|why)\b", re.IGNORECASE)
_HEADING = re.compile(r"\s?(?:answer|response|output) ?: ?", re.IGNORECASE)
_LEAD = re.compile(rf"\W*?{MARK}(?:\W{{1,3}}(?:and |or |nor )?{MARK})*")
_SHORT = 4
"""Words up to which what stands after "answer:" is an answer, if one that names no option."""
_NAMES_THE_PLACE = re.compile(r"[:=]\s*$|->\s*$")
_OPENS = re.compile(
    rf"\W*?(?P<marks>{MARK}(?:[\s(:.\-]{{0,3}}{MARK})*)"
    rf"\W{{0,2}}?\s?(?:$|[.!?:)(\]\n]|- |, ?(?:{_REASON}|not\b)|(?<={MARK_OF_LABEL}),|{_REASON})",
    re.IGNORECASE,
)
_NO_CAUSE = re.compile(r"\bno (?:\w{1,12} ){0,2}(?:causes?|reasons?)\b(?: of \w{1,20})?", re.IGNORECASE)
_SAYS_NO = re.compile(
    r"\bthere (?:is|was|are|were) no (?:clear |significant |strong |good |such )?(?:evidence|association|difference|relation|"
    r"effect|risk|sign|indication|correlation)\w{0,5}\b|"
    r"\b(?:poster|post|author|user|person|text|writer) (?:does not|doesn't|do not|did not|is not|isn't)\b",
    re.IGNORECASE,
)
_SAYS_YES = re.compile(r"\b(?:poster|post|author|user|person|writer) (?:suffers|shows this)\b", re.IGNORECASE)


def read_answer(text: str, options: Mapping[str, str]) -> str | None:
    """The label of the one option that a free answer asserts; None for none, several, refusals, denials.

    `options` maps labels to texts: letters to what they stand for, or words to themselves ("yes", "no"). Raises nothing for any
    text. Doubt is None: a label beside another option's text, an option that shares its text, a question that goes on.
    """
    if not options:
        return None
    return _reader(tuple(options.items())).read(text)


@lru_cache(maxsize=4096)
def _reader(options: tuple[tuple[str, str], ...]) -> _Reader:
    return _Reader(options)


@dataclass(frozen=True, slots=True)
class _Statement:
    """What one sentence says of the options: which it asserts, which it denies, and how it goes with the one before."""

    sentence: int
    labels: frozenset[str]
    denied: frozenset[str] = frozenset()
    adds: bool = False
    corrects: bool = False


class _Reader:
    """Reads answers to one question."""

    def __init__(self, options: tuple[tuple[str, str], ...]) -> None:
        self._mentions = Mentions(options)

    def read(self, text: str) -> str | None:
        """The label, or None."""
        said = without_thoughts(text)
        whole = len(said) <= LONGEST
        told = plain(said if whole else f"{said[: LONGEST // 4]}\n{said[-3 * LONGEST // 4 :]}")
        beyond = _NEXT_QUESTION.search(told)
        if beyond and re.search(
            MARK, head := self._mentions.marked(told[: beyond.start()])
        ):  # the model went on to ask itself
            return self._read(head, whole=whole)
        return self._read(self._mentions.marked(told), whole=whole)

    def _read(self, told: str, *, whole: bool) -> str | None:
        sentences = [s for s in _SENTENCE.split(told) if s.strip() and not _SUPPOSES.match(s)]
        if not sentences:
            return None
        stated, opened = self._last(self._stated(sentences)), self._opened(sentences)
        if self._mentions.closed and stated is not None and opened is not None and stated != opened:
            return None
        for found in (opened, stated) if self._mentions.closed else (stated, opened):
            if found is not None:
                return self._one(found)
        if not whole or any(_REFUSAL.search(s) for s in sentences):
            return None
        concluded = self._last(self._concluded(sentences))
        if concluded is not None:
            return self._one(concluded)
        return None if self._mentions.polar else self._one(self._asserted("\n".join(sentences), weak=False))

    def _one(self, labels: frozenset[str]) -> str | None:
        return next(iter(labels)) if len(labels) == 1 and labels <= set(self._mentions.labels) else None

    def _asserted(self, region: str, *, weak: bool) -> frozenset[str]:
        """Labels of the mentions that no word of denial touches."""
        clauses = [c for c in _CLAUSE.split(region) if c and not _DENIAL.search(c) and not _REFUSAL.search(c)]
        return self._mentions.of("".join(clauses), weak=weak)

    def _stated(self, sentences: list[str]) -> Iterator[_Statement]:
        for number, sentence in enumerate(sentences):
            cue = _STATED.search(sentence)
            right = _NAMED_RIGHT.search(sentence)
            corrects = bool(_CORRECTS.search(sentence))
            if right:
                clauses = (
                    [sentence]
                    if " are " in right[0]
                    else [c for c in _CLAUSE.split(sentence) if c and _NAMED_RIGHT.search(c)]
                )
                labels = self._asserted("\n".join(clauses), weak=True)
                if labels:
                    yield _Statement(number, labels, corrects=corrects)
                    continue
            refusal = _REFUSAL.search(sentence)
            first = refusal and (
                not cue or refusal.start() < cue.start()
            )  # "the answer is A, as B cannot be chosen" is none
            if refusal and first and not (cue and re.search(r"\b(?:but|however)\b", sentence[refusal.end() : cue.start()])):
                if cue:
                    yield _Statement(number, frozenset(), corrects=True)
                continue
            if _ALSO.search(sentence) and re.search(MARK, sentence):
                yield _Statement(number, self._asserted(sentence, weak=True), adds=True)
            elif cue:
                told = _told_after(cue)
                found = self._mentions.of(told, weak=True)
                labels = self._asserted(told, weak=True)
                if found or (_NAMES_THE_PLACE.search(cue[0]) and 0 < len(told.split()) <= _SHORT):
                    yield _Statement(number, labels, found - labels, corrects=corrects or not found)

    @staticmethod
    def _last(statements: Iterable[_Statement]) -> frozenset[str] | None:
        """What the last statement asserts; None where there is no statement.

        Two that follow on each other directly are one, unless the second takes back the first.
        """
        current: frozenset[str] | None = None
        before = -2
        for statement in statements:
            if not statement.labels and statement.denied:
                current = current - statement.denied if current is not None else None
            elif current and (statement.adds or (statement.sentence == before + 1 and not statement.corrects)):
                current |= statement.labels
            elif not statement.adds:
                current = statement.labels
            before = statement.sentence
        return current

    def _opened(self, sentences: list[str]) -> frozenset[str] | None:
        first = sentences[0]
        if self._mentions.polar:
            return self._opened_polar(first, sentences[1:])
        if self._mentions.closed:
            return self._opened_closed(first)
        if not _OPENS.match(first):
            return None
        labels = self._asserted(_until_reason(first), weak=True)
        for sentence in sentences[1:]:  # a list of the options is no answer
            if _EXPLAINS.match(sentence):
                break
            if re.match(rf"\W*?(?:{MARK_OF_LABEL}|{MARK}\W{{0,9}}$)", sentence):
                labels |= self._asserted(sentence, weak=False)
        return labels or None

    def _opened_polar(self, first: str, rest: list[str]) -> frozenset[str] | None:
        first = _HEADING.sub("", first)
        lead = _LEAD.match(first)
        if lead:
            return self._mentions.of(lead[0], weak=True)
        if _REFUSAL.search(first) or _STATED.search(first):
            return None
        named = self._mentions.of(first, weak=True)
        said = {
            self._mentions.words[word] for pattern, word in ((_SAYS_NO, "no"), (_SAYS_YES, "yes")) if pattern.search(first)
        }
        if said and named <= said:
            return frozenset(said)
        if named:
            short = len(first.split()) <= _SHORT and re.search(rf"[,:;\-] ?{MARK}\W{{0,9}}$", first)
            return self._asserted(first, weak=True) | self._mentions.of("".join(rest), weak=True) if short else None
        return None

    def _opened_closed(self, first: str) -> frozenset[str] | None:
        if _REFUSAL.search(first):
            return None
        if not re.search(MARK, first) and "none" in self._mentions.words and _NO_CAUSE.search(first):
            return frozenset({self._mentions.words["none"]})
        cue = _CONCLUDED.search(first)
        told = self._asserted(_told_after(cue), weak=True) if cue else None
        return told or self._asserted(_until_reason(first), weak=True) or None

    def _concluded(self, sentences: list[str]) -> Iterator[_Statement]:
        final = max((n for n, s in enumerate(sentences) if re.search(MARK, s)), default=-1)
        for number, sentence in enumerate(sentences[: final + 1]):
            cue = _CONCLUDED.search(sentence)
            if cue and (number == final or not _THEREFORE.match(sentence)):
                labels = self._asserted(_told_after(cue), weak=False)
                if labels:
                    yield _Statement(number, labels, corrects=True)


def _until_reason(told: str) -> str:
    """What stands before the reasons that are given for the first mention, and mentions with reasons of their own."""
    mark = re.search(MARK, told)
    reason = _GIVES_REASON.search(told, mark.end()) if mark else None
    return told[: reason.start()] + " ".join(_ANOTHER.findall(told, reason.start())) if reason else told


def _told_after(cue: re.Match[str]) -> str:
    """What a sentence tells after a cue, with the denial that stands before it: "I do not think the answer is ..."."""
    before = _CLAUSE.split(cue.string[: cue.start()])[-1] or ""
    return ("not " if _DENIAL.search(before) else "") + _until_reason(cue.string[cue.end() :])
