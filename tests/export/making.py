"""Small runs to export: played by rule, built, with the record of an audit; and weights of the embedded model."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from mentalarena.clinic.cognitive_model import Patient
from mentalarena.errors import ConfigError, DataError
from mentalarena.export.plan import ExportOptions
from mentalarena.models.backends import EMBEDDED
from mentalarena.runs.directory import write_whole
from mentalarena.settings import load_config
from mentalarena.stages.build import build
from mentalarena.stages.export import export_run
from mentalarena.stages.play import play, write_play_summary
from mentalarena.stages.run import Json, config_in, opened

SETTINGS = (
    "models.all.provider=scripted",
    "training.rehearsal=0",
    "training.replay=1",
    "training.min_score=1",
    "evaluation.resamples=199",
)
SFT = "arms/main/iteration-00/sft.jsonl"
GATE = {"check": "crisis", "status": "pass", "examined": 10, "findings": 0, "note": ""}


def played(out: Path, *more: str, iterations: int = 1) -> Path:
    """A run directory that was played by rule and built, and audited without a finding."""
    with opened(load_config(None, [*SETTINGS, *more]), out) as run:
        for iteration in range(iterations):
            counts = play(run, iteration, run.base)
            build(run, iteration)
        write_play_summary(run, counts)
    audited(out)
    return out


def audited(
    out: Path, held_back: Mapping[str, Sequence[int]] | None = None, gates: Sequence[Mapping[str, Any]] = (GATE,)
) -> None:
    """The record that `mentalarena audit` would leave of the run as it is."""
    names = ("episodes.jsonl", "sft.jsonl", "preferences.jsonl")
    files = sorted(path for name in names for path in out.glob(f"arms/*/iteration-*/{name}"))
    failed = any(gate["status"] == "failed" for gate in gates)
    told = {
        "version": 1,
        "status": "failed" if failed else "held back" if held_back else "pass",
        "gates": list(gates),
        "held_back": dict(held_back or {}),
        "files": {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    (out / "audit.json").write_text(json.dumps(told))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def rewrite(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")


def licensed(out: Path, licences: Mapping[int, str]) -> None:
    """Give patients of a played run other licences: `licences` by the number of the patient among all, 0 for the first."""
    order = sorted({record["lineage"]["patient"] for record in lines(out / SFT)})
    _changed(out, {order[number]: {"patient_licence": licence} for number, licence in licences.items()})


def of_patients(out: Path, patients: Sequence[Patient], source: str) -> None:
    """Let the patients of a played run be others, and its clinic another: as if those had been played, but for what is said."""
    files = sorted(out.glob("arms/main/iteration-*/episodes.jsonl"))
    met = [record["patient_id"] for path in files for record in lines(path)]
    told = zip(dict.fromkeys(met), cycle(patients), strict=False)
    _changed(
        out,
        {own: {"patient": new.id, "patient_source": new.source, "patient_licence": new.licence} for own, new in told},
    )
    tree = json.loads((out / "config.json").read_text("utf-8"))
    tree["clinic"]["source"] = source
    (out / "config.json").write_text(json.dumps(tree), "utf-8")


def _changed(out: Path, lineages: Mapping[str, Mapping[str, str]]) -> None:
    """Change the lineage of all that is made of some patients, and audit again."""
    for path in out.glob("arms/main/iteration-*/*.jsonl"):
        records = lines(path)
        for record in records:
            new = dict(lineages.get(record.get("patient_id") or record["lineage"].get("patient"), {}))
            if "patient_id" in record:
                record["patient_id"] = new.pop("patient", record["patient_id"])
            record["lineage"] |= new
        rewrite(path, records)
    audited(out)


def trained(out: Path, iteration: int = 1, whole: bool = False) -> Path:
    """Weights of an iteration as a training leaves them, without a training: a LoRA adapter whose every weight is told by a seed,
    or the base itself as a whole checkpoint."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = out / "arms" / "main" / f"iteration-{iteration:02d}"
    adapter = folder / "adapter"
    model: Any = AutoModelForCausalLM.from_pretrained(str(EMBEDDED), dtype=torch.float32)
    if not whole:
        torch.manual_seed(7)
        settings = LoraConfig(
            r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
        )
        model = get_peft_model(model, settings)
    model.save_pretrained(adapter)
    AutoTokenizer.from_pretrained(str(EMBEDDED)).save_pretrained(adapter)
    (adapter / "training_args.bin").write_bytes(b"a pickle")
    (adapter / "result.json").write_text(
        json.dumps({"rows": 9, "too_long": 0, "loss": 0.5, "steps": 3, "dtype": "float32"})
    )
    job = {"base": str(EMBEDDED), "seed": 0, "epochs": 2.0, "settings": {"method": "sft", "lora_rank": 4}}
    (folder / "training.json").write_text(json.dumps(job))
    (folder / "training-rows.jsonl").write_bytes((out / "arms" / "main" / "iteration-00" / "sft.jsonl").read_bytes())
    return adapter


def export(out: Path, to: Path, **options: Any) -> Json:
    return export_run(config_in(out), out, to, ExportOptions(**options))


def refused(out: Path, to: Path, **options: Any) -> str:
    with pytest.raises((ConfigError, DataError)) as caught:
        export(out, to, **options)
    assert "\n" not in str(caught.value)
    assert not to.exists()
    return str(caught.value)


def card_of(to: Path) -> str:
    return (to / "README.md").read_text("utf-8")


def header_of(card: str) -> Any:
    reader = pytest.importorskip("yaml")
    _, header, _ = card.split("---\n", 2)
    return reader.safe_load(header)


def fake_weights(out: Path, iteration: int) -> None:
    """What a training leaves, as far as no model is loaded."""
    folder = out / "arms" / "main" / f"iteration-{iteration:02d}"
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"weights %d" % iteration)
    (folder / "adapter" / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": "/home/me/models/llama", "peft_type": "LORA", "x": ["/home/me/y"]})
    )
    (folder / "adapter" / "result.json").write_text(json.dumps({"rows": 9, "steps": 3, "loss": 0.123456789}))
    (folder / "training.json").write_text(json.dumps({"seed": 0, "epochs": 2, "settings": {"method": "sft"}}))
    shutil.copy(out / SFT, folder / "training-rows.jsonl")


def set_base(out: Path, base: str) -> None:
    tree = json.loads((out / "config.json").read_text())
    for role in tree["models"].values():
        role |= {"provider": "transformers", "model": base}
    write_whole(out / "config.json", json.dumps(tree))
