"""Reading a run's episodes in plain Python. `python examples/read_run.py RUN`; without RUN a small one is played first."""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import mean

from mentalarena.settings import load_config
from mentalarena.stages.play import play
from mentalarena.stages.run import opened
from mentalarena.stages.train import trained
from mentalarena.training.rows import read_episodes


def played(out: Path) -> Path:
    """A run directory with one iteration of twelve patients, played by rule."""
    with opened(load_config(None, ["models.all.provider=scripted", "play.patients=12"]), out) as run:
        play(run, 0, trained(run, 0))
    return out


with tempfile.TemporaryDirectory() as folder:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else played(Path(folder))
    episodes = [e for file in sorted(out.glob("iteration-*/episodes.jsonl")) for e in read_episodes(file)]

print(f"{len(episodes)} episodes, {sum(e.usage.calls for e in episodes)} calls")
print("ended:", dict(Counter(e.stop_reason for e in episodes)))
print("diagnoses:", dict(Counter(e.diagnosis.chosen for e in episodes if e.diagnosis).most_common(3)))
print("problems:", dict(Counter(problem.step for e in episodes for problem in e.problems)) or "none")

rounds = max(len(e.decodings) for e in episodes)
for number in range(rounds):
    there = [e.decodings[number] for e in episodes if len(e.decodings) > number]
    print(f"decoding {number}: {len(there):2} episodes, similarity {mean(d.similarity for d in there):.2f}")

missed = Counter(gap for e in episodes if e.decodings for gap in e.decodings[-1].gaps)
print("not understood in the end:", ", ".join(f"{name} {count}" for name, count in missed.most_common(3)) or "nothing")
