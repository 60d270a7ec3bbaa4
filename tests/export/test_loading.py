"""An exported folder as others read it: `datasets` loads every configuration, TRL trains on it unchanged.

The script of a stranger: it has the folder and a base model, and knows nothing of this package.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trl")
from mentalarena.cli.common import config_of
from mentalarena.export.plan import ExportOptions
from mentalarena.models.backends import EMBEDDED
from mentalarena.stages.export import export_run
from tests.export.making import audited, lines, played, rewrite

SCRIPT = """
import json, sys
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

folder, base, work = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(base)
common = dict(max_steps=2, per_device_train_batch_size=2, learning_rate=1e-3, use_cpu=True, bf16=False, report_to="none",
              gradient_checkpointing=False, save_strategy="no", logging_steps=1, disable_tqdm=True, max_length=None)
losses = {}
for name, trainer, settings in (
    ("prompt_completion", SFTTrainer, SFTConfig),
    ("messages", SFTTrainer, SFTConfig),
    ("preference", DPOTrainer, DPOConfig),
):
    rows = load_dataset(folder, name, cache_dir=work + "/cache")
    made = trainer(
        model=AutoModelForCausalLM.from_pretrained(base, dtype="float32"),
        args=settings(output_dir=work + "/" + name, **common),
        train_dataset=rows["train"],
        eval_dataset=rows["dev"],
        processing_class=tokenizer,
        peft_config=LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    made.train()
    losses[name] = [made.state.global_step, [log["loss"] for log in made.state.log_history if "loss" in log]]
assert "mentalarena" not in sys.modules
print(json.dumps(losses))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export whose first row says what breaks careless readers of lines, and whose scores are all missing in one split."""
    out = played(tmp_path_factory.mktemp("loading") / "run", "play.patients=16", "arena.good_score=10")
    rows = out / "arms" / "main" / "iteration-00" / "sft.jsonl"
    told = lines(rows)
    told[0]["completion"][0]["content"] += " \u2028\u2029\x85\x1e\r\n\t\"' {} \U0001f600 \x00"
    for row in told:
        row["lineage"]["score"] = None
    rewrite(rows, told)
    (out / "audit.json").unlink()
    to = out.parent / "export"
    export_run(config_of(out), out, to, ExportOptions(dev_share=0.3), audited)
    return to


def python(work: Path, script: str, *words: Path) -> "subprocess.CompletedProcess[str]":
    """A script in a process of its own, offline, with its own cache."""
    (work / "train.py").write_text(script)
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(  # noqa: S603
        [sys.executable, str(work / "train.py"), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        cwd=work,
        env={**os.environ, **quiet, "HF_DATASETS_CACHE": str(work / "datasets")},
    )


def test_every_configuration_is_loaded_with_the_types_that_the_card_tells(folder: Path, tmp_path: Path) -> None:
    from datasets import get_dataset_config_names, load_dataset

    told = json.loads((folder / "export.json").read_text())["configurations"]
    assert get_dataset_config_names(str(folder)) == list(told)
    for name, by_split in told.items():
        loaded = load_dataset(str(folder), name, cache_dir=str(tmp_path))
        assert {split: len(rows) for split, rows in loaded.items()} == by_split
        for split, rows in loaded.items():
            assert rows.features["score"].dtype == "int64"
            assert list(rows) == lines(folder / "data" / name / f"{split}.jsonl")
    default = load_dataset(str(folder), cache_dir=str(tmp_path))
    assert default["train"].column_names[0] == "messages"


def test_the_card_is_one_that_the_hub_reads(folder: Path) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(folder / "README.md").data.to_dict()
    assert (card["license"], card["task_categories"], card["size_categories"]) == (
        "apache-2.0",
        ["text-generation"],
        ["n<1K"],
    )
    assert "not-for-clinical-use" in card["tags"]


NEEDS_WEIGHTS = pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="needs the embedded weights")
DOCS = Path(__file__).parents[2] / "docs" / "export.md"


@NEEDS_WEIGHTS
def test_the_snippet_of_the_documentation_runs_as_it_is_printed(folder: Path, tmp_path: Path) -> None:
    [snippet] = re.findall("```python\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    (tmp_path / "MODEL").symlink_to(EMBEDDED)  # what the snippet calls yours
    (tmp_path / "FOLDER").symlink_to(folder)
    result = python(tmp_path, snippet)
    assert result.returncode == 0, result.stderr[-2000:]
    assert (tmp_path / "sft" / "checkpoint-3").is_dir()


@NEEDS_WEIGHTS
def test_trl_trains_on_it_unchanged(folder: Path, tmp_path: Path) -> None:
    result = python(tmp_path, SCRIPT, folder, EMBEDDED, tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    losses = json.loads(result.stdout.strip().splitlines()[-1])
    assert {name: steps for name, (steps, _) in losses.items()} == {"prompt_completion": 2, "messages": 2, "preference": 2}
    assert all(loss > 0 for _, told in losses.values() for loss in told)
