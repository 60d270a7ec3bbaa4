"""A run directory under audit: its journal, then its episodes and the rows that were made of them, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from mentalarena.arena.types import Episode
from mentalarena.audit.dialogue import PROPOSED, Heard, heard_in_episode
from mentalarena.audit.evidence import asserts_disorder, over_diagnosed
from mentalarena.audit.findings import Finding
from mentalarena.audit.gates import Gate
from mentalarena.audit.leakage import prompt_findings
from mentalarena.audit.rows import Example, each_example
from mentalarena.audit.sweep import Sweep
from mentalarena.clinic.references import NO_DISORDER
from mentalarena.runs.directory import each_of_jsonl
from mentalarena.runs.progress import Progress
from mentalarena.runs.requests import Requests
from mentalarena.runs.shards import JOURNAL
from mentalarena.stages.people import People
from mentalarena.training.rows import read_episode

EPISODES = "episodes.jsonl"
STEP = 200
"""Rows after which the bar moves."""


def leaks_of(
    gates: Mapping[str, Gate], out: Path, people: People | None, why: str, progress: Progress
) -> dict[str, dict[str, Finding]]:
    """Fill the gates of leaks from the journal; returns the first finding of each patient, by check."""
    wanted = {name: gates[name] for name in ("prompt-leak", "guidance-leak") if not gates[name].not_done}
    if not people or not (out / JOURNAL).is_file():
        for gate in wanted.values():
            gate.not_done = why or f"{JOURNAL} is not there"
        return {}
    requests, names = Requests(out / JOURNAL), people.clinic.vocabulary
    if wanted and (count := len(requests)):
        progress.start("audit prompts", 2 * count)
        fixed = [", ".join(names.of(kind)) for kind in PROPOSED]
        looked_at = Counter[str]()
        found = prompt_findings(requests, people.items, fixed, done=progress.advance, looked_at=looked_at)
        for name, gate in wanted.items():
            gate.examined = looked_at[name.replace("-", " ")]
        for finding in found:
            if (name := finding.check.replace(" ", "-")) in wanted:
                wanted[name].add(finding, JOURNAL)
    firsts = {name: {p.finding.item: p.finding for p in reversed(gate.found)} for name, gate in wanted.items()}
    return {name: found for name, found in firsts.items() if found}


class Patients:
    """What is held against a row because of its patient: a leak in its prompts, a disorder that it does not have."""

    def __init__(
        self, gates: Mapping[str, Gate], people: People | None, why: str, leaking: Mapping[str, Mapping[str, Finding]]
    ) -> None:
        self._gates, self._leaking = gates, leaking
        self._over = gates["over-diagnosis"]
        known = people.with_disorder() if people and not self._over.not_done else {}
        self._spared = {patient for patient, disorder in known.items() if disorder == NO_DISORDER}
        self._given: list[str | None] = []
        self._wrong: set[tuple[str, str]] = set()
        if not self._spared:
            nobody = "nobody without a disorder came" if known else why or "of these patients nobody knows what they have"
            self._over.not_done = self._over.not_done or nobody

    def episode(self, file: str, number: int, episode: Episode, folder: str) -> None:
        """Look at an episode."""
        if episode.patient_id in self._spared and not self._over.not_done:
            chosen = episode.diagnosis.chosen if episode.diagnosis else None
            self._over.examined += 1
            if folder.startswith("arms/main/"):
                self._given.append(chosen)
            if chosen and asserts_disorder(chosen):
                self._wrong.add((folder, episode.id))
                told = f"{chosen}: the patient has no disorder"
                self._over.add(Finding("", episode.id, told, "held back"), file, number)

    def row(self, file: str, number: int, example: Example, folder: str) -> None:
        """Look at a row."""
        item = example.id(number)
        for name, found in self._leaking.items():
            if leak := found.get(example.patient):
                self._gates[name].add(replace(leak, item=item, detail=f"of its patient: {leak.detail}"), file, number)
        if example.kind in PROPOSED and (folder, example.episode) in self._wrong:
            self._over.add(
                Finding("", item, "made of a diagnosis that the patient does not have", "held back"), file, number
            )

    def done(self) -> None:
        """Put the share into its gate."""
        if self._given and not self._over.not_done:
            self._over.share = over_diagnosed(self._given)
            wrong = sum(1 for chosen in self._given if chosen and asserts_disorder(chosen))
            self._over.note = (
                f"{wrong} of {len(self._given)} episodes with patients who have no disorder (main arm); "
                "each of the therapist's rows made of them is told too"
            )


class Steps:
    """Moves the bar for each row, not at every one."""

    def __init__(self, progress: Progress, files: Sequence[Path]) -> None:
        self._progress, self._count = progress, 0
        progress.start("audit rows", sum(map(_lines, files)))

    def one(self) -> None:
        self._count += 1
        if self._count % STEP == 0:
            self._progress.advance(STEP)


def sweep_run(out: Path, files: Sequence[str], sweep: Sweep, patients: Patients, progress: Progress) -> None:
    """Look at all episodes and rows (`files` under the directory, those of an iteration together), arm by arm. Raises `DataError`
    for a file that cannot be read."""
    steps = Steps(progress, [out / file for file in files])
    for arm, of_arm in groupby(files, key=lambda file: file.split("/")[1]):
        for folder, own in groupby(of_arm, key=lambda file: file.rpartition("/")[0]):
            heard: dict[str, Heard] = {}
            names = list(own)
            main = f"arms/main/{folder.rpartition('/')[2]}/{EPISODES}"
            if f"{folder}/{EPISODES}" not in names and arm != "main" and (out / main).is_file():
                heard = {
                    episode.id: told for _, episode, told in _each_episode(out / main)
                }  # a control that relabels the main arm's rows
            for file in names:
                if file.endswith(EPISODES):
                    for number, episode, told in _each_episode(out / file):
                        heard[episode.id] = told
                        sweep.episode(file, number, episode.id, told)
                        patients.episode(file, number, episode, folder)
                        steps.one()
                    continue
                for number, example in enumerate(each_example(out / file)):
                    sweep.row(file, number, example, heard.get(example.episode))
                    patients.row(file, number, example, folder)
                    steps.one()
        sweep.end_of_group()
    sweep.done()
    patients.done()


def _each_episode(path: Path) -> Iterator[tuple[int, Episode, Heard]]:
    for number, record in enumerate(each_of_jsonl(path)):
        episode = read_episode(record, f"{path}:{number + 1}")
        yield number, episode, heard_in_episode(episode)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
