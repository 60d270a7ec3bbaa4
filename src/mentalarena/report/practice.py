"""Practice sessions in a terminal: tables of sessions, people and scores, and the lines of a feedback."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mentalarena.clinic.cognitive_model import LABELS
from mentalarena.practice.feedback import LEXICAL
from mentalarena.report.text import printable

if TYPE_CHECKING:
    from mentalarena.practice.session import ComponentScore, Feedback, Session


def session_table(sessions: Iterable[Session]) -> Table:
    """One line a session, in the order given."""
    table = Table()
    table.add_column("session", no_wrap=True)
    for name in ("begun", "patient", "manner", "turns", "score"):
        table.add_column(name, no_wrap=name not in ("patient", "manner"), overflow="fold")
    for s in sessions:
        similarity = f"{s.feedback.similarity:.2f}" if s.feedback else ""
        begun, manner = s.created[5:16].replace("T", " "), f"{s.style}, {s.difficulty}"
        table.add_row(*_cells(s.id, begun, s.patient, manner, str(s.turns), similarity))
    return table


def people_table(people: Iterable[tuple[str, str, str, int]]) -> Table:
    """Id, name, demographics and number of situations: nothing that a first look would not tell."""
    table = Table()
    table.add_column("id", no_wrap=True)
    for name in ("name", "about", "situations"):
        table.add_column(name)
    for *texts, situations in people:
        table.add_row(*_cells(*map(str, texts), str(situations)))
    return table


def score_table(components: Sequence[ComponentScore], other: Sequence[ComponentScore] = ()) -> Table:
    """Scores by component; `other` is the trainee's, beside a rival's."""
    table = Table("component", "similarity", "threshold", "understood", "asked", *(("you",) if other else ()))
    yours = {c.component: c for c in other}
    for c in components:
        cells = [LABELS[c.component], f"{c.similarity:.2f}", f"{c.threshold:.2f}", _mark(c), str(c.asked)]
        if other:
            mine = yours.get(c.component)
            cells.append(f"{mine.similarity:.2f} {_mark(mine)}" if mine else "")
        table.add_row(*cells)
    return table


def feedback_lines(found: Feedback, named: str) -> list[str]:
    """What stands below the table; `named` is the diagnosis in the trainee's words."""
    counts, own = found.counts, found.diagnosis
    lines = [f"similarity {found.similarity:.2f} ({found.embedder}), and no measure of skill"]
    lines += [LEXICAL] if found.embedder.startswith("lexical") else []
    share = "" if counts.talk_share is None else f"; you said {counts.talk_share:.0%} of the words"
    lines.append(f"{counts.questions} questions, {counts.open_questions} open; {counts.reflections} reflections{share}")
    lines += found.trust.told if found.trust else []
    lines += ["", found.guidance, "", f"diagnosis: {own.verdict}"]
    if named.strip() and not own.named:
        lines[-1] = (
            f"diagnosis: your words ({named[:80]}) name none that is known here; expected a name, such as panic disorder"
        )
    if own.named:
        lines.append(f"  read as: {', '.join(own.named)}")
    for name, texts in (
        ("reference", own.reference), ("easily taken for", own.differential), ("cues", own.cues),
        ("first-line psychotherapy", own.treatments), ("medicine", own.medicines),
    ):  # fmt: skip
        if texts:
            lines.append(f"  {name}: {'; '.join(texts)}")
    if own.guideline:
        lines.append(f"  guideline: {own.guideline}")
    lines.append("  (no clinician has read the references)")
    for c in found.components:
        if not c.understood:
            lines += ["", f"{LABELS[c.component]}, what is so: {c.encoded}"]
            lines += [f"  could have said: {text}" for text in c.could_say]
    return lines


def _mark(score: ComponentScore) -> str:
    return "yes" if score.understood else "no"


def _cells(*texts: str) -> list[Text]:
    return [Text(printable(text)) for text in texts]
