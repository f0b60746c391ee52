"""Stores responses that were paid for and could not be parsed.

They are encrypted and bounded in size, so that a person can still recover the result.
"""

import logging

from cryptography.fernet import InvalidToken
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.encryption import fernet
from core.unavailable import is_unavailable

from .errors import KeyUnreadable
from .models import ProviderCall, RawAnswer
from .store import opened, save, workplace

log = logging.getLogger("ai_video.providers")
MOST_BYTES = 32 * 1024 * 1024
MOST_IN_ROW = 256 * 1024


def prepare(call: ProviderCall, raw: bytes) -> RawAnswer | None:
    """Return the encrypted response as an unsaved row; a large one is put into the storage.

    Returns None for an empty response. Must not run inside a transaction. While the storage is
    unavailable the row itself holds the response, whatever its size.
    """
    if not raw:
        return None
    kept = raw[:MOST_BYTES]
    encrypted = fernet().encrypt(str(call.pk).encode() + b"\n" + kept)
    answer = RawAnswer(
        call=call, size=len(kept), is_cut=len(raw) > len(kept), stored_at=timezone.now()
    )
    if len(encrypted) > MOST_IN_ROW:
        try:
            answer.file = _stored(encrypted)
        except Exception as error:
            if not is_unavailable(error) and not isinstance(error, OSError):
                raise
            log.warning(
                "Call %s: its answer is kept in the database, the storage is away: %s",
                call.pk,
                error,
            )
    if not answer.file:
        answer.encrypted = encrypted
    return answer


def _stored(encrypted: bytes) -> str:
    with workplace() as folder:
        file = folder / "answer"
        file.write_bytes(encrypted)
        return save(file, "encrypted", folder="answers").name


def put(call: ProviderCall, answer: RawAnswer | None) -> None:
    """Save a prepared response; it replaces an earlier one of the same call."""
    if answer is not None:
        values = {
            "encrypted": answer.encrypted,
            "file": answer.file,
            "size": answer.size,
            "is_cut": answer.is_cut,
            "stored_at": answer.stored_at,
        }
        RawAnswer.objects.update_or_create(call=call, defaults=values)


def read(answer: RawAnswer) -> bytes:
    """Return the response as it arrived. Raises `KeyUnreadable` if it cannot be decrypted."""
    if answer.file:
        with opened(answer.file) as file:
            encrypted = file.read()
    else:
        encrypted = bytes(answer.encrypted)
    return unsealed(str(answer.call_id), encrypted)


def reseal() -> int:
    """Encrypt every stored response again with the newest secret; return how many there were.

    Raises `KeyUnreadable`.
    """
    done = 0
    for answer in RawAnswer.objects.all().iterator():
        newer = prepare(answer.call, read(answer))
        if newer is not None:
            RawAnswer.objects.filter(pk=answer.pk).update(
                encrypted=newer.encrypted, file=newer.file
            )
            done += 1
    return done


def unsealed(name: str, encrypted: bytes) -> bytes:
    """Decrypt what was encrypted for the call with this id. Raises `KeyUnreadable`."""
    try:
        bound, _, content = fernet().decrypt(encrypted).partition(b"\n")
    except InvalidToken:
        bound, content = b"", b""
    if bound != name.encode():
        raise KeyUnreadable(
            gettext_noop(
                "The kept answer cannot be decrypted with the secrets of this installation."
            )
        )
    return content
