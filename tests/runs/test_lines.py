"""Each line is found again by where it stands, whatever is in it and however long it is."""

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.runs.lines import Where, each_line, read_at


@given(st.lists(st.binary(max_size=40).map(lambda text: text.replace(b"\n", b"")), max_size=12), st.booleans())
def test_offset_and_length_give_the_line_back(lines: list[bytes], ended: bool) -> None:
    whole = b"\n".join(lines) + b"\n" * ended
    found = [
        (number, whole[offset : offset + len(text)], text) for number, offset, text in each_line(io.BytesIO(whole)) if text
    ]
    assert [(number, text) for number, text, _ in found] == [(number, text) for number, _, text in found]
    told = [(number, line.strip(b" \t\r\n")) for number, line in enumerate(lines, 1) if line.strip(b" \t\r\n")]
    assert [(number, text) for number, text, _ in found] == told


@given(st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"")), max_size=8), st.integers(1, 12))
def test_a_line_that_is_too_long_is_told_and_the_next_stands_where_it_stood(lines: list[bytes], longest: int) -> None:
    whole = b"".join(line + b"\n" for line in lines)
    found = {number: (offset, text) for number, offset, text in each_line(io.BytesIO(whole), longest)}
    for number, line in enumerate(lines, 1):
        if len(line) > longest:
            assert found[number][1] is None
        elif text := line.strip(b" \t\r\n"):
            offset, told = found[number]
            assert told == text == whole[offset : offset + len(text)]
        else:
            assert number not in found


def test_what_has_become_shorter_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b"abc")
    assert read_at(Where(file, 1, 10)) == b"bc"
