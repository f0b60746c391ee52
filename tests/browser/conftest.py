"""A page whose console is read: an error or a violated content policy fails the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def quiet_page(page: Any) -> Iterator[Any]:
    """`page`; at the end nothing may have gone wrong in its console."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


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
