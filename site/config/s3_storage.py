"""The media storage on an S3-compatible store: private objects and signed links that stay the same
for a while.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urlencode

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext_noop
from s3transfer.exceptions import RetriesExceededError
from storages.backends.s3 import S3Storage

from core.unavailable import StoreUnavailable

logger = logging.getLogger("ai_video.storage")

CONNECT_SECONDS, ANSWER_SECONDS, TRIES = 3, 15, 2
STEP = 900  # seconds for which the link to a file stays the same
LONGEST = 7 * 24 * 3600  # the maximum lifetime that the standard allows
IN_MEMORY = 8 << 20  # bytes of an opened file; the rest is on disk
PARAMETERS = {
    "ResponseContentType": "response-content-type",
    "ResponseContentDisposition": "response-content-disposition",
}


# The permission needed for each request. HEAD of a missing object returns 403 without ListBucket.
PERMISSIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "DeleteObject": "s3:DeleteObject",
}
WRONG_KEY = gettext_noop(
    "The file store does not accept the access key (%(reason)s): MINIO_ACCESS_KEY and "
    "MINIO_SECRET_KEY."
)
NO_BUCKET = gettext_noop(
    "The file store has no such bucket: MINIO_BUCKET, or run manage.py make_bucket."
)
OTHER_REGION = gettext_noop("The bucket is in another region (%(region)s): set MINIO_REGION to it.")
UNKNOWN_REGION = gettext_noop("The bucket is in another region: set MINIO_REGION to it.")
CLOCK = gettext_noop(
    "The clocks of this host and of the file store are too far apart (%(reason)s): "
    "synchronize them, for example with NTP."
)
NO_PERMISSION = gettext_noop(
    "The file store's key lacks the permission %(permission)s (%(reason)s)."
)
FULL = gettext_noop("The file store is full (%(reason)s).")
REFUSES = gettext_noop("The file store refuses (%(reason)s).")
CAUSES = {
    "InvalidAccessKeyId": WRONG_KEY,
    "SignatureDoesNotMatch": WRONG_KEY,
    "InvalidToken": WRONG_KEY,
    "ExpiredToken": WRONG_KEY,
    "AccountProblem": WRONG_KEY,
    "NoSuchBucket": NO_BUCKET,
    "RequestTimeTooSkewed": CLOCK,
    "RequestExpired": CLOCK,
    "XMinioStorageFull": FULL,
    "QuotaExceeded": FULL,
    "507": FULL,
}
REGION_CODES = {
    "301",
    "307",
    "PermanentRedirect",
    "TemporaryRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
}
DENIED = {"AccessDenied", "AllAccessDisabled", "403", "Forbidden"}


def cause(error: ClientError) -> tuple[str, dict[str, str]]:
    """Return the error message as a template and its values.

    It depends on the store's error code, or on the status for HEAD requests, which return no code.
    """
    error_data: Any = error.response.get("Error", {})
    code = str(error_data.get("Code", ""))
    answer: Any = error.response.get("ResponseMetadata", {})
    reason = f"{code} {answer.get('HTTPStatusCode', '')}".strip()
    if code in REGION_CODES:
        region = str(
            error_data.get("Region")
            or answer.get("HTTPHeaders", {}).get("x-amz-bucket-region")
            or ""
        )
        return (OTHER_REGION, {"region": region}) if region else (UNKNOWN_REGION, {})
    if code in DENIED and (permission := PERMISSIONS.get(error.operation_name)):
        return NO_PERMISSION, {"permission": permission, "reason": reason}
    template = CAUSES.get(code, REFUSES)
    return template, {"reason": reason}


@contextmanager
def translated() -> Iterator[None]:
    """Convert boto errors to FileNotFoundError or StoreUnavailable. Messages contain no key."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == HTTPStatus.NOT_FOUND and error.response["Error"].get("Code") != "NoSuchBucket":
            raise FileNotFoundError(str(error)) from error
        template, values = cause(error)
        raise StoreUnavailable(template, **values) from error
    except (
        RecursionError
    ) as error:  # botocore looks up the bucket's region and is redirected endlessly
        raise StoreUnavailable(UNKNOWN_REGION) from error
    except (BotoCoreError, Boto3Error, RetriesExceededError) as error:
        raise StoreUnavailable(
            gettext_noop("The file store does not answer (%(reason)s)."),
            reason=type(error).__name__,
        ) from error


class MediaStorage(S3Storage):
    """The storage backend. Names are content-addressed, so writing a name again writes the same
    bytes.

    Safe across threads and forks. Raises `StoreUnavailable` if the store fails, and
    FileNotFoundError for missing files.
    """

    access_key: str
    secret_key: str
    bucket_name: str
    region_name: str
    querystring_expire: int

    def __init__(
        self,
        *,
        public_url: str,
        checksums: Literal["when_supported", "when_required"],
        **options: Any,
    ) -> None:
        self.public_url = public_url
        self._plain.__init__(
            **options,
            file_overwrite=True,
            default_acl=None,
            querystring_auth=True,
            # One Config with all options: django-storages ignores its other options if it is given
            # one.
            client_config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation=checksums,
                response_checksum_validation=checksums,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=ANSWER_SECONDS,
                retries={"mode": "standard", "total_max_attempts": TRIES},
                max_pool_connections=16,
            ),
            transfer_config=TransferConfig(
                multipart_threshold=16 << 20,
                multipart_chunksize=16 << 20,
                max_concurrency=4,
                num_download_attempts=2,
            ),
            max_memory_size=IN_MEMORY,
        )
        self._process = os.getpid()

    @property
    def _plain(self) -> Any:
        """The untyped methods of django-storages."""
        return super()

    @property
    def connection(self) -> Any:
        """The connection of this thread and process. Sockets are not shared across a fork."""
        if self._process != os.getpid():
            self._plain.__setstate__(self._plain.__getstate__())
            self._process = os.getpid()
        return self._plain.connection

    @property
    def bucket(self) -> Any:
        """The bucket of this thread. boto3 resources are not thread-safe."""
        return self.connection.Bucket(self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> Any:
        with translated():
            file = self._plain._open(name, mode)
            if "r" in mode:
                try:
                    file.file  # noqa: B018  fetched here, so that errors are converted
                except BaseException:
                    if file._file is not None:
                        file._file.close()
                    raise
            return file

    def _save(self, name: str, content: Any) -> str:
        with translated():
            return str(self._plain._save(name, content))

    def delete(self, name: str) -> None:
        with translated():
            self._plain.delete(name)

    def exists(self, name: str) -> bool:
        with translated():
            return bool(self._plain.exists(name))

    def size(self, name: str) -> int:
        with translated():
            return int(self._plain.size(name))

    def get_modified_time(self, name: str) -> datetime:
        with translated():
            modified: datetime = self._plain.get_modified_time(name)
            return modified

    def objects(self, prefix: str = "") -> Iterator[tuple[str, int, datetime]]:
        """Yield (name, size in bytes, modification time) of every object below the prefix."""
        with translated():
            pages = self.connection.meta.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket_name, Prefix=prefix
            )
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield entry["Key"], int(entry["Size"]), entry["LastModified"]

    def url(  # type: ignore[override]  # django-storages adds these parameters
        self,
        name: str,
        parameters: dict[str, str] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        """Return a signed link at the public address, valid for `expire` seconds and up to twice a
        quarter of an hour longer.

        Calls within the same quarter of an hour return the same link, so that browsers can cache
        the file. No request to the store is made.
        """
        wanted = self.querystring_expire if expire is None else expire
        begin = int(time.time()) // STEP * STEP
        seconds = min(LONGEST, -(-(wanted + STEP) // STEP) * STEP)
        query = {PARAMETERS[key]: value for key, value in (parameters or {}).items()}
        query["response-cache-control"] = f"private, max-age={seconds}"
        path = quote(self._plain._normalize_name(name), safe="/~")
        address = f"{self.public_url}/{path}?{urlencode(query, quote_via=quote)}"
        request: Any = AWSRequest(method=http_method or "GET", url=address)
        signer = _SignerAt(
            Credentials(self.access_key, self.secret_key), "s3", self.region_name, expires=seconds
        )
        signer.sign_at(request, datetime.fromtimestamp(begin, UTC))
        return str(request.url)


class _SignerAt(S3SigV4QueryAuth):
    """Signs with a given time; botocore's own signer always uses the current time."""

    def sign_at(self, request: Any, at: datetime) -> None:
        signer: Any = self
        request.context["timestamp"] = at.strftime(SIGV4_TIMESTAMP)
        signer._modify_request_before_signing(request)
        signature = signer.signature(
            signer.string_to_sign(request, signer.canonical_request(request)), request
        )
        signer._inject_signature_to_request(request, signature)
