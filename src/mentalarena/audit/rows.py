"""Training rows as the audits read them: one text a row, under an id that tells where it comes from."""

from __future__ import annotations

from collections.abc import Iterable

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


def _id(number: int, row: Row) -> str:
    return f"{number} {row.kind} {row.lineage.episode or row.lineage.patient}"
