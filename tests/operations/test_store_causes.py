"""What is wrong with a file store is told by its cause: against small servers that answer as S3
does.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.files.storage import storages
from django.utils import translation

from config import storage as config
from core.unavailable import StoreUnavailable
from operations import health

# botocore leaves the file of a download that failed to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

type Answer = tuple[int, str, dict[str, str]]

REGION = "<Region>ap-northeast-2</Region>"


def error(status: int, code: str, more: str = "", **headers: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>no</Message>{more}</Error>"
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}


def only(method: str, answer: Answer) -> Callable[[str, bool], Answer | None]:
    """The store refuses this method alone."""
    return lambda asked, _there: answer if asked == method else None


def everything(answer: Answer) -> Callable[[str, bool], Answer | None]:
    return lambda _asked, _there: answer


def missing_is_forbidden(asked: str, there: bool) -> Answer | None:  # noqa: FBT001  a fake's answer
    return error(403, "AccessDenied") if asked in {"HEAD", "GET"} and not there else None


@contextmanager
def s3(refuses: Callable[[str, bool], Answer | None]) -> Iterator[str]:
    """The address of a store that keeps files in memory and refuses what it is told to refuse."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing."""

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            status, body, headers = refuses(self.command, path in files) or self.work(path, content)
            data = body if isinstance(body, bytes) else body.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD" and status != 204:
                self.wfile.write(data)

        def work(self, path: str, content: bytes) -> tuple[int, str | bytes, dict[str, str]]:
            if self.command == "PUT":
                files[path] = content
                return 200, "", {"ETag": '"e"'}
            if self.command == "DELETE":
                files.pop(path, None)
                return 204, "", {}
            if path not in files:
                return error(404, "NoSuchKey")
            return (
                200,
                files[path],
                {"ETag": '"e"', "Last-Modified": "Sat, 28 Nov 2026 10:00:00 GMT"},
            )

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815  the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


CASES: dict[str, tuple[Callable[[str, bool], Answer | None], str]] = {
    "no ListBucket": (
        missing_is_forbidden,
        "The file store's key lacks the permission s3:ListBucket (403 403).",
    ),
    "no PutObject": (
        only("PUT", error(403, "AccessDenied")),
        "The file store's key lacks the permission s3:PutObject (AccessDenied 403).",
    ),
    "no GetObject": (
        only("GET", error(403, "AccessDenied")),
        "The file store's key lacks the permission s3:GetObject (AccessDenied 403).",
    ),
    "no DeleteObject": (
        only("DELETE", error(403, "AccessDenied")),
        "The file store's key lacks the permission s3:DeleteObject (AccessDenied 403).",
    ),
    "another region, 400": (
        everything(error(400, "AuthorizationHeaderMalformed", REGION)),
        "The bucket is in another region (ap-northeast-2): set MINIO_REGION to it.",
    ),
    "another region, 301": (
        everything(error(301, "PermanentRedirect", x_amz_bucket_region="eu-central-1")),
        "The bucket is in another region (eu-central-1): set MINIO_REGION to it.",
    ),
    "another region, unnamed": (
        everything(error(301, "PermanentRedirect")),
        "The bucket is in another region: set MINIO_REGION to it.",
    ),
    "clock": (
        everything(error(403, "RequestTimeTooSkewed")),
        (
            "The clocks of this host and of the file store are too far apart "
            "(RequestTimeTooSkewed 403): synchronize them, for example with NTP."
        ),
    ),
    "no bucket": (
        everything(error(404, "NoSuchBucket")),
        "The file store has no such bucket: MINIO_BUCKET, or run manage.py make_bucket.",
    ),
    "unknown key": (
        everything(error(403, "InvalidAccessKeyId")),
        (
            "The file store does not accept the access key (InvalidAccessKeyId 403): "
            "MINIO_ACCESS_KEY and MINIO_SECRET_KEY."
        ),
    ),
    "wrong secret": (
        everything(error(403, "SignatureDoesNotMatch")),
        (
            "The file store does not accept the access key (SignatureDoesNotMatch 403): "
            "MINIO_ACCESS_KEY and MINIO_SECRET_KEY."
        ),
    ),
    "full": (
        only("PUT", error(507, "XMinioStorageFull")),
        "The file store is full (XMinioStorageFull 507).",
    ),
    "anything else": (
        only("PUT", error(400, "InvalidRequest")),
        "The file store refuses (InvalidRequest 400).",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_health_names_the_cause(settings: Any, case: str) -> None:
    refuses, words = CASES[case]
    with s3(refuses) as address:
        backend = config.Store(
            endpoint=address,
            region="us-east-1",
            public=address,
            access_key="a",
            secret_key="b",
            bucket="videoplanet",
        ).backend()
        settings.STORAGES = {**settings.STORAGES, "media": backend}
        with translation.override("en"), pytest.raises(StoreUnavailable) as raised:
            health.storage()
        assert str(raised.value) == words
        with translation.override("ko"):
            assert str(raised.value) != words  # it is told in the reader's language
        health.forget()
        (finding,) = health.examine(["storage"], limit=30)
        assert (finding.ok, finding.as_json()["detail"]) == (False, words)


def test_store_that_refuses_nothing_is_well(settings: Any) -> None:
    with s3(lambda _asked, _there: None) as address:
        backend = config.Store(
            endpoint=address,
            region="us-east-1",
            public=address,
            access_key="a",
            secret_key="b",
            bucket="videoplanet",
        ).backend()
        settings.STORAGES = {**settings.STORAGES, "media": backend}
        assert str(health.storage()) == "writes and reads"
        assert not storages["media"].exists("calls/aa/nothing.png")
