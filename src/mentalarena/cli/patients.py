"""`mentalarena patients`: list, show, check, stats, import, draft from text, vary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mentalarena.cli.common import AsJson, Assignments, ConfigFile, say_what_plays, who_comes
from mentalarena.errors import ConfigError, DataError
from mentalarena.report.text import printable

if TYPE_CHECKING:
    from mentalarena.clinic.cognitive_model import Patient

patients_app = typer.Typer(
    no_args_is_help=True, help="The patients: list, show, check, count, import, draft from notes, vary."
)

Source = Annotated[
    str, typer.Argument(help="`library`, or a JSON or JSONL file of patients (or of people in the library's form).")
]
Who = Annotated[str | None, typer.Option("--patients", help="library, generated or a file, as for `play`; or how many.")]
Into = Annotated[Path, typer.Option("--out", help="JSONL file to write; it must not be there yet.")]
Licence = Annotated[str, typer.Option(help="Under which licence you have them; follows them into every training row.")]


@patients_app.command("list")
def list_patients(
    patients: Who = None, config: ConfigFile = None, set_: Assignments = None, as_json: AsJson = False
) -> None:
    """Ids of the patients that `play` would take, with how they cope."""
    from mentalarena.clinic.clinics import open_clinic
    from mentalarena.settings import load_config
    from mentalarena.stages.run import coming

    settings = load_config(config, [*(set_ or ()), *who_comes(patients, None)])
    come = coming(open_clinic(settings.clinic.source), settings)
    if as_json:
        typer.echo(json.dumps([p.id for p in come]))
        return
    for patient in come:
        typer.echo(printable(f"{patient.id}  {' '.join(patient.cognitive_model.coping_strategies.split())}".rstrip()))
    say_what_plays(settings)


@patients_app.command("show")
def show_patient(
    patient_id: str, patients: Who = None, config: ConfigFile = None, set_: Assignments = None, as_json: AsJson = False
) -> None:
    """One patient as its own prompt has it: demographics, cognitive model, what it says; of any split of the library."""
    from mentalarena.clinic.clinics import open_clinic
    from mentalarena.clinic.collection import open_collection
    from mentalarena.clinic.files import patient_record
    from mentalarena.settings import load_config
    from mentalarena.stages.run import coming

    settings = load_config(config, [*(set_ or ()), *who_comes(patients, None)])
    source = settings.clinic.source
    known = (
        coming(open_clinic(settings.clinic.source), settings) if source == "generated" else open_collection(source).patients
    )
    found = [p for p in known if p.id == patient_id]
    if not found:
        where = "" if source == "generated" else f" --patients {source}"
        raise DataError(f"{source}: no patient {patient_id!r}; expected an id from `mentalarena patients list{where}`")
    told = found[0]
    if as_json:
        typer.echo(json.dumps(patient_record(told), ensure_ascii=False))
    else:
        typer.echo(printable(f"{told.encoded()}\nsource: {told.source}, licence: {told.licence}"))


@patients_app.command("check")
def check_patients(
    source: Source,
    references: Annotated[Path | None, typer.Option(help="A file of references, held against the taxonomy.")] = None,
    embedder: Annotated[str, typer.Option(help="`lexical`, or a sentence-transformers folder or hub name.")] = "lexical",
    identifiers: Annotated[
        bool, typer.Option(help="Look for names, dates, places, contacts, ids (needs Presidio).")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Is a library sound? Form, empty components, near-duplicates, references, identifiers, readability. Errors: exit code 1."""
    from collections import Counter
    from dataclasses import asdict

    from mentalarena.clinic.audit import longest_shared
    from mentalarena.clinic.collection import open_collection
    from mentalarena.models.backends import embedder_of

    found = open_collection(source, references)
    alike = found.likenesses(embedder_of(embedder))
    findings = found.findings(alike, identifiers)
    errors = sum(finding.level == "error" for finding in findings)
    if as_json:
        told: dict[str, Any] = {"patients": len(found.patients), "people": len(found.subjects), "errors": errors}
        told |= {"likest": asdict(alike[0]) if alike else None, "longest_shared": longest_shared(found.subjects)}
        typer.echo(json.dumps(told | {"findings": [asdict(finding) for finding in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(printable(f"{finding.level:5}  {finding.check}  {finding.where}  {finding.detail}"))
        counts = ", ".join(f"{count} {check}" for check, count in Counter(f.check for f in findings).items())
        people = f" of {len(found.subjects)} people" if len(found.subjects) != len(found.patients) else ""
        sound = f"{errors} errors; {counts}" if errors else f"no errors; to look at: {counts}" if findings else "all sound"
        typer.echo(f"{source}: {len(found.patients)} patients{people}, {sound}")
        if alike:
            pair, count = alike[0], len(found.subjects)
            where = f"{pair.one}, {pair.other} ({pair.component}, cosine {pair.cosine:.2f})"
            typer.echo(f"likest of {count * (count - 1) // 2} pairs of people: {where}")
            typer.echo(f"longest run of words that two people share: {longest_shared(found.subjects)}")
        if not identifiers:
            typer.echo("identifiers: not looked for")
    if errors:
        raise typer.Exit(1)


@patients_app.command("stats")
def count_patients(
    source: Source,
    references: Annotated[Path | None, typer.Option(help="A file of references.")] = None,
    as_json: AsJson = False,
) -> None:
    """Whom a library covers: disorder by age by severity, and who they are."""
    from mentalarena.clinic.collection import open_collection
    from mentalarena.report.coverage import counts, coverage_table

    found = open_collection(source, references)
    typer.echo(json.dumps(counts(found), ensure_ascii=False) if as_json else coverage_table(found))


@patients_app.command("import")
def import_patients(
    file: Annotated[Path, typer.Argument(help="Patient-Psi-CM's JSON, or any CSV, JSON or JSONL table.")],
    out: Into,
    licence: Licence = "unstated",
    source: Annotated[str, typer.Option(help="What the collection is called; follows its patients into every row.")] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="OURS=THEIRS, such as history=anamnesis; repeatable. Ours: the components (history, ...), id, name, "
            "person, core_beliefs.helpless (unlovable, worthless), demographics.ANYTHING.",
        ),
    ] = None,
) -> None:
    """Patients of another collection as a file that `play --patients FILE` takes."""
    from mentalarena.clinic.files import write_patients
    from mentalarena.clinic.importers import is_patient_psi, read_mapped, read_patient_psi

    _must_be_new(out)
    mapping = dict(_pair(text) for text in map_ or ())
    left: tuple[str, ...] = ()
    if not mapping and is_patient_psi(file):
        patients = read_patient_psi(file, licence, source or "Patient-Psi-CM")
    else:
        patients, left = read_mapped(file, mapping, licence, source)
    write_patients(out, patients)
    typer.echo(f"{out}: {len(patients)} patients, licence {licence}" + (f"; left out: {', '.join(left)}" if left else ""))
    if licence == "unstated":
        typer.echo("mentalarena: no --licence: rows made with these patients will say `unstated`", err=True)


@patients_app.command("import-principles")
def import_principles(
    file: Annotated[Path, typer.Argument(help="JSON or JSONL: groups, or a list of principles (Roleplay-doh's).")],
    out: Into,
) -> None:
    """Behaviour principles of another collection, for `--set clinic.principles=FILE`."""
    from mentalarena.clinic.importers import read_principles_json
    from mentalarena.clinic.principles import write_principles

    _must_be_new(out)
    groups = read_principles_json(file)
    write_principles(out, groups)
    typer.echo(f"{out}: {sum(len(group.principles) for group in groups)} principles in {len(groups)} groups")


@patients_app.command("from-text")
def draft_patients(
    notes: Annotated[Path, typer.Argument(help="Text about one person, or several with a line of --- between them.")],
    out: Into,
    config: ConfigFile = None,
    set_: Assignments = None,
    licence: Licence = "unstated",
    redact: Annotated[
        bool, typer.Option("--redact", help="Put (name), (date), ... in square brackets in the place of what is found.")
    ] = False,
    checked: Annotated[
        bool, typer.Option("--checked", help="Somebody has looked at what was found: go on with the text as it is.")
    ] = False,
) -> None:
    """Draft cognitive models from vignettes with the therapist's model. Refuses text that could tell who somebody is."""
    from mentalarena.clinic.deidentify import available, identifiers, redacted
    from mentalarena.clinic.files import write_patients
    from mentalarena.models.backends import Backends, base_of
    from mentalarena.settings import load_config
    from mentalarena.stages.draft import draft, read_vignettes

    _must_be_new(out)
    if redact and checked:
        raise ConfigError("--redact and --checked: expected one of them (checked text is used as it is)")
    settings = load_config(config, set_ or ()).models.therapist
    if settings.provider == "embedded":
        raise ConfigError("the embedded model cannot draft: expected a real model (--config configs/transformers.toml)")
    vignettes = read_vignettes(notes)
    if not checked:
        found = [(number, hit) for number, text in enumerate(vignettes, 1) for hit in identifiers(text)]
        if found and not redact:
            for number, hit in found:
                typer.echo(printable(f"vignette {number}: {hit.kind}: {hit.text}"), err=True)
            raise DataError(
                f"{notes}: {len(found)} places could tell who somebody is; nothing was sent to a model. Expected a text without "
                "them, --redact (replaces them; read the result), or --checked (somebody has looked)"
            )
        for _ in range(3):  # what stood beside a name may now look like one
            vignettes = [redacted(text, [h for h in identifiers(text) if "[" not in h.text]) for text in vignettes]
    drafts: list[Patient] = []

    def done(drafted: Patient) -> None:
        drafts.append(drafted)
        write_patients(out, drafts)

    backends = Backends()
    try:
        model = backends.model(settings, base_of(settings))
        failed = backends.run(draft(vignettes, model, settings.prompt_set, licence, done, settings.reply_tokens))
    finally:
        backends.close()
    for drafted in drafts if available() else ():
        for hit in identifiers(drafted.cognitive_model.profile()):
            typer.echo(printable(f"{drafted.id}: look at {hit.kind}: {hit.text}"), err=True)
    if drafts:
        typer.echo(f"{out}: {len(drafts)} drafts, marked as not reviewed; read and mend them, then say so in `source`")
    if failed:
        raise DataError(f"{notes}: {len(failed)} of {len(vignettes)} vignettes made no draft; {failed[0]}")


@patients_app.command("counterfactual")
def vary_patients(
    source: Source,
    out: Into,
    attribute: Annotated[
        list[str] | None, typer.Option(help="age, gender, culture, occupation; repeatable. Without it: all.")
    ] = None,
    each: Annotated[int | None, typer.Option(min=1, help="At most so many other values an attribute.")] = None,
    split: Annotated[
        str,
        typer.Option(help="Of the library: play, development, held_out or all. What is played with is no longer held out."),
    ] = "play",
    seed: Annotated[int, typer.Option(help="Draws the order, and the values where --each leaves some out.")] = 0,
) -> None:
    """The same cognitive models under other demographics, one at a time, for bias analysis (play them with arena.intake).

    People come in an order drawn by seed, each with all of its counterfactuals."""
    import random

    from mentalarena.clinic.collection import open_collection
    from mentalarena.clinic.counterfactual import VALUES, counterfactuals
    from mentalarena.clinic.files import write_patients

    _must_be_new(out)
    found = open_collection(source)
    if split not in ("play", "development", "held_out", "all"):
        raise ConfigError(f"--split {split}: expected play, development, held_out or all")
    patients = [p for p in found.patients if split == "all" or found.splits.get(p.person, split) == split]
    random.Random(f"counterfactual-{seed}").shuffle(patients)
    try:
        made = counterfactuals(patients, attribute or tuple(VALUES), each, seed)
    except ValueError as error:
        raise ConfigError(f"--attribute {error}") from None
    write_patients(out, made)
    typer.echo(f"{out}: {len(patients)} originals, {len(made) - len(patients)} counterfactuals")


def _must_be_new(out: Path) -> None:
    if out.exists():
        raise DataError(f"{out}: is there already; expected a new file")


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals or not ours or not theirs:
        raise ConfigError(f"--map {text}: expected OURS=THEIRS, such as history=anamnesis")
    return ours.strip(), theirs.strip()
