"""Free answers of a model to questions with given options: which one option an answer asserts, if any.

An answer is brought to plain text with one mark for each mention of an option (see `mentions`), and cut into segments, each of
which may state an answer ("the answer is ...", a bare "C."). Two statements of different options are none, unless the later one
takes the earlier back; what is denied, doubted or only supposed states nothing; and after a statement no other option may be
called right. Only where nothing is stated is a conclusion looked for ("therefore ..."); an option that is merely mentioned is no
answer. For closed words the opening comes first, and no other word of the options may stand beside it. English only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from mentalarena.evaluation.benchmarks import cues
from mentalarena.evaluation.benchmarks.mentions import MARK, MARK_OF_LABEL, Mentions, plain, without_thoughts
from mentalarena.evaluation.benchmarks.statements import (
    Statement,
    before_reasons,
    clauses,
    joined,
    last_of,
    told_after,
    until_reason,
)

LONGEST = 40_000
"""Characters of a reply that are read: of longer ones both ends, and there only what is stated or opens the reply counts."""
_NEXT_QUESTION = re.compile(r"\n\s{0,9}(?:question|q|user|human|instruction|input|example)(?: ?\d{1,3})? ?:", re.IGNORECASE)
_YIELDS = re.compile(r"\b(?:but|however|still|nevertheless|nonetheless|so)\b", re.IGNORECASE)
_SHORT = 4
"""Words up to which what stands after "answer:" is an answer, if one that names no option."""


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
        told = cues.ASKED.sub(r"\1 possibly?", cues.DENIED_AFTER.sub(" . ", told))
        if not self._mentions.closed:
            told = cues.NO_WAIT.sub("wait, ", told)
        cut = cues.SENTENCE if self._mentions.closed else cues.PART
        segments = [s for s in cut.split(told) if s.strip() and not cues.SUPPOSES.match(s) and not cues.ASKS.match(s)]
        if not segments:
            return None
        found = self._word(segments) if self._mentions.closed else self._letter(segments, whole=whole)
        return next(iter(found)) if len(found) == 1 and found <= set(self._mentions.labels) else None

    # ------------------------------------------------------------------ letters

    def _letter(self, segments: list[str], *, whole: bool) -> frozenset[str]:
        stated = list(self._stated(segments))
        opened = self._opened(segments)
        firm = next((n for n, s in enumerate(stated) if s.firm), None)
        listed = (opened.labels if opened else frozenset()).union(*(s.labels for s in stated[:firm]))
        if firm is not None and len(listed) > 1:  # a list of the options before the answer is none
            stated = stated[firm:]
        elif opened:
            stated.insert(0, opened)
        if stated:
            labels, last = joined(stated, segments)
            loose = firm is None and not opened
            if loose and (last.segment != len(segments) - 1 or self._open_labels(segments) - labels):
                return frozenset()
            taken_back = self._disturbed(last, segments) or self._another(labels, segments[last.segment :])
            return frozenset() if taken_back else labels
        told = list(before_reasons(segments))  # what stands in the reasons for a conclusion refuses nothing
        found = self._concluded(told)
        if not found:
            told, found = segments, self._concluded(segments)
        return found if whole and not any(cues.REFUSAL.search(s) or cues.UNSURE.search(s) for s in told) else frozenset()

    def _sure(self, region: str, *, weak: bool) -> frozenset[str]:
        """Labels that a region names and nothing denies; with the empty string where one of them is doubted."""
        kept = [c for c in clauses(region) if not cues.DENIAL.search(c) and not cues.REFUSAL.search(c)]
        labels = self._mentions.of("".join(kept), weak=weak)
        doubted = any(cues.DOUBT.search(c) for c in kept if re.search(MARK, c)) or cues.PROVIDED.search(region)
        return labels | {""} if labels and doubted else labels

    def _stated(self, segments: list[str]) -> Iterator[Statement]:
        for number, segment in enumerate(segments):
            if cues.TEMPLATE.search(segment) or cues.NOT_MINE.search(segment):
                continue
            corrects, adds = bool(cues.CORRECTS.search(segment)), bool(cues.ADDS.search(segment))
            right = cues.NAMED_RIGHT.search(segment)
            cue = None if right and right.start() < 3 else last_of(cues.STATED, segment)
            if right and not cue:
                parts = [segment] if " are " in right[0] else [c for c in clauses(segment) if cues.NAMED_RIGHT.search(c)]
                if labels := self._sure("\n".join(parts), weak=True):
                    yield Statement(number, labels, adds=adds, corrects=corrects)
                continue
            if not cue:
                if number and cues.BARE.match(segment):
                    yield Statement(number, self._sure(segment, weak=True), adds=adds, corrects=corrects, firm=False)
                continue
            refusal = cues.REFUSAL.search(segment, 0, cue.start())
            if refusal and not _YIELDS.search(segment[refusal.end() : cue.start()]):
                continue
            told = told_after(cue)
            found, labels = self._mentions.of(told, weak=True), self._sure(told, weak=True)
            if found or (cues.NAMES_THE_PLACE.search(cue[0]) and 0 < len(told.split()) <= _SHORT):
                yield Statement(number, labels, found - labels, adds=adds, corrects=corrects or not found)

    def _disturbed(self, last: Statement, segments: list[str]) -> bool:
        """Whether a refusal, or words that take the answer back, stand where they count."""
        after = [cues.DISCLAIMS.sub(" ", s) for s in segments[last.segment + 1 :]]
        before = [] if last.firm else [cues.DISCLAIMS.sub(" ", s) for s in segments[: last.segment]]
        if any(cues.EXPLAINS.match(s) for s in after):
            after = after[: next(n for n, s in enumerate(after) if cues.EXPLAINS.match(s))]
        return (
            any(cues.REFUSAL.search(s) or cues.TAKEN_BACK.search(s) for s in [*before, *after])
            or (not last.firm and any(cues.UNSURE.search(s) for s in segments))
            or any(cues.UNSURE.search(s) and len(s.split()) <= 2 * _SHORT for s in after)
        )

    def _another(self, labels: frozenset[str], after: list[str]) -> bool:
        """Whether another option is called right, too."""
        for number, segment in enumerate(after):
            if cues.SO_IS.search(segment):
                return True
            parts = clauses(segment)
            for place, clause in enumerate(parts):
                if cues.DENIAL.search(clause) or not self._mentions.of(clause, weak=False) - labels:
                    continue
                if cues.AFFIRMS.search(clause):
                    return True
                lettered = "".join(re.findall(MARK_OF_LABEL, clause))
                if number and self._mentions.of(lettered, weak=False) - labels:
                    ends = 0 < place == len(parts) - 1 and not clause.strip(f" .{lettered}")  # "for children, C."
                    if ends or cues.AFFIRMS_LABEL.search(clause):
                        return True
        return False

    def _open_labels(self, segments: list[str]) -> frozenset[str]:
        """Labels that stand anywhere and are not denied."""
        return frozenset().union(
            *(
                self._mentions.of("".join(re.findall(MARK_OF_LABEL, c)), weak=False)
                for s in segments
                for c in clauses(s)
                if not cues.DENIAL.search(c)
            )
        )

    def _opened(self, segments: list[str]) -> Statement | None:
        first = segments[0]
        if not (cues.OPENS.match(first) or cues.BARE.match(first)) or cues.STATED.match(first):
            return None
        if cues.TEMPLATE.search(first) or cues.NOT_MINE.search(first):
            return None
        labels = self._sure(until_reason(first), weak=True)
        for segment in segments[1:]:  # a list of the options is no answer
            if cues.EXPLAINS.match(segment) or any(
                c.search(segment) for c in (cues.STATED, cues.NAMED_RIGHT, cues.CORRECTS)
            ):
                break
            if cues.LISTS.match(segment):
                labels |= self._sure(segment, weak=False)
        return Statement(0, labels, firm=False) if labels or self._mentions.of(first, weak=True) else None

    def _concluded(self, segments: list[str]) -> frozenset[str]:
        """What the reply comes to where nothing is stated outright."""
        if not segments:
            return frozenset()
        if self._mentions.none and not re.search(rf"{MARK}|\?", segments[0]) and cues.NO_CAUSE.search(segments[0]):
            return frozenset({self._mentions.none})
        named = [n for n, s in enumerate(segments) if re.search(MARK, s)]
        found: frozenset[str] = frozenset()
        for number in named:
            segment = segments[number]
            cue = last_of(cues.CONCLUDED, segment)
            if not cue or cues.TEMPLATE.search(segment) or cues.NOT_MINE.search(segment):
                continue
            therefore = bool(cues.THEREFORE.match(segment))
            if therefore and number != named[-1]:
                continue
            labels = self._sure(told_after(cue), weak=False)
            found = labels if therefore else found | labels
        last = segments[-1]
        if not found and named == [len(segments) - 1] and cues.ENDS_IN.search(last):
            return frozenset() if cues.NOT_MINE.search(last) or cues.TEMPLATE.search(last) else self._sure(last, weak=False)
        return found

    # ------------------------------------------------------------- closed words

    def _word(self, segments: list[str]) -> frozenset[str]:
        first = cues.HEADING.sub("", segments[0])
        told = list(before_reasons(segments))
        stated = [s for s in self._stated([first, *segments[1:]]) if s.firm and (s.labels or s.segment < len(told))]
        opened = self._opened_polar(first, segments[1:]) if self._mentions.polar else self._opened_closed(first)
        if any(cues.TEMPLATE.search(s) for s in segments[:1]) or (self._mentions.polar and cues.TALKS.match(first)):
            return frozenset()
        if not stated and any(cues.REFUSAL.search(cues.DISCLAIMS.sub(" ", s)) or cues.UNSURE.search(s) for s in told):
            said = self._mentions.of(segments[0], weak=True)
            if said != {"maybe"}:  # "not sure, maybe" is a maybe
                return frozenset()
        explicit, last = joined(stated, segments) if stated else (None, None)
        if opened is not None and explicit is not None and explicit != opened:
            return frozenset()
        found = opened if opened is not None else explicit
        if found is None:
            found = self._concluded(segments)
        if found is None or len(found) != 1:
            return frozenset()
        ruling = last.segment if last and opened is None else 0
        for segment in segments[ruling + 1 :]:
            another = cues.ANOTHER_WORD.match(segment)
            if another and self._mentions.of(another[0], weak=True) - found:
                return frozenset()
        return found

    def _opened_polar(self, first: str, rest: list[str]) -> frozenset[str] | None:
        named = self._mentions.of(first, weak=True)
        if cues.LEAD.match(first):
            if "maybe" not in self._mentions.words and re.search(r"\bmaybe\b", first, re.IGNORECASE):
                return named | {""}  # no option of these, and yet what is said beside one
            return named | {""} if re.search(rf"{MARK}\W{{0,3}}(?:possibly\?|\d{{1,3}} ?%|= |is\b)", first) else named
        if cues.REFUSAL.search(first) or cues.STATED.search(first):
            return None
        if cues.UNSURE.search(first) and named == {"maybe"}:
            return named
        if cues.UNSURE.search(first) or cues.OR_NOT.search(first):
            return frozenset() if named else None
        said = {
            self._mentions.words[word]
            for pattern, word in ((cues.SAYS_NO, "no"), (cues.SAYS_YES, "yes"))
            if pattern.search(first)
        }
        if said and named <= said:
            return frozenset(said)
        if named:
            short = len(first.split()) <= _SHORT and re.search(rf"[,:;\-] ?{MARK}\W{{0,9}}$", first)
            return self._sure(first, weak=True) | self._mentions.of("".join(rest), weak=True) if short else None
        return None

    def _opened_closed(self, first: str) -> frozenset[str] | None:
        if cues.REFUSAL.search(first):
            return None
        if self._mentions.none and not re.search(rf"{MARK}|\?", first) and cues.NO_CAUSE.search(first):
            return frozenset({self._mentions.none})
        cue = cues.CONCLUDED.search(first)
        told = self._sure(told_after(cue), weak=True) if cue else None
        return told or self._sure(until_reason(first), weak=True) or None
