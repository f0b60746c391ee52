from types import SimpleNamespace

import pytest
from django.urls import reverse

from tests.stories.factories import make_scene, make_story, make_take

LIVE = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def story(owner):
    return make_story(owner, status="previewing", duration_seconds=35)


@pytest.fixture
def five(story):
    return [
        make_scene(story, text=f"prompt {number}", title=f"Scene {number}")
        for number in range(1, 6)
    ]


@pytest.fixture
def take():
    return make_take


@pytest.fixture
def pages(client, owner):
    """A browser of the owner: `get` and `post` by the name of the address; live unless
    `live=False`.
    """
    client.force_login(owner)

    def address(name, *args):
        return reverse(f"admin:{name}", args=args)

    def get(name, /, *args, live=True, **query):
        return client.get(address(name, *args), query, **(LIVE if live else {}))

    def post(name, /, *args, live=True, query="", **data):
        return client.post(address(name, *args) + query, data, **(LIVE if live else {}))

    return SimpleNamespace(
        get=get, post=post, address=address, login=client.force_login, client=client
    )
