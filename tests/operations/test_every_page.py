"""Each page, as each role sees it: nothing in English is left on a Korean page, and no class of
Unfold's is used that `tools/subset_styles.py` left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from tinycss2.ast import Node

from tests.named_addresses import make_things, named, routes_of_pages
from tools import subset_styles

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

WORDS = re.compile(r"[A-Za-z]{2}")
CLASSES = re.compile(r'\sclass="([^"]*)"')
PROBES = ("/healthz", "/livez", "/readyz", "/metrics")
# Names, and what is written the same in both languages.
SAME = {"VideoPlanet", "VideoPlanet Studio", "ID", "CSV", "sqlite", "postgresql"}
NAMES = ("NotoSans, ", "ffmpeg")  # fonts, and a program with its version


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The messages that were asked for in Korean and are English still."""
    found: set[str] = set()

    def watched(real: Callable[..., str]) -> Callable[..., str]:
        def ask(*given: Any) -> str:
            said = real(*given)
            if translation.get_language() == "ko" and said in given and WORDS.search(said):
                found.add(said)
            return said

        return ask

    catalogs: Any = vars(translation)["_trans"]  # what all of Django's functions ask
    for name in ("gettext", "pgettext", "ngettext", "npgettext"):
        monkeypatch.setattr(catalogs, name, watched(getattr(catalogs, name)), raising=False)
    return found


def classes_of_rules(css: str | list[Node]) -> set[frozenset[str]]:
    """For each rule and each of its selectors, the classes that are needed for it."""
    found: set[frozenset[str]] = set()
    for rule in subset_styles.parsed(css):
        if subset_styles.is_group(rule):
            found |= classes_of_rules(rule.content)
        elif rule.type == "qualified-rule":
            selectors = subset_styles.alternatives(rule.prelude)
            found |= {frozenset(subset_styles.classes(one)) for one in selectors}
    return found


@pytest.fixture(scope="module")
def left_out() -> set[frozenset[str]]:
    full, kept = (
        classes_of_rules(file.read_text(encoding="utf-8"))
        for file in (subset_styles.SOURCE, subset_styles.TARGET)
    )
    return full - kept


@pytest.mark.parametrize("role", ["administrator", "manager", "producer", "viewer"])
def test_pages_in_korean(
    role: str, unchanged: set[str], left_out: set[frozenset[str]], admin_user: Any, make_person: Any
) -> None:
    things = make_things(admin_user)
    person = admin_user if role == "administrator" else make_person("minji", role=role)
    client = Client(headers={"Accept-Language": "ko"})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ko"
    client.force_login(person)
    english: dict[str, list[str]] = defaultdict(list)
    unstyled: dict[str, set[str]] = {}
    pages = 0
    for route in routes_of_pages():
        for address in named(things, route) if not route.startswith(PROBES) else []:
            unchanged.clear()
            response: Any = client.get(address)
            if response.streaming:
                b"".join(response.streaming_content)  # closes it without closing the database
                continue
            if response.status_code != HTTPStatus.OK or "html" not in response["Content-Type"]:
                continue
            text = response.content.decode()
            pages += 1
            for message in unchanged - SAME:
                if message.startswith(NAMES):
                    continue
                if message in text or escape(message) in text:
                    english[message].append(address)
            used = {name for names in CLASSES.findall(text) for name in names.split()}
            if wrong := {name for names in left_out if names <= used for name in names}:
                unstyled[address] = wrong
    assert pages > 40
    assert {message: found[:3] for message, found in english.items()} == {}
    assert unstyled == {}
