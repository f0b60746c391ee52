"""File storage: a folder, or an S3-compatible store if MINIO_ENDPOINT is set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from . import env


@dataclass(frozen=True, slots=True)
class Store:
    """The configuration of an S3-compatible store.

    `public` is the bucket's address for browsers.
    """

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    region: str
    public: str

    @property
    def origin(self) -> str:
        """The origin from which browsers load files, for the content security policy."""
        parts = urlsplit(self.public)
        return f"{parts.scheme}://{parts.netloc}"

    def backend(self) -> dict[str, Any]:
        """Return the STORAGES entry."""
        options = {
            "endpoint_url": self.endpoint,
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "bucket_name": self.bucket,
            "region_name": self.region,
            "public_url": self.public,
            "checksums": env.text("MINIO_CHECKSUMS", "when_required"),
        }
        return {"BACKEND": "config.s3_storage.MediaStorage", "OPTIONS": options}


def store_from_env() -> Store | None:
    """Return the store of MINIO_ENDPOINT, MINIO_ACCESS_KEY, MINIO_SECRET_KEY and MINIO_BUCKET, or
    None without an endpoint.

    Also read: MINIO_REGION (us-east-1), MINIO_SECURE (for an endpoint without a scheme),
    MINIO_CHECKSUMS (when_required or when_supported) and STORAGE_BASE_URL, the address under which
    browsers reach the store (a proxy, a CDN) if it differs: its origin, or its origin and the
    bucket's name. It must pass the Host header on, because links are signed.
    """
    endpoint = env.text("MINIO_ENDPOINT")
    if not endpoint:
        return None
    missing = [
        name
        for name in ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MINIO_BUCKET")
        if not env.text(name)
    ]
    if missing:
        raise ImproperlyConfigured(
            f"MINIO_ENDPOINT is set and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not."
        )
    if "://" not in endpoint:
        endpoint = (
            f"{'https' if env.boolean('MINIO_SECURE', default=False) else 'http'}://{endpoint}"
        )
    if env.text("MINIO_CHECKSUMS", "when_required") not in {"when_required", "when_supported"}:
        raise ImproperlyConfigured("MINIO_CHECKSUMS must be when_required or when_supported.")
    bucket = env.text("MINIO_BUCKET")
    public = _public(env.text("STORAGE_BASE_URL") or endpoint, bucket)
    return Store(
        endpoint.rstrip("/"),
        env.text("MINIO_ACCESS_KEY"),
        env.text("MINIO_SECRET_KEY"),
        bucket,
        env.text("MINIO_REGION", "us-east-1"),
        public,
    )


def _public(address: str, bucket: str) -> str:
    parts = urlsplit(address)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.netloc
        or parts.path.strip("/") not in {"", bucket}
    ):
        raise ImproperlyConfigured(
            f"STORAGE_BASE_URL must be an address such as https://files.example.com or "
            f"https://files.example.com/{bucket}."
        )
    return f"{parts.scheme}://{parts.netloc}/{bucket}"


def storages(media_root: Path, store: Store | None, *, debug: bool) -> dict[str, dict[str, Any]]:
    """Return STORAGES.

    `media` stores paid output; `default` only what Django itself might write.
    """
    folder = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": media_root},
    }
    static = (
        "django.contrib.staticfiles.storage.StaticFilesStorage"
        if debug
        else "config.static_files.StaticFiles"
    )
    return {
        "default": folder,
        "media": store.backend() if store else folder,
        "staticfiles": {"BACKEND": static},
    }
