"""What the tests of judges share: a run that was played by rule, and judges that know, that do not, and that sway."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mentalarena.arena.prompts import load_prompts
from mentalarena.evaluation.judges.forms import FORMS, NAMES, Question
from mentalarena.evaluation.judges.questions import Material, questions
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, ScriptedModel
from mentalarena.settings import load_config
from mentalarena.stages.build import build
from mentalarena.stages.judge import gather
from mentalarena.stages.play import play
from mentalarena.stages.run import Run, opened

SETTINGS = load_config(
    None,
    [
        "models.all.provider=scripted",
        "play.patients=14",
        "training.rehearsal=0",
        "evaluation.resamples=199",
        "play.concurrency=8",
    ],
)


def played(out: Path) -> Path:
    with opened(SETTINGS, out) as run:
        play(run, 0, run.base)
        build(run, 0)
    return out


def judging(run: Run, script: Script, name: str = "scripted") -> ScriptedModel:
    """The run's models, judge included, from now on."""
    run.backends.scripted = ScriptedModel(script, name)
    return run.backends.scripted


def answer_to(question: Question, right: bool = True) -> str:
    """What a judge that knows the controls says (or its opposite); of what is no control it thinks well."""
    form = FORMS[question.form]
    if form.label == "choice":
        return f"choice: {question.order if right else {'first': 'second', 'second': 'first'}[question.order]}"
    if form.label == "rating":
        return f"rating: {1 if (question.control == 'bad') == right else 5}"
    credited = (question.control != "bad") == right
    return f"verdict: {form.credited if credited else next(a for a in form.answers if a != form.credited)}"


def knowing(material: Material, answer: Callable[[Question], str] = answer_to) -> Script:
    """A judge that recognises every question by its text."""
    prompts = load_prompts("compact")
    known = {
        prompts.render(FORMS[q.form].prompt, **q.values): answer(q)
        for name in NAMES
        for q in sorted(questions(name, material), key=lambda q: bool(q.control))
    }
    return lambda messages, sampling: known[messages[-1].content]


def always(**answers: str) -> Script:
    """A judge with one answer a label: `always(verdict="yes")`."""

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        label = messages[-1].content.rsplit("(", 1)[1].rstrip(":)")
        if label == "verdict" and "human or ai" in messages[-1].content.splitlines()[-1]:
            return f"verdict: {answers.get('talk', 'human')}"
        return f"{label}: {answers[label]}"

    return script


def everything(run: Run, limit: int = 40) -> Material:
    return gather(run, NAMES, 0, None, limit)
