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
    r"\b(?:because|since|(?<!just )(?<!well )as(?! well| is\b)|whereas|while|although|though|even though|due to|given|"
    r"explanation|reason|reasoning|rationale|which|however)\b",
)
SENTENCE = _cue(r"(?<=[.!?])\s+|\n+")
PART = _cue(rf"{SENTENCE.pattern}|\s?;\s?|,? \b(?:but|however),? (?!\s?(?:not\b|{MARK}))")
"""Where a new statement may begin."""
ASKED = _cue(rf"({MARK}[)\]]?)\s?\?")
ASKS = _cue(
    r"\W*?(?:(?:so|but|and|or|hmm|well),? )?(?:is|are|was|could|can|should|would|do|does|did|may|might|why|who|what|"
    r"which|how(?! can i| may i))\b[^?]*\?\W*$",
)
NO_WAIT = _cue(r"\bno,? (?=wait|actually|sorry|it is|it's|hold on)")
CLAUSE = _cue(
    rf"[,;:()\[\]!\n]|\?|\.(?=\s|$)| - |\b(?:but|so|therefore|thus|hence|leaving|leaves)\b|{REASON.pattern}|"
    rf"\band\s(?=\s?{MARK}\s?(?:is|was)\b)|(?=\b(?:not|rather than|instead of|unlike|over)\s?(?:\w{{1,4}} ){{0,2}}{MARK})",
)
DENIAL = _cue(
    r"\b(?:not|no|never|neither|nor|without|except|unlike|cannot|\w{1,12}n't|rather than|instead of|rul(?:e|es|ed|"
    r"ing) out|r/o|exclud\w{1,4}|eliminat\w{1,5}|unlikely|less|(?<!at )least|incorrect|wrong|false|doubt\w{0,4}|hardly|"
    r"inconsistent|unrelated|implausible|improbable|dismiss\w{0,3}|discard\w{0,3}|reject\w{0,3}|tempting|distract\w{1,4}|"
    r"traps?|worst|worse|weak\w{0,3}|avoid\w{0,3}|skip\w{0,4}|(?:cross|crossed|strike|struck|ticked)(?: \w+)? (?:off|"
    r"out)|anything but|other than|anyone but|all but|contraindicated|dangerous|unsafe|harmful|inappropriate|unsuitable|"
    r"inferior|fails?|failed|lacks?|absence|history of|negative for|stop\w{0,4}|withh[eo]ld\w{0,3}|discontinu\w{1,3}|"
    r"against|mistake\w{0,2}|error|outside|beyond|is out|loses?|decline\w{0,2}|miss\w{0,3})\b|[✗✘❌✖]|"
    rf"\bover(?=\s?{MARK})|"
    r"\b(?:many|some|others|people|students?|one|you|who) (?:may |might |would |could |often )?(?:think|say|believe|"
    r"argue|assume|choose|expect|answer|pick|select)\b",
)
DENIED_AFTER = _cue(
    rf"{MARK}\s?[\])]?\s?(?:[,(\[:\-]{{1,2}}\s?(?:(?:which|this|that|it) (?:is|was) )?|(?=[✗✘❌✖]))"
    r"(?:incorrect|wrong|false|not? (?:correct|right|indicated|appropriate)|contraindicated|ruled out|excluded|unlikely|"
    r"no(?=\W{0,3}(?:$|\n)|[.,;])|[✗✘❌✖])",
)
"""An option that is denied behind its name: "B (incorrect)"."""
TAKEN_BACK = _cue(
    r"^\W{0,3}(?:but )?(?:that|this|it|they|which)(?:'s| is| was| are| would be)? (?:wrong|incorrect|not (?:correct|"
    r"right|true)|a mistake|false)\b",
)
DOUBT = _cue(
    r"\b(?:maybe|perhaps|possibly|possible|possibility|might|may|could|conceivably|unclear|uncertain|unsure|whether|"
    r"unless|depend\w{0,3}|otherwise|either|suppose|consider\w{0,3}|differential|query|if|one of|when|among|candidates?|"
    r"guess if)\b|"
    rf"{MARK}[^\w\n]{{0,3}}\?|{MARK}\W{{0,3}}\d{{1,3}} ?%",
)
PROVIDED = _cue(r"\b(?:unless|in which case|depending on|provided that)\b")
UNSURE = _cue(
    r"\b(?:i(?: do not| don't) know|(?:not|isn't|un)(?: entirely| really| at all)?[ -]?(?:sure|certain|clear)\b|no idea|"
    r"uncertain|unsure|unclear|or not|it depends|could be either|hard question)\b",
)
"""Says that the answer is not known; overruled by an answer that is stated all the same."""
REFUSAL = _cue(
    rf"(?<!they )(?<!he )(?<!poster )(?<!author )(?<!user )(?<!person )(?<!who )(?<!people )"
    rf"\b{_ABLE}\W{{1,3}}(?:\w+\W{{1,3}}){{0,3}}?"
    r"(?:answer|say|choose|determined?|provide|decided?|tell|give|select|pick|assist|help|advise|comment|respond|"
    r"diagnose|assess|judge|confirm\w{0,2}|evaluate|recommend|know|classify|make (?:a|any|such|this|that)|discuss|"
    r"be (?:determined|answered|checked))\b|\bi (?:won't|will not|can't|cannot)\b(?=\W*$|\.)|\b(?:as|i am|i'm) (?:just |"
    r"only )?(?:an ai|a language model|an artificial|an assistant)\b|\b(?:impossible|hard|difficult|"
    r"not possible) to (?:say|tell|determine|answer|choose|decide|know|assess|classify|judge)\b|\bsorry\b|\bhow (?:can|"
    r"may) i (?:help|assist)\b|\bunfortunately\b|\bi apologi[sz]e\b|\b(?:not enough|insufficient|(?:isn't|is not|"
    r"no) enough|lack of) (?:\w+ )?(?:information|data|detail|context|evidence to)\w{0,2}\b|\bneed (?:to (?:see|know|"
    r"have|read)|(?:some )?(?:more|further|additional))\b|\bmust (?:decline|refuse|not recommend)\b|\b(?:outside|"
    r"beyond)(?: of)? (?:my|the|what i)\b|\bnot (?:comfortable|qualified|able|in a position)\b|\b(?:rather|prefer) not\b|"
    r"\b(?:i|we|must|to) (?:refuse|decline)\b|\bdon't (?:feel comfortable|make such|have (?:an opinion|opinions|access))|"
    r"\bno (?:opinion|comment|answer|idea|diagnosis|way to|one can tell|information (?:is|was))\b|\b(?:question|post|"
    r"text|case|options?|abstract|image|prompt) (?:is|are|was|were|seems?|appears?)(?: not| in)?(?:complete| ?missing|"
    r" provided| included| given| empty| shown| cut off| visible|complete)\b|\bplease (?:provide|share|send|paste|post|"
    r"give|tell|clarify|include|go on)\b|\b(?:depends on|i'd have to)\b",
)
SO_IS = _cue(rf"\b(?:so|as) (?:is|does|would|are) {MARK}")
DISCLAIMS = _cue(
    r"[^.\n]{0,80}\b(?:medical|professional|clinical) advice\b|[^.\n]{0,20}\bi(?:'m| am) sorry (?:to hear|you|that you|"
    r"for your)\b",
)
"""Words of care that refuse nothing, once an answer has been given."""
TEMPLATE = _cue(
    r"\b(?:for example|for instance|e\.g\b|such as|format|(?:answer|reply|respond) (?:only )?(?:with|using|by)|"
    r"wants? me to|should look like|in the form|you should|choose one|options ?:|choices ?:|example ?:|instructions?)|"
    rf"\b(?:answer|say|reply|respond) {MARK} (?:if|when|or)\b|{MARK} ?= ?{MARK}",
)
"""A sentence that repeats how to answer."""
_IS = r"(?:\bis\b|\bare\b|\bwould be\b|\bmust be\b|\bshould be\b|\bwas\b|\bremains\b|:|=|->)"
STATED = _cue(
    rf"\b(?<!each )(?<!every )(?<!following ){_NOUN}\b(?:[^.:=?\n\ue000-\ue3ff]{{0,60}}?{_IS}|(?= ?{MARK}))[ :]*|"
    r"\b(?:i|we|i'd|i'll|i would|i will|would|will)\s(?:choose|pick|select|prefer|go with|opt for|answer|vote for|say)\b|"
    r"\bi(?:'m| am) going with\b|"
    rf"\b(?:i|would) (?:think|believe|guess|suspect|say|mean|meant)(?: that)?(?: it is| it's)? ?(?=(?:{_SURE} |"
    rf"option ){{0,2}}{MARK})|"
    r"\b(?:final|revised|edit(?:ed)?|correction|corrected|updated?|reconsidered|changed my mind|"
    r"(?:up)?on (?:second thoughts?|reflection)|after (?:reconsideration|reconsidering|review))(?: (?:answer|decision|"
    r"choice))?\b\W{1,4}"
    rf"(?=(?:it is |it's |\w+ ?: ){{0,1}}{MARK})|\b(?:it is|it's|its|it must be|it should be|it has to be|that is|"
    rf"that's)\s(?=(?:the |{_SURE} ){{0,2}}{MARK})|\b{_THEREFORE},? (?={MARK}\W{{0,9}}$)|\b(?:no,? )?actually(?=,| it\b|"
    rf" the answer| ?{MARK})|\b(?:wait|scratch that|hold on|oops)\b[,:.]? ?(?={MARK}\W{{0,9}}$)",
)
NAMED_RIGHT = _cue(
    rf"{MARK}\s?(?:is|are|was|would be|must be|seems|appears|remains)\s(?:therefore |thus |clearly |still )?"
    r"(?:the |a |an |most |best |only |more |single ){0,3}(?:correct|right|answer|best|better|likely|appropriate|"
    r"preferred)\b|"
    rf"{MARK} (?:as )?the (?:best|correct|right|most \w{{3,12}}) (?:answer|option|choice|diagnosis|treatment)\b",
)
NOT_MINE = _cue(
    r"\b(?:wrong|incorrect|(?<!at )least|worst|trap|tempting|distractor|weakest|most dangerous)\b"
    rf"[^.:,;\n\ue000-\ue3ff]{{0,30}}?\b(?:{_NOUN}|guess)\b|"
    r"\b(?:(?<!most )common|expect(?:ed)?|popular|obvious|student'?s?|user'?s?|second[ -]best|old|former|original|"
    r"previous|initial|first|preliminary|draft|earlier) (?:\w+ )?(?:answer|guess|thought)\b|\bsupposed to be\b|"
    r"\bmy (?:old|former|original|previous|initial|first|earlier) \w+|\bsaid [^\n]{0,12}before\b|"
    rf"\b(?:initially|at first|previously|first i thought|had thought)\b[^.:;\n\ue000-\ue3ff]{{0,30}}?{MARK}",
)
"""An answer that the sentence does not give as its own, or no longer."""
ADDS = _cue(r"\b(?:another|also|alternative(?:ly)?|equally|second|additional|too|as well)\b")
CORRECTS = _cue(
    r"\b(?:final(?:ly)?|revised|edit(?:ed)?|correction|corrected|updated?|actually|wait|hold on|scratch|oops|kidding|"
    r"second thoughts?|reflection|reconsider\w{0,5}|reviewing|changed my mind|sorry|no|instead|meant?)\b|(?:^|,|"
    r"\band)\W{0,3}" + _THEREFORE + r"\b|\btherefore\b",
)
AFFIRMS = _cue(
    rf"\b(?:also|equally|just as|as well|likewise|alternative(?:ly)?|or|would be|could be|might be|is|are|a|an|"
    rf"the) (?:be |an? |the |just as |equally |more |also )?{_RIGHT}\b|\b(?:is|are|as) {_RIGHT}\b|\b(?:drug|"
    rf"treatment) of choice\b|\bas is\b|\b(?:just as|equally) \w",
)
"""Said of an option: that it is right too."""
AFFIRMS_LABEL = _cue(
    r"\b(?:also|too|as well|equally|possible|plausible|alternative(?:ly)?|instead|maybe|perhaps)\b|^\W{0,3}(?:or|and)\b",
)
CONCLUDED = _cue(
    r"\b(?:correct|right|best|most likely|most \w{3,12}|main|primary|likely|first[ -]line|diagnosis|preferred|"
    r"of choice)\b[^.:=?\n\ue000-\ue3ff]{0,60}?(?:\bis\b|\bwould be\b|:)|\b(?:most|best|highly|clearly) (?:consistent|"
    r"compatible) with\b|\bcauses?(?: of \w{1,20})?(?: (?:is|are|"
    r"shown))?(?: related to|:| is| are)|\bmost likely(?= " + MARK + ")|"
    rf"(?:^|,|\band)\s?{_THEREFORE}\b|\b(?:i|i'd|would) (?:think|believe|suspect|say|recommend)\b|\b(?:leaves|leaving)\b|"
    r"\bbased on [^,.:\n\ue000-\ue3ff]{1,80},",
)
THEREFORE = _cue(rf"\s?{_THEREFORE}\b")
SUPPOSES = _cue(r"\W*?if (?!i\b|we\b|you\b|one\b|forced\b)[^\n]{0,200}?\bwould\b")
EXPLAINS = _cue(r"[^\w\ue000-\ue3ff]*?(?:explanation|reason|reasoning|rationale|justification|because|why)\b")
ENDS_IN = _cue(
    rf"(?:\b(?:is|are|be)|\bis at (?:\w+ )?risk (?:for|of)|\bshould (?:start|take|receive|get|be given|be started on)|"
    rf"\bdepression is caused by)\s(?:the |an? |most likely |probably |likely |"
    rf"called ){{0,2}}{MARK}(?:\W{{0,3}}(?:and )?{MARK})?\W{{0,4}}$",
)
"""A sentence that comes to an option as what was asked for: "the adverse effect is B"."""
BARE = _cue(
    r"[^a-z\ue000-\ue3ff]*?(?:(?:based on|given|considering|among|out of|from|"
    r"in)\b[^,.:\n\ue000-\ue3ff]{1,60}, ?)?(?:\b(?:the|it|is|it's|its|so|then|thus|therefore|likely|probably|definitely|"
    r"certainly|most|select(?:ing|ed)?|choos(?:e|ing)|chosen|picking|pick|sure|ok|okay|i|would|must|be|my|assistant|"
    r"answer|final|option|choice|response|output|letter|hence|wait)\b\W{1,4}){0,6}"
    + rf"{MARK}(?:[^a-z\ue000-\ue3ff]{{0,4}}{MARK}){{0,9}}(?:[^a-z\ue000-\ue3ff]{{0,40}}$|,? ?(?:not\b|rather than\b|"
    rf"{REASON.pattern}))",
)
"""An option, and no word that tells anything else."""
OPENS = _cue(
    rf"\W*?(?P<marks>{MARK}(?:[\s(:.\-]{{0,3}}{MARK})*)\W{{0,2}}?\s?(?:$|[.!?)(\]\n]|- |(?<={MARK_OF_LABEL}):|"
    rf"(?<={MARK_OF_LABEL}[)\]\s]):|, ?(?:{REASON.pattern}|not\b|without\b)|(?<={MARK_OF_LABEL}),|{REASON.pattern}|"
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
    r"\bthere (?:is|was|are|were) no (?:clear |significant |strong |good |such )?(?:evidence|association|difference|"
    r"relation|effect|risk|sign|indication|correlation)\w{0,5}\b|"
    rf"\b{_WHO} (?:does not|doesn't|do not|did not) (?:\w+ly )?(?:appear|seem|suffer|show|exhibit|display|express|"
    rf"indicate|have|suggest|"
    r"contain|experience|demonstrate|present|reflect|reveal)\b|"
    rf"\b{_WHO} (?:is not|isn't) (?:\w+ly )?(?:stressed|suffering|showing|at risk|experiencing|under stress|in distress|"
    rf"exhibiting)\b",
)
SAYS_YES = _cue(r"\b(?:poster|post|author|user|person|writer) (?:suffers|shows this)\b")
TALKS = _cue(
    rf"\W*?(?:\w+,? )?{MARK}\W{{1,3}}(?:of course|sure\b|thanks?|thank you|sorry|please|go on|happy to|that(?:'s|"
    rf" is) a (?:good|great)|let(?: me|'s| us)\b|you (?:have to|should|need|must|can|may)\b|i (?:have )?(?:read|looked|"
    rf"saw|got)\b|it depends|"
    r"probably not|maybe not|i (?:can (?:help|do|certainly|assist)|understand|see\b|will\b|would be|am (?:an ai|happy|"
    r"here|glad))|i'(?:m|d|ll) (?:an ai|happy|here|glad|be happy|be glad|help)|or not|the question\b)",
)
"""A yes or no to the asking, not to the question: "Yes, of course"."""
OR_NOT = _cue(r"\bor not\b|\bwhether\b")
ANOTHER_WORD = _cue(
    rf"\W*?(?:(?:or|and|but|also|then|alternatively|actually|wait|perhaps|well)\b,?\s?){{0,3}}{MARK}(?=\W*$|"
    rf"\s?[,.:;!?()/=\-]| {MARK}| possibly\?)"
)
"""A sentence that opens with a word of the options."""
