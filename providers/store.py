"""Results in the media storage: named by their content, written completely or not at all."""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.durable_files import beside, make_folder, put_in_place
from core.unavailable import FULL as DISK_FULL
from core.unavailable import ServiceUnavailableError

BLOCK = 1 << 20
PROBE = "health/before-buying"
BELIEVED = 10.0  # seconds
ROOM = 64 << 20  # free bytes required for a result
NOT_READY = gettext_noop("The media folder cannot be written (%(reason)s); nothing was ordered.")
NOT_WRITABLE = gettext_noop("The media folder cannot be written (%(reason)s).")
FULL = gettext_noop("The disk with the media folder is full; nothing was ordered.")
YOUNG = timedelta(hours=12)


class FileMissing(ServiceUnavailableError):  # noqa: N818  named for what happened
    """The storage has lost a file that a row names.

    Restoring the backup or making the file again fixes it.
    """

    code = "file_missing"


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file. `name` is its name in the media storage."""

    name: str
    sha256: str
    size: int


_seen_ready: tuple[Storage, float] | None = None


def media() -> Storage:
    return storages["media"]


@contextmanager
def workplace() -> Iterator[Path]:
    """Yield a private folder for files on their way into the storage; it is deleted afterwards."""
    folder = Path(settings.WORK_DIR) / f"call-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def require_ready() -> None:
    """Raise `ServiceUnavailableError` unless the storage accepts a file now.

    Nothing is bought that could not be stored. A positive result is cached for a moment, so that
    many purchases do not each write a file.
    """
    global _seen_ready  # noqa: PLW0603  per process
    storage = media()
    if _seen_ready is not None and _seen_ready[0] is storage and time.monotonic() < _seen_ready[1]:
        return
    _seen_ready = None
    if isinstance(storage, FileSystemStorage):
        _try_folder(Path(storage.location))
    else:
        storage.save(PROBE, ContentFile(b"ready"))
    _seen_ready = (storage, time.monotonic() + BELIEVED)


def _try_folder(folder: Path) -> None:
    probe = folder / f".{PROBE.replace('/', '-')}.{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(folder).free
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServiceUnavailableError(NOT_READY, reason=type(error).__name__) from error
    if room < ROOM:
        raise ServiceUnavailableError(FULL)


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """Open the stored file for reading. Raises `FileMissing`."""
    try:
        file = media().open(name, "rb")
    except FileNotFoundError as error:
        raise _missing(name) from error
    with file:
        yield cast("IO[bytes]", file)


def _missing(name: str) -> FileMissing:
    template = gettext_noop(
        "A file is missing in the store: %(name)s. It goes on when the file is restored "
        "from the backup, or its scene is made again."
    )
    return FileMissing(template, name=name)


@contextmanager
def local_copy(name: str, folder: Path) -> Iterator[Path]:
    """Yield the stored file as a local path. Raises `FileMissing`.

    It is the file itself if the storage is a folder, else a copy in `folder`.
    """
    storage = media()
    if isinstance(storage, FileSystemStorage):
        path = Path(storage.path(name))
        if not path.is_file():
            raise _missing(name)
        yield path
        return
    copy = folder / f"in-{uuid.uuid4().hex}{Path(name).suffix}"
    with opened(name) as source, copy.open("wb") as target:
        while block := source.read(BLOCK):
            target.write(block)
    yield copy


def save(file: Path, extension: str, *, folder: str = "calls") -> Stored:
    """Store a finished file as `calls/<2>/<sha256>.<extension>`; equal content is stored once."""
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    size = file.stat().st_size
    return Stored(save_as(file, f"{folder}/{digest[:2]}/{digest}.{extension}"), digest, size)


def save_as(file: Path, name: str) -> str:
    """Store a finished file under a name derived from its content. Returns the name.

    An existing file gets a new modification time, so that the cleanup of old files does not delete
    it before a row names it.
    """
    storage = media()
    if isinstance(storage, FileSystemStorage):
        try:
            _place(file, Path(storage.path(name)))
        except OSError as error:
            if error.errno in DISK_FULL:
                raise
            # The disk is not mounted, read-only or broken.
            raise ServiceUnavailableError(NOT_WRITABLE, reason=type(error).__name__) from error
    elif not (storage.exists(name) and storage.get_modified_time(name) > timezone.now() - YOUNG):
        with file.open("rb") as source:
            return storage.save(name, File(source, name=name))
    return name


def _place(file: Path, final: Path) -> None:
    """Write the file beside its place, then rename it.

    A reader, a crash or a full disk never leaves a partial file visible. Content, name and folders
    are synced, because the row that names the file is committed afterwards and must not outlive it.
    """
    if final.exists() and final.stat().st_size == file.stat().st_size:
        final.touch()
        return
    make_folder(final.parent)
    part = beside(final)
    try:
        with file.open("rb") as source, part.open("xb") as target:
            while block := source.read(BLOCK):
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        put_in_place(part, final)
    finally:
        part.unlink(missing_ok=True)
