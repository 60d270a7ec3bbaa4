"""Licences of rows.

1  spellings, names and links of one licence are read as that licence; what is unknown stays unknown
2  who may go with whom, and what the whole is then under, as the licences say
3  laws: compatibility is symmetric, a licence goes with itself, a further row never takes a refusal or a conflict away
4  every row that may not go out is named with file, line, patient and licence, in one line, with what would help
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.licences import (
    LicensedRow,
    Verdict,
    in_one_line,
    judge,
    known_licences,
    read_licence,
    together,
    unfree,
)

SPELLINGS = {
    "CC-BY-4.0": ("cc-by-4.0", "CC BY 4.0", "CC BY", "Creative Commons Attribution 4.0 International License"),
    "CC-BY-SA-3.0": ("CC BY-SA 3.0", "CC-BY-SA-3.0-DE", "https://creativecommons.org/licenses/by-sa/3.0/de/"),
    "CC-BY-NC-SA-4.0": ("cc by nc sa 4.0", "Attribution-NonCommercial-ShareAlike 4.0 International", "CC BY-NC-SA"),
    "CC-BY-NC-ND-4.0": ("Creative Commons Attribution-NonCommercial-NoDerivatives 4.0", "cc-by-nc-nd"),
    "CC0-1.0": ("CC0", "public domain", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "Apache-2.0": ("apache-2.0", "Apache License, Version 2.0", "Apache 2"),
    "MIT": ("mit", "The MIT License"),
    "ODbL-1.0": ("odbl", "ODbL-1.0", "Open Database License"),
}
KNOWN = sorted(known_licences())
OTHERS = [
    "unstated",
    "",
    "proprietary",
    "All rights reserved.",
    "research only, ask first",
    "GPL-2.0",
    "MIT OR CC-BY-NC-4.0",
]
texts = st.sampled_from([*KNOWN, *OTHERS])


def rows_of(told: Sequence[str]) -> list[LicensedRow]:
    return [LicensedRow("rows.jsonl", number, f"p{number}", text) for number, text in enumerate(told, 1)]


def judged(*told: str, unstated_ok: bool = False) -> Verdict:
    return judge(rows_of(told), unstated_ok)


@pytest.mark.parametrize(("identifier", "text"), [(i, t) for i, texts in SPELLINGS.items() for t in texts])
def test_1_spellings_are_read(identifier: str, text: str) -> None:
    assert read_licence(text).id == identifier


def test_1_every_identifier_of_the_table_is_read_as_itself() -> None:
    assert [read_licence(name).id for name in KNOWN] == KNOWN
    assert [read_licence(name.lower().replace("-", " ")).id for name in KNOWN] == KNOWN


@pytest.mark.parametrize("text", ["", "  ", "unstated", "Unknown", "N/A", "none", "NOASSERTION"])
def test_1_what_nobody_has_stated(text: str) -> None:
    assert read_licence(text).kind == "unstated"


@pytest.mark.parametrize(
    "text", ["by hand", "attribution", "CC", "GPL-3.0", "CC-BY-SA-1.0", "CC-BY-9.0", "a\nb", "MIT OR mine"]
)
def test_1_nobody_guesses(text: str) -> None:
    assert (read_licence(text).kind, read_licence(text).into) == ("unknown", frozenset())


@given(st.text(max_size=60))
def test_1_any_text_is_read_without_an_error(text: str) -> None:
    found = read_licence(text)
    assert found.into <= set(KNOWN)
    assert bool(found.into) == (found.kind in ("known", "unstated") and "no-derivatives" not in found.asks)


@pytest.mark.parametrize(
    ("told", "whole"),
    [
        (["Apache-2.0"], "Apache-2.0"),
        (["Apache-2.0", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC0-1.0", "MIT"], "MIT"),
        (["CC-BY-3.0", "CC-BY-SA-4.0", "MIT"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-4.0"], "CC-BY-NC-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"], "CC-BY-NC-SA-4.0"),
        (["MIT OR Apache-2.0"], "MIT"),
        (["MIT OR CC-BY-NC-4.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0"),
        (["MIT AND CC-BY-4.0"], "CC-BY-4.0"),
    ],
)
def test_2_what_the_whole_is_under(told: list[str], whole: str) -> None:
    found = judged(*told)
    assert found.allowed
    assert found.whole is not None
    assert found.whole.id == whole


@pytest.mark.parametrize(
    "told",
    [
        ("CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"),
        ("CC-BY-SA-4.0", "CC-BY-NC-4.0"),
        ("CC-BY-SA-4.0", "ODbL-1.0"),
        ("CC-BY-4.0", "ODbL-1.0"),
        ("CC-BY-NC-SA-3.0", "CC-BY-SA-3.0"),
    ],
)
def test_2_what_may_not_go_together(told: tuple[str, str]) -> None:
    found = judged(*told, "MIT")
    assert [one.licences for one in found.conflicts] == [told]
    assert not found.refused
    assert not found.allowed
    assert found.whole is None


@pytest.mark.parametrize(
    "text", ["CC-BY-ND-4.0", "cc by-nc-nd", "proprietary", "no known words", "CC-BY-SA-4.0 AND CC-BY-NC-4.0"]
)
def test_2_what_never_goes_out(text: str) -> None:
    for consent in (False, True):
        found = judged("MIT", text, unstated_ok=consent)
        assert [[row.row for row in one.rows] for one in found.refused] == [[2]]
        assert not found.allowed


def test_2_unstated_goes_out_by_consent_alone_and_is_counted() -> None:
    assert [one.licence for one in judged("MIT", "unstated", "").refused] == ["unstated"]
    found = judged("MIT", "unstated", "", unstated_ok=True)
    assert (found.allowed, found.unstated, found.whole and found.whole.id) == (True, 2, "MIT")
    alone = judged("unstated", unstated_ok=True)
    assert (alone.allowed, alone.whole) == (True, None)


def test_2_no_derivatives_licence_is_ever_what_a_whole_is_under() -> None:
    assert all("no-derivatives" not in known_licences()[name].asks for one in KNOWN for name in read_licence(one).into)
    for name in KNOWN:
        if into := read_licence(name).into:
            assert name in into
            assert all(known_licences()[name].asks <= known_licences()[other].asks | {"attribution"} for other in into)


def test_2_choices_that_exclude_each_other_only_all_together_are_found() -> None:
    one, two, three = "CC-BY-SA-4.0", "CC-BY-NC-SA-4.0", "ODbL-1.0"
    found = judged(f"{one} OR {two}", f"{two} OR {three}", f"{one} OR {three}")
    assert [len(conflict.licences) for conflict in found.conflicts] == [3]


@given(texts, texts)
def test_3_compatibility_is_symmetric(one: str, other: str) -> None:
    first, second = read_licence(one), read_licence(other)
    assert together(first, second) == together(second, first)
    there, back = judged(one, other), judged(other, one)
    assert {frozenset(c.licences) for c in there.conflicts} == {frozenset(c.licences) for c in back.conflicts}
    assert there.whole == back.whole


@given(texts)
def test_3_a_licence_goes_with_itself(text: str) -> None:
    assert together(read_licence(text), read_licence(text))
    assert judged(text).conflicts == ()
    assert judged(text, text).allowed == judged(text).allowed


@given(st.lists(texts, min_size=1, max_size=6), texts, st.booleans())
def test_3_a_further_row_never_takes_a_refusal_or_a_conflict_away(told: list[str], more: str, consent: bool) -> None:
    before, after = judged(*told, unstated_ok=consent), judged(*told, more, unstated_ok=consent)
    assert {frozenset(c.licences) for c in before.conflicts} <= {frozenset(c.licences) for c in after.conflicts}
    assert {one.licence for one in before.refused} <= {one.licence for one in after.refused}
    assert before.allowed or not after.allowed


@given(st.lists(texts, min_size=1, max_size=6))
def test_3_what_is_allowed_may_go_into_what_the_whole_is_under(told: list[str]) -> None:
    found = judged(*told, unstated_ok=True)
    if found.whole:
        assert all(found.whole.id in read_licence(text).into for text in told)
    assert found.allowed == (not in_one_line(found))


def test_4_rows_are_named_and_a_way_out_is_told() -> None:
    told = in_one_line(judged("CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-4.0", "MIT"))
    assert told == (
        "licences: CC-BY-SA-4.0 (rows.jsonl:1 (patient p1)) and CC-BY-NC-4.0 (rows.jsonl:2 (patient p2), rows.jsonl:3 "
        "(patient p3)) may not go together; expected --only-licence 'CC-BY-NC-4.0' (2 rows) or --only-licence "
        "'CC-BY-SA-4.0' (1 rows)"
    )
    many = judged(*["unstated"] * 5, "CC-BY-4.0")
    assert [row.row for row in many.refused[0].rows] == [1, 2, 3, 4, 5]
    told = in_one_line(many)
    assert "rows.jsonl:3 (patient p3) and 2 more" in told
    assert told.endswith("--only-licence 'CC-BY-4.0' (1 rows) or --licence-unstated ok, where you know that you may")


def test_a_row_of_an_audit_that_may_not_go_out_as_it_is_is_looked_at_by_a_person() -> None:
    found = {
        text: unfree(text, "row")
        for text in ("CC-BY-4.0", "unstated", "CC BY-ND 4.0", "all rights reserved", "my own terms")
    }
    assert {text for text, one in found.items() if one is None} == {"CC-BY-4.0"}
    assert {one.verdict for one in found.values() if one} == {"look"}
    assert found["CC BY-ND 4.0"] is not None
    assert found["CC BY-ND 4.0"].detail.endswith("it allows no work that is made from it")
