"""Who has a story open at the moment."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model

from core.clock import database_now
from stories.models import Presence, Story

EXPIRES = timedelta(seconds=50)  # an open page asks every 20 seconds; two requests may be lost
MOST = 12  # people shown


def note(story: Story, user: Any) -> list[Any]:
    """Write down that this person has the story open, and return who else has, by name.

    There is one row for each person and story. Three queries.
    """
    now = database_now()
    Presence.objects.bulk_create(
        [Presence(story=story, user=user, seen_at=now)],
        update_conflicts=True,
        unique_fields=["story", "user"],
        update_fields=["seen_at"],
    )
    present = Presence.objects.filter(story=story, seen_at__gt=now - EXPIRES).exclude(user=user)
    people = get_user_model().objects.filter(pk__in=present.values("user"), is_active=True)
    return list(people.order_by("first_name", "username")[:MOST])
