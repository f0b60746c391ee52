"""A client of the API, with the small world of `world.py`."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts import refresh_tokens

from .documented import require_documented
from .world import World, make_world

ROOT = "/api/ai-video/"


class ApiClient(Client):
    """`ask("POST", "stories/", {...}, person=owner)`: JSON in and out, with a bearer token of the
    person.
    """

    person: Any = None

    def request(self, **environ: Any) -> Any:
        response = super().request(**environ)
        require_documented(environ["REQUEST_METHOD"], environ["PATH_INFO"], response)
        return response

    def ask(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        person: Any = None,
        token: str | None = None,
        headers: Any = None,
    ) -> Any:
        person = person or self.person
        if token is None and person is not None:
            token = refresh_tokens.start(person).access.token
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        body = (
            {"data": json.dumps(data), "content_type": "application/json"}
            if data is not None
            else {}
        )
        return self.generic(
            method, path if path.startswith("/") else ROOT + path, **body, headers=headers
        )

    def send(
        self, path: str, form: dict[str, Any], *, person: Any = None, headers: Any = None
    ) -> Any:
        token = refresh_tokens.start(person or self.person).access.token
        return self.post(
            ROOT + path, form, headers={"Authorization": f"Bearer {token}", **(headers or {})}
        )


@pytest.fixture
def world(owner: Any) -> World:
    return make_world(owner)


@pytest.fixture
def api(db: None) -> ApiClient:
    """Nobody yet; set `api.person` or give `person=`."""
    return ApiClient(raise_request_exception=True)


@pytest.fixture
def mine(api: ApiClient, owner: Any) -> ApiClient:
    """The owner's client."""
    api.person = owner
    return api
