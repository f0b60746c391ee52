"""All routes of the API, in the order in which the documentation shows them."""

from accounts import endpoints

from .base import api

endpoints.add_to(api)

from . import (  # noqa: E402  the documentation starts with the login
    approvals,
    cast,
    films,
    jobs,
    me,
    mixer,
    pronunciations,
    scenes,
    scripts,
    sound,
    sound_uploads,
    stories,
    takes,
)

__all__ = [
    "api",
    "approvals",
    "cast",
    "films",
    "jobs",
    "me",
    "mixer",
    "pronunciations",
    "scenes",
    "scripts",
    "sound",
    "sound_uploads",
    "stories",
    "takes",
]
