"""Ending the log-ins of a person, in browsers and over the API."""

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from .tokens import revoke_user


def end_all(user: User, *, but: str | None = None) -> None:
    """End every log-in of this person at once; `but` is the key of a browser session that stays.

    Looks into each open session: a studio has few people, and this is done rarely.
    """
    open_now = Session.objects.filter(expire_date__gt=timezone.now()).exclude(session_key=but)
    theirs = [row.pk for row in open_now.iterator() if row.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=theirs).delete()
    revoke_user(user)
