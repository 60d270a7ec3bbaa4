"""Arms: what is different from the whole method, one thing each. The loop's control and `mentalarena ablate` read this table.

An arm lies under arms/NAME in the run directory of the others, plays the same patients with the same seeds, and shares their
journal: what two arms ask alike is asked once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from mentalarena.errors import ConfigError
from mentalarena.training.rows import THERAPIST, RowKind

MAIN = "main"
DIALOGUE, FEWER = "dialogue-replay", "equal-rows"
COIN_FLIPS = re.compile(r"coin-flips-([0-9]{1,2}|100)")
Group = Literal["whole method", "component", "data", "control"]


@dataclass(frozen=True, slots=True)
class Arm:
    """What an arm does otherwise than `main`, in play and in the rows that are learnt."""

    name: str
    what: str
    """One line for people."""
    group: Group
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of `ArenaSettings`. An arm without any learns from main's episodes and plays nothing."""
    kinds: tuple[RowKind, ...] = THERAPIST
    """Of the therapist's rows; without any, what main replays is learnt alone."""
    share: float = 1.0
    """Of the therapist's rows of each kind, drawn by seed."""
    shuffled: bool = False
    """Whether the rows' answers are exchanged within their kind."""
    verdicts_replayed: bool = True
    """False: dialogue alone is replayed, since choices, outcomes and scores are verdicts."""
    capped: bool = False
    """Whether it has at most as many rows of each kind as main."""
    beside: str = ""
    """The arm that it is also compared with: like main, but for something that this arm has otherwise by its nature."""

    @property
    def plays(self) -> bool:
        """Whether it has episodes of its own."""
        return self.name == MAIN or bool(self.settings)


def _control(name: str, what: str, **settings: Any) -> Arm:
    return Arm(
        name, what, "control", settings, shuffled=not settings, verdicts_replayed=False, capped=True, beside=DIALOGUE
    )


def _coin_flips(percent: int) -> Arm:
    return _control(f"coin-flips-{percent}", f"chance gives {percent} % of the verdicts", coin_flips=percent / 100)


_ARMS = (
    Arm(MAIN, "the whole method", "whole method"),
    Arm(FEWER, "a third of the rows of each kind: about as many as one kind alone has", "whole method", share=1 / 3),
    Arm(DIALOGUE, "all rows, but dialogue alone is replayed, as with controls", "whole method", verdicts_replayed=False),
    Arm(
        "without-encoder",
        "the patient has its history and situation alone, and no manner of talking",
        "component",
        {"cognition": False, "principles": False},
    ),
    Arm(
        "without-cognition",
        "the patient has its history and situation alone: no beliefs, coping, thoughts, emotions, behaviour",
        "component",
        {"cognition": False},
    ),
    Arm("without-principles", "the patient has no manner of talking", "component", {"principles": False}),
    Arm(
        "without-decoder",
        "no probes, notes and guidance; as many questions as with all of its rounds",
        "component",
        {"decoder": False},
    ),
    Arm(
        "without-rounds",
        "no probes, notes and guidance, and no more questions than before the first decoding",
        "component",
        {"decoder": False, "decode_rounds": 0},
    ),
    Arm("without-guidance", "decoded and talked on, but the therapist hears no guidance", "component", {"guided": False}),
    Arm("diagnosis-alone", "of the therapist's rows diagnoses alone", "data", kinds=("diagnosis",), beside=FEWER),
    Arm("treatment-alone", "of the therapist's rows treatments alone", "data", kinds=("treatment",), beside=FEWER),
    Arm("medicine-alone", "of the therapist's rows medicines alone", "data", kinds=("medicine",), beside=FEWER),
    Arm("patient-alone", "what main replays of patient and judge, and no row of the therapist's", "data", kinds=()),
    _control("unselected", "nobody is asked for a verdict: the first diagnosis and proposals stand", verdicts="none"),
    _control("shuffled-labels", "main's rows with their answers exchanged within each kind"),
    _coin_flips(50),
)
ARMS: Mapping[str, Arm] = {arm.name: arm for arm in _ARMS}


def arm_of(name: str) -> Arm:
    """The arm of a name; `coin-flips-N` is one for any per cent N. Raises `ConfigError` for a name that is none."""
    if name in ARMS:
        return ARMS[name]
    if found := COIN_FLIPS.fullmatch(name):
        return _coin_flips(int(found[1]))
    near = get_close_matches(name, ARMS, 1)
    expected = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(ARMS)}"
    raise ConfigError(f"no arm {name!r}; {expected}")
