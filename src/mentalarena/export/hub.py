"""To a hub, when asked: private unless told otherwise, with a token from the environment alone."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mentalarena.errors import ConfigError, RunError
from mentalarena.export.weights import CONFIGS, WEIGHTS
from mentalarena.models.backends import need_extra

TOKEN = "HF_TOKEN"  # noqa: S105  (the variable's name)
CLIENT = ("httpx", "httpcore", "requests", "urllib3", "huggingface_hub", "hf_xet")
"""Beginnings of modules whose errors are the client's."""
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One folder to one repository."""

    repository: str
    kind: Literal["dataset", "model"]
    folder: Path
    stale: Sequence[str]
    """Patterns of files that an earlier export may have left there."""
    leave_out: Sequence[str] = ()
    """Patterns of files that stay here."""


def uploads(repository: str, folder: Path, weights: str = "") -> list[Upload]:
    """What goes where: the data to a dataset repository, weights (their folder's name) to a model repository of the same name.
    Raises `ConfigError` for what is no name of a repository."""
    if not REPOSITORY.fullmatch(repository) or ".." in repository or "--" in repository or repository.endswith(".git"):
        raise ConfigError(f"--push {repository}: expected OWNER/NAME of letters, digits, '.', '_' and '-'")
    data = Upload(repository, "dataset", folder, ("data/*",), (f"{weights}/*",) if weights else ())
    return [data, Upload(repository, "model", folder / weights, (*WEIGHTS, *CONFIGS))] if weights else [data]


def token() -> str:
    """The token. Raises `ConfigError` when there is none."""
    need_extra("train", ("huggingface_hub",), "--push")
    found = os.environ.get(TOKEN, "").strip()
    if not found:
        raise ConfigError(f"--push: no {TOKEN} in the environment; expected a token of the hub that may write")
    return found


def push(upload: Upload, secret: str, public: bool = False) -> str:
    """Make the repository where there is none and put the folder into it; data and weights of an earlier export that are gone are
    deleted. Returns its address. Raises `RunError` in one line without the token, `ConfigError` for a public repository."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, RepositoryNotFoundError

    api: Any = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=secret)
    name, kind = upload.repository, upload.kind
    try:
        try:
            if not public and not api.repo_info(name, repo_type=kind).private:
                raise ConfigError(f"--push {name}: this {kind} repository is public; expected --public, or another name")
        except RepositoryNotFoundError:
            pass
        api.create_repo(name, repo_type=kind, private=not public, exist_ok=True)
        told = api.upload_folder(
            repo_id=name,
            repo_type=kind,
            folder_path=str(upload.folder),
            ignore_patterns=list(upload.leave_out),
            delete_patterns=list(upload.stale),
            commit_message="mentalarena export",
        )
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, OSError, ValueError) as error:
        raise RunError(f"--push {name} ({kind}): {_line(error, secret)}; the export is in its folder") from None
    except Exception as error:  # the client's own transport errors are of no common type
        if not type(error).__module__.startswith(CLIENT):
            raise
        raise RunError(f"--push {name} ({kind}): {_line(error, secret)}; the export is in its folder") from None
    return str(told.commit_url).rsplit("/commit/", 1)[0]


def _line(error: Exception, secret: str) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text.replace(secret, "***")[:300]
