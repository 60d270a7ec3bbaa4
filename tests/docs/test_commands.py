"""The documentation's commands work.

1  every block has a language, and every block of commands or of Python has a mark that says what is done with it
2  what is marked `run` is run, page by page, in an empty folder beside the repository's examples and configs
3  of what cannot be run here, each command, option, setting, script and make target exists
4  TOML and JSON can be read, and what is meant as settings is accepted
5  paths, settings and commands that are named in the text exist
"""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mentalarena.cli import app
from mentalarena.config import Config
from mentalarena.settings import load_config
from tests.docs.blocks import PAGES, ROOT, SHELL, Block, all_blocks, commands, options_of, parsed, spans

BLOCKS = all_blocks()
RUN_PAGES = sorted({block.page for block in BLOCKS if block.mark == "run" and block.detail != "gallery"})
MARKS = {"shell": ("run", "needs"), "python": ("run", "compile")}
ELSEWHERE = ("cd", "exec", "export", "git", "lm_eval", "ray", "source", "vllm")
"""Programs of others, or of the shell, whose words nobody here can check."""
MAKE_TARGETS = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8")))
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])


def named(blocks: Iterator[Block] | list[Block]) -> list[object]:
    return [pytest.param(block, id=block.where) for block in blocks]


def test_every_block_says_its_language_and_what_is_done_with_it() -> None:
    for block in BLOCKS:
        assert block.language, f"{block.where}: a block without a language"
        kind = "shell" if block.language in SHELL else block.language
        if kind in MARKS:
            assert block.mark in MARKS[kind], f"{block.where}: expected one of {MARKS[kind]} in a comment above"
        if block.mark in ("needs", "compile"):
            assert block.detail, f"{block.where}: {block.mark} what?"


@pytest.mark.parametrize("page", RUN_PAGES)
def test_what_is_marked_run_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("benchmarks", "configs", "examples", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    for block in (b for b in BLOCKS if b.page == page):
        if block.mark == "file":
            Path(block.detail).write_text(block.text, "utf-8")
        elif block.mark == "run" and block.language == "python":
            done([sys.executable, "-c", block.text], block)
        elif block.mark == "run":
            for words in commands(block.text):
                assert words[0] == "mentalarena", f"{block.where}: {words[0]}: only mentalarena is run"
                if block.detail == "embedded":
                    done([sys.executable, "-c", "from mentalarena.cli import main; main()", *words[1:]], block)
                else:
                    told = CliRunner().invoke(app, words[1:])
                    assert told.exit_code == 0, f"{block.where}: {' '.join(words)}: {told.output}{told.exception}"


def done(command: list[str], block: Block) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, f"{block.where}: {' '.join(command[3:])}: {result.stderr[-2000:]}"


@pytest.mark.parametrize("block", named([b for b in BLOCKS if b.language in SHELL]))
def test_commands_and_their_options_exist(block: Block) -> None:
    for words in commands(block.text):
        if "--" in words and "mentalarena" in words:  # handed to another program
            words = words[words.index("--") + 1 :]
        told = f"{block.where}: {' '.join(words)}"
        match words:
            case ["mentalarena", *_, "--help"]:
                assert options_of(words[:-1]), told
            case ["mentalarena", *_]:
                options = parsed(words)
                named_file = str(options.get("config") or "")
                file = ROOT / named_file if named_file.startswith("configs/") else None
                load_config(file, options.get("set_") or ())
            case ["make", *targets]:
                assert set(targets) <= MAKE_TARGETS, told
            case ["pip", "install", *rest]:
                extras = {e for word in rest for found in re.findall(r"\[(.+)\]", word) for e in found.split(",")}
                assert extras <= EXTRAS, told
            case ["python", script, *rest]:
                text = (ROOT / script).read_text("utf-8")
                assert all(word in text for word in rest if word.startswith("--")), told
            case [program, *_]:
                assert program in ELSEWHERE, f"{told}: nobody checks {program}"


@pytest.mark.parametrize("block", named([b for b in BLOCKS if b.language == "python" and b.mark == "compile"]))
def test_python_that_is_not_run_compiles_and_imports_what_is_there(block: Block) -> None:
    tree = compile(block.text, block.where, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mentalarena"):
            module = import_module(node.module or "")
            assert all(hasattr(module, name.name) for name in node.names), block.where


@pytest.mark.parametrize("block", named([b for b in BLOCKS if b.language in ("toml", "json")]))
def test_toml_and_json_can_be_read(block: Block, tmp_path: Path) -> None:
    if block.language == "json":
        json.loads(block.text)
        return
    tomllib.loads(block.text)
    if block.mark in ("settings", "file"):
        file = tmp_path / "settings.toml"
        file.write_text(block.text, "utf-8")
        load_config(file)


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_paths_settings_and_commands_in_the_text_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for path in re.findall(r"(?<![\w/.$-])(?:configs|recipes|benchmarks|examples|src|dev|docs|tests)/[\w./-]*\w", text):
        of_a_run = path.endswith((".json", ".jsonl"))
        assert of_a_run or re.search("NAME|NN", path) or (ROOT / path).exists(), f"{page.name}: no {path}"
    for link in (
        re.findall(r"\]\((?!https?:|#)([^)\s#]+)", text) if page.parent == ROOT else ()
    ):  # the site's own are strict
        assert (ROOT / link).exists(), f"{page.name}: no {link}"
    if page.name == "CHANGELOG.md":  # tells of what was, too
        return
    for span in spans(text):
        if re.match(r"mentalarena( [a-z-]+)", span) and "|" not in span:
            words = span.split()
            told = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
            assert told <= {"--help", *options_of(words)}, f"{page.name}: {span}"
        if key := re.match(r"((?:models|clinic|arena|play|training|evaluation|loop|cluster|budget)(?:\.[a-z_]+)+)", span):
            assert is_setting(key[1]) or is_name(key[1]), f"{page.name}: {span}"


def is_setting(key: str) -> bool:
    kind: object = Config
    for part in key.replace("models.all.", "models.therapist.").split("."):
        fields = getattr(kind, "model_fields", {})
        if part not in fields:
            return False
        kind = fields[part].annotation
    return True


def is_name(key: str) -> bool:
    """A file, or a name of the package."""
    if key.endswith((".json", ".jsonl", ".log", ".py")):
        return True
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(["mentalarena", *parts[:length]]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, None)
        return found is not None
    return False
