"""Scripted models of known skill behind a server that tells them apart by name, and a run directory that ranks them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from mentalarena.clinic.generated import generated_clinic
from mentalarena.config import Config
from mentalarena.models.base import Message, Sampling
from mentalarena.models.publish import revision_of
from mentalarena.models.scripted import Script, toy_player
from mentalarena.settings import load_config
from mentalarena.stages.contest import rank_therapists
from mentalarena.stages.contestants import contestants
from mentalarena.stages.run import Json, opened
from tests.models.fake_server import FakeServer, completion

DEVELOPMENT, HELD_OUT = 9, 5


def expert(messages: Sequence[Message], sampling: Sampling) -> str:
    """Knows what helps against the diagnosis that it has stated."""
    for kind, known in (("treatment", generated_clinic().treatments), ("medicine", generated_clinic().medicines)):
        if messages[-1].content.endswith(f"which {kind} do you suggest?"):
            stated = next(m.content for m in messages if m.role == "assistant" and m.content.startswith("diagnosis: "))
            return f"{kind}: {known[stated.removeprefix('diagnosis: ')][0]}\nreason: it helps."
    return toy_player(messages, sampling)


def mute(messages: Sequence[Message], sampling: Sampling) -> str:
    """As a patient it says nothing of itself in the talk; as a therapist it has no answer."""
    last = messages[-1].content.splitlines()[-1]
    if last.startswith(("which fits", "imagine")):
        return toy_player(messages, sampling)
    return "there is nothing to say about that."


def contrary(messages: Sequence[Message], sampling: Sampling) -> str:
    """As a patient it chooses what fits it worse."""
    answer, last = toy_player(messages, sampling), messages[-1].content.splitlines()[-1]
    if last.startswith("which fits you better"):
        pair = last.removeprefix("which fits you better, ").rstrip("?").split(" or ")
        return f"choice: {next(name for name in pair if name not in answer)}"
    return answer


SCRIPTS: dict[str, Script] = {"m": toy_player, "expert": expert, "mute": mute, "contrary": contrary, "toy": toy_player}


def playing(script: Script, body: dict[str, Any]) -> web.StreamResponse:
    """What a server answers whose model plays by a script."""
    messages = [Message(m["role"], m["content"]) for m in body["messages"]]
    return web.json_response(completion(script(messages, Sampling(seed=body["seed"]))))


def settings(fake: FakeServer, *more: str) -> Config:
    served: Json = {
        "provider": "openai",
        "model": "m",
        "weights": "m",
        "base_url": fake.url,
        "publish": "vllm",
        "prompts": "compact",
    }
    served |= {"retries": 0, "patience": 0}
    return load_config(
        None,
        [
            f"models.all={json.dumps(served)}", "arena.talk_turns=3", "arena.decode_rounds=1", "evaluation.samples=2",
            f"evaluation.development={DEVELOPMENT}", f"evaluation.held_out={HELD_OUT}", "evaluation.verifier=6",
            "evaluation.resamples=199", *more,
        ],
    )  # fmt: skip


def with_iteration(out: Path, number: int, script: Script) -> str:
    """An iteration that was trained; its weights play by the script. Its name at the server."""
    adapter = out / "arms" / "main" / f"iteration-{number:02d}" / "adapter"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(f"{out} {number}".encode())
    (adapter / "result.json").write_text("{}")
    SCRIPTS[name := f"mentalarena-{revision_of(adapter)}"] = script
    return name


def ranked(
    config: Config,
    out: Path,
    models: Sequence[str],
    stage: Callable[..., Json] = rank_therapists,
    iterations: str | None = "none",
    split: str = "development",
) -> tuple[Json, int]:
    """A ranking, and how many calls it paid."""
    with opened(config, out) as run:
        return stage(run, contestants(run, iterations, models), split), run.journal.paid


def names(found: Json, measure: str = "answers") -> list[str]:
    return [row["name"] for row in found["measures"][measure]["ranking"]]


def played_by(fake: FakeServer, role: str) -> set[str]:
    """Which models of the server were asked in a role."""
    return {b["model"] for b in fake.asked if b["messages"][0]["content"].startswith(f"you are the {role}")}


def records(out: Path, name: str) -> list[Json]:
    return [json.loads(line) for line in (out / "evaluation" / name).read_text().splitlines()]


def looks(out: Path) -> list[str]:
    return [record["name"] for record in records(out, "held-out-looks.jsonl")]
