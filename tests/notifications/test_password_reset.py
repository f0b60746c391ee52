"""Password reset by e-mail, from the log-in page to the new password."""

import json
import re
from datetime import timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import api_keys, login_throttle, mfa, password_reset
from accounts.models import AuditEntry, LogInAttempt
from jobs.models import Job
from jobs.runner import run_due
from operations.models import Preference
from tests.accounts.mfa.log_in import TOKEN, is_in, log_in

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "a quite long passphrase"
HOST = "https://studio.example.com"
ENGLISH = {"Accept-Language": "en"}


def ask(email="mina@example.com", address="10.0.0.7", **sent):
    """Ask for a link; return the answer's status, where it leads, and its text."""
    answer = Client().post(
        reverse("account_reset_password"), {"email": email}, REMOTE_ADDR=address, **sent
    )
    return answer.status_code, answer.headers.get("Location"), answer.content


def link_in(mail):
    (found,) = re.findall(rf"{HOST}(/admin/new-password/\S+/)", mail.get_content())
    return found


@pytest.fixture
def link(mina, mail_server):
    ask()
    run_due()
    [mail] = mail_server.received
    return link_in(mail)


def set_password(link, client=None, password=NEW, again=NEW):
    """Open the link, and send the form to where the browser was led."""
    client = client or Client()
    page = client.get(link, headers=ENGLISH, follow=True)
    where = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(where, {"password1": password, "password2": again}, headers=ENGLISH)


def test_mail_arrives_once_with_a_link_that_sets_the_password(mina, mail_server):
    status, where, _ = ask(email="Mina@Example.com")
    assert (status, where) == (302, reverse("account_reset_password_done"))
    assert Client().get(where).status_code == 200
    assert (run_due(), run_due()) == (1, 0)
    [mail] = mail_server.received
    assert (mail["To"], mail["From"]) == ("mina@example.com", "studio@example.com")
    link, browser = link_in(mail), Client()
    first = browser.get(link)
    assert (first.status_code, first["Location"].split("/")[-2]) == (302, "set-password")
    page = browser.get(first["Location"])
    assert (page.status_code, link.split("/")[-2] in page.content.decode()) == (200, False)
    assert "no-store" in page["Cache-Control"]
    done = set_password(link, browser)
    assert (done.status_code, done["Location"]) == (302, reverse("admin:login"))
    assert "The new password is set" in browser.get(done["Location"], headers=ENGLISH).text
    mina.refresh_from_db()
    assert (mina.check_password(NEW), is_in(browser)) == (True, False)
    log_in(browser, "owner", NEW)
    assert is_in(browser)


def test_link_is_named_in_the_language_of_the_person(mina, mail_server):
    Preference.objects.create(user=mina, language="en")
    ask()
    run_due()
    Preference.objects.update(language="ko")
    ask()
    run_due()
    english, korean = (mail.get_content() for mail in mail_server.received)
    assert ("asked to set a new password" in english, "새 비밀번호" in korean) == (True, True)


def test_without_public_url_the_link_is_on_the_host_that_was_asked(mina, mail_server, settings):
    settings.PUBLIC_URL = ""
    settings.ALLOWED_HOSTS = ["films.example.com"]
    assert ask(headers={"host": "evil.example.com"})[0] == 400
    assert ask(headers={"host": "films.example.com"})[0] == 302
    run_due()
    [mail] = mail_server.received
    assert "http://films.example.com/admin/new-password/" in mail.get_content()


def test_link_works_once(link, mina):
    used = set_password(link)
    again = set_password(link, password="another long passphrase", again="another long passphrase")
    assert (used.status_code, again.status_code) == (302, 404)
    assert "has been used or has expired" in again.text
    mina.refresh_from_db()
    assert mina.check_password(NEW)


def test_of_two_forms_of_one_link_one_sets_the_password(mina, rf):
    request = rf.post("/")
    first, second = User.objects.get(pk=mina.pk), User.objects.get(pk=mina.pk)
    assert password_reset.set_new_password(first, NEW, request=request)
    assert not password_reset.set_new_password(second, "another passphrase", request=request)
    mina.refresh_from_db()
    assert mina.check_password(NEW)


@pytest.mark.parametrize(("seconds", "status"), [(3590, 302), (3610, 404)])
def test_link_ends_after_an_hour(link, monkeypatch, seconds, status):
    from accounts.reset_tokens import ResetTokenGenerator

    now = ResetTokenGenerator()._now
    later = timedelta(seconds=seconds)
    monkeypatch.setattr(ResetTokenGenerator, "_now", lambda self: now() + later)
    assert set_password(link).status_code == status


def deactivated_and_back(user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    User.objects.filter(pk=user.pk).update(is_active=True)


ENDS = {
    "log-in": lambda user: User.objects.filter(pk=user.pk).update(last_login=timezone.now()),
    "e-mail": lambda user: User.objects.filter(pk=user.pk).update(email="new@example.com"),
    "deactivated": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "deactivated for a moment": deactivated_and_back,
    "not staff": lambda user: User.objects.filter(pk=user.pk).update(is_staff=False),
    "single sign-on": lambda user: SocialAccount.objects.create(
        user=user, provider="company", uid="1"
    ),
}


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS)
def test_link_ends_with_what_the_account_was(link, mina, change):
    change(mina)
    assert set_password(link).status_code == 404
    mina.refresh_from_db()
    assert mina.check_password("owner")


@pytest.mark.parametrize(
    "wrong", ["/admin/new-password/1/x/", f"/admin/new-password/{'z' * 200}/a-b/",
              "/admin/new-password/!/set-password/"]
)  # fmt: skip
def test_wrong_link_is_not_found(db, mail_server, wrong):
    assert Client().get(wrong).status_code == 404


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"password": "owner1", "again": "owner1"}, "too short"),
        ({"password": "73951846205", "again": "73951846205"}, "entirely numeric"),
        ({"again": "another long passphrase"}, "same password"),
    ],
)
def test_password_that_is_refused_leaves_the_link_as_it_is(link, mina, sent, message):
    browser = Client()
    refused = set_password(link, browser, **sent)
    assert (refused.status_code, message in refused.text) == (200, True)
    mina.refresh_from_db()
    assert mina.check_password("owner")
    assert set_password(link, browser).status_code == 302


# --- who gets no mail


def test_unknown_address_gets_no_mail_and_the_same_answer(mina, mail_server):
    known, unknown = ask(), ask(email="nobody@example.com", address="10.0.0.8")
    assert known == unknown
    assert Job.objects.count() == 2  # the same work in the request
    assert run_due() == 2
    assert [mail["To"] for mail in mail_server.received] == ["mina@example.com"]


def as_program(user):
    role = Group.objects.get(name="producer")
    admin = User.objects.create_superuser("root", "root@example.com", "root")
    program = api_keys.create_account(name="ci", role=role, purpose="tests", actor=admin)
    User.objects.filter(pk=program.user_id).update(email=user.email)
    User.objects.filter(pk=user.pk).update(email="")


def without_password(user):
    user.set_unusable_password()
    user.save()


NO_MAIL = {
    "program": as_program,
    "without a password": without_password,
    **{name: ENDS[name] for name in ("deactivated", "not staff", "single sign-on")},
}


@pytest.mark.parametrize("make", NO_MAIL.values(), ids=NO_MAIL)
def test_account_that_has_no_password_to_reset_gets_no_mail(mina, mail_server, make):
    usual = ask(email="nobody@example.com", address="10.0.0.8")
    make(mina)
    assert ask() == usual
    run_due()
    assert mail_server.received == []


def test_with_single_sign_on_administrators_get_mail(mina, admin_user, mail_server, settings):
    settings.OIDC_ISSUER = "https://login.example.com"
    ask()
    ask(email=admin_user.email)
    run_due()
    assert [mail["To"] for mail in mail_server.received] == [admin_user.email]


# --- limits


def test_links_for_one_account_are_limited(mina, mail_server, clock):
    for number in range(login_throttle.RESETS_PER_ACCOUNT):
        assert ask(address=f"10.0.1.{number}")[0] == 302
    answer = Client().post(
        reverse("account_reset_password"), {"email": "MINA@example.com"}, headers=ENGLISH
    )
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Try again in 900 seconds." in answer.text
    for number in range(login_throttle.RESETS_PER_ACCOUNT):
        assert ask(email="nobody@example.com", address=f"10.0.2.{number}")[0] == 302
    assert ask(email="nobody@example.com")[0] == 429
    clock.forward(minutes=15, seconds=1)
    assert ask()[0] == 302


def test_links_from_one_address_are_limited(mina, mail_server):
    most = login_throttle.RESETS_PER_ADDRESS
    answers = [ask(email=f"person{n}@example.com")[0] for n in range(most + 2)]
    assert answers == [302] * most + [429] * 2
    assert ask(address="10.0.0.9")[0] == 302


def test_asking_counts_for_no_log_in(mina, mail_server):
    for _ in range(login_throttle.RESETS_PER_ACCOUNT):
        ask()
    assert login_throttle.failures("owner") == 0
    assert not LogInAttempt.objects.filter(address="10.0.0.7").exists()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [("", 200), ("no address", 200), ("a\0b@example.com", 400), ("x" * 400 + "@x.com", 200)],
)
def test_what_is_no_address_is_refused(db, mail_server, wrong, status):
    assert ask(email=wrong)[0] == status
    assert (Job.objects.count(), AuditEntry.objects.count()) == (0, 0)


# --- afterwards


@pytest.mark.moderate
def test_every_log_in_of_the_account_ends(link, mina, viewer):
    mine, other = Client(), Client()
    log_in(other, "viewer")
    tokens = Client().post(
        TOKEN, {"username": "owner", "password": "owner"}, content_type="application/json"
    )
    body = json.loads(tokens.content)
    mina.refresh_from_db()
    mine.force_login(mina)
    User.objects.filter(pk=mina.pk).update(last_login=None)  # the link ends with a log-in
    assert set_password(link, mine).status_code == 302
    assert (is_in(mine), mine.get("/admin/").status_code) == (False, 302)
    assert other.get(reverse("admin:sessions")).status_code == 200
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert Client().get("/api/ai-video/stories/", headers=bearer).status_code == 401
    again = Client().post(
        "/api/ai-video/auth/refresh/",
        {"refresh_token": body["refresh_token"]},
        content_type="application/json",
    )
    assert again.status_code == 401


def test_second_factor_is_still_asked_for(link, mina):
    from allauth.mfa.totp.internal import auth

    secret = auth.generate_totp_secret()
    code = auth.format_hotp_value(
        auth.hotp_value(secret, next(iter(auth.yield_hotp_counters_from_time())))
    )
    assert mfa.activate(mina, secret, code)
    assert set_password(link).status_code == 302
    browser = Client()
    answer = log_in(browser, "owner", NEW)
    assert (answer["Location"].split("?")[0], is_in(browser)) == (
        reverse("mfa_authenticate"),
        False,
    )


def test_audit_log_has_who_asked_and_who_set_it(link, mina):
    ask(email="nobody@example.com", address="10.0.0.8")
    set_password(link)
    rows = AuditEntry.objects.order_by("pk")
    assert list(rows.values_list("actor_name", "action", "address")) == [
        ("owner", "reset_asked", "10.0.0.7"),
        ("", "reset_asked", "10.0.0.8"),
        ("owner", "password_reset", "127.0.0.1"),
    ]


def test_link_is_stored_nowhere(link):
    token = link.split("/")[-2]
    stored = str([*Job.objects.values(), *AuditEntry.objects.values()])
    assert token not in stored


# --- the mail server


def test_mail_that_is_not_taken_is_sent_later(mina, mail_server, clock):
    mail_server.answers = ["451 later"]
    ask()
    run_due()
    assert mail_server.received == []
    clock.forward(minutes=30)
    run_due()
    [mail] = mail_server.received
    assert set_password(link_in(mail)).status_code == 302


def test_mail_that_is_refused_fails_its_job(mina, mail_server):
    mail_server.answers = ["550 no"]
    ask()
    run_due()
    [job] = Job.objects.all()
    why = job.error["sentence"]["values"]["problem"]["sentence"]["values"]
    assert (job.status, why, mail_server.received) == ("failed", {"code": 550}, [])


# --- offered only with mail


def test_is_offered_where_mail_is_set_up(db, mail_server):
    link = reverse("account_reset_password")
    assert link in Client().get(reverse("admin:login")).text
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize(
    "without", [{"EMAIL_IS_SET_UP": False}, {"PUBLIC_URL": "", "ALLOWED_HOSTS": ["*"]}]
)
def test_is_hidden_where_no_link_can_be_sent(link, settings, without):
    for name, value in without.items():
        setattr(settings, name, value)
    page = reverse("account_reset_password")
    assert page not in Client().get(reverse("admin:login")).text
    assert ask()[0] == 404
    for address in (page, reverse("account_reset_password_done"), link):
        assert Client().get(address).status_code == 404
