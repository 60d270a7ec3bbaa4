"""Shards: a patient's part follows from its id alone, and what a part was answered can be found in the whole."""

import asyncio
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError, RunError
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import ScriptedModel
from mentalarena.runs.journal import Journal, JournaledVoice, Place
from mentalarena.runs.shards import JOURNAL, SHARDS, Shard, all_of, begun, claim, shard_of, take_in


def ask(path: Path, item: str, answer: str = "yes") -> tuple[str, int]:
    """The reply to a greeting, and how many were paid for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(path)
    voice = JournaledVoice(ScriptedModel(lambda m, s: answer, name="m"), journal, Place(0, "play", item), seed=1)
    text = asyncio.run(voice.reply("patient/talk", (Message("user", f"hello {item}"),), Sampling())).text
    journal.close()
    return text, journal.paid


@pytest.mark.parametrize("count", [1, 3, 16])
def test_every_patient_is_in_exactly_one_shard_and_stays_there(count: int) -> None:
    ids = [f"patient-{number}" for number in range(200)]
    held = [[patient for patient in ids if shard.holds(patient)] for shard in all_of(count)]
    assert sorted(patient for part in held for patient in part) == sorted(ids)
    assert all(held), "and none is empty"


def test_the_hash_is_the_one_of_the_plays_that_lie_on_disks() -> None:
    found = {patient: [s.number for s in all_of(16) if s.holds(patient)] for patient in ("a", "play-0001", "ä")}
    assert found == {"a": [10], "play-0001": [2], "ä": [12]}


@pytest.mark.parametrize(
    "text", ["3", "3/", "/16", "16/16", "-1/16", "0/0", "1.0/2", "a/b", "1/2/3", "0/10000", "", " 1/2"]
)
def test_a_wrong_shard_is_one_clear_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"expected NUMBER/OF, such as 3/16, where numbers go from 0 to OF - 1"):
        shard_of(text)


def test_shards_are_counted_from_0() -> None:
    assert (shard_of("0/16"), shard_of("15/16")) == (Shard(0, 16), Shard(15, 16))
    assert Shard(3, 16).name == "03-of-16"


def test_the_number_of_shards_is_fixed_by_the_first(tmp_path: Path) -> None:
    place, iteration = Place(0, "play", ""), tmp_path / "iteration-00"
    assert begun(iteration) == []
    claim(tmp_path, iteration, place, Shard(3, 16))
    assert begun(iteration) == all_of(16)
    with pytest.raises(ConfigError, match=r"its play is in 16 shards; expected --shard NUMBER/16"):
        claim(tmp_path, iteration, place, Shard(3, 8))
    (iteration / SHARDS / "00-of-08").mkdir()
    with pytest.raises(RunError, match="shards of different plays"):
        begun(iteration)


def test_a_play_that_has_begun_in_one_piece_is_not_cut(tmp_path: Path) -> None:
    ask(tmp_path / JOURNAL, "a")
    with pytest.raises(RunError, match="has begun without shards"):
        claim(tmp_path, tmp_path / "iteration-00", Place(0, "play", ""), Shard(0, 2))
    claim(tmp_path, tmp_path / "iteration-01", Place(1, "play", ""), Shard(0, 2))
    claim(tmp_path, tmp_path / "iteration-00", Place(0, "play", "", "unselected"), Shard(0, 2))


def test_what_shards_were_answered_is_found_and_counted_in_the_whole_journal_once(tmp_path: Path) -> None:
    iteration = tmp_path / "arms" / "main" / "iteration-00"
    for item, shard in zip("abc", all_of(3), strict=True):
        ask(iteration / SHARDS / shard.name / JOURNAL, item)
    ask(tmp_path / JOURNAL, "d")
    for _ in range(2):
        take_in(tmp_path)
    assert [ask(tmp_path / JOURNAL, item, "no") for item in "abcd"] == [("yes", 0)] * 4
    journal = Journal(tmp_path / JOURNAL)
    assert [usage.calls for _, usage in journal.spent()] == [4]
    assert [item for item, *_ in journal.requests()] == list("abcd")


def test_shards_that_were_joined_are_not_read_again(tmp_path: Path) -> None:
    iteration = tmp_path / "arms" / "main" / "iteration-00"
    ask(iteration / SHARDS / "00-of-01" / JOURNAL, "a")
    (iteration / "play.json").write_text("{}")
    Journal(tmp_path / JOURNAL).close()
    take_in(tmp_path)
    assert Journal(tmp_path / JOURNAL).empty


def test_a_damaged_shard_is_one_line_that_names_it(tmp_path: Path) -> None:
    damaged = tmp_path / "arms" / "main" / "iteration-00" / SHARDS / "00-of-01" / JOURNAL
    damaged.parent.mkdir(parents=True)
    damaged.write_text("this is no journal, and it is long enough to be read as the header of one" * 20)
    Journal(tmp_path / JOURNAL).close()
    with pytest.raises(RunError, match=r"00-of-01/journal\.sqlite: cannot open the journal"):
        take_in(tmp_path)
