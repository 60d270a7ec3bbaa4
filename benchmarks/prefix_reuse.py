"""How much of all prompts need not be read again, and how much of that does the engine leave out?

    python benchmarks/prefix_reuse.py [CHECKPOINT] [--patients 64] [--workers 1]

A play is recorded: what was asked, in order, and when each reply was there. Then, in prompt tokens:
- a radix tree over all requests and replies, in the order of asking, says what could be reused at best;
- a server that stores blocks of 16 tokens as it schedules them (vLLM) reuses the whole blocks that were asked or answered before;
- a server that stores what it has finished (SGLang) lets requests that are made together, with no reply between, share nothing;
- the in-process engine reuses what it did not read.
Printed: the four, and the last three as shares of the first. Views that were rewritten instead of only growing, requests that
race each other, blocks and a cache that is too small show as a loss.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mentalarena.models.backends import EMBEDDED
from mentalarena.models.base import ChatModel, Message, Reply, Sampling
from mentalarena.runs.runner import Play, play_all
from mentalarena.settings import load_config
from mentalarena.stages.run import opened

BLOCK = 16
"""Tokens of a block; vLLM's default."""


@dataclass
class Event:
    """A request or its reply."""

    messages: tuple[Message, ...]
    reply: str | None


@dataclass
class Recorded:
    """A model whose requests and replies are noted as they come."""

    model: ChatModel
    events: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.model.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        self.events.append(Event(tuple(messages), None))
        reply = await self.model.generate(messages, sampling)
        self.events.append(Event(tuple(messages), reply.text))
        return reply


class Radix:
    """A tree of token sequences."""

    def __init__(self) -> None:
        self._root: dict[int, Any] = {}

    def known(self, ids: Sequence[int]) -> int:
        """Tokens at the beginning that are in the tree."""
        node = self._root
        for number, token in enumerate(ids):
            if token not in node:
                return number
            node = node[token]
        return len(ids)

    def add(self, ids: Sequence[int]) -> None:
        node = self._root
        for token in ids:
            node = node.setdefault(token, {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default=str(EMBEDDED))
    parser.add_argument("--patients", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1, help="As models.all.workers.")
    args = parser.parse_args()
    roles = ["provider=transformers", f"model={args.checkpoint}", "prompts=compact", "max_tokens=96"]
    roles.append(f"workers={args.workers}")
    config = load_config(None, [f"play.patients={args.patients}", *(f"models.all.{s}" for s in roles)])
    with TemporaryDirectory() as folder, opened(config, Path(folder)) as run:
        players = run.players(run.base)
        local: Any = players["therapist"].model
        recorded = Recorded(local)
        stage = Play(
            run.arena(), {role: replace(p, model=recorded) for role, p in players.items()}, 0, concurrency=args.patients
        )
        run.backends.run(play_all(run.patients(0), stage, run.journal))
        prefilled = local.engine.prefilled

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(args.checkpoint)

    def ids_of(event: Event) -> list[int]:
        turns = [m.as_dict() for m in event.messages]
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(tokenizer(text + (event.reply or ""), add_special_tokens=False)["input_ids"])

    best, blocks, finished, together = Radix(), Radix(), Radix(), list[list[int]]()
    total = at_best = in_blocks = apart = 0
    for event in recorded.events:
        ids = ids_of(event)
        cut = [hash(tuple(ids[n : n + BLOCK])) for n in range(0, len(ids) - BLOCK + 1, BLOCK)]
        if event.reply is None:
            most = len(ids) - 1  # the last token is always read: its logits are wanted
            total += len(ids)
            at_best += min(best.known(ids), most)
            in_blocks += min(BLOCK * blocks.known(cut), most // BLOCK * BLOCK)
            apart += min(finished.known(ids), most)
            together.append(ids)
        else:
            for asked in (*together, ids):
                finished.add(asked)
            together.clear()
        best.add(ids)
        blocks.add(cut)
    saved = total - prefilled
    print(
        f"{args.patients} patients, {len(recorded.events) // 2} requests, {total} prompt tokens, {args.workers} worker(s)"
    )
    print(f"radix tree: {at_best} can be reused ({at_best / total:.1%})")
    measures = {"stream, blocks of 16": in_blocks, "stream, made together apart": apart, "in-process engine": saved}
    for name, reused in measures.items():
        print(f"{name}: {reused} ({reused / total:.1%}); of the radix tree's: {reused / at_best:.1%}")


if __name__ == "__main__":
    main()
