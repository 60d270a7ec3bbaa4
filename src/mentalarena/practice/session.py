"""A practice session: who was talked with, what was said, what the trainee noted. Frozen; every change is a new session."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from mentalarena.clinic.cognitive_model import COMPONENTS, Component
from mentalarena.clinic.records import Strict
from mentalarena.practice.rapport import Difficulty, Style

Speaker = Literal["therapist", "patient"]
LONGEST = 4000
"""Characters of a line or a note that are kept."""


class ComponentScore(Strict):
    """One component of the cognitive model: how near the notes are to what is so."""

    component: Component
    similarity: float
    """Cosine of the embedder."""
    threshold: float
    """What a stranger's text must be beaten by (arena/decoder.py)."""
    understood: bool
    noted: str = ""
    encoded: str = ""
    """What is so; shown when the session is over."""
    could_say: tuple[str, ...] = ()
    """What the person could have said about it and was not asked for."""
    asked: int = 0
    """How many of the trainee's questions were about it."""
    questions: tuple[str, ...] = ()
    """Questions that would have helped, where it was not understood."""


class Safety(Strict):
    """Danger: whether there is one, whether it was spoken of, whether it was asked about."""

    risk: str
    """`none`, the reference's words, or `unknown` where nobody knows."""
    asked: bool
    """Whether the trainee asked plainly about death, harm or danger."""
    told: bool
    """Whether the patient spoke of a danger."""
    met: bool
    """Whether a step towards safety followed what was told; true where nothing was."""
    note: str


Verdict = Literal["right", "also present", "easily confused", "wrong", "not named", "several named", "unknown"]


class DiagnosisFeedback(Strict):
    """The trainee's diagnosis beside the library's reference, which no clinician has read."""

    verdict: Verdict
    named: tuple[str, ...] = ()
    """What the trainee's words were read as."""
    reference: tuple[str, ...] = ()
    """The disorders of the reference, the main one first; empty where nobody knows."""
    differential: tuple[str, ...] = ()
    rule_out: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    treatments: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    guideline: str = ""
    clinician_reviewed: bool = False


class Counts(Strict):
    """Plain counts of the talk."""

    questions: int
    open_questions: int
    reflections: int
    advice: int
    words: int
    """The trainee's."""
    patient_words: int

    @property
    def open_share(self) -> float | None:
        """Of the questions; None without any."""
        return self.open_questions / self.questions if self.questions else None

    @property
    def talk_share(self) -> float | None:
        """Of all words, the trainee's; None where nothing was said."""
        every = self.words + self.patient_words
        return self.words / every if every else None


class Trust(Strict):
    """How the trust of a patient without a model went, by the room's rule (rapport.py), which measures nobody."""

    points: float
    """Earned in the end."""
    needed: float
    """That it takes."""
    reached: str = ""
    """The trainee's line with which there was enough for the first time; empty where there never was."""
    cost: tuple[str, ...] = ()
    """The trainee's lines that lost some."""

    @property
    def told(self) -> list[str]:
        """In sentences."""
        points = f"{max(self.points, 0.0):.1f} of the {self.needed:.1f} points"
        found = [f"The person came to trust you with this line of yours: “{self.reached}”."]
        if not self.reached:
            found = [
                f"The person did not come to trust you: {points} that it takes by this room's rule. Open questions, empathy and "
                "taking up what was said earn them."
            ]
        if self.reached and self.points < self.needed:
            found.append("In the end there was not enough trust any more.")
        if self.cost:
            found.append(f"What cost trust: {'; '.join(f'“{text}”' for text in self.cost)}.")
        return found


class Feedback(Strict):
    """What a trainee hears after a session. Simulated, from rules and similarities: no measure of anybody's skill."""

    components: tuple[ComponentScore, ...]
    similarity: float
    """Mean over the components that the patient has."""
    embedder: str
    guidance: str
    """What to ask next, as the arena's decoder guides a therapist."""
    safety: Safety
    diagnosis: DiagnosisFeedback
    counts: Counts
    trust: Trust | None = None
    """None where a model plays the patient: nobody counts its trust."""

    @property
    def understood(self) -> tuple[Component, ...]:
        return tuple(c.component for c in self.components if c.understood)

    @property
    def gaps(self) -> tuple[Component, ...]:
        return tuple(c.component for c in self.components if not c.understood)


class Rival(Strict):
    """A therapist that is no person, on the same patient."""

    name: str
    """The model's name, or that of the checklist."""
    lines: tuple[tuple[Speaker, str], ...]
    components: tuple[ComponentScore, ...]
    similarity: float
    questions: int
    problem: str = ""
    """What went wrong, where the talk could not be had."""


class Session(Strict):
    """One talk. `lines` begin with the greeting that every patient is asked with."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    created: str
    """ISO 8601, UTC."""
    patient: str
    """The patient's id; of the library's people with the situation's number."""
    part: Speaker = "therapist"
    """Whom the person plays: the therapist, or the patient (reversal.py)."""
    source: str = "library"
    """`library`, `generated`, or the file of patients that it comes from."""
    style: Style = "plain"
    difficulty: Difficulty = "normal"
    model: str = ""
    """The name of what plays the patient."""
    manner: str = ""
    """The id of the behaviour principles that a model plays with."""
    seed: int = 0
    lines: tuple[tuple[Speaker, str], ...] = ()
    notes: dict[Component, str] = Field(default_factory=dict)
    diagnosis: str = ""
    feedback: Feedback | None = None
    first: float | None = None
    """The similarity of the first feedback: it shows what is so, so what is noted after it is another thing."""
    rival: Rival | None = None

    @property
    def waiting(self) -> bool:
        """Whether the patient has not answered yet."""
        return bool(self.lines) and self.lines[-1][0] == "therapist"

    @property
    def owed(self) -> bool:
        """Whether the person has said something that nobody has answered."""
        return bool(self.lines) and self.lines[-1][0] == self.part

    @property
    def offline(self) -> bool:
        """Whether the library's own words play the patient, and no model."""
        return self.model.startswith("retrieval:")

    @property
    def turns(self) -> int:
        """Things that the trainee said, the greeting left out."""
        return max(0, sum(who == "therapist" for who, _ in self.lines) - 1)


def new_session(
    patient: str,
    *,
    style: Style = "plain",
    difficulty: Difficulty = "normal",
    model: str = "",
    manner: str = "",
    seed: int = 0,
    source: str = "library",
    part: Speaker = "therapist",
) -> Session:
    """A session that begins now, under an id that cannot be guessed."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Session(
        id=_token(),
        created=created,
        patient=patient,
        source=source,
        part=part,
        style=style,
        difficulty=difficulty,
        model=model,
        manner=manner,
        seed=seed,
    )


def _token() -> str:
    """Not to be guessed; a dash in front would look like an option of the command line."""
    while (token := secrets.token_urlsafe(18)).startswith("-"):
        pass
    return token


def said(session: Session, text: str) -> Session:
    """The trainee said something. What was judged before is judged of another talk, and goes."""
    return _longer(session, "therapist", text)


def heard(session: Session, text: str) -> Session:
    """The patient said something."""
    return _longer(session, "patient", text)


def noted(session: Session, component: Component, text: str) -> Session:
    """A note of the cognitive model; an empty text takes it away. Raises `ValueError` for what is no component."""
    if component not in COMPONENTS:
        raise ValueError(f"{component}: expected one of {', '.join(COMPONENTS)}")
    notes = {**session.notes, component: _kept(text).strip()}
    return _with(session, notes={c: notes[c] for c in COMPONENTS if notes.get(c)}, feedback=None)


def diagnosed(session: Session, text: str) -> Session:
    """What the trainee takes it for."""
    return _with(session, diagnosis=_kept(text).strip(), feedback=None)


def judged(session: Session, feedback: Feedback) -> Session:
    return _with(session, feedback=feedback, first=feedback.similarity if session.first is None else session.first)


def compared(session: Session, rival: Rival) -> Session:
    return _with(session, rival=rival)


def notes_of(session: Session) -> Mapping[str, str | None]:
    """The notes as the decoder has them: every component, None where nothing was noted."""
    return {component: session.notes.get(component) for component in COMPONENTS}


def _kept(text: str) -> str:
    """What is kept of a text: not without end, and nothing that is no Unicode text (half a surrogate pair)."""
    return text[:LONGEST].encode("utf-8", "replace").decode("utf-8")


def _longer(session: Session, who: Speaker, text: str) -> Session:
    """Of a person who is the patient the therapist has then understood something else too."""
    rival = session.rival if session.part == "therapist" else None
    return _with(session, lines=(*session.lines, (who, _kept(text))), feedback=None, rival=rival)


def _with(session: Session, **changes: object) -> Session:
    return session.model_copy(update=changes)
