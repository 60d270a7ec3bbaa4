"""Preference pairs: only what was judged makes one, and DPO on them moves the model to what was preferred.

1  a pair is the chosen diagnosis above the other, or the best trial above one that scored at least two points less
2  what was not agreed or not scored makes no pair
3  pairs are read back as they were written, and malformed ones told with file and line
4  DPO makes the preferred answer likelier against the other, stops when killed and goes on from its checkpoint
"""

import asyncio
import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.types import Diagnosis, Episode, Lineage
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.config import TrainingConfig
from mentalarena.errors import DataError
from mentalarena.models.backends import EMBEDDED
from mentalarena.models.base import ModelRef
from mentalarena.runs.directory import write_jsonl
from mentalarena.training.preference import APART, PreferencePair, preference_pairs, read_pairs
from tests.conftest import Player

LINEAGE = Lineage(2, 0, "generated", "Apache-2.0", {"patient": "p", "therapist": "t", "judge": "j"})


@pytest.fixture
def met(arena: Arena, clinic: GeneratedClinic, player: Callable[..., Player]) -> list[Episode]:
    patients = clinic.patients(16, seed=55)
    return [asyncio.run(play_episode(p, arena, player().cast, p.id, LINEAGE)) for p in patients]


def test_1_a_pair_is_what_was_preferred_above_what_was_not(met: list[Episode]) -> None:
    pairs = preference_pairs(met)
    kinds = {pair.kind for pair in pairs}
    assert kinds == {"diagnosis", "treatment", "medicine"}
    by_id = {episode.id: episode for episode in met}
    for pair in pairs:
        episode = by_id[pair.lineage.episode]
        chosen, rejected = (text.split(": ")[1] for text in (pair.chosen, pair.rejected))
        assert pair.lineage.patient_licence == "Apache-2.0"
        if pair.kind == "diagnosis":
            assert episode.diagnosis is not None
            assert (chosen, {chosen, rejected}) == (episode.diagnosis.chosen, set(episode.diagnosis.candidates))
            assert pair.prompt == episode.diagnosis_messages
        else:
            scores = {t.proposal: t.score or 0 for t in episode.trials if t.kind == pair.kind}
            assert scores[chosen] - scores[rejected] >= APART
            assert scores[chosen] == max(scores.values())


def test_2_what_was_not_agreed_or_not_scored_makes_no_pair(met: list[Episode]) -> None:
    for episode in met:
        assert episode.diagnosis is not None
        unagreed = dataclasses.replace(episode, diagnosis=Diagnosis(episode.diagnosis.candidates, None))
        single = dataclasses.replace(
            episode, diagnosis=Diagnosis(episode.diagnosis.candidates[:1], episode.diagnosis.chosen)
        )
        assert preference_pairs([unagreed, single]) == []
        unscored = dataclasses.replace(episode, trials=tuple(dataclasses.replace(t, score=None) for t in episode.trials))
        assert {pair.kind for pair in preference_pairs([unscored])} <= {"diagnosis"}


def test_3_pairs_are_read_back_and_malformed_ones_told(met: list[Episode], tmp_path: Path) -> None:
    pairs = preference_pairs(met)
    write_jsonl(tmp_path / "p.jsonl", (pair.as_dict() for pair in pairs))
    assert read_pairs(tmp_path / "p.jsonl") == pairs
    write_jsonl(tmp_path / "p.jsonl", [{"prompt": []}])
    with pytest.raises(DataError, match=re.escape("p.jsonl:1: no pair (KeyError('chosen')")):
        read_pairs(tmp_path / "p.jsonl")


def margins(ref: ModelRef, pairs: list[PreferencePair]) -> float:
    """Mean log-probability of what was preferred above what was not."""
    from mentalarena.models.local import Engine, LocalModel

    engine = Engine(str(EMBEDDED), adapter=ref.adapter, name="embedded")
    model = LocalModel(engine)

    async def scored() -> list[list[float]]:
        return await asyncio.gather(*(model.score(p.prompt, [p.chosen, p.rejected]) for p in pairs))

    try:
        return sum(good - bad for good, bad in asyncio.run(scored())) / len(pairs)
    finally:
        engine.close()


def test_4_dpo_prefers_what_was_preferred_and_goes_on_after_a_kill(met: list[Episode], tmp_path: Path) -> None:
    pytest.importorskip("trl")
    from mentalarena.training.local import JOB, LocalTrainer

    pairs = preference_pairs(met)
    settings = TrainingConfig(method="dpo", epochs=4, batch_size=8, save_steps=1, lora_rank=8, lora_alpha=16)
    base = ModelRef("embedded")
    whole = LocalTrainer(settings, seed=0).fit(pairs, base, tmp_path / "whole")
    before, after = margins(base, pairs), margins(whole, pairs)
    assert after > before + 0.5

    class Later(LocalTrainer):
        def _run(self, job: Path) -> None:
            """Only leaves the job to be run by hand."""

    Later(settings, seed=0).fit(pairs, base, tmp_path / "killed")
    command = [sys.executable, "-m", "mentalarena.training.worker", str(tmp_path / "killed" / JOB)]
    process = subprocess.Popen(  # noqa: S603
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while (
        not list((tmp_path / "killed" / "checkpoints").glob("checkpoint-*/trainer_state.json"))
        and time.monotonic() < deadline
    ):
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "adapter").exists()
    resumed = LocalTrainer(settings, seed=0).fit(pairs, base, tmp_path / "killed")
    assert margins(resumed, pairs) > before + 0.5
