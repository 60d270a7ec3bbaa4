"""Audit: what must not get out of a run, a file of rows or a published file. Needs no model; a check that was not done says so.

run directory: journal (leaks) -> episodes and rows in one pass, arm by arm -> audit.json, audit.jsonl
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.audit.contamination import FEWEST, Held, by_meaning_found, by_words_found
from mentalarena.audit.findings import Finding
from mentalarena.audit.gates import CHECKS, MOST_REPEATS, NOTHING, PUBLISHED, Gate, gates_of
from mentalarena.audit.medication import dose_claim
from mentalarena.audit.names import last_part, without_folders
from mentalarena.audit.published import FIELDS, PublishedRecord, audit_published
from mentalarena.audit.questions import read_questions
from mentalarena.audit.record import audited_files, record_of, write_audit
from mentalarena.audit.rows import each_record, read_example
from mentalarena.audit.seeds import Seeds
from mentalarena.audit.sweep import Sweep
from mentalarena.clinic.audit import words_of
from mentalarena.errors import ConfigError, DataError
from mentalarena.models.backends import embedder_of
from mentalarena.runs.directory import digest_of_file, write_jsonl
from mentalarena.runs.progress import Progress, Silence
from mentalarena.stages.extract import put_extraction
from mentalarena.stages.people import People, read_seeds
from mentalarena.stages.run import Json, digest
from mentalarena.stages.sweep import Patients, Steps, leaks_of, sweep_run

OF_A_RUN = ("prompt-leak", "guidance-leak", "extraction", "over-diagnosis")
"""Checks that need more than rows."""
OF_ROWS = ("messages", "conversations", "prompt", "chosen", "instruction")
"""Fields with which a training row of any form begins."""


@dataclass(frozen=True)
class Wanted:
    """What an audit looks for, beside what the run itself tells."""

    data: Sequence[Path] = ()
    """Folders and files of questions that may stand in no row."""
    embedder: str = ""
    """Compares rows with questions by meaning too: `lexical`, or a sentence-transformers model."""
    seeds: Path | None = None
    """More texts that no answer may give away."""
    planted: Sequence[str] = ()
    """Canaries that were put somewhere on purpose."""
    only: Collection[str] = ()
    """Checks to do; unset: all."""

    def told(self, held: Held | None) -> Json:
        """What was given beside the run, for the record, without where it lies: {data, questions (digest), embedder, seeds,
        canaries}."""
        given: Json = {
            "data": [path.name for path in self.data],
            "questions": digest(sorted(held.questions.values())) if held else "",
            "embedder": last_part(self.embedder),
            "seeds": self.seeds is not None,
            "canaries": len(self.planted),
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class Audited:
    """What came of an audit: the content of audit.json, and the gates with their findings."""

    record: Json
    gates: Sequence[Gate]


def audit_run(out: Path, data: Sequence[Path] = (), progress: Progress | None = None) -> Json:
    """Audit a run directory with every check that needs no model; DIR/audit.json holds what it returns (version, status, gates,
    held_back, files), DIR/audit.jsonl the findings. Raises `DataError` for what is no run, or a file that cannot be read."""
    audited = audited_run(out, Wanted(data), progress)
    write_audit(out, audited.record, audited.gates)
    return audited.record


def audited_run(out: Path, wanted: Wanted, progress: Progress | None = None) -> Audited:
    """As `audit_run`, of what is wanted; writes nothing."""
    progress = progress or Silence()
    gates = gates_of(CHECKS, wanted.only)
    files = audited_files(out)
    if not files:
        raise DataError(f"{out}: nothing to audit; expected a run directory with arms/NAME/iteration-NN/episodes.jsonl")
    digests = {file: digest_of_file(out / file) for file in files}
    people: People | None = None
    try:
        people = People.of(out, sorted({int(file.split("/")[2].removeprefix("iteration-")) for file in files}))
        why = ""
    except (ConfigError, DataError) as error:
        why = f"nobody knows who came ({without_folders(str(error))})"
    held = _held(gates, wanted)  # a wrong file of questions is told before anything takes long
    seeds = _seeds(gates, wanted, people, why)
    leaking = leaks_of(gates, out, people, why, progress)
    sweep_run(out, files, Sweep(gates, held, seeds), Patients(gates, people, why, leaking), progress)
    put_extraction(gates["extraction"], out)
    return _finished(gates, digests, wanted.told(held))


def audited_file(path: Path, wanted: Wanted, progress: Progress | None = None) -> Audited:
    """A file of rows in any form (`audit.rows`), or of records in the published layout. Raises `DataError`."""
    progress = progress or Silence()
    first = next(_of_one_layout(path), None)
    if first is None:
        raise DataError(f"{path}: no rows; expected training rows, or records in the published layout")
    digests = {path.name: digest_of_file(path)}
    if _is_published(first[1]):
        held = _held(gates := gates_of(PUBLISHED, wanted.only), wanted)
        return _finished(_published(path, wanted, gates, held), digests, wanted.told(held))
    gates = gates_of(CHECKS, wanted.only)
    for name in OF_A_RUN:
        gates[name].not_done = (
            gates[name].not_done or "a file of rows has no journal, model or patients: give a run directory"
        )
    held = _held(gates, wanted)
    sweep = Sweep(gates, held, _seeds(gates, wanted, None, "a file of rows does not tell them"))
    steps = Steps(progress, [path])
    for number, record in _of_one_layout(path):
        sweep.row(path.name, number, read_example(record, f"{path}:{number + 1}"))
        steps.one()
    sweep.end_of_group()
    sweep.done()
    return _finished(gates, digests, wanted.told(held))


def _is_published(record: Mapping[str, object]) -> bool:
    return {"symptom", "illness"} <= record.keys()


def _of_one_layout(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of a file. Each layout has checks of its own: what is of both, or not of the first record's, would miss those
    of the other. Raises `DataError`."""
    kinds = ("a training row", "a record in the published layout")
    first = None
    for number, record in each_record(path):
        published = _is_published(record)
        if published and (both := [name for name in OF_ROWS if name in record]):
            raise DataError(f"{path}:{number + 1}: symptom, illness and {both[0]}; expected {kinds[0]} or {kinds[1]}")
        if first is None:
            first = published
        elif published != first:
            raise DataError(f"{path}:{number + 1}: {kinds[published]}; expected {kinds[first]}, as the first one")
        yield number, record


def check_clean(path: Path, out: Path) -> None:
    """Raises `ConfigError` where `write_clean` may not write."""
    if out.suffix == ".json":
        raise ConfigError(f"--clean {out}: is written a record a line; expected a name that ends in .jsonl")
    if out.exists() and out.samefile(path):
        raise ConfigError(f"--clean {out}: is the file that is audited; expected another")


def write_clean(path: Path, out: Path, audited: Audited) -> int:
    """Write the rows of a file that are not held back as JSONL; returns how many. Raises `ConfigError` (`check_clean`)."""
    check_clean(path, out)
    held, count = set(audited.record["held_back"].get(path.name, ())), 0

    def kept() -> Iterator[Mapping[str, object]]:
        nonlocal count
        for number, record in each_record(path):
            if number not in held:
                count += 1
                yield record

    write_jsonl(out, kept())
    return count


def _finished(gates: Mapping[str, Gate], digests: Mapping[str, str], told: Json) -> Audited:
    for gate in gates.values():
        if not gate.examined and not gate.not_done:
            gate.not_done = NOTHING
    found = list(gates.values())
    return Audited(record_of(found, digests, told), found)


def _published(path: Path, wanted: Wanted, gates: dict[str, Gate], held: Held | None) -> dict[str, Gate]:
    """Records in the published layout."""
    records = [PublishedRecord.of(f"record {number + 1}", record) for number, record in _of_one_layout(path)]
    numbers = {record.id: number for number, record in enumerate(records)}
    texts = [*map("\n".join, read_seeds(wanted.seeds).values() if wanted.seeds else ()), *wanted.planted]
    if not texts:
        gates["verbatim-seeds"].not_done = (
            gates["verbatim-seeds"].not_done or "no seeds were given (--seeds FILE, --canary TEXT)"
        )
    tally = audit_published(records, texts)
    names = {
        "duplicate": "duplicates",
        "diagnosis": "diagnoses",
        "medicine": "medicines",
        "verbatim seed": "verbatim-seeds",
    }
    for gate in gates.values():
        gate.examined = len(records)
    gates["duplicates"].note = f"{tally.inputs} distinct symptoms"
    gates["verbatim-seeds"].note = f"{len(texts)} seeds and canaries, looked for in symptoms alone"
    gates["duplicates"].fails = tally.duplicates > MOST_REPEATS * len(records)
    found = [(names[finding.check], finding) for finding in tally.findings]
    found += [("doses", finding) for finding in map(_dose, records) if finding]
    found += _questions_in(records, held)
    for check, finding in found:
        if not (gate := gates[check]).not_done:
            gate.add(finding, path.name, numbers[finding.item])
    return gates


def _dose(record: PublishedRecord) -> Finding | None:
    claim = dose_claim(f"{record.medicine} ; {record.explain_m}")
    return Finding("doses", record.id, f"a dose is claimed: {claim}", "held back") if claim else None


def _questions_in(records: Sequence[PublishedRecord], held: Held | None) -> list[tuple[str, Finding]]:
    """Records that hold a question, by check."""
    if not held:
        return []
    texts = ["\n".join(getattr(record, name) for name in FIELDS) for record in records]
    by_words = [(record, held.overlap(text)) for record, text in zip(records, texts, strict=True)]
    found = [("contamination", by_words_found(hit, record.id)) for record, hit in by_words if hit]
    near = zip(records, held.nearest(texts), strict=True)
    return found + [("contamination-by-meaning", by_meaning_found(hit, record.id)) for record, hit in near if hit]


def _held(gates: Mapping[str, Gate], wanted: Wanted) -> Held | None:
    """The questions that may stand in no row."""
    words, meaning = gates["contamination"], gates["contamination-by-meaning"]
    if not wanted.data:
        for gate in (words, meaning):
            gate.not_done = gate.not_done or "no questions were given (--data FOLDER or FILE)"
        return None
    if not wanted.embedder:
        meaning.not_done = meaning.not_done or "no embedder was given (--embedder NAME)"
    found = read_questions(wanted.data)
    short = sum(len(words_of(text)) < FEWEST for text in found.texts.values())
    words.note = f"{len(found.texts)} questions: {', '.join(found.sets)}" + (
        f"; {short} of fewer than {FEWEST} words were not looked for" if short else ""
    )
    meaning.note = f"by {last_part(wanted.embedder)}"
    return Held(found.texts, embedder=embedder_of(wanted.embedder) if wanted.embedder else None)


def _seeds(gates: Mapping[str, Gate], wanted: Wanted, people: People | None, why: str) -> Seeds | None:
    """The texts that no answer may give away."""
    gate = gates["memorisation"]
    texts = (people.seeds() if people else {}) | (read_seeds(wanted.seeds) if wanted.seeds else {})
    if not texts and not wanted.planted:
        gate.not_done = gate.not_done or f"no seed texts (--seeds FILE, --canary TEXT): {why}"
        return None
    gate.note = f"{len(texts)} seed texts, {len(wanted.planted)} planted canaries" + (f"; {why}" if why else "")
    return Seeds(texts, wanted.planted)
