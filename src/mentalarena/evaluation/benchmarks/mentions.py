"""Mentions of given options in a free text: each becomes one mark, a character of private use, and the rest stays as it is.

So an option's own words ("Not altered", "None of the above") are never taken for a denial or for another option, the longest
option wins, and letters that are no label ("a patient", "vitamin D", the pronoun I) stay letters.
"""

from __future__ import annotations

import re
import unicodedata

_LABEL, _TEXT, _WEAK, _LOOSE, _FOREIGN = 0xE000, 0xE100, 0xE200, 0xE300, "\ue3ff"
"""Marks: named by its label, by its text, in a way that counts only where an answer is expected, a capital that may be a label
(it never names an answer, but beside one it makes two), and an answer of no option."""
MARK, MARK_OF_LABEL = "[\ue000-\ue3ff]", "[\ue000-\ue0ff]"
_LETTERS = "A-J"
_FAMILIES = (
    frozenset(
        {"none", "none of the above", "none of above", "none of these", "none of the options", "none of the given options"}
    ),
    frozenset({"all", "all of the above", "all of above", "all of these", "all of the options"}),
)
"""Spellings of one option."""
_ANSWERS_TO_SEVERAL = ("all of the above", "none of the above", "both of the above", "none of these")

_DRESS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), put)
    for pattern, put in (
        (r"~~[^~\n]{1,300}~~", " "),
        (r"<\|[^|>\n]{1,40}\|>|\[/?INST\]|</?s>", "\n"),
        (r"\b(?:no|without(?: any| a)?|beyond(?: any| a)?) doubt\b", " "),
        (r"\\boxed\s*\{\s*(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?([^{}\n]{0,300})\}{1,2}", r"\nanswer: \1\n"),
        (r"<(?:final_)?answer>([^<]{0,600})</(?:final_)?answer>", r"\nanswer: \1\n"),
        (r"\b(?-i:[eE]\.\s?g)\b\.?", "for example"),
        (r"\"\s{0,9},\s{0,9}(?=\"\w{1,40}\"\s{0,9}:)", "\n"),
        (r"\b(?:null|true|false|\d)\s{0,9},\s{0,9}(?=\"\w{1,40}\"\s{0,9}:)", "null\n"),
        (r"[*`#$>_~\"|\\]|(?<!\w)'|'(?!\w)", " "),
        (r"[{}]|</?[a-z]{2,20}", "\n"),
        (r"[ \t]+", " "),
        (r"(\b(?:answer|choice|option)\b(?:[^.:?\n]{0,60}:| ?-?)|\bis ?[:\-]?) ?\n\s*", r"\1 "),
    )
)
_UNSEEN = {"Cf", "Cs", "Co", "Cn", "Mn", "Me"}
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": " - ", "\u2212": "-"}
)
_OTHER_LETTER = re.compile(
    r"(?:vitamins?|hepatitis|types?|groups?|class|grade|stage|factor|protein|influenza|cluster|criteri(?:on|a)|part|"
    r"phase|axis|schedule|category|drug|patient|case|figure|table|coenzyme|immunoglobulin|bipolar|plan|section|appendix|"
    r"error|panel|arm) ?$",
    re.IGNORECASE,
)
_STANDS_ALONE = re.compile(
    rf"\s*(?:$|\.(?!\w)|[,;:()\[!?/\]&\n=]|- |{MARK}|[\W\d_]{{0,40}}(?-i:[A-J])(?!'?[^\W\d_])|(?:is|was|and|or|because|"
    rf"since|as|but|"
    r"seems|would|over|rather|not|nor|due|which|for|from|while|whereas|has|cannot|can|does|may|might|must|could|appears|"
    r"looks|instead|then|plus|with|vs|versus|to|through|thru|followed|alongside|together|if|when|unless|also|too|alone|"
    r"only|the (?:best|correct|right|most))\b)"
)
_PRONOUN_ALONE = re.compile(
    rf"\s*(?:$|(?:, ?(?:and |or )?|(?:and|or|&) )[A-Z]|- [A-Z]|[.;:)!?/\]\n=]|{MARK}|[\W\d_]{{0,40}}(?-i:[A-J])(?!'|"
    rf"[^\W\d_])|"
    r"(?:is|or|and ?/ ?or|because|then|plus|with|vs|versus|to|through|as well|followed by)\b)"
)
_LIST = re.compile(rf"({MARK})\s?,\s?(?:and |or |nor )?(?={MARK}\s?(?:[,.;\n]|$|and\b|or\b|nor\b))")
_GENUS = re.compile(r"\.\s[a-z](?!(?:ecause|ince|s|ue|t|he|his|hile|hich|ot)\b)")
"""A capital that shortens a name: "C. difficile"."""
_COUNTERPART = re.compile(r"\s*A ?:(?![\W\d_]{0,40}(?:[A-HJ](?!'?[^\W\d_])|I(?=\W*$|[^\w\s']|\s[A-J]\b)))")
_THOUGHTS = re.compile(r"</?think>", re.IGNORECASE)
_CHOICES = re.compile(rf"[(\[]?{MARK}(?: ?/ ?{MARK}){{1,9}}[)\]]? ?:")
"""What may be chosen, repeated before the choice: "(yes/no): no"."""
_LABEL_THEN_TEXT = re.compile(rf"({MARK})\s?[.):\-]{{1,2}}\s{{1,3}}(?={MARK}\s?(?:[.!?,;)\n]|$))")


def without_thoughts(text: str) -> str:
    """What follows a model's marked thoughts; nothing where they do not end, since thoughts are no answer."""
    parts = _THOUGHTS.split(text)
    return "" if len(parts) > 1 and _THOUGHTS.findall(text)[-1].lower() == "<think>" else parts[-1]


def plain(text: str) -> str:
    """NFKC, without what is not seen or is of private use, and without markup; line ends stay."""
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    if not text.isascii():
        text = "".join(" " if kind in {"No", "Nl"} else c for c in text if (kind := unicodedata.category(c)) not in _UNSEEN)
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", ""))
    for pattern, put in _DRESS:
        text = pattern.sub(put, text)
    return text.strip()


class Mentions:
    """Finds the mentions of one question's options."""

    def __init__(self, options: tuple[tuple[str, str], ...]) -> None:
        self.labels = [label for label, _ in options]
        self.closed = all(label.casefold() == text.casefold() for label, text in options)
        self.none = next((label for label, text in options if text.casefold() == "none"), "")
        self.words = {label.casefold(): label for label in self.labels}
        self.polar = self.closed and {"yes", "no"} <= set(self.words)
        self._originals = [text.strip() for _, text in options]
        self._texts: dict[str, list[int]] = {}
        for number, text in enumerate(self._originals):
            for spelling in _spellings(text):
                self._texts.setdefault(spelling, []).append(number)
        if not self.closed:
            self._texts |= {spelling: [] for spelling in _ANSWERS_TO_SEVERAL if spelling not in self._texts}
        self._ordered = sorted(self._texts, key=lambda text: (-len(text), text))
        self._mention = re.compile("|".join(self._branches()), re.IGNORECASE)

    def _branches(self) -> list[str]:
        """Patterns of a mention, those that tell most before the others."""
        words = [
            rf"(?P<t{n}>{self._closed_word(text) if self.closed else _pattern(text)})"
            for n, text in enumerate(self._ordered)
        ]
        if self.closed:
            return (
                [r"(?P<maybe>\bmaybe,? (?:yes|no|not)\b(?! or\b))", *words]
                if self.polar and "maybe" in self.words
                else words
            )
        pairs = [
            rf"(?P<p{n}_{number}>[(\[]?(?:(?:option|choice) )?\b"
            rf"{re.escape(self.labels[number])} ?{_gap(text)}{_pattern(text)}[)\]]?)"
            for n, text in enumerate(self._ordered)
            for number in self._texts[text]
        ]
        return [
            *pairs,
            *words,
            rf"\b(?:option|choice)s? ?[(\[]?(?P<option>[{_LETTERS}])\b(?!')[)\]]?",
            rf"[(\[] ?(?P<bracketed>[{_LETTERS}]) ?[)\]]",
            rf"(?:^|(?<=\n)) ?(?P<first>[{_LETTERS}])(?=[.):])",
            rf"(?<![\w\-'+])(?<!(?-i:[a-z])\.)(?<!N/)(?P<bare>[{_LETTERS}])(?![\w'+]|-\w)",
            rf"(?<![^\W\d_])(?<![^\W\d_]\d)(?<!(?-i:[a-z])\.)(?<!N/)(?P<loose>(?-i:[{_LETTERS}]))(?=[^\w']|'(?![^\W\d_])|"
            rf"$|\d[\W\d_]{{0,40}}(?-i:[{_LETTERS}])(?![^\W\d_]))",
        ]

    def _closed_word(self, word: str) -> str:
        if self.polar and word == "no":  # "no evidence" is no "no"
            return (
                r"(?<![\w\-'])no\b(?=\s{0,2}(?:$|[.,;:!?)/\n\]]|- |(?:because|since|as|or|and|it|he|she|they|this|the|"
                r"there|otherwise|if|when|in|for|to|not|at|then|but)\b|[(=]))"
            )
        return _pattern(word) + (r"(?! of\b)" if word == "none" else "")

    def marked(self, plain: str) -> str:
        """Plain text with a mark in place of each mention; lists ("A, B and C") and a label beside a text stay together."""
        marked = _CHOICES.sub(": ", self._mention.sub(self._mark, plain))
        return _LABEL_THEN_TEXT.sub(r"\1 ", _LIST.sub(r"\1 and ", marked))

    def _mark(self, match: re.Match[str]) -> str:
        group = match.lastgroup or ""
        if group == "maybe":
            return chr(_TEXT + self.labels.index(self.words["maybe"]))
        if re.fullmatch(r"p\d+_\d+", group):
            return chr(_LABEL + int(group.rpartition("_")[2]))
        if re.fullmatch(r"t\d+", group):
            return self._mark_of_text(match, self._ordered[int(group[1:])])
        return self._mark_of_letter(match, group)

    def _mark_of_text(self, match: re.Match[str], text: str) -> str:
        if not self.closed and len(text) == 1 and text.isalpha():  # "a" may be a text, a label and an article
            if not self._alone(match, match[0]):
                return match[0]
            named = [number for number in self._texts[text] if self._originals[number] == match[0]]
            named += [self.labels.index(match[0].upper())] if match[0].upper() in self.labels else []
            return "".join(chr(_WEAK + number) for number in dict.fromkeys(named))
        base = _TEXT if _telling(text) or (self.closed and text != "none") else _WEAK
        return "".join(chr(base + number) for number in self._texts[text]) or _FOREIGN

    def _alone(self, match: re.Match[str], letter: str) -> bool:
        rest = match.string[match.end() : match.end() + 48]
        after = (_PRONOUN_ALONE if letter.upper() == "I" else _STANDS_ALONE).match(rest)
        return bool(after) and not self._of_another_kind(match)

    @staticmethod
    def _of_another_kind(match: re.Match[str]) -> bool:
        return bool(_OTHER_LETTER.search(match.string[max(0, match.start() - 16) : match.start()]))

    def _mark_of_letter(self, match: re.Match[str], group: str) -> str:
        written = match[group]
        letter = written.upper()
        whole = match[0].strip() == match.string.strip()
        if (
            group == "first"
            and letter == "A"
            and not match.string[: match.start()].strip()
            and _COUNTERPART.match(match.string)
        ):
            return match[0]  # "A:" as the counterpart of "Q:"
        loose = group == "loose" or (group == "first" and bool(_GENUS.match(match.string, match.end())))
        if (
            not whole
            and group in {"bare", "option", "loose"}
            and not self._alone(match, written if group != "option" else "x")
        ):
            if written.islower() or letter in "AI" or self._of_another_kind(match):
                return match[0]
            loose = True
        if loose and letter in self.labels:
            return chr(_LOOSE + self.labels.index(letter))
        if letter not in self.labels:
            return match[0] if group == "first" or written.islower() else _FOREIGN
        strong = group != "bare" or written.isupper() or whole
        return chr((_LABEL if strong else _WEAK) + self.labels.index(letter))

    def of(self, marked: str, *, weak: bool) -> frozenset[str]:
        """Labels of the mentions in a marked text; the empty string for an answer that is none of the options."""
        marks = [mark for mark in re.findall(MARK, marked) if weak or ord(mark) < _WEAK or mark == _FOREIGN]
        sure = {self.labels[ord(mark) & 0xFF] for mark in marks if ord(mark) < _LOOSE}
        loose = {
            "" for mark in marks if mark == _FOREIGN or (ord(mark) >= _LOOSE and self.labels[ord(mark) & 0xFF] not in sure)
        }
        return frozenset(sure | loose)


def _gap(text: str) -> str:
    """What may stand between a label and its text."""
    return r"(?:[)\].:\-]{1,2}[\s(\[]{0,3}|\s{1,2})" if _telling(text) else r"[)\].:]{1,2}\s{0,3}"


def _spellings(text: str) -> set[str]:
    """An option's text as it is looked for, and its synonyms where it is one of 'all' or 'none'."""
    spelling = re.sub(r"\s+", " ", plain(text)).strip().rstrip(".").strip().casefold()
    return {spelling}.union(*(family for family in _FAMILIES if spelling in family)) - {""}


def _telling(text: str) -> bool:
    """Whether a text is told from the words of a reply that happens to hold it: "5", "ad" and "both" are not."""
    return bool(re.search(r"[^\W\d_]{3}", text)) and text not in {"both", "none", "all", "either", "neither", "yes", "no"}


def _pattern(text: str) -> str:
    """The text as whole words, in any spacing; a number not as a part of another."""
    words = r"\s{1,3}".join(re.escape(word) for word in text.split())
    start = (
        r"(?<!\w)(?<!\w-)" + (r"(?<!\d[.,])(?<![<>+=/-])(?<![<>+=/-] )" if text[0].isdigit() else "")
        if re.match(r"\w", text)
        else ""
    )
    end = (
        r"(?![.,/]?\d|\s?%)" if text[-1].isdigit() else r"(?:s\b)?" if _telling(text) and text[-1] not in "s" else ""
    ) + r"(?!-?\w)"
    return start + words + (end if re.search(r"\w$", text) else "")
