"""The API driven from its own document with all checks: made-up requests, valid and not, for every
route.

`SCHEMATHESIS_EXAMPLES` says how many for each route; `python -m tests.api.drive` drives a live
server with thousands.
"""

import os
from itertools import cycle
from pathlib import Path

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from accounts import refresh_tokens
from config.wsgi import application
from providers.backends.runway.adapter import RunwayAdapter
from providers.models import ProviderModel

from .world import make_world

pytestmark = pytest.mark.slow

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
CONFIG = SchemathesisConfig.from_path(Path(__file__).with_name("schemathesis.toml"))
document = schemathesis.openapi.from_wsgi("/api/ai-video/openapi.json", application, config=CONFIG)
turns = cycle((True, False))


@pytest.fixture
def one_connection():
    """The requests run in the transaction of the test, as those of Django's own client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(manager, monkeypatch, one_connection):
    """The token of a manager, who may do everything, with a story to do it to."""
    monkeypatch.setattr(
        "api.long_polling.LONGEST", 0.01
    )  # nobody changes anything here: waiting in full would only take time
    world = make_world(manager)
    # The example of this operation names a provider that is set up; nobody outside is asked.
    monkeypatch.setattr(RunwayAdapter, "usage", lambda *_days: [])
    model = ProviderModel.objects.create(
        provider_id="local", kind="image", name="illustrator", unit="image", price=0
    )
    return world, model.pk, refresh_tokens.start(manager).access.token


@document.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_every_route_keeps_to_the_document(case, token):
    world, model, bearer = token
    known = {
        "story_id": world.story.pk,
        "scene_id": world.scenes[0].pk,
        "take_id": world.take.pk,
        "effect_id": world.effect.pk,
        "film_id": world.film.pk,
        "job_id": world.job.pk,
        "approval_id": world.approval.pk,
        "member_id": world.sheet.look.member_id,
        "look_id": world.sheet.look_id,
        "comment_id": world.comment.pk,
        "link_id": world.link.pk,
        "call_id": world.unclear.pk,
        "bill_id": world.bill.pk,
        "project_id": world.story.project_id,
        "person_id": world.story.owner_id,
        "user_id": world.story.owner_id,
        "invitation_id": 1,
        "webhook_id": world.story.pk,
        "provider": "local",
        "model_id": model,
    }
    _aim(case, known)
    case.call_and_validate(headers={"Authorization": f"Bearer {bearer}"})


def _aim(case, known):
    """Point every second request at rows that are there, when its path is a valid one."""
    if next(turns) and case.path_parameters and case.meta and case.meta.generation.mode.is_positive:
        case.path_parameters = {name: str(known[name]) for name in case.path_parameters}
