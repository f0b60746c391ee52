"""The account's history at ElevenLabs, where speech whose answer was lost is found again.

It holds speech only, no music and no effects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers.client import ProviderClient, ProviderResponse, UnreadableError
from providers.errors import KeyRefused, Later, Unclear

from .errors import problem_of
from .messages import History, HistoryItem

MOST_ITEMS = 1000
ROUNDING = 2  # seconds: the history counts in whole ones
GONE = gettext_noop("ElevenLabs has no such item in its history.")
NO_HISTORY = gettext_noop("ElevenLabs does not show its history: %(words)s")
NO_SOUND = gettext_noop("ElevenLabs does not give the sound at the moment: %(words)s")


@dataclass(frozen=True, slots=True)
class HistoryAudio:
    """The sound of an item. It can be fetched again."""

    client: ProviderClient
    item: str
    trusted: bool = False
    again: bool = True

    # The signature of every source
    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002
        answer = self.client.ask("GET", f"/v1/history/{self.item}/audio", read=60.0)
        if answer.status == 404:  # noqa: PLR2004  not found
            raise Unclear(GONE)
        if not answer.ok:
            raise later(answer, NO_SOUND)
        to.write_bytes(answer.body)


def items(client: ProviderClient, *, voice: str = "") -> tuple[list[HistoryItem], datetime]:
    """Return the newest items, and the time at ElevenLabs. Raises `Later` or `KeyRefused`."""
    wanted = {"page_size": MOST_ITEMS, **({"voice_id": voice} if voice else {})}
    answer = client.ask("GET", f"/v1/history?{urlencode(wanted)}")
    if not answer.ok:
        raise later(answer, NO_HISTORY)
    try:
        return answer.parsed(History).history, _time_of(answer)
    except UnreadableError as error:
        raise Later(NO_HISTORY, words=answer.text) from error


def since(when: datetime, at_provider: datetime) -> int:
    """Return our time `when` as Unix time of the provider, whose clock may differ from ours."""
    return int((at_provider - (timezone.now() - when)).timestamp()) - ROUNDING


def later(answer: ProviderResponse, template: str) -> Later:
    words = problem_of(answer).words or f"HTTP {answer.status}"
    # Unauthorized
    return (KeyRefused if answer.status == 401 else Later)(template, words=words)  # noqa: PLR2004


def _time_of(answer: ProviderResponse) -> datetime:
    try:
        found = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return timezone.now()
    return found if found.tzinfo else timezone.now()
