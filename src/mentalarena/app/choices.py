"""Which episodes a page shows, as its address says it: what can be shared, and what a reload brings back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import quote, urlencode

from mentalarena.stages.episodes import COLUMNS, EpisodeIndex, Filters, Page
from mentalarena.stages.filters import VERDICTS

SIZE = 50
"""Episodes a page."""


@dataclass(frozen=True)
class Choice:
    """Filters, search, order and page, all as text; an empty one is none. Whatever stands in an address makes one."""

    verdict: str = ""
    """`right`, `wrong`, `none` or `unknown`."""
    least: str = ""
    """Similarity from here, cosine."""
    most: str = ""
    score: str = ""
    """Best trial's score from here."""
    problems: str = ""
    """`yes` or `no`."""
    style: str = ""
    iteration: str = ""
    arm: str = "main"
    """`any`: all of them."""
    text: str = ""
    said: str = ""
    """`yes`: the text is looked for in the dialogues too."""
    order: str = "id"
    page: str = "1"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Choice:
        """From an address; what it cannot mean is left out."""
        known = {field.name: query[field.name][:200] for field in fields(cls) if query.get(field.name)}
        found = cls(**known)
        return found if found.order.removeprefix("-") in COLUMNS else replace(found, order="id")

    @property
    def query(self) -> str:
        """As an address has it: what differs from nothing chosen."""
        told = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) != field.default}
        return urlencode(told)

    @property
    def filters(self) -> Filters:
        """As the index takes it."""
        score = _number(self.score)
        return Filters(
            verdicts=tuple(v for v in VERDICTS if v == self.verdict),
            similarity=(_number(self.least), _number(self.most)),
            score=(None if score is None else int(score), None),
            problems={"yes": True, "no": False}.get(self.problems),
            style=self.style,
            iteration=_whole(self.iteration),
            arm="" if self.arm == "any" else self.arm or "main",
        )

    def select(self, index: EpisodeIndex, size: int = SIZE) -> Page:
        """The page of an index that was chosen; all of it with `size` 0."""
        return index.select(self.filters, self.text, self.order, _whole(self.page) or 1, size, self.said == "yes")

    def sorted_by(self, column: str) -> Choice:
        """By a column, or the other way round where it is sorted by that already."""
        return replace(self, order=f"-{column}" if self.order == column else column, page="1")


def run_address(run: str, rest: str = "") -> str:
    """Of a run's page, or of what lies below it."""
    return f"/runs/{quote(run, safe='~')}{rest}"


def episodes_address(run: str, choice: Choice) -> str:
    """Of a page of episodes."""
    return run_address(run, "/episodes" + (f"?{choice.query}" if choice.query else ""))


def episode_address(run: str, arm: str, id: str, choice: Choice) -> str:
    """Of one episode, among those of a choice."""
    return _of_episode("episodes", run, arm, id, choice)


def requests_address(run: str, arm: str, id: str, choice: Choice) -> str:
    """Of the requests that an episode is made of."""
    return _of_episode("requests", run, arm, id, choice)


def _of_episode(what: str, run: str, arm: str, id: str, choice: Choice) -> str:
    query = f"?{choice.query}" if choice.query else ""
    return run_address(run, f"/{what}/{quote(arm, safe='')}/{quote(id, safe='')}{query}")


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if -1e6 < found < 1e6 else None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
