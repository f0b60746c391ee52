"""A page whose console is read: an error or a violated content policy fails the test. And the four
readers of every flow.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from .readers import READERS, Reader

WAIT = 60_000  # milliseconds


def heard(page: Any) -> list[str]:
    """What goes wrong in the console of this page from now on."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture
def quiet_page(page: Any) -> Iterator[Any]:
    """`page`; at the end nothing may have gone wrong in its console."""
    complaints = heard(page)
    yield page
    assert complaints == []


@pytest.fixture(params=READERS, ids=str)
def reader(request: pytest.FixtureRequest) -> Reader:
    """Each of those who read the pages. A test that takes it runs four times."""
    return request.param


@pytest.fixture
def browse(chromium: Any, reader: Reader) -> Iterator[Callable[..., Any]]:
    """`browse()`: a page of a fresh browser of the reader. Nothing may go wrong in its console.
    Options are those of a browser context; `but` is a part of complaints that belong to the test.
    """
    contexts, complaints = [], []

    def start(*, but: str = "", **options: Any) -> Any:
        context = chromium.new_context(**reader.options(**options))
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        complaints.append((heard(page), but))
        return page

    yield start
    for context in contexts:
        context.close()
    assert [line for lines, but in complaints for line in lines if not (but and but in line)] == []


@pytest.fixture
def enter_as(live_server: Any) -> Callable[..., Any]:
    """`enter_as(page, person, path)`: the page with the log-in of this person, without the form."""

    def enter(page: Any, person: Any, path: str) -> Any:
        client = Client()
        client.force_login(person)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        page.goto(live_server.url + path)
        return page

    return enter


@pytest.fixture
def log_in(live_server: Any) -> Callable[[Any, Any], None]:
    """`log_in(page, person)`: through the log-in page, as a person does."""

    def go(page: Any, person: Any) -> None:
        page.goto(f"{live_server.url}/admin/")
        page.get_by_label("Username").fill(person.username)
        page.get_by_label("Password").fill(person.username)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name=f"Hello, {person.username}").wait_for()

    return go
