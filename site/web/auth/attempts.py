"""Log-in by name, password and second factor, with limits in the database, so that they hold over all workers.

Wrong tries are counted for an account and the place that they come from: a browser that this account has logged in with
before, else an address. So neither a stranger elsewhere nor somebody in the same office locks anybody else out. Where an
account is guessed at from many places, or from one address at many accounts, places that are not known get fewer tries.
"""

from datetime import datetime, timedelta
from math import ceil

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core import signing
from django.db.models import Max, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_noop

from ground.composed import composed
from web.address import client_address
from web.json.problems import Problem, too_many, unauthorized
from web.models import LogInAttempt

from . import devices, factor
from .standing import STANDING, standing_of
from .tokens import password_mark

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10  # failures of an account from one place in the window; each further one waits twice as long
PER_ADDRESS = 50  # failures of an account from anywhere, or from one address at any account: then a new place has fewer tries
WARY = 3
MOST_ANYWHERE = 300  # failures of an account from anywhere: then only places that it has logged in from before may try
FIRST_DELAY = timedelta(seconds=30)
KNOWN_FOR = timedelta(days=30)  # how long an address counts as known after a log-in
CHANGE = "password change"  # tries at the old password by who has a session
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
    """The session knows what the account had, and that its log-in went by the second factor."""
    if request is not None:
        request.session[STANDING] = standing_of(user)
    if request is not None and getattr(user, "passed_factor", False):
        request.session[factor.PASSED] = True


def connect() -> None:
    user_logged_in.connect(remember, dispatch_uid="web.auth.factor")


def check_own_password(request: HttpRequest, user: User, password: str) -> bool:
    """Whether this is the password of the person of the session; limited, so that a stolen session is not made into the account.

    Raises 429.
    """
    attempt = _counted(account_key(f"{CHANGE} {user.get_username()}"), "", now=timezone.now(), is_known=True)
    if not user.check_password(password):
        user_login_failed.send(sender=__name__, credentials={"username": user.get_username()}, request=request)
        return False
    _succeeded(attempt, user)
    return True


def account_key(username: str) -> str:
    """Under what tries are counted. Not the name itself: people type passwords into the field for it."""
    return salted_hmac("web.auth.attempts", username.casefold(), algorithm="sha256").hexdigest()


def failures(username: str) -> int:
    """Wrong tries that count against this account now, wherever they came from."""
    since = timezone.now() - WINDOW
    return LogInAttempt.objects.filter(_of(username), at__gt=since, succeeded=False).count()


def unlock(username: str) -> int:
    """Forget the wrong tries at this account, from wherever they came; how many there were."""
    return LogInAttempt.objects.filter(_of(username), succeeded=False).delete()[0]


def unlock_address(address: str) -> int:
    """Forget the wrong tries from this address (IPv6: its /64 network), at whatever account; how many there were."""
    return LogInAttempt.objects.filter(address=address, succeeded=False).delete()[0]


def _of(username: str) -> Q:
    return Q(account__in=[account_key(username), account_key(f"{CHANGE} {username}")])


def _attempt(request: HttpRequest, username: str) -> LogInAttempt:
    now, account, address = timezone.now(), account_key(username), client_address(request)
    device = devices.device_of(request, account)
    before = LogInAttempt.objects.filter(account=account, address=address, succeeded=True, at__gt=now - KNOWN_FOR)
    is_known = bool(device) or before.exists()
    return _counted(account, f"device {device}" if device else address, now=now, is_known=is_known)


def _counted(account: str, place: str, *, now: datetime, is_known: bool) -> LogInAttempt:
    LogInAttempt.objects.filter(at__lt=now - WINDOW, succeeded=False).delete()
    attempt = LogInAttempt.objects.create(account=account, address=place, at=now)
    if wait := _seconds_to_wait(attempt, is_known=is_known):
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
    """This place is known from now on, and what was mistyped there is forgotten."""
    LogInAttempt.objects.filter(account=attempt.account, address=attempt.address).exclude(pk=attempt.pk).delete()
    LogInAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)
    return user


def _seconds_to_wait(attempt: LogInAttempt, *, is_known: bool) -> int:
    """0 while the place has tries left; else the seconds until its next one, which double with each that was wrong.

    The try itself is in the table already, so that tries at the same moment count each other.
    """
    counted = LogInAttempt.objects.filter(at__gt=attempt.at - WINDOW, succeeded=False)
    own = counted.filter(account=attempt.account, address=attempt.address)
    tries, allowed = own.count(), PER_ACCOUNT
    if not is_known:
        anywhere = counted.filter(account=attempt.account)
        if anywhere.count() > MOST_ANYWHERE:
            return _until(min(anywhere.values_list("at", flat=True)) + WINDOW, attempt.at)
        if anywhere.count() > PER_ADDRESS or counted.filter(address=attempt.address).count() > PER_ADDRESS:
            allowed = WARY
    if tries <= allowed:
        return 0
    newest = own.exclude(pk=attempt.pk).aggregate(newest=Max("at"))["newest"]
    delay = min(WINDOW, FIRST_DELAY * 2 ** min(tries - 1 - allowed, 10))
    return _until(newest + delay, attempt.at)


def _until(moment: datetime, now: datetime) -> int:
    return max(0, ceil((moment - now).total_seconds()))
