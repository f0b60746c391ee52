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
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as studio
from django.contrib import admin
from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from stories.api.routes import api as routes
from stories.models import Scene, Story
from tests.stories.factories import make_scene, make_story

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
ENDS_SESSION = ("logout", "language")


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


def read_names() -> list[str]:
    """All parameters and fields that any view reads by name."""
    found: set[str] = set()
    for package in ("stories", "jobs", "providers", "site"):
        for file in (ROOT / package).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            found |= set(
                re.findall(
                    r"request\.(?:POST|GET)(?:\.get|\.getlist)?[\[(]\s*[\"'](\w+)[\"']", text
                )
            )
    return sorted(found - {"csrfmiddlewaretoken"})


def addresses(patterns: Any, before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(getattr(pattern.pattern, "_route", ""))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif (
            isinstance(pattern, URLPattern)
            and "(?P" not in route
            and not pattern.pattern.describe().startswith("'^")
        ):
            yield route


def named(story: Story, route: str, value: str = "") -> str:
    """The address with the ids of real things; its free parts hold the value, if there is one."""
    scene = Scene.live.filter(story=story).first()
    assert scene is not None
    known = {
        "story_id": story.pk,
        "scene_id": scene.pk,
        "pk": 1,
        "object_id": story.pk if "/story/" in route else 1,
    }

    def fill(match: re.Match[str]) -> str:
        kind, name = match["kind"] or "str", match["name"]
        if kind in {"str", "path", "slug"} and value:
            return value
        return str(known.get(name, {"int": 1, "uuid": uuid.UUID(int=1)}.get(kind, "x")))

    return re.sub(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>", fill, route)


@pytest.fixture
def story(admin_user: Any) -> Story:
    made = make_story(owner=admin_user)
    for _ in range(2):
        make_scene(made)
    return made


@pytest.fixture
def people(admin_client: Client) -> Client:
    admin_client.raise_request_exception = False
    return admin_client


def crashed(client: Client, method: str, address: str, **more: Any) -> str:
    """The address if it was answered with a crash, else nothing."""
    response = client.generic(method, address, **more)
    if response.status_code < 500:
        return ""
    error = getattr(response, "exc_info", None)
    where = "".join(traceback.format_exception(*error)[-3:])[-600:] if error else ""
    return f"{method} {address[:200]} → {response.status_code} {where}"


def routes_of_pages() -> list[str]:
    found = sorted(
        {
            route
            for route in addresses(get_resolver().url_patterns)
            if not route.startswith(("/api/", "/static/"))
        }
    )
    return [route for route in found if not any(word in route for word in ENDS_SESSION)]


@pytest.mark.django_db
@pytest.mark.parametrize("first", ROUNDS)
def test_pages_and_their_parameters(people: Client, story: Story, first: int) -> None:
    names = read_names()
    assert len(names) > 20
    found = []
    for at, route in enumerate(routes_of_pages(), first):
        found.append(crashed(people, "GET", f"{named(story, route)}?{query(names, at)}"))
        if "<" in route:
            found.append(crashed(people, "GET", named(story, route, value_at(at) or "x")))
    assert [one for one in found if one] == []


@pytest.mark.django_db
@pytest.mark.parametrize("first", ROUNDS)
def test_forms(people: Client, story: Story, first: int) -> None:
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
        found.append(crashed(people, "POST", named(story, route), **form))
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
@pytest.mark.parametrize("first", ROUNDS)
def test_lists_and_their_filters(people: Client, story: Story, first: int) -> None:
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
def test_headers(people: Client, story: Story, kind: str) -> None:
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
        crashed(people, "GET", f"/api/ai-video/stories/{story.pk}/", headers={name: value})
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
def test_api_fields_and_parameters(people: Client, story: Story, first: int) -> None:
    found = []
    for at, route in enumerate(routes.routes, first):
        address = named(story, f"/api/ai-video/{route.path}")
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
