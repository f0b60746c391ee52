"""Whoever goes back to the form of a new story and sends it again comes to the story that it made: one story, not two."""

import hashlib
from typing import Any

from django.http import HttpRequest

from stories.domain.permissions import stories_for
from stories.models import Story

SESSION_KEY = "stories_made"
KEPT = 20  # forms of a session that are known again
TOKEN = "csrfmiddlewaretoken"  # noqa: S105  the name of a field, which is another value each time


def _name(request: HttpRequest) -> str:
    """Names what was sent: every field, and the files by their bytes."""
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
    """The story that the same form has made in this session; None for a form that is new, or whose story is gone."""
    if request.method != "POST":
        return None
    made: dict[str, str] = request.session.get(SESSION_KEY, {})
    pk = made.get(_name(request))
    return stories_for(request.user).filter(pk=pk).first() if pk else None


def note(request: HttpRequest, story: Any) -> None:
    made: dict[str, str] = request.session.get(SESSION_KEY, {})
    made[_name(request)] = str(story.pk)
    request.session[SESSION_KEY] = dict(list(made.items())[-KEPT:])
