"""The runner: what fails for a moment is met again, what fails for good is recorded, and an outage is neither."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.types import Episode, Problem
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.errors import ModelError, ModelRefusal, RunError, TooManyFailures
from mentalarena.models.base import Message, Sampling, Usage
from mentalarena.models.scripted import toy_player
from mentalarena.runs.runner import ATTEMPTS, EpisodeFile, part_of, settled
from tests.conftest import Player


def meet(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player], failing: Callable[[str, int], Exception | None]
) -> tuple[list[Episode], Counter[str]]:
    """Ten patients; `failing` tells by patient and attempt what its first diagnosis raises."""
    attempts: Counter[str] = Counter()
    ids = {p.id: p for p, _ in clinic.draw("play", 10, seed=67)}

    async def one(patient_id: str) -> tuple[Episode, Sequence[Problem]]:
        attempts[patient_id] += 1
        error = failing(patient_id, attempts[patient_id])

        def script(messages: Sequence[Message], sampling: Sampling) -> str:
            if error and messages[-1].content.endswith("what is the diagnosis?"):
                raise error
            return toy_player(messages, sampling)

        episode = await play_episode(ids[patient_id], arena, player(script).cast, patient_id)
        return episode, episode.problems

    return asyncio.run(settled(list(ids), one, 4, "episodes")), attempts


def test_what_failed_for_a_moment_is_met_again_and_leaves_no_trace(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    unlucky = {p.id for p, _ in clinic.draw("play", 3, seed=67)}
    found, attempts = meet(arena, clinic, player, lambda i, n: ModelError("503") if i in unlucky and n == 1 else None)
    assert not [p for episode in found for p in episode.problems if p.kind == "model_error"]
    assert {i for i, n in attempts.items() if n == 2} == unlucky
    assert [e.id for e in found] == list(attempts), "results stand in the order of their items"


def test_one_item_that_still_fails_is_an_outage_and_nothing_is_recorded(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    unlucky = clinic.draw("play", 1, seed=67)[0][0].id
    tried = []

    def failing(patient_id: str, attempt: int) -> Exception | None:
        tried.append((patient_id, attempt))
        return ModelError("503") if patient_id == unlucky else None

    with pytest.raises(TooManyFailures, match=r"1 of 10 episodes .*503.*the same command goes on"):
        meet(arena, clinic, player, failing)
    assert sorted(n for i, n in tried if i == unlucky) == [*range(1, ATTEMPTS + 1)]
    assert all(n == 1 for i, n in tried if i != unlucky)


def test_each_item_is_told_of_once_however_often_it_is_met() -> None:
    told: list[str] = []
    met: Counter[str] = Counter()

    async def one(item: str) -> tuple[str, list[Problem]]:
        met[item] += 1
        return item, [Problem("s", "judge", "model_error", "503")] if item == "b" and met[item] < ATTEMPTS else []

    assert asyncio.run(settled(list("abc"), one, 2, "items", told.append)) == list("abc")
    assert sorted(told) == list("abc")
    assert met == {"a": 1, "b": ATTEMPTS, "c": 1}


def test_a_refusal_is_recorded_and_holds_nobody_up(
    arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]
) -> None:
    unlucky = clinic.draw("play", 1, seed=67)[0][0].id
    found, attempts = meet(arena, clinic, player, lambda i, n: ModelRefusal("too long") if i == unlucky else None)
    problems = [(e.id, p.kind, p.step) for e in found for p in e.problems if p.kind == "refusal"]
    assert problems == [(unlucky, "refusal", "diagnosis-1")]
    assert set(attempts.values()) == {1}


def test_an_episode_can_be_read_as_soon_as_it_is_added_and_all_appear_sorted_at_once(tmp_path: Path) -> None:
    path = tmp_path / "iteration-00" / "episodes.jsonl"

    def episode(id: str) -> Episode:
        return Episode(id, id, "plain", {}, (), None, (), (), "aligned", (), Usage())

    with closing(EpisodeFile(path)) as file:
        for number, id in enumerate(("b", "a", "b"), 1):
            file.add(episode(id))
            waiting = part_of(path).read_text().splitlines()
            assert [json.loads(line)["id"] for line in waiting] == ["b", "a", "b"][:number]
            assert not path.exists()
        file.write()
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["a", "b"]
    assert not part_of(path).exists()


def test_episodes_are_never_written_to_where_a_link_leads(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    part_of(tmp_path / "episodes.jsonl").symlink_to(outside)
    with closing(EpisodeFile(tmp_path / "episodes.jsonl")) as file:
        file.write()
    assert outside.read_text() == "precious"


def test_a_place_that_cannot_hold_episodes_is_one_line(tmp_path: Path) -> None:
    part_of(tmp_path / "episodes.jsonl").mkdir()
    with pytest.raises(RunError, match=r"episodes\.part: Is a directory; expected a place for episodes"):
        EpisodeFile(tmp_path / "episodes.jsonl")
