"""What an episode promises. The mistakes of the published code each have a test here that would fail on them.

1  the therapist's prompts hold nothing of the profile that the patient has not said
2  with equal patient replies, two profiles give byte-identical therapist prompts (guidance aside)
3  guidance reaches the therapist's next prompt and stays in its view
4  probes are independent of each other; trials of medicines do not see trials of treatments
5  the patient chooses; disagreement between the two orders makes no diagnosis, and is counted
6  components that the patient does not have are skipped
7  a failed reply is asked again once, with the error; then it is a problem, and the run goes on
8  a model that always fails makes no diagnosis, no trial, no row
9  each trial starts from S0 unless `sequential` is asked for
10 all scores at the lowest are still scores: the best of them is kept
11 demographics reach the patient, and the therapist only where an intake sheet is wanted
12 an ablation leaves out what it names, and leaves the rest as it was
"""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence

import pytest

from mentalarena.arena.episode import Arena, play_episode
from mentalarena.arena.types import ArenaSettings, Episode
from mentalarena.clinic.cognitive_model import CognitiveModel, CoreBeliefs, Patient, Voice
from mentalarena.clinic.generated import GeneratedClinic
from mentalarena.errors import ModelError
from mentalarena.models.base import Message, Sampling
from mentalarena.models.scripted import Script, toy_player
from tests.conftest import Player

MakePlayer = Callable[..., Player]
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")


def play(patient: Patient, arena: Arena, player: Player, **settings: object) -> Episode:
    settled = dataclasses.replace(arena, settings=dataclasses.replace(arena.settings, **settings))  # type: ignore[arg-type]
    return asyncio.run(play_episode(patient, settled, player.cast, "e"))


def canary(word: str) -> Patient:
    """A patient with a word in each component that nobody would say by chance."""
    model = CognitiveModel(
        id=f"canary-{word}",
        name="canary",
        history=f"{word} one",
        core_beliefs=CoreBeliefs(helpless=(f"{word} two",)),
        intermediate_beliefs=f"{word} three",
        intermediate_beliefs_during_depression=f"{word} four",
        coping_strategies=f"{word} five",
        situation=f"{word} six",
        automatic_thoughts=f"{word} seven",
        emotions=f"{word} eight",
        behavior=f"{word} nine",
    )
    return Patient(model, demographics=(("occupation", f"{word} ten"),), voice=Voice(trust=(f"{word} eleven",)))


def silent_patient(messages: Sequence[Message], sampling: Sampling) -> str:
    """Plays by the toy script, but the patient never says anything of its profile."""
    last = messages[-1].content.splitlines()[-1]
    if messages[0].content.startswith("you are the patient"):
        if last.startswith("which fits"):
            return f"choice: {min(last.split('better, ')[1].rstrip('?').split(' or '))}"
        if last.startswith("imagine"):
            return "reason: none known\noutcome: nothing changes for me.\nhealth: unchanged"
        return "i would rather not say."
    return toy_player(messages, sampling)


def therapist_prompts(player: Player) -> list[str]:
    return player.prompts("you are the therapist")


def test_1_therapist_sees_no_profile_text_that_the_patient_has_not_said(arena: Arena, player: MakePlayer) -> None:
    cast = player(silent_patient)
    play(canary("zyxgram"), arena, cast)
    assert len(therapist_prompts(cast)) > 20
    assert not [p for p in therapist_prompts(cast) if "zyxgram" in p]
    assert not [p for p in cast.prompts("you are the judge") if "zyxgram" in p and "which manner fits?" not in p]


def test_2_therapist_prompts_do_not_depend_on_the_profile(arena: Arena, player: MakePlayer) -> None:
    first, second = player(silent_patient), player(silent_patient)
    play(canary("zyxgram"), arena, first, guided=False)
    play(canary("quorble"), arena, second, guided=False)
    assert therapist_prompts(first) == therapist_prompts(second)


def test_3_guidance_is_in_the_next_therapist_prompt_and_stays(
    arena: Arena, clinic: GeneratedClinic, player: MakePlayer
) -> None:
    guided_rounds = 0
    for patient, _ in clinic.draw("play", 12, seed=11):
        cast = player()
        episode = play(patient, arena, cast)
        view = "\n".join(m.content for m in episode.views["therapist"])
        for decoding in episode.decodings:
            if decoding.guidance is None:
                continue
            guided_rounds += 1
            assert decoding.guidance in view
            asked = [m for m, _ in cast.model.requests if m[0].content.startswith("you are the therapist")]
            with_it = [m for m in asked if m[-1].content.endswith(f"supervisor: {decoding.guidance}")]
            assert with_it, "the therapist was never asked with the guidance at the end of its view"
    assert guided_rounds > 5


def test_4_probes_and_trials_are_branches(arena: Arena, clinic: GeneratedClinic, player: MakePlayer) -> None:
    cast = player()
    play(clinic.draw("play", 1, seed=12)[0][0], arena, cast)
    assert all(p.count("note what you understood.") <= 1 for p in therapist_prompts(cast))
    medicine = [p for p in therapist_prompts(cast) if "which medicine do you suggest?" in p]
    assert medicine
    assert not [p for p in medicine if "treatment" in p]
    assert not [p for p in therapist_prompts(cast) if "which treatment do you suggest?" in p and "note what" in p]


def swaying(messages: Sequence[Message], sampling: Sampling) -> str:
    """The patient always takes what is named first."""
    last = messages[-1].content.splitlines()[-1]
    if last.startswith("which fits"):
        return f"choice: {last.split('better, ')[1].split(' or ')[0]}"
    return toy_player(messages, sampling)


def test_5_a_choice_that_depends_on_the_order_makes_no_diagnosis(
    arena: Arena, clinic: GeneratedClinic, player: MakePlayer
) -> None:
    episode = play(clinic.draw("play", 1, seed=13)[0][0], arena, player(swaying))
    assert episode.diagnosis is not None
    assert len(set(episode.diagnosis.candidates)) == 2
    assert episode.diagnosis.chosen is None
    assert [p.kind for p in episode.problems] == ["inconsistent"]
    assert episode.trials == ()


def test_5_the_patients_reasons_are_kept(arena: Arena, clinic: GeneratedClinic, player: MakePlayer) -> None:
    def explaining(messages: Sequence[Message], sampling: Sampling) -> str:
        text = toy_player(messages, sampling)
        return f"reason: it is what i live with\n{text}" if text.startswith("choice: ") else text

    episode = play(clinic.draw("play", 1, seed=13)[0][0], arena, player(explaining))
    assert episode.diagnosis is not None
    assert episode.diagnosis.chosen == episode.diagnosis.votes[0]
    assert episode.diagnosis.reasons == ("it is what i live with",) * 2


def test_6_empty_components_are_skipped(arena: Arena, player: MakePlayer) -> None:
    patient = canary("zyxgram")
    thin = dataclasses.replace(patient.cognitive_model, intermediate_beliefs_during_depression="", emotions="")
    episode = play(dataclasses.replace(patient, cognitive_model=thin), arena, player(silent_patient))
    compared = {c.component for d in episode.decodings for c in d.comparisons}
    assert "emotions" not in compared
    assert "intermediate_beliefs_during_depression" not in compared
    assert "behavior" in compared


def breaking(step: str) -> Script:
    """Answers one kind of question with nonsense."""

    def script(messages: Sequence[Message], sampling: Sampling) -> str:
        if any(step in m.content for m in messages[1:]):
            return "hm"
        return toy_player(messages, sampling)

    return script


def test_7_an_unreadable_reply_is_asked_again_once_with_the_error(
    arena: Arena, clinic: GeneratedClinic, player: MakePlayer
) -> None:
    cast = player(breaking("what is the score?"))
    episode = play(clinic.draw("play", 1, seed=14)[0][0], arena, cast, trials=1)
    asked = [p for p in cast.prompts("you are the judge") if "what is the score?" in p]
    assert len(asked) == 4
    assert sum("that could not be read: expected one score" in p for p in asked) == 2
    assert [p.step for p in episode.problems] == ["medicine-1-score", "treatment-1-score"]
    assert episode.best("treatment") is None
    assert episode.trials[0].proposal


def test_8_a_dead_model_makes_no_diagnosis_and_no_trial(arena: Arena, player: MakePlayer) -> None:
    def dead(messages: Sequence[Message], sampling: Sampling) -> str:
        raise ModelError("503 from the server")

    episode = play(canary("zyxgram"), arena, player(dead))
    assert episode.stop_reason == "dialogue failed"
    assert episode.diagnosis is None
    assert episode.trials == ()
    assert {p.kind for p in episode.problems} == {"model_error"}


@pytest.mark.parametrize(("start", "expected"), [("S0", 0), ("sequential", 4)])
def test_9_trials_start_from_s0_unless_sequential(start: str, expected: int, arena: Arena, player: MakePlayer) -> None:
    cast = player(silent_patient)
    play(canary("zyxgram"), arena, cast, trial_start=start)
    assert sum("your health now: unchanged" in p for p in cast.prompts("you are the patient")) == expected


def test_10_the_best_of_low_scores_is_kept(arena: Arena, player: MakePlayer) -> None:
    episode = play(canary("zyxgram"), arena, player(silent_patient))
    assert [t.score for t in episode.trials] == [2] * 6
    best = episode.best("treatment")
    assert best is not None
    assert best.proposal == episode.trials[0].proposal


def test_the_same_script_plays_the_same_episode(arena: Arena, clinic: GeneratedClinic, player: MakePlayer) -> None:
    patient = clinic.draw("play", 1, seed=15)[0][0]
    assert play(patient, arena, player()) == play(patient, arena, player())


def test_the_papers_defaults_stand_in_the_settings() -> None:
    settings = ArenaSettings()
    assert (settings.talk_turns, settings.decode_rounds, settings.trials, settings.good_score) == (4, 5, 7, 9)


def test_11_the_therapist_has_the_demographics_with_an_intake_sheet_and_not_without(
    arena: Arena, clinic: GeneratedClinic, player: MakePlayer
) -> None:
    patient = dataclasses.replace(
        clinic.patients(1, seed=15)[0], demographics=(("age", "71"), ("occupation", "canarykeeper"))
    )
    for intake in (False, True):
        cast = player(toy_player)
        play(patient, arena, cast, intake=intake)
        assert "canarykeeper" in cast.prompts("you are the patient")[0]
        told = ["canarykeeper" in prompt for prompt in cast.prompts("you are the therapist")]
        assert set(told) == {intake}
        assert not any("canarykeeper" in prompt for prompt in cast.prompts("you are the judge"))


def test_12_without_cognition_the_patient_has_its_history_and_situation_alone(arena: Arena, player: MakePlayer) -> None:
    whole, bare = player(), player()
    full = play(canary("zebra"), arena, whole)
    episode = play(canary("zebra"), arena, bare, cognition=False)
    told = "\n".join(bare.prompts("you are the patient"))
    kept = {"one", "six", "ten"}
    assert all((f"zebra {word}" in told) == (word in kept) for word in NUMBERS)
    assert all(f"zebra {word}" in "\n".join(whole.prompts("you are the patient")) for word in NUMBERS)
    assert {c.component for d in episode.decodings for c in d.comparisons} == {"situation", "principles"}
    assert episode.principles == full.principles, "the pattern that its coping strategies call for"
    assert episode.patient_id == full.patient_id


def test_12_without_principles_nobody_chooses_a_manner_and_the_patient_has_none(arena: Arena, player: MakePlayer) -> None:
    bare = player()
    episode = play(canary("zebra"), arena, bare, principles=False)
    assert not [prompt for prompt in bare.prompts("you are the judge") if prompt.endswith("which manner fits?")]
    told = "\n".join(bare.prompts("you are the patient"))
    assert not [group for group in arena.groups if group.principles[0] in told]
    assert "zebra nine" in told
    assert episode.principles == "none"
    assert "principles" not in {c.component for d in episode.decodings for c in d.comparisons}


def test_12_without_a_decoder_nothing_is_probed_and_the_talk_is_as_long_as_with_all_rounds(
    arena: Arena, player: MakePlayer
) -> None:
    never = dataclasses.replace(arena, thresholds=dict.fromkeys(arena.thresholds, 2.0))  # so that all rounds are used up
    bare = player()
    unguided = play(canary("zebra"), never, player(), guided=False)
    episode = play(canary("zebra"), never, bare, decoder=False)
    assert episode.views == unguided.views
    asked = "\n".join([*bare.prompts("you are the therapist"), *bare.prompts("you are the judge")])
    assert "note what you understood." not in asked
    assert "not understood: " not in asked
    assert episode.decodings == ()
    assert episode.stop_reason == "nothing decoded"
    assert episode.diagnosis is not None
    assert episode.diagnosis.chosen
    short = play(canary("zebra"), never, player(), decoder=False, decode_rounds=0)
    assert sum(m.role == "assistant" for m in short.views["therapist"]) == never.settings.talk_turns
