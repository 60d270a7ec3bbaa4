"""People as judges: a file of blind questions to fill in, reading it back, and talks of people as controls."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mentalarena.arena.prompts import PromptSet
from mentalarena.clinic.records import Strict, read_records
from mentalarena.errors import DataError
from mentalarena.evaluation.judges.forms import FORMS, NAMES, Question
from mentalarena.evaluation.judges.questions import Talk
from mentalarena.runs.directory import json_kind, read_jsonl, write_jsonl


def write_template(path: Path, questions: Mapping[str, Sequence[Question]], prompts: PromptSet, seed: int) -> int:
    """A line a question, `{item, judge, question, answers, answer: ""}`, shuffled; nothing in it tells controls from the rest,
    and of a pair one order is there. Returns how many. Raises `DataError` where the file is there: it may be filled in."""
    if path.exists():
        raise DataError(f"{path}: is there already and may hold answers; expected another name")
    rng = random.Random(f"template-{seed}")
    lines: list[dict[str, Any]] = []
    for name, asked in questions.items():
        orders = {(q.form, q.item, q.control): rng.choice(("first", "second")) for q in asked if q.order}
        shown = [q for q in asked if not q.order or orders[q.form, q.item, q.control] == q.order]
        for q in {q.key: q for q in shown}.values():
            form = FORMS[q.form]
            text = prompts.render(form.prompt, **q.values)
            lines.append({"item": q.key, "judge": name, "question": text, "answers": list(form.answers), "answer": ""})
    rng.shuffle(lines)
    write_jsonl(path, lines)
    return len(lines)


def read_human(path: Path, questions: Mapping[str, Sequence[Question]]) -> dict[str, str]:
    """Answers by question key, of a filled-in template; an empty answer is none, and lines of judges that are not asked for are
    passed over. Raises `DataError` with file, line, what is wrong and what was expected."""
    forms = {q.key: FORMS[q.form] for asked in questions.values() for q in asked}
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for number, record in enumerate(read_jsonl(path), 1):
        item, told = record.get("item"), record.get("answer")
        if record.get("judge") in NAMES and record["judge"] not in questions:
            continue
        if not isinstance(item, str) or item not in forms:
            raise DataError(
                f"{path}:{number}: item: {item!r} is not asked here; expected one of the template's of this run"
            )
        if item in seen:
            raise DataError(f"{path}:{number}: item: {item!r} stands in line {seen[item]} too; expected it once")
        seen[item] = number
        if isinstance(told, int) and not isinstance(told, bool):
            told = str(told)
        if not isinstance(told, str):
            raise DataError(f"{path}:{number}: answer: {json_kind(told)}; expected a text, empty for no answer")
        plain = told.strip().lower()
        if plain and plain not in forms[item].answers:
            raise DataError(
                f"{path}:{number}: answer: {told!r}; expected one of {', '.join(forms[item].answers)}, or nothing"
            )
        if plain:
            found[item] = plain
    if not found:
        raise DataError(f"{path}: no answers; expected a template of `mentalarena judge --template` with some filled in")
    return found


class _Said(Strict):
    """A line of a talk."""

    role: Literal["therapist", "patient"]
    text: str = Field(min_length=1)


class _Told(Strict):
    """A talk of a file."""

    id: str = Field(min_length=1)
    lines: tuple[_Said, ...] = Field(min_length=2)


def read_talks(path: Path, turns: int) -> list[Talk]:
    """Talks of people, `{id, lines: [{role, text}]}` a line, each cut to its first exchanges. Raises `DataError` with file, line,
    field and what was expected."""
    talks = read_records(path, _Told, "id", "a talk: id, and lines of role (therapist, patient) and text")
    return [Talk(talk.id, tuple((line.role, line.text) for line in talk.lines[: 2 * turns])) for talk in talks]
