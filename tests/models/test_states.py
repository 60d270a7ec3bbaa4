"""Attention states in one buffer: rows that come, grow, leave and are repeated hold what was written to them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from mentalarena.models.states import States  # noqa: E402

SHAPE = (2, 1, 1)
Row = list[float]


def written(values: Row) -> Any:
    """A row's states, (layers, 2, heads, tokens, width): the same number in each layer, key and value."""
    return torch.tensor(values).view(1, 1, 1, -1, 1).expand(2, 2, 1, -1, 1)


def grow(states: States, rows: list[Row], token: float) -> None:
    cache = states.reading(1)
    for layer in cache.layers:
        came = torch.tensor([token + n for n in range(len(rows))]).view(-1, 1, 1, 1)
        keys, _ = layer.update(came, came)
        assert keys.shape[2] == states.width
    for number, row in enumerate(rows):
        row.append(token + number)


def check(states: States, rows: list[Row]) -> None:
    assert states.lengths == [len(row) for row in rows]
    for number, row in enumerate(rows):
        assert torch.equal(states.row(number), written(row))
    if rows:
        assert states.mask().sum(1).tolist() == states.lengths


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rows_hold_what_was_written_whoever_comes_and_goes(data: st.DataObject) -> None:
    states, rows, fresh = States(SHAPE, torch.float32, "cpu"), list[Row](), 1000.0
    for _ in range(data.draw(st.integers(1, 25))):
        what = data.draw(st.sampled_from(["add", "grow", "drop", "repeat"] if rows else ["add"]))
        fresh += 1000.0
        if what == "add":
            lengths = data.draw(st.lists(st.integers(1, 150), min_size=1, max_size=4))
            new = [[fresh + 200 * n + t for t in range(length)] for n, length in enumerate(lengths)]
            known = [data.draw(st.integers(0, len(row) - 1)) for row in new]
            first = len(rows)
            states.add([written(row[:k]) for row, k in zip(new, known, strict=True)], [len(row) for row in new])
            now = max(len(row) - k for row, k in zip(new, known, strict=True))
            valid = torch.tensor(
                [[t >= now - (len(row) - k) for t in range(now)] for row, k in zip(new, known, strict=True)]
            )
            came = torch.tensor([([float("nan")] * now + row)[-now:] if len(row) < now else row[-now:] for row in new])
            came = torch.where(valid, came, torch.nan).view(len(new), 1, now, 1)  # padding must not get in
            for layer in states.rereading(first, valid).layers:
                layer.update(came, came)
            rows += new
        elif what == "grow":
            for _ in range(data.draw(st.integers(1, 120))):
                grow(states, rows, fresh)
                fresh += 100.0
        elif what == "drop":
            gone = data.draw(st.sets(st.integers(0, len(rows) - 1), min_size=1))
            rows = [rows[number] for number in states.drop(sorted(gone))]
        else:
            chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=6))
            states.repeat(chosen)
            rows = [list(rows[number]) for number in chosen]
        check(states, rows)


def test_the_order_that_drop_tells_is_the_order_of_what_is_left() -> None:
    states = States(SHAPE, torch.float32, "cpu")
    states.add([written([float(n)] * 3) for n in range(5)], [3] * 5)
    assert states.drop([1, 2]) == [0, 3, 4]
    assert [float(states.row(n)[0, 0, 0, 0, 0]) for n in range(3)] == [0.0, 3.0, 4.0]
