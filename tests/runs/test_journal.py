"""The journal: nothing is paid twice, nothing is lost, and a changed request is noticed."""

import asyncio
import os
import random
import signal
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from mentalarena.arena.episode import Arena
from mentalarena.arena.prompts import load_prompts
from mentalarena.arena.roles import ROLES
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.errors import JournalDiverged, ModelError, RunError, TooManyFailures
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, ScriptedModel, toy_player
from mentalarena.runs.journal import Journal, JournaledVoice, Place, chain, spent_in
from mentalarena.runs.runner import Play, Player, play_all, write_episodes

HELLO = (Message("user", "hello"),)
PLACE = Place(0, "play", "p1")


def ask(journal: Journal, model: ScriptedModel, text: str = "hello", place: Place = PLACE) -> str:
    voice = JournaledVoice(model, journal, place, seed=1)
    return asyncio.run(voice.reply("patient/talk", (Message("user", text),), Sampling())).text


def test_a_reply_is_found_again_after_reopening_and_the_model_is_not_asked(tmp_path: Path) -> None:
    first, second = ScriptedModel(lambda m, s: "yes"), ScriptedModel(lambda m, s: "no")
    assert ask(Journal(tmp_path / "j"), first) == "yes"
    assert ask(Journal(tmp_path / "j"), second) == "yes"
    assert second.requests == []


def test_another_request_at_the_same_place_is_an_error(tmp_path: Path) -> None:
    journal, model = Journal(tmp_path / "j"), ScriptedModel(lambda m, s: "yes")
    ask(journal, model)
    with pytest.raises(JournalDiverged, match=r"play p1 patient/talk\[0\]"):
        ask(journal, model, "something else")


def test_seeds_follow_from_the_place_alone(tmp_path: Path) -> None:
    model = ScriptedModel(lambda m, s: "yes")
    ask(Journal(tmp_path / "a"), model)
    ask(Journal(tmp_path / "b"), model)
    ask(Journal(tmp_path / "c"), model, place=Place(0, "play", "p2"))
    seeds = [sampling.seed for _, sampling in model.requests]
    assert seeds[0] == seeds[1] != seeds[2]


def test_failures_are_not_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")

    def down(messages: Sequence[Message], sampling: Sampling) -> str:
        raise ModelError("503")

    with pytest.raises(ModelError):
        ask(journal, ScriptedModel(down))
    assert ask(journal, ScriptedModel(lambda m, s: "back")) == "back"


def test_a_journal_that_cannot_be_opened_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot open the journal"):
        Journal(tmp_path / "missing" / "j")


def stage(arena: Arena, script: Script) -> tuple[Play, ScriptedModel]:
    model = ScriptedModel(script)
    players = {name: Player(model, load_prompts("compact"), Sampling()) for name in ROLES}
    return Play(arena, players, seed=3, concurrency=4), model


def play_into(folder: Path, arena: Arena, clinic: GeneratedClinic, script: Script = toy_player) -> int:
    """Play six patients; the number of paid replies comes back."""
    folder.mkdir(exist_ok=True)
    journal = Journal(folder / "journal.sqlite")
    patients = [patient for patient, _ in clinic.draw("play", 6, seed=31)]
    play, _ = stage(arena, script)
    write_episodes(folder / "episodes.jsonl", asyncio.run(play_all(patients, play, journal)))
    journal.close()
    return journal.paid


def test_killed_at_twenty_random_moments_the_episodes_are_the_same_and_nothing_is_paid_twice(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    total = play_into(tmp_path / "whole", arena, clinic)
    whole = (tmp_path / "whole" / "episodes.jsonl").read_bytes()
    rng = random.Random(0)
    for moment in sorted(rng.sample(range(1, total), 20)):
        folder = tmp_path / f"killed-{moment}"
        child = os.fork()
        if child == 0:
            calls = 0

            def dying(messages: Sequence[Message], sampling: Sampling) -> str:
                nonlocal calls
                calls += 1
                if calls == moment:  # noqa: B023 - the child dies within this turn of the loop
                    os.kill(os.getpid(), signal.SIGKILL)
                return toy_player(messages, sampling)

            play_into(folder, arena, clinic, dying)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        assert not (folder / "episodes.jsonl").exists()
        assert play_into(folder, arena, clinic) == total - (moment - 1)
        assert (folder / "episodes.jsonl").read_bytes() == whole


def test_concurrency_does_not_change_the_episodes(tmp_path: Path, arena: Arena, clinic: GeneratedClinic) -> None:
    patients = [patient for patient, _ in clinic.draw("play", 5, seed=32)]
    play, _ = stage(arena, toy_player)
    many = asyncio.run(play_all(patients, play, Journal(tmp_path / "a")))
    one = Play(play.arena, play.players, play.seed, concurrency=1)
    assert asyncio.run(play_all(patients[::-1], one, Journal(tmp_path / "b"))) == many


def test_a_run_in_which_most_episodes_fail_stops_early_and_keeps_the_replies(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    patients = [patient for patient, _ in clinic.draw("play", 60, seed=33)]

    def down(messages: Sequence[Message], sampling: Sampling) -> str:
        if messages[0].content.startswith("you are the judge"):
            return toy_player(messages, sampling)
        raise ModelError("503 from the server")

    play, model = stage(arena, down)
    with pytest.raises(TooManyFailures, match="503 from the server"):
        asyncio.run(play_all(patients, play, Journal(tmp_path / "j")))
    assert len(model.requests) < 2 * len(patients)


def test_no_therapist_request_in_the_whole_journal_holds_unsaid_profile_text(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    drawn = [patient for patient, _ in clinic.draw("play", 8, seed=34)]
    patients = {p.id: p.cognitive_model for p in drawn}
    play, _ = stage(arena, toy_player)
    journal = Journal(tmp_path / "j")
    asyncio.run(play_all(drawn, play, journal))
    said: dict[str, str] = {}
    checked = 0
    for item, scope, _, reply in journal.requests():
        if scope == "patient/talk":
            said[item] = said.get(item, "") + "\n" + reply
    for item, scope, messages, _ in journal.requests():
        if scope.startswith("therapist/"):
            text = "\n".join(m["content"] for m in messages)
            secrets = [line.split(": ", 1)[1] for line in patients[item].profile().splitlines()]
            assert not [s for s in secrets if s in text and s not in said[item]]
            checked += 1
    assert checked > 100
    turns: dict[str, int] = {}
    for item, scope, messages, _ in journal.requests():  # what the patient says only later is unsaid as well
        if scope == "therapist/talk":
            turns[item] = turns.get(item, 0) + 1
            so_far = "\n".join(said[item].split("\n")[: turns[item] + 1])
            secrets = [line.split(": ", 1)[1] for line in patients[item].profile().splitlines()]
            text = "\n".join(m["content"] for m in messages)
            assert not [s for s in secrets if s in text and s not in so_far]


def test_a_run_goes_on_when_a_call_that_had_failed_now_succeeds(
    tmp_path: Path, arena: Arena, clinic: GeneratedClinic
) -> None:
    """The episode had gone on without the guidance that failed; what is journaled after it belongs to another course."""
    failing = True

    def flaky(messages: Sequence[Message], sampling: Sampling) -> str:
        if failing and messages[-1].content.endswith("what should the therapist ask?"):
            raise ModelError("503")
        return toy_player(messages, sampling)

    with pytest.raises(TooManyFailures):
        play_into(tmp_path / "a", arena, clinic, flaky)
    failing = False
    more = play_into(tmp_path / "a", arena, clinic, flaky)
    assert play_into(tmp_path / "a", arena, clinic, flaky) == 0
    assert 0 < more < play_into(tmp_path / "b", arena, clinic, flaky)
    assert (tmp_path / "a" / "episodes.jsonl").read_bytes() == (tmp_path / "b" / "episodes.jsonl").read_bytes()


@pytest.mark.parametrize("asked", ["what is the diagnosis?", "what is the score?"])
def test_an_outage_is_not_recorded_and_the_same_stage_asks_again(asked: str, tmp_path: Path) -> None:
    from mentalarena.models.base import ModelRef
    from mentalarena.settings import load_config
    from mentalarena.stages.play import play
    from mentalarena.stages.run import opened

    down = True

    def flaky(messages: Sequence[Message], sampling: Sampling) -> str:
        if down and messages[-1].content.endswith(asked):
            raise ModelError("503")
        return toy_player(messages, sampling)

    config = load_config(None, ["models.all.provider=scripted", "play.patients=6"])
    with opened(config, tmp_path / "run") as run:
        run.backends.scripted = ScriptedModel(flaky, keep=False)
        with pytest.raises(TooManyFailures, match="the same command goes on"):
            play(run, 0, ModelRef(""))
        assert not (run.folder(0) / "play.json").exists()
        down = False
        assert play(run, 0, ModelRef(""))["problems"] == 0


def test_an_answer_that_another_arm_has_had_since_may_change_what_follows(tmp_path: Path) -> None:
    """The arm's first call had failed and it had gone on without; meanwhile the main arm was answered the same question."""

    def told(text: str) -> ScriptedModel:
        return ScriptedModel(lambda messages, sampling: text, name="m")

    def failing(messages: Sequence[Message], sampling: Sampling) -> str:
        raise ModelError("503")

    async def course(model: ScriptedModel, place: Place, follow: bool) -> str:
        asked: set[str] = set()
        first = JournaledVoice(model, journal, place, seed=1, asked=asked)
        try:
            heard = (await first.reply("judge/guidance", (Message("user", "what next?"),), Sampling())).text
        except ModelError:
            heard = "nothing"
        if not follow:
            return heard
        later = JournaledVoice(told("yes"), journal, place, seed=1, asked=asked)
        await later.reply("therapist/talk", (Message("user", f"you heard {heard}"),), Sampling())
        return heard

    journal = Journal(tmp_path / "journal.sqlite")
    main, arm = Place(0, "play", "a"), Place(0, "play", "a", "unselected")
    assert asyncio.run(course(ScriptedModel(failing, name="m"), arm, follow=True)) == "nothing"
    assert asyncio.run(course(told("ask about sleep"), main, follow=False)) == "ask about sleep"
    assert asyncio.run(course(ScriptedModel(failing, name="m"), arm, follow=True)) == "ask about sleep"


def test_a_view_that_grows_is_kept_once_and_every_request_can_be_read_back(tmp_path: Path) -> None:
    model = ScriptedModel(lambda m, s: f"answer {len(m)} " + "at length " * 50)
    journal = Journal(tmp_path / "j")
    voice = JournaledVoice(model, journal, PLACE, seed=1)
    view: tuple[Message, ...] = HELLO
    asked = list[tuple[Message, ...]]()
    for turn in range(30):
        asked.append(view)
        told = asyncio.run(voice.reply("patient/talk", view, Sampling())).text
        view = (*view, Message("assistant", told), Message("user", f"go on {turn}"))
    read = [tuple(Message(m["role"], m["content"]) for m in messages) for _, _, messages, _ in journal.requests()]  # type: ignore[arg-type]
    assert read == asked
    journal.close()
    spoken = sum(len(m.content) for m in view)
    assert (tmp_path / "j").stat().st_size < 5 * spoken, "a request kept whole would be some 15 times as much"


def test_requests_differ_in_who_said_what_and_where_one_message_ends() -> None:
    views = [
        (Message("user", "a"), Message("user", "b")),
        (Message("user", "ab"),),
        (Message("user", "a"), Message("assistant", "b")),
        (Message("user", "b"), Message("user", "a")),
        (Message("user", "a\0userb"),),
        (Message("system", "a"), Message("user", "b")),
    ]
    assert len({chain(view)[-1] for view in views}) == len(views)
    assert chain(views[0])[0] == chain(views[2])[0], "equal beginnings are equal turns"


def test_the_journal_of_an_earlier_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "j") as old:
        old.execute("CREATE TABLE replies (item TEXT, request TEXT)")
        old.execute("INSERT INTO replies VALUES ('p1', '[]')")
    old.close()
    with pytest.raises(RunError, match="an earlier version; expected"):
        Journal(tmp_path / "j")
    with sqlite3.connect(tmp_path / "j") as left:
        assert left.execute("SELECT * FROM replies").fetchall() == [("p1", "[]")]
    left.close()


def test_what_two_arms_ask_alike_is_counted_as_shared(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    model = ScriptedModel(lambda m, s: "yes")
    main, arm, other = (Place(0, "play", "a", name) for name in ("main", "unselected", "other"))

    async def ask(place: Place, *texts: str) -> None:
        voice = JournaledVoice(model, journal, place, seed=1)
        for text in texts:
            await voice.reply("patient/talk", (Message("user", text),), Sampling())

    for place, texts in ((main, ("one", "two")), (arm, ("one", "two", "three")), (other, ("four", "five", "three"))):
        asyncio.run(ask(place, *texts))
    assert journal.overlap([main], []) == (2, 0)
    assert journal.overlap([arm], [main]) == (3, 2)
    assert journal.overlap([other], [main, arm]) == (3, 1)
    assert journal.overlap([Place(1, "play", "")], [main]) == (0, 0)
    assert journal.overlap([main, arm], [other]) == (5, 1)
    journal.close()


def test_what_was_spent_is_read_beside_a_writer_and_leaves_no_trace(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    ask(journal, ScriptedModel(lambda m, s: "yes"))
    by_stage, by_model = spent_in(tmp_path / "j.sqlite")
    [(stage, model)] = by_stage
    assert stage == "play"
    assert by_stage[stage, model] == by_model[model]
    assert by_model[model].calls == 1
    journal.close()
    before = sorted(tmp_path.iterdir())
    assert spent_in(tmp_path / "j.sqlite")[1] == by_model
    assert sorted(tmp_path.iterdir()) == before == [tmp_path / "j.sqlite"]
    with pytest.raises(RunError, match="expected the journal of a run"):
        spent_in(tmp_path / "nowhere.sqlite")
    assert sorted(tmp_path.iterdir()) == before
