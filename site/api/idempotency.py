"""Idempotency-Key: a repeated request is executed once and gets the same response."""

import hashlib
import random
import re
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from accounts.models import IdempotencyRecord
from core.clock import DatabaseNow, database_now
from core.encryption import fernet
from core.localized_messages import LocalizedMessage

from . import leases, problems
from .problems import FieldError, Problem

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
KEY = re.compile(r"[!-~]+")
KEPT = timedelta(hours=24)
SWEEP_ONE_IN = 50
SWEEP_ROWS = 500
KEPT_HEADERS = ("Content-Type", "Location")
JSON_STARTS = (b"{", b"[")  # how a response begins that an earlier version stored


@dataclass(frozen=True, slots=True)
class Claim:
    """The exclusive right of this request to do the work of its key."""

    row: int
    token: uuid.UUID

    def keep(self, response: HttpResponse) -> None:
        """Stores the response for repetitions. Call it in the transaction of the work."""
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        values = {"status": response.status_code, "headers": headers}
        values["body"] = _sealed(response.content)
        if self._mine().update(**values, expires_at=DatabaseNow(KEPT)) != 1:
            # Another request has taken over because this one seemed lost: roll back.
            raise _running()

    def hold(self) -> None:
        """Locks the key until the end of the current transaction, which is that of the work.

        The row lock ends with the transaction and so with the process, however that ends.
        """
        if self._mine().update(expires_at=DatabaseNow(leases.LEASE)) != 1:
            raise _running()

    def release(self) -> None:
        """Deletes the key, because nothing was done."""
        self._mine().delete()

    def _mine(self) -> QuerySet[IdempotencyRecord]:
        return IdempotencyRecord.objects.filter(pk=self.row, claim=self.token, status=0)


def answer_once(
    request: HttpRequest, user: Any, body: bytes, work: Callable[[], HttpResponse]
) -> HttpResponse:
    """Does the work, or returns the response of the first request.

    The work and its response are written in one transaction. Responses below 500 are stored for a
    day, encrypted, including refusals. Raises 409 while the first request runs and 422 if the key
    was used for another request. A running request is recognized by the lock of its row, which ends
    with its process.
    """

    def run(claim: Claim) -> HttpResponse:
        with transaction.atomic():
            claim.hold()
            response = _answered(request, work)
            claim.keep(response)
            return response

    return _once(request, user, body, run)


def answer_long_once(
    request: HttpRequest, user: Any, body: bytes, work: Callable[[Callable[[], None]], HttpResponse]
) -> HttpResponse:
    """As `answer_once` for work on files or over the network, which must not run in a transaction.

    Until the work calls `begin`, the key is held by a lease that is renewed; a process that is
    stopped for longer than the lease loses it. `begin` opens the transaction of the work and its
    response, and raises 409 if the lease was lost, so that the work is written once.
    """

    def run(claim: Claim) -> HttpResponse:
        with leases.renewed(claim.token), ExitStack() as stack:

            def begin() -> None:
                stack.enter_context(transaction.atomic())
                claim.hold()

            response = work(begin)
            claim.keep(response)
            return response

    return _once(request, user, body, run)


def _once(
    request: HttpRequest, user: Any, body: bytes, run: Callable[[Claim], HttpResponse]
) -> HttpResponse:
    claim = _claim(request, user, body)
    if isinstance(claim, HttpResponse):
        return claim
    try:
        return run(claim)
    except Problem as problem:
        response = problem.response(request)
        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            claim.keep(response)
        else:
            claim.release()
        return response
    except BaseException:
        claim.release()
        raise


def _answered(request: HttpRequest, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Returns the response of the work, or a problem that keeps what was written before it."""
    try:
        return work()
    except Problem as problem:
        if not problem.keeps:
            raise
        return problem.response(request)


def sweep(rows: int = SWEEP_ROWS) -> int:
    """Deletes up to `rows` expired responses and returns their number."""
    ended = list(
        IdempotencyRecord.objects.filter(expires_at__lt=DatabaseNow()).values_list("pk", flat=True)[
            :rows
        ]
    )
    return IdempotencyRecord.objects.filter(pk__in=ended).delete()[0] if ended else 0


def _claim(request: HttpRequest, user: Any, body: bytes) -> Claim | HttpResponse:
    key = request.headers[HEADER]
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        detail = gettext_noop("Give 1 to 255 printable ASCII characters without blanks.")
        raise problems.invalid([FieldError(detail=str(LocalizedMessage(detail)), parameter=HEADER)])
    fingerprint = hashlib.sha256(
        b"\0".join([str(request.method).encode(), request.get_full_path().encode(), body])
    ).hexdigest()
    # Spreads the deletion, not security-related
    if random.randrange(SWEEP_ONE_IN) == 0:  # noqa: S311
        sweep()
    found = IdempotencyRecord.objects.filter(user=user, key=key).first()
    if found is None:
        now = database_now()
        row = IdempotencyRecord(user=user, key=key, fingerprint=fingerprint, created_at=now)
        row.expires_at = now + leases.LEASE
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            found = IdempotencyRecord.objects.filter(user=user, key=key).first()
        else:
            return Claim(row.pk, row.claim)
    if found is None:
        raise _running()
    return _known(found, fingerprint)


def _known(found: IdempotencyRecord, fingerprint: str) -> Claim | HttpResponse:
    if found.expires_at <= database_now():
        return _take_over(found, fingerprint)
    if found.fingerprint != fingerprint:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            gettext_noop("This Idempotency-Key was used for another request; choose a new one."),
        )
    if found.status == 0:
        raise _running()
    response = HttpResponse(_opened(bytes(found.body)), status=found.status)
    for name, value in found.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response


def _sealed(body: bytes) -> bytes:
    """Encrypts a response: some tell a link or a secret that is stored as a hash elsewhere."""
    return fernet().encrypt(body) if body else b""


def _opened(stored: bytes) -> bytes:
    """Returns the response. Raises 409 if no installation secret fits any more."""
    if not stored or stored.startswith(JSON_STARTS):
        return stored
    try:
        return fernet().decrypt(stored)
    except InvalidToken:
        raise problems.conflict(
            "idempotency_answer_lost",
            gettext_noop(
                "The request with this Idempotency-Key was done, but its answer cannot be read "
                "any more. Look at what it has changed."
            ),
        ) from None


def reseal() -> None:
    """Encrypts the stored responses again with the newest installation secret."""
    for row in IdempotencyRecord.objects.filter(status__gt=0).iterator():
        with suppress(Problem):
            body = _sealed(_opened(bytes(row.body)))
            IdempotencyRecord.objects.filter(pk=row.pk, claim=row.claim).update(body=body)


def _take_over(found: IdempotencyRecord, fingerprint: str) -> Claim:
    """Takes over the key of a lost request or an expired response by compare-and-set."""
    token, now = uuid.uuid4(), database_now()
    ended = IdempotencyRecord.objects.filter(
        pk=found.pk, claim=found.claim, status=found.status, expires_at__lte=now
    )
    with transaction.atomic():
        # A locked row belongs to a request with an open transaction; it is skipped.
        if ended.select_for_update(skip_locked=True).first() is None:
            raise _running()
        values: dict[str, Any] = {"status": 0, "headers": {}, "body": b"", "created_at": now}
        taken = ended.update(
            **values, claim=token, fingerprint=fingerprint, expires_at=now + leases.LEASE
        )
    if taken != 1:
        raise _running()
    return Claim(found.pk, token)


def _running() -> Problem:
    return problems.conflict(
        "idempotency_key_running",
        gettext_noop(
            "The first request with this Idempotency-Key is still running; ask again in a moment."
        ),
        headers={"Retry-After": "1"},
    )
