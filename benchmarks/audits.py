"""How fast and how large are the audits of 100,000 generated rows? One core; prints seconds of the
processor, rows a second and peak memory."""

from __future__ import annotations

import random
import resource
import sys
import time

from mentalarena.audit.contamination import Held
from mentalarena.audit.duplicates import duplicates
from mentalarena.audit.memorisation import longest_run

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
WORDS = 150
COPIES = 0.1
"""Share of rows that are an earlier row with a few words changed."""


def generated(count: int) -> tuple[dict[str, str], int]:
    """Rows with a common form, drawn from words as frequent as those of a language (Zipf), and how many are planted copies."""
    rng = random.Random(0)
    vocabulary = [f"w{number}" for number in range(8000)]
    weights = [1 / (rank + 2) for rank in range(len(vocabulary))]
    form = "You are a therapist in a first conversation with a patient. " + " ".join(vocabulary[100:150])
    rows: dict[str, str] = {}
    texts: list[list[str]] = []
    copies = 0
    for number in range(count):
        if texts and rng.random() < COPIES:
            words = list(rng.choice(texts))
            for _ in range(4):
                words[rng.randrange(len(words))] = rng.choice(vocabulary)
            copies += 1
        else:
            words = rng.choices(vocabulary, weights, k=WORDS)
            texts.append(words)
        rows[str(number)] = f"{form} {' '.join(words)}"
    return rows, copies


def main() -> None:
    rows, copies = generated(ROWS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    found = duplicates(rows)
    took = time.process_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"duplicates: {took:.1f} s, {len(rows) / took:.0f} rows/s, {after - before:.0f} MiB above the rows' own {before:.0f}"
    )
    print(f"  found {len(found)} of {copies} planted: {len(found) / max(1, copies):.3f}")

    texts = list(rows.values())
    questions = {str(n): " ".join(texts[n * 7 % len(texts)].split()[70:110]) for n in range(2000)}
    start = time.process_time()
    held = Held(questions).findings(rows)
    took = time.process_time() - start
    print(
        f"contamination with {len(questions)} questions: {took:.1f} s, {len(rows) / took:.0f} rows/s, {len(held)} rows held back"
    )

    for length in (10_000, 20_000, 40_000):
        one, other = (" ".join(texts[n : n + length // 200]).split() for n in (0, length // 200))
        start = time.process_time()
        longest_run(one, other)
        took = time.process_time() - start
        print(f"longest run of {len(one)} and {len(other)} words: {took:.3f} s, {1e6 * took / len(one):.2f} us a word")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
