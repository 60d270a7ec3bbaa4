"""One episode to read in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentalarena.stages.episode_lines import EpisodeLine


def times(count: int) -> str:
    """How often."""
    return "once" if count == 1 else f"{count} times"


def describe(episode: Mapping[str, Any], dialogue: bool = True) -> str:
    """Dialogue, what was understood, diagnosis, trials and problems of one line of `episodes.jsonl`.

    Models' text is shown without control characters, so that it cannot write to the terminal.
    """
    lines = [f"episode {episode['id']} (simulation, not care)", ""][: 2 if dialogue else 1]
    for message in episode["views"].get("patient", [])[1:] if dialogue else ():
        lines.append(f"{'therapist' if message['role'] == 'user' else 'patient':>9}  {message['content']}")
    for number, decoding in enumerate(episode["decodings"], 1):
        lines += ["", f"decoding {number}"]
        for c in decoding["comparisons"]:
            mark = "+" if c["similarity"] > c["threshold"] else "-"
            scores = f"({c['similarity']:.2f} of {c['threshold']:.2f})"
            lines.append(f"  {mark} {c['component']}: {c['decoded'] or 'unknown'}  {scores}")
        if decoding["guidance"]:
            lines.append(f"  guidance: {decoding['guidance']}")
    diagnosis = episode["diagnosis"] or {"chosen": None, "candidates": []}
    chosen = diagnosis["chosen"] or "none"
    lines += ["", f"diagnosis: {chosen} (candidates: {', '.join(diagnosis['candidates']) or 'none'})"]
    for trial in episode["trials"]:
        lines.append(f"{trial['kind']}: {trial['proposal']} -> {trial['predicted_outcome']} score {trial['score']}")
    for problem in episode["problems"]:
        lines.append(f"problem: {problem['role']} {problem['step']}: {problem['kind']}: {problem['detail']}")
    return printable("\n".join(lines))


def in_one_line(line: EpisodeLine) -> str:
    """Id, what was diagnosed, and why not where it was not; whether that is right where somebody knows."""
    failed = dict.fromkeys(f"{problem.step} {problem.kind}" for problem in line.problems)
    told = [line.id, line.diagnosis or f"none ({'; '.join(failed) or 'no agreed choice'})"]
    told += [] if line.right is None else ["right"] if line.right else [f"wrong: {line.truth}"]
    told += [] if line.arm == "main" else [line.arm]
    return printable("  ".join(told))


def spoken_line(scope: str, text: str) -> str | None:
    """A reply of the journal as a line of the dialogue that is being spoken; None for what is not said aloud."""
    role, _, step = scope.partition("/")
    if step == "talk":
        return printable(f"{role:>9}  {text}")
    return printable(f"{'(judge':>9}  {text})") if step == "guidance" else None


def printable(text: str) -> str:
    """Without control characters, which could write to the terminal."""
    return "".join(c for c in text if c == "\n" or c.isprintable())
