"""What SECURITY.md promises about settings, headers, log-ins and what is told of errors."""

import importlib.util
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import Settings
from django.conf import settings as studio
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone

from accounts import login_throttle
from accounts.models import LogInAttempt
from config import checks, content_security_policy, sentry
from config import settings as settings_module
from core.unavailable import ServiceUnavailableError

PRODUCTION = {
    "STUDIO_ENV": "production",
    "SECRET_KEY": "k" * 30 + "0123456789abcdefghijABCDEFGHIJ",
    "VP_SECRET_KEYS": "p" * 40,
    "ALLOWED_HOSTS": "studio.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://studio.example.com",
    "TRUSTED_PROXIES": "1",
    "LOG_FILE": "-",
}


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**clean, **PRODUCTION, "VAR_DIR": str(tmp_path), **changes}


@contextmanager
def settings_of(variables: dict[str, str]) -> Iterator[None]:
    """The settings as a process with these environment variables reads them.

    A process of its own for each case would import Django and all packages anew.
    """
    name = "config.settings_of_a_test"
    location = Path(settings_module.__file__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", variables)
        spec = importlib.util.spec_from_file_location(name, location)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        patch.setitem(sys.modules, name, module)
        patch.setattr(studio, "_wrapped", Settings(name))
        yield


# Django's check of mail is silenced only where the studio sends none.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "silenced"), [({}, 1), ({"EMAIL_HOST": "mail.example.com"}, 0)]
)
def test_production_settings_pass_djangos_own_judgement(
    tmp_path: Path, changes: dict[str, str], silenced: int
) -> None:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(
        command,
        cwd=studio.BASE_DIR,
        env=environment(tmp_path) | changes,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (
        0,
        f"System check identified no issues ({silenced} silenced).",
    ), done.stderr


@pytest.mark.django_db  # checks of models ask what the database can do
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DEBUG": "1"}, "security.W018"),
        ({"STUDIO_ENV": ""}, "config.W010"),
        ({"ALLOWED_HOSTS": ""}, "config.W011"),
        ({"TRUSTED_PROXIES": "0"}, "config.W012"),
        ({"DATABASE_URL": "postgresql://db/studio", "SECRET_KEY": ""}, "config.W013"),
        ({"STORAGE_BASE_URL": "https://cdn.example.com"}, "config.W001"),
        ({"METRICS_NETWORKS": "10.0.0.0/8,home"}, "config.E001"),
        (
            {
                "JWT_JWKS_URL": "https://sso.example.com/keys",
                "JWT_ISSUER": "https://sso.example.com",
            },
            "without JWT_AUDIENCE",
        ),
        (
            {"JWT_JWKS_URL": "https://sso.example.com/keys", "JWT_AUDIENCE": "studio"},
            "without JWT_ISSUER",
        ),
        (
            {
                "JWT_JWKS_URL": "http://sso.example.com/keys",
                "JWT_AUDIENCE": "studio",
                "JWT_ISSUER": "sso",
            },
            "config.E005",
        ),
        ({"LOOPBACK_PROVIDERS": "1"}, "config.W014"),
        ({"ALLOWED_HOSTS": "studio.example.com,*"}, "config.W015"),
        ({"REQUIRE_TOTP": "nobody"}, "config.W016"),
        ({"LOG_LEVEL": "debug"}, "config.W017"),
        ({"METRICS_NETWORKS": "0.0.0.0/0"}, "config.W018"),
        ({"METRICS_TOKEN": "guess"}, "config.W019"),
        ({"CSRF_TRUSTED_ORIGINS": "http://studio.example.com"}, "config.W020"),
        ({"HTTPS": "0"}, "config.W021"),
        ({"EXTRA_APPS": "django.contrib.humanize"}, "config.W022"),
        (
            {
                "MINIO_ENDPOINT": "http://10.0.0.5:8333",
                "MINIO_ACCESS_KEY": "a",
                "MINIO_SECRET_KEY": "b" * 20,
                "MINIO_BUCKET": "c",
                "STORAGE_BASE_URL": "http://files.example.com",
            },
            "config.W023",
        ),
        ({"SENTRY_DSN": "https://k@sentry.example.com/1"}, "sentry-sdk"),
    ],
)
def test_what_is_missing_for_production_is_named(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    with (
        settings_of(environment(tmp_path, **changes)),
        pytest.raises(SystemCheckError) as error,
    ):
        call_command("check", deploy=True, fail_level="WARNING")
    assert message in str(error.value)


@pytest.mark.django_db
def test_production_settings_read_in_this_process_pass_as_well(tmp_path: Path) -> None:
    with settings_of(environment(tmp_path)):
        call_command("check", deploy=True, fail_level="WARNING")


@pytest.mark.django_db
def test_every_page_carries_its_policies(client: Client, settings: Any) -> None:
    response = client.get("/admin/login/")
    policy = response["Content-Security-Policy"]
    for rule in (
        "default-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    ):
        assert rule in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    wanted = {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": content_security_policy.PERMISSIONS,
    }
    assert {name: response[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 302),
        ("/nowhere/", 404),
        ("/review/no-such-link/", 404),
        ("/admin/stories/story/", 302),
        ("/api/ai-video/docs/", 200),
        ("/api/ai-video/stories/", 401),
        ("/api/ai-video/nowhere/", 404),
    ],
)
@pytest.mark.django_db
@pytest.mark.moderate
def test_policies_stand_on_every_kind_of_answer(client: Client, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY")
    assert answer["Permissions-Policy"] == content_security_policy.PERMISSIONS
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_pictures_and_films_may_come_from_the_store_and_nothing_else_may() -> None:
    policy = content_security_policy.content_security_policy("https://cdn.example.com")
    assert [name for name, sources in policy.items() if "https://cdn.example.com" in sources] == [
        "img-src",
        "media-src",
    ]


@pytest.mark.django_db
def test_https_is_demanded_and_kept(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS, settings.SECURE_PROXY_SSL_HEADER = (
        True,
        60,
        ("HTTP_X_FORWARDED_PROTO", "https"),
    )
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    response = client.get("/admin/login/")
    assert (response.status_code, response["Location"]) == (301, "https://testserver/admin/login/")
    response = client.get("/admin/login/", headers={"X-Forwarded-Proto": "https"})
    assert response["Strict-Transport-Security"].startswith("max-age=60")
    assert response.cookies["csrftoken"]["secure"]


@pytest.mark.django_db
def test_unknown_host_is_refused(client: Client) -> None:
    assert client.get("/admin/login/", headers={"Host": "evil.example.com"}).status_code == 400


# --- log-ins of the admin


def try_log_in(client: Client, username: str, password: str) -> Any:
    return client.post(
        reverse("admin:login"), {"username": username, "password": password, "next": "/admin/"}
    )


@pytest.mark.django_db
def test_right_password_logs_in_and_wrong_one_does_not(client: Client, owner: Any) -> None:
    assert "_auth_user_id" not in client.session
    assert try_log_in(client, "owner", "wrong").status_code == 200
    assert "_auth_user_id" not in client.session
    assert try_log_in(client, "owner", "owner").status_code == 302
    assert client.session["_auth_user_id"] == str(owner.pk)


@pytest.mark.django_db
@pytest.mark.moderate
def test_account_is_locked_after_ten_failures_even_for_the_right_password(
    client: Client, owner: Any
) -> None:
    for _ in range(login_throttle.PER_ACCOUNT):
        try_log_in(client, "OWNER", "wrong")
    response = try_log_in(client, "owner", "owner")
    assert response.status_code == 200
    assert "Too many attempts" in response.content.decode()
    assert "_auth_user_id" not in client.session
    LogInAttempt.objects.update(at=timezone.now() - login_throttle.WINDOW)
    assert try_log_in(client, "owner", "owner").status_code == 302


@pytest.mark.django_db
@pytest.mark.moderate
def test_admin_and_api_count_the_same_failures(client: Client, owner: Any) -> None:
    for _ in range(login_throttle.PER_ACCOUNT):
        try_log_in(client, "owner", "wrong")
    response = client.post(
        "/api/ai-video/auth/token/",
        {"username": "owner", "password": "owner"},
        content_type="application/json",
    )
    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")


@pytest.mark.django_db
def test_no_page_for_people_without_a_role(client: Client, stranger: Any) -> None:
    response = try_log_in(client, "stranger", "stranger")
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("ai_video.audit")
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    return lines


@pytest.mark.django_db
def test_log_ins_and_changes_are_written_down(
    client: Client, manager: Any, audit: list[str]
) -> None:
    try_log_in(client, "MyPassword#1\nforged line", "x")
    try_log_in(client, "manager", "x")
    try_log_in(client, "manager", "manager")
    kind = ContentType.objects.get_for_model(manager)
    LogEntry.objects.create(
        user=manager, content_type=kind, object_id="7", object_repr="x", action_flag=CHANGE
    )
    refusals = [
        "Log-in refused: a name without an account from 127.0.0.1",
        "Log-in refused: 'manager' from 127.0.0.1",
    ]
    assert audit == [
        *refusals,
        "'manager' logged in from 127.0.0.1",
        "'manager' changed auth.user 7",
    ]


# --- trouble


def broken(error: BaseException) -> Any:
    def view(_request: HttpRequest) -> Any:
        raise error

    return view


urlpatterns = [
    path("page/database/", broken(OperationalError("connection to db.internal failed"))),
    path(
        "page/store/",
        broken(
            ServiceUnavailableError(
                "The file store does not answer (%(reason)s).", reason="Timeout"
            )
        ),
    ),
    path("page/crash/", broken(KeyError("secret-detail"))),
    path("page/nonsense/", broken(SuspiciousOperation("nonsense"))),
    path("api/crash/", broken(KeyError("secret-detail"))),
    path("api/database/", broken(OperationalError("connection to db.internal failed"))),
]
handler400 = "config.error_views.bad_request"
handler500 = "config.error_views.server_error"


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/page/database/", 503, "The database does not answer at the moment."),
        ("/page/store/", 503, "The file store does not answer (Timeout)."),
        (
            "/page/crash/",
            500,
            "Something went wrong on our side. Tell us this number: req-12345678.",
        ),
        ("/api/database/", 503, '"code":"database_away"'),
        ("/api/crash/", 500, '"code":"internal_error"'),
    ],
)
def test_trouble_is_told_in_words_without_details(
    settings: Any, address: str, status: int, words: str
) -> None:
    settings.ROOT_URLCONF = __name__
    response = Client(raise_request_exception=False).get(
        address, headers={"X-Request-ID": "req-12345678"}
    )
    text = response.content.decode()
    assert (response.status_code, words in text) == (status, True), text
    assert "internal failed" not in text
    assert "secret-detail" not in text
    assert ("Retry-After" in response) is (status == 503)
    assert response["Content-Type"].startswith(
        "application/problem+json" if address.startswith("/api") else "text/html"
    )


@pytest.mark.parametrize(
    ("language", "heading", "sentence", "way_out"),
    [
        ("en", "Not found", "There is nothing at this address.", "To the overview"),
        ("ko", "찾을 수 없음", "이 주소에는 아무것도 없습니다.", "대시보드로"),
    ],
)
def test_what_is_not_there_is_told_in_the_persons_language(
    client: Client, language: str, heading: str, sentence: str, way_out: str
) -> None:
    response = client.get("/nowhere/", headers={"Accept-Language": language})
    text = response.content.decode()
    assert response.status_code == 404
    assert all(f">{part}" in text for part in (heading, sentence, way_out)), text


def test_page_of_another_role_says_so_and_leads_out(client: Client, owner: Any) -> None:
    client.force_login(owner)
    page = client.get("/admin/auth/user/", headers={"Accept-Language": "en"})
    part = client.get("/admin/auth/user/", headers={"Accept-Language": "en", "HX-Request": "true"})
    assert (page.status_code, part.status_code) == (403, 403)
    assert "Your role does not include this page." in page.content.decode()
    assert 'href="/admin/"' in page.content.decode()
    assert part.content.decode().strip().startswith('<div class="vp-ask-box">')


def test_form_of_an_earlier_log_in_is_explained_and_a_part_of_a_page_is_refused(owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    page = client.post(
        "/admin/stories/story/add/", {"title": "x"}, headers={"Accept-Language": "en"}
    )
    part = client.post("/admin/stories/story/add/", {"title": "x"}, headers={"HX-Request": "true"})
    assert (page.status_code, part.status_code, part.content) == (403, 401, b"")
    assert "so nothing was saved" in page.content.decode()


def test_part_of_a_page_is_refused_without_a_log_in_and_a_page_leads_to_it(
    client: Client, db: Any
) -> None:
    assert client.get("/admin/", headers={"HX-Request": "true"}).status_code == 401
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"


def test_request_that_makes_no_sense_is_answered_in_words(client: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    response = client.get("/page/nonsense/", headers={"Accept-Language": "en"})
    assert (
        response.status_code,
        "does not understand this request" in response.content.decode(),
    ) == (400, True)


def test_endpoint_answers_503_while_the_database_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch, db: Any
) -> None:
    monkeypatch.setattr(
        "api.authentication.authenticate",
        broken(OperationalError("connection to db.internal failed")),
    )
    response = client.get("/api/ai-video/stories/")
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (
        503,
        "database_away",
        "10",
    )


# --- Sentry


def test_sentry_gets_no_body_no_person_and_no_secret(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setitem(
        sys.modules, "sentry_sdk", SimpleNamespace(init=lambda **options: given.update(options))
    )
    settings.SENTRY_DSN = "https://k@sentry.example.com/1"
    sentry.start()
    assert (given["dsn"], given["send_default_pii"], given["include_local_variables"]) == (
        settings.SENTRY_DSN,
        False,
        False,
    )
    assert given["max_request_body_size"] == "never"
    event = {
        "user": {"id": 1},
        "request": {
            "url": "https://studio/x",
            "method": "POST",
            "headers": {"Cookie": "sessionid=1"},
            "cookies": {},
            "data": "password=1",
        },
        "logentry": {"message": "refused Bearer abcdef0123456789"},
        "breadcrumbs": [{"message": "password=hunter2hunter2"}],
    }
    assert given["before_send"](event, {}) == {
        "request": {"url": "https://studio/x", "method": "POST", "headers": {}},
        "logentry": {"message": "refused Bearer [hidden]"},
        "breadcrumbs": [{"message": "password=[hidden]"}],
    }


def test_no_sentry_without_an_address(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    settings.SENTRY_DSN = ""
    sentry.start()
    settings.SENTRY_DSN = "https://k@sentry.example.com/1"
    with pytest.raises(ImproperlyConfigured, match="sentry-sdk"):
        sentry.start()


def test_every_check_of_ours_tells_what_to_do(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_BASE_URL", "https://cdn.example.com")
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    settings.METRICS_NETWORKS, settings.HTTPS, settings.SENTRY_DSN, settings.STORE = (
        ["home"],
        True,
        "https://k@s/1",
        None,
    )
    found = [*checks.networks(), *checks.sentry(), *checks.store(), *checks.production()]
    assert [message.id for message in found] == [
        "config.E001",
        "config.E002",
        "config.W001",
        "config.W010",
        "config.W011",
        "config.W012",
    ]
    assert all(message.hint for message in found)
