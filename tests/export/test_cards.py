"""Cards: what models and users wrote stands in them as text and as nothing else."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.evaluation.statistics import Interval
from mentalarena.export.cards import code, differing, fence, fenced, plain, points, size_category, yaml

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://evil/x.png)",
    "[a](javascript:alert(1))",
    "**bold** _x_ `code` ~~y~~",
    "a | b | c",
    "line\n---\nlicense: mit\n# title",
    "&lt;b&gt; &#60;i&#62;",
    "https://evil.example/?q=1 me@evil.example",
    "\u2028---\u2029<img src=x onerror=alert(1)>\x00\x1b[31m",
    "\\`x\\`",
    "```\nout\n```",
]
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=80))


def rendered(markdown: str) -> str:
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


@given(texts)
def test_a_text_is_read_as_that_text_and_no_markup(text: str) -> None:
    for markdown in (f"before {plain(text)} after", f"**{plain(text)}x**"):
        tags = set(re.findall(r"<[^>]*>", rendered(markdown)))
        assert tags <= {"<p>", "</p>", "<strong>", "</strong>"}
    assert "\n" not in plain(text)
    assert "<" not in plain(text)


@given(texts, texts)
def test_a_cell_of_a_table_stays_one_cell(first: str, second: str) -> None:
    told = rendered(f"| a | b | c |\n|---|---|---|\n| {plain(first)} | {code(second)} | x |\n")
    assert told.count("<td>") == 3
    assert set(re.findall(r"</?([a-z]+)", told)) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}


@given(texts)
def test_a_code_span_and_a_fenced_line_are_not_left(text: str) -> None:
    assert set(re.findall(r"<[^>]*>", rendered(f"x {code(text)} y"))) == {"<p>", "</p>", "<code>", "</code>"}
    marks = fence([text])
    told = rendered(f"{marks}\n{fenced(text)}\n{marks}\n\nend\n")
    assert set(re.findall(r"<[^>]*>", told)) == {"<pre>", "<code>", "</pre>", "</code>", "<p>", "</p>"}
    assert told.endswith("<p>end</p>\n")


@given(texts)
def test_a_scalar_of_the_header_is_one_scalar(text: str) -> None:
    reader = pytest.importorskip("yaml")
    told: Any = reader.safe_load(f"a: {yaml(text)}\nb: {yaml([text, 'x'])}\nc: {yaml(True)}\n")
    assert told.keys() == {"a", "b", "c"}
    assert isinstance(told["a"], str)
    assert told["b"] == [told["a"], "x"]
    assert told["c"] is True
    assert "<" not in yaml(text)
    if text.isalnum() and text.isascii():
        assert told["a"] == text


def test_the_header_can_be_written_whatever_stands_in_it() -> None:
    reader = pytest.importorskip("yaml")
    scalar = yaml("a \U0001f600 \x85 \u2028 b")
    assert reader.safe_load(f"a: {scalar}")["a"].encode() == b"a ? b"
    assert yaml([size_category(5)]) == '["n<1K"]'


def test_addresses_and_formulas_are_no_links_and_no_formulas() -> None:
    assert plain("WWW.evil.example $x$") == "WWW&#46;evil.example &#36;x&#36;"
    assert fenced("    --set 'a=`b` | <c> & d' \\") == "    --set 'a=`b` | <c> & d' \\"
    assert fence(["a ```` b", "`"]) == "`````"


def test_long_texts_are_cut() -> None:
    assert len(plain("x" * 10_000)) == 200


def test_sizes_settings_and_differences_are_told_as_the_hub_and_the_command_line_take_them() -> None:
    assert [size_category(n) for n in (0, 999, 1000, 99_999, 10**7)] == ["n<1K", "n<1K", "1K<n<10K", "10K<n<100K", "n>10M"]
    assert differing({"a": 1, "b": "x", "c": True, "d": 0}, {"a": 1, "b": "y", "c": False}) == ['b="x"', "c=true"]
    assert points(Interval(0.1234, -0.05, 0.2)) == "+12.3 (-5.0 to +20.0)"
