"""What an export is to hold, decided before anything is written."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mentalarena.audit.licences import Verdict
from mentalarena.audit.record import AuditRecord
from mentalarena.config import Config
from mentalarena.export.gather import Gathered
from mentalarena.export.splits import Split
from mentalarena.export.weights import Learnt


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and what the user answers for."""

    iterations: tuple[int, ...] = ()
    """Of play; none: all that have rows."""
    patient_side: bool = False
    """Also the patient's and the judge's replayed replies."""
    dev_share: float = 0.1
    """Of the people."""
    seed: int | None = None
    """Of the splits; None: the run's."""
    weights: bool | None = None
    """Whether trained weights go along; None: where there are any."""
    weights_of: int | None = None
    """The iteration that they play; None: the run's best one."""
    only: tuple[str, ...] = ()
    """Licences; none: all."""
    unstated_ok: bool = False
    despite: tuple[str, ...] = ()
    """Gates of the audit that are overridden: failed, or a leak gate that was not done."""
    patients: Path | None = None
    """The file of patients, where it has moved."""
    force: bool = False
    dataset: str = ""
    """The dataset's repository, for the model's card."""

    def arguments(self) -> list[str]:
        """As they are given to the command, less those of machines and repositories."""
        numbers = ",".join(map(str, self.iterations))
        told = [f"--iterations {numbers}"] if numbers else []
        told += ["--patient-side"] if self.patient_side else []
        told += [f"--dev-share {self.dev_share}"] if self.dev_share != ExportOptions.dev_share else []
        told += [f"--seed {self.seed}"] if self.seed is not None else []
        told += [] if self.weights is None else ["--adapter" if self.weights else "--no-adapter"]
        told += [] if self.weights_of is None else [f"--iteration {self.weights_of}"]
        told += [f"--only-licence {shlex.quote(name)}" for name in self.only]
        told += ["--licence-unstated ok"] if self.unstated_ok else []
        return told + [f"--despite {shlex.quote(check)}" for check in self.despite]


@dataclass(frozen=True)
class Plan:
    """All that is written, and what the cards tell of it."""

    config: Config
    out: Path
    options: ExportOptions
    iterations: Sequence[int]
    audit: AuditRecord
    taken: Gathered
    verdict: Verdict
    persons: Mapping[str, str]
    """Of each patient."""
    unknown_people: int
    """Patients that the clinic does not know: each counts as a person."""
    splits: Mapping[str, Split]
    """Of each person."""
    learnt: Learnt | None
    """Weights, where some go along."""
    prompts: str
    """A digest of all prompts."""
    base_digest: str
    """Of the embedded model's weights, where it plays."""

    @property
    def overridden(self) -> tuple[str, ...]:
        """Gates that failed, or were not done, and that the user overrides."""
        failed = [gate["check"] for gate in self.audit.gates if gate["status"] in ("failed", "not done")]
        return tuple(check for check in failed if check in self.options.despite)

    @property
    def seed(self) -> int:
        return self.config.seed if self.options.seed is None else self.options.seed
