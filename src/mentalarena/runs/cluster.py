"""Ray as a launcher of shards: one task a shard, on this machine or on a cluster (https://docs.ray.io).

A worker that is lost loses nothing but its calls in flight: another one goes on from the shard's journal, which must lie where
every worker reaches it. Ray is imported here alone, and only when asked for; it reports to nobody.
"""

from __future__ import annotations

import logging
import math
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mentalarena.errors import ConfigError, MentalArenaError, RunError
from mentalarena.models.backends import need_extra
from mentalarena.runs.shards import Shard

if TYPE_CHECKING:
    from mentalarena.config import ClusterConfig

Work = Callable[[Shard], Any]
MEMORY = 80 << 20
"""Bytes for Ray's object store on this machine: nothing passes through it but settings and counts."""


def on_ray(work: Work, shards: Sequence[Shard], settings: ClusterConfig, done: Callable[[Shard], None]) -> None:
    """`work` for each shard by Ray's workers, which must have this package; `done` hears of each that has ended well.

    Each shard has its turn, whatever happens to others; then the first error is raised: that of the work, or `RunError` for a
    shard whose workers were all lost. `work` is pickled."""
    need_extra("ray", ("ray",), "cluster.ray")
    errors: dict[Shard, MentalArenaError] = {}
    with _connected(settings) as ray:
        task = ray.remote(num_cpus=settings.cpus, num_gpus=settings.gpus, max_retries=settings.retries)(_attempt)
        waiting, running = deque(shards), dict[Any, Shard]()
        while waiting or running:
            while waiting and len(running) < (settings.workers or len(shards)):
                shard = waiting.popleft()
                running[task.remote(work, shard)] = shard
            (ended,), _ = ray.wait(list(running), num_returns=1)
            shard = running.pop(ended)
            try:
                error = ray.get(ended)
            except ray.exceptions.RayTaskError:
                raise  # not foreseen: the whole trace is wanted
            except ray.exceptions.RayError as lost:
                error = RunError(f"its workers were lost ({str(lost).splitlines()[0]}); what was answered is kept")
            if error:
                errors[shard] = error
            else:
                done(shard)
    if errors:
        first = min(errors, key=lambda shard: shard.number)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise type(errors[first])(f"shard {first.number}/{first.of}{more}: {errors[first]}")


def _attempt(work: Work, shard: Shard) -> MentalArenaError | None:
    """In a worker. An error that a user can meet comes back as a value, so that it stays one line."""
    try:
        work(shard)
    except MentalArenaError as error:
        return error
    return None


@contextmanager
def _connected(settings: ClusterConfig) -> Iterator[Any]:
    """Ray, connected; one that the caller had connected is used and left as it is."""
    address = settings.ray
    told: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of what it will do one day
    if address == "local" or address.startswith("127."):  # nothing of a run on one machine is for the network
        told["_node_ip_address"] = "127.0.0.1"
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # it would put the machine's address for 127.0.0.1
    import ray

    if ray.is_initialized():
        yield ray
        return
    if address == "local":
        cores = math.ceil(settings.workers * settings.cpus) or os.cpu_count() or 1
        told |= {
            "num_cpus": max(cores, math.ceil(settings.cpus)),
            "object_store_memory": MEMORY,
            "include_dashboard": False,
        }
    host, _, port = address.rpartition(":")
    try:
        if port.isdecimal() and not address.startswith("ray:"):
            socket.create_connection((host, int(port)), timeout=10).close()  # Ray itself would try for minutes
        ray.init(address, **told)
    except (OSError, OverflowError, RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"cluster.ray: {address!r}: {reason}; expected local, auto or the address of a Ray cluster"
        ) from None
    try:
        if address == "local" and ray.cluster_resources().get("GPU", 0) < settings.gpus:
            raise ConfigError(f"cluster.gpus: {settings.gpus:g} a worker, and Ray finds fewer here; expected at most that")
        yield ray
    finally:
        ray.shutdown()
