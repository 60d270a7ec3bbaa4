"""How fast are ten thousand episodes indexed, searched, and one of them read? Scripted episodes, repeated under other ids with
words of the library's people in their dialogues. Prints seconds, and milliseconds of what a page waits for.

    python benchmarks/episodes.py [EPISODES] [RUN]     RUN: a run directory to make them in, and to keep
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

from mentalarena.clinic.library import library
from mentalarena.config import Config
from mentalarena.settings import load_config
from mentalarena.stages.episodes import Filters, episodes_of, find
from mentalarena.stages.play import play
from mentalarena.stages.run import opened

EPISODES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
PLAYED = 40
Found = TypeVar("Found")


def settings(patients: int) -> Config:
    return load_config(None, ["models.all.provider=scripted", f"play.patients={patients}"])


def make(out: Path, count: int) -> Path:
    """A run directory of one iteration with `count` episodes, of which PLAYED were really played."""
    with opened(settings(PLAYED), out) as run:
        play(run, 0, run.base)
        coming = [patient.id for patient in run.clinic.patients(count, run.config.seed * 1000)]
    file = out / "iteration-00" / "episodes.jsonl"
    played = file.read_text("utf-8").splitlines()
    said = [utterance.text for person in library() for utterance in person.utterances]
    rng = random.Random(0)
    with file.open("w", encoding="utf-8") as made:
        for number, patient in enumerate(sorted(coming)):
            record = json.loads(played[number % PLAYED]) | {"id": f"00-{patient}", "patient_id": patient}
            for view in record["views"].values():
                for message in view[1:]:
                    message["content"] += " " + rng.choice(said)
            made.write(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n")
    (out / "config.json").write_text(json.dumps(settings(count).model_dump(mode="json")))
    return file


def resident() -> float:
    """Memory of this process, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(what: str, work: Callable[[], Found]) -> Found:
    started = time.perf_counter()
    found = work()
    taken = time.perf_counter() - started
    print(f"{what:48}{taken:8.2f} s" if taken >= 1 else f"{what:48}{1000 * taken:8.1f} ms")
    return found


def main() -> None:
    with nullcontext(sys.argv[2]) if len(sys.argv) > 2 else tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        file = make(out, EPISODES)
        ids = [json.loads(line)["id"] for line in file.open()]
        print(f"{EPISODES} episodes, {file.stat().st_size / 1e6:.0f} MB")
        before = resident()
        timed("the last one, without an index", lambda: find(out, ids[-1]))
        index = timed("index", lambda: episodes_of(out))
        assert len(index.lines) == EPISODES
        timed("index again, nothing changed", lambda: episodes_of(out))
        print(f"{'memory':48}{resident() - before:8.1f} MB")
        timed("one, by where it stands", lambda: index.read(ids[len(ids) // 2]))
        timed("a page by id", index.select)
        timed("a page of wrong ones by similarity", lambda: index.select(Filters(("wrong",)), order="-similarity", page=3))
        timed("a name", lambda: index.select(text="panic"))
        timed("dialogues, a word that none has", lambda: index.select(text="Zzyzx", dialogues=True))
        timed("dialogues, a word that all have", lambda: index.select(text="The", dialogues=True))
        timed("dialogues, the next page", lambda: index.select(text="The", page=2, dialogues=True))


if __name__ == "__main__":
    main()
