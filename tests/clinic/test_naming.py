"""The normalisers, on answers that were written and frozen before their code."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.clinic.naming import Naming, named, normalise_diagnosis, normalise_medicine, one_off
from mentalarena.clinic.taxonomy import taxonomy

DATA = Path(__file__).parent / "data"
NORMALISERS = {"diagnosis": normalise_diagnosis, "medicine": normalise_medicine}
SETS = ("answers", "answers_2", "answers_3", "answers_4", "answers_5", "answers_6")
"""Those that rules were mended by; the held-out ones are measured by benchmarks/naming.py alone."""


def figures(name: str, kind: str) -> tuple[float, float, int]:
    """Micro precision and recall over the entries of a file's answers, and how many answers there are."""
    right = wrong = missed = count = 0
    for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines():
        answer = json.loads(line)
        if answer["kind"] == kind:
            found, wanted = set(NORMALISERS[kind](answer["text"]).entries), set(answer["entries"])
            right, wrong, missed = right + len(found & wanted), wrong + len(found - wanted), missed + len(wanted - found)
            count += 1
    return right / (right + wrong), right / (right + missed), count


@pytest.mark.parametrize("kind", ["diagnosis", "medicine"])
@pytest.mark.parametrize("name", SETS)
def test_precision_and_recall_on_frozen_answers_are_at_least_98_percent(name: str, kind: str) -> None:
    precision, recall, _ = figures(name, kind)
    assert precision >= 0.98
    assert recall >= 0.98


@pytest.mark.parametrize(
    ("text", "entries", "reason"),
    [
        ("Doctor 2's diagnosis of MDD", ("major depressive disorder",), ""),
        ("Doctor 2's diagnosis", (), "placeholder"),
        ("not panic disorder but OCD", ("obsessive compulsive disorder",), ""),
        ("not panic disorder", (), "denied"),
        ("MDD vs. GAD", ("major depressive disorder", "generalised anxiety disorder"), ""),
        ("a personality disorder", (), "class"),
        ("post-stroke depression scale", (), "unknown"),
        ("", (), "nothing"),
        ("She has no mental disorder.", ("no disorder",), ""),
        ("schizoid, not schizotypal, personality disorder", ("schizoid personality disorder",), ""),
    ],
)
def test_a_diagnosis_is_its_names_or_a_reason(text: str, entries: tuple[str, ...], reason: str) -> None:
    assert normalise_diagnosis(text) == Naming(entries, reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "entries", "reason"),
    [
        ("Zoloft 50 mg", ("sertraline",), ""),
        ("an SSRI such as setraline", ("sertraline",), ""),
        ("an SSRI", (), "class"),
        ("stop fluoxetine, switch to venlafaxine", ("venlafaxine",), ""),
        ("Do not start haloperidol", (), "denied"),
        ("Zolfexine 40 mg", (), "unknown"),
        ("sertradone", (), "unknown"),
        ("ibuprofen", (), "unknown"),
        ("No medication is needed.", (), "nothing"),
        ("lithium batteries", (), "unknown"),
    ],
)
def test_a_medicine_is_its_inns_or_a_reason(text: str, entries: tuple[str, ...], reason: str) -> None:
    assert normalise_medicine(text) == Naming(entries, reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("No other mental disorder. Panic disorder.", ("panic disorder",)),
        ("GAD, no disorder besides", ("generalised anxiety disorder",)),
        ("pertraline", ()),  # a typo keeps the first letter
        ("x" * 500 + " panic disorder", ("panic disorder",)),
        ("\ue000 panic disorder", ("panic disorder",)),
        (", ".join(sorted(taxonomy().disorders)[:30]).replace("no disorder, ", ""), None),
    ],
)
def test_what_stands_beside_a_name_does_not_hide_it(text: str, entries: tuple[str, ...] | None) -> None:
    found = normalise_diagnosis(text).entries
    assert found == entries if entries is not None else len(found) == 30


def test_one_entry_is_an_entry_and_several_are_none() -> None:
    assert normalise_diagnosis("GAD").entry == "generalised anxiety disorder"
    assert normalise_diagnosis("GAD and OCD").entry is None


@pytest.mark.parametrize("kind", ["diagnosis", "treatment", "medicine"])
def test_every_name_and_alias_of_the_taxonomy_is_found_alone_in_a_sentence_and_denied(kind: str) -> None:
    vocabulary = taxonomy().vocabulary
    own = [(name, name) for name in vocabulary.of(kind)] + [a for a in vocabulary.aliases if a[1] in vocabulary.of(kind)]
    for written, name in own:
        assert named(written, kind, vocabulary).entries == (name,), written
        assert named(f"**{written.capitalize()}**.", kind, vocabulary).entries == (name,), written
        if not name.startswith("no "):
            assert named(f"It is not {written}.", kind, vocabulary).entries == (), written


@given(st.text(max_size=400))
def test_any_text_is_names_without_a_reason_or_a_reason_without_names(text: str) -> None:
    for normalise in NORMALISERS.values():
        found = normalise(text)
        assert bool(found.entries) == (found.reason == "")
        assert set(found.entries) <= set(taxonomy().disorders) | set(taxonomy().medicines)


@given(st.sampled_from(sorted(taxonomy().medicines)), st.data())
def test_two_wrong_letters_make_a_medicine_unknown(name: str, data: st.DataObject) -> None:
    wrong = name[: len(name) // 2] + "qq" + name[len(name) // 2 :]
    assert normalise_medicine(wrong).entries == ()


@given(st.text("abc", min_size=1, max_size=5), st.text("abc", min_size=1, max_size=5))
def test_one_off_is_one_edit_or_one_swap(word: str, other: str) -> None:
    letters = "abc"
    edits = {word[:n] + word[n + 1 :] for n in range(len(word))}
    edits |= {word[:n] + c + word[n:] for n in range(len(word) + 1) for c in letters}
    edits |= {word[:n] + c + word[n + 1 :] for n in range(len(word)) for c in letters}
    edits |= {word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(len(word) - 1)}
    assert one_off(word, other) == (other in edits - {word})


def test_a_long_hostile_reply_is_read_in_the_time_of_its_length() -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        normalise_medicine(text)
        return time.process_time() - began

    seconds("sertraline")
    for part in ("not too early for ", "sertraline and ", "avoid a, b or ", "[" * 3):
        short, long = seconds(part * 200), seconds(part * 800)
        assert long < 64 * max(short, 0.005), part
