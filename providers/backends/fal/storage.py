"""Files that are put at fal, because a request takes small ones only.

Putting a file there is free, and it is gone after two days. The key goes to the host that gives a
token; the token goes to the host of the files.
"""

import json
import mimetypes
import re
from typing import NoReturn

from django.utils.translation import gettext_noop

from core.localized_messages import sentence_of
from providers import keys
from providers.client import ProviderClient, UnreadableError, checked_base
from providers.enums import Refusal
from providers.errors import Later, Refused
from providers.fetch import Link
from providers.models import AIProviderConfig

from .errors import refusal, words_of
from .messages import Token, Uploaded

NAME = "fal"
TOKENS = "https://rest.fal.ai"
FILES = "https://v3.fal.media"
KEPT = 2 * 24 * 3600  # seconds; a request may wait for a day
READ = 60.0
LOGIN = re.compile(r"[A-Za-z-]{1,20} [A-Za-z0-9._~+/=-]{1,4000}")
UNREACHABLE = gettext_noop("The file could not be put at fal: %(words)s")


def put(config: AIProviderConfig, content: bytes, mime: str, *, hosts: tuple[str, ...]) -> str:
    """Put a file at fal and return its address, which must be at `hosts`. Raises `Refused`."""
    try:
        token = _token(config)
        login = f"{token.token_type} {token.token}"
        if not LOGIN.fullmatch(login):
            _refuse("token")
        client = ProviderClient(_base(config, FILES), name=NAME, headers={"Authorization": login})
        lifecycle = json.dumps({"expiration_duration_seconds": KEPT})
        answer = client.ask(
            "POST",
            "/files/upload",
            read=READ,
            content=content,
            headers={
                "Content-Type": mime,
                "X-Fal-File-Name": f"source{mimetypes.guess_extension(mime) or ''}",
                "X-Fal-Object-Lifecycle": lifecycle,
                "X-Fal-Object-Lifecycle-Preference": lifecycle,
            },
        )
        if not answer.ok:
            _refuse(words_of(answer))
        address = answer.parsed(Uploaded).access_url
    except (Later, UnreadableError) as error:
        raise Refused(UNREACHABLE, kind=Refusal.UNREACHABLE, words=sentence_of(error)) from error
    if not Link(address, hosts=hosts).leads_to_provider:
        _refuse("access_url")
    return address


def _token(config: AIProviderConfig) -> Token:
    client = ProviderClient(
        _base(config, TOKENS),
        name=NAME,
        headers={"Authorization": f"Key {keys.key_of(config)}"},
    )
    answer = client.ask("POST", "/storage/auth/token?storage_type=fal-cdn-v3", json={})
    if answer.status in {401, 402, 403, 429}:
        raise refusal(answer)
    if not answer.ok:
        _refuse(words_of(answer))
    return answer.parsed(Token)


def _base(config: AIProviderConfig, home: str) -> str:
    """Return the host; one that stands before fal has these paths too."""
    return home if keys.is_at_home(config) else checked_base(config.base_url, name=NAME)


def _refuse(words: str) -> NoReturn:
    raise Refused(UNREACHABLE, kind=Refusal.UNREACHABLE, words=words)
