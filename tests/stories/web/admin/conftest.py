"""Clients that are logged in, and a count of queries that says which they were."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """A page in another language leaves it active in this thread; the next test expects English."""
    yield
    translation.activate("en")


@pytest.fixture
def as_(db: None) -> Callable[[Any], Client]:
    """`as_(person)`: a client logged in as them."""

    def client(person: Any) -> Client:
        browser = Client()
        browser.force_login(person)
        return browser

    return client


@pytest.fixture
def queries_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Client, str], int]:
    """How many queries a page takes; the page is asked for once before, so that caches of the
    process do not count.

    Figures that are kept for seconds stay for the whole of a count, however busy the machine is.
    """
    monkeypatch.setattr("core.cached_values.SECONDS", 600)

    def count(client: Client, url: str) -> int:
        assert client.get(url).status_code == 200
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    return count
