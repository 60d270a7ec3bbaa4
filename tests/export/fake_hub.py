"""A hub on this machine, as far as an upload asks it: repositories, who may see them, and the files of their commits."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Repository:
    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: int = 0


@dataclass
class FakeHub:
    """Repositories by kind and name, such as `datasets/me/data`. `status`: answered instead, where it is not 0."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    status: int = 0

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if self.status:
            return self.status, {"error": "the hub says no"}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        kind, owner, name, *rest = path.removeprefix("/api/").split("/")
        repository = self.repositories.get(f"{kind}/{owner}/{name}")
        if repository is None:
            return 404, {"error": "Repository not found"}
        action = rest[0] if rest else "info"
        if action == "preupload":
            files = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in json.loads(body)["files"]]
            return 200, {"files": files}
        if action == "commit":
            return self._commit(repository, f"{kind}/{owner}/{name}", body)
        if action == "tree":
            told = [{"type": "file", "path": p, "size": len(c), "oid": "0" * 40} for p, c in repository.files.items()]
            return 200, told
        siblings = [{"rfilename": file} for file in repository.files]
        return 200, {"id": f"{owner}/{name}", "private": repository.private, "siblings": siblings, "sha": "0" * 40}

    def _create(self, told: Any) -> tuple[int, Any]:
        kind = f"{told.get('type', 'model')}s"
        name = f"{kind}/{told['organization']}/{told['name']}" if told.get("organization") else f"{kind}/{told['name']}"
        if name in self.repositories:
            return 409, {"error": "it is there", "url": f"{self.url}/{name}"}
        private = told.get("private", told.get("visibility") == "private")
        self.repositories[name] = Repository(bool(private))
        return 200, {"url": f"{self.url}/{name}"}

    def _commit(self, repository: Repository, name: str, body: bytes) -> tuple[int, Any]:
        for line in body.splitlines():
            told = json.loads(line)
            if told["key"] == "file":
                repository.files[told["value"]["path"]] = base64.b64decode(told["value"]["content"])
            elif told["key"] == "deletedFile":
                del repository.files[told["value"]["path"]]
        repository.commits += 1
        return 200, {"success": True, "commitUrl": f"{self.url}/{name}/commit/{'0' * 40}", "commitOid": "0" * 40}


@contextmanager
def serving() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.tokens.add(self.headers.get("Authorization", ""))
            status, told = hub.answer(self.command, urlsplit(self.path).path, body)
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _do  # noqa: N815  (the library's names)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
