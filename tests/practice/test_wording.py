"""How a thing is said.

1. The same talk, seed and person are worded the same; no prepared text comes twice in a row, whatever the style.
2. Sayings are said as they stand and in their order; what leads to them says what they are.
3. A talkative person comes to something by the way: of what it offers, and not beside what needs trust.
"""

from itertools import pairwise

import pytest

from mentalarena.clinic.library import library
from mentalarena.practice.memory import Memory
from mentalarena.practice.rapport import STYLES, Style
from mentalarena.practice.reactions import reactions
from mentalarena.practice.sayings import Repertoire, Saying, repertoire
from mentalarena.practice.wording import ASIDES, Lead, Wording, joined

PERSON = next(person for person in library() if person.id == "kofi-mensah-boateng")
ALL = repertoire(PERSON, 1)
SEEDS = range(40)


def wording(style: Style = "plain", seed: int = 0, said: tuple[str, ...] = (), known: Repertoire = ALL) -> Wording:
    return Wording(PERSON.id, style, seed, Memory(known, said))


def texts(kind: str) -> set[str]:
    found = reactions()[kind]
    return {text for group in found.values() for text in group} if isinstance(found, dict) else set(found)


def one(component: str, own: bool = False, degree: str = "") -> Saying:
    return next(s for s in ALL.sayings if s.component == component and s.own is own and degree in ("", s.degree))


@pytest.mark.parametrize("kind", ["silence", "off_topic", "unkind"])
@pytest.mark.parametrize("style", STYLES)
def test_1_no_prepared_text_comes_twice_in_a_row_and_the_same_talk_is_worded_the_same(style: Style, kind: str) -> None:
    said: tuple[str, ...] = ()
    for _ in range(12):
        text = wording(style, said=said).reaction(kind)
        assert text == wording(style, said=said).reaction(kind)
        said = (*said, text)
    assert all(before != after for before, after in pairwise(said))
    assert set(said) <= texts(kind) | texts(f"{kind}@{style}" if f"{kind}@{style}" in reactions() else kind)


def test_1_another_seed_may_word_it_otherwise() -> None:
    assert len({wording(seed=seed).reaction("silence") for seed in SEEDS}) > 1


@pytest.mark.parametrize(("lead", "opened"), [("moved", True), ("agree", True), ("lead", False), ("none", False)])
def test_2_a_reaction_is_led_to_by_being_moved_or_agreeing_alone(lead: Lead, opened: bool) -> None:
    plain = wording().reaction("acknowledged")
    led = wording().reaction("acknowledged", lead=lead)
    opener = led.removesuffix(plain).strip()
    assert opener in texts(lead) if opened else led == plain


def test_2_sayings_are_said_as_they_stand_and_in_their_order() -> None:
    first, second = one("history"), one("behavior")
    assert wording().spoken([second, first], "none") == f"{second.text} {first.text}"
    assert wording().spoken([], "moved") == ""


@pytest.mark.parametrize(
    ("component", "kind"), [("emotions", "named_feeling"), ("situation", "moment"), ("automatic_thoughts", "thought")]
)
def test_2_its_own_words_of_the_moment_are_led_to_by_what_they_are(component: str, kind: str) -> None:
    saying = one(component, own=True)
    told = wording().spoken([saying], "lead")
    assert told.endswith(saying.text)
    assert told.removesuffix(saying.text).strip() in texts(kind)


def test_2_a_second_thought_is_not_led_to_as_if_it_were_the_first() -> None:
    thoughts = [s for s in ALL.sayings if s.own and s.component == "automatic_thoughts"]
    for seed in SEEDS:
        told = wording(seed=seed, said=(thoughts[0].text,)).spoken(thoughts[-1:], "none")
        assert not any(text in told for text in texts("thought"))


def test_3_a_talkative_person_alone_comes_to_something_it_offers_by_the_way() -> None:
    aside = {s.text for s in ALL.sayings if s.degree == "offered" and s.component in ASIDES}
    first, said = one("emotions"), ("Yes.", "I see.")
    beside = [wording("talkative", seed, said).spoken([first], "none").partition(first.text)[2] for seed in SEEDS]
    assert any(beside)
    assert all(any(text in part for text in aside) for part in beside if part)
    assert not any(wording("plain", seed, said).spoken([first], "none") != first.text for seed in SEEDS)
    assert not any(wording("talkative", seed, said[:1]).spoken([first], "none") != first.text for seed in SEEDS)


def test_3_nothing_is_said_by_the_way_beside_what_needs_trust() -> None:
    first = one("core_beliefs", own=True, degree="trust")
    assert all(wording("talkative", n, ("Yes.", "I see.")).spoken([first], "none").endswith(first.text) for n in SEEDS)


def test_parts_that_are_empty_leave_no_gap() -> None:
    assert joined("", "One.", "", "Two.") == "One. Two."
