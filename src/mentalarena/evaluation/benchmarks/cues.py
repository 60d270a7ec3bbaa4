"""What words of a reply tell beside the options: refusal, denial, doubt, an answer that is stated or taken back.

English only. Every pattern is bounded, so that the time grows with the length of the text alone. Where a word may mean two
things, the pattern takes the one that credits less.
"""

from __future__ import annotations

import re

from mentalarena.evaluation.benchmarks.mentions import MARK, MARK_OF_LABEL


def _cue(pattern: str) -> re.Pattern[str]:
    """A pattern in any case. A mark is no letter and yet a word: what lies between words (\\W) holds none."""
    return re.compile(pattern.replace(r"\W", r"[^\w\ue000-\ue3ff]"), re.IGNORECASE)


_RIGHT = (
    r"(?:correct|right|acceptable|valid|plausible|suitable|appropriate|reasonable|fine|good|of choice|defensible|answer)"
)
_THEREFORE = r"(?:so|therefore|thus|hence|in conclusion|in summary|overall|consequently|accordingly)"
_ABLE = (
    r"(?:cannot|can't|can not|could not|couldn't|unable to|not able to|won't|will not|declines? to|refuse to|not going to)"
)
_NOUN = r"(?:answer|option|choice|response|conclusion|verdict|decision|prediction|label|classification|selection|ans|correct one)"
_SURE = r"(?:likely|probably|definitely|certainly|clearly|surely|simply|indeed|most likely|therefore|thus|then|now|still)"

REASON = _cue(
    r"\b(?:because|since|(?<!just )(?<!well )as(?! well| is\b)|whereas|while|although|though|even though|due to|given|explanation|reason|reasoning|"
    r"rationale|which|however)\b",
)
SENTENCE = _cue(r"(?<=[.!?])\s+|\n+")
PART = _cue(rf"{SENTENCE.pattern}|\s?;\s?|,? \b(?:but|however),? (?!\s?(?:not\b|{MARK}))")
"""Where a new statement may begin."""
ASKED = _cue(rf"({MARK}[)\]]?)\s?\?")
ASKS = _cue(
    r"\W*?(?:(?:so|but|and|or|hmm|well),? )?(?:is|are|was|could|can|should|would|do|does|did|may|might|why|who|what|which|how)\b[^?]*\?\W*$",
)
NO_WAIT = _cue(r"\bno,? (?=wait|actually|sorry|it is|it's|hold on)")
CLAUSE = _cue(
    rf"[,;:()\[\]!\n]|\?|\.(?=\s|$)| - |\b(?:but|so|therefore|thus|hence|leaving|leaves)\b|{REASON.pattern}|"
    rf"\band\s(?=\s?{MARK}\s?(?:is|was)\b)|"
    rf"(?=\b(?:not|rather than|instead of|unlike|over)\s?(?:\w{{1,4}} ){{0,2}}{MARK})",
)
DENIAL = _cue(
    r"\b(?:not|no|never|neither|nor|without|except|unlike|cannot|\w{1,12}n't|rather than|instead of|rul(?:e|es|ed|ing) out|r/o|"
    r"exclud\w{1,4}|eliminat\w{1,5}|unlikely|less|(?<!at )least|incorrect|wrong|false|doubt\w{0,4}|hardly|inconsistent|"
    r"unrelated|implausible|improbable|dismiss\w{0,3}|discard\w{0,3}|reject\w{0,3}|tempting|distract\w{1,4}|traps?|worst|worse|"
    r"weak\w{0,3}|avoid\w{0,3}|skip\w{0,4}|(?:cross|crossed|strike|struck|ticked)(?: \w+)? (?:off|out)|anything but|other than|"
    r"anyone but|all but|contraindicated|dangerous|unsafe|harmful|inappropriate|unsuitable|inferior|fails?|failed|lacks?|absence|"
    r"history of|negative for|stop\w{0,4}|withh[eo]ld\w{0,3}|discontinu\w{1,3}|against|mistake\w{0,2}|error|outside|beyond|"
    r"is out|loses?|decline\w{0,2}|miss\w{0,3})\b|[✗✘❌✖]|"
    rf"\bover(?=\s?{MARK})|"
    r"\b(?:many|some|others|people|students?|one|you|who) (?:may |might |would |could |often )?"
    r"(?:think|say|believe|argue|assume|choose|expect|answer|pick|select)\b",
)
DENIED_AFTER = _cue(
    rf"{MARK}\s?[\])]?\s?(?:[,(\[:\-]{{1,2}}\s?(?:(?:which|this|that|it) (?:is|was) )?|(?=[✗✘❌✖]))"
    r"(?:incorrect|wrong|false|not? (?:correct|right|indicated|appropriate)|contraindicated|ruled out|excluded|unlikely|no(?=\W{0,3}(?:$|\n)|[.,;])|"
    r"[✗✘❌✖])",
)
"""An option that is denied behind its name: "B (incorrect)"."""
TAKEN_BACK = _cue(
    r"^\W{0,3}(?:but )?(?:that|this|it|they|which)(?:'s| is| was| are| would be)? (?:wrong|incorrect|not (?:correct|right|true)|a mistake|"
    r"false)\b",
)
DOUBT = _cue(
    r"\b(?:maybe|perhaps|possibly|possible|possibility|might|may|could|conceivably|unclear|uncertain|unsure|whether|unless|depend\w{0,3}|"
    r"otherwise|either|suppose|consider\w{0,3}|differential|query|if|one of|when|among|candidates?|guess if)\b|"
    rf"{MARK}[^\w\n]{{0,3}}\?|{MARK}\W{{0,3}}\d{{1,3}} ?%",
)
UNSURE = _cue(
    r"\b(?:i(?: do not| don't) know|(?:not|isn't|un)(?: entirely| really| at all)?[ -]?(?:sure|certain|clear)\b|no idea|"
    r"uncertain|unsure|unclear|or not|it depends|could be either|hard question)\b",
)
"""Says that the answer is not known; overruled by an answer that is stated all the same."""
REFUSAL = _cue(
    rf"(?<!they )(?<!he )(?<!poster )(?<!author )(?<!user )(?<!person )(?<!who )(?<!people )\b{_ABLE}\W{{1,3}}(?:\w+\W{{1,3}}){{0,3}}?"
    r"(?:answer|say|choose|determined?|provide|decided?|tell|give|select|pick|assist|help|advise|comment|respond|diagnose|"
    r"assess|judge|confirm\w{0,2}|evaluate|recommend|know|classify|make (?:a|any|such|this|that)|discuss|be (?:determined|answered|checked))\b|"
    r"\bi (?:won't|will not|can't|cannot)\b(?=\W*$|\.)|"
    r"\b(?:as|i am|i'm) (?:just |only )?(?:an ai|a language model|an artificial|an assistant)\b|"
    r"\b(?:impossible|hard|difficult|not possible) to (?:say|tell|determine|answer|choose|decide|know|assess|classify|judge)\b|"
    r"\bsorry\b|\bunfortunately\b|\bi apologi[sz]e\b|\b(?:not enough|insufficient|(?:isn't|is not|no) enough|lack of) (?:\w+ )?"
    r"(?:information|data|detail|context|evidence to)\w{0,2}\b|\bneed (?:to (?:see|know|have|read)|(?:some )?(?:more|further|additional))\b|"
    r"\bmust (?:decline|refuse|not recommend)\b|\b(?:outside|beyond)(?: of)? (?:my|the|what i)\b|\bnot (?:comfortable|qualified|able|in a position)\b|"
    r"\b(?:rather|prefer) not\b|\b(?:i|we|must|to) (?:refuse|decline)\b|\bdon't (?:feel comfortable|make such|have (?:an opinion|opinions|access))|"
    r"\bno (?:opinion|comment|answer|idea|diagnosis|way to|one can tell|information (?:is|was))\b|"
    r"\b(?:question|post|text|case|options?|abstract|image|prompt) (?:is|are|was|were|seems?|appears?)(?: not| in)?"
    r"(?:complete| ?missing| provided| included| given| empty| shown| cut off| visible|complete)\b|"
    r"\bplease (?:provide|share|send|paste|post|give|tell|clarify|include|go on)\b|"
    r"\b(?:depends on|i'd have to)\b",
)
SO_IS = _cue(rf"\b(?:so|as) (?:is|does|would|are) {MARK}")
DISCLAIMS = _cue(
    r"[^.\n]{0,80}\b(?:medical|professional|clinical) advice\b|[^.\n]{0,20}\bi(?:'m| am) sorry (?:to hear|you|that you|for your)\b",
)
"""Words of care that refuse nothing, once an answer has been given."""
TEMPLATE = _cue(
    r"\b(?:for example|for instance|e\.g\b|such as|format|(?:answer|reply|respond) (?:only )?(?:with|using|by)|wants? me to|should look like|in the form|you should|"
    r"choose one|options ?:|choices ?:|example ?:|instructions?)|"
    rf"\b(?:answer|say|reply|respond) {MARK} (?:if|when|or)\b",
)
"""A sentence that repeats how to answer."""
_IS = r"(?:\bis\b|\bare\b|\bwould be\b|\bmust be\b|\bshould be\b|\bwas\b|\bremains\b|:|=|->)"
STATED = _cue(
    rf"\b(?<!each )(?<!every )(?<!following ){_NOUN}\b(?:[^.:=?\n\ue000-\ue3ff]{{0,60}}?{_IS}|(?= ?{MARK}))[ :]*|"
    r"\b(?:i|we|i'd|i'll|i would|i will|would|will)\s(?:choose|pick|select|prefer|go with|opt for|answer|vote for|say)\b|"
    r"\bi(?:'m| am) going with\b|"
    rf"\b(?:i|would) (?:think|believe|guess|suspect|say|mean|meant)(?: that)?(?: it is| it's)? ?(?=(?:{_SURE} |option ){{0,2}}{MARK})|"
    r"\b(?:final|revised|edit(?:ed)?|correction|corrected|updated?|reconsidered|changed my mind|(?:up)?on (?:second thoughts?|reflection)|"
    r"after (?:reconsideration|reconsidering|review))(?: (?:answer|decision|choice))?\b\W{1,4}"
    rf"(?=(?:it is |it's |\w+ ?: ){{0,1}}{MARK})|"
    rf"\b(?:it is|it's|its|it must be|it should be|it has to be|that is|that's)\s(?=(?:the |{_SURE} ){{0,2}}{MARK})|"
    rf"\b{_THEREFORE},? (?={MARK}\W{{0,9}}$)|"
    rf"\b(?:no,? )?actually(?=,| it\b| the answer| ?{MARK})|"
    rf"\b(?:wait|scratch that|hold on|oops)\b[,:.]? ?(?={MARK}\W{{0,9}}$)",
)
NAMED_RIGHT = _cue(
    rf"{MARK}\s?(?:is|are|was|would be|must be|seems|appears|remains)\s(?:therefore |thus |clearly |still )?"
    r"(?:the |a |an |most |best |only |more |single ){0,3}(?:correct|right|answer|best|better|likely|appropriate|preferred)\b|"
    rf"{MARK} (?:as )?the (?:best|correct|right|most \w{{3,12}}) (?:answer|option|choice|diagnosis|treatment)\b",
)
NOT_MINE = _cue(
    r"\b(?:wrong|incorrect|least|worst|trap|tempting|common|student'?s?|users?|user's|previous|initial|first|preliminary|draft|"
    r"expected|expect|popular|second[ -]best|earlier|distractor|obvious|weakest|most dangerous|former|old|original)\b"
    rf"[^.:,;\n\ue000-\ue3ff]{{0,30}}?\b(?:{_NOUN}|guess|thought)\b|\bsaid [^\n]{{0,12}}before\b|"
    rf"\b(?:initially|at first|previously|first i thought|had thought)\b[^.:;\n\ue000-\ue3ff]{{0,30}}?{MARK}",
)
"""An answer that the sentence does not give as its own, or no longer."""
ADDS = _cue(r"\b(?:another|also|alternative(?:ly)?|equally|second|additional|too|as well)\b")
CORRECTS = _cue(
    r"\b(?:final(?:ly)?|revised|edit(?:ed)?|correction|corrected|updated?|actually|wait|hold on|scratch|oops|kidding|second thoughts?|reflection|"
    r"reconsider\w{0,5}|reviewing|changed my mind|sorry|no|instead|meant?)\b|(?:^|,|\band)\W{0,3}"
    + _THEREFORE
    + r"\b|\btherefore\b",
)
AFFIRMS = _cue(
    rf"\b(?:also|equally|just as|as well|likewise|alternative(?:ly)?|or|would be|could be|might be|is|are|a|an|the) (?:be |an? |the |just as |equally |more |also )?"
    rf"{_RIGHT}\b|\b(?:is|are|as) {_RIGHT}\b|\b(?:drug|treatment) of choice\b|\bas is\b",
)
"""Said of an option: that it is right too."""
AFFIRMS_LABEL = _cue(
    rf"\b(?:also|too|as well|equally|possible|plausible|alternative(?:ly)?|instead|maybe|perhaps)\b|^\W{{0,3}}(?:or|and)\b",
)
CONCLUDED = _cue(
    r"\b(?:correct|right|best|most likely|most \w{3,12}|main|primary|likely|first[ -]line|diagnosis|preferred|of choice)\b"
    r"[^.:=?\n\ue000-\ue3ff]{0,60}?(?:\bis\b|\bwould be\b|:)|"
    r"\bcauses?(?: of \w{1,20})?(?: (?:is|are|shown))?(?: related to|:| is| are)|\bmost likely(?= " + MARK + ")|"
    rf"(?:^|,|\band)\s?{_THEREFORE}\b|\b(?:i|i'd|would) (?:think|believe|suspect|say|recommend)\b|\b(?:leaves|leaving)\b|"
    r"\bbased on [^,.:\n\ue000-\ue3ff]{1,80},",
)
THEREFORE = _cue(rf"\s?{_THEREFORE}\b")
SUPPOSES = _cue(r"\W*?if (?!i\b|we\b|you\b|one\b|forced\b)[^\n]{0,200}?\bwould\b")
EXPLAINS = _cue(r"[^\w\ue000-\ue3ff]*?(?:explanation|reason|reasoning|rationale|justification|because|why)\b")
ENDS_IN = _cue(
    rf"(?:\b(?:is|are|be)|\bis at (?:\w+ )?risk (?:for|of)|\bshould (?:start|take|receive|get|be given|be started on)|\bdepression is caused by)"
    rf"\s(?:the |an? |most likely |probably |likely |called ){{0,2}}{MARK}(?:\W{{0,3}}(?:and )?{MARK})?\W{{0,4}}$",
)
"""A sentence that comes to an option as what was asked for: "the adverse effect is B"."""
BARE = _cue(
    r"[^a-z\ue000-\ue3ff]*?(?:(?:based on|given|considering|among|out of|from|in)\b[^,.:\n\ue000-\ue3ff]{1,60}, ?)?"
    r"(?:\b(?:the|it|is|it's|its|so|then|thus|therefore|likely|probably|definitely|certainly|most|select(?:ing|ed)?|choos(?:e|ing)|"
    r"chosen|picking|pick|sure|ok|okay|i|would|must|be|my|assistant|answer|final|option|choice|response|output|letter|hence|wait)\b\W{1,4}"
    r"){0,6}"
    + rf"{MARK}(?:[^a-z\ue000-\ue3ff]{{0,4}}{MARK}){{0,9}}(?:[^a-z\ue000-\ue3ff]{{0,9}}$|,? ?(?:not\b|rather than\b|{REASON.pattern}))",
)
"""An option, and no word that tells anything else."""
OPENS = _cue(
    rf"\W*?(?P<marks>{MARK}(?:[\s(:.\-]{{0,3}}{MARK})*)"
    rf"\W{{0,2}}?\s?(?:$|[.!?:)(\]\n]|- |, ?(?:{REASON.pattern}|not\b|without\b)|(?<={MARK_OF_LABEL}),|{REASON.pattern}|"
    r"(?:rather than|over|instead of|not)\b)",
)
LISTS = _cue(rf"\W*?(?:{MARK_OF_LABEL}|{MARK}\W{{0,9}}$)")
NAMES_THE_PLACE = _cue(r"[:=]\s*$|->\s*$")

# closed words
HEADING = _cue(r"^\s?(?:final )?(?:answer|response|output) ?: ?")
LEAD = _cue(rf"\W*?{MARK}(?:\W{{1,3}}(?:and |or |nor )?{MARK})*")
NO_CAUSE = _cue(
    r"\bno (?:\w{1,12} ){0,2}(?:causes?|reasons?)\b of \w{1,20}|\bno (?:clear |specific )?causes?\b(?= (?:is|are) shown)"
)
_WHO = r"(?:poster|post|author|user|person|text|writer)"
SAYS_NO = _cue(
    r"\bthere (?:is|was|are|were) no (?:clear |significant |strong |good |such )?(?:evidence|association|difference|relation|"
    r"effect|risk|sign|indication|correlation)\w{0,5}\b|"
    rf"\b{_WHO} (?:does not|doesn't|do not|did not) (?:\w+ly )?(?:appear|seem|suffer|show|exhibit|display|express|indicate|have|suggest|"
    r"contain|experience|demonstrate|present|reflect|reveal)\b|"
    rf"\b{_WHO} (?:is not|isn't) (?:\w+ly )?(?:stressed|suffering|showing|at risk|experiencing|under stress|in distress|exhibiting)\b",
)
SAYS_YES = _cue(r"\b(?:poster|post|author|user|person|writer) (?:suffers|shows this)\b")
TALKS = _cue(
    rf"\W*?(?:\w+,? )?{MARK}\W{{1,3}}(?:of course|sure\b|thanks?|thank you|sorry|please|go on|happy to|that(?:'s| is) a (?:good|great)|let me|it depends|"
    r"probably not|maybe not|i (?:can (?:help|do|certainly|assist)|understand|see\b|will\b|would be|am (?:an ai|happy|here|glad))|"
    r"i'(?:m|d|ll) (?:an ai|happy|here|glad|be happy|be glad|help)|or not|the question\b)",
)
"""A yes or no to the asking, not to the question: "Yes, of course"."""
OR_NOT = _cue(r"\bor not\b|\bwhether\b")
ANOTHER_WORD = _cue(
    rf"\W*?(?:(?:or|and|but|also|then|alternatively|actually|wait|perhaps|well)\b,?\s?){{0,3}}{MARK}(?=\W*$|\s?[,.:;!?()/=\-]| {MARK})"
)
"""A sentence that opens with a word of the options."""
