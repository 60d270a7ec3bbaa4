"""The page about a run: whole in one file, sound in its structure, never rendering what models wrote, readable in both schemes.

1  one file: no script, nothing from elsewhere, and what a browser may load is said in it
2  one h1, headings in order, anchors that lead somewhere, tables and figures with names for those who do not see them
3  whatever stands in any field of episodes, settings and summary stands there as text
4  colours of text have a contrast of at least 4.5 to 1 in both schemes, marks of at least 3
5  a run that was only played, one without held-out patients, one of another version: a page each
6  costs by stage with money where prices are set; the journal is only read
7  how often held-out patients were met is told as it was, whenever that was
"""

import html
import json
import re
import shlex
import shutil
from collections.abc import Mapping
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mentalarena.errors import DataError
from mentalarena.evaluation.therapist import TASKS
from mentalarena.report.html import write_report
from mentalarena.settings import load_config
from mentalarena.stages.play import play, write_play_summary
from mentalarena.stages.run import config_in, opened

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' {{ 7*7 }} </style>"
PATIENTS = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory of scripted models, played once, with prices."""
    out = tmp_path_factory.mktemp("report") / "run"
    price = 'prices.scripted={"prompt": 2, "new": 8}'
    with opened(load_config(None, ["models.all.provider=scripted", "play.patients=7", price]), out) as run:
        write_play_summary(run, play(run, 0, run.base))
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "run", symlinks=True)


def figures(value: float, p: float | None = None) -> dict[str, Any]:
    """What an evaluation tells of a task."""
    return {
        "probability": value, "ci95": [value - 0.1, value + 0.1], "p_vs_base_holm": p, "accuracy": value,
        "accuracy_ci95": [value - 0.1, value + 0.1], "accuracy_p_vs_base_holm": p, "log_loss": 1.0, "invalid": 0.0,
        "constant_baseline": 0.1, "n": PATIENTS, "base_accuracy": None, "least_effect": None,
    }  # fmt: skip


def evaluated(gain: float, p: float | None = None) -> dict[str, Any]:
    verdicts = {"accuracy": 0.9, "ci95": [0.8, 1.0], "n": 9, "change_vs_base": None, "change_ci95": None}
    return {task: figures(0.3 + gain, p) for task in TASKS} | {"verifier_choice": verdicts}


def finish(out: Path, gain: float = 0.3, beyond: float = 0.3) -> dict[str, Any]:
    """A summary as the loop leaves it, with the answers behind it: the best model's by `gain` above the base's, by `beyond` above
    the control's."""
    played = json.loads((out / "summary.json").read_text())["iterations"][0]
    p = 0.001 if gain > 0.1 else 0.9
    summary = {
        "iterations": [played | {"evaluation": evaluated(0.0), "rows": {"diagnosis": 3}, "perplexity": 1.5},
                       {"iteration": 1, "model": "scripted@0123456789ab", "evaluation": evaluated(gain, p), "play": None}],
        "best_iteration": 1, "stop_reason": "all iterations done", "control": {"kind": "unselected", "model": "scripted@ab"},
        "held_out": {"base": evaluated(0.0), "best": evaluated(gain, p), "control": evaluated(gain - beyond, 0.5)},
        "held_out_looks": ["base", "best-iteration-01", "control-unselected"], "clinic": "generated", "seed": 0,
    }  # fmt: skip
    (out / "evaluation").mkdir(exist_ok=True)
    answers = {"base": 0.0, "best-iteration-01": gain, "control-unselected": gain - beyond}
    for name, more in answers.items():
        lines = [
            {
                "patient": f"p{n}",
                "task": task,
                "probability": 0.3 + more + 0.01 * (n % 3) * (name != "base"),
                "right": n % 2 == 0,
            }
            for n in range(PATIENTS)
            for task in TASKS
        ]
        (out / "evaluation" / f"{name}-held_out.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (out / "summary.json").write_text(json.dumps(summary))
    return summary


class Outline(HTMLParser):
    """Tags with their attributes, and the text within each kind of tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        for tag in self._open[-1:]:
            self.texts.setdefault(tag, []).append(data)

    def of(self, *tags: str) -> list[tuple[str, dict[str, str | None]]]:
        return [found for found in self.tags if found[0] in tags]


def page_of(out: Path) -> str:
    return write_report(out).read_text("utf-8")


def test_1_nothing_is_loaded_or_run(out: Path) -> None:
    finish(out)
    page = page_of(out)
    outline = Outline(page)
    assert not outline.of(
        "script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video", "image", "use"
    )
    for _, attributes in outline.tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "srcset", "xlink:href", "action")
        ]
    policy = [a["content"] for _, a in outline.of("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "url(" not in page
    assert "@import" not in page
    targets = {a["href"] or "" for _, a in outline.of("a")}
    assert {target for target in targets if not target.startswith("#")} == {"https://arxiv.org/abs/2410.06845"}


def test_2_structure_for_those_who_hear_it(out: Path) -> None:
    finish(out)
    outline = Outline(page_of(out))
    assert outline.tags[0] == ("html", {"lang": "en"})
    levels = [int(tag[1]) for tag, _ in outline.of("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert len(ids) == len(set(ids))
    anchors = [(a["href"] or "")[1:] for _, a in outline.of("a") if (a["href"] or "").startswith("#")]
    assert set(anchors) <= set(ids)
    expected = ["tested", "result", "curves", "verifier", "signals", "episodes", "audit", "costs", "limits", "again"]
    assert anchors == expected == [a["id"] for _, a in outline.of("section")]
    assert len(outline.of("caption")) == len(outline.of("table")) > 8
    assert all(a.get("scope") in ("col", "row") for _, a in outline.of("th"))
    assert all(a["tabindex"] == "0" and a["aria-label"] for tag, a in outline.of("div") if a.get("class") == "scroll")
    drawings = outline.of("svg")
    assert len(drawings) == 4
    assert len(outline.of("desc")) == len(drawings)
    for _, attributes in drawings:
        assert attributes["role"] == "img"
        assert "30.0 % (20.0 to 40.0)" in (attributes["aria-label"] or "") or "90.0 %" in (attributes["aria-label"] or "")
    assert outline.texts["h2"][0] == "What was tested"


def hostile(value: Any, keep: tuple[str, ...] = ("role", "kind", "id", "component")) -> Any:
    """Every text of a tree becomes hostile, but for those that are checked against a list."""
    if isinstance(value, Mapping):
        return {name: one if name in keep else hostile(one, keep) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, keep) for one in value]
    return HOSTILE if isinstance(value, str) else value


def test_3_no_text_of_episodes_settings_or_summary_is_markup(out: Path) -> None:
    summary = finish(out)
    file = out / "arms" / "main" / "iteration-00" / "episodes.jsonl"
    records = [hostile(json.loads(line)) for line in file.read_text().splitlines()]
    for n, record in enumerate(records):
        record["id"] = f"{n}{HOSTILE}"
        record["decodings"][-1]["comparisons"][0]["component"] = HOSTILE
        record["problems"] = [{"step": HOSTILE, "role": "patient", "kind": "unreadable", "detail": HOSTILE}]
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    summary |= {"stop_reason": HOSTILE, "held_out_looks": [HOSTILE], "clinic": HOSTILE}
    summary["control"]["kind"] = HOSTILE
    summary["iterations"][1] |= {"model": f"x@{HOSTILE}", "collapse": [HOSTILE]}
    summary["iterations"][0]["rows"] = {HOSTILE: 3}
    (out / "summary.json").write_text(json.dumps(summary))
    tree = json.loads((out / "config.json").read_text())
    tree["weights"] = {HOSTILE: HOSTILE}
    tree["models"]["judge"]["model"] = HOSTILE
    tree["prices"][HOSTILE] = {"prompt": 1, "new": 1}
    (out / "config.json").write_text(json.dumps(tree))
    renamed = out.rename(out.parent / "<b>run")
    page = page_of(renamed)
    outline = Outline(page)
    assert not outline.of("script", "img", "b")
    assert not [a for _, a in outline.tags if "onerror" in a]
    assert page.count("<style>") == page.count("</style>") == 1
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 60
    assert "{{ 7*7 }}" in page, "it is no template either"


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """By WCAG 2.2."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_4_text_can_be_read_in_both_schemes(scheme: int) -> None:
    style = files("mentalarena.report").joinpath("templates/report.css").read_text()
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\n *\}", style, re.DOTALL)[scheme]))
    for text in ("ink", "soft", "accent", "patient"):
        assert contrast(colours[text], colours["page"]) >= 4.5, text
    assert contrast(colours["ink"], colours["warn"]) >= 4.5
    assert contrast(colours["ink"], colours["wash"]) >= 4.5
    for mark in ("curve", "control"):
        assert contrast(colours[mark], colours["page"]) >= 3
    assert "@media screen and (prefers-color-scheme: dark)" in style, "paper is never dark"


def test_5_a_run_that_was_only_played_has_a_page_with_its_episodes(out: Path) -> None:
    page = page_of(out)
    assert "7 episodes were played; nothing was trained or measured" in page
    assert page.count('<details class="case"') == 5
    assert page.count('<details class="case" open') == 3
    assert 'id="result"' not in page
    assert "mentalarena play --out DIR" in page
    assert "never care or advice" in page


def test_5_before_held_out_patients_are_met_no_gain_is_told(out: Path) -> None:
    summary = finish(out)
    (out / "summary.json").write_text(json.dumps(summary | {"held_out": None, "stop_reason": "running", "control": None}))
    page = page_of(out)
    assert "Nothing can be said of a gain yet" in page
    assert "No held-out patient has been met" in page


def test_5_settings_of_another_version_are_shown_as_they_stand(out: Path) -> None:
    (out / "config.json").write_text('{"a setting that nobody knows": 3}')
    page = page_of(out)
    assert "cannot be read by this version" in page
    assert "a setting that nobody knows" in page


def test_5_a_page_is_made_twice_the_same_and_of_torn_episodes_only_when_some_can_be_read(out: Path) -> None:
    finish(out)
    assert page_of(out) == page_of(out)
    file = out / "arms" / "main" / "iteration-00" / "episodes.jsonl"
    whole = file.read_text()
    file.write_text(whole + '{"torn')
    assert "1 lines of episodes could not be read" in page_of(out)
    file.write_text('{"torn')
    with pytest.raises(DataError, match=r"episodes\.jsonl:1: torn"):
        write_report(out)


@pytest.mark.parametrize("value", [3, "x", [], {"diagnosis": 3}])
def test_5_a_summary_of_another_shape_is_one_error_that_names_it(value: Any, out: Path) -> None:
    summary = finish(out)
    summary["held_out"]["best"] = value
    (out / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(DataError, match=r"summary\.json"):
        write_report(out)


def cells(page: str, row: str) -> list[str]:
    """The cells of the first row with that name."""
    found = re.search(rf"<th[^>]*>{re.escape(row)}</th>(.*?)</tr>", page)
    assert found, row
    return re.findall(r"<td[^>]*>(.*?)</td>", found[1])


def test_6_costs_are_told_by_stage_with_money_where_prices_are_set(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.glob("journal*")}
    page = page_of(out)
    calls, read, new, money = cells(page, "play of the arm main")
    assert float(money) == pytest.approx((int(read.replace(",", "")) * 2 + int(new.replace(",", "")) * 8) / 1e6, abs=0.005)
    assert int(calls.replace(",", "")) > 100
    assert cells(page, "together")[0].replace(",", "").isdigit()
    assert {path: path.stat().st_mtime_ns for path in out.glob("journal*")} == before
    tree = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(tree | {"prices": {}}))
    assert len(cells(page_of(out), "play of the arm main")) == 3
    (out / "journal.sqlite").write_bytes(b"no journal")
    assert "expected the journal of a run" in page_of(out)
    (out / "journal.sqlite").unlink()
    assert "There is no journal here" in page_of(out)
    assert not (out / "journal.sqlite").exists()


@pytest.mark.parametrize(
    ("gain", "beyond", "expected"),
    [
        (0.3, 0.3, r"Iteration 1 gained in diagnosis \+31\.0 points \(.* and more than the control in each"),
        (0.3, 0.0, "that this is more than the control gained was not shown"),
        (0.0, 0.0, r"No gain was shown against the untrained model: diagnosis \+1\.0 points \(.* to .*\)"),
    ],
)
def test_the_headline_is_what_the_answers_carry(gain: float, beyond: float, expected: str, out: Path) -> None:
    finish(out, gain, beyond)
    if not gain:  # differences that go both ways
        file = out / "evaluation" / "best-iteration-01-held_out.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for n, line in enumerate(lines):
            line["probability"] = 0.31 + (0.2 if n // 3 % 2 else -0.2)
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = re.search(r'<p class="headline">(.*?)</p>', page_of(out))
    assert found
    assert re.search(expected, found[1]), found[1]
    assert "12 simulated held-out patients of the toy clinic" in found[1]


def test_the_commands_make_the_run_again(out: Path) -> None:
    found = re.search(r"<pre>(mentalarena play.*?)</pre>", page_of(out), re.DOTALL)
    assert found
    first, *_ = html.unescape(found[1]).replace("\\\n", " ").splitlines()
    command = shlex.split(first)
    settings = [command[n + 1] for n, word in enumerate(command) if word == "--set"]
    again, own = load_config(None, settings), config_in(out)
    assert again.model_copy(update={"prices": own.prices}) == own, "prices are one's own"


def test_figures_have_colours_of_their_own_where_the_page_has_none(out: Path) -> None:
    finish(out)
    for drawing in re.findall(r"<svg.*?</svg>", page_of(out)):
        assert 'fill="currentColor"' in drawing
        assert re.findall(r"var\(--\w+,#[0-9a-f]{3,6}\)", drawing)
        assert not re.findall(r"var\(--\w+\)", drawing)


def test_7_held_out_patients_who_were_met_again_are_not_told_as_met_after_the_loop_alone(out: Path) -> None:
    finish(out)
    assert "met 3 times, after the loop had stopped (base, best-iteration-01, control-unselected)" in page_of(out)
    looks = ["base", "best-iteration-01", "control-unselected", "best-iteration-02"]
    lines = "".join(f"{json.dumps({'name': name, 'model': 'm'})}\n" for name in looks)
    (out / "evaluation" / "held-out-looks.jsonl").write_text(lines)
    page = page_of(out)
    assert "This is no fresh test, so neither a gain nor a loss can be told" in page
    assert "after the loop had stopped (" not in page
    assert f"met 4 times ({', '.join(looks)}): 1 more than once each by base, best and control" in page
