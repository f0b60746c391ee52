"""Log-in by username, password and second factor, with limits stored in the database for all
workers.

Failed attempts are counted per account and origin: a browser that this account has logged in with
before, else an address. An attacker, even in the same office, therefore cannot lock out other
users. If an account is attacked from many origins, or one address attacks many accounts, unknown
origins get fewer attempts.
"""

from datetime import datetime, timedelta
from math import ceil

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models import Max, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from accounts.models import AuditAction, LogInAttempt
from api.problems import Problem, too_many, unauthorized
from core.client_address import client_address
from core.unicode_normalization import composed

from . import audit, known_devices, mfa
from .standing import STANDING, standing_now

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = (
    10  # failures per account and origin in the window; each further one doubles the delay
)
PER_ADDRESS = (
    50  # failures per account, or per address, after which unknown origins get WARY attempts
)
WARY = 3
MOST_ANYWHERE = 300  # failures per account after which only known origins may try
FIRST_DELAY = timedelta(seconds=30)
KNOWN_FOR = timedelta(days=30)  # how long an address counts as known after a log-in
CHANGE = "password change"  # attempts at the old password within a session
LINK = "password of the link"
RESET = "password reset"
RESETS_PER_ACCOUNT = 3  # links asked for with one e-mail address in the window
RESETS_PER_ADDRESS = 10  # links asked for from one address in the window
CODE_NEEDED, WRONG_CODE = "code_required", "wrong_code"
PROVED_ELSEWHERE = ("mfa", "socialaccount")  # ways to log in that bring a second factor


class CodeNeeded(Problem):
    """The password is correct, and the second-factor code is still required."""

    def __init__(self, user: User) -> None:
        asked = unauthorized(
            CODE_NEEDED, gettext_noop("Send the code of your authenticator app too.")
        )
        super().__init__(asked.status, asked.code, asked.sentence.template, headers=asked.headers)
        self.user = user


def log_in(request: HttpRequest, username: str, password: str, code: str = "") -> User:
    """Return the active user with this name and password, and the code if a second factor is set
    up.

    Raises 401 (`wrong_credentials`, `code_required`, `wrong_code`), or 429 with the seconds to
    wait. The attempt is stored before the password is checked, so that concurrent attempts cannot
    exceed the limit. An attempt over the limit is not counted itself, so that the wait ends.
    """
    user, attempt = _checked(request, username, password)
    if mfa.is_set_up(user):
        if not code:
            attempt.delete()  # neither a failure nor a log-in
            raise CodeNeeded(user)
        _require_code(request, user, code)
    audit.record(AuditAction.LOG_IN, actor=user, request=request, detail="API")
    return _succeeded(attempt, user)


def check_password(request: HttpRequest, username: str, password: str) -> User:
    """Return the active user with this name and password; a second factor is asked for later.

    Raises as `log_in` does.
    """
    user, attempt = _checked(request, username, password)
    if mfa.is_set_up(user):
        attempt.delete()
        return user
    return _succeeded(attempt, user)


def _checked(request: HttpRequest, username: str, password: str) -> tuple[User, LogInAttempt]:
    username = composed(username)
    attempt = _attempt(request, username)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise unauthorized("wrong_credentials", gettext_noop("The name or the password is wrong."))
    return user, attempt


def verify_mfa(request: HttpRequest, user: User, code: str) -> Authenticator:
    """Return the factor that accepts the code. Raises 401 `wrong_code`, or 429.

    Counted as a log-in attempt.
    """
    attempt = _attempt(request, user.get_username())
    found = _require_code(request, user, code)
    _succeeded(attempt, user)
    return found


def confirm_mfa(request: HttpRequest, user: User, code: str) -> list[str]:
    """Activate the app that is being set up and return the recovery codes, which are shown once.

    Raises as `verify_mfa`.
    """
    attempt = _attempt(request, user.get_username())
    secret = mfa.pending_secret(request, user)
    codes = mfa.activate(user, secret, code) if secret else None
    if codes is None:
        raise _wrong_code()
    _succeeded(attempt, user)
    return codes


def remember(
    sender: object,  # noqa: ARG001  the signal's form
    *,
    request: HttpRequest | None = None,
    user: User,
    **_: object,
) -> None:
    """Store in the session the account's status and whether it passed the second factor."""
    if request is not None:
        request.session[STANDING] = standing_now(user)
        ways = {record.get("method") for record in get_authentication_records(request, user)}
        if not ways.isdisjoint(PROVED_ELSEWHERE):
            request.session[mfa.PASSED] = True
        if "socialaccount" in ways:  # who was removed at the provider is out by then
            request.session.set_expiry(settings.OIDC_SESSION_HOURS * 3600)


def connect() -> None:
    user_logged_in.connect(remember, dispatch_uid="accounts.mfa")


def check_own_password(request: HttpRequest, user: User, password: str) -> bool:
    """Return whether this is the password of the session's user.

    Attempts are limited, so that a stolen session cannot be used to guess it. Raises 429.
    """
    attempt = _counted(
        account_key(f"{CHANGE} {user.get_username()}"), "", now=timezone.now(), is_known=True
    )
    if not user.check_password(password):
        user_login_failed.send(
            sender=__name__, credentials={"username": user.get_username()}, request=request
        )
        return False
    _succeeded(attempt, user)
    return True


def count_link_try(link: str) -> LogInAttempt:
    """Count a try at the password of a link, as wrong until `forget_link_tries`. Raises 429."""
    return _counted(account_key(f"{LINK} {link}"), "", now=timezone.now(), is_known=True)


def forget_link_tries(attempt: LogInAttempt) -> None:
    """Forget the tries at this link: one was right."""
    LogInAttempt.objects.filter(account=attempt.account).delete()


def count_reset(request: HttpRequest, email: str) -> None:
    """Count that a link to set a new password was asked for. Raises 429.

    It is counted in the same way whether an account has this e-mail address or not.
    """
    now, place = timezone.now(), f"{RESET} {client_address(request)}"[:64]
    attempt = LogInAttempt.objects.create(
        account=account_key(f"{RESET} {email}"), address=place, at=now
    )
    counted = LogInAttempt.objects.filter(at__gt=now - WINDOW, succeeded=False)
    for rows, most in (
        (counted.filter(account=attempt.account), RESETS_PER_ACCOUNT),
        (counted.filter(address=place), RESETS_PER_ADDRESS),
    ):
        moments = sorted(rows.values_list("at", flat=True))
        if len(moments) > most:
            attempt.delete()
            raise too_many(max(1, _until(moments[0] + WINDOW, now)))


def account_key(username: str) -> str:
    """Return the key under which attempts are counted.

    It is a hash, because users sometimes type a password into the username field.
    """
    return salted_hmac("web.auth.attempts", username.casefold(), algorithm="sha256").hexdigest()


def failures(username: str) -> int:
    """Return the failed attempts that count against this account now, from all origins."""
    since = timezone.now() - WINDOW
    return LogInAttempt.objects.filter(_of(username), at__gt=since, succeeded=False).count()


def unlock(username: str) -> int:
    """Delete the failed attempts at this account from all origins; return their number."""
    return LogInAttempt.objects.filter(_of(username), succeeded=False).delete()[0]


def unlock_address(address: str) -> int:
    """Delete the failed attempts from this address (IPv6: its /64 network); return their number."""
    return LogInAttempt.objects.filter(address=address, succeeded=False).delete()[0]


def _of(username: str) -> Q:
    return Q(account__in=[account_key(username), account_key(f"{CHANGE} {username}")])


def _attempt(request: HttpRequest, username: str) -> LogInAttempt:
    now, account, address = timezone.now(), account_key(username), client_address(request)
    device = known_devices.device_of(request, account)
    before = LogInAttempt.objects.filter(
        account=account, address=address, succeeded=True, at__gt=now - KNOWN_FOR
    )
    is_known = bool(device) or before.exists()
    return _counted(account, f"device {device}" if device else address, now=now, is_known=is_known)


def _counted(account: str, place: str, *, now: datetime, is_known: bool) -> LogInAttempt:
    LogInAttempt.objects.filter(at__lt=now - WINDOW, succeeded=False).delete()
    attempt = LogInAttempt.objects.create(account=account, address=place, at=now)
    if wait := _seconds_to_wait(attempt, is_known=is_known):
        attempt.delete()
        raise too_many(wait)
    return attempt


def _require_code(request: HttpRequest, user: User, code: str) -> Authenticator:
    found = mfa.passes(user, code)
    if found is None:
        user_login_failed.send(
            sender=__name__, credentials={"username": user.get_username()}, request=request
        )
        raise _wrong_code()
    return found


def _wrong_code() -> Problem:
    return unauthorized(
        WRONG_CODE, gettext_noop("This code is wrong, or was used already. Wait for the next one.")
    )


def _succeeded(attempt: LogInAttempt, user: User) -> User:
    """Mark the origin as known, and delete its failed attempts."""
    LogInAttempt.objects.filter(account=attempt.account, address=attempt.address).exclude(
        pk=attempt.pk
    ).delete()
    LogInAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)
    return user


def _seconds_to_wait(attempt: LogInAttempt, *, is_known: bool) -> int:
    """Return 0 if the origin has attempts left, else the seconds until the next one.

    The delay doubles with each failure. The current attempt is already stored, so that concurrent
    attempts count each other.
    """
    counted = LogInAttempt.objects.filter(at__gt=attempt.at - WINDOW, succeeded=False)
    own = counted.filter(account=attempt.account, address=attempt.address)
    tries, allowed = own.count(), PER_ACCOUNT
    if not is_known:
        anywhere = counted.filter(account=attempt.account)
        if anywhere.count() > MOST_ANYWHERE:
            return _until(min(anywhere.values_list("at", flat=True)) + WINDOW, attempt.at)
        if (
            anywhere.count() > PER_ADDRESS
            or counted.filter(address=attempt.address).count() > PER_ADDRESS
        ):
            allowed = WARY
    if tries <= allowed:
        return 0
    newest = own.exclude(pk=attempt.pk).aggregate(newest=Max("at"))["newest"]
    delay = min(WINDOW, FIRST_DELAY * 2 ** min(tries - 1 - allowed, 10))
    return _until(newest + delay, attempt.at)


def _until(moment: datetime, now: datetime) -> int:
    return max(0, ceil((moment - now).total_seconds()))
