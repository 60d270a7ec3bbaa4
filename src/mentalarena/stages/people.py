"""Who came to a run, for audits: their texts, which nobody may give away, and what is true of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mentalarena.audit.leakage import profile_of
from mentalarena.audit.rows import each_record
from mentalarena.clinic.clinics import Clinic, open_clinic
from mentalarena.clinic.cognitive_model import CognitiveModel, Patient
from mentalarena.clinic.references import Split
from mentalarena.config import Config
from mentalarena.errors import DataError
from mentalarena.stages.rehearse import others
from mentalarena.stages.run import coming, config_in, truths

_NO_TEXT = ("id", "source", "licence", "person")


@dataclass(frozen=True)
class People:
    """Who came."""

    config: Config
    clinic: Clinic
    iterations: Sequence[int]
    met: Sequence[Patient]
    """Who was played with and rehearsed."""
    items: Mapping[str, CognitiveModel]
    """By the journal's items: those, and who was evaluated with."""

    @classmethod
    def of(cls, out: Path, iterations: Sequence[int]) -> People:
        """Of a run directory. Raises `DataError` and `ConfigError` where settings or patients are gone."""
        config = config_in(out)
        clinic = open_clinic(config.clinic.source)
        played = [patient for iteration in iterations for patient in coming(clinic, config, iteration)]
        rehearsed = others(clinic, config)
        drawn: tuple[tuple[Split, int], ...] = (
            ("development", max(config.evaluation.development, config.evaluation.verifier)),
            ("held_out", config.evaluation.held_out),
        )
        evaluated = [p for split, count in drawn for p, _ in clinic.draw(split, count, config.seed)]
        items = {patient.id: patient.cognitive_model for patient in (*evaluated, *rehearsed, *played)}
        items |= {f"{number}-{patient.id}": patient.cognitive_model for number, patient in enumerate(rehearsed)}
        return cls(config, clinic, iterations, [*played, *rehearsed], items)

    def seeds(self) -> dict[str, tuple[str, ...]]:
        """What nobody may give away of each person: the parts of all its situations, and what it says."""
        found = dict[str, dict[str, None]]()
        for patient in {patient.id: patient for patient in self.met}.values():
            parts = (*profile_of(patient.cognitive_model).values(), *patient.voice.all)
            found.setdefault(patient.person or patient.id, {}).update(dict.fromkeys(parts))
        return {name: tuple(parts) for name, parts in found.items()}

    def with_disorder(self) -> dict[str, str]:
        """What each patient has, by id, as far as anybody knows."""
        known = [truths(self.clinic, self.config, iteration) for iteration in self.iterations]
        return {patient: truth.disorder for of in known for patient, truth in of.items()}


def read_seeds(path: Path) -> dict[str, tuple[str, ...]]:
    """Seed texts by name, in parts: of a text file with one a line, of records with a `text`, of patients. Raises `DataError`."""
    if path.suffix == ".txt":
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8'}; expected a text file") from None
        return {f"{path.name}:{number}": (line,) for number, line in enumerate(lines, 1) if line.strip()}
    found = dict[str, tuple[str, ...]]()
    for number, record in each_record(path):
        own = _texts(record["text"] if "text" in record else {k: v for k, v in record.items() if k not in _NO_TEXT})
        if not own:
            raise DataError(f"{path}: record {number}: no text; expected a text, or a patient's components")
        found[str(record.get("id") or f"{path.name}:{number}")] = tuple(own)
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]
