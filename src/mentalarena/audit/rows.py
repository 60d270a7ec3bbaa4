"""Training rows as the audits read them: one text a row, under an id that tells where it comes from."""

from __future__ import annotations

from collections.abc import Iterable

from mentalarena.audit.duplicates import ALIKE, Duplicate, duplicates
from mentalarena.training.rows import Row


def row_texts(rows: Iterable[Row]) -> dict[str, str]:
    """Each row's prompt and completion, by `number kind episode` (the number is its place, from 0)."""
    return {
        _id(number, row): "\n".join([*(message.content for message in row.prompt), row.completion])
        for number, row in enumerate(rows)
    }


def completions(rows: Iterable[Row]) -> dict[str, str]:
    """Each row's completion alone, under the same ids: what a model is taught to say, for memorisation."""
    return {_id(number, row): row.completion for number, row in enumerate(rows)}


def duplicate_rows(rows: Iterable[Row], alike: float = ALIKE) -> list[Duplicate]:
    """Rows that repeat an earlier one of their kind: the kinds of one episode share its dialogue and are no duplicates.

    Of what is said in a dialogue (`talk`), what it answers counts and not all that went before: views grow turn by turn.
    """
    kinds: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows):
        heard = row.prompt[-1:] if row.kind == "talk" else row.prompt
        text = "\n".join([*(message.content for message in heard), row.completion])
        kinds.setdefault(row.kind, {})[_id(number, row)] = text
    return [twin for texts in kinds.values() for twin in duplicates(texts, alike)]


def _id(number: int, row: Row) -> str:
    return f"{number} {row.kind} {row.lineage.episode or row.lineage.patient}"
