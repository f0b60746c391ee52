"""A passkey is added, logs in without a password, and is removed, with Chromium's own
authenticator.
"""

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.urls import reverse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def add_authenticator(page):
    """A device that confirms every request by its owner's finger."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_passkey_from_set_up_to_removal(live_server, quiet_page, log_in, owner):
    page = quiet_page
    add_authenticator(page)
    log_in(page, owner)
    page.goto(f"{live_server.url}{reverse('admin:second_factor')}")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill("owner")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("0 recovery codes are left.").wait_for()
    passkey = Authenticator.objects.get(user=owner)
    assert (passkey.type, passkey.wrap().name) == ("webauthn", "Laptop")
    page.get_by_role("button", name="Make new recovery codes").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert page.locator(".vp-codes li").count() == 10

    page.context.clear_cookies(name="sessionid")
    page.goto(f"{live_server.url}/admin/log-in/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Hello, owner").wait_for()
    assert UserSession.objects.filter(user=owner).count() == 2  # with the one that set it up

    page.context.clear_cookies(name="sessionid")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill("owner")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_label("Code").wait_for()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Hello, owner").wait_for()

    page.goto(f"{live_server.url}{reverse('admin:second_factor')}")
    page.get_by_role("link", name="Remove", exact=True).click()
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Set it up").wait_for()
    assert not Authenticator.objects.exists()
    messages = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(messages) == [
        "A passkey was added.",
        "New recovery codes were made.",
        "A passkey was removed.",
    ]
