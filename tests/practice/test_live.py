"""A line that is shown while it comes: whatever was heard, in the end there stands what would stand there without it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mentalarena.errors import ModelError
from mentalarena.practice.live import line, while_it_comes
from tests.practice.screen import Screen

LETTERS = st.sampled_from([*"ab ,\n\t\r\b\a\x1b[]0;1m/é€😀\u0301\u202e\ud800", "[bold]", "\x1b[2J", "\x1b[1A", "word "])
TEXTS = st.text(max_size=12) | st.lists(LETTERS, max_size=120).map("".join)


def test_what_is_heard_stands_there_while_it_comes() -> None:
    screen = Screen()
    with while_it_comes(screen.console, "patient") as listen:
        assert screen.rows == ["patient: ..."]
        for text in ("I", "I hardly", "I hardly sleep, and when I do I dream of it."):
            listen(text)
            assert " ".join(screen.rows) == f"patient: {text}"
    assert screen.rows == [""]


def test_an_answer_that_begins_anew_leaves_nothing_of_the_first() -> None:
    screen = Screen()
    with while_it_comes(screen.console, "patient") as listen:
        listen("I am fine, there is nothing to say about that at all.")
        listen("No.")
        assert screen.rows == ["patient: No."]


def test_of_a_text_that_is_longer_than_the_screen_its_end_is_shown() -> None:
    screen = Screen(height=5)
    with while_it_comes(screen.console, "patient") as listen:
        listen("\n".join(f"row {number}" for number in range(30)))
        assert screen.rows == [f"row {number}" for number in range(26, 30)]
    assert screen.rows == [""]


def test_a_sequence_in_two_pieces_writes_nothing_to_the_terminal() -> None:
    screen = Screen()
    with while_it_comes(screen.console, "patient") as listen:
        for text in ("low\x1b", "low\x1b[2", "low\x1b[2J[bold]", "low\x1b[2J[bold]\x1b]0;owned\x07"):
            listen(text)
            assert screen.rows == [f"patient: {''.join(c for c in text if c.isprintable())}"]


@given(st.lists(TEXTS, max_size=4), TEXTS, st.integers(12, 40), st.integers(2, 8))
def test_in_the_end_the_line_stands_there_alone(heard: list[str], final: str, width: int, height: int) -> None:
    told, plain = Screen(width, height), Screen(width, height)
    for screen in (told, plain):
        screen.console.print("before", "[red]it[/red]")
    with while_it_comes(told.console, "patient") as listen:
        for text in heard:
            listen(text)
            assert told.rows[0] == "before it"
    told.console.print(line("patient", final))
    plain.console.print(line("patient", final))
    assert told.rows == plain.rows


def test_what_was_heard_of_an_answer_that_does_not_come_is_wiped_off() -> None:
    for error in (ModelError("down"), KeyboardInterrupt()):
        screen = Screen()
        with pytest.raises(type(error)), while_it_comes(screen.console, "patient") as listen:  # noqa: PT012
            listen("I am")
            raise error
        assert screen.rows == [""]
        assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex("\x1b[?25l"), "the cursor is there again"


def test_where_there_is_no_terminal_nothing_is_shown() -> None:
    for console in (
        Console(file=io.StringIO(), _environ={}),
        Console(file=io.StringIO(), _environ={"TERM": "dumb"}, force_terminal=True),
    ):
        with while_it_comes(console, "patient") as listen:
            listen("I hardly sleep")
        assert isinstance(console.file, io.StringIO)
        assert "I" not in console.file.getvalue()
    console = Console(file=io.StringIO(), _environ={})
    with while_it_comes(console, "patient") as listen:
        listen("I hardly sleep")
    console.print(line("patient", "I hardly sleep."))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "patient: I hardly sleep.\n"
