"""The notifications that a person sees in the studio: none of a story that they do not see."""

from typing import Any

from django.db.models import Q, QuerySet

from notifications import personal
from notifications.models import Notification

from .permissions import stories_for

MOST_COUNTED = 100


def notifications_of(user: Any) -> QuerySet[Notification]:
    """The newest first."""
    seen = Q(story=None) | Q(story__in=stories_for(user))
    return personal.bell_of(user).filter(seen).order_by("-created_at", "-id")


def unread_count(user: Any) -> int:
    """How many are unread, `MOST_COUNTED` at most. One query."""
    return notifications_of(user).filter(read_at=None).order_by()[:MOST_COUNTED].count()
