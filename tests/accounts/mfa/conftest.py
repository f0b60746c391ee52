"""A clock that stands, phones that show codes, and the lines of the audit log."""

import base64
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth
from django.contrib.auth.models import User

from accounts import mfa

from .log_in import code_of


class Clock:
    now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(auth, "time", found)
    return found


@pytest.fixture
def phone(clock: Clock) -> Callable[..., Any]:
    """`phone(user)` connects one; calling what it gives shows the code of that moment, `steps`
    away.
    """

    def connect(user: User) -> Any:
        typed = auth.generate_totp_secret()
        secret = base64.b32decode(typed)

        def show(steps: int = 0) -> str:
            return code_of(secret, clock.now + 30 * steps)

        show.recovery = mfa.activate(user, typed, show())  # type: ignore[attr-defined]
        show.secret = secret  # type: ignore[attr-defined]
        clock.now += 60  # the code of the set-up is used up
        return show

    return connect


@pytest.fixture
def audit() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("ai_video.audit")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)
