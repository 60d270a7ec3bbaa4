"""To whom the app is served: this machine alone, or with a token that cannot be guessed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mentalarena.app.access import is_loopback
from mentalarena.app.server import SHORTEST, TOKEN, AppSettings, serve, token_for
from mentalarena.errors import ConfigError
from mentalarena.settings import load_config
from tests.app.serving import CLI


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2", "127.255.255.254"])
def test_a_host_of_this_machine_alone_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    assert token_for(host, None) == ""
    assert token_for(host, "x" * SHORTEST) == "x" * SHORTEST, "but has the one that was told"


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.2", "10.0.0.1", "example.org", "localhost.example.org", "", "127.1", "::ffff:0:1"],  # noqa: S104
)
def test_any_other_needs_one_which_is_drawn(host: str) -> None:
    assert not is_loopback(host)
    tokens = {token_for(host, None) for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) >= 32 for token in tokens)
    assert token_for(host, "a-token_of-mine-01") == "a-token_of-mine-01"


@pytest.mark.parametrize(
    "told", ["short", "x" * (SHORTEST - 1), "x" * 20 + "&y", "x" * 20 + " ", "é" * 20, "x" * 20 + "\n"]
)
def test_a_token_that_can_be_guessed_or_that_no_address_holds_is_refused(told: str) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104
        with pytest.raises(ConfigError, match=TOKEN) as error:
            token_for(host, told)
        assert told not in str(error.value), "a secret stands in no error"


def settings(tmp_path: Path, host: str, token: str = "", port: int = 8080) -> AppSettings:
    return AppSettings([tmp_path], tmp_path, load_config(None, []), host, port, token)


def test_the_address_holds_the_token_and_the_settings_do_not_show_it(tmp_path: Path) -> None:
    assert settings(tmp_path, "127.0.0.1").address == "http://127.0.0.1:8080/"
    assert settings(tmp_path, "::1").address == "http://[::1]:8080/"
    found = settings(tmp_path, "10.0.0.1", "a-secret-token-0123")
    assert found.address == "http://10.0.0.1:8080/?token=a-secret-token-0123"
    assert "secret" not in repr(found)


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_that_cannot_be_had_is_one_line(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="expected an address of this machine with a free port"):
        serve(settings(tmp_path, host, "a-secret-token-0123"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(("nowhere",), "nowhere: no folder"), (("--port", "0"), "--port"), (("--set", "models.all.provider=x"), "provider")],
)
def test_the_command_refuses_in_one_line_with_code_2(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    done = subprocess.run([*CLI, "app", *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)  # noqa: S603
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
