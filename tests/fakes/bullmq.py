"""External workers: a Redis that keeps what it has acknowledged, and a worker of the real package
that makes the queue's pictures and clips, and writes down what it has made.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, Self

from bullmq import Worker

from tests.services.redis_server import Redis
from tests.services.server import running

from . import media
from .server import Asked, Fake, Reply

# USD that the workers' owner reckons for a picture, and for a second of a clip
COST, COST_PER_SECOND = Decimal("0.10"), Decimal("0.02")


class DurableRedis(Redis):
    """A server that writes down each command before it answers: a kill loses nothing."""

    def command(self) -> Sequence[str]:
        return [*super().command(), "--appendonly", "yes", "--appendfsync", "always"]


class BullMQ(Fake):
    """The queue is real; what is charged is each time that a worker has made a job's file."""

    key = ""
    routes = [("GET", r"/files/([^/]+)", "file")]
    queue = "studio"

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.times: Counter[str] = Counter()  # how often each job was made

    def __enter__(self) -> Self:
        super().__enter__()
        self._stack = ExitStack()
        self.server = self._stack.enter_context(running(DurableRedis))
        self._end: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), daemon=True)
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *about: object) -> None:
        assert self._end
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)
        self._stack.close()
        super().__exit__(*about)

    @property
    def base(self) -> str:
        """The address for the connection's row."""
        return self.server.url.removesuffix("/0")

    async def _work(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        worker = Worker(self.queue, self._process, {"connection": self.server.url, "drainDelay": 1})
        self._ready.set()
        await self._end.wait()
        await worker.close(force=True)

    async def _process(self, job: Any, _token: str) -> dict[str, Any]:
        wanted = job.data["parameters"]
        is_clip = job.data["action"] == "generate_clip"
        with self.lock:
            self.times[job.id] += 1
            number = sum(self.times.values())
        name = f"{number}.{'mp4' if is_clip else 'png'}"
        # The bytes depend on the job: two jobs never make one file.
        self.files[name] = (
            await asyncio.to_thread(media.clip, wanted["seconds"])
            if is_clip
            else media.picture(160, 90, number)
        )
        work = f"{job.id}:{self.times[job.id]}"
        usd = COST_PER_SECOND * wanted["seconds"] if is_clip else COST
        self.charge(work, job.name, usd, Asked("JOB", "", {}, {}, json.dumps(job.data).encode()))
        made = {"preview_url": f"{self.url}/files/{name}", "metadata": {}, "generation_time": 0.1}
        return {"success": True, "result": made, "error": None}

    def is_paid(self, asked: Asked) -> bool:
        return False

    def file(self, _asked: Asked, name: str) -> Reply:
        content = self.files.get(name)
        return Reply(200, content) if content is not None else Reply(404)
