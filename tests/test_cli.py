"""The command line: bad input is one clear line and exit code 2, and loses nothing; the same call resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mentalarena.errors import ConfigError
from mentalarena.settings import load_config

PATIENT = {"id": "a", "history": "h", "coping_strategies": "i wait", "core_beliefs": {"helpless": ["i am weak"]}}


SCRIPTED = ("--set", "models.all.provider=scripted")


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from mentalarena.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)  # noqa: S603


def test_play_show_and_resume(tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    first = run("play", "--out", out, "--patients", "3", "--json", *SCRIPTED)
    counts = json.loads(first.stdout)["iterations"][0]["play"]
    assert counts["episodes"] == 3
    assert counts["calls"] > 50
    episodes = (tmp_path / "run" / "iteration-00" / "episodes.jsonl").read_bytes()
    (tmp_path / "run" / "iteration-00" / "play.json").unlink()
    again = json.loads(run("play", "--out", out, "--patients", "3", "--json", *SCRIPTED).stdout)["iterations"][0]["play"]
    assert (again["calls"], again["replayed"]) == (0, counts["calls"])
    assert (tmp_path / "run" / "iteration-00" / "episodes.jsonl").read_bytes() == episodes
    assert "diagnosis:" in run("show", "00-play", "--out", out).stdout
    changed = run("play", "--out", out, "--patients", "3", *SCRIPTED, "--set", "seed=5")
    assert changed.returncode == 2
    assert "seed was 0 and is now 5" in changed.stderr
    free = run("play", "--out", out, "--patients", "3", *SCRIPTED, "--set", "play.concurrency=1", "--quiet")
    assert free.returncode == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "no patients"),
        ('{"id": "a", ', ":1: torn"),
        ("[1]", ":1: a list; expected one JSON object"),
        (
            json.dumps(PATIENT) + "\n" + json.dumps({**PATIENT, "id": "b", "history": 3}),
            ":2: history: a number; expected text",
        ),
        (json.dumps({**PATIENT, "colour": "red"}), ":1: colour: unknown field"),
        (json.dumps({**PATIENT, "core_beliefs": {"weak": []}}), ":1: core_beliefs.weak: unknown field"),
        (json.dumps(PATIENT) + "\n" + json.dumps(PATIENT), ":2: id: 'a' stands in line 1 too"),
        (json.dumps({"id": "a"}), ":1: every component is empty"),
        (json.dumps({**PATIENT, "id": ""}), ":1: id: missing"),
        (json.dumps({**PATIENT, "history": "\ud800"}), ":1: half a surrogate pair"),
    ],
)
def test_a_bad_patient_file_is_one_line_with_place_and_expectation(content: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "patients.jsonl"
    file.write_text(content)
    result = run("patients", "check", str(file))
    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


def test_patients_of_a_file_play(tmp_path: Path) -> None:
    file = tmp_path / "patients.json"
    file.write_text(json.dumps([{**PATIENT, "emotions": "i feel low"}]))
    checked = run("patients", "check", str(file), "--no-identifiers")
    assert "1 patients, no errors; to look at: 4 empty component\n" in checked.stdout
    assert checked.returncode == 0
    listed = run("patients", "list", "--set", f"clinic.source={file}")
    assert listed.stdout == "a  i wait\n"
    played = run("play", "--out", str(tmp_path / "run"), "--set", f"clinic.source={file}", "--quiet", *SCRIPTED)
    assert played.returncode == 0, played.stderr
    assert "episodes 1" in played.stdout
    assert json.loads(run("show", "--out", str(tmp_path / "run"), "--json").stdout) == ["00-a"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "play.patient=3"], "play.patient: unknown key"),
        (["--set", "play.threshold_quantile=2"], "play.threshold_quantile"),
        (["--set", "models.patient=5"], "models.patient: Input should be a valid"),
        (["--set", "play.patients=many"], "play.patients: Input should be a valid integer"),
        (["--set", "seed"], "expected key=value"),
        (["--config", "nowhere.toml"], "nowhere.toml: No such file"),
        (["--set", "models.patient.prompts=nowhere"], "prompt set 'nowhere'"),
        (["--set", "clinic.source=nowhere.jsonl"], "nowhere.jsonl: No such file"),
    ],
)
def test_a_bad_setting_is_one_line_and_makes_no_episodes(arguments: list[str], expected: str, tmp_path: Path) -> None:
    result = run("play", "--out", str(tmp_path / "run"), "--quiet", *SCRIPTED, *arguments)
    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert not list((tmp_path / "run").glob("iteration-*"))


def test_an_out_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("play", "--out", str(tmp_path / "file" / "run"), "--quiet")
    assert result.returncode == 2
    assert "expected a folder that can be written" in result.stderr


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="needs a folder that even root cannot write")
def test_a_folder_that_cannot_be_written_is_one_line() -> None:
    result = run("play", "--out", "/proc/mentalarena", "--quiet", *SCRIPTED)
    assert result.returncode == 2
    assert "expected a folder that can be written" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    from mentalarena.errors import RunError
    from mentalarena.runs.directory import write_whole

    class Full(type(Path())):  # type: ignore[misc]
        def with_name(self, name: str) -> Path:
            return Path("/dev/full")

    with pytest.raises(RunError, match="No space left"):
        write_whole(Full("/dev/x"), "text" * 10000)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    from mentalarena.errors import RunError
    from mentalarena.runs.directory import open_run

    with open_run(tmp_path, {"seed": 1}), pytest.raises(RunError, match="another process"), open_run(tmp_path, {"seed": 1}):
        pass


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from mentalarena.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "print([m for m in ('torch', 'transformers', 'sklearn', 'pydantic', 'numpy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"  # noqa: S603


def test_exported_names() -> None:
    import mentalarena

    assert sorted(mentalarena.__all__) == [
        "Arena",
        "ArenaSettings",
        "ChatModel",
        "CognitiveModel",
        "CoreBeliefs",
        "Embedder",
        "Episode",
        "Message",
        "Patient",
        "PrincipleGroup",
        "Reply",
        "Sampling",
        "Scorer",
        "Streamer",
        "play_episode",
        "streamed",
    ]
    assert all(hasattr(mentalarena, name) for name in mentalarena.__all__)


@pytest.fixture
def played(tmp_path: Path) -> Path:
    out = tmp_path / "run"
    assert run("play", "--out", str(out), "--patients", "3", "--quiet", *SCRIPTED).returncode == 0
    return out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["build", "--iteration", "4"], "iteration-04/episodes.jsonl: No such file"),
        (["train", "--iteration", "1"], "iteration-00/sft.jsonl: No such file"),
        (["train", "--iteration", "2"], "expected `mentalarena train --iteration 1` to have been run"),
        (["evaluate", "--iteration", "1"], "expected `mentalarena train --iteration 1` to have been run"),
        (["show", "99"], "no episode begins with '99'"),
    ],
)
def test_a_stage_without_the_one_before_is_one_line(arguments: list[str], expected: str, played: Path) -> None:
    result = run(*arguments, "--out", str(played))
    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["build", "train", "evaluate", "report"])
def test_a_folder_that_is_no_run_is_one_line_and_stays_as_it_is(command: str, tmp_path: Path) -> None:
    result = run(command, "--out", str(tmp_path / "nothing"))
    assert result.returncode == 2
    assert "expected" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("config.json", ["build"]),
        ("config.json", ["play", "--patients", "3", "--quiet", *SCRIPTED]),
        ("summary.json", ["report"]),
        ("arms/main/iteration-00/play.json", ["play", "--patients", "3", "--quiet", *SCRIPTED]),
        ("iteration-00/episodes.jsonl", ["build"]),
        ("journal.sqlite", ["build"]),
    ],
)
def test_a_torn_file_of_a_run_is_one_line_that_names_it(name: str, arguments: list[str], played: Path) -> None:
    (played / name).write_text('{"torn": ')
    result = run(*arguments, "--out", str(played))
    assert result.returncode == 2
    assert Path(name).name in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "arguments"),
    [
        ("summary.json", "{}", ["report"]),
        ("summary.json", '{"iterations": [{"iteration": 0, "evaluation": 3}], "held_out": null}', ["report"]),
        ("iteration-00/episodes.jsonl", '{"id": "00-x"}', ["show", "00"]),
        ("iteration-00/episodes.jsonl", '{"id": "00-x"}', ["show"]),
        ("iteration-00/episodes.jsonl", '{"id": "00-x"}', ["report"]),
        ("iteration-00/episodes.jsonl", "[]", ["show"]),
    ],
)
def test_sound_json_of_the_wrong_shape_is_one_line_too(name: str, content: str, arguments: list[str], played: Path) -> None:
    (played / name).write_text(content)
    result = run(*arguments, "--out", str(played))
    assert result.returncode == 2
    assert Path(name).name in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_page_of_the_journal_that_was_overwritten_is_one_line(played: Path) -> None:
    (played / "iteration-00" / "play.json").unlink()
    journal = played / "journal.sqlite"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    result = run("play", "--out", str(played), "--patients", "3", "--quiet", *SCRIPTED)
    assert result.returncode == 2
    assert "journal.sqlite" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_in_the_place_of_an_iteration_is_one_line_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "run" / "iteration-00").mkdir(parents=True)
    result = run("play", "--out", str(tmp_path / "run"), "--patients", "2", "--quiet", *SCRIPTED)
    assert result.returncode == 2
    assert result.stderr.startswith(f"mentalarena: {tmp_path / 'run' / 'iteration-00'}: something else has that name")
    assert result.stderr.count("\n") == 1


def test_an_empty_adapter_folder_is_no_adapter(played: Path) -> None:
    (played / "arms" / "main" / "iteration-01" / "adapter").mkdir(parents=True)
    result = run("evaluate", "--out", str(played), "--iteration", "1", "--quiet")
    assert result.returncode == 2
    assert "mentalarena train --iteration 1" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("clinic.source=missing.jsonl", "missing.jsonl"),
        ("models.all.prompts=missing", "prompt set 'missing'"),
        ("models.all.provider=transformers", "has no model"),
    ],
)
def test_settings_that_were_refused_do_not_bind_the_directory(bad: str, expected: str, tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    refused = run("play", "--out", out, "--patients", "2", "--quiet", *SCRIPTED, "--set", bad)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert expected in refused.stderr
    assert run("play", "--out", out, "--patients", "2", "--quiet", *SCRIPTED).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [["play"], ["play", "--bogus"], ["play", "--out", "x", "--patients", "0"], ["nothing"], ["train", "--out", "\n"]],
)
def test_wrong_usage_is_one_line_too(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stderr.count("\n"), result.stdout) == (2, 1, "")
    assert result.stderr.startswith("mentalarena: ")


def test_a_patient_file_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "patients.jsonl"
    file.write_text(json.dumps({**PATIENT, "coping_strategies": "\x1b]0;pwn\x07i wait"}))
    for arguments in (["list"], ["show", "a"]):
        told = run("patients", *arguments, "--set", f"clinic.source={file}").stdout
        assert "i wait" in told
        assert not [c for c in told if c != "\n" and not c.isprintable()]
    bad = run("patients", "check", str(file), "--bogus\x1b[2J")
    assert "\x1b" not in bad.stderr


def test_a_file_with_more_patients_than_come_says_so(tmp_path: Path) -> None:
    file = tmp_path / "patients.jsonl"
    file.write_text("\n".join(json.dumps({**PATIENT, "id": f"p{n}"}) for n in range(3)))
    out = run(
        "play", "--out", str(tmp_path / "run"), "--set", f"clinic.source={file}", "--patients", "2", "--quiet", *SCRIPTED
    )
    assert out.stderr == f"mentalarena: {file}: 2 of 3 patients come (play.patients)\n"


def test_settings_that_no_file_can_hold_are_one_line(tmp_path: Path) -> None:
    result = run("play", "--out", str(tmp_path / "run"), "--set", "models.all.model=\udcff", *SCRIPTED)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    deep = run("play", "--out", str(tmp_path / "run"), "--set", "seed=" + "[" * 100_000, *SCRIPTED)
    assert (deep.returncode, deep.stderr.count("\n")) == (2, 1)


def test_a_missing_run_directory_is_named_before_the_episode(tmp_path: Path) -> None:
    result = run("show", "00", "--out", str(tmp_path / "none"))
    assert result.returncode == 2
    assert (
        result.stderr
        == f"mentalarena: {tmp_path / 'none'}: no episodes; expected the run directory of `mentalarena play` or `run`\n"
    )


def test_show_without_an_id_lists_the_episodes_with_their_diagnoses(played: Path) -> None:
    lines = run("show", "--out", str(played)).stdout.splitlines()
    episodes = [json.loads(line) for line in (played / "iteration-00" / "episodes.jsonl").read_text().splitlines()]
    assert [line.split("  ")[0] for line in lines] == [e["id"] for e in episodes]
    for line, episode in zip(lines, episodes, strict=True):
        assert line.split("  ")[1].startswith(episode["diagnosis"]["chosen"] or "none (")


def test_show_lists_what_is_asked_for_and_tells_what_it_skips(played: Path) -> None:
    def shown(*arguments: str) -> list[str]:
        return [line.split("  ")[0] for line in run("show", "--out", str(played), *arguments).stdout.splitlines()]

    every = shown()
    right, wrong = shown("--right"), shown("--wrong")
    assert {*right, *wrong} <= {*every, "no episode is like that"}
    assert not {*right} & {*wrong}
    assert shown("--order", "-id", "--limit", "2") == [*every[::-1][:2], f"2 of {len(every)} (--limit)"]
    assert shown("--iteration", "9") == ["no episode is like that"]
    assert shown("--search", every[1].upper()) == [every[1]]
    assert {*shown("--problems"), *shown("--no-problems")} >= {*every}
    with (played / "iteration-00" / "episodes.jsonl").open("a") as file:
        file.write('{"torn')
    result = run("show", "--out", str(played))
    assert len(result.stdout.splitlines()) == len(every)
    assert "1 lines are no episodes (first: " in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--order", "size"], "order 'size': expected one of id, "),
        (["--wrong", "--right"], "expected one of them"),
        (["--arm", "nowhere"], "no episodes of arm 'nowhere'; expected one of main, or all"),
        (["00", "--iteration", "3"], "no episode begins with '00' and is like that"),
    ],
)
def test_a_wish_that_show_cannot_grant_is_one_line(arguments: list[str], expected: str, played: Path) -> None:
    result = run("show", "--out", str(played), *arguments)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert expected in result.stderr


def test_a_model_that_cannot_be_trained_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    result = run("run", "--out", str(tmp_path / "run"), *SCRIPTED)
    assert result.returncode == 2
    assert result.stderr == (
        "mentalarena: models: provider 'scripted' cannot be trained; expected 'embedded', 'transformers', or 'openai' with "
        "`weights`\n"
    )


def test_one_patient_is_shown_while_it_speaks(tmp_path: Path) -> None:
    result = run("play", "--out", str(tmp_path / "run"), "--patients", "1", "--show", *SCRIPTED)
    spoken, whole = result.stdout.split("episode 00-play", 1)
    assert spoken.startswith("therapist  hello. what brings you here?\n  patient  i feel")
    assert "therapist  " not in whole, "what was streamed is not printed again"
    assert spoken.count("therapist  ") >= 4
    assert "diagnosis:" in whole


def test_changes_that_are_allowed_are_kept(played: Path) -> None:
    again = ["play", "--out", str(played), "--patients", "3", "--quiet", *SCRIPTED]
    assert run(*again, "--set", "loop.iterations=5").returncode == 0
    assert json.loads((played / "changes.jsonl").read_text()) == {"loop.iterations": [2, 5]}


def test_keys_for_all_models_hold_where_a_role_says_nothing_else() -> None:
    from mentalarena.settings import load_config

    config = load_config(None, ["models.all.provider=scripted", "models.judge.provider=embedded", "models.all.top_p=0.5"])
    roles = config.models
    assert [r.provider for r in (roles.patient, roles.therapist, roles.judge)] == ["scripted", "scripted", "embedded"]
    assert roles.judge.top_p == 0.5


@pytest.mark.parametrize("file", sorted((Path(__file__).parent.parent / "configs").glob("*.toml")), ids=lambda p: p.name)
def test_the_shipped_settings_are_read(file: Path) -> None:
    from mentalarena.config import Config
    from mentalarena.settings import load_config

    assert load_config(file) != Config()


@pytest.mark.parametrize(
    ("content", "expected"), [(b"costs $5", "expected known $names"), (b"\xff\xfe", "expected UTF-8 text files")]
)
def test_a_bad_prompt_file_is_one_line(content: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "patient_system.txt").write_bytes(content)
    settings = ["--set", f"models.patient.prompts={tmp_path / 'prompts'}"]
    result = run("play", "--out", str(tmp_path / "run"), "--patients", "2", "--quiet", *SCRIPTED, *settings)
    assert result.returncode == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


def test_ctrl_c_says_that_the_run_can_go_on(tmp_path: Path) -> None:
    # a shell that runs the tests in the background has them ignore SIGINT, and the child would inherit that
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from mentalarena.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "play", "--out", str(tmp_path / "run")]
    process = subprocess.Popen(  # noqa: S603
        [*command, "--patients", "5000", "--quiet", *SCRIPTED], stderr=subprocess.PIPE, text=True
    )
    journal, deadline = tmp_path / "run" / "journal.sqlite", time.monotonic() + 60
    while not (journal.exists() and journal.with_name("journal.sqlite-wal").exists()) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "mentalarena: stopped; every reply is kept, the same command goes on\n"
    assert process.returncode != 0


def test_a_run_is_not_continued_with_other_weights(tmp_path: Path) -> None:
    settings = ["play", "--out", str(tmp_path / "run"), "--patients", "1", "--quiet"]
    (tmp_path / "run").mkdir()
    from mentalarena.config import Config

    tree = Config.model_validate({"play": {"patients": 1}}).model_dump(mode="json") | {"weights": {"embedded": "older"}}
    (tmp_path / "run" / "config.json").write_text(json.dumps(tree))
    result = run(*settings)
    assert result.returncode == 2
    assert "weights.embedded was 'older'" in result.stderr


def test_the_library_plays_end_to_end_with_the_scripted_model_and_its_licence_follows_into_every_row(
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    played = run("play", "--patients", "library", "--count", "8", "--out", str(out), "--json", *SCRIPTED)
    assert played.returncode == 0, played.stderr
    counts = json.loads(played.stdout)["iterations"][0]["play"]
    assert (counts["episodes"], counts["diagnosed"], counts["problems"]) == (8, 8, 0)
    assert "library: 8 of " in played.stderr
    assert run("build", "--out", str(out), "--quiet").returncode == 0
    rows = [json.loads(line) for line in (out / "iteration-00" / "sft.jsonl").read_text("utf-8").splitlines()]
    lineages = {(row["lineage"]["patient_source"], row["lineage"]["patient_licence"]) for row in rows}
    assert lineages == {("mentalarena library", "CC-BY-4.0")}
    measured = json.loads(run("evaluate", "--out", str(out), "--json", "--quiet").stdout)
    assert {task["n"] for task in measured.values()} == {17}, "each person of the development split once"


def test_the_library_plays_end_to_end_with_a_model_in_this_process(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    out = str(tmp_path / "run")
    played = run("play", "--patients", "library", "--count", "2", "--out", out, "--json")
    assert played.returncode == 0, played.stderr
    assert json.loads(played.stdout)["iterations"][0]["play"]["episodes"] == 2
    assert "plays these patients as gibberish; set models.all to a real model" in played.stderr
    told = run("show", "--out", out, "00", "--json")
    assert len(json.loads(told.stdout)["views"]["patient"]) > 8


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--patients", "0"], "--patients 0: expected a number from 1 on"),
        (["--patients", "3", "--count", "2"], "--patients 3: expected a number from 1 on, without --count"),
        (["--patients", "nowhere.jsonl"], "nowhere.jsonl: No such file"),
    ],
)
def test_who_comes_is_a_number_the_library_or_a_file(arguments: list[str], expected: str, tmp_path: Path) -> None:
    told = run("play", "--out", str(tmp_path / "run"), *arguments, *SCRIPTED)
    assert told.returncode == 2
    assert expected in told.stderr
    assert told.stderr.count("\n") == 1


def test_check_says_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    long = "every evening i walk twice round the block and count the lit windows before i go in"
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(json.dumps({**PATIENT, "id": name, "behavior": f"{name} {long}"}) for name in ("a", "b")))
    told = run("patients", "check", str(file), "--no-identifiers")
    assert told.returncode == 1
    assert "error  near-duplicate  a, b  12 words: every evening i walk" in told.stdout
    found = json.loads(run("patients", "check", str(file), "--no-identifiers", "--json").stdout)
    assert found["errors"] == sum(finding["level"] == "error" for finding in found["findings"]) > 0


def test_the_library_is_sound_and_its_coverage_is_told() -> None:
    assert run("patients", "check", "library", "--no-identifiers").stdout.startswith("library: ")
    told = json.loads(run("patients", "stats", "library", "--json").stdout)
    assert sum(cell["people"] for cell in told["disorders"]) == told["people"]
    assert "alcohol use disorder" in run("patients", "stats", "library").stdout


def test_another_collection_is_imported_and_plays(tmp_path: Path) -> None:
    psi = {
        "id": "1-1", "name": "Kim", "type": ["plain"], "history": "h", "helpless_belief_current": ["I am stuck."],
        "unlovable_belief_current": [], "worthless_belief_current": [], "intermediate_belief": "If I ask, I am weak.",
        "intermediate_belief_depression": "", "coping_strategies": "I wait.", "situation": "s", "auto_thought": "t",
        "emotion": ["sad", "low"], "behavior": "b",
    }  # fmt: skip
    (tmp_path / "psi.json").write_text(json.dumps([psi]))
    out = str(tmp_path / "mine.jsonl")
    told = run("patients", "import", str(tmp_path / "psi.json"), "--out", out, "--licence", "by agreement")
    assert told.stdout == f"{out}: 1 patients, licence by agreement\n", told.stderr
    assert run("patients", "import", str(tmp_path / "psi.json"), "--out", out).stderr.endswith("expected a new file\n")
    (tmp_path / "p.json").write_text(json.dumps({"quiet": ["Say little."], "loud": ["Say much."]}))
    principles = str(tmp_path / "p.jsonl")
    assert (
        "2 principles in 2 groups"
        in run("patients", "import-principles", str(tmp_path / "p.json"), "--out", principles).stdout
    )
    again = run("patients", "import-principles", str(tmp_path / "p.json"), "--out", principles)
    assert again.stderr.endswith("is there already; expected a new file\n")
    chosen = ("--set", f"clinic.principles={principles}")
    played = run("play", "--patients", out, "--out", str(tmp_path / "run"), "--quiet", *chosen, *SCRIPTED)
    assert played.returncode == 0, played.stderr
    episode = json.loads((tmp_path / "run" / "iteration-00" / "episodes.jsonl").read_text("utf-8"))
    assert episode["principles"] in ("quiet", "loud")
    assert episode["lineage"]["patient_licence"] == "by agreement"


def test_a_table_needs_a_mapping_that_fits(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("past,mood\nalone,low\n")
    out = str(tmp_path / "mine.jsonl")
    assert (
        "expected OURS=THEIRS"
        in run("patients", "import", str(tmp_path / "t.csv"), "--out", out, "--map", "history").stderr
    )
    told = run("patients", "import", str(tmp_path / "t.csv"), "--out", out, "--map", "history=past")
    assert told.stdout.endswith("licence unstated; left out: mood\n")
    assert "no --licence" in told.stderr


def test_notes_that_could_tell_who_somebody_is_are_refused_redacted_or_signed_for(tmp_path: Path) -> None:
    pytest.importorskip("presidio_analyzer")
    notes, out = tmp_path / "notes.txt", tmp_path / "drafts.jsonl"
    notes.write_text("Maria Lopez lies awake. She counts the hours. She hides it. She fears the morning.")
    draft = ("patients", "from-text", str(notes), "--out", str(out), *SCRIPTED)
    refused = run(*draft)
    assert refused.returncode == 2
    assert "vignette 1: name or place: Maria Lopez" in refused.stderr
    assert "nothing was sent to a model" in refused.stderr
    assert not out.exists()
    redacted = run(*draft, "--redact", "--licence", "own notes")
    assert redacted.returncode == 0, redacted.stderr
    told = json.loads(out.read_text("utf-8"))
    assert "Maria" not in out.read_text("utf-8")
    assert "[name or place]" in told["history"] + json.dumps(told["core_beliefs"])
    assert (told["source"], told["licence"]) == ("draft by scripted from notes, not reviewed", "own notes")
    assert run("patients", "check", str(out), "--no-identifiers").stdout.count("look   draft") == 1
    out.unlink()
    assert "expected one of them" in run(*draft, "--checked", "--redact").stderr
    kept = notes.read_text()
    notes.write_text("she counts the hours. call 020 7946 0958")
    assert "vignette 1: contact: 020 7946 0958" in run(*draft).stderr
    notes.write_text(kept)
    assert "cannot draft" in run(*draft[:-2], "--redact").stderr
    checked = run(*draft, "--checked")
    assert checked.returncode == 0
    assert "look at name or place: Maria Lopez" in checked.stderr, "what is in a draft is pointed at"
    assert run(*draft, "--checked").stderr == f"mentalarena: {out}: is there already; expected a new file\n"
    assert "Maria Lopez" in out.read_text("utf-8")


def test_one_person_of_any_split_is_shown_as_its_own_prompt_has_it() -> None:
    told = run("patients", "show", "ahmed-warsame-1", "--patients", "library").stdout
    assert told.startswith(
        "about you: age 23, culture Somali-Canadian, Toronto, gender man, occupation call centre agent\nhistory: "
    )
    assert told.endswith("source: mentalarena library, licence: CC-BY-4.0\n")
    absent = run("patients", "show", "nobody", "--patients", "library")
    assert absent.stderr == (
        "mentalarena: library: no patient 'nobody'; expected an id from `mentalarena patients list --patients library`\n"
    )
    listed = run("patients", "list", "--patients", "library", *SCRIPTED)
    assert len(listed.stdout.splitlines()) == 60
    assert "library: 60 of 129 patients come" in listed.stderr


def test_counterfactuals_are_written_and_play(tmp_path: Path) -> None:
    out = str(tmp_path / "varied.jsonl")
    told = run("patients", "counterfactual", "library", "--out", out, "--attribute", "gender", "--each", "1")
    assert told.returncode == 0, told.stderr
    assert "129 originals" in told.stdout, "the play split alone: whom one plays with is no longer held out"
    again = run("patients", "counterfactual", "library", "--out", out)
    assert again.stderr == f"mentalarena: {out}: is there already; expected a new file\n"
    assert "--attribute height: expected one of" in run(
        "patients", "counterfactual", "library", "--out", f"{out}2", "--attribute", "height"
    ).stderr  # fmt: skip
    played = run("play", "--patients", out, "--count", "4", "--out", str(tmp_path / "run"), "--quiet", *SCRIPTED)
    assert played.returncode == 0, played.stderr
    assert any("~gender=" in line for line in run("show", "--out", str(tmp_path / "run")).stdout.splitlines())


def test_a_key_that_nobody_reads_is_told_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(ConfigError, match=r"models\.patient\.provder: unknown key; did you mean provider\?"):
        load_config(None, ["models.all.provder=scripted"])
    with pytest.raises(ConfigError, match=r"modles: unknown key; did you mean models\?"):
        load_config(None, ["modles.all.provider=scripted"])
    with pytest.raises(ConfigError, match=r"play\.xyzzy: unknown key$"):
        load_config(None, ["play.xyzzy=1"])


def test_a_part_of_a_key_in_quotes_may_hold_dots() -> None:
    config = load_config(None, ['prices."gpt-4.1".prompt=2', 'prices."gpt-4.1".new=8'])
    assert config.prices["gpt-4.1"].new == 8
    assert load_config(None, ["play.patients=7"]).play.patients == 7


def test_judge_labels_what_is_uncalibrated_and_resumes(tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    run("play", "--out", out, "--patients", "3", "--quiet", *SCRIPTED)
    lacks = run("judge", "--out", out)
    assert lacks.returncode == 2
    assert "expected `mentalarena build --iteration 0`" in lacks.stderr
    table = run("judge", "fidelity", "guideline", "--out", out, "--limit", "3", "--quiet")
    assert table.returncode == 0
    assert table.stdout.count("UNCALIBRATED") == 2
    assert "100% of the answers cannot be read" in table.stdout
    told = json.loads(run("judge", "fidelity", "--out", out, "--limit", "3", "--json").stdout)
    assert told["fidelity"]["parts"]["verdict"]["calibrated"] is False
    file = tmp_path / "people.jsonl"
    written = run("judge", "fidelity", "--out", out, "--template", str(file), "--limit", "3")
    assert f"{len(file.read_text().splitlines())} questions in {file}" in written.stdout
    unknown = run("judge", "wit", "--out", out)
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    second = tmp_path / "second.toml"
    second.write_text('provider = "openai"\nmodle = "x"\n')
    wrong = run("judge", "fidelity", "--out", out, "--second", str(second))
    assert wrong.returncode == 2
    assert "second.toml: modle: unknown key; did you mean model?" in wrong.stderr
