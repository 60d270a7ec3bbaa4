"""Does a prompt hold of a patient's profile what nobody has said? (What the published code did in every prompt, PAPER.md.)

A text is read sentence by sentence against the profile sentence by sentence. What counts is what the two share and what was
not said: words by how few people use them, proper names, telling numbers, words in a row. So a paraphrase is found as far as
it keeps words of the profile, and one that keeps none is not. A finding says what was shared, for a person to judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from mentalarena.arena import parsing
from mentalarena.audit.findings import Finding
from mentalarena.audit.words import Background, everyday, names, numbered, sentences, stem, stems, telling
from mentalarena.clinic.audit import words_of
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, CognitiveModel
from mentalarena.clinic.taxonomy import taxonomy
from mentalarena.errors import Unreadable
from mentalarena.runs.requests import Request

ENOUGH = 0.38
"""Evidence from which on a sentence leaks: one word that fewer than one in six people use, or two or three that more do."""
RUN = 3
"""Stems in a row from which on their order is evidence too, where one of them was not said."""
TOGETHER, COVERED = 2, 0.5
"""So many words of a sentence of the profile, and such a share of them, are evidence enough, however common each is."""
UBIQUITOUS = 0.95
"""Share of people from which on a word is none of those."""
PER_WORD = 0.1
"""Evidence of each word of a run beyond its rarity."""
FORM = 3
"""Patients from which on a sentence that stands in the prompts of most of them is the prompt's form."""
_ASKED = (
    *("therapist_system", "guidance", "guidance_note", "probe", "diagnose", "diagnose_again", "propose", "propose_again"),
    *("retry", "intake", "judge_system", "score"),
)
"""Prompts of therapist and judge in an episode."""
_ENCODING = "judge/principles"
"""The judge chooses the patient's manner of talking from its coping strategies: it is shown them on purpose, and the therapist
never sees that request."""
_HEADINGS = frozenset(stem(word) for label in LABELS.values() for word in label.split())


@dataclass(frozen=True, slots=True)
class Shared:
    """What a sentence of a text shares with a sentence of the profile."""

    component: str
    words: tuple[str, ...]
    evidence: float
    """In words that nobody else uses."""
    sentence: str

    def detail(self) -> str:
        return f"{self.component} ({', '.join(self.words)}) in: {self.sentence[:120]}"


@dataclass(frozen=True, slots=True)
class _Passage:
    component: str
    runs: frozenset[tuple[str, ...]]
    content: frozenset[str]
    weights: Mapping[str, float]


def profile_of(model: CognitiveModel) -> dict[str, str]:
    """What must not be told of a cognitive model: its components and its name."""
    return {"name": model.name} | {LABELS[name]: model.text(name) for name in COMPONENTS if model.text(name)}


def leaks(text: str, profile: Mapping[str, str], said: Sequence[str], background: Background | None = None) -> list[Shared]:
    """What the text holds of the profile (component to text, `name` among them) that was not said, strongest first."""
    return _leaks(sentences(text), profile, said, background or everyday())


def _leaks(told: Sequence[str], profile: Mapping[str, str], said: Iterable[str], background: Background) -> list[Shared]:
    """`leaks` of a text that has been split into sentences."""
    known = _instructions().union(*map(_roots, said))
    passages, evident = _passages(tuple(profile.items()), background)
    spoken: frozenset[str] | None = None
    found = []
    for sentence in dict.fromkeys(told):
        roots = _roots(sentence)
        if evident.isdisjoint(roots) or known.issuperset(evident & roots):
            continue  # most sentences hold nothing of the profile that was not said
        spoken = names("\n".join(told), background) if spoken is None else spoken
        order = stems(sentence)
        best: Shared | None = None
        for passage in passages:
            weights = {
                root: weight
                for root, weight in passage.weights.items()
                if root in roots and root not in known and (root[0] != "=" or root[1:] in spoken)
            }
            evidence, shared = sum(weights.values()), tuple(sorted(root.lstrip("=") for root in weights))
            row = _in_a_row(order, passage.runs)
            if any(root in weights for root in row):
                evidence += PER_WORD * len(row)
                shared = tuple(dict.fromkeys((*row, *shared)))
            content = [root for root in passage.content if root in roots and root not in known]
            if len(content) >= TOGETHER and len(content) >= COVERED * len(passage.content):
                evidence += ENOUGH
                shared = tuple(dict.fromkeys((*shared, *content)))
            if evidence >= ENOUGH and (best is None or evidence > best.evidence):
                best = Shared(passage.component, shared, evidence, sentence)
        if best:
            found.append(best)
    return sorted(found, key=lambda shared: -shared.evidence)


def prompt_findings(
    requests: Iterable[Request],
    patients: Mapping[str, CognitiveModel],
    fixed: Iterable[str] = (),
    background: Background | None = None,
    done: Callable[[int], None] = lambda requests: None,
    looked_at: Counter[str] | None = None,
) -> list[Finding]:
    """What the requests of a run (`Journal.requests`) told therapist and judge of their patients (by item) that nobody had said.

    Requests are gone through twice, one episode at a time: of what can begin anew (a list, `runs.journal.Requests`) no more
    is held in memory. `done` hears of the requests of each episode, both times. `looked_at` counts what was examined: requests
    to therapist and judge as `prompt leak`, the judge's guidance as `guidance leak`.

    `fixed`: texts that tell of no patient, as names to choose from that are not the taxonomy's. A sentence of the therapist's own
    is no leak (it guessed), guidance is judged where it was given (check `guidance leak`), each other sentence once an episode.
    """
    if background is None:
        background = everyday() + Background.of(" ".join(profile_of(model).values()) for model in patients.values())
    if iter(requests) is requests:
        requests = list(requests)
    form = _form(requests, patients, done)
    constant = (*_names_to_choose(), *fixed)
    counted = Counter[str]() if looked_at is None else looked_at
    found = []
    for visit in _visits(requests):
        done(len(visit.requests))
        if visit.item not in patients:
            continue
        profile = profile_of(patients[visit.item])
        seen = set(form)
        for scope, texts, said in visit.told():
            counted["prompt leak"] += 1
            fresh = [sentence for text in texts for sentence in _split(text) if sentence not in seen]
            if not fresh:
                continue
            for leak in _leaks(fresh, profile, (*said, *constant), background):
                seen.add(leak.sentence)
                found.append(Finding("prompt leak", visit.item, f"{scope}: {leak.detail()}", "failed"))
        for text, said in visit.guided():
            counted["guidance leak"] += 1
            for leak in leaks(text, profile, (*said, *constant), background):
                found.append(Finding("guidance leak", visit.item, leak.detail(), "held back"))
    return found


def _form(
    requests: Iterable[Request], patients: Mapping[str, CognitiveModel], done: Callable[[int], None]
) -> frozenset[str]:
    """The sentences that the prompts of most patients hold."""
    people, met, counted = Counter[str](), set[str](), set[int]()
    for visit in _visits(requests):
        done(len(visit.requests))
        if visit.item in patients:
            met.add(visit.item)
            for sentence in {sentence for _, texts, _ in visit.told() for text in texts for sentence in _split(text)}:
                if (key := hash((visit.item, sentence))) not in counted:  # an item may come in several stages
                    counted.add(key)
                    people[sentence] += 1
    return frozenset(sentence for sentence, count in people.items() if count >= FORM and 2 * count > len(met))


@dataclass
class _Visit:
    """The requests of one episode."""

    item: str
    requests: list[tuple[str, list[dict[str, str]], str]] = field(default_factory=list)

    def told(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Each request of therapist and judge: its scope, the messages that told them, and what was known by then."""
        talk, probes, guidance = (
            self._replies("patient/talk"),
            self._replies("therapist/probe"),
            self._replies("judge/guidance"),
        )
        asked = self._replies("therapist/talk")
        outcomes = [reply for scope, _, reply in self.requests if scope.startswith("patient/") and scope != "patient/talk"]
        for scope, messages, _ in self.requests:
            role, _, step = scope.partition("/")
            if role not in ("therapist", "judge") or scope == _ENCODING:
                continue
            own = [m["content"] for m in messages if m["role"] == "assistant"]
            texts = [m["content"] for m in messages if m["role"] != "assistant"]
            said = _heard(talk, texts, len(own) + 1 if role == "therapist" else len(talk))
            if step != "talk" and not step.startswith("probe") and step != "guidance":
                said = [*said, *outcomes, *probes]
            yield scope, texts, [*said, *own, *(asked if role == "judge" else guidance)]

    def guided(self) -> Iterator[tuple[str, list[str]]]:
        """The judge's guidance, and what was said before it: until the therapist's first question that knows it."""
        talk = self._replies("patient/talk")
        views = [messages for scope, messages, _ in self.requests if scope == "therapist/talk"]
        for reply in self._replies("judge/guidance"):
            text = reply.partition(":")[2].strip() or reply
            knows = next((view for view in views if any(text in m["content"] for m in view)), views[-1] if views else [])
            own = [m["content"] for m in knows if m["role"] == "assistant"]
            yield text, [*talk[: len(own) + 1], *own]

    def _replies(self, begins: str) -> list[str]:
        return [reply for scope, _, reply in self.requests if scope.startswith(begins)]


def _visits(requests: Iterable[Request]) -> Iterator[_Visit]:
    """Requests by episode. They come ordered by iteration, stage, item and scope, so a scope that steps back is a new episode."""
    visit, before = _Visit(""), ""
    for item, scope, messages, reply in requests:
        if visit.requests and (item != visit.item or scope < before):
            yield visit
            visit = _Visit(item)
        visit.item, before = item, scope
        visit.requests.append((scope, messages, reply))
    if visit.requests:
        yield visit


def _heard(talk: Sequence[str], texts: Sequence[str], most: int) -> list[str]:
    """The patient's first lines, as far as they stand in messages one after the other."""
    number, place, said = 0, 0, []
    for reply in talk[:most]:
        line = _spoken(reply)
        if not line:
            continue  # was asked again
        while number < len(texts) and (found := texts[number].find(line, place)) < 0:
            number, place = number + 1, 0
        if number == len(texts):
            break
        place = found + len(line)
        said.append(line)
    return said


@lru_cache(maxsize=1 << 12)
def _spoken(reply: str) -> str:
    try:
        return parsing.spoken(reply)
    except Unreadable:
        return ""


@lru_cache(maxsize=1 << 12)
def _split(text: str) -> tuple[str, ...]:
    """The sentences of a message, which stands in every request after it."""
    return tuple(sentences(text))


@lru_cache(maxsize=1 << 14)
def _roots(text: str) -> frozenset[str]:
    """Stems, and words as they stand (marked), by which names are known."""
    words = words_of(text)
    return frozenset([*(stem(word) for word in numbered(words)), *("=" + word.removesuffix("'s") for word in words)])


@lru_cache(maxsize=1)
def _instructions() -> frozenset[str]:
    """The stems of the package's own prompts: they stand in every request, and tell of nobody."""
    sets = (files("mentalarena.arena").joinpath("prompts", name) for name in ("full", "compact"))
    return frozenset(
        root for one in sets for name in _ASKED for root in stems(one.joinpath(f"{name}.txt").read_text("utf-8"))
    )


@lru_cache(maxsize=1)
def _names_to_choose() -> tuple[str, ...]:
    """Names that a prompt lists to choose from, and what it is that is chosen."""
    vocabulary, kinds = taxonomy().vocabulary, ("diagnosis", "treatment", "medicine")
    return (" ".join(kinds), *(" ".join(vocabulary.of(kind)) for kind in kinds))


@lru_cache(maxsize=4096)
def _passages(profile: tuple[tuple[str, str], ...], background: Background) -> tuple[tuple[_Passage, ...], frozenset[str]]:
    """The sentences of a profile, and all that can be evidence: where a text shares nothing of it, nothing leaks."""
    found = []
    for component, text in profile:
        whole = component == "name"  # "patient 7" names nobody
        proper = {word.lower() for word in text.split() if word[0].isupper()} if whole else names(text, background)
        for sentence in sentences(text):
            words = words_of(sentence)
            weights = {}
            for word in numbered(words):
                root = stem(word)
                if root in _HEADINGS or whole:
                    continue
                weights[root] = 1.0 if telling(word) else background.weight(root)
            for word in words:
                if (plain := word.removesuffix("'s")) in proper:
                    weights.pop(stem(word), None)
                    weights["=" + plain] = 1.0
            order = stems(sentence)
            most = UBIQUITOUS * background.people
            content = frozenset(root for root in order if background.people_with(root) < most and not whole)
            found.append(_Passage(component, _runs(order), content, {r: w for r, w in weights.items() if w > 0.1}))
    return tuple(found), frozenset(root for passage in found for root in (*passage.weights, *passage.content))


def _runs(order: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(order[start : start + RUN]) for start in range(len(order) - RUN + 1))


def _in_a_row(order: Sequence[str], runs: frozenset[tuple[str, ...]]) -> list[str]:
    """The stems of a sentence that stand in a run of the passage, each place once."""
    starts = [n for n in range(len(order) - RUN + 1) if tuple(order[n : n + RUN]) in runs]
    return [order[place] for place in sorted({n + k for n in starts for k in range(RUN)})]
