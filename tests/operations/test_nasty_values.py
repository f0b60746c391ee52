"""Values that no field, filter, address or header expects: each is answered in words, none with a
crash.

Every address of the studio is asked with each value in its parts, in all parameters that any view
reads, and in all fields of its form; every list with each of its filters; every route of the API
with each of its parameters and fields.

A usual run makes one round, in which neighbouring fields get different values. With `WIDE=1` in the
environment there are as many rounds as values, so that each field gets each of them.
"""

import json
import os
import re
import traceback
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as studio
from django.contrib import admin
from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.db import transaction
from django.test import Client
from django.urls import reverse

from stories.api.routes import api as routes
from tests.named_addresses import (
    NOT_MADE,
    PLACE,
    WORDS,
    Things,
    make_things,
    named,
    routes_of_pages,
)

pytestmark = pytest.mark.slow

ROOT = Path(studio.BASE_DIR)
NASTY = {
    "5000 digits": "9" * 5000,
    "30 digits": "9" * 30,
    "negative": "-1",
    "signalling NaN": "sNaN",
    "infinity": "1e999",
    "superscript": "²",
    "full width": "１２",
    "NUL": "a\0b",
    "not UTF-8": "%ff%fe",
    "lone surrogate": "%ed%a0%80",
    "long": "가" * 3000,
    "no JSON": "{[",
    "uuid": str(uuid.UUID(int=0)),
    "blank": "\u200b",
    "nothing": "",
    "date": "9999-99-99",
}
RAW = {"not UTF-8", "lone surrogate"}  # are percent-encoded already
KINDS = tuple(NASTY)
ROUNDS = range(len(KINDS) if os.environ.get("WIDE") else 1)


def escaped(value: str, kind: str) -> str:
    return value if kind in RAW else quote(value, safe="")


def value_at(at: int) -> str:
    """The value number `at`, as it stands in an address;
    beyond the last one from the first again.
    """
    kind = KINDS[at % len(KINDS)]
    return escaped(NASTY[kind], kind)


def query(names: Any, at: int) -> str:
    """Each name with another value, beginning with number `at`."""
    return "&".join(f"{name}={value_at(at + index)}" for index, name in enumerate(names))


READ = re.compile(r"(?:\.get(?:list)?\(|\[)\s*\"([\w-]+)\"|\"([\w-]+)\" in request\.")
LISTED = re.compile(r"^[A-Z_]+(?:: [^=\n]+)? = [(\[{](.*?)[)\]}]$", re.MULTILINE | re.DOTALL)
VIEWS = ("stories/web", "stories/views.py", "jobs", "providers", "site/accounts", "site/operations")


def read_names() -> list[str]:
    """All parameters and fields that any view reads by name, directly or from a list of names."""
    found: set[str] = set()
    for place in VIEWS:
        file = ROOT / place
        for one in [file] if file.is_file() else file.rglob("*.py"):
            text = one.read_text(encoding="utf-8")
            if "request" not in text or "/migrations/" in str(one):
                continue
            found |= {name for pair in READ.findall(text) for name in pair if name}
            for listed in LISTED.findall(text):
                found |= set(re.findall(r"\"([a-z_]{2,40})\"", listed))
    return sorted(found - {"csrfmiddlewaretoken"})


@pytest.fixture
def things(admin_user: Any, settings: Any) -> Things:
    settings.EMAIL_IS_SET_UP = True  # for the pages that are only there with mail
    return make_things(admin_user)


@pytest.fixture
def people(admin_client: Client) -> Client:
    admin_client.raise_request_exception = False
    return admin_client


def crashed(client: Client, method: str, address: str, **more: Any) -> str:
    """The address if it was answered with a crash, else nothing. What it changed is undone."""
    with transaction.atomic():
        response = client.generic(method, address, **more)
        transaction.set_rollback(True)
    # Not `response.close()`, which would close the connection of the test as well.
    for close in response._resource_closers:
        close()
    if response.status_code < 500:
        return ""
    error = getattr(response, "exc_info", None)
    where = "".join(traceback.format_exception(*error)[-3:])[-600:] if error else ""
    return f"{method} {address[:200]} → {response.status_code} {where}"


@pytest.mark.django_db
def test_addresses_name_real_things(things: Things) -> None:
    """A new address whose id nothing is made for would be answered with 404 and never be tried."""
    missing = sorted(
        f"{found['name']} in {route}"
        for route in [*routes_of_pages(), *(f"/api/ai-video/{one.path}" for one in routes.routes)]
        for found in PLACE.finditer(route)
        if found["name"] not in WORDS
        and not route.startswith(NOT_MADE)
        and things.of(found["name"], route) is None
    )
    assert missing == []


@pytest.mark.django_db
@pytest.mark.parametrize("first", ROUNDS)
def test_pages_and_their_parameters(people: Client, things: Things, first: int) -> None:
    names = read_names()
    assert len(names) > 20
    found = []
    for at, route in enumerate(routes_of_pages(), first):
        asked = query(names, at)
        found += [crashed(people, "GET", f"{one}?{asked}") for one in named(things, route)]
        if "<" in route:
            (address,) = named(things, route, value_at(at) or "x")
            found.append(crashed(people, "GET", address))
    assert [one for one in found if one] == []


@pytest.mark.django_db
@pytest.mark.parametrize("first", ROUNDS)
def test_forms(people: Client, things: Things, first: int) -> None:
    names = read_names()
    fields = {
        field.name
        for model in admin.site._registry
        for field in model._meta.get_fields()
        if getattr(field, "editable", False)
    }
    sent = sorted(
        {
            *names,
            *fields,
            "_save",
            "action",
            "_selected_action",
            "form-TOTAL_FORMS",
            "form-INITIAL_FORMS",
        }
    )
    found = []
    for at, route in enumerate(routes_of_pages(), first):
        form = {"data": query(sent, at), "content_type": "application/x-www-form-urlencoded"}
        found += [crashed(people, "POST", address, **form) for address in named(things, route)]
    assert [one for one in found if one] == []


def filters() -> list[tuple[str, list[str]]]:
    found = []
    for model, shown in admin.site._registry.items():
        label = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        names = {"q", "o", "p", "all", "e", "_popup", "_to_field"}
        for entry in shown.list_filter:
            first = entry[0] if isinstance(entry, tuple | list) else entry
            if isinstance(first, type) and issubclass(first, SimpleListFilter):
                names.add(str(first.parameter_name))
            elif not (isinstance(first, type) and issubclass(first, FieldListFilter)):
                names |= {
                    f"{first}{end}"
                    for end in (
                        "",
                        "__exact",
                        "__id__exact",
                        "__in",
                        "__isnull",
                        "__gte",
                        "__lt",
                        "__from",
                        "__to",
                    )
                }
        found.append((label, sorted(names)))
    return found


@pytest.mark.django_db
def test_forms_in_which_every_text_holds_a_nul(people: Client, things: Things) -> None:
    """PostgreSQL cannot keep it; SQLite would."""
    names = read_names()
    sent = "&".join(f"{name}=a%00b" for name in names)
    form = {"data": sent, "content_type": "application/x-www-form-urlencoded"}
    found = [
        crashed(people, "POST", address, **form)
        for route in routes_of_pages()
        for address in named(things, route)
    ]
    assert [one for one in found if one] == []


@pytest.mark.django_db
@pytest.mark.parametrize("first", ROUNDS)
def test_lists_and_their_filters(people: Client, things: Things, first: int) -> None:
    asked = [(label, name) for label, names in filters() for name in names]
    found = [
        crashed(people, "GET", f"{reverse(label)}?{query([name], at)}")
        for at, (label, name) in enumerate(asked, first)
    ]
    assert [one for one in found if one] == []


HEADERS = (
    "Range",
    "If-Range",
    "If-None-Match",
    "If-Modified-Since",
    "Accept-Language",
    "X-Forwarded-For",
    "Cookie",
    "HX-Request",
    "HX-Current-URL",
)
API_HEADERS = ("Authorization", "Idempotency-Key", "Content-Type", "X-Request-ID", "Accept")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", NASTY)
def test_headers(people: Client, things: Things, kind: str) -> None:
    value = NASTY[kind].replace("\0", "\x01").encode().decode("latin1")
    found = [
        crashed(people, "GET", "/admin/", headers={name: value})
        for name in HEADERS
        if name != "Cookie"
    ]
    found += [
        crashed(
            Client(raise_request_exception=False),
            "GET",
            "/admin/login/",
            headers={"Cookie": f"sessionid={value}; vp_device={value}; csrftoken={value}"},
        )
    ]
    found += [
        crashed(people, "POST", "/api/ai-video/stories/", data="{}", headers={name: value})
        for name in API_HEADERS
    ]
    found += [
        crashed(
            people, "GET", f"/api/ai-video/stories/{things.world.story.pk}/", headers={name: value}
        )
        for name in HEADERS
        if name != "Cookie"
    ]
    assert [one for one in found if one] == []


WRONG = (
    None,
    True,
    -1,
    1.5,
    10**30,
    1e308,
    "9" * 5000,
    "²",
    "a\0b",
    "\u200b",
    "가" * 3000,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    [1] * 2000,
)


@pytest.mark.django_db
@pytest.mark.parametrize("first", ROUNDS)
def test_api_fields_and_parameters(people: Client, things: Things, first: int) -> None:
    found = []
    for at, route in enumerate(routes.routes, first):
        (address,) = named(things, f"/api/ai-video/{route.path}")
        for index, name in enumerate(sorted(getattr(route.query, "__struct_fields__", ())), at):
            found.append(crashed(people, route.method, f"{address}?{query([name], index)}"))
        for index, name in enumerate(getattr(route.body, "__struct_fields__", ()), at):
            for wrong in (WRONG[index % len(WRONG)], WRONG[(index + 7) % len(WRONG)]):
                form = {"data": json.dumps({name: wrong}), "content_type": "application/json"}
                found.append(crashed(people, route.method, address, **form))
    assert [one for one in found if one] == []


@pytest.mark.django_db
def test_log_in(client: Client) -> None:
    client.raise_request_exception = False
    found = []
    for at in range(len(KINDS)):
        body = query(["username", "password", "code", "mfa_token", "next"], at)
        found.append(
            crashed(
                client,
                "POST",
                "/admin/login/",
                data=body,
                content_type="application/x-www-form-urlencoded",
            )
        )
        found.append(crashed(client, "GET", f"/admin/login/?{query(['next'], at)}"))
    for at, wrong in enumerate(WRONG):
        name = ("username", "password", "code")[at % 3]
        body = json.dumps({"username": "a", "password": "b", name: wrong})
        found.append(
            crashed(
                client,
                "POST",
                "/api/ai-video/auth/token/",
                data=body,
                content_type="application/json",
            )
        )
    assert [one for one in found if one] == []
