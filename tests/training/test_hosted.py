"""Hosted fine-tuning against a fake of the API on loopback: no second job is ever made, and the name that comes back plays.

1  the request bodies have the published shapes
2  the connection lost when the job has just been made, killed while waiting: still one job
3  other rows are another job; a failed job is told, and the next call makes a new one
4  the key is in no file and in no error
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai")
pytest.importorskip("aiohttp")
from openai.types.fine_tuning import job_create_params
from pydantic import TypeAdapter

from mentalarena.config import ModelConfig, TrainingConfig
from mentalarena.errors import DataError, TrainingFailed
from mentalarena.models.backends import Backends
from mentalarena.models.base import Message, ModelRef
from mentalarena.models.publish import hosted_name
from mentalarena.training.hosted import HostedTrainer
from mentalarena.training.rows import Row, RowLineage
from tests.models.fake_server import FakeServer, serving
from tests.training.fake_api import FakeTuning

pytestmark = pytest.mark.filterwarnings("default")


class Killed(BaseException):
    """The process dies here."""


def rows(count: int = 12, word: str = "a") -> list[Row]:
    lineage = RowLineage("e", 0, "m", "p", "s", "l")
    prompt = (Message("system", "s"), Message("user", "who?"))
    return [Row("diagnosis", prompt, f"diagnosis: {word} {n}", lineage) for n in range(count)]


@pytest.fixture
def api() -> Iterator[tuple[FakeServer, FakeTuning]]:
    tuning = FakeTuning()
    with serving(routes=tuning.routes()) as server:
        yield server, tuning


def trainer(server: FakeServer, wait: Any = lambda seconds: None) -> HostedTrainer:
    learner = ModelConfig(provider="openai", model="gpt-4o-mini", base_url=server.url, api_key_env="HOSTED_KEY", retries=0)
    return HostedTrainer(TrainingConfig(epochs=4), learner, seed=7, wait=wait)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_KEY", "canary-key-99")


def test_1_bodies_have_the_published_shapes_and_the_name_that_comes_back_plays(
    api: tuple[FakeServer, FakeTuning], tmp_path: Path
) -> None:
    server, tuning = api
    ref = trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    body = tuning.created[0]
    TypeAdapter(job_create_params.JobCreateParams).validate_python(body)
    assert body["model"] == "gpt-4o-mini"
    assert body["method"] == {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 4}}}
    assert (body["seed"], body["suffix"]) == (7, "mentalarena")
    uploaded = [json.loads(line) for line in tuning.files[0].decode().splitlines()]
    assert [m["role"] for m in uploaded[0]["messages"]] == ["system", "user", "assistant"]
    assert len(uploaded) == 12
    assert hosted_name(ref.adapter or tmp_path) == "ft:gpt-4o-mini:1"
    model = Backends().model(ModelConfig(provider="openai", model="gpt-4o-mini", base_url=server.url), ref)
    assert model.name.startswith("gpt-4o-mini@")
    assert model._model == "ft:gpt-4o-mini:1"  # type: ignore[attr-defined]
    assert "step 1" in (tmp_path / "training.log").read_text()


def test_1_the_next_iteration_may_go_on_from_the_hosted_weights(api: tuple[FakeServer, FakeTuning], tmp_path: Path) -> None:
    server, tuning = api
    first = trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path / "one")
    trainer(server).fit(rows(word="b"), first, tmp_path / "two")
    assert [body["model"] for body in tuning.created] == ["gpt-4o-mini", "ft:gpt-4o-mini:1"]


def test_2_gone_while_the_job_is_made_and_killed_while_it_runs_there_is_one_job(
    api: tuple[FakeServer, FakeTuning], tmp_path: Path
) -> None:
    server, tuning = api
    tuning.drop = True  # the job is made, and nobody hears of it
    with pytest.raises(TrainingFailed, match="the same command goes on"):
        trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    tuning.drop = False
    assert len(tuning.created) == 1

    def killed(seconds: float) -> None:
        raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            trainer(server, killed).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    ref = trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    assert trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path) == ref
    assert len(tuning.created) == 1


def test_3_other_rows_are_another_job_and_a_failed_job_is_told(api: tuple[FakeServer, FakeTuning], tmp_path: Path) -> None:
    server, tuning = api
    tuning.fate = "failed"
    with pytest.raises(TrainingFailed, match=r"hosted job ftjob-1: failed \(the file is no good\)"):
        trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    tuning.fate = "succeeded"
    trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    trainer(server).fit(rows(word="b"), ModelRef("gpt-4o-mini"), tmp_path)
    assert len(tuning.created) == 3
    assert hosted_name(tmp_path / "adapter") == "ft:gpt-4o-mini:3"
    with pytest.raises(DataError, match="9 rows; expected at least 10"):
        trainer(server).fit(rows(9), ModelRef("gpt-4o-mini"), tmp_path)


def test_4_the_key_is_in_no_file_and_in_no_error(api: tuple[FakeServer, FakeTuning], tmp_path: Path) -> None:
    server, tuning = api
    tuning.refuse = "wrong key: canary-key-99"
    with pytest.raises(TrainingFailed) as caught:
        trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    assert "canary-key-99" not in repr(caught.value)
    assert "***" in str(caught.value)
    tuning.refuse = ""
    trainer(server).fit(rows(), ModelRef("gpt-4o-mini"), tmp_path)
    assert tuning.authorised == {"Bearer canary-key-99"}
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"canary-key-99" not in path.read_bytes()
