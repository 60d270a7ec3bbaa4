"""De-identification: names, dates, places, contacts and ids are found; ordinary talk is left alone."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.clinic.audit import subjects_of_people
from mentalarena.clinic.library import library

pytest.importorskip("presidio_analyzer")

from mentalarena.clinic.deidentify import identifiers, redacted


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("Maria Lopez is tired.", "name or place", "Maria Lopez"),
        ("She was seen by Dr. Khan.", "name", "Dr. Khan"),
        ("He grew up in Leeds.", "name or place", "Leeds"),
        ("It began on 3 May 2021.", "date", "3 May 2021"),
        ("It began on the 3rd of May.", "date", "3rd of May"),
        ("Born 12/03/1984.", "date", "12/03/1984"),
        ("seen 2021-05-03 again", "date", "2021-05-03"),
        ("since March 2020", "date", "March 2020"),
        ("He left in 2021.", "date", "in 2021"),
        ("Maria sleeps badly. i asked maria why.", "name or place", "Maria"),
        ("call 020 7946 0958", "contact", "020 7946 0958"),
        ("call +1 (212) 555-0147", "contact", "+1 (212) 555-0147"),
        ("write to j.s@example.com", "contact", "j.s@example.com"),
        ("see https://example.com/me", "contact", "https://example.com/me"),
        ("on the net as @mlopez84", "contact", "@mlopez84"),
        ("lives at 14 Elm Street", "place", "14 Elm Street"),
        ("postcode LS1 4AP", "place", "LS1 4AP"),
        ("works at St Mary's Hospital", "organisation", "St Mary's Hospital"),
        ("MRN 448 291", "id", "MRN 448 291"),
        ("card 4111 1111 1111 1111", "id", "4111 1111 1111 1111"),
        ("IBAN GB82 WEST 1234 5698 7654 32", "id", "GB82 WEST 1234 5698 7654 32"),
        ("Then Maria Nobody came.", "name or place", "Maria"),
        ("NHS 943 476 5919", "id", "NHS 943 476 5919"),
    ],
)
def test_what_could_tell_who_somebody_is_is_found(text: str, kind: str, place: str) -> None:
    assert [(hit.kind, hit.text) for hit in identifiers(text)] == [(kind, place)]
    assert place not in redacted(text, identifiers(text))


def test_a_name_that_stands_in_an_address_of_mail_too_is_found_and_every_place_is_redacted() -> None:
    text = "Maria Keller, 42, wakes at four. Write to maria.keller@example.org. They call her Maria Keller at work."
    assert [hit.text for hit in identifiers(text)] == ["Maria Keller", "maria.keller@example.org", "Maria Keller"]
    several = "Tom and Maximilian met Ann in Leeds."
    assert redacted(several, identifiers(several)) == (
        "[name or place] and [name or place] met [name or place] in [name or place]."
    )
    assert "aria" not in redacted(text, identifiers(text)[:1] + identifiers(text)[1:2])


def test_ordinary_talk_is_left_alone() -> None:
    texts = [said.text for person in subjects_of_people(library()[::4]) for said in person.texts]
    flagged = [text for text in texts if identifiers(text)]
    assert len(flagged) < 0.05 * len(texts)
    assert (
        identifiers('Nobody listens. On Mondays I lie awake until four. She said: "Leave me alone." I\'d rather wait.')
        == []
    )


def test_nothing_is_asked_of_the_net(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert identifiers("write to someone.else@some-clinic.org")


@given(st.text(max_size=120))
def test_places_are_in_order_apart_and_what_stands_there(text: str) -> None:
    end = 0
    for hit in identifiers(text):
        assert end <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end] == hit.text
        end = hit.end
