"""One self-contained HTML page about a run: no script, no network, models' text always escaped."""

from __future__ import annotations

import io
import json
import platform
import sys
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mentalarena.analysis.signals import SIGNALS
from mentalarena.audit.record import AUDIT, FINDINGS, read_audit
from mentalarena.errors import DataError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.evaluation.verifier import CHECKS
from mentalarena.report import ablation
from mentalarena.report.analysis import NOTICE as SIGNALS_NOTICE
from mentalarena.report.analysis import signal_rows
from mentalarena.report.audit import NOTICE as AUDIT_NOTICE
from mentalarena.report.audit import SHOWN, gate_rows, verdict_line
from mentalarena.report.audit import meanings as audit_meanings
from mentalarena.report.bias import sections as bias_sections
from mentalarena.report.terminal import CONTROL_NOTE, collapses, notice, p_value, percent, with_interval
from mentalarena.runs.directory import each_of_jsonl, read_json, read_jsonl, write_whole

PACKAGES = ("mentalarena", "torch", "transformers", "trl", "peft", "scipy")
COLOURS = {"diagnosis": "#1f6f8b", "treatment": "#b5651d", "medicine": "#5b7f3a"}


def write_report(out: Path) -> Path:
    """DIR/report.html from what the stages have left. Raises `DataError` where there is no summary yet."""
    from jinja2 import Environment, PackageLoader, TemplateError
    from markupsafe import Markup

    summary = read_json(out / "summary.json", "the run directory of `mentalarena run` or `play`")
    config = read_json(out / "config.json", "the settings of the run")
    environment = Environment(loader=PackageLoader("mentalarena.report"), autoescape=True)
    environment.filters |= {"percent": percent, "with_interval": with_interval, "p_value": p_value}
    try:
        text = environment.get_template("report.html").render(
            summary=summary,
            tasks=TASKS,
            all_checks=CHECKS,
            checks=[c for c in CHECKS if f"verifier_{c}" in summary["iterations"][0].get("evaluation", {})],
            notice=notice(summary),
            control_note=CONTROL_NOTE,
            gain=Markup(_gain(summary)) if _can_draw(summary) else "",  # noqa: S704  (our own drawing)
            perplexity=Markup(_perplexity(summary)) if _can_draw(summary) else "",  # noqa: S704
            benchmarks=_benchmarks(out),
            collapses=collapses(summary),
            analysis=(analysis := _analysis(out)),
            signals=signal_rows(analysis) if analysis else [],
            meanings=SIGNALS,
            signals_notice=SIGNALS_NOTICE,
            audit=(audit := _audit(out)),
            audit_rows=gate_rows(audit) if audit else [],
            audit_meanings=audit_meanings(audit) if audit else {},
            audit_notice=AUDIT_NOTICE,
            findings=_findings(out) if audit else [],
            bias=bias_sections(bias) if (bias := _bias(out)) else None,
            ablated=_ablated(out),
            ablation=ablation,
            episode=_sample(out),
            config=json.dumps(config, indent=1),
            versions={name: _version(name) for name in PACKAGES}
            | {"python": sys.version.split()[0], "system": f"{platform.system()} {platform.machine()}"},
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, TemplateError) as error:
        raise DataError(
            f"{out}: summary.json or episodes.jsonl is not as this version writes it ({error!r}); "
            "expected the files of `mentalarena run` or `play`"
        ) from None
    write_whole(out / "report.html", text)
    return out / "report.html"


def _can_draw(summary: Mapping[str, Any]) -> bool:
    return find_spec("matplotlib") is not None and all("evaluation" in record for record in summary["iterations"])


def _benchmarks(out: Path) -> list[dict[str, Any]]:
    """The records of `mentalarena benchmarks run` in this directory."""
    path = out / "benchmarks" / "results.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def _analysis(out: Path) -> dict[str, Any] | None:
    """What the loop or `mentalarena analyse` has told of this directory."""
    path = out / "analysis.json"
    return read_json(path, "the file of `mentalarena analyse`; delete it") if path.exists() else None


def _audit(out: Path) -> dict[str, Any] | None:
    """What `mentalarena audit` has told of this directory, and whether rows have changed since."""
    record = read_audit(out)
    if record is None:
        return None
    told = read_json(out / AUDIT, "the file of `mentalarena audit`; delete it")
    return told | {"verdict": verdict_line(told), "stale": record.stale(out)}


def _findings(out: Path) -> list[dict[str, Any]]:
    """The first findings of each check."""
    count, found = Counter[str](), []
    for finding in each_of_jsonl(out / FINDINGS) if (out / FINDINGS).exists() else ():
        count[finding["check"]] += 1
        if count[finding["check"]] <= SHOWN:
            found.append(finding)
    return found


def _bias(out: Path) -> dict[str, Any] | None:
    """What `mentalarena bias` has found in this directory."""
    path = out / "bias.json"
    return read_json(path, "the file of `mentalarena bias`; delete it") if path.exists() else None


def _ablated(out: Path) -> dict[str, Any] | None:
    """What `mentalarena ablate` has told of this directory."""
    path = out / "ablation.json"
    return read_json(path, "the file of `mentalarena ablate`; delete it") if path.exists() else None


def _sample(out: Path) -> dict[str, Any] | None:
    """The first episode of the last play that came to a diagnosis and was tried on the patient."""
    for file in sorted(out.glob("iteration-*/episodes.jsonl"), reverse=True):
        for record in read_jsonl(file):
            if record["diagnosis"] and record["diagnosis"]["chosen"] and record["trials"]:
                return record
    return None


def _gain(summary: Mapping[str, Any]) -> str:
    """Development probability over iterations (left), held-out base, best and control (right), with 95 % intervals."""
    figure, (left, right) = _figure(2)
    for task in TASKS:
        found = [record["evaluation"][task] for record in summary["iterations"]]
        steps = list(range(len(found)))
        left.errorbar(
            steps,
            [100 * f["probability"] for f in found],
            yerr=_errors(found),
            color=COLOURS[task],
            label=task,
            marker="o",
            capsize=3,
        )
        left.set_xticks(steps)
    left.set_xlabel("iteration")
    left.set_ylabel("probability of a right answer, %")
    left.set_title("Development patients", loc="left")
    left.legend(frameon=False)
    held_out = summary.get("held_out") or {}
    for number, task in enumerate(TASKS):
        for place, (name, shade) in enumerate((("base", 0.35), ("control", 0.6), ("best", 1.0))):
            if name in held_out:
                found = [held_out[name][task]]
                x = number + (place - 1) * 0.26
                right.bar(
                    x, 100 * found[0]["probability"], 0.24, color=COLOURS[task], alpha=shade, yerr=_errors(found), capsize=3
                )
                right.annotate(
                    name, (x, 1.5), ha="center", fontsize=7, rotation=90, color="white" if shade > 0.5 else "black"
                )
    right.set_xticks(range(len(TASKS)), TASKS)
    right.set_title("Held-out patients", loc="left")
    for axis in (left, right):
        axis.set_ylim(0, 100)
    return _svg(figure)


def _perplexity(summary: Mapping[str, Any]) -> str:
    values = [(r["iteration"], r["perplexity"]) for r in summary["iterations"] if r.get("perplexity")]
    if not values:
        return ""
    figure, (axis,) = _figure(1)
    axis.plot(*zip(*values, strict=True), marker="o", color="#555")
    axis.set_xticks([step for step, _ in values])
    axis.set_xlabel("iteration")
    axis.set_ylabel("perplexity")
    axis.set_ylim(1, max(value for _, value in values) * 1.1)
    axis.set_title("New rows under the model before", loc="left")
    return _svg(figure)


def _figure(panels: int) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * panels, 3.4), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _errors(found: list[Mapping[str, Any]]) -> list[list[float]]:
    low = [100 * (f["probability"] - f["ci95"][0]) for f in found]
    high = [100 * (f["ci95"][1] - f["probability"]) for f in found]
    return [low, high]


def _svg(figure: Any) -> str:
    import matplotlib

    drawn = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "mentalarena", "svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = drawn.getvalue()
    return text[text.index("<svg") :]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
