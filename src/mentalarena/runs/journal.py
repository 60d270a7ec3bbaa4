"""The journal: every reply is on disk before anyone uses it, so that a killed run replays to where it died.

Key: (iteration, stage, item, scope, position). The digest of the request (role, model revision, sampling with its seed,
messages) is a check: another request at the same key raises `JournalDiverged`. A second table maps digest to reply, so
arms that ask the same question share the answer. Only replies are kept; failures are asked again. A third holds messages, each
with the one before it: a view that grows is kept once, not once a turn.

A reply outlives the process, however that ends; after a loss of power the last ones may be missing and are asked again.
SQLite in WAL mode needs a local disk; on a network file system the run directory must lie elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mentalarena.errors import JournalDiverged, ModelError, RunError
from mentalarena.models.base import ChatModel, Message, Reply, Sampling, Scorer, Usage
from mentalarena.runs.budget import Budget
from mentalarena.runs.directory import refuse_unless_file
from mentalarena.runs.requests import Request, reply_of, requests_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    iteration INTEGER, stage TEXT, item TEXT, scope TEXT, position INTEGER, digest TEXT NOT NULL, turn BLOB NOT NULL,
    PRIMARY KEY (iteration, stage, item, scope, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (digest TEXT PRIMARY KEY, reply TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS turns (turn BLOB PRIMARY KEY, before BLOB NOT NULL, role TEXT, content TEXT) WITHOUT ROWID;
"""
_KEPT = """
SELECT (SELECT digest FROM replies WHERE iteration=? AND stage=? AND item=? AND scope=? AND position=?),
       (SELECT reply FROM answers WHERE digest=?)
"""
_VERSION = 2
"""Of the schema; 1 kept every request whole."""
_REMEMBERED = 1 << 16
"""Turns that are known to be kept, so that nobody asks the database."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request stands in a run; `scope` and `position` are added by the voice."""

    iteration: int
    stage: str
    item: str
    arm: str = "main"
    """Arms (controls, ablations) ask in places of their own but with the seeds of the main arm's place, so that what is
    equal is shared through the digest table."""

    @property
    def key(self) -> tuple[int, str, str]:
        return self.iteration, self.stage if self.arm == "main" else f"{self.arm}/{self.stage}", self.item


class Journal:
    """An open journal. `replayed` counts replies that were found, `paid` those that a model gave."""

    def __init__(self, path: Path) -> None:
        self.replayed = 0
        self.paid = 0
        self.budget: Budget | None = None
        self.listener: Callable[[str, str], None] | None = None
        """Called with scope and text of each reply as it is kept, to show a dialogue while it is spoken."""
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            old = self._db.execute("SELECT 1 FROM pragma_table_info('replies') WHERE name='request'").fetchone()
            self._db.executescript("" if old else f"{_SCHEMA} PRAGMA user_version={_VERSION};")
        except sqlite3.Error as error:
            raise RunError(
                f"{path}: cannot open the journal ({error}); expected a writable folder on a local disk"
            ) from None
        if old:
            self._db.close()
            raise RunError(
                f"{path}: the journal of an earlier version; expected one that this version began (another --out)"
            )
        self._path = path
        self._turns: set[bytes] = set()

    @property
    def empty(self) -> bool:
        """Whether nothing was ever answered."""
        return self._db.execute("SELECT 1 FROM replies LIMIT 1").fetchone() is None

    def close(self) -> None:
        self._db.close()

    def find(self, place: Place, scope: str, position: int, digest: str, strict: bool = True) -> tuple[Reply | None, bool]:
        """The reply to this request, from its own place or from an equal request elsewhere (None when it is new), and
        whether this very request stands at its place already.

        Raises `JournalDiverged` for another request at this place, unless not `strict`: what then stands there will be
        replaced.
        """
        try:
            stands, answer = self._db.execute(_KEPT, (*place.key, scope, position, digest)).fetchone()
            reply = reply_of(answer) if answer else None
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{self._path}: the journal is damaged ({error}); expected an intact file (or another --out)"
            ) from None
        if strict and stands and stands != digest:
            raise JournalDiverged(
                f"{self._path}: another request stands at {place.stage} {place.item} {scope}[{position}]; "
                "expected the same code, prompts and models as when the run began"
            )
        return reply, stands == digest

    def keep(
        self,
        place: Place,
        scope: str,
        position: int,
        digest: str,
        messages: Sequence[Message],
        turns: Sequence[bytes],
        reply: Reply,
    ) -> None:
        """Write a reply; it is on disk when this returns. `turns` are the messages' (`chain`)."""
        new = list[tuple[bytes, bytes, str, str]]()
        for number in range(len(turns) - 1, -1, -1):
            if turns[number] in self._turns:
                break  # and all before it
            new.append(
                (turns[number], turns[number - 1] if number else b"", messages[number].role, messages[number].content)
            )
        answer = json.dumps(
            {
                "text": reply.text,
                "finish_reason": reply.finish_reason,
                "usage": reply.usage.as_dict(),
                "model": reply.model,
            },
            ensure_ascii=False,
        )
        try:
            with self._transaction():
                self._db.executemany("INSERT OR IGNORE INTO turns VALUES (?, ?, ?, ?)", new)
                self._db.execute("INSERT OR IGNORE INTO answers VALUES (?, ?)", (digest, answer))
                self._db.execute(
                    "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*place.key, scope, position, digest, turns[-1] if turns else b""),
                )
        except sqlite3.Error as error:
            raise RunError(f"{self._path}: cannot write ({error}); all earlier replies are kept") from None
        if len(self._turns) > _REMEMBERED:
            self._turns.clear()
        self._turns.update(turns)

    def requests(self) -> Iterator[Request]:
        """Every request in the journal, for audits."""
        return requests_of(self._db)

    def spent(self) -> list[tuple[str, Usage]]:
        """What each model answered, equal requests once: (model, usage with calls)."""
        rows = self._db.execute(
            "SELECT reply ->> '$.model', sum(reply ->> '$.usage.prompt_tokens'), sum(reply ->> '$.usage.new_tokens'), count(*) "
            "FROM answers GROUP BY 1"
        )
        return [(model, Usage(read, written, calls)) for model, read, written, calls in rows]

    def spent_by_stage(self) -> dict[str, Usage]:
        """What each stage asked for, from the journal's own places: {stage: usage with calls}."""
        rows = self._db.execute(
            "SELECT stage, sum(reply ->> '$.usage.prompt_tokens'), sum(reply ->> '$.usage.new_tokens'), count(*) "
            "FROM replies JOIN answers USING (digest) GROUP BY 1"
        )
        return {stage: Usage(read, written, calls) for stage, read, written, calls in rows}

    def overlap(self, own: Sequence[Place], others: Sequence[Place]) -> tuple[int, int]:
        """How many requests stand at the stages of `own`, and how many of these at one of the `others`' too (whose answer they
        share). Items do not matter."""
        chosen, known = (" OR ".join(["(iteration=? AND stage=?)"] * len(p)) or "FALSE" for p in (own, others))
        places = [value for place in (*others, *own) for value in place.key[:2]]
        asked, shared = self._db.execute(
            f"SELECT count(*), sum(digest IN (SELECT digest FROM replies WHERE {known})) "  # noqa: S608 - marks alone
            f"FROM replies WHERE {chosen}",
            places,
        ).fetchone()
        return asked, shared or 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def spent_in(path: Path) -> tuple[dict[tuple[str, str], Usage], dict[str, Usage]]:
    """What a journal says was asked, by stage and model, and what each model answered, equal requests once: usage with calls. The
    file is only read, so whoever writes it goes on. Raises `RunError`."""
    sums = "reply ->> '$.model', sum(reply ->> '$.usage.prompt_tokens'), sum(reply ->> '$.usage.new_tokens'), count(*)"
    refuse_unless_file(path)
    try:
        # where nobody writes, not even SQLite's own files may appear beside it
        mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as db:
            asked = db.execute(f"SELECT stage, {sums} FROM replies JOIN answers USING (digest) GROUP BY 1, 2").fetchall()  # noqa: S608
            answered = db.execute(f"SELECT {sums} FROM answers GROUP BY 1").fetchall()  # noqa: S608 - names of our own
    except sqlite3.Error as error:
        raise RunError(f"{path}: cannot be read ({error}); expected the journal of a run") from None
    by_stage = {(stage, model or ""): Usage(read or 0, new or 0, calls) for stage, model, read, new, calls in asked}
    return by_stage, {model or "": Usage(read or 0, new or 0, calls) for model, read, new, calls in answered}


@dataclass
class JournaledVoice:
    """A role's model behind the journal, for one item (an episode). Implements `arena.types.Voice`.

    Seeds follow from the request's place and the run's seed alone, so neither batching nor the order of events matters.
    """

    model: ChatModel
    journal: Journal
    place: Place
    seed: int
    asked: set[str] = field(default_factory=set)
    """Scopes of this item in which something new stood; the item's voices share it. Where an answer is new (a call that
    had failed before now succeeds), what the journal holds of later calls may be of another course of events."""
    _positions: Counter[str] = field(default_factory=Counter)

    @property
    def can_score(self) -> bool:
        return isinstance(self.model, Scorer)

    async def reply(self, scope: str, messages: tuple[Message, ...], sampling: Sampling) -> Reply:
        position = self._positions[scope]
        where = f"{self.seed}/{self.place.iteration}/{self.place.stage}/{self.place.item}/{scope}/{position}"
        seed = int.from_bytes(hashlib.sha256(where.encode()).digest()[:6])
        seeded = replace(sampling, seed=seed)
        return await self._once(scope, messages, seeded.as_dict(), lambda: self.model.generate(messages, seeded))

    async def score(
        self, scope: str, messages: tuple[Message, ...], answers: tuple[str, ...], ended: bool = True
    ) -> list[float]:
        model = self.model
        if not isinstance(model, Scorer):
            raise ModelError(f"{model.name}: cannot score answers; expected a model that can")

        async def scored() -> Reply:
            return Reply(json.dumps(await model.score(messages, answers, ended)), "score", model=model.name)

        settings = {"answers": answers} if ended else {"answers": answers, "ended": False}
        reply = await self._once(scope, messages, settings, scored)
        return [float(value) for value in json.loads(reply.text)]

    async def _paid(self, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        budget = self.journal.budget
        if budget is None:
            return await ask()
        budget.check()
        budget.on_the_way += 1
        try:
            return await ask()
        finally:
            budget.on_the_way -= 1

    async def _once(
        self, scope: str, messages: tuple[Message, ...], settings: Mapping[str, Any], ask: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        position = self._positions[scope]
        self._positions[scope] += 1
        turns = chain(messages)
        digest = _digest(scope.split("/")[0], self.model.name, turns, settings)
        kept, here = self.journal.find(self.place, scope, position, digest, strict=not self.asked)
        if not here:
            self.asked.add(scope)
        if kept:
            self.journal.replayed += 1
            reply = kept
        else:
            reply = _whole(await self._paid(ask))
            self.journal.paid += 1
            if self.journal.budget:
                self.journal.budget.spend(reply.model, reply.usage)
        if not (kept and here):
            self.journal.keep(self.place, scope, position, digest, messages, turns, reply)
        if self.journal.listener:
            self.journal.listener(scope, reply.text)
        return reply


def _whole(reply: Reply) -> Reply:
    """Half a surrogate pair, which a server may send and no file can hold, becomes a question mark."""
    return replace(reply, text=reply.text.encode("utf-8", "replace").decode("utf-8"))


def chain(messages: Sequence[Message]) -> list[bytes]:
    """A digest for each message: of it and all before it."""
    turns, before = [], b""
    for message in messages:
        role, content = message.role.encode(), message.content.encode("utf-8", "surrogatepass")
        before = hashlib.blake2b(b"%b%b\0%b" % (before, role, content), digest_size=16).digest()
        turns.append(before)
    return turns


def _digest(role: str, model: str, turns: Sequence[bytes], settings: Mapping[str, Any]) -> str:
    request = [role, model, settings, turns[-1].hex() if turns else ""]
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
