"""`mentalarena practise`: a script is answered line by line, and whatever stops it, nothing is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mentalarena.notices import CRISIS, OWN_DANGER
from mentalarena.practice.export import NOTICE
from mentalarena.practice.session import Session
from mentalarena.practice.store import Store

COMMAND = [sys.executable, "-c", "from mentalarena.cli import main; main()", "practise"]
ENV = {**os.environ, "COLUMNS": "400", "OMP_NUM_THREADS": "1"}


def practise(typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [*COMMAND, *arguments], input=typed, capture_output=True, text=True, check=False, env=ENV
    )


def only(folder: Path) -> Session:
    (found,) = Store(folder).list()
    return found


def test_a_script_talks_notes_hears_feedback_compares_and_exports(tmp_path: Path) -> None:
    typed = (
        "When did this begin?\n\n/notes\nsince two winters\n\n\n\n\n\n\n\n\n/note core beliefs too weak to bear grief\n"
        "/diagnosis alcohol use disorder\n/feedback\n/compare\n/export\n/export jsonl\n/export exe\n/nonsense\n/help\n/quit\n"
    )
    done = practise(typed, "--patient", "reem-haddad", "--seed", "3", "--sessions", str(tmp_path))
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert out.index(NOTICE) < out.index(CRISIS) < out.index("patient: ")
    for expected in (
        "you: When did this begin?",
        "(silence)",
        "diagnosis: right",
        "checklist",
        "/nonsense: no command",
        "Not done",
    ):
        assert expected in out
    session = only(tmp_path)
    assert session.notes == {"history": "since two winters", "core_beliefs": "too weak to bear grief"}
    assert session.turns == 2
    assert session.feedback
    assert session.rival
    assert {path.suffix for path in (tmp_path / "exports").iterdir()} == {".md", ".jsonl"}
    assert f"--resume {session.id}" in out


def test_a_command_among_the_notes_leaves_them_and_is_done(tmp_path: Path) -> None:
    typed = "/notes\nsince two winters\n/diagnosis drinking\nHow do you feel?\n/feedback\n"
    done = practise(typed, "--patient", "reem-haddad", "--seed", "3", "--sessions", str(tmp_path))
    assert done.returncode == 0, done.stderr
    session = only(tmp_path)
    assert (session.notes, session.diagnosis) == ({"history": "since two winters"}, "drinking")
    assert ("therapist", "How do you feel?") in session.lines
    assert "diagnosis: your words (drinking) name none that is known here" in done.stdout
    assert done.stdout.index("Safety: ") < done.stdout.index("similarity")


def test_a_session_goes_on_where_it_ended_as_if_it_had_not(tmp_path: Path) -> None:
    first, second = "When did this begin?\n", "How do you feel?\nWhat helps you?\n"
    practise(first + second, "--patient", "mei-lin-chou", "--seed", "1", "--sessions", str(tmp_path / "whole"))
    practise(first, "--patient", "mei-lin-chou", "--seed", "1", "--sessions", str(tmp_path / "halves"))
    again = practise(second, "--resume", only(tmp_path / "halves").id, "--sessions", str(tmp_path / "halves"))
    assert again.returncode == 0
    assert "you: When did this begin?" in again.stdout
    assert only(tmp_path / "halves").lines == only(tmp_path / "whole").lines


def test_a_line_is_kept_before_it_is_answered(tmp_path: Path) -> None:
    broken = ("--set", "models.all.provider=openai", "--set", "models.all.model=m", "--set", "models.all.retries=0")
    nobody = ("--set", "models.all.base_url=http://127.0.0.1:9/v1", "--set", "models.all.patience=0")
    done = practise("how are you?\n/retry\n", "--patient", "reem-haddad", "--sessions", str(tmp_path), *broken, *nobody)
    assert done.returncode == 0, done.stderr
    assert "Your words are kept" in done.stdout
    assert only(tmp_path).lines[-1] == ("therapist", "how are you?")


def test_an_interrupt_loses_nothing(tmp_path: Path) -> None:
    # whoever runs the tests in the background has them ignore interrupts, and so would this process
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    with subprocess.Popen(  # noqa: S603
        [*COMMAND[:2], listening + COMMAND[2], *COMMAND[3:], "--patient", "reem-haddad", "--sessions", str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**ENV, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write("When did this begin?\n")
        process.stdin.flush()
        answers = 0
        while answers < 2:
            answers += process.stdout.readline().startswith("patient: ")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait() == 130
    assert "Everything is kept" in rest
    session = only(tmp_path)
    assert session.turns == 1
    assert not session.waiting


def test_lists_tell_who_and_what_there_is_and_no_diagnosis(tmp_path: Path) -> None:
    practise("", "--patient", "reem-haddad", "--sessions", str(tmp_path))
    (tmp_path / "torn-session.json").write_text("{")
    listed = practise("", "--list", "--sessions", str(tmp_path)).stdout
    assert only(tmp_path).id in listed
    assert "left out: " in listed
    people = practise("", "--people").stdout
    assert "reem-haddad" in people
    assert "gareth-moxon" not in people  # held out
    assert "disorder" not in people


def test_a_model_therapist_can_be_watched(tmp_path: Path) -> None:
    done = practise("", "--watch", "2", "--patient", "reem-haddad", "--sessions", str(tmp_path))
    assert done.stdout.count("patient: ") == 3
    assert not any(tmp_path.iterdir())


def test_wrong_choices_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    for arguments, told in (
        (("--patient", "nobody"), "nobody in the library has this id"),
        (("--patient", "gareth-moxon"), "which is for evaluation"),
        (("--style", "odd"), "expected one of plain"),
        (("--difficulty", "odd"), "expected one of easy"),
        (("--resume", "../../etc/passwd"), "no id of a session"),
        (("--resume", "not-there-at-all"), "expected a session"),
    ):
        done = practise("", *arguments, "--sessions", str(tmp_path))
        assert done.returncode == 2
        assert told in done.stderr
        assert done.stderr.count("\n") == 1


def test_control_characters_never_reach_the_terminal(tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_text(
        '{"id": "a", "name": "\\u001b[31mred [bold]x", "emotions": "sad \\u001b]0;owned\\u0007", "coping_strategies": "c"}\n'
    )
    scripted = ("--set", f"clinic.source={own}", "--set", "models.all.provider=scripted", "--sessions", str(tmp_path / "s"))
    done = practise("how do you feel?\n/feedback\n/compare\n", *scripted)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "[bold]x" in done.stdout


def test_who_plays_the_patient_has_a_card_is_asked_and_sees_what_was_understood(tmp_path: Path) -> None:
    typed = "I cannot sleep since the divorce.\n/card\n/understood\n/notes\n/export json\n"
    done = practise(typed, "--as", "patient", "--patient", "reem-haddad", "--seed", "3", "--sessions", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("core beliefs: I'm too weak to bear my own grief; I am a deserter.") == 2, (
        "at first, and when asked"
    )
    assert "/notes: no command" in done.stdout
    session = only(tmp_path)
    assert [who for who, _ in session.lines] == ["therapist", "patient", "therapist"]
    assert f"you: {session.lines[1][1]}\ntherapist: {session.lines[2][1]}\n" in done.stdout
    assert session.rival
    assert f"{session.rival.name}: {session.rival.questions} questions, similarity" in done.stdout
    again = practise("And I am tired.\n", "--resume", session.id, "--sessions", str(tmp_path))
    assert again.returncode == 0, again.stderr
    assert "You are Reem Haddad" in again.stdout, "whoever was the patient still is"
    assert [who for who, _ in only(tmp_path).lines] == ["therapist", "patient", "therapist", "patient", "therapist"]


@pytest.mark.parametrize("part", ["patient", "therapist"])
def test_who_speaks_of_their_own_dying_is_told_that_a_program_will_answer(tmp_path: Path, part: str) -> None:
    told = ("--as", part, "--patient", "reem-haddad", "--sessions", str(tmp_path))
    assert OWN_DANGER in practise("I think about killing myself.\n", *told).stdout
    assert OWN_DANGER not in practise("The film bored me to death.\n", *told).stdout
    asked = practise("Do you think about killing yourself?\n", *told).stdout
    assert OWN_DANGER not in asked


def test_a_part_that_is_none_is_one_line(tmp_path: Path) -> None:
    for arguments, told in ((("--as", "nurse"), "--as nurse: expected one of therapist, patient"),
                            (("--as", "patient", "--watch", "2"), "--watch: nobody plays but programs")):  # fmt: skip
        done = practise("", *arguments, "--sessions", str(tmp_path))
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr
        assert len(done.stderr.splitlines()) == 1
