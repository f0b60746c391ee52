"""Serves files of the media storage over HTTP: expiring signed links, byte ranges, safe headers.

Call these from a view that has checked permission:

    from core.file_serving import serve, signed_url

    # The address for <img src>, <video src> or a JSON answer.
    signed_url(take.file)
    # The browser saves it under that name.
    signed_url(film.file, filename="The sea.mp4", download=True)
    # The bytes, from a view that has checked the permission.
    return serve(request, film.file, filename="The sea.mp4")

Mount the view once: `path("media/<str:token>", core.file_serving.linked, name="media")`.
"""

import hashlib
import re
import time
from datetime import datetime
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.urls import reverse
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .byte_ranges import Slice, Span, Unsatisfiable, parse

SALT = "web.media"  # never changed: links outlive an upgrade
BLOCK = 256 * 1024  # bytes read at a time when the server cannot send the file itself
REDIRECT_SECONDS = 3600  # lifetime of an object store address

# Types a browser may show inside a page. All other files are always downloaded.
SHOWN = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
}
CONTENT_ADDRESSED = re.compile(r"[0-9a-f]{64}")


def signed_url(
    name: str, *, filename: str = "", seconds: int = 3600, download: bool = False
) -> str:
    """Return the path of a link to the file `name` of the media storage that needs no header and no
    session.

    It works for at least `seconds` and less than one and a half times that long. Within this span
    the same link is returned, so that browsers and caches can reuse the file. `filename` is the
    name under which a user saves the file; with `download` the browser saves it instead of showing
    it.
    """
    step = max(1, seconds // 2)
    ends = (int(time.time()) // step + 1) * step + seconds
    token = signing.Signer(salt=SALT).sign_object([name, filename, ends, int(download)])
    return reverse("media", args=[token])


@require_safe
def linked(request: HttpRequest, token: str) -> HttpResponseBase:
    """The view for `signed_url`. Returns 404 for an invalid link and 410 for an expired one."""
    try:
        name, filename, ends, download = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return _error_response(HTTPStatus.NOT_FOUND, _("There is no such file."))
    left = int(ends - time.time())
    if left <= 0:
        return _error_response(
            HTTPStatus.GONE, _("This link has ended. Open the page again for a new one.")
        )
    response = serve(request, name, filename=filename, download=bool(download), seconds=left)
    if response.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED}:
        # The address is the permission, so a shared cache may store the file until the link
        # expires.
        response["Cache-Control"] = f"public, max-age={left}" + (
            ", immutable" if _digest(name) else ""
        )
    return response


def serve(
    request: HttpRequest,
    name: str,
    *,
    filename: str = "",
    download: bool = False,
    seconds: int = REDIRECT_SECONDS,
    same_origin: bool = False,
) -> HttpResponseBase:
    """Respond with the file `name` of the media storage: 200, 206, 304, 404, 416, or a redirect to
    the object store.

    The caller checks permission. Supports GET and HEAD, `Range` with one range, `If-Range`,
    `If-None-Match` and `If-Modified-Since`. `seconds` limits the lifetime of the address at the
    object store. `same_origin`: never redirect, for scripts that process the file.
    """
    storage = storages["media"]
    if not name:
        return _error_response(HTTPStatus.NOT_FOUND, _("There is no such file."))
    mime = SHOWN.get(PurePosixPath(name).suffix.lower())
    disposition = (
        content_disposition_header(
            download or mime is None,
            filename or (PurePosixPath(name).name if download or mime is None else ""),
        )
        or "inline"
    )
    if getattr(storage, "querystring_auth", False) and not same_origin:
        return _redirect(storage, name, mime or "application/octet-stream", disposition, seconds)
    try:
        file = _Stored(storage, name)
    except (FileNotFoundError, IsADirectoryError, SuspiciousOperation):
        return _error_response(HTTPStatus.NOT_FOUND, _("There is no such file."))
    response = _answer(request, file)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = file.etag
    if file.modified:
        response["Last-Modified"] = http_date(file.modified.timestamp())
    response["Cache-Control"] = "private, no-cache"
    if response.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        response["Content-Type"] = mime or "application/octet-stream"
        response["Content-Disposition"] = disposition
    return _hardened(response)


class _Stored:
    """A file of the storage and the metadata for its headers. Raises `FileNotFoundError` if it is
    missing.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self.storage, self.name = storage, name
        self.path = Path(storage.path(name)) if isinstance(storage, FileSystemStorage) else None
        if self.path and not self.path.is_file():
            raise FileNotFoundError(name)
        self.size = storage.size(name)
        self.modified = self._modified()
        stamp = self.modified.timestamp() if self.modified else 0
        digest = hashlib.sha256(f"{name}|{self.size}|{stamp}".encode()).hexdigest()
        self.etag = f'"{_digest(name) or digest}"'

    def _modified(self) -> datetime | None:
        try:
            return self.storage.get_modified_time(self.name).replace(microsecond=0)
        except NotImplementedError:
            return None

    def open(self, span: Span) -> Slice:
        # Unbuffered, so that sendfile starts at the position of the file descriptor.
        file: IO[bytes] = (
            self.path.open("rb", buffering=0)
            if self.path
            else cast("IO[bytes]", self.storage.open(self.name, "rb"))
        )
        file.seek(span.first)
        return Slice(file, span.length)


def _answer(request: HttpRequest, file: _Stored) -> HttpResponseBase:
    if _unchanged(request, file):
        return HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    try:
        span = (
            parse(request.headers["Range"], file.size)
            if "Range" in request.headers and _range_holds(request, file)
            else None
        )
    except Unsatisfiable:
        response: HttpResponseBase = _error_response(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            _("The file has no such single range of bytes."),
        )
        response["Content-Range"] = f"bytes */{file.size}"
        return response
    sent = span or Span(0, file.size - 1)
    response = HttpResponse() if request.method == "HEAD" else _stream(file.open(sent))
    if span:
        response.status_code = HTTPStatus.PARTIAL_CONTENT
        response["Content-Range"] = span.content_range(file.size)
    response["Content-Length"] = str(sent.length)
    return response


def _stream(part: Slice) -> FileResponse:
    response = FileResponse(part, content_type="application/octet-stream")
    response.block_size = BLOCK
    return response


def _unchanged(request: HttpRequest, file: _Stored) -> bool:
    if (known := request.headers.get("If-None-Match")) is not None:
        return known.strip() == "*" or file.etag in [
            tag.strip().removeprefix("W/") for tag in known.split(",")
        ]
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return bool(file.modified and since is not None and file.modified.timestamp() <= since)


def _range_holds(request: HttpRequest, file: _Stored) -> bool:
    """Return whether the file is unchanged since the client received a part of it."""
    known = request.headers.get("If-Range")
    if known is None:
        return True
    if known.startswith(('"', "W/")):
        return known.strip() == file.etag  # a weak tag never matches
    date = parse_http_date_safe(known)
    return bool(file.modified and date is not None and file.modified.timestamp() == date)


def _redirect(
    storage: Storage, name: str, mime: str, disposition: str, seconds: int
) -> HttpResponseBase:
    signed = cast("Any", storage).url(
        name,
        parameters={"ResponseContentType": mime, "ResponseContentDisposition": disposition},
        expire=seconds,
    )
    response = HttpResponseRedirect(signed)
    response["Cache-Control"] = "private, no-store"
    return response


def _digest(name: str) -> str:
    """Return the hash of a content-addressed name, else an empty string."""
    stem = PurePosixPath(name).stem
    return stem if CONTENT_ADDRESSED.fullmatch(stem) else ""


def _error_response(status: HTTPStatus, sentence: str) -> HttpResponse:
    return cast(
        "HttpResponse",
        _hardened(
            HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
        ),
    )


def _hardened(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = (
        "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'"
    )
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
