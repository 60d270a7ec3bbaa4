"""How fast and how large is an audit of 100,000 rows? The whole command as a process of its own, then its heavy parts alone.

Rows are dialogues with the words of the library's people, in the form of `sft.jsonl`: eight an episode. Questions are planted in
some, some rows are copies. Prints seconds (wall and processor), peak memory, and what was found of what was planted.

    python benchmarks/audits.py [ROWS]
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mentalarena.audit.duplicates import duplicates
from mentalarena.audit.memorisation import longest_run
from mentalarena.clinic.library import library
from mentalarena.clinic.taxonomy import taxonomy

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
AN_EPISODE = 8
"""Rows of an episode: three of the therapist, three of talk, a choice, an outcome."""
TURNS = 8
QUESTIONS = 2000
PLANTED, COPIES = 0.01, 0.02
"""Shares of episodes with a question in their dialogue, and of episodes that are an earlier one."""
ASKED = (
    *("What brings you here?", "What went through your mind then?", "How long has it been like this?", "And at home?"),
    *("What do you do then?", "How does that make you feel?", "What do you believe about yourself?", "Can you say more?"),
)


def questions() -> dict[str, str]:
    """Questions of 40 words, of a vocabulary that no dialogue has."""
    rng = random.Random(1)
    return {str(n): " ".join(f"q{rng.randrange(4000)}" for _ in range(40)) for n in range(QUESTIONS)}


def rows(count: int, planted: dict[str, str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows, each with what was planted in it: a question, a copy, or nothing."""
    rng = random.Random(0)
    said = [utterance.text for person in library() for utterance in person.utterances]
    names = taxonomy().vocabulary
    dialogues: list[list[str]] = []
    for number in range(count // AN_EPISODE):
        what = "question" if rng.random() < PLANTED else "copy" if dialogues and rng.random() < COPIES else ""
        if what == "copy":
            lines = rng.choice(dialogues)
        else:
            lines = [" ".join(rng.sample(said, 2)) for _ in range(TURNS)]
            if len(dialogues) < 500:
                dialogues.append(lines)
        if what == "question":
            lines = [*lines[:-1], f"{lines[-1]} {rng.choice(list(planted.values()))}"]
        for row in episode(number, lines, rng, names):
            yield row, what if row["kind"] in ("diagnosis", "treatment", "medicine") else ""


def episode(number: int, lines: list[str], rng: random.Random, names: Any) -> list[dict[str, Any]]:
    lineage = {"episode": f"00-p{number}", "iteration": 0, "model": "m", "patient": f"p{number}",
               "patient_source": "generated", "patient_licence": "CC-BY-4.0", "score": None}  # fmt: skip
    view = [{"role": "system", "content": "You are a therapist in a first conversation with a patient. Ask one question."}]
    own = [
        {"role": "system", "content": f"You play a person who has come to see a therapist.\nhistory: {' '.join(lines[:3])}"}
    ]
    made = []

    def make(kind: str, prompt: list[dict[str, str]], completion: str) -> None:
        answer = [{"role": "assistant", "content": completion}]
        made.append({"kind": kind, "prompt": list(prompt), "completion": answer, "lineage": lineage})

    for turn, line in enumerate(lines):
        view += [{"role": "user", "content": line}, {"role": "assistant", "content": rng.choice(ASKED)}]
        own.append({"role": "user", "content": view[-3]["content"] if turn else "Hello."})
        if turn in (2, 4, 6):
            make("talk", own, line)
        own.append({"role": "assistant", "content": line})
    asked = [*view[:-1], {"role": "user", "content": f"Your notes:\nsituation: {lines[0]}\nWhich one diagnosis fits best?"}]
    diagnosis = rng.choice(names.disorders)
    make("diagnosis", asked, f"diagnosis: {diagnosis}")
    for kind in ("treatment", "medicine"):
        then = [{"role": "assistant", "content": f"diagnosis: {diagnosis}"}, {"role": "user", "content": f"Which {kind}?"}]
        make(kind, [*asked, *then], f"{kind}: {rng.choice(names.of(kind))}\nreason: It helps with what was told.")
    make("choice", [own[0], {"role": "user", "content": f"Which fits, {diagnosis} or another?"}], f"choice: {diagnosis}")
    make(
        "outcome", [own[0], {"role": "user", "content": "Imagine that you get it."}], f"outcome: {lines[1]}\nhealth: better"
    )
    return made


def whole_command(folder: Path) -> None:
    asked, planted = questions(), {"question": 0, "copy": 0}
    with (folder / "rows.jsonl").open("w") as file:
        for row, what in rows(ROWS, asked):
            file.write(json.dumps(row) + "\n")
            planted |= {what: planted[what] + 1} if what else {}
    (folder / "questions.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in asked.values()))
    size = (folder / "rows.jsonl").stat().st_size
    command = [sys.executable, "-c", "from mentalarena.cli import main; main()", "audit", str(folder / "rows.jsonl")]
    command += ["--data", str(folder / "questions.jsonl"), "--canary", "My number is 583921.", "--json"]
    start = time.perf_counter()
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603
    wall, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"mentalarena audit of {ROWS} rows ({size / 1e6:.0f} MB) with {QUESTIONS} questions: {wall:.0f} s, "
          f"processor {used.ru_utime + used.ru_stime:.0f} s, peak {used.ru_maxrss / 1024:.0f} MiB")  # fmt: skip
    for gate in told["gates"]:
        print(f"  {gate['check']:26}{gate['status']:10}{gate['examined']:8}{gate['findings']:8}  {gate['note']}")
    print(f"  planted in the therapist's rows: {planted['question']} with a question, {planted['copy']} copies")


def parts() -> None:
    texts = {
        str(n): " ".join(m["content"] for m in row["prompt"]) for n, (row, _) in enumerate(rows(ROWS // 10, questions()))
    }
    start = time.process_time()
    found = duplicates(texts)
    took = time.process_time() - start
    print(f"duplicates among {len(texts)} prompts of all kinds: {took:.1f} s, {len(found)} found")
    for length in (10_000, 20_000, 40_000):
        rng = random.Random(length)
        one, other = ([f"w{rng.randrange(500)}" for _ in range(length)] for _ in range(2))
        start = time.process_time()
        longest_run(one, other)
        took = time.process_time() - start
        print(f"longest run of {length} and {length} words: {took:.3f} s, {1e6 * took / length:.2f} us a word")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole_command(Path(folder))
    parts()


if __name__ == "__main__":
    main()
