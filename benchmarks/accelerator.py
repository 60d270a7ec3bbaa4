"""On an accelerator: does play keep the engine busy, and how much of the machine does training use?

    python benchmarks/accelerator.py [--shape 8b] [--device cuda] [--patients 106] [--peak-tflops 989] [--rows 512]

Weights are random, in the shape of Llama-3-8B (`tiny`: to try the benchmark anywhere); no download is needed, but 16 GB of disk.
1. play: arena and journal, where each request is really computed (replies are as long as they may be) and a rule then says what
   the reply was, since random weights say nothing; tokens read and written a second, against the same requests known in advance;
2. training: seconds a token from two trainings of different length, so that loading does not count; model-FLOPs utilisation by
   4 (LoRA) or 6 (whole weights) FLOPs a parameter and token, against --peak-tflops (989: an H100 in bfloat16, dense).
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mentalarena.arena.prompts import load_prompts
from mentalarena.config import Config, TrainingConfig
from mentalarena.models.backends import EMBEDDED
from mentalarena.models.base import ChatModel, Message, ModelRef, Reply, Sampling
from mentalarena.models.scripted import toy_player
from mentalarena.runs.runner import Play, Player, play_all
from mentalarena.settings import load_config
from mentalarena.stages.run import opened
from mentalarena.training.local import LocalTrainer
from mentalarena.training.rows import Row, warm_start_rows

SHAPES: dict[str, dict[str, int]] = {
    "8b": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
           "num_key_value_heads": 8, "vocab_size": 128256},
    "tiny": {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "vocab_size": 2048},
}  # fmt: skip


@dataclass
class Shadowed:
    """A model that computes each reply, and then says what a rule says."""

    model: ChatModel
    asked: list[tuple[tuple[Message, ...], Sampling]] = field(default_factory=list)
    tokens: int = 0

    @property
    def name(self) -> str:
        return self.model.name

    async def generate(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        self.asked.append((tuple(messages), sampling))
        reply = await self.model.generate(messages, sampling)
        self.tokens += reply.usage.prompt_tokens + reply.usage.new_tokens
        return replace(reply, text=toy_player(messages, sampling), finish_reason="stop")


def checkpoint(shape: str, folder: Path, device: str) -> int:
    """Random weights with the embedded model's tokenizer; how many parameters take part in matrix products."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    settings = LlamaConfig(**SHAPES[shape], max_position_embeddings=8192, rms_norm_eps=1e-5, rope_theta=500000.0)
    with torch.device(device):
        model = LlamaForCausalLM(settings).to(torch.bfloat16)
    model.generation_config.eos_token_id = settings.vocab_size - 1
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(EMBEDDED).save_pretrained(folder)
    embedding = model.get_input_embeddings().weight  # looked up, not multiplied
    return sum(p.numel() for p in model.parameters()) - embedding.numel()


def play(config: Config) -> tuple[float, float, int]:
    """Tokens a second of play and of the same requests all at once, and how many requests."""
    with TemporaryDirectory() as folder, opened(config, Path(folder)) as run:
        players = run.players(run.base)
        model = Shadowed(players["therapist"].model)
        shadowed: dict[Any, Player] = {role: replace(p, model=model) for role, p in players.items()}
        stage = Play(run.arena(), shadowed, seed=0, concurrency=config.play.patients)
        run.backends.run(model.model.generate([Message("user", "hello")], Sampling(max_tokens=2)))
        started = time.perf_counter()
        run.backends.run(play_all(run.patients(0), stage, run.journal))
        played = model.tokens / (time.perf_counter() - started)
        run.backends.release()
        raw = run.players(run.base)["therapist"].model

        async def everything() -> int:
            ordered = sorted(model.asked, key=lambda request: sum(len(m.content) for m in request[0]))
            replies = await asyncio.gather(*(raw.generate(*request) for request in ordered))
            return sum(r.usage.prompt_tokens + r.usage.new_tokens for r in replies)

        started = time.perf_counter()
        tokens = run.backends.run(everything())
        return played, tokens / (time.perf_counter() - started), len(model.asked)


def train_seconds(rows: Sequence[Row], settings: TrainingConfig, base: Path, out: Path) -> float:
    started = time.perf_counter()
    LocalTrainer(settings, 0).fit(rows, ModelRef(str(base)), out)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--patients", type=int, default=106)
    parser.add_argument("--tokens", type=int, default=96, help="New tokens a reply.")
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--weights", choices=("lora", "full"), default="lora")
    parser.add_argument("--peak-tflops", type=float, default=989.0)
    args = parser.parse_args()
    with TemporaryDirectory() as folder:
        base = Path(folder) / "model"
        parameters = checkpoint(args.shape, base, args.device)
        print(f"{parameters / 1e9:.2f} B parameters on {args.device}", flush=True)
        roles = ["provider=transformers", f"model={base}", "prompts=compact", f"max_tokens={args.tokens}"]
        roles += [f"device={args.device}", "workers=1", "cache_mb=16384" if args.device != "cpu" else "cache_mb=256"]
        config = load_config(None, [f"play.patients={args.patients}", *(f"models.all.{s}" for s in roles)])
        played, raw, requests = play(config)
        print(
            f"play, {args.patients} patients, {requests} requests: {played:.0f} tokens/s; all known in advance: {raw:.0f}"
        )
        print(f"(f) play / engine alone: {played / raw:.3f}", flush=True)
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(base)
        clinic = config.model_copy(update={"play": config.play.model_copy(update={"patients": args.rows})})
        with TemporaryDirectory() as where, opened(clinic, Path(where)) as run:
            prompts = load_prompts("compact")
            patients = run.patients(0)
            rows = [r for p in patients for r in warm_start_rows([p.cognitive_model], prompts, source="", licence="")][
                : args.rows
            ]

        def length(row: Row) -> int:
            turns = [*(m.as_dict() for m in row.prompt), {"role": "assistant", "content": row.completion}]
            return len(tokenizer.apply_chat_template(turns, return_dict=False))

        settings = TrainingConfig(
            weights=args.weights, epochs=1, batch_size=args.batch_size, device="auto" if args.device != "cpu" else "cpu"
        )
        half = rows[: len(rows) // 2]
        seconds = [train_seconds(r, settings, base, Path(folder) / f"trained-{n}") for n, r in enumerate((half, rows))]
        tokens = sum(map(length, rows[len(half) :]))
        rate = tokens / max(seconds[1] - seconds[0], 1e-9)
        flops = (4 if args.weights == "lora" else 6) * parameters * rate
        print(f"training ({args.weights}): {rate:.0f} tokens/s, {flops / 1e12:.2f} TFLOP/s")
        print(f"(f) model-FLOPs utilisation of {args.peak_tflops:.0f} TFLOP/s: {flops / 1e12 / args.peak_tflops:.1%}")


if __name__ == "__main__":
    main()
