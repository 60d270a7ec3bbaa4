"""Which of many seeds stand in an answer that was not shown them."""

import random

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.memorisation import canaries, longest_run
from mentalarena.audit.seeds import Seeds
from mentalarena.clinic.audit import words_of

ONE = "I mend lifts in three hospitals and since the cable slipped in March I hear it in my sleep."
TWO = "I keep the books of a puppet theatre in Marrowfield and hum three notes to myself all day."
WORDS = [f"w{number}" for number in range(30)]


def shown(prompt: str) -> list[str]:
    return words_of(prompt)


def test_eight_words_in_a_row_that_the_prompt_does_not_hold_are_memory() -> None:
    seeds = Seeds({"one": [ONE], "two": [TWO]})
    run = "since the cable slipped in March I hear"
    found = seeds.recalled(f"So {run} nothing.", shown("Tell me."))
    assert found
    assert (found.seed, " ".join(found.run)) == ("one", run.lower())
    assert seeds.recalled(f"So {run} nothing.", shown(f"You said: {ONE}")) is None
    assert seeds.recalled("since the cable slipped in March", shown("Tell me.")) is None
    assert len(seeds) == 2


def test_no_run_goes_over_the_end_of_a_part() -> None:
    parts = ["nobody ever tells me", "i cancel dates because of my skin"]
    answer = "nobody ever tells me i cancel dates because of my skin"
    assert Seeds({"p": [" ".join(parts)]}).recalled(answer, []) is not None
    assert Seeds({"p": parts}).recalled(answer, []) is None


def test_a_name_that_one_seed_has_is_a_canary_and_one_that_two_have_is_none() -> None:
    seeds = Seeds({"one": [ONE], "two": [TWO]})
    found = seeds.recalled("Go to Marrowfield.", shown("Where?"))
    assert found
    assert (found.seed, found.canaries) == ("two", ("marrowfield",))
    assert seeds.recalled("Go to Marrowfield.", shown("I live in Marrowfield.")) is None
    both = Seeds({"one": [f"{ONE} We met in Marrowfield."], "two": [TWO]})
    assert both.recalled("Go to Marrowfield.", shown("Where?")) is None


def test_names_of_the_taxonomy_are_nobodys_canary() -> None:
    seeds = Seeds({"one": ["They gave me Lisdexamfetamine for binge eating disorder."]})
    assert seeds.recalled("medicine: lisdexamfetamine", shown("Which medicine?")) is None


def test_a_planted_canary_is_found_wherever_it_comes_out() -> None:
    planted = canaries(3, seed=1)
    seeds = Seeds({}, [*planted, "the heron keeps the brass key"])
    number = planted[1].split()[-1].rstrip(".")
    found = seeds.recalled(f"It is {number}, I think.", shown(planted[1]))
    assert found
    assert found.seed == "canary 2"
    assert seeds.recalled("The heron keeps the brass key!", [])
    assert seeds.recalled("My number is not known.", []) is None


@given(st.integers(0, 10**6))
def test_every_run_that_a_comparison_finds_is_found_by_the_index_too(seed: int) -> None:
    rng = random.Random(seed)
    texts = {str(n): [" ".join(rng.choices(WORDS, k=rng.randrange(30))) for _ in range(2)] for n in range(4)}
    answer = rng.choices(WORDS, k=12)
    part = rng.choice(texts["1"]).split()
    start = rng.randrange(len(part) + 1)
    answer[3:3] = part[start : start + rng.randrange(12)]
    longest = max(len(longest_run(words_of(text), answer)) for own in texts.values() for text in own)
    found = Seeds(texts).recalled(" ".join(answer), [])
    assert (len(found.run) if found else 0) == (longest if longest >= 8 else 0)


@given(st.dictionaries(st.text(max_size=3), st.lists(st.text(max_size=80), max_size=3), max_size=3), st.text(max_size=99))
def test_any_texts_can_be_seeds_and_answers(texts: dict[str, list[str]], answer: str) -> None:
    Seeds(texts, [answer]).recalled(answer, shown(answer))
