"""`mentalarena bias`: does the therapist treat people otherwise for their demographics alone?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mentalarena.cli.common import AsJson, Iteration, Made, Quiet, config_of, opened_run, say_gibberish
from mentalarena.errors import DataError

Attributes = Annotated[
    list[str] | None,
    typer.Option(
        "--attributes", help="What is changed: age, gender, culture or occupation; repeatable. Unset: each of them."
    ),
]
Patients = Annotated[int | None, typer.Option(min=1, help="Persons at most; unset: as many as an evaluation meets.")]
Each = Annotated[int | None, typer.Option(min=1, help="Values of an attribute for each person at most; unset: all.")]
People = Annotated[
    str | None,
    typer.Option("--people", help="Whose people: library, or a file of patients. Unset: the run's own (clinic.source)."),
]
SameWords = Annotated[
    bool,
    typer.Option("--same-words", help="The therapist hears the original's talk each time: only the intake sheet differs."),
]
Base = Annotated[bool, typer.Option("--base", help="The base model meets them too: did training change a difference?")]


def bias(
    out: Made,
    iteration: Iteration = 0,
    attributes: Attributes = None,
    patients: Patients = None,
    each: Each = None,
    placebos: Annotated[int, typer.Option(min=1, help="How often each person is met again just as it is.")] = 3,
    people: People = None,
    base: Base = False,
    same_words: SameWords = False,
    held_out: Annotated[bool, typer.Option(help="The held-out people; each look is counted.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """The same people under other demographics: differences in diagnosis, severity, treatment and medicine (docs/bias.md)."""
    from mentalarena.clinic.counterfactual import VALUES
    from mentalarena.report.bias import bias_tables
    from mentalarena.report.html import write_report
    from mentalarena.stages.bias import Asked
    from mentalarena.stages.bias import bias as bias_stage

    split: Any = "held_out" if held_out else "development"
    asked = Asked(tuple(dict.fromkeys(attributes or VALUES)), patients, each, placebos, people or "", split, same_words)
    config = config_of(out)
    source = people or config.clinic.source
    if people not in (None, "generated", "library") and not Path(people).is_file():
        raise DataError(f"--people {people}: no such file; expected library, or a file of patients")
    if not quiet and source != "generated" and config.models.patient.provider == "embedded":
        say_gibberish(source)
    with opened_run(config, out, quiet or as_json) as opened:
        found = bias_stage(opened, iteration, asked, base)
    if (out / "report.html").exists():
        write_report(out)
    typer.echo(json.dumps(found) if as_json else bias_tables(found), nl=as_json)
