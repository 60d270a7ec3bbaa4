"""The parser of the documentation's blocks finds what a reader sees, and nothing is skipped in silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docs.blocks import blocks_of, commands, options_of, parsed, spans

PAGE = """Text
<!-- run -->
```bash
mentalarena doctor   # what works
```

=== "Tab"

    <!-- needs: GPU -->
    ```sh
    X=1 mentalarena play \\
      --out DIR
    ```

````text
```
not a block of its own
```
````
"""


def test_blocks_are_found_with_language_text_and_mark() -> None:
    first, second, third = blocks_of(PAGE, "page.md")
    assert (first.language, first.mark, first.where) == ("bash", "run", "page.md:3")
    assert (second.language, second.mark, second.detail) == ("sh", "needs", "GPU")
    assert second.text == "X=1 mentalarena play \\\n  --out DIR"
    assert (third.language, third.mark) == ("text", "")
    assert "not a block" in third.text


def test_a_block_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"page\.md:1"):
        blocks_of("```bash\nmentalarena doctor\n", "page.md")


def test_a_mark_belongs_to_the_next_line_alone() -> None:
    assert blocks_of("<!-- run -->\n\n```bash\nx\n```\n")[0].mark == ""


def test_commands_come_without_comments_values_prompts_and_dots() -> None:
    assert commands("$ HF_TOKEN=... mentalarena export --out 'a b' ...  # said\n\n# nothing\nmake demo") == [
        ["mentalarena", "export", "--out", "a b"],
        ["make", "demo"],
    ]


def test_options_are_read_as_the_command_line_reads_them() -> None:
    assert str(parsed(["mentalarena", "patients", "import", "a.csv", "--out", "b"])["out"]) == "b"
    assert "--shard" in options_of(["mentalarena", "play"])
    assert "--licence" in options_of(["mentalarena", "patients"])
    with pytest.raises(LookupError):
        options_of(["mentalarena", "plya"])
    for words in (["play", "--out", "d", "--patiens", "3"], ["play"], ["evaluate", "--out", "d", "--iteration", "x"]):
        with pytest.raises(Exception, match=r"(?i)option|integer|missing"):
            parsed(["mentalarena", *words])


@given(st.text(alphabet="ab`~\n <!->#:run", max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        found = blocks_of(text, "p")
    except ValueError:  # not closed
        assert "```" in text or "~~~" in text
    else:
        assert all(block.text.count("\n") < text.count("\n") for block in found)
    assert all("\n" not in span for span in spans(text))
