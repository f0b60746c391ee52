"""The sample film that newcomers are shown first, with notes that each person closes."""

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, Q
from django.utils import timezone

from stories.models import Film, Introduction, Story

from .permissions import stories_for


def sample_for(user: Any, titles: Collection[str]) -> Story | None:
    """The newest story with one of these titles and a film, for somebody who was shown none yet.

    None for somebody who has made a story of another title. One query.
    """
    own = Story.objects.filter(owner=user).exclude(title__in=titles)
    return (
        stories_for(user)
        .filter(
            ~Exists(Introduction.objects.filter(user=user)),
            ~Exists(own),
            Q(pk__in=Film.objects.values("story")),
            title__in=titles,
        )
        .order_by("-created_at", "-id")
        .first()
    )


def show(user: Any) -> None:
    """Write down that the person is shown the sample film."""
    Introduction.objects.bulk_create([Introduction(user=user)], ignore_conflicts=True)


def is_open(user: Any) -> bool:
    """Whether the person was shown the notes and has not closed them."""
    return Introduction.objects.filter(user=user, closed_at=None).exists()


def close(user: Any) -> None:
    """Close the person's notes for good; the help of the workbench opens them again."""
    show(user)
    Introduction.objects.filter(user=user, closed_at=None).update(closed_at=timezone.now())
