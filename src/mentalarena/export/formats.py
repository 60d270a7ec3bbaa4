"""One row in the forms that others read. Every record keeps its lineage, in flat columns.

Sources: TRL's dataset formats (https://huggingface.co/docs/trl/dataset_formats), ShareGPT (conversations of from and value),
Stanford Alpaca (instruction, input, output).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mentalarena.arena.types import Episode
from mentalarena.audit.names import last_part
from mentalarena.models.base import Message
from mentalarena.training.preference import PreferencePair
from mentalarena.training.rows import Row, RowLineage

Record = dict[str, Any]
Feature = dict[str, Any]
"""A column as `datasets` writes it in a card: name, and dtype or list."""
EMBEDDED_NAME = "mentalarena-embedded"
"""What the embedded model is called outside of this package. A name without an owner, which nobody can take on the hub: no loader
fetches another's weights by it."""
SENDERS = {"system": "system", "user": "human", "assistant": "gpt"}
_MESSAGES = [{"name": "role", "dtype": "string"}, {"name": "content", "dtype": "string"}]


def public_name(name: str) -> str:
    """A model's name without the folder of the machine that it lay on; hub names and revisions stay."""
    base, at, revision = name.partition("@")
    return EMBEDDED_NAME + at + revision if base == "embedded" else last_part(name)


def path_of(name: str, split: str) -> str:
    """Where a configuration's split lies in the folder."""
    return f"data/{name}/{split}.jsonl"


def messages(row: Row) -> Record:
    return {"messages": [*_told(row.prompt), _said(row.completion)]}


def prompt_completion(row: Row) -> Record:
    return {"prompt": _told(row.prompt), "completion": [_said(row.completion)]}


def preference(pair: PreferencePair) -> Record:
    return {"prompt": _told(pair.prompt), "chosen": [_said(pair.chosen)], "rejected": [_said(pair.rejected)]}


def sharegpt(row: Row) -> Record:
    told = [*row.prompt, Message("assistant", row.completion)]
    return {"conversations": [{"from": SENDERS[m.role], "value": m.content} for m in told]}


def alpaca(row: Row) -> Record:
    """The system prompt as instruction, all that was said as input; a speaker stands before each of several messages."""
    system = "\n".join(m.content for m in row.prompt if m.role == "system")
    spoken = [m for m in row.prompt if m.role != "system"]
    if len(spoken) > 1:
        text = "\n".join(f"{m.role.capitalize()}: {m.content}" for m in spoken)
    else:
        text = "".join(m.content for m in spoken)
    told = (system, text) if system else (text, "")
    return {"instruction": told[0], "input": told[1], "output": row.completion}


def dialogue(episode: Episode) -> Record:
    """What the two said to each other, without the patient's profile and the therapist's notes, and what came of it."""
    found, best = episode.diagnosis, {kind: episode.best(kind) for kind in ("treatment", "medicine")}
    speakers = {"user": "therapist", "assistant": "patient"}
    spoken = episode.views.get("patient", ())[1:]  # the first message is the patient's profile
    return {
        "dialogue": [{"speaker": speakers[m.role], "text": m.content} for m in spoken],
        "candidates": list(found.candidates) if found else [],
        "diagnosis": found.chosen if found else None,
        **{kind: trial.proposal if trial else None for kind, trial in best.items()},
        **{f"{kind}_score": trial.score if trial else None for kind, trial in best.items()},
        "stop_reason": episode.stop_reason,
        "patient_model": public_name(episode.lineage.models.get("patient", "") if episode.lineage else ""),
    }


def lineage_columns(kind: str, lineage: RowLineage, person: str) -> Record:
    """Where a record comes from."""
    return {
        "kind": kind,
        "episode": lineage.episode,
        "iteration": lineage.iteration,
        "model": public_name(lineage.model),
        "patient": lineage.patient,
        "person": person,
        "source": public_name(lineage.patient_source),
        "licence": lineage.patient_licence,
        "score": lineage.score,
    }


def _strings(*names: str) -> list[Feature]:
    return [{"name": name, "dtype": "string"} for name in names]


def _lists(*names: str) -> list[Feature]:
    return [{"name": name, "list": _MESSAGES} for name in names]


def _number(name: str) -> Feature:
    return {"name": name, "dtype": "int64"}


LINEAGE: Sequence[Feature] = (
    *_strings("kind", "episode"),
    _number("iteration"),
    *_strings("model", "patient", "person", "source", "licence"),
    _number("score"),
)
COLUMNS: Mapping[str, Sequence[Feature]] = {
    "messages": _lists("messages"),
    "prompt_completion": _lists("prompt", "completion"),
    "preference": _lists("prompt", "chosen", "rejected"),
    "sharegpt": [{"name": "conversations", "list": _strings("from", "value")}],
    "alpaca": _strings("instruction", "input", "output"),
    "dialogues": [
        {"name": "dialogue", "list": _strings("speaker", "text")},
        {"name": "candidates", "list": "string"},
        *_strings("diagnosis", "treatment", "medicine"),
        _number("treatment_score"),
        _number("medicine_score"),
        *_strings("stop_reason", "patient_model"),
    ],
}
"""What each configuration has before its lineage. Told in the card, since a column of nulls says nothing of its type."""
OF_ROWS: Mapping[str, Callable[[Row], Record]] = {
    "messages": messages,
    "prompt_completion": prompt_completion,
    "sharegpt": sharegpt,
    "alpaca": alpaca,
}
"""The configurations that hold training rows; `preference` holds pairs, `dialogues` talks."""
MEANING: Mapping[str, str] = {
    "messages": "training rows as chat messages; the last one is the answer",
    "prompt_completion": "the same as TRL's conversational prompt and completion: the loss is on the answer alone",
    "preference": "pairs of answers to one prompt, of which one was preferred (DPO)",
    "sharegpt": "the training rows as ShareGPT conversations",
    "alpaca": "the training rows as instruction, input and output",
    "dialogues": "what patient and therapist said to each other, and what came of it",
}


def _told(prompt: Sequence[Message]) -> list[dict[str, str]]:
    return [m.as_dict() for m in prompt]


def _said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}
