"""Free answers of a model to questions with given options: which one option an answer asserts, if any.

An answer is brought to plain text and each mention of an option in it becomes one mark (a character of private use), so that an
option's own words ("Not altered", "None of the above") are never taken for a denial or for another option. What is then looked
at, in this order: an explicit statement ("the answer is ..."; the last one counts), how the answer opens ("C. ...", "No, ..."),
a conclusion ("therefore ..."), and all that is asserted anywhere. Denied mentions never count, and where a place asserts several
options it asserts none. English only. Every pattern is bounded, so the time grows with the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_LABEL, _TEXT, _WEAK, _FOREIGN = 0xE000, 0xE100, 0xE200, "\ue3ff"
"""Marks: named by its label, by its text, in a way that counts only where an answer is expected, and a letter of no option."""
_MARKS = "[\ue000-\ue3ff]"
_LETTERS = "A-J"
_ANSWERS_TO_NONE = "none|none of the above|none of these|none of the options|none of the given options|none of above"
_FAMILIES = (
    frozenset(_ANSWERS_TO_NONE.split("|")),
    frozenset("all|all of the above|all of these|all of the options|all of above".split("|")),
)
"""Spellings of one option."""
_ANSWERS_TO_SEVERAL = ("all of the above", "none of the above", "both of the above")

_DRESS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), put)
    for pattern, put in (
        (r"~~[^~\n]{1,300}~~", " "),
        (r"<\|[^|>\n]{1,40}\|>|\[/?INST\]|</?s>", "\n"),
        (r"\b(?:no|without(?: any| a)?|beyond(?: any| a)?) doubt\b", " "),
        (r"\\boxed\s*\{\s*(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?([^{}\n]{0,300})\}{1,2}", r"\nfinal answer: \1\n"),
        (r"<(?:final_)?answer>([^<]{0,600})</(?:final_)?answer>", r"\nfinal answer: \1\n"),
        (r"\"\s{0,9},\s{0,9}(?=\"\w{1,40}\"\s{0,9}:)", "\n"),
        (r"[*`#$>_~\"|\\]|(?<!\w)'|'(?!\w)", " "),
        (r"[{}]|<[/a-z]{1,20}", "\n"),
        (r"[ \t]+", " "),
        (r"((?:answer|choice|option|is) ?[:\-]?) ?\n\s*", r"\1 "),
    )
)
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": " - ", "\u2212": "-"}
)
_NEXT_QUESTION = re.compile(r"\n\s{0,9}(?:question|q|user|human|instruction|input|example)(?: ?\d{1,3})? ?:", re.IGNORECASE)
_OTHER_LETTER = re.compile(
    r"(?:vitamins?|hepatitis|types?|groups?|class|grade|stage|factor|protein|influenza|cluster|criteri(?:on|a)|part|phase|axis|"
    r"schedule|category|drug|patient|case|figure|table|coenzyme|immunoglobulin|bipolar) ?$",
    re.IGNORECASE,
)
_STANDS_ALONE = re.compile(
    rf"\s*(?:$|[.,;:()\[!?/\]&\n=]|- |{_MARKS}|(?:is|was|and|or|because|since|as|but|seems|would|over|rather|not|nor|due|which|for|from|"
    r"while|whereas|has|cannot|can|does|may|might|must|could|appears|looks|instead)\b)"
)
_PRONOUN_ALONE = re.compile(rf"\s*(?:$|, ?(?:and |or )?[A-Z]|- [A-Z]|[.;:)!?/\]\n=]|{_MARKS}|(?:is|or|because)\b)")

_REASON = (
    r"\b(?:because|since|as|whereas|while|although|though|even though|due to|given|explanation|reason|reasoning|rationale|which|"
    r"however)\b"
)
_GIVES_REASON = re.compile(_REASON, re.IGNORECASE)
_ANOTHER = re.compile(rf"\b(?:and|or) ?({_MARKS})(?= ?,? ?{_REASON})", re.IGNORECASE)
_DENIAL = re.compile(
    r"\b(?:not|no|never|neither|nor|without|except|unlike|cannot|\w{1,12}n't|rather than|instead of|rul(?:e|es|ed|ing) out|"
    r"exclud\w{1,4}|eliminat\w{1,4}|unlikely|less likely|incorrect|wrong|false|doubt\w{0,4}|hardly|inconsistent|unrelated|"
    r"implausible|improbable|dismiss\w{0,3}|discard\w{0,3}|reject\w{0,3}|tempting|distractors?)\b|"
    rf"\bover(?=\s?{_MARKS})|"
    r"\b(?:many|some|others|people|students?|one) (?:may |might |would |could )?(?:think|say|believe|argue|assume|choose)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    rf"[,;:()\[\]!?\n]|\.(?=\s|$)| - |\b(?:but|so|therefore|thus|hence|leaving|leaves)\b|{_REASON}|\band\s(?=\s?{_MARKS}\s?(?:is|was)\b)|"
    rf"(?=\b(?:not|rather than|instead of|unlike|over)\s?(?:\w{{1,4}} ){{0,2}}{_MARKS})",
    re.IGNORECASE,
)
_LIST = re.compile(rf"({_MARKS})\s?,\s?(?:and |or |nor )?(?={_MARKS}\s?(?:[,.;\n]|$|and\b|or\b|nor\b))")
_LABEL_THEN_TEXT = re.compile(rf"({_MARKS})\s?[.):\-]{{1,2}}\s{{1,3}}(?={_MARKS}\s?(?:[.!?,;)\n]|$))")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_REFUSAL = re.compile(
    r"\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|won't|will not|declines? to|refuse to)\W{1,3}(?:\w+\W{1,3}){0,3}?"
    r"(?:answer|say|choose|determined?|provide|decided?|tell|give|select|pick|assist|help|advise|comment|respond|diagnose)\b|"
    r"\bas an ai\b|\bi(?: a|')m sorry\b|\bi apologi[sz]e\b|\b(?:not enough|insufficient) information\b",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"\b(?<!each )(?<!every )(?<!following )(?:answer|option|choice|response|conclusion|verdict|decision|prediction|label|classification|correct one)\b"
    rf"(?:[^.:=?\n\ue000-\ue3ff]{{0,60}}?(?:\bis\b|\bare\b|\bwould be\b|\bmust be\b|\bshould be\b|:|=|->)|(?= ?{_MARKS}))[ :]*|"
    r"\b(?:i|we|i'd|i'll|i would|i will|would|will)\s(?:choose|pick|select|prefer|go with|opt for|answer|vote for)\b|"
    r"\b(?:no,? )?(?:actually|correction|on second thoughts?)\b|"
    rf"\b(?:no,? )?wait\b[,:.]? ?(?={_MARKS}\W{{0,9}}$)",
    re.IGNORECASE,
)
_NAMED_RIGHT = re.compile(
    rf"{_MARKS}\s?(?:is|are|would be|must be|seems|appears)\s(?:the |a |an |most |best |only ){{0,3}}(?:correct|right|answer|best)\b",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    r"\b(?:correct|right|best|most likely|most appropriate|main|primary|likely)\b[^.:=?\n\ue000-\ue3ff]{0,60}?(?:\bis\b|:)|"
    r"\bcauses?(?: of \w{1,20})?(?: (?:is|are|shown))?(?: related to|:| is| are)|"
    r"^\s?(?:so|therefore|thus|hence|in conclusion|in summary|overall|consequently)\b|"
    r"\b(?:i|i'd|would) (?:think|believe|guess|suspect|say)\b|\b(?:leaves|leaving)\b",
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
_LEAD = re.compile(rf"\W*?{_MARKS}(?:\W{{1,3}}(?:and |or |nor )?{_MARKS})*")
_SHORT = 4
"""Words up to which what stands after "answer:" is an answer, if one that names no option."""
_NAMES_THE_PLACE = re.compile(r"[:=]\s*$|->\s*$")
_OPENS = re.compile(
    rf"\W*?(?P<marks>{_MARKS}(?:[\s(:.\-]{{0,3}}{_MARKS})*)\W{{0,2}}?\s?(?:$|[.!?:)(\]\n]|- |, ?(?:{_REASON}|not\b)|,(?<=[\ue000-\ue0ff],)|{_REASON})",
    re.IGNORECASE,
)
_NO_CAUSE = re.compile(r"\bno (?:\w{1,12} ){0,2}(?:causes?|reasons?)\b(?: of \w{1,20})?", re.IGNORECASE)
_SAYS_NO = re.compile(
    r"\bthere (?:is|was|are|were) no (?:clear |significant |strong |good |such )?(?:evidence|association|difference|relation|effect|risk|"
    r"sign|indication|correlation)\w{0,5}\b|"
    r"\b(?:poster|post|author|user|person|text|writer) (?:does not|doesn't|do not|did not|is not|isn't)\b",
    re.IGNORECASE,
)
_SAYS_YES = re.compile(r"\b(?:poster|post|author|user|person|writer) (?:suffers|shows this)\b", re.IGNORECASE)


def read_answer(text: str, options: Mapping[str, str]) -> str | None:
    """The label of the one option that a free answer asserts; None for none, several, refusals, denials.

    `options` maps labels to texts: letters to what they stand for, or words to themselves ("yes", "no"). Raises nothing for any
    text. Doubt is None: a label beside another option's text, an option that shares its text, a question that goes on.
    """
    if not text.strip() or not options:
        return None
    return _reader(tuple(options.items())).read(text)


def _plain(text: str) -> str:
    """NFKC, without what is not seen or is of private use, and without markup; line ends stay."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    if not text.isascii():
        text = "".join(c if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn", "Mn"} else "" for c in text)
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", ""))
    if "<think>" in text.lower() or "</think>" in text.lower():  # reasoning is no answer, and without an end there is none
        text = re.split(r"</think>", text, flags=re.IGNORECASE)[-1] if "</think>" in text.lower() else ""
    for pattern, put in _DRESS:
        text = pattern.sub(put, text)
    return text.strip()


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
        self._labels = [label for label, _ in options]
        self._closed = all(label.casefold() == text.casefold() for label, text in options)
        self._originals = [text.strip() for _, text in options]
        self._words = {label.casefold(): label for label in self._labels}
        self._polar = {"yes", "no"} <= set(self._words) and self._closed
        texts: dict[str, list[int]] = {}
        pairs: list[tuple[str, int]] = []
        for number, (label, text) in enumerate(options):
            for spelling in _spellings(text):
                texts.setdefault(spelling, []).append(number)
                if not self._closed and spelling:
                    gap = r"(?:[)\].:\-]{1,2}[\s(\[]{0,3}|\s{1,2})" if _telling(spelling) else r"[)\].:]{1,2}\s{0,3}"
                    pairs.append(
                        (rf"[(\[]?(?:(?:option|choice) )?\b{re.escape(label)} ?{gap}{_pattern(spelling)}[)\]]?", number)
                    )
        for spelling in _ANSWERS_TO_SEVERAL:
            if not self._closed and spelling not in texts:
                texts[spelling] = []
        self._texts = {text: numbers for text, numbers in texts.items() if text}
        self._pairs = [number for _, number in pairs]
        branches = [rf"(?P<p{i}>{pattern})" for i, (pattern, _) in enumerate(pairs)]
        branches += [rf"(?P<maybe>\bmaybe,? (?:yes|no|not)\b(?! or\b))"] if self._polar and "maybe" in self._words else []
        for i, text in enumerate(sorted(self._texts, key=lambda t: (-len(t), t))):
            branches.append(rf"(?P<t{i}>{self._closed_word(text) if self._closed else _pattern(text)})")
        self._ordered = sorted(self._texts, key=lambda t: (-len(t), t))
        if not self._closed:
            branches += [
                rf"\b(?:option|choice)s? ?[(\[]?(?P<option>[{_LETTERS}])\b(?!')[)\]]?",
                rf"[(\[] ?(?P<bracketed>[{_LETTERS}]) ?[)\]]",
                rf"(?:^|(?<=\n)) ?(?P<first>[{_LETTERS}])(?=[.):])",
                rf"(?<![\w\-'+.])(?<!N/)(?P<bare>[{_LETTERS}])(?![\w'+]|-\w)",
            ]
        self._mention = re.compile("|".join(branches), re.IGNORECASE)

    def _closed_word(self, word: str) -> str:
        if self._polar and word == "no":  # "no evidence" is no "no"
            return r"(?<![\w\-'])no\b(?=\s{0,2}(?:$|[.,;:!?)/\n\]]|- |(?:because|since|as|or|and|it|he|she|they|this|the|there)\b))"
        return _pattern(word) + (r"(?! of\b)" if word == "none" else "")

    def read(self, text: str) -> str | None:
        """The label, or None."""
        plain = _plain(text)
        beyond = _NEXT_QUESTION.search(plain)
        if beyond and re.search(_MARKS, head := self._marked(plain[: beyond.start()])):  # the model went on to ask itself
            return self._read(head)
        return self._read(self._marked(plain))

    def _read(self, told: str) -> str | None:
        sentences = [s for s in _SENTENCE.split(told) if s.strip() and not _SUPPOSES.match(s)]
        if not sentences:
            return None
        stated, opened = self._last(self._stated(sentences)), self._opened(sentences)
        if self._closed and stated is not None and opened is not None and stated != opened:
            return None
        for found in (opened, stated) if self._closed else (stated, opened):
            if found is not None:
                return self._one(found)
        if any(_REFUSAL.search(s) for s in sentences):
            return None
        concluded = self._last(self._concluded(sentences))
        if concluded is not None:
            return self._one(concluded)
        return None if self._polar else self._one(self._asserted("\n".join(sentences), weak=False))

    def _one(self, labels: frozenset[str]) -> str | None:
        return next(iter(labels)) if len(labels) == 1 and labels <= set(self._labels) else None

    def _marked(self, plain: str) -> str:
        marked = self._mention.sub(self._mark, plain)
        return _LABEL_THEN_TEXT.sub(r"\1 ", _LIST.sub(r"\1 and ", marked))

    def _mark(self, match: re.Match[str]) -> str:
        group = match.lastgroup or ""
        if group == "maybe":
            return chr(_TEXT + self._labels.index(self._words["maybe"]))
        if group[0] == "p" and group[1:].isdigit():
            return chr(_LABEL + self._pairs[int(group[1:])])
        if group[0] == "t" and group[1:].isdigit():
            return self._mark_of_text(match, self._ordered[int(group[1:])])
        return self._mark_of_letter(match, group)

    def _mark_of_text(self, match: re.Match[str], text: str) -> str:
        if not self._closed and len(text) == 1 and text.isalpha():  # "a" may be a text, a label and an article
            if not self._alone(match, match[0]):
                return match[0]
            named = [number for number in self._texts[text] if self._originals[number] == match[0]]
            named += [self._labels.index(match[0].upper())] if match[0].upper() in self._labels else []
            return "".join(chr(_WEAK + number) for number in dict.fromkeys(named))
        base = _TEXT if _telling(text) or (self._closed and text != "none") else _WEAK
        return "".join(chr(base + number) for number in self._texts[text]) or _FOREIGN

    def _alone(self, match: re.Match[str], letter: str) -> bool:
        rest = match.string[match.end() : match.end() + 16]
        after = (_PRONOUN_ALONE if letter.upper() == "I" else _STANDS_ALONE).match(rest)
        return bool(after) and not _OTHER_LETTER.search(match.string[max(0, match.start() - 16) : match.start()])

    def _mark_of_letter(self, match: re.Match[str], group: str) -> str:
        written = match[group]
        letter = written.upper()
        whole = match[0].strip() == match.string.strip()
        if not whole and group in {"bare", "option"} and not self._alone(match, written if group == "bare" else "x"):
            return match[0]
        if letter not in self._labels:
            return match[0] if group == "first" or written.islower() else _FOREIGN
        strong = group != "bare" or written.isupper() or whole
        return chr((_LABEL if strong else _WEAK) + self._labels.index(letter))

    def _asserted(self, region: str, *, weak: bool) -> frozenset[str]:
        """Labels of the mentions that no word of denial touches."""
        clauses = [c for c in _CLAUSE.split(region) if c and not _DENIAL.search(c) and not _REFUSAL.search(c)]
        return self._mentioned("".join(clauses), weak=weak)

    def _mentioned(self, told: str, *, weak: bool) -> frozenset[str]:
        marks = (mark for mark in re.findall(_MARKS, told) if weak or ord(mark) < _WEAK or mark == _FOREIGN)
        return frozenset("" if mark == _FOREIGN else self._labels[ord(mark) & 0xFF] for mark in marks)

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
            if refusal and (not cue or not re.search(r"\b(?:but|however)\b", sentence[refusal.end() : cue.start()])):
                if cue:
                    yield _Statement(number, frozenset(), corrects=True)
                continue
            if _ALSO.search(sentence) and re.search(_MARKS, sentence):
                yield _Statement(number, self._asserted(sentence, weak=True), adds=True)
            elif cue:
                told = _told_after(cue)
                found = self._mentioned(told, weak=True)
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
            elif statement.labels or not statement.adds:
                current = statement.labels
            before = statement.sentence
        return current

    def _opened(self, sentences: list[str]) -> frozenset[str] | None:
        first = sentences[0]
        if self._polar:
            return self._opened_polar(first, sentences[1:])
        if self._closed:
            return self._opened_closed(first)
        if not _OPENS.match(first):
            return None
        labels = self._asserted(_until_reason(first), weak=True)
        for sentence in sentences[1:]:  # a list of the options is no answer
            if _EXPLAINS.match(sentence):
                break
            if re.match(rf"\W*?(?:[\ue000-\ue0ff]|{_MARKS}\W{{0,9}}$)", sentence):
                labels |= self._asserted(sentence, weak=False)
        return labels or None

    def _opened_polar(self, first: str, rest: list[str]) -> frozenset[str] | None:
        lead = _LEAD.match(first)
        if lead:
            return self._mentioned(lead[0], weak=True)
        if _REFUSAL.search(first) or _STATED.search(first):
            return None
        if re.search(_MARKS, first):
            short = len(first.split()) <= _SHORT and re.search(rf"[,:;\-] ?{_MARKS}\W{{0,9}}$", first)
            return self._asserted(first, weak=True) | self._mentioned("".join(rest), weak=True) if short else None
        for pattern, word in ((_SAYS_NO, "no"), (_SAYS_YES, "yes")):
            if pattern.search(first):
                return frozenset({self._words[word]})
        return None

    def _opened_closed(self, first: str) -> frozenset[str] | None:
        if _REFUSAL.search(first):
            return None
        if not re.search(_MARKS, first) and "none" in self._words and _NO_CAUSE.search(first):
            return frozenset({self._words["none"]})
        cue = _CONCLUDED.search(first)
        told = self._asserted(_told_after(cue), weak=True) if cue else None
        return told or self._asserted(_until_reason(first), weak=True) or None

    def _concluded(self, sentences: list[str]) -> Iterator[_Statement]:
        final = max((n for n, s in enumerate(sentences) if re.search(_MARKS, s)), default=-1)
        for number, sentence in enumerate(sentences[: final + 1]):
            cue = _CONCLUDED.search(sentence)
            if cue and (number == final or not _THEREFORE.match(sentence)):
                labels = self._asserted(_told_after(cue), weak=False)
                if labels:
                    yield _Statement(number, labels, corrects=True)


def _until_reason(told: str) -> str:
    """What stands before the reasons that are given for the first mention, and mentions with reasons of their own."""
    mark = re.search(_MARKS, told)
    reason = _GIVES_REASON.search(told, mark.end()) if mark else None
    return told[: reason.start()] + " ".join(_ANOTHER.findall(told, reason.start())) if reason else told


def _told_after(cue: re.Match[str]) -> str:
    """What a sentence tells after a cue, with the denial that stands before it: "I do not think the answer is ..."."""
    before = _CLAUSE.split(cue.string[: cue.start()])[-1] or ""
    return ("not " if _DENIAL.search(before) else "") + _until_reason(cue.string[cue.end() :])


def _spellings(text: str) -> set[str]:
    """An option's text as it is looked for, and its synonyms where it is one of 'all' or 'none'."""
    plain = re.sub(r"\s+", " ", _plain(text)).strip().rstrip(".").strip().casefold()
    return {plain}.union(*(family for family in _FAMILIES if plain in family))


def _telling(text: str) -> bool:
    """Whether a text is told from the words of a reply that happens to hold it: "5", "ad" and "both" are not."""
    return bool(re.search(r"[^\W\d_]{3}", text)) and text not in {"both", "none", "all", "either", "neither", "yes", "no"}


def _pattern(text: str) -> str:
    """The text as whole words, in any spacing; a number not as a part of another."""
    words = r"\s{1,3}".join(re.escape(word) for word in text.split())
    start = r"(?<![\w])" + (r"(?<!\d[.,])" if text[0].isdigit() else "") if re.match(r"\w", text) else ""
    end = (
        r"(?![.,]?\d|\s?%)" if text[-1].isdigit() else r"(?:s\b)?" if _telling(text) and text[-1] not in "s" else ""
    ) + r"(?!\w)"
    return start + words + (end if re.search(r"\w$", text) else "")
