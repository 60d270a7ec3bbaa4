"""Play in shards: the same episodes as in one piece, by whoever and however many, and nothing is paid twice.

1  many processes at the same time make what one process makes, byte for byte, and what follows from it is the same
2  the command without --shard plays what is missing, and shards may change hands between one process and many
3  a shard that was killed goes on from its journal
4  a shard has one player, a run directory one set of settings, and a play one number of shards; refused settings bind nothing
5  a shard has its share of the budget, and together they keep to it
6  episodes can be read as they end, and what there was of a play that was killed until it is begun anew
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mentalarena.arena.types import Episode
from mentalarena.config import Config
from mentalarena.errors import BudgetSpent, ConfigError, RunError
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import toy_player
from mentalarena.runs.journal import Journal
from mentalarena.runs.shards import JOURNAL, Shard, all_of
from mentalarena.settings import load_config
from mentalarena.stages.episodes import episodes_of
from mentalarena.stages.play import play, play_shard
from mentalarena.stages.run import Json, opened, opened_shard

CLI = [sys.executable, "-c", "from mentalarena.cli import main; main()"]
SETTINGS = ("models.all.provider=scripted", "play.patients=10", "play.concurrency=3")
ARGUMENTS = [word for setting in SETTINGS for word in ("--set", setting)]


def command(out: Path, *more: str) -> list[str]:
    return [*CLI, "play", "--out", str(out), "--quiet", *ARGUMENTS, *more]


def call(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(out, *more), capture_output=True, text=True, check=False)  # noqa: S603


def settings(*more: str) -> Config:
    return load_config(None, [*SETTINGS, *more])


def one(out: Path, shard: Shard, *more: str) -> tuple[Json, int]:
    """What came of a shard, and how many calls were paid."""
    with opened_shard(settings(*more), out, shard) as run:
        return play_shard(run, 0, run.base, shard), run.journal.paid


def whole(out: Path, *more: str) -> Json:
    with opened(settings(*more), out) as run:
        return play(run, 0, run.base)


def episodes(out: Path) -> bytes:
    return (out / "iteration-00" / "episodes.jsonl").read_bytes()


def wait_until(true: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def answers(journal: Path) -> int:
    """How many replies a journal holds."""
    if not journal.exists():
        return 0
    found = Journal(journal)
    try:
        return sum(usage.calls for _, usage in found.spent())
    finally:
        found.close()


def in_shards(out: Path) -> int:
    return sum(answers(path) for path in out.glob(f"arms/main/iteration-00/shards/*/{JOURNAL}"))


@pytest.fixture(scope="module")
def unsharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unsharded") / "run"
    whole(out)
    return out


def test_1_processes_at_the_same_time_on_a_fresh_directory_make_what_one_makes(unsharded: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    players = [
        subprocess.Popen(command(out, "--shard", f"{n}/4"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        for n in range(4)
    ]
    ends = [(player.communicate(timeout=120), player.returncode) for player in players]
    assert [code for _, code in ends] == [0] * 4, ends
    joined = call(out)
    assert "replayed 0" in joined.stdout
    assert "episodes 10, problems 0, diagnosed 10" in joined.stdout
    assert episodes(out) == episodes(unsharded)
    records = [json.loads((place / "iteration-00" / "play.json").read_text()) for place in (out, unsharded)]
    assert records[0]["inputs"] == records[1]["inputs"]
    assert {k: v for k, v in records[0]["output"].items() if k != "seconds"} == {
        k: v for k, v in records[1]["output"].items() if k != "seconds"
    }
    assert answers(out / JOURNAL) == answers(unsharded / JOURNAL), "the whole journal knows what the shards were answered"


def test_1_rows_and_an_arm_that_shares_answers_are_those_of_an_unsharded_play(tmp_path: Path) -> None:
    from mentalarena.stages.build import build
    from mentalarena.stages.rehearse import rehearse

    few = "training.rehearsal=12"
    for shard in all_of(3):
        one(tmp_path / "shards", shard, few)
    found = []
    for name in ("shards", "piece"):
        whole(tmp_path / name, few)
        if name == "shards":
            for shard in all_of(3):
                (tmp_path / name / "arms" / "unselected" / "iteration-00" / "shards" / shard.name).mkdir(parents=True)
        with opened(settings(few), tmp_path / name) as run:
            rehearse(run, run.base)
            build(run, 0)
            before = run.journal.paid
            arm = play(run, 0, run.base, "unselected")
            rows = [(run.folder(0) / file).read_bytes() for file in ("sft.jsonl", "preferences.jsonl")]
            found.append((rows, before, arm["calls"], arm["replayed"]))
    assert found[0] == found[1]
    assert found[0][3] > 100


def test_2_the_command_without_a_shard_plays_what_is_missing_and_asks_nothing_twice(
    unsharded: Path, tmp_path: Path
) -> None:
    out, total = tmp_path / "run", answers(unsharded / JOURNAL)
    _, first = one(out, Shard(1, 4))
    with pytest.raises(BudgetSpent):
        whole(out, f"budget.calls={first + 40}")
    _, third = one(out, Shard(3, 4), "budget.calls=0")
    before = in_shards(out)
    counts = whole(out)
    assert first + 40 <= before - third <= first + 40 + 3 * 5, "three episodes at once, five probes each at most"
    assert before < in_shards(out) == total
    assert answers(out / JOURNAL) == total
    assert counts["episodes"] == 10
    assert episodes(out) == episodes(unsharded)
    (out / "iteration-00" / "play.json").unlink()
    assert whole(out) == counts, "joined again from the same shards"
    assert one(out, Shard(2, 4))[1] == 0, "a shard that was joined is on record"


def test_2_a_shard_without_patients_is_played_too(unsharded: Path, tmp_path: Path) -> None:
    shards = all_of(16)
    counts = [one(tmp_path / "run", shard)[0] for shard in shards]
    assert 0 in [count["episodes"] for count in counts]
    whole(tmp_path / "run")
    assert episodes(tmp_path / "run") == episodes(unsharded)


def test_3_a_shard_that_was_killed_goes_on_from_its_journal(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    from aiohttp import web

    from tests.models.fake_server import completion, serving

    def thinking(body: Json, number: int) -> web.StreamResponse:
        messages = [Message(m["role"], m["content"]) for m in body["messages"]]
        return web.json_response(completion(toy_player(messages, Sampling(seed=body["seed"]))))

    with serving() as fake:
        fake.respond, fake.latency = thinking, 0.01
        server = {"provider": "openai", "model": "m", "base_url": fake.url, "prompts": "compact", "concurrency": 4}
        more = [word for key, value in server.items() for word in ("--set", f"models.all.{key}={value}")]
        more += ["--patients", "6"]
        assert call(tmp_path / "piece", *more).returncode == 0
        asked = len(fake.asked)
        journal = tmp_path / "run" / "arms" / "main" / "iteration-00" / "shards" / "00-of-02" / JOURNAL
        player = subprocess.Popen(command(tmp_path / "run", *more, "--shard", "0/2"), text=True)  # noqa: S603
        wait_until(lambda: answers(journal) >= 60, player)
        player.send_signal(signal.SIGKILL)
        player.wait(60)
        kept = answers(journal)
        assert not (journal.parent / "play.json").exists()
        again = call(tmp_path / "run", *more, "--shard", "0/2")
        counts = json.loads((journal.parent / "play.json").read_text())["output"]
        assert again.returncode == 0, again.stderr
        assert counts["replayed"] >= kept >= 60
        assert call(tmp_path / "run", *more, "--shard", "1/2").returncode == 0
        twice = len(fake.asked) - 2 * asked
        assert 0 <= twice <= 2 * 4, "calls in flight at the kill, or answered and not yet written, at most"
        assert call(tmp_path / "run", *more).returncode == 0
        assert len(fake.asked) == 2 * asked + twice
    assert episodes(tmp_path / "run") == episodes(tmp_path / "piece")


def test_4_a_shard_has_one_player_and_others_play_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with opened_shard(settings(), out, Shard(0, 2)):
        with pytest.raises(RunError, match=r"00-of-02: another process is playing this shard; expected one"):
            one(out, Shard(0, 2))
        assert call(out, "--shard", "0/2").stderr.count("another process is playing this shard") == 1
        with pytest.raises(RunError, match=r"another process is writing this run, or a shard of it"):
            whole(out)
        one(out, Shard(1, 2))
    with opened(settings(), out), pytest.raises(RunError, match=r"another process is writing this run"):
        one(out, Shard(0, 2))


def test_4_another_shard_has_the_same_settings_and_the_same_number_of_shards(tmp_path: Path) -> None:
    out = tmp_path / "run"
    one(out, Shard(0, 2))
    with pytest.raises(ConfigError, match=r"seed was 0 and is now 5"):
        one(out, Shard(1, 2), "seed=5")
    with pytest.raises(ConfigError, match=r"its play is in 2 shards; expected --shard NUMBER/2"):
        one(out, Shard(1, 3))
    one(out, Shard(1, 2), "play.concurrency=1", "cluster.shards=7")
    changes = (out / "changes.jsonl").read_text()
    assert json.loads(changes) == {"cluster.shards": [16, 7], "play.concurrency": [3, 1]}


@pytest.mark.parametrize("text", ["3", "2/2", "-1/2", "one/two"])
def test_4_a_wrong_shard_is_one_line_and_makes_nothing(text: str, tmp_path: Path) -> None:
    result = call(tmp_path / "run", f"--shard={text}")
    assert result.returncode == 2
    assert f"--shard {text}: expected NUMBER/OF" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_4_settings_that_were_refused_in_a_shard_bind_nothing_once_all_players_are_gone(tmp_path: Path) -> None:
    out, wrong = tmp_path / "run", "models.patient.prompts=nowhere"

    def first_in_last_out() -> None:
        with opened_shard(settings(wrong), out, Shard(0, 2)) as run:
            with pytest.raises(ConfigError, match="prompt set 'nowhere'"):
                one(out, Shard(1, 2), wrong)
            with pytest.raises(ConfigError, match="prompts was 'nowhere'"):
                one(out, Shard(1, 2))
            play_shard(run, 0, run.base, Shard(0, 2))

    with pytest.raises(ConfigError, match="prompt set 'nowhere'"):
        first_in_last_out()
    assert one(out, Shard(2, 3))[0]["problems"] == 0
    with pytest.raises(ConfigError, match="nowhere"):
        one(out, Shard(1, 3), wrong)
    assert one(out, Shard(1, 3))[0]["problems"] == 0, "what was answered still binds"


def test_5_shards_keep_to_their_shares_and_a_higher_budget_goes_on(unsharded: Path, tmp_path: Path) -> None:
    out, total = tmp_path / "run", answers(unsharded / JOURNAL)
    for shard in all_of(2):
        with pytest.raises(BudgetSpent, match=r"budget.calls: \d+ of 50 \(the share of one of 2 shards\) spent"):
            one(out, shard, "budget.calls=100")
        with pytest.raises(BudgetSpent):
            one(out, shard, "budget.calls=100")
    paid = in_shards(out)
    assert 100 <= paid <= 100 + 2 * 3 * 5, "three episodes at once, five probes each at most"
    with pytest.raises(BudgetSpent, match=rf"budget.calls: {paid} of 100 spent"):
        whole(out, "budget.calls=100")
    one(out, Shard(0, 2), f"budget.calls={2 * total}")
    counts = whole(out, f"budget.calls={total + 1}")
    assert counts["calls"] + paid == total
    assert episodes(out) == episodes(unsharded)


def test_6_episodes_are_read_as_they_end_and_the_finished_file_takes_their_place(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def done(_: Episode) -> None:
        index = episodes_of(tmp_path)
        assert all(line.coming and index.read(line.id)["id"] == line.id for line in index.lines)
        seen.append((len(index.lines), len(index.played)))

    with opened(settings("play.concurrency=1"), tmp_path) as run:
        play(run, 0, run.base, done=done)
    assert seen == [(number, 0) for number in range(10)], (
        "each but the one that has just ended; none of a finished iteration"
    )
    after = episodes_of(tmp_path)
    assert [line.id for line in after.lines] == sorted(line.id for line in after.lines)
    assert [line.coming for line in after.lines] == [False] * 10
    assert not list(tmp_path.glob("arms/**/*.part"))


def test_6_a_play_that_was_cut_off_leaves_nothing_behind(tmp_path: Path) -> None:
    with opened(settings("budget.calls=200"), tmp_path) as run, pytest.raises(BudgetSpent):
        play(run, 0, run.base)
    assert not list(tmp_path.glob("arms/**/*.part"))
    assert whole(tmp_path)["episodes"] == 10
