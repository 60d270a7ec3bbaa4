"""How fast is self-play with all patients at once, against one call at a time through transformers' `generate`?

    python benchmarks/throughput.py [CHECKPOINT] [--patients 64] [--sample 200] [--threads 1]

In one process, with one model and the same number of threads:
1. all patients play at once (the arena, journal and all; loading and calibration are left out);
2. a random sample of the very requests that were recorded goes one by one through `generate`;
3. the same sample goes through the engine in full batches, without an arena and with nothing stored: its raw rate.
Printed: rates, the ratio of 1 to 2 in requests/s, and of 1 to 3 in new tokens/s. Only ratios within one run mean anything on a
shared machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from mentalarena.config import load_config
from mentalarena.models.backends import EMBEDDED
from mentalarena.models.base import Message, Sampling
from mentalarena.models.local import Engine
from mentalarena.runs.runner import Play, play_all
from mentalarena.stages.run import opened, patients_of

NEW_TOKENS = 96


def self_play(checkpoint: str, patients: int) -> tuple[list[tuple[Message, ...]], float, float]:
    """Every request of a play, and its requests/s and new tokens/s."""
    settings = ["provider=transformers", f"model={checkpoint}", "prompts=compact", f"max_tokens={NEW_TOKENS}"]
    config = load_config(None, [f"play.patients={patients}", *(f"models.all.{s}" for s in settings)])
    with TemporaryDirectory() as folder, opened(config, Path(folder)) as run:
        stage = Play(run.arena(), run.players(run.base), seed=0, concurrency=patients)
        started = time.perf_counter()
        episodes = asyncio.run(play_all(patients_of(config), stage, run.journal))
        seconds = time.perf_counter() - started
        asked = [
            tuple(Message(m["role"], m["content"]) for m in messages)  # type: ignore[arg-type]
            for _, _, messages, _ in run.journal.requests()
        ]
        return asked, len(asked) / seconds, sum(e.usage.new_tokens for e in episodes) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default=str(EMBEDDED))
    parser.add_argument("--patients", type=int, default=64)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    asked, rate, tokens = self_play(args.checkpoint, args.patients)
    asked = random.Random(0).sample(asked, min(args.sample, len(asked)))
    engine = Engine(args.checkpoint, cache_mb=0)
    prompts = [engine.prompt_ids(messages) for messages in asked]

    started, alone = time.perf_counter(), 0
    options = {"max_new_tokens": NEW_TOKENS, "do_sample": True, "temperature": 0.8, "top_k": 0, "pad_token_id": 0}
    with torch.inference_mode():
        for ids in prompts:
            mask = torch.ones(1, len(ids), dtype=torch.long)
            alone += engine.model.generate(torch.tensor([ids]), attention_mask=mask, **options).shape[1] - len(ids)
    one_by_one = time.perf_counter() - started

    order = sorted(prompts, key=len)
    started, together = time.perf_counter(), 0
    for start in range(0, len(order), engine.max_batch):
        requests = [
            (ids, Sampling(0.8, max_tokens=NEW_TOKENS, seed=n)) for n, ids in enumerate(order[start:][: engine.max_batch])
        ]
        together += sum(reply.usage.new_tokens for reply in engine.run(requests))
    batched = time.perf_counter() - started

    print(f"{args.threads} thread(s), {args.patients} patients, {len(prompts)} sampled requests")
    print(f"self-play, all patients at once: {rate:.1f} requests/s, {tokens:.0f} new tokens/s")
    for name, seconds, new in (("one by one, generate", one_by_one, alone), ("engine, raw batches", batched, together)):
        print(f"{name}: {len(prompts) / seconds:.1f} requests/s, {new / seconds:.0f} new tokens/s")
    print(f"self-play / one by one, requests/s: {rate * one_by_one / len(prompts):.2f}")
    print(f"self-play / raw batches, new tokens/s: {tokens * batched / together:.2f}")


if __name__ == "__main__":
    main()
