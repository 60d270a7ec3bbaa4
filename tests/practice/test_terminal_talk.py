"""At a terminal an answer is read while it comes, and in the end stands there as it is kept, whatever was heard or stopped it.
Page and terminal go on with each other's sessions. The terminal is a `Screen`, the models are scripted."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mentalarena.errors import ModelError
from mentalarena.models.backends import Backends
from mentalarena.models.base import Heard, Message, Reply, Sampling
from mentalarena.models.scripted import ScriptedModel
from mentalarena.practice import terminal
from mentalarena.practice.partner import settings_of
from mentalarena.practice.room import FULL, Practising
from mentalarena.practice.session import Session, noted
from mentalarena.practice.store import Store
from mentalarena.practice.terminal import Terminal
from tests.practice.rooms import begun_at
from tests.practice.screen import Screen

PLAYED = ("models.all.provider=scripted", "clinic.source=generated")


class Speaks(ScriptedModel):
    """A patient that says what it is given, piece by piece (a piece that is an error ends it), and notes what it asked for and
    what stands on the screen then."""

    def __init__(self, screen: Screen, *answers: Sequence[str | BaseException]) -> None:
        super().__init__(lambda messages, sampling: "")
        self.screen, self.answers = screen, list(answers)
        self.seen: list[str] = []

    async def stream(self, messages: Sequence[Message], sampling: Sampling, heard: Heard) -> Reply:
        self.requests.append((tuple(messages), sampling))
        *pieces, last = self.answers.pop(0)
        for piece in (*pieces, last):
            if not isinstance(piece, str):
                raise piece
            heard(piece)
            self.seen.append(" ".join(self.screen.rows))
        return Reply(str(last))


def kept(folder: Path) -> Session:
    (found,) = Store(folder).list()
    return found


def at(screen: Screen | Console, begun: Terminal, typed: Iterable[str]) -> Terminal:
    """A session at another terminal, where somebody types."""
    lines = iter(typed)

    def read(prompt: str) -> str:
        for line in lines:
            return line
        raise EOFError

    return replace(begun, console=screen.console if isinstance(screen, Screen) else screen, read=read)


def played(model: ScriptedModel, folder: Path) -> Terminal:
    backends = Backends(alone=True)
    backends.scripted = model
    return terminal.begun(None, None, None, 1, settings_of(None, PLAYED), backends, Store(folder))


def test_at_a_terminal_the_answer_is_read_while_it_comes_and_stands_there_as_it_is_kept(tmp_path: Path) -> None:
    screen = Screen(width=200, height=10)
    model = Speaks(
        screen,
        ("Hel", "Hello."),
        ("Pati", "Patient: I", "Patient: I sleep\x1b", "Patient: I sleep\x1b[2Jbadly [bold] \n"),
        ("I am fine, nothing is", "No.", "No. I am not."),
    )
    assert at(screen, played(model, tmp_path), ["How do you sleep?", "And otherwise?"]).talk()
    assert [seen.rsplit("patient: ")[-1] for seen in model.seen] == [
        *("Hel", "Hello."),
        *("Pati", "Patient: I", "Patient: I sleep", "Patient: I sleep[2Jbadly [bold] "),
        *("I am fine, nothing is", "No.", "No. I am not."),
    ]
    talk = [row for row in screen.rows if row.startswith(("you: ", "patient: "))]
    assert talk[1:] == [
        "patient: Hello.",
        "you: How do you sleep?",
        "patient: I sleep[2Jbadly [bold]",
        "you: And otherwise?",
        "patient: No. I am not.",
    ]
    assert not any("fine" in row or "Patient: I" in row for row in screen.rows)
    assert [text for who, text in kept(tmp_path).lines if who == "patient"] == [
        *("Hello.", "I sleep\x1b[2Jbadly [bold]", "No. I am not."),
    ]


def test_where_the_output_is_no_terminal_the_line_is_printed_once(tmp_path: Path) -> None:
    out = Console(file=io.StringIO(), width=200, _environ={})
    at(out, played(Speaks(Screen(), ("Hel", "Hello.")), tmp_path), []).talk()
    assert isinstance(out.file, io.StringIO)
    told = out.file.getvalue()
    assert told.count("patient: ") == told.count("patient: Hello.\n") == 1
    assert "\x1b" not in told


def test_half_an_answer_is_no_answer_and_retry_asks_for_it_again(tmp_path: Path) -> None:
    screen = Screen(width=200, height=10)
    model = Speaks(screen, ("Hello.",), ("I am", ModelError("down")), ("I am", "I am low."))
    assert at(screen, played(model, tmp_path), ["How are you?", "/retry", "/retry"]).talk()
    assert [row for row in screen.rows if "I am" in row] == ["patient: I am low."]
    assert "No answer came (down). Your words are kept; /retry asks again." in screen.rows
    assert "The patient has answered." in screen.rows
    assert model.requests[-1] == model.requests[-2], "it is asked for the same"
    assert [text for _, text in kept(tmp_path).lines][1:] == ["Hello.", "How are you?", "I am low."]


def test_an_interrupt_in_the_middle_of_an_answer_keeps_the_question_and_the_session_goes_on_with_the_answer(
    tmp_path: Path,
) -> None:
    screen = Screen(width=200, height=10)
    begun = played(Speaks(screen, ("Hello.",), ("I am", KeyboardInterrupt())), tmp_path)
    assert not at(screen, begun, ["How are you?"]).talk()
    assert not any("I am" in row for row in screen.rows)
    assert any(row.startswith("Stopped. Everything is kept") for row in screen.rows)
    assert kept(tmp_path).lines[-1] == ("therapist", "How are you?")
    again = Backends(alone=True)
    again.scripted = Speaks(screen, ("I am low.",))
    at(screen, terminal.resumed(kept(tmp_path), settings_of(None, PLAYED), again, Store(tmp_path)), []).talk()
    assert kept(tmp_path).lines[-1] == ("patient", "I am low.")
    assert kept(tmp_path).turns == 1


@pytest.mark.parametrize("settings", [(), PLAYED], ids=["library", "model"])
def test_page_and_terminal_go_on_with_each_others_session(tmp_path: Path, settings: tuple[str, ...]) -> None:
    config = settings_of(None, settings)
    by, patient = ("model", None) if settings else ("library", "reem-haddad")
    asked = ["When did this begin?", "How do you feel?", "What helps you?", "And now?"]
    page, other = (Practising(Store(tmp_path / folder), config) for folder in ("one", "other"))
    session = page.backends.run(begun_at(page, patient, "plain", "normal", 7, by))
    whole = other.backends.run(begun_at(other, patient, "plain", "normal", 7, by))
    for text in asked:
        whole = other.backends.run(other.speak(whole.id, text, lambda _: None))

    page.backends.run(page.speak(session.id, asked[0], lambda _: None))
    screen = Screen(width=200)

    def typed() -> Iterable[str]:
        yield asked[1]
        yield "/note emotions low"
        page.backends.run(page.speak(session.id, asked[2], lambda _: None))  # while the terminal waits for somebody
        page.backends.run(page.change(session.id, lambda now: noted(now, "behavior", "waits")))
        yield "/export md"
        yield "/diagnosis grief"
        yield asked[3]

    at(screen, terminal.resumed(page.store.read(session.id), config, Backends(alone=True), page.store), typed()).talk()
    after = page.store.read(session.id)
    assert after.lines == whole.lines
    assert (after.notes, after.diagnosis) == ({"emotions": "low", "behavior": "waits"}, "grief")
    exported = (tmp_path / "one" / "exports" / f"{session.id}.md").read_text("utf-8")
    assert asked[2] in exported
    assert page.backends.run(page.judge(session.id)).feedback

    begun = terminal.begun(patient, None, None, 7, config, Backends(alone=True), page.store)
    at(screen, begun, asked[:2]).talk()
    for text in asked[2:]:
        page.backends.run(page.speak(begun.session.id, text, lambda _: None))
    assert page.store.read(begun.session.id).lines == whole.lines


def test_what_another_therapist_came_to_is_shown_and_kept_with_its_problem(tmp_path: Path) -> None:
    screen, backends = Screen(width=200, height=80), Backends(alone=True)
    backends.scripted = Speaks(screen)
    config = settings_of(None, ["models.therapist.provider=scripted"])
    begun = terminal.begun("reem-haddad", None, None, 7, config, backends, Store(tmp_path))
    at(screen, begun, ["/compare"]).talk()
    assert any(row.startswith("Problem: therapist talk: an empty reply") for row in screen.rows)
    found = kept(tmp_path)
    assert found.rival
    with pytest.raises(ModelError, match="an empty reply"):  # as the page has it: an error, and what was kept stands
        backends.run(begun.room.compare(found.id))
    assert kept(tmp_path) == found


def test_a_full_session_takes_no_more_and_the_rest_goes_on(tmp_path: Path) -> None:
    screen = Screen(width=200)
    begun = played(Speaks(screen, ("so",)), tmp_path)
    full = Store(tmp_path).save(begun.session.model_copy(update={"lines": (*begun.session.lines, ("patient", "so"))}))
    full = Store(tmp_path).save(full.model_copy(update={"lines": full.lines * (FULL // 2)}))
    at(screen, begun, ["And then?", "/note emotions low"]).talk()  # it was filled elsewhere
    assert any(row.startswith("Not done: a session of 600 lines") for row in screen.rows)
    assert kept(tmp_path).lines == full.lines
    assert kept(tmp_path).notes == {"emotions": "low"}
