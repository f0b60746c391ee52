"""Changes of exactly the version that the client has seen: If-Match on PATCH and DELETE."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from .problems import Problem
from .reading import etag

HEADER = "If-Match"
METHODS = ("PATCH", "DELETE")


def changed_meanwhile() -> Problem:
    return Problem(
        HTTPStatus.PRECONDITION_FAILED,
        "precondition_failed",
        gettext_noop(
            "This has been changed since you read it. Nothing was written; read it again."
        ),
    )


def change_if_match(
    request: HttpRequest,
    rows: QuerySet[Any] | None,
    read: Callable[[], HttpResponse] | None,
    work: Callable[[], HttpResponse],
) -> HttpResponse:
    """Does the work if what `read` answers has one of the ETags of If-Match.

    `rows` are locked from the comparison to the end of the work, so that no other change comes in
    between. Raises 412; also if the address has no version, which is one that `read` is None for.
    """
    known = [tag.strip() for tag in request.headers[HEADER].split(",")]
    with transaction.atomic():
        if rows is not None:
            list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
        if read is None or ("*" not in known and etag(read().content) not in known):
            raise changed_meanwhile()
        return work()
