"""A fake of the fine-tuning API: files, jobs that take a few looks to finish, events."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web


class FakeTuning:
    """What was uploaded and created. `fate` is how jobs end, `refuse` what is said instead of an answer."""

    def __init__(self) -> None:
        self.files: list[bytes] = []
        self.created: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        self.looks: dict[str, int] = {}
        self.fate, self.refuse = "succeeded", ""
        self.drop = False
        """Whether the connection is lost when a job has just been made."""
        self.authorised: set[str] = set()

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/v1/files", self.upload),
            web.post("/v1/fine_tuning/jobs", self.create),
            web.get("/v1/fine_tuning/jobs", self.list),
            web.get("/v1/fine_tuning/jobs/{id}", self.retrieve),
            web.get("/v1/fine_tuning/jobs/{id}/events", self.events),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        self.authorised.add(request.headers["Authorization"])
        if self.refuse:
            return web.json_response({"error": {"message": self.refuse}}, status=401)
        data = await request.post()
        assert data["purpose"] == "fine-tune"
        field = data["file"]
        assert isinstance(field, web.FileField)
        self.files.append(field.file.read())
        told = {"id": f"file-{len(self.files)}", "object": "file", "bytes": 1, "created_at": 0, "filename": "rows.jsonl"}
        return web.json_response(told | {"purpose": "fine-tune", "status": "processed"})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.created.append(body)
        job = {
            "id": f"ftjob-{len(self.created)}", "object": "fine_tuning.job", "created_at": 0, "model": body["model"],
            "status": "queued", "fine_tuned_model": None, "training_file": body["training_file"], "seed": body["seed"],
            "hyperparameters": {}, "organization_id": "o", "result_files": [], "metadata": body.get("metadata"), "error": None,
            "finished_at": None, "trained_tokens": None, "validation_file": None,
        }  # fmt: skip
        self.jobs.append(job)
        if self.drop and request.transport:
            request.transport.abort()
        return web.json_response(job)

    async def list(self, request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": self.jobs, "has_more": False})

    async def retrieve(self, request: web.Request) -> web.Response:
        job = next(job for job in self.jobs if job["id"] == request.match_info["id"])
        looks = self.looks[job["id"]] = self.looks.get(job["id"], 0) + 1
        if looks >= 3 and job["status"] not in ("succeeded", "failed"):
            job["status"] = self.fate
            if self.fate == "succeeded":
                job["fine_tuned_model"] = f"ft:gpt-4o-mini:{job['id'].split('-')[1]}"
            else:
                job["error"] = {"code": "bad", "message": "the file is no good", "param": None}
        elif looks < 3:
            job["status"] = "running"
        return web.json_response(job)

    async def events(self, request: web.Request) -> web.Response:
        event = {"id": "e1", "object": "fine_tuning.job.event", "created_at": 0, "level": "info", "message": "step 1"}
        return web.json_response({"object": "list", "data": [event], "has_more": False})
