"""A story's pronunciation list: what is spoken in place of what is written.

Only what is sent to a voice changes: captions and the script keep the written words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed
from stories.enums import StoryStatus
from stories.errors import GuardRefused, Invalid
from stories.models import Pronunciation, Story
from stories.models.pronunciation import MAX_SPOKEN, MAX_WRITTEN

from . import waking
from .permissions import require_story_owner
from .speech_prediction_jobs import predict_on_commit

MAX_ENTRIES = 200
ARCHIVED = gettext_noop("The sound cannot be changed while the story is in the archive.")
LATIN = "A-Za-z0-9À-ɏ"


class Entry(NamedTuple):
    written: str
    spoken: str


@dataclass(frozen=True)
class Pronunciations:
    """The list, applied to texts."""

    entries: tuple[Entry, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        written = sorted((entry.written for entry in self.entries), key=len, reverse=True)
        return re.compile("|".join(map(_alone, written))) if written else None

    def spoken(self, text: str) -> str:
        """The text as it is spoken. The longest entry wins, and nothing is replaced twice."""
        if self._pattern is None:
            return text
        spoken = dict(self.entries)
        return self._pattern.sub(lambda match: spoken[match[0]], text)


def _alone(written: str) -> str:
    """Matches the entry, but not within a longer Latin word or number.

    Korean endings may follow it.
    """
    before = f"(?<![{LATIN}])" if re.match(f"[{LATIN}]", written) else ""
    after = f"(?![{LATIN}])" if re.search(f"[{LATIN}]$", written) else ""
    return f"{before}{re.escape(written)}{after}"


def pronunciations_of(story: Story) -> Pronunciations:
    """One query."""
    rows = Pronunciation.objects.filter(story=story).values_list("written", "spoken")
    return Pronunciations(tuple(Entry(*row) for row in rows))


def set_pronunciations(
    story_id: UUID | str, *, actor: Any, entries: Sequence[Entry]
) -> Pronunciations:
    """Give the story exactly this list. The lines with its words become stale, no picture does.

    Raises Story.DoesNotExist, Forbidden, GuardRefused, or Invalid with the index in `field`.
    """
    wanted = list(_checked(entries))
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        if story.status == StoryStatus.ARCHIVED:
            raise GuardRefused(ARCHIVED)
        Pronunciation.objects.filter(story=story).delete()
        Pronunciation.objects.bulk_create(
            Pronunciation(story=story, position=at, written=entry.written, spoken=entry.spoken)
            for at, entry in enumerate(wanted, start=1)
        )
        waking.wake_story_jobs_on_commit(story.pk)
        predict_on_commit(story.pk)
    return Pronunciations(tuple(wanted))


def _checked(entries: Sequence[Entry]) -> Iterable[Entry]:
    if len(entries) > MAX_ENTRIES:
        raise Invalid(
            gettext_noop("The list has at most %(most)s entries."),
            most=MAX_ENTRIES,
            field="items",
        )
    seen: set[str] = set()
    for at, entry in enumerate(entries):
        found = Entry(*(composed(visible.stripped(text)) for text in entry))
        for name, text, most in zip(Entry._fields, found, (MAX_WRITTEN, MAX_SPOKEN), strict=True):
            if not visible.is_visible(text):
                raise Invalid(
                    gettext_noop("Say what is written and how it is spoken."), field=f"{at}/{name}"
                )
            if len(text) > most:
                raise Invalid(
                    gettext_noop("At most %(most)s characters."), most=most, field=f"{at}/{name}"
                )
        if found.written in seen:
            raise Invalid(
                gettext_noop("“%(written)s” is in the list twice."),
                written=found.written,
                field=f"{at}/written",
            )
        seen.add(found.written)
        yield found
