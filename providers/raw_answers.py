"""Answers that were paid for and not understood: kept encrypted and bounded, so that a person can still make something of them."""

import logging

from cryptography.fernet import InvalidToken
from django.utils import timezone
from django.utils.translation import gettext_noop

from ground.away import is_away
from ground.sealing import box

from .errors import KeyUnreadable
from .models import ProviderCall, RawAnswer
from .store import keep, opened, workplace

log = logging.getLogger("ai_video.providers")
MOST_BYTES = 32 * 1024 * 1024
MOST_IN_ROW = 256 * 1024


def prepare(call: ProviderCall, raw: bytes) -> RawAnswer | None:
    """The answer, encrypted, as a row that is not saved yet; a large one is put into the storage. None when nothing came.

    Not inside a transaction. While the storage is away the row itself holds it, whatever its size.
    """
    if not raw:
        return None
    kept = raw[:MOST_BYTES]
    sealed = box().encrypt(str(call.pk).encode() + b"\n" + kept)
    answer = RawAnswer(call=call, size=len(kept), is_cut=len(raw) > len(kept), kept_at=timezone.now())
    if len(sealed) > MOST_IN_ROW:
        try:
            answer.file = _stored(sealed)
        except Exception as error:
            if not is_away(error) and not isinstance(error, OSError):
                raise
            log.warning("Call %s: its answer is kept in the database, the storage is away: %s", call.pk, error)
    if not answer.file:
        answer.sealed = sealed
    return answer


def _stored(sealed: bytes) -> str:
    with workplace() as folder:
        file = folder / "answer"
        file.write_bytes(sealed)
        return keep(file, "sealed", folder="answers").name


def put(call: ProviderCall, answer: RawAnswer | None) -> None:
    """Save a prepared answer; the newest one of a call is kept."""
    if answer is not None:
        values = {"sealed": answer.sealed, "file": answer.file, "size": answer.size, "is_cut": answer.is_cut, "kept_at": answer.kept_at}
        RawAnswer.objects.update_or_create(call=call, defaults=values)


def read(answer: RawAnswer) -> bytes:
    """The answer as it came. Raises `KeyUnreadable` when it cannot be decrypted."""
    if answer.file:
        with opened(answer.file) as file:
            sealed = file.read()
    else:
        sealed = bytes(answer.sealed)
    return unsealed(str(answer.call_id), sealed)


def reseal() -> int:
    """Bring every kept answer under the newest secret; how many there were. Raises `KeyUnreadable`."""
    done = 0
    for answer in RawAnswer.objects.all().iterator():
        newer = prepare(answer.call, read(answer))
        if newer is not None:
            RawAnswer.objects.filter(pk=answer.pk).update(sealed=newer.sealed, file=newer.file)
            done += 1
    return done


def unsealed(name: str, sealed: bytes) -> bytes:
    """What was sealed for the call of this name."""
    try:
        bound, _, content = box().decrypt(sealed).partition(b"\n")
    except InvalidToken:
        bound, content = b"", b""
    if bound != name.encode():
        raise KeyUnreadable(gettext_noop("The kept answer cannot be decrypted with the secrets of this installation."))
    return content
