"""Log-in by name, password and second factor, limited per account and per address in the database, so that the limit holds over all workers."""

from datetime import timedelta
from math import ceil

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core import signing
from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop

from ground.composed import composed
from web.address import client_address
from web.json.problems import Problem, too_many, unauthorized
from web.models import LogInAttempt

from . import factor
from .tokens import password_mark

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 50  # failures in the window; the next try waits until the oldest leaves it
CODE_NEEDED, WRONG_CODE = "code_required", "wrong_code"
HALF_SALT, HALF_SECONDS = "web.auth.half", 300  # how long a right password counts while the code is typed


class CodeNeeded(Problem):
    """The password is right, and the code is still to come."""

    def __init__(self, user: User) -> None:
        asked = unauthorized(CODE_NEEDED, gettext_noop("Send the code of your authenticator app too."))
        super().__init__(asked.status, asked.code, asked.sentence.template, headers=asked.headers)
        self.user = user


def log_in(request: HttpRequest, username: str, password: str, code: str = "") -> User:
    """The active user with this name and password, and the code if they have a second factor.

    Raises 401 (`wrong_credentials`, `code_required`, `wrong_code`), or 429 with the seconds to wait. The try is written
    before the password is looked at: of many tries at the same moment no more than the limit get that far. A try over
    the limit is not counted itself, so that the wait has an end.
    """
    username = composed(username)
    attempt = _attempt(request, username)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise unauthorized("wrong_credentials", gettext_noop("The name or the password is wrong."))
    if factor.is_set_up(user):
        if not code:
            attempt.delete()  # neither a failure nor a log-in
            raise CodeNeeded(user)
        _require_code(request, user, code)
    return _succeeded(attempt, user)


def pass_factor(request: HttpRequest, user: User, code: str) -> User:
    """The same person, once the code is right. Raises 401 `wrong_code`, or 429; counted as a try to log in."""
    attempt = _attempt(request, user.get_username())
    _require_code(request, user, code)
    return _succeeded(attempt, user)


def confirm_factor(request: HttpRequest, user: User, code: str) -> list[str]:
    """Takes the new second factor into use; its recovery codes, to be shown this once. Raises as `pass_factor`."""
    attempt = _attempt(request, user.get_username())
    codes = factor.confirm(user, code)
    if codes is None:
        raise _wrong_code()
    _succeeded(attempt, user)
    return codes


def half(user: User) -> str:
    """What a browser gives back with the code, as a sign that the password was right a moment ago."""
    return signing.dumps([user.pk, password_mark(user)], salt=HALF_SALT)


def of_half(token: str) -> User | None:
    """Whose password was right; None when that was too long ago or has been changed since."""
    try:
        pk, mark = signing.loads(token, salt=HALF_SALT, max_age=HALF_SECONDS)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return user if user and constant_time_compare(password_mark(user), mark) else None


def remember(sender: object, *, request: HttpRequest | None = None, user: User, **_: object) -> None:  # noqa: ARG001  the signal's form
    """The session knows that its log-in went by the second factor."""
    if request is not None and getattr(user, "passed_factor", False):
        request.session[factor.PASSED] = True


def connect() -> None:
    user_logged_in.connect(remember, dispatch_uid="web.auth.factor")


def _attempt(request: HttpRequest, username: str) -> LogInAttempt:
    now = timezone.now()
    account, address = username.casefold()[:150], client_address(request)
    LogInAttempt.objects.filter(at__lt=now - WINDOW).delete()
    attempt = LogInAttempt.objects.create(account=account, address=address, at=now)
    if wait := _seconds_to_wait(account, address):
        attempt.delete()
        raise too_many(wait)
    return attempt


def _require_code(request: HttpRequest, user: User, code: str) -> None:
    if not factor.passes(user, code):
        user_login_failed.send(sender=__name__, credentials={"username": user.get_username()}, request=request)
        raise _wrong_code()
    user.passed_factor = True  # type: ignore[attr-defined]  # told to the session by `remember`


def _wrong_code() -> Problem:
    return unauthorized(WRONG_CODE, gettext_noop("This code is wrong, or was used already. Wait for the next one."))


def _succeeded(attempt: LogInAttempt, user: User) -> User:
    LogInAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)
    return user


def _seconds_to_wait(account: str, address: str) -> int:
    """0 while neither limit is passed, else the seconds until the oldest counted try leaves the window."""
    since = timezone.now() - WINDOW
    counted = LogInAttempt.objects.filter(at__gt=since, succeeded=False)
    for own, limit in ((Q(account=account), PER_ACCOUNT), (Q(address=address), PER_ADDRESS)):
        found = counted.filter(own).aggregate(tries=Count("id"), oldest=Min("at"))
        if found["tries"] > limit:
            seconds: float = (found["oldest"] - since).total_seconds()
            return max(1, ceil(seconds))
    return 0
