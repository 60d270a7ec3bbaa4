"""Rows that hold a benchmark's questions: by words in a row, and by embeddings where there is an embedder."""

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.audit.contamination import Held, question_texts, without_questions
from mentalarena.audit.rows import read_example
from mentalarena.evaluation.benchmarks.questions import Question
from mentalarena.models.base import Message
from mentalarena.models.lexical import LexicalEmbedder
from mentalarena.training.rows import Row, RowLineage

LONG = (
    "A 24-year-old man took a pill at a festival. He is agitated and hot, and his jaw is clenched. Which substance was it?"
)
SHORT = "Which adverse effect of clozapine requires regular blood counts?"


def test_a_filter_gives_clean_rows_and_held_back_ones_with_the_question_and_its_words() -> None:
    held = Held({"q1": LONG, "q2": SHORT})
    rows = {"clean": "He took something at a festival.", "long": f"Row 7: {LONG} ecstasy", "short": SHORT.upper()}
    clean, found = without_questions(rows, held)
    assert clean == ["clean"]
    assert [(finding.item, finding.verdict) for finding in found] == [("long", "held back"), ("short", "held back")]
    assert found[0].detail.startswith("13 words of question q1: a 24 year old man")


def test_phrases_that_several_questions_share_are_no_contamination() -> None:
    asked = "Which of the following is the most appropriate first-line treatment?"
    held = Held({str(n): f"Patient number {n} of ward {'abcd'[n]} has complaint {n * 17}. {asked}" for n in range(4)})
    assert held.overlap(f"Read the notes. {asked}") is None
    assert held.overlap("Patient number 2 of ward c has complaint 34 today.")


def test_an_embedder_finds_what_words_in_a_row_do_not() -> None:
    words = ["agitated", "hot", "jaw", "clenched", "pupils", "wide", "festival", "pill", "substance"]
    held, seeing = (Held({"q": " ".join(words)}, embedder=embedder, alike=0.7) for embedder in (None, LexicalEmbedder()))
    turned = " ".join([*words[5:], *words[:5]])
    assert held.findings({"row": turned}) == []
    (finding,) = seeing.findings({"row": turned})
    assert "cosine" in finding.detail


@given(st.text(max_size=200), st.lists(st.text(max_size=100), max_size=4))
def test_any_text_can_be_read_and_without_questions_all_is_clean(row: str, questions: list[str]) -> None:
    held = Held({str(n): text for n, text in enumerate(questions)})
    held.findings({"row": row})
    assert without_questions({"row": row}, Held({})) == (["row"], [])


def test_a_question_that_says_little_is_looked_for_with_its_options() -> None:
    asked = Question("1", "Drug of choice?", {"A": "lithium", "B": "valproate in slow release"}, "A")
    yes_no = Question("2", "Does it help?", {"yes": "yes", "no": "no"}, "no")
    assert question_texts([asked, yes_no]) == {
        "1": "Drug of choice? lithium valproate in slow release",
        "2": "Does it help?",
    }


def test_training_rows_are_read_with_prompt_and_completion_under_ids_that_tell_where_they_come_from() -> None:
    rows = [
        Row("diagnosis", (Message("user", LONG),), text, RowLineage("00-p", 0, "m", "p", "generated", "Apache-2.0"))
        for text in ("ecstasy", "ecstasy")
    ]
    read = {one.id(n): one for n, one in enumerate(read_example(row.as_dict(), "a row") for row in rows)}
    assert {name: one.answers for name, one in read.items()} == {
        "0 diagnosis 00-p": ("ecstasy",),
        "1 diagnosis 00-p": ("ecstasy",),
    }
    texts = {name: "\n".join([*(m.content for m in one.prompt), *one.answers]) for name, one in read.items()}
    clean, found = without_questions(texts, Held({"q": SHORT, "p": LONG}))
    assert clean == []
    assert [finding.item for finding in found] == list(read)
