"""How people come in, and what they have in their account."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse

from tests.browser.test_passkeys import add_authenticator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-lantern-in-the-fog"


def test_person_is_invited_and_comes_in(reader, browse, enter_as, live_server, administrator):
    say = reader.say
    page = enter_as(browse(), administrator, reverse("admin:invitations"))
    name = reader.write("Haneul", "하늘")
    page.get_by_label(say("For whom")).fill(name)
    page.locator("[name=role]").select_option(str(Group.objects.get(name="producer").pk))
    reader.send(page, page.get_by_role("button", name=say("Make the link")))
    link = page.locator(".vp-secret").inner_text()
    reader.look(page, "invitations", own=(name, link))

    theirs = browse()
    theirs.goto(link)
    reader.look(theirs, "invited", own=(name,))
    theirs.get_by_label(say("Username")).fill("haneul")
    theirs.locator("[name=password]").fill(PASSWORD)
    theirs.locator("[name=again]").fill(PASSWORD)
    reader.send(theirs, theirs.get_by_role("button", name=say("Make my account")))
    theirs.locator("#nav-sidebar, #login-form").first.wait_for(state="attached")
    person = get_user_model().objects.get(username="haneul")
    assert (person.is_staff, person.groups.get().name) == (True, "producer")


def test_person_logs_in_and_changes_the_password(reader, browse, live_server, owner):
    say = reader.say
    page = browse()
    page.goto(f"{live_server.url}/admin/")
    reader.look(page, "log-in")
    page.get_by_label(say("Username")).fill("owner")
    page.get_by_label(say("Password")).fill("owner")
    reader.press(page.get_by_role("button", name=say("Log in")))
    page.get_by_role("heading", name=say("Hello, %(name)s", name="owner")).wait_for()
    page.goto(live_server.url + reverse("admin:password_change"))
    reader.look(page, "password")
    page.locator("#id_old_password").fill("owner")
    page.locator("#id_new_password1").fill(PASSWORD)
    page.locator("#id_new_password2").fill(PASSWORD)
    reader.press(page.locator("form [type=submit]").last)
    page.wait_for_url("**/password_change/done/")
    reader.look(page, "password-changed")
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_passkey_is_added(reader, browse, live_server, owner):
    """A passkey asks for a log-in of this moment, so this one goes through the form."""
    say = reader.say
    page = browse()
    add_authenticator(page)
    page.goto(f"{live_server.url}/admin/?next={reverse('admin:second_factor')}")
    page.get_by_label(say("Username")).fill("owner")
    page.get_by_label(say("Password")).fill("owner")
    reader.press(page.get_by_role("button", name=say("Log in")))
    page.get_by_role("heading", name=say("Hello, %(name)s", name="owner")).wait_for()
    page.goto(live_server.url + reverse("admin:second_factor"))
    reader.look(page, "second-factor")
    reader.press(page.get_by_role("link", name=say("Add a passkey")))
    password = page.get_by_label(say("Password"))
    password.fill("owner")
    reader.look(page, "who-are-you")
    reader.press(page.get_by_role("button", name=say("Go on")))
    page.get_by_label(say("Name")).fill(reader.write("Laptop", "노트북"))
    reader.look(page, "passkey")
    reader.press(page.get_by_role("button", name=say("Add a passkey")))
    page.wait_for_url(f"**{reverse('admin:second_factor')}")
    assert Authenticator.objects.get(user=owner).type == "webauthn"
    reader.look(page, "second-factor-on", own=("노트북", "Laptop"))


def test_log_out_without_scripts(reader, browse, enter_as, owner):
    page = enter_as(browse(java_script_enabled=False), owner, reverse("admin:index"))
    board = page.url
    reader.press(page.get_by_role("button", name=reader.say("Log out")))
    page.get_by_role("heading", name=reader.say("Logged out")).wait_for()
    page.goto(board)
    page.get_by_role("button", name=reader.say("Log in")).wait_for()
