"""Idempotency-Key: a request that is sent twice is done once, and both get the same answer."""

import hashlib
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop

from ground.sentence import Sentence
from web.models import KeptAnswer

from . import problems
from .problems import FieldError, Problem

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
KEY = re.compile(r"[!-~]+")
KEPT = timedelta(hours=24)
RUNNING = timedelta(minutes=2)  # a request that has not ended by then was lost with its process
SWEEP_ONE_IN = 50
SWEEP_ROWS = 500
KEPT_HEADERS = ("Content-Type", "Location")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of this request, and of no other with the same key, to do the work."""

    row: int
    token: uuid.UUID

    def keep(self, response: HttpResponse) -> None:
        """Keep the answer for the next time. Call it in the transaction of the work, so that both stand or neither."""
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        mine = KeptAnswer.objects.filter(pk=self.row, claim=self.token, status=0)
        if mine.update(status=response.status_code, headers=headers, body=response.content, expires_at=timezone.now() + KEPT) != 1:
            raise _running()  # another request took over while this one was thought lost: nothing of this one may stand

    def release(self) -> None:
        """Forget the key: nothing was done."""
        KeptAnswer.objects.filter(pk=self.row, claim=self.token, status=0).delete()


def answer_once(request: HttpRequest, user: Any, body: bytes, work: Callable[[], HttpResponse], *, atomic: bool = True) -> HttpResponse:
    """Do the work, or give the answer of the first time.

    The work and its answer are written in one transaction; with `atomic=False` (work that touches files) the answer is
    kept right after. Answers below 500 are kept for a day, also those that say no. Raises 409 while the first request
    still runs and 422 when the key was used for another request.
    """
    claim = _claim(request, user, body)
    if isinstance(claim, HttpResponse):
        return claim
    try:
        if not atomic:
            response = work()
            claim.keep(response)
            return response
        with transaction.atomic():
            response = _answered(request, work)
            claim.keep(response)
            return response
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
    """The response of the work, or a problem that keeps what was written before it."""
    try:
        return work()
    except Problem as problem:
        if not problem.keeps:
            raise
        return problem.response(request)


def sweep(rows: int = SWEEP_ROWS) -> int:
    """Delete up to `rows` answers that have ended; returns how many."""
    ended = list(KeptAnswer.objects.filter(expires_at__lt=timezone.now()).values_list("pk", flat=True)[:rows])
    return KeptAnswer.objects.filter(pk__in=ended).delete()[0] if ended else 0


def _claim(request: HttpRequest, user: Any, body: bytes) -> Claim | HttpResponse:
    key = request.headers[HEADER]
    if not KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        detail = gettext_noop("Give 1 to 255 printable ASCII characters without blanks.")
        raise problems.invalid([FieldError(detail=str(Sentence(detail)), parameter=HEADER)])
    fingerprint = hashlib.sha256(b"\0".join([str(request.method).encode(), request.get_full_path().encode(), body])).hexdigest()
    if random.randrange(SWEEP_ONE_IN) == 0:  # noqa: S311  spreads the sweeping, nothing secret
        sweep()
    found = KeptAnswer.objects.filter(user=user, key=key).first()
    if found is None:
        now = timezone.now()
        row = KeptAnswer(user=user, key=key, fingerprint=fingerprint, created_at=now, expires_at=now + RUNNING)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            found = KeptAnswer.objects.filter(user=user, key=key).first()
        else:
            return Claim(row.pk, row.claim)
    if found is None:
        raise _running()
    return _known(found, fingerprint)


def _known(found: KeptAnswer, fingerprint: str) -> Claim | HttpResponse:
    if found.expires_at <= timezone.now():
        return _take_over(found, fingerprint)
    if found.fingerprint != fingerprint:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", gettext_noop("This Idempotency-Key was used for another request; choose a new one.")
        )
    if found.status == 0:
        raise _running()
    response = HttpResponse(bytes(found.body), status=found.status)
    for name, value in found.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response


def _take_over(found: KeptAnswer, fingerprint: str) -> Claim:
    """The key of a request that was lost, or whose answer has ended, goes to whoever changes the row first."""
    token, now = uuid.uuid4(), timezone.now()
    mine = KeptAnswer.objects.filter(pk=found.pk, claim=found.claim, status=found.status)
    if mine.update(claim=token, status=0, fingerprint=fingerprint, headers={}, body=b"", created_at=now, expires_at=now + RUNNING) != 1:
        raise _running()
    return Claim(found.pk, token)


def _running() -> Problem:
    return problems.conflict(
        "idempotency_key_running",
        gettext_noop("The first request with this Idempotency-Key is still running; ask again in a moment."),
        headers={"Retry-After": "1"},
    )
