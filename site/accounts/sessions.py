"""Ends the log-ins of a user, in browsers and over the API."""

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from .access_tokens import revoke_user


def end_all(user: User, *, but: str | None = None) -> None:
    """End every log-in of this user at once, except the browser session with the key `but`.

    Reads every open session, which is acceptable because users are few and calls are rare.
    """
    open_now = Session.objects.filter(expire_date__gt=timezone.now()).exclude(session_key=but)
    theirs = [
        row.pk for row in open_now.iterator() if row.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=theirs).delete()
    revoke_user(user)
