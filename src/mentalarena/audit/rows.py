"""Training rows as the audits read them: an example in any of the forms in which rows are given out, with its lineage where it
has one, and the rows that repeat an earlier one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mentalarena.arena.prompts import load_prompts
from mentalarena.audit.duplicates import ALIKE, Repeats
from mentalarena.clinic.audit import words_of
from mentalarena.clinic.files import json_records
from mentalarena.errors import DataError
from mentalarena.models.base import Message
from mentalarena.runs.directory import each_of_jsonl

FORMS = "prompt and completion, prompt, chosen and rejected, messages, conversations, or instruction and output"
ANSWERS = ("diagnosis", "treatment", "medicine", "choice", "outcome", "health", "score")
"""Labels with which an answer of the arena begins: its kind, where the row does not tell it."""
OF_ONE_PATIENT = ("choice", "outcome")
"""Kinds of which a patient is asked several under one profile: alike in all but what is asked."""
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
"""Names of ShareGPT for roles."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row as the audits read it."""

    kind: str
    """As `training.rows.RowKind`; empty where neither the row nor its answer tells it."""
    prompt: tuple[Message, ...]
    answers: tuple[str, ...]
    """What is taught; in a preference pair what is put above, then what is put below."""
    episode: str = ""
    patient: str = ""
    licence: str = ""
    """Of the patient's texts; empty where the row does not tell it."""

    @property
    def pair(self) -> bool:
        return len(self.answers) > 1

    @property
    def turns(self) -> bool:
        """Whether a dialogue stands before the answer: a question alone (of a profile, say) is none."""
        return any(message.role == "assistant" for message in self.prompt)

    def id(self, number: int) -> str:
        """`number kind episode`: the number is the row's place in its file, from 0."""
        told = (str(number), self.kind, self.episode or self.patient)
        return " ".join(part for part in told if part)


def each_record(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of a JSONL file, or of a JSON file that is a list, from 0. Raises `DataError` with file and line."""
    if path.suffix == ".json":
        yield from ((number - 1, record) for number, record in json_records(path))
    else:
        yield from enumerate(each_of_jsonl(path))


def each_example(path: Path) -> Iterator[Example]:
    """The rows of a file, one at a time. Raises `DataError` with file, line and what was expected."""
    for number, record in each_record(path):
        yield read_example(record, f"{path}:{number + 1}")


def read_example(record: Mapping[str, Any], where: str) -> Example:
    """A record as a row: conversational or plain prompt and completion, a preference pair, messages, ShareGPT's conversations,
    Alpaca's instruction. Raises `DataError`."""
    try:
        prompt, answers = _parts(record)
        lineage = record.get("lineage")
        if not lineage:  # an exported row tells it in columns of its own
            lineage = {name: record.get(name) for name in ("episode", "patient")} | {
                "patient_licence": record.get("licence")
            }
        kind = str(record.get("kind") or "")
        episode, patient, licence = (str(lineage.get(name) or "") for name in ("episode", "patient", "patient_licence"))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise DataError(f"{where}: no row ({error!r}); expected {FORMS}") from None
    return Example(kind or _kind(answers[0]), prompt, answers, episode, patient, licence)


def _parts(record: Mapping[str, Any]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    for name in ("messages", "conversations"):
        if name in record:
            messages = _messages(record[name])
            if messages[-1].role != "assistant":
                raise ValueError(f"{name} end with {messages[-1].role}")
            return messages[:-1], (messages[-1].content,)
    if "chosen" in record:
        answers = [_messages(record[name], "assistant") for name in ("chosen", "rejected")]
        if "prompt" in record:
            return _messages(record["prompt"]), (answers[0][-1].content, answers[1][-1].content)
        return answers[0][:-1], (answers[0][-1].content, answers[1][-1].content)
    if "instruction" in record:
        asked = "\n".join(filter(None, (_text(record["instruction"]), _text(record.get("input") or ""))))
        system = (Message("system", _text(record["system"])),) if record.get("system") else ()
        return (*system, Message("user", asked)), (_text(record["output"]),)
    return _messages(record["prompt"]), (_messages(record["completion"], "assistant")[-1].content,)


def _messages(value: Any, role: str = "user") -> tuple[Message, ...]:
    """A conversation, or a text that `role` says."""
    if isinstance(value, str):
        return (Message(role, value),)  # type: ignore[arg-type]
    found = []
    for told in value:
        who = _text(told["role"] if "role" in told else told["from"])
        who = _ROLES.get(who, who)
        if who not in ("system", "user", "assistant"):
            raise ValueError(f"a message by {who!r}")
        found.append(Message(who, _text(told["content"] if "content" in told else told["value"])))  # type: ignore[arg-type]
    if not found:
        raise ValueError("no messages")
    return tuple(found)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    return value


def _kind(answer: str) -> str:
    label = answer.partition(":")[0].strip().lower()
    return {"health": "outcome"}.get(label, label) if label in ANSWERS else ""


@lru_cache(maxsize=1 << 13)
def words(text: str) -> tuple[str, ...]:
    """The words of a message, which stands in every row of its episode."""
    return tuple(words_of(text))


def prompt_words(example: Example) -> list[str]:
    """The words of all that stands before the answer."""
    return [word for message in example.prompt for word in words(message.content)]


@lru_cache(maxsize=1)
def patient_begins() -> tuple[str, ...]:
    """With what the prompts of the package begin that let a model play the patient or the judge."""
    sets = [load_prompts(name).texts for name in ("compact", "full")]
    return tuple(texts[f"{role}_system"].partition("$")[0].strip() for texts in sets for role in ("patient", "judge"))


@dataclass
class Copies:
    """Finds rows that repeat an earlier one of their kind: the kinds of one episode share its dialogue and are no duplicates.

    Of what is said in a dialogue (`talk`), what it answers counts and not all that went before: views grow turn by turn. Where a
    profile stands before every question (`OF_ONE_PATIENT`), and in one patient's preference pairs, question and answer must be
    the same too.
    """

    alike: float = ALIKE
    _kinds: dict[str, Repeats] = field(default_factory=lambda: defaultdict(Repeats))
    _keys: dict[str, list[tuple[Any, str, bytes]]] = field(default_factory=lambda: defaultdict(list))
    """Of each row of a kind: how the caller knows it, and where likeness is not enough its patient, and what was asked and
    answered."""

    def __len__(self) -> int:
        return sum(map(len, self._keys.values()))

    def add(self, key: Any, example: Example) -> None:
        """Take a row, which the caller knows as `key`."""
        kind = f"pair {example.kind}" if example.pair else example.kind
        heard = example.prompt[-1:] if example.kind == "talk" else example.prompt
        said = [word for answer in example.answers for word in words_of(answer)]
        self._kinds[kind].add([*(word for message in heard for word in words(message.content)), *said])
        patient, asked = example.patient if example.pair else "", b""
        if kind in OF_ONE_PATIENT or patient:
            asked = _digest(" ".join((*(words(example.prompt[-1].content) if example.prompt else ()), *said)))
        self._keys[kind].append((key, patient, asked))

    def found(self) -> list[tuple[Any, Any, float]]:
        """(a row, the one that it repeats, how alike they are), by kind in the order of the rows."""
        twins = []
        for kind, repeats in self._kinds.items():
            for later, earlier, likeness in repeats.found(self.alike):
                (key, patient, asked), (other, same, before) = self._keys[kind][later], self._keys[kind][earlier]
                plain = kind not in OF_ONE_PATIENT and (not patient or patient != same)
                if plain or asked == before:
                    twins.append((key, other, likeness))
        return twins


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
