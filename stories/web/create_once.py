"""Prevents duplicate stories: submitting the same form twice leads to the story created first."""

import hashlib
from typing import Any

from django.http import HttpRequest

from stories.models import Story
from stories.services.permissions import stories_for

SESSION_KEY = "stories_made"
UNDO_KEY = 20  # forms remembered per session
TOKEN = "csrfmiddlewaretoken"  # noqa: S105  a field name; its value differs each time


def _name(request: HttpRequest) -> str:
    """A digest of what was submitted: every field, and the files by content."""
    digest = hashlib.sha256()
    for key in sorted(set(request.POST) - {TOKEN}):
        digest.update(repr((key, request.POST.getlist(key))).encode())
    for key in sorted(request.FILES):
        for file in request.FILES.getlist(key):
            digest.update(repr((key, file.name)).encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    return digest.hexdigest()[:32]


def found(request: HttpRequest) -> Story | None:
    """The story that the same form created in this session.

    None for a new form, or if the story is gone.
    """
    if request.method != "POST":
        return None
    made: dict[str, str] = request.session.get(SESSION_KEY, {})
    pk = made.get(_name(request))
    return stories_for(request.user).filter(pk=pk).first() if pk else None


def note(request: HttpRequest, story: Any) -> None:
    made: dict[str, str] = request.session.get(SESSION_KEY, {})
    made[_name(request)] = str(story.pk)
    request.session[SESSION_KEY] = dict(list(made.items())[-UNDO_KEY:])
