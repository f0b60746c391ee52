"""Spool for paid responses: files on this machine's disk until database and store have them.

A paid response exists only once. As soon as it arrives it is written to a folder of private,
encrypted, synced files, so that neither the end of the process nor hours without database or store
lose it. `recovery` moves it on. This module defines only the file format.
"""

import fcntl
import json
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext_noop

from core.durable_files import beside, make_folder, put_in_place, sync_folder
from core.encryption import fernet
from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError
from providers.adapters import Accepted, Bytes, Result
from providers.enums import Refusal
from providers.errors import Refused, Unclear
from providers.fetch import Link
from providers.models import ProviderCall

from .fault_points import hit

log = logging.getLogger("ai_video.providers")
ENDING = ".answer"
BLOCK = 1 << 20  # bytes encrypted at a time
ROOM = 256 << 20  # free bytes required: the largest response, encrypted, plus a margin
NO_ROOM = gettext_noop(
    "There is no room left on the disk to keep what would be bought; nothing was ordered."
)
NO_FOLDER = gettext_noop(
    "The folder for paid answers cannot be written (%(reason)s); nothing was ordered."
)


class UnreadableError(Exception):
    """The file is damaged, or encrypted with secrets that this installation does not have."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How many responses are in the spool, and how many seconds the oldest has waited."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class NeverSent:
    """The process that was to send the call did not send it, and could not record that."""

    note: LocalizedMessage
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """The result is already stored; only the row does not record it yet."""

    fields: dict[str, Any]


type Answer = Accepted | Result | Refused | Unclear | NeverSent | Stored


@dataclass(frozen=True, slots=True)
class Spooled:
    """The file that was part of a response; read from the spool in pieces."""

    path: Path
    call_id: str
    trusted: bool

    # The signature of every source
    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002
        with to.open("wb") as target:
            for piece in _pieces(self.path):
                target.write(piece)


class SpooledAnswer:
    """A response in the spool that this process has locked, so that no other process ingests it."""

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        self.path, self._handle = path, handle

    def release(self) -> None:
        """Release the lock: any process of this machine may now ingest it."""
        self._handle.close()


def folder() -> Path:
    return Path(settings.VAR_DIR) / "spool"


def require_ready() -> None:
    """Raise `ServiceUnavailableError` if a response could not be spooled.

    Nothing may be bought then.
    """
    try:
        make_folder(folder(), mode=0o700)
        room = shutil.disk_usage(folder()).free
    except OSError as error:
        raise ServiceUnavailableError(NO_FOLDER, reason=type(error).__name__) from error
    if not os.access(folder(), os.W_OK | os.X_OK):
        raise ServiceUnavailableError(NO_FOLDER, reason="PermissionError")
    if room < ROOM:
        raise ServiceUnavailableError(NO_ROOM)


def save(call: ProviderCall, answer: Answer, *, file: Path | None = None) -> SpooledAnswer | None:
    """Write the response, and the file that came with it, to the disk.

    Returns None if that fails; the response then exists in memory only.
    """
    try:
        make_folder(folder(), mode=0o700)
        final = folder() / f"{call.pk}-{uuid.uuid4().hex}{ENDING}"
        part = beside(final)
        handle = os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for line in _lines(call, answer, file):
                handle.write(line + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
            hit("spool written")
            put_in_place(part, final)
        except BaseException:
            handle.close()
            part.unlink(missing_ok=True)
            raise
    except OSError:
        log.exception("Call %s: its answer cannot be kept on the disk", call.pk)
        return None
    return SpooledAnswer(final, handle)


def holds(call_id: uuid.UUID) -> bool:
    """Return whether the spool holds a response to this call."""
    return any(True for _ in _files(call_id))


def waiting() -> list[Path]:
    """Return all files in the spool, oldest first."""
    return sorted(_files(), key=lambda path: (_modified(path), path.name))


def contents() -> Contents:
    """Return what waits in the spool of this machine. Reads names and times only."""
    times = [at for path in _files() if (at := _modified(path))]
    oldest = max(0.0, time.time() - min(times)) if times else 0.0
    return Contents(len(times), oldest)


def of(call_id: uuid.UUID) -> list[Path]:
    return sorted(_files(call_id), key=lambda path: (_modified(path), path.name))


def forget(call_id: uuid.UUID) -> None:
    """Delete the call's files, once database and store have their contents."""
    found = list(_files(call_id))
    for path in found:
        path.unlink(missing_ok=True)
    if found:
        sync_folder(folder())


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Lock the file; yield whether this process has it. False if it is locked or gone."""
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield path.exists()


def read(path: Path) -> tuple[uuid.UUID, Answer]:
    """Return the id of the call and its response. Raises `UnreadableError`."""
    try:
        with path.open("rb") as file:
            data: dict[str, Any] = json.loads(_opened(next(file)))
            return uuid.UUID(data["call"]), _answer(data, path)
    except (InvalidToken, ValueError, KeyError, StopIteration) as error:
        raise UnreadableError(path.name) from error


def _files(call_id: uuid.UUID | None = None) -> Iterator[Path]:
    return folder().glob(f"{call_id or '*'}-*{ENDING}")


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the file that was stored with the response, in pieces."""
    with path.open("rb") as source:
        next(source)
        for line in source:
            yield _opened(line)


def _modified(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _encrypted(content: bytes) -> bytes:
    return fernet().encrypt(content)


def _opened(line: bytes) -> bytes:
    return fernet().decrypt(line.rstrip(b"\n"))


def _lines(call: ProviderCall, answer: Answer, file: Path | None) -> Iterator[bytes]:
    data = {"call": str(call.pk), **_as_json(answer)}
    content = _content(answer)
    if file is not None or content is not None:
        data["file"] = True
    yield _encrypted(json.dumps(data).encode())
    if file is not None:
        with file.open("rb") as source:
            while block := source.read(BLOCK):
                yield _encrypted(block)
    elif content is not None:
        for at in range(0, len(content), BLOCK):
            yield _encrypted(content[at : at + BLOCK])


def _content(answer: Answer) -> bytes | None:
    """Return the content that was part of the response and is stored unchanged."""
    if isinstance(answer, Unclear):
        return answer.raw
    return (
        answer.media.content
        if isinstance(answer, Result) and isinstance(answer.media, Bytes)
        else None
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _as_json(answer: Answer) -> dict[str, Any]:
    match answer:
        case Accepted():
            return {
                "what": "accepted",
                "task_id": answer.task_id,
                "poll_in": answer.poll_in,
                "quote": _text(answer.quote),
            }
        case Result():
            trusted = answer.media is not None and answer.media.trusted
            facts = {
                "data": dict(answer.data),
                "cost": _text(answer.cost),
                "is_estimated": answer.is_estimated,
                "seed": answer.seed,
            }
            link = answer.media if isinstance(answer.media, Link) else None
            return {
                "what": "result",
                "trusted": trusted,
                "has_media": answer.media is not None,
                "link": link and {"url": link.url, "hosts": link.hosts, "own": link.own},
                **facts,
            }
        case Refused():
            note = answer.sentence.as_json()
            until = answer.until.isoformat() if answer.until else None
            facts = {"cost": str(answer.cost), "complaint": answer.validation_error, "until": until}
            return {"what": "refused", "kind": str(answer.kind), "note": note, **facts}
        case Unclear():
            return {"what": "unclear", "note": answer.sentence.as_json()}
        case NeverSent():
            return {
                "what": "not sent",
                "note": answer.note.as_json(),
                "claimed_at": answer.claimed_at.isoformat(),
            }
        case Stored():
            return {
                "what": "stored",
                "fields": answer.fields | {"cost": _text(answer.fields["cost"])},
            }


def _answer(data: dict[str, Any], path: Path) -> Answer:
    match data["what"]:
        case "accepted":
            return Accepted(data["task_id"], poll_in=data["poll_in"], quote=_amount(data["quote"]))
        case "result":
            media: Spooled | Link | None = None
            if data.get("file"):
                media = Spooled(path, data["call"], trusted=data["trusted"])
            elif link := data.get("link"):
                media = Link(link["url"], hosts=tuple(link["hosts"]), own=link["own"])
            return Result(
                media=media,
                data=data["data"],
                cost=_amount(data["cost"]),
                is_estimated=data["is_estimated"],
                seed=data["seed"],
            )
        case "refused":
            note = LocalizedMessage.from_json(data["note"])
            until = datetime.fromisoformat(data["until"]) if data.get("until") else None
            refused = Refused.of(
                note, kind=Refusal(data["kind"]), cost=Decimal(data["cost"]), until=until
            )
            refused.validation_error = data["complaint"]
            return refused
        case "unclear":
            unclear = Unclear.of(LocalizedMessage.from_json(data["note"]))
            unclear.raw = b"".join(_pieces(path))
            return unclear
        case "not sent":
            return NeverSent(
                LocalizedMessage.from_json(data["note"]), datetime.fromisoformat(data["claimed_at"])
            )
        case "stored":
            return Stored(data["fields"] | {"cost": _amount(data["fields"]["cost"])})
        case other:
            raise ValueError(other)
