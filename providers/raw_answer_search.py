"""Searches a stored response for the result that was paid for.

Used only when a person decides to recover a call, so anything plausible is accepted.
"""

import re
from collections.abc import Callable
from itertools import islice

from django.utils.translation import gettext_noop

from media.file_types import is_audio, is_picture

from .errors import Invalid
from .lenient_decoding import UnreadableError, bytes_of, decoded, text_of, texts_in

NO_PICTURE = gettext_noop("The kept answer holds no picture that can be read.")
NO_SOUND = gettext_noop("The kept answer holds no sound that can be read.")
NO_TASK = gettext_noop("The kept answer names no task.")
BASE64 = re.compile(r"(?:[A-Za-z0-9+/_-]|\\/|\\n|\\r|\s){400,}={0,2}")
ID_FIELD = re.compile(
    r"""["'](?:id|task_?id|prediction_?id|uuid)["']\s*:\s*["']([A-Za-z0-9_.:-]{1,120})["']""",
    re.IGNORECASE,
)
IN_ADDRESS = re.compile(r"/(?:tasks|predictions)/([A-Za-z0-9_-]{6,120})")
UUID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)
ADDRESS = re.compile(r"https?://[^\s\"'<>\\]{4,2000}")
MOST_TEXTS = 10_000


def picture_in(raw: bytes) -> bytes:
    """Return the image that the response is or contains, in base64 or raw. Raises `Invalid`."""
    return _file_in(raw, is_picture, NO_PICTURE)


def sound_in(raw: bytes) -> bytes:
    """Return the sound that the response is or contains, in base64 or raw. Raises `Invalid`."""
    return _file_in(raw, is_audio, NO_SOUND)


def _file_in(raw: bytes, is_wanted: Callable[[bytes], bool], missing: str) -> bytes:
    if is_wanted(raw):
        return raw
    for text in (
        *_texts_of(raw),
        *(_without_escapes(found.group()) for found in BASE64.finditer(text_of(raw))),
    ):
        try:
            content = bytes_of(text)
        except UnreadableError:
            continue
        if is_wanted(content):
            return content
    raise Invalid(missing)


def _without_escapes(text: str) -> str:
    return text.replace("\\/", "/").replace("\\n", "").replace("\\r", "")


def link_in(raw: bytes) -> str:
    """Return the address that the response is or contains. Raises `Invalid`."""
    if found := ADDRESS.search(text_of(raw).replace("\\/", "/")):
        return found.group()
    raise Invalid(NO_PICTURE)


def task_in(raw: bytes) -> str:
    """Return the id of the task that the response names. Raises `Invalid`."""
    text = text_of(raw)
    found = ID_FIELD.search(text) or IN_ADDRESS.search(text)
    if found:
        return found[1]
    if uuid := UUID.search(text):
        return uuid.group()
    raise Invalid(NO_TASK)


def _texts_of(raw: bytes) -> list[str]:
    """Return the strings of a JSON response, longest first."""
    try:
        data = decoded(raw)
    except UnreadableError:
        return []
    return sorted(islice(texts_in(data), MOST_TEXTS), key=len, reverse=True)[:20]
