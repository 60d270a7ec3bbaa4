"""Export: what a run may give away, in one folder: a dataset in the forms that others read, its card, and trained weights.

Nobody is asked and no model is opened. What the audit holds back stays here, and so does everything when a gate has failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from mentalarena.audit.gates import LEFT_OUT
from mentalarena.audit.licences import LicensedRow, Verdict, in_one_line, judge, read_licence
from mentalarena.audit.record import AuditRecord, read_audit
from mentalarena.clinic.clinics import open_clinic
from mentalarena.clinic.cognitive_model import Patient
from mentalarena.clinic.files import read_patients
from mentalarena.clinic.library import library
from mentalarena.clinic.people import LICENCE as LIBRARY_LICENCE
from mentalarena.config import Config
from mentalarena.errors import ConfigError, DataError
from mentalarena.export.folder import check_target, write_export
from mentalarena.export.gather import SFT, Gathered, gather, played_iterations
from mentalarena.export.plan import ExportOptions, Plan
from mentalarena.export.splits import people, person_of, split_people
from mentalarena.export.weights import chosen_weights
from mentalarena.export.writing import summary_of, write_content
from mentalarena.runs.directory import SETTINGS, locked, read_json, write_jsonl
from mentalarena.stages.audit import audit_run
from mentalarena.stages.rehearse import others
from mentalarena.stages.run import WEIGHTS, Json, coming, prompts_of

LEAKS = ("prompt-leak", "guidance-leak")
"""Gates that must have been done: they need the journal, and a lost journal is no pass."""
REFUSED = "export-refused.jsonl"
"""In the run directory: every row that licences keep from going out, where a command was refused for them."""


def export_run(
    config: Config,
    out: Path,
    to: Path,
    options: ExportOptions = ExportOptions(),  # noqa: B008  (frozen)
    audit: Callable[[Path], object] = audit_run,
) -> Json:
    """Write the export of a run directory: {folder, configurations {name: {split: records}}, people {split: n}, licence,
    held_back, repeated, other_licence, weights, aside, note}.

    `audit` makes the record where there is no current one. Raises `ConfigError` and `DataError` for what may not go out or be
    written, before anything is.
    """
    if not 0 <= options.dev_share < 1:
        raise ConfigError(
            f"--dev-share {options.dev_share:g}: nobody would be in train; expected 0 or more, and less than 1"
        )
    to = to.resolve()
    check_target(to, out, options.force)
    iterations = _iterations(out, options)
    if _current(out) is None:
        _check_wanted(out)
        audit(out)  # not under the lock, which an audit may want for itself
    with locked(out / ".lock", "another process is writing this run; expected it to be done", shared=True):
        record = _current(out)
        if record is None:
            raise DataError(f"{out}: the audit left no record of these rows; expected `mentalarena audit` to examine them")
        _check_gates(record, options.despite)
        plan, note = _planned(config, out, options, iterations, record)
        told: Json = {}

        def fill(folder: Path) -> Json:
            told.update(write_content(plan, folder))
            return told

        aside = write_export(to, fill)
    return told | {
        "folder": str(to),
        "aside": aside and str(aside),
        "note": "; ".join(filter(None, (note, _told_unseen(record)))),
    }


def _planned(
    config: Config, out: Path, options: ExportOptions, iterations: Sequence[int], record: AuditRecord
) -> tuple[Plan, str]:
    """What is written, and why no weights go along where nobody has asked for them."""
    only = {read_licence(name).id for name in options.only}
    taken = gather(out, iterations, record, options.patient_side, only)
    if not taken.rows:
        raise DataError(f"{out}: no row to export ({_why_none(taken, options)})")
    verdict = judge(_licensed(config, taken, options), options.unstated_ok)
    if not verdict.allowed:
        _refuse(out, verdict)
    known = people(_known(config, iterations, options))
    patients = sorted({one.lineage.patient for one in taken})
    persons = {patient: person_of(patient, known) for patient in patients}
    seed = config.seed if options.seed is None else options.seed
    splits = split_people(persons.values(), options.dev_share, seed)
    learnt, note = None, ""
    if options.weights is not False:
        try:
            learnt = chosen_weights(config, out, summary_of(out), options.weights_of, only, options.unstated_ok)
        except (ConfigError, DataError) as error:
            if options.weights or options.weights_of is not None:
                raise
            note = f"no weights: {error}"
    weights = read_json(out / SETTINGS, "the settings of a run directory").get(WEIGHTS) or {}
    return Plan(
        config=config,
        out=out,
        options=options,
        iterations=iterations,
        audit=record,
        taken=taken,
        verdict=verdict,
        persons=persons,
        unknown_people=sum(patient not in known for patient in patients),
        splits=splits,
        learnt=learnt,
        prompts=prompts_of(config),
        base_digest=str(weights.get("embedded", "")),
    ), note


def numbers_of(told: str | None) -> tuple[int, ...]:
    """The iterations that a command names, such as `0,1`; empty for none. Raises `ConfigError`."""
    parts = [part.strip() for part in told.split(",")] if told else []
    if odd := [part for part in parts if not re.fullmatch("[0-9]{1,4}", part)]:
        raise ConfigError(f"--iterations {told}: {odd[0]!r}; expected numbers such as 0,1")
    return tuple(map(int, parts))


def _iterations(out: Path, options: ExportOptions) -> list[int]:
    there = played_iterations(out)
    if not there:
        raise DataError(f"{out}: no rows; expected a run directory with {SFT} of `mentalarena run` or `build`")
    if missing := [number for number in options.iterations if number not in there]:
        raise ConfigError(f"--iterations: {missing[0]} has no rows; expected some of {', '.join(map(str, there))}")
    return sorted(set(options.iterations)) or there


def _current(out: Path) -> AuditRecord | None:
    """The record of an audit of the run as it is now, if none of its checks was left out."""
    found = read_audit(out)
    whole = found is not None and not any(gate.get("note") == LEFT_OUT for gate in found.gates)
    return found if found and whole and not found.stale(out) else None


def _check_wanted(out: Path) -> None:
    """Raises `DataError` where a plain audit would forget what an earlier one was given to look for."""
    before = read_audit(out)
    if not before or not before.wanted:
        return
    names = {"data": "benchmark questions", "embedder": "an embedder", "seeds": "seeds", "canaries": "canaries"}
    given = [told for name, told in names.items() if before.wanted.get(name)]
    options = {"data": "--data ...", "embedder": "--embedder ...", "seeds": "--seeds ...", "canaries": "--canary ..."}
    again = [told for name, told in options.items() if before.wanted.get(name)]
    raise DataError(
        f"{out}: audited with {', '.join(given) or 'more than the run'} before, and rows have changed since; expected "
        f"`{' '.join(['mentalarena audit', str(out), *again])}` again"
    )


def _check_gates(record: AuditRecord, despite: Collection[str]) -> None:
    names = [gate["check"] for gate in record.gates]
    if unknown := [name for name in despite if name not in names]:
        raise ConfigError(f"--despite {unknown[0]}: no such gate; expected one of {', '.join(names)}")
    failed = [gate for gate in record.gates if gate["status"] == "failed" or gate in _unseen(record)]
    if record.status == "failed" and not failed:
        raise DataError("audit: failed, and no gate says why; expected `mentalarena audit` to be run again")
    if left := [gate for gate in failed if gate["check"] not in despite]:
        told = "; ".join(": ".join(filter(None, (gate["check"], str(gate.get("note", ""))))) for gate in left)
        options = " ".join(f"--despite {gate['check']!r}" for gate in left)
        raise DataError(
            f"audit: failed at {told}; expected it to be mended, or {options}, which the card then says in bold letters"
        )


def _unseen(record: AuditRecord) -> list[Mapping[str, Any]]:
    """Gates of leaks that nobody did. One pass looks for both: where prompts were looked at, there was no guidance."""
    missing = {gate["check"]: gate for gate in record.gates if gate["check"] in LEAKS and gate["status"] == "not done"}
    return list(missing.values()) if LEAKS[0] in missing else []


def _told_unseen(record: AuditRecord) -> str:
    told = [": ".join(filter(None, (gate["check"], str(gate.get("note", ""))))) for gate in _unseen(record)]
    return f"not audited: {'; '.join(told)}" if told else ""


def _why_none(taken: Gathered, options: ExportOptions) -> str:
    told = [f"{taken.held_back['rows']} held back by the audit"] if taken.held_back["rows"] else []
    told += [f"{taken.other_licence['rows']} under other licences"] if taken.other_licence["rows"] else []
    told += [] if told or options.patient_side else ["none is the therapist's; the patient's: --patient-side"]
    return ", ".join(told) or "the iterations have none"


def _licensed(config: Config, taken: Gathered, options: ExportOptions) -> Iterator[LicensedRow]:
    """What licences are judged by: each record by its patient's, and the principles that stand in patients' prompts."""
    yield from (one.licensed for one in taken)
    if options.patient_side and config.clinic.principles:
        yield LicensedRow(Path(config.clinic.principles).name, 1, "behaviour principles", "unstated")
    elif options.patient_side and config.clinic.source != "generated":
        yield LicensedRow("the library's principles", 1, "behaviour principles", LIBRARY_LICENCE)


def _refuse(out: Path, verdict: Verdict) -> NoReturn:
    """Raises `DataError` with the first rows; all of them are in a file."""
    groups = [(one.why, one.rows) for one in verdict.refused]
    groups += [(f"not with {', '.join(one.licences)}", rows) for one in verdict.conflicts for rows in one.rows.values()]
    told = [
        {"file": row.file, "line": row.row, "patient": row.patient, "licence": row.licence, "why": why}
        for why, rows in groups
        for row in rows
    ]
    write_jsonl(out / REFUSED, told)
    raise DataError(f"{in_one_line(verdict)}; all {len(told)} are in {out / REFUSED}")


def _known(config: Config, iterations: Sequence[int], options: ExportOptions) -> list[Patient]:
    """The patients behind the rows, to know which of them are one person. Raises `DataError` where their file is gone."""
    source = str(options.patients or config.clinic.source)
    if source == "library":
        return [patient for person in library() for patient in person.patients()]
    if source != "generated":
        try:
            return read_patients(Path(source))
        except DataError as error:
            raise DataError(
                f"{error} (who is the same person decides the splits; --patients FILE where it has moved)"
            ) from None
    clinic = open_clinic(source)
    found = [patient for number in iterations for patient in coming(clinic, config, number)]
    if options.patient_side and config.training.rehearsal:
        found += others(clinic, config)
    return found
