"""Answers of safe methods: their ETag, 304 for who has that version, and waiting for a change."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from .long_polling import until_changed


def etag(content: bytes) -> str:
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def answer_read(request: HttpRequest, work: Callable[[], HttpResponse], wait: int) -> HttpResponse:
    """Returns the response of a safe method with its ETag, or 304 if the client has that version.

    Waits up to `wait` seconds for a version that the client does not have.
    """
    known = [
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("If-None-Match", "").split(",")
        if tag.strip()
    ]

    def look() -> HttpResponse:
        response = work()
        response["ETag"] = etag(response.content)
        return response

    response = until_changed(wait, known[0] if len(known) == 1 else "", look) if wait else look()
    if response.status_code != HTTPStatus.OK:
        del response["ETag"]
    elif response["ETag"] in known or "*" in known:
        headers = {"ETag": response["ETag"]}
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED.value, headers=headers)
        del response["Content-Type"]
    response["Cache-Control"] = "private, no-cache"
    return response
