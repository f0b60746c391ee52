"""The secret of the second factor leaks nowhere, belongs to one person and follows the rotation of
keys.
"""

import base64
import io
import logging
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from accounts import mfa

from .conftest import Clock
from .log_in import give, log_in

pytestmark = pytest.mark.django_db


def test_secret_is_in_no_dump_and_no_log(
    client: Client, owner: User, phone: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        show = phone(owner)
        log_in(client, "owner")
        give(client, show())
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    everywhere = dump.getvalue() + caplog.text
    assert '"mfa.authenticator"' in everywhere
    forms = [
        base64.b32encode(show.secret).decode(),
        show.secret.hex(),
        base64.b64encode(show.secret).decode(),
        show.recovery[0],
        show.recovery[0].replace("-", ""),
    ]
    assert not [form for form in forms if form in everywhere]
    assert show() not in caplog.text


def test_secret_belongs_to_its_person_and_follows_the_rotation(
    settings: Any, owner: User, colleague: User, phone: Any, clock: Clock
) -> None:
    show = phone(owner)
    other = phone(colleague)
    apps = Authenticator.objects.filter(type="totp")
    apps.filter(user=colleague).update(data=apps.get(user=owner).data)
    assert not mfa.passes(colleague, show(1))
    assert not mfa.passes(colleague, other(1))
    old, new = settings.PROVIDER_SECRETS, "n" * 40
    settings.PROVIDER_SECRETS = [new, *old]
    assert mfa.passes(owner, show())
    settings.PROVIDER_SECRETS = [new]  # sealed anew by passing
    clock.now += 30
    assert mfa.passes(owner, show())
    settings.PROVIDER_SECRETS = ["m" * 40, new]
    out = io.StringIO()
    call_command("rotate_secrets", stdout=out)
    # The colleague's is the owner's, and can be read by nobody.
    assert "second factors: 1;" in out.getvalue()
    settings.PROVIDER_SECRETS = ["m" * 40]
    clock.now += 30
    assert mfa.passes(owner, show())
    settings.PROVIDER_SECRETS = ["x" * 40]
    clock.now += 30
    assert not mfa.passes(owner, show())
    assert mfa.reseal() == 0
