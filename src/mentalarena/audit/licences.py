"""Licences of rows: which may go out, which may go out together, and what the whole must then be under.

Every row is derived from its patient's texts, so the folder is read as one work that is adapted from all of them: the strictest
reading. No-derivatives licences and closed terms never go out; unstated ones only where the user says that they may; share-alike
and non-commercial ones limit what the whole can be under, and where no licence is left they do not go together. The table is
data/licences.toml. It is a check against mistakes and no legal advice.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Any, Literal

from mentalarena.audit.findings import Finding

UNSTATED = "unstated"
Kind = Literal["known", "unstated", "closed", "unknown"]
_OPERATORS = re.compile(r"\s+(OR|AND)\s+")
_WORDS = {
    "creative-commons": "cc",
    "attribution": "by",
    "non-commercial": "nc",
    "noncommercial": "nc",
    "share-alike": "sa",
    "sharealike": "sa",
    "no-derivatives": "nd",
    "noderivatives": "nd",
    "no-derivs": "nd",
    "noderivs": "nd",
}
_URL = re.compile(r"https?://(?:www\.)?creativecommons\.org/licenses/([a-z-]+)/([0-9.]+)")
_CC = re.compile(r"cc-by((?:-(?:nc|sa|nd))*)(?:-([0-9]\.[0-9]))?(?:-(?:[a-z]{2,3}|international|unported|generic))*")


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence string was read as."""

    id: str
    """The SPDX identifier or expression; the text itself where it is no licence that we know."""
    kind: Kind
    into: frozenset[str]
    """The known licences that a work with this part may be under; empty where there can be none."""
    asks: frozenset[str] = frozenset()
    """`attribution`, `share-alike`, `non-commercial`, `no-derivatives`."""
    hub: str = ""
    """The name on the Hugging Face hub."""


@dataclass(frozen=True, slots=True)
class LicensedRow:
    """A row as the check sees it, named so that a person finds it."""

    file: str
    row: int
    """The line, from 1."""
    patient: str
    licence: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.row} (patient {self.patient})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that may not go out, by one licence, and why."""

    licence: str
    why: str
    rows: tuple[LicensedRow, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Licences that may not go together, and the rows of each."""

    rows: Mapping[str, tuple[LicensedRow, ...]]

    @property
    def licences(self) -> tuple[str, ...]:
        return tuple(self.rows)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether rows may go out together."""

    whole: Licence | None
    """What the whole must be under; None where it may not go out, or nothing is known of any row."""
    unstated: int
    """Rows whose licence nobody has stated, and that go out because the user said so."""
    refused: tuple[Refusal, ...]
    conflicts: tuple[Conflict, ...]
    free: Mapping[str, int]
    """Rows by licence that may go out, as far as that licence is concerned."""

    @property
    def allowed(self) -> bool:
        return not self.refused and not self.conflicts


@lru_cache
def known_licences() -> dict[str, Licence]:
    """The table by identifier, from the licence that asks least to the one that asks most."""
    entries = [one for told in _table()["licence"] for one in _versions(told)]
    asks = {entry["id"]: frozenset(entry["asks"]) for entry in entries}
    found = {}
    for place, entry in enumerate(entries):
        into = _into(entry, place, entries, asks)
        found[entry["id"]] = Licence(entry["id"], "known", frozenset(into), asks[entry["id"]], entry["hub"])
    return found


@lru_cache(maxsize=4096)
def read_licence(text: str) -> Licence:
    """A licence string as a licence: SPDX identifiers and expressions (`OR`, `AND`), Creative Commons' names and links, the
    table's other names. What is none of them is `unknown`: nobody guesses."""
    told = " ".join(text.split())
    known, name = known_licences(), _plain(told)
    if identifier := _names().get(name) or _creative_commons(told):
        return known[identifier]
    if name in {_plain(other) for other in _table()["unstated"]["names"]}:
        return Licence(UNSTATED, "unstated", frozenset(known))
    if name in {_plain(other) for other in _table()["closed"]["names"]}:
        return Licence(told.lower(), "closed", frozenset())
    return _expression(told) or Licence(told, "unknown", frozenset())


def unfree(text: str, item: str = "") -> Finding | None:
    """The finding for a row whose patient's licence does not let it go out as it is; None where it does. A person must look: the
    owner may have agreed. `mentalarena export` refuses such rows, and those that may not go together."""
    licence = read_licence(text)
    if licence.kind == "known" and licence.into:
        return None
    why = {"unstated": "nobody has stated a licence", "unknown": "no licence that is known"}.get(
        licence.kind, "it allows no work that is made from it"
    )
    return Finding("licences", item, f"{licence.id[:100]}: {why}", "look")


def together(one: Licence, other: Licence) -> bool:
    """Whether two parts may stand in one work."""
    return bool(one.into & other.into) or one.id == other.id


def judge(rows: Iterable[LicensedRow], unstated_ok: bool = False) -> Verdict:
    """Whether rows may go out in one folder. `unstated_ok`: the user vouches for rows whose licence nobody has stated."""
    groups: dict[Licence, list[LicensedRow]] = {}
    for row in rows:
        groups.setdefault(read_licence(row.licence), []).append(row)
    refused = [
        Refusal(licence.id, why, tuple(own))
        for licence, own in groups.items()
        if (why := _why_not(licence)) and not (unstated_ok and licence.kind == "unstated")
    ]
    free = [licence for licence in groups if licence.into and licence.kind != "unstated"]
    conflicts = [
        Conflict({licence.id: tuple(groups[licence]) for licence in pair})
        for pair in combinations(free, 2)
        if not together(*pair)
    ]
    common = frozenset(known_licences()).intersection(*(licence.into for licence in free))
    if free and not common and not conflicts:  # choices (OR) that exclude each other only all together
        conflicts = [Conflict({licence.id: tuple(groups[licence]) for licence in free})]
    whole = None
    if free and not refused and not conflicts:
        whole = next(licence for name, licence in known_licences().items() if name in common)
    unstated = sum(len(own) for licence, own in groups.items() if licence.kind == "unstated") if unstated_ok else 0
    counts = {licence.id: len(groups[licence]) for licence in free}
    return Verdict(whole, unstated, tuple(refused), tuple(conflicts), counts)


def in_one_line(verdict: Verdict, most: int = 3) -> str:
    """Why rows may not go out, naming the first `most` rows of each licence, and what would help; empty where they may."""
    parts = [f"{_some(one.licence, one.rows, most)}: {one.why}" for one in verdict.refused]
    parts += [
        f"{' and '.join(_some(name, rows, most) for name, rows in one.rows.items())} may not go together"
        for one in verdict.conflicts
    ]
    if not parts:
        return ""
    parted = {name for one in verdict.conflicts for name in one.licences} or set(verdict.free)
    largest = sorted(parted, key=lambda name: (-verdict.free[name], name))[:most]
    helps = [f"--only-licence '{name}' ({verdict.free[name]} rows)" for name in largest]
    if any(one.licence == UNSTATED for one in verdict.refused):
        helps.append("--licence-unstated ok, where you know that you may")
    helps = helps or ["rows that may go out"]
    return f"licences: {'; '.join(parts)}; expected {' or '.join(helps)}"


def _some(licence: str, rows: Sequence[LicensedRow], most: int) -> str:
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return f"{licence} ({', '.join(row.where for row in rows[:most])}{more})"


def _why_not(licence: Licence) -> str:
    """Why a licence lets nothing go out; empty where it does."""
    if licence.kind == "unstated":
        return "nobody has stated under which licence these patients may be given on"
    if licence.kind == "closed":
        return "closed terms, which let nothing go out"
    if licence.kind == "unknown":
        return "no licence that is known here (an SPDX identifier such as CC-BY-4.0 is)"
    if "no-derivatives" in licence.asks:
        return "gives no leave to share what is derived from it, and rows are"
    return "" if licence.into else "its own parts may not go together"


@lru_cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("mentalarena.audit").joinpath("data/licences.toml").read_text("utf-8"))


def _versions(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    name = entry["id"]
    if "versions" not in entry:
        return [dict(entry, family=name, hub=entry.get("hub", name.lower()))]
    on_hub = entry.get("on_hub", entry["versions"])
    names = [(f"{name}-{version}", version in on_hub) for version in entry["versions"]]
    return [dict(entry, family=name, id=one, hub=one.lower() if there else "other") for one, there in names]


def _into(
    entry: Mapping[str, Any], place: int, entries: Sequence[Mapping[str, Any]], asks: Mapping[str, frozenset[str]]
) -> Iterable[str]:
    own = asks[entry["id"]]
    if "no-derivatives" in own:
        return ()
    later = [other for other in entries[place:] if "no-derivatives" not in other["asks"]]
    if "share-alike" in own:  # the licence itself, and its later versions
        return [other["id"] for other in later if other["family"] == entry["family"]]
    # what asks more of who receives it, and all that this one asks
    excluded = entry.get("not_into", ())
    return [other["id"] for other in later if own - {"attribution"} <= asks[other["id"]] and other["id"] not in excluded]


@lru_cache
def _names() -> dict[str, str]:
    """Plain name to identifier; a family's own name is its latest version."""
    found: dict[str, str] = {}
    for told in _table()["licence"]:
        *_, latest = _versions(told)
        found |= {_plain(name): latest["id"] for name in (told["id"], *told.get("names", ()), told.get("hub", told["id"]))}
        found |= {_plain(one["id"]): one["id"] for one in _versions(told)}
    return found


def _plain(text: str) -> str:
    """Without case and punctuation, and without the words that names of licences are dressed in."""
    words = (word.strip(".") for word in re.split(r"[^a-z0-9.]+", text.lower()))
    return "-".join(word for word in words if word and word not in ("license", "licence", "the", "version", "v"))


def _creative_commons(text: str) -> str | None:
    """The identifier behind a name or link of Creative Commons. Without a version it is the latest: earlier ones, but for the
    first share-alike one, give leave to adapt under that."""
    if found := _URL.match(text.lower()):
        name = f"cc-{found[1]}-{found[2]}"
    else:
        name = _plain(text)
        for words, short in _WORDS.items():
            name = name.replace(words, short)
        name = name if name.startswith("cc-") else f"cc-{name}"
        if not re.search("cc|creative", text.lower()) and not re.search(
            "[0-9]", text
        ):  # else "attribution" alone would be one
            return None
    match = _CC.fullmatch(name)
    if not match:
        return None
    parts = set(filter(None, match[1].split("-")))
    family = "-".join(["CC-BY", *(part.upper() for part in ("nc", "sa", "nd") if part in parts)])
    identifier = f"{family}-{match[2] or '4.0'}"
    return identifier if identifier in known_licences() else None


def _expression(text: str) -> Licence | None:
    """An SPDX expression of known licences without brackets; AND binds closer than OR."""
    words = _OPERATORS.split(text)
    if len(words) < 3:
        return None
    choices: list[list[Licence]] = [[read_licence(words[0])]]
    for operator, name in zip(words[1::2], words[2::2], strict=True):
        choices = [*choices, []] if operator == "OR" else choices
        choices[-1].append(read_licence(name))
    if any(part.kind != "known" for parts in choices for part in parts):
        return None
    into = [frozenset.intersection(*(part.into for part in parts)) for parts in choices]
    asks = [frozenset.union(*(part.asks for part in parts)) for parts in choices]
    name = " OR ".join(" AND ".join(part.id for part in parts) for parts in choices)
    return Licence(name, "known", frozenset.union(*into), frozenset.intersection(*asks))
