"""Beside the talk: notes of the cognitive model, the decoder's feedback, another therapist on the same patient."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui

from mentalarena.app.frame import grid, similarity, spoken, tag
from mentalarena.clinic.cognitive_model import COMPONENTS, LABELS, Component
from mentalarena.errors import MentalArenaError
from mentalarena.practice.feedback import LEXICAL, side_by_side
from mentalarena.practice.partner import Partner
from mentalarena.practice.reversal import card
from mentalarena.practice.rival import COPIES
from mentalarena.practice.room import Practising
from mentalarena.practice.session import ComponentScore, Feedback, Session, diagnosed, noted

BY_RULE = (
    "Thresholds are what another person's text would reach. All of it is by rule, and no judgement of anybody's skill."
)
HINTS: dict[str, str] = {
    "history": "what happened, since when",
    "core_beliefs": "how they see themselves, deep down",
    "intermediate_beliefs": "rules and assumptions: 'if I ..., then ...'",
    "intermediate_beliefs_during_depression": "how those rules change in bad times; many people have none",
    "coping_strategies": "what they do to get by",
    "situation": "a concrete moment",
    "automatic_thoughts": "what goes through their head then",
    "emotions": "what they feel then",
    "behavior": "what they do then",
}


def notes_panel(practising: Practising, session: Session) -> None:
    """The cognitive model to fill in, and a diagnosis; kept as it is typed."""
    tag("p", "What have you understood? In your words or the person's. Leave empty what you do not know.", "soft")
    state = tag("p", "", "soft").props("role=status")

    async def keep(changed: Callable[[Session], Session]) -> None:
        try:
            await practising.change(session.id, changed)
            state.set_text("Kept.")
        except MentalArenaError as error:
            state.set_text(str(error))

    def note(component: Component) -> None:
        made = ui.textarea(LABELS[component], value=session.notes.get(component, "")).classes("wide")
        made.props("outlined autogrow dense debounce=100 rows=1").props(f'hint="{HINTS[component]}"')
        made.on_value_change(lambda event: keep(lambda now: noted(now, component, event.value or "")))

    for component in COMPONENTS:
        note(component)
    field = ui.input("diagnosis", value=session.diagnosis).classes("wide").props("outlined dense debounce=100")
    field.props("hint=\"by its name; 'no disorder' is an answer too\"")
    field.on_value_change(lambda event: keep(lambda now: diagnosed(now, event.value or "")))


def card_panel(partner: Partner) -> None:
    """Whom the person plays."""
    tag(
        "p",
        "You play this person. Say what they would say, as readily as they would; the therapist cannot see this.",
        "soft",
    )
    for label, text in card(partner):
        tag("h3", label)
        tag("p", text, "text")
    voice = partner.patient.voice
    for label, texts in (
        ("of themselves", voice.offered),
        ("when asked", voice.asked),
        ("to somebody they trust", voice.trust),
    ):
        if texts:
            with ui.expansion(f"What they say {label}").classes("wide"):
                _list(texts)


def feedback_panel(practising: Practising, session: Session) -> None:
    """The same decoder that teaches the model, on the trainee's notes."""
    tag("p", "Shows what is so: ask for it when you have finished. You may go on talking afterwards.", "soft")
    _on_request("Get feedback", "Scoring ...", session.feedback, lambda: practising.judge(session.id), _feedback, session)


def rival_panel(practising: Practising, session: Session) -> None:
    """Another therapist on the same patient, or what it understood of the person."""
    library = session.offline
    who = "a plain checklist of prepared questions" if library else practising.config.models.therapist.model or "the model"
    label, busy, words = (
        "Let it talk",
        "It is talking ...",
        f"The same patient is met by {who}, in as many questions as yours.",
    )
    if session.part == "patient":
        label, busy = "Ask what it understood", "It is thinking ..."
        words = "It notes what it understood of you, and that is compared with your part, by the decoder."
    tag("p", f"{words} {COPIES}" if library else words, "soft")
    _on_request(label, busy, session.rival, lambda: practising.compare(session.id), _rival, session)


def _on_request(
    label: str,
    busy: str,
    there: Any,
    work: Callable[[], Awaitable[Session]],
    show: Callable[[Session], None],
    session: Session,
) -> None:
    async def asked() -> None:
        button.disable()
        state.set_text(busy)
        try:
            found = await work()
        except MentalArenaError as error:
            state.set_text(str(error))
            return
        finally:
            button.enable()
        state.set_text("")
        place.clear()
        with place:
            show(found)

    button = ui.button(label, on_click=asked).props("no-caps unelevated")
    state = tag("p", "", "soft").props("role=status")
    with ui.column().classes("wide") as place:
        if there is not None:
            show(session)


def _feedback(session: Session) -> None:
    found = session.feedback
    if found is None:
        return
    first = session.first
    seen = (
        f" At your first feedback it was {first:.2f}; since then you know what is so." if first != found.similarity else ""
    )
    understood = f"{len(found.understood)} of {len(found.components)} components above the threshold."
    tag("p", f"Mean similarity {found.similarity:.2f}; {understood}{seen}", "num")
    tag("h3", "Safety")
    tag("p", found.safety.note, "text")
    tag("h3", "What you noted, beside what is so")
    _scores(found.components)
    tag("h3", "What would have helped")
    tag("p", found.guidance, "text")
    for score in found.components:
        if not score.understood:
            with ui.expansion(f"{LABELS[score.component]}: what was missed").classes("wide"):
                tag("p", f"What is so: {score.encoded}", "text")
                if score.could_say:
                    tag("p", "The person could have said:", "soft")
                    _list(score.could_say)
                if score.questions:
                    tag("p", "Questions that may bring it:", "soft")
                    _list(score.questions)
    tag("h3", "Diagnosis")
    _diagnosis(found)
    tag("h3", "How you talked")
    counts = found.counts
    open_share = "" if counts.open_share is None else f", {counts.open_share:.0%} of them open"
    talk_share = "" if counts.talk_share is None else f" {counts.talk_share:.0%} of all words were yours."
    told = (
        _counted(counts.questions, "question") + open_share,
        _counted(counts.reflections, "reflection"),
        _counted(counts.advice, "piece") + " of advice",
    )
    tag("p", f"{'; '.join(told)}.{talk_share}", "num")
    for line in found.trust.told if found.trust else ():
        tag("p", line)
    tag(
        "p",
        f"Similarities by {found.embedder}. {LEXICAL if found.embedder.startswith('lexical') else ''} {BY_RULE}",
        "soft",
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _diagnosis(found: Feedback) -> None:
    told = found.diagnosis
    named = f"You named {', '.join(told.named)}: {told.verdict}." if told.named else "You named none that is known here."
    tag("p", f"{named} By the reference: {', '.join(told.reference) or 'nobody knows'}.")
    for label, parts in (
        ("Easily taken for", told.differential),
        ("To be ruled out", told.rule_out),
        ("What spoke for it", told.cues),
        ("First-line treatment by the guideline", told.treatments),
        ("Medicine by the guideline", told.medicines),
    ):
        if parts:
            tag("p", f"{label}: {'; '.join(parts)}.", "soft")
    if told.guideline:
        tag("p", f"Guideline: {told.guideline}.", "soft")
    if not told.clinician_reviewed:
        tag("p", "No clinician has checked this reference.", "soft")


def _rival(session: Session) -> None:
    rival, own = session.rival, session.feedback
    if rival is None:
        return
    if rival.problem:
        tag("p", rival.problem, "bad")
    if session.part == "patient":
        tag("p", f"{rival.name}: mean similarity {rival.similarity:.2f} after {rival.questions} questions.", "num")
        _scores(rival.components, "what it noted")
        return
    mine = {score.component: score for score in own.components} if own else {}
    yours = "get feedback to see yours beside it"
    if own:
        yours = f"yours, over the same components, {side_by_side(own.components, rival.components)[0]:.2f}"
    tag("p", f"{rival.name}: mean similarity {rival.similarity:.2f} after {rival.questions} questions; {yours}.", "num")
    with grid(("component", "it", "you"), "Similarity by component, of those that it was asked about.", numbers=(1, 2)):
        for score in rival.components:
            with ui.element("tr"):
                tag("th", LABELS[score.component]).props("scope=row")
                for one in (score, mine.get(score.component)):
                    with ui.element("td").classes("num"):
                        if one:
                            similarity(one.similarity, one.threshold)
    with ui.expansion("Its talk").classes("wide"), ui.element("div").classes("talk"):
        for who, text in rival.lines:
            spoken(who, who, text)


def _scores(scores: Sequence[ComponentScore], note: str = "your note") -> None:
    with grid(("component", "similarity", note), "The mark on a bar is the component's threshold.", numbers=(1,)):
        for score in scores:
            with ui.element("tr"):
                tag("th", LABELS[score.component]).props("scope=row")
                with ui.element("td").classes("num"):
                    similarity(score.similarity, score.threshold)
                tag("td", score.noted or "nothing noted", "text" if score.noted else "soft")


def _list(texts: Sequence[str]) -> None:
    with ui.element("ul"):
        for text in texts:
            tag("li", text)
