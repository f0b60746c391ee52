"""Multipart bodies: their length is checked before a byte is read, and a digest compares them."""

import hashlib

from django.http import HttpRequest

from . import idempotency, problems
from .inputs import MULTIPART, content_length, is_chunked


def form_body(request: HttpRequest, limit: int) -> bytes:
    """Returns a digest of the form if an Idempotency-Key needs it. The view reads the files.

    Raises 415, 411 or 413.
    """
    if request.content_type != MULTIPART:
        raise problems.unsupported_media_type(MULTIPART)
    if is_chunked(request) and not request.META.get("CONTENT_LENGTH"):
        raise problems.length_required()
    if content_length(request) > limit:
        raise problems.too_large(limit)
    return _digest(request) if idempotency.HEADER in request.headers else b""


def _digest(request: HttpRequest) -> bytes:
    """Returns a digest by which two forms are compared, independent of their boundaries."""
    digest = hashlib.sha256(repr(sorted(request.POST.lists())).encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            digest.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.digest()
