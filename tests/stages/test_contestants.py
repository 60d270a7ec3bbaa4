"""Who is ranked: nobody is answered for by another, and what cannot be ranked is one clear line before anything is asked.

1  models that are called alike, or come from another run, answer for themselves
2  what cannot be ranked is refused in one line, and nothing is asked
"""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")
from mentalarena.errors import ConfigError, DataError
from mentalarena.stages.contest import cross, rank_patients, rank_therapists
from mentalarena.stages.contestants import contestants
from mentalarena.stages.run import Run, opened
from tests.models.fake_server import FakeServer, serving
from tests.stages.skilled import expert, mute, names, played_by, playing, ranked, settings, with_iteration


def test_1_two_models_that_two_servers_call_alike_do_not_answer_for_each_other(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    with serving() as other:
        other.respond = lambda body, number: playing(mute, body)
        models = [guest("m", "here"), guest("m", "there", other.url)]
        found, _ = ranked(settings(fake), tmp_path / "run", models, iterations="0")
    scores = {row["name"]: row["score"] for row in found["measures"]["answers"]["ranking"]}
    assert scores["there"] == 0.0
    assert scores["here"] == scores["iteration-00"] > 0


def test_1_weights_of_another_run_are_a_contestant_under_their_own_name(fake: FakeServer, tmp_path: Path) -> None:
    better = with_iteration(tmp_path / "other", 1, expert)
    adapter = tmp_path / "other" / "arms" / "main" / "iteration-01" / "adapter"
    file = tmp_path / "several.toml"
    served = (
        f'provider = "openai"\nmodel = "m"\nweights = "m"\npublish = "vllm"\nbase_url = "{fake.url}"\nprompts = "compact"\n'
    )
    file.write_text(f'[contestants.plain]\n{served}[contestants.taught]\n{served}adapter = "{adapter}"\n')
    found, _ = ranked(settings(fake), tmp_path / "run", [str(file)])
    assert names(found) == ["taught", "plain"]
    assert played_by(fake, "therapist") == {"m", better}
    assert played_by(fake, "patient") == {"m"}


def refused(run: Run, iterations: str | None, *models: str) -> str:
    with pytest.raises((ConfigError, DataError)) as caught:
        rank_therapists(run, contestants(run, iterations, models), "development")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_2_what_cannot_be_ranked_is_one_line_and_nothing_is_asked(
    fake: FakeServer, guest: Callable[..., str], tmp_path: Path
) -> None:
    several, wrong, empty = (tmp_path / f"{name}.toml" for name in ("several", "wrong", "empty"))
    several.write_text('[contestants.a]\nprovider = "openai"\nmodle = "m"\n')
    wrong.write_text("temperature = -1\n")
    empty.write_text('provider = "openai"\n')
    with opened(settings(fake, "budget.cost=1", 'prices={"m": {"prompt": 1, "new": 1}}'), tmp_path / "run") as run:
        assert "iteration-04/adapter: not there; expected `mentalarena train --iteration 4`" in refused(run, "0,4")
        assert "--iterations 0,x: 'x'; expected numbers" in refused(run, "0,x")
        assert refused(run, "0").startswith("iteration-00 alone cannot be ranked; expected two")
        assert "iteration-00: two contestants have this name" in refused(run, "0,0")
        assert refused(run, "0", str(several)) == f"{several}: contestants.a.modle: unknown key; did you mean model?"
        assert refused(run, "0", f"a={wrong}").startswith(f"{wrong}: temperature: Input should be greater")
        assert "provider 'openai' has no model; expected `model`" in refused(run, "0", f"a={empty}")
        assert "no section [contestants.NAME]" in refused(run, "0", str(wrong))
        assert "No such file" in refused(run, "0", "a=nowhere.toml")
        assert "'iteration-01' is no name for a contestant" in refused(run, "0", guest("toy", "iteration-01"))
        assert "budget.cost: no price of 'toy'" in refused(run, "0", guest("toy"))
    assert fake.asked == []


def test_2_an_iteration_is_not_ranked_for_a_role_that_it_does_not_play(fake: FakeServer, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with_iteration(out, 1, expert)
    with opened(settings(fake, "training.trained=therapist"), out) as run:
        who = contestants(run, None, ())
        told = "^iteration-01: the patient of this run does not play with the trained weights"
        with pytest.raises(ConfigError, match=told):
            rank_patients(run, who, "development")
        with pytest.raises(ConfigError, match=told):
            cross(run, who, who, "development")
    assert fake.asked == []
