"""Trained weights: PEFT loads them onto the base, nothing of the machine is in them, and their card tells what they are."""

import json
import shutil
from pathlib import Path

import pytest

from mentalarena.models.backends import EMBEDDED
from mentalarena.runs.directory import write_whole
from tests.export.making import (
    SFT,
    audited,
    card_of,
    export,
    fake_weights,
    header_of,
    licensed,
    lines,
    played,
    refused,
    set_base,
    trained,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("weights") / "run", "play.patients=8")


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    shutil.copytree(shared, tmp_path / "run", symlinks=True)
    return tmp_path / "run"


@pytest.mark.skipif(not (EMBEDDED / "model.safetensors").exists(), reason="needs the embedded weights")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("whole", [False, True])
def test_weights_are_loaded_onto_the_base(whole: bool, out: Path, tmp_path: Path) -> None:
    torch, _ = pytest.importorskip("torch"), pytest.importorskip("peft")
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tree = json.loads((out / "config.json").read_text())
    for role in tree["models"].values():
        role["provider"] = "embedded"
    write_whole(out / "config.json", json.dumps(tree))
    source = trained(out, 1, whole)
    told = export(out, tmp_path / "export")
    folder = tmp_path / "export" / told["weights"]
    assert (told["weights"], told["weights_of"]) == ("model" if whole else "adapter", 1)
    names = {path.name for path in folder.iterdir()}
    assert {"README.md", "tokenizer.json", "model.safetensors" if whole else "adapter_model.safetensors"} <= names
    assert {path.suffix for path in folder.iterdir()} <= {".md", ".json", ".safetensors", ".jinja"}
    for path in folder.rglob("*.*"):
        if path.suffix != ".safetensors":
            assert str(EMBEDDED.parent) not in path.read_text("utf-8")
            assert str(tmp_path) not in path.read_text("utf-8")
    base = AutoModelForCausalLM.from_pretrained(str(EMBEDDED), dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(str(folder)).apply_chat_template(
        [{"role": "user", "content": "hello"}], return_dict=False, return_tensors="pt"
    )
    with torch.no_grad():
        before = base(ids).logits
        if whole:
            model, original = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32), base
        else:
            model = PeftModel.from_pretrained(
                AutoModelForCausalLM.from_pretrained(str(EMBEDDED), dtype=torch.float32), folder
            )
            original = PeftModel.from_pretrained(base, source)
        after = model(ids).logits
        assert torch.equal(after, original(ids).logits)
    assert torch.equal(before, after) == whole
    card = (folder / "README.md").read_text("utf-8")
    header = header_of(card)
    assert header["base_model"] == "mentalarena-embedded"
    assert header["license"] == "apache-2.0"
    assert "never care" in card
    if not whole:
        adapter = json.loads((folder / "adapter_config.json").read_text())
        assert adapter["base_model_name_or_path"] == "mentalarena-embedded"


def test_the_best_iteration_goes_along_or_the_one_that_is_named(out: Path, tmp_path: Path) -> None:
    set_base(out, "/home/me/models/llama")
    assert "nothing has been trained" in refused(out, tmp_path / "export", weights=True)
    assert "nothing has been trained" in export(out, tmp_path / "one")["note"]
    fake_weights(out, 1)
    fake_weights(out, 2)
    (out / "summary.json").write_text(json.dumps({"best_iteration": 1, "iterations": []}))
    assert export(out, tmp_path / "one")["weights_of"] == 1
    assert export(out, tmp_path / "one", weights_of=2)["weights_of"] == 2
    assert (tmp_path / "one" / "adapter" / "adapter_model.safetensors").read_bytes() == b"weights 2"
    assert json.loads((tmp_path / "one" / "adapter" / "adapter_config.json").read_text()) == {
        "base_model_name_or_path": "llama",
        "peft_type": "LORA",
        "x": ["y"],
    }
    card = (tmp_path / "one" / "adapter" / "README.md").read_text()
    assert header_of(card)["license"] == "other"
    assert "/home/me" not in card + card_of(tmp_path / "one")
    assert export(out, tmp_path / "one", weights=False)["weights"] == ""
    assert not (tmp_path / "one" / "adapter").exists()
    (out / "summary.json").write_text(json.dumps({"best_iteration": 0, "iterations": []}))
    assert "the untrained model was the best one" in export(out, tmp_path / "one")["note"]
    assert "expected --iteration of a trained one" in refused(out, tmp_path / "two", weights=True)


def test_weights_stay_where_licences_or_a_provider_keep_them(out: Path, tmp_path: Path) -> None:
    set_base(out, "org/model")
    licensed(out, {0: "CC-BY-NC-4.0"})
    fake_weights(out, 1)
    told = export(out, tmp_path / "one")
    assert (told["weights"], told["licence"]) == ("adapter", "CC-BY-NC-4.0")
    header = header_of((tmp_path / "one" / "adapter" / "README.md").read_text())
    assert (header["license"], header["base_model"]) == ("other", "org/model")
    told = export(out, tmp_path / "one", only=("Apache-2.0",))
    assert told["weights"] == ""
    assert "rows that are not under --only-licence" in told["note"]
    assert "expected --no-adapter" in refused(out, tmp_path / "two", only=("Apache-2.0",), weights=True)
    (out / "arms" / "main" / "iteration-01" / "adapter" / "hosted.json").write_text('{"model": "ft:x"}')
    assert "hosted weights stay with their provider" in refused(out, tmp_path / "two", weights_of=1)


def test_rows_that_the_audit_holds_back_are_counted_in_what_a_model_learnt(out: Path, tmp_path: Path) -> None:
    set_base(out, "org/model")
    fake_weights(out, 1)
    numbers = [n for n, row in enumerate(lines(out / SFT)) if row["kind"] == "talk"][:2]
    audited(out, {SFT: numbers})
    export(out, tmp_path / "export")
    card = (tmp_path / "export" / "adapter" / "README.md").read_text()
    assert "audits hold back 2 from export: the model has learnt them all the same." in card
    assert "| `loss` | `0.1235` |" in card


def test_a_job_whose_settings_are_none_is_told_in_one_line(out: Path, tmp_path: Path) -> None:
    set_base(out, "org/model")
    fake_weights(out, 1)
    (out / "arms" / "main" / "iteration-old" / "adapter").mkdir(parents=True)
    (out / "arms" / "main" / "iteration-old" / "adapter" / "result.json").write_text("{}")
    (out / "arms" / "main" / "iteration-01" / "training.json").write_text('{"settings": 5}')
    assert "training.json: settings: not an object" in refused(out, tmp_path / "export", weights=True)
