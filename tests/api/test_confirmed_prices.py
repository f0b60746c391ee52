"""Nothing is spent by a program without its price being confirmed: every route is walked."""

from decimal import Decimal

import pytest
from msgspec import structs

from accounts import refresh_tokens
from jobs.models import Job
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from stories.api.routes import api as routes
from stories.enums import JobName, StoryStatus
from stories.models import Story
from tests.stories.factories import make_scene, make_story, make_take

from .test_permissions import METHODS, OPERATIONS, rolled_back, send

# Every operation that may start paid work, and how its body names the price that was seen.
SPENDS = {
    "transition_story",
    "generate_preview",
    "render_final",
    "put_story_into_english",
    "check_takes",
    "generate_take",
    "edit_take",
    "make_sound",
    "make_sheet",
    "retake_comment",
    "retry_job",
    "bulk_jobs",
    "test_provider_model",
}
# Jobs that call no provider.
FREE = {JobName.SCENE_SEGMENT, JobName.STORY_STEMS, JobName.FILM_LIGHT}


@pytest.fixture
def priced(db):
    """The local provider costs money for everything."""
    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.25"),
        cost_per_second_video=Decimal("0.10"),
        cost_per_text_call=Decimal("0.05"),
    )
    ProviderModel.objects.filter(provider__provider="local").update(price=Decimal("0.02"))


def takes_a_price(kind):
    """Whether a body, or the entries of one of its lists, has `confirm_total`."""
    if not hasattr(kind, "__struct_fields__"):
        return False
    if "confirm_total" in kind.__struct_fields__:
        return True
    inner = [part for field in structs.fields(kind) for part in (field.type, *args(field.type))]
    return any(takes_a_price(part) for part in inner)


def args(hint):
    found = getattr(hint, "__args__", ())
    return [*found, *(each for part in found for each in args(part))]


def test_every_operation_that_spends_takes_the_price(db):
    assert {route.operation for route in routes.routes if takes_a_price(route.body)} == SPENDS


@pytest.mark.slow
def test_no_route_starts_paid_work_unconfirmed(api, world, manager, priced):
    jobs, calls = set(Job.objects.values_list("pk", flat=True)), ProviderCall.objects.count()
    again = set(Job.objects.filter(status="failed").values_list("pk", flat=True))
    for operation in [name for name in OPERATIONS if METHODS[name] != "GET"]:
        with rolled_back():
            response = send(api, world, operation, refresh_tokens.start(manager).access.token)
            assert response.status_code < 500, operation
            started = Job.objects.exclude(pk__in=jobs) | Job.objects.filter(
                pk__in=again, status__in=("queued", "waiting")
            )
            names = set(started.values_list("name", flat=True))
            assert names <= FREE, (operation, response.content)
            assert ProviderCall.objects.count() == calls, operation


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (StoryStatus.DRAFT, "planning"),
        (StoryStatus.PLANNED, "previewing"),
        (StoryStatus.PREVIEWING, "rendering"),
    ],
)
def test_transition_starts_paid_work_only_at_its_price(mine, owner, priced, status, wanted):
    AIProviderConfig.objects.filter(provider="llm").update(
        cost_per_text_call=Decimal("0.05"), settings={"default_model": "planner-1"}
    )
    story = make_story(owner, status=status, planner_provider="llm")
    if status != StoryStatus.DRAFT:
        make_take(make_scene(story), chosen=status == StoryStatus.PREVIEWING)
    address = f"stories/{story.pk}/transition/"
    refused = mine.ask("POST", address, {"status": wanted})
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_changed"), refused.content
    assert (Story.objects.get(pk=story.pk).status, Job.objects.count()) == (status, 0)
    price = refused.json()["total"]
    assert Decimal(price) > 0
    started = mine.ask("POST", address, {"status": wanted, "confirm_total": price})
    assert (started.status_code, started.json()["status"]) == (200, wanted), started.content
