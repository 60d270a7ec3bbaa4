"""How probable answers are to an engine in this process: their tokens behind a prompt, and all of a batch read side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mentalarena.models.base import Message

if TYPE_CHECKING:
    from mentalarena.models.local import Engine
    from mentalarena.models.waiting import Request


def template(tokenizer: Any, messages: Sequence[Message], prompt: bool = True) -> str:
    """Messages as the model reads them, with the beginning of its reply where they are a `prompt`."""
    turns = [m.as_dict() for m in messages]
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=prompt))


def answer_ids(tokenizer: Any, messages: Sequence[Message], answers: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The answers' tokens as the template writes them after the generation prompt. Raises `ValueError` for a template that
    changes the answer."""
    prompt = template(tokenizer, messages)
    whole = template(tokenizer, (*messages, Message("assistant", answers[0])), prompt=False)
    rest = whole[len(prompt) :] if whole.startswith(prompt) else answers[0]
    before = rest[: rest.index(answers[0])]
    return tuple(tuple(tokenizer(before + a, add_special_tokens=False)["input_ids"]) for a in answers)


def continuations(
    tokenizer: Any, messages: Sequence[Message], answers: Sequence[str], prompt: int
) -> tuple[tuple[int, ...], ...]:
    """The answers' tokens where they stand right behind the generation prompt, which has `prompt` tokens. Raises `ValueError`
    for an answer without tokens of its own."""
    text = template(tokenizer, messages)
    parts = [tuple(tokenizer(text + a, add_special_tokens=False)["input_ids"])[prompt:] for a in answers]
    if not all(parts):
        raise ValueError("an answer melts into the prompt; expected it to have tokens of its own")
    return tuple(parts)


def line_ends(tokenizer: Any, stops: Iterable[int]) -> Any:
    """Token ids that end a line or a reply."""
    import torch

    breaks = [n for n in range(len(tokenizer)) if tokenizer.decode([n]).startswith("\n")]
    return torch.tensor(sorted({*breaks, *stops}))


def scores(engine: Engine, requests: Sequence[Request], ends_line: Any) -> list[list[float]]:
    """Each prompt is read once; its answers go side by side over its states. What comes after an `ended` answer must end the
    line or the reply: "X or Y" is no answer "X". `ends_line` are the tokens that do (`line_ends`)."""
    import torch

    from mentalarena.models.batch import Batch

    parts = [part for request in requests for part in request.answers]
    ended = [request.ended for request in requests for _ in request.answers]
    longest = max(map(len, parts))
    ids = torch.zeros(len(parts), longest, dtype=torch.long)
    for number, part in enumerate(parts):
        ids[number, : len(part)] = torch.tensor(part)
    with torch.inference_mode():
        batch = Batch(engine)
        batch.join([request.ids for request in requests])
        batch.repeat([len(request.answers) for request in requests])
        read = longest if any(ended) else longest - 1  # what follows the last token of an answer matters for its end alone
        logits = batch.logits[:, None]
        if read:
            logits = torch.cat([logits, batch.forward(ids[:, :read], keep=read)], dim=1)
        logits = logits.log_softmax(-1).cpu()
        picked = logits[:, :longest].gather(2, ids[:, :, None])[:, :, 0]
        ends = logits[:, :, ends_line].logsumexp(-1)
    scores = [
        float(picked[n, : len(part)].sum() + (ends[n, len(part)] if ended[n] else 0.0)) for n, part in enumerate(parts)
    ]
    rest = iter(scores)
    return [[next(rest) for _ in request.answers] for request in requests]
