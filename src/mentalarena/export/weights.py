"""Trained weights as others load them: an adapter (PEFT) or a whole checkpoint, and nothing of the machine that made it.

Only files of known names are taken: safetensors, configurations, the tokenizer. No pickle, no code, no paths.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mentalarena.audit.licences import Verdict, in_one_line, judge, read_licence
from mentalarena.config import Config
from mentalarena.errors import ConfigError, DataError
from mentalarena.export.formats import public_name
from mentalarena.export.gather import Placed, answer_of, iterations_with
from mentalarena.models.backends import base_of
from mentalarena.models.base import ModelRef
from mentalarena.models.publish import HOSTED, is_checkpoint
from mentalarena.runs.directory import read_json, write_whole
from mentalarena.training.local import ADAPTER, RESULT
from mentalarena.training.preference import PreferencePair, read_pairs
from mentalarena.training.rows import Row, read_rows

TAUGHT = "training-rows.jsonl"

WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
)
CONFIGS = ("adapter_config.json", "config.json", "generation_config.json")
_PATHS = ("base_model_name_or_path", "_name_or_path", "name_or_path")


@dataclass(frozen=True, slots=True)
class Trained:
    """Weights that an iteration of the main arm plays with."""

    iteration: int
    folder: Path
    whole: bool
    """A whole checkpoint, and no adapter."""
    base: str
    """The base's public name."""

    @property
    def name(self) -> str:
        """The folder in an export."""
        return "model" if self.whole else "adapter"


@dataclass(frozen=True)
class Learnt:
    """Weights and all the rows that they have learnt."""

    trained: Trained
    rows: Sequence[Placed[object]]
    """By what they teach (`gather.answer_of`)."""
    verdict: Verdict
    record: Mapping[str, Any]
    """What the training was told, and what came of it (`training_record`)."""


def chosen_weights(
    config: Config, out: Path, summary: Mapping[str, Any], iteration: int | None, only: Collection[str], unstated_ok: bool
) -> Learnt:
    """The weights of an iteration, or of the run's best one. Raises `ConfigError` and `DataError` where there are none, or where
    licences of what they learnt keep them here."""
    there = iterations_with(out, f"{ADAPTER}/{RESULT}")
    number = _best(summary, there) if iteration is None else iteration
    if not number:
        why = "the untrained model was the best one" if there else "nothing has been trained"
        raise ConfigError(f"{out}: no weights to export: {why}; expected --iteration of a trained one, or --no-adapter")
    learner = config.models.patient if config.training.trained == "patient" else config.models.therapist
    trained = trained_weights(out, base_of(learner), number)
    rows = _taught(config, out, number)
    if only and (other := [one for one in rows if read_licence(one.lineage.patient_licence).id not in only]):
        raise ConfigError(
            f"weights of iteration {number}: learnt from {len(other)} rows that are not under --only-licence (the first is "
            f"{other[0].licensed.where}, {other[0].lineage.patient_licence}); expected --no-adapter"
        )
    verdict = judge((one.licensed for one in rows), unstated_ok)
    if not verdict.allowed:
        raise DataError(f"weights of iteration {number}: {in_one_line(verdict)}, or --no-adapter")
    return Learnt(trained, rows, verdict, training_record(trained.folder))


def trained_weights(out: Path, base: ModelRef, iteration: int) -> Trained:
    """The weights of an iteration. Raises `ConfigError` for hosted ones and `DataError` where there are none."""
    folder = out / "arms" / "main" / f"iteration-{iteration:02d}" / ADAPTER
    if (folder / HOSTED).exists():
        raise ConfigError(f"{folder}: hosted weights stay with their provider; expected --no-adapter")
    if not (folder / RESULT).is_file():
        raise DataError(f"{folder}: not there; expected an iteration that was trained, or --no-adapter")
    if not any(folder.glob("*.safetensors")):
        raise DataError(f"{folder}: no weights; expected safetensors in it")
    return Trained(iteration, folder, is_checkpoint(folder), base_name(base))


def _best(summary: Mapping[str, Any], there: Sequence[int]) -> int | None:
    """The best iteration where the loop has told one; the last that was trained where iterations are made by hand."""
    best = summary.get("best_iteration")
    return best if isinstance(best, int) else max(there, default=None)


def _taught(config: Config, out: Path, number: int) -> list[Placed[object]]:
    """All that the weights of an iteration have learnt, and what they began from had."""
    first = 1 if config.training.start_from == "previous" else number
    folders = [f"arms/main/iteration-{earlier:02d}" for earlier in range(first, number + 1)]
    files = [f"{folder}/{TAUGHT}" for folder in (["arms/warm-start"] if config.training.warm_start else []) + folders]
    return [
        Placed(answer_of(one), one.kind, one.lineage, file, line)
        for file in files
        for line, one in enumerate(_examples(config, out / file), 1)
    ]


def _examples(config: Config, path: Path) -> Sequence[Row | PreferencePair]:
    pairs = config.training.method == "dpo" and "warm-start" not in path.parts
    return read_pairs(path) if pairs else read_rows(path)


def base_name(base: ModelRef) -> str:
    """A base model's name without a machine's folders."""
    return public_name(base.base)


def copy_weights(trained: Trained, to: Path) -> list[str]:
    """The files of `trained` that are given away, into a new folder; returns their names. Raises `DataError`."""
    to.mkdir(parents=True)
    names = sorted({path.name for pattern in (*WEIGHTS, *TOKENIZER, *CONFIGS) for path in trained.folder.glob(pattern)})
    for name in names:
        source = trained.folder / name
        if source.is_symlink() or not source.is_file():
            raise DataError(f"{source}: no ordinary file; expected what a training has written")
        if name in CONFIGS or name == "tokenizer_config.json":
            told = read_json(source, "a configuration that a training has written")
            write_whole(to / name, json.dumps(_public(told, trained.base), indent=2, sort_keys=True) + "\n")
        else:
            shutil.copyfile(source, to / name)
    return names


def training_record(folder: Path) -> dict[str, Any]:
    """What a training was told and what came of it: settings, epochs, seed, rows, steps, loss. Raises `DataError`."""
    job = read_json(folder.parent / "training.json", "the job of a training")
    if not isinstance(job.get("settings", {}), dict):
        raise DataError(f"{folder.parent / 'training.json'}: settings: not an object; expected the job of a training")
    result = read_json(folder / RESULT, "the result of a training")
    own = {name: result.get(name) for name in ("rows", "too_long", "steps", "loss", "dtype", "processes")}
    if isinstance(own["loss"], float):
        own["loss"] = float(f"{own['loss']:.4g}")
    return {"settings": job.get("settings", {}), "epochs": job.get("epochs"), "seed": job.get("seed"), **own}


def _public(value: Any, base: str, key: str = "") -> Any:
    """A configuration in which the base has its public name and no text is a folder of a machine."""
    if isinstance(value, dict):
        return {name: _public(one, base, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_public(one, base) for one in value]
    if not isinstance(value, str):
        return value
    if key in _PATHS and value:
        return base
    return public_name(value) if value.startswith(("/", "~/", "file:")) and key != "chat_template" else value
