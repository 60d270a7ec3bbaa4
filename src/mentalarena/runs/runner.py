"""Meets many patients at once, each behind the journal, and writes what came of it in the order of their ids."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.prompts import PromptSet
from mentalarena.arena.roles import ROLES, Cast, Role
from mentalarena.arena.types import Episode, Ledger, Lineage, Problem, RoleName
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.errors import BudgetSpent, RunError, TooManyFailures
from mentalarena.models.base import ChatModel, Sampling, Scorer
from mentalarena.runs.directory import write_jsonl, write_lines
from mentalarena.runs.journal import Journal, JournaledVoice, Place

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Player:
    """What plays a role in every episode."""

    model: ChatModel
    prompts: PromptSet
    sampling: Sampling
    verdict_temperature: float | None = None

    @property
    def can_score(self) -> bool:
        return isinstance(self.model, Scorer)


@dataclass(frozen=True)
class Play:
    """One stage of play: who plays whom, with what seed, and how many at once."""

    arena: Arena
    players: Mapping[RoleName, Player]
    seed: int
    iteration: int = 0
    concurrency: int = 256
    failure_limit: float = 0.5
    """The stage stops when more than this share of at least 20 finished episodes has no dialogue."""
    arm: str = "main"


ATTEMPTS = 3


async def settled(
    items: Sequence[Item],
    work: Callable[[Item], Awaitable[tuple[Result, Sequence[Problem]]]],
    concurrency: int,
    what: str,
    done: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """The results of `work` for all items, in their order. Items in which a model could not answer are met again, at most
    `ATTEMPTS` times in all. Raises `TooManyFailures` when one still fails then: nothing is recorded of a stage that met an
    outage, so that the same command asks again. (A `refusal` is no outage: asking again brings the same.) `done` hears of each
    item once, when it has first been met."""
    found: dict[int, tuple[Result, Sequence[Problem]]] = {}

    async def meet(number: int) -> None:
        told = await work(items[number])
        if number not in found:
            done(told[0])
        found[number] = told

    missing: Sequence[int] = range(len(items))
    for _ in range(ATTEMPTS):
        await each(missing, meet, concurrency)
        missing = [n for n in missing if any(p.kind == "model_error" for p in found[n][1])]
        if not missing:
            return [found[n][0] for n in range(len(items))]
        if len(missing) > len(items) / 2:
            break  # the model is down
    last = next(p for p in reversed(found[missing[-1]][1]) if p.kind == "model_error")
    raise TooManyFailures(
        f"{len(missing)} of {len(items)} {what} met a model that could not answer (last: {last.role}, {last.step}: "
        f"{last.detail}); nothing is made of that; what was answered is kept, the same command goes on"
    )


async def each(items: Sequence[Item], work: Callable[[Item], Awaitable[Result]], concurrency: int) -> list[Result]:
    """The results of `work` for all items, in their order, at most `concurrency` at once. The first error ends it; when a
    budget is spent, calls in flight are finished first, since they are paid for."""
    spent: list[BudgetSpent] = []
    results: dict[int, Result] = {}
    left = iter(enumerate(items))  # shared: a million items are no million tasks

    async def slot() -> None:
        for number, item in left:
            try:
                results[number] = await work(item)
            except BudgetSpent as error:
                spent.append(error)
            if spent:
                return

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(items))):
                group.create_task(slot())
    except* Exception as errors:
        raise errors.exceptions[0] from None
    if spent:
        # branches of an episode outlive the one that met the limit: their answers are paid for too
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
        raise spent[0]
    return [results[number] for number in range(len(items))]


def cast_at(place: Place, players: Mapping[RoleName, Player], journal: Journal, seed: int) -> Cast:
    """The cast of one item: every role behind the journal at this place, with a fresh ledger."""
    ledger, asked = Ledger(), set[str]()
    roles: dict[RoleName, Role] = {
        name: Role(
            name, JournaledVoice(p.model, journal, place, seed, asked), p.prompts, p.sampling, ledger, p.verdict_temperature
        )
        for name, p in players.items()
    }
    return Cast(roles["patient"], roles["therapist"], roles["judge"])


async def play_all(
    patients: Sequence[Patient], play: Play, journal: Journal, done: Callable[[Episode], None] = lambda episode: None
) -> list[Episode]:
    """All episodes, sorted by id; `done` is called as each one first ends. Raises `TooManyFailures`."""
    return sorted(await play_each(patients, play, journal, lambda episode: episode, done), key=lambda e: e.id)


async def play_each(
    patients: Sequence[Patient],
    play: Play,
    journal: Journal,
    keep: Callable[[Episode], Result],
    done: Callable[[Episode], None] = lambda episode: None,
) -> list[Result]:
    """What `keep` makes of each episode, in the order of the patients: memory holds no more. It is called again for an episode
    that is met again; `done` is called as each one first ends. Raises `TooManyFailures`."""
    finished, failed = set[str](), dict[str, Problem]()

    async def one(patient: Patient) -> tuple[Result, Sequence[Problem]]:
        episode = await _one(patient, play, journal)
        first = episode.id not in finished
        finished.add(episode.id)
        failed.pop(episode.id, None)
        if episode.stop_reason == "dialogue failed":
            failed[episode.id] = episode.problems[-1]
        if len(finished) >= min(20, len(patients)) and len(failed) > play.failure_limit * len(finished):
            last = list(failed.values())[-1]
            raise TooManyFailures(
                f"{len(failed)} of {len(finished)} episodes failed (last: {last.role}, {last.step}: {last.detail}); "
                f"expected at most {play.failure_limit:.0%}; what was answered is kept"
            )
        if first:
            done(episode)
        return keep(episode), [p for p in episode.problems if p.kind == "model_error"]

    return await settled(patients, one, play.concurrency, "episodes")


async def _one(patient: Patient, play: Play, journal: Journal) -> Episode:
    place = Place(play.iteration, "play", patient.id, play.arm)
    cast = cast_at(place, play.players, journal, play.seed)
    models: dict[str, str] = {name: play.players[name].model.name for name in ROLES}
    lineage = Lineage(play.iteration, play.seed, patient.source, patient.licence, models)
    return await play_episode(patient, play.arena, cast, f"{play.iteration:02d}-{patient.id}", lineage)


PART = ".part"
"""The end of a file's name in which episodes wait."""


class EpisodeFile:
    """`episodes.jsonl`: one episode a line, sorted by id, without anything that differs between equal runs. Episodes come in any
    order, wait in a file beside it (`part_of`), where they can be read meanwhile, and appear under the name all at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, tuple[int, int]] = {}
        with self._or_run_error():
            path.parent.mkdir(parents=True, exist_ok=True)
            part_of(path).unlink(missing_ok=True)
            # a file of its own: what stood under the name may have led elsewhere
            self._waiting = part_of(path).open("x+b")

    def add(self, episode: Episode) -> None:
        """Take an episode; one that is met again takes the place of the first."""
        line = json.dumps(asdict(episode), ensure_ascii=False, sort_keys=True).encode() + b"\n"
        with self._or_run_error():
            self._lines[episode.id] = self._waiting.seek(0, os.SEEK_END), len(line)
            self._waiting.write(line)
            self._waiting.flush()

    def write(self) -> None:
        def sorted_lines() -> Iterator[str]:
            for _, (start, size) in sorted(self._lines.items()):
                self._waiting.seek(start)
                yield self._waiting.read(size).decode()

        write_lines(self._path, sorted_lines())

    def close(self) -> None:
        with suppress(OSError):  # of what was to be written still; the name goes all the same
            self._waiting.close()
        part_of(self._path).unlink(missing_ok=True)

    @contextmanager
    def _or_run_error(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where, what = part_of(self._path), error.strerror or error
            raise RunError(f"{where}: {what}; expected a place for episodes; what was answered is kept") from None


def part_of(path: Path) -> Path:
    """Where episodes wait until all are there: lines as they came, an id again where it was met again, the last one perhaps
    unfinished. One that is left of a process that was killed is written anew by the next."""
    return path.with_suffix(PART)


def write_episodes(path: Path, episodes: Sequence[Episode]) -> None:
    """One episode a line, in the order given."""
    write_jsonl(path, (asdict(episode) for episode in episodes))
