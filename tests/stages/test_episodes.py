"""The index of a run's episodes: every one is found and read again, a bad line costs nobody anything, nothing outside is read."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentalarena.arena.types import Comparison, Decoding, Diagnosis, Episode, Problem, Trial
from mentalarena.config import Config
from mentalarena.errors import ConfigError, DataError
from mentalarena.models.base import Message, Usage
from mentalarena.stages.episode_lines import EpisodeFile, indexed
from mentalarena.stages.episodes import SEARCHES, EpisodeIndex, Filters, episodes_of, find, kept
from mentalarena.stages.filters import COLUMNS, VERDICTS
from mentalarena.stages.run import coming, folder_of, truths
from tests.promptly import promptly

Write = Callable[..., Path]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def episode(id: str = "00-a", patient: str = "a", said: str = "i feel low", **more: Any) -> dict[str, Any]:
    """An episode as its file has it."""
    views = {
        "patient": (Message("system", "PROFILE"), Message("user", "Hello?"), Message("assistant", said)),
        "therapist": (Message("system", "you ask"), Message("user", said)),
    }
    decodings = (
        Decoding((Comparison("emotions", "sad", "low", 0.5, 0.4), Comparison("situation", "at home", None, 0.0, 0.4))),
    )
    told = {"decodings": decodings, "diagnosis": Diagnosis(("x", "y"), "x"), "trials": (), "problems": (), **more}
    made = Episode(
        id,
        patient,
        style := told.pop("principles", "plain"),
        views,
        diagnosis_messages=(),
        stop_reason="aligned",
        usage=Usage(),
        **told,
    )
    assert made.principles == style
    return json.loads(json.dumps(asdict(made)))  # type: ignore[no-any-return]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Some records as the episodes of an arm's iteration; the run directory."""

    def of(records: list[Mapping[str, Any] | str], arm: str = "main", iteration: int = 0, out: str = "run") -> Path:
        folder = folder_of(tmp_path / out, iteration, arm)
        folder.mkdir(parents=True, exist_ok=True)
        lines = (r if isinstance(r, str) else json.dumps(r, ensure_ascii=False, sort_keys=True) for r in records)
        part = folder / "part"
        part.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="")
        part.replace(folder / "episodes.jsonl")
        return tmp_path / out

    return of


def ids(index: EpisodeIndex, *filters: Any, **more: Any) -> list[str]:
    return [line.id for line in index.select(*filters, **more).lines]


def test_a_line_tells_what_the_episode_tells(write: Write) -> None:
    trials = (Trial("treatment", "p", "r", score=4), Trial("medicine", "q", "r", score=8), Trial("medicine", "s", "r"))
    problems = (Problem("choice", "patient", "inconsistent", "x / y"),)
    out = write([episode(trials=trials, problems=problems)])
    [line] = episodes_of(out).lines
    assert (line.id, line.patient_id, line.arm, line.iteration, line.style) == ("00-a", "a", "main", 0, "plain")
    assert (line.diagnosis, line.similarity, line.score, line.turns, line.stop_reason) == ("x", 0.25, 8, 1, "aligned")
    assert line.problems == (("choice", "inconsistent"),)
    assert (line.truth, line.right) == (None, None), "there are no settings, so nobody knows"


def test_what_was_not_done_is_none_and_not_nought(write: Write) -> None:
    [line] = episodes_of(write([episode(decodings=(), diagnosis=None)])).lines
    assert (line.similarity, line.score, line.diagnosis) == (None, None, None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_every_episode_is_read_again_whatever_its_texts_hold(write: Write, texts: list[tuple[str, str]]) -> None:
    records = [episode(f"00-{n}-{name}", name, said) for n, (name, said) in enumerate(texts)]
    out = write([*records[:1], "", '{"torn": ', *records[1:]])
    index = episodes_of(out)
    assert [line.id for line in index.lines] == [record["id"] for record in records]
    for line, record in zip(index.lines, records, strict=True):
        read = json.loads(json.dumps(index.read(line.id)))
        assert read == record == json.loads(json.dumps(find(out, line.id)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(TEXT, st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10), TEXT)
def test_what_was_said_is_found_in_any_case_and_what_was_not_is_not(
    write: Write, before: str, part: str, after: str
) -> None:
    index = episodes_of(write([episode("00-a", "a", f"{before}{part}{after}"), episode("00-b", "b", "")]))
    wanted = part.swapcase().strip().casefold()
    said: dict[str, tuple[str, ...]] = {
        "00-a": (f"{before}{part}{after}".casefold(), "00-a", "hello?", "plain", "x", "main")
    }
    said["00-b"] = ("00-b", "hello?", "plain", "x", "main")
    expected = [id for id, texts in said.items() if any(wanted in text for text in texts)]
    assert ids(index, text=part.swapcase(), dialogues=True) == expected


def test_of_a_play_that_goes_on_each_episode_is_there_once_and_an_unfinished_line_is_nobodys_damage(write: Write) -> None:
    out = write([episode("00-a", said="first"), episode("00-b", "b"), episode("00-a", said="again")])
    file = folder_of(out, 0, "main") / "episodes.jsonl"
    part = file.rename(file.with_suffix(".part"))
    with part.open("a") as open_part:
        open_part.write(json.dumps(episode("00-c", "c"))[:-5])
    index = episodes_of(out)
    assert sorted(line.id for line in index.lines) == ["00-a", "00-b"]
    for read in (index.read("00-a"), find(out, "00-a")):
        assert read["views"]["patient"][-1]["content"] == "again", "what was met again takes the place of the first"
    assert (index.unreadable, index.played) == (0, [])
    assert not [note for note in index.told if "episodes" in note.split(":")[0]]
    with part.open("a") as open_part:
        open_part.write(json.dumps(episode("00-c", "c"))[-5:] + "\n")
    assert sorted(line.id for line in episodes_of(out).lines) == ["00-a", "00-b", "00-c"]
    write([episode("00-z", "z")])
    assert [line.id for line in episodes_of(out).lines] == ["00-z"], "what is finished counts"


def test_an_arm_whose_name_no_page_could_show_costs_the_others_nothing(write: Write) -> None:
    out = write([episode()])
    odd = Path(os.fsdecode(os.fsencode(out) + b"/arms/\xff/iteration-00"))
    odd.mkdir(parents=True)
    (odd / "episodes.jsonl").write_text(json.dumps(episode("00-b")))
    assert [line.id for line in episodes_of(out).lines] == ["00-a"]


def test_prompts_profiles_and_keys_are_not_what_was_said(write: Write) -> None:
    index = episodes_of(write([episode(said='he said "no"\nand left')]))
    for text in ("profile", "assistant", "content", "you ask"):
        assert ids(index, text=text, dialogues=True) == []
    for text in ('SAID "NO"', 'no"\nand', "hello?"):
        assert ids(index, text=text, dialogues=True) == ["00-a"]
    assert ids(index, text="hello") == [], "dialogues are searched on demand"


def test_torn_and_foreign_lines_are_counted_and_told_and_the_others_stand(write: Write) -> None:
    foreign = ["[]", "{}", '{"id": "00-x"}', '{"id": ', "NaN", "\ufffd", json.dumps({**episode("00-c"), "trials": 3})]
    nan = json.dumps(episode("00-d", decodings=(Decoding((Comparison("emotions", "", "", float("nan"), 0.4),)),)))
    index = episodes_of(write([episode("00-a"), *foreign, nan, "", episode("00-b")]))
    assert [line.id for line in index.lines] == ["00-a", "00-b"]
    assert index.unreadable == len(foreign) + 1
    assert "episodes.jsonl:2: " in index.told[0]
    assert "episodes.jsonl:5: torn or invalid JSON; expected an episode" in index.told[3]
    assert index.read("00-b")["id"] == "00-b"


def test_bytes_that_are_no_utf8_are_a_bad_line_like_others(write: Write) -> None:
    out = write([episode("00-a")])
    with (folder_of(out, 0) / "episodes.jsonl").open("ab") as file:
        file.write(b'{"id": "\xff\xfe"}\n')
    assert (len(episodes_of(out).lines), episodes_of(out).unreadable) == (1, 1)


def test_arms_may_repeat_an_id_and_the_arm_is_part_of_the_address(write: Write) -> None:
    write([episode(said="of main")])
    out = write([episode(said="of the control")], arm="unselected")
    index = episodes_of(out)
    assert [(line.arm, line.id) for line in index.lines] == [("main", "00-a"), ("unselected", "00-a")]
    for read in (index.read, lambda *address: find(out, *address)):
        assert read("00-a")["views"]["therapist"][1]["content"] == "of main"
        assert read("00-a", "unselected")["views"]["therapist"][1]["content"] == "of the control"
        with pytest.raises(DataError, match="no episode '00-a' in arm 'nowhere'"):
            read("00-a", "nowhere")


def test_a_file_that_was_replaced_is_read_again_alone_and_an_old_index_still_reads(write: Write) -> None:
    out = write([episode("00-a"), episode("00-b")])
    write([episode("01-a")], iteration=1)
    before = episodes_of(out)
    assert episodes_of(out) is before
    write([episode("00-0", said="more than before"), episode("00-a", said="another")])
    after = episodes_of(out)
    assert [line.id for line in after.lines] == ["00-0", "00-a", "01-a"]
    assert after.lines[2] is before.lines[2]
    assert before.read("00-a")["views"]["patient"][2]["content"] == "another"
    with pytest.raises(DataError, match="no episode '00-b'"):
        before.read("00-b")
    (folder_of(out, 1) / "episodes.jsonl").unlink()
    assert [line.id for line in episodes_of(out).lines] == ["00-0", "00-a"]


def test_the_index_that_is_kept_costs_no_reading(write: Write) -> None:
    out = write([episode()])
    assert kept(out) is None
    made = episodes_of(out)
    assert kept(out) is made


def test_a_play_in_shards_is_seen_before_it_is_joined(write: Write) -> None:
    out = write([episode("00-x")], iteration=1)
    shard = folder_of(out, 0) / "shards" / "00-of-02"
    shard.mkdir(parents=True)
    (shard / "episodes.jsonl").write_text(json.dumps(episode("00-a")) + "\n")
    assert [line.id for line in episodes_of(out).lines] == ["00-a", "00-x"]
    write([episode("00-a"), episode("00-b")])
    assert [line.id for line in episodes_of(out).lines] == ["00-a", "00-b", "00-x"]


def test_links_at_the_top_bring_nothing_twice_and_no_link_leads_out(write: Write, tmp_path: Path) -> None:
    out = write([episode()])
    (out / "iteration-00").symlink_to("arms/main/iteration-00")
    other = write([episode("00-secret")], out="other")
    (out / "arms" / "elsewhere").symlink_to(other / "arms" / "main")
    (folder_of(out, 1)).mkdir()
    (folder_of(out, 1) / "episodes.jsonl").symlink_to(folder_of(other, 0) / "episodes.jsonl")
    (folder_of(out, 2)).mkdir()
    os.mkfifo(folder_of(out, 2) / "episodes.jsonl")
    assert [line.id for line in episodes_of(out).lines] == ["00-a"]
    with pytest.raises(DataError, match="no episode '00-secret'"):
        find(out, "00-secret")
    with pytest.raises(DataError, match="no episode '00-secret'"):
        find(out, "00-secret", "../../other/arms/main")


def test_an_id_within_another_text_is_not_the_episode(write: Write) -> None:
    decoy = episode("00-b", said='"id": "00-a"') | {"more": {"id": "00-a"}}
    out = write([decoy, '{"id": "00-a"', episode("00-a")])
    assert find(out, "00-a")["id"] == "00-a"
    assert find(out, "00-b")["id"] == "00-b"


def test_an_empty_or_missing_directory_has_an_empty_index(tmp_path: Path) -> None:
    index = episodes_of(tmp_path / "nothing")
    assert (index.lines, index.told, index.select().total, index.select().pages) == ((), (), 0, 1)


@pytest.mark.parametrize("source", ["generated", "library"])
def test_diagnoses_are_held_against_the_references_of_the_clinic(source: str, write: Write, tmp_path: Path) -> None:
    config = Config.model_validate({"clinic": {"source": source}, "play": {"patients": 4, "fresh": True}})
    from mentalarena.clinic.clinics import open_clinic

    clinic = open_clinic(source)
    for iteration in (0, 1):
        known = truths(clinic, config, iteration)
        right, wrong, nobody, unasked = coming(clinic, config, iteration)
        records = [
            episode(f"{iteration:02d}-0", right.id, diagnosis=Diagnosis((), known[right.id].disorder)),
            episode(f"{iteration:02d}-1", wrong.id, diagnosis=Diagnosis((), "no such thing")),
            episode(f"{iteration:02d}-2", nobody.id, diagnosis=Diagnosis((), None)),
            episode(f"{iteration:02d}-3", "a stranger"),
        ]
        assert unasked.id in known
        out = write(records, iteration=iteration)
    (out / "config.json").write_text(config.model_dump_json())
    index = episodes_of(out)
    assert [line.right for line in index.lines] == [True, False, None, None] * 2
    found = {verdict: ids(index, Filters((verdict,), iteration=1)) for verdict in VERDICTS}
    assert found == {"right": ["01-0"], "wrong": ["01-1"], "none": ["01-2"], "unknown": ["01-3"]}


def test_settings_that_come_later_bring_the_truth_and_bad_ones_are_told(write: Write, tmp_path: Path) -> None:
    out = write([episode()])
    assert "config.json" in episodes_of(out).told[0]
    (out / "config.json").write_text('{"torn')
    assert "torn" in episodes_of(out).told[0]
    (out / "config.json").write_text(Config.model_validate({"clinic": {"source": "/nowhere.jsonl"}}).model_dump_json())
    index = episodes_of(out)
    assert (index.told, index.lines[0].right) == ((), None), "own files are not even opened"
    (out / "config.json").write_text(Config.model_validate({"play": {"patients": 10**12}}).model_dump_json())
    assert episodes_of(out).lines[0].truth is None, "nobody waits for a clinic of a million millions"


@pytest.fixture
def several(write: Write) -> EpisodeIndex:
    def scored(score: int | None) -> tuple[Trial, ...]:
        return (Trial("treatment", "p", "r", score=score),)

    def alike(value: float) -> tuple[Decoding, ...]:
        return (Decoding((Comparison("emotions", "", "", value, 0.4),)),)

    unread = (Problem("probe-emotions", "therapist", "unreadable", ""), Problem("choice", "patient", "inconsistent", ""))
    write([episode("01-a", "a", trials=scored(3), decodings=alike(0.2))], iteration=1)
    write([episode("00-a", "a", trials=scored(9), problems=unread)], arm="unselected")
    return episodes_of(
        write(
            [
                episode("00-a", "a", trials=scored(9), decodings=alike(0.9), principles="Terse"),
                episode(
                    "00-b", "b", trials=scored(None), decodings=(), problems=unread[:1], diagnosis=Diagnosis((), "Panic")
                ),
                episode("00-c", "c", trials=scored(5), decodings=alike(0.5)),
            ]
        )
    )


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ["00-a", "00-b", "00-c", "01-a"]),
        (Filters(iteration=0), ["00-a", "00-b", "00-c"]),
        (Filters(iteration=7), []),
        (Filters(similarity=(0.5, None)), ["00-a", "00-c"]),
        (Filters(similarity=(None, 0.5)), ["00-c", "01-a"]),
        (Filters(score=(3, 5)), ["00-c", "01-a"]),
        (Filters(problems=True), ["00-b"]),
        (Filters(problems=False), ["00-a", "00-c", "01-a"]),
        (Filters(step="probe-emotions"), ["00-b"]),
        (Filters(step="probe"), []),
        (Filters(style="Terse"), ["00-a"]),
        (Filters(patient="a"), ["00-a", "01-a"]),
        (Filters(diagnosis="Panic"), ["00-b"]),
        (Filters(prefix="00-"), ["00-a", "00-b", "00-c"]),
        (Filters(("unknown",), problems=True), ["00-b"]),
        (Filters(("right", "none")), []),
    ],
)
def test_a_filter_lets_through_what_it_says(filters: Filters, expected: list[str], several: EpisodeIndex) -> None:
    from dataclasses import replace

    assert ids(several, replace(filters, arm="main")) == expected


def test_a_text_is_sought_in_ids_names_and_style_in_any_case(several: EpisodeIndex) -> None:
    assert ids(several, text=" pAnIc ") == ["00-b"]
    assert ids(several, text="terse") == ["00-a"]
    assert ids(several, text="unselected") == ["00-a"]
    assert ids(several, text="01-") == ["01-a"]


def test_what_has_no_value_stands_last_in_both_directions(several: EpisodeIndex) -> None:
    main = Filters(arm="main")
    assert ids(several, main, order="similarity") == ["01-a", "00-c", "00-a", "00-b"]
    assert ids(several, main, order="-similarity") == ["00-a", "00-c", "01-a", "00-b"]
    assert ids(several, main, order="-problems")[0] == "00-b"
    for column in COLUMNS:
        assert sorted(ids(several, order=column)) == sorted(ids(several, order=f"-{column}"))
    with pytest.raises(ConfigError, match="order 'size': expected one of id, iteration"):
        several.select(order="size")


@given(size=st.integers(0, 6), number=st.integers(-2, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_hold_every_line_once(several: EpisodeIndex, size: int, number: int) -> None:
    pages = [several.select(page=n, size=size) for n in range(1, several.select(size=size).pages + 1)]
    assert [line for page in pages for line in page.lines] == list(several.select(size=0).lines)
    assert {page.total for page in pages} == {5}
    assert several.select(page=number, size=size).number == min(max(number, 1), len(pages))


def test_what_a_filter_can_offer(several: EpisodeIndex) -> None:
    assert several.values("arm") == ["main", "unselected"]
    assert several.values("problems") == ["choice", "probe-emotions"]
    assert several.values("score") == [3, 5, 9]


def test_many_may_search_one_index_at_once_and_it_keeps_no_more_than_it_should(write: Write) -> None:
    index = episodes_of(write([episode(f"00-{n}", said=f"word{n} of all") for n in range(20)]))
    failed = list[BaseException]()

    def search(start: int) -> None:
        try:
            for n in range(start, start + 80):
                assert len(index.select(text=f"word{n % 50}", dialogues=True).lines) == (n % 50 < 20) + (n % 50 == 1) * 10
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=search, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(index._searches) <= SEARCHES
    assert len(index._selected) <= SEARCHES


def test_a_pipe_in_the_place_of_episodes_is_left_out(write: Write) -> None:
    out = write([episode()])
    pipe = out / "arms" / "main" / "iteration-01" / "episodes.jsonl"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    assert ids(promptly(lambda: episodes_of(out))) == ["00-a"]
    with pytest.raises(DataError, match="a pipe"):
        promptly(lambda: indexed(EpisodeFile(pipe, "main", 1)))
