"""How much faster is the batched engine than one call at a time through `generate`, on the same requests of real self-play?

    python benchmarks/throughput.py CHECKPOINT [--patients 16] [--sample 200]

Plays patients of the generated clinic once with the checkpoint in all roles, then answers the same recorded requests (a
random sample) both ways in one process with one thread. Prints both rates and their ratio; only ratios within one run mean
anything on a shared machine.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from mentalarena import stages
from mentalarena.config import Config
from mentalarena.models.base import Message, Sampling
from mentalarena.models.local import Engine
from mentalarena.runs.journal import Journal


def recorded(checkpoint: str, patients: int) -> list[tuple[Message, ...]]:
    """Every request of a play."""
    role = {"provider": "transformers", "model": checkpoint, "max_tokens": 64, "temperature": 1.0}
    tree = {"models": dict.fromkeys(("patient", "therapist", "judge"), role), "play": {"patients": patients}}
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        stages.play(Config.model_validate(tree), Path(folder))
        journal = Journal(Path(folder) / "journal.sqlite")
        asked = [tuple(Message(**m) for m in messages) for _, _, messages, _ in journal.requests()]  # type: ignore[arg-type]
        journal.close()
        rate = len(asked) / (time.perf_counter() - started)
        print(f"self-play of {patients} patients: {rate:.1f} requests/s, loading included")
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--patients", type=int, default=16)
    parser.add_argument("--sample", type=int, default=200)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    asked = recorded(args.checkpoint, args.patients)
    asked = random.Random(0).sample(asked, min(args.sample, len(asked)))
    engine = Engine(args.checkpoint)
    prompts = [engine.prompt_ids(messages) for messages in asked]

    started, alone = time.perf_counter(), 0
    with torch.inference_mode():
        for ids in prompts:
            mask = torch.ones(1, len(ids), dtype=torch.long)
            options = {"max_new_tokens": 64, "do_sample": True, "temperature": 1.0, "top_k": 0, "pad_token_id": 0}
            alone += engine.model.generate(torch.tensor([ids]), attention_mask=mask, **options).shape[1] - len(ids)
    one_by_one = time.perf_counter() - started

    order = sorted(prompts, key=len)
    started, together = time.perf_counter(), 0
    for start in range(0, len(order), engine.max_batch):
        batch = order[start : start + engine.max_batch]
        requests = [(ids, Sampling(1.0, max_tokens=64, seed=start + number)) for number, ids in enumerate(batch)]
        together += sum(reply.usage.new_tokens for reply in engine.run(requests))
    batched = time.perf_counter() - started

    for name, seconds, tokens in (("one by one, generate", one_by_one, alone), ("engine, batched", batched, together)):
        print(f"{name}: {len(prompts) / seconds:.1f} requests/s, {tokens / seconds:.0f} new tokens/s")
    print(f"ratio, requests/s: {one_by_one / batched:.2f}")


if __name__ == "__main__":
    main()
