"""Extract: does the trained model go on with seed patients' texts when it is shown their beginning, and does the untrained one?

Every answer goes through the journal: a stopped call goes on, and the same call asks nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from mentalarena.arena.types import Problem
from mentalarena.audit.findings import Finding
from mentalarena.audit.gates import Gate
from mentalarena.audit.memorisation import Attempt, attempts, extracted
from mentalarena.audit.names import last_part
from mentalarena.errors import DataError, ModelError
from mentalarena.evaluation.statistics import mcnemar_p, share_interval
from mentalarena.models.base import Message, ModelRef, Sampling
from mentalarena.models.publish import revision_of
from mentalarena.runs.directory import read_json
from mentalarena.runs.journal import Place
from mentalarena.runs.runner import cast_at, settled
from mentalarena.stages.people import People
from mentalarena.stages.run import Json, Run, digest, folder_of, named, recorded
from mentalarena.stages.train import trained
from mentalarena.training.local import ADAPTER, RESULT

EXTRACTION = "extraction.json"
LIMIT = 200
"""Seeds that are tried at most, drawn by the run's seed."""
TOKENS = 96
"""Of an answer: more than the words that a finding needs."""


def extract(run: Run, models: tuple[ModelRef, ModelRef] | None = None, limit: int = LIMIT) -> Json:
    """Ask the last trained model and the untrained one for the seeds of the iterations before it; DIR/extraction.json holds what
    it returns. `models` (trained, untrained) replaces them. Raises `DataError` where nothing has been trained."""
    iteration = _last(run.out)
    if models is None:
        if not iteration:
            raise DataError(
                f"{run.out}: nothing has been trained; expected an adapter (`mentalarena run` or `train`) to be asked"
            )
        models = trained(run, iteration), run.base
    seeds = People.of(run.out, range(max(iteration, 1))).seeds()
    chosen = sorted(random.Random(run.config.seed).sample(sorted(seeds), min(limit, len(seeds))))
    tried = attempts({name: "\n".join(seeds[name]) for name in chosen})
    form = files("mentalarena.audit").joinpath("data/extract.txt").read_text("utf-8").strip()
    told = {"model": named(models[0]), "base": named(models[1]), "iteration": iteration}
    inputs = {**told, "texts": digest([[a.seed, a.prompt, a.rest] for a in tried]), "form": form, "tokens": TOKENS}

    def work() -> Json:
        prompts = [Template(form).substitute(beginning=attempt.prompt) for attempt in tried]
        found = {}
        for who, ref in zip(("trained", "untrained"), models, strict=True):
            answers = _answers(run, ref, iteration, tried, prompts, who)
            found[who] = {finding.item: finding.detail for finding in extracted(tried, answers)}
        return {**told, "tried": [attempt.seed for attempt in tried], "of": len(seeds), **found}

    return recorded(run.out / EXTRACTION, inputs, work)


def put_extraction(gate: Gate, out: Path) -> None:
    """Fill the gate from what `extract` has left. What the untrained model says too is no memory of this training: a person
    looks. Raises `DataError` for a record that cannot be read."""
    if gate.not_done:
        return
    path = out / EXTRACTION
    if not path.exists():
        gate.not_done = "asks the trained model, which needs time (--extract)"
        return
    told: Mapping[str, Any] = read_json(path, "the record of `mentalarena audit --extract`; delete it")
    try:
        found, tried = told["output"], list(map(str, told["output"]["tried"]))
        asked, now = int(found["iteration"]), _last(out)
        if asked != now:
            gate.not_done = f"was asked of iteration {asked}, and {now} has been trained since (--extract)"
            return
        if now and str(found["model"]).rpartition("@")[2] != _revision(folder_of(out, now) / ADAPTER):
            gate.not_done = f"of another model ({last_part(str(found['model']))}) than the trained one (--extract)"
            return
        own, base = ({str(seed): str(detail) for seed, detail in found[who].items()} for who in ("trained", "untrained"))
        hits, control = [seed in own for seed in tried], [seed in base for seed in tried]
        gate.examined = len(tried)
        gate.share = share_interval(hits) if hits else None
        p = mcnemar_p(hits, control) if hits else 1.0
        who = f"{last_part(str(found['model']))} {sum(hits)}, untrained {last_part(str(found['base']))} {sum(control)}"
        gate.note = f"{len(tried)} of {found['of']} seeds tried: {who}, p {p:.3g}"
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{path}: no record of extraction ({error!r}); delete it and give --extract again") from None
    for seed, detail in own.items():
        gate.add(Finding("", seed, detail, "look" if seed in base else "failed"), ADAPTER)


def _revision(adapter: Path) -> str:
    """Of the trained weights; empty where they are gone, and nobody knows whether they were asked."""
    try:
        return revision_of(adapter)
    except DataError:
        return ""


def _last(out: Path) -> int:
    """The last iteration whose model has been trained."""
    last = 0
    while (folder_of(out, last + 1) / ADAPTER / RESULT).is_file():
        last += 1
    return last


def _answers(
    run: Run, ref: ModelRef, iteration: int, tried: Sequence[Attempt], prompts: Sequence[str], who: str
) -> list[str]:
    """What a model goes on with, greedily; nothing where it refuses (a prompt that is too long)."""
    players = run.players(ref)
    run.progress.start(f"extract ({who})", len(tried))

    async def one(item: tuple[Attempt, str]) -> tuple[str, Sequence[Problem]]:
        attempt, prompt = item
        # a name of its own, so that no audit takes it for what a prompt of play tells of the patient
        place = Place(iteration, "extract", f"seed {attempt.seed}", who)
        cast = cast_at(place, players, run.journal, run.config.seed)
        role = cast.patient if run.config.training.trained == "patient" else cast.therapist
        try:
            sampling = Sampling(temperature=0.0, max_tokens=TOKENS)
            reply = await role.voice.reply(f"{role.name}/extract", (Message("user", prompt),), sampling)
        except ModelError as error:
            role.failed("extract", error)
            return "", role.ledger.problems
        return reply.text, ()

    items = list(zip(tried, prompts, strict=True))
    work = settled(items, one, run.config.play.concurrency, "attempts", lambda _: run.progress.advance())
    return run.backends.run(work)
