"""What is told of settings in public: enough to make the run again, and nothing of servers, prices and folders of a machine."""

import shlex
from typing import Any

from mentalarena.config import Config
from mentalarena.export.public_settings import (
    clinic_of,
    commands,
    limits_of,
    principles_of,
    roles_of,
    run_command,
    shown_settings,
)
from mentalarena.settings import load_config

FOLDER = "/home/secret"
OWN = [
    f"clinic.source={FOLDER}/people.jsonl",
    f"clinic.principles={FOLDER}/principles.jsonl",
    "models.all.provider=openai",
    f"models.all.model={FOLDER}/weights",
    "models.all.base_url=http://secret.example/v1",
    "models.all.publish_command=copy secret",
    'prices.secret={"prompt": 2, "new": 8}',
    f"play.embedder={FOLDER}/embedder",
    "play.patients=7",
    "seed=5",
]


def told(config: Config) -> list[Any]:
    return [clinic_of(config), principles_of(config), roles_of(config), limits_of(config), *commands(config, ["--force"])]


def test_nothing_of_a_machine_is_told() -> None:
    config = load_config(None, OWN)
    assert "secret" in str(config)
    assert "secret" not in str([*told(config), shown_settings(config)])


def test_the_command_gives_the_settings_that_are_told() -> None:
    config = load_config(None, ["seed=5", "play.patients=7", "models.all.provider=scripted", "training.input=profile"])
    first, *_ = " ".join(line.removesuffix("\\") for line in run_command(config, "play")).split(" mentalarena ")
    words = shlex.split(first)
    assert words[:4] == ["mentalarena", "play", "--out", "DIR"]
    assert load_config(None, [words[n + 1] for n, word in enumerate(words) if word == "--set"]) == config


def test_a_run_is_made_audited_and_exported_again_in_this_order() -> None:
    found = [line for line in commands(Config(), ["--patient-side"]) if line.startswith("mentalarena")]
    assert [line.split()[1] for line in found] == ["run", "audit", "export"]


def test_the_packages_own_clinics_are_told_by_name_and_other_files_without_their_folder() -> None:
    library = load_config(None, ["clinic.source=library"])
    assert (clinic_of(library), principles_of(library)) == ("library clinic", "the package's own (CC-BY-4.0)")
    assert principles_of(Config()) == "the package's own (Apache-2.0)"
    own = load_config(None, OWN)
    assert (clinic_of(own), principles_of(own)) == ("people.jsonl", "from principles.jsonl")
    assert {one["model"] for one in roles_of(own)} == {"weights"}


def test_limits_are_those_of_the_settings() -> None:
    assert any("generated from phrases" in one for one in limits_of(Config()))
    library = limits_of(load_config(None, ["clinic.source=library", "training.input=profile"]))
    assert any("no clinician has read a line" in one for one in library)
    assert any("no therapist would have it" in one for one in library)


def test_settings_of_the_method_are_shown_and_what_decides_speed_alone_is_not() -> None:
    shown = dict(shown_settings(load_config(None, ["seed=5", "play.patients=7"])))
    assert (shown["seed"], shown["play.patients"]) == (5, 7)
    assert {key.split(".")[0] for key in shown} == {"seed", "arena", "play", "training", "loop"}
    assert not [key for key in shown if key.startswith("play.") and key.endswith("concurrency")]
