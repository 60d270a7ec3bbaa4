"""Questions from files as upstream publishes them.

1  the six shared files load whole, with the published shares of right answers
2  numbers that count from 0 and from 1 are told apart by the data; what the data leave open is an error
3  every form of options and keys in use reads as the same question
4  what is wrong is told with file, record, field and what was expected
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentalarena.errors import ConfigError, DataError
from mentalarena.evaluation.benchmarks.catalogue import Benchmark, benchmark, catalogue, own_benchmarks
from mentalarena.evaluation.benchmarks.questions import Question, label_shares, load_questions

SHARED = Path(__file__).parents[3].parent / "shared" / "benchmarks"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared benchmark files are not here")
SIZES = {
    "medqa_psychosis": 173,
    "medmcqa_psychosis": 314,
    "pubmedqa_psychosis": 328,
    "cams": 625,
    "dreaddit": 414,
    "irf": 2113,
}
PLAIN = {"title": "t", "files": ["a.jsonl"], "question": ["q"], "answer": "key"}


def written(folder: Path, records: list[dict[str, Any]]) -> Path:
    (folder / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def of(**told: Any) -> Benchmark:
    return Benchmark(**{**PLAIN, "name": "own", **told})


@needs_shared
@pytest.mark.parametrize("name", SIZES)
def test_a_shared_file_loads_whole(name: str) -> None:
    assert len(load_questions(catalogue()[name], SHARED)) == SIZES[name] == catalogue()[name].size


@needs_shared
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("pubmedqa_psychosis", {"yes": 321, "no": 7}),
        ("medmcqa_psychosis", {"A": 133, "B": 67, "D": 63, "C": 51}),
        ("cams", {"F": 184, "E": 174, "A": 107, "C": 68, "D": 64, "B": 28}),
        ("dreaddit", {"yes": 211, "no": 203}),
        ("irf", {"yes": 1366, "no": 747}),
    ],
)
def test_right_answers_have_the_published_shares(name: str, counts: dict[str, int]) -> None:
    shares = label_shares(load_questions(catalogue()[name], SHARED))
    assert {label: round(share * SIZES[name]) for label, share in shares.items()} == counts
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


@needs_shared
def test_the_same_questions_with_keys_from_0_have_the_same_answers(tmp_path: Path) -> None:
    """The hub's copy of MedMCQA counts from 0, the paper's subset from 1."""
    told = catalogue()["medmcqa_psychosis"]
    lines = (SHARED / told.files[0]).read_text().splitlines()
    moved = [{**record, "cop": record["cop"] - 1} for record in map(json.loads, lines)]
    (tmp_path / "medmcqa").mkdir()
    (tmp_path / told.files[0]).write_text("".join(json.dumps(record) + "\n" for record in moved))
    assert load_questions(told, tmp_path) == load_questions(told, SHARED)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.sampled_from([0, 1]))
def test_a_key_never_means_another_option_than_it_was_written_for(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], base: int
) -> None:
    records = [{"q": "Q?", "o": ["w", "x", "y", "z"], "key": place + base} for place in places]
    data = written(tmp_path_factory.mktemp("own"), records)
    open_ = 0 not in places if base == 0 else 3 not in places
    if open_:
        with pytest.raises(DataError, match="may count from 0 or from 1"):
            load_questions(of(options="o"), data)
    else:
        found = load_questions(of(options="o"), data)
        assert [question.answer for question in found] == ["ABCD"[place] for place in places]


def test_a_subject_has_the_base_of_the_whole_file(tmp_path: Path) -> None:
    records = [{"q": "Q?", "o": ["w", "x"], "key": key, "s": subject} for key, subject in ((0, "a"), (1, "b"))]
    [found] = load_questions(of(options="o", where={"s": ["b"]}), written(tmp_path, records))
    assert found == Question("00002", "Q?", {"A": "w", "B": "x"}, "B")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"o": {"A": "w", "B": "x"}}, "B"),
        ({"o": ["w", "x"]}, "x"),
        ({"o": ["A. w", "B. x"]}, "B. x"),
        ({"o": "A. w\nB. x"}, "B) x"),
        ({"o": "(A) w\n(B) x"}, "(B)"),
        ({"o": [{"key": "A", "value": "w"}, {"key": "B", "value": "x"}]}, "X"),
    ],
)
def test_every_form_of_options_reads_as_the_same_question(tmp_path: Path, options: dict[str, Any], key: str) -> None:
    data = written(tmp_path, [{"q": "Q?", **options, "key": key}])
    assert load_questions(of(options="o"), data) == [Question("00001", "Q?", {"A": "w", "B": "x"}, "B")]


def test_fields_are_joined_and_found_in_objects(tmp_path: Path) -> None:
    data = written(tmp_path, [{"c": {"t": ["one", "two"]}, "q": "Q?", "key": "no"}])
    [found] = load_questions(of(question=["c.t", "q"], labels=["yes", "no"]), data)
    assert (found.text, found.options, found.words) == ("one\ntwo\n\nQ?", {"yes": "yes", "no": "no"}, True)


def test_more_than_three_labels_are_asked_by_letters(tmp_path: Path) -> None:
    [found] = load_questions(of(labels=["p", "q", "r", "s"]), written(tmp_path, [{"q": "Q?", "key": "r"}]))
    assert (found.options, found.answer, found.words) == ({"A": "p", "B": "q", "C": "r", "D": "s"}, "C", False)


def test_questions_with_several_right_answers_are_refused_or_left_out(tmp_path: Path) -> None:
    data = written(tmp_path, [{"q": "Q?", "o": ["w", "x"], "key": key} for key in ("A & B", "B")])
    with pytest.raises(DataError, match=r"a\.jsonl:1: key: 'A & B' is none of the options"):
        load_questions(of(options="o"), data)
    assert [q.id for q in load_questions(of(options="o", several="leave out"), data)] == ["00002"]


@pytest.mark.parametrize(
    ("told", "record", "message"),
    [
        ({"options": "o"}, {"q": "Q?", "o": ["w", "x"]}, "a.jsonl:1: key: missing; expected the right answer"),
        ({"options": "o"}, {"q": "Q?", "key": "A"}, "a.jsonl:1: o: expected an object, a list or lettered lines"),
        ({"options": "o"}, {"q": " ", "o": ["w", "x"], "key": "A"}, "a.jsonl:1: q: missing; expected a question"),
        ({"options": "o"}, {"q": "Q?", "o": ["w", "w"], "key": "w"}, "'w' is two of the options"),
        ({"options": "o"}, {"q": "Q?", "o": ["B", "A"], "key": "A"}, "'A' is two of the options"),
        ({"options": "o"}, {"q": "Q?", "o": ["2", "1"], "key": 1}, "may be options' places or options' texts"),
        ({"options": "o"}, {"q": "Q?", "o": ["w", None], "key": "A"}, "an option without text"),
        ({"options": "o"}, {"q": "Q?", "o": ["w", " "], "key": "A"}, "an option without text"),
        ({"options": "o"}, {"q": "Q?", "o": ["B. x", "A. y"], "key": "A"}, "lettered B, A; expected A, B, C"),
        (
            {"options": "o"},
            {"q": "Q?", "o": [{"label": "B", "text": "x"}, {"label": "A", "text": "y"}], "key": "A"},
            "labels B, A",
        ),
        ({"options": "o"}, {"q": "Q?", "o": "A. x\nmore\nB. y", "key": "A"}, "lines without a letter"),
        ({"options": "o"}, {"q": "Q?", "o": "A. x\nA. y", "key": "A"}, "labels A, A"),
        ({"options": "o"}, {"q": "Q?", "o": list("abcdefghijk"), "key": "A"}, "11 options; expected 2 to 10"),
        ({"labels": ["yes", "no"]}, {"q": "Q?", "key": 1}, "1; expected one of yes, no"),
        ({"options": "o", "question": ["context", "q"]}, {"q": "Q?", "o": ["w", "x"], "key": "A"}, "context: missing"),
        ({"options": "o"}, {"q": "Q?", "o": ["w", "x"], "key": "C"}, "'C' is none of the options"),
        ({"options": "o"}, {"q": "Q?", "o": ["w", "x"], "key": -1}, "numbers from -1 to -1 for 2 options"),
        ({"options": "o"}, {"q": "Q?", "o": {"B": "w", "A": "x"}, "key": "A"}, "expected A, B, C"),
        (
            {"options": ["p", "r"]},
            {"q": "Q?", "p": "w", "key": "A"},
            "a.jsonl:1: r: missing; expected the text of an option",
        ),
        ({"labels": ["yes", "no"], "patterns": {"yes": "y", "no": "n"}}, {"q": "Q?", "key": "?"}, "begins like 0 labels"),
        ({"options": "o", "where": {"s": ["z"]}}, {"q": "Q?", "o": ["w", "x"], "key": "A"}, "no questions of own"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, told: dict[str, Any], record: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as found:
        load_questions(of(**told), written(tmp_path, [record]))
    assert message in str(found.value)
    assert "\n" not in str(found.value)


def test_a_file_that_is_not_there_is_told_with_the_names_it_may_have(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"dreaddit: .*: no questions; expected imhi/dreaddit\.csv or dreaddit\.csv in your folder"
    ):
        load_questions(catalogue()["dreaddit"], tmp_path)


def test_a_torn_csv_is_told_with_its_record(tmp_path: Path) -> None:
    (tmp_path / "dreaddit.csv").write_text("query,gpt-3.5-turbo\nonly one field\n")
    with pytest.raises(DataError, match=r"dreaddit\.csv:record 1: another number of fields"):
        load_questions(catalogue()["dreaddit"], tmp_path)


def test_a_heading_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dreaddit.csv").write_text("query,gpt-3.5-turbo,query\na,b,c\n")
    with pytest.raises(DataError, match="the heading has 'query' twice"):
        load_questions(catalogue()["dreaddit"], tmp_path)


def test_numbers_that_are_texts_of_options_mean_the_texts_where_no_place_fits(tmp_path: Path) -> None:
    data = written(tmp_path, [{"q": "Q?", "o": ["10", "20"], "key": "20"}, {"q": "R?", "o": ["30", "40"], "key": "30"}])
    assert [q.answer for q in load_questions(of(options="o"), data)] == ["B", "A"]


def test_a_single_answer_with_an_and_is_no_several(tmp_path: Path) -> None:
    data = written(tmp_path, [{"q": "Q?", "o": ["A and B cells", "T cells"], "key": "A and B cells"}])
    assert [q.answer for q in load_questions(of(options="o", several="leave out"), data)] == ["A"]


def test_every_benchmark_of_the_catalogue_has_a_source_and_a_licence() -> None:
    assert [told.name for told in catalogue().values() if not told.source or told.licence == "unstated"] == []


def test_an_own_set_is_found_by_name_and_a_mistyped_one_is_guessed(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[mine]\ntitle = "t"\nfiles = ["a.jsonl"]\nquestion = ["q"]\noptions = "o"\nanswer = "key"\n')
    assert benchmark("mine", file) == own_benchmarks(file)["mine"] == of(name="mine", options="o")
    with pytest.raises(ConfigError, match=r"dreadit: unknown benchmark; did you mean dreaddit"):
        benchmark("dreadit", file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[mine", "own.toml: not TOML"),
        ('[mine]\ntitel = "t"', "own.toml: mine: title: Field required"),
        ('[mine]\ntitle = "t"\nanswer = "k"\noptions = "o"\nfiles = ["f"]', "own.toml: mine: expected question and answer"),
        (
            '[mine]\ntitle = "t"\nanswer = "k"\nquestion = ["q"]\nfiles = ["f"]',
            "expected either options (fields) or labels",
        ),
        ('["../mine"]\ntitle = "t"', "own.toml: ../mine: expected a table [NAME]"),
        ('[mine]\ntitle = "t"\nanwser = "k"', "own.toml: mine: anwser: unknown key; did you mean answer?"),
        ('[mine]\nlike = "other"', "own.toml: mine.like: no table 'other'"),
    ],
)
def test_a_description_that_is_not_whole_is_refused_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as found:
        own_benchmarks(file)
    assert message in str(found.value)


def test_a_set_of_the_hub_is_read_by_its_split(tmp_path: Path) -> None:
    """`datasets` takes a folder where it takes a name of the hub."""
    for split, key in (("train", "B"), ("test", "A")):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps({"q": f"{split}?", "o": ["w", "x"], "key": key}) + "\n")
    told = of(options="o", files=[], hub=str(tmp_path), examples="train")
    [found], [example] = load_questions(told, None), load_questions(told, None, examples=True)
    assert (found.text, found.answer, example.text, example.answer) == ("test?", "A", "train?", "B")
    with pytest.raises(DataError, match=r"own: .* \[dev\] of the hub: ") as error:
        load_questions(of(options="o", files=[], hub=str(tmp_path), split="dev"), None)
    assert "\n" not in str(error.value)
