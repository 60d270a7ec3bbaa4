"""How fast is self-play, against one call at a time, and against the engine alone?

    python benchmarks/throughput.py [CHECKPOINT] [--patients 106] [--sample 200] [--workers 0]
    python benchmarks/throughput.py --server [--latency 0.3] [--patients 106]

In one run, on the same machine:
1. all patients play at once (arena, journal and all; loading and calibration are left out);
2. a random sample of the very requests that were recorded goes one by one through transformers' `generate`, with the number of
   threads that is faster here;
3. all recorded requests, known in advance, go at once to the same engine, which begins with nothing stored.
Printed: rates; the ratio of 1 to 2 in requests/s (a), and of 1 to 3 in new tokens/s (b).

With --server, models answer behind a local server with a latency and a time a token instead, and 2 asks it one call at a time.
Only ratios within one run mean anything on a shared machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mentalarena.config import Config
from mentalarena.models.backends import EMBEDDED, Backends, base_of
from mentalarena.models.base import ChatModel, Message, Sampling
from mentalarena.runs.runner import Play, play_all
from mentalarena.settings import load_config
from mentalarena.stages.run import opened

NEW_TOKENS = 96
Asked = list[tuple[tuple[Message, ...], Sampling]]


def self_play(config: Config) -> tuple[Asked, float, int]:
    """Every request of a play with a budget of tokens, its seconds, and how many new tokens it had."""
    with TemporaryDirectory() as folder, opened(config, Path(folder)) as run:
        stage = Play(run.arena(), run.players(run.base), seed=0, concurrency=config.play.patients)
        warm(run.backends, stage.players["therapist"].model)
        patients = run.patients(0)
        started = time.perf_counter()
        episodes = run.backends.run(play_all(patients, stage, run.journal))
        seconds = time.perf_counter() - started
        asked: Asked = [
            (tuple(Message(m["role"], m["content"]) for m in messages), Sampling(0.8, max_tokens=NEW_TOKENS, seed=number))  # type: ignore[arg-type]
            for number, (_, _, messages, _) in enumerate(run.journal.requests())
        ]
        return asked, seconds, sum(e.usage.new_tokens for e in episodes)


def warm(backends: Backends, model: ChatModel) -> None:
    """The first calls of a process cost more than others."""
    backends.run(model.generate([Message("user", "hello")], Sampling(max_tokens=2)))


def at_once(config: Config, asked: Asked) -> tuple[float, int]:
    """Seconds and new tokens of the same engine when it knows all requests in advance."""
    backends = Backends()
    model = backends.model(config.models.therapist, base_of(config.models.therapist))
    warm(backends, model)

    async def everything() -> int:
        # short ones first, so that a view's earlier turns are stored when its later ones come
        ordered = sorted(asked, key=lambda request: sum(len(m.content) for m in request[0]))
        return sum(r.usage.new_tokens for r in await asyncio.gather(*(model.generate(*request) for request in ordered)))

    started = time.perf_counter()
    new = backends.run(everything())
    seconds = time.perf_counter() - started
    backends.close()
    return seconds, new


def one_by_one(checkpoint: str, asked: Asked) -> tuple[float, int]:
    """Requests/s through `generate`, and the number of threads that is faster."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model: Any = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
    options = {"max_new_tokens": NEW_TOKENS, "do_sample": True, "temperature": 0.8, "top_k": 0, "pad_token_id": 0}
    rates = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        started = time.perf_counter()
        with torch.inference_mode():
            for messages, _ in asked:
                turns = [m.as_dict() for m in messages]
                text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
                ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")
                model.generate(ids["input_ids"], attention_mask=ids["attention_mask"], **options)
        rates[len(asked) / (time.perf_counter() - started)] = threads
    return max(rates), rates[max(rates)]


def behind_a_server(args: argparse.Namespace) -> None:
    from fake_server import served

    with served(args.latency, args.token_seconds) as url:
        roles = ["provider=openai", "model=fake", f"base_url={url}", "prompts=compact", f"concurrency={args.patients * 8}"]
        config = load_config(None, [f"play.patients={args.patients}", *(f"models.all.{s}" for s in roles)])
        asked, seconds, _ = self_play(config)
        sample = random.Random(0).sample(asked, min(args.sample, 24))
        backends = Backends()
        model = backends.model(config.models.therapist, base_of(config.models.therapist))

        async def in_turn() -> float:
            started = time.perf_counter()
            for request in sample:
                await model.generate(*request)
            return time.perf_counter() - started

        alone = backends.run(in_turn()) / len(sample)
    rate, token = len(asked) / seconds, args.token_seconds * 1e3
    print(f"{args.patients} patients, {len(asked)} requests, a server with {args.latency} s + {token:.0f} ms a token")
    print(f"self-play: {rate:.1f} requests/s; one by one: {1 / alone:.2f} requests/s")
    print(f"(a) self-play / one by one, requests/s: {rate * alone:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default=str(EMBEDDED))
    parser.add_argument("--patients", type=int, default=106)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--workers", type=int, default=0, help="As models.all.workers: 0 is one a core.")
    parser.add_argument("--server", action="store_true", help="Models behind a local server with latency.")
    parser.add_argument("--latency", type=float, default=0.3)
    parser.add_argument("--token-seconds", type=float, default=0.01)
    args = parser.parse_args()
    if args.server:
        behind_a_server(args)
        return
    roles = ["provider=transformers", f"model={args.checkpoint}", "prompts=compact", f"max_tokens={NEW_TOKENS}"]
    roles.append(f"workers={args.workers}")
    config = load_config(None, [f"play.patients={args.patients}", *(f"models.all.{s}" for s in roles)])
    asked, seconds, tokens = self_play(config)
    raw_seconds, raw_tokens = at_once(config, asked)
    sample = random.Random(0).sample(asked, min(args.sample, len(asked)))
    alone, threads = one_by_one(args.checkpoint, sample)
    rate = len(asked) / seconds
    print(f"{args.patients} patients, {len(asked)} requests; {len(sample)} of them one by one, on {threads} thread(s)")
    print(f"self-play, all patients at once: {rate:.1f} requests/s, {tokens / seconds:.0f} new tokens/s")
    print(
        f"engine, all requests known: {len(asked) / raw_seconds:.1f} requests/s, {raw_tokens / raw_seconds:.0f} new tokens/s"
    )
    print(f"one by one, generate: {alone:.1f} requests/s")
    print(f"(a) self-play / one by one, requests/s: {rate / alone:.2f}")
    print(f"(b) self-play / engine alone, new tokens/s: {tokens / seconds / (raw_tokens / raw_seconds):.3f}")


if __name__ == "__main__":
    main()
