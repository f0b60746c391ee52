"""Where a newcomer begins: in the sample film that `manage.py demo` makes."""

from contextlib import suppress
from functools import cache

from django.http import HttpRequest
from django.urls import reverse

from stories.enums import Language
from stories.services import introduction

from .sample_scripts import ScriptError, sample


@cache
def titles() -> tuple[str, ...]:
    """The titles of the sample stories; none where the samples are not installed."""
    found = []
    for language in Language.values:
        with suppress(ScriptError):
            found.append(sample(language).title)
    return tuple(found)


def first_page(request: HttpRequest) -> str:
    """The address of the sample film for a newcomer, once; else empty, for the overview."""
    story = introduction.sample_for(request.user, titles())
    if story is None:
        return ""
    introduction.show(request.user)
    return reverse("admin:stories_story_board", args=[story.pk])
