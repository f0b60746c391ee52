"""The second home of paid answers: what a provider said lies on this machine's disk until database and store have it.

A paid answer exists once. From the moment it arrives it is written into a folder of private, encrypted, synced files,
so that neither the end of the process nor hours without database or store lose it. `recovery` takes it up again.
Only the format of the files is here.
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

from ground.away import AwayError
from ground.disk import beside, make_folder, put_in_place, sync_folder
from ground.sealing import box
from ground.sentence import Sentence
from providers.adapters import Accepted, Bytes, Result
from providers.enums import Refusal
from providers.errors import Refused, Unclear
from providers.models import ProviderCall

from .steps import step

log = logging.getLogger("ai_video.providers")
ENDING = ".answer"
BLOCK = 1 << 20  # bytes that are encrypted at a time
ROOM = 256 << 20  # bytes that must be free before something is bought: the largest answer, encrypted, and some more
NO_ROOM = gettext_noop("There is no room left on the disk to keep what would be bought; nothing was ordered.")
NO_FOLDER = gettext_noop("The folder for paid answers cannot be written (%(reason)s); nothing was ordered.")


class UnreadableError(Exception):
    """The file is damaged, or encrypted under secrets that this installation does not have."""


@dataclass(frozen=True, slots=True)
class Contents:
    """How many answers wait here, and how many seconds the oldest has waited."""

    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class NeverSent:
    """The process that was to send the call has not, and could not write that down."""

    note: Sentence
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """The result is in the store already; only the row does not say so yet."""

    fields: dict[str, Any]


type Answer = Accepted | Result | Refused | Unclear | NeverSent | Stored


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file of an answer that came with the answer itself; read from the spool in pieces."""

    path: Path
    call_id: str
    trusted: bool

    def bring(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002  the signature of every source
        with to.open("wb") as target:
            for piece in _pieces(self.path):
                target.write(piece)


class Kept:
    """An answer in the spool, held by this process: nobody else takes it up meanwhile."""

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        self.path, self._handle = path, handle

    def release(self) -> None:
        """From now on any process of this machine may take it up."""
        self._handle.close()


def folder() -> Path:
    return Path(settings.VAR_DIR) / "spool"


def require_ready() -> None:
    """Raises `AwayError` when an answer could not be kept: then nothing may be bought."""
    try:
        make_folder(folder(), mode=0o700)
        room = shutil.disk_usage(folder()).free
    except OSError as error:
        raise AwayError(NO_FOLDER, reason=type(error).__name__) from error
    if not os.access(folder(), os.W_OK | os.X_OK):
        raise AwayError(NO_FOLDER, reason="PermissionError")
    if room < ROOM:
        raise AwayError(NO_ROOM)


def keep(call: ProviderCall, answer: Answer, *, file: Path | None = None) -> Kept | None:
    """Put the answer on the disk, with the file that came with it. None when that fails: then memory is its only home."""
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
            step("spool written")
            put_in_place(part, final)
        except BaseException:
            handle.close()
            part.unlink(missing_ok=True)
            raise
    except OSError:
        log.exception("Call %s: its answer cannot be kept on the disk", call.pk)
        return None
    return Kept(final, handle)


def holds(call_id: uuid.UUID) -> bool:
    """Whether an answer to this call lies here."""
    return any(True for _ in _files(call_id))


def waiting() -> list[Path]:
    """All that lies here, the oldest first."""
    return sorted(_files(), key=lambda path: (_modified(path), path.name))


def contents() -> Contents:
    """What waits in the spool of this machine. Looks at names and times only."""
    times = [at for path in _files() if (at := _modified(path))]
    oldest = max(0.0, time.time() - min(times)) if times else 0.0
    return Contents(len(times), oldest)


def of(call_id: uuid.UUID) -> list[Path]:
    return sorted(_files(call_id), key=lambda path: (_modified(path), path.name))


def forget(call_id: uuid.UUID) -> None:
    """Database and store have what it said."""
    found = list(_files(call_id))
    for path in found:
        path.unlink(missing_ok=True)
    if found:
        sync_folder(folder())


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Whether this process has the file for itself meanwhile; not when it is held, or gone."""
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
    """Whose answer it is, and the answer. Raises `UnreadableError`."""
    try:
        with path.open("rb") as file:
            said: dict[str, Any] = json.loads(_opened(next(file)))
            return uuid.UUID(said["call"]), _answer(said, path)
    except (InvalidToken, ValueError, KeyError, StopIteration) as error:
        raise UnreadableError(path.name) from error


def _files(call_id: uuid.UUID | None = None) -> Iterator[Path]:
    return folder().glob(f"{call_id or '*'}-*{ENDING}")


def _pieces(path: Path) -> Iterator[bytes]:
    """The content that was kept with the answer, in pieces."""
    with path.open("rb") as source:
        next(source)
        for line in source:
            yield _opened(line)


def _modified(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


def _sealed(content: bytes) -> bytes:
    return box().encrypt(content)


def _opened(line: bytes) -> bytes:
    return box().decrypt(line.rstrip(b"\n"))


def _lines(call: ProviderCall, answer: Answer, file: Path | None) -> Iterator[bytes]:
    said = {"call": str(call.pk), **_as_json(answer)}
    content = _content(answer)
    if file is not None or content is not None:
        said["file"] = True
    yield _sealed(json.dumps(said).encode())
    if file is not None:
        with file.open("rb") as source:
            while block := source.read(BLOCK):
                yield _sealed(block)
    elif content is not None:
        for at in range(0, len(content), BLOCK):
            yield _sealed(content[at : at + BLOCK])


def _content(answer: Answer) -> bytes | None:
    """What came in the answer itself and is kept as it is."""
    if isinstance(answer, Unclear):
        return answer.raw
    return answer.media.content if isinstance(answer, Result) and isinstance(answer.media, Bytes) else None


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _as_json(answer: Answer) -> dict[str, Any]:
    match answer:
        case Accepted():
            return {"what": "accepted", "task_id": answer.task_id, "poll_in": answer.poll_in, "quote": _text(answer.quote)}
        case Result():
            trusted = answer.media is not None and answer.media.trusted
            facts = {"data": dict(answer.data), "cost": _text(answer.cost), "is_estimated": answer.is_estimated, "seed": answer.seed}
            return {"what": "result", "trusted": trusted, "has_media": answer.media is not None, **facts}
        case Refused():
            note = answer.sentence.as_json()
            until = answer.until.isoformat() if answer.until else None
            facts = {"cost": str(answer.cost), "complaint": answer.complaint, "until": until}
            return {"what": "refused", "kind": str(answer.kind), "note": note, **facts}
        case Unclear():
            return {"what": "unclear", "note": answer.sentence.as_json()}
        case NeverSent():
            return {"what": "not sent", "note": answer.note.as_json(), "claimed_at": answer.claimed_at.isoformat()}
        case Stored():
            return {"what": "stored", "fields": answer.fields | {"cost": _text(answer.fields["cost"])}}


def _answer(said: dict[str, Any], path: Path) -> Answer:
    match said["what"]:
        case "accepted":
            return Accepted(said["task_id"], poll_in=said["poll_in"], quote=_amount(said["quote"]))
        case "result":
            media = Spooled(path, said["call"], trusted=said["trusted"]) if said.get("file") else None
            return Result(media=media, data=said["data"], cost=_amount(said["cost"]), is_estimated=said["is_estimated"], seed=said["seed"])
        case "refused":
            note = Sentence.from_json(said["note"])
            until = datetime.fromisoformat(said["until"]) if said.get("until") else None
            refused = Refused.of(note, kind=Refusal(said["kind"]), cost=Decimal(said["cost"]), until=until)
            refused.complaint = said["complaint"]
            return refused
        case "unclear":
            unclear = Unclear.of(Sentence.from_json(said["note"]))
            unclear.raw = b"".join(_pieces(path))
            return unclear
        case "not sent":
            return NeverSent(Sentence.from_json(said["note"]), datetime.fromisoformat(said["claimed_at"]))
        case "stored":
            return Stored(said["fields"] | {"cost": _amount(said["fields"]["cost"])})
        case other:
            raise ValueError(other)
