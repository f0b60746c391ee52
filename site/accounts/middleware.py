"""Ends a session when its account has lost a status that it had at log-in.

Signals end the log-ins of accounts that are saved one by one (`account_changes`). A bulk `update()`
sends no signals, so each request compares the version of the account, too.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .standing import STANDING, has_ended, standing_of


class StandingMiddleware(AuthenticationMiddleware):
    """Django's middleware, with sessions that end when the account loses a status.

    It still runs one query, when the user is first accessed.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user_of_session(request))  # type: ignore[assignment]  # as Django's own


def _user_of_session(request: HttpRequest) -> User | AnonymousUser:
    user: Any = get_user(request)
    session = request.session
    if SESSION_KEY not in session:
        return user  # type: ignore[no-any-return]  # nobody
    if isinstance(user, User):
        before = session.get(STANDING) or {}
        if not has_ended(before, user):
            if before != standing_of(user):
                session[STANDING] = standing_of(user)
            return user
    session.flush()
    request._cached_user = nobody = AnonymousUser()  # type: ignore[attr-defined]  # noqa: SLF001  where Django keeps it
    return nobody
