"""Makes the embedded model from nothing but the generated clinic: tokenizer, weights, chat template, one folder.

    torchrun --nproc-per-node 2 recipes/embedded/pretrain.py --out build/embedded      (about 35 minutes on 2 cores)

The same seed, number of processes and library versions give the same weights. `--resume` goes on from the last
checkpoint. The finished folder, build/embedded/model, is an ordinary Hugging Face checkpoint (fp16 safetensors);
`python recipes/embedded/check.py build/embedded/model` says how well it plays, and a copy at
src/mentalarena/models/embedded ships it.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import random
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import teacher

SPECIAL = ["<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'assistant' %}{{ '<|assistant|>' }}{% generation %}{{ ' ' + m['content'] + '<|end|>' }}"
    "{% endgeneration %}{% else %}{{ '<|' + m['role'] + '|> ' + m['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def draw(rng: random.Random, progress: float = 0.9) -> teacher.Document:
    """One document. Copying comes first, from easy to hard: nothing else works without it (dev/LOG.md)."""
    if progress >= 1:
        return rng.choices(list(teacher.JUDGEMENTS), list(teacher.JUDGEMENTS.values()))[0](rng)
    if progress < 0.15:
        return teacher.echo(rng, teacher.WORDS[::6])
    if progress < 0.22:
        return teacher.echo(rng)
    if progress < 0.36 and rng.random() < 0.7:
        return rng.choice((teacher.echo, teacher.recall, teacher.recall))(rng)
    kind = rng.choices(list(teacher.KINDS), list(teacher.KINDS.values()))[0]
    return kind(rng)


def make_tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    rng = random.Random(1)
    texts = (" " + message.content for _ in range(6000) for message, _ in draw(rng))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|pad|>", bos_token="<|bos|>", eos_token="<|end|>", padding_side="left"
    )
    fast.chat_template = TEMPLATE
    return fast


def make_model(tokenizer: PreTrainedTokenizerFast, args: argparse.Namespace) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=args.width,
        num_hidden_layers=args.layers,
        num_attention_heads=args.width // 32,
        num_key_value_heads=args.width // 32,
        intermediate_size=args.width * 3,
        max_position_embeddings=4096,  # seen in training: 1024; more is for other clinics, which it plays as gibberish
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config)


def encode(tokenizer: PreTrainedTokenizerFast, document: teacher.Document) -> tuple[list[int], list[float]]:
    """Token ids and loss weights; the same ids as the chat template gives (checked once at the start)."""
    ids, weights = [1], [0.0]
    for message, weight in document:
        text = tokenizer.encode(" " + message.content, add_special_tokens=False)
        tokens = [SPECIAL.index(f"<|{message.role}|>"), *text, 2]
        ids += tokens
        weights += [min(weight, teacher.CONTEXT)] + [weight] * (len(tokens) - 1)
    return ids, weights


def batches(tokenizer: PreTrainedTokenizerFast, rng: random.Random, size: int, parts: int, progress: float) -> list[Any]:
    """One step's documents in `parts` padded micro-batches of like length: [(ids, weights), ...]."""
    encoded = sorted((encode(tokenizer, draw(rng, progress)) for _ in range(size)), key=lambda e: len(e[0]))
    made = []
    for start in range(0, size, size // parts):
        part = encoded[start : start + size // parts]
        longest = len(part[-1][0])
        ids, weights = torch.zeros(len(part), longest, dtype=torch.long), torch.zeros(len(part), longest)
        for row, (tokens, weight) in enumerate(part):
            ids[row, : len(tokens)], weights[row, : len(tokens)] = torch.tensor(tokens), torch.tensor(weight)
        made.append((ids, weights))
    return made


def step_loss(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Summed weighted cross-entropy. Right padding under a causal mask needs no attention mask."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (loss * weights[:, 1:].flatten()).sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4600)
    parser.add_argument("--last-steps", type=int, default=800, help="steps on judgements after that")
    parser.add_argument("--batch", type=int, default=8, help="documents a step and process")
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=1792)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args()
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    torch.set_num_threads(1)
    if world > 1:
        dist.init_process_group("gloo")
    tokenizer = make_tokenizer(args.vocabulary)
    torch.manual_seed(args.seed)
    model = make_model(tokenizer, args)
    matrices = [p for n, p in model.named_parameters() if p.dim() > 1 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() < 2 or "embed" in n]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(others, lr=args.rate, betas=(0.9, 0.98), weight_decay=0.0)]
    # Muon: with AdamW the attention heads that copy did not form within the tokens of this recipe (dev/LOG.md)
    optimizers.append(torch.optim.Muon(matrices, lr=args.rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"))
    checkpoint, first = args.out / "checkpoint.pt", 0
    if args.resume and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        first = state["step"]
    args.out.mkdir(parents=True, exist_ok=True)
    started, tokens, shown = time.time(), 0, 0.0
    for step in range(first, args.steps + args.last_steps):
        rng = random.Random(f"{args.seed}-{rank}-{step}")
        progress = step / args.steps
        rate = args.rate * min(1.0, (step + 1) / 100) * cosine(progress)
        if step >= args.steps:
            rate = args.rate * 0.5 * cosine((step - args.steps) / args.last_steps)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        parts = batches(tokenizer, rng, args.batch, 2, progress)
        total = sum(float(w.sum()) for _, w in parts)
        loss = 0.0
        for ids, weights in parts:
            part = step_loss(model, ids, weights) / total
            part.backward()
            loss += float(part.detach())
            tokens += int((ids != 0).sum())
        if world > 1:
            flat = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
            dist.all_reduce(flat)
            torch.nn.utils.vector_to_parameters(flat / world, [p.grad for p in model.parameters() if p.grad is not None])
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        shown = loss if step == first else 0.98 * shown + 0.02 * loss
        if rank == 0 and (step + 1) % 50 == 0:
            seconds = time.time() - started
            print(
                json.dumps(
                    {"step": step + 1, "loss": round(shown, 4), "seconds": round(seconds), "tokens": tokens * world}
                ),
                flush=True,
            )
        if rank == 0 and (step + 1) % 250 == 0:
            states = [optimizer.state_dict() for optimizer in optimizers]
            torch.save({"model": model.state_dict(), "optimizers": states, "step": step + 1}, checkpoint)
            save(model, tokenizer, args.out / "model")
    if rank == 0:
        save(model, tokenizer, args.out / "model")
        print(
            f"{sum(p.numel() for p in model.parameters()):,} parameters, {tokens * world:,} tokens, "
            f"{time.time() - started:.0f} s"
        )


def cosine(progress: float) -> float:
    """From 1 down to 0.02 as progress goes from 0 to 1."""
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    copy.deepcopy(model).half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
