"""One pass over rows: each is looked at by every check that needs no model, and memory holds no row for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mentalarena.arena import parsing
from mentalarena.audit import crisis, evidence, medication
from mentalarena.audit.contamination import Held, by_meaning_found, by_words_found
from mentalarena.audit.dialogue import Heard, heard_in_row
from mentalarena.audit.findings import Finding
from mentalarena.audit.gates import MOST_REPEATS, Gate
from mentalarena.audit.licences import unfree
from mentalarena.audit.rows import Copies, Example, prompt_words
from mentalarena.audit.seeds import Seeds
from mentalarena.clinic.audit import words_of
from mentalarena.errors import Unreadable
from mentalarena.evaluation.statistics import share_interval

LABELS = ("diagnosis", "treatment", "medicine", "reason")
"""Of an answer: what stands behind one ends where the next begins."""
_BATCH = 256
"""Rows whose passages are embedded at once."""


class Sweep:
    """Looks at rows one by one and fills the gates. `held` are the questions, `seeds` the texts that nobody may give away; where
    they are not given their gates stay as they are."""

    def __init__(self, gates: Mapping[str, Gate], held: Held | None = None, seeds: Seeds | None = None) -> None:
        self._gates = {name: gate for name, gate in gates.items() if not gate.not_done}
        self._held, self._seeds = held, seeds
        self._copies = Copies()
        self._compared = 0
        self._waiting: list[tuple[str, int, str, str]] = []
        self._dialogues: dict[int, Finding | None] = {}
        """The crisis gate's verdict on each dialogue, which several rows (and arms) share."""
        self._whole = set[int]()
        """Those that are whole: the share is of them."""
        self._patients: dict[str, dict[str, bool]] = {"medication": {}, "evidence": {}}
        """Whether a row of each patient has a finding that holds back."""

    def episode(self, file: str, number: int, item: str, heard: Heard) -> None:
        """Look at the dialogue of an episode: it is given out too."""
        said = "\n".join(text for _, text in heard.lines)
        if said:
            self._questions(file, number, item, words_of(said), said)
        if heard.spoken:
            self._crisis(file, number, item, heard)

    def row(self, file: str, number: int, example: Example, heard: Heard | None = None) -> None:
        """Look at a row. `heard` is its episode's dialogue where that is known: the row is judged by all of it."""
        item, prompt = example.id(number), prompt_words(example)
        answers = "\n".join(example.answers)
        if self._held:
            text = "\n".join([*(message.content for message in example.prompt), answers])
            self._questions(file, number, item, [*prompt, *words_of(answers)], text)
        if "duplicates" in self._gates:
            self._copies.add((file, number, item), example)
        if self._seeds and (gate := self._gates.get("memorisation")):
            gate.examined += 1
            if memory := self._seeds.recalled(answers, prompt):
                gate.add(Finding("memorisation", item, memory.detail(), "failed"), file, number)
        if example.licence and (gate := self._gates.get("licences")):
            gate.examined += 1
            if found := unfree(example.licence, item):
                gate.add(found, file, number)
        told = heard or heard_in_row(example)
        if told.spoken and (heard is None or example.turns):
            if example.kind in ("", "talk", "diagnosis", "treatment", "medicine"):
                # of the talk that a row alone holds the end is not known: it is no dialogue of its own
                self._crisis(file, number, item, told, counts=example.kind != "talk" or heard is not None)
            if example.kind == "diagnosis":
                self._evidence(file, number, item, told, example)
        if example.kind == "medicine":
            self._medication(file, number, item, told, example)

    def end_of_group(self) -> None:
        """Rows are duplicates of rows in one group: iterations of one arm; arms repeat each other on purpose."""
        self._compare()
        if gate := self._gates.get("duplicates"):
            for (file, number, item), (other, at, _), likeness in self._copies.found():
                where = f"{other}:{at + 1}" if other != file else f"line {at + 1}"
                gate.add(
                    Finding("duplicates", item, f"repeats {where}: {likeness:.2f} of their words", "held back"),
                    file,
                    number,
                )
            self._compared += len(self._copies)
            self._copies = Copies()

    def done(self) -> None:
        """Put what all rows came to into the gates."""
        if gate := self._gates.get("duplicates"):
            gate.examined = self._compared
            share = len(gate.found) / max(1, gate.examined)
            gate.fails = share > MOST_REPEATS
            gate.note = f"{share:.1%} of the rows repeat one before them" + (
                f": more than {MOST_REPEATS:.0%}" if gate.fails else ""
            )
        if (gate := self._gates.get("crisis")) and self._whole:
            gate.share = share_interval([self._dialogues[dialogue] is not None for dialogue in sorted(self._whole)])
            unmet = sum(self._dialogues[dialogue] is not None for dialogue in self._whole)
            gate.note = f"{unmet} of {len(self._whole)} dialogues; each of their episodes and rows is told"
        for name, found in self._patients.items():
            if (gate := self._gates.get(name)) and found:
                gate.share = share_interval(list(found.values()))
                gate.note = f"{sum(found.values())} of {len(found)} patients; each of their rows with a finding is told"

    def _questions(self, file: str, number: int, item: str, words: Sequence[str], text: str) -> None:
        """Look for questions in a text and its words."""
        if self._held and (gate := self._gates.get("contamination")):
            gate.examined += 1
            if hit := self._held.overlap(words):
                gate.add(by_words_found(hit, item), file, number)
        if self._held and self._held.embedder and "contamination-by-meaning" in self._gates:
            self._waiting.append((file, number, item, text))
            if len(self._waiting) >= _BATCH:
                self._compare()

    def _crisis(self, file: str, number: int, item: str, heard: Heard, counts: bool = True) -> None:
        gate, dialogue = self._gates.get("crisis"), hash(heard.lines)
        if not gate:
            return
        gate.examined += 1
        if dialogue not in self._dialogues:
            self._dialogues[dialogue] = crisis.unmet(heard.lines, item)
        if counts:
            self._whole.add(dialogue)
        if found := self._dialogues[dialogue]:
            gate.add(Finding("crisis", item, found.detail, found.verdict), file, number)

    def _evidence(self, file: str, number: int, item: str, heard: Heard, example: Example) -> None:
        if gate := self._gates.get("evidence"):
            gate.examined += 1
            found = evidence.unsupported(heard.lines, _value(example.answers[0], "diagnosis"), item)
            self._count("evidence", example, item, found is not None)
            if found:
                gate.add(found, file, number)

    def _medication(self, file: str, number: int, item: str, heard: Heard, example: Example) -> None:
        if gate := self._gates.get("medication"):
            gate.examined += 1
            stated = [
                m.content for m in example.prompt if m.role == "assistant" and m.content.lower().startswith("diagnosis:")
            ]
            answer = example.answers[0]
            diagnosis = _value(stated[-1], "diagnosis") if stated else ""
            known = heard.known() if heard.lines or heard.facts else [m.content for m in example.prompt if m.role == "user"]
            found = medication.audited(_value(answer, "medicine"), diagnosis, known, _value(answer, "reason", ""), item)
            self._count("medication", example, item, any(one.verdict != "look" for one in found))
            for one in _once(found):
                gate.add(
                    Finding("medication", item, f"{one.check.replace('_', ' ')}: {one.detail}", one.verdict), file, number
                )

    def _count(self, check: str, example: Example, item: str, found: bool) -> None:
        told, patient = self._patients[check], example.patient or item
        told[patient] = found or told.get(patient, False)

    def _compare(self) -> None:
        gate = self._gates.get("contamination-by-meaning")
        if not (gate and self._held and self._waiting):
            return
        near = self._held.nearest([text for *_, text in self._waiting])
        gate.examined += len(self._waiting)
        for (file, number, item, _), hit in zip(self._waiting, near, strict=True):
            if hit:
                gate.add(by_meaning_found(hit, item), file, number)
        self._waiting.clear()


def _value(answer: str, label: str, otherwise: str | None = None) -> str:
    """What stands after a label; `otherwise` (unset: all that was said) where that cannot be read."""
    try:
        found = parsing.labelled(answer, [label, *(other for other in LABELS if other != label)])[label]
    except Unreadable:
        found = None
    if found is None:
        return answer if otherwise is None else otherwise
    return found


def _once(found: Sequence[Finding]) -> list[Finding]:
    """One finding a check: several facts may speak against one medicine."""
    return list({one.check: one for one in reversed(found)}.values())[::-1]
