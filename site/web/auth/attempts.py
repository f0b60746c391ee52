"""Log-in by name and password, limited per account and per address in the database, so that the limit holds over all workers."""

from datetime import timedelta
from math import ceil

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop

from web.address import client_address
from web.json.problems import too_many, unauthorized
from web.models import LogInAttempt

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 50  # failures in the window; the next try waits until the oldest leaves it


def log_in(request: HttpRequest, username: str, password: str) -> User:
    """The active user with this name and password. Raises 401, or 429 with the seconds to wait.

    The try is written before the password is looked at: of many tries at the same moment no more than the limit get
    that far. A try over the limit is not counted itself, so that the wait has an end.
    """
    now = timezone.now()
    account, address = username.casefold()[:150], client_address(request)
    LogInAttempt.objects.filter(at__lt=now - WINDOW).delete()
    attempt = LogInAttempt.objects.create(account=account, address=address, at=now)
    if wait := _seconds_to_wait(account, address):
        attempt.delete()
        raise too_many(wait)
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise unauthorized("wrong_credentials", gettext_noop("The name or the password is wrong."))
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
