"""How questions are asked.

1  MedPrompt shows the nearest examples that the model itself reasoned rightly about, never the question itself
2  the options of an ensemble stand in different orders, and votes count for the option, not for the letter
3  an ensemble without any valid answer is no answer
4  each example is reasoned about once, however many questions show it
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mentalarena.evaluation.benchmarks.prompting import PROMPTINGS, MedPrompt, prompt
from mentalarena.evaluation.benchmarks.questions import Question
from mentalarena.models.base import Message
from mentalarena.models.lexical import LexicalEmbedder

OPTIONS = {"A": "lithium", "B": "valproate", "C": "quetiapine", "D": "sertraline"}
ASKED = Question("00001", "Which medicine for mania of early pregnancy?", OPTIONS, "C")
POOL = [
    Question("00002", "Which medicine for mania in old age?", OPTIONS, "A"),
    Question("00003", "Which medicine for mania of late pregnancy?", OPTIONS, "C"),
    Question("00004", "What is the capital of France?", {"A": "Rome", "B": "Paris"}, "B"),
    Question("00005", f" {ASKED.text.upper()}\n", OPTIONS, "C"),
]


class Answers:
    """Answers by option text, wherever it stands; `knows` are texts of questions that it gets right."""

    def __init__(self, says: str, knows: Sequence[str] = ()) -> None:
        self.says, self.knows = says, knows
        self.asked: list[tuple[str, tuple[Message, ...]]] = []

    async def __call__(self, scope: str, asked: tuple[Message, ...]) -> str:
        await asyncio.sleep(0)
        self.asked.append((scope, asked))
        shown = dict(line.split(". ", 1) for line in asked[-1].content.splitlines() if line[1:3] == ". ")
        if scope == "reasoning":
            [question] = [q for q in POOL if q.text in asked[-1].content]
            return f"I think. Answer: {question.answer if question.text in self.knows else 'none of them'}"
        return f"Answer: {next((label for label, text in shown.items() if text == self.says), 'I cannot say')}"

    def of(self, scope: str) -> list[tuple[Message, ...]]:
        return [asked for asked_scope, asked in self.asked if asked_scope.startswith(scope)]


def ask(answers: Answers, question: Question = ASKED, shuffles: int = 5) -> tuple[str, dict[str, str], int]:
    medprompt = MedPrompt(POOL, LexicalEmbedder(), examples=2, shuffles=shuffles)
    return asyncio.run(medprompt.answer(question, answers))


def test_only_examples_that_were_reasoned_rightly_are_shown_the_nearest_last() -> None:
    answers = Answers("quetiapine", knows=[POOL[1].text, POOL[2].text])
    assert ask(answers)[2] == 2
    shown = [m.content for m in answers.of("ensemble")[0]]
    assert [next(q.id for q in POOL if q.text in text) for text in shown[:-1:2]] == ["00004", "00003"]
    assert shown[1::2] == ["I think. Answer: B", "I think. Answer: C"]


def test_the_question_itself_is_no_example_and_its_key_stands_in_no_prompt() -> None:
    answers = Answers("quetiapine", knows=[q.text for q in POOL])
    ask(answers)
    assert not [asked for asked in answers.of("reasoning") if "EARLY" in asked[0].content.upper()]
    assert all(sum(ASKED.text in m.content for m in asked) == 1 for asked in answers.of("ensemble"))


@given(st.sampled_from(list(OPTIONS)), st.integers(1, 9))
def test_a_vote_counts_for_the_option_wherever_it_stands(label: str, shuffles: int) -> None:
    answers = Answers(OPTIONS[label])
    chosen, replies, _ = ask(answers, shuffles=shuffles)
    assert (chosen, len(replies)) == (label, shuffles)


def test_an_ensemble_sees_the_options_in_different_orders() -> None:
    answers = Answers("quetiapine")
    ask(answers)
    orders = Counter(asked[-1].content for asked in answers.of("ensemble"))
    assert len(orders) > 3
    assert len(set(ask(Answers("quetiapine"))[1].values())) > 1  # the letter of the same option is another


def test_an_ensemble_without_a_valid_answer_has_none() -> None:
    assert ask(Answers("something else"))[0] == ""


def test_each_example_is_reasoned_about_once() -> None:
    answers = Answers("quetiapine")
    medprompt = MedPrompt(POOL, LexicalEmbedder(), examples=2)

    async def all_at_once() -> None:
        await asyncio.gather(*(medprompt.answer(question, answers) for question in POOL))

    asyncio.run(all_at_once())
    assert len(answers.of("reasoning")) == len(POOL)


def test_every_way_of_asking_shows_the_question_and_what_may_be_answered() -> None:
    words = Question("1", "Is it?", {"yes": "yes", "no": "no", "maybe": "maybe"}, "no")
    assert prompt(words, "paper") == "Is it?\nJust answer with Yes, No or Maybe without explanation"
    for style in PROMPTINGS:
        assert words.text in prompt(words, style)
        assert all(text in prompt(ASKED, style) for text in OPTIONS.values())


@given(st.text(max_size=40))
def test_what_a_question_says_is_never_read_as_a_template(text: str) -> None:
    assert f"{text}$options" in prompt(Question("1", f"{text}$options", OPTIONS, "A"), "direct")
