"""A mail server, a receiver of webhooks, and people who have an address."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.receiver import Receiver
from tests.fakes.smtp import MailServer
from tests.providers.conftest import clock, paid, script

__all__ = ["clock", "paid", "script"]


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.MAILERS = server.mailers
        settings.EMAIL_IS_SET_UP = True
        settings.PUBLIC_URL = "https://studio.example.com"
        settings.DEFAULT_FROM_EMAIL = "studio@example.com"
        yield server


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.LOOPBACK_PROVIDERS = True
    with Receiver() as found:
        yield found


@pytest.fixture
def mina(owner: Any) -> Any:
    """The owner, who is reached by mail."""
    owner.email = "mina@example.com"
    owner.save()
    return owner
