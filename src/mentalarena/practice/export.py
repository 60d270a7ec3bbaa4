"""A session to take away: Markdown to read, JSON with everything, one line of `messages` as TRL and `datasets` read it."""

from __future__ import annotations

import json
import re

from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS
from mentalarena.models.base import Message
from mentalarena.notices import CRISIS
from mentalarena.practice.session import Feedback, Rival, Session, Speaker

NOTICE = (
    "Simulation, not care: this patient is a program. Not for patient records, and no measure of anybody's skill. "
    "No clinician has reviewed what stands here."
)
NOTICE_AS_PATIENT = (
    "Simulation, not care: a person played the patient, by a card, and this therapist is a program. Not for patient records, no "
    "statement about whoever played, and no measure of anybody. No clinician has reviewed what stands here."
)
"""The same, where the person was the patient."""
FORMATS = ("md", "json", "jsonl")
"""What a session can be written as."""


def notice_of(session: Session) -> str:
    """What a session is and is not, by the part that the person took."""
    return NOTICE if session.part == "therapist" else NOTICE_AS_PATIENT


def exported(session: Session, kind: str) -> str:
    """The session as a text of one of `FORMATS`. Raises `ValueError` for another one."""
    if kind not in FORMATS:
        raise ValueError(f"{kind}: expected one of {', '.join(FORMATS)}")
    return {"md": markdown, "json": as_json, "jsonl": messages_line}[kind](session)


def markdown(session: Session) -> str:
    """Transcript, notes and feedback to read. What people and models said is escaped, so that it stays text."""
    played = "" if session.part == "therapist" else "played by a person, "
    about = f"patient {session.patient}, {played}{session.style}, {session.difficulty}; {session.model}; {session.created}"
    parts = [
        f"# Practice session\n\n> {notice_of(session)}\n>\n> {CRISIS}\n\n{plain(about)}",
        "## Talk\n",
        *_talk(session.lines),
    ]
    if session.notes:
        parts += [
            "## Notes\n",
            "\n".join(f"- {LABELS[c]}: {plain(session.notes[c])}" for c in COMPONENTS if c in session.notes),
        ]
    if session.diagnosis:
        parts += ["## Diagnosis\n", plain(session.diagnosis)]
    if session.feedback:
        parts += _feedback(session.feedback)
    if session.rival:
        parts += _rival(session.rival)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def as_json(session: Session) -> str:
    """All that is known of the session, with the notice."""
    return (
        json.dumps(
            {"notice": notice_of(session), "crisis": CRISIS} | session.model_dump(mode="json"), ensure_ascii=False, indent=1
        )
        + "\n"
    )


def messages_line(session: Session) -> str:
    """One JSON line: `messages` with the therapist as the assistant, and where it is from; `played` says which part a person
    took (who is no model, and whose words are no simulation). The notice is a field of its own, so that nobody trains on it."""
    messages: list[Message] = []
    for who, text in session.lines:
        role: Message = Message("assistant", text) if who == "therapist" else Message("user", text)
        messages.append(role)
    if messages and messages[-1].role == "user":
        messages.pop()  # a training row ends with what is learnt
    if messages and messages[0].role == "assistant":
        # templates want a user first: what stands before the greeting
        messages.insert(0, Message("user", "(The patient comes in.)"))
    told = {
        "messages": [m.as_dict() for m in messages],
        "practice": True,
        "notice": notice_of(session),
        "played": session.part,
        "crisis": CRISIS,
        "session": session.id,
        "patient": session.patient,
        "style": session.style,
        "difficulty": session.difficulty,
        "model": session.model,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True) + "\n"


def plain(text: str) -> str:
    """A text that Markdown shows as it is: one line, no markup, no HTML, no control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return re.sub(r"([\\`*_{}\[\]()#+\-!|>~$])", r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;"))


def _talk(lines: tuple[tuple[Speaker, str], ...]) -> list[str]:
    names = {"therapist": "Therapist", "patient": "Patient"}
    return [f"**{names[who]}**: {plain(text) or '(silence)'}" for who, text in lines]


def _feedback(found: Feedback) -> list[str]:
    rows = [
        f"| {LABELS[c.component]} | {c.similarity:.2f} | {c.threshold:.2f} | {'yes' if c.understood else 'no'} | {c.asked} |"
        for c in found.components
    ]
    table = "| component | similarity | threshold | understood | asked about |\n|---|---|---|---|---|\n" + "\n".join(rows)
    parts = [
        "## Feedback\n",
        f"Safety: {plain(found.safety.note)}",
        f"Similarity {found.similarity:.2f} ({plain(found.embedder)}).",
        table,
    ]
    parts += [f"Guidance: {plain(found.guidance)}"]
    for c in found.components:
        if not c.understood:
            said = "".join(f"\n- could have said: {plain(text)}" for text in c.could_say)
            asked = "".join(f"\n- you could ask: {plain(text)}" for text in c.questions)
            parts.append(f"### {LABELS[c.component].capitalize()}\n\nWhat is so: {plain(c.encoded)}\n{said}{asked}")
    own = found.diagnosis
    told = [f"Diagnosis: {own.verdict}" + (f" (read as {', '.join(own.named)})" if own.named else "")]
    for name, texts in (
        ("reference", own.reference), ("easily taken for", own.differential), ("to rule out", own.rule_out),
        ("what spoke for it", own.cues), ("first-line psychotherapy", own.treatments), ("medicine", own.medicines),
    ):  # fmt: skip
        if texts:
            told.append(f"- {name}: {plain('; '.join(texts))}")
    if own.guideline:
        told.append(f"- guideline: {plain(own.guideline)}")
    counts = found.counts
    shares = [
        f"{counts.questions} questions, {counts.open_questions} of them open",
        f"{counts.reflections} reflections",
        f"{counts.advice} pieces of advice",
        f"talk share {counts.talk_share:.0%}" if counts.talk_share is not None else "",
    ]
    trust = [plain(" ".join(found.trust.told))] if found.trust else []
    return [*parts, "\n".join(told), ", ".join(filter(None, shares)) + ".", *trust]


def _rival(found: Rival) -> list[str]:
    rows = [f"| {LABELS[c.component]} | {c.similarity:.2f} | {'yes' if c.understood else 'no'} |" for c in found.components]
    table = "| component | similarity | understood |\n|---|---|---|\n" + "\n".join(rows)
    head = f"{plain(found.name)}: similarity {found.similarity:.2f} with {found.questions} questions."
    problem = [f"Problem: {plain(found.problem)}"] if found.problem else []
    return ["## An AI therapist on the same patient\n", head, *problem, table, *_talk(found.lines)]
