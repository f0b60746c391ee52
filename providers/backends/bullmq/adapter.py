"""Adapter for external workers: each call is one job on a BullMQ queue.

The job's id is the call's, and BullMQ adds an id once: a lost answer of Redis is looked up and
never becomes a second job. Tries after a failure are BullMQ's own and belong to the one job.
"""

import asyncio
import json
import logging
import math
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from bullmq import Job, Queue
from django.conf import settings as installation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis.asyncio import Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from providers import (
    addresses,
    cast_references,
    edits,
    keyframes,
    keys,
    prompt_text,
    raw_answer_search,
    settings_schema,
    vision,
)
from providers.adapters import (
    Accepted,
    CallContext,
    Candidate,
    Health,
    ModelSpec,
    Result,
    Running,
    Voice,
)
from providers.backends.llm import planning
from providers.before_sending import last_look
from providers.client import INSIDE, UnreadableError, brief, checked_base
from providers.enums import Kind, Refusal
from providers.errors import KeyRefused, Later, NotConfigured, Refused, Unclear
from providers.fetch import Link
from providers.lenient_decoding import decoded, read
from providers.models import AIProviderConfig
from providers.requests import ClipRequest, ImageRequest, Request, TextRequest
from providers.settings_schema import Common

from . import envelope
from .messages import Answer
from .settings import Settings

log = logging.getLogger("ai_video.providers")
CONNECT = 10.0  # seconds
KEPT = 7 * 24 * 3600  # seconds that BullMQ keeps an ended job with its answer
QUEUED = {"waiting", "prioritized", "delayed", "paused", "waiting-children", "wait"}
NOT_ALLOWED = (AuthenticationError, NoPermissionError)
BROKEN = (RedisError, OSError, TimeoutError)
GONE = gettext_noop(
    "The queue of %(provider)s does not know the job any more; whether it was done is not known. "
    "It is not sent again by itself."
)
UNREACHABLE = gettext_noop("The queue of %(provider)s cannot be reached (%(error)s).")
NO_ANSWER = gettext_noop("The worker of %(provider)s gave an answer that cannot be used: %(words)s")
FAILED = gettext_noop("The worker of %(provider)s failed: %(words)s")


class BullMQAdapter:
    """Each call adds one job."""

    repeatable: ClassVar[bool] = False
    free: ClassVar[bool] = True  # the workers may be one's own, so a price of zero is a price
    needs_key: ClassVar[bool] = False
    tells_balance: ClassVar[bool] = False
    finds_lost_answers: ClassVar[bool] = True
    longest_task: ClassVar[timedelta] = timedelta(days=7)
    schemes: ClassVar[tuple[str, str]] = ("rediss", "redis")
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = ""

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.name = config.name
        self.settings = settings_schema.read(config.settings, Settings)
        self.timeout = self.settings.send_timeout
        self.send_limit = timedelta(seconds=4 * (self.timeout + CONNECT) + 30)
        self.poll_in = self.settings.poll_seconds

    # --- the connection to Redis

    def _address(self) -> str:
        """Return the address with its password: the connection's, else the installation's Redis.

        Raises `NotConfigured`, also for an address on a network that is neither public nor allowed.
        """
        if not self.config.base_url:
            if not installation.REDIS_URL:
                raise NotConfigured(
                    gettext_noop("%(provider)s needs the address of a Redis."), provider=self.name
                )
            return str(installation.REDIS_URL)
        base = checked_base(self.config.base_url, name=self.name, schemes=self.schemes)
        parts = urlsplit(base)
        key = keys.key_of(self.config)
        user = quote(self.settings.redis_user, safe="")
        login = f"{user}:{quote(key, safe='')}@" if key or user else ""
        return f"{parts.scheme}://{login}{parts.netloc}/{self.settings.redis_db}"

    def _looked_up(self) -> str:
        """Return the public IP address to connect to; empty for a host that the installation allows
        or has.
        """
        parts = addresses.split(self.config.base_url) if self.config.base_url else None
        if parts is None or addresses.is_allowed(parts):
            return ""
        try:
            return addresses.addresses(addresses.host_of(parts), addresses.port_of(parts))[0]
        except addresses.NotPublicError as error:
            raise NotConfigured(INSIDE, provider=self.name) from error

    @contextmanager
    def _opened(self) -> Iterator[tuple[asyncio.Runner, Queue]]:
        """Yield the queue over one connection, and what runs its coroutines.

        Nothing is sent a second time.
        """
        address = self._address()
        pinned = self._looked_up()

        async def connect() -> tuple[Queue, Redis]:
            connection = Redis.from_url(
                address,
                decode_responses=True,
                socket_timeout=self.timeout,
                socket_connect_timeout=CONNECT,
                retry=Retry(NoBackoff(), 0),
            )
            if pinned:
                connection.connection_pool.connection_class = pinned_to(pinned)
            options = {"connection": connection, "prefix": self.settings.prefix}
            return Queue(self.settings.queue, options), connection

        async def close() -> None:
            await queue.close()
            await connection.aclose()

        with asyncio.Runner() as runner:
            queue, connection = runner.run(connect())
            try:
                yield runner, queue
            finally:
                with suppress(*BROKEN):
                    runner.run(close())

    def _asked[T](self, work: Callable[[Queue], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` finds out, which is free. Raises `Later` or `KeyRefused`."""
        try:
            with self._opened() as (runner, queue):
                return runner.run(work(queue))
        except NOT_ALLOWED as error:
            raise KeyRefused(
                gettext_noop("The queue of %(provider)s does not accept the password."),
                provider=self.name,
            ) from error
        except BROKEN as error:
            raise Later(UNREACHABLE, provider=self.name, error=type(error).__name__) from error

    def ready(self) -> None:
        self._address()

    # --- sending

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if isinstance(request, ImageRequest | ClipRequest):
            edits.require(request, model, provider=self.name)
            prompt_text.any_language(request)
            cast_references.require_fit(request, model, provider=self.name)
        keyframes.require_end(request, model, provider=self.name, takes=keyframes.takes_end(model))
        vision.require_vision(request, model, provider=self.name, takes=False)
        prompt_text.require_length(request, model, provider=self.name)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        used = {"prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio", "width"}
        used |= {"height", "text", "language", "voice", "direction", "speed", "mood"}
        used |= {"references"} if cast_references.limits(model) else set()
        if kind == Kind.IMAGE:
            used |= {"strength"}
        if kind == Kind.CLIP:
            used |= {"fps", "camera", "image_file"}
            used |= {"end_image_file"} if keyframes.takes_end(model) else set()
        return frozenset(used if kind == Kind.IMAGE else used | {"duration_ms"})

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        name, data = envelope.name_and_data(request, call_context)
        task = envelope.id_of(call_context)
        sending = False

        async def ping(queue: Queue) -> None:
            await queue.client.ping()

        async def add(queue: Queue) -> None:
            await queue.add(name, data, self._options(task))

        try:
            with self._opened() as (runner, queue):
                runner.run(ping(queue))
                last_look(self.timeout)
                sending = True
                runner.run(add(queue))
        except NOT_ALLOWED as error:
            raise Refused(
                gettext_noop("The queue of %(provider)s does not accept the password."),
                kind=Refusal.KEY,
                provider=self.name,
            ) from error
        except BROKEN as error:
            if not sending:
                raise Refused(
                    UNREACHABLE,
                    kind=Refusal.UNREACHABLE,
                    provider=self.name,
                    error=type(error).__name__,
                ) from error
            self._after_broken(task, error)
        return Accepted(task, poll_in=self.poll_in)

    def _options(self, task: str) -> dict[str, Any]:
        return {
            "jobId": task,
            "priority": self.settings.priority,
            "attempts": self.settings.attempts,
            "backoff": {"type": "exponential", "delay": self.settings.backoff_ms},
            "removeOnComplete": {"age": KEPT},
            "removeOnFail": {"age": KEPT},
        }

    def _after_broken(self, task: str, error: Exception) -> None:
        """Find out whether the job was added although Redis did not say so.

        Raises `Unclear`, or `Refused` if Redis itself said that it wrote nothing.
        """
        try:
            job, _state = self._look(task)
        except Later:
            job = None
        if job is not None:
            return
        if isinstance(error, ResponseError):
            raise Refused(
                gettext_noop("The queue of %(provider)s takes no job now: %(words)s"),
                kind=Refusal.UNREACHABLE,
                provider=self.name,
                words=brief(str(error)),
            ) from error
        raise Unclear(
            gettext_noop(
                "The connection to the queue of %(provider)s broke (%(error)s); a worker may have "
                "the job."
            ),
            provider=self.name,
            error=type(error).__name__,
        ) from error

    # --- asking

    def _look(self, task: str) -> tuple[Job | None, str]:
        """Return the job and its state. Raises `Later`."""

        async def look(queue: Queue) -> tuple[Job | None, str]:
            state = str(await queue.getJobState(task))
            return await Job.fromId(queue, task), state

        return self._asked(look)

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        job, state = self._look(task_id)
        if job is None:
            raise Unclear(GONE, provider=self.name)
        if state == "completed":
            return self._result(job.returnvalue, request, call_context)
        if state == "failed":
            words = brief(str(job.failedReason or "")) or "failed"
            raise Refused(FAILED, kind=Refusal.FAILED, provider=self.name, words=words)
        unknown = "" if state == "active" or state in QUEUED else brief(state)[:60] or "?"
        if unknown:
            log.warning("The job %s is in a state that is not known: %s", task_id, unknown)
        return Running(
            poll_in=self.poll_in,
            progress=_percent(job.progress),
            queued=state in QUEUED,
            unknown=unknown,
        )

    def _result(self, returned: Any, request: Request, call_context: CallContext) -> Result:
        """Return what the worker made.

        Raises `Refused` for a failure that it reports, `Unclear` for an answer in another form.
        """
        raw = json.dumps(returned, ensure_ascii=False, default=str).encode()[:100_000]
        try:
            found = decoded(returned.encode()) if isinstance(returned, str) else returned
            answer = read(found, Answer)
        except UnreadableError as error:
            raise Unclear(NO_ANSWER, provider=self.name, words=str(error), raw=raw) from error
        made = answer.result
        if not answer.success:
            words = brief(answer.error or "") or "success: false"
            raise Refused(FAILED, kind=Refusal.FAILED, provider=self.name, words=words)
        if made is None:
            raise Unclear(NO_ANSWER, provider=self.name, words="no result", raw=raw)
        if isinstance(request, TextRequest):
            return Result(data=self._text(made.metadata, request, call_context))
        address = made.preview_url.strip()
        if not address:
            raise Unclear(NO_ANSWER, provider=self.name, words="no preview_url", raw=raw)
        return Result(media=Link(address, hosts=self.settings.result_hosts))

    def _text(
        self, metadata: dict[str, Any], request: TextRequest, call_context: CallContext
    ) -> dict[str, Any]:
        content = json.dumps(metadata, ensure_ascii=False)
        try:
            if request.task == "to_english":
                return {"text": planning.english_in(content)}
            lines = planning.lines_of(request)
            return {"scenes": planning.fitted(planning.scenes_in(content), request, lines)}
        except planning.UnfitError as error:
            raise Refused(
                NO_ANSWER,
                kind=Refusal.FAILED,
                cost=call_context.estimate,
                provider=self.name,
                words=str(error),
            ) from error

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        """Read the stored answer again, or follow the job that it names."""
        try:
            returned = decoded(raw)
        except UnreadableError:
            return Accepted(raw_answer_search.task_in(raw), poll_in=0)
        return self._result(returned, request, call_context)

    def cancel(self, task_id: str) -> bool:
        """Take the job from the queue. A job that a worker holds is marked `cancelled` for it."""

        async def stop(queue: Queue) -> bool:
            job = await Job.fromId(queue, task_id)
            if job is None:
                return False
            state = str(await queue.getJobState(task_id))
            if state in QUEUED:
                return bool(await queue.remove(task_id))
            if state == "active":
                await job.updateData({**(job.data or {}), "cancelled": True})
            return False

        return self._asked(stop)

    def balance(self) -> Decimal | None:
        return None

    def candidates(
        self,
        request: Request,
        call_context: CallContext,
        *,
        since: datetime,
    ) -> list[Candidate]:
        task = envelope.id_of(call_context)
        job, state = self._look(task)
        return [] if job is None else [Candidate(task, created_at="", status=state, matches=True)]

    def voices(self) -> list[Voice]:
        return []

    def check(self) -> Health:
        """Ask Redis for the queue's counts. Whether a worker listens shows a test run.

        Raises `Later`.
        """

        async def counts(queue: Queue) -> dict[str, int]:
            await queue.client.ping()
            found: dict[str, int] = await queue.getJobCounts(
                "waiting", "prioritized", "active", "delayed", "failed"
            )
            return found

        found = self._asked(counts)
        return Health(
            ok=True,
            facts={
                _("waiting"): str(found["waiting"] + found["prioritized"] + found["delayed"]),
                _("at work"): str(found["active"]),
                _("failed"): str(found["failed"]),
            },
        )


def pinned_to(address: str) -> type[SSLConnection]:
    """Return connections to this IP address, so that a later DNS change has no effect.

    The certificate must name the host. Only allowed hosts, which are not pinned, go without TLS.
    """

    class Pinned(SSLConnection):
        def _connection_arguments(self) -> dict[str, Any]:
            found = dict(super()._connection_arguments())
            return {**found, "host": address, "server_hostname": self.host}

    return Pinned


def _percent(progress: Any) -> int | None:
    """Return the progress that a worker has set: a number, or an object that holds one."""
    if isinstance(progress, dict):
        progress = progress.get("percent", progress.get("progress"))
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return None
    return max(0, min(100, round(progress))) if math.isfinite(progress) else None
