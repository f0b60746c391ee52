"""The example API with a person who may use it."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts import refresh_tokens

PASSWORD = "a long enough word"


class JsonClient(Client):
    """A client of the example API: `ask("POST", "notes/", {...})`, with a bearer token unless
    `token=""`.
    """

    token = ""

    def ask(self, method, path, data=None, *, token=None, headers=None, **more):
        bearer = self.token if token is None else token
        headers = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})}
        body = (
            {
                "data": data if isinstance(data, (str, bytes)) else json.dumps(data),
                "content_type": "application/json",
            }
            if data is not None
            else {}
        )
        return self.generic(
            method,
            path if path.startswith("/") else f"/api/example/{path}",
            **{**body, **more},
            headers=headers,
        )


@pytest.fixture
def urls(settings):
    settings.ROOT_URLCONF = "tests.api.framework.example"
    settings.LANGUAGE_CODE = "en"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def user(db):
    user = User(username="alice")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def nobody(urls, db):
    return JsonClient(raise_request_exception=False)


@pytest.fixture
def api(nobody, user):
    nobody.token = refresh_tokens.start(user).access.token
    return nobody
